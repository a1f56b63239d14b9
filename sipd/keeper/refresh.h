/*
 * Refreshes: a REGISTER that changes nothing but how long a binding lasts is answered at once, kept here, and on disk within
 * REFRESH_HOLD_MS (promise 1: losing one only shortens a binding).  Readers of TABLE_BINDING pass what they read through refresh_latest().
 */
#ifndef SIPD_KEEPER_REFRESH_H
#define SIPD_KEEPER_REFRESH_H

#include "core/binding.h"

struct keeper;
struct refreshes;

enum {
	REFRESH_HOLD_MS = 4000,		/* in memory only, at most; then in a journal */
	REFRESH_FOLD_MS = 60000,	/* in a journal and not refreshed again: then in its binding */
};

struct refreshes *refreshes_new(struct keeper *);	/* with what the journals hold */
void	refreshes_free(struct refreshes *);

/* Takes a refresh of a binding that is on disk.  False: that is still being written, or there is no memory: write it as a change. */
bool	refresh_take(struct refreshes *, const struct binding *);
bool	refresh_latest(const struct refreshes *, struct binding *);	/* false: what the store says is the latest */
void	refresh_drop(struct refreshes *, const struct binding *);	/* it has just been written or deleted otherwise */

/* Between the commit of a change and its being durable no refresh of that binding is taken. */
void	refresh_hold(struct refreshes *, uint64_t account_id, const uint8_t hash[BINDING_KEY]);
void	refresh_release(struct refreshes *, uint64_t account_id, const uint8_t hash[BINDING_KEY]);

/* Writes a slice of what is due.  all: of whatever is in memory only.  True: there may be more. */
bool	refresh_write(struct refreshes *, bool all);
bool	refresh_write_one(struct refreshes *, const struct binding *);	/* into its binding, now; false: there is none */

#endif
