#include "sipd/sip/out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "core/log.h"
#include "sipd/sip/headers.h"
#include "sipd/sip/traces.h"

enum { BATCH = 128, DATAGRAM = 8192, CONTROL = 64 };

struct datagram {
	int			fd;
	struct sockaddr_storage	to;
	socklen_t		to_n;
	size_t			n;
	size_t			control_n;		/* 0: the socket's own address is the sender */
	_Alignas(struct cmsghdr)
	char			control[CONTROL];
	char			text[DATAGRAM];
};

struct out {
	struct traces	*traces;
	size_t		n;
	struct datagram	datagrams[BATCH];
};

struct out *
out_new(struct traces *traces)
{
	struct out	*o = calloc(1, sizeof *o);

	if (o != NULL)
		o->traces = traces;
	return o;
}

void
out_free(struct out *o)
{
	free(o);
}

static struct msghdr
header_of(struct datagram *d, struct iovec *v)
{
	return (struct msghdr){ .msg_name = &d->to, .msg_namelen = d->to_n, .msg_iov = v, .msg_iovlen = 1,
		.msg_control = d->control_n == 0 ? NULL : d->control, .msg_controllen = d->control_n };
}

/* Sends the datagrams from first on that share a socket.  Returns how many were dealt with. */
static size_t
flush_run(struct out *o, size_t first)
{
	struct mmsghdr	m[BATCH];
	struct iovec	v[BATCH];
	size_t		n = 0;
	int		sent;

	memset(m, 0, sizeof m);
	for (; first + n < o->n && o->datagrams[first + n].fd == o->datagrams[first].fd; n++) {
		struct datagram	*d = &o->datagrams[first + n];

		v[n] = (struct iovec){ .iov_base = d->text, .iov_len = d->n };
		m[n].msg_hdr = header_of(d, &v[n]);
	}
	sent = sendmmsg(o->datagrams[first].fd, m, (unsigned)n, MSG_DONTWAIT);
	if (sent < 0 && errno != EAGAIN)	/* it may be what an earlier one met on its way, which the kernel tells the next */
		sent = sendmmsg(o->datagrams[first].fd, m, (unsigned)n, MSG_DONTWAIT);
	if (sent > 0)
		return (size_t)sent;
	log_debug(SUB_SIP, "a datagram could not be sent: %s", strerror(errno));
	return 1;	/* this one is lost: it is asked for, or sent, again */
}

void
out_flush(struct out *o)
{
	for (size_t at = 0; at < o->n;)
		at += flush_run(o, at);
	o->n = 0;
}

/* Has the kernel send from the address that the request came to. */
static void
say_sender(struct datagram *d, const struct addr *local)
{
	struct msghdr		m = { .msg_control = d->control, .msg_controllen = sizeof d->control };
	struct cmsghdr		*c = CMSG_FIRSTHDR(&m);
	struct in_pktinfo	info = { 0 };
	struct in6_pktinfo	info6 = { 0 };
	bool			v6 = local->family == ADDR_IP6;
	size_t			n = v6 ? sizeof info6 : sizeof info;

	memset(d->control, 0, sizeof d->control);
	c->cmsg_level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;
	c->cmsg_type = v6 ? IPV6_PKTINFO : IP_PKTINFO;
	c->cmsg_len = CMSG_LEN(n);
	memcpy(&info6.ipi6_addr, local->ip, sizeof info6.ipi6_addr);
	memcpy(&info.ipi_spec_dst, local->ip, sizeof info.ipi_spec_dst);
	memcpy(CMSG_DATA(c), v6 ? (const void *)&info6 : (const void *)&info, n);
	d->control_n = CMSG_SPACE(n);
}

static void
set_address(struct datagram *d, const struct where *w)
{
	struct addr	to = w->source;

	to.port = w->port;
	d->fd = w->fd;
	d->to_n = addr_to_sockaddr(&to, &d->to);
	d->control_n = 0;
	if (w->from_local)
		say_sender(d, &w->local);
}

/* One that is too large to be gathered with others. */
static bool
send_large(struct out *o, const struct where *w, const char *text, size_t n)
{
	struct datagram	*d = &o->datagrams[0];
	struct iovec	 v = { .iov_len = n };
	struct msghdr	 m;
	ssize_t		 sent;

	out_flush(o);
	set_address(d, w);
	memcpy(&v.iov_base, &text, sizeof v.iov_base);
	m = header_of(d, &v);
	sent = sendmsg(d->fd, &m, MSG_DONTWAIT);
	if (sent < 0 && errno != EAGAIN && errno != EMSGSIZE)
		sent = sendmsg(d->fd, &m, MSG_DONTWAIT);
	if (sent < 0)
		log_debug(SUB_SIP, "a datagram of %zu bytes could not be sent: %s", n, strerror(errno));
	return sent >= 0 || errno != EMSGSIZE;
}

static bool
send_datagram(struct out *o, const struct where *w, const char *text, size_t n)
{
	struct datagram	*d;

	if (n > DATAGRAM)
		return send_large(o, w, text, n);
	if (o->n == BATCH)
		out_flush(o);
	d = &o->datagrams[o->n++];
	set_address(d, w);
	d->n = n;
	memcpy(d->text, text, n);
	return true;
}

static bool
send_stream(struct flows *flows, const struct where *w, const char *text, size_t n, bool last)
{
	struct flow	*f = flows_find(flows, w->flow);
	msg_t		*msg;
	bool		 sent;

	if (f == NULL || f->tport == NULL || tport_is_shutdown(f->tport))
		return false;
	if ((msg = msg_make(headers_class(), MSG_DO_EXTRACT_COPY, text, (issize_t)n)) == NULL)
		return false;
	sent = tport_tsend(f->tport, msg, tport_name(f->tport), TPTAG_CLOSE_AFTER(last), TAG_END()) != NULL;
	if (!sent)
		log_debug(SUB_SIP, "%zu bytes for flow %llx could not be sent", n, (unsigned long long)w->flow);
	msg_destroy(msg);
	return sent;
}

bool
out_send(struct out *o, struct flows *flows, const struct where *w, const char *text, size_t n, bool last)
{
	bool	sent = w->flow == 0 ? send_datagram(o, w, text, n) : send_stream(flows, w, text, n, last);

	if (sent)
		traces_see(o->traces, true, w, text, n);
	return sent;
}
