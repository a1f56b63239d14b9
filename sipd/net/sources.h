/*
 * How many connections each source has, a source being what one customer has: an IPv4 address or an IPv6 /64.  There is an entry
 * only for those that have one, so the memory is bounded by the number of connections.
 */
#ifndef NET_SOURCES_H
#define NET_SOURCES_H

#include <stdint.h>

#include "core/addr.h"

struct sources;

struct sources *sources_new(void);
void	sources_free(struct sources *);
int	sources_add(struct sources *, const struct addr *, uint32_t max);	/* 0; ERR_BUSY at max (0: no limit) */
void	sources_remove(struct sources *, const struct addr *);

#endif
