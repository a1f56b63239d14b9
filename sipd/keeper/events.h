/*
 * The event log: what happened, and which operator did what.  An event is written in the transaction of the change that it tells of, each
 * chained to the one before (reliability "Store rules").  Old ones are trimmed in small slices; the chain's start is kept in TABLE_META.
 */
#ifndef SIPD_KEEPER_EVENTS_H
#define SIPD_KEEPER_EVENTS_H

#include "core/event.h"
#include "db/store.h"

struct keeper;
struct events;

enum {
	EVENTS_KEPT = 1000000, EVENTS_KEPT_DAYS = 90,
	EVENTS_PER_SUBJECT = 10, EVENTS_PER_MODULE = 200,	/* told in EVENTS_WINDOW_S; more are counted, and summed up in one */
	EVENTS_WINDOW_S = 60,
};

struct events *events_new(struct keeper *);
void	events_free(struct events *);

/*
 * Adds an event to the txn; subject and text may be raw text from outside, cut to fit.  operator NULL: nobody's doing.  Of two open
 * transactions with events the one that commits later fails with ERR_CONFLICT: build and commit in one go.
 */
void	events_add(struct events *, struct txn *, enum event_level, const char *module, const char *subject, const char *operator,
	    const char *fmt, ...) __attribute__((format(printf, 7, 8)));
/* One in a transaction of its own, for what changes nothing else (a failed authentication).  A flood of them is summed up. */
void	events_tell(struct events *, enum event_level, const char *module, const char *subject, const char *fmt, ...)
	    __attribute__((format(printf, 5, 6)));

/* How many there are since midnight, by the daemon's own zone. */
uint64_t events_today(struct events *);

/* Each second: tells what was summed up, trims a slice.  True: there is more to trim at once. */
bool	events_tick(struct events *);

/* Where a check of the chain stands; begins as { 0 }. */
struct events_check {
	bool		begun;
	uint8_t		key[16];		/* of the last event seen */
	uint64_t	n;			/* its number, and at the end that of the first that does not fit */
	uint64_t	checked;
	uint8_t		chain[EVENT_HASH];
};
/* Checks the next limit events of the chain, oldest first.  1: there are more; 0: all fit; ERR_CORRUPT. */
int	events_verify(struct events *, struct events_check *, size_t limit);

#endif
