/*
 * Records that an operator makes and calls by a name: groups, profiles, trunks.  What they have in common stands here once: found by
 * name, judged by the field table, stored with their count, each change with its event, edits that see each other.  What is different
 * stands in a row of each kind's own module.
 */
#ifndef SIPD_KEEPER_NAMED_H
#define SIPD_KEEPER_NAMED_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/group.h"
#include "core/profile.h"
#include "core/trunk.h"
#include "db/store.h"
#include "sipd/keeper/edit.h"

struct keeper;

struct named {
	const struct kind	*kind;
	const char		*counter;	/* of how many there are: "groups" */
	size_t			 id, version, created_at, updated_at;	/* by NAMED_AT() */
	void			(*defaults)(void *record);	/* NULL: all of it is empty */
	/* What the field table can't say; may set what follows from other fields.  0, or the fault.  NULL: nothing. */
	int			(*check)(struct keeper *, const struct edit *, void *record, struct fault *);
	int			(*may_delete)(struct keeper *, const void *record, struct fault *);	/* NULL: always */
	json_t			*(*goes_with)(struct keeper *, const void *record);	/* how many of what when it is deleted; NULL */
	void			(*complete)(struct keeper *, void *record);		/* what is computed when shown; NULL */
	void			(*tell)(struct keeper *, const void *record, json_t *ok);	/* beside the fields in `show`; NULL */
};

#define NAMED_AT(record)									\
	.id = offsetof(struct record, id), .version = offsetof(struct record, version),		\
	.created_at = offsetof(struct record, created_at), .updated_at = offsetof(struct record, updated_at)

union named_record {
	struct group	group;
	struct profile	profile;
	struct trunk	trunk;
};

const struct named *named_of(const char *kind);		/* NULL if there is none */
uint64_t named_version(const struct named *, const void *record);

int	named_find(struct keeper *, const struct named *, const char *name, void *record);	/* 0, ERR_NOT_FOUND, ERR_CORRUPT */

/*
 * Each adds a change with its event to a transaction that the caller commits, or fills the fault and adds nothing.
 * add: record becomes what it will be.  set: record as found becomes what it will be; where nothing differs nothing is added, *changed
 * tells.  delete: txn NULL only judges.
 */
int	named_add(struct keeper *, const struct named *, struct txn *, const char *operator, const char *name, const struct edit *,
	    void *record, struct fault *);
int	named_set(struct keeper *, const struct named *, struct txn *, const char *operator, struct edit *, void *record,
	    bool *changed, struct fault *);
int	named_delete(struct keeper *, const struct named *, struct txn *, const char *operator, const void *record, struct fault *);

#endif
