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

struct events *events_new(struct keeper *);
void	events_free(struct events *);

/* Adds an event to the txn; subject and text may be raw text from outside, cut to fit.  operator NULL: nobody's doing. */
void	events_add(struct events *, struct txn *, enum event_level, const char *module, const char *subject, const char *operator,
	    const char *fmt, ...) __attribute__((format(printf, 7, 8)));
/* One in a transaction of its own, for what changes nothing else (a failed authentication). */
void	events_tell(struct events *, enum event_level, const char *module, const char *subject, const char *fmt, ...)
	    __attribute__((format(printf, 5, 6)));

/* Checks the chain from the oldest kept event on.  0, or ERR_CORRUPT with the number of the first event that does not fit. */
int	events_verify(struct events *, uint64_t *n);

#endif
