#include "sipd/sip/out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sys/socket.h>
#include <sys/uio.h>

#include "core/log.h"

enum { BATCH = 128, DATAGRAM = 8192 };

struct datagram {
	int			fd;
	struct sockaddr_storage	to;
	socklen_t		to_n;
	size_t			n;
	char			text[DATAGRAM];
};

struct out {
	size_t		n;
	struct datagram	datagrams[BATCH];
};

struct out *
out_new(void)
{
	return calloc(1, sizeof(struct out));
}

void
out_free(struct out *o)
{
	free(o);
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
		m[n].msg_hdr = (struct msghdr){ .msg_name = &d->to, .msg_namelen = d->to_n, .msg_iov = &v[n], .msg_iovlen = 1 };
	}
	sent = sendmmsg(o->datagrams[first].fd, m, (unsigned)n, MSG_DONTWAIT);
	if (sent > 0)
		return (size_t)sent;
	if (errno == EINTR)
		return 0;
	log_debug(SUB_SIP, "an answer could not be sent: %s", strerror(errno));
	return 1;	/* this one is lost: whoever asked asks again */
}

void
out_flush(struct out *o)
{
	for (size_t at = 0; at < o->n;)
		at += flush_run(o, at);
	o->n = 0;
}

static void
send_datagram(struct out *o, const struct where *w, const char *text, size_t n)
{
	struct datagram	*d;

	if (n > DATAGRAM) {
		log_warn("an answer of %zu bytes does not fit a datagram and was not sent", n);
		return;
	}
	if (o->n == BATCH)
		out_flush(o);
	d = &o->datagrams[o->n++];
	d->fd = w->fd;
	d->to_n = addr_to_sockaddr(&w->to, &d->to);
	d->n = n;
	memcpy(d->text, text, n);
}

static void
send_stream(struct flows *flows, const struct where *w, const char *text, size_t n)
{
	struct flow	*f = flows_find(flows, w->flow);
	msg_t		*msg;

	if (f == NULL || f->tport == NULL || tport_is_shutdown(f->tport))
		return;
	if ((msg = msg_make(sip_default_mclass(), 0, text, (issize_t)n)) == NULL)
		return;
	if (tport_tsend(f->tport, msg, tport_name(f->tport), TAG_END()) == NULL)
		log_debug(SUB_SIP, "an answer to flow %llx could not be sent", (unsigned long long)w->flow);
	msg_destroy(msg);
}

void
out_send(struct out *o, struct flows *flows, const struct where *w, const char *text, size_t n)
{
	if (w->flow == 0)
		send_datagram(o, w, text, n);
	else
		send_stream(flows, w, text, n);
}
