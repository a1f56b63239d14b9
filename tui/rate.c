#include "tui/rate.h"

#include <string.h>

enum { MINUTE_MS = 60000 };

void
rate_take(struct rate *r, int64_t now_ms, int64_t total)
{
	int64_t	minute = now_ms / MINUTE_MS, passed = minute - r->minute;

	if (!r->known) {
		*r = (struct rate){ .known = true, .total = total, .minute = minute };
		return;
	}
	if (passed >= RATE_MINUTES)
		memset(r->counts, 0, sizeof r->counts);
	else if (passed > 0) {
		memmove(r->counts + passed, r->counts, (size_t)(RATE_MINUTES - passed) * sizeof r->counts[0]);
		memset(r->counts, 0, (size_t)passed * sizeof r->counts[0]);
	}
	if (passed > 0)
		r->minute = minute;
	r->counts[0] += total >= r->total ? total - r->total : total;	/* less: the daemon has begun anew */
	r->total = total;
}

bool
rate_is_due(const struct rate *r, int64_t now_ms)
{
	return !r->known || now_ms / MINUTE_MS > r->minute;
}

void
rate_text(const struct rate *r, size_t minutes, char *buf, size_t size)
{
	static const char	levels[] = "_.-=#";
	int64_t			most = 1;
	size_t			n = minutes < RATE_MINUTES ? minutes : RATE_MINUTES;

	if (n >= size)
		n = size - 1;
	for (size_t i = 0; i < n; i++)
		if (r->counts[i] > most)
			most = r->counts[i];
	for (size_t i = 0; i < n; i++)
		buf[n - 1 - i] = levels[(r->counts[i] * 4 + most - 1) / most];
	buf[n] = '\0';
}
