#include "sipd/keeper/trunk_probe.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/log.h"
#include "sipd/keeper/keeper.h"

enum { AWAY_MS = 1000, REDIAL_MS = 500 };

static struct trunk_engine *
engine_of(const struct trunk_target *g)
{
	return g->of->engine;
}

static int
by_flow(const void *a, const void *b)
{
	const struct trunk_target	*x = a, *y = b;

	return x->flow < y->flow ? -1 : x->flow > y->flow;
}

struct trunk_target *
trunk_target_new(struct trunk_state *t, const struct addr *addr, int64_t first_at)
{
	struct trunk_target	*g = calloc(1, sizeof *g);

	if (g == NULL)
		return NULL;
	g->of = t;
	g->addr = *addr;
	g->device.next_at = first_at;
	return g;
}

struct trunk_target *
trunk_target_find(struct trunk_engine *e, uint64_t flow)
{
	const struct trunk_target	key = { .flow = flow };
	void				*node = tfind(&key, &e->by_flow, by_flow);

	return node == NULL ? NULL : *(struct trunk_target *const *)node;
}

/* One that is gone already is closed for nothing. */
static void
flow_close(struct trunk_target *g)
{
	struct keeper		*k = engine_of(g)->k;
	const struct wire_flow	 flow = { .flow = g->flow };

	if (g->flow != 0 && k->channels[PROC_SIP] != NULL)
		(void)channel_send(k->channels[PROC_SIP], WIRE_FLOW_CLOSE, 0, &flow);
	if (g->flow != 0)
		(void)tdelete(g, &engine_of(g)->by_flow, by_flow);
	g->flow = 0;
	g->tls[0] = '\0';
}

void
trunk_target_free(struct trunk_target *g)
{
	asks_drop(engine_of(g)->asks, g->ask);
	flow_close(g);
	free(g);
}

bool
trunk_target_usable(const struct trunk_target *g)
{
	return !trunk_is_connected(&g->of->trunk) || g->flow != 0;
}

struct trunk_way
trunk_target_way(const struct trunk_target *g)
{
	return (struct trunk_way){ .target = g->addr, .local = g->local, .flow = g->flow };
}

void
trunk_probe_again(struct trunk_target *g, int64_t at_ms)
{
	g->device.next_at = at_ms;
}

void
trunk_probe_forget(struct trunk_target *g)
{
	g->device = (struct device){ .next_at = g->device.next_at };
	g->error[0] = '\0';
}

static void
say(const struct trunk_target *g, const char *what)
{
	char	text[ADDR_TEXT];

	if (log_debug_on(SUB_TRUNK))
		log_debug(SUB_TRUNK, "trunk %s, %s: %s", g->of->trunk.name, addr_text(&g->addr, text), what);
}

/* Waits twice as long after each connection that failed, up to the interval. */
static int64_t
redial_at(const struct trunk_target *g, int64_t now_ms)
{
	struct device_rules	rules = trunk_probe_rules(g->of);
	int64_t			wait = rules.retry_ms;

	for (uint32_t i = 1; i < g->dial_failures && wait < rules.interval_ms; i++)
		wait *= 2;
	return now_ms + (wait < rules.interval_ms ? wait : rules.interval_ms);
}

static void
dial_failed(struct trunk_target *g, const char *why)
{
	struct device_rules	rules = trunk_probe_rules(g->of);
	int64_t			now = trunk_now(g->of);

	g->dial_failures++;
	(void)snprintf(g->error, sizeof g->error, "%s", why);
	g->code = 0;
	(void)device_next(&g->device, DEVICE_UNSENDABLE, 0, &rules, now);
	g->probed_at = now;
	g->device.next_at = redial_at(g, now);
	say(g, g->error);
}

static void
on_dialed(void *arg, const void *answer)
{
	struct trunk_target		*g = arg;
	const struct wire_dialed	*d = answer;
	char				 why[TARGET_ERROR];

	g->ask = 0;
	if (d == NULL)
		g->device.next_at = trunk_now(g->of) + AWAY_MS;
	else if (d->flow == 0) {
		(void)span_get(d->error, why, sizeof why);
		dial_failed(g, why);
	} else {
		g->flow = d->flow;
		g->local = d->local;
		(void)span_get(d->tls, g->tls, sizeof g->tls);
		if (tsearch(g, &engine_of(g)->by_flow, by_flow) == NULL)
			g->flow = 0;
		g->device.next_at = trunk_now(g->of);
		if (!trunk_is_monitored(&g->of->trunk))
			trunk_probe_forget(g);
		say(g, "connected");
	}
	trunk_note(g->of);
}

static void
dial(struct trunk_target *g, int64_t now_ms)
{
	struct trunk_engine	*e = engine_of(g);
	const struct trunk	*t = &g->of->trunk;
	const struct wire_dial	 d = { .target = g->addr, .transport = (uint8_t)trunk_transport(t), .name = span_of(t->host),
	    .timeout_ms = e->k->conf.qualify.timeout * 1000 };

	if (e->k->channels[PROC_STREAM] == NULL || (g->ask = asks_take(e->asks, PROC_STREAM, on_dialed, g)) == 0)
		g->device.next_at = now_ms + AWAY_MS;
	else
		(void)channel_send(e->k->channels[PROC_STREAM], WIRE_DIAL, g->ask, &d);
}

/* Why an OPTIONS was for nothing; "" if it was not. */
static void
probe_error(struct trunk_target *g, const struct wire_sent *s, uint32_t wait_ms)
{
	char	from[ADDR_TEXT];

	g->answers_from = (struct addr){ 0 };
	g->error[0] = '\0';
	if (s->ours && s->code == 408)
		(void)snprintf(g->error, sizeof g->error, "no answer in %u.%u s", (unsigned)(wait_ms / 1000), (unsigned)(wait_ms % 1000 / 100));
	else if (s->ours)
		(void)snprintf(g->error, sizeof g->error, "not sent: %.*s", (int)s->reason.n, s->reason.s);
	else if (!trunk_answer_counts(s->code, false))
		(void)snprintf(g->error, sizeof g->error, "%u %.*s", (unsigned)s->code, (int)s->reason.n, s->reason.s);
	else if (g->flow == 0 && !addr_same_ip(&s->source, &g->addr)) {
		g->answers_from = s->source;
		(void)snprintf(g->error, sizeof g->error, "answers from %s", addr_ip_text(&s->source, from));
	}
}

static void
on_options(void *arg, const void *answer)
{
	struct trunk_target	*g = arg;
	const struct wire_sent	*s = answer;
	struct device_rules	 rules = trunk_probe_rules(g->of);
	int64_t			 now = trunk_now(g->of);

	g->ask = 0;
	if (s == NULL) {
		g->device.next_at = now + trunk_random(AWAY_MS);
		return;
	}
	if (s->ours && s->code != 408 && trunk_is_connected(&g->of->trunk)) {
		trunk_probe_flow_gone(g);	/* it may have been closed for being idle: another one will tell */
		return;
	}
	if (!s->ours)
		trunk_probe_flow_good(g);
	g->code = s->code;
	probe_error(g, s, rules.wait_ms);
	(void)device_next(&g->device, trunk_answer_counts(s->code, s->ours) ? DEVICE_ANSWERED : DEVICE_SILENT, s->took_ms, &rules, now);
	g->probed_at = now;
	g->device.next_at += trunk_random((uint32_t)((g->device.next_at - now) / 20 + 1)) - (g->device.next_at - now) / 40;
	if (log_debug_on(SUB_TRUNK))
		log_debug(SUB_TRUNK, "trunk %s: OPTIONS answered %u in %u ms %s", g->of->trunk.name, (unsigned)s->code, (unsigned)s->took_ms, g->error);
	trunk_note(g->of);
}

static void
send_options(struct trunk_target *g, int64_t now_ms)
{
	struct trunk_engine	*e = engine_of(g);
	const struct trunk_way	 way = trunk_target_way(g);
	struct device_rules	 rules = trunk_probe_rules(g->of);
	struct wire_send	 s;

	if (e->k->channels[PROC_SIP] == NULL || (g->ask = asks_take(e->asks, PROC_SIP, on_options, g)) == 0) {
		g->device.next_at = now_ms + AWAY_MS;
		return;
	}
	trunk_request_options(&g->of->trunk, e->k->conf.domains[0], &way, &e->room, &s);
	s.timeout_ms = rules.wait_ms;
	(void)channel_send(e->k->channels[PROC_SIP], WIRE_SEND, g->ask, &s);
}

void
trunk_probe_work(struct trunk_target *g, int64_t now_ms)
{
	const struct trunk	*t = &g->of->trunk;

	if (g->ask != 0 || g->device.next_at > now_ms)
		return;
	if (!trunk_target_usable(g))
		dial(g, now_ms);
	else if (trunk_is_monitored(t))
		send_options(g, now_ms);
	else
		g->device.next_at = INT64_MAX;
}

void
trunk_probe_flow_good(struct trunk_target *g)
{
	g->dial_failures = 0;
}

/* Once it is connected and was of use, another connection is tried at once; one that never was counts as none. */
void
trunk_probe_flow_gone(struct trunk_target *g)
{
	int64_t	now = trunk_now(g->of);

	if (g->flow == 0)
		return;
	asks_drop(engine_of(g)->asks, g->ask);
	g->ask = 0;
	flow_close(g);
	say(g, "the connection has gone");
	if (g->dial_failures > 0)
		dial_failed(g, "the connection was closed by the other end");
	else {
		g->dial_failures = 1;
		g->device.next_at = now + trunk_random(REDIAL_MS);
	}
	if (g->of->registrar == g && g->of->reg_ask == 0)
		trunk_register_again(&g->of->reg, now);
	trunk_note(g->of);
}
