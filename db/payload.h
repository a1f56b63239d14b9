/*
 * Contents of queued messages: sealed before they reach the store (crypto_box_seal to a key pair that follows from the master key), under the
 * message's number.  Nothing but the delivery of a message opens one.
 */
#ifndef DB_PAYLOAD_H
#define DB_PAYLOAD_H

#include "core/span.h"
#include "db/table.h"

enum { PAYLOAD_MAX = 96 * 1024 };	/* bytes of all its parts */

struct payload {
	struct span	content_type, headers, body;
};

/* Seals and puts it.  0, ERR_TOO_LARGE, -ENOMEM. */
int	payload_put(struct txn *, const struct db *, uint64_t seq, const struct payload *);
void	payload_delete(struct txn *, uint64_t seq);

/* Opens it into room; the spans are in there, to be wiped after use.  0, ERR_NOT_FOUND, ERR_CORRUPT. */
int	payload_get(const struct db *, uint64_t seq, struct payload *, uint8_t room[PAYLOAD_MAX]);

#endif
