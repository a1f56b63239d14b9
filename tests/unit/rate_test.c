/* links: */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/rate.h"

enum { MINUTE = 60000 };

static const char *
text(const struct rate *r)
{
	static char	buf[16];

	rate_text(r->counts, 5, buf, sizeof buf);
	return buf;
}

static void
test_minutes(void **state)
{
	struct rate	r = { 0 };

	(void)state;
	rate_add(&r, 100 * MINUTE, 0);
	assert_string_equal(text(&r), "_____");
	rate_add(&r, 100 * MINUTE + 1, 3);
	rate_add(&r, 101 * MINUTE - 1, 1);
	rate_add(&r, 102 * MINUTE, 1);
	assert_string_equal(text(&r), "__#_.");
	rate_add(&r, 103 * MINUTE, 2);
	assert_string_equal(text(&r), "_#_.-");
	rate_add(&r, 105 * MINUTE, 0);
	assert_string_equal(text(&r), "_-#__");		/* by the highest that is seen */
}

static void
test_gaps(void **state)
{
	struct rate	r = { 0 };

	(void)state;
	rate_add(&r, 1000 * MINUTE, 9);
	rate_add(&r, 1059 * MINUTE, 0);
	assert_int_equal(r.counts[0], 9);
	rate_add(&r, 1060 * MINUTE, 0);
	for (int i = 0; i < RATE_MINUTES; i++)
		assert_int_equal(r.counts[i], 0);
	rate_add(&r, 1061 * MINUTE, 4);
	rate_add(&r, 1059 * MINUTE, 4);		/* the clock was set back a little: it is now, still */
	assert_int_equal(r.counts[RATE_MINUTES - 1], 8);
	rate_add(&r, MINUTE, 1);		/* and by much: what was is not known any more */
	assert_int_equal(r.counts[RATE_MINUTES - 1], 1);
	assert_int_equal(r.counts[RATE_MINUTES - 2], 0);
}

static void
test_room(void **state)
{
	struct rate	r = { 0 };
	char		small[4], large[RATE_MINUTES + 20];

	(void)state;
	rate_add(&r, 0, UINT32_MAX);
	rate_text(r.counts, RATE_MINUTES, small, sizeof small);
	assert_string_equal(small, "__#");
	rate_text(r.counts, RATE_MINUTES + 10, large, sizeof large);
	assert_int_equal(large[RATE_MINUTES - 1], '#');
	assert_int_equal(large[RATE_MINUTES], '\0');
}

int
main(void)
{
	const struct CMUnitTest	tests[] = { cmocka_unit_test(test_minutes), cmocka_unit_test(test_gaps), cmocka_unit_test(test_room) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
