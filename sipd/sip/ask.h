/*
 * From libsofia's view of a REGISTER to the keeper's question.
 */
#ifndef SIPD_SIP_ASK_H
#define SIPD_SIP_ASK_H

#include "sipd/sip/sofia.h"
#include "sipd/sip/where.h"
#include "core/wire.h"

enum { ASK_TEXT = 24 * 1024 };

/* Memory of what a question borrows; as long as the message. */
struct ask_memory {
	char	text[ASK_TEXT];
	size_t	n;
};

/*
 * Fills ask from sip.  realm: the one whose credentials count.  0; or a SIP code with *reason (static) for a request that can't be asked
 * (400 a Contact that is no SIP URI, 413 too much of it).  Spans in ask are borrowed from the message and memory.
 */
int	ask_make(struct register_ask *, struct ask_memory *, const sip_t *, const struct where *, const char *realm, const char **reason);

#endif
