/*
 * Overview: where the server stands, in one screen.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "tui/app.h"
#include "tui/records.h"
#include "tui/screen.h"

enum { BAR_MAX = 19, RECENT_MAX = 12, WIDE_COLS = 120 };

static json_int_t
number(const struct console *c, const char *name)
{
	return json_integer_value(json_object_get(c->status, name));
}

static void
overview_open(struct console *c)
{
	c->recent.follow = true;
	list_open(&c->recent);
	if (screen_cols() >= WIDE_COLS)
		list_open(&c->registered);
}

static void
overview_close(struct console *c)
{
	list_close(&c->recent);
	list_close(&c->registered);
}

static void
uptime_text(json_int_t s, char *buf, size_t size)
{
	if (s >= 86400)
		(void)snprintf(buf, size, "%" JSON_INTEGER_FORMAT "d %02d:%02d", s / 86400, (int)(s / 3600 % 24), (int)(s / 60 % 60));
	else
		(void)snprintf(buf, size, "%02d:%02d:%02d", (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60));
}

static void
bytes_text(json_int_t n, char *buf, size_t size)
{
	static const char *const	units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double				v = (double)n;
	size_t				i = 0;

	for (; v >= 1024 && i < 4; i++)
		v /= 1024;
	(void)snprintf(buf, size, i == 0 ? "%.0f %s" : "%.1f %s", v, units[i]);
}

static void
health_paint(struct console *c)
{
	char		 up[32], used[32], most[32], line[400];
	const char	*listen = json_string_value(json_object_get(c->status, "listen"));

	uptime_text(number(c, "uptime"), up, sizeof up);
	bytes_text(number(c, "store_bytes"), used, sizeof used);
	bytes_text(number(c, "store_max_bytes"), most, sizeof most);
	(void)snprintf(line, sizeof line, "Up %s   %s   Store %s of %s", up, listen == NULL ? "" : listen, used, most);
	(void)screen_put_raw(1, 1, screen_cols() - 1, S_PLAIN, line);
}

/* A status, how many, and a bar: the longest is BAR_MAX cells. */
static int
devices_paint(struct console *c, int row)
{
	json_t		*devices = json_object_get(c->status, "devices"), *v;
	const char	*word;
	json_int_t	 most = 0;

	json_object_foreach(devices, word, v)
		if (json_integer_value(v) > most)
			most = json_integer_value(v);
	if (most == 0)
		return row;	/* no device is probed */
	json_object_foreach(devices, word, v) {
		const struct glyph	*g = glyph_of(word);
		char			 line[80];
		json_int_t		 n = json_integer_value(v);
		int			 bar = (int)(n * BAR_MAX / most);

		if (g == NULL || row >= screen_rows() - 12)
			continue;
		(void)snprintf(line, sizeof line, "%s %-12s%6" JSON_INTEGER_FORMAT " %.*s", g->glyph, word, n, bar, "###################");
		(void)screen_put(row++, 3, 46, (enum style)g->style, line);
	}
	return row;
}

static int
accounts_paint(struct console *c, int row)
{
	char	line[160];

	(void)snprintf(line, sizeof line, "2 Registered  %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT " accounts, %" JSON_INTEGER_FORMAT
	    " contact%s", number(c, "registered"), number(c, "accounts"), number(c, "registrations"),
	    number(c, "registrations") == 1 ? "" : "s");
	(void)screen_put(row, 1, screen_cols() - 1, S_BOLD, line);
	row = devices_paint(c, row + 1);
	(void)snprintf(line, sizeof line, "3 Accounts    %" JSON_INTEGER_FORMAT ", disabled %" JSON_INTEGER_FORMAT, number(c, "accounts"),
	    number(c, "disabled"));
	(void)screen_put(row + 1, 1, screen_cols() - 1, S_BOLD, line);
	(void)snprintf(line, sizeof line, "REGISTERs %" JSON_INTEGER_FORMAT ", challenged %" JSON_INTEGER_FORMAT ", wrong answers %"
	    JSON_INTEGER_FORMAT, number(c, "registers"), number(c, "challenges"), number(c, "auth_failures"));
	(void)screen_put(row + 2, 3, screen_cols() - 3, S_PLAIN, line);
	return row + 4;
}

static int
warnings_paint(struct console *c, int row)
{
	json_t	*w = json_object_get(c->status, "warnings"), *v;
	size_t	 i;

	json_array_foreach(w, i, v) {
		char	text[300];

		if (!json_is_string(v) || row >= screen_rows() - 8)
			continue;
		text_safe(json_string_value(v), json_string_length(v), text, sizeof text, screen_ascii());
		(void)screen_put(row, 1, 2, S_BAD, "!");
		(void)screen_put(row++, 3, screen_cols() - 3, S_BAD, text);
	}
	return i > 0 ? row + 1 : row;
}

static void
overview_paint(struct console *c)
{
	int	row = 3, lines;

	if (c->status == NULL) {
		(void)screen_put(1, 1, screen_cols() - 1, S_DIM, c->link.state == LINK_UP ? "asking" : c->link.why);
		return;
	}
	health_paint(c);
	row = warnings_paint(c, row);
	row = accounts_paint(c, row);
	if (screen_cols() >= WIDE_COLS && screen_rows() >= 36) {
		lines = (screen_rows() - row - 6) / 2;
		list_paint(&c->registered, row, 0, screen_cols(), lines, false);
		row += lines + 2;
	}
	lines = screen_rows() - row - 5;
	if (lines > RECENT_MAX)
		lines = RECENT_MAX;
	(void)screen_put(row, 1, 20, S_BOLD, "8 Events");
	if (lines > 0)
		list_paint(&c->recent, row + 1, 0, screen_cols(), lines, c->prompt.kind == PROMPT_NONE);
	if (!prompt_at_foot(c))
		list_paint_detail(&c->recent, screen_rows() - 3);
}

static bool
overview_act(struct console *c, const struct action_row *a)
{
	char	subject[130];

	if (a->action != ACT_OPEN)
		return list_act(&c->recent, a);
	if (list_value(&c->recent, "subject", subject, sizeof subject)[0] != '\0')
		account_show(c, subject);
	return true;
}

const struct pane	pane_overview = { .bit = P_OVERVIEW, .place = "Overview", .open = overview_open, .close = overview_close,
	.paint = overview_paint, .act = overview_act };
