/*
 * Why: what is known of an account, and at the foot the sentence that follows from it.
 */
#include "tui/why.h"

#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "tui/app.h"
#include "tui/facts.h"
#include "tui/records.h"
#include "tui/screen.h"

enum { LINES = 200, FIRST = 3, VERDICT_ROWS = 3, FOOT = VERDICT_ROWS + 3, COL = 3 };

static void
on_told(void *arg, const json_t *m)
{
	struct console	*c = arg;
	json_t		*told = json_object_get(m, "ok");
	const char	*name = json_string_value(json_object_get(told, "username"));

	c->why.asked = false;
	if (m == NULL || console_refused(c, m) || name == NULL || strcmp(name, c->why.username) != 0 || json_equal(told, c->why.told))
		return;
	json_decref(c->why.told);
	c->why.told = json_incref(told);
	c->wants_frame = true;
}

static void
ask(struct console *c)
{
	if (!c->why.asked)
		c->why.asked = link_ask(&c->link, json_pack("{s:s, s:s}", "do", "why", "name", c->why.username), LINK_ONE, on_told, c,
		    c->now_ms) >= 0;
}

void
why_show(struct console *c, const char *username)
{
	(void)snprintf(c->why.username, sizeof c->why.username, "%s", username);
	json_decref(c->why.told);
	c->why.told = NULL;
	c->why.top = 0;
	console_enter(c, &pane_why);
}

/* A fact that is longer than a line goes on below.  Returns how many lines it takes; of these those that stand before end are painted. */
static int
fact_paint(const json_t *f, int row, int end)
{
	const struct glyph	*g = glyph_of(fact_word(f));
	int			 col = COL + FACT_TITLE, cells = screen_cols() - col - 1, n = 0;
	char			 title[100], what[FACT_TEXT], line[FACT_TEXT];
	const char		*at = what;

	fact_title(f, screen_ascii(), title, sizeof title);
	fact_what(f, screen_ascii(), what, sizeof what);
	do {
		size_t	word = screen_line(at, cells);

		if (row + n >= FIRST && row + n < end) {
			(void)snprintf(line, sizeof line, "%.*s", (int)word, at);
			(void)screen_put(row + n, col, cells, strcmp(g->glyph, "!") == 0 ? S_BAD : S_PLAIN, line);
		}
		at += word + strspn(at + word, " ");
		n++;
	} while (*at != '\0');
	if (row >= FIRST && row < end) {
		(void)screen_put(row, 1, 1, (enum style)g->style, g->glyph);
		(void)screen_put(row, COL, FACT_TITLE, S_DIM, title);
	}
	return n;
}

static void
paint(struct console *c)
{
	json_t		*facts = json_object_get(c->why.told, "facts"), *f;
	int		 end = screen_rows() - FOOT - 1, room = end - FIRST, lines = 0, row;
	char		 head[200], verdict[FACT_TEXT];
	size_t		 i;

	(void)snprintf(head, sizeof head, "Why %s is reached, or is not", c->why.username);
	(void)screen_put_raw(1, 1, screen_cols() - 1, S_BOLD, head);
	json_array_foreach(facts, i, f)
		lines += fact_paint(f, 0, 0);
	if (c->why.top > lines - room)
		c->why.top = lines > room ? lines - room : 0;
	row = FIRST - c->why.top;
	json_array_foreach(facts, i, f)
		row += fact_paint(f, row, end);
	if (prompt_at_foot(c))
		return;
	row_text(c, c->why.told, "verdict", verdict, sizeof verdict);
	screen_put_rows(screen_rows() - FOOT, VERDICT_ROWS, S_BOLD, verdict);
	action_letters(P_WHY, c->link.may_write, screen_cols() - 2, head, sizeof head);
	if (row > end)
		(void)snprintf(head + strlen(head), sizeof head - strlen(head), "   Down: %d more line%s", row - end, row - end == 1 ? "" : "s");
	(void)screen_put(screen_rows() - 3, 1, screen_cols() - 1, S_DIM, head);
}

static bool
act(struct console *c, const struct action_row *a)
{
	int	page = screen_rows() - FOOT - FIRST - 1, *top = &c->why.top;

	switch (a->action) {
	case ACT_REFRESH: ask(c); return false;
	case ACT_DOWN: (*top)++; return true;
	case ACT_UP: *top -= *top > 0; return true;
	case ACT_PAGE_DOWN: *top += page; return true;
	case ACT_PAGE_UP: *top = *top > page ? *top - page : 0; return true;
	case ACT_FIRST: *top = 0; return true;
	case ACT_LAST_ROW: *top = LINES; return true;
	case ACT_TRACE: trace_show(c, c->why.username); return true;
	case ACT_EVENTS_OF: events_of(c, c->why.username); return true;
	default: return false;
	}
}

static const char *
what(const struct console *c)
{
	return c->why.username;
}

const struct pane	pane_why = { .bit = P_WHY, .place = "Why", .what = what, .open = ask, .tick = ask, .paint = paint, .act = act };
