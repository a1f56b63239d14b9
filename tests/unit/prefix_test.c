#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/err.h"
#include "core/prefix.h"

static void
lists_are_checked(void **state)
{
	static const char *const	good[] = { "", "39", "+39", "+39, 00,1", "*", "+39,*", " 39 , 40 ", "0123456789012345678901234567890" };
	static const char *const	bad[] = { "x", "3 9x", "++39", "39*", "**", "3-9", "01234567890123456789012345678901", "+3+9" };
	char				why[256];

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_int_equal(prefixes_check(good[i], why, sizeof why), 0);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(prefixes_check(bad[i], why, sizeof why), ERR_INVALID);
		assert_non_null(strstr(why, "no prefix"));
	}
	assert_int_equal(prefixes_check("+39, 12a4", why, sizeof why), ERR_INVALID);
	assert_ptr_equal(strstr(why, "'12a4'"), why);
}

static void
the_longest_counts(void **state)
{
	static const struct { const char *list, *number; int n; } cases[] = {
		{ "", "39", -1 }, { "39", "390612", 2 }, { "39,3906", "390612", 4 }, { "3906,39", "390612", 4 }, { "*", "5", 0 }, { "*,5", "55", 1 },
		{ "+39", "39", -1 }, { "+39", "+3906", 3 }, { "390", "39", -1 }, { "40", "39", -1 }, { " 39 ", "39", 2 }, { "*", "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(prefixes_match(cases[i].list, cases[i].number), cases[i].n);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = { cmocka_unit_test(lists_are_checked), cmocka_unit_test(the_longest_counts) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
