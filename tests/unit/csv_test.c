/* links: */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/csv.h"
#include "core/text.h"

/* All records of text as "LINE:cell|cell;", a fault as "LINE!fault;"; fed in pieces of so many bytes. */
static const char *
records(const char *text, size_t n, size_t piece)
{
	static struct csv	c;
	static char		out[8192];
	size_t			at = 0, used;
	bool			there;

	csv_init(&c);
	out[0] = '\0';
	for (size_t i = 0; i <= n;) {
		size_t	left = n - i < piece ? n - i : piece;

		there = left == 0 ? csv_end(&c) : csv_take(&c, text + i, left, &used);
		i += left == 0 ? 1 : used;
		if (!there)
			continue;
		if (c.fault != NULL) {
			at += (size_t)snprintf(out + at, sizeof out - at, "%lu!%s;", c.fault_line, c.fault);
			continue;
		}
		at += (size_t)snprintf(out + at, sizeof out - at, "%lu:", c.line);
		for (size_t k = 0; k < c.n_cells; k++)
			at += (size_t)snprintf(out + at, sizeof out - at, "%s%s", k == 0 ? "" : "|", csv_cell(&c, k));
		at += (size_t)snprintf(out + at, sizeof out - at, ";");
	}
	return out;
}

static void
test_records(void **state)
{
	static const struct {
		const char	*text, *want;
	} cases[] = {
		{ "", "" },
		{ "\n\r\n\n", "" },
		{ "a", "1:a;" },
		{ "a,b\nc,d\n", "1:a|b;2:c|d;" },
		{ "a,b\r\nc,d\r\n", "1:a|b;2:c|d;" },
		{ "a,b\rc,d\r", "1:a|b;2:c|d;" },
		{ "a,\n,b\n,\n", "1:a|;2:|b;3:|;" },
		{ "\"\"\n", "1:;" },
		{ "\"a,b\",\"c\"\"d\"\n", "1:a,b|c\"d;" },
		{ "\"a\nb\",c\nd\n", "1:a\nb|c;3:d;" },
		{ "\"a\r\nb\",c\r\nd\r\n", "1:a\r\nb|c;3:d;" },
		{ "a\n\n\nb\n", "1:a;4:b;" },
		{ " a , b \n", "1: a | b ;" },
		{ "\xef\xbb\xbf" "a,b\n", "1:a|b;" },
		{ "\xef\xbb\xbf\"a\",b\n", "1:a|b;" },
		{ "\xef\xbb\xbf\na\n", "2:a;" },
		{ "a\n\xef\xbb\xbf" "b\n", "1:a;2:\xef\xbb\xbf" "b;" },
		{ "a\"b\nc\n", "1!a quote inside a cell: put the whole cell in quotes and write the quote twice;2:c;" },
		{ "\"a\"b\nc\n", "1!text after the closing quote of a cell: write a quote inside a cell twice;2:c;" },
		{ "a\n\"b\nc\n", "1:a;2!a quote that is opened here is not closed;" },
		{ "a\n\"b\"", "1:a;2:b;" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (size_t piece = 1; piece < 6; piece++)
			assert_string_equal(records(cases[i].text, strlen(cases[i].text), piece), cases[i].want);
	assert_string_equal(records("a\0b\nc\n", 6, 3), "1!holds a NUL byte: save the file as UTF-8 text;2:c;");
}

/* What is too long or too wide is one fault, and the next record is read. */
static void
test_limits(void **state)
{
	static char	text[3 * CSV_RECORD_MAX];
	size_t		n;

	(void)state;
	memset(text, 'x', sizeof text);
	memcpy(text + 2 * CSV_RECORD_MAX, "\nnext\n", 7);
	assert_string_equal(records(text, strlen(text), 1000),
	    "1!too long: a record has at most 16383 bytes; is a quote missing?;2:next;");
	memset(text, 'x', CSV_RECORD_MAX - 1);
	memcpy(text + CSV_RECORD_MAX - 1, "\n", 2);
	assert_null(strchr(records(text, strlen(text), 1000), '!'));
	memset(text, ',', 1000);
	memcpy(text + 1000, "\nnext\n", 7);
	assert_string_equal(records(text, strlen(text), 7), "1!has more than 64 cells;2:next;");
	memset(text, ',', CSV_CELLS_MAX - 1);
	memcpy(text + CSV_CELLS_MAX - 1, "\n", 2);
	n = strlen(records(text, CSV_CELLS_MAX, 7));
	assert_int_equal(n, strlen("1:;") + CSV_CELLS_MAX - 1);
}

static void
test_write(void **state)
{
	static const struct {
		const char	*text, *want;
	} cases[] = {
		{ "", "" }, { "plain", "plain" }, { "a,b", "\"a,b\"" }, { "say \"hi\"", "\"say \"\"hi\"\"\"" },
		{ " blank", "\" blank\"" }, { "a;b", "\"a;b\"" },
		{ "=1+1", "'=1+1" }, { "@SUM(A1)", "'@SUM(A1)" }, { "+1+1", "'+1+1" }, { "-cmd", "'-cmd" }, { "-", "'-" },
		{ "+390612345", "+390612345" }, { "-3", "-3" },
		{ "'=x", "''=x" }, { "''", "'''" }, { "'", "'" }, { "'tis", "'tis" },
		{ "a\nb", "a\\u{a}b" }, { "\x1b[31m", "\\u{1b}[31m" }, { "\xe2\x80\xae" "abc", "\\u{202e}abc" },
		{ "\xef\xbb\xbf", "\\u{feff}" }, { "\tx", "\\u{9}x" },
		{ "C:\\temp", "C:\\temp" }, { "\\u{41}", "\\u{5c}u{41}" }, { "\\u{}", "\\u{}" },
		{ "Z\xc3\xbcrich", "Z\xc3\xbcrich" },
		{ "e\xcc\x81", "e\xcc\x81" }, { "\xcc\x81", "\\u{301}" }, { "e\xcc\x81\xcc\x81", "e\xcc\x81\\u{301}" },
	};
	char	out[CSV_ESCAPE_MAX * 64 + 4];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char	line[700];

		(void)csv_cell_write(cases[i].text, strlen(cases[i].text), out, sizeof out);
		assert_string_equal(out, cases[i].want);
		(void)snprintf(line, sizeof line, "%s,x\n", out);
		(void)records(line, strlen(line), 5);
	}
}

/* Whatever is written is read back, and no byte of it is a control character. */
static void
test_round_trip(void **state)
{
	static const uint32_t	codes[] = {
		1, 9, 10, 13, 27, ' ', '"', '\'', '+', ',', '-', '0', '=', '@', '\\', 'u', '{', '}', 'a', 0x7f, 0x85, 0xa0, 0xe9, 0x301,
		0x200b, 0x202e, 0x4e2d, 0xfeff, 0x1f600, 0x10ffff,
	};
	static struct csv	c;
	uint32_t		seed = 7;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char	text[64], out[CSV_ESCAPE_MAX * sizeof text + 4];
		size_t	n = 0, len, used;

		for (int i = 0; i < 8; i++) {
			seed = seed * 1664525 + 1013904223;
			n += text_encode(codes[(seed >> 8) % (sizeof codes / sizeof codes[0])], text + n);
		}
		text[n] = '\0';
		len = csv_cell_write(text, n, out, sizeof out);
		for (size_t i = 0; i < len; i++)
			assert_true((unsigned char)out[i] >= ' ' && out[i] != 0x7f);
		assert_null(strchr("=@", out[out[0] == '"']));
		out[len] = '\n';
		csv_init(&c);
		assert_true(csv_take(&c, out, len + 1, &used));
		assert_null(c.fault);
		csv_cell_read(csv_cell(&c, 0));
		assert_string_equal(csv_cell(&c, 0), text);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_records), cmocka_unit_test(test_limits), cmocka_unit_test(test_write),
		cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
