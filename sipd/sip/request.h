/*
 * Messages as they were parsed: requests are checked, then answered here or asked of the keeper.  Nothing of a request is kept but a few
 * lines of text: its msg_t is gone before this returns.
 */
#ifndef SIPD_SIP_REQUEST_H
#define SIPD_SIP_REQUEST_H

#include "sipd/sip/front.h"
#include "sipd/sip/sofia.h"
#include "sipd/sip/where.h"

/* A message from a transport of libsofia's.  true: it was taken, and is gone; false: it is the agent's. */
bool	request_receive(struct front *, tport_t *, msg_t *);
/* The same for one whose origin is known. */
bool	request_take(struct front *, tport_t *, msg_t *, const struct where *);

/* The keeper's answer of that type to a question of ours, and its absence. */
void	request_answered(struct front *, enum wire_type, uint64_t id, const struct register_answer *);
void	request_keeper_gone(struct front *);

#endif
