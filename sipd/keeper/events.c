/*
 * The chain's end (time, number and hash of the newest event) is in TABLE_META beside the events, so that a transaction that is never
 * committed, or undone, takes its events along.  Within one transaction it is kept here, by the transaction's serial number.
 */
#include "sipd/keeper/events.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/err.h"
#include "core/log.h"
#include "core/varint.h"
#include "sipd/keeper/keeper.h"

enum { LINK = 16 + EVENT_HASH, SUBJECTS = 256, MODULES = 8, TRIM_SLICE = 256 };

static const char	end_key[] = "event_end", start_key[] = "event_start";

/* One end of the chain.  The start is the newest event that was trimmed. */
struct link {
	int64_t		time;
	uint64_t	n;
	uint8_t		chain[EVENT_HASH];
};

/* How much was told of one subject, or of one module, in the window that began then. */
struct flood {
	int64_t		since_ms;
	uint32_t	told, dropped;
	char		module[sizeof((struct event *)0)->module];
	char		subject[sizeof((struct event *)0)->subject];
};

struct events {
	struct keeper	*k;
	uint64_t	 serial;	/* of the transaction that end belongs to */
	struct link	 end;
	int64_t		 ticked_ms;
	int64_t		 day_from, day_until;	/* today, and the number of the last event before it */
	uint64_t	 day_before;
	struct flood	 subjects[SUBJECTS];
	struct flood	 modules[MODULES];
};

struct events *
events_new(struct keeper *k)
{
	struct events	*e = calloc(1, sizeof *e);

	if (e != NULL)
		e->k = k;
	return e;
}

void
events_free(struct events *e)
{
	free(e);
}

static void
link_pack(const struct link *l, uint8_t out[LINK])
{
	be64_put(out, (uint64_t)l->time);
	be64_put(out + 8, l->n);
	memcpy(out + 16, l->chain, EVENT_HASH);
}

/* Absent: the chain begins, all zero. */
static int
link_get(struct store *store, const char *key, struct link *l, struct store_bytes *raw)
{
	int	rc = store_get(store, TABLE_META, key, strlen(key), raw);

	memset(l, 0, sizeof *l);
	if (rc != 0)
		return rc;
	if (raw->n != LINK)
		return ERR_CORRUPT;
	l->time = (int64_t)be64_get(raw->p);
	l->n = be64_get((const uint8_t *)raw->p + 8);
	memcpy(l->chain, (const uint8_t *)raw->p + 16, EVENT_HASH);
	return 0;
}

/* The hash over the event before and all of this one but its own. */
static int
chain_hash(const uint8_t before[EVENT_HASH], const struct event *ev, uint8_t out[EVENT_HASH])
{
	struct event	bare = *ev;
	uint8_t		in[EVENT_HASH + RECORD_MAX];
	int		n;

	memset(bare.chain, 0, sizeof bare.chain);
	memcpy(in, before, EVENT_HASH);
	if ((n = record_encode(&event_kind, &bare, NULL, in + EVENT_HASH, RECORD_MAX)) < 0)
		return n;
	(void)crypto_generichash(out, EVENT_HASH, in, EVENT_HASH + (unsigned)n, NULL, 0);
	return 0;
}

/* Makes e->end the end of the chain as txn sees it. */
static void
end_load(struct events *e, struct txn *txn)
{
	struct store_bytes	raw;
	int			rc;

	if (e->serial == txn_serial(txn))
		return;
	rc = link_get(e->k->db.store, end_key, &e->end, &raw);
	if (rc != 0 && rc != ERR_NOT_FOUND)
		txn_fail(txn, rc);
	txn_expect(txn, TABLE_META, end_key, strlen(end_key), rc == 0 ? &raw : NULL);
	e->serial = txn_serial(txn);
}

static void
add(struct events *e, struct txn *txn, struct event *ev)
{
	uint8_t	packed[LINK];
	int	rc;

	end_load(e, txn);
	ev->time = keeper_now(e->k);
	if (ev->time < e->end.time)
		ev->time = e->end.time;
	ev->n = e->end.n + 1;
	if ((rc = chain_hash(e->end.chain, ev, ev->chain)) != 0)
		txn_fail(txn, rc);
	table_put(txn, &e->k->db, &event_kind, ev);
	e->end.time = ev->time;
	e->end.n = ev->n;
	memcpy(e->end.chain, ev->chain, EVENT_HASH);
	link_pack(&e->end, packed);
	txn_put(txn, TABLE_META, end_key, strlen(end_key), packed, sizeof packed);
}

static void
fill(struct event *ev, enum event_level level, const char *module, const char *subject)
{
	memset(ev, 0, sizeof *ev);
	ev->level = (uint8_t)level;
	(void)snprintf(ev->module, sizeof ev->module, "%s", module);
	(void)snprintf(ev->subject, sizeof ev->subject, "%s", subject);
}

void
events_add(struct events *e, struct txn *txn, enum event_level level, const char *module, const char *subject, const char *operator,
    const char *fmt, ...)
{
	struct event	ev;
	va_list		ap;

	fill(&ev, level, module, subject);
	(void)snprintf(ev.operator, sizeof ev.operator, "%s", operator == NULL ? "" : operator);
	va_start(ap, fmt);
	(void)vsnprintf(ev.text, sizeof ev.text, fmt, ap);
	va_end(ap);
	add(e, txn, &ev);
}

static void
write_one(struct events *e, struct event *ev)
{
	struct txn	*txn = txn_new(e->k->db.store);
	int		 rc;

	if (txn == NULL)
		return;
	add(e, txn, ev);
	if ((rc = store_commit(txn, NULL, NULL)) != 0)
		log_error("events: one of %s not stored: %s", ev->module, err_text(rc));
}

/* Ends a flood's window: what was dropped in it becomes one event. */
static void
flood_end(struct events *e, struct flood *f)
{
	struct event	ev;

	if (f->dropped > 0) {
		fill(&ev, EVENT_WARN, f->module, f->subject);
		(void)snprintf(ev.text, sizeof ev.text, "%u more like these within %d s", f->dropped, EVENTS_WINDOW_S);
		write_one(e, &ev);
	}
	memset(f, 0, sizeof *f);
}

/* Whether one more may be written; begins a window where there is none. */
static bool
flood_allows(struct events *e, struct flood *f, uint32_t limit, const struct event *ev, const char *subject)
{
	int64_t	now = keeper_now(e->k);

	if (f->since_ms != 0 && (now - f->since_ms >= EVENTS_WINDOW_S * 1000 || strcmp(f->module, ev->module) != 0 ||
	    strcmp(f->subject, subject) != 0))
		flood_end(e, f);
	if (f->since_ms == 0) {
		f->since_ms = now;
		memcpy(f->module, ev->module, sizeof f->module);
		(void)snprintf(f->subject, sizeof f->subject, "%s", subject);
	}
	if (f->told < limit) {
		f->told++;
		return true;
	}
	f->dropped++;
	return false;
}

static struct flood *
module_flood(struct events *e, const char *module)
{
	size_t	i;

	for (i = 0; i < MODULES - 1; i++)
		if (e->modules[i].since_ms == 0 || strcmp(e->modules[i].module, module) == 0)
			break;
	return &e->modules[i];
}

void
events_tell(struct events *e, enum event_level level, const char *module, const char *subject, const char *fmt, ...)
{
	struct event	ev;
	va_list		ap;
	uint64_t	hash = 0;

	fill(&ev, level, module, subject);
	(void)crypto_generichash((uint8_t *)&hash, sizeof hash, (const uint8_t *)&ev, sizeof ev, NULL, 0);
	/* The module first: so the number of summaries is bounded too, whoever chooses the subjects. */
	if (!flood_allows(e, module_flood(e, module), EVENTS_PER_MODULE, &ev, "") ||
	    !flood_allows(e, &e->subjects[hash % SUBJECTS], EVENTS_PER_SUBJECT, &ev, ev.subject))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(ev.text, sizeof ev.text, fmt, ap);
	va_end(ap);
	write_one(e, &ev);
}

static int
number_of(void *arg, struct store_bytes key, struct store_bytes value)
{
	uint64_t	*n = arg;

	(void)value;
	if (key.n == 16)
		*n = be64_get((const uint8_t *)key.p + 8);
	return 1;
}

static void
day_begin(struct events *e, int64_t now, uint64_t newest)
{
	uint8_t		from[8];
	uint64_t	first = newest + 1;
	time_t		t = (time_t)(now / 1000);
	struct tm	tm;

	if (localtime_r(&t, &tm) == NULL)
		return;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	e->day_from = (int64_t)mktime(&tm) * 1000;
	tm.tm_mday++;
	tm.tm_isdst = -1;
	e->day_until = (int64_t)mktime(&tm) * 1000;
	be64_put(from, (uint64_t)e->day_from);
	(void)store_range(e->k->db.store, TABLE_EVENT, (struct store_bytes){ from, sizeof from }, NULL, false, 1, number_of, &first);
	e->day_before = first - 1;
}

uint64_t
events_today(struct events *e)
{
	int64_t			now = keeper_now(e->k);
	struct link		start, end;
	struct store_bytes	raw;

	(void)link_get(e->k->db.store, start_key, &start, &raw);
	(void)link_get(e->k->db.store, end_key, &end, &raw);
	if (now < e->day_from || now >= e->day_until)
		day_begin(e, now, end.n);
	return end.n - (e->day_before > start.n ? e->day_before : start.n);
}

struct trim {
	struct txn	*txn;
	struct link	 start;
	uint64_t	 surplus;
	int64_t		 before;
	size_t		 n;
};

static int
trim_one(void *arg, struct store_bytes key, struct store_bytes value)
{
	struct trim	*t = arg;
	struct event	 ev;

	if (record_decode(&event_kind, &ev, NULL, value.p, value.n) != 0)
		return ERR_CORRUPT;
	if (t->surplus == 0 && ev.time >= t->before)
		return 1;
	t->surplus -= t->surplus > 0;
	t->start = (struct link){ .time = ev.time, .n = ev.n };
	memcpy(t->start.chain, ev.chain, EVENT_HASH);
	txn_delete(t->txn, TABLE_EVENT, key.p, key.n);
	t->n++;
	return 0;
}

/* Deletes a slice of what is too many or too old.  True: it was a full one. */
static bool
trim(struct events *e)
{
	struct store		*store = e->k->db.store;
	struct trim		 t = { .before = keeper_now(e->k) - (int64_t)EVENTS_KEPT_DAYS * 86400 * 1000 };
	struct link		 end;
	struct store_bytes	 raw;
	uint8_t			 packed[LINK];
	int			 rc;

	(void)link_get(store, end_key, &end, &raw);
	(void)link_get(store, start_key, &t.start, &raw);
	if (end.n - t.start.n > EVENTS_KEPT)
		t.surplus = end.n - t.start.n - EVENTS_KEPT;
	if ((t.txn = txn_new(store)) == NULL)
		return false;
	rc = store_range(store, TABLE_EVENT, (struct store_bytes){ "", 0 }, NULL, false, TRIM_SLICE, trim_one, &t);
	if (t.n == 0 || rc < 0) {
		txn_drop(t.txn);
		return false;
	}
	link_pack(&t.start, packed);
	txn_put(t.txn, TABLE_META, start_key, strlen(start_key), packed, sizeof packed);
	return store_commit(t.txn, NULL, NULL) == 0 && t.n == TRIM_SLICE;
}

bool
events_tick(struct events *e)
{
	int64_t	now = keeper_now(e->k);

	if (now - e->ticked_ms < 1000)
		return false;
	for (size_t i = 0; i < SUBJECTS; i++)
		if (e->subjects[i].since_ms != 0 && now - e->subjects[i].since_ms >= EVENTS_WINDOW_S * 1000)
			flood_end(e, &e->subjects[i]);
	for (size_t i = 0; i < MODULES; i++)
		if (e->modules[i].since_ms != 0 && now - e->modules[i].since_ms >= EVENTS_WINDOW_S * 1000)
			flood_end(e, &e->modules[i]);
	if (trim(e))
		return true;
	e->ticked_ms = now;
	return false;
}

static int
verify_one(void *arg, struct store_bytes key, struct store_bytes value)
{
	struct events_check	*c = arg;
	struct event		 ev;
	uint8_t			 hash[EVENT_HASH];

	if (record_decode(&event_kind, &ev, NULL, value.p, value.n) != 0 || key.n != sizeof c->key || ev.n != c->n + 1 ||
	    chain_hash(c->chain, &ev, hash) != 0 || memcmp(hash, ev.chain, EVENT_HASH) != 0) {
		c->n++;
		return ERR_CORRUPT;
	}
	memcpy(c->key, key.p, sizeof c->key);
	memcpy(c->chain, ev.chain, EVENT_HASH);
	c->n = ev.n;
	c->checked++;
	return 0;
}

int
events_verify(struct events *e, struct events_check *c, size_t limit)
{
	struct store		*store = e->k->db.store;
	struct link		 start, end;
	struct store_bytes	 raw;
	uint8_t			 from[sizeof c->key + 1] = { 0 };
	uint64_t		 before;
	int			 rc;

	(void)link_get(store, start_key, &start, &raw);
	(void)link_get(store, end_key, &end, &raw);
	if (!c->begun || c->n < start.n) {		/* trimmed under us: what is gone needs no check */
		c->begun = true;
		c->n = start.n;
		memcpy(c->chain, start.chain, EVENT_HASH);
		memset(c->key, 0, sizeof c->key);
	}
	memcpy(from, c->key, sizeof c->key);
	before = c->checked;
	rc = store_range(store, TABLE_EVENT, (struct store_bytes){ from, sizeof from }, NULL, false, limit, verify_one, c);
	if (rc != 0)
		return rc;
	if (c->checked - before == limit)
		return 1;
	if (c->n == end.n && memcmp(c->chain, end.chain, EVENT_HASH) == 0)
		return 0;
	c->n++;					/* the newest ones were cut off */
	return ERR_CORRUPT;
}
