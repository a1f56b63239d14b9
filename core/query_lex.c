#include "core/query_lex.h"

#include <stdbool.h>
#include <string.h>

static const char	ideographic_space[] = "\xe3\x80\x80";

static char
at(const struct lex *l, size_t i)
{
	return i < l->text.n ? l->text.s[i] : '\0';
}

static size_t
blank_length(const struct lex *l, size_t i)
{
	if (i >= l->text.n)
		return 0;
	if (l->text.s[i] == ' ' || l->text.s[i] == '\t' || l->text.s[i] == '\n' || l->text.s[i] == '\r')
		return 1;
	return l->text.n - i >= 3 && memcmp(l->text.s + i, ideographic_space, 3) == 0 ? 3 : 0;
}

/* Bytes of the character that can begin a term at i, or stand in it; 0: none can. */
static size_t
start_length(const struct lex *l, size_t i)
{
	if (i >= l->text.n || blank_length(l, i) > 0)
		return 0;
	if (l->text.s[i] == '\\')
		return i + 1 < l->text.n ? 2 : 0;
	return l->text.s[i] != '\0' && strchr("+-!():^[]\"{}~*?/", l->text.s[i]) != NULL ? 0 : 1;
}

static size_t
term_length(const struct lex *l, size_t i)
{
	return at(l, i) == '+' || at(l, i) == '-' ? 1 : start_length(l, i);
}

static struct token
token(struct lex *l, enum token_type type, size_t n)
{
	struct token	t = { .type = type, .text = { l->text.s + l->at, n } };

	l->at += n;
	return t;
}

static struct token
fault(const struct lex *l, const char *why)
{
	return (struct token){ .type = TOKEN_FAULT, .text = { l->text.s + l->at, 0 }, .fault = why };
}

/* A run of characters of terms, with wildcards among them. */
static struct token
lex_term(struct lex *l)
{
	size_t	i = l->at, wildcards = 0, used;

	for (;; i += used) {
		if (at(l, i) == '*' || at(l, i) == '?') {
			used = 1;
			wildcards++;
		} else if ((used = term_length(l, i)) == 0)
			break;
	}
	i -= l->at;
	if (wildcards == 0) {
		struct span	s = { l->text.s + l->at, i };

		if (span_is(s, "AND") || span_is(s, "&&"))
			return token(l, TOKEN_AND, i);
		if (span_is(s, "OR") || span_is(s, "||"))
			return token(l, TOKEN_OR, i);
		return token(l, span_is(s, "NOT") ? TOKEN_NOT : TOKEN_TERM, i);
	}
	if (wildcards == 1 && at(l, l->at + i - 1) == '*')
		return token(l, i == 1 ? TOKEN_STAR : TOKEN_PREFIX, i);
	return token(l, TOKEN_WILDCARD, i);
}

static struct token
lex_quoted(struct lex *l)
{
	size_t	i = l->at + 1;

	while (i < l->text.n && l->text.s[i] != '"')
		i += l->text.s[i] == '\\' ? 2 : 1;
	if (i >= l->text.n)
		return fault(l, "the \" that ends this phrase is missing");
	return token(l, TOKEN_QUOTED, i + 1 - l->at);
}

/* To the last delimiter that can end it: one after a backslash does only if none follows that can. */
static size_t
delimited(const struct lex *l, char delimiter, size_t least)
{
	size_t	end = 0;

	for (size_t i = l->at + 1; i < l->text.n; i++)
		if (l->text.s[i] == delimiter) {
			if (i - l->at > least)
				end = i + 1 - l->at;
			if (l->text.s[i - 1] != '\\' || i - 1 == l->at)
				break;
		}
	return end;
}

static struct token
lex_regex(struct lex *l)
{
	size_t	n = delimited(l, '/', 0);

	return n == 0 ? fault(l, "the / that ends this regular expression is missing; to look for a / write \\/") : token(l, TOKEN_REGEX, n);
}

static struct token
lex_fuzzy(struct lex *l)
{
	size_t	i = l->at + 1, used;

	while ((used = term_length(l, i)) > 0)
		i += used;
	return token(l, TOKEN_FUZZY, i - l->at);
}

static struct token
lex_plain(struct lex *l)
{
	size_t	used;
	char	c;

	while ((used = blank_length(l, l->at)) > 0)
		l->at += used;
	if (l->at >= l->text.n)
		return token(l, TOKEN_END, 0);
	c = at(l, l->at);
	if (strchr("+-!", c) != NULL && c != '\0') {
		if ((used = blank_length(l, l->at + 1)) > 0)
			return token(l, TOKEN_OPERATOR, 1 + used);
		return token(l, c == '+' ? TOKEN_PLUS : c == '-' ? TOKEN_MINUS : TOKEN_NOT, 1);
	}
	switch (c) {
	case '(':
		return token(l, TOKEN_OPEN, 1);
	case ')':
		return token(l, TOKEN_CLOSE, 1);
	case ':':
		return token(l, TOKEN_COLON, 1);
	case '^':
		l->state = LEX_BOOST;
		return token(l, TOKEN_CARET, 1);
	case '"':
		return lex_quoted(l);
	case '~':
		return lex_fuzzy(l);
	case '/':
		return lex_regex(l);
	case '[':
	case '{':
		l->state = LEX_RANGE;
		return token(l, c == '[' ? TOKEN_RANGE_IN : TOKEN_RANGE_EX, 1);
	case ']':
	case '}':
		return fault(l, "this ends a range that has not begun; write \\ before it to look for it");
	case '\\':
		if (l->at + 1 == l->text.n)
			return fault(l, "a \\ stands before the character that it escapes; for itself write \\\\");
		break;
	default:
		break;
	}
	return lex_term(l);
}

static size_t
digits(const struct lex *l, size_t i)
{
	size_t	n = 0;

	while (at(l, i + n) >= '0' && at(l, i + n) <= '9')
		n++;
	return n;
}

static struct token
lex_boost(struct lex *l)
{
	size_t	n = digits(l, l->at), more;

	if (n == 0)
		return fault(l, "a number should follow the ^, as in ^2 or ^0.5");
	if (at(l, l->at + n) == '.' && (more = digits(l, l->at + n + 1)) > 0)
		n += 1 + more;
	l->state = LEX_PLAIN;
	return token(l, TOKEN_NUMBER, n);
}

static struct token
lex_range(struct lex *l)
{
	size_t	run, quoted, used;

	for (;;) {
		if (l->at >= l->text.n)
			return token(l, TOKEN_END, 0);
		for (run = 0; l->at + run < l->text.n && memchr(" ]}", l->text.s[l->at + run], 3) == NULL; run++)
			;
		if ((used = blank_length(l, l->at)) == 0 || run > used)
			break;
		l->at += used;
	}
	if (at(l, l->at) == ']' || at(l, l->at) == '}') {
		l->state = LEX_PLAIN;
		return token(l, at(l, l->at) == ']' ? TOKEN_RANGE_END_IN : TOKEN_RANGE_END_EX, 1);
	}
	quoted = at(l, l->at) == '"' ? delimited(l, '"', 1) : 0;
	if (quoted > 0 && quoted >= run)
		return token(l, TOKEN_RANGE_QUOTED, quoted);
	if (run == 2 && memcmp(l->text.s + l->at, "TO", 2) == 0)
		return token(l, TOKEN_RANGE_TO, run);
	return token(l, TOKEN_RANGE_TEXT, run);
}

struct token
lex_next(struct lex *l)
{
	switch (l->state) {
	case LEX_PLAIN:
		return lex_plain(l);
	case LEX_BOOST:
		return lex_boost(l);
	case LEX_RANGE:
		return lex_range(l);
	}
	return token(l, TOKEN_END, 0);
}
