#include "tui/trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "tui/app.h"
#include "tui/ladder.h"
#include "tui/screen.h"

enum { FIRST = 3, LIFE_MS = 600 * 1000, LINE = 1600, INDENT = 2 };

static void
stop(struct console *c)
{
	struct trace_view	*t = &c->trace;

	if (t->id == 0)
		return;
	(void)link_ask(&c->link, json_pack("{s:s, s:i}", "do", "cancel", "of", t->id), LINK_ONE, NULL, NULL, c->now_ms);
	link_drop(&c->link, t->id);
	t->id = 0;
}

void
trace_clear(struct console *c)
{
	stop(c);
	json_decref(c->trace.messages);
	json_decref(c->trace.opened);
	memset(&c->trace, 0, sizeof c->trace);
}

static size_t
count(const struct console *c)
{
	return json_array_size(c->trace.messages);
}

static void
add(struct console *c, const json_t *m)
{
	struct trace_view	*t = &c->trace;

	if (count(c) == TRACE_KEPT) {
		(void)json_array_remove(t->messages, 0);
		t->at -= t->at > 0;
		t->top -= t->top > 0;
	}
	(void)json_array_append_new(t->messages, json_deep_copy(m));
	if (!t->back && !c->paused)
		t->at = count(c) - 1;
}

static void
end(struct console *c, const char *why)
{
	if (c->trace.id != 0)
		link_drop(&c->link, c->trace.id);
	c->trace.id = 0;
	(void)snprintf(c->trace.ended, sizeof c->trace.ended, "%s", why == NULL ? "refused" : why);
}

static void
on_told(void *arg, const json_t *m)
{
	struct console	*c = arg;

	c->wants_frame = true;
	if (m == NULL)
		c->trace.id = 0;		/* the connection was lost: it begins anew when that is back */
	else if (json_object_get(m, "ok") != NULL)
		c->trace.stands = true;
	else if (json_object_get(m, "error") != NULL)
		end(c, json_string_value(json_object_get(json_object_get(m, "error"), "text")));
	else if (json_object_get(m, "end") != NULL)
		end(c, json_string_value(json_object_get(json_object_get(m, "end"), "why")));
	else if (json_object_get(m, "message") != NULL)
		add(c, json_object_get(m, "message"));
	else if (json_object_get(m, "missed") != NULL)
		add(c, m);
}

static void
begin(struct console *c)
{
	struct trace_view	*t = &c->trace;
	int			 id;

	if (t->id != 0 || t->ended[0] != '\0')
		return;
	id = link_ask(&c->link, json_pack("{s:s, s:s}", "do", "trace", "name", t->username), LINK_STREAM, on_told, c, c->now_ms);
	if (id > 0) {
		t->id = id;
		t->stands = false;
		t->began_ms = c->wall_ms;
	}
}

void
trace_show(struct console *c, const char *username)
{
	char	name[sizeof c->trace.username];

	(void)snprintf(name, sizeof name, "%s", username);
	trace_clear(c);
	memcpy(c->trace.username, name, sizeof name);
	c->trace.messages = json_array();
	console_enter(c, &pane_trace);
}

void
trace_turn(struct console *c)
{
	bool	looked_at = c->pane == &pane_trace;

	for (int i = 0; i < c->n_history; i++)
		looked_at |= c->history[i] == &pane_trace;
	if (!looked_at)
		stop(c);
}

static void
line_of(struct console *c, const json_t *m, char *buf, size_t size)
{
	const json_t	*missed = json_object_get(m, "missed");
	char		 when[64];

	if (missed != NULL) {
		(void)snprintf(buf, size, "%14s%" JSON_INTEGER_FORMAT " messages are missing here: there were too many", "", json_integer_value(missed));
		return;
	}
	(void)console_time(c, json_string_value(json_object_get(m, "time")), false, true, when, sizeof when);
	ladder_line(m, when, screen_ascii(), buf, size);
}

static enum style
style_of(const json_t *m)
{
	json_int_t	code = json_integer_value(json_object_get(m, "code"));

	return code >= 400 && code != 401 && code != 407 ? S_BAD : S_PLAIN;
}

static void
heading(struct console *c)
{
	const struct trace_view	*t = &c->trace;
	bool			 on = t->id != 0 && t->stands;
	char			 head[500], left[40];

	console_span(t->began_ms + LIFE_MS - c->wall_ms, left, sizeof left);
	if (t->ended[0] != '\0')
		(void)snprintf(head, sizeof head, "Trace of %s - %zu messages   ended: %s", t->username, count(c), t->ended);
	else
		(void)snprintf(head, sizeof head, "Trace of %s - %zu message%s   %s%s", t->username, count(c), count(c) == 1 ? "" : "s",
		    on ? "ends in " : "waits for the daemon", on ? left : "");
	(void)screen_put_raw(1, 1, screen_cols() - 1, S_BOLD, head);
}

/* What does not fit in the selected rung's line. */
static void
selected_paint(struct console *c, const json_t *m)
{
	char	body[160], remote[100], local[100], line[500];

	row_text(c, m, "remote", remote, sizeof remote);
	row_text(c, m, "local", local, sizeof local);
	ladder_body(m, screen_ascii(), body, sizeof body);
	if (remote[0] == '\0')
		return;
	(void)snprintf(line, sizeof line, "%s and our %s%s%s", remote, local, body[0] == '\0' ? "" : "; ", body);
	(void)screen_put(screen_rows() - 3, 1, screen_cols() - 1, S_DIM, line);
}

static void
ladder_paint(struct console *c)
{
	struct trace_view	*t = &c->trace;
	size_t			 room = (size_t)(screen_rows() - FIRST - 4), n = count(c);
	char			 line[LINE];

	if (t->at >= n)
		t->at = n > 0 ? n - 1 : 0;
	if (t->at < t->top)
		t->top = t->at;
	if (t->at >= t->top + room)
		t->top = t->at + 1 - room;
	(void)screen_put(2, 1, screen_cols() - 1, S_BOLD, ladder_heading());
	for (size_t i = t->top; i < n && i < t->top + room; i++) {
		const json_t	*m = json_array_get(t->messages, i);
		int		 row = FIRST + (int)(i - t->top);

		line_of(c, m, line, sizeof line);
		(void)screen_put(row, 1, screen_cols() - 1, i == t->at ? S_BOLD : style_of(m), line);
		if (i != t->at)
			continue;
		(void)screen_put(row, 0, 1, S_BOLD, ">");
		screen_cursor(row, 0);
	}
	if (prompt_at_foot(c))
		return;
	if (n > 0)
		selected_paint(c, json_array_get(t->messages, t->at));
	else if (t->stands)
		(void)screen_put(screen_rows() - 3, 1, screen_cols() - 1, S_DIM, "Nothing yet: it shows what comes and goes from now on.");
}

/* One line of a header, which may take several of the screen.  Returns how many; paints those from row on that are visible. */
static int
header_paint(const char *raw, size_t n, enum style style, int row, int last)
{
	char		 text[LINE], line[LINE];
	const char	*at = text;
	int		 lines = 0;

	(void)text_safe(raw, n, text, sizeof text, screen_ascii());
	do {
		int	indent = lines == 0 ? 0 : INDENT;
		size_t	fits = screen_line(at, screen_cols() - 2 - indent);

		if (row + lines >= FIRST && row + lines < last) {
			(void)snprintf(line, sizeof line, "%.*s", (int)fits, at);
			(void)screen_put(row + lines, 1 + indent, screen_cols() - 1 - indent, style, line);
		}
		at += fits + strspn(at + fits, " ");
		lines++;
	} while (*at != '\0');
	return lines;
}

static int
headers_paint(struct console *c, int row, int last)
{
	const char	*text = json_string_value(json_object_get(c->trace.opened, "text"));
	char		 body[160];
	int		 from = row;

	for (size_t n; text != NULL && *text != '\0'; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		row += header_paint(text, n, row == from ? S_BOLD : S_PLAIN, row, last);
	}
	ladder_body(c->trace.opened, screen_ascii(), body, sizeof body);
	if (json_is_true(json_object_get(c->trace.opened, "cut")))
		row += header_paint("(and more headers)", 18, S_DIM, row, last);
	row += header_paint(body, strlen(body), S_DIM, row, last);
	return row - from;
}

static void
opened_paint(struct console *c)
{
	struct trace_view	*t = &c->trace;
	int			 last = screen_rows() - 4, room = last - FIRST, lines = headers_paint(c, 0, 0);
	char			 foot[120];

	if (t->opened_top > lines - room)
		t->opened_top = lines > room ? lines - room : 0;
	(void)headers_paint(c, FIRST - t->opened_top, last);
	(void)snprintf(foot, sizeof foot, "Secrets and contents are left out. Esc: back%s", lines - room > t->opened_top ? ", Down: more" : "");
	if (!prompt_at_foot(c))
		(void)screen_put(screen_rows() - 3, 1, screen_cols() - 1, S_DIM, foot);
}

static void
paint(struct console *c)
{
	heading(c);
	if (c->trace.opened != NULL)
		opened_paint(c);
	else
		ladder_paint(c);
}

static void
move(struct console *c, int by)
{
	struct trace_view	*t = &c->trace;
	int64_t			 to = (int64_t)t->at + by, last = (int64_t)count(c) - 1;

	if (t->opened != NULL) {
		t->opened_top = t->opened_top + by < 0 ? 0 : t->opened_top + by;
		return;
	}
	t->at = to < 0 || last < 0 ? 0 : (size_t)(to > last ? last : to);
	t->back = (int64_t)t->at < last;
}

static bool
act(struct console *c, const struct action_row *a)
{
	struct trace_view	*t = &c->trace;
	int			 page = screen_rows() - FIRST - 5;

	switch (a->action) {
	case ACT_DOWN: move(c, 1); return true;
	case ACT_UP: move(c, -1); return true;
	case ACT_PAGE_DOWN: move(c, page); return true;
	case ACT_PAGE_UP: move(c, -page); return true;
	case ACT_HALF_DOWN: move(c, page / 2); return true;
	case ACT_HALF_UP: move(c, -page / 2); return true;
	case ACT_FIRST: move(c, -TRACE_KEPT); return true;
	case ACT_LAST_ROW: move(c, TRACE_KEPT); return true;
	case ACT_OPEN:
		if (t->opened == NULL && json_object_get(json_array_get(t->messages, t->at), "text") != NULL) {
			t->opened = json_incref(json_array_get(t->messages, t->at));
			t->opened_top = 0;
			t->back = true;
		}
		return true;
	case ACT_BACK:
		if (t->opened == NULL)
			return false;
		json_decref(t->opened);
		t->opened = NULL;
		t->back = t->at + 1 < count(c);
		return true;
	default:
		return false;
	}
}

static const char *
what(const struct console *c)
{
	return c->trace.username;
}

const struct pane	pane_trace = { .bit = P_TRACE, .place = "Trace", .what = what, .open = begin, .paint = paint, .act = act };
