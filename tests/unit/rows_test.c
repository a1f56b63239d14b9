/* links: tui */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/account.h"
#include "tui/rows.h"

/* All rows of a file that holds these bytes, as LINE{…} or LINE!FIELD:fault, each ended by a line feed. */
static const char *
rows_of(const char *text, size_t n)
{
	static char	 out[65536];
	char		 file[] = "/tmp/wirechief-rows-XXXXXX", why[ROWS_TEXT];
	int		 fd = mkstemp(file), rc;
	struct rows	*r;
	struct row_read	 row;
	size_t		 at = 0;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, n), n);
	assert_int_equal(close(fd), 0);
	assert_non_null(r = rows_open(file, &account_kind, -1, why));
	assert_int_equal(unlink(file), 0);
	out[0] = '\0';
	while ((rc = rows_next(r, &row)) == 1) {
		char	*set = row.set == NULL ? NULL : json_dumps(row.set, JSON_COMPACT | JSON_SORT_KEYS);

		if (at < sizeof out)
			at += (size_t)snprintf(out + at, sizeof out - at, "%lu%s%s%s%s\n", row.line, set == NULL ? "!" : set,
			    set == NULL ? row.field : "", set == NULL ? ":" : "", set == NULL ? row.fault : "");
		free(set);
		json_decref(row.set);
	}
	assert_int_equal(rc, 0);
	assert_int_equal(rows_next(r, &row), 0);		/* and no more */
	rows_close(r);
	return out;
}

#define ROWS(text)	rows_of((text), sizeof (text) - 1)

static void
begins(const char *text, const char *with)
{
	if (strncmp(text, with, strlen(with)) != 0)
		fail_msg("\"%s\" does not begin with \"%s\"", text, with);
}

static void
test_csv(void **state)
{
	(void)state;
	assert_string_equal(ROWS(""), "");
	assert_string_equal(ROWS("username,owner\n"), "");
	assert_string_equal(ROWS("owner,username\r\nBo,a\r\n\r\n\"B\r\nC\",b"),
	    "2{\"owner\":\"Bo\",\"username\":\"a\"}\n4{\"owner\":\"B\\r\\nC\",\"username\":\"b\"}\n");
	assert_string_equal(ROWS("owner\n'=1+1\n\\u{1b}x\n"), "2{\"owner\":\"=1+1\"}\n3{\"owner\":\"\\u001Bx\"}\n");
	assert_string_equal(ROWS("username,owner\na\nb,c,d\ne,f\n"),
	    "2!:has 1 cells, and the header 2: are there commas outside quotes?\n"
	    "3!:has 3 cells, and the header 2: are there commas outside quotes?\n4{\"owner\":\"f\",\"username\":\"e\"}\n");
	assert_string_equal(ROWS("username,owner\na,\xff\n"), "2!owner:not valid UTF-8: save the file as UTF-8\n");
	begins(ROWS("username,onwer\na,b\n"), "1!onwer:the first line must name fields, and this is none; did you mean 'owner'?\n");
	assert_string_equal(ROWS("owner,owner\na,b\n"), "1!owner:the column is there twice: keep one of them\n");
	assert_string_equal(ROWS("owner;username\na;b\n"), "1!:the columns must be separated by commas\n");
	begins(ROWS("\xff\xfeo\0w\0n\0e\0r\0"), "1!:holds a NUL byte");
}

static void
test_json(void **state)
{
	(void)state;
	assert_string_equal(ROWS("{\"a\":1}\n{\"b\":\"}{\\\"\"}\n"), "1{\"a\":1}\n2{\"b\":\"}{\\\"\"}\n");
	assert_string_equal(ROWS("\xef\xbb\xbf\n{\n\"a\":1\n}{\"b\":2}"), "2{\"a\":1}\n4{\"b\":2}\n");
	assert_string_equal(ROWS("[{\"a\":1},\n {\"b\":[]}]\n"), "1{\"a\":1}\n2{\"b\":[]}\n");
	begins(ROWS("{\"a\":1}\nnonsense\n{\"b\":2}\n"), "1{\"a\":1}\n2!:not a JSON object");
	begins(ROWS("{\"a\":}\n{\"b\":2}\n"), "1!:not JSON: ");
	assert_non_null(strstr(ROWS("{\"a\":}\n{\"b\":2}\n"), "\n2{\"b\":2}\n"));
	begins(ROWS("{\"a\":1,\"a\":2}"), "1!:not JSON: duplicate object key");
	begins(ROWS("\n{\"a\":\n"), "2!:the object that begins here is not closed");
}

/* However long a line or an object is, it takes no more memory, and is told. */
static void
test_long(void **state)
{
	static char	text[300000];

	(void)state;
	memset(text, 'x', sizeof text);
	memcpy(text, "owner\n", 6);
	begins(rows_of(text, sizeof text), "2!:too long");
	memcpy(text, "{\"a\":\"", 6);
	memcpy(text + sizeof text - 2, "\"}", 2);
	begins(rows_of(text, sizeof text), "1!:too long");
	begins(rows_of(text, sizeof text - 2), "1!:the object that begins here is not closed");
}

/* Any bytes come to an end. */
static void
test_any(void **state)
{
	static const char	bytes[] = "{}[],:\"\\\n\r'=ua1\xc3\xa9\xff username";
	uint32_t		seed = 11;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		char	text[64];

		for (size_t i = 0; i < sizeof text; i++) {
			seed = seed * 1664525 + 1013904223;
			text[i] = bytes[(seed >> 8) % (sizeof bytes)];
		}
		if (round % 2 == 0)
			memcpy(text, "username\n", 9);
		(void)rows_of(text, sizeof text);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_csv), cmocka_unit_test(test_json), cmocka_unit_test(test_long), cmocka_unit_test(test_any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
