/*
 * The panes that are one live list: Registered, Groups.
 */
#include <stdio.h>
#include <string.h>

#include "core/binding.h"
#include "core/group.h"
#include "tui/app.h"
#include "tui/devices.h"
#include "tui/records.h"
#include "tui/screen.h"

static struct list *
registered(struct console *c)
{
	return &c->registered;
}

static struct list *
groups(struct console *c)
{
	return &c->groups;
}

static void
registered_open(struct console *c)
{
	list_open(&c->registered);
}

static void
registered_close(struct console *c)
{
	list_close(&c->registered);
}

/* What follows a heading: the filter, how many match, what the list is doing. */
void
list_state(const struct list *l, char *buf, size_t size)
{
	int	at = 0;

	buf[0] = '\0';
	if (l->filter[0] != '\0')
		at = snprintf(buf, size, "   filter: %s   (%lld)", l->filter, (long long)l->matched);
	if (l->sorting && at >= 0 && (size_t)at < size)
		at += snprintf(buf + at, size - (size_t)at, "   SORTING %d %%", (int)(l->done * 100));
	if (l->held != NULL && at >= 0 && (size_t)at < size)
		at += snprintf(buf + at, size - (size_t)at, "   SORT HELD");
	if (l->follow && at >= 0 && (size_t)at < size)
		(void)snprintf(buf + at, size - (size_t)at, "   FOLLOW");
}

void
list_pane_paint(struct list *l, const char *heading, int details)
{
	char	state[400], head[600];

	list_state(l, state, sizeof state);
	(void)snprintf(head, sizeof head, "%s%s", heading, state);
	(void)screen_put_raw(1, 1, screen_cols() - 1, S_BOLD, head);
	list_paint(l, 2, 0, screen_cols(), screen_rows() - 5 - details, true);
}

static void
plain_paint(struct console *c, struct list *l, const char *heading)
{
	list_pane_paint(l, heading, 1);
	if (!prompt_at_foot(c))
		list_paint_detail(l, screen_rows() - 3);
}

/* "alice  OK 38 ms, last answer 13:58:41 (3 min 26 s ago), next probe in 4 s" of the selected row. */
static void
probe_paint(struct console *c, int row)
{
	const json_t	*r = list_row(&c->registered);
	char		 name[3 * ACCOUNT_USERNAME], probe[DEVICE_TEXT], line[sizeof name + sizeof probe + 2];

	if (r == NULL)
		return;
	row_text(c, r, "username", name, sizeof name);
	device_probe_text(c, r, probe, sizeof probe);
	(void)snprintf(line, sizeof line, "%s  %s", name, probe[0] == '\0' ? "no status" : probe);
	(void)screen_put_raw(row, 1, screen_cols() - 1, S_PLAIN, line);
}

static void
registered_paint(struct console *c)
{
	bool	probes = screen_rows() >= DEVICE_LINE_ROWS;
	char	head[120];

	(void)snprintf(head, sizeof head, "Registered Accounts - %lld registered user%s", (long long)c->registered.users,
	    c->registered.users == 1 ? "" : "s");
	list_pane_paint(&c->registered, head, probes ? 2 : 1);
	if (prompt_at_foot(c))
		return;
	if (probes)
		probe_paint(c, screen_rows() - 4);
	list_paint_detail(&c->registered, screen_rows() - 3);
}

static bool
registered_act(struct console *c, const struct action_row *a)
{
	char	name[ACCOUNT_USERNAME];

	if (a->action == ACT_OPEN && list_value(&c->registered, "username", name, sizeof name)[0] != '\0') {
		account_show(c, name);
		return true;
	}
	return record_act(c, &c->registered, a);
}

static void
groups_open(struct console *c)
{
	list_open(&c->groups);
}

static void
groups_close(struct console *c)
{
	list_close(&c->groups);
}

static void
groups_paint(struct console *c)
{
	char	head[120];

	(void)snprintf(head, sizeof head, "Groups - %lld group%s", (long long)c->groups.total, c->groups.total == 1 ? "" : "s");
	plain_paint(c, &c->groups, head);
}

static bool
groups_act(struct console *c, const struct action_row *a)
{
	char	name[GROUP_NAME];

	if (a->action == ACT_OPEN && list_value(&c->groups, "name", name, sizeof name)[0] != '\0') {
		accounts_of(c, name);
		(void)snprintf(c->group_box.selected, sizeof c->group_box.selected, "%s", c->groups.selected);
		c->box_all = false;
		c->box = 1;
		console_enter(c, &pane_accounts);
		return true;
	}
	return record_act(c, &c->groups, a);
}

const struct pane	pane_registered = { .bit = P_REGISTERED, .place = "Registered", .open = registered_open,
	.close = registered_close, .paint = registered_paint, .act = registered_act, .list = registered };
const struct pane	pane_groups = { .bit = P_GROUPS, .place = "Groups", .open = groups_open, .close = groups_close,
	.paint = groups_paint, .act = groups_act, .list = groups };
