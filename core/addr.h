/*
 * Network addresses as values, and the lists of address/mask that permit and deny are (product A6).
 */
#ifndef CORE_ADDR_H
#define CORE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sockaddr;
struct sockaddr_storage;

enum addr_family { ADDR_NONE = 0, ADDR_IP4 = 4, ADDR_IP6 = 6 };

struct addr {
	uint8_t		family;		/* enum addr_family */
	uint16_t	port;		/* host order, 0 when there is none */
	uint8_t		ip[16];		/* network order; IPv4 uses the first four, the rest is zero */
};

enum { ADDR_TEXT = 64 };		/* enough for "[v6]:port" */

int		addr_of_sockaddr(struct addr *, const struct sockaddr *);	/* IPv4-mapped IPv6 becomes IPv4; ERR_INVALID */
unsigned	addr_to_sockaddr(const struct addr *, struct sockaddr_storage *);	/* returns its length */
int		addr_parse(struct addr *, const char *);	/* "1.2.3.4", "1.2.3.4:5", "2001::1", "[2001::1]:5"; ERR_INVALID */
const char	*addr_text(const struct addr *, char buf[ADDR_TEXT]);		/* with the port where there is one */
const char	*addr_ip_text(const struct addr *, char buf[ADDR_TEXT]);	/* without */
bool		addr_eq(const struct addr *, const struct addr *);		/* address and port */
bool		addr_same_ip(const struct addr *, const struct addr *);
bool		addr_is_loopback(const struct addr *);

/* The part of an address that one customer has: /32 of IPv4, /64 of IPv6, port 0.  Limits and nonces are bound to it. */
struct addr	addr_source(const struct addr *);

/*
 * An access list: "192.0.2.0/255.255.255.0,10.0.0.0/8,2001:db8::/32", blanks around commas allowed.
 * acl_check: 0, or ERR_INVALID with the faulty item named in why.  acl_matches: any item holds the address.
 * acl_allows: deny is read first, permit overrides it; empty lists allow all; 0.0.0.0/0 stands for all of IPv6 too.
 */
int	acl_check(const char *list, char *why, size_t size);
bool	acl_matches(const char *list, const struct addr *);
bool	acl_allows(const char *permit, const char *deny, const struct addr *);

#endif
