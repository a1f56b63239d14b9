/* links: db keeper sipd */
/* The queue over a store that fails after it had begun, and over fronts that go. */
#include "queue_rig.h"

/* A commit that fails: the sender is told, and nothing of the message is left. */
static void
test_accept_undone(void **state)
{
	struct fixture	*f = *state;
	uint64_t	 a = message(f, "alice", "bob", "u1", "one"), b = message(f, "alice", "bob", "u1", "one");

	store_fault(f->k->db.store, true);
	(void)store_sync(f->k->db.store);
	collect(f);
	assert_int_equal(f->codes[a], 503);
	assert_int_equal(f->codes[b], 503);
	assert_true(f->retry_after > 0);
	assert_int_equal(queued(f), 0);
	assert_int_equal(said(f, "alice", "bob", "u1", "one"), 503);	/* at once: the store takes nothing */
	assert_true(f->retry_after > 0);
	store_fault(f->k->db.store, false);
	assert_int_equal(said(f, "alice", "bob", "u1", "one"), 202);	/* no copy of the one that is not there */
	assert_int_equal(queued(f), 1);
	assert_int_equal(first(f).from_seq, 1);
	for (int i = 0; i < QUOTA - 1; i++) {
		char	uuid[16];

		(void)snprintf(uuid, sizeof uuid, "v%d", i);
		assert_int_equal(said(f, "alice", "bob", uuid, "x"), 202);
	}
	assert_int_equal(said(f, "alice", "bob", "over", "x"), 480);	/* the undone ones do not count */
}

/* The phone has it, but that can't be written: it is not sent again, and the next one waits. */
static void
test_delivery_undone(void **state)
{
	struct fixture	*f = *state;
	struct message	 m;

	assert_int_equal(said(f, "alice", "bob", "u1", "one"), 202);
	assert_int_equal(said(f, "alice", "bob", "u2", "two"), 202);
	registers(f, &f->bob, 1);
	turns(f);
	store_fault(f->k->db.store, true);
	ends(f, 200, "OK");
	for (int i = 0; i < 5; i++) {
		turns(f);
		fixture_later(f->k, SOON);
	}
	assert_int_equal(f->n_sends, 1);
	assert_int_equal(queued(f), 2);
	assert_int_equal(delivered(f), 0);
	m = first(f);
	assert_int_equal(delete(f, &m), ERR_BUSY);
	store_fault(f->k->db.store, false);
	fixture_later(f->k, SOON);
	turns(f);
	assert_int_equal(queued(f), 1);
	assert_int_equal(delivered(f), 1);
	assert_int_equal(f->n_sends, 2);
	assert_string_equal(f->sends[1].body, "two");
	ends(f, 200, "OK");
	turns(f);
	assert_int_equal(queued(f), 0);
	assert_int_equal(delivered(f), 2);
	assert_int_equal(events_with(f, "DELIVERED after 1 transmission"), 2);
}

/* A message that is back after its deletion was undone is not forgotten. */
static void
test_delete_undone(void **state)
{
	struct fixture	*f = *state;
	struct message	 m;

	registers(f, &f->bob, 1);
	(void)message(f, "alice", "bob", "u1", "one");
	ends(f, 486, "Busy Here");
	(void)store_sync(f->k->db.store);
	m = first(f);
	assert_int_equal(delete(f, &m), 0);
	(void)queue_turn(f->k->queue);			/* sees nothing that waits */
	store_fault(f->k->db.store, true);
	(void)store_sync(f->k->db.store);
	store_fault(f->k->db.store, false);
	assert_int_equal(queued(f), 1);
	f->n_sends = 0;
	turns(f);
	assert_int_equal(f->n_sends, 1);
	assert_string_equal(f->sends[0].body, "one");
}

/* The front dies, or says that it stops: no fault of the phone's, and not one of its tries. */
static void
test_front_goes(void **state)
{
	struct fixture	*f = *state;

	assert_int_equal(said(f, "alice", "bob", "u1", "one"), 202);
	registers(f, &f->bob, 1);
	turns(f);
	for (int i = 0; i < TRIES + 1; i++) {
		front_close(f);
		turns(f);
		assert_int_equal(first(f).tries, 0);
		front_open(f);
		fixture_later(f->k, SOON);
		turns(f);
		assert_int_equal(f->n_sends, i + 2);
	}
	for (int i = 0; i < TRIES + 1; i++) {
		ends(f, 0, "Stopping");
		turns(f);
		assert_int_equal(first(f).tries, 0);
		assert_int_equal(first(f).status, MESSAGE_ENQUEUED);
		fixture_later(f->k, SOON);
		turns(f);
		assert_int_equal(f->n_sends, TRIES + i + 3);
	}
	ends(f, 200, "OK");
	turns(f);
	assert_int_equal(queued(f), 0);
}

/* What was being forwarded when the front died is kept: the sender, who got no answer, asks again and is answered. */
static void
test_front_goes_with_a_flight(void **state)
{
	struct fixture	*f = *state;

	registers(f, &f->bob, 1);
	(void)message(f, "alice", "bob", "u1", "one");
	assert_int_equal(f->n_sends, 1);
	front_close(f);
	front_open(f);
	assert_int_equal(said(f, "alice", "bob", "u1", "one"), 202);
	turns(f);
	assert_int_equal(f->n_sends, 2);
	ends(f, 200, "OK");
	turns(f);
	assert_int_equal(queued(f), 0);
}

#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		T(test_accept_undone), T(test_delivery_undone), T(test_delete_undone), T(test_front_goes),
		T(test_front_goes_with_a_flight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
