/* links: */
/* What is offered to somebody who mistyped. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/account.h"
#include "core/nearest.h"

static const char *const	words[] = { "list", "show", "add", "set", "delete", "enable", "disable", "on", "off", NULL };

static const struct {
	const char	*typed, *meant;
} cases[] = {
	{ "list", "list" }, { "LIST", "list" }, { "lst", "list" }, { "lits", "list" }, { "lisst", "list" }, { "shwo", "show" },
	{ "delte", "delete" }, { "enabel", "enable" }, { "dsable", "disable" }, { "of", "off" }, { "frob", "" }, { "", "" }, { "x", "" },
	{ "enablement", "" },
};

static void
test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct nearest	n;

		nearest_begin(&n, cases[i].typed);
		for (size_t w = 0; words[w] != NULL; w++)
			nearest_try(&n, words[w]);
		if (strcmp(n.best, cases[i].meant) != 0)
			fail_msg("%s: '%s', not '%s'", cases[i].typed, n.best, cases[i].meant);
	}
}

/* Nothing is too long. */
static void
test_long(void **state)
{
	struct nearest	n;
	char		word[1000];

	(void)state;
	memset(word, 'a', sizeof word - 1);
	word[sizeof word - 1] = '\0';
	nearest_begin(&n, word);
	nearest_try(&n, "list");
	nearest_try(&n, word);
	assert_string_equal(n.best, "");
	nearest_begin(&n, "list");
	nearest_try(&n, word);
	assert_string_equal(n.best, "");
	word[NEAREST_WORD - 1] = '\0';
	nearest_begin(&n, word);
	nearest_try(&n, word);
	assert_string_equal(n.best, word);
}

static void
test_fields(void **state)
{
	char	hint[400], small[10];

	(void)state;
	assert_string_equal(nearest_field(&account_kind, "ownr", 0, FF_HIDDEN, hint, sizeof hint), "; did you mean 'owner'?");
	assert_non_null(strstr(nearest_field(&account_kind, "shoe", 0, FF_HIDDEN | FF_SERVER, hint, sizeof hint), " username owner "));
	assert_null(strstr(hint, "created_at"));
	(void)nearest_field(&account_kind, "shoe", 0, FF_HIDDEN, small, sizeof small);
	assert_int_equal(strlen(small), sizeof small - 1);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_cases), cmocka_unit_test(test_long), cmocka_unit_test(test_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
