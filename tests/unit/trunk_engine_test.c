/* links: db keeper sipd */
/*
 * The trunk engine between a store and a world of providers that is made here: names with addresses, addresses that answer or do not, a
 * registrar that asks for a password.  The clock is moved by hand.
 */
#include "keeper_fixture.h"

#include <sys/socket.h>

#include "core/err.h"
#include "sipd/keeper/trunk_engine.h"
#include "sipd/keeper/trunks.h"

enum { STEP_MS = 250, HOSTS = 16, S = 1000 };

/* How an address answers. */
struct host {
	struct addr	addr;
	uint32_t	options;	/* code; 0: silence */
	uint32_t	took_ms;
	bool		elsewhere;	/* answers from another address */
	bool		gone;		/* the name has another one now */
	const char	*dial_error;	/* NULL: it takes connections */
	uint32_t	n_options, n_registers, n_dials;
};

struct world {
	struct keeper	*k;
	struct channel	*ours[2], *theirs[2];	/* PROC_SIP, PROC_STREAM: 0, 1 */
	struct host	 hosts[HOSTS];
	size_t		 n_hosts;
	const char	*lookup_error;		/* NULL: it finds all hosts */
	uint32_t	 ttl, lookups;
	/* The registrar. */
	uint32_t	 code, retry_after, min_expires, expires;	/* code 0: silence */
	const char	*realm, *algorithm;	/* realm NULL: it asks for no password */
	bool		 wrong;			/* no password is right */
	bool		 foreign;		/* its challenge came from another address: the front takes it away */
	uint32_t	 n_authorized, n_left;
	unsigned	 nonce;
	char		 last[4096];		/* headers of the last REGISTER */
	char		 call_id[64];
	uint32_t	 cseq;
	uint64_t	 last_flow;
	bool		 held;			/* questions to the sip front are not answered */
};

static struct host *
host_at(struct world *w, const struct addr *a)
{
	for (size_t i = 0; i < w->n_hosts; i++)
		if (addr_eq(&w->hosts[i].addr, a))
			return &w->hosts[i];
	fail_msg("nobody asked for that address");
	return NULL;
}

static void
resolved(struct world *w, uint64_t id)
{
	uint8_t			list[2048];
	int			n = 0;
	struct wire_resolved	r = { .ttl = w->ttl };

	w->lookups++;
	for (size_t i = 0; w->lookup_error == NULL && i < w->n_hosts; i++)
		assert_true(w->hosts[i].gone || (n = target_append(list, (size_t)n, sizeof list, &(struct wire_target){ .addr = w->hosts[i].addr })) > 0);
	r.targets = (struct span){ (const char *)list, (size_t)n };
	r.error = span_of(w->lookup_error == NULL ? "" : w->lookup_error);
	assert_int_equal(channel_send(w->theirs[1], WIRE_RESOLVED, id, &r), 0);
}

static void
dialed(struct world *w, uint64_t id, const struct wire_dial *d)
{
	struct host		*h = host_at(w, &d->target);
	struct wire_dialed	 r = { .error = span_of(h->dial_error == NULL ? "" : h->dial_error), .local = h->addr };

	h->n_dials++;
	if (h->dial_error == NULL)
		r.flow = ++w->last_flow;
	assert_int_equal(channel_send(w->theirs[1], WIRE_DIALED, id, &r), 0);
}

static struct wire_sent
silence(uint32_t ms)
{
	return (struct wire_sent){ .code = 408, .reason = span_of("No Answer"), .ours = true, .took_ms = ms, .expires = EXPIRES_ABSENT };
}

static struct wire_sent
options(struct world *w, const struct wire_send *s)
{
	struct host		*h = host_at(w, &s->target);
	struct wire_sent	 r = { .code = h->options, .reason = span_of("said"), .took_ms = h->took_ms, .source = h->addr };

	h->n_options++;
	if (h->options == 0 || h->took_ms > s->timeout_ms)
		return silence(s->timeout_ms);
	if (h->elsewhere)
		r.source.ip[3] ^= 0x80;
	return r;
}

static struct wire_sent
registered(struct world *w, const struct wire_send *s, uint8_t *list, size_t size)
{
	struct host		*h = host_at(w, &s->target);
	struct wire_sent	 r = { .code = w->code, .reason = span_of("said"), .source = h->addr, .expires = w->expires };
	char			 nonce[16];
	bool			 authorized;

	h->n_registers++;
	assert_true(span_get(s->headers, w->last, sizeof w->last));
	assert_true(s->cseq > w->cseq || !span_is(s->call_id, w->call_id));
	assert_true(span_get(s->call_id, w->call_id, sizeof w->call_id));
	w->cseq = s->cseq;
	authorized = strstr(w->last, "Authorization: Digest") != NULL;
	w->n_authorized += authorized;
	if (w->code == 0 || h->options == 0)
		return silence(s->timeout_ms);
	if (w->realm != NULL && (!authorized || w->wrong)) {
		struct digest_challenge	c = { .realm = span_of(w->realm), .algorithm = span_of(w->algorithm), .qop = span_of("auth") };
		int			n;

		(void)snprintf(nonce, sizeof nonce, "n%u", ++w->nonce);
		c.nonce = span_of(nonce);
		r.code = 401;
		assert_true((n = challenge_append(list, 0, size, &c)) > 0);
		if (!w->foreign)
			r.challenges = (struct span){ (const char *)list, (size_t)n };
		return r;
	}
	w->n_left += strstr(w->last, "Expires: 0\r\n") != NULL;
	r.retry_after = w->retry_after;
	r.min_expires = w->min_expires;
	return r;
}

static void
on_frame(void *arg, const struct frame *frame)
{
	struct world		*w = arg;
	struct wire_send	 s;
	struct wire_dial	 d;
	struct wire_sent	 r;
	uint8_t			 list[512];

	if (frame->type == WIRE_RESOLVE)
		resolved(w, frame->id);
	else if (frame->type == WIRE_DIAL) {
		assert_int_equal(frame_decode(frame, &d), 0);
		dialed(w, frame->id, &d);
	} else if (frame->type == WIRE_SEND && !w->held) {
		assert_int_equal(frame_decode(frame, &s), 0);
		r = span_is(s.method, "OPTIONS") ? options(w, &s) : registered(w, &s, list, sizeof list);
		if (span_is(s.method, "OPTIONS"))
			assert_null(memmem(s.headers.s, s.headers.n, "Authorization", 13));
		assert_int_equal(channel_send(w->theirs[0], WIRE_SENT, frame->id, &r), 0);
	}
}

static void
on_answer(void *arg, const struct frame *frame)
{
	struct world		*w = arg;
	union { struct wire_sent sent; struct wire_resolved resolved; struct wire_dialed dialed; } answer;

	assert_int_equal(frame_decode(frame, &answer), 0);
	assert_int_equal(frame->id >> SENDER_SHIFT, SENDER_TRUNK);
	trunk_engine_answered(w->k->trunks, frame->id, &answer);
}

static void
on_gone(void *arg, int rc)
{
	(void)arg, (void)rc;
}

static void
process_start(struct world *w, int i)
{
	int	fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	w->ours[i] = channel_new(fds[0], on_answer, on_gone, w);
	w->theirs[i] = channel_new(fds[1], on_frame, on_gone, w);
	w->k->channels[i == 0 ? PROC_SIP : PROC_STREAM] = w->ours[i];
}

static void
process_end(struct world *w, int i)
{
	w->k->channels[i == 0 ? PROC_SIP : PROC_STREAM] = NULL;
	trunk_engine_process_gone(w->k->trunks, i == 0 ? PROC_SIP : PROC_STREAM);
	channel_free(w->ours[i]);
	channel_free(w->theirs[i]);
}

static int
setup(void **state)
{
	struct world	*w = calloc(1, sizeof *w);

	w->k = fixture_keeper();
	w->k->conf.qualify.interval = 60;
	w->k->conf.qualify.retry = 10;
	w->k->conf.qualify.lagged_ms = 2000;
	w->k->conf.qualify.timeout = 5;
	w->k->conf.qualify.unknown_after = 3600;
	assert_non_null(w->k->trunks = trunk_engine_new(w->k));
	for (int i = 0; i < 2; i++)
		process_start(w, i);
	w->ttl = 300;
	w->code = 200;
	w->expires = EXPIRES_ABSENT;
	w->algorithm = "SHA-256";
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world	*w = *state;

	trunk_engine_free(w->k->trunks);
	w->k->trunks = NULL;
	for (int i = 0; i < 2; i++) {
		channel_free(w->ours[i]);
		channel_free(w->theirs[i]);
	}
	fixture_free(w->k);
	free(w);
	return 0;
}

/* Everything that is said is heard and answered, until there is silence. */
static void
talk(struct world *w)
{
	for (int i = 0; i < 20; i++) {
		for (int p = 0; p < 2; p++) {
			channel_flush(w->ours[p]);
			channel_read(w->theirs[p]);
			channel_flush(w->theirs[p]);
			channel_read(w->ours[p]);
		}
	}
	store_flush(w->k->db.store);
	assert_int_equal(store_sync(w->k->db.store), 0);
}

static void
run(struct world *w, int64_t ms)
{
	for (; ms > 0; ms -= STEP_MS) {
		fixture_later(w->k, STEP_MS);
		while (trunk_engine_tick(w->k->trunks))
			talk(w);
		talk(w);
	}
}

static struct host *
add_host(struct world *w, const char *addr)
{
	struct host	*h = &w->hosts[w->n_hosts++];

	*h = (struct host){ .options = 200, .took_ms = 41 };
	assert_int_equal(addr_parse(&h->addr, addr), 0);
	return h;
}

static void
put(struct world *w, const struct trunk *t)
{
	struct txn	*txn = txn_new(w->k->db.store);

	table_put(txn, &w->k->db, &trunk_kind, t);
	assert_int_equal(store_commit(txn, NULL, NULL), 0);
	assert_int_equal(store_sync(w->k->db.store), 0);
}

static struct trunk
add_trunk(struct world *w, uint64_t id, bool registers)
{
	struct trunk	t;

	trunk_defaults(&t);
	t.id = id;
	t.registers = registers;
	(void)snprintf(t.name, sizeof t.name, "carrier%d", (int)id);
	(void)snprintf(t.host, sizeof t.host, "sip.example.com");
	(void)snprintf(t.username, sizeof t.username, "carol");
	(void)snprintf(t.password, sizeof t.password, "secret");
	put(w, &t);
	return t;
}

static struct trunk
shown(struct world *w, uint64_t id)
{
	struct trunk	t = { .id = id };

	assert_int_equal(table_get(&w->k->db, &trunk_kind, &t), 0);
	trunk_live(w->k, &t);
	return t;
}

static void
assert_shown(struct world *w, uint64_t id, const char *status, const char *error)
{
	struct trunk	t = shown(w, id);

	assert_string_equal(trunk_status_name((enum trunk_status)t.status), status);
	if (strncmp(t.last_error, error, strlen(error)) != 0 || (error[0] == '\0' && t.last_error[0] != '\0'))
		fail_msg("\"%s\" is not \"%s\"", t.last_error, error);
}

struct search {
	const char	*text;
	int		 n;
};

static int
see_event(void *arg, const void *record)
{
	struct search		*s = arg;
	const struct event	*ev = record;

	s->n += strcmp(ev->module, "trunk") == 0 && strstr(ev->text, s->text) != NULL;
	return 0;
}

static int
events_with(struct world *w, const char *text)
{
	struct search	s = { .text = text };

	(void)table_each(&w->k->db, &event_kind, NULL, 0, see_event, &s);
	return s.n;
}

static void
probed(void **state)
{
	struct world	*w = *state;
	struct host	*h = add_host(w, "192.0.2.1:5060");
	struct trunk	 t;

	(void)add_trunk(w, 1, false);
	assert_shown(w, 1, "", "");
	run(w, 1 * S);
	assert_shown(w, 1, "OK", "");
	t = shown(w, 1);
	assert_int_equal(t.latency_ms, 41);
	assert_int_equal(events_with(w, "OK, 41 ms"), 1);
	run(w, 54 * S);
	assert_int_equal(h->n_options, 1);
	run(w, 10 * S);
	assert_int_equal(h->n_options, 2);
	h->options = 404;				/* any final answer counts */
	run(w, 70 * S);
	assert_shown(w, 1, "OK", "");
	h->took_ms = 2001;
	run(w, 70 * S);
	assert_shown(w, 1, "LAGGED", "");
	h->options = 0;
	run(w, 12 * S);
	assert_shown(w, 1, "UNREACHABLE", "no answer in 4.0 s");
	assert_int_equal(events_with(w, "LAGGED -> UNREACHABLE, no answer in 4.0 s"), 1);
	h->took_ms = 10;
	h->options = 503;
	run(w, 12 * S);
	assert_shown(w, 1, "UNREACHABLE", "503 said");
	run(w, 3610 * S);
	assert_shown(w, 1, "UNKNOWN", "503 said");
	h->options = 200;
	run(w, 70 * S);					/* yet it was tried */
	assert_shown(w, 1, "OK", "");
	assert_int_equal(events_with(w, "UNKNOWN -> OK"), 1);
}

/* qualify.timeout, where that is less than twice lagged_ms, and a trunk's own threshold, which it does not touch. */
static void
given_up(void **state)
{
	struct world	*w = *state;
	struct host	*h = add_host(w, "192.0.2.1:5060");
	struct trunk	 t;

	w->k->conf.qualify.timeout = 3;
	h->options = 0;
	t = add_trunk(w, 1, false);
	run(w, 2 * S);
	assert_shown(w, 1, "UNREACHABLE", "no answer in 3.0 s");
	t.qualify = 4500;
	put(w, &t);
	run(w, 12 * S);
	assert_shown(w, 1, "UNREACHABLE", "no answer in 9.0 s");
}

static void
several_addresses(void **state)
{
	struct world	*w = *state;
	struct host	*a = add_host(w, "192.0.2.1:5060"), *b = add_host(w, "[2001:db8::1]:5070");
	struct addr	 other;
	json_t		*ok = json_object(), *targets;

	a->options = 0;
	b->elsewhere = true;
	(void)add_trunk(w, 1, false);
	run(w, 2 * S);
	assert_shown(w, 1, "OK", "192.0.2.1:5060: no answer in 4.0 s");
	trunk_tell(w->k, &(struct trunk){ .id = 1 }, ok);
	targets = json_object_get(ok, "targets");
	assert_int_equal(json_array_size(targets), 2);
	assert_string_equal(json_string_value(json_object_get(json_array_get(targets, 0), "status")), "UNREACHABLE");
	assert_string_equal(json_string_value(json_object_get(json_array_get(targets, 1), "address")), "[2001:db8::1]:5070");
	assert_string_equal(json_string_value(json_object_get(json_array_get(targets, 1), "status")), "OK");
	assert_memory_equal(json_string_value(json_object_get(json_array_get(targets, 1), "error")), "answers from ", 13);
	json_decref(ok);
	assert_int_equal(trunk_of_source(w->k->trunks, &a->addr, TRANSPORT_UDP), 1);
	assert_int_equal(trunk_of_source(w->k->trunks, &b->addr, TRANSPORT_UDP), 1);
	assert_int_equal(addr_parse(&other, "192.0.2.9:5060"), 0);
	assert_int_equal(trunk_of_source(w->k->trunks, &other, TRANSPORT_UDP), 0);
}

/* The TTL is over: what stays is known as it was, what is gone is no more of it. */
static void
addresses_change(void **state)
{
	struct world	*w = *state;
	struct host	*a = add_host(w, "192.0.2.1:5060"), *b, *c;
	struct trunk	 t;

	w->ttl = 30;
	(void)add_trunk(w, 1, true);
	run(w, 3 * S);
	assert_int_equal(a->n_registers, 1);
	b = add_host(w, "192.0.2.2:5060");
	run(w, 30 * S);
	assert_int_equal(w->lookups, 2);
	assert_true(a->n_options == 1 && b->n_options == 1 && b->n_registers == 0);
	a->gone = true;
	run(w, 31 * S);
	assert_int_equal(b->n_registers, 1);		/* so we register at the one that is left */
	assert_shown(w, 1, "OK", "");
	w->lookup_error = "no such name";
	run(w, 60 * S);
	assert_shown(w, 1, "OK", "no such name; its last addresses are used");
	t = add_trunk(w, 2, false);
	run(w, 2 * S);
	assert_shown(w, 2, "UNREACHABLE", "no such name");
	w->lookup_error = NULL;
	c = add_host(w, "192.0.2.3:5060");
	run(w, 61 * S);
	assert_shown(w, 2, "OK", "");
	assert_true(c->n_options >= 2);
	t.enabled = false;
	put(w, &t);
	assert_shown(w, 2, "DISABLED", "");
	assert_int_equal(trunk_of_source(w->k->trunks, &c->addr, TRANSPORT_UDP), 1);
}

static void
registers(void **state)
{
	struct world	*w = *state;
	struct host	*h = add_host(w, "192.0.2.1:5060");
	struct trunk	 t;
	char		 call_id[64];

	w->realm = "provider";
	w->expires = 600;
	(void)add_trunk(w, 1, true);
	run(w, 2 * S);
	assert_shown(w, 1, "OK", "");
	assert_true(h->n_registers == 2 && w->n_authorized == 1);
	assert_non_null(strstr(w->last, "Expires: 3600\r\n"));
	t = shown(w, 1);
	assert_in_range(t.registration_expires - keeper_now(w->k), 590 * S, 600 * S);
	assert_string_equal(t.realm, "provider");		/* it is remembered */
	assert_int_equal(events_with(w, "its realm is \"provider\""), 1);
	memcpy(call_id, w->call_id, sizeof call_id);
	run(w, 470 * S);
	assert_int_equal(h->n_registers, 2);
	run(w, 45 * S);
	assert_int_equal(h->n_registers, 3);			/* refreshed, with the nonce that it has */
	assert_non_null(strstr(w->last, "nc=00000002"));
	assert_string_equal(w->call_id, call_id);
	/* It does not answer any more. */
	w->code = 0;
	run(w, 600 * S);
	assert_shown(w, 1, "UNREGISTERED", "408 No Answer; next try ");
	assert_int_equal(shown(w, 1).registration_expires, 0);
	w->code = 200;
	run(w, 901 * S);
	assert_shown(w, 1, "OK", "");
}

static void
refused(void **state)
{
	struct world	*w = *state;
	struct host	*h = add_host(w, "192.0.2.1:5060");
	struct trunk	 t;

	w->code = 403;
	t = add_trunk(w, 1, true);
	run(w, 2 * S);
	assert_shown(w, 1, "REJECTED", "403 said; next try ");
	run(w, 890 * S);
	assert_int_equal(h->n_registers, 1);
	run(w, 20 * S);
	assert_int_equal(h->n_registers, 2);
	run(w, 3000 * S);
	assert_int_equal(h->n_registers, 2);
	trunk_engine_retry(w->k->trunks, 1);
	run(w, 1 * S);
	assert_int_equal(h->n_registers, 3);
	w->code = 200;
	t.priority = 7;						/* an edit, too, has it tried again */
	put(w, &t);
	run(w, 1 * S);
	assert_shown(w, 1, "OK", "");
	assert_int_equal(h->n_registers, 4);
	/* The provider says when. */
	w->code = 503;
	w->retry_after = 1234;
	trunk_engine_retry(w->k->trunks, 1);
	run(w, 1 * S);
	assert_shown(w, 1, "OK", "503 said; next try ");	/* for it lasts an hour */
	run(w, 1230 * S);
	assert_int_equal(h->n_registers, 5);
	run(w, 5 * S);
	assert_int_equal(h->n_registers, 6);
}

static void
a_wrong_password(void **state)
{
	struct world	*w = *state;
	struct host	*h = add_host(w, "192.0.2.1:5060");
	struct trunk	 t;

	w->realm = "provider";
	w->wrong = true;
	t = add_trunk(w, 1, true);
	run(w, 2 * S);
	assert_shown(w, 1, "REJECTED", "401 said: username or password are not taken; next try ");
	assert_true(h->n_registers == 2 && w->n_authorized == 1);
	run(w, 800 * S);
	assert_int_equal(h->n_registers, 2);
	w->wrong = false;
	(void)snprintf(t.password, sizeof t.password, "better");
	put(w, &t);
	run(w, 1 * S);
	assert_shown(w, 1, "OK", "");
	assert_string_equal(shown(w, 1).realm, "provider");
	t.password[0] = '\0';
	put(w, &t);
	trunk_engine_retry(w->k->trunks, 1);
	w->n_authorized = 0;
	run(w, 1 * S);
	assert_int_equal(w->n_authorized, 0);
	assert_shown(w, 1, "REJECTED", "401 it asks for a password, and none is set");
}

/* Reliability A7. */
static void
no_password_for_others(void **state)
{
	struct world	*w = *state;
	struct trunk	 t;

	(void)add_host(w, "192.0.2.1:5060");
	w->realm = "provider";
	t = add_trunk(w, 1, true);
	run(w, 2 * S);
	assert_shown(w, 1, "OK", "");
	w->n_authorized = 0;
	w->realm = "elsewhere";
	trunk_engine_retry(w->k->trunks, 1);
	run(w, 1 * S);
	assert_shown(w, 1, "REJECTED", "401 realm \"elsewhere\" asks for the password of \"provider\": none was sent; next try ");
	assert_int_equal(w->n_authorized, 0);
	assert_int_equal(events_with(w, "OK -> REJECTED, 401 realm \"elsewhere\""), 1);
	w->realm = "provider";
	w->foreign = true;
	trunk_engine_retry(w->k->trunks, 1);
	run(w, 1 * S);
	assert_shown(w, 1, "REJECTED", "401 192.0.2.1 asks for a password in no way that we may answer: none was sent");
	assert_int_equal(w->n_authorized, 0);
	assert_int_equal(events_with(w, "still REJECTED: 401 192.0.2.1 asks"), 1);
	w->foreign = false;
	w->algorithm = "SHA-512-256";
	trunk_engine_retry(w->k->trunks, 1);
	run(w, 1 * S);
	assert_shown(w, 1, "REJECTED", "401 it asks for a password with an algorithm");
	assert_int_equal(w->n_authorized, 0);
	w->algorithm = "";
	w->realm = "elsewhere";
	t.realm[0] = '\0';				/* the operator knows that it has another one now */
	put(w, &t);
	run(w, 1 * S);
	assert_shown(w, 1, "OK", "");
	assert_string_equal(shown(w, 1).realm, "elsewhere");
}

static void
the_next_address(void **state)
{
	struct world	*w = *state;
	struct host	*a = add_host(w, "192.0.2.1:5060"), *b = add_host(w, "192.0.2.2:5060");

	a->options = 0;
	(void)add_trunk(w, 1, true);
	run(w, 2 * S);
	assert_shown(w, 1, "OK", "192.0.2.1:5060: no answer");
	assert_int_equal(b->n_registers, 1);
	assert_true(a->n_registers <= 1);
	a->options = 200;
	run(w, 15 * S);
	assert_shown(w, 1, "OK", "");
	run(w, 3500 * S);
	assert_int_equal(b->n_registers, 2);		/* where it is, it stays */
}

static void
over_connections(void **state)
{
	struct world	*w = *state;
	struct host	*h = add_host(w, "192.0.2.1:5061");
	struct trunk	 t;

	h->dial_error = "certificate expired 2014-01-01 00:00:00 UTC";
	t = add_trunk(w, 1, true);
	t.transport = TRANSPORT_TLS - TRANSPORT_UDP;
	put(w, &t);
	run(w, 2 * S);
	assert_shown(w, 1, "UNREACHABLE", "certificate expired 2014-01-01 00:00:00 UTC");
	assert_true(h->n_options == 0 && h->n_registers == 0 && h->n_dials == 1);
	run(w, 31 * S);
	assert_int_equal(h->n_dials, 3);		/* after 10 s, after 20 s */
	h->dial_error = NULL;
	run(w, 61 * S);
	assert_shown(w, 1, "OK", "");
	assert_true(h->n_dials == 4 && h->n_options == 1 && h->n_registers == 1);
	trunk_engine_flow_gone(w->k->trunks, w->last_flow);
	assert_shown(w, 1, "OK", "");			/* it was idle, perhaps */
	run(w, 2 * S);
	assert_true(h->n_dials == 5 && h->n_options == 2 && h->n_registers == 2);
	h->dial_error = "connection refused";
	trunk_engine_flow_gone(w->k->trunks, w->last_flow);
	run(w, 2 * S);
	assert_shown(w, 1, "UNREACHABLE", "connection refused");
	/* One that takes connections and ends them is not dialed without end. */
	h->dial_error = NULL;
	w->held = true;
	trunk_engine_retry(w->k->trunks, 1);
	h->n_dials = 0;
	for (int i = 0; i < 40; i++) {
		trunk_engine_flow_gone(w->k->trunks, w->last_flow);
		run(w, 1 * S);
	}
	assert_in_range(h->n_dials, 1, 4);
	assert_shown(w, 1, "UNREACHABLE", "the connection was closed by the other end");
}

static void
processes_come_back(void **state)
{
	struct world	*w = *state;
	struct host	*h = add_host(w, "192.0.2.1:5060");
	struct trunk	 t = add_trunk(w, 1, true);

	t.transport = TRANSPORT_TCP - TRANSPORT_UDP;
	put(w, &t);
	run(w, 2 * S);
	assert_int_equal(h->n_dials, 1);
	for (int i = 0; i < 2; i++) {
		process_end(w, i);
		fixture_later(w->k, 5 * S);
		(void)trunk_engine_tick(w->k->trunks);
		process_start(w, i);
		run(w, 8 * S);
		assert_shown(w, 1, "OK", "");
		assert_int_equal(h->n_dials, 2 + i);
		assert_int_equal(h->n_registers, 2 + i);
	}
}

static void
takes_its_registration_away(void **state)
{
	struct world	*w = *state;
	struct trunk	 t;
	struct txn	*txn;

	(void)add_host(w, "192.0.2.1:5060");
	w->realm = "provider";
	t = add_trunk(w, 1, true);
	run(w, 2 * S);
	t.enabled = false;
	put(w, &t);
	run(w, 1 * S);
	assert_int_equal(w->n_left, 1);
	assert_shown(w, 1, "DISABLED", "");
	t.enabled = true;
	put(w, &t);
	run(w, 1 * S);
	assert_shown(w, 1, "OK", "");
	(void)snprintf(t.username, sizeof t.username, "dave");
	put(w, &t);
	run(w, 2 * S);
	assert_int_equal(w->n_left, 2);
	assert_shown(w, 1, "OK", "");
	assert_non_null(strstr(w->last, "username=\"dave\""));	/* the new one came after the old one's end */
	txn = txn_new(w->k->db.store);
	table_delete(txn, &w->k->db, &trunk_kind, &t);
	assert_int_equal(store_commit(txn, NULL, NULL), 0);
	run(w, 2 * S);
	assert_int_equal(w->n_left, 3);
	assert_null(trunk_engine_find(w->k->trunks, 1));
}

/* A thousand of them, and a start: spread, and each looked after. */
static void
a_thousand(void **state)
{
	enum { N = 1000 };
	struct world	*w = *state;
	struct host	*h = add_host(w, "192.0.2.1:5060");
	uint64_t	 n[TRUNK_STATUSES];
	uint32_t	 most = 0;
	int64_t		 begun, longest = 0;

	for (uint64_t i = 1; i <= N; i++)
		(void)add_trunk(w, i, true);
	trunk_engine_free(w->k->trunks);
	assert_non_null(w->k->trunks = trunk_engine_new(w->k));
	for (int i = 0; i < 24; i++) {
		uint32_t	before = h->n_registers;

		fixture_later(w->k, STEP_MS);
		begun = clock_boot_us();
		(void)trunk_engine_tick(w->k->trunks);
		longest = clock_boot_us() - begun > longest ? clock_boot_us() - begun : longest;
		talk(w);
		while (trunk_engine_tick(w->k->trunks))
			talk(w);
		talk(w);
		most = h->n_registers - before > most ? h->n_registers - before : most;
	}
	trunk_engine_count(w->k->trunks, n);
	assert_int_equal(n[TRUNK_OK], N);
	assert_int_equal(h->n_registers, N);
	assert_in_range(most, N / 24, N / 5);
	print_message("the longest look took %d us\n", (int)longest);
}

int
main(void)
{
#define T(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest	tests[] = {
		T(probed), T(given_up), T(several_addresses), T(addresses_change), T(registers), T(refused), T(a_wrong_password), T(no_password_for_others),
		T(the_next_address), T(over_connections), T(processes_come_back), T(takes_its_registration_away), T(a_thousand),
	};
#undef T
	return cmocka_run_group_tests(tests, NULL, NULL);
}
