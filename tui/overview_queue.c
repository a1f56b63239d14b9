#include "tui/overview_queue.h"

#include <stdio.h>

#include "core/rate.h"
#include "core/text.h"
#include "tui/screen.h"
#include "tui/table.h"

enum { BOX_CELLS = 38, RATE_SHORT = 20, EXPIRING_MAX = 5000 /* to which the daemon counts */ };

static json_int_t
number(const struct console *c, const char *name)
{
	return json_integer_value(json_object_get(c->status, name));
}

/* A word, and a value at the right end of the box. */
static void
box_line(int row, int col, int end, enum style style, const char *what, json_int_t n, const char *more)
{
	char	value[60];
	int	at;

	(void)snprintf(value, sizeof value, "%" JSON_INTEGER_FORMAT "%s", n, more);
	at = end - text_width(value);
	(void)screen_put(row, col, end - col, style, what);
	(void)screen_put(row, at, end - at, style, value);
}

static void
minutes_text(const struct console *c, size_t minutes, char *buf, size_t size)
{
	uint32_t	counts[RATE_MINUTES];

	counts_of(json_object_get(c->status, "queue_per_minute"), counts);
	rate_text(counts, minutes, buf, size);
}

int
overview_queue_paint(struct console *c, int row, int col, bool brief)
{
	const char	*oldest = json_string_value(json_object_get(c->status, "queue_oldest"));
	json_int_t	 expiring = number(c, "queue_expiring");
	int		 end = col + BOX_CELLS < screen_cols() ? col + BOX_CELLS : screen_cols();
	char		 line[120], text[100];

	box_line(row++, col, end, S_BOLD, "7 Message Queue", number(c, "queued"), " ENQUEUED");
	if (screen_rows() < OVERVIEW_SMALL_ROWS)
		return row;
	(void)snprintf(line, sizeof line, "oldest   %.19s", oldest == NULL ? "-" : console_time(c, oldest, true, false, text, sizeof text));
	(void)screen_put(row++, col + 2, end - col - 2, S_PLAIN, line);
	box_line(row++, col + 2, end, S_PLAIN, "expire within 24 h", expiring, expiring < EXPIRING_MAX ? "" : " or more");
	box_line(row++, col + 2, end, S_PLAIN, "delivered today", number(c, "queue_delivered_today"), "");
	if (brief)
		return row;
	(void)snprintf(line, sizeof line, "per minute, last %d:", RATE_SHORT);
	(void)screen_put(row++, col + 2, end - col - 2, S_PLAIN, line);
	minutes_text(c, RATE_SHORT, text, sizeof text);
	(void)screen_put(row++, col + 2, end - col - 2, S_PLAIN, text);
	return row;
}

int
overview_waiting_paint(struct console *c, int row, int lines, bool active)
{
	json_int_t	queued = number(c, "queued");
	char		head[200], text[RATE_MINUTES + 1];

	if (c->waiting.view == 0 && !c->waiting.asked)
		list_open(&c->waiting);		/* the screen has grown */
	minutes_text(c, RATE_MINUTES, text, sizeof text);
	(void)snprintf(head, sizeof head, "7 Message Queue - %" JSON_INTEGER_FORMAT " message%s     per minute, last %d:  %s", queued,
	    queued == 1 ? "" : "s", RATE_MINUTES, text);
	(void)screen_put(row, 1, screen_cols() - 1, S_BOLD, head);
	list_paint(&c->waiting, row + 1, 0, screen_cols(), lines, active);
	return row + lines + 3;
}
