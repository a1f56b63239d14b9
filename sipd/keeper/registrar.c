/*
 * A REGISTER's way: is it for us (serves_host), who sends it (authenticate), may it from there (product A6), what does it do
 * (register_next), and then either a refresh that is answered at once or a transaction whose answer waits until it is durable.
 * Bindings come and go through apply() alone: records, counts and events in one transaction.
 */
#include "sipd/keeper/registrar.h"

#include <sys/queue.h>

#include <ctype.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/log.h"
#include "core/varint.h"
#include "sipd/keeper/contact.h"
#include "sipd/keeper/digest.h"
#include "sipd/keeper/events.h"
#include "sipd/keeper/expiry.h"
#include "sipd/keeper/guard.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/recent.h"
#include "sipd/keeper/refresh.h"
#include "sipd/keeper/register.h"

enum {
	RETRY_AFTER = 5,		/* seconds, with 503 */
	ACCOUNT_GUESSES = 10,		/* an account may be guessed at so many times as often as a source may guess */
	NAME_SAFE = 4 * ACCOUNT_USERNAME,
};

/* An answer that waits for its transaction. */
struct pending {
	TAILQ_ENTRY(pending)	 all;
	struct registrar	*registrar;
	struct channel		*channel;		/* NULL: gone meanwhile */
	uint64_t		 id;
	struct register_answer	 answer;		/* its spans are in bytes */
	uint64_t		 account_id;
	uint32_t		 n_held;
	uint8_t			 held[REGISTER_ROWS][BINDING_KEY];
	uint8_t			 bytes[];
};

struct watcher {
	SLIST_ENTRY(watcher)	 all;
	registrar_fn		 fn;
	void			*arg;
};

struct registrar {
	struct keeper		*k;
	struct nonces		*nonces;
	struct guard		*sources, *accounts;
	struct refreshes	*refreshes;
	struct recents		*recents;
	TAILQ_HEAD(, pending)	 pending;
	SLIST_HEAD(, watcher)	 watchers;
	struct registrar_stat	 stat;
	uint64_t		 decoy_id;		/* an account that is read in the place of one that does not exist */
	struct register_set	 set;			/* of the request at hand */
	uint8_t			 contacts[WIRE_MAX / 2];
};

/* One request on its way. */
struct asking {
	struct registrar		*r;
	struct channel			*channel;
	uint64_t			 id;
	const struct register_ask	*ask;
	int64_t				 now;
	struct account			 account;
	bool				 known;		/* account is that of ask->username */
	struct recent			*recent;	/* what stands for account while that need not be read */
};

/* A change of an account became durable: its next REGISTER reads it.  One that is deleted was dropped before, which forgets it too. */
static void
on_account(void *arg, enum table table, struct store_bytes key, struct store_bytes value)
{
	struct registrar	*r = arg;
	struct account		 a;

	(void)table;
	(void)key;
	if (value.p != NULL && record_decode(&account_kind, &a, NULL, value.p, value.n) == 0)
		recent_forget(r->recents, a.username);
}

struct registrar *
registrar_new(struct keeper *k)
{
	struct registrar	*r = calloc(1, sizeof *r);
	uint8_t			 key[32];

	if (r == NULL)
		return NULL;
	randombytes_buf(key, sizeof key);
	r->k = k;
	r->nonces = nonces_new(key, k->conf.auth.nonce_life);
	r->sources = guard_new(0, 1);
	r->accounts = guard_new(0, 1);
	r->refreshes = refreshes_new(k);
	r->recents = recents_new();
	sodium_memzero(key, sizeof key);
	TAILQ_INIT(&r->pending);
	SLIST_INIT(&r->watchers);
	if (r->nonces == NULL || r->sources == NULL || r->accounts == NULL || r->refreshes == NULL || r->recents == NULL ||
	    store_watch(k->db.store, TABLE_ACCOUNT, (struct store_bytes){ "", 0 }, on_account, r) != 0) {
		registrar_free(r);
		return NULL;
	}
	registrar_reload(r);
	return r;
}

void
registrar_free(struct registrar *r)
{
	struct pending	*p;
	struct watcher	*w;

	if (r == NULL)
		return;
	while ((p = TAILQ_FIRST(&r->pending)) != NULL) {
		TAILQ_REMOVE(&r->pending, p, all);
		free(p);
	}
	while ((w = SLIST_FIRST(&r->watchers)) != NULL) {
		SLIST_REMOVE_HEAD(&r->watchers, all);
		free(w);
	}
	store_unwatch(r->k->db.store, on_account, r);
	nonces_free(r->nonces);
	guard_free(r->sources);
	guard_free(r->accounts);
	refreshes_free(r->refreshes);
	recents_free(r->recents);
	free(r);
}

void
registrar_reload(struct registrar *r)
{
	const struct config	*c = &r->k->conf;

	recents_clear(r->recents);
	nonces_set_life(r->nonces, c->auth.nonce_life);
	guard_set(r->sources, c->limits.auth_failures, c->limits.auth_window);
	guard_set(r->accounts, c->limits.auth_failures * ACCOUNT_GUESSES, c->limits.auth_window);
}

void
registrar_undone(struct registrar *r)
{
	recents_clear(r->recents);
}

static void
reply(const struct asking *q, const struct register_answer *a)
{
	(void)channel_send(q->channel, WIRE_REGISTER_ANSWER, q->id, a);
}

static void
refuse(const struct asking *q, uint32_t code, const char *reason)
{
	struct register_answer	a = { .code = code, .reason = span_of(reason) };

	reply(q, &a);
}

static void
refuse_for(const struct asking *q, uint32_t seconds)
{
	struct register_answer	a = { .code = 503, .reason = span_of("Service Unavailable"), .retry_after = seconds };

	reply(q, &a);
}

static void
challenge(const struct asking *q, bool stale)
{
	const struct config	*c = &q->r->k->conf;
	struct register_answer	 a = { .code = 401, .reason = span_of("Unauthorized"), .challenge = true, .stale = stale };
	char			 sha256[NONCE_TEXT] = "", md5[NONCE_TEXT] = "";

	if (c->auth.algorithms & AUTH_SHA256)
		nonce_make(q->r->nonces, AUTH_SHA256, c->domains[0], q->ask->transport, &q->ask->source, q->now, sha256);
	if (c->auth.algorithms & AUTH_MD5)
		nonce_make(q->r->nonces, AUTH_MD5, c->domains[0], q->ask->transport, &q->ask->source, q->now, md5);
	a.realm = span_of(c->domains[0]);
	a.nonce_sha256 = span_of(sha256);
	a.nonce_md5 = span_of(md5);
	q->r->stat.challenges++;
	reply(q, &a);
}

static bool
addr_is_wildcard(const struct addr *a)
{
	static const uint8_t	zero[sizeof a->ip];

	return memcmp(a->ip, zero, sizeof zero) == 0;
}

/* Whether a host in a URI means us: one of our domains, or an address that we listen at. */
static bool
serves_host(const struct asking *q, struct span host)
{
	const struct config	*c = &q->r->k->conf;
	struct addr		 addr;
	char			 text[ADDR_TEXT];

	for (uint32_t i = 0; i < c->n_domains; i++)
		if (span_is_nocase(host, c->domains[i]))
			return true;
	if (!span_get(host, text, sizeof text) || addr_parse(&addr, text) != 0)
		return false;
	if (addr_same_ip(&addr, &q->ask->local))
		return true;
	for (uint32_t i = 0; i < c->n_listens; i++)
		if (addr_same_ip(&addr, &c->listens[i].addr) || addr_is_wildcard(&c->listens[i].addr))
			return true;
	return false;
}

/*
 * Reads the account of the digest's username.  For one that does not exist another is read, so that the time it takes tells nobody
 * which names there are (reliability A1).
 */
static void
find_account(struct asking *q)
{
	const struct db	*db = &q->r->k->db;
	struct account	 decoy;

	memset(&q->account, 0, sizeof q->account);
	if (q->ask->username.n != 0 && span_get(q->ask->username, q->account.username, sizeof q->account.username))
		q->known = table_find(db, &account_kind, TABLE_ACCOUNT_BY_USERNAME, &q->account) == 0;
	if (q->known) {
		q->r->decoy_id = q->account.id;
	} else if (q->r->decoy_id != 0) {
		decoy.id = q->r->decoy_id;
		(void)table_get(db, &account_kind, &decoy);
		sodium_memzero(&decoy, sizeof decoy);
	}
}

static int
load_row(void *arg, struct store_bytes key, struct store_bytes value)
{
	struct registrar	*r = arg;
	struct binding		*b = &r->set.rows[r->set.n].binding;

	(void)key;
	if (record_decode(&binding_kind, b, NULL, value.p, value.n) != 0) {
		log_error("registrar: a damaged binding is passed over");
		return 0;
	}
	(void)refresh_latest(r->refreshes, b);
	r->set.rows[r->set.n].act = ACT_KEEP;
	r->set.n++;
	return 0;
}

/* Reads the account's bindings into r->set. */
static void
load_set(struct registrar *r, uint64_t account_id)
{
	uint8_t			from[8], to[8];
	struct store_bytes	end = { to, sizeof to };

	be64_put(from, account_id);
	be64_put(to, account_id + 1);
	r->set.n = 0;
	(void)store_range(r->k->db.store, TABLE_BINDING, (struct store_bytes){ from, sizeof from }, &end, false,
	    REGISTER_MAX_CONTACTS, load_row, r);
}

/* Whether the request comes from where the account is registered: that phone is heard while its neighbours or its account are guessed at. */
static bool
comes_from_binding(const struct asking *q)
{
	struct registrar	*r = q->r;

	if (!q->known && q->recent == NULL)
		return false;
	load_set(r, q->recent != NULL ? q->recent->account_id : q->account.id);
	for (uint32_t i = 0; i < r->set.n; i++) {
		const struct binding	*b = &r->set.rows[i].binding;

		if (b->expires_at > q->now && b->transport == q->ask->transport && addr_eq(&b->source, &q->ask->source))
			return true;
	}
	return false;
}

/* What one customer has of an address, as the guard's key. */
static size_t
source_key(const struct addr *source, uint8_t key[1 + sizeof source->ip])
{
	struct addr	a = addr_source(source);

	key[0] = a.family;
	memcpy(key + 1, a.ip, sizeof a.ip);
	return 1 + sizeof a.ip;
}

/* Seconds that this source, or the account from elsewhere than its own phones, is not to be listened to. */
static uint32_t
wait_of(const struct asking *q)
{
	uint8_t		key[1 + sizeof q->ask->source.ip];
	uint32_t	wait, other;

	wait = guard_wait(q->r->sources, key, source_key(&q->ask->source, key), q->now);
	other = guard_wait(q->r->accounts, q->ask->username.s, q->ask->username.n, q->now);
	if (other > wait)
		wait = other;
	return wait > 0 && !comes_from_binding(q) ? wait : 0;
}

/* A name from outside for a line that a program reads: nothing that could end it or look like another. */
static const char *
name_safe(struct span name, char out[NAME_SAFE])
{
	size_t	at = 0;

	for (size_t i = 0; i < name.n && at + 5 <= NAME_SAFE; i++) {
		unsigned char	c = (unsigned char)name.s[i];

		if (isgraph(c) && c < 0x80 && c != '"' && c != '\\')
			out[at++] = (char)c;
		else
			at += (size_t)snprintf(out + at, NAME_SAFE - at, "\\x%02x", c);
	}
	out[at] = '\0';
	return out;
}

static void
on_wrong_password(const struct asking *q)
{
	const struct config	*c = &q->r->k->conf;
	uint8_t			 key[1 + sizeof q->ask->source.ip];
	char			 name[NAME_SAFE], ip[ADDR_TEXT];

	(void)name_safe(q->ask->username, name);
	(void)addr_ip_text(&q->ask->source, ip);
	log_warn("auth: wrong password for \"%s\" from %s", name, ip);
	events_tell(q->r->k->events, EVENT_WARN, "auth", name, "auth: wrong password for \"%s\" from %s", name, ip);
	if (guard_failed(q->r->sources, key, source_key(&q->ask->source, key), q->now))
		events_tell(q->r->k->events, EVENT_ALERT, "auth", ip, "%" PRIu32 " wrong passwords from %s: its next are not looked at for %"
		    PRIu32 " s", c->limits.auth_failures, ip, c->limits.auth_window);
	if (guard_failed(q->r->accounts, q->ask->username.s, q->ask->username.n, q->now))
		events_tell(q->r->k->events, EVENT_ALERT, "auth", name, "\"%s\" is being guessed at: only its registered devices are heard"
		    " for %" PRIu32 " s", name, c->limits.auth_window);
}

/* Checks the answer against what is known of the user. */
static enum digest_verdict
check(struct asking *q)
{
	const struct config	*c = &q->r->k->conf;
	struct digest_secret	 secret;
	enum digest_verdict	 verdict;

	if (q->recent != NULL)
		secret = q->recent->secret;
	else if (q->known)
		digest_secret_of(&secret, &q->account);
	verdict = digest_check(q->r->nonces, q->ask, "REGISTER", c->domains[0], c->auth.algorithms,
	    q->recent != NULL || q->known ? &secret : NULL, q->now);
	sodium_memzero(&secret, sizeof secret);
	return verdict;
}

/* True: the request is its account's own.  Else it has been answered. */
static bool
authenticate(struct asking *q)
{
	enum digest_verdict	verdict;
	uint32_t		wait;

	if (!q->ask->authorized) {
		challenge(q, false);
		return false;
	}
	if ((q->recent = recent_find(q->r->recents, q->ask->username)) == NULL)
		find_account(q);
	if ((wait = wait_of(q)) > 0) {
		refuse_for(q, wait);
		return false;
	}
	if ((verdict = check(q)) == DIGEST_RIGHT)
		return true;
	if (q->recent != NULL)
		find_account(q);	/* as for any other name: see there */
	if (verdict == DIGEST_MALFORMED) {
		refuse(q, 400, "Bad Authorization");
		return false;
	}
	if (verdict == DIGEST_WRONG) {
		q->r->stat.wrong++;
		on_wrong_password(q);
	}
	challenge(q, verdict == DIGEST_STALE || verdict == DIGEST_FOREIGN);
	return false;
}

/* True: the account may register this from there.  Else it has been refused. */
static bool
authorize(const struct asking *q)
{
	char	ip[ADDR_TEXT];

	if (!span_is(q->ask->aor_user, q->account.username)) {
		refuse(q, 403, "Not Your Address");
		return false;
	}
	if (acl_allows(q->account.permit, q->account.deny, &q->ask->source))
		return true;
	(void)addr_ip_text(&q->ask->source, ip);
	log_info("registrar: %s refused by its permit and deny, from %s", q->account.username, ip);
	events_tell(q->r->k->events, EVENT_WARN, "auth", q->account.username, "refused by permit and deny, from %s", ip);
	refuse(q, 403, "Forbidden");
	return false;
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
apply_row(struct registrar *r, struct txn *txn, const struct account *a, const struct register_row *row, int64_t now,
    const char *operator, const char *why)
{
	const struct binding	*b = &row->binding;
	char			 where[ADDR_TEXT + 8];

	refresh_drop(r->refreshes, b);
	if (register_act_removes(row->act)) {
		table_delete(txn, &r->k->db, &binding_kind, b);
		events_add(r->k->events, txn, EVENT_INFO, "reg", a->username, operator, "%s: %s", why != NULL ? why : act_words[row->act],
		    where_text(b, where));
		return -1;
	}
	table_put(txn, &r->k->db, &binding_kind, b);
	if (row->act != ACT_ADD)
		return 0;
	events_add(r->k->events, txn, EVENT_INFO, "reg", a->username, operator, "registered from %s, %" PRId64 " s", where_text(b, where),
	    (b->expires_at - now) / 1000);
	return 1;
}

/*
 * Adds what r->set says to txn: bindings, counts, events.  Rows that only refresh are written along: the answer waits anyway.  why: in
 * the place of the act's own word.
 */
static void
apply(struct registrar *r, struct txn *txn, const struct account *a, int64_t now, const char *operator, const char *why)
{
	char	name[48];
	int	before = 0, change = 0;

	recent_forget(r->recents, a->username);
	for (uint32_t i = 0; i < r->set.n; i++) {
		before += r->set.rows[i].act != ACT_ADD;
		if (r->set.rows[i].act != ACT_KEEP)
			change += apply_row(r, txn, a, &r->set.rows[i], now, operator, why);
	}
	if (change != 0)
		count_add(txn, &r->k->db, "bindings", change);
	if ((before == 0) == (before + change == 0))
		return;
	change = before == 0 ? 1 : -1;
	count_add(txn, &r->k->db, "registered", change);
	(void)snprintf(name, sizeof name, "group/%" PRIu64 "/registered", a->group_id);
	count_add(txn, &r->k->db, name, change);
}

/* Product A8: is it its first REGISTER that is accepted after activation, or ever for one that needs none? */
static bool
connects(const struct account *a)
{
	return a->status != STATUS_CONNECTED && (a->creation != CREATION_WIZARD || a->status == STATUS_ACTIVATED);
}

static void
note_connected(struct registrar *r, struct txn *txn, struct account *a, int64_t now)
{
	a->status = STATUS_CONNECTED;
	a->status_at = now;
	table_put(txn, &r->k->db, &account_kind, a);
}

static bool
set_keeps_something(const struct register_set *set)
{
	for (uint32_t i = 0; i < set->n; i++)
		if (!register_act_removes(set->rows[i].act))
			return true;
	return false;
}

static void
pending_end(struct pending *p)
{
	for (uint32_t i = 0; i < p->n_held; i++)
		refresh_release(p->registrar->refreshes, p->account_id, p->held[i]);
	TAILQ_REMOVE(&p->registrar->pending, p, all);
	free(p);
}

static void
on_durable(void *arg, int rc)
{
	struct pending	*p = arg;
	struct asking	 q = { .r = p->registrar, .channel = p->channel, .id = p->id };

	if (p->channel != NULL && rc == 0)
		reply(&q, &p->answer);
	else if (p->channel != NULL)
		refuse_for(&q, RETRY_AFTER);
	pending_end(p);
}

/* The answer of a REGISTER that was done; its spans are borrowed from set and ask.  False: no memory or too large. */
static bool
answer_make(struct asking *q, const struct register_result *result, struct register_answer *a)
{
	int	n = register_contacts(&q->r->set, q->now, q->r->contacts, sizeof q->r->contacts);

	*a = (struct register_answer){ .code = result->code, .reason = span_of(result->reason), .path = q->ask->path,
		.outbound = result->outbound };
	if (n < 0)
		return false;
	a->contacts = (struct span){ (const char *)q->r->contacts, (size_t)n };
	return true;
}

static struct pending *
pending_new(const struct asking *q, const struct register_answer *a)
{
	struct pending	*p = malloc(sizeof *p + a->contacts.n + a->path.n);
	struct registrar *r = q->r;

	if (p == NULL)
		return NULL;
	p->registrar = r;
	p->channel = q->channel;
	p->id = q->id;
	p->account_id = q->account.id;
	p->n_held = 0;
	p->answer = *a;
	p->answer.contacts.s = memcpy(p->bytes, a->contacts.s, a->contacts.n);
	if (a->path.n != 0)
		p->answer.path.s = memcpy(p->bytes + a->contacts.n, a->path.s, a->path.n);
	TAILQ_INSERT_TAIL(&r->pending, p, all);
	return p;
}

/* Writes what r->set says; the answer follows when it is durable. */
static void
write_set(struct asking *q, const struct register_answer *a)
{
	struct registrar	*r = q->r;
	struct pending		*p = pending_new(q, a);
	struct txn		*txn = p == NULL ? NULL : txn_new(r->k->db.store);
	int			 rc = -12;

	if (txn != NULL) {
		apply(r, txn, &q->account, q->now, NULL, NULL);
		if (set_keeps_something(&r->set) && connects(&q->account))
			note_connected(r, txn, &q->account, q->now);
		rc = store_commit(txn, on_durable, p);
	}
	if (rc != 0) {
		log_error("registrar: REGISTER of %s not stored: %s", q->account.username, err_text(rc));
		if (p != NULL)
			pending_end(p);
		refuse_for(q, RETRY_AFTER);
		return;
	}
	for (uint32_t i = 0; i < r->set.n; i++) {
		if (r->set.rows[i].act == ACT_KEEP)
			continue;
		memcpy(p->held[p->n_held++], r->set.rows[i].binding.hash, BINDING_KEY);
		refresh_hold(r->refreshes, p->account_id, r->set.rows[i].binding.hash);
	}
}

static void
tell_watchers(struct registrar *r, enum registrar_change change, const struct binding *b)
{
	struct watcher	*w, *next;

	for (w = SLIST_FIRST(&r->watchers); w != NULL; w = next) {
		next = SLIST_NEXT(w, all);
		w->fn(w->arg, change, b);
	}
}

/* Keeps the refreshes in memory.  False: one of them can't wait, all are to be written. */
static bool
keep_refreshes(struct asking *q)
{
	struct registrar	*r = q->r;

	for (uint32_t i = 0; i < r->set.n; i++)
		if (r->set.rows[i].act == ACT_REFRESH && !refresh_take(r->refreshes, &r->set.rows[i].binding))
			return false;
	for (uint32_t i = 0; i < r->set.n; i++)
		if (r->set.rows[i].act == ACT_REFRESH)
			tell_watchers(r, BINDING_REFRESHED, &r->set.rows[i].binding);
	if (r->set.n == 1 && q->ask->n_contacts == 1 && q->account.permit[0] == '\0' && q->account.deny[0] == '\0')
		recent_keep(r->recents, &q->account, &r->set.rows[0].binding, q->ask);
	return true;
}

/* The same for the next refresh of an account that is known from its last one.  False: it is not that. */
static bool
refresh_recent(struct asking *q)
{
	struct registrar	*r = q->r;
	struct recent		*k = q->recent;
	struct register_answer	 a = { .code = 200, .reason = span_of("OK"), .path = q->ask->path, .outbound = k->outbound };
	struct register_contact	 c;
	struct span		 list = q->ask->contacts;
	struct binding		 b;
	int			 n;

	if (k->expires_at <= q->now || q->ask->cseq <= k->cseq || !span_eq(q->ask->aor_user, q->ask->username) ||
	    !recent_repeats(r->recents, k, q->ask) || contact_next(&list, &c) != 1)
		return false;
	c.expires = k->expires;
	c.reg_id = k->outbound ? c.reg_id : 0;
	b.account_id = k->account_id;
	memcpy(b.hash, k->hash, sizeof b.hash);
	b.cseq = q->ask->cseq;
	b.refreshed_at = q->now > k->registered_at ? q->now : k->registered_at + 1;
	b.expires_at = q->now + (int64_t)k->expires * 1000;
	if ((n = contact_append(r->contacts, 0, sizeof r->contacts, &c)) < 0 || !refresh_take(r->refreshes, &b))
		return false;
	k->cseq = b.cseq;
	k->expires_at = b.expires_at;
	a.contacts = (struct span){ (const char *)r->contacts, (size_t)n };
	reply(q, &a);
	tell_watchers(r, BINDING_REFRESHED, &b);
	return true;
}

static void
carry_out(struct asking *q)
{
	struct registrar		*r = q->r;
	const struct config		*c = &r->k->conf;
	const struct register_limits	 limits = {
		.now = q->now, .account_id = q->account.id, .node = c->node, .min_expires = c->reg.min_expires,
		.default_expires = c->reg.default_expires, .max_expires = c->reg.max_expires,
		.max_contacts = q->account.max_contacts, .replace = c->reg.overflow == OVERFLOW_REPLACE,
	};
	struct register_result		 result;
	struct register_answer		 a;

	load_set(r, q->account.id);
	register_next(&r->set, q->ask, &limits, &result);
	if (!answer_make(q, &result, &a)) {
		refuse(q, 500, "Server Internal Error");
		return;
	}
	a.min_expires = result.min_expires;
	if (result.code != 200) {
		a.contacts = a.path = (struct span){ NULL, 0 };
		reply(q, &a);
		return;
	}
	if (result.writes && !store_is_taking(r->k->db.store) && set_keeps_something(&r->set)) {
		refuse_for(q, RETRY_AFTER);
		return;
	}
	if (result.writes || (result.refreshes && (connects(&q->account) || !keep_refreshes(q))))
		write_set(q, &a);
	else
		reply(q, &a);
}

static void
register_account(struct asking *q)
{
	if (q->recent != NULL)
		find_account(q);
	if (!q->known)
		refuse(q, 403, "Forbidden");		/* deleted in this very moment */
	else if (authorize(q))
		carry_out(q);
}

void
registrar_ask(struct registrar *r, struct channel *channel, uint64_t id, const struct register_ask *ask)
{
	struct asking	q = { .r = r, .channel = channel, .id = id, .ask = ask, .now = keeper_now(r->k) };

	r->stat.registers++;
	if (!ask->aor_sip || ask->aor_user.n == 0 || !serves_host(&q, ask->aor_host) || !serves_host(&q, ask->host))
		refuse(&q, 404, "Not Found");
	else if (authenticate(&q) && (q.recent == NULL || !refresh_recent(&q)))
		register_account(&q);
	if (q.known)
		sodium_memzero(&q.account, sizeof q.account);
}

void
registrar_channel_gone(struct registrar *r, struct channel *channel)
{
	struct pending	*p;

	TAILQ_FOREACH(p, &r->pending, all)
		if (p->channel == channel)
			p->channel = NULL;
}

int
registrar_drop(struct registrar *r, struct txn *txn, const struct account *a, const char *contact, const char *operator, const char *why)
{
	int	n = 0;

	load_set(r, a->id);
	for (uint32_t i = 0; i < r->set.n; i++) {
		if (contact != NULL && !contact_eq(span_of(contact), span_of(r->set.rows[i].binding.contact)))
			continue;
		r->set.rows[i].act = ACT_UNREGISTER;
		n++;
	}
	apply(r, txn, a, keeper_now(r->k), operator, why);
	return n;
}

int
registrar_end(struct registrar *r, const struct binding *b, const char *why)
{
	struct account	 a = { .id = b->account_id };
	struct txn	*txn;

	if (table_get(&r->k->db, &account_kind, &a) != 0)
		memset(&a, 0, sizeof a);
	load_set(r, b->account_id);
	for (uint32_t i = 0; i < r->set.n; i++)
		if (memcmp(r->set.rows[i].binding.hash, b->hash, BINDING_KEY) == 0)
			r->set.rows[i].act = ACT_UNREGISTER;
	if ((txn = txn_new(r->k->db.store)) == NULL)
		return -12;
	apply(r, txn, &a, keeper_now(r->k), NULL, why);
	sodium_memzero(&a, sizeof a);
	return store_commit(txn, NULL, NULL);
}

/* A change of TABLE_BINDING became durable. */
static void
on_stored(void *arg, enum table table, struct store_bytes key, struct store_bytes value)
{
	struct registrar	*r = arg;
	struct binding		 b = { 0 };

	(void)table;
	if (value.p == NULL) {
		if (key.n != 8 + BINDING_KEY)
			return;
		b.account_id = be64_get(key.p);
		memcpy(b.hash, (const uint8_t *)key.p + 8, BINDING_KEY);
		tell_watchers(r, BINDING_REMOVED, &b);
		return;
	}
	if (record_decode(&binding_kind, &b, NULL, value.p, value.n) != 0)
		return;
	(void)refresh_latest(r->refreshes, &b);
	tell_watchers(r, b.refreshed_at == b.registered_at ? BINDING_ADDED : BINDING_CHANGED, &b);
}

void
registrar_watch(struct registrar *r, registrar_fn fn, void *arg)
{
	struct watcher	*w = calloc(1, sizeof *w);

	if (w == NULL)
		return;
	if (SLIST_EMPTY(&r->watchers))
		(void)store_watch(r->k->db.store, TABLE_BINDING, (struct store_bytes){ "", 0 }, on_stored, r);
	w->fn = fn;
	w->arg = arg;
	SLIST_INSERT_HEAD(&r->watchers, w, all);
}

void
registrar_unwatch(struct registrar *r, registrar_fn fn, void *arg)
{
	struct watcher	*w;

	SLIST_FOREACH(w, &r->watchers, all) {
		if (w->fn != fn || w->arg != arg)
			continue;
		SLIST_REMOVE(&r->watchers, w, watcher, all);
		free(w);
		break;
	}
	if (SLIST_EMPTY(&r->watchers))
		store_unwatch(r->k->db.store, on_stored, r);
}

void
registrar_latest(struct registrar *r, struct binding *b)
{
	(void)refresh_latest(r->refreshes, b);
}

uint64_t
registrar_bindings(struct registrar *r)
{
	return count_get(&r->k->db, "bindings");
}

uint64_t
registrar_accounts(struct registrar *r)
{
	return count_get(&r->k->db, "registered");
}

void
registrar_flow_gone(struct registrar *r, uint64_t flow)
{
	while (expiry_flow_gone(r->k, flow))
		continue;
}

bool
registrar_turn(struct registrar *r)
{
	return refresh_write(r->refreshes, false);
}

bool
registrar_tick(struct registrar *r)
{
	return expiry_step(r->k, r->refreshes);
}

void
registrar_stop(struct registrar *r)
{
	(void)store_sync(r->k->db.store);
	while (refresh_write(r->refreshes, true) && store_sync(r->k->db.store) == 0)
		continue;
}

struct registrar_stat
registrar_stat(const struct registrar *r)
{
	return r->stat;
}
