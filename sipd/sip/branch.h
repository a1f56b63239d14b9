/*
 * The branches of what is passed on: client transactions (RFC 3261 section 17.1, with RFC 6026's accepted state).  Each has a place in a
 * table, which its Via's branch names with a word that can't be guessed, so that an answer finds it at once.  What an answer means for the
 * request is proxy.c's to say.
 *
 *	CALLING		sent, nothing heard		A, B; E, F
 *	PROCEEDING	a provisional answer came	C; E, F
 *	COMPLETED	answered: repetitions are met	D; K
 *	ACCEPTED	an INVITE was answered 2xx	M: each 2xx goes up
 */
#ifndef SIPD_SIP_BRANCH_H
#define SIPD_SIP_BRANCH_H

#include <stdbool.h>
#include <stdint.h>

#include "sipd/sip/forward.h"
#include "sipd/sip/front.h"
#include "sipd/sip/token.h"
#include "sipd/sip/where.h"

struct branches;

enum { BRANCH_NONE = -1, BRANCH_PLACES = 262144, BRANCH_NAME = 64 };

enum branch_state { BRANCH_CALLING, BRANCH_PROCEEDING, BRANCH_COMPLETED, BRANCH_ACCEPTED };

/* What proxy.c may read of one. */
struct branch {
	bool			 used;
	enum branch_state	 state;
	bool			 invite;
	bool			 cancelled;		/* it is to be cancelled, as soon as it was heard of */
	int32_t			 passing;		/* proxy.c's */
	int32_t			 next;			/* of the same; of the free places */
	const struct forward	*forward;		/* proxy.c's; outlives it */
	struct forward_branch	 how;
	struct hop		 hop;			/* where it goes */
	struct addr		 local;			/* and from what address of ours; none: any */
	uint64_t		 trunk;			/* the trunk that it goes to; 0: none */
	uint64_t		 instance;		/* route_target's */
	bool			 authorized;		/* that trunk asked for our password, and got its answer */
	bool			 asking;		/* it asked, and the keeper is asked what to say */
	struct where		 where;
	char			 name[BRANCH_NAME];
	uint8_t			 word[8];
	char			*text;			/* to be sent again over UDP */
	size_t			 n;
	int64_t			 again_at, interval;	/* of the request, then of its CANCEL; 0: nothing is sent again */
	int64_t			 until;			/* B, F; C; D, K, M */
	int64_t			 wait_ms;		/* nothing is heard in that time: another place is tried meanwhile; 0: only at until */
	bool			 given_up;		/* and that was so: it counts as answered, but may still be */
	bool			 cancel_sent;
	bool			 large;			/* it waits for whether the phone takes a connection (large.h) */
};

struct branches *branches_new(void);
void	branches_free(struct branches *);
struct branch *branch_at(struct branches *, int32_t);

/* Takes a place and gives it its name, to be used in how; loop: what the next of our own names must not equal.  NULL: there is none left. */
struct branch *branch_take(struct branches *, uint64_t loop);
int32_t	branch_index(const struct branches *, const struct branch *);
/* Sends it.  how and hop are set; NULL, or why it can't be sent, and then it is to be released. */
const char *branch_start(struct front *, struct branch *, const struct way *, struct text_buf *, int64_t now_ms);
/* At once, or once a provisional answer has come (RFC 3261 section 9.1); nothing for one that was answered. */
void	branch_cancel(struct front *, struct branch *, int64_t now_ms);
void	branch_keep(struct front *, struct branch *, int64_t now_ms);	/* it is still needed, though it was answered */
bool	branch_is_open(const struct branch *);		/* its final answer is waited for */
/* Nothing was heard of it: it is sent no more, and cancelled should it be heard of. */
void	branch_give_up(struct front *, struct branch *, int64_t now_ms);
void	branch_release(struct branches *, struct branch *);

/* Whether an answer, parsed or not, is to one of ours. */
bool	branch_expects(struct branches *, const char *text, size_t n);
struct branch *branch_in(struct branches *, const char *text, size_t n);	/* named in the beginning of a datagram; NULL */
struct branch *branch_of(struct branches *, const sip_t *);
/* The loop value in a branch's name if we made it; false: not ours. */
bool	branch_loop(const char *name, uint64_t *loop);
/* An answer to it: acknowledges, stops what is sent again, enters the next state.  false: it is a repetition, or to a CANCEL. */
bool	branch_hear(struct front *, struct branch *, const sip_t *, int64_t now_ms);

/* The next that is due; NULL: none.  What is sent again was sent.  *over: it has come to its end: 408 where it was not answered. */
struct branch *branch_due(struct front *, int64_t now_ms, bool *over);
struct branch *branch_next(struct branches *, int32_t *at);	/* of all, from *at = 0 on; NULL at the end */
int64_t	branch_next_at(const struct branches *);

#endif
