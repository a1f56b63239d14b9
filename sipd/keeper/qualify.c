/*
 * The id of a probe names its device and which of its probes it is, so that a late answer to an earlier one is none.  Bindings are found
 * at the start in slices; later ones come by the registrar's watch, and their accounts' changes by the store's.
 */
#include "sipd/keeper/qualify.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/varint.h"
#include "sipd/keeper/devices.h"
#include "sipd/keeper/job.h"
#include "sipd/keeper/json.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/qualify_news.h"

enum {
	BEAT_MS = 20,			/* between two handfuls of probes */
	TURN_US = 2000,			/* of a handful */
	ASKING_MAX = 12288,		/* probes under way; the front has room for others, too */
	LOAD_SLICE = 128, WRITE_SLICE = 128,
	USES_SHIFT = 32,
};

static const char	no_answer[] = "no answer";

struct qualify {
	struct keeper		*k;
	struct devices		*devices;
	struct qualify_news	*news;
	struct event		*beat;
	int64_t			 beat_at;	/* when that is; INT64_MAX: it is not armed */
	int64_t			 filled_at;	/* since when budget has not grown */
	uint64_t		 budget;	/* probes that may go, in thousandths */
	size_t			 asking;
	uint64_t		 counts[DEVICE_STATUSES];
	bool			 loaded;
	uint8_t			 cursor[8 + BINDING_KEY + 1];	/* while it is not */
	size_t			 cursor_n;
};

static struct device_rules
rules_of(const struct qualify *q, const struct probed *p)
{
	const struct config	*c = &q->k->conf;
	const bool		 own = p->qualify > QUALIFY_YES;
	const uint32_t		 lagged_ms = own ? p->qualify : c->qualify.lagged_ms;

	return (struct device_rules){ .lagged_ms = lagged_ms, .wait_ms = device_wait_ms(lagged_ms, own ? UINT32_MAX : c->qualify.timeout * 1000),
	    .interval_ms = (int64_t)c->qualify.interval * 1000, .retry_ms = (int64_t)c->qualify.retry * 1000,
	    .unknown_ms = (int64_t)c->qualify.unknown_after * 1000 };
}

static void
wake(struct qualify *q, int64_t at_ms)
{
	int64_t		wait = at_ms - keeper_now(q->k);
	struct timeval	tv;

	if (at_ms >= q->beat_at || q->beat == NULL)
		return;
	wait = wait < BEAT_MS ? BEAT_MS : wait > 60000 ? 60000 : wait;
	q->beat_at = keeper_now(q->k) + wait;
	tv.tv_sec = wait / 1000;
	tv.tv_usec = wait % 1000 * 1000;
	(void)evtimer_add(q->beat, &tv);
}

static void
arm(struct qualify *q, struct probed *p)
{
	devices_arm(q->devices, p);
	if (p->device.next_at != INT64_MAX)
		wake(q, p->device.next_at);
}

static void
set_elsewhere(struct qualify *q, struct probed *p, bool elsewhere)
{
	if (p->elsewhere == elsewhere)
		return;
	q->counts[p->device.status]--;
	p->elsewhere = elsewhere;
	p->device = (struct device){ .status = DEVICE_NONE, .next_at = elsewhere ? INT64_MAX : keeper_now(q->k) };
	if (!elsewhere && p->qualify == QUALIFY_NO)
		p->device = (struct device){ .status = DEVICE_UNMONITORED, .next_at = INT64_MAX };
	q->counts[p->device.status]++;
	arm(q, p);
}

/* The one place where a status changes.  why: of a failure. */
static void
happen(struct qualify *q, struct probed *p, enum device_event event, uint32_t took_ms, const char *why)
{
	const struct device_rules	rules = rules_of(q, p);
	struct device			was = p->device;
	int64_t				now = keeper_now(q->k), phased;

	if (p->elsewhere)
		return;
	if (device_next(&p->device, event, took_ms, &rules, now)) {
		q->counts[was.status]--;
		q->counts[p->device.status]++;
		devices_mark(q->devices, p);
		qualify_news_add(q->news, p, (enum device_status)was.status, why);
	}
	if (event == DEVICE_ANSWERED || event == DEVICE_SILENT || event == DEVICE_UNSENDABLE) {
		phased = device_phase(p->device.next_at, device_period_ms((enum device_status)p->device.status, &rules), devices_hash(p));
		p->device.next_at = phased > now ? phased : p->device.next_at;
	}
	if (!p->asking)
		arm(q, p);
	if (was.status != p->device.status || event == DEVICE_ANSWERED || event == DEVICE_SILENT)
		registrar_probed(q->k->registrar, p->account_id, p->hash, was.status != p->device.status);
}

/* Puts it off by a period without a word on its status. */
static void
skip(struct qualify *q, struct probed *p)
{
	const struct device_rules	rules = rules_of(q, p);
	int64_t				period = device_period_ms((enum device_status)p->device.status, &rules);

	p->device.next_at = period == 0 ? INT64_MAX : device_phase(keeper_now(q->k) + period, period, devices_hash(p));
	arm(q, p);
}

/* What its account says of it. */
static void
take_account(struct qualify *q, struct probed *p, const struct account *a)
{
	bool	was = p->qualify != QUALIFY_NO;

	set_elsewhere(q, p, p->foreign || (a->server[0] != '\0' && strcmp(a->server, q->k->conf.node) != 0));
	if (p->qualify == a->qualify)
		return;
	p->qualify = a->qualify;
	if (was || p->qualify != QUALIFY_NO)
		happen(q, p, p->qualify == QUALIFY_NO ? DEVICE_UNWATCHED : DEVICE_WATCHED, 0, NULL);
}

static struct probed *
add(struct qualify *q, const struct binding *b)
{
	struct probed	*p = devices_find(q->devices, b->account_id, b->hash);
	struct account	 a;

	if (p != NULL || table_peek(&q->k->db, &account_kind, b->account_id, &a) != 0 || (p = devices_add(q->devices, b->account_id, b->hash)) == NULL)
		return p;
	p->refreshed_at = b->refreshed_at;
	p->foreign = b->node[0] != '\0' && strcmp(b->node, q->k->conf.node) != 0;
	p->qualify = a.qualify;
	p->device.status = a.qualify == QUALIFY_NO ? DEVICE_UNMONITORED : DEVICE_NONE;
	q->counts[p->device.status]++;
	take_account(q, p, &a);
	return p;
}

/* It is as it was last known; its first probe is when its phase comes. */
static void
resume(struct qualify *q, struct probed *p, const struct binding *b)
{
	const struct device_rules	rules = rules_of(q, p);
	enum device_status		status = (enum device_status)b->device_status;

	if (p->elsewhere || p->device.status == DEVICE_UNMONITORED)
		return;
	q->counts[p->device.status]--;
	p->device = (struct device){ .status = status < DEVICE_UNMONITORED ? b->device_status : DEVICE_NONE, .latency_ms = b->latency_ms,
	    .status_at = b->status_at };
	q->counts[p->device.status]++;
	if (p->device.status == DEVICE_UNREACHABLE || p->device.status == DEVICE_UNKNOWN)
		p->device.lost_at = b->status_at;
	p->device.next_at = p->device.status == DEVICE_UNKNOWN ? INT64_MAX :
	    device_phase(keeper_now(q->k) + rules.interval_ms, rules.interval_ms, devices_hash(p));
	arm(q, p);
}

/* One that was there before us.  Who looked at its account before we came to it looks again. */
static void
load(struct qualify *q, const struct binding *b)
{
	bool		 is_new = devices_find(q->devices, b->account_id, b->hash) == NULL;
	struct probed	*p = is_new ? add(q, b) : NULL;

	if (p == NULL)
		return;
	resume(q, p, b);
	registrar_probed(q->k->registrar, b->account_id, b->hash, false);
}

static int
load_one(void *arg, struct store_bytes key, struct store_bytes value)
{
	struct qualify	*q = arg;
	struct binding	 b;

	if (key.n == sizeof q->cursor - 1) {
		memcpy(q->cursor, key.p, key.n);
		q->cursor[key.n] = 0;
		q->cursor_n = sizeof q->cursor;		/* the next possible key */
	}
	if (record_decode(&binding_kind, &b, NULL, value.p, value.n) != 0)
		return 0;
	registrar_latest(q->k->registrar, &b);		/* a refresh that is not written yet is no news when it is */
	load(q, &b);
	return 0;
}

struct loading {
	struct qualify	*qualify;
	size_t		 n;
};

static int
load_row(void *arg, struct store_bytes key, struct store_bytes value)
{
	struct loading	*l = arg;

	l->n++;
	return load_one(l->qualify, key, value);
}

static void
load_slice(struct qualify *q)
{
	struct loading	l = { .qualify = q };

	if (store_range(q->k->db.store, TABLE_BINDING, (struct store_bytes){ q->cursor, q->cursor_n }, NULL, false, LOAD_SLICE, load_row,
	    &l) == 0 && l.n < LOAD_SLICE)
		q->loaded = true;
}

/* What it answers to the one that is under way tells nothing any more. */
static void
forget_probe(struct qualify *q, struct probed *p)
{
	q->asking -= p->asking;
	p->asking = false;
}

static void
forget(struct qualify *q, struct probed *p)
{
	q->counts[p->device.status]--;
	forget_probe(q, p);
	devices_remove(q->devices, p);
}

static void
on_registration(void *arg, enum registrar_change change, const struct binding *b)
{
	struct qualify	*q = arg;
	struct probed	*p = devices_find(q->devices, b->account_id, b->hash);
	struct binding	 whole = { .account_id = b->account_id };

	if (change == BINDING_REMOVED && p != NULL)
		forget(q, p);
	else if (change == BINDING_ADDED && p == NULL)
		p = add(q, b);
	else if (change == BINDING_CHANGED && p == NULL) {	/* that was not come to yet */
		load(q, b);
		p = devices_find(q->devices, b->account_id, b->hash);
	} else if (change == BINDING_REFRESHED && p == NULL) {	/* nor that, and b is not all of it */
		memcpy(whole.hash, b->hash, sizeof whole.hash);
		if (table_get(&q->k->db, &binding_kind, &whole) == 0)
			load(q, &whole);
		p = devices_find(q->devices, b->account_id, b->hash);
	}
	if (p == NULL || (change != BINDING_ADDED && change != BINDING_CHANGED && change != BINDING_REFRESHED))
		return;
	p->refreshed_at = b->refreshed_at;
	if (change != BINDING_REFRESHED)
		forget_probe(q, p);
	happen(q, p, change == BINDING_REFRESHED ? DEVICE_REFRESHED : DEVICE_REGISTERED, 0, NULL);
}

static void
on_account(void *arg, enum table table, struct store_bytes key, struct store_bytes value)
{
	struct qualify	*q = arg;
	struct probed	*p;
	struct account	 a;

	(void)table;
	if (key.n != 8 || value.p == NULL || (p = devices_of(q->devices, be64_get(key.p), NULL)) == NULL ||
	    record_decode(&account_kind, &a, NULL, value.p, value.n) != 0)
		return;
	for (; p != NULL; p = devices_of(q->devices, a.id, p))
		take_account(q, p, &a);
}

static void
on_beat(evutil_socket_t fd, short what, void *arg)
{
	struct qualify	*q = arg;
	int64_t		 at;

	(void)fd;
	(void)what;
	q->beat_at = INT64_MAX;
	if ((at = qualify_work(q)) != INT64_MAX)
		wake(q, at);
}

struct qualify *
qualify_new(struct keeper *k)
{
	struct qualify	*q = calloc(1, sizeof *q);

	if (q == NULL)
		return NULL;
	q->k = k;
	q->beat_at = INT64_MAX;
	q->filled_at = keeper_now(k);
	if ((q->devices = devices_new(q->filled_at)) == NULL || (q->news = qualify_news_new(k)) == NULL ||
	    (k->base != NULL && (q->beat = evtimer_new(k->base, on_beat, q)) == NULL) ||
	    store_watch(k->db.store, TABLE_ACCOUNT, (struct store_bytes){ "", 0 }, on_account, q) != 0) {
		qualify_free(q);
		return NULL;
	}
	registrar_watch(k->registrar, on_registration, q);
	return q;
}

void
qualify_free(struct qualify *q)
{
	if (q == NULL)
		return;
	registrar_unwatch(q->k->registrar, on_registration, q);
	store_unwatch(q->k->db.store, on_account, q);
	if (q->beat != NULL)
		event_free(q->beat);
	qualify_news_free(q->news);
	devices_free(q->devices);
	free(q);
}

/* What changed since is written to the bindings.  True: there may be more. */
static bool
write_slice(struct qualify *q)
{
	struct db	*db = &q->k->db;
	struct txn	*t = NULL;
	struct probed	*p;
	struct binding	 b;
	size_t		 n = 0;

	if (!store_is_taking(db->store))
		return false;
	while (n < WRITE_SLICE && (p = devices_unmark(q->devices)) != NULL) {
		b.account_id = p->account_id;
		memcpy(b.hash, p->hash, sizeof b.hash);
		if (table_get(db, &binding_kind, &b) != 0 || (t == NULL && (t = txn_new(db->store)) == NULL))
			continue;
		b.device_status = p->device.status;
		b.latency_ms = p->device.latency_ms;
		b.status_at = p->device.lost_at != 0 ? p->device.lost_at : p->device.status_at;
		table_put(t, db, &binding_kind, &b);
		n++;
	}
	if (t != NULL)
		(void)store_commit(t, NULL, NULL);
	return n == WRITE_SLICE;
}

bool
qualify_tick(struct qualify *q)
{
	bool	more;

	if (q->k->stopping)
		return false;
	if (!q->loaded)
		load_slice(q);
	qualify_news_tick(q->news);
	more = write_slice(q);
	return more || !q->loaded;
}

/* 0, or it was not sent. */
static int
ask(struct qualify *q, struct probed *p, const struct binding *b)
{
	struct keeper			*k = q->k;
	const struct device_rules	 rules = rules_of(q, p);
	char				 from[CONFIG_TEXT + 8], to[CONTACT_MAX + 2], where[ADDR_TEXT];
	struct wire_send		 s = { .target = b->source, .local = b->local, .transport = b->transport, .flow = b->flow,
	    .method = span_of("OPTIONS"), .uri = span_of(b->contact), .route = span_of(b->path),
	    .headers = span_of("Accept: application/sdp\r\n"),
	    .timeout_ms = rules.wait_ms };
	uint64_t			 id = (uint64_t)SENDER_QUALIFY << SENDER_SHIFT | (uint64_t)++p->uses << USES_SHIFT | p->number;

	(void)snprintf(from, sizeof from, "<sip:%s>", k->conf.domains[0]);
	(void)snprintf(to, sizeof to, "<%s>", b->contact);
	s.from = span_of(from);
	s.to = span_of(to);
	if (channel_send(k->channels[PROC_SIP], WIRE_SEND, id, &s) != 0)
		return -1;
	if (log_debug_on(SUB_QUALIFY))
		log_debug(SUB_QUALIFY, "OPTIONS %s to %s, %s", b->contact, addr_text(&b->source, where),
		    device_status_name((enum device_status)p->device.status));
	p->sent_at = keeper_now(k);
	p->asking = true;
	q->asking++;
	p->device.next_at = INT64_MAX;		/* its answer tells */
	devices_arm(q->devices, p);
	return 0;
}

/* True: a probe went out. */
static bool
probe(struct qualify *q, struct probed *p)
{
	struct binding	b = { .account_id = p->account_id };

	happen(q, p, DEVICE_PASSED, 0, NULL);
	if (p->device.next_at == INT64_MAX || p->asking)
		return false;
	memcpy(b.hash, p->hash, sizeof b.hash);
	if (table_get(&q->k->db, &binding_kind, &b) != 0) {
		forget(q, p);
		return false;
	}
	registrar_latest(q->k->registrar, &b);
	if (!binding_is_reachable(&b, q->k->stream_epoch, keeper_now(q->k))) {
		happen(q, p, DEVICE_UNSENDABLE, 0, "its connection is gone");
		return false;
	}
	if (q->k->channels[PROC_SIP] == NULL || ask(q, p, &b) != 0) {
		skip(q, p);
		return false;
	}
	return true;
}

static void
fill_budget(struct qualify *q, int64_t now_ms)
{
	uint64_t	most = (uint64_t)q->k->conf.qualify.rate * BEAT_MS * 2;

	q->budget += (uint64_t)q->k->conf.qualify.rate * (uint64_t)(now_ms - q->filled_at);
	q->filled_at = now_ms;
	if (most < 1000)
		most = 1000;
	if (q->budget > most)
		q->budget = most;
}

int64_t
qualify_work(struct qualify *q)
{
	int64_t		 now = keeper_now(q->k), until = clock_boot_us() + TURN_US;
	struct probed	*p;

	if (q->k->stopping)
		return INT64_MAX;
	fill_budget(q, now);
	while (q->budget >= 1000 && q->asking < ASKING_MAX && !job_is_late(until)) {
		if ((p = devices_due(q->devices, now)) == NULL)
			return devices_next_at(q->devices);
		if (probe(q, p))
			q->budget -= 1000;
	}
	return now;
}

static struct probed *
asked(const struct qualify *q, uint64_t id)
{
	struct probed	*p = devices_at(q->devices, (uint32_t)id);

	return p != NULL && p->asking && p->uses == (uint8_t)(id >> USES_SHIFT) ? p : NULL;
}

void
qualify_sent(struct qualify *q, uint64_t id, const struct wire_sent *s)
{
	struct probed	*p = asked(q, id);
	char		 why[96];

	if (p == NULL)
		return;
	p->asking = false;
	q->asking--;
	if (log_debug_on(SUB_QUALIFY))
		log_debug(SUB_QUALIFY, "account %llu: %s%u %.*s after %u ms", (unsigned long long)p->account_id, s->ours ? "no answer, " : "",
		    (unsigned)s->code, (int)s->reason.n, s->reason.s, (unsigned)s->took_ms);
	if (s->code == 0) {
		skip(q, p);
	} else if (!s->ours) {
		p->code = (uint16_t)s->code;
		p->answered_at = keeper_now(q->k);
		happen(q, p, DEVICE_ANSWERED, s->took_ms, no_answer);
	} else if (s->code == 408) {
		happen(q, p, DEVICE_SILENT, s->took_ms, no_answer);
	} else {
		(void)snprintf(why, sizeof why, "not reached: %.*s", (int)(s->reason.n < 64 ? s->reason.n : 64), s->reason.s);
		happen(q, p, DEVICE_UNSENDABLE, 0, why);
	}
}

void
qualify_channel_gone(struct qualify *q)
{
	for (uint32_t i = 0; q->asking > 0 && i < DEVICES_MAX_KNOWN; i++) {
		struct probed	*p = devices_at(q->devices, i);

		if (p == NULL || !p->asking)
			continue;
		p->asking = false;
		q->asking--;
		skip(q, p);
	}
}

bool
qualify_is_news(const struct qualify *q, const struct binding *b)
{
	const struct probed	*p = q == NULL ? NULL : devices_find(q->devices, b->account_id, b->hash);

	return p == NULL || p->refreshed_at != b->refreshed_at;
}

void
qualify_latest(const struct qualify *q, struct binding *b)
{
	const struct probed	*p = q == NULL ? NULL : devices_find(q->devices, b->account_id, b->hash);

	if (p == NULL)
		return;
	b->device_status = p->device.status;
	b->latency_ms = p->device.latency_ms;
}

enum device_status
qualify_best(const struct qualify *q, uint64_t account_id, uint32_t *latency_ms)
{
	const struct probed	*p = NULL, *best = NULL;

	while (q != NULL && (p = devices_of(q->devices, account_id, p)) != NULL)
		if (!p->elsewhere && (best == NULL || (p->device.status != best->device.status &&
		    device_better((enum device_status)p->device.status, (enum device_status)best->device.status) == p->device.status)))
			best = p;
	*latency_ms = best == NULL ? 0 : best->device.latency_ms;
	return best == NULL ? DEVICE_NONE : (enum device_status)best->device.status;
}

void
qualify_count(const struct qualify *q, uint64_t n[DEVICE_STATUSES])
{
	memset(n, 0, DEVICE_STATUSES * sizeof *n);
	if (q != NULL)
		memcpy(n, q->counts, DEVICE_STATUSES * sizeof *n);
}

void
qualify_tell(const struct qualify *q, uint64_t account_id, const uint8_t hash[BINDING_KEY], struct qualify_told *told)
{
	const struct probed	*p = q == NULL ? NULL : devices_find(q->devices, account_id, hash);

	*told = (struct qualify_told){ .known = p != NULL && !p->elsewhere && p->qualify != QUALIFY_NO };
	if (!told->known)
		return;
	told->sent_at = p->sent_at;
	told->answered_at = p->answered_at;
	told->next_at = p->device.next_at;
	told->since = p->device.status_at;
	told->code = p->code;
	told->changes = keeper_now(q->k) - p->changes_from < CHANGES_WINDOW_MS ? p->changes : 0;
}

static json_t *
time_or_null(int64_t at_ms)
{
	return at_ms == 0 || at_ms == INT64_MAX ? json_null() : json_of_time(at_ms);
}

json_t *
qualify_json(const struct qualify_told *t)
{
	if (!t->known)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:I}", "last_at", time_or_null(t->sent_at), "answered_at", time_or_null(t->answered_at),
	    "next_at", time_or_null(t->next_at), "since", time_or_null(t->since), "code",
	    t->code == 0 ? json_null() : json_integer((json_int_t)t->code), "changes", (json_int_t)t->changes);
}
