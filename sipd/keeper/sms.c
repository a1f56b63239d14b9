/*
 * A try: the record becomes SENDING with the time at which it would be tried again, and only when that is on disk is the gateway asked.  So
 * each try is counted, whoever is killed when, and an SMS whose answer was lost is sent again then, not at once: whether it went out is
 * known to the gateway alone, and of none at all and twice the same, twice is better.  When the gateway fails, all wait a little.
 */
#include "sipd/keeper/sms.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/err.h"
#include "core/log.h"
#include "core/varint.h"
#include "core/wire.h"
#include "sipd/keeper/accounts.h"
#include "sipd/keeper/asks.h"
#include "sipd/keeper/events.h"
#include "sipd/keeper/gateway.h"
#include "sipd/keeper/keeper.h"

enum {
	AT_ONCE = 8,				/* tries under way */
	ANSWER_MS = 5000,			/* in which an answer comes back to us, after the gateway's time is over */
	PAUSE_MS = 1000, PAUSE_MAX_MS = 30000,	/* after failures in a row, for each, and at most */
};

/* A try under way. */
struct flight {
	struct sms_engine	*engine;
	uint64_t		 account_id, serial;	/* 0: free */
	uint64_t		 ask;
};

struct sms_engine {
	struct keeper	*k;
	struct asks	*asks;
	struct flight	 flights[AT_ONCE];
	uint32_t	 failures;		/* of the gateway, in a row */
	int64_t		 paused_until;
	char		 said[SMS_ANSWER];	/* the last time */
};

struct sms_engine *
sms_new(struct keeper *k)
{
	struct sms_engine	*e = calloc(1, sizeof *e);

	if (e == NULL || (e->asks = asks_new(SENDER_SMS)) == NULL) {
		free(e);
		return NULL;
	}
	e->k = k;
	return e;
}

void
sms_free(struct sms_engine *e)
{
	if (e == NULL)
		return;
	asks_free(e->asks);
	free(e);
}

static bool
by_program(const struct keeper *k)
{
	return k->conf.sms.command[0] != '\0';
}

int
sms_ready(struct keeper *k, const struct account *a, struct fault *fault)
{
	if (k->conf.sms.url[0] == '\0' && !by_program(k))
		return fault_set(fault, ERR_INVALID, NULL,
		    "there is no SMS gateway: set sms.url or sms.command in the configuration, and reload");
	if (a->caller_id[0] == '\0')
		return fault_set(fault, ERR_INVALID, "caller_id", "is empty, so there is no number to send an SMS to");
	return 0;
}

static int
get(struct keeper *k, uint64_t account_id, struct sms *s)
{
	memset(s, 0, sizeof *s);
	s->account_id = account_id;
	return table_get(&k->db, &sms_kind, s);
}

/* How many wait, and how many were given up: for the status. */
static void
count(struct keeper *k, struct txn *t, const struct sms *s, int by)
{
	if (s->state == SMS_WAITING || s->state == SMS_SENDING)
		count_add(t, &k->db, "sms_waiting", by);
	else if (s->state == SMS_FAILED)
		count_add(t, &k->db, "sms_failed", by);
}

int
sms_send(struct keeper *k, struct txn *t, const struct account *a, enum sms_what what, const char *text, struct fault *fault)
{
	struct sms	before, s = { .account_id = a->id, .what = (uint8_t)what, .state = SMS_WAITING, .was = a->status, .was_at = a->status_at };
	int		rc;

	if ((rc = sms_ready(k, a, fault)) != 0)
		return rc;
	if (strlen(text) >= sizeof s.text)
		return fault_set(fault, ERR_TOO_LARGE, NULL, "the SMS is too long: at most %zu bytes", sizeof s.text - 1);
	s.serial = table_next_id(t, &k->db, "sms");
	s.accepted_at = s.next_at = keeper_now(k);
	memcpy(s.number, a->caller_id, sizeof s.number);
	memcpy(s.text, text, strlen(text));
	if (get(k, a->id, &before) == 0)
		count(k, t, &before, -1);
	count(k, t, &s, 1);
	table_put(t, &k->db, &sms_kind, &s);
	sodium_memzero(s.text, sizeof s.text);
	sodium_memzero(before.text, sizeof before.text);
	return 0;
}

void
sms_delete(struct keeper *k, struct txn *t, uint64_t account_id)
{
	struct sms	s;

	if (get(k, account_id, &s) != 0)
		return;
	count(k, t, &s, -1);
	table_delete(t, &k->db, &sms_kind, &s);
	sodium_memzero(s.text, sizeof s.text);
}

/* Without opening its text. */
void
sms_live(struct keeper *k, struct account *a)
{
	struct store_bytes	value;
	struct sms		s;
	uint8_t			key[8];

	be64_put(key, a->id);
	if (store_get(k->db.store, TABLE_SMS, key, sizeof key, &value) != 0 || record_decode(&sms_kind, &s, NULL, value.p, value.n) != 0)
		return;
	(void)sms_sentence(&s, a->sms, sizeof a->sms);
	a->sms_state = s.state;
	a->sms_at = s.tried_at;
	a->sms_next_at = s.state == SMS_WAITING ? s.next_at : 0;
}

/* What is written of it, in one transaction with what follows from it.  True: it is committed. */
static bool
write_change(struct keeper *k, struct txn *t, const struct sms *before, struct sms *s, store_durable_fn fn, void *arg)
{
	int	rc;

	if (s->state == SMS_SENT || s->state == SMS_FAILED)
		sodium_memzero(s->text, sizeof s->text);
	count(k, t, before, -1);
	count(k, t, s, 1);
	table_put(t, &k->db, &sms_kind, s);
	if ((rc = store_commit(t, fn, arg)) != 0)
		log_error("sms: what became of one was not stored: %s", err_text(rc));
	return rc == 0;
}

static bool
account_of(struct keeper *k, uint64_t id, struct account *a)
{
	memset(a, 0, sizeof *a);
	a->id = id;
	return table_get(&k->db, &account_kind, a) == 0;
}

/* The account takes the step that the SMS was for, unless it went on by itself meanwhile. */
static void
sent(struct keeper *k, struct txn *t, struct sms *s, struct account *a)
{
	s->state = SMS_SENT;
	s->next_at = 0;
	events_add(k->events, t, EVENT_INFO, "sms", a->username, NULL, "%s to %s was taken by the gateway: %s", sms_name(s), s->number,
	    s->answer);
	if (a->status == s->was && a->status_at == s->was_at)
		(void)accounts_step(k, t, NULL, a, s->what == SMS_ACTIVATION ? STEP_ACTIVATION_SENT : STEP_INSTALL_SENT, NULL);
}

static void
not_sent(struct keeper *k, struct txn *t, struct sms *s, const struct account *a, enum gateway_end end)
{
	int64_t	delay = gateway_delay_ms(&k->conf, s->tries, end);
	bool	over = s->tries >= k->conf.sms.tries;

	s->state = over ? SMS_FAILED : SMS_WAITING;
	s->next_at = over ? 0 : keeper_now(k) + delay;
	if (over)
		events_add(k->events, t, EVENT_WARN, "sms", a->username, NULL, "%s to %s was given up after %u tr%s: %s", sms_name(s), s->number,
		    (unsigned)s->tries, s->tries == 1 ? "y" : "ies", s->answer);
	else if (s->tries == 1)
		events_add(k->events, t, EVENT_WARN, "sms", a->username, NULL, "%s to %s failed, next try in %lld s: %s", sms_name(s), s->number,
		    (long long)delay / 1000, s->answer);
}

/* Of one whose answer never came; the next try is due. */
static void
lost(struct keeper *k, struct sms *s)
{
	const struct sms	before = *s;
	struct txn		*t = txn_new(k->db.store);
	struct account		 a;

	(void)snprintf(s->answer, sizeof s->answer, "the daemon was stopped before the gateway answered");
	if (!account_of(k, s->account_id, &a)) {
		txn_drop(t);
		return;
	}
	not_sent(k, t, s, &a, GATEWAY_FAILED);
	if (s->state == SMS_WAITING)
		s->next_at = keeper_now(k);		/* it has waited for that answer */
	(void)write_change(k, t, &before, s, NULL, NULL);
}

/* When the gateway itself fails, the others need not find that out one by one. */
static void
gateway_note(struct sms_engine *e, enum gateway_end end, const char *answer)
{
	int64_t	pause;

	(void)snprintf(e->said, sizeof e->said, "%s", answer);
	if (end == GATEWAY_SENT) {
		e->failures = 0;
		e->paused_until = 0;
		return;
	}
	pause = (int64_t)++e->failures * PAUSE_MS;
	e->paused_until = keeper_now(e->k) + (pause < PAUSE_MAX_MS ? pause : PAUSE_MAX_MS);
}

const char *
sms_trouble(const struct sms_engine *e)
{
	return e->failures > 0 && count_get(&e->k->db, "sms_waiting") > 0 ? e->said : "";
}

static void
end_try(struct flight *f, enum gateway_end end, const char *answer)
{
	struct keeper	*k = f->engine->k;
	struct txn	*t = txn_new(k->db.store);
	struct account	 a;
	struct sms	 before, s;

	gateway_note(f->engine, end, answer);
	if (get(k, f->account_id, &before) != 0 || before.serial != f->serial || before.state != SMS_SENDING ||
	    !account_of(k, f->account_id, &a)) {
		txn_drop(t);		/* its account is gone, or there is a newer one */
	} else {
		s = before;
		(void)snprintf(s.answer, sizeof s.answer, "%s", answer);
		if (end == GATEWAY_SENT)
			sent(k, t, &s, &a);
		else
			not_sent(k, t, &s, &a, end);
		(void)write_change(k, t, &before, &s, NULL, NULL);
		sodium_memzero(&s, sizeof s);
	}
	sodium_memzero(&before, sizeof before);
	f->serial = f->ask = 0;
}

static void
on_fetched(void *arg, const void *answer)
{
	struct flight	*f = arg;
	char		 text[SMS_ANSWER];
	enum gateway_end end;

	if (answer == NULL) {
		end_try(f, GATEWAY_FAILED, "the web process stopped before the gateway answered");
		return;
	}
	end = gateway_judge(&f->engine->k->conf, answer, text);
	end_try(f, end, text);
}

/* "exit status, blank, first line of stderr" */
static void
on_ran(void *arg, const void *answer)
{
	const char	*text = answer;
	struct flight	*f = arg;
	char		 said[SMS_ANSWER], *line;
	int		 status = (int)strtol(text, &line, 10);
	enum gateway_end end = gateway_judge_program(status, line + (*line == ' '), said);

	end_try(f, end, said);
}

void
sms_answered(struct sms_engine *e, uint64_t id, const struct wire_fetched *fetched)
{
	asks_answered(e->asks, id, fetched);
}

void
sms_ran(struct sms_engine *e, const char *text)
{
	char		*rest;
	uint64_t	 id = strtoull(text, &rest, 10);

	asks_answered(e->asks, id, rest + (*rest == ' '));
}

void
sms_process_gone(struct sms_engine *e, enum process p)
{
	if (p == PROC_WEB)
		asks_gone(e->asks, p);
}

static const char *
ask_gateway(struct flight *f, const struct sms *s)
{
	struct keeper		*k = f->engine->k;
	struct channel		*channel = k->channels[PROC_WEB];
	char			 url[GATEWAY_URL];
	struct wire_fetch	 fetch = { .timeout_ms = k->conf.sms.timeout * 1000 };
	const char		*why = NULL;

	if (channel == NULL)
		return "the web process, which asks the gateway, is down";
	if (gateway_url(k->conf.sms.url, s->number, s->text, url, sizeof url) != 0)
		return "it is too long for a URL";
	fetch.url = span_of(url);
	f->ask = asks_take(f->engine->asks, PROC_WEB, on_fetched, f);
	if (channel_send(channel, WIRE_FETCH, f->ask, &fetch) != 0) {
		asks_drop(f->engine->asks, f->ask);
		why = "the web process, which asks the gateway, takes nothing";
	}
	sodium_memzero(url, sizeof url);
	return why;
}

/* Number and text go through a pipe that holds them both: they are nobody's to read on the way. */
static int
words_pipe(const struct sms *s)
{
	char	words[sizeof s->number + sizeof s->text];
	size_t	n = strlen(s->number) + 1, m = strlen(s->text) + 1;
	int	ends[2];
	bool	whole;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
		return -1;
	memcpy(words, s->number, n);
	memcpy(words + n, s->text, m);
	whole = write(ends[1], words, n + m) == (ssize_t)(n + m);	/* at once: it is less than PIPE_BUF */
	sodium_memzero(words, sizeof words);
	close(ends[1]);
	if (!whole)
		close(ends[0]);
	return whole ? ends[0] : -1;
}

static const char *
ask_program(struct flight *f, const struct sms *s)
{
	struct keeper		*k = f->engine->k;
	struct boot_order	 order = { .type = ORDER_RUN, .peer = PROC_SUPERVISOR, .fds = { words_pipe(s), -1, -1 } };
	int			 rc = -EMFILE;

	f->ask = asks_take(f->engine->asks, PROC_SUPERVISOR, on_ran, f);
	(void)snprintf(order.text, sizeof order.text, "%llu", (unsigned long long)f->ask);
	if (order.fds[0] >= 0) {
		rc = boot_send(k->boot->order_fd, &order);
		close(order.fds[0]);
	}
	if (rc == 0)
		return NULL;
	asks_drop(f->engine->asks, f->ask);
	return "the program could not be ordered";
}

/* The try is on disk. */
static void
on_begun(void *arg, int rc)
{
	struct flight	*f = arg;
	struct keeper	*k = f->engine->k;
	struct sms	 s;
	const char	*why;

	if (rc != 0 || k->stopping || get(k, f->account_id, &s) != 0 || s.serial != f->serial) {
		f->serial = 0;		/* it is found again when its time comes, if it is there */
		return;
	}
	why = by_program(k) ? ask_program(f, &s) : k->conf.sms.url[0] != '\0' ? ask_gateway(f, &s) : "there is no SMS gateway any more";
	sodium_memzero(&s, sizeof s);
	if (why != NULL)
		end_try(f, GATEWAY_FAILED, why);
}

static struct flight *
flight_of(struct sms_engine *e, uint64_t serial)
{
	for (size_t i = 0; i < AT_ONCE; i++)
		if (e->flights[i].serial == serial)
			return &e->flights[i];
	return NULL;
}

static void
begin_try(struct sms_engine *e, struct flight *f, struct sms *s)
{
	struct keeper		*k = e->k;
	const struct sms	 before = *s;
	int64_t			 answer = (int64_t)k->conf.sms.timeout * 1000 + ANSWER_MS;
	int64_t			 delay = gateway_delay_ms(&k->conf, s->tries + 1, GATEWAY_FAILED);

	s->state = SMS_SENDING;
	s->tries++;
	s->tried_at = keeper_now(k);
	s->next_at = s->tried_at + (delay > answer ? delay : answer);
	*f = (struct flight){ .engine = e, .account_id = s->account_id, .serial = s->serial };
	if (!write_change(k, txn_new(k->db.store), &before, s, on_begun, f))
		f->serial = 0;
}

struct due {
	uint64_t	ids[AT_ONCE];
	size_t		n;
};

static int
collect(void *arg, struct store_bytes key, struct store_bytes value)
{
	struct due	*d = arg;

	(void)value;
	if (key.n == 16)
		d->ids[d->n++] = be64_get((const uint8_t *)key.p + 8);
	return 0;
}

/* What is to be done about one whose time has come. */
static void
work(struct sms_engine *e, struct sms *s)
{
	struct flight	*under_way = flight_of(e, s->serial), *f = flight_of(e, 0);

	if (under_way != NULL && under_way->ask != 0) {
		asks_drop(e->asks, under_way->ask);
		end_try(under_way, GATEWAY_FAILED, "no answer in time");
	} else if (under_way == NULL && s->state == SMS_SENDING) {
		lost(e->k, s);
	} else if (under_way == NULL && f != NULL && keeper_now(e->k) >= e->paused_until) {
		begin_try(e, f, s);
	}
}

bool
sms_tick(struct sms_engine *e)
{
	struct keeper		*k = e->k;
	uint8_t			 to[8];
	struct store_bytes	 end = { to, sizeof to };
	struct due		 d = { .n = 0 };
	struct sms		 s;

	if (!store_is_taking(k->db.store))
		return false;
	be64_put(to, (uint64_t)keeper_now(k) + 1);
	(void)store_range(k->db.store, TABLE_SMS_BY_NEXT, (struct store_bytes){ 0 }, &end, false, AT_ONCE, collect, &d);
	for (size_t i = 0; i < d.n; i++)
		if (get(k, d.ids[i], &s) == 0)
			work(e, &s);
	sodium_memzero(&s, sizeof s);
	return false;
}
