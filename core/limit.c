#include "core/limit.h"

#include <stdlib.h>

#include <sys/random.h>

enum { BUCKETS = 16384, WAYS = 4, MILLI = 1000 };

struct bucket {
	struct addr	source;
	int64_t		at_ms;		/* when tokens was right */
	int64_t		tokens;		/* thousandths of a request */
	uint32_t	list;		/* the list that known follows from */
	bool		known;
};

struct limits {
	uint32_t	per_second, burst;
	uint32_t	list;		/* counts the lists of known sources */
	char		known[KNOWN_MAX];
	uint64_t	seed;		/* strangers must not choose whom they share a bucket with */
	struct bucket	buckets[BUCKETS];
};

struct limits *
limits_new(uint32_t per_second, uint32_t burst)
{
	struct limits	*l = calloc(1, sizeof *l);

	if (l == NULL)
		return NULL;
	limits_set(l, per_second, burst);
	if (getrandom(&l->seed, sizeof l->seed, 0) != sizeof l->seed)
		l->seed = (uint64_t)(uintptr_t)l;
	return l;
}

void
limits_free(struct limits *l)
{
	free(l);
}

void
limits_set(struct limits *l, uint32_t per_second, uint32_t burst)
{
	l->per_second = per_second;
	l->burst = burst < 1 ? 1 : burst;
}

static uint64_t
hash(const struct limits *l, const struct addr *a)
{
	uint64_t	h = l->seed;

	for (size_t i = 0; i < sizeof a->ip; i++)
		h = (h ^ a->ip[i]) * 0x100000001b3u;
	h ^= h >> 29;
	return h * 0xbf58476d1ce4e5b9u;
}

/* The bucket of source: its own, else the one of its set that was used longest ago. */
static struct bucket *
bucket_of(struct limits *l, const struct addr *source, int64_t now_ms)
{
	struct bucket	*set = &l->buckets[(hash(l, source) >> 40) % (BUCKETS / WAYS) * WAYS], *oldest = set;

	for (int i = 0; i < WAYS; i++) {
		if (addr_same_ip(&set[i].source, source))
			return &set[i];
		if (set[i].at_ms < oldest->at_ms)
			oldest = &set[i];
	}
	*oldest = (struct bucket){ .source = *source, .at_ms = now_ms, .tokens = (int64_t)l->burst * MILLI };
	return oldest;
}

void
limits_know(struct limits *l, struct span sources)
{
	if (!span_get(sources, l->known, sizeof l->known))
		l->known[0] = '\0';
	l->list++;
}

/* Looked for once it has sent too much: a list is long, and most never do. */
static bool
turns_out_known(const struct limits *l, struct bucket *b, const struct addr *from)
{
	if (b->list == l->list)
		return false;
	b->list = l->list;
	b->known = l->known[0] != '\0' && acl_matches(l->known, from);
	return b->known;
}

bool
limits_take(struct limits *l, const struct addr *from, int64_t now_ms)
{
	struct addr	 source = addr_source(from);
	struct bucket	*b;
	int64_t		 times;

	if (l->per_second == 0)
		return true;
	b = bucket_of(l, &source, now_ms);
	times = b->known ? KNOWN_TIMES : 1;
	b->tokens += (now_ms - b->at_ms) * l->per_second * times;
	if (b->tokens > (int64_t)l->burst * MILLI * times)
		b->tokens = (int64_t)l->burst * MILLI * times;
	b->at_ms = now_ms;
	if (b->tokens < MILLI && turns_out_known(l, b, from))
		b->tokens = (int64_t)l->burst * MILLI * KNOWN_TIMES;
	if (b->tokens < MILLI)
		return false;
	b->tokens -= MILLI;
	return true;
}
