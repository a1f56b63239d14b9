/*
 * What a restore leaves behind: a mark in the store that it put there, which becomes an event when the daemon starts, and perhaps, if
 * it was killed, its folder.
 */
#ifndef SIPD_KEEPER_RESTORED_H
#define SIPD_KEEPER_RESTORED_H

#include "db/table.h"

struct keeper;

#define RESTORED_FOLDER	"restore.tmp"		/* in the store's */

void	restored_clean(const char *store);	/* takes it away, if it is there */

void	restored_mark(const struct db *, int64_t made_at);	/* by whoever runs this process; 0: it is not known when */
void	restored_tell(struct keeper *);		/* as an event, once */

#endif
