/*
 * From libsofia's view of a MESSAGE (RFC 3428) to the keeper's question.
 */
#ifndef SIPD_SIP_MESSAGE_H
#define SIPD_SIP_MESSAGE_H

#include "core/wire.h"
#include "sipd/sip/ask.h"

/*
 * Fills ask from sip.  realm: the one whose credentials count; body_max: bytes of the largest body.  0; or a SIP code with *reason
 * (static) for a request that can't be asked.  Spans in ask are borrowed from the message and memory.
 */
int	message_make(struct message_ask *, struct ask_memory *, const sip_t *, const struct where *, const char *realm, size_t body_max,
	    const char **reason);

#endif
