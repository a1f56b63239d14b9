/*
 * Questions to name servers, asked by c-ares from an event loop: SRV, NAPTR and address records.  Truncated answers are fetched again
 * over TCP, aliases are followed.  No file is read: who the servers are is told here.
 */
#ifndef NET_DNS_H
#define NET_DNS_H

#include <stddef.h>
#include <stdint.h>

#include "core/addr.h"
#include "sipd/net/srv.h"

struct event_base;
struct dns;

enum { DNS_SERVERS = 4, DNS_ADDRS = 32 };

enum dns_type { DNS_SRV, DNS_NAPTR, DNS_ADDR };

enum dns_result {
	DNS_OK,
	DNS_NO_NAME,		/* the name does not exist */
	DNS_NO_DATA,		/* it has nothing of this type */
	DNS_SILENT,		/* no server answered in time */
	DNS_UNREACHABLE,	/* none could be reached, or was willing */
	DNS_FAILED,		/* answers that tell nothing, or no memory */
	DNS_BAD_NAME,
	DNS_CANCELLED,		/* dns_free() */
};

struct dns_answer {
	enum dns_result	 result;
	uint32_t	 ttl;		/* the least of its records */
	size_t		 n;		/* of what was asked for, at least 1 with DNS_OK */
	struct srv	*srvs;		/* the reader's, until it returns */
	struct naptr	*naptrs;
	const struct addr *addrs;	/* in the order of RFC 6724, port 0 */
};

typedef void	(*dns_fn)(void *arg, const struct dns_answer *);

/* Servers have their port; 0 stands for 53.  NULL: no memory, or no server. */
struct dns *dns_new(struct event_base *, const struct addr *servers, size_t n);
void	dns_free(struct dns *);		/* what is asked still is answered first: DNS_CANCELLED */

/* fn is called once, maybe before this returns. */
void	dns_ask(struct dns *, enum dns_type, const char *name, dns_fn, void *arg);

/* "the name server 192.0.2.1 does not answer", of a result other than DNS_OK and for that name. */
void	dns_text(const struct dns *, enum dns_result, const char *name, char *buf, size_t size);

#endif
