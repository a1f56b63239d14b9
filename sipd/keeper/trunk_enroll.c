#include "sipd/keeper/trunk_enroll.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "core/err.h"
#include "core/log.h"
#include "sipd/keeper/events.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/trunk_probe.h"

enum { SENDS_MAX = 12, AWAY_MS = 2000 };

void
trunk_enroll_init(struct trunk_state *t, int64_t first_at)
{
	uint8_t	random[12];

	trunk_register_init(&t->reg, first_at);
	randombytes_buf(random, sizeof random);
	(void)sodium_bin2hex(t->call_id, sizeof t->call_id, random, sizeof random);
}

void
trunk_enroll_stop(struct trunk_state *t)
{
	asks_drop(t->engine->asks, t->reg_ask);
	t->reg_ask = 0;
}

/* Where we are registered; else the first that answers, else the first that takes anything.  NULL: there is none. */
static struct trunk_target *
choose(struct trunk_state *t)
{
	struct trunk_target	*first = NULL;

	for (size_t i = 0; i < t->n_targets; i++) {
		struct trunk_target	*g = t->targets[i];
		bool			 lost = g->device.status == DEVICE_UNREACHABLE || g->device.status == DEVICE_UNKNOWN;

		if ((t->reg_tried & 1u << i) != 0 || !trunk_target_usable(g))
			continue;
		if (g == t->registrar && !lost)
			return g;
		if (first == NULL || (first->device.lost_at != 0 && !lost))
			first = g;
	}
	return first;
}

static void
mark_tried(struct trunk_state *t)
{
	for (size_t i = 0; i < t->n_targets; i++)
		if (t->targets[i] == t->registrar)
			t->reg_tried |= 1u << i;
}

static void	on_register(void *arg, const void *answer);

static int
send_register(struct trunk_state *t)
{
	struct trunk_engine		*e = t->engine;
	const struct trunk_way		 way = trunk_target_way(t->registrar);
	const struct trunk_registering	 r = { .call_id = t->call_id, .cseq = ++t->cseq, .expires = t->leaving ? 0 : t->reg.expires };
	struct wire_send		 s;
	int				 rc;

	if (e->k->channels[PROC_SIP] == NULL || t->reg_sends++ == SENDS_MAX)
		return ERR_BUSY;
	if ((rc = trunk_request_register(&t->trunk, &r, &way, &t->digest, &e->room, &s)) == 0 &&
	    (t->reg_ask = asks_take(e->asks, PROC_SIP, on_register, t)) == 0)
		rc = ERR_BUSY;
	if (rc == 0)
		rc = channel_send(e->k->channels[PROC_SIP], WIRE_SEND, t->reg_ask, &s);
	if (rc != 0)
		trunk_enroll_stop(t);
	return rc;
}

static const char *
refuse_challenge(const struct wire_sent *s, const struct trunk *t, char *why, size_t size)
{
	char	from[ADDR_TEXT] = "somebody";

	if (s->source.family != ADDR_NONE)
		(void)addr_ip_text(&s->source, from);
	if (t->password[0] == '\0')
		(void)snprintf(why, size, "it asks for a password, and none is set");
	else if (s->challenges.n == 0)
		(void)snprintf(why, size, "%s asks for a password in no way that we may answer: none was sent", from);
	else
		return NULL;
	return why;
}

const char *
trunk_challenge(struct digest_client *d, const struct trunk *t, const struct wire_sent *s, char *why, size_t size)
{
	char	other[DIGEST_REALM] = "";

	if (refuse_challenge(s, t, why, size) != NULL)
		return why;
	switch (digest_client_take(d, s->challenges, t->realm, other)) {
	case DIGEST_ASK_ANSWER:
		return NULL;
	case DIGEST_ASK_WRONG:
		(void)snprintf(why, size, "%.*s: username or password are not taken", (int)s->reason.n, s->reason.s);
		break;
	case DIGEST_ASK_REALM:
		(void)snprintf(why, size, "realm \"%.60s\" asks for the password of \"%.60s\": none was sent", other, t->realm);
		break;
	case DIGEST_ASK_UNKNOWN:
		(void)snprintf(why, size, "it asks for a password with an algorithm that we do not have");
		break;
	}
	memset(d, 0, sizeof *d);
	return why;
}

/* The realm that took our password is the only one that is told it from now on. */
static void
learn_realm(struct trunk_state *t)
{
	struct keeper	*k = t->engine->k;
	const char	*realm = digest_client_realm(&t->digest);
	struct trunk	 stored = { .id = t->id };
	struct txn	*txn;
	int		 rc;

	if (t->trunk.realm[0] != '\0' || realm[0] == '\0' || table_get(&k->db, &trunk_kind, &stored) != 0)
		return;
	(void)snprintf(t->trunk.realm, sizeof t->trunk.realm, "%s", realm);
	memcpy(stored.realm, t->trunk.realm, sizeof stored.realm);
	if ((txn = txn_new(k->db.store)) != NULL) {
		table_put(txn, &k->db, &trunk_kind, &stored);
		events_add(k->events, txn, EVENT_INFO, "trunk", stored.name, NULL, "its realm is \"%s\" from now on", realm);
		if ((rc = store_commit(txn, NULL, NULL)) != 0)
			log_error("trunk %s: its realm is not stored: %s", stored.name, err_text(rc));
	}
	sodium_memzero(&stored, sizeof stored);
}

/* The try is over. */
static void
conclude(struct trunk_state *t, const struct register_result *r)
{
	struct trunk_register	was = t->reg;

	if (t->leaving)
		return;
	trunk_register_answered(&t->reg, r, trunk_now(t), randombytes_random());
	if (r->code / 100 == 2 && !r->refused) {
		trunk_probe_flow_good(t->registrar);
		learn_realm(t);
	}
	if (log_debug_on(SUB_TRUNK))
		log_debug(SUB_TRUNK, "trunk %s: REGISTER answered %u %s", t->trunk.name, (unsigned)r->code, r->reason);
	t->reg_tried = 0;
	t->reg_sends = 0;
	trunk_note(t);
	if (was.state == REGISTERED_REFUSED && t->reg.state == REGISTERED_REFUSED && strcmp(was.reason, t->reg.reason) != 0)
		events_tell(t->engine->k->events, EVENT_WARN, "trunk", t->trunk.name, "still REJECTED: %u %s", (unsigned)r->code, r->reason);
}

/* Of one that did not take it, or did not answer: the next may. */
static bool
next_target(struct trunk_state *t, const struct wire_sent *s)
{
	struct trunk_target	*next;

	if (t->leaving || (!s->ours && s->code / 100 != 5 && s->code != 408))
		return false;
	mark_tried(t);
	if ((next = choose(t)) == NULL)
		return false;
	t->registrar = next;
	memset(&t->digest, 0, sizeof t->digest);	/* its nonces were the other's */
	return send_register(t) == 0;
}

static void
on_register(void *arg, const void *answer)
{
	struct trunk_state	*t = arg;
	const struct wire_sent	*s = answer;
	char			 why[REGISTER_REASON];
	struct register_result	 r = { .reason = why };

	t->reg_ask = 0;
	if (s == NULL) {
		t->reg.next_at = trunk_now(t) + trunk_random(AWAY_MS);
		return;
	}
	if (!s->ours && t->registrar != NULL)
		trunk_probe_flow_good(t->registrar);
	(void)span_get(s->reason, why, sizeof why);
	r.code = s->code;
	r.retry_after = s->retry_after;
	r.expires = s->expires;
	r.min_expires = s->min_expires;
	if (!s->ours && (s->code == 401 || s->code == 407)) {
		r.refused = trunk_challenge(&t->digest, &t->trunk, s, why, sizeof why) != NULL;
		if (!r.refused && send_register(t) == 0)
			return;
	} else if (next_target(t, s))
		return;
	conclude(t, &r);
}

void
trunk_enroll_work(struct trunk_state *t, int64_t now_ms)
{
	const struct register_result	away = { .code = 503, .reason = "can't be sent", .expires = UINT32_MAX };
	struct trunk_target		*g;

	if (trunk_register_passed(&t->reg, now_ms))
		trunk_note(t);
	if (!t->trunk.registers || t->reg_ask != 0 || t->reg.next_at > now_ms)
		return;
	t->reg_tried = 0;
	t->reg_sends = 0;
	if ((g = choose(t)) == NULL || t->engine->k->channels[PROC_SIP] == NULL)
		return;			/* an address, or a connection, is to come */
	if (g != t->registrar)
		memset(&t->digest, 0, sizeof t->digest);
	t->registrar = g;
	if (send_register(t) != 0)
		conclude(t, &away);
}

int64_t
trunk_enroll_next_at(const struct trunk_state *t, int64_t now_ms)
{
	int64_t	next = t->reg.next_at > now_ms ? t->reg.next_at : now_ms + AWAY_MS;

	if (!t->trunk.registers || t->reg_ask != 0)
		return INT64_MAX;
	return t->reg.state == REGISTERED_YES && t->reg.until < next ? t->reg.until : next;
}

void
trunk_enroll_target_gone(struct trunk_state *t, const struct trunk_target *g)
{
	if (t->registrar != g)
		return;
	trunk_enroll_stop(t);
	t->registrar = NULL;
	t->reg.next_at = trunk_now(t);
}

bool
trunk_enroll_leave(struct trunk_state *t)
{
	trunk_enroll_stop(t);
	if (t->reg.state != REGISTERED_YES || t->registrar == NULL || !trunk_target_usable(t->registrar))
		return false;
	t->leaving = true;
	t->reg_sends = 0;
	return send_register(t) == 0;
}

bool
trunk_enroll_is_leaving(const struct trunk_state *t)
{
	return t->reg_ask != 0;
}
