#include "tui/devices.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "tui/app.h"

enum { PART = 80 };

void
latency_text(json_int_t ms, char *buf, size_t size)
{
	if (ms < 1000)
		(void)snprintf(buf, size, "%" JSON_INTEGER_FORMAT " ms", ms);
	else
		(void)snprintf(buf, size, "%.1f s", (double)ms / 1000);
}

/* The last latency of a device that does not answer any more tells nothing of it. */
static bool
has_latency(const struct glyph *g)
{
	return strcmp(g->word, "OK") == 0 || strcmp(g->word, "LAGGED") == 0;
}

const struct glyph *
device_status_text(const json_t *row, int cells, char *buf, size_t size)
{
	const struct glyph	*g = glyph_of(json_string_value(json_object_get(row, "device_status")));
	json_int_t		 ms = json_integer_value(json_object_get(row, "latency_ms"));
	char			 latency[32];

	buf[0] = '\0';
	if (g == NULL)
		return NULL;
	latency_text(ms, latency, sizeof latency);
	if (ms > 0 && has_latency(g) && (int)(strlen(g->shown) + 1 + strlen(latency)) <= cells)
		(void)snprintf(buf, size, "%s %s", g->shown, latency);
	else
		(void)snprintf(buf, size, "%s", g->shown);
	return g;
}

/* ", last answer 13:58:41 (3 min 26 s ago)"; where times are shown as ages that alone. */
static void
answer_text(const struct console *c, const json_t *probe, char *buf, size_t size)
{
	const char	*answered = json_string_value(json_object_get(probe, "answered_at"));
	int64_t		 at;
	char		 ago[40], when[64];

	if (answered == NULL || clock_parse(answered, &at) != 0) {
		(void)snprintf(buf, size, ", no answer yet");
		return;
	}
	console_span(c->wall_ms - at, ago, sizeof ago);
	if (c->ages)
		(void)snprintf(buf, size, ", last answer %s ago", ago);
	else
		(void)snprintf(buf, size, ", last answer %s (%s ago)", console_time(c, answered, false, false, when, sizeof when), ago);
}

/* A probe that is under way has no next one yet, and what is UNKNOWN is left alone. */
static void
next_text(const struct console *c, const json_t *probe, const struct glyph *g, char *buf, size_t size)
{
	const char	*due = json_string_value(json_object_get(probe, "next_at"));
	int64_t		 at;
	char		 left[40];

	if (due == NULL || clock_parse(due, &at) != 0) {
		(void)snprintf(buf, size, g != NULL && strcmp(g->word, "UNKNOWN") == 0 ? ", not probed before it registers again" :
		    ", probed now");
		return;
	}
	console_span(at - c->wall_ms + 999, left, sizeof left);
	if (at <= c->wall_ms)
		(void)snprintf(buf, size, ", probed now");
	else
		(void)snprintf(buf, size, ", next probe in %s", left);
}

void
device_probe_text(const struct console *c, const json_t *r, char *buf, size_t size)
{
	const json_t		*probe = json_object_get(r, "_probe");
	json_int_t		 changes = json_integer_value(json_object_get(probe, "changes"));
	char			 status[PART], answer[PART], next[PART], flaps[PART] = "";
	const struct glyph	*g = device_status_text(r, PART, status, sizeof status);

	buf[0] = '\0';
	if (!json_is_object(probe)) {
		if (json_is_null(probe))
			(void)snprintf(buf, size, "%s", status);
		return;
	}
	answer_text(c, probe, answer, sizeof answer);
	next_text(c, probe, g, next, sizeof next);
	if (changes > 1)
		(void)snprintf(flaps, sizeof flaps, " (%" JSON_INTEGER_FORMAT " changes in 1 h)", changes);
	(void)snprintf(buf, size, "%s%s%s%s", g == NULL ? "no status yet" : status, flaps, answer, next);
}
