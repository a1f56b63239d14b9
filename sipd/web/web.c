/*
 * The web process: serves the pages of an activation over HTTPS to strangers' browsers (server.h), and makes the keeper's own HTTP requests
 * (fetch.h).  It decides nothing and stores nothing.  This file is its loop: orders, the channel to the keeper, the certificate.
 */
#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "sipd/boot.h"
#include "sipd/channel.h"
#include "sipd/net/tls.h"
#include "sipd/sandbox.h"
#include "sipd/web/fetch.h"

enum { CONFIG_WAIT_MS = 10000 };	/* for the first orders */

struct web {
	struct boot		*boot;
	struct config		 conf;
	uint64_t		 epoch;
	struct event_base	*base;
	struct event		*order;
	struct channel		*keeper;	/* NULL while it is away */
	struct event		*readable, *writable;	/* of that */
	struct fetches		*fetches;
	bool			 started, configured, done;
};

/* What this process tells of itself. */
static void
hello(struct web *w)
{
	struct wire_hello	h = { .epoch = w->epoch, .process = span_of(process_name(PROC_WEB)) };

	if (w->keeper != NULL && w->started)
		(void)channel_send(w->keeper, WIRE_HELLO, 0, &h);
}

static void
on_fetched(void *arg, uint64_t id, const struct wire_fetched *fetched)
{
	struct web	*w = arg;

	if (w->keeper != NULL)
		(void)channel_send(w->keeper, WIRE_FETCHED, id, fetched);
}

static void
take_fetch(struct web *w, const struct frame *frame)
{
	struct wire_fetch	f;

	if (frame_decode(frame, &f) == 0)
		fetches_start(w->fetches, frame->id, &f);
}

static void
take_debug(struct web *w, const struct frame *frame)
{
	struct wire_debug	d;
	char			name[32];

	(void)w;
	if (frame_decode(frame, &d) == 0 && span_get(d.subsystem, name, sizeof name))
		(void)log_debug_set(name, d.on);
}

static void	(*const takers[WIRE_TYPES])(struct web *, const struct frame *) = {
	[WIRE_DEBUG] = take_debug,
	[WIRE_FETCH] = take_fetch,
};

static void
on_frame(void *arg, const struct frame *frame)
{
	if (takers[frame->type] != NULL)
		takers[frame->type](arg, frame);
	else
		log_warn("keeper sent a frame of type %d, which is not its to send", (int)frame->type);
}

static void
keeper_close(struct web *w)
{
	if (w->keeper == NULL)
		return;
	event_free(w->readable);
	event_free(w->writable);
	channel_free(w->keeper);
	w->keeper = NULL;
	fetches_forget(w->fetches);
}

static void
on_gone(void *arg, int rc)
{
	if (rc != 0)
		log_error("channel to keeper: %s", err_text(rc));
	keeper_close(arg);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct web	*w = arg;

	(void)fd, (void)what;
	channel_read(w->keeper);
}

/* The turn's end does it. */
static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
}

static void
keeper_open(struct web *w, int fd)
{
	keeper_close(w);
	if ((w->keeper = channel_new(fd, on_frame, on_gone, w)) == NULL)
		return;
	w->readable = event_new(w->base, fd, EV_READ | EV_PERSIST, on_readable, w);
	w->writable = event_new(w->base, fd, EV_WRITE, on_writable, w);
	if (w->readable == NULL || w->writable == NULL || event_add(w->readable, NULL) != 0) {
		log_error("no memory for a channel");
		w->done = true;
		return;
	}
	hello(w);
}

static void
take_config(struct web *w, int fd)
{
	char		*text = boot_text(fd, CONFIG_MAX_BYTES), why[BOOT_TEXT];
	struct config	 conf;
	int		 rc;

	if (text == NULL)
		return;
	rc = config_parse(&conf, w->boot->conf_name, text, why, sizeof why);
	free(text);
	if (rc != 0) {
		log_error("%s", why);
		return;
	}
	w->conf = conf;
	config_log(&w->conf, process_name(PROC_WEB), w->boot->debug);
	fetches_configure(w->fetches, &w->conf);
}

static void
on_reloaded(struct web *w)
{
	if (!w->started)
		return;
	hello(w);
	(void)boot_ready(w->boot->order_fd, "");
}

static void
take_order(struct web *w, struct boot_order *o)
{
	if (o->type == ORDER_CHANNEL && o->peer == PROC_KEEPER) {
		keeper_open(w, o->fds[0]);
		o->fds[0] = -1;
	} else if (o->type == ORDER_FILES) {
		fetches_files(w->fetches, o);
	} else if (o->type == ORDER_CONFIG) {
		take_config(w, o->fds[0]);
		o->fds[0] = -1;
		w->configured = true;
		on_reloaded(w);
	} else if (o->type == ORDER_STOP) {
		w->done = true;
	}
	for (int i = 0; i < BOOT_FDS; i++)
		if (o->fds[i] >= 0)
			close(o->fds[i]);
}

/* Takes the orders that are there; a supervisor that is gone, or talks nonsense, is one to stop. */
static void
take_orders(struct web *w)
{
	struct boot_order	o;
	int			rc;

	while ((rc = boot_receive(w->boot->order_fd, &o)) == 1)
		take_order(w, &o);
	if (rc < 0)
		w->done = true;
}

static void
on_order(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	take_orders(arg);
}

static int
set_up(struct web *w, char *why, size_t size)
{
	(void)snprintf(why, size, "out of memory");
	if (tls_init() != 0 || (w->base = event_base_new()) == NULL || (w->fetches = fetches_new(w->base, on_fetched, w)) == NULL)
		return -ENOMEM;
	w->order = event_new(w->base, w->boot->order_fd, EV_READ | EV_PERSIST, on_order, w);
	return w->order == NULL || event_add(w->order, NULL) != 0 ? -ENOMEM : 0;
}

/* The first orders: files, if there are any, and then the configuration. */
static int
wait_for_config(struct web *w, char *why, size_t size)
{
	struct pollfd	p = { .fd = w->boot->order_fd, .events = POLLIN };
	int64_t		until = clock_boot_ms() + CONFIG_WAIT_MS, left;

	while (!w->configured && !w->done) {
		if ((left = until - clock_boot_ms()) <= 0) {
			(void)snprintf(why, size, "web: no configuration came");
			return -ETIMEDOUT;
		}
		if (poll(&p, 1, (int)left) > 0)
			take_orders(w);
	}
	return 0;
}

static int
start(struct web *w, char *why, size_t size)
{
	int	rc = sandbox_enter(SANDBOX_WEB, NULL, why, size);

	if (rc != 0)
		return rc;
	w->started = true;
	(void)boot_ready(w->boot->order_fd, "");
	hello(w);
	return 0;
}

static void
flush(struct web *w)
{
	if (w->keeper != NULL)
		channel_flush(w->keeper);
	if (w->keeper != NULL && channel_wants_write(w->keeper))
		(void)event_add(w->writable, NULL);
}

static void
run(struct web *w)
{
	while (!w->done) {
		flush(w);
		if (event_base_loop(w->base, EVLOOP_ONCE) < 0)
			break;
	}
	flush(w);
}

static void
tear_down(struct web *w)
{
	keeper_close(w);
	fetches_free(w->fetches);
	if (w->order != NULL)
		event_free(w->order);
	if (w->base != NULL)
		event_base_free(w->base);
	free(w);
}

int
web_main(struct boot *boot)
{
	struct web	*w = calloc(1, sizeof *w);
	char		 why[BOOT_TEXT] = "out of memory";
	int		 status = EXIT_FAILURE;

	if (w == NULL) {
		(void)boot_fail(boot->order_fd, why);
		return status;
	}
	w->boot = boot;
	w->conf = boot->conf;
	w->epoch = (uint64_t)time(NULL) * 1000;
	if (set_up(w, why, sizeof why) != 0 || wait_for_config(w, why, sizeof why) != 0 || (!w->done && start(w, why, sizeof why) != 0)) {
		(void)boot_fail(boot->order_fd, why);
	} else {
		run(w);
		status = EXIT_SUCCESS;
	}
	tear_down(w);
	return status;
}
