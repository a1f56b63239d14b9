/*
 * Watchers hear of what became durable, from a watch on the table.  A deletion brings only the key there, so what a deleted binding
 * was is kept from the transaction until then.
 */
#include "sipd/keeper/bindings.h"

#include <sys/queue.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/varint.h"
#include "sipd/keeper/events.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/qualify.h"
#include "sipd/keeper/recent.h"
#include "sipd/keeper/refresh.h"

enum { LEAVING_MAX = 4096 };

struct watcher {
	SLIST_ENTRY(watcher)	 all;
	registrar_fn		 fn;
	void			*arg;
};

/* A binding whose deletion is on its way to the disk. */
struct leaving {
	TAILQ_ENTRY(leaving)	all;
	struct binding		binding;
};

struct bindings {
	struct keeper		*k;
	struct refreshes	*refreshes;
	struct recents		*recents;
	SLIST_HEAD(, watcher)	 watchers;
	TAILQ_HEAD(, leaving)	 leaving;
	size_t			 n_leaving;
};

/* A change of an account became durable: its next REGISTER reads it.  One that is deleted was dropped before, which forgets it too. */
static void
on_account(void *arg, enum table table, struct store_bytes key, struct store_bytes value)
{
	struct bindings	*b = arg;
	struct account	 a;

	(void)table;
	(void)key;
	if (value.p != NULL && record_decode(&account_kind, &a, NULL, value.p, value.n) == 0)
		recent_forget(b->recents, a.username);
}

struct bindings *
bindings_new(struct keeper *k, struct refreshes *refreshes, struct recents *recents)
{
	struct bindings	*b = calloc(1, sizeof *b);

	if (b == NULL)
		return NULL;
	b->k = k;
	b->refreshes = refreshes;
	b->recents = recents;
	SLIST_INIT(&b->watchers);
	TAILQ_INIT(&b->leaving);
	if (store_watch(k->db.store, TABLE_ACCOUNT, (struct store_bytes){ "", 0 }, on_account, b) != 0) {
		free(b);
		return NULL;
	}
	return b;
}

static void
forget_leaving(struct bindings *b, struct leaving *l)
{
	TAILQ_REMOVE(&b->leaving, l, all);
	b->n_leaving--;
	free(l);
}

void
bindings_undone(struct bindings *b)
{
	while (!TAILQ_EMPTY(&b->leaving))
		forget_leaving(b, TAILQ_FIRST(&b->leaving));
	recents_clear(b->recents);
}

void
bindings_free(struct bindings *b)
{
	struct watcher	*w;

	if (b == NULL)
		return;
	store_unwatch(b->k->db.store, on_account, b);
	while ((w = SLIST_FIRST(&b->watchers)) != NULL)
		bindings_unwatch(b, w->fn, w->arg);
	bindings_undone(b);
	free(b);
}

struct load {
	struct bindings		*bindings;
	struct register_set	*set;
};

static int
load_row(void *arg, struct store_bytes key, struct store_bytes value)
{
	struct load		*l = arg;
	struct register_row	*row = &l->set->rows[l->set->n];

	(void)key;
	if (record_decode(&binding_kind, &row->binding, NULL, value.p, value.n) != 0) {
		log_error("bindings: a damaged one is passed over");
		return 0;
	}
	(void)refresh_latest(l->bindings->refreshes, &row->binding);
	row->act = ACT_KEEP;
	l->set->n++;
	return 0;
}

void
bindings_load(struct bindings *b, uint64_t account_id, struct register_set *set)
{
	struct load		l = { b, set };
	uint8_t			from[8], to[8];
	struct store_bytes	end = { to, sizeof to };

	be64_put(from, account_id);
	be64_put(to, account_id + 1);
	set->n = 0;
	(void)store_range(b->k->db.store, TABLE_BINDING, (struct store_bytes){ from, sizeof from }, &end, false,
	    REGISTER_MAX_CONTACTS, load_row, &l);
}

static void
keep_leaving(struct bindings *b, const struct binding *binding)
{
	struct leaving	*l;

	if (SLIST_EMPTY(&b->watchers) || (l = malloc(sizeof *l)) == NULL)
		return;
	l->binding = *binding;
	if (b->n_leaving == LEAVING_MAX)	/* of a transaction that was never committed */
		forget_leaving(b, TAILQ_FIRST(&b->leaving));
	TAILQ_INSERT_TAIL(&b->leaving, l, all);
	b->n_leaving++;
}

static const char *const	act_words[] = {
	[ACT_UNREGISTER] = "unregistered", [ACT_EXPIRE] = "expired", [ACT_REPLACE] = "replaced by a newer contact",
};

/* "192.0.2.17:27537 UDP" */
static const char *
where_text(const struct binding *b, char buf[ADDR_TEXT + 8])
{
	static const char *const	names[] = { "", "UDP", "TCP", "TLS" };
	char				addr[ADDR_TEXT];

	(void)snprintf(buf, ADDR_TEXT + 8, "%s %s", addr_text(&b->source, addr),
	    b->transport < sizeof names / sizeof names[0] ? names[b->transport] : "");
	return buf;
}

/* Adds one row's event and its record to txn.  Returns by how much the number of bindings changes. */
static int
apply_row(struct bindings *b, struct txn *txn, const struct account *a, const struct register_row *row, int64_t now,
    const char *operator, const char *why)
{
	const struct binding	*one = &row->binding;
	char			 where[ADDR_TEXT + 8];

	refresh_drop(b->refreshes, one);
	if (register_act_removes(row->act)) {
		table_delete(txn, &b->k->db, &binding_kind, one);
		keep_leaving(b, one);
		events_add(b->k->events, txn, EVENT_INFO, "reg", a->username, operator, "%s: %s", why != NULL ? why : act_words[row->act],
		    where_text(one, where));
		return -1;
	}
	table_put(txn, &b->k->db, &binding_kind, one);
	if (row->act != ACT_ADD)
		return 0;
	events_add(b->k->events, txn, EVENT_INFO, "reg", a->username, operator, "registered from %s, %" PRId64 " s",
	    where_text(one, where), (one->expires_at - now) / 1000);
	return 1;
}

void
bindings_apply(struct bindings *b, struct txn *txn, const struct account *a, const struct register_set *set, int64_t now,
    const char *operator, const char *why)
{
	char	name[48];
	int	before = 0, change = 0;

	recent_clear_only(b->recents, a->username);
	for (uint32_t i = 0; i < set->n; i++) {
		before += set->rows[i].act != ACT_ADD;
		if (set->rows[i].act != ACT_KEEP)
			change += apply_row(b, txn, a, &set->rows[i], now, operator, why);
	}
	if (change != 0)
		count_add(txn, &b->k->db, "bindings", change);
	if ((before == 0) == (before + change == 0))
		return;
	change = before == 0 ? 1 : -1;
	count_add(txn, &b->k->db, "registered", change);
	(void)snprintf(name, sizeof name, "group/%" PRIu64 "/registered", a->group_id);
	count_add(txn, &b->k->db, name, change);
}

static void
tell(struct bindings *b, enum registrar_change change, const struct binding *one)
{
	struct watcher	*w, *next;

	for (w = SLIST_FIRST(&b->watchers); w != NULL; w = next) {
		next = SLIST_NEXT(w, all);
		w->fn(w->arg, change, one);
	}
}

void
bindings_refreshed(struct bindings *b, const struct binding *one)
{
	tell(b, BINDING_REFRESHED, one);
}

void
bindings_probed(struct bindings *b, uint64_t account_id, const uint8_t hash[BINDING_KEY], bool turned)
{
	struct binding	one = { .account_id = account_id };

	memcpy(one.hash, hash, sizeof one.hash);
	tell(b, turned ? BINDING_TURNED : BINDING_PROBED, &one);
}

/* A deletion became durable: deletions do so in their order, so it is among the first that wait. */
static void
tell_removed(struct bindings *b, struct store_bytes key)
{
	struct binding	 one = { 0 };
	struct leaving	*l;

	if (key.n != 8 + BINDING_KEY)
		return;
	one.account_id = be64_get(key.p);
	memcpy(one.hash, (const uint8_t *)key.p + 8, BINDING_KEY);
	TAILQ_FOREACH(l, &b->leaving, all)
		if (l->binding.account_id == one.account_id && memcmp(l->binding.hash, one.hash, BINDING_KEY) == 0)
			break;
	if (l != NULL) {
		one = l->binding;
		forget_leaving(b, l);
	}
	tell(b, BINDING_REMOVED, &one);
}

/* A change of TABLE_BINDING became durable. */
static void
on_stored(void *arg, enum table table, struct store_bytes key, struct store_bytes value)
{
	struct bindings	*b = arg;
	struct binding	 one;

	(void)table;
	if (value.p == NULL) {
		tell_removed(b, key);
		return;
	}
	if (record_decode(&binding_kind, &one, NULL, value.p, value.n) != 0)
		return;
	(void)refresh_latest(b->refreshes, &one);
	if (qualify_is_news(b->k->qualify, &one))
		tell(b, one.refreshed_at == one.registered_at ? BINDING_ADDED : BINDING_CHANGED, &one);
}

void
bindings_watch(struct bindings *b, registrar_fn fn, void *arg)
{
	struct watcher	*w = calloc(1, sizeof *w);

	if (w == NULL)
		return;
	if (SLIST_EMPTY(&b->watchers))
		(void)store_watch(b->k->db.store, TABLE_BINDING, (struct store_bytes){ "", 0 }, on_stored, b);
	w->fn = fn;
	w->arg = arg;
	SLIST_INSERT_HEAD(&b->watchers, w, all);
}

void
bindings_unwatch(struct bindings *b, registrar_fn fn, void *arg)
{
	struct watcher	*w;

	SLIST_FOREACH(w, &b->watchers, all)
		if (w->fn == fn && w->arg == arg)
			break;
	if (w == NULL)
		return;
	SLIST_REMOVE(&b->watchers, w, watcher, all);
	free(w);
	if (SLIST_EMPTY(&b->watchers))
		store_unwatch(b->k->db.store, on_stored, b);
}
