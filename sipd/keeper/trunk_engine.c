#include "sipd/keeper/trunk_engine.h"

#include <search.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/varint.h"
#include "sipd/keeper/events.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/trunk_enroll.h"
#include "sipd/keeper/trunk_probe.h"
#include "sipd/keeper/trunks.h"

enum {
	WORK_A_TICK = 64,		/* trunks that are looked after at a time */
	SPREAD_EACH_MS = 50, SPREAD_MAX_MS = 5000,	/* after a start, for each trunk there is, and at most */
	AWAY_MS = 1000, TTL_MIN_S = 5, TTL_MAX_S = 3600, APART_MS = 50,
};

static int
by_id(const void *a, const void *b)
{
	const struct trunk_state	*x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

int64_t
trunk_now(const struct trunk_state *t)
{
	return keeper_now(t->engine->k);
}

uint32_t
trunk_random(uint32_t below)
{
	return randombytes_uniform(below);
}

static bool
has_threshold(const struct trunk *t)
{
	return t->qualify > QUALIFY_YES;
}

uint32_t
trunk_wait_ms(const struct config *c, const struct trunk *t)
{
	return has_threshold(t) ? device_wait_ms(t->qualify, UINT32_MAX) : device_wait_ms(c->qualify.lagged_ms, c->qualify.timeout * 1000);
}

struct device_rules
trunk_probe_rules(const struct trunk_state *t)
{
	const struct config	*c = &t->engine->k->conf;

	/* An UNKNOWN one is tried on: a trunk does not come back by registering here. */
	return (struct device_rules){ .tries_unknown = true, .lagged_ms = has_threshold(&t->trunk) ? t->trunk.qualify : c->qualify.lagged_ms,
		.wait_ms = trunk_wait_ms(c, &t->trunk), .interval_ms = (int64_t)c->qualify.interval * 1000, .retry_ms = (int64_t)c->qualify.retry * 1000,
		.unknown_ms = (int64_t)c->qualify.unknown_after * 1000 };
}

static struct trunk_state *
find(const struct trunk_engine *e, uint64_t id)
{
	const struct trunk_state	key = { .id = id };
	void				*node = tfind(&key, &e->by_id, by_id);

	return node == NULL ? NULL : *(struct trunk_state *const *)node;
}

const struct trunk_state *
trunk_engine_find(const struct trunk_engine *e, uint64_t id)
{
	return find(e, id);
}

static bool
is_well(enum trunk_status s)
{
	return s == TRUNK_OK || s == TRUNK_UNMONITORED || s == TRUNK_DISABLED || s == TRUNK_NONE;
}

/* "OK -> UNREACHABLE, no answer in 4.0 s".  What an operator did has its own event. */
static void
tell(struct trunk_state *t, enum trunk_status was, enum trunk_status now)
{
	struct events	*events = t->engine->k->events;
	char		 error[TRUNK_ERROR], more[TRUNK_ERROR + 8] = "";

	if (now == TRUNK_NONE || now == TRUNK_DISABLED || now == TRUNK_UNMONITORED || (was == TRUNK_NONE && now == TRUNK_OK && !t->new_to_us))
		return;
	trunk_state_error(t, error, sizeof error);
	if (error[0] != '\0')
		(void)snprintf(more, sizeof more, ", %s", error);
	else if (trunk_best_target(t) != NULL && trunk_best_target(t)->device.latency_ms > 0)
		(void)snprintf(more, sizeof more, ", %u ms", (unsigned)trunk_best_target(t)->device.latency_ms);
	events_tell(events, is_well(now) ? EVENT_INFO : EVENT_WARN, "trunk", t->trunk.name, "%s%s%s%s", trunk_status_name(was),
	    was == TRUNK_NONE ? "" : " -> ", trunk_status_name(now), more);
}

void
trunk_note(struct trunk_state *t)
{
	enum trunk_status	now = trunk_state_status(t), was = (enum trunk_status)t->status;

	t->next_at = 0;
	t->engine->known_changed = true;
	if (t->leaving)
		return;
	if (now != was) {
		t->status = (uint8_t)now;
		t->status_at = trunk_now(t);
		tell(t, was, now);
	}
	trunks_changed(t->engine->k, t->id);
}

/* Lookups. */

static struct trunk_target *
target_at(const struct trunk_state *t, const struct addr *a)
{
	for (size_t i = 0; i < t->n_targets; i++)
		if (addr_eq(&t->targets[i]->addr, a))
			return t->targets[i];
	return NULL;
}

/* Those that stay keep what is known of them. */
static void
targets_take(struct trunk_state *t, struct span list)
{
	struct trunk_target	*now[TARGETS_MAX], *g;
	struct wire_target	 one;
	size_t			 n = 0;

	for (size_t i = 0; i < t->n_targets; i++)
		t->targets[i]->found = false;
	while (n < TARGETS_MAX && target_next(&list, &one) == 1) {
		if ((g = target_at(t, &one.addr)) == NULL)
			g = trunk_target_new(t, &one.addr, trunk_now(t) + (int64_t)n * APART_MS);
		if (g == NULL || g->found)
			continue;
		g->found = true;
		now[n++] = g;
	}
	for (size_t i = 0; i < t->n_targets; i++) {
		if (t->targets[i]->found)
			continue;
		trunk_enroll_target_gone(t, t->targets[i]);
		trunk_target_free(t->targets[i]);
	}
	memcpy(t->targets, now, n * sizeof *now);
	t->n_targets = n;
	t->reg_tried = 0;
}

/* Those that were known stay when there is no better knowledge: a name server that fails is no reason to end calls. */
static void
on_resolved(void *arg, const void *answer)
{
	struct trunk_state		*t = arg;
	const struct wire_resolved	*r = answer;
	struct device_rules		 rules = trunk_probe_rules(t);
	int64_t				 now = trunk_now(t), wait;

	t->look_ask = 0;
	if (r == NULL) {
		t->lookup_at = now + AWAY_MS;
	} else if (r->targets.n > 0) {
		targets_take(t, r->targets);
		t->lookup_error[0] = '\0';
		t->lookup_failures = 0;
		t->lookup_at = now + (int64_t)(r->ttl < TTL_MIN_S ? TTL_MIN_S : r->ttl > TTL_MAX_S ? TTL_MAX_S : r->ttl) * 1000;
	} else {
		(void)span_get(r->error, t->lookup_error, sizeof t->lookup_error);
		wait = rules.retry_ms * (++t->lookup_failures < 6 ? t->lookup_failures : 6);
		t->lookup_at = now + (wait < rules.interval_ms ? wait : rules.interval_ms);
	}
	if (log_debug_on(SUB_TRUNK))
		log_debug(SUB_TRUNK, "trunk %s: %zu addresses %s", t->trunk.name, t->n_targets, t->lookup_error);
	trunk_note(t);
}

static void
look_up(struct trunk_state *t, int64_t now_ms)
{
	struct trunk_engine		*e = t->engine;
	const struct wire_resolve	 r = { .host = span_of(t->trunk.host), .port = t->trunk.port, .transport = (uint8_t)trunk_transport(&t->trunk) };

	if (e->k->channels[PROC_STREAM] == NULL || (t->look_ask = asks_take(e->asks, PROC_STREAM, on_resolved, t)) == 0)
		t->lookup_at = now_ms + AWAY_MS;
	else
		(void)channel_send(e->k->channels[PROC_STREAM], WIRE_RESOLVE, t->look_ask, &r);
}

/* One trunk. */

static int64_t
spread_ms(const struct trunk_engine *e)
{
	size_t	n = e->n < SPREAD_MAX_MS / SPREAD_EACH_MS ? e->n : SPREAD_MAX_MS / SPREAD_EACH_MS;

	return trunk_random((uint32_t)(n * SPREAD_EACH_MS) + 1);
}

static struct trunk_state *
state_new(struct trunk_engine *e, const struct trunk *stored, bool new_to_us)
{
	struct trunk_state	*t = calloc(1, sizeof *t);

	if (t == NULL)
		return NULL;
	t->id = stored->id;
	t->engine = e;
	t->trunk = *stored;
	t->new_to_us = new_to_us;
	if (tsearch(t, &e->by_id, by_id) == NULL) {
		free(t);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&e->all, t, link);
	e->n++;
	t->status = (uint8_t)trunk_state_status(t);
	t->status_at = keeper_now(e->k);
	trunk_enroll_init(t, keeper_now(e->k));
	return t;
}

static void
state_free(struct trunk_state *t)
{
	trunk_enroll_stop(t);
	asks_drop(t->engine->asks, t->look_ask);
	for (size_t i = 0; i < t->n_targets; i++)
		trunk_target_free(t->targets[i]);
	sodium_memzero(t, sizeof *t);
	free(t);
}

/* It is no trunk any more.  True: its registration is being taken away. */
static bool
state_end(struct trunk_state *t)
{
	struct trunk_engine	*e = t->engine;

	e->known_changed = true;
	TAILQ_REMOVE(&e->all, t, link);
	(void)tdelete(t, &e->by_id, by_id);
	e->n--;
	if (!trunk_enroll_leave(t)) {
		state_free(t);
		return false;
	}
	TAILQ_INSERT_TAIL(&e->leaving, t, link);
	return true;
}

static void
work(struct trunk_state *t, int64_t now_ms)
{
	int64_t	next = t->look_ask == 0 ? t->lookup_at : INT64_MAX;

	t->next_at = INT64_MAX;
	if (!t->trunk.enabled)
		return;
	if (next <= now_ms) {
		look_up(t, now_ms);
		next = t->look_ask == 0 ? t->lookup_at : INT64_MAX;
	}
	for (size_t i = 0; i < t->n_targets; i++) {
		struct trunk_target	*g = t->targets[i];

		trunk_probe_work(g, now_ms);
		if (g->ask == 0 && g->device.next_at < next)
			next = g->device.next_at;
	}
	trunk_enroll_work(t, now_ms);
	if (trunk_enroll_next_at(t, now_ms) < next)
		next = trunk_enroll_next_at(t, now_ms);
	t->next_at = next;
}

/* Adds an item, if there is room. */
static void
known_add(char list[KNOWN_MAX], size_t *n, const char *item)
{
	int	more = snprintf(list + *n, KNOWN_MAX - *n, "%s%s", *n > 0 ? "," : "", item);

	if (more < 0 || (size_t)more >= KNOWN_MAX - *n)
		list[*n] = '\0';
	else
		*n += (size_t)more;
}

/* Whose requests are trunks': they are limited, too, but not as strangers' are. */
static void
tell_known(struct trunk_engine *e)
{
	struct wire_known		 w;
	const struct trunk_state	*t;
	char				 list[KNOWN_MAX] = "", ip[ADDR_TEXT];
	size_t				 n = 0;

	e->known_changed = false;
	TAILQ_FOREACH(t, &e->all, link) {
		for (size_t i = 0; t->trunk.enabled && i < t->n_targets; i++)
			known_add(list, &n, addr_ip_text(&t->targets[i]->addr, ip));
		if (t->trunk.enabled && t->trunk.permit[0] != '\0')
			known_add(list, &n, t->trunk.permit);
	}
	if (e->k->channels[PROC_SIP] == NULL || strcmp(list, e->known) == 0)
		return;
	memcpy(e->known, list, sizeof e->known);
	w.sources = span_of(e->known);
	(void)channel_send(e->k->channels[PROC_SIP], WIRE_KNOWN, 0, &w);
}

void
trunk_engine_front(struct trunk_engine *e)
{
	e->known[0] = '\0';		/* a new one knows of none */
	e->known_changed = true;
}

bool
trunk_engine_tick(struct trunk_engine *e)
{
	int64_t			 now = keeper_now(e->k);
	struct trunk_state	*t, *next;
	size_t			 done = 0;

	for (t = TAILQ_FIRST(&e->leaving); t != NULL; t = next) {
		next = TAILQ_NEXT(t, link);
		if (trunk_enroll_is_leaving(t))
			continue;
		TAILQ_REMOVE(&e->leaving, t, link);
		if (find(e, t->id) != NULL && find(e, t->id)->reg.next_at == INT64_MAX)
			trunk_register_again(&find(e, t->id)->reg, now);
		state_free(t);
	}
	if (e->k->stopping)
		return false;
	if (e->known_changed)
		tell_known(e);
	TAILQ_FOREACH(t, &e->all, link) {
		if (t->next_at > now)
			continue;
		if (done++ == WORK_A_TICK)
			return true;
		work(t, now);
	}
	return false;
}

/* Changes of records. */

/* Whether it is the same registration at the same place. */
static bool
same_place(const struct trunk *a, const struct trunk *b)
{
	return a->enabled == b->enabled && a->port == b->port && a->transport == b->transport && a->registers == b->registers &&
	    strcmp(a->host, b->host) == 0 && strcmp(a->username, b->username) == 0;
}

static void
change(struct trunk_state *t, const struct trunk *now)
{
	bool	credentials = strcmp(t->trunk.password, now->password) != 0 || strcmp(t->trunk.realm, now->realm) != 0;

	t->trunk = *now;
	if (credentials || t->reg.state != REGISTERED_YES) {
		memset(&t->digest, 0, sizeof t->digest);
		trunk_register_again(&t->reg, trunk_now(t));
	}
	for (size_t i = 0; i < t->n_targets; i++) {
		if (!trunk_is_monitored(now))
			trunk_probe_forget(t->targets[i]);
		trunk_probe_again(t->targets[i], trunk_now(t));
	}
	trunk_note(t);
}

static void
replace(struct trunk_engine *e, struct trunk_state *t, const struct trunk *now)
{
	if (state_end(t) && (t = state_new(e, now, true)) != NULL)
		t->reg.next_at = INT64_MAX;		/* when the old one is gone */
	else if (find(e, now->id) == NULL)
		(void)state_new(e, now, true);
}

static void
on_trunk(void *arg, enum table table, struct store_bytes key, struct store_bytes value)
{
	struct trunk_engine	*e = arg;
	struct trunk		 now = { .id = key.n == 8 ? be64_get(key.p) : 0 };
	struct trunk_state	*t = find(e, now.id);
	bool			 there = value.p != NULL && table_get(&e->k->db, &trunk_kind, &now) == 0;

	(void)table;
	if (t == NULL && there)
		(void)state_new(e, &now, true);
	else if (t != NULL && !there)
		(void)state_end(t);
	else if (t != NULL && !same_place(&t->trunk, &now))
		replace(e, t, &now);
	else if (t != NULL)
		change(t, &now);
	sodium_memzero(&now, sizeof now);
}

static int
load_one(void *arg, const void *record)
{
	struct trunk_engine	*e = arg;

	return state_new(e, record, false) == NULL ? -1 : 0;
}

struct trunk_engine *
trunk_engine_new(struct keeper *k)
{
	struct trunk_engine	*e = calloc(1, sizeof *e);
	struct trunk_state	*t;

	if (e == NULL)
		return NULL;
	e->k = k;
	TAILQ_INIT(&e->all);
	TAILQ_INIT(&e->leaving);
	if ((e->asks = asks_new(SENDER_TRUNK)) == NULL || table_each(&k->db, &trunk_kind, NULL, 0, load_one, e) < 0 ||
	    store_watch(k->db.store, TABLE_TRUNK, (struct store_bytes){ NULL, 0 }, on_trunk, e) != 0) {
		trunk_engine_free(e);
		return NULL;
	}
	TAILQ_FOREACH(t, &e->all, link)
		t->lookup_at = keeper_now(k) + spread_ms(e);
	return e;
}

void
trunk_engine_free(struct trunk_engine *e)
{
	struct trunk_states	*lists[2] = { e == NULL ? NULL : &e->all, e == NULL ? NULL : &e->leaving };
	struct trunk_state	*t;

	if (e == NULL)
		return;
	store_unwatch(e->k->db.store, on_trunk, e);
	for (size_t i = 0; e->asks != NULL && i < 2; i++)
		while ((t = TAILQ_FIRST(lists[i])) != NULL) {
			TAILQ_REMOVE(lists[i], t, link);
			(void)tdelete(t, &e->by_id, by_id);
			state_free(t);
		}
	asks_free(e->asks);
	free(e);
}

/* What the other processes tell. */

void
trunk_engine_answered(struct trunk_engine *e, uint64_t id, const void *answer)
{
	asks_answered(e->asks, id, answer);
}

void
trunk_engine_flow_gone(struct trunk_engine *e, uint64_t flow)
{
	struct trunk_target	*g = trunk_target_find(e, flow);

	if (g != NULL)
		trunk_probe_flow_gone(g);
}

/* Connections live in both front processes: one that is gone takes them along. */
void
trunk_engine_process_gone(struct trunk_engine *e, enum process process)
{
	struct trunk_state	*t;

	asks_gone(e->asks, process);
	TAILQ_FOREACH(t, &e->all, link) {
		for (size_t i = 0; i < t->n_targets; i++) {
			trunk_probe_flow_good(t->targets[i]);
			trunk_probe_flow_gone(t->targets[i]);
		}
	}
}

void
trunk_engine_retry(struct trunk_engine *e, uint64_t id)
{
	struct trunk_state	*t = find(e, id);

	if (t == NULL)
		return;
	t->lookup_at = trunk_now(t);
	t->lookup_failures = 0;
	memset(&t->digest, 0, sizeof t->digest);
	trunk_register_again(&t->reg, trunk_now(t));
	for (size_t i = 0; i < t->n_targets; i++)
		trunk_probe_again(t->targets[i], trunk_now(t));
	t->next_at = 0;
}

void
trunk_engine_count(const struct trunk_engine *e, uint64_t n[TRUNK_DISABLED + 1])
{
	const struct trunk_state	*t;

	memset(n, 0, (TRUNK_DISABLED + 1) * sizeof *n);
	TAILQ_FOREACH(t, &e->all, link)
		n[t->status]++;
}

uint64_t
trunk_of_source(const struct trunk_engine *e, const struct addr *source, uint8_t transport)
{
	const struct trunk_state	*t;

	TAILQ_FOREACH(t, &e->all, link) {
		if (!t->trunk.enabled || (t->trunk.encryption && transport != TRANSPORT_TLS))
			continue;		/* a datagram's source is easily forged */
		for (size_t i = 0; i < t->n_targets; i++)
			if (addr_same_ip(&t->targets[i]->addr, source))
				return t->id;
		if (t->trunk.permit[0] != '\0' && acl_matches(t->trunk.permit, source))
			return t->id;
	}
	return 0;
}
