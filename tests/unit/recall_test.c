/* links: tui */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tui/key.h"
#include "tui/recall.h"
#include "tui/shell.h"

static void
test_up_and_down(void **state)
{
	static struct recall	r;
	struct editor		e;

	(void)state;
	recall_add(&r, "one");
	recall_add(&r, "");
	recall_add(&r, "two");
	recall_begin(&r);
	editor_set(&e, "typed", 100);
	assert_true(recall_key(&r, &e, K_DOWN));
	assert_string_equal(e.text, "typed");
	assert_true(recall_key(&r, &e, K_UP));
	assert_string_equal(e.text, "two");
	assert_true(recall_key(&r, &e, K_UP));
	assert_true(recall_key(&r, &e, K_UP));
	assert_string_equal(e.text, "one");
	assert_int_equal(e.max, 100);
	assert_true(recall_key(&r, &e, K_DOWN));
	assert_true(recall_key(&r, &e, K_DOWN));
	assert_string_equal(e.text, "typed");
	assert_false(recall_key(&r, &e, K_LEFT));
}

/* Each line once, the newest first; the oldest goes. */
static void
test_what_is_kept(void **state)
{
	static struct recall	r;
	char			line[2 * RECALL_LINE];

	(void)state;
	for (int i = 0; i < 2 * RECALL_LINES; i++) {
		(void)snprintf(line, sizeof line, "line %d", i);
		recall_add(&r, line);
	}
	assert_int_equal(r.n, RECALL_LINES);
	assert_string_equal(r.lines[0], "line 31");
	assert_string_equal(r.lines[RECALL_LINES - 1], "line 16");
	recall_add(&r, "line 20");
	assert_int_equal(r.n, RECALL_LINES);
	assert_string_equal(r.lines[0], "line 20");
	assert_string_equal(r.lines[1], "line 31");
	assert_string_equal(r.lines[RECALL_LINES - 1], "line 16");
	memset(line, 'x', sizeof line - 1);
	line[sizeof line - 1] = '\0';
	recall_add(&r, line);
	assert_string_equal(r.lines[0], "line 20");
}

static void
test_shell_words(void **state)
{
	static const struct {
		const char	*text, *word;
	} cases[] = {
		{ "alice", "alice" }, { "a.b@c+1", "a.b@c+1" }, { "", "''" }, { "two words", "'two words'" }, { "it's", "'it'\\''s'" },
		{ "$(rm)", "'$(rm)'" }, { "a;b", "'a;b'" }, { "*", "'*'" },
	};
	char	buf[64], small[12];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_string_equal(shell_word(cases[i].text, buf, sizeof buf), cases[i].word);
	assert_in_range(strlen(shell_word("''''''''''''''''", small, sizeof small)), 1, sizeof small - 1);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_up_and_down),
		cmocka_unit_test(test_what_is_kept),
		cmocka_unit_test(test_shell_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
