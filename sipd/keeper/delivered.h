/*
 * How many messages were delivered: since the start, today, and in each of the last minutes.  Today's are counted in the store, so that a
 * restart forgets none.
 */
#ifndef SIPD_KEEPER_DELIVERED_H
#define SIPD_KEEPER_DELIVERED_H

#include "core/rate.h"
#include "db/store.h"

struct keeper;

struct delivered {
	uint64_t	since_start;
	struct rate	minutes;
};

void	delivered_count(struct keeper *, struct txn *);			/* one more today, in the delivery's own transaction */
void	delivered_note(struct delivered *, struct keeper *);		/* one more, which is so already */
uint64_t delivered_today(struct keeper *);				/* since the midnight of the daemon's zone */

#endif
