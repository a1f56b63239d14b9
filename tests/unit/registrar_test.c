/* links: db keeper sipd */
/* What registers, who is told, and how registrations end. */
#include "registrar_rig.h"

#include "sipd/keeper/refresh.h"

static void
test_registers(void **state)
{
	struct fixture	*f = *state;
	struct account	 a = { .id = f->alice.id };
	struct binding	 b;

	contact(f, "sip:alice@192.0.2.17:27537", 300);
	f->ask.authorized = false;
	ask(f);
	assert_int_equal(settle(f), 401);
	assert_true(f->answer.challenge && !f->answer.stale);
	assert_true(f->answer.nonce_sha256.n > 0 && f->answer.nonce_md5.n > 0);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17:27537", 300), 200);
	assert_int_equal(f->n_contacts, 1);
	assert_int_equal(f->expires, 300);
	b = stored(f);
	assert_int_equal(b.account_id, f->alice.id);
	assert_string_equal(b.contact, "sip:alice@192.0.2.17:27537");
	assert_string_equal(b.user_agent, "Phone/1");
	assert_int_equal(registrar_bindings(f->k->registrar), 1);
	assert_int_equal(registrar_accounts(f->k->registrar), 1);
	assert_int_equal(count_get(&f->k->db, "group/1/registered"), 1);
	assert_int_equal(events_with(f, "registered from 192.0.2.17:27537 UDP, 300 s"), 1);
	assert_int_equal(table_get(&f->k->db, &account_kind, &a), 0);
	assert_int_equal(a.status, STATUS_CONNECTED);
	assert_true(a.status_at > 0);

	assert_int_equal(reg(f, "sip:alice@192.0.2.17:27537", 0), 200);
	assert_int_equal(f->n_contacts, 0);
	assert_int_equal(registrar_bindings(f->k->registrar), 0);
	assert_int_equal(registrar_accounts(f->k->registrar), 0);
	assert_int_equal(count_get(&f->k->db, "group/1/registered"), 0);
	assert_int_equal(events_with(f, "unregistered"), 1);
	assert_int_equal(stored(f).account_id, 0);
}

/* Debian's baresip gives up at the sight of SHA-256: it is offered MD5 alone, but what others are offered stays open to it. */
static void
test_offers(void **state)
{
	struct fixture	*f = *state;

	f->ask.user_agent = span_of("baresip v1.0.0 (x86_64/linux)");
	ask(f);
	assert_int_equal(settle(f), 401);
	assert_true(f->answer.nonce_sha256.n == 0 && f->answer.nonce_md5.n > 0);
	f->ask.user_agent = span_of("baresip v2.0.0 (x86_64/linux)");
	challenged(f);
	assert_true(f->answer.nonce_sha256.n > 0 && f->answer.nonce_md5.n > 0);
	f->ask.user_agent = span_of("baresip v1.0.0 (x86_64/linux)");
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
}

/* Promise 1: no 200 before the commit, and none without it. */
static void
test_answer_waits(void **state)
{
	struct fixture	*f = *state;

	challenged(f);
	contact(f, "sip:alice@192.0.2.17", 300);
	credentials(f);
	ask(f);
	assert_int_equal(f->answers, 0);
	assert_int_equal(settle(f), 200);
}

static void
test_failed_commit_is_503(void **state)
{
	struct fixture	*f = *state;

	challenged(f);
	store_fault(f->k->db.store, true);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 503);
		assert_true(f->answer.retry_after > 0);
		assert_int_equal(f->n_contacts, 0);
	}
	store_fault(f->k->db.store, false);
	assert_int_equal(stored(f).account_id, 0);
	assert_int_equal(registrar_bindings(f->k->registrar), 0);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	assert_int_equal(registrar_bindings(f->k->registrar), 1);
}

static void
test_stale_cseq(void **state)
{
	struct fixture	*f = *state;

	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	f->ask.cseq = 0;
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 500);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 30), 423);
	assert_int_equal(f->answer.min_expires, 60);
}

static void
test_expiry(void **state)
{
	struct fixture	*f = *state;

	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	fixture_later(f->k, 200000);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);	/* a refresh, not written yet */
	fixture_later(f->k, 110000);
	assert_false(registrar_tick(f->k->registrar));
	(void)store_sync(f->k->db.store);
	assert_int_equal(registrar_bindings(f->k->registrar), 1);
	fixture_later(f->k, 191000);
	assert_false(registrar_tick(f->k->registrar));
	(void)store_sync(f->k->db.store);
	assert_int_equal(registrar_bindings(f->k->registrar), 0);
	assert_int_equal(registrar_accounts(f->k->registrar), 0);
	assert_int_equal(events_with(f, "expired"), 1);
	assert_int_equal(stored(f).account_id, 0);
}

static void
test_flow_gone(void **state)
{
	struct fixture	*f = *state;

	f->ask.transport = TRANSPORT_TLS;
	f->ask.flow = 77;
	assert_int_equal(reg(f, "sip:alice@192.0.2.17;transport=tls", 300), 200);
	registrar_flow_gone(f->k->registrar, 78);
	registrar_flow_gone(f->k->registrar, 0);
	assert_int_equal(registrar_bindings(f->k->registrar), 1);
	registrar_flow_gone(f->k->registrar, 77);
	(void)store_sync(f->k->db.store);
	assert_int_equal(registrar_bindings(f->k->registrar), 0);
	assert_int_equal(events_with(f, "connection closed"), 1);
}

static void
test_drop(void **state)
{
	struct fixture	*f = *state;

	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	assert_int_equal(reg(f, "sip:alice@192.0.2.18", 300), 200);
	assert_int_equal(reg(f, "sip:alice@192.0.2.19", 300), 200);
	assert_int_equal(f->n_contacts, 3);
	assert_int_equal(registrar_bindings(f->k->registrar), 3);
	assert_int_equal(registrar_accounts(f->k->registrar), 1);
	assert_int_equal(drop(f, "sip:alice@192.0.2.99"), 0);
	assert_int_equal(drop(f, "sip:alice@192.0.2.18"), 1);
	assert_int_equal(registrar_bindings(f->k->registrar), 2);
	assert_int_equal(drop(f, NULL), 2);
	assert_int_equal(registrar_bindings(f->k->registrar), 0);
	assert_int_equal(registrar_accounts(f->k->registrar), 0);
	assert_int_equal(events_with(f, "dropped by root"), 3);
}

struct heard {
	int		added, changed, removed;
	struct binding	last;
};

static void
hear(void *arg, enum registrar_change change, const struct binding *b)
{
	struct heard	*h = arg;

	h->added += change == BINDING_ADDED;
	h->changed += change == BINDING_CHANGED || change == BINDING_REFRESHED;
	h->removed += change == BINDING_REMOVED;
	h->last = *b;
}

static void
test_watch(void **state)
{
	struct fixture	*f = *state;
	struct heard	 h = { .added = 0 };

	registrar_watch(f->k->registrar, hear, &h);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	assert_int_equal(h.added, 1);
	assert_string_equal(h.last.contact, "sip:alice@192.0.2.17");
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	assert_int_equal(h.changed, 1);
	f->ask.user_agent = span_of("Phone/2");
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	assert_int_equal(h.changed, 2);
	assert_string_equal(h.last.user_agent, "Phone/2");
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 0), 200);
	assert_int_equal(h.removed, 1);
	assert_int_equal(h.last.account_id, f->alice.id);
	assert_string_equal(h.last.contact, "sip:alice@192.0.2.17");
	registrar_unwatch(f->k->registrar, hear, &h);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	assert_int_equal(h.added, 1);
}

static void
test_status(void **state)
{
	struct fixture	*f = *state;
	struct account	 a = { .id = f->alice.id };

	f->alice.creation = CREATION_WIZARD;
	f->alice.enabled = false;
	fixture_change(f->k, &f->alice);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);	/* disabled: it registers all the same (A5) */
	assert_int_equal(table_get(&f->k->db, &account_kind, &a), 0);
	assert_int_equal(a.status, STATUS_CREATED);
	assert_int_equal(f->expires, 300);
	f->alice.status = STATUS_INSTALLED;
	fixture_change(f->k, &f->alice);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	assert_int_equal(f->expires, 60);		/* so that it is soon known to be Connected, once it is Activated */
	f->alice.status = STATUS_ACTIVATED;
	fixture_change(f->k, &f->alice);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	assert_int_equal(table_get(&f->k->db, &account_kind, &a), 0);
	assert_int_equal(a.status, STATUS_CONNECTED);
}

static void
test_front_dies_meanwhile(void **state)
{
	struct fixture	*f = *state;

	challenged(f);
	contact(f, "sip:alice@192.0.2.17", 300);
	credentials(f);
	ask(f);
	registrar_channel_gone(f->k->registrar, f->ours);
	(void)store_sync(f->k->db.store);
	collect(f);
	assert_int_equal(f->answers, 0);
	assert_int_equal(registrar_bindings(f->k->registrar), 1);
}

static void
test_restart(void **state)
{
	struct fixture	*f = *state;

	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	registrar_free(f->k->registrar);
	f->k->registrar = registrar_new(f->k);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 401);	/* an old nonce, the count could be a replay */
	assert_true(f->answer.stale);
	f->nonce[0] = '\0';
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	assert_int_equal(f->n_contacts, 1);
}

/* The third REGISTER and later ones go past the store.  Whatever changes is seen by the next one all the same. */
static void
test_recent_accounts(void **state)
{
	struct fixture	*f = *state;
	struct binding	 b;

	for (int i = 0; i < 5; i++) {
		fixture_later(f->k, 10000);
		assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
		assert_int_equal(f->n_contacts, 1);
		assert_int_equal(f->expires, 300);
		b = stored(f);
		registrar_latest(f->k->registrar, &b);
		assert_in_range(b.expires_at - keeper_now(f->k), 240000, 300000);
		assert_int_equal(b.cseq, f->ask.cseq);
	}
	f->ask.cseq -= 3;
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 500);	/* out of order */
	f->ask.cseq += 5;
	strcpy(f->password, "guess");
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 401);
	strcpy(f->password, "pw-alice");
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 30), 423);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);

	strcpy(f->alice.password, "another one");
	digest_set_password(&f->alice, FIXTURE_DOMAIN);
	fixture_change(f->k, &f->alice);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 401);
	strcpy(f->password, "another one");
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);

	strcpy(f->alice.deny, "0.0.0.0/0");
	fixture_change(f->k, &f->alice);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 403);
	f->alice.deny[0] = '\0';
	fixture_change(f->k, &f->alice);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);

	assert_int_equal(drop(f, NULL), 1);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	assert_int_equal(registrar_bindings(f->k->registrar), 1);
	assert_int_equal(events_with(f, "registered from"), 2);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	f->ask.source.port++;						/* a new mapping of its NAT: a change, on disk before the 200 */
	f->answers = 0;
	credentials(f);
	ask(f);
	assert_int_equal(f->answers, 0);
	assert_int_equal(settle(f), 200);
	assert_int_equal(stored(f).source.port, f->ask.source.port);
	assert_int_equal(reg(f, "sip:alice@192.0.2.18", 300), 200);	/* a second device */
	assert_int_equal(f->n_contacts, 2);
	credentials(f);
	ask(f);
	assert_int_equal(f->answers, 1);				/* its refresh needs no disk either */
	assert_int_equal(f->answer.code, 200);
	assert_int_equal(f->n_contacts, 2);
	f->ask.aor_user = span_of("bob");
	assert_int_equal(reg(f, "sip:alice@192.0.2.18", 300), 403);
}

/* Indexes, counts and the event chain after a few thousand random requests, some of them on a failing store. */
static void
test_all_agrees(void **state)
{
	struct fixture		*f = *state;
	struct events_check	 check = { .begun = false };
	struct account		 accounts[8];
	unsigned		 seed = 7;
	uint64_t		 bindings = 0, registered = 0;

	for (int i = 0; i < 8; i++) {
		char	name[16];

		(void)snprintf(name, sizeof name, "user%d", i);
		fixture_account(f->k, &accounts[i], name);
	}
	f->k->conf.reg.overflow = OVERFLOW_REPLACE;
	for (int i = 0; i < 4000; i++) {
		char		uri[64];
		const char	*user = accounts[rand_r(&seed) % 8].username;

		(void)snprintf(f->user, sizeof f->user, "%s", user);
		(void)snprintf(f->password, sizeof f->password, "pw-%s", user);
		f->ask.aor_user = span_of(f->user);
		(void)snprintf(uri, sizeof uri, "sip:%s@192.0.2.%d", user, rand_r(&seed) % 13);
		store_fault(f->k->db.store, rand_r(&seed) % 20 == 0);
		(void)reg(f, uri, rand_r(&seed) % 4 == 0 ? 0 : 60 + (unsigned)rand_r(&seed) % 300);
		if (f->answer.code == 401)
			f->nonce[0] = '\0';
		store_fault(f->k->db.store, false);
		fixture_later(f->k, rand_r(&seed) % 2000);
		if (rand_r(&seed) % 100 == 0) {
			crash(f);
			f->nonce[0] = '\0';
		}
		(void)registrar_tick(f->k->registrar);
		(void)registrar_turn(f->k->registrar);
	}
	registrar_stop(f->k->registrar);
	assert_int_equal(table_verify(&f->k->db, &binding_kind, NULL, NULL), 0);
	assert_int_equal(table_verify(&f->k->db, &account_kind, NULL, NULL), 0);
	while (events_verify(f->k->events, &check, 1000) == 1)
		continue;
	assert_int_equal(events_verify(f->k->events, &check, 1000), 0);
	for (int i = 0; i < 8; i++) {
		int	n;

		f->alice = accounts[i];
		n = drop(f, NULL);
		bindings += (uint64_t)n;
		registered += n > 0;
		if (i == 0)
			assert_int_equal(registrar_bindings(f->k->registrar) > 0, true);
	}
	assert_true(bindings > 0 && registered > 0);
	assert_int_equal(registrar_bindings(f->k->registrar), 0);
	assert_int_equal(registrar_accounts(f->k->registrar), 0);
	assert_int_equal(count_get(&f->k->db, "group/1/registered"), 0);
}

#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_registers), T(test_offers), T(test_answer_waits), T(test_failed_commit_is_503),
		T(test_stale_cseq), T(test_expiry), T(test_flow_gone), T(test_drop), T(test_watch),
		T(test_status), T(test_front_dies_meanwhile), T(test_restart), T(test_recent_accounts),
		T(test_all_agrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
