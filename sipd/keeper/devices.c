/*
 * A bucket is by account, so that all devices of one stand together.  A slot of the wheel holds what is due in its tick of this turn and
 * of later ones; when it comes up its whole list waits to be looked at, and what is of a later turn goes back.
 */
#include "sipd/keeper/devices.h"

#include <stdlib.h>
#include <string.h>

enum {
	PIECE = 4096, PIECES = DEVICES_MAX_KNOWN / PIECE, BUCKETS = 1 << 18,
	SLOTS = 4096, WAITING = SLOTS, NOWHERE = SLOTS + 1,
	NONE = 0xffffffff,
};

struct devices {
	struct probed	*pieces[PIECES];
	uint32_t	 touched;		/* numbers from here on were never used */
	uint32_t	 free;			/* by chain */
	uint32_t	 dirty_first, dirty_last;
	size_t		 n;
	int64_t		 tick;			/* whose slot waits */
	uint32_t	 slots[SLOTS + 1];	/* and the list that waits */
	uint32_t	 buckets[BUCKETS];
};

struct devices *
devices_new(int64_t now_ms)
{
	struct devices	*d = calloc(1, sizeof *d);

	if (d == NULL)
		return NULL;
	memset(d->slots, 0xff, sizeof d->slots);
	memset(d->buckets, 0xff, sizeof d->buckets);
	d->free = d->dirty_first = d->dirty_last = NONE;
	d->tick = now_ms / WHEEL_TICK_MS;
	return d;
}

void
devices_free(struct devices *d)
{
	if (d == NULL)
		return;
	for (size_t i = 0; i < PIECES && d->pieces[i] != NULL; i++)
		free(d->pieces[i]);
	free(d);
}

size_t
devices_count(const struct devices *d)
{
	return d->n;
}

static struct probed *
at(const struct devices *d, uint32_t number)
{
	return number == NONE ? NULL : &d->pieces[number / PIECE][number % PIECE];
}

static uint32_t
bucket_of(uint64_t account_id)
{
	return (uint32_t)(account_id * UINT64_C(0x9e3779b97f4a7c15) >> 46) % BUCKETS;
}

struct probed *
devices_at(const struct devices *d, uint32_t number)
{
	struct probed	*p = number < d->touched ? at(d, number) : NULL;

	return p != NULL && p->account_id != 0 ? p : NULL;
}

struct probed *
devices_of(const struct devices *d, uint64_t account_id, const struct probed *after)
{
	struct probed	*p = at(d, after == NULL ? d->buckets[bucket_of(account_id)] : after->chain);

	while (p != NULL && p->account_id != account_id)
		p = at(d, p->chain);
	return p;
}

struct probed *
devices_find(const struct devices *d, uint64_t account_id, const uint8_t hash[BINDING_KEY])
{
	struct probed	*p = NULL;

	while ((p = devices_of(d, account_id, p)) != NULL && memcmp(p->hash, hash, BINDING_KEY) != 0)
		continue;
	return p;
}

static uint32_t
number_take(struct devices *d)
{
	uint32_t	number = d->free;

	if (number != NONE) {
		d->free = at(d, number)->chain;
		return number;
	}
	if (d->touched == DEVICES_MAX_KNOWN)
		return NONE;
	if (d->pieces[d->touched / PIECE] == NULL && (d->pieces[d->touched / PIECE] = calloc(PIECE, sizeof(struct probed))) == NULL)
		return NONE;
	return d->touched++;
}

struct probed *
devices_add(struct devices *d, uint64_t account_id, const uint8_t hash[BINDING_KEY])
{
	struct probed	*p = devices_find(d, account_id, hash);
	uint32_t	*bucket = &d->buckets[bucket_of(account_id)], number;
	uint8_t		 uses;

	if (p != NULL || (number = number_take(d)) == NONE)
		return p;
	p = at(d, number);
	uses = p->uses;
	*p = (struct probed){ .account_id = account_id, .number = number, .chain = *bucket, .slot = NOWHERE, .uses = uses,
	    .device.next_at = INT64_MAX, .dirty_next = NONE };
	memcpy(p->hash, hash, BINDING_KEY);
	*bucket = number;
	d->n++;
	return p;
}

/* The binding's hash is a cryptographic one: any of its bits do. */
uint32_t
devices_hash(const struct probed *p)
{
	uint32_t	bits;

	memcpy(&bits, p->hash + 4, sizeof bits);
	return bits ^ (uint32_t)(p->account_id * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

static void
take_off(struct devices *d, struct probed *p)
{
	if (p->slot == NOWHERE)
		return;
	if (p->before == NONE)
		d->slots[p->slot] = p->after;
	else
		at(d, p->before)->after = p->after;
	if (p->after != NONE)
		at(d, p->after)->before = p->before;
	p->slot = NOWHERE;
}

static void
put_on(struct devices *d, struct probed *p, uint16_t slot)
{
	p->slot = slot;
	p->before = NONE;
	p->after = d->slots[slot];
	if (p->after != NONE)
		at(d, p->after)->before = p->number;
	d->slots[slot] = p->number;
}

/* Rounded up: nothing is due before its time. */
static int64_t
tick_of(const struct probed *p)
{
	return (p->device.next_at + WHEEL_TICK_MS - 1) / WHEEL_TICK_MS;
}

void
devices_arm(struct devices *d, struct probed *p)
{
	int64_t	tick;

	take_off(d, p);
	if (p->device.next_at == INT64_MAX)
		return;
	tick = tick_of(p);
	put_on(d, p, (uint16_t)((tick > d->tick ? tick : d->tick + 1) % SLOTS));
}

/* The next slot's list waits now. */
static void
advance(struct devices *d)
{
	uint32_t	*slot = &d->slots[++d->tick % SLOTS];

	d->slots[WAITING] = *slot;
	*slot = NONE;
	for (struct probed *p = at(d, d->slots[WAITING]); p != NULL; p = at(d, p->after))
		p->slot = WAITING;
}

struct probed *
devices_due(struct devices *d, int64_t now_ms)
{
	struct probed	*p;

	for (;;) {
		while ((p = at(d, d->slots[WAITING])) != NULL) {
			take_off(d, p);
			if (tick_of(p) <= d->tick)
				return p;
			put_on(d, p, (uint16_t)(tick_of(p) % SLOTS));
		}
		if (d->tick >= now_ms / WHEEL_TICK_MS)
			return NULL;
		advance(d);
	}
}

int64_t
devices_next_at(const struct devices *d)
{
	if (d->slots[WAITING] != NONE)
		return d->tick * WHEEL_TICK_MS;
	for (int64_t i = 1; i <= SLOTS; i++)
		if (d->slots[(d->tick + i) % SLOTS] != NONE)
			return (d->tick + i) * WHEEL_TICK_MS;
	return INT64_MAX;
}

void
devices_mark(struct devices *d, struct probed *p)
{
	if (p->dirty)
		return;
	p->dirty = true;
	p->dirty_next = NONE;
	if (d->dirty_last == NONE)
		d->dirty_first = p->number;
	else
		at(d, d->dirty_last)->dirty_next = p->number;
	d->dirty_last = p->number;
}

static void
give_back(struct devices *d, struct probed *p)
{
	p->chain = d->free;
	d->free = p->number;
}

struct probed *
devices_unmark(struct devices *d)
{
	struct probed	*p;

	while ((p = at(d, d->dirty_first)) != NULL) {
		d->dirty_first = p->dirty_next;
		if (d->dirty_first == NONE)
			d->dirty_last = NONE;
		p->dirty = false;
		if (p->account_id != 0)
			return p;
		give_back(d, p);	/* it was removed meanwhile */
	}
	return NULL;
}

void
devices_remove(struct devices *d, struct probed *p)
{
	uint32_t	*link = &d->buckets[bucket_of(p->account_id)];

	take_off(d, p);
	while (*link != p->number)
		link = &at(d, *link)->chain;
	*link = p->chain;
	p->account_id = 0;
	if (!p->dirty)
		give_back(d, p);
	d->n--;
}
