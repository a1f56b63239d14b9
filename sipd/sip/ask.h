/*
 * From libsofia's view of a REGISTER to the keeper's question, and what other questions have in common with it.
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

/* Origin, To, Call-ID, CSeq, User-Agent, Expires; all else is cleared. */
void	ask_origin(struct register_ask *, struct ask_memory *, const sip_t *, const struct where *);
/* The Digest credentials of our realm; others are not for us (RFC 3261 section 22.3). */
void	ask_credentials(struct register_ask *, const msg_auth_t *, const char *realm);

/* All that an answer asks for, in the order in which it came: challenge_append()ed; what has no room is left out.  Returns the list's length. */
size_t	ask_challenges(const sip_t *, uint8_t *list, size_t size);

/* Escapes undone, but %00, which must not cut a name (RFC 4475 section 3.1.1.4). */
struct span ask_unescape(struct ask_memory *, const char *);
/* delta-seconds; what is not a number of 32 bits is the default, as RFC 3261 section 10.3 has it: absent. */
uint32_t ask_seconds(const char *);
bool	ask_is_sip(const url_t *);

#endif
