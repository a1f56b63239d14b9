/* links: db keeper sipd */
#include "sipd/keeper/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#define NOW INT64_C(1790000000000)

static void
test_limit_and_window(void **state)
{
	struct guard	*g = guard_new(3, 60);

	(void)state;
	assert_int_equal(guard_wait(g, "a", 1, NOW), 0);
	assert_false(guard_failed(g, "a", 1, NOW));
	assert_false(guard_failed(g, "a", 1, NOW + 1000));
	assert_int_equal(guard_wait(g, "a", 1, NOW + 1000), 0);
	assert_true(guard_failed(g, "a", 1, NOW + 2000));		/* said once */
	assert_false(guard_failed(g, "a", 1, NOW + 2000));
	assert_int_equal(guard_wait(g, "a", 1, NOW + 2000), 58);
	assert_int_equal(guard_wait(g, "a", 1, NOW + 59999), 1);
	assert_int_equal(guard_wait(g, "b", 1, NOW + 2000), 0);
	assert_int_equal(guard_wait(g, "a", 1, NOW + 60000), 0);
	assert_false(guard_failed(g, "a", 1, NOW + 60000));		/* a new window */
	guard_free(g);
}

static void
test_no_limit(void **state)
{
	struct guard	*g = guard_new(0, 60);

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_false(guard_failed(g, "a", 1, NOW));
	assert_int_equal(guard_wait(g, "a", 1, NOW), 0);
	guard_set(g, 1, 60);
	assert_true(guard_failed(g, "a", 1, NOW));
	assert_int_equal(guard_wait(g, "a", 1, NOW), 60);
	guard_free(g);
}

/* A million strangers with one failure each do not free the one who is held. */
static void
test_flood_keeps_the_held(void **state)
{
	struct guard	*g = guard_new(3, 60);
	char		 name[32];

	(void)state;
	for (int i = 0; i < 3; i++)
		(void)guard_failed(g, "held", 4, NOW);
	for (int i = 0; i < 1000000; i++) {
		int	n = snprintf(name, sizeof name, "stranger %d", i);

		(void)guard_failed(g, name, (size_t)n, NOW + 1);
	}
	assert_int_equal(guard_wait(g, "held", 4, NOW + 1), 60);
	guard_free(g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limit_and_window), cmocka_unit_test(test_no_limit), cmocka_unit_test(test_flood_keeps_the_held),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
