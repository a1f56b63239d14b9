/* links: db keeper sipd */
/* Refreshes that change nothing but the time: answered at once, written in batches, and never lost where they were promised. */
#include "registrar_rig.h"

#include "sipd/keeper/refresh.h"

static int64_t
latest(struct fixture *f)
{
	struct binding	b = stored(f);

	registrar_latest(f->k->registrar, &b);
	return b.expires_at;
}

static int
count_one(void *arg, struct store_bytes key, struct store_bytes value)
{
	(void)value;
	*(int *)arg += key.n == 16 && memcmp(key.p, "refresh/", 8) == 0;
	return 0;
}

static int
journals(struct fixture *f)
{
	int	n = 0;

	(void)store_range(f->k->db.store, TABLE_META, (struct store_bytes){ "", 0 }, NULL, false, 0, count_one, &n);
	return n;
}

static void
test_refresh(void **state)
{
	struct fixture	*f = *state;
	struct binding	 before, b;

	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	before = stored(f);
	fixture_later(f->k, 100000);
	credentials(f);
	ask(f);
	assert_int_equal(f->answers, 1);			/* at once */
	assert_int_equal(f->answer.code, 200);
	assert_int_equal(f->expires, 300);
	b = stored(f);
	assert_int_equal(b.expires_at, before.expires_at);
	registrar_latest(f->k->registrar, &b);
	assert_in_range(b.expires_at - before.expires_at, 100000, 160000);

	assert_false(registrar_turn(f->k->registrar));		/* not yet */
	crash(f);
	assert_int_equal(latest(f), before.expires_at);		/* gone: it only shortens the binding */
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 401);
	strcpy(f->nonce, f->given);
	f->nc = 0;
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	b.expires_at = latest(f);
	assert_true(b.expires_at > before.expires_at);
	fixture_later(f->k, REFRESH_HOLD_MS);
	assert_true(registrar_turn(f->k->registrar));
	assert_int_equal(store_sync(f->k->db.store), 0);
	assert_int_equal(stored(f).expires_at, before.expires_at);
	crash(f);
	assert_int_equal(latest(f), b.expires_at);		/* from the journal */
	fixture_later(f->k, REFRESH_FOLD_MS);
	assert_true(registrar_turn(f->k->registrar));
	assert_int_equal(store_sync(f->k->db.store), 0);
	assert_int_equal(stored(f).expires_at, b.expires_at);
	assert_int_equal(stored(f).registered_at, before.registered_at);
	assert_int_equal(journals(f), 1);			/* until the next write */
	assert_int_equal(events_with(f, "registered"), 1);	/* refreshes are no events */
}

static void
test_refreshes_written_at_stop(void **state)
{
	struct fixture	*f = *state;
	struct binding	 b;

	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	fixture_later(f->k, 100000);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	b = stored(f);
	registrar_latest(f->k->registrar, &b);
	registrar_stop(f->k->registrar);
	crash(f);
	assert_int_equal(latest(f), b.expires_at);
}

/* A refresh that could not be written is kept, and written when the store takes it. */
static void
test_refresh_survives_failed_write(void **state)
{
	struct fixture	*f = *state;
	struct binding	 b;

	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	fixture_later(f->k, 100000);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	b = stored(f);
	registrar_latest(f->k->registrar, &b);
	store_fault(f->k->db.store, true);
	fixture_later(f->k, REFRESH_HOLD_MS);
	assert_true(registrar_turn(f->k->registrar));
	(void)store_sync(f->k->db.store);
	store_fault(f->k->db.store, false);
	assert_int_equal(journals(f), 0);
	assert_false(registrar_turn(f->k->registrar));			/* not again at once */
	fixture_later(f->k, 2000);
	assert_true(registrar_turn(f->k->registrar));
	(void)store_sync(f->k->db.store);
	assert_int_equal(journals(f), 1);
	store_fault(f->k->db.store, true);				/* the same for the binding itself */
	fixture_later(f->k, REFRESH_FOLD_MS);
	assert_true(registrar_turn(f->k->registrar));
	(void)store_sync(f->k->db.store);
	store_fault(f->k->db.store, false);
	assert_int_equal(latest(f), b.expires_at);
	assert_true(stored(f).expires_at < b.expires_at);
	fixture_later(f->k, 2000);
	assert_true(registrar_turn(f->k->registrar));
	(void)store_sync(f->k->db.store);
	assert_int_equal(stored(f).expires_at, b.expires_at);
}

/* A phone that refreshes all the time: each is on disk in time though none is ever the last, and journals do not pile up. */
static void
test_refreshed_all_the_time(void **state)
{
	struct fixture	*f = *state;
	int64_t		 kept;

	for (int i = 0; i < 200; i++) {
		if (i % 200 == 0)
			challenged(f);
		assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
		fixture_later(f->k, 1000);
		while (registrar_turn(f->k->registrar))
			(void)store_sync(f->k->db.store);
		(void)registrar_tick(f->k->registrar);
		(void)store_sync(f->k->db.store);
		assert_true(journals(f) <= 2);
	}
	kept = latest(f);
	crash(f);
	assert_in_range(kept - latest(f), 0, REFRESH_HOLD_MS + 10000);
	assert_int_equal(registrar_bindings(f->k->registrar), 1);
}

/* What a refresh stands on is not on disk yet: its 200 waits for that, and dies with it. */
static void
test_refresh_of_pending(void **state)
{
	struct fixture	*f = *state;
	uint64_t	 first;

	challenged(f);
	contact(f, "sip:alice@192.0.2.17", 300);
	credentials(f);
	ask(f);
	first = f->id;
	credentials(f);
	ask(f);
	assert_int_equal(f->answers, 0);
	store_fault(f->k->db.store, true);
	f->id = first;						/* the first answer, then the second: both 503 */
	store_flush(f->k->db.store);
	registrar_channel_gone(f->k->registrar, f->ours);	/* ids differ, so only look that nothing is stored */
	(void)store_sync(f->k->db.store);
	store_fault(f->k->db.store, false);
	assert_int_equal(stored(f).account_id, 0);
	f->id += 10;
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
}

/* Many more accounts than one bucket or slice holds, refreshed and written behind. */
static void
test_many_refreshes(void **state)
{
	enum { MANY = 1500 };
	struct fixture	*f = *state;
	struct account	 a;

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < MANY; i++) {
			(void)snprintf(f->user, sizeof f->user, "user%d", i);
			(void)snprintf(f->password, sizeof f->password, "pw-%s", f->user);
			if (round == 0)
				fixture_account(f->k, &a, f->user);
			f->ask.aor_user = span_of(f->user);
			if (reg(f, "sip:x@192.0.2.17", 300) == 401) {	/* stale */
				f->nonce[0] = '\0';
				assert_int_equal(reg(f, "sip:x@192.0.2.17", 300), 200);
			}
			assert_int_equal(f->answer.code, 200);
			assert_int_equal(f->n_contacts, 1);
		}
		fixture_later(f->k, 100000);
	}
	while (registrar_turn(f->k->registrar))
		assert_int_equal(store_sync(f->k->db.store), 0);
	assert_int_equal(journals(f), 2);
	crash(f);
	fixture_later(f->k, REFRESH_FOLD_MS);
	while (registrar_turn(f->k->registrar))
		assert_int_equal(store_sync(f->k->db.store), 0);
	assert_int_equal(table_verify(&f->k->db, &binding_kind, NULL, NULL), 0);
	fixture_later(f->k, 150000 - REFRESH_FOLD_MS);					/* 250 s after the last refresh: nobody is late */
	assert_false(registrar_tick(f->k->registrar));
	assert_int_equal(registrar_bindings(f->k->registrar), MANY);
	fixture_later(f->k, 60000);
	while (registrar_tick(f->k->registrar))
		assert_int_equal(store_sync(f->k->db.store), 0);
	assert_int_equal(registrar_bindings(f->k->registrar), 0);
	assert_int_equal(count_get(&f->k->db, "group/1/registered"), 0);
}

#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_refresh), T(test_refreshes_written_at_stop), T(test_refresh_survives_failed_write),
		T(test_refreshed_all_the_time), T(test_refresh_of_pending), T(test_many_refreshes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
