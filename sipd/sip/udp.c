#include "sipd/sip/udp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>

#include "core/binding.h"
#include "core/clock.h"
#include "core/limit.h"
#include "sipd/sip/client.h"
#include "sipd/sip/front.h"
#include "sipd/sip/heard.h"
#include "sipd/sip/plug.h"
#include "sipd/sip/proxy.h"
#include "sipd/sip/request.h"
#include "sipd/sip/traces.h"

enum { BATCH = 64, DATAGRAM = 65536, CONTROL = 64, ERROR_CONTROL = 256, SHORTEST = 16 };

struct udp {
	struct mmsghdr		msgs[BATCH];
	struct iovec		iov[BATCH];
	su_sockaddr_t		from[BATCH];
	_Alignas(struct cmsghdr)
	char			control[BATCH][CONTROL];
	char			text[BATCH][DATAGRAM];
};

struct udp *
udp_new(void)
{
	struct udp	*u = calloc(1, sizeof *u);

	if (u == NULL)
		return NULL;
	for (int i = 0; i < BATCH; i++) {
		u->iov[i] = (struct iovec){ .iov_base = u->text[i], .iov_len = DATAGRAM };
		u->msgs[i].msg_hdr = (struct msghdr){ .msg_name = &u->from[i], .msg_iov = &u->iov[i], .msg_iovlen = 1,
			.msg_control = u->control[i] };
	}
	return u;
}

void
udp_free(struct udp *u)
{
	free(u);
}

/* The address that a datagram came to, as the kernel tells with it. */
static bool
destination(struct msghdr *m, uint16_t port, struct addr *local)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		struct sockaddr_in	in = { .sin_family = AF_INET };
		struct sockaddr_in6	in6 = { .sin6_family = AF_INET6 };
		struct in_pktinfo	info;
		struct in6_pktinfo	info6;
		bool			found = false;

		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			memcpy(&info, CMSG_DATA(c), sizeof info);
			in.sin_addr = info.ipi_spec_dst;
			found = addr_of_sockaddr(local, (const struct sockaddr *)&in) == 0;
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			memcpy(&info6, CMSG_DATA(c), sizeof info6);
			in6.sin6_addr = info6.ipi6_addr;
			found = addr_of_sockaddr(local, (const struct sockaddr *)&in6) == 0;
		}
		if (found) {
			local->port = port;
			return true;
		}
	}
	return false;
}

static bool
locate(struct udp *u, int i, const struct socket *s, struct where *w)
{
	*w = (struct where){ .transport = TRANSPORT_UDP, .fd = s->fd, .local = s->addr };
	if (addr_of_sockaddr(&w->source, &u->from[i].su_sa) != 0)
		return false;
	w->from_local = s->any && destination(&u->msgs[i].msg_hdr, s->addr.port, &w->local);
	return true;
}

static msg_t *
parse(tport_t *tp, struct udp *u, int i)
{
	usize_t		 n = u->msgs[i].msg_len;
	msg_iovec_t	iov[8] = { { 0 } };
	msg_t		*msg = tport_msg_alloc(tp, n);
	su_sockaddr_t	 su;
	issize_t	 parts;

	if (msg == NULL)
		return NULL;
	parts = msg_recv_iovec(msg, iov, 8, n, 1);
	if (parts != 1) {
		msg_destroy(msg);	/* over the agent's limit of a message */
		return NULL;
	}
	memcpy(iov[0].mv_base, u->text[i], n);
	(void)msg_recv_commit(msg, n, 1);
	memset(&su, 0, sizeof su);
	memcpy(&su, &u->from[i], u->msgs[i].msg_hdr.msg_namelen);
	(void)msg_set_address(msg, &su, u->msgs[i].msg_hdr.msg_namelen);
	if (msg_extract(msg) == 0)
		msg_mark_as_complete(msg, MSG_FLG_ERROR);
	return msg;
}

/* What keeps a NAT's door open, and what is no SIP message at all (STUN, SigComp): it is neither parsed nor counted. */
static bool
is_message(const char *text, size_t n)
{
	return n >= SHORTEST && text[0] > ' ' && text[0] < 0x7f;
}

static bool
within_limits(struct front *f, const struct where *w, int64_t now_ms)
{
	f->counts.requests++;
	if (limits_take(f->limits, &w->source, now_ms))
		return true;
	f->counts.limited++;
	return false;
}

static void
take(struct front *f, tport_t *tp, const struct socket *s, int i, int64_t now_ms)
{
	struct udp	*u = f->udp;
	struct where	 w;
	msg_t		*msg;

	if (!is_message(u->text[i], u->msgs[i].msg_len) || !locate(u, i, s, &w))
		return;
	if (!client_expects(f->client, u->text[i], u->msgs[i].msg_len) && !heard_expects(f, u->text[i], u->msgs[i].msg_len) &&
	    !within_limits(f, &w, now_ms))
		return;
	traces_see(f->traces, false, &w, u->text[i], u->msgs[i].msg_len);
	if ((msg = parse(tp, u, i)) == NULL)
		f->counts.malformed++;
	else if (!request_take(f, tp, msg, &w))
		tport_deliver(tp, msg, NULL, NULL, su_now());
}

void
udp_read(struct front *f, tport_t *tp)
{
	const struct socket	*s = sockets_find(&f->sockets, tp);
	struct udp		*u = f->udp;
	int64_t			 now_ms = clock_boot_ms();
	int			 n;

	if (s == NULL)
		return;
	for (int i = 0; i < BATCH; i++) {
		u->msgs[i].msg_hdr.msg_namelen = sizeof u->from[i];
		u->msgs[i].msg_hdr.msg_controllen = s->any ? CONTROL : 0;
	}
	n = recvmmsg(s->fd, u->msgs, BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++)
		take(f, tp, s, i, now_ms);
}

/* Not that it lives too long, is too large or sent too fast: that is no failure to send (RFC 3261 section 18.4). */
static bool
is_unreachable(const struct sock_extended_err *e)
{
	if (e->ee_origin == SO_EE_ORIGIN_ICMP)
		return (e->ee_type == ICMP_DEST_UNREACH && e->ee_code != ICMP_FRAG_NEEDED) || e->ee_type == ICMP_PARAMETERPROB;
	return e->ee_origin == SO_EE_ORIGIN_ICMP6 && (e->ee_type == ICMP6_DST_UNREACH || e->ee_type == ICMP6_PARAM_PROB);
}

/* Why what was sent did not arrive; NULL: it may have. */
static const char *
refusal_of(struct msghdr *m)
{
	struct sock_extended_err	e;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		if ((c->cmsg_level != IPPROTO_IP || c->cmsg_type != IP_RECVERR) &&
		    (c->cmsg_level != IPPROTO_IPV6 || c->cmsg_type != IPV6_RECVERR))
			continue;
		memcpy(&e, CMSG_DATA(c), sizeof e);
		return !is_unreachable(&e) ? NULL : e.ee_errno == ECONNREFUSED ? "Connection Refused" : "Unreachable";
	}
	return NULL;
}

/* false: there is no more. */
static bool
take_error(struct front *f, int fd, int64_t now_ms)
{
	struct udp	*u = f->udp;
	_Alignas(struct cmsghdr)
	char		 control[ERROR_CONTROL];
	struct msghdr	 m = { .msg_iov = &u->iov[0], .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
	const char	*text = u->text[0], *why;
	ssize_t		 n = recvmsg(fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT);

	if (n < 0)
		return false;
	if ((why = refusal_of(&m)) == NULL || (n >= 8 && memcmp(text, "SIP/2.0 ", 8) == 0))
		return true;
	if (!client_refused(f, text, (size_t)n, why, now_ms))
		(void)heard_refused(f, text, (size_t)n, now_ms);
	return true;
}

void
udp_errors(struct front *f, tport_t *tp)
{
	const struct socket	*s = sockets_find(&f->sockets, tp);
	int64_t			 now_ms = clock_boot_ms();
	int			 error;
	socklen_t		 size = sizeof error;

	if (s == NULL)
		return;
	for (int i = 0; i < BATCH; i++)
		if (!take_error(f, s->fd, now_ms)) {
			(void)getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &size);	/* one that found no room in the queue */
			return;
		}
}
