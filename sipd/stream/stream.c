/*
 * The stream process: meets the strangers that connect, ends their TLS, and relays them to the sip process (conns.h).  This file is its
 * loop: orders, channels, listeners, and who may be accepted when.
 */
#include <errno.h>
#include <event2/event.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "core/binding.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "sipd/boot.h"
#include "sipd/channel.h"
#include "sipd/sandbox.h"
#include "sipd/stream/conns.h"
#include "sipd/stream/listen.h"
#include "sipd/stream/outward.h"
#include "sipd/net/tls.h"

enum {
	TICK_MS = 500,
	TICKS_A_SECOND = 2,
	DRAIN_MS = 2000,
	CONFIG_WAIT_MS = 10000,		/* for the first orders */
	FDS_A_CONN = 2,
	FDS_OWN = 64,			/* listeners, channels, memfds, the loop's */
};

/* The other end of a channel. */
struct peer {
	struct stream	*stream;
	enum process	 process;
	struct channel	*channel;	/* NULL while it is away */
	struct event	*readable, *writable;
};

struct stream {
	struct boot		*boot;
	struct config		 conf;
	uint64_t		 epoch;
	struct event_base	*base;
	struct event		*order, *tick;
	struct peer		 peers[PROCESSES];
	struct listeners	*listeners;
	struct conns		*conns;
	struct outward		*outward;
	SSL_CTX			*tls;		/* NULL where there is no certificate */
	int64_t			 tls_warned_at;
	size_t			 conns_max;
	bool			 started, configured, done;
	struct wire_counts	 counts, told;
	unsigned		 ticks;
};

static bool
has_tls(const struct config *c)
{
	for (uint32_t i = 0; i < c->n_listens; i++)
		if (c->listens[i].transport == TRANSPORT_TLS)
			return true;
	return false;
}

static int64_t
wall_ms(void)
{
	struct timespec	ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* What this process tells of itself: where it listens and, for a person, how long its certificate lives. */
static void
status_text(const struct stream *s, bool with_certificate, char *buf, size_t size)
{
	time_t		until = s->tls != NULL ? (time_t)(tls_until(s->tls) / 1000) : 0;
	struct tm	tm;
	size_t		n;

	listeners_text(s->listeners, buf, size);
	n = strlen(buf);
	if (with_certificate && until != 0 && gmtime_r(&until, &tm) != NULL)
		(void)strftime(buf + n, size - n, " certificate until %Y-%m-%d", &tm);
}

static void
warn_of_expiry(struct stream *s)
{
	if (s->tls != NULL && has_tls(&s->conf))
		tls_warn(s->tls, "tls", &s->tls_warned_at);
}

static void
hello(struct stream *s)
{
	struct channel		*keeper = s->peers[PROC_KEEPER].channel;
	char			 text[BOOT_TEXT];
	struct wire_hello	 h = { .epoch = s->epoch, .process = span_of(process_name(PROC_STREAM)) };

	if (keeper == NULL || !s->started)
		return;
	status_text(s, false, text, sizeof text);
	h.listening = span_of(text);
	h.certificate_until = s->tls != NULL ? tls_until(s->tls) : 0;
	(void)channel_send(keeper, WIRE_HELLO, 0, &h);
}

/* Whether strangers can be served now. */
static void
accept_or_pause(struct stream *s)
{
	if (s->started && !s->done)
		listeners_pause(s->listeners, !conns_take_more(s->conns));
}

static bool
on_accept(void *arg, int fd, const struct addr *source, uint8_t transport)
{
	struct stream	*s = arg;

	if (conns_accept(s->conns, fd, source, transport == TRANSPORT_TLS ? s->tls : NULL) != 0)
		s->counts.limited++;
	return conns_take_more(s->conns);
}

static void
on_listening(struct stream *s, const struct frame *frame)
{
	struct wire_flow	f;

	if (frame_decode(frame, &f) != 0 || f.relay == 0 || f.relay > UINT16_MAX) {
		log_error("sip tells no port to relay to");
		return;
	}
	conns_sip_open(s->conns, s->peers[PROC_SIP].channel, f.transport, (uint16_t)f.relay);
	accept_or_pause(s);
}

static void
on_close(struct stream *s, const struct frame *frame)
{
	struct wire_flow	f;

	if (frame_decode(frame, &f) == 0)
		conns_close(s->conns, f.flow);
}

static void
on_debug(struct stream *s, const struct frame *frame)
{
	struct wire_debug	d;
	char			name[32];

	(void)s;
	if (frame_decode(frame, &d) == 0 && span_get(d.subsystem, name, sizeof name))
		(void)log_debug_set(name, d.on);
}

static void
on_resolve(struct stream *s, const struct frame *frame)
{
	outward_resolve(s->outward, frame);
}

static void
on_dial(struct stream *s, const struct frame *frame)
{
	outward_dial(s->outward, frame);
}

static void
on_flow_ready(struct stream *s, const struct frame *frame)
{
	struct wire_flow	f;

	if (frame_decode(frame, &f) == 0)
		conns_is_ready(s->conns, f.flow);
}

static const struct {
	enum process	 from;
	void		(*take)(struct stream *, const struct frame *);
} takers[WIRE_TYPES] = {
	[WIRE_LISTENING] = { PROC_SIP, on_listening },
	[WIRE_FLOW_CLOSE] = { PROC_SIP, on_close },
	[WIRE_DEBUG] = { PROC_KEEPER, on_debug },
	[WIRE_RESOLVE] = { PROC_KEEPER, on_resolve },
	[WIRE_DIAL] = { PROC_KEEPER, on_dial },	/* and the sip process */
	[WIRE_FLOW_READY] = { PROC_SIP, on_flow_ready },
};

static void
on_frame(void *arg, const struct frame *frame)
{
	struct peer	*p = arg;

	if (takers[frame->type].take != NULL &&
	    (takers[frame->type].from == p->process || (frame->type == WIRE_DIAL && p->process == PROC_SIP)))
		takers[frame->type].take(p->stream, frame);
	else
		log_warn("%s sent a frame of type %d, which is not its to send", process_name(p->process), (int)frame->type);
}

static void
peer_close(struct peer *p)
{
	if (p->channel == NULL)
		return;
	event_free(p->readable);
	event_free(p->writable);
	channel_free(p->channel);
	p->channel = NULL;
	if (p->process == PROC_KEEPER && p->stream->outward != NULL)
		outward_keeper(p->stream->outward, NULL);
	if (p->process == PROC_SIP) {
		if (p->stream->outward != NULL)
			outward_sip(p->stream->outward, NULL);
		if (p->stream->conns != NULL)
			conns_sip_gone(p->stream->conns);
		accept_or_pause(p->stream);
	}
}

static void
on_gone(void *arg, int rc)
{
	struct peer	*p = arg;

	if (rc != 0)
		log_error("channel to %s: %s", process_name(p->process), err_text(rc));
	peer_close(p);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct peer	*p = arg;

	(void)fd, (void)what;
	channel_read(p->channel);
}

/* The turn's end does it. */
static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
}

static void
peer_open(struct stream *s, enum process process, int fd)
{
	struct peer	*p = &s->peers[process];

	peer_close(p);
	p->stream = s;
	p->process = process;
	if ((p->channel = channel_new(fd, on_frame, on_gone, p)) == NULL)
		return;
	p->readable = event_new(s->base, fd, EV_READ | EV_PERSIST, on_readable, p);
	p->writable = event_new(s->base, fd, EV_WRITE, on_writable, p);
	if (p->readable == NULL || p->writable == NULL || event_add(p->readable, NULL) != 0) {
		log_error("no memory for a channel");
		s->done = true;
		return;
	}
	if (process == PROC_SIP)
		outward_sip(s->outward, p->channel);
	if (process == PROC_KEEPER) {
		outward_keeper(s->outward, p->channel);
		hello(s);
		s->told = (struct wire_counts){ 0 };
	}
}

static struct conn_limits
limits_of(const struct stream *s)
{
	return (struct conn_limits){ .per_source = s->conf.limits.connections, .idle = s->conf.limits.idle, .total = s->conns_max };
}

/* Reads the text of a memfd and closes it; NULL where there is none. */
static char *
take_pem(int *fd)
{
	char	*text = *fd < 0 ? NULL : boot_text(*fd, TLS_PEM_MAX);

	*fd = -1;
	return text;
}

/* New connections meet the new certificate; those that stand keep theirs.  A faulty one changes nothing. */
static int
take_tls(struct stream *s, struct boot_order *o, char *why, size_t size)
{
	bool	 has_ca = o->fds[2] >= 0;
	char	*certificate = take_pem(&o->fds[0]), *key = take_pem(&o->fds[1]), *ca = take_pem(&o->fds[2]);
	int	 rc = ERR_INVALID;

	if (certificate == NULL || key == NULL || (has_ca && ca == NULL))
		(void)snprintf(why, size, "the TLS files can't be read");
	else if ((rc = tls_replace(&s->tls, "tls", certificate, key, ca, why, size)) == 0)
		s->tls_warned_at = 0;
	free(certificate);
	free(key);
	free(ca);
	return rc;
}

static void
take_config(struct stream *s, int fd)
{
	char			*text = boot_text(fd, CONFIG_MAX_BYTES), why[BOOT_TEXT];
	struct conn_limits	 limits;
	struct config		 conf;
	int			 rc;

	if (text == NULL)
		return;
	rc = config_parse(&conf, s->boot->conf_name, text, why, sizeof why);
	free(text);
	if (rc != 0) {
		log_error("%s", why);
		return;
	}
	if (s->started && listeners_differ(&s->boot->conf, &conf))
		log_warn("%s: listen: what changed takes effect at the next start", s->boot->conf_name);
	s->conf = conf;
	config_log(&s->conf, process_name(PROC_STREAM), s->boot->debug);
	limits = limits_of(s);
	conns_set_limits(s->conns, &limits);
	outward_configure(s->outward, &s->conf);
}

static void
on_reloaded(struct stream *s)
{
	char	text[BOOT_TEXT];

	if (!s->started)
		return;
	warn_of_expiry(s);
	hello(s);
	status_text(s, true, text, sizeof text);
	(void)boot_ready(s->boot->order_fd, text);
}

/* 0, or ERR_INVALID with why: there is no certificate to start with. */
static int
take_order(struct stream *s, struct boot_order *o, char *why, size_t size)
{
	int	rc = 0;

	if (o->type == ORDER_CHANNEL && (o->peer == PROC_KEEPER || o->peer == PROC_SIP)) {
		peer_open(s, o->peer, o->fds[0]);
		o->fds[0] = -1;
	} else if (o->type == ORDER_TLS) {
		if ((rc = take_tls(s, o, why, size)) != 0 && s->started) {
			log_error("%s; the certificate in force stays", why);
			rc = 0;
		}
	} else if (o->type == ORDER_FILES) {
		outward_files(s->outward, o);
	} else if (o->type == ORDER_CONFIG) {
		take_config(s, o->fds[0]);
		o->fds[0] = -1;
		s->configured = true;
		on_reloaded(s);
	} else if (o->type == ORDER_STOP) {
		s->done = true;
	}
	for (int i = 0; i < BOOT_FDS; i++)
		if (o->fds[i] >= 0)
			close(o->fds[i]);
	return rc;
}

/* Takes the orders that are there; a supervisor that is gone, or talks nonsense, is one to stop. */
static int
take_orders(struct stream *s, char *why, size_t size)
{
	struct boot_order	o;
	int			rc, fault = 0;

	while (fault == 0 && (rc = boot_receive(s->boot->order_fd, &o)) != 0) {
		if (rc < 0) {
			s->done = true;
			return 0;
		}
		fault = take_order(s, &o, why, size);
	}
	return fault;
}

static void
on_order(evutil_socket_t fd, short what, void *arg)
{
	char	why[BOOT_TEXT];

	(void)fd, (void)what;
	(void)take_orders(arg, why, sizeof why);
}

static void
tell_counts(struct stream *s)
{
	struct channel	*keeper = s->peers[PROC_KEEPER].channel;

	s->counts.connections = conns_count(s->conns);
	if (keeper == NULL || (s->counts.connections == s->told.connections && s->counts.limited == s->told.limited))
		return;
	s->told = s->counts;
	(void)channel_send(keeper, WIRE_COUNTS, 0, &s->counts);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct stream	*s = arg;

	(void)fd, (void)what;
	conns_tick(s->conns, clock_boot_ms());
	accept_or_pause(s);
	if (s->started && ++s->ticks % TICKS_A_SECOND == 0) {
		tell_counts(s);
		warn_of_expiry(s);
	}
}

/* As many files as we may have.  Returns how many connections that makes. */
static size_t
raise_files(void)
{
	struct rlimit	l;

	if (getrlimit(RLIMIT_NOFILE, &l) != 0)
		return 0;
	l.rlim_cur = l.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &l) != 0)
		(void)getrlimit(RLIMIT_NOFILE, &l);
	return l.rlim_cur <= FDS_OWN ? 0 : (size_t)(l.rlim_cur - FDS_OWN) / FDS_A_CONN;
}

static int
set_up(struct stream *s, char *why, size_t size)
{
	const struct timeval	every = { .tv_usec = TICK_MS * 1000 };
	struct conn_limits	limits;

	(void)snprintf(why, size, "out of memory");
	s->conns_max = raise_files();
	limits = limits_of(s);
	if (tls_init() != 0 || (s->base = event_base_new()) == NULL || (s->conns = conns_new(s->base, s->epoch, &limits)) == NULL ||
	    (s->outward = outward_new(s->base, s->conns)) == NULL)
		return -ENOMEM;
	s->order = event_new(s->base, s->boot->order_fd, EV_READ | EV_PERSIST, on_order, s);
	s->tick = event_new(s->base, -1, EV_PERSIST, on_tick, s);
	if (s->order == NULL || s->tick == NULL)
		return -ENOMEM;
	return event_add(s->order, NULL) | event_add(s->tick, &every);
}

/* The first orders: the certificate, if there is one, and then the configuration. */
static int
wait_for_config(struct stream *s, char *why, size_t size)
{
	struct pollfd	p = { .fd = s->boot->order_fd, .events = POLLIN };
	int64_t		until = clock_boot_ms() + CONFIG_WAIT_MS, left;
	int		rc = 0;

	while (rc == 0 && !s->configured && !s->done) {
		if ((left = until - clock_boot_ms()) <= 0) {
			(void)snprintf(why, size, "stream: no configuration came");
			return -ETIMEDOUT;
		}
		if (poll(&p, 1, (int)left) > 0)
			rc = take_orders(s, why, size);
	}
	return rc;
}

static int
start(struct stream *s, char *why, size_t size)
{
	char	text[BOOT_TEXT];
	int	rc;

	if (has_tls(&s->conf) && s->tls == NULL) {
		(void)snprintf(why, size, "tls.certificate: is needed to listen at tls:");
		return ERR_INVALID;
	}
	if ((s->listeners = listeners_open(s->base, &s->conf, on_accept, s, why, size)) == NULL)
		return ERR_INVALID;
	if ((rc = sandbox_enter(SANDBOX_STREAM, NULL, why, size)) != 0)
		return rc;
	s->started = true;
	status_text(s, true, text, sizeof text);
	(void)boot_ready(s->boot->order_fd, text);
	hello(s);
	warn_of_expiry(s);
	return 0;
}

static void
flush(struct stream *s)
{
	conns_turn(s->conns);
	for (int i = 0; i < PROCESSES; i++) {
		struct peer	*p = &s->peers[i];

		if (p->channel != NULL)
			channel_flush(p->channel);
		if (p->channel != NULL && channel_wants_write(p->channel))
			(void)event_add(p->writable, NULL);
	}
}

static void
run(struct stream *s)
{
	while (!s->done) {
		flush(s);
		if (event_base_loop(s->base, EVLOOP_ONCE) < 0)
			break;
	}
}

/* Nobody is accepted any more; answers that are on their way get their time. */
static void
drain(struct stream *s)
{
	int64_t	until = clock_boot_ms() + DRAIN_MS;

	listeners_close(s->listeners);
	s->listeners = NULL;
	s->started = false;
	conns_end(s->conns);
	while (conns_count(s->conns) > 0 && clock_boot_ms() < until) {
		flush(s);
		if (event_base_loop(s->base, EVLOOP_ONCE) < 0)
			break;
	}
	flush(s);
}

static void
tear_down(struct stream *s)
{
	listeners_close(s->listeners);
	outward_free(s->outward);
	s->outward = NULL;
	conns_free(s->conns);
	s->conns = NULL;
	for (int i = 0; i < PROCESSES; i++)
		peer_close(&s->peers[i]);
	if (s->order != NULL)
		event_free(s->order);
	if (s->tick != NULL)
		event_free(s->tick);
	SSL_CTX_free(s->tls);
	if (s->base != NULL)
		event_base_free(s->base);
	free(s);
}

int
stream_main(struct boot *boot)
{
	struct stream	*s = calloc(1, sizeof *s);
	char		 why[BOOT_TEXT] = "out of memory";
	int		 status = EXIT_FAILURE;

	if (s == NULL) {
		(void)boot_fail(boot->order_fd, why);
		return status;
	}
	s->boot = boot;
	s->conf = boot->conf;
	s->epoch = (uint64_t)wall_ms();
	if (set_up(s, why, sizeof why) != 0 || wait_for_config(s, why, sizeof why) != 0 ||
	    (!s->done && start(s, why, sizeof why) != 0)) {
		(void)boot_fail(boot->order_fd, why);
	} else {
		run(s);
		drain(s);
		status = EXIT_SUCCESS;
	}
	tear_down(s);
	return status;
}
