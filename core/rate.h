/*
 * How often something happened in each of the last minutes.  Knows no clock: times are arguments.
 */
#ifndef CORE_RATE_H
#define CORE_RATE_H

#include <stddef.h>
#include <stdint.h>

enum { RATE_MINUTES = 60 };

struct rate {
	int64_t		minute;			/* that of the newest count */
	uint32_t	counts[RATE_MINUTES];	/* the newest last */
};

void	rate_add(struct rate *, int64_t now_ms, uint32_t n);	/* n 0: only lets what is older than an hour go */

/* The last so many of counts, one character each: "__..--==##", the highest of them "#". */
void	rate_text(const uint32_t counts[RATE_MINUTES], size_t minutes, char *buf, size_t size);

#endif
