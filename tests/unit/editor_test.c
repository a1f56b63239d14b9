/* links: tui */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tui/editor.h"
#include "tui/key.h"

static void
type(struct editor *e, const char *text)
{
	for (; *text != '\0'; text++)
		assert_true(editor_insert(e, (unsigned char)*text));
}

static void
press(struct editor *e, int key, int times)
{
	while (times-- > 0)
		assert_true(editor_key(e, key));
}

static void
test_typing(void **state)
{
	struct editor	e;

	(void)state;
	editor_set(&e, "alice", EDITOR_MAX - 1);
	assert_int_equal(e.at, 5);
	press(&e, K_LEFT, 2);
	type(&e, "XY");
	assert_string_equal(e.text, "aliXYce");
	press(&e, K_BACKSPACE, 1);
	press(&e, K_DELETE, 1);
	assert_string_equal(e.text, "aliXe");
	press(&e, K_HOME, 1);
	press(&e, K_BACKSPACE, 1);
	press(&e, K_LEFT, 1);
	type(&e, "1");
	press(&e, 'e' & 0x1f, 1);
	press(&e, K_RIGHT, 1);
	press(&e, K_DELETE, 1);
	type(&e, "2");
	assert_string_equal(e.text, "1aliXe2");
	assert_false(editor_key(&e, K_UP));
	assert_false(editor_key(&e, 'x'));
}

static void
test_whole_characters(void **state)
{
	struct editor	e;

	(void)state;
	editor_set(&e, "a", EDITOR_MAX - 1);
	assert_true(editor_insert(&e, 0xe9));
	assert_true(editor_insert(&e, 0x65e5));
	assert_true(editor_insert(&e, 0x1f600));
	assert_string_equal(e.text, "a\303\251\346\227\245\360\237\230\200");
	press(&e, K_BACKSPACE, 1);
	press(&e, K_LEFT, 2);
	press(&e, K_DELETE, 1);
	assert_string_equal(e.text, "a\346\227\245");
	press(&e, K_END, 1);
	press(&e, K_BACKSPACE, 1);
	assert_string_equal(e.text, "a");
}

static void
test_no_control_characters(void **state)
{
	struct editor	e;

	(void)state;
	editor_set(&e, "", EDITOR_MAX - 1);
	assert_false(editor_insert(&e, '\033'));
	assert_false(editor_insert(&e, '\r'));
	assert_false(editor_insert(&e, 0x7f));
	assert_false(editor_insert(&e, 0x9b));
	assert_false(editor_insert(&e, 0x110000));
	assert_int_equal(e.n, 0);
}

static void
test_kill(void **state)
{
	struct editor	e;

	(void)state;
	editor_set(&e, "one two  three", EDITOR_MAX - 1);
	press(&e, 'w' & 0x1f, 1);
	assert_string_equal(e.text, "one two  ");
	press(&e, 'w' & 0x1f, 1);
	assert_string_equal(e.text, "one ");
	press(&e, 'u' & 0x1f, 1);
	assert_string_equal(e.text, "");
	press(&e, 'w' & 0x1f, 1);
	press(&e, 'u' & 0x1f, 1);
	assert_int_equal(e.n, 0);
}

static void
test_limit(void **state)
{
	struct editor	e;
	char		text[2 * EDITOR_MAX];

	(void)state;
	editor_set(&e, "abc", 4);
	assert_false(editor_insert(&e, 0xe9));
	assert_true(editor_insert(&e, 'd'));
	assert_false(editor_insert(&e, 'e'));
	assert_string_equal(e.text, "abcd");
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	editor_set(&e, text, sizeof text);
	assert_int_equal(e.n, EDITOR_MAX - 1);
	assert_false(editor_insert(&e, 'x'));
}

static void
test_window(void **state)
{
	struct editor	e;
	int		cursor;

	(void)state;
	editor_set(&e, "0123456789", EDITOR_MAX - 1);
	assert_int_equal(editor_window(&e, 20, &cursor), 0);
	assert_int_equal(cursor, 10);
	assert_int_equal(editor_window(&e, 5, &cursor), 6);
	assert_int_equal(cursor, 4);
	press(&e, K_HOME, 1);
	assert_int_equal(editor_window(&e, 5, &cursor), 0);
	assert_int_equal(cursor, 0);
	editor_set(&e, "\346\227\245\346\234\254\346\227\245", EDITOR_MAX - 1);
	assert_int_equal(editor_window(&e, 5, &cursor), 3);
	assert_int_equal(cursor, 4);
}

/* Whatever is pressed, the text is whole characters and the cursor between two of them. */
static void
test_any_keys(void **state)
{
	static const int	keys[] = { K_LEFT, K_RIGHT, K_HOME, K_END, K_BACKSPACE, K_DELETE, 'w' & 0x1f, 'a' & 0x1f };
	static const uint32_t	codes[] = { 'a', ' ', 0xe9, 0x65e5, 0x1f600, 0x301 };
	struct editor		e;

	(void)state;
	srandom(1);
	editor_set(&e, "", 40);
	for (int i = 0; i < 20000; i++) {
		int	cursor;

		if (random() % 3 == 0)
			(void)editor_key(&e, keys[(size_t)random() % (sizeof keys / sizeof keys[0])]);
		else
			(void)editor_insert(&e, codes[(size_t)random() % (sizeof codes / sizeof codes[0])]);
		assert_true(e.n <= 40 && e.at <= e.n);
		assert_int_equal(strlen(e.text), e.n);
		assert_int_not_equal((unsigned char)e.text[e.at] & 0xc0, 0x80);
		assert_true(editor_window(&e, 10, &cursor) <= e.at);
		assert_in_range(cursor, 0, 9);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_typing),
		cmocka_unit_test(test_whole_characters),
		cmocka_unit_test(test_no_control_characters),
		cmocka_unit_test(test_kill),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_any_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
