#include "tests/bench/lib/latency.h"

#include <string.h>
#include <time.h>

uint64_t
now_ns(void)
{
	struct timespec	t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void
latency_clear(struct latency *l)
{
	memset(l, 0, sizeof *l);
}

void
latency_add(struct latency *l, uint64_t ns)
{
	unsigned	shift = ns < 64 ? 0 : 58u - (unsigned)__builtin_clzll(ns);
	unsigned	at = shift * 64 + (unsigned)((ns >> shift) & 63);

	l->buckets[at < LATENCY_BUCKETS ? at : LATENCY_BUCKETS - 1]++;
	l->n++;
	if (ns > l->max_ns)
		l->max_ns = ns;
}

double
latency_us(const struct latency *l, double quantile)
{
	uint64_t	want = (uint64_t)(quantile * (double)l->n), seen = 0;

	for (unsigned i = 0; i < LATENCY_BUCKETS; i++) {
		if ((seen += l->buckets[i]) > want) {
			unsigned	shift = i / 64;
			uint64_t	m = i % 64;

			if (shift > 0 && m < 32)
				m += 64;
			return (double)(m << shift) / 1000.0;
		}
	}
	return 0;
}
