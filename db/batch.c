#include "db/batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct batch *
batch_new(void)
{
	return calloc(1, sizeof(struct batch));
}

void
batch_free(struct batch *b)
{
	if (b == NULL)
		return;
	for (size_t i = 0; i < TABLES; i++)
		tree_free(b->changes.tables[i]);
	free(b->waiters);
	free(b);
}

bool
batch_is_empty(const struct batch *b)
{
	return b->commits == 0;
}

int
batch_wait(struct batch *b, store_durable_fn fn, void *arg)
{
	if (b->n_waiters == b->room) {
		size_t		 room = b->room == 0 ? 64 : b->room * 2;
		struct waiter	*w = realloc(b->waiters, room * sizeof *w);

		if (w == NULL)
			return -ENOMEM;
		b->waiters = w;
		b->room = room;
	}
	b->waiters[b->n_waiters++] = (struct waiter){ .fn = fn, .arg = arg };
	b->awaited |= fn != NULL;
	return 0;
}

void
batch_tell(struct batch *b, int rc)
{
	for (size_t i = 0; i < b->n_waiters; i++)
		if (b->waiters[i].fn != NULL)
			b->waiters[i].fn(b->waiters[i].arg, rc);
}

int
batch_get(const struct batch *b, enum table table, const void *key, size_t n, struct store_bytes *value)
{
	struct tree_node	*node;
	const uint8_t		*v;
	size_t			 value_n;

	if (b == NULL || b->changes.tables[table] == NULL || (node = tree_find(b->changes.tables[table], key, n)) == NULL)
		return -1;
	v = tree_value(node, &value_n);
	*value = (struct store_bytes){ .p = v + 1, .n = value_n - 1 };
	return v[0] == CHANGE_PUT;
}

int
batch_put(struct batch *b, enum table table, struct store_bytes key, enum change change, struct store_bytes value)
{
	struct tree	**tree = &b->changes.tables[table];
	uint8_t		  small[512], *v = small;
	bool		  ok;

	if (*tree == NULL && (*tree = tree_new()) == NULL)
		return -ENOMEM;
	if (value.n + 1 > sizeof small && (v = malloc(value.n + 1)) == NULL)
		return -ENOMEM;
	v[0] = (uint8_t)change;
	if (value.n > 0)
		memcpy(v + 1, value.p, value.n);
	ok = tree_put(*tree, key.p, key.n, v, value.n + 1) != NULL;
	if (v != small)
		free(v);
	return ok ? 0 : -ENOMEM;
}
