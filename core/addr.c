#include "core/addr.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "core/err.h"

static const uint8_t	mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static void
set_ip6(struct addr *a, const uint8_t ip[16])
{
	memset(a->ip, 0, sizeof a->ip);
	if (memcmp(ip, mapped, sizeof mapped) == 0) {
		a->family = ADDR_IP4;
		memcpy(a->ip, ip + 12, 4);
	} else {
		a->family = ADDR_IP6;
		memcpy(a->ip, ip, 16);
	}
}

int
addr_of_sockaddr(struct addr *a, const struct sockaddr *sa)
{
	struct sockaddr_in	in;
	struct sockaddr_in6	in6;

	memset(a, 0, sizeof *a);
	if (sa->sa_family == AF_INET) {
		memcpy(&in, sa, sizeof in);
		a->family = ADDR_IP4;
		a->port = ntohs(in.sin_port);
		memcpy(a->ip, &in.sin_addr, 4);
		return 0;
	}
	if (sa->sa_family == AF_INET6) {
		memcpy(&in6, sa, sizeof in6);
		set_ip6(a, in6.sin6_addr.s6_addr);
		a->port = ntohs(in6.sin6_port);
		return 0;
	}
	return ERR_INVALID;
}

unsigned
addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *ss)
{
	struct sockaddr_in	in = { .sin_family = AF_INET, .sin_port = htons(a->port) };
	struct sockaddr_in6	in6 = { .sin6_family = AF_INET6, .sin6_port = htons(a->port) };

	memset(ss, 0, sizeof *ss);
	if (a->family == ADDR_IP6) {
		memcpy(&in6.sin6_addr, a->ip, 16);
		memcpy(ss, &in6, sizeof in6);
		return sizeof in6;
	}
	memcpy(&in.sin_addr, a->ip, 4);
	memcpy(ss, &in, sizeof in);
	return sizeof in;
}

static int
port_parse(const char *s, uint16_t *port)
{
	char		*end;
	unsigned long	 v;

	if (!isdigit((unsigned char)s[0]))
		return ERR_INVALID;
	v = strtoul(s, &end, 10);
	if (*end != '\0' || v > 65535)
		return ERR_INVALID;
	*port = (uint16_t)v;
	return 0;
}

int
addr_parse(struct addr *a, const char *text)
{
	char		 host[INET6_ADDRSTRLEN + 2];
	const char	*port = NULL, *close = strchr(text, ']'), *colon = strchr(text, ':');
	size_t		 n = strlen(text);
	uint8_t		 ip[16];

	memset(a, 0, sizeof *a);
	if (text[0] == '[') {
		if (close == NULL || (close[1] != '\0' && close[1] != ':'))
			return ERR_INVALID;
		n = (size_t)(close - ++text);
		port = close[1] == ':' ? close + 2 : NULL;
	} else if (colon != NULL && strchr(colon + 1, ':') == NULL) {
		n = (size_t)(colon - text);
		port = colon + 1;
	}
	if (n >= sizeof host)
		return ERR_INVALID;
	memcpy(host, text, n);
	host[n] = '\0';
	if (close == NULL && inet_pton(AF_INET, host, a->ip) == 1)
		a->family = ADDR_IP4;
	else if (inet_pton(AF_INET6, host, ip) == 1)
		set_ip6(a, ip);
	else
		return ERR_INVALID;
	return port == NULL ? 0 : port_parse(port, &a->port);
}

const char *
addr_ip_text(const struct addr *a, char buf[ADDR_TEXT])
{
	buf[0] = '\0';
	if (a->family != ADDR_NONE)
		(void)inet_ntop(a->family == ADDR_IP4 ? AF_INET : AF_INET6, a->ip, buf, ADDR_TEXT);
	return buf;
}

const char *
addr_text(const struct addr *a, char buf[ADDR_TEXT])
{
	char	ip[ADDR_TEXT];

	(void)addr_ip_text(a, ip);
	if (a->port == 0)
		(void)snprintf(buf, ADDR_TEXT, "%.48s", ip);
	else if (a->family == ADDR_IP6)
		(void)snprintf(buf, ADDR_TEXT, "[%.48s]:%u", ip, a->port);
	else
		(void)snprintf(buf, ADDR_TEXT, "%.48s:%u", ip, a->port);
	return buf;
}

bool
addr_same_ip(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

bool
addr_eq(const struct addr *a, const struct addr *b)
{
	return addr_same_ip(a, b) && a->port == b->port;
}

bool
addr_is_loopback(const struct addr *a)
{
	static const uint8_t	one[16] = { [15] = 1 };

	return a->family == ADDR_IP4 ? a->ip[0] == 127 : a->family == ADDR_IP6 && memcmp(a->ip, one, sizeof one) == 0;
}

struct addr
addr_source(const struct addr *a)
{
	struct addr	s = *a;

	s.port = 0;
	if (s.family == ADDR_IP6)
		memset(s.ip + 8, 0, 8);
	return s;
}

struct prefix {
	struct addr	net;
	uint8_t		mask[16];
	bool		all;		/* 0.0.0.0/0: everybody, of IPv6 too */
};

static void
mask_of_length(uint8_t mask[16], unsigned bits)
{
	memset(mask, 0, 16);
	for (unsigned i = 0; i < bits; i++)
		mask[i / 8] |= (uint8_t)(0x80 >> (i % 8));
}

/* A dotted mask may have holes: Asterisk takes those, and so do we. */
static int
mask_parse(struct prefix *p, const char *text)
{
	unsigned	max = p->net.family == ADDR_IP4 ? 32 : 128;
	struct addr	dotted;
	uint16_t	bits;

	if (port_parse(text, &bits) == 0 && bits <= max) {
		mask_of_length(p->mask, bits);
		return 0;
	}
	if (strchr(text, '[') != NULL || addr_parse(&dotted, text) != 0 || dotted.family != p->net.family || dotted.port != 0)
		return ERR_INVALID;
	memcpy(p->mask, dotted.ip, sizeof p->mask);
	return 0;
}

static int
prefix_parse(struct prefix *p, const char *item)
{
	static const uint8_t	zero[16];
	char			text[128];
	char			*slash;

	(void)snprintf(text, sizeof text, "%s", item);
	if ((slash = strchr(text, '/')) != NULL)
		*slash = '\0';
	if (strchr(text, '[') != NULL || addr_parse(&p->net, text) != 0 || p->net.port != 0)
		return ERR_INVALID;
	mask_of_length(p->mask, p->net.family == ADDR_IP4 ? 32 : 128);
	if (slash != NULL && mask_parse(p, slash + 1) != 0)
		return ERR_INVALID;
	p->all = p->net.family == ADDR_IP4 && memcmp(p->mask, zero, sizeof zero) == 0;
	return 0;
}

static bool
prefix_holds(const struct prefix *p, const struct addr *a)
{
	if (p->all)
		return true;
	if (p->net.family != a->family)
		return false;
	for (size_t i = 0; i < (a->family == ADDR_IP4 ? 4u : 16u); i++)
		if ((p->net.ip[i] ^ a->ip[i]) & p->mask[i])
			return false;
	return true;
}

/* Takes the next item off the list.  1 with item, 0 at the end, ERR_TOO_LARGE; blanks and empty items are passed over. */
static int
item_next(const char **list, char *item, size_t size)
{
	const char	*s = *list;
	size_t		 n;

	while (*s == ',' || isspace((unsigned char)*s))
		s++;
	n = strcspn(s, ", \t\r\n");
	*list = s + n;
	if (n == 0)
		return 0;
	(void)snprintf(item, size, "%.*s", (int)(n < size ? n : size - 1), s);
	return n < size ? 1 : ERR_TOO_LARGE;
}

int
acl_check(const char *list, char *why, size_t size)
{
	struct prefix	p;
	char		item[100];
	int		rc;

	while ((rc = item_next(&list, item, sizeof item)) != 0) {
		if (rc < 0 || prefix_parse(&p, item) != 0) {
			(void)snprintf(why, size, "'%s' is not address/mask such as 192.0.2.0/255.255.255.0, 10.0.0.0/8 or 2001:db8::/32",
			    item);
			return ERR_INVALID;
		}
	}
	return 0;
}

bool
acl_matches(const char *list, const struct addr *a)
{
	struct prefix	p;
	char		item[100];
	int		rc;

	while ((rc = item_next(&list, item, sizeof item)) != 0)
		if (rc > 0 && prefix_parse(&p, item) == 0 && prefix_holds(&p, a))
			return true;
	return false;
}

bool
acl_allows(const char *permit, const char *deny, const struct addr *a)
{
	return !acl_matches(deny, a) || acl_matches(permit, a);
}
