#include "sipd/keeper/queue_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/varint.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/registrar.h"

enum { END_SLICE = 64 /* messages that expire in a tick */, BEFORE_MAX = 1000 };

static void	on_message(void *, enum table, struct store_bytes key, struct store_bytes value);
static void	deleting_forget(struct queue *);

const char *
queue_counter(uint64_t account_id, char name[64])
{
	(void)snprintf(name, 64, "queue/%" PRIu64, account_id);
	return name;
}

/* A phone that registers is sent what waits; so is an account that is enabled, and one that is gone ends what waits for it. */
static void
on_registration(void *arg, enum registrar_change change, const struct binding *b)
{
	struct queue	*q = arg;
	char		 name[64];
	bool		 registers = change == BINDING_ADDED || change == BINDING_CHANGED || change == BINDING_REFRESHED;

	if (registers && count_get(&q->k->db, queue_counter(b->account_id, name)) > 0)
		deliver_wake(q->deliver, b->account_id, true);	/* what is being sent to other devices goes to this one, too */
}

static void
on_account(void *arg, enum table table, struct store_bytes key, struct store_bytes value)
{
	struct queue	*q = arg;
	char		 name[64];

	(void)table;
	(void)value;
	if (key.n == 8 && count_get(&q->k->db, queue_counter(be64_get(key.p), name)) > 0)
		deliver_wake(q->deliver, be64_get(key.p), false);
}

struct queue *
queue_new(struct keeper *k)
{
	struct queue	*q = calloc(1, sizeof *q);

	if (q == NULL)
		return NULL;
	q->k = k;
	TAILQ_INIT(&q->flights);
	TAILQ_INIT(&q->deleting);
	if ((q->fanouts = fanouts_new(k)) == NULL || (q->deliver = deliver_new(k, q->fanouts, queue_on_end, q)) == NULL ||
	    store_watch(k->db.store, TABLE_ACCOUNT, (struct store_bytes){ "", 0 }, on_account, q) != 0 ||
	    store_watch(k->db.store, TABLE_MESSAGE, (struct store_bytes){ "", 0 }, on_message, q) != 0) {
		queue_free(q);
		return NULL;
	}
	registrar_watch(k->registrar, on_registration, q);
	return q;
}

void
queue_free(struct queue *q)
{
	if (q == NULL)
		return;
	store_unwatch(q->k->db.store, on_account, q);
	store_unwatch(q->k->db.store, on_message, q);
	deleting_forget(q);
	registrar_unwatch(q->k->registrar, on_registration, q);
	fanouts_free(q->fanouts);
	deliver_free(q->deliver);
	queue_flights_free(q);
	free(q);
}

void
queue_sent(struct queue *q, uint64_t id, const struct wire_sent *s)
{
	fanouts_sent(q->fanouts, id, s);
}

void
queue_channel_gone(struct queue *q, struct channel *channel)
{
	queue_flights_channel_gone(q, channel);
	fanouts_front_gone(q->fanouts);
}

/* Messages are back whose accounts nobody thinks of any more. */
void
queue_undone(struct queue *q)
{
	deleting_forget(q);
	deliver_look(q->deliver, false);
}

static int
take_message(void *arg, const void *record)
{
	memcpy(arg, record, sizeof(struct message));
	return 1;
}

struct first_key {
	int64_t	at;
	uint8_t	primary[32];
	size_t	n;
};

static int
note_first(void *arg, struct store_bytes key, struct store_bytes value)
{
	struct first_key	*f = arg;

	(void)value;
	if (key.n < 8 || key.n - 8 > sizeof f->primary)
		return 0;
	f->at = (int64_t)be64_get(key.p);
	f->n = key.n - 8;
	memcpy(f->primary, (const uint8_t *)key.p + 8, f->n);
	return 1;
}

/* The entry of an index by time that is due first. */
static bool
first_due(struct queue *q, enum table table, struct first_key *f)
{
	const struct store_bytes	all = { NULL, 0 };

	memset(f, 0, sizeof *f);
	return store_range(q->k->db.store, table, all, NULL, false, 1, note_first, f) == 1 && f->at <= keeper_now(q->k);
}

static bool
end_expired(struct queue *q)
{
	const struct deliver_end	 end = { .status = MESSAGE_EXPIRED };
	struct first_key		 f;
	struct message			 m;
	int				 n = 0;

	for (; n < END_SLICE && first_due(q, TABLE_MESSAGE_EXPIRY, &f) && f.n == 8; n++) {
		m = (struct message){ .seq = be64_get(f.primary) };
		if (table_get(&q->k->db, &message_kind, &m) != 0 || deliver_is_sending(q->deliver, m.to_account, m.seq) ||
		    queue_on_end(q, &m, &end) != 0)
			return false;
	}
	return n == END_SLICE;
}

static void
forget_seen(struct queue *q)
{
	struct txn		*t;
	struct message_seen	 seen;
	struct first_key	 f;

	for (int n = 0; n < END_SLICE && first_due(q, TABLE_MESSAGE_SEEN_UNTIL, &f) && f.n == 8 + MESSAGE_HASH; n++) {
		memset(&seen, 0, sizeof seen);
		seen.from_account = be64_get(f.primary);
		memcpy(seen.hash, f.primary + 8, MESSAGE_HASH);
		if ((t = txn_new(q->k->db.store)) == NULL)
			return;
		table_delete(t, &q->k->db, &message_seen_kind, &seen);
		if (store_commit(t, NULL, NULL) != 0)
			return;
	}
}

bool
queue_turn(struct queue *q)
{
	return deliver_turn(q->deliver);
}

bool
queue_tick(struct queue *q)
{
	bool	more = end_expired(q);

	forget_seen(q);
	return deliver_tick(q->deliver) || more;
}

int
queue_find(struct queue *q, const char *id, struct message *m)
{
	memset(m, 0, sizeof *m);
	if (strlen(id) != MESSAGE_ID - 1)
		return ERR_NOT_FOUND;
	(void)strcpy(m->id, id);
	return table_find(&q->k->db, &message_kind, TABLE_MESSAGE_BY_ID, m);
}

bool
queue_first(struct queue *q, uint64_t account_id, struct message *m)
{
	return deliver_first(q->deliver, account_id, m);
}

bool
queue_is_sending(const struct queue *q, const struct message *m)
{
	return deliver_is_sending(q->deliver, m->to_account, m->seq);
}

struct count_before {
	uint64_t	seq, n;
};

static int
count_one_before(void *arg, struct store_bytes key, struct store_bytes value)
{
	struct count_before	*c = arg;

	(void)value;
	if (key.n != 16 || be64_get((const uint8_t *)key.p + 8) >= c->seq)
		return 1;
	c->n++;
	return 0;
}

static uint64_t
count_before(struct queue *q, const struct message *m, size_t limit)
{
	struct count_before	c = { .seq = m->seq };
	struct store_bytes	from;
	uint8_t			key[8];

	be64_put(key, m->to_account);
	from = (struct store_bytes){ key, sizeof key };
	(void)store_range(q->k->db.store, TABLE_MESSAGE_BY_RECIPIENT, from, NULL, false, limit, count_one_before, &c);
	return c.n;
}

bool
queue_is_first(struct queue *q, const struct message *m)
{
	return count_before(q, m, 1) == 0;
}

uint64_t
queue_before(struct queue *q, const struct message *m)
{
	return count_before(q, m, BEFORE_MAX);
}

int
queue_retry(struct queue *q, uint64_t seq)
{
	struct message	m = { .seq = seq };
	int		rc = table_get(&q->k->db, &message_kind, &m);

	if (rc == 0)
		deliver_wake(q->deliver, m.to_account, true);
	return rc;
}

size_t
queue_retry_account(struct queue *q, uint64_t account_id)
{
	char	name[64];
	size_t	n = (size_t)count_get(&q->k->db, queue_counter(account_id, name));

	if (n > 0)
		deliver_wake(q->deliver, account_id, true);
	return n;
}

void
queue_retry_all(struct queue *q)
{
	deliver_look(q->deliver, true);
}

int
queue_delete(struct queue *q, struct txn *t, const struct message *m, const char *operator)
{
	struct deleting	*d;

	if (deliver_is_sending(q->deliver, m->to_account, m->seq))
		return ERR_BUSY;
	if ((d = calloc(1, sizeof *d)) == NULL)
		return -ENOMEM;
	d->message = *m;
	d->was_first = queue_is_first(q, m);
	TAILQ_INSERT_TAIL(&q->deleting, d, all);
	queue_remove(q, t, m);
	queue_tell_end(q, t, m, operator, "deleted");
	return 0;
}

static void
on_message(void *arg, enum table table, struct store_bytes key, struct store_bytes value)
{
	struct queue	*q = arg;
	struct deleting	*d;

	(void)table;
	if (value.p != NULL || key.n != 8)
		return;
	TAILQ_FOREACH(d, &q->deleting, all)
		if (d->message.seq == be64_get(key.p))
			break;
	if (d == NULL)
		return;
	queue_watch(q, "removed", &d->message);
	if (d->was_first)
		deliver_next(q->deliver, d->message.to_account);
	TAILQ_REMOVE(&q->deleting, d, all);
	free(d);
}

static void
deleting_forget(struct queue *q)
{
	struct deleting	*d;

	while ((d = TAILQ_FIRST(&q->deleting)) != NULL) {
		TAILQ_REMOVE(&q->deleting, d, all);
		free(d);
	}
}

const struct rate *
queue_rate(struct queue *q)
{
	rate_add(&q->delivered.minutes, keeper_now(q->k), 0);
	return &q->delivered.minutes;
}

static int
count_one(void *arg, struct store_bytes key, struct store_bytes value)
{
	(void)key;
	(void)value;
	++*(size_t *)arg;
	return 0;
}

size_t
queue_expiring(struct queue *q, int64_t until)
{
	uint8_t			key[8];
	struct store_bytes	to = { key, sizeof key };
	size_t			n = 0;

	be64_put(key, (uint64_t)until);
	(void)store_range(q->k->db.store, TABLE_MESSAGE_EXPIRY, (struct store_bytes){ "", 0 }, &to, false, QUEUE_EXPIRING_MAX, count_one, &n);
	return n;
}

void
queue_stat(struct queue *q, struct queue_stat *s)
{
	struct message	oldest = { .seq = 0 };

	memset(s, 0, sizeof *s);
	s->queued = count_get(&q->k->db, "queued");
	s->recipients = count_get(&q->k->db, "queued_recipients");
	s->in_flight = deliver_under_way(q->deliver) + q->n_flights;
	s->delivered = q->delivered.since_start;
	s->delivered_today = delivered_today(q->k);
	if (table_each(&q->k->db, &message_kind, NULL, 1, take_message, &oldest) == 1)
		s->oldest = oldest.received;
}
