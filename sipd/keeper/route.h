/*
 * Where a request goes that a phone sent to somebody (product D6, D7, E1, E2): to the devices of the account that has that name or number.
 * Asked by the sip front, which does it.
 */
#ifndef SIPD_KEEPER_ROUTE_H
#define SIPD_KEEPER_ROUTE_H

#include "core/wire.h"

struct channel;
struct keeper;

/* The answer goes to the same channel with the same id. */
void	route_request(struct keeper *, struct channel *, uint64_t id, const struct route_ask *);

#endif
