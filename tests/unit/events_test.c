/* links: db keeper sipd */
/*
 * The event log: its chain over dropped, failed and several-event transactions, a changed past, trimming and floods.
 */
#include "keeper_fixture.h"

#include "core/err.h"
#include "core/varint.h"

static int
verify(struct keeper *k, uint64_t *n, uint64_t *checked)
{
	struct events_check	c = { 0 };
	int			rc;

	while ((rc = events_verify(k->events, &c, 7)) == 1)
		continue;
	*n = c.n;
	*checked = c.checked;
	return rc;
}

static void
must_fit(struct keeper *k, uint64_t events)
{
	uint64_t	n, checked;

	assert_int_equal(store_sync(k->db.store), 0);
	assert_int_equal(verify(k, &n, &checked), 0);
	assert_int_equal(checked, events);
}

static void
add_one(struct keeper *k, const char *text)
{
	struct txn	*txn = txn_new(k->db.store);

	events_add(k->events, txn, EVENT_INFO, "admin", "alice", "root", "%s", text);
	assert_int_equal(store_commit(txn, NULL, NULL), 0);
}

struct last {
	struct event	ev;
	size_t		n;
};

static int
take(void *arg, const void *record)
{
	struct last	*l = arg;

	l->ev = *(const struct event *)record;
	l->n++;
	return 0;
}

static size_t
newest(struct keeper *k, struct event *ev)
{
	struct last	l = { .n = 0 };

	(void)table_each(&k->db, &event_kind, NULL, 0, take, &l);
	*ev = l.ev;
	return l.n;
}

static void
test_chain(void **state)
{
	struct keeper	*k = fixture_keeper();
	struct txn	*txn;
	struct event	 ev;

	(void)state;
	must_fit(k, 0);
	add_one(k, "one");
	txn = txn_new(k->db.store);
	events_add(k->events, txn, EVENT_WARN, "reg", "bob", NULL, "two");
	events_add(k->events, txn, EVENT_INFO, "reg", "bob", NULL, "three %d", 3);
	assert_int_equal(store_commit(txn, NULL, NULL), 0);
	txn = txn_new(k->db.store);				/* never committed: as if it had not been */
	events_add(k->events, txn, EVENT_INFO, "reg", "bob", NULL, "dropped");
	txn_drop(txn);
	add_one(k, "four");
	must_fit(k, 4);
	assert_int_equal(newest(k, &ev), 4);
	assert_string_equal(ev.text, "four");
	assert_string_equal(ev.operator, "root");
	assert_int_equal(ev.n, 4);
	fixture_free(k);
}

static void
test_two_open_transactions(void **state)
{
	struct keeper	*k = fixture_keeper();
	struct txn	*a = txn_new(k->db.store), *b = txn_new(k->db.store);

	(void)state;
	events_add(k->events, a, EVENT_INFO, "reg", "a", NULL, "a");
	events_add(k->events, b, EVENT_INFO, "reg", "b", NULL, "b");
	assert_int_equal(store_commit(b, NULL, NULL), 0);
	assert_int_equal(store_commit(a, NULL, NULL), ERR_CONFLICT);
	add_one(k, "c");
	must_fit(k, 2);
	fixture_free(k);
}

static void
test_failed_batch(void **state)
{
	struct keeper	*k = fixture_keeper();

	(void)state;
	add_one(k, "one");
	assert_int_equal(store_sync(k->db.store), 0);
	store_fault(k->db.store, true);
	add_one(k, "lost");
	(void)store_sync(k->db.store);
	store_fault(k->db.store, false);
	add_one(k, "two");
	must_fit(k, 2);
	fixture_free(k);
}

/* Reliability A10: one flipped byte, or a missing event, is found, and which. */
static void
test_changed_past(void **state)
{
	struct keeper		*k = fixture_keeper();
	uint8_t			 key[16], value[RECORD_MAX];
	struct store_bytes	 raw;
	struct event		 ev;
	struct txn		*txn;
	uint64_t		 n, checked;
	size_t			 len;

	(void)state;
	for (int i = 0; i < 20; i++)
		add_one(k, "something happened");
	must_fit(k, 20);
	(void)newest(k, &ev);
	be64_put(key, (uint64_t)ev.time);
	be64_put(key + 8, ev.n);
	assert_int_equal(store_get(k->db.store, TABLE_EVENT, key, sizeof key, &raw), 0);
	memcpy(value, raw.p, len = raw.n);
	for (size_t i = 0; i < len; i++) {
		value[i] ^= 1;
		txn = txn_new(k->db.store);
		txn_put(txn, TABLE_EVENT, key, sizeof key, value, len);
		assert_int_equal(store_commit(txn, NULL, NULL), 0);
		if (verify(k, &n, &checked) != ERR_CORRUPT)
			fail_msg("byte %zu of %zu", i, len);
		assert_int_equal(n, 20);
		value[i] ^= 1;
	}
	txn = txn_new(k->db.store);
	txn_delete(txn, TABLE_EVENT, key, sizeof key);		/* the newest cut off */
	assert_int_equal(store_commit(txn, NULL, NULL), 0);
	assert_int_equal(verify(k, &n, &checked), ERR_CORRUPT);
	assert_int_equal(n, 20);
	fixture_free(k);
}

static void
test_trim(void **state)
{
	struct keeper	*k = fixture_keeper();
	struct event	 ev;

	(void)state;
	for (int i = 0; i < 600; i++)
		add_one(k, "old");
	fixture_later(k, INT64_C(91) * 86400 * 1000);
	add_one(k, "new");
	while (events_tick(k->events))
		assert_int_equal(store_sync(k->db.store), 0);
	assert_int_equal(newest(k, &ev), 1);
	assert_string_equal(ev.text, "new");
	must_fit(k, 1);
	add_one(k, "newer");
	must_fit(k, 2);
	fixture_free(k);
}

/* How many there are since midnight: days on which nothing happens, midnights that pass, and a trimmed log. */
static void
test_today(void **state)
{
	const int64_t	 day = INT64_C(86400) * 1000;
	struct keeper	*k = fixture_keeper();
	struct events	*again;

	(void)state;
	assert_int_equal(events_today(k->events), 0);
	add_one(k, "one");
	add_one(k, "two");
	assert_int_equal(events_today(k->events), 2);
	fixture_later(k, day);
	assert_int_equal(events_today(k->events), 0);
	add_one(k, "three");
	assert_int_equal(events_today(k->events), 1);
	assert_int_equal(store_sync(k->db.store), 0);
	again = events_new(k);				/* as after a restart */
	assert_int_equal(events_today(again), 1);
	events_free(again);
	fixture_later(k, 3 * day);
	assert_int_equal(events_today(k->events), 0);
	fixture_later(k, 91 * day);
	add_one(k, "four");
	while (events_tick(k->events))
		assert_int_equal(store_sync(k->db.store), 0);
	assert_int_equal(events_today(k->events), 1);
	fixture_free(k);
}

static void
test_flood(void **state)
{
	struct keeper	*k = fixture_keeper();
	struct event	 ev;
	char		 name[32];

	(void)state;
	for (int i = 0; i < 100; i++)
		events_tell(k->events, EVENT_WARN, "auth", "alice", "wrong %d", i);
	assert_int_equal(newest(k, &ev), EVENTS_PER_SUBJECT);
	fixture_later(k, EVENTS_WINDOW_S * 1000);
	(void)events_tick(k->events);
	assert_int_equal(newest(k, &ev), EVENTS_PER_SUBJECT + 1);
	assert_string_equal(ev.text, "90 more like these within 60 s");
	assert_string_equal(ev.subject, "alice");
	for (int i = 0; i < 5000; i++) {			/* each of somebody else */
		(void)snprintf(name, sizeof name, "user%d", i);
		events_tell(k->events, EVENT_WARN, "auth", name, "wrong");
	}
	assert_in_range(newest(k, &ev), EVENTS_PER_SUBJECT + 1, EVENTS_PER_SUBJECT + 1 + EVENTS_PER_MODULE);
	fixture_later(k, EVENTS_WINDOW_S * 1000);
	(void)events_tick(k->events);
	(void)newest(k, &ev);
	assert_string_equal(ev.text, "4800 more like these within 60 s");
	must_fit(k, newest(k, &ev));
	fixture_free(k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chain), cmocka_unit_test(test_two_open_transactions), cmocka_unit_test(test_failed_batch),
		cmocka_unit_test(test_changed_past), cmocka_unit_test(test_trim), cmocka_unit_test(test_today), cmocka_unit_test(test_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
