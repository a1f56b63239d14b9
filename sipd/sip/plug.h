/*
 * What we plug into libsofia, and all that we know of its inside: the table of functions that makes a transport type.  Ours are its own
 * udp and tcp but for a few of the functions:
 *	deliver		each message, as it was parsed, comes to us first (request.c), and what we leave goes on to the agent
 *	wakeup_pri	datagrams are read many at a time, and what became of ours (udp.c)
 *	init_primary	a datagram socket is replaced by our own (sockets.c): libsofia binds each address by itself where all are wanted
 * Phones on TLS come to us as plain streams from the stream process, though their messages say SIP/2.0/TLS: so there is a type "tls" that
 * is the one for TCP, and nothing of OpenSSL is left in this process.
 */
#ifndef SIPD_SIP_PLUG_H
#define SIPD_SIP_PLUG_H

#include <stddef.h>

#include "core/addr.h"
#include "sipd/sip/sofia.h"

struct front;

/* Before the agent is made; front is who gets the messages.  0, or ERR_INVALID with why: this libsofia is not the one we know. */
int	plug_in(struct front *, char *why, size_t size);

/* Has the agent listen for datagrams at an address, any address among them.  0, or -errno. */
int	plug_listen(nta_agent_t *, const struct addr *);

/* libsofia's own that its headers do not tell of. */
void	tport_base_deliver(tport_t *, msg_t *, su_time_t now);		/* to the agent */
void	tport_deliver(tport_t *, msg_t *, msg_t *next, void *compressor, su_time_t now);
msg_t	*tport_msg_alloc(tport_t const *, usize_t size);

#endif
