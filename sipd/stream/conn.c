/*
 * Bytes move from one side's input to the other's output as soon as they come; reading stops while more than PENDING_MAX wait on the
 * other side.  WIRE_FLOW_GONE is said when the relay connection is closed, before its port can be another's.
 */
#include "sipd/stream/conn.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"

enum {
	PENDING_MAX = 256 * 1024,	/* bytes that wait to be written: the other side is not read any more */
	PENDING_LOW = 64 * 1024,	/* read again */
	READ_MAX = 64 * 1024,		/* bytes of a stranger in one turn */
	UNACKED_MS = 30000,		/* bytes that the stranger's machine does not take */
	TLS_TEXT = 64,
	WARN_MS = 10000,		/* not more often */
};

const char *
conn_overdue(enum conn_state state, const struct conn_times *t, uint32_t idle, int64_t now)
{
	int64_t	in_state = now - t->state_at;

	switch (state) {
	case CONN_SHAKING:
		return in_state >= CONN_SHAKE_MS ? "no handshake" : NULL;
	case CONN_SILENT:
		return in_state >= CONN_FIRST_MS ? "said nothing" : NULL;
	case CONN_RELAYED:
		if (t->message_at != 0 && now - t->message_at >= CONN_MESSAGE_MS)
			return "its message does not end";
		return idle != 0 && now - t->heard_at >= (int64_t)idle * 1000 ? "idle" : NULL;
	case CONN_ENDING:
		return in_state >= CONN_END_MS ? "did not drain" : NULL;
	}
	return NULL;
}

void
conn_enter(struct conn *c, enum conn_state state)
{
	c->state = state;
	c->times.state_at = clock_boot_ms();
}

void
conn_say(const struct conn *c, const char *what)
{
	char	text[ADDR_TEXT];

	log_debug(SUB_STREAM, "flow %llx of %s %s: %s", (unsigned long long)c->id, c->ssl != NULL ? "tls" : "tcp",
	    addr_text(&c->source, text), what);
}

/* A stranger that speaks TLS is told that no more comes; nobody waits for its answer. */
static void
phone_close(struct conn *c)
{
	if (c->phone == NULL)
		return;
	if (c->ssl != NULL && SSL_is_init_finished(c->ssl))
		(void)SSL_shutdown(c->ssl);
	ERR_clear_error();
	c->ssl = NULL;
	bufferevent_free(c->phone);
	c->phone = NULL;
}

static void
relay_close(struct conn *c)
{
	struct conns	*cs = c->conns;

	if (c->is_unannounced) {
		TAILQ_REMOVE(&cs->unannounced, c, unannounced);
		c->is_unannounced = false;
	}
	if (c->relay == NULL)
		return;
	if (cs->sip != NULL)
		(void)channel_send(cs->sip, WIRE_FLOW_GONE, 0, &(struct wire_flow){ .flow = c->id });
	bufferevent_free(c->relay);
	c->relay = NULL;
}

static size_t
waiting(struct bufferevent *bev)
{
	return evbuffer_get_length(bufferevent_get_output(bev));
}

/* The front closed: what it said last still goes to the stranger.  May free the connection. */
void
conn_end_at_front(struct conn *c)
{
	relay_close(c);
	if (c->phone == NULL || waiting(c->phone) == 0) {
		conn_free(c);
		return;
	}
	if (c->state != CONN_ENDING)
		conn_enter(c, CONN_ENDING);
	(void)bufferevent_disable(c->phone, EV_READ);
	bufferevent_setwatermark(c->phone, EV_WRITE, 0, 0);	/* on_phone_written() at its end */
}

/* Everything that the stranger said was written: the front reads to the end and closes. */
static void
relay_finish(struct conn *c)
{
	(void)shutdown(bufferevent_getfd(c->relay), SHUT_WR);
}

/* The stranger is gone: what it said last still goes to the front.  May free the connection. */
static void
end_at_phone(struct conn *c, const char *why)
{
	conn_say(c, why);
	phone_close(c);
	if (c->relay == NULL) {
		conn_free(c);
		return;
	}
	if (c->state != CONN_ENDING)
		conn_enter(c, CONN_ENDING);
	(void)bufferevent_enable(c->relay, EV_READ);	/* to see its end */
	bufferevent_setwatermark(c->relay, EV_WRITE, 0, 0);
	if (waiting(c->relay) == 0)
		relay_finish(c);
}

/* Moves all that the front said.  What a stranger does not take any more is dropped. */
static void
on_relay_read(struct bufferevent *relay, void *arg)
{
	struct conn	*c = arg;
	struct evbuffer	*in = bufferevent_get_input(relay);

	if (c->phone == NULL) {
		(void)evbuffer_drain(in, evbuffer_get_length(in));
		return;
	}
	c->said_at = clock_boot_ms();
	(void)bufferevent_write_buffer(c->phone, in);
	if (waiting(c->phone) > PENDING_MAX)
		(void)bufferevent_disable(relay, EV_READ);
}

/* Little enough waits for the front now. */
static void
on_relay_written(struct bufferevent *relay, void *arg)
{
	struct conn	*c = arg;

	if (c->phone != NULL)
		(void)bufferevent_enable(c->phone, c->state == CONN_ENDING ? 0 : EV_READ);
	else if (waiting(relay) == 0)
		relay_finish(c);
}

static void
on_relay_event(struct bufferevent *relay, short what, void *arg)
{
	struct conn	*c = arg;

	(void)relay;
	if (!(what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)))
		return;
	conn_say(c, what & BEV_EVENT_EOF ? "the front closed it" : "the connection to the front broke");
	conn_end_at_front(c);
}

static int
set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof value);
}

static uint8_t
transport_of(const struct conn *c)
{
	return c->ssl != NULL ? TRANSPORT_TLS : TRANSPORT_TCP;
}

/* Connects to the front.  The kernel chooses a port that no other connection to it has, TIME_WAIT included. */
static int
relay_connect(uint16_t port, uint16_t *own_port)
{
	struct sockaddr_in	to = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in	own = { .sin_family = AF_INET };
	socklen_t		n = sizeof own;
	int			fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), rc;

	if (fd < 0)
		return -errno;
	if (set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1) != 0 ||
	    (connect(fd, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS) ||
	    getsockname(fd, (struct sockaddr *)&own, &n) != 0) {
		rc = -errno;
		close(fd);
		return rc;
	}
	*own_port = ntohs(own.sin_port);
	return fd;
}

static void
announce(struct conn *c, uint16_t own_port)
{
	struct conns		*cs = c->conns;
	char			 text[TLS_TEXT] = "";
	struct wire_flow	 open = { .flow = c->id, .source = c->source, .local = c->local, .relay = own_port,
		.transport = transport_of(c), .ours = c->ours };

	if (c->ssl != NULL)
		(void)snprintf(text, sizeof text, "%s %s", SSL_get_version(c->ssl), SSL_get_cipher_name(c->ssl));
	open.tls = span_of(text);
	(void)channel_send(cs->sip, WIRE_FLOW_OPEN, 0, &open);
	TAILQ_INSERT_TAIL(&cs->unannounced, c, unannounced);
	c->is_unannounced = true;
}

static void
warn(struct conns *cs, const char *what, int rc)
{
	int64_t	now = clock_boot_ms();

	if (cs->warned_at != 0 && now - cs->warned_at < WARN_MS)
		return;
	cs->warned_at = now;
	log_warn("%s: %s", what, err_text(rc));
}

static int
relay_open(struct conn *c)
{
	struct conns	*cs = c->conns;
	uint16_t	 own_port = 0;
	int		 fd;

	if (cs->sip == NULL)
		return ERR_UNAVAILABLE;
	if ((fd = relay_connect(cs->ports[transport_of(c)], &own_port)) < 0) {
		warn(cs, "no connection to the sip process", fd);
		return fd;
	}
	if ((c->relay = bufferevent_socket_new(cs->base, fd, BEV_OPT_CLOSE_ON_FREE)) == NULL) {
		close(fd);
		return -ENOMEM;
	}
	(void)bufferevent_disable(c->relay, EV_WRITE);
	bufferevent_setcb(c->relay, on_relay_read, on_relay_written, on_relay_event, c);
	bufferevent_setwatermark(c->relay, EV_WRITE, PENDING_LOW, 0);
	(void)bufferevent_enable(c->relay, EV_READ);
	announce(c, own_port);
	conn_enter(c, CONN_RELAYED);
	return 0;
}

/* Takes n bytes of the stranger's for what they are.  0, or why the flow is to end. */
static const char *
take(struct conn *c, struct evbuffer *in, size_t n, enum framing_what what)
{
	switch (what) {
	case FRAMING_FAIL:
		return "header too long";
	case FRAMING_PASS:
		if (c->relay == NULL && relay_open(c) != 0)
			return "the front can't be reached";
		(void)evbuffer_remove_buffer(in, bufferevent_get_output(c->relay), n);
		return NULL;
	case FRAMING_PING:
		if (waiting(c->phone) < PENDING_MAX)
			(void)bufferevent_write(c->phone, "\r\n", 2);
		break;
	case FRAMING_SKIP:
		if (c->pong_due && c->framing.ping_n == 2) {	/* one CRLF; with the next it would be taken for a ping */
			c->pong_due = false;
			c->framing.ping_n = 0;
		}
		break;
	}
	(void)evbuffer_drain(in, n);
	return NULL;
}

static void
note_times(struct conn *c, uint64_t messages_before)
{
	c->times.heard_at = clock_boot_ms();
	if (framing_is_between(&c->framing))
		c->times.message_at = 0;
	else if (c->times.message_at == 0 || c->framing.messages != messages_before)
		c->times.message_at = c->times.heard_at;
}

/* Takes all that came from the stranger.  NULL, or why the flow is to end. */
static const char *
take_all(struct conn *c)
{
	struct evbuffer		*in = bufferevent_get_input(c->phone);
	uint64_t		 messages = c->framing.messages;
	const char		*fault = NULL;
	enum framing_what	 what;
	size_t			 n;

	if (c->state == CONN_ENDING && c->relay == NULL) {	/* nobody hears it any more */
		(void)evbuffer_drain(in, evbuffer_get_length(in));
		return NULL;
	}
	while (fault == NULL && (n = evbuffer_get_contiguous_space(in)) > 0) {
		n = framing_feed(&c->framing, evbuffer_pullup(in, (ev_ssize_t)n), n, &what);
		fault = take(c, in, n, what);
	}
	note_times(c, messages);
	return fault;
}

static void
on_phone_read(struct bufferevent *phone, void *arg)
{
	struct conn	*c = arg;
	const char	*fault = take_all(c);

	if (fault != NULL)
		end_at_phone(c, fault);
	else if (c->relay != NULL && waiting(c->relay) > PENDING_MAX)
		(void)bufferevent_disable(phone, EV_READ);
}

/* Little enough waits for the stranger now. */
static void
on_phone_written(struct bufferevent *phone, void *arg)
{
	struct conn	*c = arg;

	if (c->relay != NULL)
		(void)bufferevent_enable(c->relay, EV_READ);
	else if (c->state == CONN_ENDING && waiting(phone) == 0)
		conn_free(c);
}

/* With TLS the end may be told before the last bytes. */
static void
on_phone_event(struct bufferevent *phone, short what, void *arg)
{
	struct conn	*c = arg;
	unsigned long	 reason;
	const char	*fault;

	if (what & BEV_EVENT_CONNECTED) {
		conn_say(c, SSL_get_cipher_name(c->ssl));
		conn_enter(c, CONN_SILENT);
		return;
	}
	if (!(what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)))
		return;
	reason = c->ssl != NULL ? bufferevent_get_openssl_error(phone) : 0;
	if ((fault = take_all(c)) == NULL)
		fault = reason != 0 ? ERR_reason_error_string(reason) : "the stranger closed it";
	end_at_phone(c, fault == NULL ? "TLS error" : fault);
}

static struct bufferevent *
phone_open(struct conn *c, int fd, SSL_CTX *tls)
{
	struct bufferevent	*bev;

	if (tls == NULL)
		return bufferevent_socket_new(c->conns->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if ((c->ssl = SSL_new(tls)) == NULL)
		return NULL;
	bev = bufferevent_openssl_socket_new(c->conns->base, fd, c->ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	if (bev == NULL) {
		SSL_free(c->ssl);
		c->ssl = NULL;
	} else {
		bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);	/* SIP knows where its messages end */
	}
	return bev;
}

void
conn_close(struct conn *c)
{
	relay_close(c);
	phone_close(c);
}

void
conn_announced(struct conn *c)
{
	TAILQ_REMOVE(&c->conns->unannounced, c, unannounced);
	c->is_unannounced = false;
	(void)bufferevent_enable(c->relay, EV_WRITE);
}

static int
local_get(struct conn *c, int fd)
{
	struct sockaddr_storage	ss = { 0 };
	socklen_t		n = sizeof ss;

	if (getsockname(fd, (struct sockaddr *)&ss, &n) != 0)
		return -errno;
	return addr_of_sockaddr(&c->local, (struct sockaddr *)&ss);
}

static void
phone_serve(struct conn *c, int fd)
{
	(void)set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	(void)set_int(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, UNACKED_MS);
	framing_init(&c->framing);
	c->times.heard_at = c->said_at = clock_boot_ms();
	bufferevent_setcb(c->phone, on_phone_read, on_phone_written, on_phone_event, c);
	bufferevent_setwatermark(c->phone, EV_WRITE, PENDING_LOW, 0);
	bufferevent_setwatermark(c->phone, EV_READ, 0, READ_MAX);
	(void)bufferevent_enable(c->phone, EV_READ | EV_WRITE);
}

int
conn_open(struct conn *c, int fd, SSL_CTX *tls)
{
	int	rc;

	if ((rc = local_get(c, fd)) != 0)
		return rc;
	if ((c->phone = phone_open(c, fd, tls)) == NULL)
		return -ENOMEM;
	conn_enter(c, tls == NULL ? CONN_SILENT : CONN_SHAKING);
	phone_serve(c, fd);
	return 0;
}

int
conn_adopt(struct conn *c, int fd, SSL *ssl)
{
	int	rc;

	if ((rc = local_get(c, fd)) != 0)
		return rc;
	c->phone = ssl == NULL ? bufferevent_socket_new(c->conns->base, fd, BEV_OPT_CLOSE_ON_FREE) :
	    bufferevent_openssl_socket_new(c->conns->base, fd, ssl, BUFFEREVENT_SSL_OPEN, BEV_OPT_CLOSE_ON_FREE);
	if (c->phone == NULL)
		return -ENOMEM;
	if ((c->ssl = ssl) != NULL)
		bufferevent_openssl_set_allow_dirty_shutdown(c->phone, 1);
	phone_serve(c, fd);
	return relay_open(c);
}

/* Quiet for so long, it is between two messages in both directions. */
void
conn_ping(struct conn *c, int64_t now)
{
	if (!c->ours || c->state != CONN_RELAYED || now - c->said_at < CONN_PING_MS || now - c->times.heard_at < CONN_PING_MS)
		return;
	(void)bufferevent_write(c->phone, "\r\n\r\n", 4);
	c->said_at = now;
	c->pong_due = true;
}
