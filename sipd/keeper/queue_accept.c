#include "sipd/keeper/queue_parts.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/log.h"
#include "db/payload.h"
#include "sipd/keeper/accounts.h"
#include "sipd/keeper/admit.h"
#include "sipd/keeper/events.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/reach.h"
#include "sipd/keeper/registrar.h"

enum {
	FLIGHTS_MAX = 4096,		/* messages that are being forwarded right now */
	COPIES_MAX = 4,			/* of one of them, that came meanwhile */
	RETRY_AFTER_S = 5,		/* with 503 */
	FULL_RETRY_AFTER_S = 300,	/* with 480: the recipient has too many */
	SEEN_S = 72 * 3600,
	EXPIRES_LINE = 32,
};

/* Where an answer goes. */
struct to {
	struct channel	*channel;
	uint64_t	 id;
};

/* A message that is on its way from its sender: to the recipient's devices, or to the disk. */
struct flight {
	TAILQ_ENTRY(flight)	 all;
	struct queue		*queue;
	struct to		 to[COPIES_MAX];
	size_t			 n_to;
	struct message		 message;
	uint8_t			 hash[MESSAGE_HASH];
	int64_t			 date;		/* that it says it is of; 0: it says none */
	struct payload		 payload;	/* its spans are in bytes */
	uint8_t			 bytes[];
};

static void
flight_free(struct flight *f)
{
	TAILQ_REMOVE(&f->queue->flights, f, all);
	f->queue->n_flights--;
	sodium_memzero(f->bytes, f->payload.content_type.n + f->payload.headers.n + f->payload.body.n);
	free(f);
}

void
queue_flights_free(struct queue *q)
{
	while (!TAILQ_EMPTY(&q->flights))
		flight_free(TAILQ_FIRST(&q->flights));
}

void
queue_flights_channel_gone(struct queue *q, const struct channel *channel)
{
	struct flight	*f;

	TAILQ_FOREACH(f, &q->flights, all)
		for (size_t i = 0; i < f->n_to; i++)
			if (f->to[i].channel == channel)
				f->to[i].channel = NULL;
}

static void
reply(const struct to *to, const struct register_answer *a)
{
	if (to->channel != NULL)
		(void)channel_send(to->channel, WIRE_MESSAGE_ANSWER, to->id, a);
}

static void
answer(const struct to *to, uint32_t code, const char *reason, uint32_t retry_after)
{
	reply(to, &(struct register_answer){ .code = code, .reason = span_of(reason), .retry_after = retry_after });
}

/* To everybody who sent this message; it is done with. */
static void
flight_answer(struct flight *f, uint32_t code, const char *reason, uint32_t retry_after)
{
	for (size_t i = 0; i < f->n_to; i++)
		answer(&f->to[i], code, reason, retry_after);
	flight_free(f);
}

/* What every message that is accepted or delivered leaves behind: its sender's count, and that it was seen. */
static void
note_seen(struct queue *q, struct txn *t, struct flight *f, uint32_t code)
{
	struct message_seen	seen = { .from_account = f->message.from_account, .code = code,
	    .until = keeper_now(q->k) + (int64_t)SEEN_S * 1000 };
	char			name[64];

	memcpy(seen.hash, f->hash, sizeof seen.hash);
	table_put(t, &q->k->db, &message_seen_kind, &seen);
	(void)snprintf(name, sizeof name, "from_seq/%" PRIu64, f->message.from_account);
	f->message.from_seq = count_get(&q->k->db, name) + 1;
	count_add(t, &q->k->db, name, 1);
}

static void
on_stored(void *arg, int rc)
{
	struct flight	*f = arg;
	struct queue	*q = f->queue;
	uint64_t	 account = f->message.to_account;

	if (rc == 0) {
		queue_watch(q, "added", &f->message);
		flight_answer(f, 202, "Accepted", 0);
		deliver_wake(q->deliver, account, false);
	} else
		flight_answer(f, 503, "Service Unavailable", RETRY_AFTER_S);
}

/* It waits on disk from the commit on. */
static int
put_flight(struct queue *q, struct flight *f)
{
	struct message	*m = &f->message;
	struct txn	*t = txn_new(q->k->db.store);
	int		 rc;

	m->seq = table_next_id(t, &q->k->db, "message");
	note_seen(q, t, f, 202);
	table_put(t, &q->k->db, &message_kind, m);
	queue_count_waiting(q, t, m->to_account, 1);
	if ((rc = payload_put(t, &q->k->db, m->seq, &f->payload)) != 0) {
		txn_drop(t);
		return rc;
	}
	return store_commit(t, on_stored, f);
}

/* Its 202 goes when it is on disk. */
static void
flight_store(struct flight *f)
{
	struct queue		*q = f->queue;
	struct message		*m = &f->message;
	char			 name[64];
	const struct reach_facts facts = { .waiting = count_get(&q->k->db, queue_counter(m->to_account, name)),
	    .most = q->k->conf.queue.per_account, .storing = store_is_taking(q->k->db.store) };
	const struct reach_row	*row = reach_storing(&facts);
	int			 rc;

	if (row->code != 0) {
		flight_answer(f, row->code, row->phrase, row->reason == REACH_FULL ? FULL_RETRY_AFTER_S : RETRY_AFTER_S);
		return;
	}
	if ((rc = put_flight(q, f)) != 0) {
		log_error("queue: a message from %s to %s is not stored: %s", m->from, m->to, err_text(rc));
		flight_answer(f, 503, "Service Unavailable", RETRY_AFTER_S);
	}
}

/* A device took it: there is nothing to store but that it was so, and not even that while the store has little room. */
static void
flight_delivered(struct flight *f, const struct fanout_result *r)
{
	struct queue	*q = f->queue;
	struct txn	*t;

	delivered_note(&q->delivered, q->k);
	if (store_is_taking(q->k->db.store)) {
		t = txn_new(q->k->db.store);
		note_seen(q, t, f, r->code);
		queue_count_delivery(q, t, &f->message);
		f->message.status = MESSAGE_DELIVERED;
		f->message.sent = r->devices;
		queue_tell_end(q, t, &f->message, NULL, "DELIVERED at once");
		(void)store_commit(t, NULL, NULL);
	}
	flight_answer(f, r->code, r->reason, 0);
}

/* Answers by which a person or a phone says no, and that another try would not change. */
static bool
is_final(const struct fanout_result *r)
{
	return r->unfit || r->code / 100 == 6 || r->code == 403 || r->code == 413 || r->code == 488;
}

/*
 * What ends before it was in the queue: its sender was answered and may do as he likes, so that these events are counted when there are many.
 */
static void
tell_refused(struct queue *q, const char *subject, struct span from, struct span to, enum message_status status, const char *why)
{
	const int	most = MESSAGE_PARTY - 1;

	events_tell(q->k->events, EVENT_WARN, "queue", subject, "message from %.*s to %.*s: %s at once, %s", from.n > most ? most : (int)from.n,
	    from.s, to.n > most ? most : (int)to.n, to.s, message_status_name(status), why);
}

static void
flight_refused(struct flight *f, const struct fanout_result *r)
{
	const struct message	*m = &f->message;
	char			 why[MESSAGE_ERROR], name[ACCOUNT_USERNAME];

	(void)snprintf(why, sizeof why, "%" PRIu32 " %.100s", r->code, r->reason);
	if (r->unfit && m->size > 0)
		tell_refused(f->queue, queue_subject(f->queue->k, m, name), span_of(m->from), span_of(m->to), MESSAGE_INVALID_DEVICE, why);
	flight_answer(f, r->code, r->reason, r->retry_after);
}

static void
flight_on_result(void *arg, const struct fanout_result *r)
{
	struct flight	*f = arg;

	if (r->taken)
		flight_delivered(f, r);
	else if (is_final(r) || f->message.size == 0)
		flight_refused(f, r);
	else {
		queue_note_attempt(&f->message, keeper_now(f->queue->k), r);
		flight_store(f);
	}
}

static bool
forward(struct flight *f)
{
	struct queue		*q = f->queue;
	struct message		*m = &f->message;
	struct deliver_headers	 headers;
	struct wire_send	 s = { .method = span_of("MESSAGE"), .content_type = f->payload.content_type, .body = f->payload.body };
	char			 from[400], to[400];

	if (deliver_headers(m, f->date, f->payload.headers, &headers) != 0)
		return false;
	s.headers = (struct span){ headers.text, headers.n };
	(void)snprintf(from, sizeof from, "<sip:%s@%s>", m->sender, q->k->conf.domains[0]);
	(void)snprintf(to, sizeof to, "<sip:%s@%s>", m->to, q->k->conf.domains[0]);
	s.from = span_of(from);
	s.to = span_of(to);
	return fanout_start(q->fanouts, m->to_account, &s, flight_on_result, f, NULL) > 0;
}

static void
uuid_make(char out[MESSAGE_ID])
{
	uint8_t	b[16];

	randombytes_buf(b, sizeof b);
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);		/* RFC 4122, version 4 */
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	(void)snprintf(out, MESSAGE_ID, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3], b[4], b[5],
	    b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

static struct span
keep(uint8_t **at, struct span s)
{
	struct span	mine = { (const char *)*at, s.n };

	if (s.n > 0)
		memcpy(*at, s.s, s.n);
	*at += s.n;
	return mine;
}

/* The other headers, and how long it is good for, which is its recipient's to know, too. */
static struct span
keep_headers(uint8_t **at, const struct message_ask *ask)
{
	struct span	h = keep(at, ask->headers);
	int		n = 0;

	if (ask->expires != EXPIRES_ABSENT)
		n = snprintf((char *)*at, EXPIRES_LINE, "Expires: %" PRIu32 "\r\n", ask->expires);
	*at += n;
	return (struct span){ h.s, h.n + (size_t)n };
}

/* The number that a sender used, else its first one, else its username. */
static void
number_of(const struct account *a, struct span used, char number[MESSAGE_PARTY])
{
	bool		second = a->caller_id[0] == '\0' || span_is(used, a->caller_id_2);
	const char	*n = second && a->caller_id_2[0] != '\0' ? a->caller_id_2 : a->caller_id;

	(void)snprintf(number, MESSAGE_PARTY, "%s", n[0] == '\0' ? a->username : n);
}

static struct flight *
flight_new(struct queue *q, const struct to *to, const struct message_ask *ask, const struct account *from, const struct account *dest)
{
	size_t		 n = ask->content_type.n + ask->headers.n + EXPIRES_LINE + ask->body.n;
	struct flight	*f = q->n_flights < FLIGHTS_MAX ? calloc(1, sizeof *f + n) : NULL;
	struct message	*m;
	uint8_t		*at;

	if (f == NULL)
		return NULL;
	m = &f->message;
	at = f->bytes;
	f->queue = q;
	f->to[f->n_to++] = *to;
	f->payload.content_type = keep(&at, ask->content_type);
	f->payload.headers = keep_headers(&at, ask);
	f->payload.body = keep(&at, ask->body);
	uuid_make(m->id);
	if (ask->uuid.n == 0 || !span_get(ask->uuid, m->uuid, sizeof m->uuid))
		uuid_make(m->uuid);
	(void)crypto_generichash(f->hash, sizeof f->hash, (const uint8_t *)m->uuid, strlen(m->uuid), NULL, 0);
	m->from_account = from->id;
	m->to_account = dest->id;
	m->api_version = ask->version;
	(void)span_get(ask->from_user, m->sender, sizeof m->sender);
	number_of(from, ask->from_user, m->from);
	(void)span_get(ask->user, m->to, sizeof m->to);
	f->date = ask->date;
	m->received = keeper_now(q->k);
	m->size = (uint32_t)ask->body.n;
	m->expires = m->received + (int64_t)(ask->expires < q->k->conf.queue.expires ? ask->expires : q->k->conf.queue.expires) * 1000;
	TAILQ_INSERT_TAIL(&q->flights, f, all);
	q->n_flights++;
	return f;
}

/* The same message again: true, and it is answered as the first was, or will be. */
static bool
is_copy(struct queue *q, const struct to *to, const struct flight *new)
{
	struct message_seen	seen = { .from_account = new->message.from_account };
	struct flight		*f;

	TAILQ_FOREACH(f, &q->flights, all) {
		if (f == new || f->message.from_account != new->message.from_account || memcmp(f->hash, new->hash, sizeof f->hash) != 0)
			continue;
		if (f->n_to < COPIES_MAX)
			f->to[f->n_to++] = *to;
		return true;
	}
	memcpy(seen.hash, new->hash, sizeof seen.hash);
	if (table_get(&q->k->db, &message_seen_kind, &seen) != 0)
		return false;
	answer(to, seen.code, seen.code == 202 ? "Accepted" : "OK", 0);
	return true;
}

static bool
is_composing(struct span content_type)
{
	static const char	type[] = "application/im-iscomposing+xml";

	return content_type.n >= sizeof type - 1 && span_is_nocase((struct span){ content_type.s, sizeof type - 1 }, type);
}

/* Whether there is something in it, and not too much.  If not, it is answered and told. */
static bool
takes_size(struct queue *q, const struct to *to, const struct message_ask *ask, const struct account *dest)
{
	uint32_t	max = q->k->conf.queue.max_size;
	char		why[100];

	if (ask->size > 0 && ask->size <= max && ask->body.n == ask->size)
		return true;
	if (ask->size == 0)
		(void)snprintf(why, sizeof why, "empty");
	else
		(void)snprintf(why, sizeof why, "%" PRIu32 " bytes, of at most %" PRIu32 " (queue.max_size)", ask->size, max);
	tell_refused(q, dest->username, ask->from_user, ask->user, MESSAGE_INVALID_PAYLOAD, why);
	answer(to, ask->size == 0 ? 400 : 413, ask->size == 0 ? "Empty Message" : "Message Too Large", 0);
	return false;
}

/* Its sender is known.  Forwarded when the recipient is on line and nothing waits before it, else stored. */
static void
accept_message(struct queue *q, const struct to *to, const struct message_ask *ask, const struct account *from)
{
	static const struct fanout_result	away = { .code = 480, .reason = "not registered" };
	struct account				 dest;
	struct flight				*f;
	struct reach_facts			 facts;
	const struct reach_row			*row;

	if (accounts_find_called(q->k, ask->user, &dest) != 0) {
		tell_refused(q, from->username, ask->from_user, ask->user, MESSAGE_INVALID_RECIPIENT, "404, no account has that name or number");
		answer(to, 404, "Not Found", 0);
		return;
	}
	if (!takes_size(q, to, ask, &dest))
		return;
	if ((f = flight_new(q, to, ask, from, &dest)) == NULL) {
		answer(to, 503, "Service Unavailable", RETRY_AFTER_S);
		return;
	}
	if (is_copy(q, to, f)) {
		flight_free(f);
		return;
	}
	if (is_composing(ask->content_type)) {
		f->message.size = 0;	/* never stored */
		if (!dest.enabled || !forward(f))
			flight_answer(f, 480, "Temporarily Unavailable", 0);
		return;
	}
	reach_look(q->k, &dest, &facts);
	row = reach_message(&facts);
	if (row->sent && forward(f))
		return;
	if (row->reason == REACH_UNREGISTERED && facts.waiting == 0)
		queue_note_attempt(&f->message, keeper_now(q->k), &away);
	flight_store(f);
}

void
queue_ask(struct queue *q, struct channel *channel, uint64_t id, const struct message_ask *ask)
{
	const struct to		to = { channel, id };
	struct asking		asking = { .ask = &ask->from, .method = "MESSAGE", .now = keeper_now(q->k), .set = &q->set };
	struct admission	*admission = registrar_admission(q->k->registrar);
	struct register_answer	no;

	if (!admit_sender(admission, &asking, &no) || !admit_request(admission, &asking, ask->from_user, ask->from_host, &no))
		reply(&to, &no);
	else
		accept_message(q, &to, ask, &asking.account);
	sodium_memzero(&asking.account, sizeof asking.account);
}
