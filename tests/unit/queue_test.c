/* links: db keeper sipd */
/* What the queue accepts, and how messages end. */
#include "queue_rig.h"

static void
test_accepts_when_durable(void **state)
{
	struct fixture	*f = *state;
	uint64_t	 id = message(f, "alice", "bob", "u1", "one");
	struct message	 m;

	assert_int_equal(f->codes[id], 0);		/* not on disk yet */
	(void)store_sync(f->k->db.store);
	collect(f);
	assert_int_equal(f->codes[id], 202);
	m = first(f);
	assert_string_equal(m.uuid, "u1");
	assert_string_equal(m.from, "alice");
	assert_int_equal(m.to_account, f->bob.id);
	assert_int_equal(m.from_seq, 1);
	assert_int_equal(m.to_seq, 0);
	assert_int_equal(m.size, 3);
	assert_int_equal(m.expires, m.received + LIFE_S * 1000);
	assert_int_equal(queued(f), 1);
	assert_int_equal(said(f, "alice", "nobody", "u2", "x"), 404);
	assert_int_equal(said(f, "alice", "bob", "u3", ""), 400);
	f->k->conf.queue.max_size = 2;
	assert_int_equal(said(f, "alice", "bob", "u4", "xxx"), 413);
	assert_int_equal(queued(f), 1);
}

static void
test_same_uuid(void **state)
{
	struct fixture	*f = *state;
	uint64_t	 a = message(f, "alice", "bob", "u1", "one"), b = message(f, "alice", "bob", "u1", "one");

	assert_int_equal(f->codes[a], 0);
	assert_int_equal(f->codes[b], 0);
	(void)store_sync(f->k->db.store);
	collect(f);
	assert_int_equal(f->codes[a], 202);
	assert_int_equal(f->codes[b], 202);
	assert_int_equal(said(f, "alice", "bob", "u1", "one"), 202);
	assert_int_equal(queued(f), 1);
	assert_int_equal(said(f, "carol", "bob", "u1", "of another"), 202);
	assert_int_equal(queued(f), 2);
	registers(f, &f->bob, 1);
	turns(f);
	ends(f, 200, "OK");
	turns(f);
	ends(f, 200, "OK");
	turns(f);
	assert_int_equal(queued(f), 0);
	assert_int_equal(said(f, "alice", "bob", "u1", "one"), 202);	/* delivered, and still the same */
	turns(f);
	assert_int_equal(queued(f), 0);
	assert_int_equal(f->n_sends, 2);
}

static void
test_quota(void **state)
{
	struct fixture	*f = *state;
	char		 uuid[16];

	for (int i = 0; i < QUOTA; i++) {
		(void)snprintf(uuid, sizeof uuid, "u%d", i);
		assert_int_equal(said(f, "alice", "bob", uuid, "x"), 202);
	}
	assert_int_equal(said(f, "alice", "bob", "over", "x"), 480);
	assert_true(f->retry_after > 0);
	assert_int_equal(said(f, "alice", "carol", "other", "x"), 202);
	assert_int_equal(queued(f), QUOTA + 1);
	registers(f, &f->bob, 1);
	turns(f);
	ends(f, 200, "OK");
	turns(f);
	assert_int_equal(said(f, "alice", "bob", "over", "x"), 202);	/* the refused one is not taken for a copy */
}

static void
test_expires(void **state)
{
	struct fixture	*f = *state;

	assert_int_equal(said(f, "alice", "bob", "u1", "one"), 202);
	f->ask.expires = 60;
	assert_int_equal(said(f, "alice", "carol", "u2", "two"), 202);
	f->ask.expires = EXPIRES_ABSENT;
	fixture_later(f->k, 59 * 1000);
	turns(f);
	assert_int_equal(queued(f), 2);
	fixture_later(f->k, 2 * 1000);
	turns(f);
	assert_int_equal(queued(f), 1);
	assert_int_equal(events_with(f, "EXPIRED after 0 transmissions"), 1);
	registers(f, &f->bob, 1);
	fixture_later(f->k, LIFE_S * 1000);
	while (queue_turn(f->k->queue))
		continue;
	collect(f);
	assert_int_equal(f->n_sends, 0);	/* not even where nobody has looked since */
	turns(f);
	assert_int_equal(queued(f), 0);
	assert_int_equal(events_with(f, "EXPIRED"), 2);
	assert_int_equal(delivered(f), 0);
}

static void
test_expires_while_it_is_sent(void **state)
{
	struct fixture	*f = *state;

	assert_int_equal(said(f, "alice", "bob", "u1", "one"), 202);
	registers(f, &f->bob, 1);
	turns(f);
	fixture_later(f->k, (LIFE_S + 1) * 1000);
	turns(f);
	assert_int_equal(queued(f), 1);
	ends(f, 200, "OK");
	turns(f);
	assert_int_equal(queued(f), 0);
	assert_int_equal(events_with(f, "EXPIRED"), 0);
	assert_int_equal(events_with(f, "DELIVERED"), 1);
}

static void
test_ends(void **state)
{
	struct fixture	*f = *state;
	struct txn	*t;
	struct message	 m;

	assert_int_equal(said(f, "alice", "bob", "u1", "one"), 202);
	assert_int_equal(said(f, "alice", "bob", "u2", "two"), 202);
	assert_int_equal(said(f, "alice", "carol", "u3", "three"), 202);
	m = first(f);
	registers(f, &f->bob, 1);
	turns(f);
	ends(f, 415, "Unsupported Media Type");
	turns(f);
	assert_int_equal(events_with(f, "INVALID_DEVICE after 1 transmission, 415"), 1);
	assert_string_equal(f->sends[1].body, "two");
	ends(f, 486, "Busy Here");
	turns(f);
	t = txn_new(f->k->db.store);
	payload_delete(t, m.seq + 1);
	assert_int_equal(store_commit(t, NULL, NULL), 0);
	fixture_later(f->k, RETRY_S * 1000);
	turns(f);
	assert_int_equal(events_with(f, "INVALID_PAYLOAD"), 1);
	t = txn_new(f->k->db.store);
	table_delete(t, &f->k->db, &account_kind, &f->carol);
	assert_int_equal(store_commit(t, NULL, NULL), 0);
	turns(f);
	assert_int_equal(events_with(f, "INVALID_RECIPIENT"), 1);
	assert_int_equal(queued(f), 0);
	assert_int_equal(f->n_sends, 2);
}

static void
test_disabled(void **state)
{
	struct fixture	*f = *state;

	f->bob.enabled = false;
	fixture_change(f->k, &f->bob);
	registers(f, &f->bob, 1);
	assert_int_equal(said(f, "alice", "bob", "u1", "one"), 202);
	turns(f);
	assert_int_equal(f->n_sends, 0);
	f->bob.enabled = true;
	fixture_change(f->k, &f->bob);
	turns(f);
	assert_int_equal(f->n_sends, 1);
}

static void
test_delete(void **state)
{
	struct fixture	*f = *state;
	struct message	 m, found;

	assert_int_equal(said(f, "alice", "bob", "u1", "one"), 202);
	assert_int_equal(said(f, "alice", "bob", "u2", "two"), 202);
	registers(f, &f->bob, 1);
	turns(f);
	m = first(f);
	assert_int_equal(delete(f, &m), ERR_BUSY);	/* it is being sent */
	ends(f, 486, "Busy Here");
	turns(f);
	assert_int_equal(queue_find(f->k->queue, m.id, &found), 0);
	assert_int_equal(delete(f, &found), 0);
	turns(f);
	assert_int_equal(queue_find(f->k->queue, m.id, &found), ERR_NOT_FOUND);
	assert_int_equal(queued(f), 1);
	assert_int_equal(f->n_sends, 2);		/* what was behind it does not wait for its next try */
	assert_string_equal(f->sends[1].body, "two");
	assert_int_equal(events_with(f, "deleted after 1 transmission"), 1);
}

#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		T(test_accepts_when_durable), T(test_same_uuid), T(test_quota), T(test_expires),
		T(test_expires_while_it_is_sent), T(test_ends), T(test_disabled), T(test_delete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
