#include "core/rate.h"

#include <string.h>

enum { MINUTE_MS = 60000 };

void
rate_add(struct rate *r, int64_t now_ms, uint32_t n)
{
	int64_t	minute = now_ms / MINUTE_MS, passed = minute - r->minute;

	if (passed >= RATE_MINUTES || passed <= -RATE_MINUTES) {	/* also of the first, and of a clock that was set back */
		*r = (struct rate){ .minute = minute };
	} else if (passed > 0) {
		memmove(r->counts, r->counts + passed, (size_t)(RATE_MINUTES - passed) * sizeof r->counts[0]);
		memset(r->counts + RATE_MINUTES - passed, 0, (size_t)passed * sizeof r->counts[0]);
		r->minute = minute;
	}
	r->counts[RATE_MINUTES - 1] += n;
}

void
rate_text(const uint32_t counts[RATE_MINUTES], size_t minutes, char *buf, size_t size)
{
	static const char	levels[] = "_.-=#";
	uint64_t		most = 1;
	size_t			n = minutes < RATE_MINUTES ? minutes : RATE_MINUTES;

	if (n >= size)
		n = size - 1;
	for (size_t i = RATE_MINUTES - n; i < RATE_MINUTES; i++)
		if (counts[i] > most)
			most = counts[i];
	for (size_t i = 0; i < n; i++)
		buf[i] = levels[(counts[RATE_MINUTES - n + i] * (sizeof levels - 2) + most - 1) / most];
	buf[n] = '\0';
}
