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

enum {
	PENDING_LIFE_MS = 32000,		/* 64 * T1: by then the phone has given up */
	PENDING_BYTES_MAX = 24 * 1024 * 1024,	/* of requests that wait: less than a channel queues */
};

struct pending_request {
	uint64_t	key;
	struct where	where;
	struct span	echo;		/* in the table's memory */
};

struct pending *pending_new(void);
void	pending_free(struct pending *);

/*
 * A request of so many bytes.  1 and an id for the question; 0 when the same request waits already; ERR_BUSY when all places are taken or
 * too many bytes wait.  Copies echo.
 */
int	pending_add(struct pending *, uint64_t key, const struct where *, struct span echo, size_t bytes, int64_t now_ms, uint64_t *id);

/* Takes a request out.  false when it is not there any more; the request lives until the next call. */
bool	pending_take(struct pending *, uint64_t id, struct pending_request *);
/* Takes the next of all, from *at = 0 on, for when the keeper is gone. */
bool	pending_take_next(struct pending *, uint32_t *at, struct pending_request *);
size_t	pending_count(const struct pending *);

#endif
