#include "sipd/keeper/fronts.h"

#include <inttypes.h>
#include <poll.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "sipd/fellow.h"
#include "sipd/keeper/calls.h"
#include "sipd/keeper/calls_watch.h"
#include "sipd/keeper/public_check.h"
#include "sipd/keeper/qualify.h"
#include "sipd/keeper/queue.h"
#include "sipd/keeper/registrar.h"
#include "sipd/keeper/route.h"
#include "sipd/keeper/sms.h"
#include "sipd/keeper/tracing.h"
#include "sipd/keeper/trunk_engine.h"
#include "sipd/keeper/visit.h"

struct front {
	struct keeper	*k;
	struct fellow	 fellow;
};

struct fronts {
	struct front	all[PROCESSES];
};

static void
tell_secret(struct keeper *k)
{
	struct wire_secret	secret;
	uint8_t			key[32];

	seal_subkey(k->db.seal, 1, "wc-route", key);
	memcpy(secret.route, key, sizeof secret.route);
	(void)channel_send(k->channels[PROC_SIP], WIRE_SECRET, 0, &secret);
	sodium_memzero(key, sizeof key);
	sodium_memzero(&secret, sizeof secret);
}

static void
take_hello(void *arg, const struct frame *frame)
{
	struct front		*f = arg;
	struct keeper		*k = f->k;
	enum process		 p = f->fellow.process;
	struct wire_hello	 hello;

	if (frame_decode(frame, &hello) != 0)
		return;
	(void)span_get(hello.listening, k->ready[p], sizeof k->ready[p]);
	k->certificate_until[p] = hello.certificate_until;
	if (p == PROC_STREAM)
		k->stream_epoch = hello.epoch;
	if (p == PROC_SIP) {
		tell_secret(k);
		k->sip_epoch = hello.epoch;
		calls_watch_front(k->calls);
		tracing_front_new(k->tracing);
		trunk_engine_front(k->trunks);
	}
	log_debug(SUB_MAIN, "%s says hello, epoch %" PRIx64, process_name(p), hello.epoch);
}

static void
take_counts(void *arg, const struct frame *frame)
{
	struct front	*f = arg;

	(void)frame_decode(frame, &f->k->counts[f->fellow.process]);
}

static void
take_register(void *arg, const struct frame *frame)
{
	struct keeper		*k = ((struct front *)arg)->k;
	struct register_ask	 ask;

	if (frame_decode(frame, &ask) == 0)
		registrar_ask(k->registrar, k->channels[PROC_SIP], frame->id, &ask);
	else
		log_warn("sip sent a REGISTER that can't be read");
}

static void
take_message(void *arg, const struct frame *frame)
{
	struct keeper		*k = ((struct front *)arg)->k;
	struct message_ask	 ask;

	if (frame_decode(frame, &ask) == 0)
		queue_ask(k->queue, k->channels[PROC_SIP], frame->id, &ask);
	else
		log_warn("sip sent a MESSAGE that can't be read");
}

static void
sent_for_queue(struct keeper *k, uint64_t id, const struct wire_sent *sent)
{
	queue_sent(k->queue, id, sent);
}

static void
sent_for_trunks(struct keeper *k, uint64_t id, const struct wire_sent *sent)
{
	trunk_engine_answered(k->trunks, id, sent);
}

static void
sent_for_qualify(struct keeper *k, uint64_t id, const struct wire_sent *sent)
{
	qualify_sent(k->qualify, id, sent);
}

/* One row a sender. */
static void	(*const sent_takers[SENDERS])(struct keeper *, uint64_t id, const struct wire_sent *) = {
	[SENDER_QUEUE] = sent_for_queue,
	[SENDER_QUALIFY] = sent_for_qualify,
	[SENDER_TRUNK] = sent_for_trunks,
};

static void
take_sent(void *arg, const struct frame *frame)
{
	uint64_t		sender = frame->id >> SENDER_SHIFT;
	struct wire_sent	sent;

	if (sender < SENDERS && sent_takers[sender] != NULL && frame_decode(frame, &sent) == 0)
		sent_takers[sender](((struct front *)arg)->k, frame->id, &sent);
}

static void
take_route(void *arg, const struct frame *frame)
{
	struct keeper		*k = ((struct front *)arg)->k;
	struct route_ask	 ask;

	if (frame_decode(frame, &ask) == 0)
		routes_ask(k->routes, k->channels[PROC_SIP], frame->id, &ask);
}

static void
take_authorize(void *arg, const struct frame *frame)
{
	struct keeper		*k = ((struct front *)arg)->k;
	struct wire_authorize	 ask;

	if (frame_decode(frame, &ask) == 0)
		routes_authorize(k->routes, k->channels[PROC_SIP], frame->id, &ask);
}

static void
take_call(void *arg, const struct frame *frame)
{
	struct wire_call	call;

	if (frame_decode(frame, &call) == 0)
		calls_tell(((struct front *)arg)->k, &call);
}

static void
take_calls_told(void *arg, const struct frame *frame)
{
	(void)frame;
	calls_watch_told(((struct front *)arg)->k->calls);
}

static void
take_traced(void *arg, const struct frame *frame)
{
	struct wire_traced	traced;

	if (frame_decode(frame, &traced) == 0)
		tracing_seen(((struct front *)arg)->k->tracing, frame->id, &traced);
}

static void
take_flow_gone(void *arg, const struct frame *frame)
{
	struct keeper		*k = ((struct front *)arg)->k;
	struct wire_flow	 flow;

	if (frame_decode(frame, &flow) != 0)
		return;
	registrar_flow_gone(k->registrar, flow.flow);
	trunk_engine_flow_gone(k->trunks, flow.flow);
}

static void
take_resolved(void *arg, const struct frame *frame)
{
	struct wire_resolved	resolved;

	if (frame_decode(frame, &resolved) == 0)
		trunk_engine_answered(((struct front *)arg)->k->trunks, frame->id, &resolved);
}

static void
take_dialed(void *arg, const struct frame *frame)
{
	struct wire_dialed	dialed;

	if (frame_decode(frame, &dialed) == 0)
		trunk_engine_answered(((struct front *)arg)->k->trunks, frame->id, &dialed);
}

static void
take_fetched(void *arg, const struct frame *frame)
{
	struct keeper		*k = ((struct front *)arg)->k;
	struct wire_fetched	 fetched;

	if (frame_decode(frame, &fetched) != 0)
		return;
	if (frame->id >> SENDER_SHIFT == SENDER_SMS)
		sms_answered(k->sms, frame->id, &fetched);
	else
		public_check_answered(k->public_check, frame->id, &fetched);
}

static void
take_web(void *arg, const struct frame *frame)
{
	struct keeper	*k = ((struct front *)arg)->k;
	struct web_ask	 ask;

	if (frame_decode(frame, &ask) == 0)
		visits_ask(k->visits, k->channels[PROC_WEB], frame->id, &ask);
}

static const fellow_take_fn	from_sip[WIRE_TYPES] = {
	[WIRE_HELLO] = take_hello,
	[WIRE_COUNTS] = take_counts,
	[WIRE_REGISTER] = take_register,
	[WIRE_FLOW_GONE] = take_flow_gone,
	[WIRE_MESSAGE] = take_message,
	[WIRE_SENT] = take_sent,
	[WIRE_ROUTE] = take_route,
	[WIRE_CALL] = take_call,
	[WIRE_CALLS_TOLD] = take_calls_told,
	[WIRE_TRACED] = take_traced,
	[WIRE_AUTHORIZE] = take_authorize,
};

static const fellow_take_fn	from_stream[WIRE_TYPES] = {
	[WIRE_HELLO] = take_hello,
	[WIRE_COUNTS] = take_counts,
	[WIRE_RESOLVED] = take_resolved,
	[WIRE_DIALED] = take_dialed,
};

static const fellow_take_fn	from_web[WIRE_TYPES] = {
	[WIRE_HELLO] = take_hello,
	[WIRE_COUNTS] = take_counts,
	[WIRE_FETCHED] = take_fetched,
	[WIRE_WEB] = take_web,
};

static const fellow_take_fn	*const takers[PROCESSES] = { [PROC_SIP] = from_sip, [PROC_STREAM] = from_stream, [PROC_WEB] = from_web };

static void
on_gone(void *arg, struct channel *old)
{
	struct front	*f = arg;
	struct keeper	*k = f->k;
	enum process	 p = f->fellow.process;

	k->channels[p] = NULL;
	k->ready[p][0] = '\0';
	registrar_channel_gone(k->registrar, old);
	if (p == PROC_SIP) {
		queue_channel_gone(k->queue, old);
		qualify_channel_gone(k->qualify);
	}
	if (p == PROC_WEB)
		visits_channel_gone(k->visits);
	trunk_engine_process_gone(k->trunks, p);
	sms_process_gone(k->sms, p);
	public_check_process_gone(k->public_check, p);
}

struct fronts *
fronts_new(struct keeper *k)
{
	struct fronts	*fs = calloc(1, sizeof *fs);

	for (int i = 0; fs != NULL && i < PROCESSES; i++) {
		fs->all[i].k = k;
		fs->all[i].fellow = (struct fellow){ .process = (enum process)i, .takers = takers[i], .on_gone = on_gone, .arg = &fs->all[i] };
	}
	return fs;
}

void
fronts_free(struct fronts *fs)
{
	if (fs != NULL)
		fronts_close(fs, 0);
	free(fs);
}

int
fronts_open(struct fronts *fs, enum process p, int fd)
{
	struct front	*f = &fs->all[p];
	int		 rc = fellow_open(&f->fellow, f->k->base, fd);

	f->k->channels[p] = f->fellow.channel;
	return rc;
}

void
fronts_flush(struct fronts *fs)
{
	for (int i = 0; i < PROCESSES; i++)
		fellow_flush(&fs->all[i].fellow);
}

void
fronts_close(struct fronts *fs, int64_t until)
{
	for (int i = 0; i < PROCESSES; i++) {
		struct fellow	*f = &fs->all[i].fellow;

		while (f->channel != NULL && channel_wants_write(f->channel) && clock_boot_ms() < until) {
			struct pollfd	p = { .fd = channel_fd(f->channel), .events = POLLOUT };

			(void)poll(&p, 1, (int)(until - clock_boot_ms()));
			channel_flush(f->channel);
		}
		fellow_close(f);
	}
}
