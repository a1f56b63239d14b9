#include "sipd/keeper/order.h"

#include <stdlib.h>
#include <string.h>

#include "core/group.h"
#include "core/text.h"
#include "core/varint.h"
#include "sipd/keeper/keeper.h"

enum { BOUND = SORTS_TAG + 8 };

struct range {
	uint8_t	from[BOUND], to[BOUND];
	size_t	from_n, to_n;			/* to_n 0: to the end of the table */
	char	name[SORTS_VALUE + 1];		/* of its group, folded; "" where it is none's */
	bool	named;
};

struct order {
	struct keeper		*keeper;
	const struct source	*source;
	const struct field	*sort;
	enum table		 table;
	struct range		*ranges;	/* in the order that is shown */
	const struct range	**by_key;	/* the same in the order of the table */
	size_t			 n, max;
};

static struct range *
range_add(struct order *o)
{
	size_t	 max = o->max == 0 ? 4 : 2 * o->max;
	void	*more;

	if (o->n == o->max) {
		if ((more = realloc(o->ranges, max * sizeof *o->ranges)) == NULL)
			return NULL;
		o->ranges = more;
		o->max = max;
	}
	memset(&o->ranges[o->n], 0, sizeof o->ranges[0]);
	return &o->ranges[o->n++];
}

/* The accounts of the groups with these ids: from <= id < to, to 0 being all. */
static struct range *
range_of_ids(struct order *o, uint64_t from, uint64_t to)
{
	struct range	*r = range_add(o);

	if (r == NULL)
		return NULL;
	sorts_range(o->sort, r->from, r->to);
	be64_put(r->from + SORTS_TAG, from);
	r->from_n = BOUND;
	r->to_n = SORTS_TAG;
	if (to != 0) {
		memcpy(r->to, r->from, SORTS_TAG);
		be64_put(r->to + SORTS_TAG, to);
		r->to_n = BOUND;
	}
	return r;
}

struct gathering {
	struct order	*order;
	uint64_t	 next;		/* the first id that has no range yet */
	bool		 failed;
};

/* Groups come in the order of their ids; what is between two is nobody's, and empty in a store that is whole. */
static int
take_group(void *arg, const void *record)
{
	struct gathering	*g = arg;
	const struct group	*group = record;
	struct range		*r;

	if (group->id < g->next)
		return 0;
	if (group->id > g->next && range_of_ids(g->order, g->next, group->id) == NULL)
		g->failed = true;
	else if ((r = range_of_ids(g->order, group->id, group->id + 1)) == NULL)
		g->failed = true;
	else {
		(void)text_fold(group->name, strlen(group->name), r->name, sizeof r->name);
		r->named = true;
		g->next = group->id + 1;
	}
	return g->failed;
}

static int
by_name(const void *a, const void *b)
{
	const struct range	*x = a, *y = b;
	int			 c = strcmp(x->name, y->name);

	return c != 0 ? c : memcmp(x->from, y->from, BOUND);
}

static bool
ranges_of_groups(struct order *o, uint64_t group_id)
{
	struct gathering	g = { .order = o };

	if (group_id != 0)
		return range_of_ids(o, group_id, group_id + 1) != NULL;
	(void)table_each(&o->keeper->db, &group_kind, NULL, 0, take_group, &g);
	if (g.failed || range_of_ids(o, g.next, 0) == NULL)
		return false;
	qsort(o->ranges, o->n, sizeof o->ranges[0], by_name);
	return true;
}

static bool
ranges_make(struct order *o, uint64_t group_id)
{
	struct range	*r;

	if (o->table != o->source->stored->table && o->sort->type == FT_REF)
		return ranges_of_groups(o, group_id);
	if ((r = range_add(o)) == NULL)
		return false;
	if (o->table != o->source->stored->table) {
		sorts_range(o->sort, r->from, r->to);
		r->from_n = r->to_n = SORTS_TAG;
	}
	return true;
}

static int
by_from(const void *a, const void *b)
{
	const struct range *const	*x = a, *const *y = b;

	return memcmp((*x)->from, (*y)->from, BOUND);
}

struct order *
order_new(struct keeper *k, const struct source *source, const struct field *sort, uint64_t group_id)
{
	bool		 natural = source->natural != NULL && strcmp(source->natural, sort->name) == 0 && group_id == 0;
	bool		 stored = source->kind == source->stored && sorts_has_field(source->kind, sort) &&
	    (group_id == 0 || sort->tag == source->kind->sort_with) && sorts_ready(&k->db, source->kind);
	struct order	*o;

	if ((!natural && !stored) || (o = calloc(1, sizeof *o)) == NULL)
		return NULL;
	o->keeper = k;
	o->source = source;
	o->sort = sort;
	o->table = natural ? source->stored->table : source->kind->sorts;
	if (!ranges_make(o, group_id) || (o->by_key = calloc(o->n, sizeof *o->by_key)) == NULL) {
		order_free(o);
		return NULL;
	}
	for (size_t i = 0; i < o->n; i++)
		o->by_key[i] = &o->ranges[i];
	qsort(o->by_key, o->n, sizeof *o->by_key, by_from);
	return o;
}

void
order_free(struct order *o)
{
	if (o == NULL)
		return;
	free(o->ranges);
	free(o->by_key);
	free(o);
}

enum table
order_table(const struct order *o)
{
	return o->table;
}

size_t
order_key_bytes(const struct order *o)
{
	return o->source->key_n;
}

int
place_compare(const struct place *a, const struct place *b)
{
	size_t	n = a->n < b->n ? a->n : b->n;
	int	c;

	if (a->range != b->range)
		return a->range < b->range ? -1 : 1;
	c = memcmp(a->key, b->key, n);
	return c != 0 ? c : a->n < b->n ? -1 : a->n > b->n;
}

struct walk {
	const struct order	*order;
	order_fn		 fn;
	void			*arg;
	size_t			 n;
	struct place		 place;
};

static int
walk_one(void *arg, struct store_bytes key, struct store_bytes value)
{
	struct walk	*w = arg;
	size_t		 row_n = w->order->source->key_n;

	w->n++;
	if (key.n > sizeof w->place.key || key.n < row_n)
		return 0;	/* not one of ours: verify tells */
	memcpy(w->place.key, key.p, key.n);
	w->place.n = key.n;
	return w->fn(w->arg, &w->place, w->place.key + key.n - row_n, value);
}

/* What of a range lies from its beginning, or a place in it, to its end, or a place in it. */
static void
bounds(const struct range *r, const struct place *from, const struct place *to, struct store_bytes *begin, struct store_bytes *end)
{
	*begin = (struct store_bytes){ r->from, r->from_n };
	*end = (struct store_bytes){ r->to, r->to_n };
	if (from != NULL && from->n > 0)
		*begin = (struct store_bytes){ from->key, from->n };
	if (to != NULL)
		*end = to->n > 0 ? (struct store_bytes){ to->key, to->n } : *begin;
}

int
order_walk(struct order *o, const struct place *from, const struct place *to, size_t limit, order_fn fn, void *arg)
{
	size_t		last = to == NULL ? o->n - 1 : to->range;
	struct walk	w = { .order = o, .fn = fn, .arg = arg };
	int		rc = 0;

	for (size_t i = from->range; rc == 0 && i <= last && i < o->n && (limit == 0 || w.n < limit); i++) {
		struct store_bytes	begin, end;

		w.place.range = i;
		bounds(&o->ranges[i], i == from->range ? from : NULL, to != NULL && i == last ? to : NULL, &begin, &end);
		if (to != NULL && i == last && to->n == 0)
			break;
		rc = store_range(o->keeper->db.store, o->table, begin, end.n == 0 ? NULL : &end, false,
		    limit == 0 ? 0 : limit - w.n, walk_one, &w);
	}
	return rc;
}

int
order_walk_back(struct order *o, const struct place *from, size_t limit, order_fn fn, void *arg)
{
	struct walk	w = { .order = o, .fn = fn, .arg = arg };
	int		rc = 0;

	for (size_t i = from == NULL ? o->n : from->range + 1; rc == 0 && i-- > 0 && (limit == 0 || w.n < limit);) {
		bool			partly = from != NULL && i == from->range;
		struct store_bytes	begin, end;

		if (partly && from->n == 0)
			continue;
		w.place.range = i;
		bounds(&o->ranges[i], NULL, partly ? from : NULL, &begin, &end);
		rc = store_range(o->keeper->db.store, o->table, begin, end.n == 0 ? NULL : &end, true,
		    limit == 0 ? 0 : limit - w.n, walk_one, &w);
	}
	return rc;
}

bool
order_place_at(const struct order *o, struct store_bytes key, struct place *place)
{
	size_t	low = 0, high = o->n;

	if (key.n > sizeof place->key)
		return false;
	while (high - low > 1) {	/* the last range that begins at or before the key */
		size_t			 mid = low + (high - low) / 2;
		const struct range	*r = o->by_key[mid];

		if (memcmp(r->from, key.p, r->from_n < key.n ? r->from_n : key.n) <= 0)
			low = mid;
		else
			high = mid;
	}
	if (key.n < o->by_key[low]->from_n || memcmp(key.p, o->by_key[low]->from, o->by_key[low]->from_n) < 0 ||
	    (o->by_key[low]->to_n > 0 && key.n >= o->by_key[low]->to_n &&
	    memcmp(key.p, o->by_key[low]->to, o->by_key[low]->to_n) >= 0))
		return false;
	place->range = (size_t)(o->by_key[low] - o->ranges);
	place->n = key.n;
	memcpy(place->key, key.p, key.n);
	return true;
}

bool
order_place_of(struct order *o, const uint8_t *row_key, const struct row *r, struct place *place)
{
	uint8_t	key[KEY_MAX];
	int	n;

	if (o->table == o->source->stored->table)
		return order_place_at(o, (struct store_bytes){ row_key, o->source->key_n }, place);
	n = sorts_key(o->source->kind, o->sort, &r->of, row_key, o->source->key_n, key);
	return n > 0 && order_place_at(o, (struct store_bytes){ key, (size_t)n }, place);
}

static void
seek_group(const struct order *o, const char *folded, bool past, struct place *place)
{
	size_t	n = strlen(folded), i = 0;

	while (i < o->n && (!o->ranges[i].named || strcmp(o->ranges[i].name, folded) < 0 ||
	    (past && strncmp(o->ranges[i].name, folded, n) == 0)))
		i++;
	*place = (struct place){ .range = i };
}

bool
order_seek(const struct order *o, const char *text, bool past, struct place *place)
{
	size_t		at = o->table == o->source->stored->table ? 0 : SORTS_TAG;
	char		folded[SORTS_VALUE + 1], why[128];
	struct row	scratch;

	*place = (struct place){ .range = 0 };
	memcpy(place->key, o->ranges[0].from, at);
	(void)text_fold(text, strlen(text), folded, sizeof folded);
	if (o->sort->type == FT_REF) {
		seek_group(o, folded, past, place);
		return true;
	}
	if (o->sort->type == FT_STR) {
		memcpy(place->key + at, folded, strlen(folded));
		place->n = at + strlen(folded);
	} else {
		memset(&scratch, 0, sizeof scratch);
		if (field_set(o->sort, &scratch.of, text, NULL, why, sizeof why) != 0)
			return false;
		place->n = at + field_sort_key(o->sort, &scratch.of, NULL, place->key + at, SORTS_VALUE + 1);
	}
	if (past)
		place->key[place->n++] = 0xff;
	return true;
}
