/* links: tui */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tui/actions.h"
#include "tui/key.h"

enum { FOOT = 400, FOOT_CELLS = 80 };

static unsigned
pane(int i)
{
	return 1u << i & P_ALL;
}

static void
test_keys_are_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_action_rows; i++) {
		int	keys[ACTION_KEYS], n = action_keys(&action_rows[i], keys);

		assert_in_range(n, 1, ACTION_KEYS - 1);
		for (int k = 0; k < n; k++)
			assert_int_not_equal(keys[k], KEY_NONE);
		assert_int_not_equal(action_rows[i].action, ACT_NONE);
		assert_int_not_equal(action_rows[i].panes & P_ALL, 0);
		assert_int_equal(action_rows[i].panes & ~(unsigned)P_ALL, 0);
		assert_true(action_rows[i].help != NULL && action_rows[i].help[0] != '\0');
	}
}

static void
test_names_are_unique(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_action_rows; i++)
		assert_ptr_equal(action_named(action_rows[i].name), &action_rows[i]);
	assert_null(action_named("no such"));
}

static void
test_no_key_twice_in_a_pane(void **state)
{
	(void)state;
	for (int p = 0; pane(p) != 0; p++) {
		for (size_t i = 0; i < n_action_rows; i++) {
			int	keys[ACTION_KEYS], n = action_keys(&action_rows[i], keys);

			for (int k = 0; k < n && (action_rows[i].panes & pane(p)); k++)
				assert_ptr_equal(action_of_key(keys[k], pane(p)), &action_rows[i]);
		}
	}
}

/* Flow control, and what a terminal sends for other keys. */
static void
test_no_reserved_key(void **state)
{
	static const char	reserved[] = "sqhmij[";

	(void)state;
	for (size_t i = 0; i < n_action_rows; i++) {
		for (const char *s = action_rows[i].keys; (s = strstr(s, "C-")) != NULL; s++)
			assert_null(strchr(reserved, s[2]));
	}
}

/* What a key that was cut apart leaves may open a question, which its letters do not answer. */
static void
test_no_escape_tail_writes(void **state)
{
	static const char	tails[] = "[O~;ABCDEFHMPQRSZ0123456789";

	(void)state;
	for (size_t i = 0; i < n_action_rows; i++) {
		int	keys[ACTION_KEYS], n = action_keys(&action_rows[i], keys);

		for (int k = 0; k < n && (action_rows[i].flags & (ACT_WRITE | ACT_ASK)) == ACT_WRITE; k++)
			assert_true(keys[k] >= 0x80 || strchr(tails, keys[k]) == NULL);
	}
}

static void
test_a_form_takes_no_letters(void **state)
{
	(void)state;
	for (int key = '!'; key < 0x7f; key++)
		assert_null(action_of_key(key, P_FORM));
}

static void
test_footers_fit(void **state)
{
	char	wide[FOOT], foot[FOOT];

	(void)state;
	for (int p = 0; pane(p) != 0; p++) {
		action_footer(pane(p), true, FOOT, wide, sizeof wide);
		assert_in_range(strlen(wide), 1, FOOT_CELLS);
		for (int cells = 60; cells <= FOOT_CELLS; cells++) {
			action_footer(pane(p), true, cells, foot, sizeof foot);
			assert_in_range(strlen(foot), 1, cells);
			assert_non_null(strstr(foot, "F1 Help"));
			assert_non_null(strstr(foot, "F10 Quit"));
		}
		assert_string_equal(foot, wide);
	}
}

static void
test_a_reader_is_offered_no_writing(void **state)
{
	char	foot[FOOT];

	(void)state;
	action_footer(P_ACCOUNTS, false, FOOT, foot, sizeof foot);
	assert_null(strstr(foot, "Add"));
	assert_null(strstr(foot, "Delete"));
	assert_non_null(strstr(foot, "Filter"));
}

/* On 80 columns: what is done to an account, but what the footer names; of too many the last are left out, none is cut. */
static void
test_letters(void **state)
{
	char	letters[FOOT];

	(void)state;
	action_letters(P_DETAIL, true, FOOT_CELLS - 2, letters, sizeof letters);
	assert_string_equal(letters, "e edit  b block  i activate  Q qr  o events-of  m messages-of  w why  T trace");
	action_letters(P_DETAIL, true, 20, letters, sizeof letters);
	assert_string_equal(letters, "e edit  b block");
	action_letters(P_DETAIL, false, FOOT_CELLS - 2, letters, sizeof letters);
	assert_string_equal(letters, "o events-of  m messages-of  w why  R render");
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_keys_are_keys),
		cmocka_unit_test(test_names_are_unique),
		cmocka_unit_test(test_no_key_twice_in_a_pane),
		cmocka_unit_test(test_no_reserved_key),
		cmocka_unit_test(test_no_escape_tail_writes),
		cmocka_unit_test(test_a_form_takes_no_letters),
		cmocka_unit_test(test_footers_fit),
		cmocka_unit_test(test_letters),
		cmocka_unit_test(test_a_reader_is_offered_no_writing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
