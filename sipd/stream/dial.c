/*
 * A dial waits for the connection (reach.h), then for the front to know of it.
 */
#include "sipd/stream/dial.h"

#include <event2/event.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <unistd.h>

#include "core/binding.h"
#include "core/clock.h"
#include "core/log.h"
#include "sipd/net/reach.h"
#include "sipd/stream/conns.h"

struct dial {
	TAILQ_ENTRY(dial)	 all;
	struct dials		*dials;
	uint64_t		 id;
	struct addr		 target, local;
	int64_t			 late_at;	/* when its time is over */
	struct reach		*reach;		/* NULL once it stands */
	struct event		*late;
	struct wire_dialed	 w;		/* what is told; its texts are in: */
	char			 tls[REACH_TLS_TEXT], peer[TLS_PEER_NAMES];
	uint64_t		 flow;		/* 0 until it is one */
};

struct dials {
	struct event_base	*base;
	struct conns		*conns;
	SSL_CTX			*tls;		/* NULL: none */
	dial_fn			 fn;
	void			*arg;
	TAILQ_HEAD(, dial)	 all;
	size_t			 n;
};

static void
dial_free(struct dial *d)
{
	if (d->late != NULL)
		event_free(d->late);
	reach_free(d->reach);
	TAILQ_REMOVE(&d->dials->all, d, all);
	d->dials->n--;
	free(d);
}

static uint32_t
between(int64_t from, int64_t to)
{
	return from == 0 || to < from ? 0 : (uint32_t)(to - from);
}

/* Tells how it ended, and forgets it. */
static void
finish(struct dial *d, const char *error)
{
	struct dials	*ds = d->dials;
	char		 text[ADDR_TEXT];

	d->w.flow = error == NULL ? d->flow : 0;
	d->w.local = d->local;
	d->w.error = span_of(error == NULL ? "" : error);
	log_debug(SUB_STREAM, "connection to %s: %s", addr_text(&d->target, text), error == NULL ? "stands" : error);
	ds->fn(ds->arg, d->id, &d->w);
	dial_free(d);
}

static void
on_front_late(evutil_socket_t fd, short what, void *arg)
{
	struct dial	*d = arg;

	(void)fd, (void)what;
	conns_close(d->dials->conns, d->flow);	/* which ends in on_ready() */
}

static void
on_ready(void *arg, bool is_ready)
{
	struct dial	*d = arg;

	finish(d, is_ready ? NULL : "the connection was closed at once");
}

/* It stands, and is what we want: a flow. */
static void
hand_over(struct dial *d, const struct reached *r)
{
	int64_t		left = d->late_at - clock_boot_ms();
	struct timeval	tv;

	left = left < 1 ? 1 : left;
	tv = (struct timeval){ .tv_sec = left / 1000, .tv_usec = left % 1000 * 1000 };
	d->late = event_new(d->dials->base, -1, 0, on_front_late, d);
	if (d->late == NULL || event_add(d->late, &tv) != 0) {
		SSL_free(r->ssl);
		close(r->fd);
		finish(d, "out of memory");
	} else if ((d->flow = conns_adopt(d->dials->conns, r->fd, r->ssl, &d->target, &d->local, on_ready, d)) == 0) {
		finish(d, "the sip process is away, or there are too many connections");
	}
}

static void
on_reached(void *arg, const struct reached *r)
{
	struct dial	*d = arg;

	d->reach = NULL;
	(void)snprintf(d->tls, sizeof d->tls, "%s", r->tls);
	(void)snprintf(d->peer, sizeof d->peer, "%s", r->peer->names);
	d->w = (struct wire_dialed){ .tls = span_of(d->tls), .peer = span_of(d->peer), .peer_until = r->peer->until,
		.connect_ms = between(r->began_at, r->connected_at), .tls_ms = between(r->connected_at, r->secured_at),
		.connected = r->connected_at != 0 };
	if (r->error != NULL)
		finish(d, r->error);
	else
		hand_over(d, r);
}

struct dials *
dials_new(struct event_base *base, struct conns *conns, dial_fn fn, void *arg)
{
	struct dials	*ds = calloc(1, sizeof *ds);

	if (ds == NULL)
		return NULL;
	ds->base = base;
	ds->conns = conns;
	ds->fn = fn;
	ds->arg = arg;
	TAILQ_INIT(&ds->all);
	return ds;
}

static void
ignore(void *arg, uint64_t id, const struct wire_dialed *w)
{
	(void)arg, (void)id, (void)w;
}

void
dials_forget(struct dials *ds)
{
	dial_fn	fn = ds->fn;

	ds->fn = ignore;
	conns_close_ours(ds->conns);		/* ends those that wait for the front */
	while (!TAILQ_EMPTY(&ds->all))
		dial_free(TAILQ_FIRST(&ds->all));
	ds->fn = fn;
}

void
dials_free(struct dials *ds)
{
	if (ds == NULL)
		return;
	dials_forget(ds);
	SSL_CTX_free(ds->tls);
	free(ds);
}

void
dials_set_tls(struct dials *ds, SSL_CTX *tls)
{
	SSL_CTX_free(ds->tls);
	ds->tls = tls;
}

/* NULL, or what is wrong with what is wanted. */
static const char *
fault(const struct dials *ds, const struct wire_dial *w)
{
	if ((w->transport != TRANSPORT_TCP && w->transport != TRANSPORT_TLS) || w->target.family == ADDR_NONE || w->target.port == 0)
		return "that is nowhere to connect to";
	return ds->n >= DIALS_MAX ? "too many connections are being made" : NULL;
}

void
dials_start(struct dials *ds, uint64_t id, const struct wire_dial *w)
{
	const char		*why = fault(ds, w);
	struct dial		*d = why != NULL ? NULL : calloc(1, sizeof *d);
	char			 name[TLS_PEER_NAME];
	struct reach_wish	 wish = { .target = w->target, .tls = w->transport == TRANSPORT_TLS ? ds->tls : NULL, .name = name,
		.timeout_ms = w->timeout_ms == 0 || w->timeout_ms > DIAL_MS * 6 ? DIAL_MS : w->timeout_ms };

	if (d == NULL) {
		ds->fn(ds->arg, id, &(struct wire_dialed){ .error = span_of(why != NULL ? why : "out of memory") });
		return;
	}
	d->dials = ds;
	d->id = id;
	d->target = w->target;
	d->late_at = clock_boot_ms() + wish.timeout_ms;
	TAILQ_INSERT_TAIL(&ds->all, d, all);
	ds->n++;
	if (!span_get(w->name, name, sizeof name))
		finish(d, "the name is too long");
	else if (w->transport == TRANSPORT_TLS && ds->tls == NULL)
		finish(d, "TLS can't be set up");
	else if ((d->reach = reach_start(ds->base, &wish, on_reached, d)) == NULL)
		finish(d, "out of memory");
}
