/*
 * Requests that are too large for one datagram (RFC 3261 section 18.1.1): a phone that registered over UDP is tried by TCP at the same
 * address.  What it said to that is remembered, so that one that takes no connections costs no more than a moment, once.
 */
#ifndef SIPD_SIP_LARGE_H
#define SIPD_SIP_LARGE_H

#include <stdint.h>

#include "core/wire.h"
#include "sipd/sip/front.h"

struct larges;

enum { LARGE_BYTES = 1300, LARGE_ASK_MS = 50 };

enum large_way { LARGE_UDP, LARGE_WAIT, LARGE_TCP };

struct larges *larges_new(void);
void	larges_free(struct larges *);

/* Which way to go to that address of UDP; LARGE_TCP: by that flow; LARGE_WAIT: ask again in LARGE_ASK_MS, for a second at most. */
enum large_way large_way(struct front *, const struct addr *target, int64_t now_ms, uint64_t *flow);
void	large_dialed(struct front *, uint64_t id, const struct wire_dialed *, int64_t now_ms);
void	larges_turn(struct front *, int64_t now_ms);		/* closes connections that nothing took for long */

#endif
