#include "tui/common.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/export.h"
#include "tui/backup.h"
#include "tui/import.h"
#include "tui/palette.h"
#include "tui/records.h"
#include "tui/screen.h"
#include "tui/search.h"
#include "tui/table.h"

static const struct {
	enum action		 action;
	const struct pane	*pane;
} places[] = {
	{ ACT_GO_OVERVIEW, &pane_overview }, { ACT_GO_REGISTERED, &pane_registered }, { ACT_GO_ACCOUNTS, &pane_accounts },
	{ ACT_GO_GROUPS, &pane_groups }, { ACT_GO_TRUNKS, &pane_trunks }, { ACT_GO_TRUNK_SETUP, &pane_trunk_setup }, { ACT_GO_QUEUE, &pane_queue }, { ACT_GO_EVENTS, &pane_events }, { ACT_GO_CALLS, &pane_calls },
	{ ACT_GO_PROFILES, &pane_profiles }, { ACT_GO_LICENCES, &pane_licences },
};

static struct list *
list_of(struct console *c)
{
	return c->pane->list == NULL ? NULL : c->pane->list(c);
}

static bool
usable(struct console *c, const struct action_row *a)
{
	return (a->panes & c->pane->bit) != 0 && ((a->flags & ACT_WRITE) == 0 || c->link.may_write);
}

/* Where an action stands in the menu: what is done to the row comes before all else, and nothing that changes it first. */
static int
menu_rank(const struct action_row *a)
{
	return a->action == ACT_OPEN ? 0 : (a->flags & ACT_RECORD) ? 1 : 2;
}

/* The n-th action of the menu; NULL at the end. */
static const struct action_row *
menu_row(struct console *c, int n)
{
	for (int rank = 0; rank <= 2; rank++)
		for (size_t i = 0; i < n_action_rows; i++) {
			const struct action_row	*a = &action_rows[i];

			if (menu_rank(a) == rank && usable(c, a) && a->action != ACT_MENU && n-- == 0)
				return a;
		}
	return NULL;
}

static void
menu_done(struct console *c, const char *text)
{
	const struct action_row	*a = menu_row(c, atoi(text));

	if (a != NULL)
		common_perform(c, a);
}

static void
menu(struct console *c)
{
	const struct action_row	*a;
	char			 line[MENU_TEXT];

	prompt_menu(c, "What to do", menu_done);
	for (int n = 0; (a = menu_row(c, n)) != NULL; n++) {
		(void)snprintf(line, sizeof line, "%-14s %s", a->keys, a->help);
		prompt_item(c, false, line);
	}
}

static void
sort_done(struct console *c, const char *text)
{
	struct list	*l = list_of(c);
	int		 n = atoi(text);

	for (size_t i = 0; l != NULL && i < l->kind->n_fields; i++) {
		if (!list_has_column(l, &l->kind->fields[i]) || n-- > 0)
			continue;
		list_set_sort(l, l->kind->fields[i].name);
		return;
	}
}

static void
columns_done(struct console *c, const char *text)
{
	struct list	*l = list_of(c);
	int		 n = atoi(text);

	for (size_t i = 0; l != NULL && i < l->kind->n_fields && i < 64; i++) {
		if (!list_has_column(l, &l->kind->fields[i]) || n-- > 0)
			continue;
		l->hidden ^= (uint64_t)1 << i;
		return;
	}
}

static void
column_menu(struct console *c, const char *title, bool sorting)
{
	struct list	*l = list_of(c);

	if (l == NULL)
		return;
	prompt_menu(c, title, sorting ? sort_done : columns_done);
	for (size_t i = 0; i < l->kind->n_fields && i < 64; i++) {
		const struct field	*f = &l->kind->fields[i];

		if (list_has_column(l, f))
			prompt_item(c, sorting ? strcmp(f->name, l->sort) == 0 : (l->hidden >> i & 1) == 0, f->title);
	}
}

static void
find_done(struct console *c, const char *text)
{
	struct list	*l = list_of(c);

	if (l != NULL && text[0] != '\0')
		list_find(l, text);
}

static void
copy(struct console *c)
{
	struct list		*l = list_of(c);
	const struct kind	*k;
	const json_t		*row = l == NULL ? record_shown(c, &k) : list_row(l);
	char			*text = row == NULL ? NULL : json_dumps(row, JSON_COMPACT);

	if (text != NULL)
		console_say(c, false, "%zu bytes copied to the terminal's clipboard", screen_copy(text));
	free(text);
}

static void
quit_done(struct console *c, const char *text)
{
	(void)text;
	c->quit = true;
}

static void
quit(struct console *c)
{
	if (form_changed(&c->form))
		(void)prompt_yes(c, "Leave the console without saving the form? y", NULL, quit_done);
	else
		c->quit = true;
}

static void
back(struct console *c)
{
	if (c->n_history > 0)
		console_back(c);
	else if (c->pane == &pane_overview)
		console_say(c, false, "q or F10 leaves");
	else
		console_go(c, &pane_overview);
}

static void
common_act(struct console *c, const struct action_row *a)
{
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		if (places[i].action == a->action) {
			console_go(c, places[i].pane);
			return;
		}
	}
	switch (a->action) {
	case ACT_HELP:
		c->help_of = c->pane;
		c->help_at = 0;
		c->help_filter[0] = '\0';
		console_enter(c, &pane_help);
		break;
	case ACT_QUIT: quit(c); break;
	case ACT_BACK: back(c); break;
	case ACT_LAST:
		if (c->last != NULL)
			console_go(c, c->last);
		break;
	case ACT_REFRESH: c->redraw = true; break;
	case ACT_SUSPEND: screen_suspend(); break;
	case ACT_MENU: menu(c); break;
	case ACT_SORT: column_menu(c, "Sort by", true); break;
	case ACT_COLUMNS: column_menu(c, "Columns (* shown)", false); break;
	case ACT_FILTER:
		if (list_of(c) != NULL)
			search_open(c, list_of(c));
		break;
	case ACT_FIND: (void)prompt_line(c, "Find:", "", NULL, find_done); break;
	case ACT_COMMAND: palette_open(c); break;
	case ACT_EXPORT: export_ask(c); break;
	case ACT_IMPORT: import_ask(c); break;
	case ACT_BACKUP: backup_ask(c); break;
	case ACT_COPY: copy(c); break;
	case ACT_PAUSE:
		c->paused = !c->paused;
		break;
	case ACT_TIME_STYLE: c->ages = !c->ages; break;
	case ACT_TIME_ZONE: c->utc = !c->utc; break;
	default: break;
	}
}

void
common_perform(struct console *c, const struct action_row *a)
{
	struct list	*l;

	if ((a->flags & ACT_WRITE) && !console_may_write(c))
		return;
	if (c->pane->act != NULL && c->pane->act(c, a))
		return;
	if ((l = list_of(c)) != NULL && list_act(l, a))
		return;
	common_act(c, a);
}
