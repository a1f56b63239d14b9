/* links: tui */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tui/rate.h"

enum { MINUTE = 60000 };

static const char *
text(const struct rate *r)
{
	static char	buf[16];

	rate_text(r, 5, buf, sizeof buf);
	return buf;
}

static void
test_minutes(void **state)
{
	struct rate	r = { 0 };

	(void)state;
	assert_true(rate_is_due(&r, 0));
	rate_take(&r, MINUTE, 1000);	/* what was counted before nobody knows when */
	assert_false(rate_is_due(&r, 2 * MINUTE - 1));
	assert_true(rate_is_due(&r, 2 * MINUTE));
	assert_string_equal(text(&r), "_____");
	rate_take(&r, MINUTE + 1, 1004);
	rate_take(&r, 2 * MINUTE, 1004);
	rate_take(&r, 3 * MINUTE, 1005);
	assert_string_equal(text(&r), "__#_.");
	rate_take(&r, 4 * MINUTE, 1007);
	assert_string_equal(text(&r), "_#_.-");
}

static void
test_a_counter_that_begins_anew(void **state)
{
	struct rate	r = { 0 };

	(void)state;
	rate_take(&r, 0, 50);
	rate_take(&r, 1, 3);
	assert_int_equal(r.counts[0], 3);
	rate_take(&r, 2, 4);
	assert_int_equal(r.counts[0], 4);
}

static void
test_long_gaps(void **state)
{
	struct rate	r = { 0 };

	(void)state;
	rate_take(&r, 0, 0);
	rate_take(&r, 1, 9);
	rate_take(&r, 59 * MINUTE, 9);
	assert_int_equal(r.counts[59], 9);
	rate_take(&r, 60 * MINUTE, 9);
	for (int i = 0; i < RATE_MINUTES; i++)
		assert_int_equal(r.counts[i], 0);
	rate_take(&r, 1000 * MINUTE, 10);
	assert_int_equal(r.counts[0], 1);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_minutes), cmocka_unit_test(test_a_counter_that_begins_anew), cmocka_unit_test(test_long_gaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
