/*
 * Where a request goes that somebody sent to somebody (product D6, D7, E1, E2): to the devices of the account that has that name or number,
 * or through a trunk.  Asked by the sip front, which does it.
 */
#ifndef SIPD_KEEPER_ROUTE_H
#define SIPD_KEEPER_ROUTE_H

#include "core/wire.h"

struct channel;
struct keeper;
struct routes;

struct routes *routes_new(struct keeper *);		/* NULL: out of memory */
void	routes_free(struct routes *);
void	routes_reload(struct routes *);			/* keeper->conf has changed */

/* The answers go to the same channel with the same id. */
void	routes_ask(struct routes *, struct channel *, uint64_t id, const struct route_ask *);
void	routes_authorize(struct routes *, struct channel *, uint64_t id, const struct wire_authorize *);

#endif
