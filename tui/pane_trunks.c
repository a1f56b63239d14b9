/*
 * SIP Trunk status: a live list in which nothing can be changed or tried (product D1), and all that is known of one trunk.
 */
#include <stdio.h>
#include <string.h>

#include "core/trunk.h"
#include "tui/app.h"
#include "tui/records.h"
#include "tui/screen.h"
#include "tui/trunks.h"

enum { LABEL = 22, LINES = 64, LINE = 1100 };

static struct list *
trunks(struct console *c)
{
	return &c->trunks;
}

static void
trunks_tick(struct console *c)
{
	char	name[TRUNK_NAME];

	trunk_see(c, list_value(&c->trunks, "name", name, sizeof name));
	trunk_ask(c);
}

static void
trunks_open(struct console *c)
{
	list_open(&c->trunks);
}

static void
trunks_close(struct console *c)
{
	list_close(&c->trunks);
}

/* Whether the cells of the selected row are cut, or left out. */
static bool
is_cut(const struct list *l)
{
	struct column	columns[LIST_COLUMNS];
	size_t		n = list_columns(l, screen_cols(), columns), had = 0;
	const char	*host = json_string_value(json_object_get(list_row(l), "host"));

	for (size_t i = 0; i < l->kind->n_fields; i++)
		had += list_has_column(l, &l->kind->fields[i]);
	for (size_t i = 0; host != NULL && i < n; i++)
		if (strcmp(columns[i].field->name, "host") == 0 && strlen(host) > (size_t)columns[i].cells)
			return true;
	return n < had;
}

static void
trunks_paint(struct console *c)
{
	char	head[120], state[TRUNK_STATE];

	(void)snprintf(head, sizeof head, "SIP Trunk status - %lld trunk%s", (long long)c->trunks.total, c->trunks.total == 1 ? "" : "s");
	list_pane_paint(&c->trunks, head, 2);
	if (prompt_at_foot(c))
		return;
	trunk_state_text(c, &c->trunks, state, sizeof state);
	(void)screen_put(screen_rows() - 3, 1, screen_cols() - 1, S_PLAIN, state);
	if (is_cut(&c->trunks))
		list_paint_detail(&c->trunks, screen_rows() - 4);
}

static bool
trunks_act(struct console *c, const struct action_row *a)
{
	return record_act(c, &c->trunks, a);
}

/* All of one. */

struct line {
	char			label[LABEL + 1];
	char			text[LINE];
	const struct glyph	*tint;
};

struct lines {
	struct console	*c;
	struct line	*at;
	int		 n;
};

static struct line *
line_add(struct lines *l, const char *label)
{
	struct line	*line = &l->at[l->n < LINES - 1 ? l->n++ : l->n];

	memset(line, 0, sizeof *line);
	(void)snprintf(line->label, sizeof line->label, "%s", label);
	return line;
}

static const char *
time_of(const struct lines *l, const json_t *o, const char *field, char buf[64])
{
	const char	*s = json_string_value(json_object_get(o, field));

	return s == NULL ? "" : console_time(l->c, s, true, false, buf, 64);
}

/* "last 14:01:22: 200 OK; next 14:02:22" */
static void
try_add(struct lines *l, const char *label, const json_t *o, const char *first)
{
	char		 last[64], next[64], reason[400], code[24] = "";
	json_int_t	 n = json_integer_value(json_object_get(o, "code"));
	struct line	*line;

	if (!json_is_object(o))
		return;
	line = line_add(l, label);
	row_text(l->c, o, "reason", reason, sizeof reason);
	(void)time_of(l, o, "last_at", last);
	(void)time_of(l, o, "next_at", next);
	if (n > 0)
		(void)snprintf(code, sizeof code, "%lld ", (long long)n);
	(void)snprintf(line->text, sizeof line->text, "%s%s%s%s%s%s%s%s", first, last[0] == '\0' ? "" : ", last ", last,
	    code[0] == '\0' && reason[0] == '\0' ? "" : first[0] == '\0' && last[0] == '\0' ? "" : ": ", code, reason,
	    next[0] == '\0' ? "" : "; next ", next);
}

static void
state_add(struct lines *l, const json_t *t)
{
	const json_t	*probe = json_object_get(t, "probe");
	char		 when[64], every[64];
	struct line	*line = line_add(l, "Status");

	line->tint = trunk_status_text(l->c, t, LINE, line->text, sizeof line->text);
	if (line->tint == NULL)
		(void)snprintf(line->text, sizeof line->text, "not known yet");
	if (time_of(l, t, "status_at", when)[0] != '\0')
		(void)snprintf(line_add(l, "Since")->text, LINE, "%s", when);
	row_text(l->c, t, "last_error", line_add(l, "Last error")->text, LINE);
	if (l->at[l->n - 1].text[0] == '\0')
		l->n--;
	(void)snprintf(every, sizeof every, "every %lld s", (long long)json_integer_value(json_object_get(probe, "interval")));
	try_add(l, "Probe", probe, every);
	if (json_is_true(json_object_get(t, "register")))
		(void)snprintf(line_add(l, "Registered until")->text, LINE, "%s",
		    time_of(l, t, "registration_expires", when)[0] == '\0' ? "not registered" : when);
	try_add(l, "Registration", json_object_get(t, "registration"), "");
}

static void
targets_add(struct lines *l, const json_t *targets)
{
	const json_t	*t;
	size_t		 i;

	json_array_foreach(targets, i, t) {
		char		 label[32], address[100], transport[16], status[60], error[400];
		struct line	*line;

		(void)snprintf(label, sizeof label, "Target %zu", i + 1);
		line = line_add(l, label);
		row_text(l->c, t, "address", address, sizeof address);
		row_text(l->c, t, "transport", transport, sizeof transport);
		row_text(l->c, t, "error", error, sizeof error);
		line->tint = trunk_status_text(l->c, t, LINE, status, sizeof status);
		(void)snprintf(line->text, sizeof line->text, "%s %s  %s%s%s", address, transport, status, error[0] == '\0' ? "" : "  ", error);
	}
}

static void
fields_add(struct lines *l, const json_t *t)
{
	for (size_t i = 0; i < trunk_kind.n_fields; i++) {
		const struct field	*f = &trunk_kind.fields[i];
		const json_t		*v = f->name == NULL ? NULL : json_object_get(t, f->name);

		if (v == NULL || json_is_null(v) || (f->flags & FF_VIRTUAL))
			continue;
		row_text(l->c, t, f->name, line_add(l, f->title)->text, LINE);
	}
	row_text(l->c, t, "calls", line_add(l, "Calls")->text, LINE);
	if (l->at[l->n - 1].text[0] == '\0')
		l->n--;
}

static void
trunk_paint(struct console *c)
{
	const json_t	*t = c->trunk.record;
	int		 room = screen_rows() - 6;
	struct line	 all[LINES];
	struct lines	 l = { .c = c, .at = all };
	char		 head[3 * TRUNK_NAME + 200], foot[200];

	(void)snprintf(head, sizeof head, "SIP Trunk %s", c->trunk.name);
	(void)screen_put_raw(1, 1, screen_cols() - 1, S_BOLD, head);
	if (t == NULL)
		return;
	state_add(&l, t);
	targets_add(&l, json_object_get(t, "targets"));
	fields_add(&l, t);
	if (c->trunk.top > l.n - room)
		c->trunk.top = l.n - room;
	if (c->trunk.top < 0)
		c->trunk.top = 0;
	for (int i = 0; i < room && c->trunk.top + i < l.n; i++) {
		const struct line	*line = &all[c->trunk.top + i];

		(void)screen_put(3 + i, 1, LABEL, S_DIM, line->label);
		(void)screen_put(3 + i, 1 + LABEL, screen_cols() - LABEL - 2, line->tint == NULL ? S_PLAIN : (enum style)line->tint->style,
		    line->text);
	}
	if (prompt_at_foot(c))
		return;
	action_letters(P_TRUNK, c->link.may_write, screen_cols() - 2, foot, sizeof foot);
	if (c->trunk.top + room < l.n)
		(void)snprintf(foot + strlen(foot), sizeof foot - strlen(foot), "   Down: %d more lines", l.n - room - c->trunk.top);
	(void)screen_put(screen_rows() - 3, 1, screen_cols() - 1, S_DIM, foot);
}

void
trunk_show(struct console *c, const char *name)
{
	trunk_see(c, name);
	c->trunk.top = 0;
	console_enter(c, &pane_trunk);
}

static bool
trunk_pane_act(struct console *c, const struct action_row *a)
{
	int	page = screen_rows() - 7;

	switch (a->action) {
	case ACT_REFRESH: trunk_ask(c); return false;
	case ACT_DOWN: c->trunk.top++; return true;
	case ACT_UP: c->trunk.top--; return true;
	case ACT_PAGE_DOWN: c->trunk.top += page; return true;
	case ACT_PAGE_UP: c->trunk.top -= page; return true;
	case ACT_FIRST: c->trunk.top = 0; return true;
	case ACT_LAST_ROW: c->trunk.top = LINES; return true;
	default: return trunk_act(c, c->trunk.name, c->trunk.record, a);
	}
}

static const char *
trunk_what(const struct console *c)
{
	return c->trunk.name;
}

const struct pane	pane_trunks = { .bit = P_TRUNKS, .place = "Trunks", .open = trunks_open, .close = trunks_close, .tick = trunks_tick,
	.paint = trunks_paint, .act = trunks_act, .list = trunks };
const struct pane	pane_trunk = { .bit = P_TRUNK, .place = "", .what = trunk_what, .open = trunk_ask, .tick = trunk_ask, .paint = trunk_paint,
	.act = trunk_pane_act };
