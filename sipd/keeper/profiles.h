/*
 * The rules of profiles (product H4).  Each function adds a change with its event to a transaction that the caller commits, or fills
 * the fault and adds nothing.
 */
#ifndef SIPD_KEEPER_PROFILES_H
#define SIPD_KEEPER_PROFILES_H

#include "core/profile.h"
#include "db/store.h"
#include "sipd/keeper/edit.h"

struct keeper;

int	profiles_find(struct keeper *, const char *name, struct profile *);	/* 0, ERR_NOT_FOUND, ERR_CORRUPT */

/* name: of the new profile.  Fills the profile as it will be. */
int	profiles_add(struct keeper *, struct txn *, const char *operator, const char *name, const struct edit *,
    struct profile *, struct fault *);
/* profile: as found; becomes what it will be.  Nothing is added to txn where nothing differs: *changed tells. */
int	profiles_set(struct keeper *, struct txn *, const char *operator, struct edit *, struct profile *,
    bool *changed, struct fault *);
/* Refused while accounts or groups use it.  txn NULL: only judges. */
int	profiles_delete(struct keeper *, struct txn *, const char *operator, const struct profile *, struct fault *);

#endif
