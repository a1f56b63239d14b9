/*
 * The proxy (RFC 3261 section 16): a request that is not for us goes on, to one place or several, and the best of their answers back.  Where
 * it goes is the keeper's to say outside a dialog; inside one our Record-Route says it (routing.h, token.h).  passing.h is the side of who
 * asks, branch.h that of who is asked, spread.h how the one becomes several of the other, best.h how several answers become one;
 * course.h leads a request to its end, heard.h takes what comes back.
 */
#ifndef SIPD_SIP_PROXY_H
#define SIPD_SIP_PROXY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/wire.h"
#include "sipd/sip/buf.h"
#include "sipd/sip/front.h"
#include "sipd/sip/sofia.h"
#include "sipd/sip/token.h"
#include "sipd/sip/where.h"

/* A request as request.c knows it. */
struct proxied {
	const sip_t	*sip;
	struct where	 where;
	uint64_t	 key;		/* of its server transaction: an ACK of a refusal and a CANCEL share their INVITE's */
	struct span	 echo;		/* what an answer repeats (answer.h) */
	size_t		 size;		/* of the message */
};

/* What a request can be refused with at once; code 0: it is on its way, or nobody is to be told. */
struct refusal {
	int		 code;
	const char	*reason;
};

/* Makes all that it keeps in the front: false: no memory.  proxy_close() takes it away. */
bool	proxy_open(struct front *);
void	proxy_close(struct front *);

struct text_buf proxy_text(struct front *);		/* room for one text at a time: it is to be copied before the next is made */

/* It came again, or is an ACK or a CANCEL of one that is under way; false: it is a new one. */
bool	proxy_repeated(struct front *, const struct proxied *, int64_t now_ms);
struct refusal proxy_request(struct front *, const struct proxied *, int64_t now_ms);
/* The keeper's answer to where it goes. */
void	proxy_routed(struct front *, uint64_t id, const struct route_answer *, int64_t now_ms);

/* A request of our own inside a dialog of others: sent to one side as if it came from the other.  false: it can't be. */
struct proxy_own {
	const char	*method;
	uint64_t	 call;		/* that it ends */
	struct span	 uri, routes, from, to, call_id;
	uint32_t	 cseq;
	struct hop	 hop;
};
bool	proxy_own(struct front *, const struct proxy_own *, int64_t now_ms);
bool	proxy_cancel(struct front *, uint64_t call, int64_t now_ms);	/* a call that was not answered yet; false: there is none */
void	proxy_tell_calls(struct front *);			/* the keeper, which was away, of each call that goes on */

int64_t	proxy_next_at(const struct front *);
void	proxy_keeper_gone(struct front *, int64_t now_ms);	/* what it was asked is refused */
size_t	proxy_count(const struct front *);			/* requests that wait for an answer */

#endif
