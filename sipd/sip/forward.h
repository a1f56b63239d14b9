/*
 * The text of what a proxy passes on (RFC 3261 section 16.6): a request's lines as they were sent, in their order, but for the few that a
 * proxy must change.  What is taken from a message is copied at once, so that the message need not be kept while the request is under way.
 */
#ifndef SIPD_SIP_FORWARD_H
#define SIPD_SIP_FORWARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/span.h"
#include "sipd/sip/buf.h"
#include "sipd/sip/sofia.h"
#include "sipd/sip/where.h"

enum { FORWARD_METHOD = 32, FORWARD_MAX = 128 * 1024 };

/* A request that is to be passed on, taken apart; spans are in its own memory.  Whole lines end with CRLF. */
struct forward {
	char		 method[FORWARD_METHOD];
	struct span	 uri;			/* Request-URI as it came */
	struct span	 vias;			/* lines, the first with received and rport as RFC 3261 section 18.2.1 has it */
	struct span	 routes;		/* values that are left of Route, commas between them; empty: none */
	struct span	 record_routes;		/* lines */
	struct span	 from, to, call_id;	/* lines */
	uint32_t	 cseq;
	uint32_t	 max_forwards;		/* as it is to be sent */
	uint32_t	 max_breadth;		/* that all its branches share (RFC 5393 section 5.3) */
	struct span	 lines;			/* all others */
	struct span	 body;
	struct span	 call_id_value;
};

/* What differs from one branch to the next. */
struct forward_branch {
	struct span	 uri;			/* Request-URI; empty: as it came */
	struct span	 route;			/* values before those that are left; empty: none */
	struct span	 record_route;		/* our lines; empty: none */
	struct span	 headers;		/* lines besides; empty: none */
	const char	*branch;		/* of our Via */
	uint8_t		 transport;
	uint32_t	 breadth;		/* Max-Breadth: its share of the request's */
	struct addr	 sent_by;
};

/* What of a request was meant for us, and is not passed on. */
struct forward_taken {
	size_t		 routes;	/* so many of its first Routes */
	bool		 strict;	/* a strict router put us into the Request-URI: the last Route is that (RFC 3261 section 16.4) */
	const char	*realm;		/* whose Proxy-Authorization is ours */
};

uint32_t forward_breadth(const sip_t *);

/* scratch: room for it while it is written.  NULL: no memory, or it is too large.  One malloc: free() it. */
struct forward *forward_new(const sip_t *, const struct where *, const struct forward_taken *, struct text_buf *scratch);

/* One of our own inside a dialog of others; values without names and line ends. */
struct forward_own {
	const char	*method;
	struct span	 uri, routes, from, to, call_id;
	uint32_t	 cseq;
};
struct forward *forward_own(const struct forward_own *, struct text_buf *scratch);

void	forward_request(struct text_buf *, const struct forward *, const struct forward_branch *);
/* CANCEL of such a branch, and ACK of an answer that is not 2xx (RFC 3261 sections 9.1, 17.1.1.3); to: the answer's To. */
void	forward_cancel(struct text_buf *, const struct forward *, const struct forward_branch *);
void	forward_ack(struct text_buf *, const struct forward *, const struct forward_branch *, const sip_to_t *to);
/* An answer to such a request: with the Vias that it came with. */
void	forward_answer(struct text_buf *, const struct forward *, const sip_t *);
/* Only its challenges, as lines: an answer that is passed on carries those of all branches (section 16.7). */
void	forward_challenges(struct text_buf *, const sip_t *);

#endif
