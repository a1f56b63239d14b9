#include "sipd/sip/due.h"

#include <stdlib.h>

struct due {
	int32_t	 n;
	int32_t	*heap;		/* items, none earlier than its parent */
	int32_t	*at;		/* where an item is in it, from 1; 0: it has no time */
	int64_t	*ms;
};

struct due *
due_new(int32_t n)
{
	struct due	*d = calloc(1, sizeof *d);

	if (d == NULL)
		return NULL;
	d->heap = calloc((size_t)n, sizeof *d->heap);
	d->at = calloc((size_t)n, sizeof *d->at);
	d->ms = calloc((size_t)n, sizeof *d->ms);
	if (d->heap == NULL || d->at == NULL || d->ms == NULL) {
		due_free(d);
		return NULL;
	}
	return d;
}

void
due_free(struct due *d)
{
	if (d == NULL)
		return;
	free(d->heap);
	free(d->at);
	free(d->ms);
	free(d);
}

static void
put(struct due *d, int32_t i, int32_t item)
{
	d->heap[i] = item;
	d->at[item] = i + 1;
}

/* Finds the place for an item where i is free: towards the root, then away from it. */
static void
settle(struct due *d, int32_t i, int32_t item)
{
	for (; i > 0 && d->ms[d->heap[(i - 1) / 2]] > d->ms[item]; i = (i - 1) / 2)
		put(d, i, d->heap[(i - 1) / 2]);
	for (;;) {
		int32_t	child = 2 * i + 1;

		if (child + 1 < d->n && d->ms[d->heap[child + 1]] < d->ms[d->heap[child]])
			child++;
		if (child >= d->n || d->ms[d->heap[child]] >= d->ms[item])
			break;
		put(d, i, d->heap[child]);
		i = child;
	}
	put(d, i, item);
}

void
due_set(struct due *d, int32_t item, int64_t at_ms)
{
	d->ms[item] = at_ms;
	if (d->at[item] == 0)
		put(d, d->n++, item);
	settle(d, d->at[item] - 1, item);
}

void
due_clear(struct due *d, int32_t item)
{
	int32_t	i = d->at[item] - 1;

	if (i < 0)
		return;
	d->at[item] = 0;
	if (i < --d->n)
		settle(d, i, d->heap[d->n]);
}

int32_t
due_first(const struct due *d, int64_t *at_ms)
{
	if (d->n == 0)
		return -1;
	*at_ms = d->ms[d->heap[0]];
	return d->heap[0];
}
