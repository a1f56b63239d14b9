#include "sipd/sip/front.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>
#include <sys/random.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/limit.h"
#include "core/log.h"
#include "sipd/sandbox.h"
#include "sipd/sip/announce.h"
#include "sipd/sip/client.h"
#include "sipd/sip/dialog.h"
#include "sipd/sip/flows.h"
#include "sipd/sip/headers.h"
#include "sipd/sip/heard.h"
#include "sipd/sip/large.h"
#include "sipd/sip/out.h"
#include "sipd/sip/pending.h"
#include "sipd/sip/plug.h"
#include "sipd/sip/proxy.h"
#include "sipd/sip/request.h"
#include "sipd/sip/said.h"
#include "sipd/sip/traces.h"
#include "sipd/sip/udp.h"

enum { STEPS = 8, IDLE_MS = 1000, COUNTS_MS = 1000, DRAIN_MS = 3000, DRAIN_SENT_MS = 2000, MESSAGE_MAX = 96 * 1024 };

/* What the loop has beside the front. */
struct loop {
	struct front	 f;
	su_root_t	*root;
	nta_agent_t	*agent;
	int		 epoll_fd;		/* libsofia's own, to wait on with our descriptors; -1: unknown */
	struct wire_counts told;
	int64_t		 told_at;
	int64_t		 timer_at;	/* when libsofia wants to be called again */
	int64_t		 stopping_at;	/* since when it only waits, for the keeper's answers and the phones' */
	bool		 done;
};

static void
channel_drop(struct channel **channel)
{
	channel_free(*channel);
	*channel = NULL;
}

static void
keeper_frame(void *arg, const struct frame *frame)
{
	struct loop		*l = arg;
	struct register_answer	 answer;
	struct wire_flow	 flow;
	struct wire_send	 send;
	struct wire_debug	 debug;
	struct route_answer	 route;
	struct wire_call	 call;
	struct wire_authorize	 authorized;
	struct wire_secret	 secret;
	struct wire_trace	 trace;
	struct wire_known	 known;
	char			 name[32];

	switch (frame->type) {
	case WIRE_REGISTER_ANSWER:
	case WIRE_MESSAGE_ANSWER:
		if (frame_decode(frame, &answer) == 0)
			request_answered(&l->f, frame->type, frame->id, &answer);
		break;
	case WIRE_SEND:
		if (frame_decode(frame, &send) == 0)
			client_send(&l->f, frame->id, &send, clock_boot_ms());
		break;
	case WIRE_ROUTE_ANSWER:
		if (frame_decode(frame, &route) == 0)
			proxy_routed(&l->f, frame->id, &route, clock_boot_ms());
		break;
	case WIRE_AUTHORIZED:
		if (frame_decode(frame, &authorized) == 0)
			heard_authorized(&l->f, frame->id, &authorized, clock_boot_ms());
		break;
	case WIRE_HANG_UP:
		if (frame_decode(frame, &call) == 0)
			dialog_hang_up(&l->f, &call, clock_boot_ms());
		break;
	case WIRE_SECRET:
		if (frame_decode(frame, &secret) == 0)
			memcpy(l->f.route_key, secret.route, sizeof l->f.route_key);
		break;
	case WIRE_TRACE:
		if (frame_decode(frame, &trace) == 0)
			traces_set(l->f.traces, frame->id, &trace);
		break;
	case WIRE_KNOWN:
		if (frame_decode(frame, &known) == 0)
			limits_know(l->f.limits, known.sources);
		break;
	case WIRE_FLOW_CLOSE:
		if (frame_decode(frame, &flow) == 0 && l->f.stream != NULL)
			(void)channel_send(l->f.stream, WIRE_FLOW_CLOSE, 0, &flow);
		break;
	case WIRE_DEBUG:
		if (frame_decode(frame, &debug) == 0 && span_get(debug.subsystem, name, sizeof name))
			(void)log_debug_set(name, debug.on);
		break;
	case WIRE_HELLO:
	case WIRE_REGISTER:
	case WIRE_FLOW_OPEN:
	case WIRE_FLOW_GONE:
	case WIRE_LISTENING:
	case WIRE_COUNTS:
	case WIRE_MESSAGE:
	case WIRE_SENT:
	case WIRE_RESOLVE:
	case WIRE_RESOLVED:
	case WIRE_DIAL:
	case WIRE_DIALED:
	case WIRE_ROUTE:
	case WIRE_CALL:
	case WIRE_CALLS_TOLD:
	case WIRE_AUTHORIZE:
	case WIRE_FLOW_READY:
	case WIRE_WEB:
	case WIRE_WEB_ANSWER:
	case WIRE_FETCH:
	case WIRE_FETCHED:
	case WIRE_TRACED:
	case WIRE_TYPES:
		break;		/* not for us */
	}
}

static void
keeper_gone(void *arg, int rc)
{
	struct loop	*l = arg;

	log_warn("the keeper is away: %s", rc == 0 ? "closed" : err_text(rc));
	channel_drop(&l->f.keeper);
	request_keeper_gone(&l->f);
	client_forget(l->f.client);
	traces_clear(l->f.traces);
	proxy_keeper_gone(&l->f, clock_boot_ms());
}

static void
stream_frame(void *arg, const struct frame *frame)
{
	struct loop		*l = arg;
	struct wire_flow	 flow;
	struct wire_dialed	 dialed;

	if (frame->type == WIRE_DIALED && frame_decode(frame, &dialed) == 0)
		large_dialed(&l->f, frame->id, &dialed, clock_boot_ms());
	if (frame->type == WIRE_DIALED || frame_decode(frame, &flow) != 0)
		return;
	if (frame->type == WIRE_FLOW_OPEN)
		flows_open(l->f.flows, &flow);
	if (frame->type != WIRE_FLOW_GONE)
		return;
	flows_gone(l->f.flows, flow.flow);
	if (l->f.keeper != NULL)
		(void)channel_send(l->f.keeper, WIRE_FLOW_GONE, 0, &flow);
	client_flow_gone(&l->f, flow.flow, clock_boot_ms());
	heard_flow_gone(&l->f, flow.flow, clock_boot_ms());
}

/* Its connections end with it, but the phones did not close them: their bindings stay. */
static void
stream_gone(void *arg, int rc)
{
	struct loop	*l = arg;

	log_warn("the stream process is away: %s", rc == 0 ? "closed" : err_text(rc));
	channel_drop(&l->f.stream);
	flows_clear(l->f.flows);
	client_flows_gone(&l->f, clock_boot_ms());
	heard_flow_gone(&l->f, 0, clock_boot_ms());
}

static void
greet_keeper(struct loop *l)
{
	const struct wire_hello	hello = { .epoch = l->f.epoch, .process = span_of("sip"), .listening = span_of(l->f.listening) };

	(void)channel_send(l->f.keeper, WIRE_HELLO, 0, &hello);
	proxy_tell_calls(&l->f);
}

static void
greet_stream(struct loop *l)
{
	tport_t	*tp = tport_primaries(nta_agent_tports(l->agent));

	for (; tp != NULL; tp = tport_next(tp)) {
		const tp_name_t		*name = tport_name(tp);
		struct wire_flow	 w = { .relay = (uint32_t)atoi(name->tpn_port) };

		if (strcasecmp(name->tpn_proto, "tcp") == 0)
			w.transport = TRANSPORT_TCP;
		else if (strcasecmp(name->tpn_proto, "tls") == 0)
			w.transport = TRANSPORT_TLS;
		else
			continue;
		(void)channel_send(l->f.stream, WIRE_LISTENING, 0, &w);
	}
}

static void
order_channel(struct loop *l, struct boot_order *o)
{
	struct channel	**at = o->peer == PROC_KEEPER ? &l->f.keeper : &l->f.stream;

	if (*at != NULL) {
		if (o->peer == PROC_KEEPER)
			keeper_gone(l, 0);
		else
			stream_gone(l, 0);
	}
	*at = channel_new(o->fds[0], o->peer == PROC_KEEPER ? keeper_frame : stream_frame,
	    o->peer == PROC_KEEPER ? keeper_gone : stream_gone, l);
	o->fds[0] = -1;
	if (*at == NULL)
		return;
	if (o->peer == PROC_KEEPER)
		greet_keeper(l);
	else
		greet_stream(l);
}

static void
order_config(struct loop *l, struct boot_order *o)
{
	struct config	conf;

	if (boot_config(l->f.boot, o, &conf) != 0)
		return;
	if (memcmp(conf.listens, l->f.conf.listens, sizeof conf.listens) != 0)
		log_notice("new listen addresses take a restart");
	l->f.conf = conf;
	config_log(&conf, process_name(PROC_SIP), l->f.boot->debug);
	limits_set(l->f.limits, conf.limits.requests_per_second, conf.limits.burst);
}

static void
order_stop(struct loop *l)
{
	if (!l->f.stopping)
		l->stopping_at = clock_boot_ms();
	l->f.stopping = true;
}

static void
orders_read(struct loop *l)
{
	struct boot_order	o;
	int			rc;

	while ((rc = boot_receive(l->f.boot->order_fd, &o)) == 1) {
		if (o.type == ORDER_CHANNEL && (o.peer == PROC_KEEPER || o.peer == PROC_STREAM))
			order_channel(l, &o);
		else if (o.type == ORDER_CONFIG)
			order_config(l, &o);
		else if (o.type == ORDER_PROMPTS) {
			announcements_load(l->f.announcements, o.fds[0]);
			o.fds[0] = -1;
		} else if (o.type == ORDER_STOP)
			order_stop(l);
		boot_close(&o);
	}
	if (rc < 0)
		l->done = true;		/* the supervisor is gone */
}

/* libsofia's epoll descriptor is the one that its root has just opened. */
static int
epoll_find(void)
{
	char	path[64], target[64];

	for (int fd = 3; fd < 64; fd++) {
		ssize_t	n;

		(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		if ((n = readlink(path, target, sizeof target - 1)) <= 0)
			continue;
		target[n] = '\0';
		if (strcmp(target, "anon_inode:[eventpoll]") == 0)
			return fd;
	}
	return -1;
}

static void
counts_tell(struct loop *l)
{
	int64_t	now = clock_boot_ms();

	if (now - l->told_at < COUNTS_MS || l->f.keeper == NULL || memcmp(&l->told, &l->f.counts, sizeof l->told) == 0)
		return;
	(void)channel_send(l->f.keeper, WIRE_COUNTS, 0, &l->f.counts);
	l->told = l->f.counts;
	l->told_at = now;
}

static void
channel_serve(struct channel *c, short events)
{
	if (c != NULL && (events & (POLLIN | POLLHUP | POLLERR)))
		channel_read(c);
}

static struct pollfd
channel_poll(const struct channel *c)
{
	return (struct pollfd){ .fd = c == NULL ? -1 : channel_fd(c),
		.events = (short)(POLLIN | (c != NULL && channel_wants_write(c) ? POLLOUT : 0)) };
}

/* Has libsofia take what its descriptors bring, when they do or when its timers are due. */
static void
agent_turn(struct loop *l, bool readable)
{
	struct pollfd	p = { .fd = l->epoll_fd, .events = POLLIN };

	if (!readable && clock_boot_ms() < l->timer_at)
		return;
	for (int i = 0; i < STEPS; i++) {
		su_duration_t	next = su_root_step(l->root, 0);

		l->timer_at = clock_boot_ms() + (next >= 0 && next < IDLE_MS ? next + 1 : IDLE_MS);
		if (l->epoll_fd < 0 || poll(&p, 1, 0) <= 0)
			break;
	}
}

/* A connection of ours, whose other end does not speak first: libsofia's transport of it is there once it accepted the relay's. */
static bool
look_for_tport(void *arg, struct flow *flow)
{
	struct loop	*l = arg;
	char		 port[8];
	const char	*proto = flow->transport == TRANSPORT_TLS ? "tls" : "tcp";
	tp_name_t	 name = { .tpn_proto = proto, .tpn_host = "127.0.0.1", .tpn_port = port, .tpn_canon = "127.0.0.1" };
	tport_t		*tp = tport_primaries(nta_agent_tports(l->agent));

	(void)snprintf(port, sizeof port, "%u", flow->relay);
	while (tp != NULL && strcasecmp(tport_name(tp)->tpn_proto, proto) != 0)
		tp = tport_next(tp);
	if (tp == NULL || (tp = tport_by_name(tp, &name)) == NULL || tport_is_primary(tp) || strcmp(tport_name(tp)->tpn_port, port) != 0)
		return false;
	flow_set_tport(flow, tp);
	if (l->f.stream != NULL)
		(void)channel_send(l->f.stream, WIRE_FLOW_READY, 0, &(struct wire_flow){ .flow = flow->id });
	return true;
}

static int
wait_ms(const struct loop *l)
{
	int64_t	at = client_next_at(l->f.client), calls_at = proxy_next_at(&l->f), speech_at = announce_next_at(&l->f), left;

	if (l->epoll_fd < 0)
		return 2;	/* libsofia's descriptors can't be waited for */
	at = at < calls_at ? at : calls_at;
	at = at < speech_at ? at : speech_at;
	left = (at < l->timer_at ? at : l->timer_at) - clock_boot_ms();
	return left < 0 ? 0 : (int)left;
}

/* Told to stop, and nothing is left to wait for, or it takes too long. */
static bool
is_drained(const struct loop *l)
{
	int64_t	waited = clock_boot_ms() - l->stopping_at;

	return l->f.stopping && ((pending_count(l->f.pending) == 0 && proxy_count(&l->f) == 0) || waited > DRAIN_MS) &&
	    (client_count(l->f.client) == 0 || waited > DRAIN_SENT_MS);
}

/* Waits for something, takes what is there, sends what came of it. */
static void
turn(struct loop *l)
{
	struct pollfd	p[4] = { { .fd = l->epoll_fd, .events = POLLIN }, { .fd = l->f.boot->order_fd, .events = POLLIN },
		channel_poll(l->f.keeper), channel_poll(l->f.stream) };

	if (poll(p, 4, wait_ms(l)) < 0)
		return;
	channel_serve(l->f.stream, p[3].revents);
	channel_serve(l->f.keeper, p[2].revents);
	if (p[1].revents != 0)
		orders_read(l);
	agent_turn(l, p[0].revents != 0 || l->epoll_fd < 0);
	flows_ready(l->f.flows, look_for_tport, l);
	client_turn(&l->f, clock_boot_ms());
	announce_turn(&l->f, clock_boot_ms());
	heard_turn(&l->f, clock_boot_ms());
	larges_turn(&l->f, clock_boot_ms());
	counts_tell(l);
	if (l->f.keeper != NULL)
		channel_flush(l->f.keeper);
	if (l->f.stream != NULL)
		channel_flush(l->f.stream);
	out_flush(l->f.out);
	if (is_drained(l))
		l->done = true;
}

/* Where the stream process relays connections to, at a port of the kernel's choice.  libsofia binds "tls" for sips: URIs only. */
static int
listen_relay(struct loop *l, const char *url, char *why, size_t size)
{
	errno = 0;
	if (nta_agent_add_tport(l->agent, (const url_string_t *)(const void *)url, TPTAG_REUSE(1), TAG_END()) == 0)
		return 0;
	(void)snprintf(why, size, "relay %s: %s", url, errno == 0 ? "can't listen" : strerror(errno));
	return ERR_INVALID;
}

static int
listen_all(struct loop *l, char *why, size_t size)
{
	char	text[ADDR_TEXT];
	int	rc;

	for (uint32_t i = 0; i < l->f.conf.n_listens; i++) {
		const struct config_listen	*at = &l->f.conf.listens[i];

		if (at->transport != TRANSPORT_UDP || (rc = plug_listen(l->agent, &at->addr)) == 0)
			continue;
		(void)snprintf(why, size, "udp:%s: %s", addr_text(&at->addr, text), strerror(-rc));
		return rc;
	}
	if ((rc = listen_relay(l, "sip:127.0.0.1:*;transport=tcp", why, size)) != 0)
		return rc;
	return listen_relay(l, "sips:127.0.0.1:*;transport=tls", why, size);
}

/* "udp:127.0.0.1:5060 udp:[::1]:5060", with the ports that were free where none was asked for. */
static void
listening_write(struct loop *l)
{
	size_t	at = 0;

	for (int i = 0; i < l->f.sockets.n; i++) {
		char	text[ADDR_TEXT];
		int	n = snprintf(l->f.listening + at, sizeof l->f.listening - at, "%sudp:%s", at == 0 ? "" : " ",
			    addr_text(&l->f.sockets.bound[i].addr, text));

		if (n < 0 || (size_t)n >= sizeof l->f.listening - at)
			return;
		at += (size_t)n;
	}
}

/* What libsofia says for itself is caused by strangers, datagram by datagram: it is for debugging. */
static void __attribute__((format(printf, 2, 0)))
sofia_says(void *stream, const char *fmt, va_list ap)
{
	char	text[512];

	(void)stream;
	if (!log_debug_on(SUB_SIP) || vsnprintf(text, sizeof text, fmt, ap) < 0)
		return;
	text[strcspn(text, "\n")] = '\0';
	log_debug(SUB_SIP, "libsofia: %s", text);
}

/* What is left for the agent: answers to nothing that it asked. */
static int
unexpected(struct front *f, nta_agent_t *agent, msg_t *msg, sip_t *sip)
{
	(void)f, (void)agent, (void)sip;
	msg_destroy(msg);
	return 0;
}

static int
agent_start(struct loop *l, char *why, size_t size)
{
	int	rc;

	su_log_redirect(NULL, sofia_says, NULL);
	if (su_init() != 0 || (l->root = su_root_create(NULL)) == NULL) {
		(void)snprintf(why, size, "libsofia-sip-ua does not start");
		return -ENOMEM;
	}
	l->epoll_fd = epoll_find();
	if ((rc = plug_in(&l->f, why, size)) != 0)
		return rc;
	l->agent = nta_agent_create(l->root, (url_string_t *)-1, unexpected, &l->f, NTATAG_UA(0), NTATAG_SERVER_RPORT(1),
	    NTATAG_GRAYLIST(0), NTATAG_MAXSIZE(MESSAGE_MAX), NTATAG_PRELOAD(3000), NTATAG_SIPFLAGS(MSG_DO_CANONIC | MSG_DO_EXTRACT_COPY),
	    NTATAG_MCLASS(headers_class()),
	    TAG_END());
	if (l->agent == NULL) {
		(void)snprintf(why, size, "libsofia-sip-ua makes no agent");
		return -ENOMEM;
	}
	return listen_all(l, why, size);
}

static int
front_start(struct loop *l, struct boot *boot, char *why, size_t size)
{
	struct front	*f = &l->f;
	int		 rc;

	f->boot = boot;
	f->conf = boot->conf;
	f->epoch = (uint64_t)clock_wall_ms();	/* of no other front: two may start within a second */
	f->flows = flows_new();
	f->limits = limits_new(f->conf.limits.requests_per_second, f->conf.limits.burst);
	f->traces = traces_new(f);
	f->out = out_new(f->traces);
	f->pending = pending_new();
	f->said = said_new(SAID_BYTES_MAX);
	f->said_registers = said_new(SAID_REGISTERS_BYTES);
	f->udp = udp_new();
	f->client = client_new();
	if (sodium_init() < 0 || !proxy_open(f) || f->flows == NULL || f->limits == NULL || f->out == NULL || f->pending == NULL || f->udp == NULL ||
	    f->said == NULL || f->said_registers == NULL || f->traces == NULL || f->client == NULL || headers_class() == NULL) {
		(void)snprintf(why, size, "out of memory");
		return -ENOMEM;
	}
	if ((f->announcements = announcements_new()) == NULL) {
		(void)snprintf(why, size, "libsrtp2 does not start, or out of memory");
		return -ENOMEM;
	}
	randombytes_buf(f->tag_key, sizeof f->tag_key);
	if ((rc = agent_start(l, why, size)) != 0)
		return rc;
	listening_write(l);
	return sandbox_enter(SANDBOX_FRONT, NULL, why, size);
}

static void
front_stop(struct loop *l)
{
	if (l->f.keeper != NULL)
		request_keeper_gone(&l->f);
	out_flush(l->f.out);
	flows_free(l->f.flows);
	if (l->agent != NULL)
		nta_agent_destroy(l->agent);
	if (l->root != NULL)
		su_root_destroy(l->root);
	su_deinit();
	channel_free(l->f.keeper);
	channel_free(l->f.stream);
	limits_free(l->f.limits);
	out_free(l->f.out);
	pending_free(l->f.pending);
	said_free(l->f.said);
	said_free(l->f.said_registers);
	traces_free(l->f.traces);
	udp_free(l->f.udp);
	client_free(l->f.client);
	announcements_free(l->f.announcements);
	proxy_close(&l->f);
}

int
front_main(struct boot *boot)
{
	static struct loop	l;
	char			why[BOOT_TEXT] = "";
	int			rc;

	l.epoll_fd = -1;
	if ((rc = front_start(&l, boot, why, sizeof why)) != 0) {
		(void)boot_fail(boot->order_fd, why);
		return 1;
	}
	(void)boot_ready(boot->order_fd, l.f.listening);
	while (!l.done)
		turn(&l);
	front_stop(&l);
	return 0;
}
