#include "sipd/sip/sockets.h"

#include <stdio.h>
#include <string.h>

#include <netinet/in.h>
#include <sys/socket.h>

enum { FDS = 256 };	/* the agent is made while few are open */

void
sockets_find(struct sockets *s)
{
	s->n = 0;
	for (int fd = 3; fd < FDS && s->n < CONFIG_LISTENS; fd++) {
		struct sockaddr_storage	ss;
		socklen_t		n = sizeof ss, type_n = sizeof(int);
		int			type;
		struct addr		a;

		if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_n) != 0 || type != SOCK_DGRAM)
			continue;
		if (getsockname(fd, (struct sockaddr *)&ss, &n) != 0 || addr_of_sockaddr(&a, (struct sockaddr *)&ss) != 0 || a.port == 0)
			continue;
		s->bound[s->n].fd = fd;
		s->bound[s->n++].addr = a;
	}
}

int
transport_addr(const tp_name_t *name, struct addr *a)
{
	char	text[128];
	bool	bare6 = strchr(name->tpn_host, ':') != NULL && name->tpn_host[0] != '[';

	(void)snprintf(text, sizeof text, bare6 ? "[%s]:%s" : "%s:%s", name->tpn_host, name->tpn_port);
	return addr_parse(a, text);
}

static bool
is_any(const struct addr *a)
{
	static const uint8_t	zero[16];

	return memcmp(a->ip, zero, sizeof zero) == 0;
}

bool
sockets_of(const struct sockets *s, const tp_name_t *name, int *fd, struct addr *local)
{
	int	wildcard = -1;

	if (transport_addr(name, local) != 0)
		return false;
	for (int i = 0; i < s->n; i++) {
		if (addr_eq(&s->bound[i].addr, local)) {
			*fd = s->bound[i].fd;
			return true;
		}
		if (is_any(&s->bound[i].addr) && s->bound[i].addr.port == local->port)
			wildcard = s->bound[i].fd;
	}
	*fd = wildcard;
	return wildcard >= 0;
}
