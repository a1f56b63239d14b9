/*
 * A form on the screen: a draft of a record, its fields typed or chosen; what the daemon refuses is shown at its field, and what somebody
 * else changed meanwhile beside one's own.  It survives a lost daemon.
 */
#ifndef TUI_FORM_H
#define TUI_FORM_H

#include <stdbool.h>

#include <jansson.h>

#include "core/field.h"
#include "tui/draft.h"

struct console;

struct form {
	struct draft	draft;
	bool		open, saving;
	bool		comparing;	/* with what someone else made of it: the clashes fill the screen */
	bool		gone;		/* deleted meanwhile: saving makes it again */
	char		place[96];	/* in the breadcrumb */
	int		top;		/* the first line of it that is shown */
	json_t		*account;	/* that is edited, as the daemon told it last: its device is shown; NULL */
	bool		account_asked;	/* for it, and not answered yet */
	int		early_key, early_at;	/* typed at a choice whose names were not here yet; 0: none */
};

/* record NULL: a new one, with this for its group. */
void	form_begin(struct console *, const struct kind *, const json_t *record, json_int_t version, const char *group);
void	form_preset(struct console *, const char *field, const char *value);	/* of a new one, before anything is typed */
bool	form_changed(const struct form *);
void	form_clear(struct form *);
void	form_paint(struct console *);

#endif
