/* links: db keeper sipd */
/* Who may register: passwords that are guessed, sources that are forged, lists of addresses. */
#include "registrar_rig.h"

static void
test_wrong_password(void **state)
{
	struct fixture	*f = *state;

	strcpy(f->password, "guess");
	for (int i = 0; i < 10; i++) {
		assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 401);
		assert_true(f->answer.challenge);
	}
	assert_int_equal(events_with(f, "auth: wrong password for \"alice\" from 192.0.2.17"), 10);
	assert_int_equal(events_with(f, "10 wrong passwords from 192.0.2.17"), 1);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 503);
	assert_in_range(f->answer.retry_after, 1, 60);
	strcpy(f->password, "pw-alice");				/* even the right one from there is not looked at */
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 503);

	assert_int_equal(addr_parse(&f->ask.source, "192.0.2.99:5060"), 0);	/* the owner registers from elsewhere */
	f->nonce[0] = '\0';
	assert_int_equal(reg(f, "sip:alice@192.0.2.99", 300), 200);

	assert_int_equal(addr_parse(&f->ask.source, "192.0.2.17:27537"), 0);
	f->nonce[0] = '\0';
	fixture_later(f->k, 61000);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
}

/* A neighbour behind the same address guesses: the phone that is registered from there goes on. */
static void
test_registered_phone_is_heard(void **state)
{
	struct fixture	*f = *state;

	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	f->ask.source.port = 40000;
	strcpy(f->password, "guess");
	for (int i = 0; i < 11; i++)
		(void)reg(f, "sip:alice@192.0.2.18", 300);
	assert_int_equal(f->answer.code, 503);
	f->ask.source.port = 27537;
	strcpy(f->password, "pw-alice");
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
}

/* Reliability A5: who forges a source sees no nonce made for it, and what it sends counts against nobody. */
static void
test_forged_source_bans_nobody(void **state)
{
	struct fixture	*f = *state;

	challenged(f);							/* the attacker's own nonce */
	assert_int_equal(addr_parse(&f->ask.source, "198.51.100.7:5060"), 0);
	strcpy(f->password, "guess");
	for (int i = 0; i < 100; i++) {
		assert_int_equal(reg(f, "sip:alice@198.51.100.7", 300), 401);
		assert_true(f->answer.stale);
	}
	assert_int_equal(events_with(f, "wrong password"), 0);
	strcpy(f->password, "pw-alice");
	f->nonce[0] = '\0';
	assert_int_equal(reg(f, "sip:alice@198.51.100.7", 300), 200);
}

/* One account guessed at from many sources: strangers are held, its registered phone is not. */
static void
test_account_is_guarded(void **state)
{
	struct fixture	*f = *state;
	unsigned	 looked_at = 0;

	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	strcpy(f->password, "guess");
	for (int i = 0; i < 300; i++) {
		char	addr[32];

		(void)snprintf(addr, sizeof addr, "203.0.113.%d:5060", i % 250);
		assert_int_equal(addr_parse(&f->ask.source, addr), 0);
		f->nonce[0] = '\0';
		looked_at += reg(f, "sip:alice@192.0.2.18", 300) == 401;
	}
	assert_int_equal(looked_at, 100);
	assert_int_equal(addr_parse(&f->ask.source, "192.0.2.17:27537"), 0);
	strcpy(f->password, "pw-alice");
	f->nonce[0] = '\0';
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
}

/* Reliability A1. */
static void
test_unknown_user_answers_alike(void **state)
{
	struct fixture	*f = *state;

	strcpy(f->password, "guess");
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 401);
	assert_true(f->answer.challenge && !f->answer.stale);
	strcpy(f->user, "nobody");
	f->ask.aor_user = span_of(f->user);
	assert_int_equal(reg(f, "sip:nobody@192.0.2.17", 300), 401);
	assert_true(f->answer.challenge && !f->answer.stale);
	assert_int_equal(events_with(f, "auth: wrong password for \"nobody\" from 192.0.2.17"), 1);
	strcpy(f->user, "x\" from 1.2.3.4");				/* can't pass for another line */
	assert_int_equal(reg(f, "sip:nobody@192.0.2.17", 300), 401);
	assert_int_equal(events_with(f, "wrong password for \"x\\x22\\x20from\\x201.2.3.4\" from 192.0.2.17"), 1);
}

static void
test_acl(void **state)
{
	struct fixture	*f = *state;

	strcpy(f->alice.deny, "0.0.0.0/0.0.0.0");
	strcpy(f->alice.permit, "198.51.100.0/24");
	fixture_change(f->k, &f->alice);
	strcpy(f->password, "guess");
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 401);	/* who does not know the password learns nothing */
	strcpy(f->password, "pw-alice");
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 403);
	assert_int_equal(events_with(f, "refused by permit and deny, from 192.0.2.17"), 1);
	assert_int_equal(stored(f).account_id, 0);
	f->nonce[0] = '\0';
	assert_int_equal(addr_parse(&f->ask.source, "198.51.100.7:5060"), 0);
	assert_int_equal(reg(f, "sip:alice@198.51.100.7", 300), 200);
	f->nonce[0] = '\0';
	assert_int_equal(addr_parse(&f->ask.source, "[2001:db8::1]:5060"), 0);
	assert_int_equal(reg(f, "sip:alice@198.51.100.7", 300), 403);
}

static void
test_whose_address(void **state)
{
	struct fixture	*f = *state;
	struct account	 bob;

	fixture_account(f->k, &bob, "bob");
	f->ask.aor_user = span_of("bob");				/* alice's password, bob's address */
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 403);
	f->ask.aor_user = span_of("alice");
	f->ask.aor_host = span_of("elsewhere.test");
	ask(f);
	assert_int_equal(settle(f), 404);
	f->ask.aor_host = span_of(FIXTURE_DOMAIN);
	f->ask.host = span_of("elsewhere.test");
	ask(f);
	assert_int_equal(settle(f), 404);
	f->ask.host = f->ask.aor_host = span_of("192.0.2.1");		/* where it reached us */
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	f->ask.host = f->ask.aor_host = span_of("192.0.2.2");
	ask(f);
	assert_int_equal(settle(f), 404);
	f->k->conf.n_listens = 1;
	assert_int_equal(addr_parse(&f->k->conf.listens[0].addr, "0.0.0.0:5060"), 0);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);	/* an address that we may well have */
}

#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_wrong_password), T(test_registered_phone_is_heard), T(test_forged_source_bans_nobody),
		T(test_account_is_guarded), T(test_unknown_user_answers_alike), T(test_acl),
		T(test_whose_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
