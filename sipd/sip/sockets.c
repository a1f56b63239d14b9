#include "sipd/sip/sockets.h"

#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include "core/err.h"

enum { FDS = 256 };	/* the agent is made while few are open */

static bool
is_known(const struct sockets *s, int fd)
{
	for (int i = 0; i < s->n; i++)
		if (s->bound[i].fd == fd)
			return true;
	return false;
}

static bool
is_any(const struct addr *a)
{
	static const uint8_t	zero[16];

	return memcmp(a->ip, zero, sizeof zero) == 0;
}

/* A datagram socket of the internet that is bound to port, and its address. */
static bool
is_bound(int fd, int port, struct addr *a)
{
	struct sockaddr_storage	ss;
	socklen_t		n = sizeof ss, type_n = sizeof(int);
	int			type;

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_n) == 0 && type == SOCK_DGRAM &&
	    getsockname(fd, (struct sockaddr *)&ss, &n) == 0 && addr_of_sockaddr(a, (struct sockaddr *)&ss) == 0 && a->port == port;
}

static int
ask_destination(int fd, uint8_t family)
{
	const int	on = 1;

	if (family == ADDR_IP6)
		return setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
	return setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
}

int
sockets_add(struct sockets *s, const tport_t *tport)
{
	struct socket	*one = &s->bound[s->n];
	int		 port = atoi(tport_name(tport)->tpn_port);

	if (s->n == CONFIG_LISTENS)
		return ERR_NOT_FOUND;
	*one = (struct socket){ .tport = tport };
	for (one->fd = 3; one->fd < FDS; one->fd++) {
		if (is_known(s, one->fd) || !is_bound(one->fd, port, &one->addr))
			continue;
		one->any = is_any(&one->addr);
		if (one->any && ask_destination(one->fd, one->addr.family) != 0)
			one->any = false;
		s->n++;
		return 0;
	}
	return ERR_NOT_FOUND;
}

const struct socket *
sockets_find(const struct sockets *s, const tport_t *tport)
{
	for (int i = 0; i < s->n; i++)
		if (s->bound[i].tport == tport)
			return &s->bound[i];
	return NULL;
}
