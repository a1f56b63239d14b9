/*
 * Calls now: who talks to whom, since when, through which trunk (product E4).
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/call.h"
#include "core/clock.h"
#include "tui/app.h"
#include "tui/records.h"
#include "tui/screen.h"

static struct list *
calls(struct console *c)
{
	return &c->calls;
}

/* "0:03:25": it goes on while nobody tells anything. */
static bool
duration_cell(const struct list *l, const json_t *row, const struct field *f, int cells, char *buf, size_t size, const struct glyph **glyph)
{
	const char	*from = json_string_value(json_object_get(row, "_from"));
	int64_t		 at, s;

	(void)cells;
	(void)glyph;
	if (strcmp(f->name, "duration") != 0 || from == NULL || clock_parse(from, &at) != 0)
		return false;
	s = l->c->wall_ms > at ? (l->c->wall_ms - at) / 1000 : 0;
	(void)snprintf(buf, size, "%" PRId64 ":%02" PRId64 ":%02" PRId64, s / 3600, s / 60 % 60, s % 60);
	return true;
}

void
calls_list_init(struct list *l, struct console *c)
{
	list_init(l, c, &call_kind);
	l->cell = duration_cell;
}

static void
calls_open(struct console *c)
{
	list_open(&c->calls);
}

static void
calls_close(struct console *c)
{
	list_close(&c->calls);
}

static void
calls_paint(struct console *c)
{
	char	head[120];

	(void)snprintf(head, sizeof head, "Calls - %lld call%s", (long long)c->calls.total, c->calls.total == 1 ? "" : "s");
	list_pane_paint(&c->calls, head, 1);
	if (!prompt_at_foot(c))
		list_paint_detail(&c->calls, screen_rows() - 3);
}

/* Enter goes to the account that calls, or where a trunk does, that is called. */
static bool
calls_act(struct console *c, const struct action_row *a)
{
	const json_t	*row = list_row(&c->calls);
	const char	*account = json_string_value(json_object_get(row, "_account")), *trunk = json_string_value(json_object_get(row, "trunk"));

	if (a->action != ACT_OPEN)
		return record_act(c, &c->calls, a);
	if (account != NULL)
		account_show(c, account);
	else if (trunk != NULL)
		trunk_show(c, trunk);
	return true;
}

const struct pane	pane_calls = { .bit = P_CALLS, .place = "Calls", .open = calls_open, .close = calls_close, .paint = calls_paint,
	.act = calls_act, .list = calls };
