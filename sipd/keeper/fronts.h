/*
 * The other processes, as the keeper hears them: which frames each may send, and whose they are here.  What they ask is answered by k->channels.
 */
#ifndef KEEPER_FRONTS_H
#define KEEPER_FRONTS_H

#include "sipd/keeper/keeper.h"

struct fronts;

struct fronts *fronts_new(struct keeper *);
void	fronts_free(struct fronts *);

/* Takes fd, an end of a pair.  0, or -ENOMEM: nothing can go on without it. */
int	fronts_open(struct fronts *, enum process, int fd);
void	fronts_flush(struct fronts *);			/* at the end of each turn */
void	fronts_close(struct fronts *, int64_t until);	/* what waits to be written has until then, by clock_boot_ms() */

#endif
