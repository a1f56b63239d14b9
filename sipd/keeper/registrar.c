/*
 * A REGISTER's way: who sends it and may he (admit.c), what does it do (register_next), and then either a refresh that is answered at
 * once (refresh.c) or a transaction (bindings_apply) whose answer waits here until it is durable.
 */
#include "sipd/keeper/registrar.h"

#include <sys/queue.h>

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "core/activation.h"
#include "core/err.h"
#include "core/log.h"
#include "sipd/keeper/activation.h"
#include "sipd/keeper/admit.h"
#include "sipd/keeper/bindings.h"
#include "sipd/keeper/contact.h"
#include "sipd/keeper/expiry.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/qualify.h"
#include "sipd/keeper/recent.h"
#include "sipd/keeper/refresh.h"
#include "sipd/keeper/register.h"

enum { RETRY_AFTER = 5, SOON = 60 };	/* seconds: with 503; until a phone that is being activated registers again */

/* Where an answer goes. */
struct to {
	struct channel	*channel;	/* NULL: gone meanwhile */
	uint64_t	 id;
};

/* An answer that waits for its transaction. */
struct pending {
	TAILQ_ENTRY(pending)	 all;
	struct registrar	*registrar;
	struct to		 to;
	struct register_answer	 answer;		/* its spans are in bytes */
	uint64_t		 account_id;
	uint32_t		 n_held;
	uint8_t			 held[REGISTER_ROWS][BINDING_KEY];
	uint8_t			 bytes[];
};

struct registrar {
	struct keeper		*k;
	struct refreshes	*refreshes;
	struct recents		*recents;
	struct bindings		*bindings;
	struct admission	*admission;
	TAILQ_HEAD(, pending)	 pending;
	struct registrar_stat	 stat;
	struct register_set	 set;			/* of the request at hand */
	uint8_t			 contacts[WIRE_MAX / 2];
};

struct registrar *
registrar_new(struct keeper *k)
{
	struct registrar	*r = calloc(1, sizeof *r);

	if (r == NULL)
		return NULL;
	r->k = k;
	TAILQ_INIT(&r->pending);
	if ((r->refreshes = refreshes_new(k)) == NULL || (r->recents = recents_new()) == NULL ||
	    (r->bindings = bindings_new(k, r->refreshes, r->recents)) == NULL ||
	    (r->admission = admission_new(k, r->bindings, r->recents)) == NULL) {
		registrar_free(r);
		return NULL;
	}
	return r;
}

void
registrar_free(struct registrar *r)
{
	struct pending	*p;

	if (r == NULL)
		return;
	while ((p = TAILQ_FIRST(&r->pending)) != NULL) {
		TAILQ_REMOVE(&r->pending, p, all);
		free(p);
	}
	admission_free(r->admission);
	bindings_free(r->bindings);
	recents_free(r->recents);
	refreshes_free(r->refreshes);
	free(r);
}

void
registrar_reload(struct registrar *r)
{
	recents_clear(r->recents);
	admission_reload(r->admission);
}

void
registrar_undone(struct registrar *r)
{
	bindings_undone(r->bindings);
}

static void
reply(const struct to *to, const struct register_answer *answer)
{
	if (to->channel != NULL)
		(void)channel_send(to->channel, WIRE_REGISTER_ANSWER, to->id, answer);
}

static void
refuse(const struct to *to, uint32_t code, const char *reason)
{
	reply(to, &(struct register_answer){ .code = code, .reason = span_of(reason), .retry_after = code == 503 ? RETRY_AFTER : 0 });
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

	if (rc == 0)
		reply(&p->to, &p->answer);
	else
		refuse(&p->to, 503, "Service Unavailable");
	pending_end(p);
}

static struct pending *
pending_new(struct registrar *r, const struct to *to, uint64_t account_id, const struct register_answer *a)
{
	struct pending	*p = malloc(sizeof *p + a->contacts.n + a->path.n);

	if (p == NULL)
		return NULL;
	p->registrar = r;
	p->to = *to;
	p->account_id = account_id;
	p->n_held = 0;
	p->answer = *a;
	p->answer.contacts.s = memcpy(p->bytes, a->contacts.s, a->contacts.n);
	if (a->path.n != 0)
		p->answer.path.s = memcpy(p->bytes + a->contacts.n, a->path.s, a->path.n);
	TAILQ_INSERT_TAIL(&r->pending, p, all);
	return p;
}

/* Product A8: is it its first REGISTER that is accepted after activation, or ever for one that needs none? */
static bool
connects(const struct account *a)
{
	return activation_status(activation_registered(a), (enum account_status)a->status) != ACTIVATION_STAYS;
}

static bool
set_keeps_something(const struct register_set *set)
{
	for (uint32_t i = 0; i < set->n; i++)
		if (!register_act_removes(set->rows[i].act))
			return true;
	return false;
}

/* Until it is durable no refresh of what was written is answered at once. */
static void
hold(struct registrar *r, struct pending *p)
{
	for (uint32_t i = 0; i < r->set.n; i++) {
		if (r->set.rows[i].act == ACT_KEEP)
			continue;
		memcpy(p->held[p->n_held++], r->set.rows[i].binding.hash, BINDING_KEY);
		refresh_hold(r->refreshes, p->account_id, r->set.rows[i].binding.hash);
	}
}

/* Writes what r->set says; the answer follows when it is durable. */
static void
write_set(struct registrar *r, struct asking *q, const struct to *to, const struct register_answer *a)
{
	struct pending	*p = pending_new(r, to, q->account.id, a);
	struct txn	*txn = p == NULL ? NULL : txn_new(r->k->db.store);
	int		 rc = -ENOMEM;

	if (txn != NULL) {
		bindings_apply(r->bindings, txn, &q->account, &r->set, q->now, NULL, NULL);
		if (set_keeps_something(&r->set) && connects(&q->account))
			activation_registers(r->k, txn, &q->account);
		rc = store_commit(txn, on_durable, p);
	}
	if (rc == 0) {
		hold(r, p);
		return;
	}
	log_error("registrar: REGISTER of %s not stored: %s", q->account.username, err_text(rc));
	if (p != NULL)
		pending_end(p);
	refuse(to, 503, "Service Unavailable");
}

/* Makes its account known to the next REGISTER; only: its one binding, that is on disk, or NULL. */
static void
remember(struct registrar *r, struct asking *q, const struct binding *only)
{
	if (q->recent == NULL && (q->account.permit[0] != '\0' || q->account.deny[0] != '\0' || connects(&q->account)))
		return;
	if (q->recent == NULL)
		q->recent = recent_keep(r->recents, &q->account);
	if (only != NULL)
		recent_set_only(r->recents, q->recent, only, q->ask);
}

/* Keeps the refreshes in memory.  False: one of them can't wait, all are to be written. */
static bool
keep_refreshes(struct registrar *r, struct asking *q)
{
	for (uint32_t i = 0; i < r->set.n; i++)
		if (r->set.rows[i].act == ACT_REFRESH && !refresh_take(r->refreshes, &r->set.rows[i].binding))
			return false;
	for (uint32_t i = 0; i < r->set.n; i++)
		if (r->set.rows[i].act == ACT_REFRESH)
			bindings_refreshed(r->bindings, &r->set.rows[i].binding);
	remember(r, q, r->set.n == 1 ? &r->set.rows[0].binding : NULL);
	return true;
}

/* The same for the next refresh of an account that is known from its last one.  False: it is not that. */
static bool
refresh_recent(struct registrar *r, const struct asking *q, const struct to *to)
{
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
	reply(to, &a);
	bindings_refreshed(r->bindings, &b);
	return true;
}

static uint32_t
longest(const struct config *c, const struct account *a)
{
	uint32_t	soon = c->reg.min_expires > SOON ? c->reg.min_expires : SOON;

	return activation_nears_end(a) && soon < c->reg.max_expires ? soon : c->reg.max_expires;
}

static void
carry_out(struct registrar *r, struct asking *q, const struct to *to)
{
	const struct config		*c = &r->k->conf;
	const struct register_limits	 limits = {
		.now = q->now, .account_id = q->account.id, .node = c->node, .min_expires = c->reg.min_expires,
		.default_expires = c->reg.default_expires, .max_expires = longest(c, &q->account),
		.max_contacts = q->account.max_contacts, .replace = c->reg.overflow == OVERFLOW_REPLACE,
		.epoch = r->k->stream_epoch,
	};
	struct register_result		 result;
	struct register_answer		 a = { 0 };
	int				 n;

	bindings_load(r->bindings, q->account.id, &r->set);
	register_next(&r->set, q->ask, &limits, &result);
	a.code = result.code;
	a.reason = span_of(result.reason);
	a.min_expires = result.min_expires;
	if (result.code != 200) {
		reply(to, &a);
		return;
	}
	if ((n = register_contacts(&r->set, q->now, r->contacts, sizeof r->contacts)) < 0) {
		refuse(to, 500, "Server Internal Error");
		return;
	}
	a.contacts = (struct span){ (const char *)r->contacts, (size_t)n };
	a.path = q->ask->path;
	a.outbound = result.outbound;
	if (result.writes && !store_is_taking(r->k->db.store) && set_keeps_something(&r->set))
		refuse(to, 503, "Service Unavailable");
	else if (result.writes || (result.refreshes && (connects(&q->account) || !keep_refreshes(r, q)))) {
		remember(r, q, NULL);
		write_set(r, q, to, &a);
	} else
		reply(to, &a);
}

void
registrar_ask(struct registrar *r, struct channel *channel, uint64_t id, const struct register_ask *ask)
{
	const struct to		to = { channel, id };
	struct asking		q = { .ask = ask, .method = "REGISTER", .now = keeper_now(r->k), .set = &r->set };
	struct register_answer	no;

	r->stat.registers++;
	if (!admit_sender(r->admission, &q, &no)) {
		r->stat.challenges += no.challenge;
		reply(&to, &no);
	} else if (q.recent == NULL || !refresh_recent(r, &q, &to)) {
		if (admit_account(r->admission, &q, &no))
			carry_out(r, &q, &to);
		else
			reply(&to, &no);
	}
	if (q.known)
		sodium_memzero(&q.account, sizeof q.account);
}

void
registrar_channel_gone(struct registrar *r, struct channel *channel)
{
	struct pending	*p;

	TAILQ_FOREACH(p, &r->pending, all)
		if (p->to.channel == channel)
			p->to.channel = NULL;
}

int
registrar_drop(struct registrar *r, struct txn *txn, const struct account *a, const char *contact, const char *operator, const char *why)
{
	int	n = 0;

	recent_forget(r->recents, a->username);		/* it may be deleted with them */
	bindings_load(r->bindings, a->id, &r->set);
	for (uint32_t i = 0; i < r->set.n; i++) {
		if (contact != NULL && !contact_eq(span_of(contact), span_of(r->set.rows[i].binding.contact)))
			continue;
		r->set.rows[i].act = ACT_UNREGISTER;
		n++;
	}
	bindings_apply(r->bindings, txn, a, &r->set, keeper_now(r->k), operator, why);
	return n;
}

void
registrar_account_changed(struct registrar *r, const char *username)
{
	recent_forget(r->recents, username);
}

int
registrar_end(struct registrar *r, const struct binding *b, const char *why)
{
	struct account	 a = { .id = b->account_id };
	struct txn	*txn;

	if (table_get(&r->k->db, &account_kind, &a) != 0)
		memset(&a, 0, sizeof a);
	bindings_load(r->bindings, b->account_id, &r->set);
	for (uint32_t i = 0; i < r->set.n; i++)
		if (memcmp(r->set.rows[i].binding.hash, b->hash, BINDING_KEY) == 0)
			r->set.rows[i].act = ACT_UNREGISTER;
	if ((txn = txn_new(r->k->db.store)) == NULL)
		return -ENOMEM;
	bindings_apply(r->bindings, txn, &a, &r->set, keeper_now(r->k), NULL, why);
	sodium_memzero(&a, sizeof a);
	return store_commit(txn, NULL, NULL);
}

void
registrar_watch(struct registrar *r, registrar_fn fn, void *arg)
{
	bindings_watch(r->bindings, fn, arg);
}

void
registrar_probed(struct registrar *r, uint64_t account_id, const uint8_t hash[BINDING_KEY], bool turned)
{
	bindings_probed(r->bindings, account_id, hash, turned);
}

void
registrar_unwatch(struct registrar *r, registrar_fn fn, void *arg)
{
	bindings_unwatch(r->bindings, fn, arg);
}

void
registrar_latest(struct registrar *r, struct binding *b)
{
	(void)refresh_latest(r->refreshes, b);
	qualify_latest(r->k->qualify, b);
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
	struct registrar_stat	s = r->stat;

	s.wrong = admission_wrong(r->admission);
	return s;
}

struct admission *
registrar_admission(struct registrar *r)
{
	return r->admission;
}
