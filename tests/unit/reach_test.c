/* links: db keeper sipd */
/*
 * Whether an account is reached: every reason alone, which of two comes first, and what the sentence says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "sipd/keeper/failures.h"
#include "sipd/keeper/reach.h"

static const struct reach_facts	well = { .front = true, .enabled = true, .contacts = 2, .reachable = 2, .most = 10, .storing = true };

struct change {
	const char		*name;
	struct reach_facts	 facts;
	enum reach		 call, message, storing;
	const char		*says;
};

static const struct change	cases[] = {
	{ "well", { true, true, 2, 2, 0, 0, 10, true }, REACH_NOW, REACH_NOW, REACH_NOW,
	  "A call or a message would reach bob now, at 2 contacts." },
	{ "one of two answers", { true, true, 2, 2, 1, 0, 10, true }, REACH_NOW, REACH_NOW, REACH_NOW,
	  "A call or a message would reach bob now, at 2 contacts." },
	{ "the only one left answers nothing", { true, true, 2, 1, 1, 0, 10, true }, REACH_SILENT, REACH_SILENT, REACH_NOW,
	  "A call or a message would be sent to bob now, at 1 contact, but is unlikely to reach anybody: no device of it answers what it is asked "
	  "(OPTIONS)." },
	{ "silent, and a message waits", { true, true, 1, 1, 1, 1, 10, true }, REACH_SILENT, REACH_TURN, REACH_NOW,
	  "A call would be sent to bob now, at 1 contact, but is unlikely to reach anybody: no device of it answers what it is asked (OPTIONS); "
	  "a message waits for its turn behind 1 other." },
	{ "others wait", { true, true, 1, 1, 0, 3, 10, true }, REACH_NOW, REACH_TURN, REACH_NOW,
	  "A call would reach bob now, at 1 contact; a message waits for its turn behind 3 others." },
	{ "as many as may", { true, true, 1, 1, 0, 10, 10, true }, REACH_NOW, REACH_TURN, REACH_FULL,
	  "A call would reach bob now, at 1 contact; a message is refused with 480 (as many wait as queue.per_account lets)." },
	{ "not registered", { true, true, 0, 0, 0, 0, 10, true }, REACH_UNREGISTERED, REACH_UNREGISTERED, REACH_NOW,
	  "Neither a call nor a message would reach bob now: it is not registered; a call is refused with 480, a message waits until it registers." },
	{ "not registered, no store", { true, true, 0, 0, 0, 0, 10, false }, REACH_UNREGISTERED, REACH_UNREGISTERED, REACH_NO_STORE,
	  "Neither a call nor a message would reach bob now: it is not registered; a call is refused with 480, a message is refused with 503 "
	  "(the store takes nothing now)." },
	{ "its connection is gone", { true, true, 1, 0, 0, 0, 10, true }, REACH_NO_WAY, REACH_NO_WAY, REACH_NOW,
	  "Neither a call nor a message would reach bob now: no contact of it can be reached, as its connection is gone or its time is over; "
	  "a call is refused with 480, a message waits until it registers again." },
	{ "disabled", { true, false, 1, 1, 0, 0, 10, true }, REACH_DISABLED, REACH_DISABLED, REACH_NOW,
	  "Neither a call nor a message would reach bob now: it is disabled; a call is refused with 403, a message waits until it is enabled." },
	{ "disabled and not registered", { true, false, 0, 0, 0, 5, 10, true }, REACH_DISABLED, REACH_DISABLED, REACH_NOW,
	  "Neither a call nor a message would reach bob now: it is disabled; a call is refused with 403, a message waits until it is enabled." },
	{ "no front", { false, true, 1, 1, 0, 0, 10, true }, REACH_FRONT_AWAY, REACH_FRONT_AWAY, REACH_NOW,
	  "Neither a call nor a message would reach bob now: the SIP process is away just now; a call is refused with 503, a message is refused "
	  "with 503." },
};

static void
each_case(void **state)
{
	char	says[REACH_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct change	*c = &cases[i];

		print_message("%s\n", c->name);
		assert_int_equal(reach_call(&c->facts)->reason, c->call);
		assert_int_equal(reach_message(&c->facts)->reason, c->message);
		assert_int_equal(reach_storing(&c->facts)->reason, c->storing);
		reach_sentence(&c->facts, "bob", says);
		assert_string_equal(says, c->says);
	}
}

/* What is sent has no code to refuse with, what is not sent has one, or waits. */
static void
every_row_is_whole(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 1u << 7; bits++) {
		struct reach_facts	 f = well;
		const struct reach_row	*call, *message;

		f.front = bits & 1;
		f.enabled = bits & 2;
		f.contacts = bits & 4 ? 2 : 0;
		f.reachable = bits & 8 ? f.contacts : 0;
		f.silent = bits & 16 ? f.reachable : 0;
		f.waiting = bits & 32 ? f.most : 0;
		f.storing = bits & 64;
		call = reach_call(&f);
		message = reach_message(&f);
		assert_true(call->sent == (call->code == 0));
		assert_true(call->code == 0 || call->phrase != NULL);
		assert_true(!message->sent || message->code == 0);
		assert_true(message->sent || message->code != 0 || message->wait != NULL);
		assert_true(call->sent || !f.front || !f.enabled || f.reachable == 0);
		assert_true(!message->sent || f.waiting == 0);
	}
}

static void
failures_are_remembered(void **state)
{
	struct failures		*f = failures_new();
	const struct addr	 a = { .family = ADDR_IP4, .ip = { 127, 0, 0, 1 } };

	(void)state;
	assert_null(failures_find(f, 7));
	failures_note(f, 7, FAILURE_PASSWORD, "REGISTER", &a, 1000);
	failures_note(f, 7, FAILURE_LISTS, "INVITE", &a, 2000);
	assert_int_equal(failures_find(f, 7)->n, 2);
	assert_int_equal(failures_find(f, 7)->at, 2000);
	assert_int_equal(failures_find(f, 7)->kind, FAILURE_LISTS);
	assert_string_equal(failures_find(f, 7)->method, "INVITE");
	assert_null(failures_find(f, 8));
	for (uint64_t i = 1; i <= 4; i++)	/* the same bucket: the oldest gives way */
		failures_note(f, 7 + i * 1024, FAILURE_PASSWORD, "REGISTER", &a, 2000 + (int64_t)i);
	assert_null(failures_find(f, 7));
	assert_non_null(failures_find(f, 7 + 1024));
	assert_non_null(failures_find(f, 7 + 4096));
	failures_free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_case), cmocka_unit_test(every_row_is_whole), cmocka_unit_test(failures_are_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
