/*
 * The sockets of our datagram transports.  libsofia does not tell its descriptors; they are found among ours by their address, once,
 * after the agent has bound them.
 */
#ifndef SIPD_SIP_SOCKETS_H
#define SIPD_SIP_SOCKETS_H

#include <stdbool.h>

#include "core/addr.h"
#include "sipd/config.h"
#include "sipd/sip/sofia.h"

struct sockets {
	struct {
		int		fd;
		struct addr	addr;
	}	bound[CONFIG_LISTENS];
	int	n;
};

/* Looks through our descriptors for bound datagram sockets. */
void	sockets_find(struct sockets *);

/* The socket of the transport of that name, and its address.  false when there is none. */
bool	sockets_of(const struct sockets *, const tp_name_t *, int *fd, struct addr *local);

/* A transport's address, "127.0.0.1:5060". */
int	transport_addr(const tp_name_t *, struct addr *);

#endif
