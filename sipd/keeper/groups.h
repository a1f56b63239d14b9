/*
 * The rules of groups (product A1).  Each function adds a change with its event to a transaction that the
 * caller commits, or fills the fault and adds nothing.
 */
#ifndef SIPD_KEEPER_GROUPS_H
#define SIPD_KEEPER_GROUPS_H

#include "core/group.h"
#include "db/store.h"
#include "sipd/keeper/edit.h"

struct keeper;

int	groups_find(struct keeper *, const char *name, struct group *);		/* 0, ERR_NOT_FOUND, ERR_CORRUPT */
void	groups_count(struct keeper *, struct group *);				/* fills what is computed when shown */

/* name: of the new group.  Fills the group as it will be. */
int	groups_add(struct keeper *, struct txn *, const char *operator, const char *name, const struct edit *,
    struct group *, struct fault *);
/* group: as found; becomes what it will be.  Nothing is added to txn where nothing differs: *changed tells. */
int	groups_set(struct keeper *, struct txn *, const char *operator, struct edit *, struct group *,
    bool *changed, struct fault *);
/* Refused while it holds accounts.  txn NULL: only judges. */
int	groups_delete(struct keeper *, struct txn *, const char *operator, const struct group *, struct fault *);

/* "group/7/accounts": the counter's name. */
const char *groups_counter(uint64_t id, const char *what, char buf[64]);

#endif
