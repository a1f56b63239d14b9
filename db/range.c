#include "db/range.h"

#include <string.h>

/* One of the three that are merged, newest first. */
struct source {
	struct tree_node		*node;		/* of a batch */
	const struct store_driver	*driver;
	void				*cursor;	/* of the driver */
	struct store_bytes		 key, value;
	bool				 there, deleted;
};

static void
source_load(struct source *c)
{
	const uint8_t	*v;
	size_t		 n;

	if (c->driver != NULL) {
		c->there = c->cursor != NULL && c->driver->at(c->cursor, &c->key, &c->value);
		return;
	}
	c->there = c->node != NULL;
	if (!c->there)
		return;
	c->key.p = tree_key(c->node, &c->key.n);
	v = tree_value(c->node, &n);
	c->value = (struct store_bytes){ .p = v + 1, .n = n - 1 };
	c->deleted = v[0] == CHANGE_DELETE;
}

static void
source_step(struct source *c, bool backwards)
{
	if (c->driver != NULL)
		c->driver->step(c->cursor, backwards);
	else
		c->node = backwards ? tree_prev(c->node) : tree_next(c->node);
	source_load(c);
}

static void
source_of_batch(struct source *c, const struct batch *b, enum table table, const struct store_bytes *from, bool backwards)
{
	const struct tree	*t = b == NULL ? NULL : b->changes.tables[table];

	if (t != NULL && from == NULL)
		c->node = backwards ? tree_last(t) : tree_first(t);
	else if (t != NULL)
		c->node = backwards ? tree_before(t, from->p, from->n) : tree_at_or_after(t, from->p, from->n);
	source_load(c);
}

static int
bytes_compare(const struct store_bytes *a, const struct store_bytes *b)
{
	size_t	n = a->n < b->n ? a->n : b->n;
	int	rc = n == 0 ? 0 : memcmp(a->p, b->p, n);

	return rc != 0 ? rc : a->n < b->n ? -1 : a->n > b->n;
}

/* The source with the next key, the newest of those that share it; NULL at the end. */
static struct source *
source_next(struct source c[3], bool backwards)
{
	struct source	*best = NULL;

	for (int i = 0; i < 3; i++) {
		int	order;

		if (!c[i].there)
			continue;
		order = best == NULL ? -1 : bytes_compare(&c[i].key, &best->key);
		if (best == NULL || (backwards ? order > 0 : order < 0))
			best = &c[i];
	}
	return best;
}

/* Steps best, and the older ones that hold the same key. */
static void
sources_pass(struct source c[3], const struct source *best, bool backwards)
{
	uint8_t			bytes[KEY_MAX];
	struct store_bytes	key = { .p = bytes, .n = best->key.n };

	memcpy(bytes, best->key.p, key.n);
	for (int i = 0; i < 3; i++)
		if (c[i].there && bytes_compare(&c[i].key, &key) == 0)
			source_step(&c[i], backwards);
}

int
range_read(const struct range *r, enum table table, struct store_bytes from, const struct store_bytes *to, bool backwards, size_t limit,
    store_range_fn fn, void *arg)
{
	const struct store_bytes	*start = backwards ? to : from.n == 0 ? NULL : &from;
	struct source			 c[3] = { 0 }, *best;
	int				 rc = 0;

	source_of_batch(&c[0], r->newest, table, start, backwards);
	source_of_batch(&c[1], r->newer, table, start, backwards);
	c[2].driver = r->driver;
	c[2].cursor = r->driver->seek(r->d, table, start, backwards);
	source_load(&c[2]);
	for (size_t n = 0; rc == 0 && (limit == 0 || n < limit) && (best = source_next(c, backwards)) != NULL;) {
		if (backwards ? bytes_compare(&best->key, &from) < 0 : to != NULL && bytes_compare(&best->key, to) >= 0)
			break;
		if (!best->deleted) {
			rc = fn(arg, best->key, best->value);
			n++;
		}
		if (c[0].there || c[1].there)
			sources_pass(c, best, backwards);
		else
			source_step(&c[2], backwards);	/* nothing is pending: there is nothing to merge */
	}
	if (c[2].cursor != NULL)
		r->driver->done(c[2].cursor);
	return rc;
}
