/*
 * A table of buckets, found by a keyed hash so that nobody can choose whom to collide with.  A full bucket gives up a window that has
 * passed, else the key with the fewest failures: whoever is being held is kept longest.
 */
#include "sipd/keeper/guard.h"

#include <sodium.h>
#include <stdlib.h>

enum { WAYS = 4, BUCKETS = 4096 };

struct slot {
	uint64_t	key;
	int64_t		since_ms;	/* its first failure; 0: free */
	uint32_t	failures;
};

struct guard {
	uint8_t		hash_key[crypto_shorthash_KEYBYTES];
	uint32_t	limit;
	int64_t		window_ms;
	struct slot	slots[BUCKETS][WAYS];
};

struct guard *
guard_new(uint32_t failures, uint32_t window_s)
{
	struct guard	*g = calloc(1, sizeof *g);

	if (g == NULL)
		return NULL;
	randombytes_buf(g->hash_key, sizeof g->hash_key);
	guard_set(g, failures, window_s);
	return g;
}

void
guard_free(struct guard *g)
{
	free(g);
}

void
guard_set(struct guard *g, uint32_t failures, uint32_t window_s)
{
	g->limit = failures;
	g->window_ms = (int64_t)window_s * 1000;
}

static uint64_t
hash(const struct guard *g, const void *key, size_t n)
{
	uint64_t	h;

	(void)crypto_shorthash((uint8_t *)&h, key, n, g->hash_key);
	return h;
}

static bool
has_passed(const struct guard *g, const struct slot *s, int64_t now_ms)
{
	return s->since_ms == 0 || now_ms - s->since_ms >= g->window_ms;
}

uint32_t
guard_wait(const struct guard *g, const void *key, size_t n, int64_t now_ms)
{
	uint64_t		 h;
	const struct slot	*slots;

	if (g->limit == 0)
		return 0;
	h = hash(g, key, n);
	slots = g->slots[h % BUCKETS];
	for (size_t i = 0; i < WAYS; i++)
		if (slots[i].key == h && !has_passed(g, &slots[i], now_ms) && slots[i].failures >= g->limit)
			return (uint32_t)((g->window_ms - (now_ms - slots[i].since_ms) + 999) / 1000);
	return 0;
}

bool
guard_failed(struct guard *g, const void *key, size_t n, int64_t now_ms)
{
	uint64_t	 h = hash(g, key, n);
	struct slot	*slots = g->slots[h % BUCKETS], *place = &slots[0];

	if (g->limit == 0)
		return false;
	for (size_t i = 0; i < WAYS; i++) {
		if (slots[i].key == h && !has_passed(g, &slots[i], now_ms))
			return ++slots[i].failures == g->limit;
		if (has_passed(g, place, now_ms))
			continue;
		if (has_passed(g, &slots[i], now_ms) || slots[i].failures < place->failures)
			place = &slots[i];
	}
	*place = (struct slot){ .key = h, .since_ms = now_ms, .failures = 1 };
	return g->limit == 1;
}
