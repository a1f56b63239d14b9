/*
 * The web process: serves the pages of an activation over HTTPS to strangers' browsers (server.h), and makes the keeper's own HTTP requests
 * (fetch.h).  It decides nothing and stores nothing.  This file is its loop: orders, the channel to the keeper, the certificate.
 */
#include <errno.h>
#include <event2/event.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "core/web.h"
#include "sipd/boot.h"
#include "sipd/channel.h"
#include "sipd/net/tls.h"
#include "sipd/sandbox.h"
#include "sipd/web/fetch.h"
#include "sipd/web/server.h"

enum {
	CONFIG_WAIT_MS = 10000,		/* for the first orders */
	TICK_MS = 250,
	TICKS_A_SECOND = 4,
	DRAIN_MS = 2000,
};

struct web {
	struct boot		*boot;
	struct config		 conf;
	uint64_t		 epoch;
	struct event_base	*base;
	struct event		*order;
	struct channel		*keeper;	/* NULL while it is away */
	struct event		*readable, *writable;	/* of that */
	struct fetches		*fetches;
	struct event		*tick;
	struct server		*server;
	SSL_CTX			*tls;		/* the server's; NULL where there is none */
	int64_t			 warned_at;
	struct wire_counts	 told;
	unsigned		 ticks;
	bool			 started, configured, done;
};

/* Where it listens and, for a person, how long its certificate lives. */
static void
status_text(const struct web *w, bool with_certificate, char *buf, size_t size)
{
	time_t		until = w->tls != NULL ? (time_t)(tls_until(w->tls) / 1000) : 0;
	struct tm	tm;
	size_t		n;

	server_text(w->server, buf, size);
	n = strlen(buf);
	if (n > 0 && with_certificate && until != 0 && gmtime_r(&until, &tm) != NULL)
		(void)strftime(buf + n, size - n, " certificate until %Y-%m-%d", &tm);
}

static void
hello(struct web *w)
{
	struct wire_hello	h = { .epoch = w->epoch, .process = span_of(process_name(PROC_WEB)) };
	char			text[BOOT_TEXT];

	if (w->keeper == NULL || !w->started)
		return;
	status_text(w, false, text, sizeof text);
	h.listening = span_of(text);
	h.certificate_until = w->tls != NULL ? tls_until(w->tls) : 0;
	(void)channel_send(w->keeper, WIRE_HELLO, 0, &h);
}

static bool
on_ask(void *arg, uint64_t id, const struct web_ask *ask)
{
	struct web	*w = arg;

	return w->keeper != NULL && channel_send(w->keeper, WIRE_WEB, id, ask) == 0;
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
take_answer(struct web *w, const struct frame *frame)
{
	struct web_answer	a;

	if (frame_decode(frame, &a) == 0)
		server_answer(w->server, frame->id, &a);
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
	[WIRE_WEB_ANSWER] = take_answer,
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
	server_keeper_gone(w->server);
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
	w->told = (struct wire_counts){ .requests = 0 };
	hello(w);
}

/* Reads the text of a memfd and closes it; NULL where there is none. */
static char *
take_text(int *fd, size_t max)
{
	char	*text = *fd < 0 ? NULL : boot_text(*fd, max);

	*fd = -1;
	return text;
}

/* New connections meet the new certificate.  A faulty one changes nothing. */
static int
take_tls(struct web *w, struct boot_order *o, char *why, size_t size)
{
	char	*certificate = take_text(&o->fds[0], TLS_PEM_MAX), *key = take_text(&o->fds[1], TLS_PEM_MAX);
	int	 rc = ERR_INVALID;

	if (certificate == NULL || key == NULL)
		(void)snprintf(why, size, "http.certificate can't be read");
	else if ((rc = tls_replace(&w->tls, "http", certificate, key, NULL, why, size)) == 0 && SSL_CTX_up_ref(w->tls) == 1)
		server_set_tls(w->server, w->tls);
	if (rc == 0)
		w->warned_at = 0;
	free(certificate);
	free(key);
	return rc;
}

static int
take_pages(struct web *w, struct boot_order *o, char *why, size_t size)
{
	char			*text = take_text(&o->fds[0], TEMPLATES_TEXT);
	struct templates	*t = text == NULL ? NULL : templates_new(text, "http.templates", web_pages, n_web_pages, why, size);

	if (text == NULL)
		(void)snprintf(why, size, "http.templates can't be read");
	free(text);
	if (t == NULL)
		return ERR_INVALID;
	server_set_pages(w->server, t);
	return 0;
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
	if (w->started && strcmp(w->boot->conf.http.listen, conf.http.listen) != 0)
		log_warn("%s: http.listen: what changed takes effect at the next start", w->boot->conf_name);
	w->conf = conf;
	config_log(&w->conf, process_name(PROC_WEB), w->boot->debug);
	fetches_configure(w->fetches, &w->conf);
	server_configure(w->server, &w->conf);
}

static void
tell_ready(struct web *w)
{
	char	text[BOOT_TEXT];

	if (!w->started)
		return;
	hello(w);
	status_text(w, true, text, sizeof text);
	(void)boot_ready(w->boot->order_fd, text);
}

/* 0, or a negative code with why: there is nothing to start with. */
static int
take_order(struct web *w, struct boot_order *o, char *why, size_t size)
{
	int	rc = 0;

	if (o->type == ORDER_CHANNEL && o->peer == PROC_KEEPER) {
		keeper_open(w, o->fds[0]);
		o->fds[0] = -1;
	} else if (o->type == ORDER_TLS) {
		rc = take_tls(w, o, why, size);
	} else if (o->type == ORDER_FILES) {
		fetches_files(w->fetches, o);
	} else if (o->type == ORDER_PAGES) {
		rc = take_pages(w, o, why, size);
	} else if (o->type == ORDER_CONFIG) {
		take_config(w, o->fds[0]);
		o->fds[0] = -1;
		w->configured = true;
		tell_ready(w);
	} else if (o->type == ORDER_STOP) {
		w->done = true;
	}
	for (int i = 0; i < BOOT_FDS; i++)
		if (o->fds[i] >= 0)
			close(o->fds[i]);
	if (rc != 0 && w->started) {
		log_error("%s; what was in force stays", why);
		rc = 0;
	}
	return rc;
}

/* Takes the orders that are there; a supervisor that is gone, or talks nonsense, is one to stop. */
static int
take_orders(struct web *w, char *why, size_t size)
{
	struct boot_order	o;
	int			rc, fault = 0;

	while (fault == 0 && (rc = boot_receive(w->boot->order_fd, &o)) != 0) {
		if (rc < 0) {
			w->done = true;
			return 0;
		}
		fault = take_order(w, &o, why, size);
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
tell_counts(struct web *w)
{
	struct wire_counts	now;

	server_counts(w->server, &now);
	if (w->keeper == NULL || memcmp(&now, &w->told, sizeof now) == 0)
		return;
	w->told = now;
	(void)channel_send(w->keeper, WIRE_COUNTS, 0, &now);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct web	*w = arg;

	(void)fd, (void)what;
	server_tick(w->server, clock_boot_ms());
	if (!w->started || ++w->ticks % TICKS_A_SECOND != 0)
		return;
	tell_counts(w);
	if (w->tls != NULL)
		tls_warn(w->tls, "http", &w->warned_at);
}

static int
set_up(struct web *w, char *why, size_t size)
{
	const struct timeval	every = { .tv_usec = TICK_MS * 1000 };

	(void)snprintf(why, size, "out of memory");
	if (tls_init() != 0 || (w->base = event_base_new()) == NULL || (w->fetches = fetches_new(w->base, on_fetched, w)) == NULL ||
	    (w->server = server_new(w->base, on_ask, w)) == NULL)
		return -ENOMEM;
	w->order = event_new(w->base, w->boot->order_fd, EV_READ | EV_PERSIST, on_order, w);
	w->tick = event_new(w->base, -1, EV_PERSIST, on_tick, w);
	if (w->order == NULL || w->tick == NULL)
		return -ENOMEM;
	return event_add(w->order, NULL) | event_add(w->tick, &every);
}

/* The first orders: files, if there are any, and then the configuration. */
static int
wait_for_config(struct web *w, char *why, size_t size)
{
	struct pollfd	p = { .fd = w->boot->order_fd, .events = POLLIN };
	int64_t		until = clock_boot_ms() + CONFIG_WAIT_MS, left;
	int		rc = 0;

	while (rc == 0 && !w->configured && !w->done) {
		if ((left = until - clock_boot_ms()) <= 0) {
			(void)snprintf(why, size, "web: no configuration came");
			return -ETIMEDOUT;
		}
		if (poll(&p, 1, (int)left) > 0)
			rc = take_orders(w, why, size);
	}
	return rc;
}

static int
start(struct web *w, char *why, size_t size)
{
	int	rc = server_open(w->server, w->conf.http.listen, why, size);

	if (rc != 0 || (rc = sandbox_enter(SANDBOX_WEB, NULL, why, size)) != 0)
		return rc;
	w->started = true;
	tell_ready(w);
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
}

/* Nobody is accepted any more; answers that are on their way get their time. */
static void
drain(struct web *w)
{
	int64_t	until = clock_boot_ms() + DRAIN_MS;

	server_stop(w->server);
	w->started = false;
	while (server_count(w->server) > 0 && clock_boot_ms() < until) {
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
	server_free(w->server);
	SSL_CTX_free(w->tls);
	if (w->tick != NULL)
		event_free(w->tick);
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
		drain(w);
		status = EXIT_SUCCESS;
	}
	tear_down(w);
	return status;
}
