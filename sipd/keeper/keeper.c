/*
 * The keeper's loop.  Each turn takes everything that is readable, decides it, and ends with one store_flush() and one channel_flush() a
 * front: what came together is committed together and answered together.
 */
#include "sipd/keeper/keeper.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <libgen.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/err.h"
#include "core/kinds.h"
#include "core/log.h"
#include "core/wire.h"
#include "db/key_mark.h"
#include "sipd/keeper/calls.h"
#include "sipd/keeper/calls_watch.h"
#include "sipd/keeper/control.h"
#include "sipd/keeper/events.h"
#include "sipd/keeper/licences.h"
#include "sipd/keeper/names.h"
#include "sipd/keeper/qualify.h"
#include "sipd/keeper/queue.h"
#include "sipd/keeper/near.h"
#include "sipd/keeper/public_check.h"
#include "sipd/keeper/registrar.h"
#include "sipd/keeper/restored.h"
#include "sipd/keeper/tokens.h"
#include "sipd/keeper/tracing.h"
#include "sipd/keeper/trunk_engine.h"
#include "sipd/keeper/route.h"
#include "sipd/keeper/sms.h"
#include "sipd/keeper/visit.h"
#include "sipd/sandbox.h"

enum { TICK_MS = 250, UNHURRIED_MS = 50, DRAIN_MS = 2000, EXIT_STORE = 75 /* EX_TEMPFAIL: the supervisor starts us again */ };

/* The other end of a channel. */
struct front {
	struct body	*body;
	enum process	 process;
	struct channel	*channel;	/* NULL while it is away */
	struct event	*readable, *writable;
};

struct body {
	struct keeper	 k;
	struct front	 fronts[PROCESSES];
	struct event	*order, *store, *tick, *unhurried;
	bool		 more;		/* a slice is left to do: do not sleep */
	bool		 done;
	int		 status;
};

int64_t
keeper_now(struct keeper *k)
{
	return clock_now(&k->clock);
}

static int
ref_name(void *ctx, const char *kind, uint64_t id, char *name, size_t size)
{
	return names_get(ctx, kind_named(kind), id, name, size);
}

static int
ref_id(void *ctx, const char *kind, const char *name, uint64_t *id)
{
	return names_id(ctx, kind_named(kind), name, id);
}

static void
ref_hint(void *ctx, const char *kind, const char *name, char *buf, size_t size)
{
	(void)near_hint(ctx, kind_named(kind), name, buf, size);
}

struct refs
keeper_refs(struct keeper *k)
{
	return (struct refs){ .ctx = k, .name_of = ref_name, .id_of = ref_id, .hint = ref_hint };
}

static void
tell_secret(struct front *f)
{
	struct wire_secret	secret;
	uint8_t			key[32];

	seal_subkey(f->body->k.db.seal, 1, "wc-route", key);
	memcpy(secret.route, key, sizeof secret.route);
	(void)channel_send(f->channel, WIRE_SECRET, 0, &secret);
	sodium_memzero(key, sizeof key);
	sodium_memzero(&secret, sizeof secret);
}

static void
take_hello(struct front *f, const struct frame *frame)
{
	struct keeper		*k = &f->body->k;
	struct wire_hello	 hello;

	if (frame_decode(frame, &hello) != 0)
		return;
	(void)span_get(hello.listening, k->ready[f->process], sizeof k->ready[f->process]);
	k->certificate_until[f->process] = hello.certificate_until;
	if (f->process == PROC_STREAM)
		k->stream_epoch = hello.epoch;
	if (f->process == PROC_SIP) {
		tell_secret(f);
		k->sip_epoch = hello.epoch;
		calls_watch_front(k->calls);
		tracing_front_new(k->tracing);
		trunk_engine_front(k->trunks);
	}
	log_debug(SUB_MAIN, "%s says hello, epoch %" PRIx64, process_name(f->process), hello.epoch);
}

static void
take_register(struct front *f, const struct frame *frame)
{
	struct register_ask	ask;

	if (f->process != PROC_SIP || frame_decode(frame, &ask) != 0) {
		log_warn("keeper: %s sent a REGISTER that can't be read", process_name(f->process));
		return;
	}
	registrar_ask(f->body->k.registrar, f->channel, frame->id, &ask);
}

static void
take_message(struct front *f, const struct frame *frame)
{
	struct message_ask	ask;

	if (f->process != PROC_SIP || frame_decode(frame, &ask) != 0) {
		log_warn("keeper: %s sent a MESSAGE that can't be read", process_name(f->process));
		return;
	}
	queue_ask(f->body->k.queue, f->channel, frame->id, &ask);
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
take_sent(struct front *f, const struct frame *frame)
{
	uint64_t		sender = frame->id >> SENDER_SHIFT;
	struct wire_sent	sent;

	if (f->process == PROC_SIP && sender < SENDERS && sent_takers[sender] != NULL && frame_decode(frame, &sent) == 0)
		sent_takers[sender](&f->body->k, frame->id, &sent);
}

static void
take_resolved(struct front *f, const struct frame *frame)
{
	struct wire_resolved	resolved;

	if (f->process == PROC_STREAM && frame_decode(frame, &resolved) == 0)
		trunk_engine_answered(f->body->k.trunks, frame->id, &resolved);
}

static void
take_dialed(struct front *f, const struct frame *frame)
{
	struct wire_dialed	dialed;

	if (f->process == PROC_STREAM && frame_decode(frame, &dialed) == 0)
		trunk_engine_answered(f->body->k.trunks, frame->id, &dialed);
}

static void
take_route(struct front *f, const struct frame *frame)
{
	struct route_ask	ask;

	if (f->process == PROC_SIP && frame_decode(frame, &ask) == 0)
		routes_ask(f->body->k.routes, f->channel, frame->id, &ask);
}

static void
take_authorize(struct front *f, const struct frame *frame)
{
	struct wire_authorize	ask;

	if (f->process == PROC_SIP && frame_decode(frame, &ask) == 0)
		routes_authorize(f->body->k.routes, f->channel, frame->id, &ask);
}

static void
take_call(struct front *f, const struct frame *frame)
{
	struct wire_call	call;

	if (f->process == PROC_SIP && frame_decode(frame, &call) == 0)
		calls_tell(&f->body->k, &call);
}

static void
take_traced(struct front *f, const struct frame *frame)
{
	struct wire_traced	traced;

	if (f->process == PROC_SIP && frame_decode(frame, &traced) == 0)
		tracing_seen(f->body->k.tracing, frame->id, &traced);
}

static void
take_fetched(struct front *f, const struct frame *frame)
{
	struct wire_fetched	fetched;

	if (f->process != PROC_WEB || frame_decode(frame, &fetched) != 0)
		return;
	if (frame->id >> SENDER_SHIFT == SENDER_SMS)
		sms_answered(f->body->k.sms, frame->id, &fetched);
	else
		public_check_answered(f->body->k.public_check, frame->id, &fetched);
}

static void
take_web(struct front *f, const struct frame *frame)
{
	struct web_ask	ask;

	if (f->process == PROC_WEB && frame_decode(frame, &ask) == 0)
		visits_ask(f->body->k.visits, f->channel, frame->id, &ask);
}

static void
take_calls_told(struct front *f, const struct frame *frame)
{
	(void)frame;
	if (f->process == PROC_SIP)
		calls_watch_told(f->body->k.calls);
}

static void
take_flow_gone(struct front *f, const struct frame *frame)
{
	struct wire_flow	flow;

	if (frame_decode(frame, &flow) != 0)
		return;
	registrar_flow_gone(f->body->k.registrar, flow.flow);
	trunk_engine_flow_gone(f->body->k.trunks, flow.flow);
}

static void
take_counts(struct front *f, const struct frame *frame)
{
	(void)frame_decode(frame, &f->body->k.counts[f->process]);
}

static void	(*const takers[WIRE_TYPES])(struct front *, const struct frame *) = {
	[WIRE_HELLO] = take_hello,
	[WIRE_REGISTER] = take_register,
	[WIRE_FLOW_GONE] = take_flow_gone,
	[WIRE_COUNTS] = take_counts,
	[WIRE_MESSAGE] = take_message,
	[WIRE_SENT] = take_sent,
	[WIRE_RESOLVED] = take_resolved,
	[WIRE_DIALED] = take_dialed,
	[WIRE_ROUTE] = take_route,
	[WIRE_CALL] = take_call,
	[WIRE_CALLS_TOLD] = take_calls_told,
	[WIRE_TRACED] = take_traced,
	[WIRE_AUTHORIZE] = take_authorize,
	[WIRE_FETCHED] = take_fetched,
	[WIRE_WEB] = take_web,
};

static void
on_frame(void *arg, const struct frame *frame)
{
	struct front	*f = arg;

	if (takers[frame->type] != NULL)
		takers[frame->type](f, frame);
	else
		log_warn("keeper: %s sent a frame of type %d, which is not its to send", process_name(f->process), (int)frame->type);
}

static void
front_close(struct front *f)
{
	struct keeper	*k;

	if (f->channel == NULL)		/* nor a body, if it never came */
		return;
	k = &f->body->k;
	registrar_channel_gone(k->registrar, f->channel);
	event_free(f->readable);
	event_free(f->writable);
	channel_free(f->channel);
	k->channels[f->process] = NULL;
	if (f->process == PROC_SIP)
		queue_channel_gone(k->queue, f->channel);
	if (f->process == PROC_SIP)
		qualify_channel_gone(k->qualify);
	if (f->process == PROC_WEB)
		visits_channel_gone(k->visits);
	trunk_engine_process_gone(k->trunks, f->process);
	sms_process_gone(k->sms, f->process);
	public_check_process_gone(k->public_check, f->process);
	f->channel = NULL;
	k->ready[f->process][0] = '\0';
}

static void
on_gone(void *arg, int rc)
{
	struct front	*f = arg;

	if (rc != 0)
		log_error("keeper: channel to %s: %s", process_name(f->process), err_text(rc));
	front_close(f);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct front	*f = arg;

	(void)fd;
	(void)what;
	channel_read(f->channel);
}

/* The turn's end does it. */
static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

static void
front_open(struct body *b, enum process process, int fd)
{
	struct front	*f = &b->fronts[process];

	front_close(f);
	f->body = b;
	f->process = process;
	if ((f->channel = channel_new(fd, on_frame, on_gone, f)) == NULL)
		return;
	f->readable = event_new(b->k.base, fd, EV_READ | EV_PERSIST, on_readable, f);
	f->writable = event_new(b->k.base, fd, EV_WRITE, on_writable, f);
	if (f->readable == NULL || f->writable == NULL || event_add(f->readable, NULL) != 0) {
		log_error("keeper: no memory for a channel");
		b->status = EXIT_FAILURE;
		b->done = true;
	}
	b->k.channels[process] = f->channel;
}

static void
reload(struct body *b, int fd)
{
	struct keeper	*k = &b->k;
	char		*text = boot_text(fd, CONFIG_MAX_BYTES), why[BOOT_TEXT];
	struct config	 conf;
	int		 rc;

	if (text == NULL)
		return;
	rc = config_parse(&conf, k->boot->conf_name, text, why, sizeof why);
	free(text);
	if (rc != 0) {
		log_error("%s", why);
		return;
	}
	if (strcmp(conf.state_dir, k->conf.state_dir) != 0 || strcmp(conf.control.socket, k->conf.control.socket) != 0)
		log_warn("%s: a new state_dir or control socket takes a restart", k->boot->conf_name);
	k->conf = conf;
	config_log(&k->conf, process_name(PROC_KEEPER), k->boot->debug);
	registrar_reload(k->registrar);
	routes_reload(k->routes);
	control_reload(k->control);
}

static void
on_order(evutil_socket_t fd, short what, void *arg)
{
	struct body		*b = arg;
	struct boot_order	 o;
	int			 rc;

	(void)what;
	while ((rc = boot_receive((int)fd, &o)) == 1) {
		if (o.type == ORDER_CHANNEL && o.peer != PROC_KEEPER) {
			front_open(b, o.peer, o.fds[0]);
			o.fds[0] = -1;
		} else if (o.type == ORDER_CONFIG) {
			reload(b, o.fds[0]);
			o.fds[0] = -1;
		} else if (o.type == ORDER_RAN) {
			sms_ran(b->k.sms, o.text);
		} else if (o.type == ORDER_STOP) {
			b->done = true;
		}
		for (int i = 0; i < BOOT_FDS; i++)
			if (o.fds[i] >= 0)
				close(o.fds[i]);
	}
	if (rc == -EPIPE)
		b->done = true;		/* the supervisor is gone: finish what was acknowledged */
}

static void
on_store(evutil_socket_t fd, short what, void *arg)
{
	struct body	*b = arg;

	(void)fd;
	(void)what;
	store_on_ready(b->k.db.store);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct body	*b = arg;

	(void)fd;
	(void)what;
	b->more |= registrar_tick(b->k.registrar);
	b->more |= events_tick(b->k.events);
	b->more |= licences_tick(&b->k);
	b->more |= tokens_tick(&b->k);
	b->more |= queue_tick(b->k.queue);
	b->more |= qualify_tick(b->k.qualify);
	b->more |= trunk_engine_tick(b->k.trunks);
	b->more |= sms_tick(b->k.sms);
	public_check_tick(b->k.public_check);
	b->more |= calls_watch_tick(b->k.calls);
	tracing_tick(b->k.tracing);
}

/* A batch failed.  When the environment itself is broken only a new process can open it again. */
static void
on_undone(void *arg, int rc)
{
	struct body	*b = arg;

	names_forget(b->k.names);
	if (b->k.registrar != NULL)
		registrar_undone(b->k.registrar);
	if (b->k.queue != NULL)
		queue_undone(b->k.queue);
	if (rc != ERR_CORRUPT) {
		log_error("store: a batch was not written: %s", err_text(rc));
		return;
	}
	log_error("store: %s; the keeper starts again", err_text(rc));
	b->status = EXIT_STORE;
	b->done = true;
}

/* Makes a folder and those above it, for us alone. */
static int
make_folder(const char *path, char *why, size_t size)
{
	char	part[CONFIG_TEXT];
	int	rc = 0;

	for (size_t i = 1; rc == 0 && i <= strlen(path) && i < sizeof part; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		(void)snprintf(part, sizeof part, "%.*s", (int)i, path);
		rc = mkdir(part, 0700) != 0 && errno != EEXIST ? -errno : 0;
	}
	if (rc != 0)
		(void)snprintf(why, size, "%s: can't be made: %s", path, err_text(rc));
	return rc;
}

static int
enter_sandbox(const struct config *c, char *why, size_t size)
{
	char			socket_dir[sizeof c->control.socket];
	const char		*paths[3] = { c->state_dir, NULL, NULL };
	const struct rlimit	 none = { 0, 0 };

	(void)snprintf(socket_dir, sizeof socket_dir, "%s", c->control.socket);
	paths[1] = dirname(socket_dir);
	if (mkdir(paths[1], 0755) == 0)	/* what is wrong with it, control_new() says */
		(void)chmod(paths[1], 0755);	/* whatever our umask: everybody may ask to be let in */
	if (setrlimit(RLIMIT_CORE, &none) != 0)
		return -errno;
	return sandbox_enter(SANDBOX_KEEPER, paths, why, size);
}

/* From the first start on, a store knows its key. */
static int
bind_key(struct keeper *k, const char *key, char *why, size_t size)
{
	int		 rc = key_mark_check(&k->db);
	struct txn	*t;

	if (rc == ERR_DENIED)
		(void)snprintf(why, size, "%s: is not the key that this store's passwords are sealed with: put the right one back", key);
	if (rc != ERR_NOT_FOUND)
		return rc;
	t = txn_new(k->db.store);
	key_mark_put(t, &k->db);
	(void)store_commit(t, NULL, NULL);
	if ((rc = store_sync(k->db.store)) != 0)
		log_warn("store: not marked with its key: %s", err_text(rc));
	return 0;
}

/* The master key is made with the store: a store whose key is lost must not get another. */
static int
open_store(struct keeper *k, char *why, size_t size)
{
	char		store[CONFIG_TEXT + 16], key[CONFIG_TEXT + 16];
	struct stat	st;
	int		rc;

	(void)snprintf(store, sizeof store, "%s/store", k->conf.state_dir);
	(void)snprintf(key, sizeof key, "%s/master.key", k->conf.state_dir);
	if ((rc = make_folder(store, why, size)) != 0)
		return rc;
	if ((rc = store_open_lmdb(&k->db.store, store, 0, why, size)) != 0)
		return rc;
	if (stat(key, &st) != 0 && errno == ENOENT && count_get(&k->db, "accounts") > 0) {
		(void)snprintf(why, size, "%s: is gone, and the store's passwords can't be read without it: put it back", key);
		return -ENOENT;
	}
	if ((rc = seal_open(&k->db.seal, key, true, why, size)) != 0)
		return rc;
	restored_clean(store);
	return bind_key(k, key, why, size);
}

static int
open_parts(struct body *b, char *why, size_t size)
{
	struct keeper	*k = &b->k;
	int		 rc;

	if ((rc = make_folder(k->conf.state_dir, why, size)) != 0 || (rc = enter_sandbox(&k->conf, why, size)) != 0 ||
	    (rc = open_store(k, why, size)) != 0)
		return rc;
	store_on_undone(k->db.store, on_undone, b);
	(void)snprintf(why, size, "out of memory");
	if ((k->names = names_new(k)) == NULL || (k->events = events_new(k)) == NULL || (k->registrar = registrar_new(k)) == NULL ||
	    (k->queue = queue_new(k)) == NULL || (k->qualify = qualify_new(k)) == NULL || (k->routes = routes_new(k)) == NULL ||
	    (k->calls = calls_watch_new(k)) == NULL || (k->trunks = trunk_engine_new(k)) == NULL ||
	    (k->sms = sms_new(k)) == NULL || (k->visits = visits_new(k)) == NULL ||
	    (k->public_check = public_check_new(k)) == NULL || (k->tracing = tracing_new(k)) == NULL)
		return -ENOMEM;
	restored_tell(k);
	if ((k->control = control_new(k, why, size)) == NULL)
		return -EIO;
	return 0;
}

/* What nobody waits for has waited long enough. */
static void
on_unhurried(evutil_socket_t fd, short what, void *arg)
{
	struct body	*b = arg;

	(void)fd;
	(void)what;
	store_flush(b->k.db.store);
}

static int
listen_to(struct body *b)
{
	const struct timeval	 every = { .tv_usec = TICK_MS * 1000 };
	struct event_base	*base = b->k.base;

	b->order = event_new(base, b->k.boot->order_fd, EV_READ | EV_PERSIST, on_order, b);
	b->store = event_new(base, store_fd(b->k.db.store), EV_READ | EV_PERSIST, on_store, b);
	b->tick = event_new(base, -1, EV_PERSIST, on_tick, b);
	b->unhurried = evtimer_new(base, on_unhurried, b);
	if (b->order == NULL || b->store == NULL || b->tick == NULL || b->unhurried == NULL)
		return -ENOMEM;
	return event_add(b->order, NULL) | event_add(b->store, NULL) | event_add(b->tick, &every);
}

static void
flush(struct body *b)
{
	const struct timeval	unhurried = { .tv_usec = UNHURRIED_MS * 1000 };


	if (store_flush_awaited(b->k.db.store) && !evtimer_pending(b->unhurried, NULL))
		(void)evtimer_add(b->unhurried, &unhurried);
	for (int i = 0; i < PROCESSES; i++) {
		struct front	*f = &b->fronts[i];

		if (f->channel != NULL)
			channel_flush(f->channel);
		if (f->channel != NULL && channel_wants_write(f->channel))
			(void)event_add(f->writable, NULL);
	}
}

static void
run(struct body *b)
{
	while (!b->done) {
		b->more |= registrar_turn(b->k.registrar);
		b->more |= queue_turn(b->k.queue);
		flush(b);
		if (event_base_loop(b->k.base, EVLOOP_ONCE | (b->more ? EVLOOP_NONBLOCK : 0)) < 0)
			break;
		if (b->more) {
			b->more = registrar_tick(b->k.registrar);
			b->more |= events_tick(b->k.events);
			b->more |= licences_tick(&b->k);
			b->more |= tokens_tick(&b->k);
			b->more |= queue_tick(b->k.queue);
			b->more |= qualify_tick(b->k.qualify);
			b->more |= trunk_engine_tick(b->k.trunks);
			b->more |= sms_tick(b->k.sms);
			b->more |= calls_watch_tick(b->k.calls);
		}
	}
}

/* What was acknowledged is on disk, what is on disk is answered. */
static void
drain(struct body *b)
{
	int64_t	until = clock_boot_ms() + DRAIN_MS;

	b->k.stopping = true;
	control_free(b->k.control);
	b->k.control = NULL;
	registrar_stop(b->k.registrar);
	for (int i = 0; i < PROCESSES; i++) {
		struct front	*f = &b->fronts[i];

		while (f->channel != NULL && channel_wants_write(f->channel) && clock_boot_ms() < until) {
			struct pollfd	p = { .fd = channel_fd(f->channel), .events = POLLOUT };

			(void)poll(&p, 1, (int)(until - clock_boot_ms()));
			channel_flush(f->channel);
		}
		front_close(f);
	}
}

static void
close_parts(struct body *b)
{
	struct event	*const events[] = { b->order, b->store, b->tick, b->unhurried };

	for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
		if (events[i] != NULL)
			event_free(events[i]);
	if (b->k.control != NULL)
		control_free(b->k.control);
	if (b->k.db.store != NULL)
		(void)store_sync(b->k.db.store);
	tracing_free(b->k.tracing);
	public_check_free(b->k.public_check);
	visits_free(b->k.visits);
	trunk_engine_free(b->k.trunks);
	sms_free(b->k.sms);
	calls_watch_free(b->k.calls);
	routes_free(b->k.routes);
	qualify_free(b->k.qualify);
	queue_free(b->k.queue);
	registrar_free(b->k.registrar);
	events_free(b->k.events);
	names_free(b->k.names);
	if (b->k.db.store != NULL)
		store_close(b->k.db.store);
	if (b->k.db.seal != NULL)
		seal_close(b->k.db.seal);
	if (b->k.base != NULL)
		event_base_free(b->k.base);
	free(b);
}

int
keeper_main(struct boot *boot)
{
	struct body	*b = calloc(1, sizeof *b);
	char		 why[BOOT_TEXT] = "out of memory";
	int		 status = EXIT_FAILURE;

	if (b == NULL || sodium_init() < 0 || (b->k.base = event_base_new()) == NULL) {
		(void)boot_fail(boot->order_fd, why);
		free(b);
		return status;
	}
	b->k.boot = boot;
	b->k.conf = boot->conf;
	clock_init(&b->k.clock);
	b->k.started_at = keeper_now(&b->k);
	if (open_parts(b, why, sizeof why) != 0 || listen_to(b) != 0) {
		(void)boot_fail(boot->order_fd, why);
	} else {
		(void)boot_ready(boot->order_fd, "store open");
		run(b);
		if (b->status == EXIT_STORE)
			_exit(EXIT_STORE);	/* nothing is closed: that would wait for a store which answers no more */
		drain(b);
		status = b->status;
	}
	close_parts(b);
	return status;
}
