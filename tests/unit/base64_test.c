/* links: */
/*
 * Base64, by the vectors of RFC 4648.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base64.h"
#include "core/err.h"

static void
test_vectors(void **state)
{
	static const char *const	pairs[][2] = {
		{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" }, { "\xfb\xff\xbe", "+/++" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		size_t	n = strlen(pairs[i][0]), text_n = strlen(pairs[i][1]);
		char	text[16];
		uint8_t	bytes[16];

		assert_int_equal(base64_encode((const uint8_t *)pairs[i][0], n, text), text_n);
		assert_int_equal(text_n, BASE64_TEXT(n));
		assert_memory_equal(text, pairs[i][1], text_n);
		assert_int_equal(base64_decode(text, text_n, bytes), n);
		assert_memory_equal(bytes, pairs[i][0], n);
	}
}

static void
test_what_is_none(void **state)
{
	static const char *const	bad[] = { "Z", "Zg", "Zg=", "Zg==Zg==", "Z===", "====", "Zm9*", "Zm 9", "Zm9-", "Zm\xc3\xa9" };
	uint8_t				bytes[16];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(base64_decode(bad[i], strlen(bad[i]), bytes), ERR_INVALID);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_what_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
