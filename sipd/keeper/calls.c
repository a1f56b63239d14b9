#include "sipd/keeper/calls.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core/err.h"
#include "sipd/keeper/calls_watch.h"
#include "sipd/keeper/events.h"
#include "sipd/keeper/keeper.h"

enum { OUTCOME = 64, SESSION_GRACE_S = 5 };

static void
hash_make(struct span call_id, uint8_t hash[CALL_HASH])
{
	(void)crypto_generichash(hash, CALL_HASH, (const uint8_t *)call_id.s, call_id.n, NULL, 0);
}

static const char *
counter(const char *of, uint64_t id, char name[64])
{
	(void)snprintf(name, 64, "calls/%s/%" PRIu64, of, id);
	return name;
}

static void
count_trunk(struct keeper *k, struct txn *t, uint64_t trunk_id, int64_t delta)
{
	char	name[64];

	count_add(t, &k->db, counter("trunk", trunk_id, name), delta);
}

static void
count(struct keeper *k, struct txn *t, const struct call *c, int64_t delta)
{
	char	name[64];

	count_add(t, &k->db, "calls", delta);
	if (c->from_account != 0)
		count_add(t, &k->db, counter("account", c->from_account, name), delta);
	if (c->trunk_id != 0)
		count_trunk(k, t, c->trunk_id, delta);
}

uint64_t
calls_of_account(struct keeper *k, uint64_t account_id)
{
	char	name[64];

	return count_get(&k->db, counter("account", account_id, name));
}

uint64_t
calls_of_trunk(struct keeper *k, uint64_t trunk_id)
{
	char	name[64];

	return count_get(&k->db, counter("trunk", trunk_id, name));
}

uint64_t
calls_begin(struct keeper *k, struct call *c)
{
	struct txn	*t = store_is_taking(k->db.store) ? txn_new(k->db.store) : NULL;

	if (t == NULL)
		return 0;
	c->seq = table_next_id(t, &k->db, "call");
	(void)snprintf(c->id, sizeof c->id, "%" PRIu64, c->seq);
	c->state = CALL_TRYING;
	c->since = c->began_at = keeper_now(k);
	c->epoch = k->sip_epoch;
	hash_make(span_of(c->call_id), c->hash);
	table_put(t, &k->db, &call_kind, c);
	count(k, t, c, 1);
	return store_commit(t, NULL, NULL) == 0 ? c->seq : 0;
}

struct by_hash {
	struct keeper	*k;
	struct span	 call_id;
	struct call	*call;
};

/* An entry of the index is the hash and the call's key. */
static int
take_if_equal(void *arg, struct store_bytes key, struct store_bytes value)
{
	struct by_hash	*b = arg;

	(void)value;
	if (key.n != CALL_HASH + 8)
		return 0;
	*b->call = (struct call){ .seq = 0 };
	for (size_t i = 0; i < 8; i++)
		b->call->seq = b->call->seq << 8 | ((const uint8_t *)key.p)[CALL_HASH + i];
	return table_get(&b->k->db, &call_kind, b->call) == 0 && span_is(b->call_id, b->call->call_id);
}

static bool
find_by_call_id(struct keeper *k, struct span call_id, struct call *c)
{
	struct by_hash		b = { .k = k, .call_id = call_id, .call = c };
	uint8_t			from[CALL_HASH], to[CALL_HASH + 8];
	struct store_bytes	end = { to, sizeof to };

	hash_make(call_id, from);
	memcpy(to, from, sizeof from);
	memset(to + CALL_HASH, 0xff, 8);
	return store_range(k->db.store, TABLE_CALL_BY_HASH, (struct store_bytes){ from, sizeof from }, &end, false, 0, take_if_equal, &b) == 1;
}

static const char *
outcome(const struct call *c, uint32_t code, int64_t now, char text[OUTCOME])
{
	uint32_t	s = call_duration(c, now);
	const char	*word = code == 486 || code == 600 || code == 603 ? "BUSY" :
	    code == 487 || code == 408 || code == 480 ? "NO ANSWER" : "FAILED";

	if (c->state == CALL_ANSWERED)
		(void)snprintf(text, OUTCOME, "ANSWERED, %02" PRIu32 ":%02" PRIu32 ":%02" PRIu32, s / 3600, s / 60 % 60, s % 60);
	else
		(void)snprintf(text, OUTCOME, "%s after %" PRIu32 " s", word, s);
	return text;
}

void
calls_end(struct keeper *k, const struct call *c, uint32_t code, struct span why)
{
	struct call_dialog	dialog = { .seq = c->seq };
	struct txn		*t = txn_new(k->db.store);
	char			 text[OUTCOME], reason[64] = "";

	if (t == NULL)
		return;
	(void)span_get(why, reason, sizeof reason);
	table_delete(t, &k->db, &call_kind, c);
	if (c->state == CALL_ANSWERED && table_get(&k->db, &call_dialog_kind, &dialog) == 0)
		table_delete(t, &k->db, &call_dialog_kind, &dialog);
	count(k, t, c, -1);
	events_add(k->events, t, EVENT_INFO, "call", c->from, NULL, "call %s from %s to %s: %s%s%s", c->id, c->from, c->to,
	    outcome(c, code, keeper_now(k), text), reason[0] == '\0' ? "" : ", ", reason);
	(void)store_commit(t, NULL, NULL);
}

/* Another trunk than the first may have taken it. */
static void
set_answered(struct keeper *k, struct txn *t, struct call *c, const struct wire_call *w)
{
	struct call_dialog	dialog = { .seq = c->seq };

	c->state = CALL_ANSWERED;
	c->since = c->answered_at = keeper_now(k);
	c->to_account = w->account;
	if (c->trunk_id != 0 && w->trunk != 0 && w->trunk != c->trunk_id) {
		count_trunk(k, t, c->trunk_id, -1);
		count_trunk(k, t, c->trunk_id = w->trunk, 1);
	}
	if (w->dialog.n > 0 && span_get(w->dialog, dialog.text, sizeof dialog.text))
		table_put(t, &k->db, &call_dialog_kind, &dialog);
}

void
calls_tell(struct keeper *k, const struct wire_call *w)
{
	struct call	 c = { .seq = w->call };
	bool		 answered = w->state == CALL_ANSWERED;
	struct txn	*t;

	if (w->call != 0)
		calls_watch_heard(k->calls, w->call);
	if (w->call != 0 ? table_get(&k->db, &call_kind, &c) != 0 : !find_by_call_id(k, w->call_id, &c))
		return;		/* dropped, or from before a restart */
	if (w->state == CALL_ENDED) {
		calls_end(k, &c, w->code, c.state == CALL_ANSWERED ? (struct span){ NULL, 0 } : w->reason);
		return;
	}
	if (w->state > CALL_ANSWERED || w->state < c.state || (w->state == c.state && !answered) || (c.state == CALL_ANSWERED &&
	    c.session_until == 0 && w->session == 0) || (t = txn_new(k->db.store)) == NULL)
		return;
	if (answered && c.state != CALL_ANSWERED)
		set_answered(k, t, &c, w);
	else if (!answered) {
		c.state = w->state;
		c.since = keeper_now(k);
	}
	c.session_until = w->session == 0 ? 0 : keeper_now(k) + (int64_t)(w->session + SESSION_GRACE_S) * 1000;
	table_put(t, &k->db, &call_kind, &c);
	(void)store_commit(t, NULL, NULL);
}

void
call_live(struct keeper *k, struct call *c)
{
	c->duration = call_duration(c, keeper_now(k));
}

int
calls_find(struct keeper *k, const char *id, struct call *c)
{
	char	*end;

	*c = (struct call){ .seq = strtoull(id, &end, 10) };
	return id[0] == '\0' || *end != '\0' ? ERR_NOT_FOUND : table_get(&k->db, &call_kind, c);
}

int
calls_hang_up(struct keeper *k, const struct call *c)
{
	struct call_dialog	dialog = { .seq = c->seq };
	struct wire_call	w = { .call = c->seq, .call_id = span_of(c->call_id), .state = CALL_ENDED };

	if (c->state == CALL_ANSWERED && table_get(&k->db, &call_dialog_kind, &dialog) == 0)
		w.dialog = span_of(dialog.text);
	return k->channels[PROC_SIP] == NULL ? ERR_BUSY : channel_send(k->channels[PROC_SIP], WIRE_HANG_UP, 0, &w);
}

int
calls_drop(struct keeper *k, struct txn *t, const struct call *c, const char *operator)
{
	if (calls_hang_up(k, c) != 0)
		return ERR_BUSY;
	events_add(k->events, t, EVENT_INFO, "admin", c->from, operator, "call %s from %s to %s: dropped", c->id, c->from, c->to);
	return 0;
}
