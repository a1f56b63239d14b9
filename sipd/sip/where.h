/*
 * Where a request came from, and so where its answer goes (RFC 3261 section 18.2.2, RFC 3581).
 */
#ifndef SIPD_SIP_WHERE_H
#define SIPD_SIP_WHERE_H

#include <stdint.h>

#include "core/addr.h"

struct where {
	struct addr	source, local;	/* the packet's, or the connection's at the stream process */
	struct addr	to;		/* where a datagram answers to */
	uint8_t		transport;	/* enum transport */
	uint64_t	flow;		/* 0 for UDP */
	int		fd;		/* socket that a datagram came to */
};

#endif
