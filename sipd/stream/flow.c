/*
 * A flow has one bufferevent to the stranger and, from its first message on, one to the front.  Bytes move from one's input to the
 * other's output as soon as they come; reading stops while more than PENDING_MAX wait on the other side.
 *
 * The front must hear of a flow before its bytes.  So a new relay connection may not write until WIRE_FLOW_OPEN has left the channel:
 * it stands on the list `unannounced` until flow_set_turn() finds the channel's queue empty.  WIRE_FLOW_GONE is said when the relay
 * connection is closed, before its port can be another's.
 */
#include "sipd/stream/flow.h"

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
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/binding.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "core/tree.h"
#include "sipd/stream/framing.h"
#include "sipd/stream/sources.h"

enum {
	PENDING_MAX = 256 * 1024,	/* bytes that wait to be written: the other side is not read any more */
	PENDING_LOW = 64 * 1024,	/* read again */
	READ_MAX = 64 * 1024,		/* bytes of a stranger in one turn */
	UNACKED_MS = 30000,		/* bytes that the stranger's machine does not take */
	TLS_TEXT = 64,
	WARN_MS = 10000,		/* not more often */
};

struct flow {
	TAILQ_ENTRY(flow)	 all, unannounced;
	struct flows		*flows;
	uint64_t		 id;
	struct addr		 source, local;
	enum flow_state		 state;
	struct flow_times	 times;
	struct framing		 framing;
	struct bufferevent	*phone;		/* NULL when the stranger is gone */
	SSL			*ssl;		/* the phone's, NULL for TCP */
	struct bufferevent	*relay;		/* NULL before the first message and when it is closed */
	bool			 is_unannounced;
};

TAILQ_HEAD(flow_list, flow);

struct flows {
	struct event_base	*base;
	struct flow_limits	 limits;
	struct sources		*sources;
	struct tree		*by_id;		/* big-endian id -> struct flow * */
	struct flow_list	 all, unannounced;
	size_t			 n;
	uint64_t		 next_id;
	struct channel		*sip;		/* NULL while the front is away */
	uint16_t		 port;		/* where it listens on loopback */
	int64_t			 warned_at;
};

const char *
flow_overdue(enum flow_state state, const struct flow_times *t, uint32_t idle, int64_t now)
{
	int64_t	in_state = now - t->state_at;

	switch (state) {
	case FLOW_SHAKING:
		return in_state >= FLOW_SHAKE_MS ? "no handshake" : NULL;
	case FLOW_SILENT:
		return in_state >= FLOW_FIRST_MS ? "said nothing" : NULL;
	case FLOW_RELAYED:
		if (t->message_at != 0 && now - t->message_at >= FLOW_MESSAGE_MS)
			return "its message does not end";
		return idle != 0 && now - t->heard_at >= (int64_t)idle * 1000 ? "idle" : NULL;
	case FLOW_ENDING:
		return in_state >= FLOW_END_MS ? "did not drain" : NULL;
	}
	return NULL;
}

struct flows *
flow_set_new(struct event_base *base, uint64_t epoch, const struct flow_limits *limits)
{
	struct flows	*fs = calloc(1, sizeof *fs);

	if (fs == NULL)
		return NULL;
	fs->base = base;
	fs->limits = *limits;
	fs->next_id = epoch << 24;
	TAILQ_INIT(&fs->all);
	TAILQ_INIT(&fs->unannounced);
	if ((fs->sources = sources_new()) == NULL || (fs->by_id = tree_new()) == NULL) {
		flow_set_free(fs);
		return NULL;
	}
	return fs;
}

void
flow_set_limits(struct flows *fs, const struct flow_limits *limits)
{
	fs->limits = *limits;
}

size_t
flow_set_count(const struct flows *fs)
{
	return fs->n;
}

bool
flow_set_is_full(const struct flows *fs)
{
	return fs->n >= fs->limits.total;
}

static void
id_key(uint64_t id, uint8_t key[8])
{
	for (int i = 7; i >= 0; i--, id >>= 8)
		key[i] = (uint8_t)id;
}

static struct flow *
flow_find(const struct flows *fs, uint64_t id)
{
	uint8_t			 key[8];
	struct tree_node	*node;

	id_key(id, key);
	node = tree_find(fs->by_id, key, sizeof key);
	return node == NULL ? NULL : *(struct flow **)tree_value(node, NULL);
}

static void
enter(struct flow *f, enum flow_state state)
{
	f->state = state;
	f->times.state_at = clock_boot_ms();
}

static void
say(const struct flow *f, const char *what)
{
	char	text[ADDR_TEXT];

	log_debug(SUB_STREAM, "flow %llx of %s %s: %s", (unsigned long long)f->id, f->ssl != NULL ? "tls" : "tcp",
	    addr_text(&f->source, text), what);
}

/* A stranger that speaks TLS is told that no more comes; nobody waits for its answer. */
static void
phone_close(struct flow *f)
{
	if (f->phone == NULL)
		return;
	if (f->ssl != NULL && SSL_is_init_finished(f->ssl))
		(void)SSL_shutdown(f->ssl);
	ERR_clear_error();
	f->ssl = NULL;
	bufferevent_free(f->phone);
	f->phone = NULL;
}

static void
relay_close(struct flow *f)
{
	struct flows	*fs = f->flows;

	if (f->is_unannounced) {
		TAILQ_REMOVE(&fs->unannounced, f, unannounced);
		f->is_unannounced = false;
	}
	if (f->relay == NULL)
		return;
	if (fs->sip != NULL)
		(void)channel_send(fs->sip, WIRE_FLOW_GONE, 0, &(struct wire_flow){ .flow = f->id });
	bufferevent_free(f->relay);
	f->relay = NULL;
}

static void
flow_free(struct flow *f)
{
	struct flows	*fs = f->flows;
	uint8_t		 key[8];

	relay_close(f);
	phone_close(f);
	id_key(f->id, key);
	(void)tree_remove(fs->by_id, key, sizeof key);
	sources_remove(fs->sources, &f->source);
	TAILQ_REMOVE(&fs->all, f, all);
	fs->n--;
	free(f);
}

void
flow_set_free(struct flows *fs)
{
	struct flow	*f;

	if (fs == NULL)
		return;
	while ((f = TAILQ_FIRST(&fs->all)) != NULL)
		flow_free(f);
	sources_free(fs->sources);
	tree_free(fs->by_id);
	free(fs);
}

static size_t
waiting(struct bufferevent *bev)
{
	return evbuffer_get_length(bufferevent_get_output(bev));
}

/* The front closed: what it said last still goes to the stranger.  May free the flow. */
static void
end_at_front(struct flow *f)
{
	relay_close(f);
	if (f->phone == NULL || waiting(f->phone) == 0) {
		flow_free(f);
		return;
	}
	if (f->state != FLOW_ENDING)
		enter(f, FLOW_ENDING);
	(void)bufferevent_disable(f->phone, EV_READ);
	bufferevent_setwatermark(f->phone, EV_WRITE, 0, 0);	/* on_phone_written() at its end */
}

/* Everything that the stranger said was written: the front reads to the end and closes. */
static void
relay_finish(struct flow *f)
{
	(void)shutdown(bufferevent_getfd(f->relay), SHUT_WR);
}

/* The stranger is gone: what it said last still goes to the front.  May free the flow. */
static void
end_at_phone(struct flow *f, const char *why)
{
	say(f, why);
	phone_close(f);
	if (f->relay == NULL) {
		flow_free(f);
		return;
	}
	if (f->state != FLOW_ENDING)
		enter(f, FLOW_ENDING);
	(void)bufferevent_enable(f->relay, EV_READ);	/* to see its end */
	bufferevent_setwatermark(f->relay, EV_WRITE, 0, 0);
	if (waiting(f->relay) == 0)
		relay_finish(f);
}

/* Moves all that the front said.  What a stranger does not take any more is dropped. */
static void
on_relay_read(struct bufferevent *relay, void *arg)
{
	struct flow	*f = arg;
	struct evbuffer	*in = bufferevent_get_input(relay);

	if (f->phone == NULL) {
		(void)evbuffer_drain(in, evbuffer_get_length(in));
		return;
	}
	(void)bufferevent_write_buffer(f->phone, in);
	if (waiting(f->phone) > PENDING_MAX)
		(void)bufferevent_disable(relay, EV_READ);
}

/* Little enough waits for the front now. */
static void
on_relay_written(struct bufferevent *relay, void *arg)
{
	struct flow	*f = arg;

	if (f->phone != NULL)
		(void)bufferevent_enable(f->phone, f->state == FLOW_ENDING ? 0 : EV_READ);
	else if (waiting(relay) == 0)
		relay_finish(f);
}

static void
on_relay_event(struct bufferevent *relay, short what, void *arg)
{
	struct flow	*f = arg;

	(void)relay;
	if (!(what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)))
		return;
	say(f, what & BEV_EVENT_EOF ? "the front closed it" : "the connection to the front broke");
	end_at_front(f);
}

static int
set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof value);
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
announce(struct flow *f, uint16_t own_port)
{
	struct flows		*fs = f->flows;
	char			 text[TLS_TEXT] = "";
	struct wire_flow	 open = { .flow = f->id, .source = f->source, .local = f->local, .relay = own_port,
		.transport = f->ssl != NULL ? TRANSPORT_TLS : TRANSPORT_TCP };

	if (f->ssl != NULL)
		(void)snprintf(text, sizeof text, "%s %s", SSL_get_version(f->ssl), SSL_get_cipher_name(f->ssl));
	open.tls = span_of(text);
	(void)channel_send(fs->sip, WIRE_FLOW_OPEN, 0, &open);
	TAILQ_INSERT_TAIL(&fs->unannounced, f, unannounced);
	f->is_unannounced = true;
}

static void
warn(struct flows *fs, const char *what, int rc)
{
	int64_t	now = clock_boot_ms();

	if (fs->warned_at != 0 && now - fs->warned_at < WARN_MS)
		return;
	fs->warned_at = now;
	log_warn("%s: %s", what, err_text(rc));
}

static int
relay_open(struct flow *f)
{
	struct flows	*fs = f->flows;
	uint16_t	 own_port = 0;
	int		 fd;

	if (fs->sip == NULL)
		return ERR_UNAVAILABLE;
	if ((fd = relay_connect(fs->port, &own_port)) < 0) {
		warn(fs, "no connection to the sip process", fd);
		return fd;
	}
	if ((f->relay = bufferevent_socket_new(fs->base, fd, BEV_OPT_CLOSE_ON_FREE)) == NULL) {
		close(fd);
		return -ENOMEM;
	}
	(void)bufferevent_disable(f->relay, EV_WRITE);
	bufferevent_setcb(f->relay, on_relay_read, on_relay_written, on_relay_event, f);
	bufferevent_setwatermark(f->relay, EV_WRITE, PENDING_LOW, 0);
	(void)bufferevent_enable(f->relay, EV_READ);
	announce(f, own_port);
	enter(f, FLOW_RELAYED);
	return 0;
}

/* Takes n bytes of the stranger's for what they are.  0, or why the flow is to end. */
static const char *
take(struct flow *f, struct evbuffer *in, size_t n, enum framing_what what)
{
	switch (what) {
	case FRAMING_FAIL:
		return "header too long";
	case FRAMING_PASS:
		if (f->relay == NULL && relay_open(f) != 0)
			return "the front can't be reached";
		(void)evbuffer_remove_buffer(in, bufferevent_get_output(f->relay), n);
		return NULL;
	case FRAMING_PING:
		if (waiting(f->phone) < PENDING_MAX)
			(void)bufferevent_write(f->phone, "\r\n", 2);
		break;
	case FRAMING_SKIP:
		break;
	}
	(void)evbuffer_drain(in, n);
	return NULL;
}

static void
note_times(struct flow *f, uint64_t messages_before)
{
	f->times.heard_at = clock_boot_ms();
	if (framing_is_between(&f->framing))
		f->times.message_at = 0;
	else if (f->times.message_at == 0 || f->framing.messages != messages_before)
		f->times.message_at = f->times.heard_at;
}

/* Takes all that came from the stranger.  NULL, or why the flow is to end. */
static const char *
take_all(struct flow *f)
{
	struct evbuffer		*in = bufferevent_get_input(f->phone);
	uint64_t		 messages = f->framing.messages;
	const char		*fault = NULL;
	enum framing_what	 what;
	size_t			 n;

	while (fault == NULL && (n = evbuffer_get_contiguous_space(in)) > 0) {
		n = framing_feed(&f->framing, evbuffer_pullup(in, (ev_ssize_t)n), n, &what);
		fault = take(f, in, n, what);
	}
	note_times(f, messages);
	return fault;
}

static void
on_phone_read(struct bufferevent *phone, void *arg)
{
	struct flow	*f = arg;
	const char	*fault = take_all(f);

	if (fault != NULL)
		end_at_phone(f, fault);
	else if (f->relay != NULL && waiting(f->relay) > PENDING_MAX)
		(void)bufferevent_disable(phone, EV_READ);
}

/* Little enough waits for the stranger now. */
static void
on_phone_written(struct bufferevent *phone, void *arg)
{
	struct flow	*f = arg;

	if (f->relay != NULL)
		(void)bufferevent_enable(f->relay, EV_READ);
	else if (f->state == FLOW_ENDING && waiting(phone) == 0)
		flow_free(f);
}

/* With TLS the end may be told before the last bytes. */
static void
on_phone_event(struct bufferevent *phone, short what, void *arg)
{
	struct flow	*f = arg;
	unsigned long	 reason;
	const char	*fault;

	if (what & BEV_EVENT_CONNECTED) {
		say(f, SSL_get_cipher_name(f->ssl));
		enter(f, FLOW_SILENT);
		return;
	}
	if (!(what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)))
		return;
	reason = f->ssl != NULL ? bufferevent_get_openssl_error(phone) : 0;
	if ((fault = take_all(f)) == NULL)
		fault = reason != 0 ? ERR_reason_error_string(reason) : "the stranger closed it";
	end_at_phone(f, fault == NULL ? "TLS error" : fault);
}

static struct bufferevent *
phone_open(struct flow *f, int fd, SSL_CTX *tls)
{
	struct bufferevent	*bev;

	if (tls == NULL)
		return bufferevent_socket_new(f->flows->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if ((f->ssl = SSL_new(tls)) == NULL)
		return NULL;
	bev = bufferevent_openssl_socket_new(f->flows->base, fd, f->ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	if (bev == NULL)
		SSL_free(f->ssl);
	else
		bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);	/* SIP knows where its messages end */
	return bev;
}

static struct flow *
flow_new(struct flows *fs, int fd, const struct addr *source, SSL_CTX *tls)
{
	struct flow		*f = calloc(1, sizeof *f);
	struct sockaddr_storage	 ss = { 0 };
	socklen_t		 n = sizeof ss;
	uint8_t			 key[8];

	if (f == NULL)
		return NULL;
	f->flows = fs;
	f->id = fs->next_id++;
	f->source = *source;
	id_key(f->id, key);
	if (getsockname(fd, (struct sockaddr *)&ss, &n) != 0 || addr_of_sockaddr(&f->local, (struct sockaddr *)&ss) != 0 ||
	    tree_put(fs->by_id, key, sizeof key, &f, sizeof f) == NULL) {
		free(f);
		return NULL;
	}
	if ((f->phone = phone_open(f, fd, tls)) == NULL) {
		(void)tree_remove(fs->by_id, key, sizeof key);
		free(f);
		return NULL;
	}
	return f;
}

int
flow_set_accept(struct flows *fs, int fd, const struct addr *source, SSL_CTX *tls)
{
	struct flow	*f = NULL;

	if (fs->n < fs->limits.total && sources_add(fs->sources, source, fs->limits.per_source) == 0 &&
	    (f = flow_new(fs, fd, source, tls)) == NULL)
		sources_remove(fs->sources, source);
	if (f == NULL) {
		close(fd);
		return ERR_BUSY;
	}
	(void)set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	(void)set_int(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, UNACKED_MS);
	TAILQ_INSERT_TAIL(&fs->all, f, all);
	fs->n++;
	framing_init(&f->framing);
	enter(f, tls == NULL ? FLOW_SILENT : FLOW_SHAKING);
	f->times.heard_at = f->times.state_at;
	bufferevent_setcb(f->phone, on_phone_read, on_phone_written, on_phone_event, f);
	bufferevent_setwatermark(f->phone, EV_WRITE, PENDING_LOW, 0);
	bufferevent_setwatermark(f->phone, EV_READ, 0, READ_MAX);
	(void)bufferevent_enable(f->phone, EV_READ | EV_WRITE);
	return 0;
}

void
flow_set_sip_open(struct flows *fs, struct channel *sip, uint16_t port)
{
	fs->sip = sip;
	fs->port = port;
}

/* The ends of its relay connections close by themselves, after the last that it wrote. */
void
flow_set_sip_gone(struct flows *fs)
{
	struct flow	*f, *next;

	fs->sip = NULL;
	for (f = TAILQ_FIRST(&fs->all); f != NULL; f = next) {
		next = TAILQ_NEXT(f, all);
		if (f->is_unannounced)
			end_at_front(f);
		else if (f->state == FLOW_RELAYED)
			enter(f, FLOW_ENDING);
	}
}

void
flow_set_close(struct flows *fs, uint64_t id)
{
	struct flow	*f = flow_find(fs, id);

	if (f == NULL)
		return;
	say(f, "the front wants it closed");
	end_at_front(f);
}

void
flow_set_end(struct flows *fs)
{
	struct flow	*f, *next;

	for (f = TAILQ_FIRST(&fs->all); f != NULL; f = next) {
		next = TAILQ_NEXT(f, all);
		if (f->relay == NULL && f->state != FLOW_ENDING)
			flow_free(f);
		else if (f->state != FLOW_ENDING)
			enter(f, FLOW_ENDING);
	}
}

void
flow_set_turn(struct flows *fs)
{
	struct flow	*f;

	if (TAILQ_EMPTY(&fs->unannounced) || fs->sip == NULL)
		return;
	channel_flush(fs->sip);		/* may end in flow_set_sip_gone() */
	if (fs->sip == NULL || channel_wants_write(fs->sip))
		return;
	while ((f = TAILQ_FIRST(&fs->unannounced)) != NULL) {
		TAILQ_REMOVE(&fs->unannounced, f, unannounced);
		f->is_unannounced = false;
		(void)bufferevent_enable(f->relay, EV_WRITE);
	}
}

void
flow_set_tick(struct flows *fs, int64_t now)
{
	struct flow	*f, *next;
	const char	*why;

	for (f = TAILQ_FIRST(&fs->all); f != NULL; f = next) {
		next = TAILQ_NEXT(f, all);
		if ((why = flow_overdue(f->state, &f->times, fs->limits.idle, now)) == NULL)
			continue;
		say(f, why);
		flow_free(f);
	}
}
