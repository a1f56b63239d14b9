/* Times of many answers in a fixed room: 64 sub-buckets for each power of two, so that a quantile is off by 3% at most. */
#ifndef BENCH_LATENCY_H
#define BENCH_LATENCY_H

#include <stdint.h>

enum { LATENCY_BUCKETS = 4096 };

struct latency {
	uint64_t	buckets[LATENCY_BUCKETS], n, max_ns;
};

uint64_t now_ns(void);
void	latency_clear(struct latency *);
void	latency_add(struct latency *, uint64_t ns);
double	latency_us(const struct latency *, double quantile);

#endif
