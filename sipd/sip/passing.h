/*
 * Requests that are being passed on: server transactions (RFC 3261 section 17.2, with RFC 6026's accepted state) and what is known of each
 * until its last answer has gone.  What becomes of one is proxy.c's to say; here is what it was answered, and when it is forgotten.
 *
 *	ASKING		the keeper is asked where it goes
 *	GOING		its branches are under way
 *	COMPLETED	answered: repeated until acknowledged	G, H; J
 *	CONFIRMED	acknowledged				I
 *	ACCEPTED	an INVITE was answered 2xx		L
 *
 * J and L are 32 s, in which thousands of calls a second would fill any room with requests that are over.  When half of it is taken they are
 * T4, 5 s, in which a request that still is repeated has come four times.
 */
#ifndef SIPD_SIP_PASSING_H
#define SIPD_SIP_PASSING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/span.h"
#include "core/wire.h"
#include "sipd/sip/forward.h"
#include "sipd/sip/front.h"
#include "sipd/sip/token.h"
#include "sipd/sip/where.h"

struct passings;

enum { PASSING_PLACES = 131072, PASSING_TAG = 17 };

enum passing_state { PASSING_ASKING, PASSING_GOING, PASSING_COMPLETED, PASSING_CONFIRMED, PASSING_ACCEPTED };

/* A text in memory of its own. */
struct held {
	char	*s;
	size_t	 n;
};

struct passing {
	bool			 used;
	enum passing_state	 state;
	uint32_t		 uses;		/* of its place: a question's id holds it */
	uint64_t		 key;
	int32_t			 next;		/* of its chain; of the free places */
	bool			 invite, in_dialog, bye;
	bool			 own;		/* ours: nobody waits for its answers */
	bool			 ack;		/* of a 2xx, whose way is asked for: nobody answers it */
	bool			 cancelled;
	bool			 ended;		/* its time is over: it goes with its last branch */
	struct where		 where;		/* whence it came */
	struct forward		*forward;
	struct held		 echo;		/* what our own answers repeat */
	struct held		 last;		/* the answer that was sent last */
	struct held		 best;		/* the best that branches gave that are not 2xx */
	struct held		 challenges;	/* of all branches, for a 401 or 407 */
	uint32_t		 best_code;	/* 0: none yet */
	bool			 best_ours;	/* it could not be reached: best is empty */
	struct held		 targets;	/* route_append()ed */
	struct span		 left;		/* those that were not tried yet */
	int32_t			 branches;	/* the first of its */
	size_t			 open;		/* those without a final answer */
	uint32_t		 share;		/* of its Max-Breadth, for each of them */
	uint64_t		 loop;		/* its loop value (RFC 5393) */
	uint64_t		 account, trunk;	/* who asks: one of them */
	uint64_t		 call;		/* the keeper's; 0: none */
	bool			 rang;
	int64_t			 again_at, interval, until;
};

struct passings *passings_new(void);
void	passings_free(struct passings *);

/* Takes a place; copies echo.  NULL: none left, or no memory. */
struct passing *passing_take(struct passings *, uint64_t key, struct span echo);
struct passing *passing_at(struct passings *, int32_t);
struct passing *passing_find(struct passings *, uint64_t key);		/* NULL: not known */
int32_t	passing_index(const struct passings *, const struct passing *);
uint64_t passing_id(const struct passings *, const struct passing *);	/* for a question */
struct passing *passing_of_id(struct passings *, uint64_t id);		/* NULL: it is over */
void	passing_release(struct passings *, struct passing *);			/* its branches have gone */

bool	held_set(struct held *, struct span);		/* copies; false: no memory */
void	held_drop(struct held *);
struct span held_span(const struct held *);

/* An answer goes to who asked, and again when the request is repeated.  A final one ends it: the next state and its timers. */
void	passing_answer(struct front *, struct passing *, int code, struct span text, int64_t now_ms);
/* One of our own. */
void	passing_reply(struct front *, struct passing *, int code, const char *reason, const char *extra, int64_t now_ms);
/* It is no INVITE: 100 goes when nothing else has in time (RFC 4320 section 4.1). */
void	passing_await(struct front *, struct passing *, int64_t now_ms);
/* It gets none: whoever asked has given up by now. */
void	passing_silence(struct front *, struct passing *, int64_t now_ms);
/* The request came again, its ACK came. */
void	passing_repeated(struct front *, struct passing *);
void	passing_acknowledged(struct front *, struct passing *, int64_t now_ms);
bool	passing_is_over(const struct passing *);		/* a final answer has gone */

/* The next that has come to its end, having sent again what was due; NULL: none. */
struct passing *passing_due(struct front *, int64_t now_ms);
struct passing *passing_next(struct passings *, int32_t *at);	/* of all, from *at = 0 on; NULL at the end */
int64_t	passing_next_at(const struct passings *);
size_t	passing_count(const struct passings *);			/* without a final answer */

#endif
