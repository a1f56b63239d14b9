#include "sipd/keeper/trunk_test.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sipd/keeper/keeper.h"
#include "sipd/keeper/trunk_engine.h"
#include "sipd/keeper/trunk_enroll.h"

enum { SENDS_MAX = 4 };

struct trunk_test {
	struct keeper		*k;
	struct trunk		 trunk;
	trunk_step_fn		 fn;
	void			*arg;
	uint64_t		 ask;
	bool			 failed;		/* a step did */
	struct addr		 targets[TARGETS_MAX];
	size_t			 n_targets, at;		/* at: the one that is tested */
	struct trunk_way	 way;
	struct digest_client	 digest;
	char			 call_id[TRUNK_CALL_ID];
	uint32_t		 sends, timeout_ms;
	int64_t			 register_ms;		/* of all its requests together */
};

static void
step(struct trunk_test *t, const char *name, enum step_result result, int64_t ms, const char *what)
{
	const struct trunk_step	s = { .step = name, .result = result, .what = what, .ms = ms };

	t->failed |= result == STEP_FAILED;
	t->fn(t->arg, &s);
}

static void
test_free(struct trunk_test *t)
{
	const struct wire_flow	flow = { .flow = t->way.flow };

	if (t->way.flow != 0 && t->k->channels[PROC_SIP] != NULL)
		(void)channel_send(t->k->channels[PROC_SIP], WIRE_FLOW_CLOSE, 0, &flow);
	asks_drop(t->k->trunks->asks, t->ask);
	t->k->trunks->n_tests--;
	sodium_memzero(t, sizeof *t);
	free(t);
}

void
trunk_test_cancel(struct trunk_test *t)
{
	test_free(t);
}

/* Those that were not reached are told, too. */
static void
finish(struct trunk_test *t, const char *skipped_from)
{
	static const char *const	names[] = { "resolve", "connect", "tls", "options", "register" };
	bool				skipping = false;
	struct trunk_step		end = { .ms = -1 };

	for (size_t i = 0; skipped_from != NULL && i < sizeof names / sizeof names[0]; i++) {
		skipping |= strcmp(names[i], skipped_from) == 0;
		if (skipping)
			step(t, names[i], STEP_SKIPPED, -1, "not tried");
	}
	end.result = t->failed ? STEP_FAILED : STEP_OK;
	t->fn(t->arg, &end);
	test_free(t);
}

static bool
ask(struct trunk_test *t, enum process process, enum wire_type type, asks_fn fn, const void *question)
{
	struct channel	*channel = t->k->channels[process];

	if (channel == NULL || (t->ask = asks_take(t->k->trunks->asks, process, fn, t)) == 0)
		return false;
	return channel_send(channel, type, t->ask, question) == 0;
}

/* "192.0.2.1: " in front, where there are others. */
static void
say_target(const struct trunk_test *t, const char *what, char buf[STEP_TEXT])
{
	char	text[ADDR_TEXT];

	if (t->n_targets > 1)
		(void)snprintf(buf, STEP_TEXT, "%s: %s", addr_text(&t->targets[t->at], text), what);
	else
		(void)snprintf(buf, STEP_TEXT, "%s", what);
}

static void	test_target(struct trunk_test *t);

/* A step of this address failed: the next one may do. */
static void
target_failed(struct trunk_test *t, const char *name, int64_t ms, const char *what, const char *skipped_from)
{
	char			text[STEP_TEXT];
	const struct wire_flow	flow = { .flow = t->way.flow };

	say_target(t, what, text);
	step(t, name, STEP_FAILED, ms, text);
	if (t->way.flow != 0 && t->k->channels[PROC_SIP] != NULL)
		(void)channel_send(t->k->channels[PROC_SIP], WIRE_FLOW_CLOSE, 0, &flow);
	t->way.flow = 0;
	if (++t->at < t->n_targets)
		test_target(t);
	else
		finish(t, skipped_from);
}

static void	send_register(struct trunk_test *t);

static void
on_register(void *arg, const void *answer)
{
	struct trunk_test	*t = arg;
	const struct wire_sent	*s = answer;
	char			 why[STEP_TEXT - 8], text[STEP_TEXT];

	t->ask = 0;
	if (s == NULL) {
		step(t, "register", STEP_FAILED, -1, "a process of ours started again meanwhile: test again");
		finish(t, NULL);
		return;
	}
	t->register_ms += s->took_ms;
	(void)snprintf(why, sizeof why, "%.*s", (int)s->reason.n, s->reason.s == NULL ? "" : s->reason.s);
	if (!s->ours && (s->code == 401 || s->code == 407) && trunk_challenge(&t->digest, &t->trunk, s, why, sizeof why) == NULL &&
	    t->sends < SENDS_MAX) {
		send_register(t);
		return;
	}
	(void)snprintf(text, sizeof text, s->ours && s->code == 408 ? "no answer" : "%u %s", (unsigned)s->code, why);
	step(t, "register", s->code / 100 == 2 ? STEP_OK : STEP_FAILED, t->register_ms, text);
	finish(t, NULL);
}

static void
send_register(struct trunk_test *t)
{
	const struct trunk_registering	 r = { .call_id = t->call_id, .cseq = ++t->sends, .fetch = true };
	struct wire_send		 s;

	if (trunk_request_register(&t->trunk, &r, &t->way, &t->digest, &t->k->trunks->room, &s) != 0 ||
	    !ask(t, PROC_SIP, WIRE_SEND, on_register, &s)) {
		step(t, "register", STEP_FAILED, -1, "it can't be sent now");
		finish(t, NULL);
	}
}

static void
on_options(void *arg, const void *answer)
{
	struct trunk_test	*t = arg;
	const struct wire_sent	*s = answer;
	char			 what[STEP_TEXT - ADDR_TEXT], from[ADDR_TEXT], text[STEP_TEXT];
	bool			 elsewhere;

	t->ask = 0;
	if (s == NULL) {
		target_failed(t, "options", -1, "a process of ours started again meanwhile: test again", "register");
		return;
	}
	elsewhere = s->source.family != ADDR_NONE && t->way.flow == 0 && !addr_same_ip(&s->source, &t->way.target);
	if (s->ours && s->code == 408)
		(void)snprintf(what, sizeof what, "no answer in %u.%u s", (unsigned)(t->timeout_ms / 1000), (unsigned)(t->timeout_ms % 1000 / 100));
	else
		(void)snprintf(what, sizeof what, "%u %.*s%s%s", (unsigned)s->code, (int)s->reason.n, s->reason.s == NULL ? "" : s->reason.s,
		    elsewhere ? ", from " : "", elsewhere ? addr_text(&s->source, from) : "");
	if (!trunk_answer_counts(s->code, s->ours)) {
		target_failed(t, "options", s->ours ? -1 : (int64_t)s->took_ms, what, "register");
		return;
	}
	say_target(t, what, text);
	step(t, "options", STEP_OK, s->took_ms, text);
	if (t->trunk.registers)
		send_register(t);
	else {
		step(t, "register", STEP_SKIPPED, -1, "it does not register");
		finish(t, NULL);
	}
}

static void
send_options(struct trunk_test *t)
{
	struct wire_send	s;

	trunk_request_options(&t->trunk, t->k->conf.domains[0], &t->way, &t->k->trunks->room, &s);
	s.timeout_ms = t->timeout_ms;
	if (!ask(t, PROC_SIP, WIRE_SEND, on_options, &s))
		target_failed(t, "options", -1, "it can't be sent now", "register");
}

/* "TLSv1.3 TLS_AES_256_GCM_SHA384; sip.example.com, *.example.com; until 2027-03-01" */
static void
tls_text(const struct wire_dialed *d, char buf[STEP_TEXT])
{
	time_t		at = (time_t)(d->peer_until / 1000);
	struct tm	tm;
	char		until[32] = "";

	if (d->peer_until != 0 && gmtime_r(&at, &tm) != NULL)
		(void)strftime(until, sizeof until, "; until %Y-%m-%d", &tm);
	(void)snprintf(buf, STEP_TEXT, "%.*s%s%.*s%s", (int)d->tls.n, d->tls.s == NULL ? "" : d->tls.s, d->peer.n > 0 ? "; " : "",
	    (int)(d->peer.n < 300 ? d->peer.n : 300), d->peer.s == NULL ? "" : d->peer.s, until);
}

static void
on_dialed(void *arg, const void *answer)
{
	struct trunk_test		*t = arg;
	const struct wire_dialed	*d = answer;
	bool				 tls = trunk_transport(&t->trunk) == TRANSPORT_TLS;
	char				 what[STEP_TEXT - ADDR_TEXT], text[STEP_TEXT];

	t->ask = 0;
	if (d == NULL) {
		target_failed(t, "connect", -1, "a process of ours started again meanwhile: test again", "tls");
		return;
	}
	(void)span_get(d->error, what, sizeof what);
	if (d->flow == 0 && !d->connected) {
		target_failed(t, "connect", d->connect_ms > 0 ? (int64_t)d->connect_ms : -1, what, "tls");
		return;
	}
	step(t, "connect", STEP_OK, d->connect_ms, addr_text(&t->targets[t->at], text));
	if (d->flow == 0) {
		target_failed(t, "tls", d->tls_ms, what, "options");
		return;
	}
	tls_text(d, text);
	step(t, "tls", tls ? STEP_OK : STEP_SKIPPED, tls ? (int64_t)d->tls_ms : -1, tls ? text : "TCP is not encrypted");
	t->way.flow = d->flow;
	t->way.local = d->local;
	send_options(t);
}

static void
test_target(struct trunk_test *t)
{
	const struct wire_dial	d = { .target = t->targets[t->at], .transport = (uint8_t)trunk_transport(&t->trunk),
	    .name = span_of(t->trunk.host), .timeout_ms = t->k->conf.qualify.timeout * 1000 };

	t->way = (struct trunk_way){ .target = t->targets[t->at] };
	if (trunk_is_connected(&t->trunk)) {
		if (!ask(t, PROC_STREAM, WIRE_DIAL, on_dialed, &d))
			target_failed(t, "connect", -1, "it can't be done now", "tls");
		return;
	}
	if (t->at == 0) {
		step(t, "connect", STEP_SKIPPED, -1, "UDP needs none");
		step(t, "tls", STEP_SKIPPED, -1, "UDP is not encrypted");
	}
	send_options(t);
}

static void
on_resolved(void *arg, const void *answer)
{
	struct trunk_test		*t = arg;
	const struct wire_resolved	*r = answer;
	struct wire_target		 one;
	struct span			 list = r == NULL ? (struct span){ 0 } : r->targets;
	char				 what[STEP_TEXT] = "", text[ADDR_TEXT];
	size_t				 n = 0;

	t->ask = 0;
	while (t->n_targets < TARGETS_MAX && target_next(&list, &one) == 1) {
		if (n < sizeof what - ADDR_TEXT - 2)
			n += (size_t)snprintf(what + n, sizeof what - n, "%s%s", n == 0 ? "" : ", ", addr_text(&one.addr, text));
		t->targets[t->n_targets++] = one.addr;
	}
	if (t->n_targets == 0) {
		(void)snprintf(what, sizeof what, "%.*s", r == NULL ? 0 : (int)r->error.n, r == NULL ? "" : r->error.s);
		step(t, "resolve", STEP_FAILED, r == NULL ? -1 : (int64_t)r->took_ms, what);
		finish(t, "connect");
		return;
	}
	step(t, "resolve", STEP_OK, r->took_ms, what);
	test_target(t);
}

struct trunk_test *
trunk_test_start(struct keeper *k, const struct trunk *trunk, trunk_step_fn fn, void *arg)
{
	struct trunk_test	*t = k->trunks->n_tests == TRUNK_TESTS_MAX ? NULL : calloc(1, sizeof *t);
	struct wire_resolve	 r;
	uint8_t			 random[12];

	if (t == NULL)
		return NULL;
	t->k = k;
	t->trunk = *trunk;
	t->fn = fn;
	t->arg = arg;
	t->timeout_ms = trunk_wait_ms(&k->conf, trunk);
	randombytes_buf(random, sizeof random);
	(void)sodium_bin2hex(t->call_id, sizeof t->call_id, random, sizeof random);
	k->trunks->n_tests++;
	r = (struct wire_resolve){ .host = span_of(t->trunk.host), .port = t->trunk.port, .transport = (uint8_t)trunk_transport(&t->trunk) };
	if (ask(t, PROC_STREAM, WIRE_RESOLVE, on_resolved, &r))
		return t;
	test_free(t);
	return NULL;
}
