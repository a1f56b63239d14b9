/*
 * The keeper's loop.  Each turn takes everything that is readable, decides it, and ends with one store_flush() and one channel_flush() a
 * front: what came together is committed together and answered together.
 */
#include "sipd/keeper/keeper.h"

#include <errno.h>
#include <event2/event.h>
#include <libgen.h>
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
#include "sipd/keeper/calls_watch.h"
#include "sipd/keeper/control.h"
#include "sipd/keeper/events.h"
#include "sipd/keeper/fronts.h"
#include "sipd/keeper/home.h"
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

struct body {
	struct keeper	 k;
	struct fronts	*fronts;
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
reload(struct keeper *k, struct boot_order *o)
{
	struct config	conf;

	if (boot_config(k->boot, o, &conf) != 0)
		return;
	if (strcmp(conf.state_dir, k->conf.state_dir) != 0 || strcmp(conf.control.socket, k->conf.control.socket) != 0)
		log_warn("%s: a new state_dir or control socket takes a restart", k->boot->conf_name);
	k->conf = conf;
	config_log(&k->conf, process_name(PROC_KEEPER), k->boot->debug);
	registrar_reload(k->registrar);
	routes_reload(k->routes);
	control_reload(k->control);
}

static void
open_front(struct body *b, struct boot_order *o)
{
	int	fd = o->fds[0];

	o->fds[0] = -1;
	if (fronts_open(b->fronts, o->peer, fd) != 0) {
		b->status = EXIT_FAILURE;
		b->done = true;
	}
}

static void
on_order(evutil_socket_t fd, short what, void *arg)
{
	struct body		*b = arg;
	struct boot_order	 o;
	int			 rc;

	(void)what;
	while ((rc = boot_receive((int)fd, &o)) == 1) {
		if (o.type == ORDER_CHANNEL && o.peer != PROC_KEEPER)
			open_front(b, &o);
		else if (o.type == ORDER_CONFIG)
			reload(&b->k, &o);
		else if (o.type == ORDER_RAN)
			sms_ran(b->k.sms, o.text);
		else if (o.type == ORDER_STOP)
			b->done = true;
		boot_close(&o);
	}
	if (rc == -EPIPE)
		b->done = true;		/* the supervisor is gone: finish what was acknowledged */
}

static void
on_store(evutil_socket_t fd, short what, void *arg)
{
	struct body	*b = arg;

	(void)fd, (void)what;
	store_on_ready(b->k.db.store);
}

/* A slice of whatever takes long.  Whether there is more to do. */
static bool
do_slices(struct keeper *k)
{
	bool	more = registrar_tick(k->registrar);

	more |= events_tick(k->events);
	more |= licences_tick(k);
	more |= tokens_tick(k);
	more |= queue_tick(k->queue);
	more |= qualify_tick(k->qualify);
	more |= trunk_engine_tick(k->trunks);
	more |= sms_tick(k->sms);
	more |= calls_watch_tick(k->calls);
	return more;
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct body	*b = arg;

	(void)fd, (void)what;
	b->more |= do_slices(&b->k);
	public_check_tick(b->k.public_check);
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

static int
open_parts(struct body *b, char *why, size_t size)
{
	struct keeper	*k = &b->k;
	int		 rc;

	if ((rc = home_make(&k->conf, why, size)) != 0 || (rc = enter_sandbox(&k->conf, why, size)) != 0 ||
	    (rc = home_open(k, why, size)) != 0)
		return rc;
	store_on_undone(k->db.store, on_undone, b);
	(void)snprintf(why, size, "out of memory");
	if ((k->names = names_new(k)) == NULL || (k->events = events_new(k)) == NULL || (k->registrar = registrar_new(k)) == NULL ||
	    (k->queue = queue_new(k)) == NULL || (k->qualify = qualify_new(k)) == NULL || (k->routes = routes_new(k)) == NULL ||
	    (k->calls = calls_watch_new(k)) == NULL || (k->trunks = trunk_engine_new(k)) == NULL ||
	    (k->sms = sms_new(k)) == NULL || (k->visits = visits_new(k)) == NULL ||
	    (k->public_check = public_check_new(k)) == NULL || (k->tracing = tracing_new(k)) == NULL || (b->fronts = fronts_new(k)) == NULL)
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

	(void)fd, (void)what;
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
	fronts_flush(b->fronts);
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
		if (b->more)
			b->more = do_slices(&b->k);
	}
}

/* What was acknowledged is on disk, what is on disk is answered. */
static void
drain(struct body *b)
{
	b->k.stopping = true;
	control_free(b->k.control);
	b->k.control = NULL;
	registrar_stop(b->k.registrar);
	fronts_close(b->fronts, clock_boot_ms() + DRAIN_MS);
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
	fronts_free(b->fronts);
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
