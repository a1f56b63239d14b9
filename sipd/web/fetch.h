/*
 * HTTP requests of ours, as the keeper wants them with WIRE_FETCH: an SMS gateway, our own public name.  A GET, answered once with its
 * status and the first bytes of its body, or with why there is none.  Redirections are not followed: their status is told.
 */
#ifndef WEB_FETCH_H
#define WEB_FETCH_H

#include "core/wire.h"
#include "sipd/boot.h"

struct event_base;
struct fetches;

enum { FETCHES_MAX = 256, FETCH_MS = 15000, FETCH_BODY = 512 };	/* FETCH_MS: where the keeper names no time, and at most four times that */

typedef void	(*fetch_fn)(void *arg, uint64_t id, const struct wire_fetched *);

struct fetches *fetches_new(struct event_base *, fetch_fn, void *arg);
void	fetches_free(struct fetches *);		/* nobody is told */

/* An ORDER_FILES, whose descriptors it takes, and the configuration: both hold from now on. */
void	fetches_files(struct fetches *, struct boot_order *);
void	fetches_configure(struct fetches *, const struct config *);

/* The answer comes once, maybe before this returns. */
void	fetches_start(struct fetches *, uint64_t id, const struct wire_fetch *);
void	fetches_forget(struct fetches *);	/* nobody waits any more */

#endif
