#include "sipd/sip/plug.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <netinet/in.h>

#include "core/err.h"
#include "sipd/sip/front.h"
#include "sipd/sip/request.h"
#include "sipd/sip/udp.h"

/* What we don't name we don't touch.  A primary transport begins with its struct tport_s, so it may be called by its pointer. */
struct tport_vtable {
	const char	*name;
	int		 public;
	size_t		 primary_size;
	int		(*init_primary)(tport_t *, tp_name_t *, su_addrinfo_t *, tagi_t const *, char const **culprit);
	void		*deinit_primary;
	int		(*wakeup_pri)(tport_t *, int events);
	void		*connect;
	size_t		 secondary_size;
	void		*init_secondary, *deinit_secondary, *shutdown, *set_events, *wakeup, *recv, *send;
	void		(*deliver)(tport_t *, msg_t *, su_time_t now);
	void		*prepare, *keepalive, *stun_response, *next_secondary_timer, *secondary_timer;
};

int	tport_register_type(struct tport_vtable const *);

/* libsofia's types are the process's and carry no context: what belongs to them is here, set once. */
static struct {
	struct front		*front;
	const struct addr	*listen;	/* while the agent makes a datagram transport */
	int			(*init_udp)(tport_t *, tp_name_t *, su_addrinfo_t *, tagi_t const *, char const **culprit);
	struct tport_vtable	 udp, tcp, tls;
} plugged;

static void
deliver(tport_t *tp, msg_t *msg, su_time_t now)
{
	if (!request_receive(plugged.front, tp, msg))
		tport_base_deliver(tp, msg, now);
}

static int
wakeup_udp(tport_t *tp, int events)
{
	if (events & SU_WAIT_ERR)
		udp_errors(plugged.front, tp);
	if (events & SU_WAIT_IN)
		udp_read(plugged.front, tp);
	return 0;
}

static void
set_port(struct sockaddr *sa, uint16_t port)
{
	if (sa->sa_family == AF_INET6)
		((struct sockaddr_in6 *)(void *)sa)->sin6_port = htons(port);
	else
		((struct sockaddr_in *)(void *)sa)->sin_port = htons(port);
}

/* libsofia makes its socket, at any port, which gets the lowest free descriptor; then ours takes that one's place. */
static int
init_udp(tport_t *tp, tp_name_t *tpn, su_addrinfo_t *ai, tagi_t const *tags, char const **culprit)
{
	struct sockets	*s = &plugged.front->sockets;
	int		 fd = dup(plugged.front->boot->order_fd), rc;

	if (fd < 0)
		return -1;
	close(fd);
	set_port(ai->ai_addr, 0);
	if ((rc = plugged.init_udp(tp, tpn, ai, tags, culprit)) != 0)
		return rc;
	*culprit = "bind";
	if ((rc = sockets_open(s, tp, fd, plugged.listen)) != 0) {
		errno = -rc;
		return -1;
	}
	set_port(ai->ai_addr, s->bound[s->n - 1].addr.port);
	return 0;
}

int
plug_listen(nta_agent_t *agent, const struct addr *a)
{
	struct addr	known = *a;
	char		ip[ADDR_TEXT], port[8] = "*", url[ADDR_TEXT + 32];
	int		rc;

	if (sockets_is_any(a))
		known = sockets_own_address(a->family);
	if (a->port != 0)
		(void)snprintf(port, sizeof port, "%u", a->port);
	(void)snprintf(url, sizeof url, known.family == ADDR_IP6 ? "sip:[%s]:%s;transport=udp" : "sip:%s:%s;transport=udp",
	    addr_ip_text(&known, ip), port);
	plugged.listen = a;
	errno = 0;
	rc = nta_agent_add_tport(agent, URL_STRING_MAKE(url), TAG_END());
	plugged.listen = NULL;
	return rc == 0 ? 0 : errno == 0 ? -EINVAL : -errno;
}

/*
 * The type of that name, if all that we know of it holds: its size, its name, and two of its functions around deliver and wakeup_pri
 * where we expect them.
 */
static const struct tport_vtable *
type_known(const char *symbol, const char *name, const char *recv, const char *send, const char *wakeup_pri)
{
	const struct tport_vtable	*type = dlsym(RTLD_DEFAULT, symbol);
	const ElfW(Sym)			*sym = NULL;
	Dl_info				 info;
	void				*found = NULL, *wakeup = NULL;

	if (type == NULL || dladdr1(type, &info, &found, RTLD_DL_SYMENT) == 0 || (sym = found) == NULL ||
	    sym->st_size != sizeof *type || strcmp(type->name, name) != 0)
		return NULL;
	memcpy(&wakeup, &type->wakeup_pri, sizeof wakeup);
	if (type->recv != dlsym(RTLD_DEFAULT, recv) || type->send != dlsym(RTLD_DEFAULT, send) || type->deliver != NULL ||
	    wakeup != (wakeup_pri == NULL ? NULL : dlsym(RTLD_DEFAULT, wakeup_pri)))
		return NULL;
	return type;
}

int
plug_in(struct front *f, char *why, size_t size)
{
	const struct tport_vtable	*udp, *tcp;

	udp = type_known("tport_udp_vtable", "udp", "tport_recv_dgram", "tport_send_dgram", NULL);
	tcp = type_known("tport_tcp_vtable", "tcp", "tport_recv_stream", "tport_send_stream", "tport_accept");
	if (udp == NULL || tcp == NULL) {
		(void)snprintf(why, size, "this build of libsofia-sip-ua has other transports inside than 1.12.11");
		return ERR_INVALID;
	}
	plugged.front = f;
	plugged.udp = *udp;
	plugged.init_udp = udp->init_primary;
	plugged.udp.init_primary = init_udp;
	plugged.udp.wakeup_pri = wakeup_udp;
	plugged.udp.deliver = deliver;
	plugged.tcp = *tcp;
	plugged.tcp.deliver = deliver;
	plugged.tls = plugged.tcp;
	plugged.tls.name = "tls";
	if (tport_register_type(&plugged.udp) != 0 || tport_register_type(&plugged.tcp) != 0 || tport_register_type(&plugged.tls) != 0) {
		(void)snprintf(why, size, "libsofia-sip-ua takes no more transports");
		return ERR_INVALID;
	}
	return 0;
}
