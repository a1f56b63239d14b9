/*
 * How a process finds those it connects to, and whom it trusts, as it is told: the texts of hosts(5) and resolv.conf(5), the name servers
 * that are configured, which go before the system's, and authorities.
 */
#ifndef NET_GUIDE_H
#define NET_GUIDE_H

#include <openssl/types.h>

#include "sipd/boot.h"
#include "sipd/net/dns.h"

struct guide {
	char		*resolv, *hosts;		/* texts of the files; NULL where there is none */
	struct addr	 servers[CONFIG_SERVERS];	/* configured ones */
	size_t		 n_servers;
};

void	guide_clear(struct guide *);

/*
 * Takes the descriptors of an ORDER_FILES; its texts hold from now on.  The client's context that trusts its authorities, of the
 * configuration's key ca, as tls_trust() makes it.
 */
SSL_CTX	*guide_files(struct guide *, struct boot_order *, const char *ca);
void	guide_configure(struct guide *, const struct config *);

/* Whom to ask for names.  How many there are. */
size_t	guide_servers(const struct guide *, struct addr servers[DNS_SERVERS]);

#endif
