#include "core/term.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/text.h"
#include "core/words.h"

enum { EDITS_MAX = 2, MEMORY_MAX = 4 * 1024 * 1024 };

void *
term_allocate(struct parser *p, size_t n)
{
	struct block	*b = p->q->blocks;
	size_t		 size = n > TERM_BLOCK ? sizeof *b + n : sizeof *b;

	n = (n + 15) & ~(size_t)15;
	if (b == NULL || b->used + n > TERM_BLOCK) {
		if (p->q->allocated + size > MEMORY_MAX || (b = malloc(size)) == NULL) {
			if (p->rc == 0)
				p->rc = -ENOMEM;
			return NULL;
		}
		p->q->allocated += size;
		b->used = 0;
		b->next = p->q->blocks;
		p->q->blocks = b;
	}
	b->used += n;
	return b->bytes + b->used - n;
}

void
term_fail(struct parser *p, const char *at, const char *why)
{
	const struct span	*text = &p->lex.text;
	size_t			 column = 1;

	if (p->rc != 0)
		return;
	p->rc = ERR_INVALID;
	for (const char *s = text->s; s < at && s < text->s + text->n; s++)
		column += ((unsigned char)*s & 0xc0) != 0x80;
	p->fault->column = column;
	(void)snprintf(p->fault->text, sizeof p->fault->text, "%s", why);
}

struct query_node *
term_node(struct parser *p, enum query_op op, uint64_t fields)
{
	struct query_node	*n = p->q->n_nodes++ < QUERY_NODES_MAX ? term_allocate(p, sizeof *n) : NULL;

	if (n == NULL) {
		term_fail(p, p->last.text.s, "the query is too long");
		return NULL;
	}
	memset(n, 0, sizeof *n);
	n->op = op;
	n->fields = fields;
	return n;
}

void
term_clause_add(struct clauses *c, struct query_node *n, enum query_occur occur)
{
	n->occur = occur;
	n->next = NULL;
	if (c->last == NULL)
		c->first = n;
	else
		c->last->next = n;
	c->last = n;
	c->n++;
}

struct query_node *
term_bool(struct parser *p, const struct clauses *c)
{
	struct query_node	*n = term_node(p, QUERY_BOOL, 0);

	if (n != NULL)
		n->first = c->first;
	return n;
}

static int
hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* \uXXXX, and the half that follows when it is one of a pair: its code point; *at moves past it. */
static uint32_t
escaped_unit(struct parser *p, struct span s, size_t *at)
{
	uint32_t	code = 0;

	for (int i = 0; i < 4; i++) {
		if (*at >= s.n) {
			term_fail(p, s.s + s.n, "four hexadecimal digits should follow \\u");
			return 0;
		}
		if (hex(s.s[*at]) < 0) {
			term_fail(p, s.s + *at, "four hexadecimal digits should follow \\u");
			return 0;
		}
		code = code * 16 + (uint32_t)hex(s.s[(*at)++]);
	}
	return code;
}

static uint32_t
escaped_code(struct parser *p, struct span s, size_t *at)
{
	uint32_t	code = escaped_unit(p, s, at), low;
	size_t		after = *at + 2;

	if (code < 0xd800 || code > 0xdfff || p->rc != 0)
		return code;
	if (code <= 0xdbff && *at + 6 <= s.n && s.s[*at] == '\\' && s.s[*at + 1] == 'u') {
		low = escaped_unit(p, s, &after);
		if (low >= 0xdc00 && low <= 0xdfff) {
			*at = after;
			return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
		}
	}
	return 0xfffd;
}

/* Takes the escapes out; a copy. */
struct span
term_unescaped(struct parser *p, struct span s)
{
	char	*out = term_allocate(p, s.n + 4);
	size_t	 n = 0;

	for (size_t i = 0; out != NULL && i < s.n && p->rc == 0;) {
		if (s.s[i] != '\\') {
			out[n++] = s.s[i++];
			continue;
		}
		if (++i == s.n)
			term_fail(p, s.s + i, "a \\ stands before the character that it escapes; for itself write \\\\");
		else if (s.s[i] == 'u') {
			i++;
			n += text_encode(escaped_code(p, s, &i), out + n);
		} else
			out[n++] = s.s[i++];
	}
	return (struct span){ out, n };
}

struct span
term_lower(struct parser *p, struct span s)
{
	size_t	 max = 3 * s.n + 1;
	char	*out = term_allocate(p, max);

	return out == NULL ? (struct span){ "", 0 } : (struct span){ out, words_lower(s.s, s.n, out, max) };
}

/* What wildcards stand in: in lower case, but for escaped characters, which Lucene leaves as they are. */
static struct span
lower_wildcard(struct parser *p, struct span s)
{
	size_t	 max = 3 * s.n + 1, n = 0, run;
	char	*out = term_allocate(p, max);

	for (size_t i = 0; out != NULL && i < s.n;) {
		if (s.s[i] == '\\' && i + 1 < s.n) {
			size_t	used;
			uint32_t code;

			used = text_decode(s.s + i + 1, s.n - i - 1, &code);
			used = used == 0 ? 2 : 1 + used;
			memcpy(out + n, s.s + i, used);
			n += used;
			i += used;
			continue;
		}
		for (run = 1; i + run < s.n && s.s[i + run] != '\\'; run++)
			;
		n += words_lower(s.s + i, run, out + n, max - n);
		i += run;
	}
	return (struct span){ out, n };
}

struct query_node *
term_pattern(struct parser *p, const struct scope *s, struct pattern *pattern)
{
	struct query_node	*n = pattern == NULL ? NULL : term_node(p, QUERY_PATTERN, s->fields);
	struct owned		*o = n == NULL ? NULL : term_allocate(p, sizeof *o);

	if (o == NULL) {
		pattern_free(pattern);
		if (p->rc == 0)
			p->rc = -ENOMEM;
		return NULL;
	}
	*o = (struct owned){ .pattern = n->pattern = pattern, .next = p->q->patterns };
	p->q->patterns = o;
	return n;
}

/* The words of a text, as the analyser cuts it. */
static size_t
words_of(struct parser *p, struct span text, struct span **list)
{
	char		 word[WORD_BYTES], *copy;
	struct words	 w;
	size_t		 count = 0, n;

	words_init(&w, text.s, text.n);
	while (words_next(&w, word) > 0)
		count++;
	*list = count == 0 ? NULL : term_allocate(p, count * sizeof **list);
	if (*list == NULL)
		return 0;
	words_init(&w, text.s, text.n);
	for (size_t i = 0; i < count && (n = words_next(&w, word)) > 0; i++) {
		if ((copy = term_allocate(p, n + 1)) == NULL)
			return 0;
		memcpy(copy, word, n + 1);
		(*list)[i] = (struct span){ copy, n };
	}
	return count;
}

struct query_node *
term_word(struct parser *p, uint64_t fields, struct span word)
{
	struct query_node	*n = term_node(p, QUERY_WORD, fields);

	if (n != NULL)
		n->word = word;
	return n;
}

/* A text that no operator is in: a word, or any of its words; NULL where it holds none. */
struct query_node *
term_text(struct parser *p, const struct scope *s, struct span text)
{
	struct clauses		 c = { 0 };
	struct span		*words;
	size_t			 n;
	struct query_node	*word;

	if (s->whole)
		return term_pattern(p, s, pattern_prefix(term_lower(p, text)));
	if ((n = words_of(p, text, &words)) == 0)
		return NULL;
	if (n == 1)
		return term_word(p, s->fields, words[0]);
	for (size_t i = 0; i < n && (word = term_word(p, s->fields, words[i])) != NULL; i++)
		term_clause_add(&c, word, QUERY_SHOULD);
	return term_bool(p, &c);
}

struct query_node *
term_phrase(struct parser *p, const struct scope *s, struct span text, uint32_t slop)
{
	struct query_node	*n;
	struct span		*words;
	size_t			 count;

	if (s->whole)
		return term_pattern(p, s, pattern_prefix(term_lower(p, text)));
	if ((count = words_of(p, text, &words)) == 0)
		return NULL;
	if (count == 1)
		return term_word(p, s->fields, words[0]);
	if ((n = term_node(p, QUERY_PHRASE, s->fields)) == NULL)
		return NULL;
	n->words = words;
	n->n_words = count;
	n->slop = slop;
	return n;
}

/*
 * The number after ~, as Java's Float.valueOf reads it; false for what is none (then the default holds).
 */
bool
term_number(struct span s, float *value)
{
	char	text[64], *end;
	float	number;

	if (s.n == 0 || !span_get(s, text, sizeof text) || strpbrk(text, "xXpP") != NULL ||
	    (strpbrk(text, "iInN") != NULL && strstr(text, "NaN") == NULL && strstr(text, "Infinity") == NULL))
		return false;
	number = strtof(text, &end);
	if (end != text && *end != '\0' && strchr("fFdD", *end) != NULL)
		end++;
	if (end == text || *end != '\0')
		return false;
	*value = number;
	return true;
}

struct query_node *
term_fuzzy(struct parser *p, const struct scope *s, struct span text, struct token slop)
{
	float		similarity = EDITS_MAX;
	uint32_t	code;
	size_t		codes = 0;
	double		edits;
	struct span	word = term_lower(p, text);

	(void)term_number((struct span){ slop.text.s + 1, slop.text.n - 1 }, &similarity);
	if (similarity < 0)
		term_fail(p, slop.text.s, "after ~ stands how many letters may differ: ~, ~0, ~1 or ~2");
	else if (similarity >= 1 && similarity < 1e9F && similarity != (float)(int)similarity)
		term_fail(p, slop.text.s, "letters differ in whole numbers: ~1 or ~2");
	if (p->rc != 0)
		return NULL;
	for (size_t i = 0, used; i < word.n; i += used, codes++)
		if ((used = text_decode(word.s + i, word.n - i, &code)) == 0)
			used = 1;
	edits = similarity >= 1 ? (double)similarity : similarity > 0 ? (double)(int)((1.0 - (double)similarity) * (double)codes) : 0;
	return term_pattern(p, s, pattern_fuzzy(word, edits > EDITS_MAX ? EDITS_MAX : (int)edits));
}

struct query_node *
term_wildcard(struct parser *p, const struct scope *s, struct token t)
{
	if (s->star && t.type == TOKEN_STAR)
		return term_node(p, QUERY_ALL, 0);
	if (t.text.s[0] == '*' || t.text.s[0] == '?') {
		term_fail(p, t.text.s, "a word can't begin with * or ?; write its first letter, as in a*, or *:* for everything");
		return NULL;
	}
	return term_pattern(p, s, pattern_wildcard(lower_wildcard(p, t.text)));
}

struct query_node *
term_prefix(struct parser *p, const struct scope *s, struct token t, struct span text)
{
	text.n--;	/* the star */
	if (text.n > 0 && text.s[0] == '*') {
		term_fail(p, t.text.s, "a word can't begin with *");
		return NULL;
	}
	return term_pattern(p, s, pattern_prefix(term_lower(p, text)));
}

struct query_node *
term_regex(struct parser *p, const struct scope *s, struct token t)
{
	struct span	 text = term_lower(p, (struct span){ t.text.s + 1, t.text.n - 2 });
	struct pattern	*pattern;
	char		 why[120] = "";
	size_t		 at = 0, back = 0;
	int		 rc;

	if (p->rc != 0)
		return NULL;
	if ((rc = pattern_regex(&pattern, text, &p->work, &at, why, sizeof why)) == 0)
		return term_pattern(p, s, pattern);
	if (rc == ERR_INVALID) {
		/* lower case has as many characters, but perhaps not as many bytes */
		for (size_t i = 0; i < at && i < text.n; i++)
			back += ((unsigned char)text.s[i] & 0xc0) != 0x80;
		term_fail(p, t.text.s, why);
		p->fault->column += back + 1;
	} else
		p->rc = rc;
	return NULL;
}
