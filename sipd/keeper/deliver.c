#include "sipd/keeper/deliver.h"

#include <search.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "core/varint.h"
#include "db/payload.h"
#include "sipd/keeper/accounts.h"
#include "sipd/keeper/keeper.h"

enum { LOOK_SLICE = 64, STARTS_A_TURN = 16, WAITERS_MAX = 1 << 20 };

enum waiting { READY, LATER, SENDING };

/* An account that has messages and may be on line. */
struct waiter {
	uint64_t		 account_id;
	TAILQ_ENTRY(waiter)	 link;
	enum waiting		 state;
	bool			 again;		/* woken while it was being sent something */
	uint32_t		 tries;		/* that failed since it registered */
	int64_t			 due_ms;	/* LATER */
	struct message		 message;	/* SENDING */
	struct fanout		*fanout;	/* SENDING */
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
	struct waiters		 ready, later, sending;
	size_t			 n_sending;
	bool			 looking;	/* for accounts that have messages, after a start */
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
	d->looking = true;
	TAILQ_INIT(&d->ready);
	TAILQ_INIT(&d->later);
	TAILQ_INIT(&d->sending);
	return d;
}

static struct waiters *
list_of(struct deliver *d, const struct waiter *w)
{
	return w->state == READY ? &d->ready : w->state == LATER ? &d->later : &d->sending;
}

static void
waiter_free(struct deliver *d, struct waiter *w)
{
	TAILQ_REMOVE(list_of(d, w), w, link);
	d->n_sending -= w->state == SENDING;
	(void)tdelete(w, &d->by_account, by_account);
	d->n--;
	free(w);
}

void
deliver_free(struct deliver *d)
{
	struct waiters	*const lists[] = { d == NULL ? NULL : &d->ready, d == NULL ? NULL : &d->later, d == NULL ? NULL : &d->sending };

	if (d == NULL)
		return;
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		while (!TAILQ_EMPTY(lists[i]))
			waiter_free(d, TAILQ_FIRST(lists[i]));
	free(d);
}

/* At the end of its list; among those that wait for a time, where that belongs. */
static void
place(struct deliver *d, struct waiter *w)
{
	struct waiter	*before = w->state == LATER ? TAILQ_LAST(&d->later, waiters) : NULL;

	if (w->state != LATER) {
		TAILQ_INSERT_TAIL(list_of(d, w), w, link);
		return;
	}
	while (before != NULL && before->due_ms > w->due_ms)
		before = TAILQ_PREV(before, waiters, link);
	if (before == NULL)
		TAILQ_INSERT_HEAD(&d->later, w, link);
	else
		TAILQ_INSERT_AFTER(&d->later, before, w, link);
}

static void
waiter_put(struct deliver *d, struct waiter *w, enum waiting state)
{
	TAILQ_REMOVE(list_of(d, w), w, link);
	d->n_sending -= w->state == SENDING;
	w->state = state;
	d->n_sending += w->state == SENDING;
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
		TAILQ_INSERT_TAIL(&d->ready, w, link);
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

static int
take_first(void *arg, const void *record)
{
	memcpy(arg, record, sizeof(struct message));
	return 1;
}

static bool
first_message(struct deliver *d, uint64_t account_id, struct message *m)
{
	m->to_account = account_id;
	return table_each_of(&d->k->db, &message_kind, TABLE_MESSAGE_BY_RECIPIENT, 1, m, 1, take_first, m) == 1;
}

static void
date_line(int64_t at_ms, char line[64])
{
	time_t		t = (time_t)(at_ms / 1000);
	struct tm	tm;

	(void)gmtime_r(&t, &tm);
	(void)strftime(line, 64, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
}

int
deliver_request(struct keeper *k, const struct message *m, struct deliver_room *room, struct wire_send *s)
{
	struct payload	p;
	char		date[64];
	int		rc, n;

	if ((rc = payload_get(&k->db, m->seq, &p, room->payload)) != 0)
		return rc;
	date_line(m->received, date);
	(void)snprintf(room->from, sizeof room->from, "<sip:%s@%s>", m->from, k->conf.domains[0]);
	(void)snprintf(room->to, sizeof room->to, "<sip:%s@%s>", m->to, k->conf.domains[0]);
	n = snprintf(room->headers, sizeof room->headers, "%sMessage-UUID: %s\r\nMessage-Version: %u\r\n%.*s", date, m->uuid,
	    (unsigned)m->api_version, (int)p.headers.n, p.headers.s == NULL ? "" : p.headers.s);
	if (n < 0 || (size_t)n >= sizeof room->headers)
		return ERR_TOO_LARGE;
	*s = (struct wire_send){ .method = span_of("MESSAGE"), .from = span_of(room->from), .to = span_of(room->to),
	    .headers = { room->headers, (size_t)n }, .content_type = p.content_type, .body = p.body };
	return 0;
}

static void
retry_later(struct deliver *d, struct waiter *w, uint32_t wait_s)
{
	w->due_ms = clock_boot_ms() + (int64_t)wait_s * 1000;
	waiter_put(d, w, LATER);
}

/* After an attempt that failed for now: again in a while, or, when it failed too often, when it registers. */
static void
attempt_failed(struct deliver *d, struct waiter *w, const struct fanout_result *r)
{
	const struct config	*c = &d->k->conf;
	uint32_t		 wait = r->retry_after > c->queue.retry ? r->retry_after : c->queue.retry;
	bool			 last = ++w->tries >= c->queue.tries && !w->again;
	const struct deliver_end end = { .status = MESSAGE_ENQUEUED, .result = r, .tries = w->tries,
	    .next_try = last ? 0 : keeper_now(d->k) + (int64_t)wait * 1000 };

	(void)d->end(d->arg, &w->message, &end);
	if (w->again)
		waiter_put(d, w, READY);
	else if (last)
		waiter_free(d, w);
	else
		retry_later(d, w, wait);
}

static void
on_result(void *arg, const struct fanout_result *r)
{
	struct waiter			*w = arg;
	struct deliver			*d = w->deliver;
	const struct deliver_end	 end = { .status = r->taken ? MESSAGE_DELIVERED : MESSAGE_INVALID_DEVICE, .result = r };

	if (!r->taken && !r->unfit) {
		attempt_failed(d, w, r);
		return;
	}
	w->tries = 0;
	if (d->end(d->arg, &w->message, &end) != 0)
		retry_later(d, w, d->k->conf.queue.retry);
	else
		waiter_put(d, w, READY);
}

/* What stands first for the account goes out; what can't ever is ended. */
static void
serve(struct deliver *d, struct waiter *w)
{
	const struct deliver_end	 nobody = { .status = MESSAGE_INVALID_RECIPIENT }, damaged = { .status = MESSAGE_INVALID_PAYLOAD };
	struct account			 a = { .id = w->account_id };
	struct wire_send		 s;
	int				 rc;

	w->again = false;
	if (!first_message(d, w->account_id, &w->message)) {
		waiter_free(d, w);
		return;
	}
	if ((rc = table_get(&d->k->db, &account_kind, &a)) == ERR_NOT_FOUND) {
		if (d->end(d->arg, &w->message, &nobody) != 0)
			retry_later(d, w, d->k->conf.queue.retry);
		return;
	}
	sodium_memzero(a.ha1_md5, sizeof a.ha1_md5);
	sodium_memzero(a.ha1_sha256, sizeof a.ha1_sha256);
	if (rc != 0 || !a.enabled) {
		waiter_free(d, w);		/* it ages; enabling wakes it */
		return;
	}
	if ((rc = deliver_request(d->k, &w->message, &d->room, &s)) != 0) {
		log_error("queue: the content of message %s can't be read: %s", w->message.id, err_text(rc));
		if (d->end(d->arg, &w->message, &damaged) != 0)
			retry_later(d, w, d->k->conf.queue.retry);
		return;
	}
	waiter_put(d, w, SENDING);
	if (fanout_start(d->fanouts, w->account_id, &s, on_result, w, &w->fanout) == 0)
		waiter_free(d, w);		/* not on line: registering wakes it */
	sodium_memzero(&d->room, sizeof d->room);
}

static int
note_account(void *arg, struct store_bytes key, struct store_bytes value)
{
	(void)value;
	*(uint64_t *)arg = key.n >= 8 ? be64_get(key.p) : 0;
	return 1;
}

/* The next accounts that have messages, after a start. */
static void
look(struct deliver *d)
{
	for (int i = 0; i < LOOK_SLICE && d->looking; i++) {
		struct store_bytes	from;
		uint8_t			key[8];
		uint64_t		account = 0;

		be64_put(key, d->look_after + 1);
		from = (struct store_bytes){ key, sizeof key };
		(void)store_range(d->k->db.store, TABLE_MESSAGE_BY_RECIPIENT, from, NULL, false, 1, note_account, &account);
		d->looking = account != 0;
		d->look_after = account;
		if (account != 0)
			deliver_wake(d, account, true);
	}
}

void
deliver_look(struct deliver *d)
{
	d->looking = true;
	d->look_after = 0;
}

bool
deliver_turn(struct deliver *d)
{
	struct waiter	*w;

	if (d->k->channels[PROC_SIP] == NULL || d->k->stopping)
		return false;
	for (int i = 0; i < STARTS_A_TURN && d->n_sending < DELIVER_WINDOW && (w = TAILQ_FIRST(&d->ready)) != NULL; i++)
		serve(d, w);
	return !TAILQ_EMPTY(&d->ready) && d->n_sending < DELIVER_WINDOW;
}

void
deliver_tick(struct deliver *d)
{
	int64_t		 now_ms = clock_boot_ms();
	struct waiter	*w;

	if (d->k->channels[PROC_SIP] == NULL || d->k->stopping)
		return;
	if (d->looking)
		look(d);
	while ((w = TAILQ_FIRST(&d->later)) != NULL && w->due_ms <= now_ms)
		waiter_put(d, w, READY);
}

bool
deliver_is_sending(const struct deliver *d, uint64_t account_id, uint64_t seq)
{
	const struct waiter	*w = waiter_find(d, account_id);

	return w != NULL && w->state == SENDING && w->message.seq == seq;
}

size_t
deliver_under_way(const struct deliver *d)
{
	return d->n_sending;
}
