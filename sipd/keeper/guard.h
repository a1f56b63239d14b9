/*
 * Who failed how often: authentication failures counted by key (a source, an account) over a window of time, in a table of fixed
 * size.  Over the limit a key waits until its window has passed (limits { auth_failures auth_window }).
 */
#ifndef SIPD_KEEPER_GUARD_H
#define SIPD_KEEPER_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct guard;

struct guard *guard_new(uint32_t failures, uint32_t window_s);	/* failures 0: no limit */
void	guard_free(struct guard *);
void	guard_set(struct guard *, uint32_t failures, uint32_t window_s);

/* Seconds that the key is still to wait, 0 when it need not. */
uint32_t guard_wait(const struct guard *, const void *key, size_t n, int64_t now_ms);
/* One more failure.  True: with this one the limit is reached. */
bool	guard_failed(struct guard *, const void *key, size_t n, int64_t now_ms);

#endif
