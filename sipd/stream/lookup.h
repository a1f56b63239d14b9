/*
 * Where a SIP domain is found over a given transport (RFC 3263 section 4.2), as the keeper asks it with WIRE_RESOLVE:
 *
 *	an address, or a name that hosts(5) has	itself, at the port that was given or the transport's
 *	a port was given			the name's A and AAAA records
 *	else					NAPTR, SRV, then A and AAAA of each server; without SRV records those of the name
 */
#ifndef STREAM_LOOKUP_H
#define STREAM_LOOKUP_H

#include "core/wire.h"

struct event_base;
struct lookups;

enum { LOOKUP_TTL_MIN = 5, LOOKUP_TTL_MAX = 3600 };

typedef void	(*lookup_fn)(void *arg, uint64_t id, const struct wire_resolved *);

struct lookups *lookups_new(struct event_base *, lookup_fn, void *arg);
void	lookups_free(struct lookups *);		/* nobody is told */

/* Borrows the text of hosts(5) (NULL: none) until the next call.  What is under way begins again where the servers are others. */
void	lookups_configure(struct lookups *, const char *hosts, const struct addr *servers, size_t n);

/* The answer comes once, maybe before this returns. */
void	lookups_ask(struct lookups *, uint64_t id, const struct wire_resolve *);
void	lookups_forget(struct lookups *);	/* nobody waits for answers any more */

#endif
