/*
 * Time.  Stored times are milliseconds since 1970 on a steady clock: CLOCK_BOOTTIME plus an offset to the wall clock that
 * is taken at start and then follows the wall by at most clock_slew_ppm, so that an operator or NTP stepping the wall by an
 * hour expires nothing in a mass (reliability F9).
 */
#ifndef CORE_CLOCK_H
#define CORE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

struct clock {
	int64_t	offset_ms;	/* wall minus boottime */
	int64_t	slewed_at_ms;	/* boottime of the last step */
};

enum { CLOCK_TEXT = 40 };

void	clock_init(struct clock *);
int64_t	clock_now(struct clock *);	/* ms since 1970, never goes back */
int64_t	clock_boot_ms(void);		/* CLOCK_BOOTTIME, for intervals */
int64_t	clock_boot_us(void);
int64_t	clock_wall_ms(void);		/* ms since 1970 as the machine has it now: it may jump */

/* RFC 3339 with ms and numeric zone of this process ("2026-11-21T05:14:02.120+01:00"); returns buf. */
const char *clock_text(int64_t at_ms, char buf[CLOCK_TEXT]);
/* How long something takes, or lasts already: "2 d 03 h", "4 min 05 s"; returns buf. */
const char *clock_span_text(int64_t ms, char buf[CLOCK_TEXT]);
int	clock_parse(const char *, int64_t *at_ms);	/* RFC 3339; 0 or ERR_INVALID */
int	clock_parse_day(const char *, int64_t *at_ms);	/* "2027-12-31": its end, in this process's zone */

#endif
