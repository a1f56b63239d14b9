#include "core/clock.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/err.h"

/* How fast the steady clock follows the wall: 50 ms a second; a binding of an hour then lasts 57 minutes at least. */
enum { SLEW_PER_MILLE = 50 };

static int64_t
read_us(clockid_t id)
{
	struct timespec	t;

	(void)clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t
clock_boot_us(void)
{
	return read_us(CLOCK_BOOTTIME);
}

int64_t
clock_boot_ms(void)
{
	return clock_boot_us() / 1000;
}

int64_t
clock_wall_ms(void)
{
	return read_us(CLOCK_REALTIME) / 1000;
}

void
clock_init(struct clock *c)
{
	c->slewed_at_ms = clock_boot_ms();
	c->offset_ms = clock_wall_ms() - c->slewed_at_ms;
}

int64_t
clock_now(struct clock *c)
{
	int64_t	boot = clock_boot_ms(), wanted = clock_wall_ms() - boot;
	int64_t	most = (boot - c->slewed_at_ms) * SLEW_PER_MILLE / 1000, step = wanted - c->offset_ms;

	if (most > 0) {
		c->offset_ms += step > most ? most : step < -most ? -most : step;
		c->slewed_at_ms = boot;
	}
	return boot + c->offset_ms;
}

const char *
clock_text(int64_t at_ms, char buf[CLOCK_TEXT])
{
	time_t		t = (time_t)(at_ms / 1000);
	struct tm	tm;
	char		day[24], zone[8];
	int		ms = (int)(at_ms % 1000);

	if (ms < 0) {
		ms += 1000;
		t--;
	}
	if (localtime_r(&t, &tm) == NULL || strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm) == 0 ||
	    strftime(zone, sizeof zone, "%z", &tm) == 0) {
		buf[0] = '\0';
		return buf;
	}
	(void)snprintf(buf, CLOCK_TEXT, "%.19s.%03d%.3s:%.2s", day, ms, zone, zone + 3);
	return buf;
}

/* Exactly n digits, at most max. */
static bool
digits(const char **s, int n, int max, int *value)
{
	for (*value = 0; n > 0; n--, (*s)++) {
		if (!isdigit((unsigned char)**s))
			return false;
		*value = *value * 10 + (**s - '0');
	}
	return *value <= max;
}

static bool
literal(const char **s, const char *any)
{
	if (**s == '\0' || strchr(any, **s) == NULL)
		return false;
	(*s)++;
	return true;
}

static bool
fraction(const char **s, int *ms)
{
	int	scale = 100;

	if (**s != '.')
		return true;
	if (!isdigit((unsigned char)*++*s))
		return false;
	for (; isdigit((unsigned char)**s); (*s)++, scale /= 10)
		*ms += (**s - '0') * scale;
	return true;
}

static bool
zone_offset(const char **s, int *minutes)
{
	int	sign = **s == '-' ? -1 : 1, hour, minute;

	if (literal(s, "Zz"))
		return true;
	if (!literal(s, "+-") || !digits(s, 2, 23, &hour) || !literal(s, ":") || !digits(s, 2, 59, &minute))
		return false;
	*minutes = sign * (hour * 60 + minute);
	return true;
}

int
clock_parse(const char *s, int64_t *at_ms)
{
	struct tm	tm = { 0 };
	int		year, month, ms = 0, zone = 0;
	time_t		t;

	if (!digits(&s, 4, 9999, &year) || !literal(&s, "-") || !digits(&s, 2, 12, &month) || !literal(&s, "-") ||
	    !digits(&s, 2, 31, &tm.tm_mday) || !literal(&s, "Tt ") || !digits(&s, 2, 23, &tm.tm_hour) || !literal(&s, ":") ||
	    !digits(&s, 2, 59, &tm.tm_min) || !literal(&s, ":") || !digits(&s, 2, 60, &tm.tm_sec) || !fraction(&s, &ms) ||
	    !zone_offset(&s, &zone) || *s != '\0' || year < 1970 || month < 1 || tm.tm_mday < 1)
		return ERR_INVALID;
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	t = timegm(&tm);
	if (tm.tm_mon != month - 1)	/* the 31st of a month of 30 days */
		return ERR_INVALID;
	*at_ms = ((int64_t)t - (int64_t)zone * 60) * 1000 + ms;
	return 0;
}

const char *
clock_span_text(int64_t ms, char buf[CLOCK_TEXT])
{
	int64_t	s = ms < 0 ? 0 : ms / 1000;

	if (s < 60)
		(void)snprintf(buf, CLOCK_TEXT, "%" PRId64 " s", s);
	else if (s < 3600)
		(void)snprintf(buf, CLOCK_TEXT, "%" PRId64 " min %02" PRId64 " s", s / 60, s % 60);
	else if (s < 86400)
		(void)snprintf(buf, CLOCK_TEXT, "%" PRId64 " h %02" PRId64 " min", s / 3600, s / 60 % 60);
	else
		(void)snprintf(buf, CLOCK_TEXT, "%" PRId64 " d %02" PRId64 " h", s / 86400, s / 3600 % 24);
	return buf;
}

int
clock_parse_day(const char *s, int64_t *at_ms)
{
	struct tm	tm = { .tm_hour = 23, .tm_min = 59, .tm_sec = 59, .tm_isdst = -1 };
	int		year, month, day;
	time_t		t;

	if (!digits(&s, 4, 9999, &year) || !literal(&s, "-") || !digits(&s, 2, 12, &month) || !literal(&s, "-") ||
	    !digits(&s, 2, 31, &day) || *s != '\0' || year < 1970 || month < 1 || day < 1)
		return ERR_INVALID;
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	tm.tm_mday = day;
	if ((t = mktime(&tm)) < 0 || tm.tm_mday != day)		/* the 31st of a month of 30 days */
		return ERR_INVALID;
	*at_ms = (int64_t)t * 1000;
	return 0;
}
