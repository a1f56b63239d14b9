/*
 * Sending answers: datagrams are gathered and leave by one sendmmsg() at the end of a turn, on the socket that the request came to;
 * what goes to a connection leaves through libsofia's transport, which keeps what the socket does not take at once.
 */
#ifndef SIPD_SIP_OUT_H
#define SIPD_SIP_OUT_H

#include "sipd/sip/flows.h"
#include "sipd/sip/where.h"

struct out;
struct traces;

struct out *out_new(struct traces *);	/* who sees what is sent; NULL: nobody */
void	out_free(struct out *);
/* Copies text.  last: a connection is closed behind it.  false: it can't be sent, for the connection is gone or takes no more. */
bool	out_send(struct out *, struct flows *, const struct where *, const char *text, size_t n, bool last);
void	out_flush(struct out *);

#endif
