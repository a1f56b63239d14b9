/*
 * How much of something was counted in each of the last minutes, as far as it was looked at.  Knows no clock: times are arguments.
 */
#ifndef TUI_RATE_H
#define TUI_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RATE_MINUTES = 60 };

struct rate {
	bool		known;		/* total and minute are */
	int64_t		total;		/* when it was looked at last */
	int64_t		minute;		/* that of counts[0] */
	int64_t		counts[RATE_MINUTES];	/* the newest first */
};

void	rate_take(struct rate *, int64_t now_ms, int64_t total);	/* total: a counter that begins at 0 when its process does */
bool	rate_is_due(const struct rate *, int64_t now_ms);		/* a minute has begun that was not looked at */
/* The last so many minutes, the newest at the right, one character each: "__..--==##". */
void	rate_text(const struct rate *, size_t minutes, char *buf, size_t size);

#endif
