/*
 * A form: the FF_FORM rows of a kind, typed or chosen; what the daemon refuses is shown at its field.  It survives a lost daemon.
 */
#ifndef TUI_FORM_H
#define TUI_FORM_H

#include <stdbool.h>

#include <jansson.h>

#include "core/field.h"
#include "tui/editor.h"

struct console;

enum { FORM_FIELDS = 32, FORM_CHOICES = 64, FORM_WHY = 200 };

struct form_field {
	const struct field	*field;
	struct editor		 editor;
	char			 was[EDITOR_MAX];	/* as it was when the form was opened */
	char			 why[FORM_WHY];		/* what is wrong with it */
	bool			 fixed;			/* can't be changed any more */
};

struct form {
	const struct kind	*kind;
	bool			 open, adding;
	char			 name[80];		/* of the record */
	char			 place[96];		/* in the breadcrumb */
	json_int_t		 version;		/* that the edit began from */
	struct form_field	 fields[FORM_FIELDS];
	int			 n, at, top;
	char			 groups[FORM_CHOICES][65];	/* names to choose from */
	int			 n_groups;
	bool			 saving;
};

/* record NULL: a new one, with the group that is looked at. */
void	form_begin(struct console *, const struct kind *, const json_t *record, json_int_t version, const char *group);
bool	form_changed(const struct form *);

#endif
