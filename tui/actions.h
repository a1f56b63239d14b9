/*
 * What a person can do: one row an action.  Footers, help, the palette, menus and the manual read this table; panes act on its names.
 */
#ifndef TUI_ACTIONS_H
#define TUI_ACTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum pane_bit {
	P_OVERVIEW = 1 << 0, P_REGISTERED = 1 << 1, P_ACCOUNTS = 1 << 2, P_GROUPS = 1 << 3, P_EVENTS = 1 << 4, P_DETAIL = 1 << 5,
	P_FORM = 1 << 6, P_HELP = 1 << 7, P_PROFILES = 1 << 8, P_LICENCES = 1 << 9,
	P_QUEUE = 1 << 10, P_MESSAGE = 1 << 11, P_TRUNKS = 1 << 12, P_TRUNK_SETUP = 1 << 13, P_TRUNK = 1 << 14, P_TEST = 1 << 15, P_CALLS = 1 << 16, P_WHY = 1 << 17,
	P_QR = 1 << 18, P_RENDERED = 1 << 19, P_TRACE = 1 << 20,
};

enum {
	P_LISTS = P_REGISTERED | P_ACCOUNTS | P_GROUPS | P_EVENTS | P_PROFILES | P_LICENCES | P_QUEUE |
	    P_TRUNKS | P_TRUNK_SETUP | P_CALLS,
	P_VIEWS = P_LISTS | P_OVERVIEW | P_DETAIL | P_MESSAGE | P_TRUNK | P_TEST | P_WHY | P_HELP | P_QR | P_RENDERED | P_TRACE,
	P_ALL = P_VIEWS | P_FORM,
};

enum action {
	ACT_NONE, ACT_HELP, ACT_SAVE, ACT_EXPORT, ACT_IMPORT, ACT_BACKUP, ACT_FIND, ACT_FILTER, ACT_FILTER_CLEAR, ACT_REFRESH, ACT_SORT, ACT_SORT_REVERSE,
	ACT_SORT_LEFT, ACT_SORT_RIGHT, ACT_COLUMNS, ACT_ADD, ACT_EDIT, ACT_DELETE, ACT_MENU, ACT_QUIT, ACT_BACK, ACT_CANCEL, ACT_LAST,
	ACT_COMMAND, ACT_SUSPEND, ACT_GO_OVERVIEW, ACT_GO_REGISTERED, ACT_GO_ACCOUNTS, ACT_GO_GROUPS, ACT_GO_TRUNKS, ACT_GO_TRUNK_SETUP, ACT_GO_QUEUE, ACT_GO_EVENTS, ACT_GO_CALLS, ACT_GO_PROFILES, ACT_GO_LICENCES, ACT_OPEN, ACT_DOWN,
	ACT_UP, ACT_PAGE_DOWN, ACT_PAGE_UP, ACT_HALF_DOWN, ACT_HALF_UP, ACT_FIRST, ACT_LAST_ROW, ACT_NEXT_BOX, ACT_PAUSE, ACT_FOLLOW,
	ACT_TIME_STYLE, ACT_TIME_ZONE, ACT_COPY, ACT_EVENTS_OF, ACT_MESSAGES_OF, ACT_WHY, ACT_TRACE, ACT_RETRY, ACT_BLOCK, ACT_ACTIVATE, ACT_LICENCE_CLEAR, ACT_TEST, ACT_TEST_FORM, ACT_NEXT_FIELD, ACT_PREV_FIELD, ACT_CHOICE, ACT_LINE_START,
	ACT_LINE_END, ACT_KILL_LINE, ACT_KILL_WORD, ACT_KILL_END, ACT_CHOICES, ACT_TAKE_THEIRS, ACT_LINE_ADD, ACT_LINE_REMOVE,
	ACT_LINE_UP, ACT_LINE_DOWN, ACT_QR, ACT_RENDER, ACT_WEB_CHECK,
};

enum action_flag { ACT_WRITE = 1 << 0, ACT_ASK = 1 << 1, ACT_RECORD = 1 << 2 };	/* changes something; asks before; is done to a record */

struct action_row {
	enum action	 action;
	const char	*name;		/* in the palette and the manual */
	const char	*keys;		/* separated by blanks; the first one stands in footers */
	unsigned	 panes;		/* enum pane_bit */
	unsigned	 flags;
	const char	*foot;		/* its word in footers; NULL: not there */
	const char	*help;
};

extern const struct action_row	action_rows[];
extern const size_t		n_action_rows;

enum { ACTION_KEYS = 6 };

/* The action of a key on a pane, ACT_NONE if it has none there. */
const struct action_row *action_of_key(int key, unsigned pane);
const struct action_row *action_named(const char *name);
/* "F1 Help F2 Export …" of a pane in so many cells: the ways out first; without the writing ones where may_write is false. */
void	action_footer(unsigned pane, bool may_write, int cells, char *buf, size_t size);
/* "e edit  b block …": what is done to the one record that a pane shows and the footer does not name, as much of it as there are cells for. */
void	action_letters(unsigned pane, bool may_write, int cells, char *buf, size_t size);
/* The keys of a row: how many; each in keys[]. */
int	action_keys(const struct action_row *, int keys[ACTION_KEYS]);

#endif
