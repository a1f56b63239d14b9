#include "sipd/net/gate.h"

#include <errno.h>
#include <event2/event.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "sipd/net/tls.h"

enum { CONFIG_WAIT_MS = 10000 /* for the first orders */, DRAIN_MS = 2000, SECOND_MS = 1000 };

static int64_t
certificate_until(const struct gate *g)
{
	return g->tls != NULL ? tls_until(g->tls) : 0;
}

static void
hello(struct gate *g)
{
	struct wire_hello	h = { .epoch = g->epoch, .process = span_of(process_name(g->row->process)),
		.certificate_until = certificate_until(g) };
	char			text[BOOT_TEXT];

	if (g->keeper.channel == NULL || !g->started)
		return;
	g->row->listening(g->arg, text, sizeof text);
	h.listening = span_of(text);
	(void)channel_send(g->keeper.channel, WIRE_HELLO, 0, &h);
}

/* Where it listens and, for a person, how long its certificate lives. */
static void
tell_ready(struct gate *g)
{
	time_t		until = (time_t)(certificate_until(g) / 1000);
	char		text[BOOT_TEXT];
	struct tm	tm;
	size_t		n;

	if (!g->started)
		return;
	hello(g);
	g->row->listening(g->arg, text, sizeof text);
	n = strlen(text);
	if (n > 0 && until != 0 && gmtime_r(&until, &tm) != NULL)
		(void)strftime(text + n, sizeof text - n, " certificate until %Y-%m-%d", &tm);
	(void)boot_ready(g->boot->order_fd, text);
}

static void
open_keeper(struct gate *g, struct boot_order *o)
{
	int	fd = o->fds[0];

	o->fds[0] = -1;
	if (fellow_open(&g->keeper, g->base, fd) != 0) {
		g->done = true;
		return;
	}
	g->told = (struct wire_counts){ 0 };
	hello(g);
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
take_tls(struct gate *g, struct boot_order *o, char *why, size_t size)
{
	bool	 has_ca = o->fds[2] >= 0;
	char	*certificate = take_pem(&o->fds[0]), *key = take_pem(&o->fds[1]), *ca = take_pem(&o->fds[2]);
	int	 rc = ERR_INVALID;

	if (certificate == NULL || key == NULL || (has_ca && ca == NULL))
		(void)snprintf(why, size, "the files of %s.certificate can't be read", g->row->section);
	else if ((rc = tls_replace(&g->tls, g->row->section, certificate, key, ca, why, size)) == 0)
		g->warned_at = 0;
	free(certificate);
	free(key);
	free(ca);
	return rc;
}

static void
take_config(struct gate *g, struct boot_order *o)
{
	struct config	conf;

	if (boot_config(g->boot, o, &conf) != 0)
		return;
	g->conf = conf;
	config_log(&g->conf, process_name(g->row->process), g->boot->debug);
}

/* 0, or a negative code with why: there is nothing to start with. */
static int
take_order(struct gate *g, struct boot_order *o, char *why, size_t size)
{
	int	rc = 0;

	if (o->type == ORDER_CHANNEL && o->peer == PROC_KEEPER)
		open_keeper(g, o);
	else if (o->type == ORDER_TLS)
		rc = take_tls(g, o, why, size);
	else if (o->type == ORDER_CONFIG)
		take_config(g, o);
	else if (o->type == ORDER_STOP)
		g->done = true;
	if (rc == 0)
		rc = g->row->order(g->arg, o, why, size);
	boot_close(o);
	if (o->type == ORDER_CONFIG) {
		g->configured = true;
		tell_ready(g);
	}
	if (rc != 0 && g->started) {
		log_error("%s; what was in force stays", why);
		rc = 0;
	}
	return rc;
}

/* Takes the orders that are there; a supervisor that is gone, or talks nonsense, is one to stop. */
static int
take_orders(struct gate *g, char *why, size_t size)
{
	struct boot_order	o;
	int			rc, fault = 0;

	while (fault == 0 && (rc = boot_receive(g->boot->order_fd, &o)) != 0) {
		if (rc < 0) {
			g->done = true;
			return 0;
		}
		fault = take_order(g, &o, why, size);
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
tell_counts(struct gate *g)
{
	struct wire_counts	now;

	g->row->counts(g->arg, &now);
	if (g->keeper.channel == NULL || memcmp(&now, &g->told, sizeof now) == 0)
		return;
	g->told = now;
	(void)channel_send(g->keeper.channel, WIRE_COUNTS, 0, &now);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct gate	*g = arg;

	(void)fd, (void)what;
	g->row->tick(g->arg, clock_boot_ms());
	if (!g->started || ++g->ticks % (SECOND_MS / g->row->tick_ms) != 0)
		return;
	tell_counts(g);
	if (g->tls != NULL)
		tls_warn(g->tls, g->row->section, &g->warned_at);
}

static int
set_up(struct gate *g)
{
	const struct timeval	every = { .tv_usec = (suseconds_t)g->row->tick_ms * 1000 };

	if (tls_init() != 0 || (g->base = event_base_new()) == NULL || (g->arg = g->row->new(g)) == NULL)
		return -ENOMEM;
	g->keeper.arg = g->arg;
	g->order = event_new(g->base, g->boot->order_fd, EV_READ | EV_PERSIST, on_order, g);
	g->tick = event_new(g->base, -1, EV_PERSIST, on_tick, g);
	if (g->order == NULL || g->tick == NULL)
		return -ENOMEM;
	return event_add(g->order, NULL) | event_add(g->tick, &every);
}

/* The first orders: files, if there are any, and then the configuration. */
static int
wait_for_config(struct gate *g, char *why, size_t size)
{
	struct pollfd	p = { .fd = g->boot->order_fd, .events = POLLIN };
	int64_t		until = clock_boot_ms() + CONFIG_WAIT_MS, left;
	int		rc = 0;

	while (rc == 0 && !g->configured && !g->done) {
		if ((left = until - clock_boot_ms()) <= 0) {
			(void)snprintf(why, size, "%s: no configuration came", process_name(g->row->process));
			return -ETIMEDOUT;
		}
		if (poll(&p, 1, (int)left) > 0)
			rc = take_orders(g, why, size);
	}
	return rc;
}

static int
start(struct gate *g, char *why, size_t size)
{
	int	rc = g->row->open(g->arg, why, size);

	if (rc != 0 || (rc = sandbox_enter(g->row->sandbox, NULL, why, size)) != 0)
		return rc;
	g->started = true;
	tell_ready(g);
	return 0;
}

static void
flush(struct gate *g)
{
	if (g->row->turn != NULL)
		g->row->turn(g->arg);
	fellow_flush(&g->keeper);
}

static bool
turn(struct gate *g)
{
	flush(g);
	return event_base_loop(g->base, EVLOOP_ONCE) >= 0;
}

/* Nobody is accepted any more; answers that are on their way get their time. */
static void
drain(struct gate *g)
{
	int64_t	until = clock_boot_ms() + DRAIN_MS;

	g->started = false;
	g->row->stop(g->arg);
	while (g->row->clients(g->arg) > 0 && clock_boot_ms() < until && turn(g))
		continue;
	flush(g);
}

static void
tear_down(struct gate *g)
{
	fellow_close(&g->keeper);
	if (g->arg != NULL)
		g->row->free(g->arg);
	SSL_CTX_free(g->tls);
	if (g->tick != NULL)
		event_free(g->tick);
	if (g->order != NULL)
		event_free(g->order);
	if (g->base != NULL)
		event_base_free(g->base);
	free(g);
}

int
gate_main(const struct gate_row *row, struct boot *boot)
{
	struct gate	*g = calloc(1, sizeof *g);
	char		 why[BOOT_TEXT] = "out of memory";
	int		 status = EXIT_FAILURE;

	if (g == NULL) {
		(void)boot_fail(boot->order_fd, why);
		return status;
	}
	*g = (struct gate){ .row = row, .boot = boot, .conf = boot->conf, .epoch = (uint64_t)clock_wall_ms(),
		.keeper = { .process = PROC_KEEPER, .takers = row->takers, .on_gone = row->keeper_gone } };
	if (set_up(g) != 0 || wait_for_config(g, why, sizeof why) != 0 || (!g->done && start(g, why, sizeof why) != 0)) {
		(void)boot_fail(boot->order_fd, why);
	} else {
		while (!g->done && turn(g))
			continue;
		drain(g);
		status = EXIT_SUCCESS;
	}
	tear_down(g);
	return status;
}
