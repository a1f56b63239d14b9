/*
 * What was asked of another process and is not answered yet: each has an id that was never used before, and one who waits for it.  An
 * answer that comes after its asker has gone, or from before a restart, finds nobody.
 */
#ifndef SIPD_KEEPER_ASKS_H
#define SIPD_KEEPER_ASKS_H

#include <stddef.h>
#include <stdint.h>

#include "sipd/boot.h"

struct asks;

enum { ASKS_MAX = 1 << 16 };

/* answer: the struct of its wire type (core/wire.h), borrowed; NULL: the process that was to give it is gone. */
typedef void	(*asks_fn)(void *arg, const void *answer);

struct asks *asks_new(uint8_t sender);		/* the highest byte of the ids: keeper.h's enum sender */
void	asks_free(struct asks *);		/* nobody is told any more */
uint64_t asks_take(struct asks *, enum process, asks_fn, void *arg);	/* an id for a question to that process; 0: there are too many */
void	asks_drop(struct asks *, uint64_t id);	/* nobody waits for it any more; 0 is nothing */
void	asks_answered(struct asks *, uint64_t id, const void *answer);
void	asks_gone(struct asks *, enum process);	/* all that it was asked ends */

#endif
