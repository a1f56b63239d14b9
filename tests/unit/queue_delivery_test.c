/* links: db keeper sipd */
/* When and in which order the queue delivers, and whom it asks. */
#include "queue_rig.h"

static void
test_order(void **state)
{
	struct fixture	*f = *state;
	struct message	 m;

	assert_int_equal(said(f, "alice", "bob", "u1", "one"), 202);
	assert_int_equal(said(f, "carol", "bob", "u2", "two"), 202);
	assert_int_equal(said(f, "alice", "bob", "u3", "three"), 202);
	turns(f);
	assert_int_equal(f->n_sends, 0);
	registers(f, &f->bob, 1);
	turns(f);
	assert_int_equal(f->n_sends, 1);		/* one at a time */
	assert_string_equal(f->sends[0].body, "one");
	assert_non_null(strstr(f->sends[0].headers, "Message-UUID: u1\r\n"));
	assert_non_null(strstr(f->sends[0].headers, "Date: "));
	ends(f, 486, "Busy Here");
	turns(f);
	assert_int_equal(f->n_sends, 1);		/* two does not overtake it */
	fixture_later(f->k, RETRY_S * 1000);
	turns(f);
	assert_string_equal(f->sends[1].body, "one");
	ends(f, 200, "OK");
	turns(f);
	assert_string_equal(f->sends[2].body, "two");
	assert_int_equal(said(f, "alice", "bob", "u4", "four"), 202);	/* on line, but others wait before it */
	ends(f, 200, "OK");
	turns(f);
	assert_string_equal(f->sends[3].body, "three");
	ends(f, 200, "OK");
	turns(f);
	m = first(f);
	assert_string_equal(m.uuid, "u4");
	assert_string_equal(f->sends[4].body, "four");
	ends(f, 202, "Accepted");
	turns(f);
	assert_int_equal(queued(f), 0);
	assert_int_equal(delivered(f), 4);
	assert_int_equal(events_with(f, "DELIVERED after"), 4);
}

static void
test_next_waits_for_the_disk(void **state)
{
	struct fixture	*f = *state;

	assert_int_equal(said(f, "alice", "bob", "u1", "one"), 202);
	assert_int_equal(said(f, "alice", "bob", "u2", "two"), 202);
	registers(f, &f->bob, 1);
	turns(f);
	ends(f, 200, "OK");
	while (queue_turn(f->k->queue))
		continue;
	collect(f);
	assert_int_equal(f->n_sends, 1);	/* two would make it two that come twice after a crash */
	turns(f);
	assert_string_equal(f->sends[1].body, "two");
}

static void
test_retries(void **state)
{
	struct fixture	*f = *state;
	struct message	 m;

	assert_int_equal(said(f, "alice", "bob", "u1", "one"), 202);
	registers(f, &f->bob, 1);
	for (int i = 1; i <= TRIES; i++) {
		turns(f);
		assert_int_equal(f->n_sends, i);
		ends(f, 486, "Busy Here");
		turns(f);
		m = first(f);
		assert_int_equal(m.tries, i);
		assert_int_equal(m.sent, i);
		assert_string_equal(m.last_error, "486 Busy Here");
		if (i < TRIES)
			assert_in_range(m.next_try, keeper_now(f->k) + (RETRY_S - 5) * 1000, keeper_now(f->k) + RETRY_S * 1000);
		else
			assert_int_equal(m.next_try, 0);
		fixture_later(f->k, (RETRY_S - 5) * 1000);
		turns(f);
		assert_int_equal(f->n_sends, i);
		fixture_later(f->k, 5 * 1000);
	}
	turns(f);
	assert_int_equal(f->n_sends, TRIES);
	registers(f, &f->bob, 1);
	turns(f);
	assert_int_equal(f->n_sends, TRIES + 1);	/* anew */
	ends(f, 408, "No Answer");
	turns(f);
	assert_int_equal(first(f).tries, 1);
	assert_int_equal(queue_retry(f->k->queue, first(f).seq), 0);
	turns(f);
	assert_int_equal(f->n_sends, TRIES + 2);
	ends(f, 486, "Busy Here");
	turns(f);
	assert_int_equal(queue_retry_account(f->k->queue, f->bob.id), 1);
	turns(f);
	assert_int_equal(f->n_sends, TRIES + 3);
	ends(f, 486, "Busy Here");
	queue_retry_all(f->k->queue);
	turns(f);
	assert_int_equal(f->n_sends, TRIES + 4);
	assert_int_equal(queue_retry(f->k->queue, 4711), ERR_NOT_FOUND);
}

/* One that failed so often that it waits for the phone to register again holds up those behind it no longer than it is there itself. */
static void
test_behind_one_that_failed(void **state)
{
	struct fixture	*f = *state;
	struct message	 m;
	char		 why[400];

	f->ask.expires = LIFE_S / 2;
	assert_int_equal(said(f, "alice", "bob", "u1", "one"), 202);
	assert_int_equal(said(f, "alice", "bob", "u2", "two"), 202);
	f->ask.expires = EXPIRES_ABSENT;
	assert_int_equal(said(f, "alice", "bob", "u3", "three"), 202);
	registers(f, &f->bob, 1);
	for (int i = 0; i < TRIES; i++) {
		turns(f);
		ends(f, 486, "Busy Here");
		turns(f);
		fixture_later(f->k, RETRY_S * 1000);
	}
	turns(f);
	assert_int_equal(f->n_sends, TRIES);
	m = first(f);
	queue_why(f->k, &m, why, sizeof why);
	assert_non_null(strstr(why, "when To registers again; last answer 486 Busy Here"));
	assert_int_equal(delete(f, &m), 0);
	turns(f);
	assert_int_equal(f->n_sends, TRIES + 1);
	assert_string_equal(f->sends[TRIES].body, "two");
	for (int i = 0; i < TRIES; i++) {
		ends(f, 486, "Busy Here");
		fixture_later(f->k, RETRY_S * 1000);
		turns(f);
	}
	assert_int_equal(f->n_sends, 2 * TRIES);
	assert_int_equal(first(f).next_try, 0);
	fixture_later(f->k, LIFE_S / 2 * 1000);
	turns(f);
	assert_int_equal(events_with(f, "EXPIRED"), 1);
	assert_int_equal(f->n_sends, 2 * TRIES + 1);
	assert_string_equal(f->sends[2 * TRIES].body, "three");
}

/* Its connection went with the process that had it; what it waits for is told as it is. */
static void
test_no_way(void **state)
{
	struct fixture	*f = *state;
	struct message	 m;
	char		 why[400];

	registers_by(f, &f->bob, 1, TRANSPORT_TCP);
	assert_int_equal(said(f, "alice", "bob", "u1", "one"), 202);
	turns(f);
	assert_int_equal(f->n_sends, 0);
	m = first(f);
	queue_why(f->k, &m, why, sizeof why);
	assert_string_equal(why, "no contact of To can be reached, as its connection is gone; try 1 when it registers again");
}

static void
test_on_line(void **state)
{
	struct fixture	*f = *state;
	uint64_t	 a, b;

	registers(f, &f->bob, 1);
	registers(f, &f->bob, 2);
	a = message(f, "alice", "bob", "u1", "one");
	b = message(f, "alice", "bob", "u1", "one");
	assert_int_equal(f->n_sends, 2);		/* to each device; a copy waits for the answer of the first */
	ends(f, 486, "Busy Here");
	f->n_sends--;
	ends(f, 200, "Fine");
	turns(f);
	assert_int_equal(f->codes[a], 200);
	assert_int_equal(f->codes[b], 200);
	assert_int_equal(said(f, "alice", "bob", "u1", "one"), 200);
	assert_int_equal(queued(f), 0);
	assert_int_equal(delivered(f), 1);
	f->n_sends = 0;
	a = message(f, "alice", "bob", "u2", "two");
	ends(f, 408, "No Answer");
	f->n_sends--;
	assert_int_equal(f->codes[a], 0);
	ends(f, 408, "No Answer");
	(void)store_sync(f->k->db.store);
	collect(f);
	assert_int_equal(f->codes[a], 202);
	assert_string_equal(first(f).last_error, "408 No Answer");
}

#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		T(test_order), T(test_next_waits_for_the_disk), T(test_retries), T(test_behind_one_that_failed),
		T(test_no_way), T(test_on_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
