/*
 * Requests of ours and what becomes of them: non-INVITE client transactions (RFC 3261 section 17.1.2).  The keeper says what to send; here
 * it gets its Via, tag, Call-ID and CSeq, is sent again over UDP as long as nothing is heard, and ends once, in a WIRE_SENT.  An answer is
 * its own by the branch (RFC 3261 section 17.1.3), from whatever address it comes; but a challenge counts only from whom it was asked.
 *
 * A branch names its place in the table and a word that can't be guessed: an answer finds its request by it at once, and one that was
 * asked for passes the limits that strangers have.
 */
#ifndef SIPD_SIP_CLIENT_H
#define SIPD_SIP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sipd/sip/front.h"
#include "sipd/sip/sofia.h"
#include "sipd/sip/where.h"

struct client;

enum {
	CLIENT_T1_MS = 500, CLIENT_T2_MS = 4000,
	CLIENT_TIMEOUT_MAX_MS = 64 * CLIENT_T1_MS,
	CLIENT_PLACES = 32768,			/* requests outstanding; the one over it is answered 503 */
	CLIENT_BYTES_MAX = 64 * 1024 * 1024,	/* of text that is kept to be sent again */
};

struct client *client_new(void);
void	client_free(struct client *);

/* The keeper's WIRE_SEND of that id. */
void	client_send(struct front *, uint64_t id, const struct wire_send *, int64_t now_ms);

/* Whether a request of ours waits for this answer: by its parsed Via, or in a datagram before it is parsed. */
bool	client_knows(const struct client *, const sip_t *);
bool	client_expects(const struct client *, const char *text, size_t n);
/* An answer has come.  false: it is to no request of ours, not even to one that is over. */
bool	client_answered(struct front *, const sip_t *, const struct where *, int64_t now_ms);

void	client_turn(struct front *, int64_t now_ms);		/* does what is due */
int64_t	client_next_at(const struct client *);			/* when something will be, or INT64_MAX */
/* The request in this datagram, of which the beginning is here, did not arrive: it ends, 503.  false: it is none of ours. */
bool	client_refused(struct front *, const char *text, size_t n, const char *reason, int64_t now_ms);
void	client_flow_gone(struct front *, uint64_t flow, int64_t now_ms);	/* what waits on it ends, 503 */
void	client_flows_gone(struct front *, int64_t now_ms);
void	client_forget(struct client *);				/* the keeper is away: nobody waits for them any more */
size_t	client_count(const struct client *);

#endif
