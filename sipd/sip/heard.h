/*
 * What is heard of the branches of a request that is passed on: answers, that a place can't be reached, or nothing at all; and what that
 * means for the request (RFC 3261 section 16.7).
 */
#ifndef SIPD_SIP_HEARD_H
#define SIPD_SIP_HEARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/wire.h"
#include "sipd/sip/front.h"
#include "sipd/sip/sofia.h"
#include "sipd/sip/where.h"

/* Whether an answer is to a branch of ours; heard_answer() takes it, and is true then. */
bool	heard_expects(struct front *, const char *text, size_t n);
bool	heard_knows(struct front *, const sip_t *);
bool	heard_answer(struct front *, const sip_t *, const struct where *, int64_t now_ms);
/* What the keeper has to say to a trunk that asked for a password. */
void	heard_authorized(struct front *, uint64_t id, const struct wire_authorize *, int64_t now_ms);
void	heard_turn(struct front *, int64_t now_ms);		/* does what is due */
void	heard_flow_gone(struct front *, uint64_t flow, int64_t now_ms);	/* nothing answers on it any more; 0: on any connection */
/* A datagram that begins with this text did not arrive: the branch that it belongs to is lost.  false: it is none of ours. */
bool	heard_refused(struct front *, const char *text, size_t n, int64_t now_ms);

#endif
