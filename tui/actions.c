#include "tui/actions.h"

#include <stdio.h>
#include <string.h>

#include "tui/key.h"

const struct action_row	action_rows[] = {
	{ ACT_HELP, "help", "F1 ?", P_ALL & ~P_FORM, 0, "Help", "this list for the current screen" },
	{ ACT_HELP, "help-form", "F1", P_FORM, 0, "Help", "this list for the form" },
	{ ACT_SAVE, "save", "F2", P_FORM, ACT_WRITE, "Save", "store the form" },
	{ ACT_EXPORT, "export", "F2 x", P_LISTS | P_DETAIL | P_MESSAGE | P_TRUNK, 0, "Export", "write what is shown to a file" },
	{ ACT_IMPORT, "import", "I", P_ACCOUNTS, ACT_WRITE, NULL, "make and change accounts from a file of CSV or JSON" },
	{ ACT_BACKUP, "backup", "K", P_VIEWS, ACT_WRITE, NULL, "copy the daemon's store to a file" },
	{ ACT_FIND, "find", "F3 f", P_LISTS, 0, "Find", "go to the first row at or after what is typed" },
	{ ACT_FILTER, "filter", "F4 /", P_LISTS | P_HELP, 0, "Filter", "keep the rows that match, while typing" },
	{ ACT_FILTER_CLEAR, "filter-clear", "\\", P_LISTS | P_HELP, 0, NULL, "drop the filter" },
	{ ACT_REFRESH, "refresh", "F5 C-l C-r", P_ALL, 0, NULL, "ask again and redraw" },
	{ ACT_SORT, "sort", "F6 s", P_LISTS, 0, "Sort", "choose the sort column" },
	{ ACT_SORT_REVERSE, "sort-reverse", "S", P_LISTS, 0, NULL, "turn the order round" },
	{ ACT_SORT_LEFT, "sort-left", "<", P_LISTS, 0, NULL, "sort by the column to the left" },
	{ ACT_SORT_RIGHT, "sort-right", ">", P_LISTS, 0, NULL, "sort by the column to the right" },
	{ ACT_COLUMNS, "columns", "c", P_LISTS, 0, NULL, "choose columns" },
	{ ACT_ADD, "add", "F7 a", P_ACCOUNTS | P_GROUPS | P_PROFILES | P_LICENCES | P_TRUNK_SETUP, ACT_WRITE, "Add", "new record" },
	{ ACT_EDIT, "edit", "e", P_ACCOUNTS | P_GROUPS | P_PROFILES | P_LICENCES | P_DETAIL | P_TRUNK_SETUP | P_TRUNK, ACT_WRITE | ACT_RECORD,
	  NULL, "edit this record" },
	{ ACT_DELETE, "delete", "F8 d", P_REGISTERED | P_ACCOUNTS | P_GROUPS | P_PROFILES | P_LICENCES | P_DETAIL | P_QUEUE |
	  P_MESSAGE | P_TRUNK_SETUP | P_TRUNK | P_CALLS, ACT_WRITE | ACT_ASK | ACT_RECORD, "Delete",
	  "delete this; Registered: drop the binding, Calls: end it, Licences: take it away, Queue: never deliver it" },
	{ ACT_MENU, "menu", "F9 .", P_VIEWS & ~P_HELP, 0, "Menu", "all actions, those for this row first" },
	{ ACT_QUIT, "quit", "F10 C-c", P_ALL, 0, "Quit", "leave the console" },
	{ ACT_BACK, "back", "Esc q", P_VIEWS, 0, NULL, "previous screen; q on Overview leaves" },
	{ ACT_CANCEL, "cancel", "Esc", P_FORM, 0, "Cancel", "leave the form" },
	{ ACT_LAST, "last", "-", P_VIEWS, 0, NULL, "switch between the last two screens" },
	{ ACT_COMMAND, "command", ":", P_VIEWS, 0, NULL, "type an action by name, with completion" },
	{ ACT_SUSPEND, "suspend", "C-z", P_ALL, 0, NULL, "stop; fg comes back" },
	{ ACT_GO_OVERVIEW, "overview", "1", P_VIEWS, 0, NULL, "Overview" },
	{ ACT_GO_REGISTERED, "registered", "2", P_VIEWS, 0, NULL, "Registered Accounts" },
	{ ACT_GO_ACCOUNTS, "accounts", "3", P_VIEWS, 0, NULL, "Accounts" },
	{ ACT_GO_GROUPS, "groups", "4", P_VIEWS, 0, NULL, "Groups" },
	{ ACT_GO_TRUNKS, "trunks", "5", P_VIEWS, 0, NULL, "SIP Trunk status" },
	{ ACT_GO_TRUNK_SETUP, "trunk-setup", "6", P_VIEWS, 0, NULL, "SIP Trunk configuration and test" },
	{ ACT_GO_QUEUE, "queue", "7", P_VIEWS, 0, NULL, "Message Queue" },
	{ ACT_GO_EVENTS, "events", "8", P_VIEWS, 0, NULL, "Events" },
	{ ACT_GO_CALLS, "calls", "9", P_VIEWS, 0, NULL, "Calls now" },
	{ ACT_GO_PROFILES, "profiles", "P", P_VIEWS, 0, NULL, "Profiles" },
	{ ACT_GO_LICENCES, "licences", "L", P_VIEWS, 0, NULL, "Licences" },
	{ ACT_OPEN, "open", "Enter", P_LISTS | P_OVERVIEW | P_TRACE, 0, NULL, "open this row" },
	{ ACT_DOWN, "down", "Down j", P_VIEWS, 0, NULL, "next row" },
	{ ACT_UP, "up", "Up k", P_VIEWS, 0, NULL, "previous row" },
	{ ACT_PAGE_DOWN, "page-down", "PgDn C-f", P_VIEWS, 0, NULL, "next page" },
	{ ACT_PAGE_UP, "page-up", "PgUp C-b", P_VIEWS, 0, NULL, "previous page" },
	{ ACT_HALF_DOWN, "half-down", "C-d", P_VIEWS, 0, NULL, "half a page down" },
	{ ACT_HALF_UP, "half-up", "C-u", P_VIEWS, 0, NULL, "half a page up" },
	{ ACT_FIRST, "first", "Home g", P_VIEWS, 0, NULL, "first row" },
	{ ACT_LAST_ROW, "last-row", "End G", P_VIEWS, 0, NULL, "last row" },
	{ ACT_NEXT_BOX, "next-box", "Tab", P_OVERVIEW | P_ACCOUNTS, 0, NULL, "next box" },
	{ ACT_PAUSE, "pause", "p", P_VIEWS, 0, NULL, "freeze the screen; again to go on" },
	{ ACT_FOLLOW, "follow", "F", P_LISTS, 0, NULL, "stay with this row wherever it moves; on Events: with the newest" },
	{ ACT_TIME_STYLE, "time-style", "t", P_VIEWS, 0, NULL, "times as clock or as age" },
	{ ACT_TIME_ZONE, "time-zone", "z", P_VIEWS, 0, NULL, "local time or UTC" },
	{ ACT_COPY, "copy", "y", P_LISTS | P_DETAIL | P_MESSAGE | P_TRUNK | P_QR | P_RENDERED, 0, NULL, "copy the row, the link or the text to the terminal's clipboard" },
	{ ACT_BLOCK, "block", "b", P_ACCOUNTS | P_DETAIL | P_TRUNK_SETUP | P_TRUNK, ACT_WRITE | ACT_ASK | ACT_RECORD, NULL,
	  "disable or enable the account, or the trunk" },
	{ ACT_ACTIVATE, "activate", "i", P_ACCOUNTS | P_DETAIL, ACT_WRITE | ACT_ASK | ACT_RECORD, NULL,
	  "send its phone an SMS with a link to install and activate, or send it again" },
	{ ACT_QR, "qr", "Q", P_ACCOUNTS | P_DETAIL, ACT_WRITE | ACT_ASK | ACT_RECORD, NULL,
	  "a new link that sets up and activates the account's phone, as a QR code" },
	{ ACT_EVENTS_OF, "events-of", "o", P_REGISTERED | P_ACCOUNTS | P_GROUPS | P_PROFILES | P_LICENCES | P_DETAIL | P_QUEUE | P_MESSAGE |
	  P_TRUNKS | P_TRUNK_SETUP | P_TRUNK | P_CALLS | P_WHY, ACT_RECORD, NULL, "events about this row" },
	{ ACT_MESSAGES_OF, "messages-of", "m", P_REGISTERED | P_ACCOUNTS | P_DETAIL, ACT_RECORD, NULL, "messages that wait for this account" },
	{ ACT_WHY, "why", "w", P_REGISTERED | P_ACCOUNTS | P_DETAIL, ACT_RECORD, NULL, "whether a call or a message would reach this account now, and if not, why" },
	{ ACT_TRACE, "trace", "T", P_REGISTERED | P_ACCOUNTS | P_DETAIL | P_WHY, ACT_WRITE | ACT_RECORD, NULL, "this account's SIP messages as they come and go; Enter shows one" },
	{ ACT_RENDER, "render", "R", P_PROFILES | P_ACCOUNTS | P_DETAIL, ACT_RECORD, NULL,
	  "what the provisioning profile comes to for an account, without its password" },
	{ ACT_RETRY, "retry", "r", P_QUEUE | P_MESSAGE | P_TRUNK_SETUP | P_TRUNK, ACT_WRITE | ACT_RECORD, NULL,
	  "send it again now; or all of its recipient, or all; a trunk: look it up, probe it and register there now" },
	{ ACT_TEST, "test", "v", P_TRUNK_SETUP | P_TEST, ACT_WRITE | ACT_RECORD, NULL, "test the trunk, step by step; its live status stays as it is" },
	{ ACT_WEB_CHECK, "web-check", "v", P_LICENCES | P_OVERVIEW, 0, NULL,
	  "whether the HTTPS service, where clients validate licences, is reached at its public name" },
	{ ACT_TEST_FORM, "test-form", "F6", P_FORM, ACT_WRITE, NULL, "of a trunk: test what stands in the form, saved or not" },
	{ ACT_LICENCE_CLEAR, "licence-clear", "r", P_LICENCES, ACT_WRITE | ACT_ASK | ACT_RECORD, NULL,
	  "free a client that is stuck in CHECKING" },
	{ ACT_NEXT_FIELD, "next-field", "Tab Down Enter", P_FORM, 0, NULL, "next field" },
	{ ACT_PREV_FIELD, "prev-field", "S-Tab Up", P_FORM, 0, NULL, "previous field" },
	{ ACT_CHOICE, "choice", "Space Left Right", P_FORM, 0, NULL, "change a choice; in text a blank, and left and right" },
	{ ACT_LINE_START, "line-start", "Home C-a", P_FORM, 0, NULL, "start of the field" },
	{ ACT_LINE_END, "line-end", "End C-e", P_FORM, 0, NULL, "end of the field" },
	{ ACT_KILL_LINE, "kill-line", "C-u", P_FORM, 0, NULL, "empty the field" },
	{ ACT_KILL_WORD, "kill-word", "C-w", P_FORM, 0, NULL, "delete a word" },
	{ ACT_KILL_END, "kill-end", "C-k", P_FORM, 0, NULL, "delete to the end" },
	{ ACT_CHOICES, "choices", "F9", P_FORM, 0, NULL, "list all that a choice may be" },
	{ ACT_TAKE_THEIRS, "take-theirs", "F4", P_FORM, 0, NULL, "where someone else changed it meanwhile: theirs or yours" },
	{ ACT_LINE_ADD, "line-add", "F7", P_FORM, 0, NULL, "in a list: a new line below; so does Enter" },
	{ ACT_LINE_REMOVE, "line-remove", "F8", P_FORM, 0, NULL, "in a list: take this line away" },
	{ ACT_LINE_UP, "line-up", "PgUp", P_FORM, 0, NULL, "in a list: this line before the one above" },
	{ ACT_LINE_DOWN, "line-down", "PgDn", P_FORM, 0, NULL, "in a list: this line behind the one below" },
};
const size_t	n_action_rows = sizeof action_rows / sizeof action_rows[0];

int
action_keys(const struct action_row *row, int keys[ACTION_KEYS])
{
	int	n = 0;

	for (const char *s = row->keys; *s != '\0' && n < ACTION_KEYS; s += strspn(s, " ")) {
		size_t	len = strcspn(s, " ");

		keys[n++] = key_named(s, len);
		s += len;
	}
	return n;
}

const struct action_row *
action_of_key(int key, unsigned pane)
{
	for (size_t i = 0; i < n_action_rows; i++) {
		int	keys[ACTION_KEYS], n;

		if ((action_rows[i].panes & pane) == 0)
			continue;
		n = action_keys(&action_rows[i], keys);
		for (int k = 0; k < n; k++)
			if (keys[k] == key)
				return &action_rows[i];
	}
	return NULL;
}

const struct action_row *
action_named(const char *name)
{
	for (size_t i = 0; i < n_action_rows; i++)
		if (strcmp(action_rows[i].name, name) == 0)
			return &action_rows[i];
	return NULL;
}

static bool
has_foot(const struct action_row *r, unsigned pane, bool may_write)
{
	return (r->panes & pane) != 0 && r->foot != NULL && ((r->flags & ACT_WRITE) == 0 || may_write);
}

static int
foot_cells(const struct action_row *r)
{
	return (int)(strcspn(r->keys, " ") + strlen(r->foot)) + 2;
}

static bool
is_way_out(const struct action_row *r)
{
	return r->action == ACT_HELP || r->action == ACT_QUIT || r->action == ACT_SAVE || r->action == ACT_CANCEL;
}

void
action_footer(unsigned pane, bool may_write, int cells, char *buf, size_t size)
{
	size_t	at = 0;

	buf[0] = '\0';
	cells++;	/* the blank that the last one does not have */
	for (size_t i = 0; i < n_action_rows; i++)
		if (has_foot(&action_rows[i], pane, may_write) && is_way_out(&action_rows[i]))
			cells -= foot_cells(&action_rows[i]);
	for (size_t i = 0; i < n_action_rows; i++) {
		const struct action_row	*r = &action_rows[i];
		int			 n;

		if (!has_foot(r, pane, may_write) || (!is_way_out(r) && foot_cells(r) > cells))
			continue;
		if (!is_way_out(r))
			cells -= foot_cells(r);
		n = snprintf(buf + at, size - at, "%s%.*s %s", at == 0 ? "" : " ", (int)strcspn(r->keys, " "), r->keys, r->foot);
		if (n < 0 || (size_t)n >= size - at)
			return;
		at += (size_t)n;
	}
}

void
action_letters(unsigned pane, bool may_write, int cells, char *buf, size_t size)
{
	size_t	at = 0;

	buf[0] = '\0';
	if (cells >= 0 && (size_t)cells < size)
		size = (size_t)cells + 1;
	for (size_t i = 0; i < n_action_rows; i++) {
		const struct action_row	*r = &action_rows[i];
		const char		*blank = strrchr(r->keys, ' ');
		int			 n;

		if ((r->panes & pane) == 0 || (r->flags & ACT_RECORD) == 0 || r->foot != NULL || ((r->flags & ACT_WRITE) && !may_write))
			continue;
		n = snprintf(buf + at, size - at, "%s%s %s", at == 0 ? "" : "  ", blank == NULL ? r->keys : blank + 1, r->name);
		if (n > 0 && (size_t)n < size - at)
			at += (size_t)n;
		else
			buf[at] = '\0';
	}
}
