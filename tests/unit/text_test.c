/* links: */
/* Text from outside: what comes out of the one function that makes it safe. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/text.h"

static const struct {
	const char	*in, *screen, *ascii, *log;
} cases[] = {
	{ "plain", "plain", "plain", "plain" },
	{ "\033[2Jx", "·[2Jx", "?[2Jx", "\\x1b[2Jx" },
	{ "a\xe2\x80\xae" "b", "a·b", "a?b", "a\\xe2\\x80\\xaeb" },		/* U+202E, right-to-left override */
	{ "a\xe2\x80\x8b" "b", "a·b", "a?b", "a\\xe2\\x80\\x8bb" },		/* U+200B, zero width space */
	{ "\xc2\x9b" "31m", "·31m", "?31m", "\\xc2\\x9b31m" },			/* C1 CSI */
	{ "\x7f", "·", "?", "\\x7f" },
	{ "caf\xc3\xa9", "caf\xc3\xa9", "caf?", "caf\xc3\xa9" },
	{ "\xff\xfe", "··", "??", "\\xff\\xfe" },
	{ "\xc0\xaf", "··", "??", "\\xc0\\xaf" },				/* overlong */
	{ "\xed\xa0\x80", "···", "???", "\\xed\\xa0\\x80" },			/* surrogate */
	{ "e\xcc\x81\xcc\x81\xcc\x81", "e\xcc\x81", "e???", "e\xcc\x81" },	/* one combining mark at most */
	{ "line\nline", "line·line", "line?line", "line\\x0aline" },
};

static void
test_cases(void **state)
{
	char	out[128];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		text_safe(cases[i].in, strlen(cases[i].in), out, sizeof out, false);
		assert_string_equal(out, cases[i].screen);
		text_safe(cases[i].in, strlen(cases[i].in), out, sizeof out, true);
		assert_string_equal(out, cases[i].ascii);
		text_log(cases[i].in, strlen(cases[i].in), out, sizeof out);
		assert_string_equal(out, cases[i].log);
	}
}

/* Whatever goes in, what comes out is UTF-8 without controls, within its size, and safe again unchanged. */
static void
test_random_bytes(void **state)
{
	unsigned	seed = 5;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char	in[40], out[60], again[200];
		size_t	n = (size_t)rand_r(&seed) % sizeof in, size = 1 + (size_t)rand_r(&seed) % sizeof out, len;

		for (size_t i = 0; i < n; i++)
			in[i] = (char)rand_r(&seed);
		len = text_safe(in, n, out, size, false);
		assert_true(len < size);
		assert_int_equal(strlen(out), len);
		assert_true(text_is_utf8(out, len));
		for (size_t i = 0; i < len; i++)
			assert_true((unsigned char)out[i] >= 0x20 && out[i] != 0x7f);
		text_safe(out, len, again, sizeof again, false);
		assert_string_equal(again, out);
	}
}

static void
test_width_and_fit(void **state)
{
	int	used;

	(void)state;
	assert_int_equal(text_width("abc"), 3);
	assert_int_equal(text_width("\xe6\x97\xa5\xe6\x9c\xac"), 4);		/* wide */
	assert_int_equal(text_width("e\xcc\x81"), 1);				/* combining */
	assert_int_equal(text_fit("\xe6\x97\xa5\xe6\x9c\xac", 3, &used), 3);	/* never half a character */
	assert_int_equal(used, 2);
}

static void
test_fold(void **state)
{
	char	out[32];

	(void)state;
	text_fold("\xc3\x89" "COLE \xd0\x96", 9, out, sizeof out);
	assert_string_equal(out, "\xc3\xa9" "cole \xd0\xb6");
}

static void
test_begins(void **state)
{
	(void)state;
	assert_true(text_begins("Sales", 's'));
	assert_true(text_begins("sales", 'S'));
	assert_true(text_begins("\303\211quipe", 0xe9));
	assert_true(text_begins("\303\251quipe", 0xc9));
	assert_false(text_begins("Sales", 'a'));
	assert_false(text_begins("", 'a'));
	assert_false(text_begins("\377", 0xff));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_random_bytes),
		cmocka_unit_test(test_width_and_fit),
		cmocka_unit_test(test_fold),
		cmocka_unit_test(test_begins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
