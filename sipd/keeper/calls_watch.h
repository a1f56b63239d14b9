/*
 * Calls that nobody ends: looked for now and then among all of the list.  One is over when the front that it began in was started anew
 * before it was answered; when the front that goes on does not know it any more; when its session timer (RFC 4028) has run out; when it has
 * lasted longer than any may; when neither side can be reached any more.
 */
#ifndef SIPD_KEEPER_CALLS_WATCH_H
#define SIPD_KEEPER_CALLS_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/call.h"

struct calls_watch;
struct keeper;

/* What is known of a call beside its record. */
struct call_known {
	uint64_t	epoch;			/* of the front that is there */
	bool		forgotten;		/* that front told of all its calls, and not of this one */
	bool		gone;			/* neither side can be reached now */
	uint32_t	longest_s, gone_s;	/* the configuration's; longest 0: no limit */
};

/* Why a call is over; NULL: it is not. */
const char *calls_why_over(const struct call *, const struct call_known *, int64_t now);

struct calls_watch *calls_watch_new(struct keeper *);	/* NULL: out of memory */
void	calls_watch_free(struct calls_watch *);
bool	calls_watch_tick(struct calls_watch *);			/* four times a second; true: there is more to do at once */
/* A front has said hello, and then tells of each call that it has; those were all. */
void	calls_watch_front(struct calls_watch *);
void	calls_watch_heard(struct calls_watch *, uint64_t seq);	/* NULL: nothing */
void	calls_watch_told(struct calls_watch *);

#endif
