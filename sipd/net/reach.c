/*
 * One event at a time stands for what is waited for: the connection, the handshake.
 */
#include "sipd/net/reach.h"

#include <errno.h>
#include <event2/event.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/err.h"

struct reach {
	struct event_base	*base;
	SSL_CTX			*ctx;		/* NULL: TCP */
	uint32_t		 timeout_ms;
	int64_t			 began_at, connected_at, secured_at;
	int			 fd;
	SSL			*ssl;
	struct event		*event;
	const char		*fault;		/* known before anything was waited for */
	struct tls_peer		 peer;
	char			 tls[REACH_TLS_TEXT];
	reach_fn		 fn;
	void			*arg;
};

void
reach_free(struct reach *r)
{
	if (r == NULL)
		return;
	if (r->event != NULL)
		event_free(r->event);
	tls_peer_done(r->ssl);
	SSL_free(r->ssl);
	SSL_CTX_free(r->ctx);
	ERR_clear_error();
	if (r->fd >= 0)
		close(r->fd);
	free(r);
}

/* Tells how it ended, and ends itself.  error NULL: fd and ssl are the other's from now on. */
static void
finish(struct reach *r, const char *error)
{
	struct reached	 told = { .error = error, .fd = error == NULL ? r->fd : -1, .ssl = error == NULL ? r->ssl : NULL, .peer = &r->peer,
		.tls = r->tls, .began_at = r->began_at, .connected_at = r->connected_at, .secured_at = r->secured_at };

	if (r->event != NULL)		/* before fd is another's */
		event_free(r->event);
	r->event = NULL;
	if (error == NULL) {
		tls_peer_done(r->ssl);
		r->fd = -1;
		r->ssl = NULL;
	}
	r->fn(r->arg, &told);
	reach_free(r);
}

/* Until fd is what, or the time is over.  False: no memory. */
static bool
set_event(struct reach *r, short what, event_callback_fn fn)
{
	int64_t		left = r->fault != NULL ? 0 : r->began_at + r->timeout_ms - clock_boot_ms();
	struct timeval	tv;

	left = left < 0 ? 0 : left;
	tv = (struct timeval){ .tv_sec = left / 1000, .tv_usec = left % 1000 * 1000 };
	if (r->event != NULL)
		event_free(r->event);
	r->event = event_new(r->base, r->fault != NULL ? -1 : r->fd, what, fn, r);
	return r->event != NULL && event_add(r->event, &tv) == 0;
}

static void
wait_for(struct reach *r, short what, event_callback_fn fn)
{
	if (!set_event(r, what, fn))
		finish(r, "out of memory");
}

static void
fail_late(struct reach *r, const char *what)
{
	char	why[128];

	(void)snprintf(why, sizeof why, "%s in %u.%u s", what, r->timeout_ms / 1000, r->timeout_ms % 1000 / 100);
	finish(r, why);
}

static void	shake(struct reach *);

static void
on_shake(evutil_socket_t fd, short what, void *arg)
{
	struct reach	*r = arg;

	(void)fd;
	if (what & EV_TIMEOUT)
		fail_late(r, "no TLS handshake");
	else
		shake(r);
}

static void
shake(struct reach *r)
{
	char	why[TLS_PEER_FAULT];
	int	rc, error;

	ERR_clear_error();
	errno = 0;
	rc = SSL_do_handshake(r->ssl);
	error = rc == 1 ? SSL_ERROR_NONE : SSL_get_error(r->ssl, rc);
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
		wait_for(r, error == SSL_ERROR_WANT_READ ? EV_READ : EV_WRITE, on_shake);
		return;
	}
	r->secured_at = clock_boot_ms();
	tls_peer_text(r->ssl, r->tls, sizeof r->tls);
	if (rc == 1) {
		finish(r, NULL);
		return;
	}
	tls_peer_why(r->ssl, &r->peer, rc, why, sizeof why);
	finish(r, why);
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
	struct reach	*r = arg;
	int		 error = 0;
	socklen_t	 n = sizeof error;

	if (what & EV_TIMEOUT) {
		fail_late(r, "no answer");
		return;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0)
		error = errno;
	if (error != 0) {
		finish(r, connect_text(error));
		return;
	}
	r->connected_at = clock_boot_ms();
	if (r->ctx == NULL)
		finish(r, NULL);
	else if ((r->ssl = tls_peer_new(r->ctx, &r->peer)) == NULL || SSL_set_fd(r->ssl, r->fd) != 1)
		finish(r, "TLS can't be set up");
	else
		shake(r);
}

static void
on_fault(evutil_socket_t fd, short what, void *arg)
{
	struct reach	*r = arg;

	(void)fd, (void)what;
	finish(r, r->fault);
}

struct reach *
reach_start(struct event_base *base, const struct reach_wish *wish, reach_fn fn, void *arg)
{
	struct reach		*r = calloc(1, sizeof *r);
	struct sockaddr_storage	 to;
	socklen_t		 n = addr_to_sockaddr(&wish->target, &to);
	char			 text[ADDR_TEXT];

	if (r == NULL)
		return NULL;
	if (wish->tls != NULL)
		SSL_CTX_up_ref(wish->tls);
	*r = (struct reach){ .base = base, .ctx = wish->tls, .timeout_ms = wish->timeout_ms, .began_at = clock_boot_ms(), .fd = -1,
		.fn = fn, .arg = arg, .peer.web = wish->web };
	if ((size_t)snprintf(r->peer.wanted, sizeof r->peer.wanted, "%s",
	    wish->name[0] == '\0' ? addr_ip_text(&wish->target, text) : wish->name) >= sizeof r->peer.wanted)
		r->fault = "the name is too long";
	else if ((r->fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) < 0 ||
	    (connect(r->fd, (struct sockaddr *)&to, n) != 0 && errno != EINPROGRESS))
		r->fault = connect_text(errno);
	if (set_event(r, r->fault != NULL ? 0 : EV_WRITE, r->fault != NULL ? on_fault : on_connect))
		return r;
	reach_free(r);
	return NULL;
}
