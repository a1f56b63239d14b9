/* The query language: what is refused and where, and bounds on what a hostile query may cost.  tests/ctl/lucene.sh asks what matches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/account.h"
#include "core/err.h"
#include "core/match.h"
#include "core/phrase.h"

static void
test_faults(void **state)
{
	static const struct {
		const char	*text;
		size_t		 column;
		const char	*says;
	} rows[] = {
		{ "owner:(rossi", 7, "the ) to this (" }, { "rossi)", 6, "has no (" }, { "*ossi", 1, "can't begin" }, { "owner:?x", 7, "can't begin" },
		{ "\"al", 1, "\" that ends" }, { "J\xc3\xbcrgen ^", 9, "number" }, { "a AND", 6, "missing at the end" }, { "OR a", 1, "each side" },
		{ "a AND OR b", 7, "each side" }, { "[a b]", 4, "TO" }, { "[a TO b", 8, "missing" }, { "a}", 2, "has not begun" },
		{ "owner:", 7, "missing after the :" }, { ":x", 1, "name of a field" }, { "a~1.5", 2, "whole numbers" }, { "a~-1", 2, "letters may differ" },
		{ "\\u00g1", 5, "hexadecimal" }, { "ab\\", 3, "escapes" }, { "/a(/", 4, "too soon" }, { "/[z-a]/", 6, "backwards" }, { "/a", 1, "missing" },
		{ "x /<a>/", 5, "two numbers" }, { "()", 2, "nothing between" }, { "a^2^3", 4, "right before the ^" }, { "~2", 1, "right before the ~" },
		{ "", 1, "empty" },
	};
	struct query		*q;
	struct query_fault	 fault;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (query_parse(&account_kind, rows[i].text, strlen(rows[i].text), &q, &fault) != ERR_INVALID)
			fail_msg("\"%s\" is taken", rows[i].text);
		if (fault.column != rows[i].column || strstr(fault.text, rows[i].says) == NULL)
			fail_msg("\"%s\": column %zu: %s", rows[i].text, fault.column, fault.text);
	}
}

static int
parse(const char *text, size_t n, struct query **q)
{
	struct query_fault	fault;
	int			rc = query_parse(&account_kind, text, n, q, &fault);

	if (rc != 0)
		assert_true(fault.column >= 1 && fault.text[0] != '\0');
	return rc;
}

static void
repeat(char *out, size_t size, const char *part)
{
	size_t	n = strlen(part);

	for (out[0] = '\0'; strlen(out) + n < size;)
		strcat(out, part);
}

/* Each is refused, or made and asked, without much work: the bound of regular expressions is counted, not timed. */
static void
test_hostile(void **state)
{
	static const char *const	parts[] = {
		"(", "a ", "a OR ", "(a) ", "NOT ", "\"a\" ", "a* ", "a~ ", "[a TO b] ", "/(a|b)*a(a|b){12}/ ", "/a{1000}/ ", "/((a{99}){99}){99}/ ",
		"/~(~(.*a.*)&~(.*b.*))/ ", "/<0-2147483647>/ ", "\\u0041", "\"", "/", "a b c d e f g ", "owner:(", "+-!",
	};
	struct match	*room = match_new();
	struct account	 a;
	char		 text[QUERY_TEXT_MAX + 1];
	struct query	*q;

	(void)state;
	account_defaults(&a);
	(void)strcpy(a.owner, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		repeat(text, sizeof text, parts[i]);
		if (parse(text, strlen(text), &q) != 0)
			continue;
		(void)match_record(room, q, &a, NULL);
		(void)match_may(q, &a, sizeof a);
		query_free(q);
	}
	repeat(text, sizeof text, "?*a");
	text[0] = 'a';
	assert_int_equal(parse(text, strlen(text), &q), 0);
	assert_false(match_record(room, q, &a, NULL));
	query_free(q);
	assert_int_equal(parse("/.*a.{13}/", 10, &q), ERR_INVALID);
	assert_int_equal(parse("/.*a.{12}/", 10, &q), 0);
	query_free(q);
	match_free(room);
}

static void
test_too_long(void **state)
{
	char		*text = malloc(QUERY_TEXT_MAX + 2);
	struct query	*q;

	(void)state;
	memset(text, 'a', QUERY_TEXT_MAX + 2);
	assert_int_equal(parse(text, QUERY_TEXT_MAX + 1, &q), ERR_INVALID);
	assert_int_equal(parse(text, QUERY_TEXT_MAX, &q), 0);
	query_free(q);
	free(text);
}

static void
test_references(void **state)
{
	struct query	*q, *held;

	(void)state;
	assert_int_equal(parse("a", 1, &q), 0);
	held = query_ref(q);
	query_free(q);
	assert_true(span_is(query_text(held), "a"));
	assert_ptr_equal(query_kind(held), &account_kind);
	query_free(held);
}

static struct span
at(const char *word)
{
	return span_of(word);
}

static void
test_phrases(void **state)
{
	const struct span	text[] = { at("north"), at("desk"), at("of"), at("the"), at("desk"), at("office") };
	const struct span	desk_office[] = { at("desk"), at("office") }, office_desk[] = { at("office"), at("desk") };
	const struct span	desk_desk[] = { at("desk"), at("desk") }, three[] = { at("desk"), at("desk"), at("desk") };
	size_t			n = sizeof text / sizeof text[0];

	(void)state;
	assert_true(phrase_matches(desk_office, 2, 0, text, n));
	assert_false(phrase_matches(office_desk, 2, 1, text, n));
	assert_true(phrase_matches(office_desk, 2, 2, text, n));
	assert_false(phrase_matches(desk_desk, 2, 1, text, n));
	assert_true(phrase_matches(desk_desk, 2, 2, text, n));
	assert_false(phrase_matches(three, 3, 1000, text, n));
	assert_false(phrase_matches(desk_office, 2, 0, text, 1));
	assert_false(phrase_matches(desk_office, 2, 5, NULL, 0));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_faults), cmocka_unit_test(test_hostile), cmocka_unit_test(test_too_long), cmocka_unit_test(test_references),
		cmocka_unit_test(test_phrases),
	};

	return cmocka_run_group_tests_name("query", tests, NULL, NULL);
}
