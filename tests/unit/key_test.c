/* links: tui */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tui/key.h"

enum { NOW = 1000, LATER = NOW + KEY_ESC_MS };

static void
feed(struct keys *k, const char *bytes)
{
	keys_feed(k, (const uint8_t *)bytes, strlen(bytes), NOW);
}

/* These bytes are this key and nothing else. */
static void
assert_key(const char *bytes, int key)
{
	struct keys	k = { 0 };

	feed(&k, bytes);
	assert_int_equal(keys_next(&k, NOW), key);
	assert_int_equal(keys_next(&k, NOW), KEY_NONE);
	assert_false(keys_waiting(&k));
}

/* The same, a byte at a time. */
static void
assert_split_key(const char *bytes, int key)
{
	struct keys	k = { 0 };

	for (; bytes[1] != '\0'; bytes++) {
		keys_feed(&k, (const uint8_t *)bytes, 1, NOW);
		assert_int_equal(keys_next(&k, NOW), KEY_NONE);
		assert_true(keys_waiting(&k));
	}
	feed(&k, bytes);
	assert_int_equal(keys_next(&k, NOW), key);
	assert_int_equal(keys_next(&k, NOW), KEY_NONE);
}

static void
test_sequences(void **state)
{
	static const struct {
		const char	*bytes;
		int		 key;
	} cases[] = {
		{ "\033[A", K_UP }, { "\033OB", K_DOWN }, { "\033[6~", K_PGDN }, { "\033[15~", K_F0 + 5 }, { "\033OP", K_F0 + 1 },
		{ "\033[[A", K_F0 + 1 }, { "\033[24~", K_F0 + 12 }, { "\033[Z", K_BACKTAB }, { "\033[3~", K_DELETE }, { "\033[0n", K_ACK },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_key(cases[i].bytes, cases[i].key);
		assert_split_key(cases[i].bytes, cases[i].key);
	}
}

static void
test_characters(void **state)
{
	struct keys	k = { 0 };

	(void)state;
	assert_key("a", 'a');
	assert_key("\001", 'a' & 0x1f);
	assert_key("\r", K_ENTER);
	assert_key("\n", K_ENTER);
	assert_key("\b", K_BACKSPACE);
	assert_key("\177", K_BACKSPACE);
	assert_key("\303\251", 0xe9);
	assert_split_key("\346\227\245", 0x65e5);
	feed(&k, "\377");
	assert_int_equal(keys_next(&k, LATER), KEY_NONE);
	assert_false(keys_waiting(&k));
}

static void
test_lone_escape_waits(void **state)
{
	struct keys	k = { 0 };

	(void)state;
	feed(&k, "\033");
	assert_int_equal(keys_next(&k, NOW), KEY_NONE);
	assert_int_equal(keys_next(&k, LATER - 1), KEY_NONE);
	assert_int_equal(keys_next(&k, LATER), K_ESC);
	assert_false(keys_waiting(&k));
}

/* What no table knows, and what stopped halfway: none of it is a command. */
static void
test_unknown_is_swallowed(void **state)
{
	struct keys	k = { 0 };

	(void)state;
	assert_key("\033[99~", KEY_NONE);
	assert_key("\033[1;5D", KEY_NONE);
	assert_key("\033[?62;1c", KEY_NONE);
	assert_key("\033Oz", KEY_NONE);
	feed(&k, "\033[1;");
	assert_int_equal(keys_next(&k, NOW), KEY_NONE);
	assert_int_equal(keys_next(&k, LATER), KEY_NONE);
	assert_false(keys_waiting(&k));
	feed(&k, "\033[1\033[A");
	assert_int_equal(keys_next(&k, NOW), K_UP);
	assert_int_equal(keys_next(&k, NOW), KEY_NONE);
}

static void
test_answer_among_a_keys_bytes(void **state)
{
	struct keys	k = { 0 };

	(void)state;
	feed(&k, "\033[\033[0n");
	assert_int_equal(keys_next(&k, NOW), K_ACK);
	assert_int_equal(keys_next(&k, NOW), KEY_NONE);
	feed(&k, "B");
	assert_int_equal(keys_next(&k, NOW), K_DOWN);
	feed(&k, "\033\033[0n");
	assert_int_equal(keys_next(&k, NOW), K_ACK);
	assert_int_equal(keys_next(&k, NOW), KEY_NONE);
	assert_int_equal(keys_next(&k, LATER), K_ESC);
}

static void
test_paste(void **state)
{
	struct keys	k = { 0 };

	(void)state;
	feed(&k, "\033[200~d\r\033[Ay\033[201~q");
	assert_int_equal(keys_next(&k, NOW), K_PASTE);
	assert_int_equal(k.paste_code, 'd');
	assert_int_equal(keys_next(&k, NOW), K_PASTE);
	assert_int_equal(k.paste_code, ' ');
	assert_int_equal(keys_next(&k, NOW), K_PASTE);
	assert_int_equal(k.paste_code, 'y');
	assert_int_equal(keys_next(&k, NOW), 'q');
	assert_int_equal(keys_next(&k, NOW), KEY_NONE);
}

/* Newlines, tabs and control characters are one blank between two texts, and none around them. */
static void
test_paste_of_lines(void **state)
{
	static const char	text[] = "\033[200~\r\n\ta\r\n\t\302\205b \001c\007\r\033[201~", want[] = "a b  c";
	struct keys		k = { 0 };

	(void)state;
	for (size_t i = 0, n = 0; i < sizeof text - 1; i++) {	/* a byte at a time */
		keys_feed(&k, (const uint8_t *)text + i, 1, NOW);
		for (int key; (key = keys_next(&k, NOW)) != KEY_NONE; n++) {
			assert_int_equal(key, K_PASTE);
			assert_int_equal(k.paste_code, want[n]);
		}
		assert_true(i < sizeof text - 2 || n == sizeof want - 1);
	}
	assert_false(keys_waiting(&k));
	feed(&k, "q");
	assert_int_equal(keys_next(&k, NOW), 'q');
}

static void
test_flood(void **state)
{
	struct keys	k = { 0 };
	uint8_t		bytes[1000];
	int		n = 0;

	(void)state;
	memset(bytes, 'x', sizeof bytes);
	keys_feed(&k, bytes, sizeof bytes, NOW);
	while (keys_next(&k, NOW) == 'x')
		n++;
	assert_int_equal(n, (int)sizeof k.bytes);
	memset(bytes, ';', sizeof bytes);
	memcpy(bytes, "\033[", 2);
	keys_feed(&k, bytes, sizeof bytes, NOW);
	assert_int_equal(keys_next(&k, NOW), KEY_NONE);
	assert_false(keys_waiting(&k));
}

static void
test_names(void **state)
{
	(void)state;
	assert_int_equal(key_named("F10", 3), K_F0 + 10);
	assert_int_equal(key_named("C-l", 3), 'l' & 0x1f);
	assert_int_equal(key_named("Esc q", 3), K_ESC);
	assert_int_equal(key_named("PgDn", 4), K_PGDN);
	assert_int_equal(key_named("F", 1), 'F');
	assert_int_equal(key_named("Nothing", 7), KEY_NONE);
	assert_int_equal(key_named("", 0), KEY_NONE);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_sequences),
		cmocka_unit_test(test_characters),
		cmocka_unit_test(test_lone_escape_waits),
		cmocka_unit_test(test_unknown_is_swallowed),
		cmocka_unit_test(test_answer_among_a_keys_bytes),
		cmocka_unit_test(test_paste),
		cmocka_unit_test(test_paste_of_lines),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
