/* links: tui */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
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
	assert_false(editor_insert(&e, 0xd800));
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
	type(&e, "one two");
	press(&e, K_LEFT, 3);
	press(&e, 'k' & 0x1f, 1);
	assert_string_equal(e.text, "one ");
	press(&e, 'k' & 0x1f, 1);
	assert_string_equal(e.text, "one ");
}

/* What a person sees as one character goes as one. */
static void
test_characters_of_parts(void **state)
{
	static const char	*const whole[] = {
		"e\314\201",					/* a letter and its accent */
		"e\314\201\314\243",				/* and a second one */
		"\360\237\221\250\342\200\215\360\237\221\251\342\200\215\360\237\221\247",	/* a family of three */
		"\360\237\221\215\360\237\217\275",		/* a thumb and its skin */
		"\342\235\244\357\270\217",			/* a heart, as a picture */
		"\360\237\207\256\360\237\207\271",		/* a flag */
		"\346\227\245",
	};
	struct editor		e;
	char			text[100];

	(void)state;
	for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
		(void)snprintf(text, sizeof text, "a%sb", whole[i]);
		editor_set(&e, text, EDITOR_MAX - 1);
		press(&e, K_LEFT, 1);
		press(&e, K_BACKSPACE, 1);
		assert_string_equal(e.text, "ab");
		editor_set(&e, text, EDITOR_MAX - 1);
		press(&e, K_HOME, 1);
		press(&e, K_RIGHT, 1);
		press(&e, K_DELETE, 1);
		assert_string_equal(e.text, "ab");
		editor_set(&e, text, EDITOR_MAX - 1);
		press(&e, K_LEFT, 2);
		assert_int_equal(e.at, 1);
	}
	editor_set(&e, "\360\237\207\256\360\237\207\271\360\237\207\253\360\237\207\267", EDITOR_MAX - 1);
	press(&e, K_BACKSPACE, 1);	/* two flags side by side */
	assert_string_equal(e.text, "\360\237\207\256\360\237\207\271");
}

static void
assert_list(const struct editor *e, const char *text)
{
	char	list[EDITOR_MAX];

	(void)editor_list(e, list, sizeof list);
	assert_string_equal(list, text);
}

static void
test_list(void **state)
{
	struct editor	e;
	size_t		n;

	(void)state;
	editor_set_list(&e, " 10.0.0.0/8 ,, 192.0.2.1,2001:db8::/32 ", 100);
	assert_int_equal(editor_lines(&e), 3);
	assert_memory_equal(editor_line(&e, 1, &n), "192.0.2.1", 9);
	assert_int_equal(n, 9);
	assert_list(&e, "10.0.0.0/8,192.0.2.1,2001:db8::/32");
	assert_int_equal(editor_line_at(&e), 0);
	assert_false(editor_key(&e, K_UP));
	press(&e, K_END, 1);
	press(&e, K_DOWN, 1);
	assert_int_equal(editor_line_at(&e), 1);
	press(&e, 'u' & 0x1f, 1);
	assert_list(&e, "10.0.0.0/8,2001:db8::/32");
	type(&e, "172.16.0.0/12");
	assert_list(&e, "10.0.0.0/8,172.16.0.0/12,2001:db8::/32");
	assert_true(editor_line_move(&e, -1));
	assert_false(editor_line_move(&e, -1));
	assert_list(&e, "172.16.0.0/12,10.0.0.0/8,2001:db8::/32");
	assert_int_equal(editor_line_at(&e), 0);
	assert_true(editor_line_move(&e, 1));
	assert_true(editor_line_move(&e, 1));
	assert_false(editor_line_move(&e, 1));
	assert_list(&e, "10.0.0.0/8,2001:db8::/32,172.16.0.0/12");
	press(&e, K_END, 1);
	type(&e, ",1.2.3.4,");		/* a comma begins a line, once */
	type(&e, ",");
	assert_int_equal(editor_lines(&e), 5);
	assert_list(&e, "10.0.0.0/8,2001:db8::/32,172.16.0.0/12,1.2.3.4");
	press(&e, K_BACKSPACE, 2);
	assert_list(&e, "10.0.0.0/8,2001:db8::/32,172.16.0.0/12,1.2.3.");
	editor_line_remove(&e);
	editor_line_remove(&e);
	assert_list(&e, "10.0.0.0/8,2001:db8::/32");
	assert_int_equal(editor_line_at(&e), 1);
	editor_line_remove(&e);
	editor_line_remove(&e);
	editor_line_remove(&e);
	assert_int_equal(editor_lines(&e), 1);
	assert_list(&e, "");
}

/* A list has its limit as a line has. */
static void
test_list_limit(void **state)
{
	struct editor	e;

	(void)state;
	editor_set_list(&e, "1.2.3.4,5.6.7.8", 16);
	editor_line_go(&e, 1);
	assert_true(editor_line_break(&e));
	assert_true(editor_line_break(&e));
	assert_false(editor_insert(&e, '9'));
	assert_list(&e, "1.2.3.4,5.6.7.8");
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
	assert_int_equal(editor_window(&e, 20, false, &cursor), 0);
	assert_int_equal(cursor, 10);
	assert_int_equal(editor_window(&e, 5, false, &cursor), 6);
	assert_int_equal(cursor, 4);
	press(&e, K_LEFT, 3);		/* the text stands still as long as it can */
	assert_int_equal(editor_window(&e, 5, false, &cursor), 6);
	assert_int_equal(cursor, 1);
	press(&e, K_LEFT, 3);
	assert_int_equal(editor_window(&e, 5, false, &cursor), 0);	/* and comes back whole where it fits */
	assert_int_equal(cursor, 4);
	press(&e, K_HOME, 1);
	assert_int_equal(editor_window(&e, 5, false, &cursor), 0);
	assert_int_equal(cursor, 0);
	press(&e, 'k' & 0x1f, 1);
	type(&e, "0123456789");
	(void)editor_window(&e, 5, false, &cursor);
	press(&e, K_BACKSPACE, 8);	/* what is left is in sight */
	assert_int_equal(editor_window(&e, 5, false, &cursor), 0);
	assert_int_equal(cursor, 2);
	editor_set(&e, "\346\227\245\346\234\254\346\227\245", EDITOR_MAX - 1);
	assert_int_equal(editor_window(&e, 5, false, &cursor), 3);
	assert_int_equal(cursor, 4);
	assert_int_equal(editor_window(&e, 5, true, &cursor), 0);	/* each is one ? there */
	assert_int_equal(cursor, 3);
	editor_set(&e, "a\342\200\256b", EDITOR_MAX - 1);		/* what turns text round is a dot, of one cell */
	assert_int_equal(editor_window(&e, 5, false, &cursor), 0);
	assert_int_equal(cursor, 3);
}

/* Whatever is pressed, the text is whole characters and the cursor between two of them. */
static void
test_any_keys(void **state)
{
	static const int	keys[] = { K_LEFT, K_RIGHT, K_HOME, K_END, K_BACKSPACE, K_DELETE, 'w' & 0x1f, 'a' & 0x1f, K_UP, K_DOWN };
	static const uint32_t	codes[] = { 'a', ' ', ',', 0xe9, 0x65e5, 0x1f600, 0x301, 0x200d, 0x1f1ee };
	struct editor		e;

	(void)state;
	srandom(1);
	for (int i = 0; i < 40000; i++) {
		int	cursor;

		if (i == 0)
			editor_set(&e, "", 40);
		if (i == 20000)
			editor_set_list(&e, "a,b", 40);
		if (i > 20000 && random() % 7 == 0)
			(void)editor_line_move(&e, random() % 2 == 0 ? -1 : 1);
		else if (i > 20000 && random() % 29 == 0)
			editor_line_remove(&e);
		else if (random() % 3 == 0)
			(void)editor_key(&e, keys[(size_t)random() % (sizeof keys / sizeof keys[0])]);
		else
			(void)editor_insert(&e, codes[(size_t)random() % (sizeof codes / sizeof codes[0])]);
		assert_true(e.n <= 40 && e.at <= e.n);
		assert_int_equal(strlen(e.text), e.n);
		assert_int_not_equal((unsigned char)e.text[e.at] & 0xc0, 0x80);
		assert_true(editor_window(&e, 10, false, &cursor) <= e.at);
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
		cmocka_unit_test(test_characters_of_parts),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_list_limit),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_any_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
