/*
 * A draft of a record: what a form holds, without screen or daemon.  Its fields are the FF_FORM rows of the kind; a field is a line, a
 * choice or a list of lines.  What is wrong stands at its field: found here by the field's own rules, or answered by the daemon.
 */
#ifndef TUI_DRAFT_H
#define TUI_DRAFT_H

#include <stdbool.h>

#include <jansson.h>

#include "core/field.h"
#include "tui/editor.h"

enum { DRAFT_FIELDS = 40, DRAFT_WHY = 240, DRAFT_NAME = 130, DRAFT_NAMES_MAX = 20000 };

struct draft_field {
	const struct field	*field;
	struct editor		 editor;
	char			 was[EDITOR_MAX];	/* in the record that the draft began from */
	char			 why[DRAFT_WHY];	/* what is wrong with it, */
	int			 why_line;		/* in which line of a list */
	bool			 fixed;			/* can't be changed any more */
	bool			 again;			/* the password's second line */
	bool			 clash, theirs;		/* someone else changed it meanwhile; theirs was chosen */
	char			 yours[EDITOR_MAX], now[EDITOR_MAX];	/* of a clash */
	char			(*names)[DRAFT_NAME];	/* what a reference may be, in the order in which it came */
	int			 n_names, names_size;
	bool			 asked;			/* for them */
	bool			 listed;	/* all of them are here */
};

struct draft {
	const struct kind	*kind;
	bool			 adding;
	char			 name[DRAFT_NAME];	/* of the record */
	json_int_t		 version;		/* that it began from */
	struct draft_field	 fields[DRAFT_FIELDS];
	int			 n, at;			/* at: the field with the cursor */
};

/* record NULL: a new one, with this for its group. */
void	draft_begin(struct draft *, const struct kind *, const json_t *record, json_int_t version, const char *group);
void	draft_clear(struct draft *);			/* nothing of it stays in memory */
bool	draft_changed(const struct draft *);
bool	draft_field_changed(const struct draft *, int i);
int	draft_find(const struct draft *, const char *field);	/* -1: not in this form */
void	draft_set(struct draft *, int i, const char *text);
size_t	draft_value(const struct draft *, int i, char buf[EDITOR_MAX]);	/* as it is stored; its length */
bool	draft_is_choice(const struct draft *, int i);
bool	draft_is_shown(const struct draft *, int i);
bool	draft_takes_text(const struct draft *, int i);
void	draft_move(struct draft *, int step);		/* to the next field that can be changed; the one that is left is looked at */

/* Choices. */
int	draft_choices(const struct draft *, int i);	/* how many */
const char *draft_choice(const struct draft *, int i, int choice);
const char *draft_nothing(const struct draft *, int i);	/* what no choice is called: "(the group's)" */
void	draft_name_add(struct draft *, int i, const char *name);	/* a reference may be that */
bool	draft_choose(struct draft *, int step);		/* of the field with the cursor; false: there is none */
bool	draft_choose_letter(struct draft *, uint32_t letter);	/* the next one that begins so */

/* The field's own rules: false, and why in it.  all: also what may not be empty; the cursor goes to the first that is wrong. */
bool	draft_check(struct draft *, int i);
bool	draft_check_all(struct draft *);

/* What the daemon is asked, to be released; and what it answers. */
json_t	*draft_request(struct draft *);
bool	draft_refused(struct draft *, const json_t *error);	/* true: it names a field, and the cursor is there */
int	draft_conflict(struct draft *, const json_t *fields);	/* "conflict": how many clash */
void	draft_refresh(struct draft *, const json_t *record, json_int_t version);	/* what was not changed here is as it is now */
void	draft_take(struct draft *, int i, bool theirs);		/* of a clash */
void	draft_gone(struct draft *);				/* it was deleted: saving makes it again */

#endif
