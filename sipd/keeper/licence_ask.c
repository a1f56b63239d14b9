/*
 * A client's first validation is two transactions: CHECKING, which consoles see, and what came of it.  Cut off in between it stays
 * CHECKING until the client asks again, or an operator clears it.
 */
#include "sipd/keeper/licence_ask.h"

#include <sys/queue.h>

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/licence.h"
#include "sipd/keeper/accounts.h"
#include "sipd/keeper/events.h"
#include "sipd/keeper/guard.h"
#include "sipd/keeper/json.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/licences.h"
#include "sipd/keeper/visit_reply.h"

/* A first validation, until CHECKING is on disk. */
struct checking {
	TAILQ_ENTRY(checking)	 all;
	struct licence_asks	*asks;
	struct visit_reply	 reply;
	char			 username[ACCOUNT_USERNAME];
	char			 who[80];
};

struct licence_asks {
	struct keeper		*k;
	struct visit_replies	*replies;
	struct guard		*guard;
	TAILQ_HEAD(, checking)	 checking;
};

struct licence_asks *
licence_asks_new(struct keeper *k, struct visit_replies *replies)
{
	struct licence_asks	*a = calloc(1, sizeof *a);

	if (a == NULL)
		return NULL;
	a->k = k;
	a->replies = replies;
	TAILQ_INIT(&a->checking);
	if ((a->guard = guard_new(LICENCE_ASKS, LICENCE_ASKS_S)) == NULL) {
		free(a);
		return NULL;
	}
	return a;
}

static void
checking_free(struct checking *c)
{
	TAILQ_REMOVE(&c->asks->checking, c, all);
	free(c);
}

void
licence_asks_free(struct licence_asks *a)
{
	struct checking	*c;

	if (a == NULL)
		return;
	while ((c = TAILQ_FIRST(&a->checking)) != NULL)
		checking_free(c);
	guard_free(a->guard);
	free(a);
}

/* The answer's body, to be freed; txn NULL: it is sent at once. */
static void
answer(struct visit_reply *r, uint32_t code, const struct licence *l, const char *why, struct txn *t)
{
	json_t	*o = json_pack("{s:s, s:o}", "state", licence_words[l->state], "valid_until", json_of_time(l->valid_until));
	char	*text;

	if (why != NULL)
		(void)json_object_set_new(o, "error", json_string(why));
	text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	visit_reply_show(r, code, "");
	r->answer.type = span_of("application/json");
	r->answer.body = span_of(text == NULL ? "{}" : text);
	if (t == NULL)
		visit_reply_send(r);
	else
		(void)visit_reply_commit(r, t);
	free(text);
}

/* What came of it, once it is on disk. */
static void
finish(struct licence_asks *a, struct visit_reply *r, struct licence *l, const char *who)
{
	struct txn	*t = txn_new(a->k->db.store);

	licences_check_end(a->k, t, who, l);
	answer(r, 200, l, NULL, t);
}

/* It may have been changed meanwhile, or its account deleted: it is read again. */
static void
on_checking(void *arg, int rc)
{
	struct checking		*c = arg;
	struct keeper		*k = c->asks->k;
	struct licence		 l = { .state = LICENCE_NONE };
	struct account		 a;

	if (rc == 0 && accounts_find(k, c->username, &a) == 0) {
		licences_get(k, &a, &l);
		sodium_memzero(&a, sizeof a);
	}
	if (rc != 0) {
		visit_reply_show(&c->reply, 503, "later");
		visit_reply_send(&c->reply);
	} else if (l.state == LICENCE_NONE) {
		answer(&c->reply, 200, &l, NULL, NULL);
	} else {
		finish(c->asks, &c->reply, &l, c->who);
	}
	checking_free(c);
}

/* True: it is under way, or was refused. */
static bool
check_first(struct licence_asks *a, struct visit_reply *r, struct licence *l, const char *who)
{
	struct txn	*t = txn_new(a->k->db.store);
	struct checking	*c;

	if (!licences_check_begin(a->k, t, who, l) || (c = malloc(sizeof *c)) == NULL) {
		txn_drop(t);
		return false;
	}
	c->asks = a;
	c->reply = *r;
	memcpy(c->username, l->username, sizeof c->username);
	(void)snprintf(c->who, sizeof c->who, "%s", who);
	TAILQ_INSERT_TAIL(&a->checking, c, all);
	if (store_commit(t, on_checking, c) != 0)
		on_checking(c, ERR_UNAVAILABLE);
	return true;
}

/* Takes as long whatever the key is: it is compared as what it hashes to. */
static bool
key_is(struct span key, const char *ours)
{
	uint8_t	a[32], b[32];

	(void)crypto_generichash(a, sizeof a, (const uint8_t *)key.s, key.n, NULL, 0);
	(void)crypto_generichash(b, sizeof b, (const uint8_t *)ours, strlen(ours), NULL, 0);
	return sodium_memcmp(a, b, sizeof a) == 0;
}

void
licence_ask(struct licence_asks *a, struct visit_reply *r, const struct account *account, struct span key, const char *who)
{
	const struct licence	none = { .state = LICENCE_NONE };
	struct licence		l;
	int64_t			now = keeper_now(a->k);
	uint32_t		wait = guard_wait(a->guard, &account->id, sizeof account->id, now);

	if (wait > 0) {
		visit_reply_show(r, 429, "");
		r->answer.type = span_of("application/json");
		r->answer.body = span_of("{\"error\":\"too-many\"}");
		r->answer.retry_after = wait;
		visit_reply_send(r);
		return;
	}
	(void)guard_failed(a->guard, &account->id, sizeof account->id, now);
	licences_get(a->k, account, &l);
	if (l.state == LICENCE_NONE) {
		answer(r, 200, &none, NULL, NULL);
	} else if (key.n > 0 && !key_is(key, l.key)) {
		events_tell(a->k->events, EVENT_WARN, "licence", l.username, "licence %s: its client has another key, from %s", l.username, who);
		answer(r, 403, &none, "this key is not the account's", NULL);
	} else if (!check_first(a, r, &l, who)) {
		finish(a, r, &l, who);
	}
}
