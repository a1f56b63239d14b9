#include "core/device.h"

const char *const	device_status_words[] = {
	[DEVICE_NONE] = "", [DEVICE_OK] = "OK", [DEVICE_LAGGED] = "LAGGED", [DEVICE_UNREACHABLE] = "UNREACHABLE",
	[DEVICE_UNKNOWN] = "UNKNOWN", [DEVICE_UNMONITORED] = "UNMONITORED", [DEVICE_STATUSES] = NULL,
};

const uint8_t	device_status_ranks[DEVICE_STATUSES] = {
	[DEVICE_UNREACHABLE] = 0, [DEVICE_UNKNOWN] = 1, [DEVICE_LAGGED] = 2, [DEVICE_OK] = 3, [DEVICE_UNMONITORED] = 4, [DEVICE_NONE] = 5,
};

/* For the best of several: the best first. */
static const uint8_t	goodness[DEVICE_STATUSES] = {
	[DEVICE_OK] = 0, [DEVICE_LAGGED] = 1, [DEVICE_UNREACHABLE] = 2, [DEVICE_UNKNOWN] = 3, [DEVICE_UNMONITORED] = 4, [DEVICE_NONE] = 5,
};

/* What an event makes of each status. */
enum outcome {
	STAYS,
	SOON,			/* stays, and is probed at once */
	BY_LATENCY,		/* OK, LAGGED, or UNREACHABLE: it came too late */
	LOST,			/* UNREACHABLE, or UNKNOWN after a while */
	AGES,			/* UNKNOWN after a while */
	NEW,			/* no status, probed at once */
	OFF,			/* UNMONITORED */
};

static const uint8_t	outcomes[DEVICE_EVENTS][DEVICE_STATUSES] = {
	/*			  none		OK		LAGGED		UNREACHABLE	UNKNOWN		UNMONITORED */
	[DEVICE_REGISTERED] =	{ SOON,		SOON,		SOON,		SOON,		SOON,		STAYS },
	[DEVICE_REFRESHED] =	{ SOON,		STAYS,		STAYS,		SOON,		SOON,		STAYS },
	[DEVICE_ANSWERED] =	{ BY_LATENCY,	BY_LATENCY,	BY_LATENCY,	BY_LATENCY,	BY_LATENCY,	STAYS },
	[DEVICE_SILENT] =	{ LOST,		LOST,		LOST,		LOST,		LOST,		STAYS },
	[DEVICE_UNSENDABLE] =	{ LOST,		LOST,		LOST,		LOST,		LOST,		STAYS },
	[DEVICE_PASSED] =	{ STAYS,	STAYS,		STAYS,		AGES,		STAYS,		STAYS },
	[DEVICE_WATCHED] =	{ SOON,		SOON,		SOON,		SOON,		STAYS,		NEW },
	[DEVICE_UNWATCHED] =	{ OFF,		OFF,		OFF,		OFF,		OFF,		STAYS },
};

static bool
is_lost(enum device_status s)
{
	return s == DEVICE_UNREACHABLE || s == DEVICE_UNKNOWN;
}

uint32_t
device_wait_ms(uint32_t lagged_ms, uint32_t most_ms)
{
	return lagged_ms > most_ms / 2 ? most_ms : 2 * lagged_ms;
}

int64_t
device_period_ms(enum device_status s, const struct device_rules *rules)
{
	switch (s) {
	case DEVICE_OK:
		return rules->interval_ms;
	case DEVICE_NONE:
	case DEVICE_LAGGED:
	case DEVICE_UNREACHABLE:
		return rules->retry_ms;
	case DEVICE_UNKNOWN:
		return rules->tries_unknown ? rules->interval_ms : 0;
	case DEVICE_UNMONITORED:
	case DEVICE_STATUSES:
		break;
	}
	return 0;
}

static bool
is_long_lost(const struct device *d, const struct device_rules *rules, int64_t now_ms)
{
	return d->lost_at != 0 && now_ms - d->lost_at > rules->unknown_ms;
}

static enum device_status
status_after(const struct device *d, enum outcome o, uint32_t took_ms, const struct device_rules *rules, int64_t now_ms)
{
	switch (o) {
	case STAYS:
	case SOON:
		return (enum device_status)d->status;
	case BY_LATENCY:
		if (took_ms <= 2ull * rules->lagged_ms)
			return took_ms <= rules->lagged_ms ? DEVICE_OK : DEVICE_LAGGED;
		return is_long_lost(d, rules, now_ms) ? DEVICE_UNKNOWN : DEVICE_UNREACHABLE;
	case LOST:
	case AGES:
		return is_long_lost(d, rules, now_ms) ? DEVICE_UNKNOWN : DEVICE_UNREACHABLE;
	case NEW:
		return DEVICE_NONE;
	case OFF:
		return DEVICE_UNMONITORED;
	}
	return DEVICE_NONE;
}

/* A period after it was probed, but when it becomes UNKNOWN before that, then. */
static int64_t
next_probe(const struct device *d, uint32_t took_ms, const struct device_rules *rules, int64_t now_ms)
{
	int64_t	period = device_period_ms((enum device_status)d->status, rules), at = now_ms - took_ms + period;

	if (period == 0)
		return INT64_MAX;
	if (d->status == DEVICE_UNREACHABLE && at > d->lost_at + rules->unknown_ms + 1)
		at = d->lost_at + rules->unknown_ms + 1;
	return at > now_ms ? at : now_ms;
}

bool
device_next(struct device *d, enum device_event event, uint32_t took_ms, const struct device_rules *rules, int64_t now_ms)
{
	enum outcome		o = (enum outcome)outcomes[event][d->status];
	enum device_status	was = (enum device_status)d->status, now;

	if (event == DEVICE_REGISTERED || event == DEVICE_REFRESHED || event == DEVICE_WATCHED)
		d->lost_at = was == DEVICE_UNKNOWN && o == SOON ? 0 : d->lost_at;	/* another hour */
	now = status_after(d, o, took_ms, rules, now_ms);
	if (now != was) {
		d->status = (uint8_t)now;
		d->status_at = now_ms;
	}
	if (!is_lost(now))
		d->lost_at = 0;
	else if (o != STAYS && o != SOON && d->lost_at == 0)
		d->lost_at = now_ms;
	if (is_lost(now) || now == DEVICE_UNMONITORED || now == DEVICE_NONE)
		d->latency_ms = 0;
	else if (o == BY_LATENCY)
		d->latency_ms = took_ms > 0 ? took_ms : 1;	/* 0 is: none */
	if (o == SOON || o == NEW)
		d->next_at = now_ms;
	else if (now != was || (o != STAYS && o != AGES))
		d->next_at = next_probe(d, took_ms, rules, now_ms);
	return now != was;
}

int64_t
device_phase(int64_t at_ms, int64_t period_ms, uint32_t hash)
{
	int64_t	phase, back;

	if (period_ms <= 0 || at_ms == INT64_MAX)
		return at_ms;
	phase = (int64_t)((uint64_t)hash * (uint64_t)period_ms >> 32);
	back = (at_ms - phase) % period_ms;
	return at_ms - (back < 0 ? back + period_ms : back);
}

enum device_status
device_better(enum device_status a, enum device_status b)
{
	return goodness[a] <= goodness[b] ? a : b;
}

const char *
device_status_name(enum device_status s)
{
	return (unsigned)s < DEVICE_STATUSES ? device_status_words[s] : "";
}
