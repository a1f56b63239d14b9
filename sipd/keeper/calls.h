/*
 * Calls now (product E4): what the sip front tells of each is kept in the store, so that a list of them is like any other and outlives a
 * restart of the keeper; what became of one is an event.
 */
#ifndef SIPD_KEEPER_CALLS_H
#define SIPD_KEEPER_CALLS_H

#include "core/call.h"
#include "db/store.h"

struct keeper;

/* A call that is let through: fills what is missing of it.  Returns its seq, 0 if it can't be stored (then nothing is told of it). */
uint64_t calls_begin(struct keeper *, struct call *);
void	calls_tell(struct keeper *, const struct wire_call *);
/* Fills what is not stored. */
void	call_live(struct keeper *, struct call *);

int	calls_find(struct keeper *, const char *id, struct call *);	/* 0, ERR_NOT_FOUND, ERR_CORRUPT */
/* Has the front end it; the event is added to txn.  0, ERR_BUSY: the front is away. */
int	calls_drop(struct keeper *, struct txn *, const struct call *, const char *operator);

/* It is over: takes it off the list, and tells what became of it. */
void	calls_end(struct keeper *, const struct call *, uint32_t code, struct span why);
/* BYE or CANCEL to both sides; the front tells when it is over.  0, or it is away. */
int	calls_hang_up(struct keeper *, const struct call *);

uint64_t calls_of_account(struct keeper *, uint64_t account_id);	/* that it has placed and that go on */
uint64_t calls_of_trunk(struct keeper *, uint64_t trunk_id);

#endif
