/* The analyser cuts texts as Lucene's StandardAnalyzer does: its own answers are in tests/lucene/tokens.jsonl. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/words.h"

static void
test_as_lucene(void **state)
{
	FILE	*f = fopen("tests/lucene/tokens.jsonl", "r");
	char	*line = NULL, word[WORD_BYTES];
	size_t	 size = 0, cases = 0;

	(void)state;
	assert_non_null(f);
	while (getline(&line, &size, f) > 0) {
		json_t		*o = json_loads(line, JSON_ALLOW_NUL, NULL), *want = json_object_get(o, "tokens"), *text = json_object_get(o, "text");
		struct words	 w;
		size_t		 n, i = 0;

		assert_true(json_is_array(want) && json_is_string(text));
		words_init(&w, json_string_value(text), json_string_length(text));
		while ((n = words_next(&w, word)) > 0) {
			json_t	*token = json_array_get(want, i++);

			if (token == NULL || n != json_string_length(token) || memcmp(word, json_string_value(token), n) != 0)
				fail_msg("%s: word %zu is \"%s\"", line, i, word);
		}
		if (i != json_array_size(want))
			fail_msg("%s: %zu words", line, i);
		json_decref(o);
		cases++;
	}
	assert_true(cases > 700);
	free(line);
	(void)fclose(f);
}

static size_t
count(const char *text, size_t n, size_t *longest)
{
	char		word[WORD_BYTES];
	struct words	w;
	size_t		words = 0, length;

	*longest = 0;
	words_init(&w, text, n);
	while ((length = words_next(&w, word)) > 0) {
		assert_int_equal(strlen(word), length);
		*longest = length > *longest ? length : *longest;
		words++;
	}
	return words;
}

/* What is not text parts words, and no word is longer than its buffer. */
static void
test_bytes_from_outside(void **state)
{
	char	text[4000];
	size_t	longest;

	(void)state;
	assert_int_equal(count("ab\xff""cd\xc3", 6, &longest), 2);
	assert_int_equal(count("\xed\xa0\x80", 3, &longest), 0);
	memset(text, 'a', sizeof text);
	assert_int_equal(count(text, sizeof text, &longest), (sizeof text + 254) / 255);
	assert_int_equal(longest, 255);
	for (size_t i = 0; i + 2 < sizeof text; i += 2)
		memcpy(text + i, "\xc8\xba", 2);	/* its lower case takes three bytes */
	(void)count(text, sizeof text - 2, &longest);
	assert_int_equal(longest, 3 * 255);
	srand(7);
	for (int i = 0; i < 2000; i++) {
		for (size_t j = 0; j < 200; j++)
			text[j] = (char)(rand() % 256);
		(void)count(text, 200, &longest);
		assert_true(longest < WORD_BYTES);
	}
}

static void
test_lower(void **state)
{
	char	out[16];

	(void)state;
	assert_int_equal(words_lower("\xc3\x84" "bC", 4, out, sizeof out), 4);
	assert_string_equal(out, "\xc3\xa4" "bc");
	assert_int_equal(words_lower("AB\xc3\x84", 4, out, 4), 2);	/* not cut inside a character */
	assert_string_equal(out, "ab");
	assert_int_equal(words_lower("\xff", 1, out, sizeof out), 1);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_as_lucene), cmocka_unit_test(test_bytes_from_outside), cmocka_unit_test(test_lower),
	};

	return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
