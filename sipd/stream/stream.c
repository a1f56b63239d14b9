/*
 * The stream process: meets the strangers that connect, ends their TLS, and relays them to the sip process (conns.h).  This is what it adds
 * to a gate (sipd/net/gate.h): the sip process, listeners, and who may be accepted when.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "core/binding.h"
#include "core/err.h"
#include "core/log.h"
#include "sipd/net/gate.h"
#include "sipd/stream/conns.h"
#include "sipd/stream/listen.h"
#include "sipd/stream/outward.h"

enum {
	TICK_MS = 500,
	FDS_A_CONN = 2,
	FDS_OWN = 64,			/* listeners, channels, memfds, the loop's */
};

struct stream {
	struct gate		*gate;
	struct fellow		 sip;
	struct listeners	*listeners;
	struct conns		*conns;
	struct outward		*outward;
	size_t			 conns_max;
	uint64_t		 limited;	/* connections */
};

/* Whether strangers can be served now. */
static void
accept_or_pause(struct stream *s)
{
	if (s->gate->started && !s->gate->done)
		listeners_pause(s->listeners, !conns_take_more(s->conns));
}

static bool
on_accept(void *arg, int fd, const struct addr *source, uint8_t transport)
{
	struct stream	*s = arg;

	if (conns_accept(s->conns, fd, source, transport == TRANSPORT_TLS ? s->gate->tls : NULL) != 0)
		s->limited++;
	return conns_take_more(s->conns);
}

static void
take_listening(void *arg, const struct frame *frame)
{
	struct stream		*s = arg;
	struct wire_flow	 f;

	if (frame_decode(frame, &f) != 0 || f.relay == 0 || f.relay > UINT16_MAX) {
		log_error("sip tells no port to relay to");
		return;
	}
	conns_sip_open(s->conns, s->sip.channel, f.transport, (uint16_t)f.relay);
	accept_or_pause(s);
}

static void
take_close(void *arg, const struct frame *frame)
{
	struct stream		*s = arg;
	struct wire_flow	 f;

	if (frame_decode(frame, &f) == 0)
		conns_close(s->conns, f.flow);
}

static void
take_flow_ready(void *arg, const struct frame *frame)
{
	struct stream		*s = arg;
	struct wire_flow	 f;

	if (frame_decode(frame, &f) == 0)
		conns_is_ready(s->conns, f.flow);
}

static void
take_resolve(void *arg, const struct frame *frame)
{
	outward_resolve(((struct stream *)arg)->outward, frame);
}

static void
take_dial(void *arg, const struct frame *frame)
{
	outward_dial(((struct stream *)arg)->outward, frame);
}

static const fellow_take_fn	from_keeper[WIRE_TYPES] = {
	[WIRE_DEBUG] = fellow_take_debug,
	[WIRE_RESOLVE] = take_resolve,
	[WIRE_DIAL] = take_dial,
};

static const fellow_take_fn	from_sip[WIRE_TYPES] = {
	[WIRE_LISTENING] = take_listening,
	[WIRE_FLOW_CLOSE] = take_close,
	[WIRE_FLOW_READY] = take_flow_ready,
	[WIRE_DIAL] = take_dial,
};

static void
keeper_gone(void *arg, struct channel *old)
{
	struct stream	*s = arg;

	(void)old;
	outward_keeper(s->outward, NULL);
}

static void
sip_gone(void *arg, struct channel *old)
{
	struct stream	*s = arg;

	(void)old;
	outward_sip(s->outward, NULL);
	conns_sip_gone(s->conns);
	accept_or_pause(s);
}

static void
open_sip(struct stream *s, struct boot_order *o)
{
	int	fd = o->fds[0];

	o->fds[0] = -1;
	if (fellow_open(&s->sip, s->gate->base, fd) != 0)
		s->gate->done = true;
	outward_sip(s->outward, s->sip.channel);
}

static struct conn_limits
limits_of(const struct stream *s)
{
	const struct config	*c = &s->gate->conf;

	return (struct conn_limits){ .per_source = c->limits.connections, .idle = c->limits.idle, .total = s->conns_max };
}

static void
take_config(struct stream *s)
{
	const struct gate	*g = s->gate;
	struct conn_limits	 limits = limits_of(s);

	if (g->started && listeners_differ(&g->boot->conf, &g->conf))
		log_warn("%s: listen: what changed takes effect at the next start", g->boot->conf_name);
	conns_set_limits(s->conns, &limits);
	outward_configure(s->outward, &g->conf);
}

static int
stream_order(void *arg, struct boot_order *o, char *why, size_t size)
{
	struct stream	*s = arg;

	(void)why, (void)size;
	if (o->type == ORDER_CHANNEL && o->peer == PROC_KEEPER)
		outward_keeper(s->outward, s->gate->keeper.channel);
	else if (o->type == ORDER_CHANNEL && o->peer == PROC_SIP)
		open_sip(s, o);
	else if (o->type == ORDER_FILES)
		outward_files(s->outward, o);
	else if (o->type == ORDER_CONFIG)
		take_config(s);
	return 0;
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

static void
stream_free(void *arg)
{
	struct stream	*s = arg;

	fellow_close(&s->sip);
	listeners_close(s->listeners);
	outward_free(s->outward);
	conns_free(s->conns);
	free(s);
}

static void *
stream_new(struct gate *g)
{
	struct stream		*s = calloc(1, sizeof *s);
	struct conn_limits	 limits;

	if (s == NULL)
		return NULL;
	s->gate = g;
	s->sip = (struct fellow){ .process = PROC_SIP, .takers = from_sip, .on_gone = sip_gone, .arg = s };
	s->conns_max = raise_files();
	limits = limits_of(s);
	if ((s->conns = conns_new(g->base, g->epoch, &limits)) != NULL && (s->outward = outward_new(g->base, s->conns)) != NULL)
		return s;
	stream_free(s);
	return NULL;
}

static int
stream_open(void *arg, char *why, size_t size)
{
	struct stream	*s = arg;
	struct gate	*g = s->gate;

	if (g->tls == NULL && config_listens(&g->conf, TRANSPORT_TLS)) {
		(void)snprintf(why, size, "tls.certificate: is needed to listen at tls:");
		return ERR_INVALID;
	}
	s->listeners = listeners_open(g->base, &g->conf, on_accept, s, why, size);
	return s->listeners == NULL ? ERR_INVALID : 0;
}

static void
stream_listening(const void *arg, char *buf, size_t size)
{
	const struct stream	*s = arg;

	listeners_text(s->listeners, buf, size);
}

static void
stream_counts(const void *arg, struct wire_counts *counts)
{
	const struct stream	*s = arg;

	*counts = (struct wire_counts){ .limited = s->limited, .connections = conns_count(s->conns) };
}

static void
stream_tick(void *arg, int64_t now_ms)
{
	struct stream	*s = arg;

	conns_tick(s->conns, now_ms);
	accept_or_pause(s);
}

static void
stream_turn(void *arg)
{
	struct stream	*s = arg;

	conns_turn(s->conns);
	fellow_flush(&s->sip);
}

static void
stream_stop(void *arg)
{
	struct stream	*s = arg;

	listeners_close(s->listeners);
	s->listeners = NULL;
	conns_end(s->conns);
}

static size_t
stream_clients(const void *arg)
{
	const struct stream	*s = arg;

	return conns_count(s->conns);
}

static const struct gate_row	row = {
	.process = PROC_STREAM, .sandbox = SANDBOX_STREAM, .section = "tls", .tick_ms = TICK_MS, .takers = from_keeper,
	.new = stream_new, .free = stream_free, .order = stream_order, .open = stream_open, .listening = stream_listening,
	.keeper_gone = keeper_gone, .tick = stream_tick, .counts = stream_counts, .turn = stream_turn, .stop = stream_stop,
	.clients = stream_clients,
};

int
stream_main(struct boot *boot)
{
	return gate_main(&row, boot);
}
