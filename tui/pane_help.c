/*
 * Help: the keys of the screen that it was opened on, from the one table, searchable by text and key.
 */
#include <stdio.h>
#include <string.h>

#include "tui/app.h"
#include "tui/screen.h"

enum { TOP = 3, FOOT = 5, ENTRY_CELLS = 38, KEYS_CELLS = 11, ROWS_MAX = 128 };

static bool
matches(const struct console *c, const struct action_row *a)
{
	if ((a->panes & c->help_of->bit) == 0 || ((a->flags & ACT_WRITE) && !c->link.may_write))
		return false;
	return c->help_filter[0] == '\0' || strcasestr(a->help, c->help_filter) != NULL || strcasestr(a->name, c->help_filter) != NULL ||
	    strstr(a->keys, c->help_filter) != NULL;
}

static int
matching(const struct console *c, const struct action_row *found[ROWS_MAX])
{
	int	n = 0;

	for (size_t i = 0; i < n_action_rows && n < ROWS_MAX; i++)
		if (matches(c, &action_rows[i]))
			found[n++] = &action_rows[i];
	return n;
}

static int
lines(void)
{
	return screen_rows() - TOP - FOOT;
}

static int
columns(void)
{
	return screen_cols() / ENTRY_CELLS;
}

static void
entry_paint(const struct action_row *a, int row, int col, bool here)
{
	char	line[120];

	(void)snprintf(line, sizeof line, "%-*s %-14s%s", KEYS_CELLS, a->keys, a->name, a->flags & ACT_ASK ? "asks" : "");
	(void)screen_put(row, col, ENTRY_CELLS - 3, here ? S_BOLD : S_PLAIN, line);
	if (here) {
		(void)screen_put(row, col - 2, 1, S_BOLD, ">");
		screen_cursor(row, col - 2);
	}
}

/* As many pages as there must be, each read down its columns. */
static void
paint(struct console *c)
{
	const struct action_row	*found[ROWS_MAX];
	int			 n = matching(c, found), page = lines() * columns(), first;
	char			 line[200];
	const char		*of = c->help_of->place[0] == '\0' ? "Account" : c->help_of->place;

	if (c->help_at >= n)
		c->help_at = n > 0 ? n - 1 : 0;
	first = c->help_at / page * page;
	(void)snprintf(line, sizeof line, "Keys of %s   %s%s", of, c->help_filter[0] == '\0' ? "/ to search, : types any name below" : "filter: ",
	    c->help_filter);
	(void)screen_put_raw(1, 1, screen_cols() - 1, S_BOLD, line);
	for (int i = first; i < n && i < first + page; i++)
		entry_paint(found[i], TOP + (i - first) % lines(), 4 + (i - first) / lines() * ENTRY_CELLS, i == c->help_at);
	(void)screen_put(screen_rows() - FOOT, 1, screen_cols() - 1, S_DIM,
	    "Status  + OK   ~ LAGGED   ! UNREACHABLE   ? UNKNOWN   - Unmonitored   (none)");
	(void)screen_put(screen_rows() - FOOT + 1, 1, screen_cols() - 1, S_DIM,
	    "Marks   > cursor   * changed in the last 2 s   > at a cell's end: cut off");
	if (n > 0 && !prompt_at_foot(c)) {
		(void)snprintf(line, sizeof line, "%s: %s%s", found[c->help_at]->name, found[c->help_at]->help,
		    found[c->help_at]->flags & ACT_ASK ? "; asks before" : "");
		(void)screen_put(screen_rows() - 3, 1, screen_cols() - 1, S_PLAIN, line);
	}
}

static void
filter_typed(struct console *c, const char *text)
{
	(void)snprintf(c->help_filter, sizeof c->help_filter, "%s", text);
	c->help_at = 0;
}

static bool
act(struct console *c, const struct action_row *a)
{
	const struct action_row	*found[ROWS_MAX];
	int			 n = matching(c, found);

	switch (a->action) {
	case ACT_DOWN: c->help_at++; break;
	case ACT_UP: c->help_at--; break;
	case ACT_PAGE_DOWN: c->help_at += lines(); break;
	case ACT_PAGE_UP: c->help_at -= lines(); break;
	case ACT_HALF_DOWN: c->help_at += lines() / 2; break;
	case ACT_HALF_UP: c->help_at -= lines() / 2; break;
	case ACT_FIRST: c->help_at = 0; break;
	case ACT_LAST_ROW: c->help_at = n - 1; break;
	case ACT_FILTER: (void)prompt_line(c, "Search:", c->help_filter, filter_typed, filter_typed); return true;
	case ACT_FILTER_CLEAR: filter_typed(c, ""); return true;
	case ACT_HELP: return true;
	default: return false;
	}
	if (c->help_at >= n)
		c->help_at = n - 1;
	if (c->help_at < 0)
		c->help_at = 0;
	return true;
}

const struct pane	pane_help = { .bit = P_HELP, .place = "Help", .paint = paint, .act = act };
