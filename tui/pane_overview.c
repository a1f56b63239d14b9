/*
 * Overview: where the server stands, in one screen.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/text.h"
#include "tui/app.h"
#include "tui/overview_queue.h"
#include "tui/records.h"
#include "tui/screen.h"

enum { BAR_MAX = 19, WIDE_COLS = 120, LARGE_ROWS = 36, WAITING_LINES = 3, TRUNK_LINES = 3, ROWS_FOR_RATE = 23, ROWS_FOR_ALL = 30 };

enum { BOX_EVENTS, BOX_REGISTERED, BOX_WAITING, BOX_TRUNKS, BOXES };

static json_int_t
number(const struct console *c, const char *name)
{
	return json_integer_value(json_object_get(c->status, name));
}

/* A large screen shows who is registered, too. */
static bool
is_large(void)
{
	return screen_cols() >= WIDE_COLS && screen_rows() >= LARGE_ROWS;
}

static struct list *
overview_list(struct console *c)
{
	if (!is_large())
		return c->overview_box == BOX_TRUNKS ? &c->trunk_box : &c->recent;
	return c->overview_box == BOX_REGISTERED ? &c->registered : c->overview_box == BOX_WAITING ? &c->waiting :
	    c->overview_box == BOX_TRUNKS ? &c->trunk_box : &c->recent;
}

/* A list is active when the cursor is in it. */
static bool
is_active(struct console *c, const struct list *l)
{
	return overview_list(c) == l && !prompt_at_foot(c);
}

static void
overview_open(struct console *c)
{
	c->recent.follow = true;
	list_open(&c->recent);
	list_open(&c->trunk_box);
	if (is_large()) {
		list_open(&c->registered);
		list_open(&c->waiting);
	}
}

static void
overview_close(struct console *c)
{
	list_close(&c->recent);
	list_close(&c->registered);
	list_close(&c->waiting);
	list_close(&c->trunk_box);
}

static void
uptime_text(const struct console *c, char *buf, size_t size)
{
	int64_t		started, minutes;
	const char	*text = json_string_value(json_object_get(c->status, "started_at"));

	buf[0] = '\0';
	if (text == NULL || clock_parse(text, &started) != 0)
		return;
	minutes = (c->wall_ms - started) / 60000;
	if (minutes < 0)
		minutes = 0;
	if (minutes >= 24 * 60)
		(void)snprintf(buf, size, "Up %dd %02d:%02d", (int)(minutes / 60 / 24), (int)(minutes / 60 % 24), (int)(minutes % 60));
	else
		(void)snprintf(buf, size, "Up %02d:%02d", (int)(minutes / 60), (int)(minutes % 60));
}

static void
bytes_text(json_int_t n, char *buf, size_t size)
{
	static const char *const	units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double				v = (double)n;
	size_t				i = 0;

	for (; v >= 1024 && i < 4; i++)
		v /= 1024;
	(void)snprintf(buf, size, i == 0 || v >= 10 ? "%.0f %s" : "%.1f %s", v, units[i]);
}

/* "UDP 5060   TLS 5061" of "udp:192.0.2.1:5060 tls:192.0.2.1:5061". */
static void
ports_text(const char *listen, const char *gap, char *buf, size_t size)
{
	size_t	at = 0;

	buf[0] = '\0';
	for (size_t n; *listen != '\0' && at < size; listen += n + strspn(listen + n, " ")) {
		const char	*port;
		size_t		 name = strcspn(listen, ":");

		n = strcspn(listen, " ");
		port = memrchr(listen, ':', n);
		if (port == NULL)
			continue;
		at += (size_t)snprintf(buf + at, size - at, "%s%.*s %.*s", at == 0 ? "" : gap, (int)name, listen, (int)(listen + n - port - 1), port + 1);
	}
	for (char *p = buf; *p != '\0'; p++)
		*p = (char)toupper((unsigned char)*p);
}

/* Addresses where they fit, else the ports, closer together where those do not. */
static void
health_paint(struct console *c)
{
	static const char *const	gaps[] = { "   ", "   ", "  ", " " };
	char				 up[32], used[32], most[32], ports[300], line[500];
	const char			*listen = json_string_value(json_object_get(c->status, "listen"));

	uptime_text(c, up, sizeof up);
	bytes_text(number(c, "store_bytes"), used, sizeof used);
	bytes_text(number(c, "store_max_bytes"), most, sizeof most);
	for (size_t i = 0; i < sizeof gaps / sizeof gaps[0]; i++) {
		(void)snprintf(ports, sizeof ports, "%s", listen == NULL ? "" : listen);
		if (i > 0 && listen != NULL)
			ports_text(listen, gaps[i], ports, sizeof ports);
		(void)snprintf(line, sizeof line, "%s%s%s%sStore %s of %s", up, gaps[i], ports, gaps[i], used, most);
		if (text_width(line) <= screen_cols() - 1)
			break;
	}
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
		(void)snprintf(line, sizeof line, "%s %-12s%6" JSON_INTEGER_FORMAT " %.*s", g->glyph, g->shown, n, bar, "###################");
		(void)screen_put(row++, 3, 46, (enum style)g->style, line);
	}
	return row;
}

/* A line of the accounts' box: a count of the status, or of its activation. */
struct accounts_line {
	const char	*what, *count;
	bool		 step;		/* the count is of accounts at that step of their activation */
	bool		 quiet;		/* none is no line */
	int		 spare;		/* where lines are few, the highest goes first; 0 stays */
};

static json_int_t
line_count(const struct console *c, const struct accounts_line *l)
{
	return l->step ? json_integer_value(json_object_get(json_object_get(c->status, "activation"), l->count)) : number(c, l->count);
}

/* All accounts.  Returns the row below. */
static int
accounts_box_paint(struct console *c, int row, int col)
{
	static const struct accounts_line	lines[] = {
		{ "disabled", "disabled", false, false, 0 }, { "Installation SMS sent", "Installation SMS sent", true, true, 0 },
		{ "Activated, never Connected", "Activated", true, true, 0 }, { "SMS given up", "sms_failed", false, true, 0 },
		{ "REGISTER requests", "registers", false, false, 2 }, { "challenged", "challenges", false, false, 3 },
		{ "wrong answers", "auth_failures", false, false, 1 },
	};
	const int	n = (int)(sizeof lines / sizeof lines[0]), room = screen_rows() < ROWS_FOR_ALL ? 4 : n;
	int		over = -room;
	char		line[80];

	(void)snprintf(line, sizeof line, "3 Accounts  %" JSON_INTEGER_FORMAT, number(c, "accounts"));
	(void)screen_put(row++, col, screen_cols() - col, S_BOLD, line);
	for (int i = 0; i < n; i++)
		over += !lines[i].quiet || line_count(c, &lines[i]) > 0;
	for (int i = 0; i < (screen_rows() < OVERVIEW_SMALL_ROWS ? 1 : n); i++) {
		json_int_t	count = line_count(c, &lines[i]);

		if ((lines[i].quiet && count == 0) || (lines[i].spare > 0 && lines[i].spare > 3 - over))
			continue;
		(void)snprintf(line, sizeof line, "%-26s %7" JSON_INTEGER_FORMAT, lines[i].what, count);
		(void)screen_put(row++, col + 2, screen_cols() - col - 2, S_PLAIN, line);
	}
	return row;
}

/* Who is registered at the left, the queue and all accounts at the right.  Returns the row below all. */
static int
accounts_paint(struct console *c, int row)
{
	char	line[160];
	int	col = screen_cols() / 2 + 2, left, right;

	(void)snprintf(line, sizeof line, "2 Registered  %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT " accounts",
	    number(c, "registered"), number(c, "accounts"));
	(void)screen_put(row, 1, col - 2, S_BOLD, line);
	left = devices_paint(c, row + 1);
	if (left == row + 1) {
		(void)snprintf(line, sizeof line, "devices %14" JSON_INTEGER_FORMAT, number(c, "registrations"));
		(void)screen_put(left++, 3, col - 4, S_PLAIN, line);
	}
	right = overview_queue_paint(c, row, col, is_large() || screen_rows() < ROWS_FOR_RATE);
	right = accounts_box_paint(c, screen_rows() < OVERVIEW_SMALL_ROWS ? right : right + 1, col);
	if (!is_large() && left + 1 < right)
		left = trunk_box_paint(c, left + 1, right, col - 2, is_active(c, &c->trunk_box));
	return (left > right ? left : right) + 1;
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

/* What the box of trunks takes of a large screen, with the blank line below. */
static int
trunk_rows(const struct console *c)
{
	int64_t	n = c->trunk_box.matched;

	return n == 0 ? 0 : (int)(n < TRUNK_LINES ? n : TRUNK_LINES) + 3;
}

static int
registered_paint(struct console *c, int row)
{
	int	lines = (screen_rows() - row - WAITING_LINES - trunk_rows(c) - 11) / 2;

	if (c->registered.view == 0 && !c->registered.asked)
		list_open(&c->registered);	/* the screen has grown */
	list_paint(&c->registered, row, 0, screen_cols(), lines, is_active(c, &c->registered));
	return row + lines + 2;
}

/* "3 new, ! alert": what came since somebody looked at Events, or since the console began. */
static void
news_paint(struct console *c, int row)
{
	const struct list	*l = &c->recent;
	int64_t			 n = l->total - c->events_seen;
	bool			 alert = false;
	char			 text[80];

	if (l->view == 0 || l->asked)
		return;
	if (c->events_seen < 0)
		c->events_seen = l->total;
	if (c->events_seen == l->total || n <= 0)
		return;
	for (int64_t i = 1; i <= n && !alert; i++) {
		const char	*level = json_string_value(json_object_get(list_row_at(l, l->matched - i), "level"));

		alert = level != NULL && strcmp(level, "alert") == 0;
	}
	(void)snprintf(text, sizeof text, "%lld new%s", (long long)n, alert ? ", ! alert" : "");
	(void)screen_put(row, screen_cols() - 1 - text_width(text), text_width(text), alert ? S_BAD : S_BOLD, text);
}

static void
detail_paint(struct console *c)
{
	char	state[TRUNK_STATE];

	if (overview_list(c) != &c->trunk_box) {
		list_paint_detail(overview_list(c), screen_rows() - 3);
		return;
	}
	trunk_state_text(c, &c->trunk_box, state, sizeof state);
	(void)screen_put(screen_rows() - 3, 1, screen_cols() - 1, S_PLAIN, state);
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
	if (is_large()) {
		row = registered_paint(c, row);
		if (trunk_rows(c) > 0)
			row = trunk_box_paint(c, row, row + trunk_rows(c) - 1, screen_cols(), is_active(c, &c->trunk_box)) + 1;
		row = overview_waiting_paint(c, row, WAITING_LINES, is_active(c, &c->waiting));
	}
	lines = screen_rows() - row - 5;
	(void)screen_put(row, 1, 20, S_BOLD, "8 Events");
	news_paint(c, row);
	if (lines > 0)
		list_paint_rows(&c->recent, row + 1, 0, screen_cols(), lines, is_active(c, &c->recent));
	if (!prompt_at_foot(c))
		detail_paint(c);
}

/* Events, then what else can have the cursor here. */
static int
next_box(const struct console *c)
{
	int	next = (c->overview_box + 1) % BOXES;

	if (!is_large() && next != BOX_EVENTS)
		next = BOX_TRUNKS;
	return next == BOX_TRUNKS && (c->overview_box == BOX_TRUNKS || c->trunk_box.matched == 0) ? BOX_EVENTS : next;
}

static void
overview_tick(struct console *c)
{
	char	name[TRUNK_TEXT];

	console_ask_status(c);
	if (overview_list(c) != &c->trunk_box)
		return;
	trunk_see(c, list_value(&c->trunk_box, "name", name, sizeof name));
	trunk_ask(c);
}

static bool
overview_act(struct console *c, const struct action_row *a)
{
	struct list	*l = overview_list(c);
	char		 name[130];

	if (a->action == ACT_NEXT_BOX) {
		c->overview_box = next_box(c);
		return true;
	}
	if (a->action == ACT_WEB_CHECK) {
		service_check(c);
		return true;
	}
	if (a->action != ACT_OPEN)
		return list_act(l, a);
	if (l == &c->recent)
		event_open(c, l);
	else if (l == &c->trunk_box && list_value(l, "name", name, sizeof name)[0] != '\0')
		trunk_show(c, name);
	else if (l == &c->waiting)
		(void)(list_row(l) != NULL && message_act(c, list_row(l), a));
	else if (list_value(l, "username", name, sizeof name)[0] != '\0')
		account_show(c, name);
	return true;
}

const struct pane	pane_overview = { .bit = P_OVERVIEW, .place = "Overview", .open = overview_open, .close = overview_close, .tick = overview_tick,
	.paint = overview_paint, .act = overview_act };
