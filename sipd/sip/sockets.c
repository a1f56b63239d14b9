#include "sipd/sip/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "core/clock.h"

enum { BUFFER = 4 << 20 };	/* bytes of datagrams that wait while the front is at work */

bool
sockets_is_any(const struct addr *a)
{
	static const uint8_t	zero[16];

	return memcmp(a->ip, zero, sizeof zero) == 0;
}

static int
option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof value);
}

/* Errors of what was sent are told (udp.c asks for them), large datagrams are cut on their way, not refused. */
static int
set_options(int fd, const struct addr *a)
{
	bool	v6 = a->family == ADDR_IP6;

	if (option(fd, SOL_SOCKET, SO_RCVBUFFORCE, BUFFER) != 0)
		(void)option(fd, SOL_SOCKET, SO_RCVBUF, BUFFER);
	if (v6)
		return option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) != 0 || option(fd, IPPROTO_IPV6, IPV6_RECVERR, 1) != 0 ||
		    (sockets_is_any(a) && option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) != 0) ? -errno : 0;
	return option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT) != 0 || option(fd, IPPROTO_IP, IP_RECVERR, 1) != 0 ||
	    (sockets_is_any(a) && option(fd, IPPROTO_IP, IP_PKTINFO, 1) != 0) ? -errno : 0;
}

/* A bound socket; a becomes the address with the port that it got. */
static int
open_bound(struct addr *a)
{
	struct sockaddr_storage	ss;
	socklen_t		n = addr_to_sockaddr(a, &ss);
	int			fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), rc;

	if (fd < 0)
		return -errno;
	if ((rc = set_options(fd, a)) == 0 && (bind(fd, (const struct sockaddr *)&ss, n) != 0 ||
	    (n = sizeof ss, getsockname(fd, (struct sockaddr *)&ss, &n) != 0)))
		rc = -errno;
	if (rc != 0) {
		close(fd);
		return rc;
	}
	(void)addr_of_sockaddr(a, (const struct sockaddr *)&ss);
	return fd;
}

int
sockets_open(struct sockets *s, const tport_t *tport, int fd, const struct addr *addr)
{
	struct socket	*one = &s->bound[s->n];
	int		 bound, rc;

	if (s->n == CONFIG_LISTENS)
		return -EMFILE;
	*one = (struct socket){ .tport = tport, .fd = fd, .addr = *addr, .any = sockets_is_any(addr) };
	if ((bound = open_bound(&one->addr)) < 0)
		return bound;
	rc = dup3(bound, fd, O_CLOEXEC) < 0 ? -errno : 0;
	close(bound);
	one->known = one->addr;
	if (one->any) {
		one->known = sockets_own_address(addr->family);
		one->known.port = one->addr.port;
	}
	if (rc == 0)
		s->n++;
	return rc;
}

struct addr
sockets_own_address(uint8_t family)
{
	struct addr	found = { .family = family, .ip = { 127, 0, 0, 1 } }, a;
	struct ifaddrs	*all = NULL;

	if (family == ADDR_IP6)
		found = (struct addr){ .family = ADDR_IP6, .ip = { [15] = 1 } };
	if (getifaddrs(&all) != 0)
		return found;
	for (const struct ifaddrs *i = all; i != NULL; i = i->ifa_next) {
		if (i->ifa_addr == NULL || !(i->ifa_flags & IFF_UP) || addr_of_sockaddr(&a, i->ifa_addr) != 0 || a.family != family ||
		    addr_is_loopback(&a) || (a.family == ADDR_IP6 && a.ip[0] == 0xfe && (a.ip[1] & 0xc0) == 0x80))
			continue;
		found = a;
		break;
	}
	freeifaddrs(all);
	return found;
}

/* A socket that is connected knows where it stands; nothing is sent. */
struct addr
sockets_routed_from(const struct addr *target)
{
	struct sockaddr_storage	ss;
	socklen_t		n = addr_to_sockaddr(target, &ss);
	struct addr		a = { .family = ADDR_NONE };
	int			fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return a;
	if (connect(fd, (const struct sockaddr *)&ss, n) == 0 && (n = sizeof ss, getsockname(fd, (struct sockaddr *)&ss, &n)) == 0)
		(void)addr_of_sockaddr(&a, (const struct sockaddr *)&ss);
	close(fd);
	return a;
}

static struct addr
look_toward(const struct sockets *s, const struct addr *target)
{
	struct addr	a = sockets_routed_from(target);

	for (int any = 0; any < 2 && a.family != ADDR_NONE; any++) {
		for (int i = 0; i < s->n; i++) {
			const struct socket	*one = &s->bound[i];

			a.port = one->addr.port;
			if (one->addr.family == a.family && (any == 1 ? one->any : addr_same_ip(&one->addr, &a)))
				return a;
		}
	}
	return (struct addr){ .family = ADDR_NONE };
}

static uint32_t
ip_hash(const struct addr *a)
{
	uint32_t	h = 2166136261u;

	for (size_t i = 0; i < sizeof a->ip; i++)
		h = (h ^ a->ip[i]) * 16777619u;
	return h ^ h >> 16;
}

struct addr
sockets_toward(struct sockets *s, const struct addr *target)
{
	struct toward	*t = &s->toward[ip_hash(target) % TOWARD_WAYS];
	int64_t		 now_ms = clock_boot_us() / 1000;

	if (t->until_ms <= now_ms || !addr_same_ip(&t->target, target))
		*t = (struct toward){ .target = *target, .from = look_toward(s, target), .until_ms = now_ms + TOWARD_LIFE_MS };
	return t->from;
}

const struct socket *
sockets_find(const struct sockets *s, const tport_t *tport)
{
	for (int i = 0; i < s->n; i++)
		if (s->bound[i].tport == tport)
			return &s->bound[i];
	return NULL;
}

const struct socket *
sockets_from(const struct sockets *s, const struct addr *local, const struct addr *target)
{
	const struct socket	*any = NULL, *other = NULL;

	for (int i = 0; i < s->n; i++) {
		const struct socket	*one = &s->bound[i];

		if (one->addr.family != target->family)
			continue;
		if (addr_eq(&one->addr, local))
			return one;
		if (any == NULL && one->any && local->family == one->addr.family && one->addr.port == local->port)
			any = one;
		if (other == NULL)
			other = one;
	}
	return any != NULL ? any : other;
}
