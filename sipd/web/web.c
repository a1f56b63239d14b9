/*
 * The web process: serves the pages of an activation over HTTPS to strangers' browsers (server.h), and makes the keeper's own HTTP requests
 * (fetch.h).  It decides nothing and stores nothing.  This is what it adds to a gate (sipd/net/gate.h).
 */
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/log.h"
#include "core/web.h"
#include "sipd/net/gate.h"
#include "sipd/web/fetch.h"
#include "sipd/web/server.h"

enum { TICK_MS = 250 };

struct web {
	struct gate	*gate;
	struct fetches	*fetches;
	struct server	*server;
};

static bool
on_ask(void *arg, uint64_t id, const struct web_ask *ask)
{
	struct channel	*keeper = ((struct web *)arg)->gate->keeper.channel;

	return keeper != NULL && channel_send(keeper, WIRE_WEB, id, ask) == 0;
}

static void
on_fetched(void *arg, uint64_t id, const struct wire_fetched *fetched)
{
	struct channel	*keeper = ((struct web *)arg)->gate->keeper.channel;

	if (keeper != NULL)
		(void)channel_send(keeper, WIRE_FETCHED, id, fetched);
}

static void
web_free(void *arg)
{
	struct web	*w = arg;

	fetches_free(w->fetches);
	server_free(w->server);
	free(w);
}

static void *
web_new(struct gate *g)
{
	struct web	*w = calloc(1, sizeof *w);

	if (w == NULL)
		return NULL;
	w->gate = g;
	if ((w->fetches = fetches_new(g->base, on_fetched, w)) != NULL && (w->server = server_new(g->base, on_ask, w)) != NULL)
		return w;
	web_free(w);
	return NULL;
}

static void
take_fetch(void *arg, const struct frame *frame)
{
	struct web		*w = arg;
	struct wire_fetch	 f;

	if (frame_decode(frame, &f) == 0)
		fetches_start(w->fetches, frame->id, &f);
}

static void
take_answer(void *arg, const struct frame *frame)
{
	struct web		*w = arg;
	struct web_answer	 a;

	if (frame_decode(frame, &a) == 0)
		server_answer(w->server, frame->id, &a);
}

static const fellow_take_fn	takers[WIRE_TYPES] = {
	[WIRE_DEBUG] = fellow_take_debug,
	[WIRE_FETCH] = take_fetch,
	[WIRE_WEB_ANSWER] = take_answer,
};

static void
keeper_gone(void *arg, struct channel *old)
{
	struct web	*w = arg;

	(void)old;
	fetches_forget(w->fetches);
	server_keeper_gone(w->server);
}

static int
take_pages(struct web *w, struct boot_order *o, char *why, size_t size)
{
	char			*text = o->fds[0] < 0 ? NULL : boot_text(o->fds[0], TEMPLATES_TEXT);
	struct templates	*t = text == NULL ? NULL : templates_new(text, "http.templates", web_pages, n_web_pages, why, size);

	o->fds[0] = -1;
	if (text == NULL)
		(void)snprintf(why, size, "http.templates can't be read");
	free(text);
	if (t == NULL)
		return ERR_INVALID;
	server_set_pages(w->server, t);
	return 0;
}

static void
take_config(struct web *w)
{
	const struct gate	*g = w->gate;

	if (g->started && strcmp(g->boot->conf.http.listen, g->conf.http.listen) != 0)
		log_warn("%s: http.listen: what changed takes effect at the next start", g->boot->conf_name);
	fetches_configure(w->fetches, &g->conf);
	server_configure(w->server, &g->conf);
}

static int
web_order(void *arg, struct boot_order *o, char *why, size_t size)
{
	struct web	*w = arg;

	if (o->type == ORDER_PAGES)
		return take_pages(w, o, why, size);
	if (o->type == ORDER_TLS && SSL_CTX_up_ref(w->gate->tls) == 1)
		server_set_tls(w->server, w->gate->tls);
	else if (o->type == ORDER_FILES)
		fetches_files(w->fetches, o);
	else if (o->type == ORDER_CONFIG)
		take_config(w);
	return 0;
}

static int
web_open(void *arg, char *why, size_t size)
{
	struct web	*w = arg;

	return server_open(w->server, w->gate->conf.http.listen, why, size);
}

static void
web_listening(const void *arg, char *buf, size_t size)
{
	const struct web	*w = arg;

	server_text(w->server, buf, size);
}

static void
web_counts(const void *arg, struct wire_counts *counts)
{
	const struct web	*w = arg;

	server_counts(w->server, counts);
}

static void
web_tick(void *arg, int64_t now_ms)
{
	struct web	*w = arg;

	server_tick(w->server, now_ms);
}

static void
web_stop(void *arg)
{
	struct web	*w = arg;

	server_stop(w->server);
}

static size_t
web_clients(const void *arg)
{
	const struct web	*w = arg;

	return server_count(w->server);
}

static const struct gate_row	row = {
	.process = PROC_WEB, .sandbox = SANDBOX_WEB, .section = "http", .tick_ms = TICK_MS, .takers = takers,
	.new = web_new, .free = web_free, .order = web_order, .open = web_open, .listening = web_listening, .keeper_gone = keeper_gone,
	.tick = web_tick, .counts = web_counts, .stop = web_stop, .clients = web_clients,
};

int
web_main(struct boot *boot)
{
	return gate_main(&row, boot);
}
