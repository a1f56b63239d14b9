/*
 * Connections of ours, as the keeper wants them with WIRE_DIAL: TCP, then TLS with a peer whose certificate is looked at, then handed to
 * conns.h as a flow.  The keeper hears WIRE_DIALED once the front can send on it.
 */
#ifndef STREAM_DIAL_H
#define STREAM_DIAL_H

#include <openssl/types.h>

#include "core/wire.h"

struct conns;
struct dials;
struct event_base;

enum { DIALS_MAX = 4096, DIAL_MS = 10000 };		/* DIAL_MS: where the keeper names no time */

typedef void	(*dial_fn)(void *arg, uint64_t id, const struct wire_dialed *);

struct dials *dials_new(struct event_base *, struct conns *, dial_fn, void *arg);
void	dials_free(struct dials *);		/* nobody is told */
void	dials_set_tls(struct dials *, SSL_CTX *);	/* a client's (tls.h), which it takes */

/* The answer comes once, maybe before this returns. */
void	dials_start(struct dials *, uint64_t id, const struct wire_dial *);
void	dials_forget(struct dials *);		/* nobody waits any more: what is under way, and what was made, is closed */

#endif
