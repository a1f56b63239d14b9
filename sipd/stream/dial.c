/*
 * One event at a time stands for what a dial waits for: the connection, the handshake, the front.
 */
#include "sipd/stream/dial.h"

#include <errno.h>
#include <event2/event.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/binding.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "sipd/stream/conns.h"
#include "sipd/stream/tls_peer.h"

enum { TLS_TEXT = 64 };

struct dial {
	TAILQ_ENTRY(dial)	 all;
	struct dials		*dials;
	uint64_t		 id;
	struct addr		 target, local;
	bool			 with_tls;
	uint32_t		 timeout_ms;
	int64_t			 began_at, connected_at, secured_at;	/* 0: not reached */
	int			 fd;		/* -1 once it is the flow's */
	SSL			*ssl;		/* NULL once it is the flow's, or for TCP */
	struct event		*event;
	struct tls_peer		 peer;
	char			 tls[TLS_TEXT];
	uint64_t		 flow;		/* 0 until it is one */
};

struct dials {
	struct event_base	*base;
	struct conns		*conns;
	SSL_CTX			*tls;		/* NULL: none */
	dial_fn			 fn;
	void			*arg;
	TAILQ_HEAD(, dial)	 all;
	size_t			 n;
};

static void
dial_free(struct dial *d)
{
	if (d->event != NULL)
		event_free(d->event);
	tls_peer_done(d->ssl);
	SSL_free(d->ssl);
	ERR_clear_error();
	if (d->fd >= 0)
		close(d->fd);
	TAILQ_REMOVE(&d->dials->all, d, all);
	d->dials->n--;
	free(d);
}

static uint32_t
between(int64_t from, int64_t to)
{
	return from == 0 || to < from ? 0 : (uint32_t)(to - from);
}

/* Tells how it ended, and forgets it. */
static void
finish(struct dial *d, const char *error)
{
	struct dials		*ds = d->dials;
	char			 text[ADDR_TEXT];
	struct wire_dialed	 w = { .flow = error == NULL ? d->flow : 0, .local = d->local, .error = span_of(error == NULL ? "" : error),
		.tls = span_of(d->tls), .peer = span_of(d->peer.names), .peer_until = d->peer.until,
		.connect_ms = between(d->began_at, d->connected_at), .tls_ms = between(d->connected_at, d->secured_at),
		.connected = d->connected_at != 0 };

	log_debug(SUB_STREAM, "connection to %s: %s", addr_text(&d->target, text), error == NULL ? "stands" : error);
	ds->fn(ds->arg, d->id, &w);
	dial_free(d);
}

/* Waits until fd (-1: only the time counts) is what, or the dial's time is over.  False: no memory, and it is finished. */
static bool
wait_for(struct dial *d, int fd, short what, event_callback_fn fn)
{
	int64_t		left = d->began_at + d->timeout_ms - clock_boot_ms();
	struct timeval	tv;

	left = left < 1 ? 1 : left;
	tv = (struct timeval){ .tv_sec = left / 1000, .tv_usec = left % 1000 * 1000 };
	if (d->event != NULL)
		event_free(d->event);
	if ((d->event = event_new(d->dials->base, fd, what, fn, d)) != NULL && event_add(d->event, &tv) == 0)
		return true;
	finish(d, "out of memory");
	return false;
}

static void
fail_late(struct dial *d, const char *what)
{
	char	why[128];

	(void)snprintf(why, sizeof why, "%s in %u.%u s", what, d->timeout_ms / 1000, d->timeout_ms % 1000 / 100);
	finish(d, why);
}

static void
on_front_late(evutil_socket_t fd, short what, void *arg)
{
	struct dial	*d = arg;

	(void)fd, (void)what;
	conns_close(d->dials->conns, d->flow);	/* which ends in on_ready() */
}

static void
on_ready(void *arg, bool is_ready)
{
	struct dial	*d = arg;

	finish(d, is_ready ? NULL : "the connection was closed at once");
}

/* It stands, and is what we want: a flow. */
static void
hand_over(struct dial *d)
{
	int	fd = d->fd;
	SSL	*ssl = d->ssl;

	tls_peer_done(ssl);
	if (!wait_for(d, -1, 0, on_front_late))		/* it waits for fd no more */
		return;
	d->fd = -1;
	d->ssl = NULL;
	if ((d->flow = conns_adopt(d->dials->conns, fd, ssl, &d->target, &d->local, on_ready, d)) == 0)
		finish(d, "the sip process is away, or there are too many connections");
}

static void	shake(struct dial *);

static void
on_shake(evutil_socket_t fd, short what, void *arg)
{
	struct dial	*d = arg;

	(void)fd;
	if (what & EV_TIMEOUT)
		fail_late(d, "no TLS handshake");
	else
		shake(d);
}

static void
shake(struct dial *d)
{
	char	why[TLS_PEER_FAULT];
	int	rc, error;

	ERR_clear_error();
	errno = 0;
	rc = SSL_do_handshake(d->ssl);
	error = rc == 1 ? SSL_ERROR_NONE : SSL_get_error(d->ssl, rc);
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
		(void)wait_for(d, d->fd, error == SSL_ERROR_WANT_READ ? EV_READ : EV_WRITE, on_shake);
		return;
	}
	d->secured_at = clock_boot_ms();
	tls_peer_text(d->ssl, d->tls, sizeof d->tls);
	if (rc == 1) {
		hand_over(d);
		return;
	}
	tls_peer_why(d->ssl, &d->peer, rc, why, sizeof why);
	finish(d, why);
}

static void
begin_tls(struct dial *d)
{
	if (d->dials->tls == NULL || (d->ssl = tls_peer_new(d->dials->tls, &d->peer)) == NULL || SSL_set_fd(d->ssl, d->fd) != 1)
		finish(d, "TLS can't be set up");
	else
		shake(d);
}

/* Words for what people meet most. */
static const char *
connect_text(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return "connection refused";
	case ENETUNREACH:
		return "the network can't be reached";
	case EHOSTUNREACH:
		return "the host can't be reached";
	case ECONNRESET:
		return "connection reset";
	case ETIMEDOUT:
		return "no answer";
	case EMFILE:
	case ENFILE:
		return "too many connections are open";
	default:
		return err_text(-error);
	}
}

static void
on_connect(evutil_socket_t fd, short what, void *arg)
{
	struct dial	*d = arg;
	int		 error = 0;
	socklen_t	 n = sizeof error;

	if (what & EV_TIMEOUT) {
		fail_late(d, "no answer");
		return;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0)
		error = errno;
	if (error != 0) {
		finish(d, connect_text(error));
		return;
	}
	d->connected_at = clock_boot_ms();
	if (d->with_tls)
		begin_tls(d);
	else
		hand_over(d);
}

static void
begin(struct dial *d)
{
	struct sockaddr_storage	to;
	socklen_t		n = addr_to_sockaddr(&d->target, &to);

	d->fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (d->fd < 0 || (connect(d->fd, (struct sockaddr *)&to, n) != 0 && errno != EINPROGRESS))
		finish(d, connect_text(errno));
	else
		(void)wait_for(d, d->fd, EV_WRITE, on_connect);
}

struct dials *
dials_new(struct event_base *base, struct conns *conns, dial_fn fn, void *arg)
{
	struct dials	*ds = calloc(1, sizeof *ds);

	if (ds == NULL)
		return NULL;
	ds->base = base;
	ds->conns = conns;
	ds->fn = fn;
	ds->arg = arg;
	TAILQ_INIT(&ds->all);
	return ds;
}

static void
ignore(void *arg, uint64_t id, const struct wire_dialed *w)
{
	(void)arg, (void)id, (void)w;
}

void
dials_forget(struct dials *ds)
{
	dial_fn	fn = ds->fn;

	ds->fn = ignore;
	conns_close_ours(ds->conns);		/* ends those that wait for the front */
	while (!TAILQ_EMPTY(&ds->all))
		dial_free(TAILQ_FIRST(&ds->all));
	ds->fn = fn;
}

void
dials_free(struct dials *ds)
{
	if (ds == NULL)
		return;
	dials_forget(ds);
	SSL_CTX_free(ds->tls);
	free(ds);
}

void
dials_set_tls(struct dials *ds, SSL_CTX *tls)
{
	SSL_CTX_free(ds->tls);
	ds->tls = tls;
}

/* NULL, or what is wrong with what is wanted. */
static const char *
fault(const struct dials *ds, const struct wire_dial *w)
{
	if ((w->transport != TRANSPORT_TCP && w->transport != TRANSPORT_TLS) || w->target.family == ADDR_NONE || w->target.port == 0)
		return "that is nowhere to connect to";
	return ds->n >= DIALS_MAX ? "too many connections are being made" : NULL;
}

void
dials_start(struct dials *ds, uint64_t id, const struct wire_dial *w)
{
	const char	*why = fault(ds, w);
	struct dial	*d = why != NULL ? NULL : calloc(1, sizeof *d);
	char		 text[ADDR_TEXT];

	if (d == NULL) {
		ds->fn(ds->arg, id, &(struct wire_dialed){ .error = span_of(why != NULL ? why : "out of memory") });
		return;
	}
	d->dials = ds;
	d->id = id;
	d->target = w->target;
	d->with_tls = w->transport == TRANSPORT_TLS;
	d->timeout_ms = w->timeout_ms == 0 || w->timeout_ms > DIAL_MS * 6 ? DIAL_MS : w->timeout_ms;
	d->began_at = clock_boot_ms();
	d->fd = -1;
	TAILQ_INSERT_TAIL(&ds->all, d, all);
	ds->n++;
	if (!span_get(w->name, d->peer.wanted, sizeof d->peer.wanted)) {
		finish(d, "the name is too long");
		return;
	}
	if (d->peer.wanted[0] == '\0')
		(void)snprintf(d->peer.wanted, sizeof d->peer.wanted, "%s", addr_ip_text(&d->target, text));
	begin(d);
}
