/*
 * Accounts: the groups at the left, the accounts of the one chosen at the right; and the details of one account.
 */
#include <stdio.h>
#include <string.h>

#include "core/account.h"
#include "core/group.h"
#include "core/text.h"
#include "tui/app.h"
#include "tui/devices.h"
#include "tui/records.h"
#include "tui/screen.h"

enum { BOX_CELLS = 17, BOX_MIN_COLS = 72, NAME_CELLS = 9, LABEL = 19, SHORT_LABEL = 11, TAIL_MAX = 7, ROWS_FOR_GAP = 20 };

static bool
has_box(void)
{
	return screen_cols() >= BOX_MIN_COLS;
}

static bool
in_box(const struct console *c)
{
	return c->box == 0 && has_box();
}

static struct list *
accounts(struct console *c)
{
	return &c->accounts;
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
box_line(struct console *c, int row, bool here, const char *name, json_int_t n)
{
	char	line[64];
	int	used;
	size_t	bytes = text_fit(name, NAME_CELLS, &used);

	(void)snprintf(line, sizeof line, "%.*s%*s %5" JSON_INTEGER_FORMAT, (int)bytes, name, NAME_CELLS - used, "", n);
	if (here)
		(void)screen_put(row, 0, 1, S_BOLD, ">");
	if (here && in_box(c))
		screen_cursor(row, 0);
	(void)screen_put(row, 1, BOX_CELLS, here && in_box(c) ? S_BOLD : S_PLAIN, line);
}

static void
box_paint(struct console *c)
{
	struct list	*l = &c->group_box;
	char		 name[GROUP_NAME * 2];

	(void)screen_put(2, 1, BOX_CELLS, S_BOLD, "Group        #");
	box_line(c, 3, c->box_all, "(all)", json_integer_value(json_object_get(c->status, "accounts")));
	list_resize(l, screen_rows() - 7);
	for (int i = 0; i < l->body; i++) {
		const json_t	*row = list_row_at(l, l->top + i);

		if (row == NULL)
			continue;
		row_text(c, row, "name", name, sizeof name);
		box_line(c, 4 + i, !c->box_all && i == l->line, name, json_integer_value(json_object_get(row, "accounts")));
	}
}

static void
accounts_paint(struct console *c)
{
	bool	box = has_box();
	int	col = box ? BOX_CELLS : 0;
	char	head[500], state[400];

	list_state(&c->accounts, state, sizeof state);
	(void)snprintf(head, sizeof head, "Accounts%s%s - %lld%s", c->accounts.group[0] == '\0' ? "" : " of ", c->accounts.group,
	    (long long)c->accounts.matched, state);
	(void)screen_put_raw(1, 1, screen_cols() - 1, S_BOLD, head);
	if (box)
		box_paint(c);
	list_paint(&c->accounts, 2, col, screen_cols() - col, screen_rows() - 6, !in_box(c));
	if (!prompt_at_foot(c))
		list_paint_detail(&c->accounts, screen_rows() - 3);
}

/* The accounts of the group that the box stands on. */
static void
group_take(struct console *c)
{
	char	name[GROUP_NAME];

	(void)list_value(&c->group_box, "name", name, sizeof name);
	accounts_of(c, c->box_all ? "" : name);
}

static bool
box_act(struct console *c, const struct action_row *a)
{
	struct list	*l = &c->group_box;
	bool		 first = l->top + l->line == 0;

	switch (a->action) {
	case ACT_OPEN:
		c->box = 1;
		return true;
	case ACT_FIRST:
		c->box_all = true;
		break;
	case ACT_UP:
		if (first)
			c->box_all = true;
		else if (!list_act(l, a))
			return false;
		break;
	case ACT_DOWN:
	case ACT_PAGE_DOWN:
	case ACT_HALF_DOWN:
	case ACT_LAST_ROW:
		if (c->box_all && l->matched == 0)
			return true;
		if (!(c->box_all && a->action == ACT_DOWN && first) && !list_act(l, a))
			return false;
		c->box_all = false;
		break;
	case ACT_PAGE_UP:
	case ACT_HALF_UP:
		c->box_all = first;
		if (!first && !list_act(l, a))
			return false;
		break;
	default:
		return false;
	}
	group_take(c);
	return true;
}

static bool
accounts_act(struct console *c, const struct action_row *a)
{
	if (a->action == ACT_NEXT_BOX) {
		c->box = in_box(c) ? 1 : 0;
		return true;
	}
	if (a->action == ACT_BACK && c->accounts.group[0] != '\0' && c->n_history == 0) {
		c->box_all = true;
		group_take(c);
		return true;
	}
	if (in_box(c) && box_act(c, a))
		return true;
	return record_act(c, &c->accounts, a);
}

/* The details of one account. */

static void
on_details(void *arg, const json_t *m)
{
	struct console	*c = arg;
	const char	*name = json_string_value(json_object_get(json_object_get(m, "ok"), "username"));

	c->details_asked = false;
	if (m == NULL || console_refused(c, m) || name == NULL || strcmp(name, c->account) != 0)
		return;
	if (json_equal(json_object_get(m, "ok"), json_object_get(c->details, "ok")) &&
	    json_equal(json_object_get(m, "registrations"), json_object_get(c->details, "registrations")))
		return;
	json_decref(c->details);
	c->details = json_deep_copy(m);
	c->wants_frame = true;
}

/* The details are asked for anew as long as they are shown. */
static void
account_open(struct console *c)
{
	if (!c->details_asked)
		c->details_asked = link_ask(&c->link, json_pack("{s:s, s:s}", "do", "account show", "name", c->account), LINK_ONE, on_details,
		    c, c->now_ms) >= 0;
}

/* A line if it is above end; the row below. */
static int
detail_line(int row, int end, int label_cells, const char *label, const char *value)
{
	if (row >= end)
		return row;
	(void)screen_put(row, 1, label_cells, S_DIM, label);
	(void)screen_put(row, 1 + label_cells, screen_cols() - label_cells - 2, S_PLAIN, value);
	return row + 1;
}

/* A sentence, on as many lines as it takes; the row below. */
static int
detail_sentence(int row, int end, const char *label, const char *text)
{
	while (text[0] != '\0' && row < end) {
		int	used, cells = screen_cols() - LABEL - 2;
		size_t	n = text_fit(text, cells, &used), blank = n;
		char	line[700];

		while (text[n] != '\0' && blank > 0 && text[blank] != ' ')
			blank--;
		n = blank > 0 ? blank : n > 0 ? n : strlen(text);
		(void)snprintf(line, sizeof line, "%.*s", (int)n, text);
		row = detail_line(row, end, LABEL, label, line);
		label = "";
		text += n + strspn(text + n, " ");
	}
	return row;
}

static void
binding_text(const struct console *c, const json_t *r, char *buf, size_t size)
{
	char		 ip[80], when[64], transport[16];
	const char	*until = json_string_value(json_object_get(r, "registration_expires"));
	bool		 six;

	row_text(c, r, "ip_addr", ip, sizeof ip);
	row_text(c, r, "transport", transport, sizeof transport);
	six = strchr(ip, ':') != NULL;
	(void)snprintf(buf, size, "%s%s%s:%d %s, expires %s", six ? "[" : "", ip, six ? "]" : "",
	    (int)json_integer_value(json_object_get(r, "port")), transport,
	    until == NULL ? "" : console_time(c, until, true, false, when, sizeof when));
}

static int
bindings_paint(struct console *c, int row, int end)
{
	json_t	*list = json_object_get(c->details, "registrations"), *r;
	size_t	 i;

	json_array_foreach(list, i, r) {
		char	label[32], line[300], agent[700];

		(void)snprintf(label, sizeof label, "Binding %zu", i + 1);
		binding_text(c, r, line, sizeof line);
		row_text(c, r, "user_agent", agent, sizeof agent);
		row = detail_line(row, end, SHORT_LABEL, label, line);
		if (agent[0] != '\0')
			row = detail_line(row, end, SHORT_LABEL, "", agent);
		device_probe_text(c, r, line, sizeof line);
		if (line[0] != '\0')
			row = detail_line(row, end, SHORT_LABEL, "", line);
		row_text(c, r, "_elsewhere", line, sizeof line);
		if (line[0] != '\0')
			row = detail_line(row, end, SHORT_LABEL, "", line);
	}
	return json_array_size(list) > 0 ? row : detail_line(row, end, SHORT_LABEL, "Bindings", "none: not registered");
}

/* "2 messages for alice (m)" */
static int
messages_paint(struct console *c, int row, int end)
{
	json_int_t	n = json_integer_value(json_object_get(json_object_get(c->details, "ok"), "_messages"));
	char		text[160];

	(void)snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT " message%s for %.64s%s", n, n == 1 ? "" : "s", c->account, n == 0 ? "" : " (m)");
	return detail_line(row, end, SHORT_LABEL, "Queue", text);
}

/* How many lines are kept for what stands below the fields: bindings, not all of them where they are many, and messages. */
static int
tail_lines(const struct console *c)
{
	size_t	bindings = json_array_size(json_object_get(c->details, "registrations"));
	int	lines = (bindings == 0 ? 1 : 3 * (int)bindings) + 1 + (screen_rows() >= ROWS_FOR_GAP);

	return lines > TAIL_MAX ? TAIL_MAX : lines;
}

/* "alice, Alice Rossi: enabled, + OK 38 ms" */
static void
account_head(struct console *c, const json_t *a)
{
	const json_t		*first = json_array_get(json_object_get(c->details, "registrations"), 0);
	char			 head[600], owner[400], status[64];
	const struct glyph	*g = device_status_text(a, sizeof status, status, sizeof status);

	row_text(c, a, "owner", owner, sizeof owner);
	(void)snprintf(head, sizeof head, "%s%s%s: %s, %s%s%s", c->account, owner[0] == '\0' ? "" : ", ", owner,
	    json_is_true(json_object_get(a, "enabled")) ? "enabled" : "disabled", g == NULL ? "" : g->glyph, g == NULL ? "" : " ",
	    g != NULL ? status : first != NULL ? "registered" : "not registered");
	(void)screen_put_raw(1, 1, screen_cols() - 1, S_BOLD, head);
}

/* What stands in the heading, or in the sentence about the last SMS, is no line of its own. */
static bool
is_elsewhere(const struct field *f)
{
	return strcmp(f->name, "device_status") == 0 || strcmp(f->name, "latency_ms") == 0 || strcmp(f->name, "sms_state") == 0;
}

static void
account_paint(struct console *c)
{
	const json_t	*a = json_object_get(c->details, "ok");
	char		 value[700];
	int		 row = 3, end = screen_rows() - 3, fields_end = end - tail_lines(c);

	if (a == NULL) {
		(void)screen_put(1, 1, screen_cols() - 1, S_BOLD, c->account);
		return;
	}
	account_head(c, a);
	for (size_t i = 0; i < account_kind.n_fields; i++) {
		const struct field	*f = &account_kind.fields[i];
		const json_t		*v = f->name == NULL ? NULL : json_object_get(a, f->name);

		if (v == NULL || is_elsewhere(f) || (json_is_null(v) && row > screen_rows() - 12))
			continue;
		if (f->type == FT_TIME && json_is_string(v))
			(void)console_time(c, json_string_value(v), true, false, value, sizeof value);
		else
			row_text(c, a, f->name, value, sizeof value);
		if (strcmp(f->name, "sms") == 0)
			row = detail_sentence(row, fields_end, f->title, value);
		else if (value[0] != '\0' || (f->flags & FF_COLUMN))
			row = detail_line(row, fields_end, LABEL, strcmp(f->title, "En") == 0 ? "Enabled" : f->title, value);
	}
	row = bindings_paint(c, row + (screen_rows() >= ROWS_FOR_GAP), end - 1);
	(void)messages_paint(c, row, end);
	action_letters(P_DETAIL, c->link.may_write, screen_cols() - 2, value, sizeof value);
	if (!prompt_at_foot(c))
		(void)screen_put(screen_rows() - 3, 1, screen_cols() - 1, S_DIM, value);
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
	case ACT_ACTIVATE:
		account_activate(c, record);
		return true;
	case ACT_EVENTS_OF:
		events_of(c, c->account);
		return true;
	case ACT_MESSAGES_OF:
		messages_of(c, c->account);
		return true;
	case ACT_WHY:
		why_show(c, c->account);
		return true;
	case ACT_TRACE:
		trace_show(c, c->account);
		return true;
	case ACT_QR:
		account_qr(c, c->account);
		return true;
	case ACT_RENDER:
		account_render(c, c->account);
		return true;
	default:
		return false;
	}
}

static const char *
accounts_what(const struct console *c)
{
	return c->accounts.group;
}

static const char *
account_what(const struct console *c)
{
	return c->account;
}

const struct pane	pane_accounts = { .bit = P_ACCOUNTS, .place = "Accounts", .what = accounts_what,
	.open = accounts_open, .close = accounts_close,
	.paint = accounts_paint, .act = accounts_act, .list = accounts };
const struct pane	pane_account = { .bit = P_DETAIL, .place = "", .what = account_what,
	.open = account_open, .tick = account_open, .paint = account_paint,
	.act = account_act };
