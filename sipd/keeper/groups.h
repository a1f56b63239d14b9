/*
 * The rules of groups (product A1) beside those of all named records (named.h).
 */
#ifndef SIPD_KEEPER_GROUPS_H
#define SIPD_KEEPER_GROUPS_H

#include "core/group.h"
#include "sipd/keeper/named.h"

extern const struct named	groups_named;

int	groups_find(struct keeper *, const char *name, struct group *);		/* 0, ERR_NOT_FOUND, ERR_CORRUPT */
void	groups_count(struct keeper *, struct group *);				/* fills what is computed when shown */

/* "group/7/accounts": the counter's name. */
const char *groups_counter(uint64_t id, const char *what, char buf[64]);

#endif
