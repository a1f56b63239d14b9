/*
 * Help: the keys of the screen that it was opened on, from the one table, searchable by text and key.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "tui/app.h"
#include "tui/screen.h"

static bool
matches(const struct console *c, const struct action_row *a)
{
	return c->help_filter[0] == '\0' || strcasestr(a->help, c->help_filter) != NULL || strcasestr(a->name, c->help_filter) != NULL ||
	    strstr(a->keys, c->help_filter) != NULL;
}

static void
paint(struct console *c)
{
	char	line[200];
	int	row = 3, at = 0, lines = screen_rows() - 8;

	(void)snprintf(line, sizeof line, "Keys of %s%s%s     / to search, : types any name below", c->help_of->place,
	    c->help_filter[0] == '\0' ? "" : "   filter: ", c->help_filter);
	(void)screen_put_raw(1, 1, screen_cols() - 1, S_BOLD, line);
	for (size_t i = 0; i < n_action_rows; i++) {
		const struct action_row	*a = &action_rows[i];

		if ((a->panes & c->help_of->bit) == 0 || !matches(c, a) || at++ < c->help_top)
			continue;
		if (row >= 3 + lines)
			break;
		(void)snprintf(line, sizeof line, "%-14s %-14s %s%s", a->keys, a->name, a->help, a->flags & ACT_ASK ? " (asks)" : "");
		(void)screen_put(row++, 2, screen_cols() - 3, S_PLAIN, line);
	}
	(void)screen_put(screen_rows() - 4, 1, screen_cols() - 1, S_PLAIN,
	    "Status  + OK   ~ LAGGED   ! UNREACHABLE   ? UNKNOWN   - Unmonitored   (none)");
	(void)screen_put(screen_rows() - 3, 1, screen_cols() - 1, S_PLAIN, "Marks   > cursor   * changed in the last 2 s   > at a cell's end: cut off");
	screen_cursor(3, 2);
}

static void
filter_typed(struct console *c, const char *text)
{
	(void)snprintf(c->help_filter, sizeof c->help_filter, "%s", text);
	c->help_top = 0;
}

static bool
act(struct console *c, const struct action_row *a)
{
	switch (a->action) {
	case ACT_DOWN: c->help_top++; return true;
	case ACT_UP: c->help_top -= c->help_top > 0; return true;
	case ACT_PAGE_DOWN: c->help_top += 10; return true;
	case ACT_PAGE_UP: c->help_top = c->help_top > 10 ? c->help_top - 10 : 0; return true;
	case ACT_FIRST: c->help_top = 0; return true;
	case ACT_FILTER: prompt_line(c, "Search:", c->help_filter, filter_typed, filter_typed); return true;
	case ACT_FILTER_CLEAR: filter_typed(c, ""); return true;
	case ACT_HELP: return true;
	default: return false;
	}
}

const struct pane	pane_help = { .bit = P_HELP, .place = "Help", .paint = paint, .act = act };
