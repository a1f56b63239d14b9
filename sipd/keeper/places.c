#include "sipd/keeper/places.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/tree.h"

enum { SLOTS_MIN = 64, MOVES = 8 };

/* Open addressing with linear probing; n is a power of two. */
struct slots {
	struct tree_node	**nodes;
	size_t			 n, used;
};

struct places {
	size_t		key_n;
	struct slots	now, old;	/* old: what is still to be moved to now; no nodes when nothing is */
	size_t		moved;		/* slots of old that are done */
};

/* Stands in a slot of old whose row has left: who probes goes on past it. */
static const char	left_mark;
#define LEFT	((struct tree_node *)(uintptr_t)&left_mark)

struct places *
places_new(size_t key_n)
{
	struct places	*p = calloc(1, sizeof *p);

	if (p == NULL || (p->now.nodes = calloc(SLOTS_MIN, sizeof *p->now.nodes)) == NULL) {
		free(p);
		return NULL;
	}
	p->key_n = key_n;
	p->now.n = SLOTS_MIN;
	return p;
}

void
places_free(struct places *p)
{
	if (p == NULL)
		return;
	free(p->now.nodes);
	free(p->old.nodes);
	free(p);
}

static const uint8_t *
key_of(const struct places *p, const struct tree_node *node)
{
	size_t		 n;
	const uint8_t	*key = tree_key(node, &n);

	return key + n - p->key_n;
}

/* Row keys are counters and hashes of ours, not a stranger's to choose: mixing their bytes is enough. */
static size_t
home(const struct places *p, const struct slots *s, const uint8_t *key)
{
	uint64_t	h = UINT64_C(0x9e3779b97f4a7c15);

	for (size_t i = 0; i < p->key_n; i++)
		h = (h ^ key[i]) * UINT64_C(0xff51afd7ed558ccd);
	return (size_t)(h ^ h >> 32) & (s->n - 1);
}

/* The slot that holds the key, or the first free one. */
static size_t
slot_find(const struct places *p, const struct slots *s, const uint8_t *key)
{
	size_t	i = home(p, s, key);

	while (s->nodes[i] != NULL && (s->nodes[i] == LEFT || memcmp(key_of(p, s->nodes[i]), key, p->key_n) != 0))
		i = (i + 1) & (s->n - 1);
	return i;
}

static void
slot_fill(struct places *p, struct tree_node *node)
{
	p->now.nodes[slot_find(p, &p->now, key_of(p, node))] = node;
	p->now.used++;
}

static void
move_some(struct places *p)
{
	for (int i = 0; i < MOVES && p->moved < p->old.n; i++, p->moved++) {
		struct tree_node	*node = p->old.nodes[p->moved];

		if (node == NULL || node == LEFT)
			continue;
		slot_fill(p, node);
		p->old.nodes[p->moved] = LEFT;
	}
	if (p->moved < p->old.n)
		return;
	free(p->old.nodes);
	memset(&p->old, 0, sizeof p->old);
}

/* Moving is done long before the new slots are half full: MOVES at a put, and at most two slots of old for each of its rows. */
static int
grow(struct places *p)
{
	struct slots	more = { .n = 2 * p->now.n };

	if ((more.nodes = calloc(more.n, sizeof *more.nodes)) == NULL)
		return -ENOMEM;
	p->old = p->now;
	p->now = more;
	p->moved = 0;
	return 0;
}

struct tree_node *
places_find(const struct places *p, const uint8_t *key)
{
	struct tree_node	*node = p->now.nodes[slot_find(p, &p->now, key)];

	return node != NULL || p->old.nodes == NULL ? node : p->old.nodes[slot_find(p, &p->old, key)];
}

int
places_put(struct places *p, struct tree_node *node)
{
	if (p->old.nodes != NULL)
		move_some(p);
	else if (2 * (p->now.used + 1) > p->now.n && grow(p) != 0)
		return -ENOMEM;
	slot_fill(p, node);
	return 0;
}

/* Those behind it in its run move up, so that the run has no hole. */
static void
slot_clear(struct places *p, size_t i)
{
	struct slots	*s = &p->now;
	size_t		 mask = s->n - 1;

	for (size_t j = (i + 1) & mask; s->nodes[j] != NULL; j = (j + 1) & mask) {
		if (((j - home(p, s, key_of(p, s->nodes[j]))) & mask) < ((j - i) & mask))
			continue;
		s->nodes[i] = s->nodes[j];
		i = j;
	}
	s->nodes[i] = NULL;
	s->used--;
}

void
places_remove(struct places *p, const uint8_t *key)
{
	size_t	i = slot_find(p, &p->now, key);

	if (p->now.nodes[i] != NULL) {
		slot_clear(p, i);
		return;
	}
	if (p->old.nodes != NULL && p->old.nodes[i = slot_find(p, &p->old, key)] != NULL)
		p->old.nodes[i] = LEFT;
}
