/*
 * The memory driver: committed state in trees.  For tests: it fails when told to.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/err.h"
#include "db/store_driver.h"

struct memory {
	struct tree		*tables[TABLES];
	bool			 failing;
};

static int
memory_get(void *d, enum table table, const void *key, size_t n, struct store_bytes *value)
{
	struct memory		*m = d;
	struct tree_node	*node = tree_find(m->tables[table], key, n);

	if (node == NULL)
		return ERR_NOT_FOUND;
	value->p = tree_value(node, &value->n);
	return 0;
}

struct memory_cursor {
	struct tree_node	*node;
};

static void *
memory_seek(void *d, enum table table, const struct store_bytes *from, bool backwards)
{
	struct memory		*m = d;
	struct memory_cursor	*c = calloc(1, sizeof *c);
	struct tree		*t = m->tables[table];

	if (c == NULL)
		return NULL;
	if (from == NULL)
		c->node = backwards ? tree_last(t) : tree_first(t);
	else
		c->node = backwards ? tree_before(t, from->p, from->n) : tree_at_or_after(t, from->p, from->n);
	return c;
}

static bool
memory_at(void *cursor, struct store_bytes *key, struct store_bytes *value)
{
	struct memory_cursor	*c = cursor;

	if (c->node == NULL)
		return false;
	key->p = tree_key(c->node, &key->n);
	value->p = tree_value(c->node, &value->n);
	return true;
}

static void
memory_step(void *cursor, bool backwards)
{
	struct memory_cursor	*c = cursor;

	c->node = backwards ? tree_prev(c->node) : tree_next(c->node);
}

static void
memory_done(void *cursor)
{
	free(cursor);
}

static void
memory_release(void *d)
{
	(void)d;
}

static int
memory_apply(void *d, const struct changes *changes)
{
	struct memory	*m = d;

	if (m->failing)
		return ERR_UNAVAILABLE;
	for (size_t i = 0; i < TABLES; i++) {
		struct tree_node	*node = changes->tables[i] == NULL ? NULL : tree_first(changes->tables[i]);

		for (; node != NULL; node = tree_next(node)) {
			size_t		 n, value_n;
			const void	*key = tree_key(node, &n);
			const uint8_t	*v = tree_value(node, &value_n);

			if (v[0] == CHANGE_DELETE)
				(void)tree_remove(m->tables[i], key, n);
			else if (tree_put(m->tables[i], key, n, v + 1, value_n - 1) == NULL)
				return ERR_CORRUPT;
		}
	}
	return 0;
}

static int
memory_backup(void *d, int fd)
{
	(void)d;
	(void)fd;
	return -ENOTSUP;
}

static bool
memory_is_taking(void *d)
{
	struct memory	*m = d;

	return !m->failing;
}

static void
memory_stat(void *d, struct store_stat *st)
{
	struct memory	*m = d;

	for (size_t i = 0; i < TABLES; i++)
		st->used_bytes += tree_bytes(m->tables[i]);
}

static void
memory_close(void *d)
{
	struct memory	*m = d;

	for (size_t i = 0; i < TABLES; i++)
		tree_free(m->tables[i]);
	free(m);
}

static const struct store_driver	memory_driver = {
	.threaded = false, .get = memory_get, .seek = memory_seek, .at = memory_at, .step = memory_step, .done = memory_done,
	.release = memory_release, .apply = memory_apply, .backup = memory_backup, .is_taking = memory_is_taking, .stat = memory_stat,
	.close = memory_close,
};

int
store_open_memory(struct store **out)
{
	struct memory	*m = calloc(1, sizeof *m);

	if (m == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < TABLES; i++) {
		if ((m->tables[i] = tree_new()) == NULL) {
			memory_close(m);
			return -ENOMEM;
		}
	}
	return store_new(out, &memory_driver, m);
}

void
store_fault(struct store *s, bool fail_commits)
{
	struct memory	*m = store_driver_of(s);

	m->failing = fail_commits;
}
