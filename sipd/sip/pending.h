/*
 * Requests that wait for the keeper: where their answers go and what those repeat.  A fixed number of places; a retransmission of one
 * that waits is known by its key and not asked again.
 */
#ifndef SIPD_SIP_PENDING_H
#define SIPD_SIP_PENDING_H

#include <stdbool.h>

#include "core/span.h"
#include "sipd/sip/where.h"

struct pending;

enum { PENDING_LIFE_MS = 32000 };	/* 64 * T1: by then the phone has given up */

struct pending_request {
	struct where	where;
	struct span	echo;		/* in the table's memory */
};

struct pending *pending_new(void);
void	pending_free(struct pending *);

/* 1 and an id for the question; 0 when the same request waits already; ERR_BUSY when all places are taken.  Copies echo. */
int	pending_add(struct pending *, uint64_t key, const struct where *, struct span echo, int64_t now_ms, uint64_t *id);

/* Takes a request out.  false when it is not there any more; the request lives until the next call. */
bool	pending_take(struct pending *, uint64_t id, struct pending_request *);
/* Any of those that wait, for when the keeper is gone. */
bool	pending_take_any(struct pending *, struct pending_request *);

#endif
