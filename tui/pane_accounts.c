/*
 * Accounts: the groups at the left, the accounts of the one chosen at the right; and the details of one account.
 */
#include <stdio.h>
#include <string.h>

#include "core/account.h"
#include "core/text.h"
#include "tui/app.h"
#include "tui/records.h"
#include "tui/screen.h"

enum { BOX_CELLS = 17, BOX_MIN_COLS = 72, LABEL = 19 };

static struct list *
accounts(struct console *c)
{
	return c->box == 0 ? &c->group_box : &c->accounts;
}

static void
accounts_open(struct console *c)
{
	list_open(&c->group_box);
	list_open(&c->accounts);
}

static void
accounts_close(struct console *c)
{
	list_close(&c->group_box);
	list_close(&c->accounts);
}

static void
box_paint(struct console *c)
{
	struct list	*l = &c->group_box;
	char		 line[64], name[70];

	(void)screen_put(2, 1, BOX_CELLS, S_BOLD, "Group        #");
	l->body = screen_rows() - 6;
	for (int i = 0; i < l->body; i++) {
		int64_t		 at = l->top + i - l->first;
		const char	*id = at < 0 ? NULL : json_string_value(json_array_get(l->order, (size_t)at));
		const json_t	*row = id == NULL ? NULL : json_object_get(l->rows, id);
		int		 used;
		size_t		 n;

		if (row == NULL)
			continue;
		row_text(c, row, "name", name, sizeof name);
		n = text_fit(name, 9, &used);
		(void)snprintf(line, sizeof line, "%.*s%*s %5lld", (int)n, name, 9 - used, "",
		    (long long)json_integer_value(json_object_get(row, "accounts")));
		if (i == l->line)
			(void)screen_put(3 + i, 0, 1, S_BOLD, ">");
		if (i == l->line && c->box == 0)
			screen_cursor(3 + i, 0);
		(void)screen_put(3 + i, 1, BOX_CELLS, i == l->line && c->box == 0 ? S_BOLD : S_PLAIN, line);
	}
}

static void
accounts_paint(struct console *c)
{
	bool	box = screen_cols() >= BOX_MIN_COLS;
	int	col = box ? BOX_CELLS : 0;
	char	head[500], state[400];

	list_state(&c->accounts, state, sizeof state);
	(void)snprintf(head, sizeof head, "Accounts%s%s - %lld%s", c->accounts.group[0] == '\0' ? "" : " of ", c->accounts.group,
	    (long long)c->accounts.matched, state);
	(void)screen_put_raw(1, 1, screen_cols() - 1, S_BOLD, head);
	if (box)
		box_paint(c);
	list_paint(&c->accounts, 2, col, screen_cols() - col, screen_rows() - 6, c->box != 0 || !box);
	if (c->prompt.kind == PROMPT_NONE)
		list_paint_detail(&c->accounts, screen_rows() - 3);
}

/* The box's group becomes the list's; the first action in it leaves "all". */
static void
group_take(struct console *c, bool all)
{
	char	name[65];

	(void)list_value(&c->group_box, "name", name, sizeof name);
	(void)snprintf(c->accounts.group, sizeof c->accounts.group, "%s", all ? "" : name);
	c->accounts.top = 0;
	c->accounts.line = 0;
	c->accounts.selected[0] = '\0';
	list_close(&c->accounts);
	list_open(&c->accounts);
}

static bool
accounts_act(struct console *c, const struct action_row *a)
{
	if (a->action == ACT_NEXT_BOX) {
		c->box = c->box == 0;
		return true;
	}
	if (a->action == ACT_BACK && c->accounts.group[0] != '\0' && c->box != 0) {
		group_take(c, true);
		return true;
	}
	if (c->box == 0 && a->action == ACT_OPEN) {
		group_take(c, false);
		c->box = 1;
		return true;
	}
	if (c->box == 0 && list_act(&c->group_box, a))
		return true;
	return c->box == 0 && a->action != ACT_ADD ? false : record_act(c, &c->accounts, a);
}

/* The details of one account. */

static void
on_details(void *arg, const json_t *m)
{
	struct console	*c = arg;

	if (m == NULL || console_refused(c, m))
		return;
	json_decref(c->details);
	c->details = json_deep_copy(m);
	c->wants_frame = true;
}

static void
account_open(struct console *c)
{
	(void)link_ask(&c->link, json_pack("{s:s, s:s}", "do", "account show", "name", c->account), LINK_ONE, on_details, c, c->now_ms);
}

static int
detail_line(struct console *c, int row, const char *label, const char *value)
{
	(void)c;
	if (row >= screen_rows() - 3)
		return row;
	(void)screen_put(row, 1, LABEL, S_DIM, label);
	(void)screen_put(row, 1 + LABEL, screen_cols() - LABEL - 2, S_PLAIN, value);
	return row + 1;
}

static int
bindings_paint(struct console *c, int row)
{
	json_t	*list = json_object_get(c->details, "registrations"), *r;
	size_t	 i;

	json_array_foreach(list, i, r) {
		char			 label[32], line[500], ip[80], agent[300], when[64];
		const char		*until = json_string_value(json_object_get(r, "registration_expires"));
		const char		*device = json_string_value(json_object_get(r, "device_status"));

		row_text(c, r, "ip_addr", ip, sizeof ip);
		row_text(c, r, "user_agent", agent, sizeof agent);
		(void)snprintf(label, sizeof label, "Binding %zu", i + 1);
		(void)snprintf(line, sizeof line, "%s:%d %s, expires %s%s%s", ip, (int)json_integer_value(json_object_get(r, "port")),
		    json_string_value(json_object_get(r, "transport")), until == NULL ? "" :
		    console_time(c, until, true, false, when, sizeof when), device == NULL ? "" : ", ", device == NULL ? "" : device);
		row = detail_line(c, row, label, line);
		row = detail_line(c, row, "", agent);
	}
	if (json_array_size(list) == 0)
		row = detail_line(c, row, "Bindings", "none: not on line");
	return row;
}

static void
account_paint(struct console *c)
{
	const json_t	*a = json_object_get(c->details, "ok");
	char		 head[300], owner[150], value[700];
	int		 row = 3;

	if (a == NULL) {
		(void)screen_put(1, 1, screen_cols() - 1, S_BOLD, c->account);
		return;
	}
	row_text(c, a, "owner", owner, sizeof owner);
	(void)snprintf(head, sizeof head, "%s%s%s: %s%s", c->account, owner[0] == '\0' ? "" : ", ", owner,
	    json_is_true(json_object_get(a, "enabled")) ? "enabled" : "disabled",
	    json_array_size(json_object_get(c->details, "registrations")) > 0 ? ", on line" : ", not on line");
	(void)screen_put_raw(1, 1, screen_cols() - 1, S_BOLD, head);
	for (size_t i = 0; i < account_kind.n_fields; i++) {
		const struct field	*f = &account_kind.fields[i];
		const json_t		*v = f->name == NULL ? NULL : json_object_get(a, f->name);

		if (v == NULL || (json_is_null(v) && row > screen_rows() - 12))
			continue;
		if (f->type == FT_TIME && json_is_string(v))
			(void)console_time(c, json_string_value(v), true, false, value, sizeof value);
		else
			row_text(c, a, f->name, value, sizeof value);
		if (value[0] != '\0' || (f->flags & FF_COLUMN))
			row = detail_line(c, row, strcmp(f->title, "En") == 0 ? "Enabled" : f->title, value);
	}
	(void)bindings_paint(c, row + 1 < screen_rows() - 5 ? row + 1 : row);
}

static bool
account_act(struct console *c, const struct action_row *a)
{
	const json_t	*record = json_object_get(c->details, "ok");

	switch (a->action) {
	case ACT_REFRESH:
		account_open(c);
		return false;
	case ACT_EDIT:
		account_edit(c, c->account);
		return true;
	case ACT_DELETE:
		account_delete(c, c->account);
		return true;
	case ACT_BLOCK:
		account_block(c, c->account, json_is_true(json_object_get(record, "enabled")));
		return true;
	case ACT_EVENTS_OF:
		events_of(c, c->account);
		return true;
	default:
		return false;
	}
}

const struct pane	pane_accounts = { .bit = P_ACCOUNTS, .place = "Accounts", .open = accounts_open, .close = accounts_close,
	.paint = accounts_paint, .act = accounts_act, .list = accounts };
const struct pane	pane_account = { .bit = P_DETAIL, .place = "Account", .open = account_open, .paint = account_paint,
	.act = account_act };
