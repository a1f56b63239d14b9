#include "sipd/keeper/deliver.h"

#include <search.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "core/err.h"
#include "core/log.h"
#include "core/varint.h"
#include "db/payload.h"
#include "sipd/keeper/accounts.h"
#include "sipd/keeper/keeper.h"

enum {
	LOOK_SLICE = 64, STARTS_A_TURN = 16, READY_MAX = 64, WAITERS_MAX = 1 << 20,
	SOON_MS = 1000,		/* when something of ours failed, not the phone */
};

enum waiting { READY, LATER, SENDING, ENDING };

/* An account that has messages and may be on line. */
struct waiter {
	uint64_t		 account_id;
	TAILQ_ENTRY(waiter)	 link;
	enum waiting		 state;
	bool			 again;		/* woken while it was being sent something */
	bool			 unstored;	/* what became of message is to be written, it is not to be sent again */
	uint32_t		 tries;		/* that failed since it registered */
	int64_t			 due_at;	/* LATER */
	struct message		 message;	/* SENDING, ENDING, unstored */
	struct fanout		*fanout;	/* SENDING */
	struct deliver_end	 end;		/* ENDING, unstored */
	struct fanout_result	 result;	/* that end points to */
	struct deliver		*deliver;
};

TAILQ_HEAD(waiters, waiter);

struct deliver {
	struct keeper		*k;
	struct fanouts		*fanouts;
	deliver_end_fn		 end;
	void			*arg;
	void			*by_account;	/* tsearch */
	size_t			 n;
	struct waiters		 lists[ENDING + 1];
	size_t			 n_in[ENDING + 1];	/* of each list */
	bool			 looking, look_anew;	/* for accounts that have messages, as after a start */
	uint64_t		 look_after;
	struct deliver_room	 room;
};

static int
by_account(const void *a, const void *b)
{
	const struct waiter	*x = a, *y = b;

	return x->account_id < y->account_id ? -1 : x->account_id > y->account_id;
}

struct deliver *
deliver_new(struct keeper *k, struct fanouts *fanouts, deliver_end_fn end, void *arg)
{
	struct deliver	*d = calloc(1, sizeof *d);

	if (d == NULL)
		return NULL;
	d->k = k;
	d->fanouts = fanouts;
	d->end = end;
	d->arg = arg;
	for (size_t i = 0; i < sizeof d->lists / sizeof d->lists[0]; i++)
		TAILQ_INIT(&d->lists[i]);
	deliver_look(d, true);
	return d;
}

static void
waiter_free(struct deliver *d, struct waiter *w)
{
	TAILQ_REMOVE(&d->lists[w->state], w, link);
	d->n_in[w->state]--;
	(void)tdelete(w, &d->by_account, by_account);
	d->n--;
	free(w);
}

void
deliver_free(struct deliver *d)
{
	if (d == NULL)
		return;
	for (size_t i = 0; i < sizeof d->lists / sizeof d->lists[0]; i++)
		while (!TAILQ_EMPTY(&d->lists[i]))
			waiter_free(d, TAILQ_FIRST(&d->lists[i]));
	free(d);
}

/* At the end of its list; among those that wait for a time, where that belongs. */
static void
place(struct deliver *d, struct waiter *w)
{
	struct waiter	*before = w->state == LATER ? TAILQ_LAST(&d->lists[LATER], waiters) : NULL;

	d->n_in[w->state]++;
	if (w->state != LATER) {
		TAILQ_INSERT_TAIL(&d->lists[w->state], w, link);
		return;
	}
	while (before != NULL && before->due_at > w->due_at)
		before = TAILQ_PREV(before, waiters, link);
	if (before == NULL)
		TAILQ_INSERT_HEAD(&d->lists[LATER], w, link);
	else
		TAILQ_INSERT_AFTER(&d->lists[LATER], before, w, link);
}

static void
waiter_put(struct deliver *d, struct waiter *w, enum waiting state)
{
	TAILQ_REMOVE(&d->lists[w->state], w, link);
	d->n_in[w->state]--;
	w->state = state;
	place(d, w);
}

static struct waiter *
waiter_find(const struct deliver *d, uint64_t account_id)
{
	const struct waiter	 key = { .account_id = account_id };
	void			*node = tfind(&key, &d->by_account, by_account);

	return node == NULL ? NULL : *(struct waiter *const *)node;
}

void
deliver_wake(struct deliver *d, uint64_t account_id, bool anew)
{
	struct waiter		*w = waiter_find(d, account_id);
	struct wire_send	 s;

	if (w == NULL) {
		if (d->n == WAITERS_MAX || (w = calloc(1, sizeof *w)) == NULL)
			return;
		w->account_id = account_id;
		w->deliver = d;
		w->state = READY;
		if (tsearch(w, &d->by_account, by_account) == NULL) {
			free(w);
			return;
		}
		place(d, w);
		d->n++;
		return;
	}
	if (anew)
		w->tries = 0;
	if (w->state == SENDING) {
		w->again = true;
		if (anew && deliver_request(d->k, &w->message, &d->room, &s) == 0)
			fanout_extend(d->fanouts, w->fanout, account_id, &s);
		sodium_memzero(&d->room, sizeof d->room);
	}
	if (w->state == LATER && anew)
		waiter_put(d, w, READY);
}

void
deliver_next(struct deliver *d, uint64_t account_id)
{
	struct waiter	*w = waiter_find(d, account_id);

	if (w == NULL)
		deliver_wake(d, account_id, false);
	else if (w->state == LATER && !w->unstored) {
		w->tries = 0;		/* they were the other's */
		waiter_put(d, w, READY);
	}
}

static int
take_first(void *arg, const void *record)
{
	memcpy(arg, record, sizeof(struct message));
	return 1;
}

bool
deliver_first(struct deliver *d, uint64_t account_id, struct message *m)
{
	m->to_account = account_id;
	return table_each_of(&d->k->db, &message_kind, TABLE_MESSAGE_BY_RECIPIENT, 1, m, 1, take_first, m) == 1;
}

static void
date_line(int64_t at_ms, char line[64])
{
	time_t		t = (time_t)(at_ms / 1000);
	struct tm	tm;

	line[0] = '\0';
	if (at_ms == 0)
		return;
	(void)gmtime_r(&t, &tm);
	(void)strftime(line, 64, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
}

int
deliver_headers(const struct message *m, int64_t date, struct span more, struct deliver_headers *h)
{
	char	line[64];
	int	n;

	date_line(date, line);
	n = snprintf(h->text, sizeof h->text, "%sMessage-UUID: %s\r\nMessage-Version: %u\r\n%.*s", line, m->uuid, (unsigned)m->api_version,
	    (int)more.n, more.s == NULL ? "" : more.s);
	if (n < 0 || (size_t)n >= sizeof h->text)
		return ERR_TOO_LARGE;
	h->n = (size_t)n;
	return 0;
}

int
deliver_request(struct keeper *k, const struct message *m, struct deliver_room *room, struct wire_send *s)
{
	struct payload	p;
	int		rc;

	if ((rc = payload_get(&k->db, m->seq, &p, room->payload)) != 0 ||
	    (rc = deliver_headers(m, m->received, p.headers, &room->headers)) != 0)
		return rc;
	(void)snprintf(room->from, sizeof room->from, "<sip:%s@%s>", m->sender[0] == '\0' ? m->from : m->sender,
	    k->conf.domains[0]);
	(void)snprintf(room->to, sizeof room->to, "<sip:%s@%s>", m->to, k->conf.domains[0]);
	*s = (struct wire_send){ .method = span_of("MESSAGE"), .from = span_of(room->from), .to = span_of(room->to),
	    .headers = { room->headers.text, room->headers.n }, .content_type = p.content_type, .body = p.body };
	return 0;
}

static void
retry_later(struct deliver *d, struct waiter *w, int64_t wait_ms)
{
	w->due_at = keeper_now(d->k) + wait_ms;
	waiter_put(d, w, LATER);
}

/* After an attempt that failed for now: again in a while, or, when it failed too often, when it registers. */
static void
attempt_failed(struct deliver *d, struct waiter *w, const struct fanout_result *r)
{
	const struct config	*c = &d->k->conf;
	uint32_t		 wait = r->retry_after > c->queue.retry ? r->retry_after : c->queue.retry;
	int64_t			 wait_ms = r->cut ? SOON_MS : (int64_t)wait * 1000;
	bool			 last = !r->cut && ++w->tries >= c->queue.tries && !w->again;
	const struct deliver_end end = { .status = MESSAGE_ENQUEUED, .result = r, .tries = w->tries,
	    .next_try = last ? 0 : keeper_now(d->k) + wait_ms };

	(void)d->end(d->arg, &w->message, &end);
	if (w->again && !r->cut)
		waiter_put(d, w, READY);
	else if (last)
		waiter_free(d, w);
	else
		retry_later(d, w, wait_ms);
}

/* Has w->end written; the account waits for that. */
static void
end_message(struct deliver *d, struct waiter *w)
{
	int	rc;

	w->unstored = true;
	waiter_put(d, w, ENDING);
	if ((rc = d->end(d->arg, &w->message, &w->end)) == 0)
		return;
	if (rc != ERR_NOT_FOUND) {
		retry_later(d, w, SOON_MS);
		return;
	}
	w->unstored = false;
	waiter_put(d, w, READY);
}

static void
end_as(struct deliver *d, struct waiter *w, enum message_status status)
{
	w->end = (struct deliver_end){ .status = status };
	end_message(d, w);
}

void
deliver_stored(struct deliver *d, const struct message *m, enum message_status status, int rc)
{
	struct waiter	*w = waiter_find(d, m->to_account);

	if (w == NULL || w->state != ENDING || w->message.seq != m->seq || w->end.status != status)
		return;		/* it was an attempt, or ended by its age */
	if (rc != 0) {
		retry_later(d, w, SOON_MS);
		return;
	}
	w->unstored = false;
	waiter_put(d, w, READY);
}

static void
on_result(void *arg, const struct fanout_result *r)
{
	struct waiter	*w = arg;
	struct deliver	*d = w->deliver;

	if (!r->taken && !r->unfit) {
		attempt_failed(d, w, r);
		return;
	}
	w->tries = 0;
	w->result = *r;
	w->end = (struct deliver_end){ .status = r->taken ? MESSAGE_DELIVERED : MESSAGE_INVALID_DEVICE, .result = &w->result };
	end_message(d, w);
}

/* Its content goes to the account's devices. */
static void
send(struct deliver *d, struct waiter *w)
{
	struct wire_send	s;
	int			rc;

	if (accounts_bindings(d->k, w->account_id, NULL, NULL) == 0) {
		waiter_free(d, w);		/* not on line: registering wakes it; its content is not opened for nothing */
		return;
	}
	if ((rc = deliver_request(d->k, &w->message, &d->room, &s)) != 0) {
		log_error("queue: the content of message %s can't be read: %s", w->message.id, err_text(rc));
		end_as(d, w, MESSAGE_INVALID_PAYLOAD);
		return;
	}
	waiter_put(d, w, SENDING);
	rc = fanout_start(d->fanouts, w->account_id, &s, on_result, w, &w->fanout);
	if (rc == 0)
		waiter_free(d, w);		/* none of its devices can be reached: registering wakes it */
	else if (rc < 0)
		retry_later(d, w, SOON_MS);
	sodium_memzero(&d->room, sizeof d->room);
}

/* What stands first for the account goes out; what can't ever is ended. */
static void
serve(struct deliver *d, struct waiter *w)
{
	struct account	a = { .id = w->account_id };
	int		rc;

	w->again = false;
	if (w->unstored) {
		end_message(d, w);
		return;
	}
	if (!deliver_first(d, w->account_id, &w->message)) {
		waiter_free(d, w);
		return;
	}
	if (w->message.expires <= keeper_now(d->k)) {
		end_as(d, w, MESSAGE_EXPIRED);
		return;
	}
	if ((rc = table_get(&d->k->db, &account_kind, &a)) == ERR_NOT_FOUND) {
		end_as(d, w, MESSAGE_INVALID_RECIPIENT);
		return;
	}
	sodium_memzero(a.ha1_md5, sizeof a.ha1_md5);
	sodium_memzero(a.ha1_sha256, sizeof a.ha1_sha256);
	if (rc != 0 || !a.enabled)
		waiter_free(d, w);		/* it ages; enabling wakes it */
	else
		send(d, w);
}

static int
note_account(void *arg, struct store_bytes key, struct store_bytes value)
{
	(void)value;
	*(uint64_t *)arg = key.n >= 8 ? be64_get(key.p) : 0;
	return 1;
}

/*
 * The next accounts that have messages, no more than can be served soon: most are not on line and are forgotten again at once, so that a
 * queue of any length takes no memory here.
 */
static void
look(struct deliver *d)
{
	for (int i = 0; i < LOOK_SLICE && d->looking && d->n_in[READY] < READY_MAX; i++) {
		struct store_bytes	from;
		uint8_t			key[8];
		uint64_t		account = 0;

		be64_put(key, d->look_after + 1);
		from = (struct store_bytes){ key, sizeof key };
		(void)store_range(d->k->db.store, TABLE_MESSAGE_BY_RECIPIENT, from, NULL, false, 1, note_account, &account);
		d->looking = account != 0;
		d->look_after = account;
		if (account != 0)
			deliver_wake(d, account, d->look_anew);
	}
	d->look_anew &= d->looking;
}

void
deliver_look(struct deliver *d, bool anew)
{
	d->looking = true;
	d->look_anew |= anew;
	d->look_after = 0;
}

bool
deliver_turn(struct deliver *d)
{
	struct waiter	*w;

	if (d->k->channels[PROC_SIP] == NULL || d->k->stopping)
		return false;
	for (int i = 0; i < STARTS_A_TURN && d->n_in[SENDING] < DELIVER_WINDOW && (w = TAILQ_FIRST(&d->lists[READY])) != NULL; i++)
		serve(d, w);
	return !TAILQ_EMPTY(&d->lists[READY]) && d->n_in[SENDING] < DELIVER_WINDOW;
}

bool
deliver_tick(struct deliver *d)
{
	int64_t		 now = keeper_now(d->k);
	struct waiter	*w;

	if (d->k->channels[PROC_SIP] == NULL || d->k->stopping)
		return false;
	if (d->looking)
		look(d);
	while ((w = TAILQ_FIRST(&d->lists[LATER])) != NULL && w->due_at <= now)
		waiter_put(d, w, READY);
	return d->looking && d->n_in[READY] < READY_MAX;
}

bool
deliver_is_sending(const struct deliver *d, uint64_t account_id, uint64_t seq)
{
	const struct waiter	*w = waiter_find(d, account_id);

	return w != NULL && (w->state == SENDING || w->unstored) && w->message.seq == seq;
}

size_t
deliver_under_way(const struct deliver *d)
{
	return d->n_in[SENDING];
}
