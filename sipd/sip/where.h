/*
 * Where a request came from, and so where its answer goes: to the address that the packet came from and no other, whatever its Via says
 * of received and maddr, so that nobody can have us send to a third; the port is that of rport or of Via (RFC 3261 section 18.2.2,
 * RFC 3581).
 */
#ifndef SIPD_SIP_WHERE_H
#define SIPD_SIP_WHERE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/addr.h"

struct front;

struct where {
	struct addr	source, local;	/* the packet's, or the connection's at the stream process */
	uint8_t		transport;	/* enum transport */
	uint16_t	port;		/* that a datagram's answer goes to */
	bool		from_local;	/* its socket has all addresses: local is to be said */
	int		fd;		/* socket that a datagram came to */
	uint64_t	flow;		/* 0 for UDP */
};

/* What the keeper says of the way to a device or a trunk. */
struct way {
	struct addr	target;		/* UDP: where to; else the flow's */
	struct addr	local;		/* the address that it is to come from; no family: whichever leads there */
	uint8_t		transport;
	uint64_t	flow;
};

/* Finds the socket or connection of a way, and what a Via says of it.  NULL, or why there is no such way. */
const char *where_to(struct front *, const struct way *, struct where *, struct addr *sent_by);

#endif
