#include "sipd/keeper/queue_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "db/payload.h"
#include "sipd/keeper/control.h"
#include "sipd/keeper/events.h"
#include "sipd/keeper/groups.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/watch.h"

/* What an attempt came to, behind those before it; the oldest give way. */
void
queue_note_attempt(struct message *m, int64_t now, const struct fanout_result *r)
{
	char	line[160], at[CLOCK_TEXT];
	size_t	have = strlen(m->timeline), n;

	n = (size_t)snprintf(line, sizeof line, "%s %" PRIu32 " %.60s\n", clock_text(now, at), r->code, r->reason);
	while (have + n >= sizeof m->timeline) {
		size_t	first = strcspn(m->timeline, "\n") + 1;

		memmove(m->timeline, m->timeline + first, have - first + 1);
		have -= first;
	}
	memcpy(m->timeline + have, line, n + 1);
	m->attempts++;
	m->sent += r->devices;
	(void)snprintf(m->last_error, sizeof m->last_error, "%" PRIu32 " %.100s", r->code, r->reason);
}

/* One more, or one less, that waits for the account. */
void
queue_count_waiting(struct queue *q, struct txn *t, uint64_t account_id, int64_t delta)
{
	const struct db	*db = &q->k->db;
	struct account	 a = { .id = account_id };
	char		 name[64];
	uint64_t	 has = count_get(db, queue_counter(account_id, name));

	count_add(t, db, name, delta);
	count_add(t, db, "queued", delta);
	if (delta > 0 ? has == 0 : has == 1)
		count_add(t, db, "queued_recipients", delta);
	if (table_get(db, &account_kind, &a) == 0)
		count_add(t, db, groups_counter(a.group_id, "queue", name), delta);
	sodium_memzero(&a, sizeof a);
}

/* Events of a message are its account's, whatever it was called in it; where that is gone only what it was called is left. */
const char *
queue_subject(struct keeper *k, const struct message *m, char name[ACCOUNT_USERNAME])
{
	struct refs	refs = keeper_refs(k);

	if (refs.name_of(refs.ctx, "account", m->to_account, name, ACCOUNT_USERNAME) != 0)
		(void)snprintf(name, ACCOUNT_USERNAME, "%s", m->to);
	return name;
}

void
queue_tell_end(struct queue *q, struct txn *t, const struct message *m, const char *operator, const char *what)
{
	char	name[ACCOUNT_USERNAME];

	events_add(q->k->events, t, m->status == MESSAGE_DELIVERED ? EVENT_INFO : EVENT_WARN, "queue", queue_subject(q->k, m, name), operator,
	    "message %s from %s to %s: %s after %" PRIu64 " transmission%s%s%s", m->id, m->from, m->to, what, m->sent,
	    m->sent == 1 ? "" : "s", m->last_error[0] == '\0' ? "" : ", ", m->last_error);
}

/* Takes a message out of the queue, with all that belongs to it. */
void
queue_remove(struct queue *q, struct txn *t, const struct message *m)
{
	table_delete(t, &q->k->db, &message_kind, m);
	payload_delete(t, m->seq);
	queue_count_waiting(q, t, m->to_account, -1);
}

void
queue_count_delivery(struct queue *q, struct txn *t, struct message *m)
{
	char	name[64];

	(void)snprintf(name, sizeof name, "to_seq/%" PRIu64, m->to_account);
	m->to_seq = count_get(&q->k->db, name) + 1;
	count_add(t, &q->k->db, name, 1);
	delivered_count(q->k, t);
}

void
queue_watch(struct queue *q, const char *what, const struct message *m)
{
	if (q->k->control != NULL)
		watch_message(q->k->control->watches, what, m);
}

/* What became of a message, while that is being written. */
struct ending {
	struct queue	*queue;
	struct message	 message;
	bool		 was_first;	/* of those for its account */
};

static void
on_end_stored(void *arg, int rc)
{
	struct ending	*e = arg;
	struct queue	*q = e->queue;
	struct message	*m = &e->message;

	if (rc == 0) {
		if (m->status == MESSAGE_DELIVERED)
			delivered_note(&q->delivered, q->k);
		queue_watch(q, m->managed ? "removed" : "changed", m);
	}
	deliver_stored(q->deliver, m, m->status, rc);
	if (rc == 0 && m->managed && e->was_first)
		deliver_next(q->deliver, m->to_account);
	free(e);
}

/* Of deliver.c: a stored message was sent, or can't be. */
int
queue_on_end(void *arg, const struct message *sent, const struct deliver_end *end)
{
	struct queue	*q = arg;
	struct ending	*e = calloc(1, sizeof *e);
	struct message	*m;
	struct txn	*t;
	int		 rc;

	if (e == NULL)
		return -ENOMEM;
	m = &e->message;
	e->queue = q;
	m->seq = sent->seq;
	if ((rc = table_get(&q->k->db, &message_kind, m)) != 0) {
		free(e);	/* deleted meanwhile */
		return rc;
	}
	t = txn_new(q->k->db.store);
	if (end->result != NULL)
		queue_note_attempt(m, keeper_now(q->k), end->result);
	m->status = (uint8_t)end->status;
	m->tries = end->tries;
	m->next_try = end->next_try;
	if (end->status == MESSAGE_ENQUEUED)
		table_put(t, &q->k->db, &message_kind, m);
	else {
		m->managed = true;
		e->was_first = end->status != MESSAGE_DELIVERED && queue_is_first(q, m);
		if (end->status == MESSAGE_DELIVERED)
			queue_count_delivery(q, t, m);
		queue_remove(q, t, m);
		queue_tell_end(q, t, m, NULL, message_status_name(end->status));
	}
	if ((rc = store_commit(t, on_end_stored, e)) != 0) {
		log_error("queue: what became of message %s is not stored: %s", m->id, err_text(rc));
		free(e);
	}
	return rc;
}
