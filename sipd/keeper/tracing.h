/*
 * Traces of accounts (product G6): the SIP process is told whom to watch, and what it sees goes to who asked.  A trace ends by itself.
 * Nothing is kept: what nobody takes is counted.
 */
#ifndef SIPD_KEEPER_TRACING_H
#define SIPD_KEEPER_TRACING_H

#include "core/account.h"
#include "core/wire.h"

struct keeper;
struct tracing;
struct tracing_one;

enum { TRACING_MAX = 16, TRACING_LIFE_S = 600 };

/* seen NULL: its time is over; it is freed after that. */
typedef void	(*tracing_fn)(void *arg, const struct wire_traced *seen);

struct tracing *tracing_new(struct keeper *);		/* NULL: out of memory */
void	tracing_free(struct tracing *);			/* nobody is told any more */
struct tracing_one *tracing_start(struct tracing *, const struct account *, tracing_fn, void *arg);	/* NULL: there are TRACING_MAX */
void	tracing_stop(struct tracing *, struct tracing_one *);
void	tracing_seen(struct tracing *, uint64_t id, const struct wire_traced *);
void	tracing_tick(struct tracing *);			/* four times a second */
void	tracing_front_new(struct tracing *);		/* the SIP process is another one: it is told again */

#endif
