/*
 * The sockets of our datagram transports, made here: bound to what the configuration says, of one family each, and telling for a datagram
 * the address that it came to where that is any of ours.
 */
#ifndef SIPD_SIP_SOCKETS_H
#define SIPD_SIP_SOCKETS_H

#include <stdbool.h>

#include "core/addr.h"
#include "sipd/config.h"
#include "sipd/sip/sofia.h"

enum { TOWARD_WAYS = 256, TOWARD_LIFE_MS = 5000 };

struct sockets {
	struct socket {
		const tport_t	*tport;
		int		 fd;
		struct addr	 addr;	/* with the port that it got */
		struct addr	 known;	/* the same, or where that is all addresses one to be known by */
		bool		 any;	/* bound to all addresses: the kernel tells which one a datagram came to */
	}	bound[CONFIG_LISTENS];
	int	n;
	/* What sockets_toward() found out lately, as the system's routes are asked by three system calls; by a hash of the target's address. */
	struct toward {
		struct addr	target, from;	/* of target only family and ip count */
		int64_t		until_ms;
	}	toward[TOWARD_WAYS];
};

/* Puts a socket that is bound to addr in the place of descriptor fd, as tport's.  0 or -errno. */
int	sockets_open(struct sockets *, const tport_t *tport, int fd, const struct addr *addr);
bool	sockets_is_any(const struct addr *);	/* 0.0.0.0, :: */
/* An address of this machine of that family to be known by: not loopback if there is another. */
struct addr sockets_own_address(uint8_t family);
const struct socket *sockets_find(const struct sockets *, const tport_t *);	/* NULL when it is not one of ours */
/* By the routes of the system: the address that what is sent to target comes from; no family: nothing leads there.  Its port is nobody's. */
struct addr sockets_routed_from(const struct addr *target);
/*
 * The address of ours that the way to target leads from, with the port of the socket that has it; no family: there is none.
 * A change of routes is seen within TOWARD_LIFE_MS.
 */
struct addr sockets_toward(struct sockets *, const struct addr *target);
/* That which sends from this address, or else one that can send to the target's family; NULL when there is none. */
const struct socket *sockets_from(const struct sockets *, const struct addr *local, const struct addr *target);

#endif
