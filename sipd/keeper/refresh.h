/*
 * Refreshes: a REGISTER that changes nothing but how long a binding lasts is answered at once, kept here, and written within
 * REFRESH_HOLD_MS (promise 1: losing one only shortens a binding).  Readers of TABLE_BINDING pass what they read through refresh_latest().
 */
#ifndef SIPD_KEEPER_REFRESH_H
#define SIPD_KEEPER_REFRESH_H

#include "core/binding.h"

struct keeper;
struct refreshes;

enum { REFRESH_HOLD_MS = 3500, REFRESH_SLICE = 128 };

struct refreshes *refreshes_new(struct keeper *);
void	refreshes_free(struct refreshes *);

/* Takes a refresh of a binding that is on disk.  False: that is still being written, or there is no memory: write it as a change. */
bool	refresh_take(struct refreshes *, const struct binding *);
bool	refresh_latest(const struct refreshes *, struct binding *);	/* false: what the store says is the latest */
void	refresh_drop(struct refreshes *, const struct binding *);	/* it has just been written or deleted otherwise */

/* Between the commit of a change and its being durable no refresh of that binding is taken. */
void	refresh_hold(struct refreshes *, uint64_t account_id, const uint8_t hash[BINDING_KEY]);
void	refresh_release(struct refreshes *, uint64_t account_id, const uint8_t hash[BINDING_KEY]);

/* Writes a slice of those that were taken before then.  True: there are more. */
bool	refresh_write(struct refreshes *, int64_t before_ms);
bool	refresh_write_one(struct refreshes *, const struct binding *);	/* now; false: there is none */

#endif
