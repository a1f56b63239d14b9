/*
 * What a person does to a record from any list: edit, delete, disable, look at its events.
 */
#ifndef TUI_RECORDS_H
#define TUI_RECORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "tui/app.h"

/* Takes note of what is asked about.  false: that can't be done now, and it was said why. */
bool	record_ask_about(struct console *, const char *noun, const char *name);

/* Acts on the selected row of a list by its kind.  false: not such an action. */
bool	record_act(struct console *, struct list *, const struct action_row *);

void	accounts_of(struct console *, const char *group);	/* Accounts shows this group's; "" all */
void	account_show(struct console *, const char *username);	/* opens the details */
void	trunk_show(struct console *, const char *name);
/* What is done to one trunk, that of these details or of a row.  false: nothing such. */
bool	trunk_act(struct console *, const char *name, const json_t *trunk, const struct action_row *);
void	account_block(struct console *, const char *username, bool enabled);	/* asks, then disables or enables */
void	account_activate(struct console *, const json_t *account);	/* asks, then sends the installation SMS */
void	account_delete(struct console *, const char *username);
void	account_qr(struct console *, const char *username);	/* asks, then shows its link as a QR code */
void	service_check(struct console *);	/* whether the HTTPS service is reached at its public name */
void	account_render(struct console *, const char *username);	/* shows what its profile comes to */
void	profile_render(struct console *, const char *name);	/* for an account that is asked for */
void	account_edit(struct console *, const char *username);
void	event_open(struct console *, struct list *);	/* what the selected event is about */
void	messages_of(struct console *, const char *username);	/* the queue, of those that wait for it */
void	events_like(struct console *, const char *filter);
void	events_of(struct console *, const char *subject);

void	message_show(struct console *, const char *id);

/* What is done to one message, that of these details or of a row. */
bool	message_act(struct console *, const json_t *message, const struct action_row *);

/* The record that a pane of details shows, and its kind. */
const json_t *record_shown(const struct console *, const struct kind **);

/* A pane that is one list: heading and its state, and rows; so many lines stay free for the selected one's details. */
void	list_pane_paint(struct list *, const char *heading, int details);
/* "   filter: …   SORT HELD": what follows a list's heading. */
void	list_state(const struct list *, char *buf, size_t size);

/* Calls: its duration goes on by itself. */
void	calls_list_init(struct list *, struct console *);

#endif
