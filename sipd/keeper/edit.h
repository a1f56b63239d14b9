/*
 * An edit: fields of a record and the texts that they are to have, judged by the field table's rules.  And a
 * fault: why a change is refused, in words for a person and with the field that a form marks.
 */
#ifndef SIPD_KEEPER_EDIT_H
#define SIPD_KEEPER_EDIT_H

#include "core/event.h"
#include "core/field.h"

enum { EDIT_ITEMS = 32, FAULT_TEXT = 640, EDIT_WHAT = EVENT_TEXT - 180 /* bytes of a description */ };

struct edit_item {
	const struct field	*field;
	const char		*text;		/* borrowed */
	const char		*was;		/* borrowed: as the editor saw it; NULL: not said */
	bool			 conflict;	/* found by edit_conflicts() */
};

struct edit {
	struct edit_item	items[EDIT_ITEMS];
	size_t			n;
	uint64_t		version;	/* that the edit began from; 0: not said */
};

struct fault {
	int		 code;
	size_t		 column;	/* of a text at fault, from 1; 0: none */
	const char	*field;			/* its name, static; NULL: none is at fault */
	char		 text[FAULT_TEXT];
};

/* Fills the fault, the text led by the field's name; returns code. */
int	fault_set(struct fault *, int code, const char *field, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Adds a field by name.  ERR_INVALID for one that is unknown or the daemon's own, or over EDIT_ITEMS. */
int	edit_add(struct edit *, const struct kind *, const char *name, const char *text, const char *was, struct fault *);
const struct edit_item *edit_item(const struct edit *, const char *name);	/* NULL if it is not there */

/* Sets the record's fields.  Where it is not being created, a change of a FF_ONCE field is refused, and an empty secret keeps what it is. */
int	edit_apply(const struct edit *, void *record, bool creating, const struct refs *, struct fault *);

/*
 * Marks the items whose field is neither what the editor saw (where he did not say: whose record has another version than he saw) nor
 * what he sets it to: ERR_CONFLICT if there are any.  now: the record as it stands, with its version.
 */
int	edit_conflicts(struct edit *, const void *now, uint64_t version, const struct refs *, struct fault *);

/*
 * "enabled yes -> no, owner "Bo" -> "Bob"": what differs, for the event log; secrets by name only.  Values are cut where it would not
 * fit.  Returns its length, 0: nothing.  And of a new record what is not as usual: "owner "Bob", password set".
 */
size_t	edit_describe(const struct kind *, const void *before, const void *after, const struct refs *, char *buf, size_t size);
size_t	edit_describe_new(const struct kind *, const void *usual, const void *record, const struct refs *, char *buf, size_t size);

#endif
