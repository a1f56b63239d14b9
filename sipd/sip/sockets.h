/*
 * The sockets of our datagram transports.  libsofia does not tell its descriptors: each is found among ours when it has just been bound.
 */
#ifndef SIPD_SIP_SOCKETS_H
#define SIPD_SIP_SOCKETS_H

#include <stdbool.h>

#include "core/addr.h"
#include "sipd/config.h"
#include "sipd/sip/sofia.h"

struct sockets {
	struct socket {
		const tport_t	*tport;
		int		 fd;
		struct addr	 addr;
		bool		 any;	/* bound to all addresses: the kernel tells which one a datagram came to */
	}	bound[CONFIG_LISTENS];
	int	n;
};

/* After the agent has bound a transport: finds its socket.  0, or ERR_NOT_FOUND. */
int	sockets_add(struct sockets *, const tport_t *);
const struct socket *sockets_find(const struct sockets *, const tport_t *);	/* NULL when it is not one of ours */

#endif
