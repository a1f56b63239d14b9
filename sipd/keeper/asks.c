#include "sipd/keeper/asks.h"

#include <stdlib.h>

enum { SLOT_BITS = 16, SENDER_BITS = 8, SENDER_AT = 64 - SENDER_BITS, NONE = ASKS_MAX };
_Static_assert(1 << SLOT_BITS == ASKS_MAX, "a slot's number fits");

struct slot {
	asks_fn		 fn;		/* NULL: free */
	void		*arg;
	uint64_t	 uses;
	uint32_t	 next_free;
	enum process	 process;
};

struct asks {
	uint8_t		 sender;
	uint32_t	 touched, first_free;	/* slots from touched on were never used */
	struct slot	*slots;				/* grows as they are needed */
	uint32_t	 room;
};

struct asks *
asks_new(uint8_t sender)
{
	struct asks	*a = calloc(1, sizeof *a);

	if (a != NULL) {
		a->sender = sender;
		a->first_free = NONE;
	}
	return a;
}

void
asks_free(struct asks *a)
{
	if (a == NULL)
		return;
	free(a->slots);
	free(a);
}

static uint32_t
slot_take(struct asks *a)
{
	uint32_t	 i = a->first_free, room = a->room == 0 ? 256 : 2 * a->room;
	struct slot	*more;

	if (i != NONE) {
		a->first_free = a->slots[i].next_free;
		return i;
	}
	if (a->touched == ASKS_MAX)
		return NONE;
	if (a->touched == a->room) {
		if ((more = realloc(a->slots, room * sizeof *more)) == NULL)
			return NONE;
		a->slots = more;
		a->room = room;
	}
	a->slots[a->touched] = (struct slot){ 0 };
	return a->touched++;
}

static uint64_t
id_of(const struct asks *a, uint32_t i)
{
	uint64_t	uses = a->slots[i].uses << (SLOT_BITS + SENDER_BITS) >> SENDER_BITS;

	return (uint64_t)a->sender << SENDER_AT | uses | i;
}

uint64_t
asks_take(struct asks *a, enum process process, asks_fn fn, void *arg)
{
	uint32_t	i = slot_take(a);

	if (i == NONE)
		return 0;
	a->slots[i].uses++;
	a->slots[i].fn = fn;
	a->slots[i].arg = arg;
	a->slots[i].process = process;
	return id_of(a, i);
}

static struct slot *
slot_of(struct asks *a, uint64_t id)
{
	uint32_t	i = id & (ASKS_MAX - 1);

	return id != 0 && i < a->touched && a->slots[i].fn != NULL && id_of(a, i) == id ? &a->slots[i] : NULL;
}

static void
slot_give(struct asks *a, struct slot *s)
{
	s->fn = NULL;
	s->next_free = a->first_free;
	a->first_free = (uint32_t)(s - a->slots);
}

void
asks_drop(struct asks *a, uint64_t id)
{
	struct slot	*s = slot_of(a, id);

	if (s != NULL)
		slot_give(a, s);
}

void
asks_answered(struct asks *a, uint64_t id, const void *answer)
{
	struct slot	*s = slot_of(a, id), was;

	if (s == NULL)
		return;
	was = *s;
	slot_give(a, s);
	was.fn(was.arg, answer);
}

void
asks_gone(struct asks *a, enum process process)
{
	uint32_t	n = a->touched;

	for (uint32_t i = 0; i < n; i++)
		if (a->slots[i].fn != NULL && a->slots[i].process == process)
			asks_answered(a, id_of(a, i), NULL);
}
