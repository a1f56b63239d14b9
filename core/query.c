#include "core/query.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/query_lex.h"
#include "core/text.h"
#include "core/words.h"

enum { EDITS_MAX = 2, BLOCK = 16384, MEMORY_MAX = 4 * 1024 * 1024, WORK_MAX = 1000000, AHEAD = 4 };

/* What the tree is made of is allocated in blocks and freed together. */
struct block {
	struct block	*next;
	size_t		 used;
	_Alignas(16) char bytes[BLOCK];
};

/* What lives outside the blocks. */
struct owned {
	struct pattern	*pattern;
	struct owned	*next;
};

struct query {
	const struct kind	*kind;
	unsigned		 holders;
	struct span		 text;
	char			 unknown[QUERY_FIELD];	/* the first field that it names and there is not */
	struct query_node	*root;
	struct block		*blocks;
	size_t			 allocated, n_nodes;
	struct owned		*patterns;
};

/* A field that a term is looked for in; the default is all that are searched. */
struct scope {
	uint64_t	fields;
	bool		any_field;	/* none was named */
	bool		star;		/* it was named "*" */
	bool		whole;		/* it holds one word, not text: a time */
};

struct clauses {
	struct query_node	*first, *last;
	size_t			 n;
};

struct parser {
	struct query		*q;
	struct lex		 lex;
	struct token		 ahead[AHEAD];
	size_t			 n_ahead;
	struct token		 last;		/* the one taken last */
	int			 depth;
	uint32_t		 work;		/* that its regular expressions may still cost */
	int			 rc;
	struct query_fault	*fault;
};

static struct query_node	*parse_query(struct parser *, const struct scope *);

static void *
allocate(struct parser *p, size_t n)
{
	struct block	*b = p->q->blocks;
	size_t		 size = n > BLOCK ? sizeof *b + n : sizeof *b;

	n = (n + 15) & ~(size_t)15;
	if (b == NULL || b->used + n > BLOCK) {
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

static void
fail(struct parser *p, const char *at, const char *why)
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

static const struct token *
peek(struct parser *p, size_t i)
{
	while (p->n_ahead <= i)
		p->ahead[p->n_ahead++] = lex_next(&p->lex);
	return &p->ahead[i];
}

static enum token_type
ahead(struct parser *p, size_t i)
{
	return peek(p, i)->type;
}

static struct token
take(struct parser *p)
{
	(void)peek(p, 0);
	p->last = p->ahead[0];
	memmove(p->ahead, p->ahead + 1, --p->n_ahead * sizeof p->ahead[0]);
	return p->last;
}

static bool
takes(struct parser *p, enum token_type type)
{
	if (p->rc != 0 || ahead(p, 0) != type)
		return false;
	(void)take(p);
	return true;
}

static struct query_node *
node(struct parser *p, enum query_op op, uint64_t fields)
{
	struct query_node	*n = p->q->n_nodes++ < QUERY_NODES_MAX ? allocate(p, sizeof *n) : NULL;

	if (n == NULL) {
		fail(p, p->last.text.s, "the query is too long");
		return NULL;
	}
	memset(n, 0, sizeof *n);
	n->op = op;
	n->fields = fields;
	return n;
}

static void
clause_add(struct clauses *c, struct query_node *n, enum query_occur occur)
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

static struct query_node *
bool_of(struct parser *p, const struct clauses *c)
{
	struct query_node	*n = node(p, QUERY_BOOL, 0);

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
			fail(p, s.s + s.n, "four hexadecimal digits should follow \\u");
			return 0;
		}
		if (hex(s.s[*at]) < 0) {
			fail(p, s.s + *at, "four hexadecimal digits should follow \\u");
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
static struct span
unescaped(struct parser *p, struct span s)
{
	char	*out = allocate(p, s.n + 4);
	size_t	 n = 0;

	for (size_t i = 0; out != NULL && i < s.n && p->rc == 0;) {
		if (s.s[i] != '\\') {
			out[n++] = s.s[i++];
			continue;
		}
		if (++i == s.n)
			fail(p, s.s + i, "a \\ stands before the character that it escapes; for itself write \\\\");
		else if (s.s[i] == 'u') {
			i++;
			n += text_encode(escaped_code(p, s, &i), out + n);
		} else
			out[n++] = s.s[i++];
	}
	return (struct span){ out, n };
}

static struct span
lower(struct parser *p, struct span s)
{
	size_t	 max = 3 * s.n + 1;
	char	*out = allocate(p, max);

	return out == NULL ? (struct span){ "", 0 } : (struct span){ out, words_lower(s.s, s.n, out, max) };
}

/* What wildcards stand in: in lower case, but for escaped characters, which Lucene leaves as they are. */
static struct span
lower_wildcard(struct parser *p, struct span s)
{
	size_t	 max = 3 * s.n + 1, n = 0, run;
	char	*out = allocate(p, max);

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

static struct query_node *
pattern_node(struct parser *p, const struct scope *s, struct pattern *pattern)
{
	struct query_node	*n = pattern == NULL ? NULL : node(p, QUERY_PATTERN, s->fields);
	struct owned		*o = n == NULL ? NULL : allocate(p, sizeof *o);

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
	*list = count == 0 ? NULL : allocate(p, count * sizeof **list);
	if (*list == NULL)
		return 0;
	words_init(&w, text.s, text.n);
	for (size_t i = 0; i < count && (n = words_next(&w, word)) > 0; i++) {
		if ((copy = allocate(p, n + 1)) == NULL)
			return 0;
		memcpy(copy, word, n + 1);
		(*list)[i] = (struct span){ copy, n };
	}
	return count;
}

static struct query_node *
word_node(struct parser *p, uint64_t fields, struct span word)
{
	struct query_node	*n = node(p, QUERY_WORD, fields);

	if (n != NULL)
		n->word = word;
	return n;
}

/* A text that no operator is in: a word, or any of its words; NULL where it holds none. */
static struct query_node *
text_node(struct parser *p, const struct scope *s, struct span text)
{
	struct clauses		 c = { 0 };
	struct span		*words;
	size_t			 n;
	struct query_node	*word;

	if (s->whole)
		return pattern_node(p, s, pattern_prefix(lower(p, text)));
	if ((n = words_of(p, text, &words)) == 0)
		return NULL;
	if (n == 1)
		return word_node(p, s->fields, words[0]);
	for (size_t i = 0; i < n && (word = word_node(p, s->fields, words[i])) != NULL; i++)
		clause_add(&c, word, QUERY_SHOULD);
	return bool_of(p, &c);
}

static struct query_node *
phrase_node(struct parser *p, const struct scope *s, struct span text, uint32_t slop)
{
	struct query_node	*n;
	struct span		*words;
	size_t			 count;

	if (s->whole)
		return pattern_node(p, s, pattern_prefix(lower(p, text)));
	if ((count = words_of(p, text, &words)) == 0)
		return NULL;
	if (count == 1)
		return word_node(p, s->fields, words[0]);
	if ((n = node(p, QUERY_PHRASE, s->fields)) == NULL)
		return NULL;
	n->words = words;
	n->n_words = count;
	n->slop = slop;
	return n;
}

/*
 * The number after ~, as Java's Float.valueOf reads it; false for what is none (then the default holds).
 */
static bool
number_of(struct span s, float *value)
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

static struct query_node *
fuzzy_node(struct parser *p, const struct scope *s, struct span text, struct token slop)
{
	float		similarity = EDITS_MAX;
	uint32_t	code;
	size_t		codes = 0;
	double		edits;
	struct span	word = lower(p, text);

	(void)number_of((struct span){ slop.text.s + 1, slop.text.n - 1 }, &similarity);
	if (similarity < 0)
		fail(p, slop.text.s, "after ~ stands how many letters may differ: ~, ~0, ~1 or ~2");
	else if (similarity >= 1 && similarity < 1e9F && similarity != (float)(int)similarity)
		fail(p, slop.text.s, "letters differ in whole numbers: ~1 or ~2");
	if (p->rc != 0)
		return NULL;
	for (size_t i = 0, used; i < word.n; i += used, codes++)
		if ((used = text_decode(word.s + i, word.n - i, &code)) == 0)
			used = 1;
	edits = similarity >= 1 ? (double)similarity : similarity > 0 ? (double)(int)((1.0 - (double)similarity) * (double)codes) : 0;
	return pattern_node(p, s, pattern_fuzzy(word, edits > EDITS_MAX ? EDITS_MAX : (int)edits));
}

static struct query_node *
wildcard_node(struct parser *p, const struct scope *s, struct token t)
{
	if (s->star && t.type == TOKEN_STAR)
		return node(p, QUERY_ALL, 0);
	if (t.text.s[0] == '*' || t.text.s[0] == '?') {
		fail(p, t.text.s, "a word can't begin with * or ?; write its first letter, as in a*, or *:* for everything");
		return NULL;
	}
	return pattern_node(p, s, pattern_wildcard(lower_wildcard(p, t.text)));
}

static struct query_node *
prefix_node(struct parser *p, const struct scope *s, struct token t, struct span text)
{
	text.n--;	/* the star */
	if (text.n > 0 && text.s[0] == '*') {
		fail(p, t.text.s, "a word can't begin with *");
		return NULL;
	}
	return pattern_node(p, s, pattern_prefix(lower(p, text)));
}

static struct query_node *
regex_node(struct parser *p, const struct scope *s, struct token t)
{
	struct span	 text = lower(p, (struct span){ t.text.s + 1, t.text.n - 2 });
	struct pattern	*pattern;
	char		 why[120] = "";
	size_t		 at = 0, back = 0;
	int		 rc;

	if (p->rc != 0)
		return NULL;
	if ((rc = pattern_regex(&pattern, text, &p->work, &at, why, sizeof why)) == 0)
		return pattern_node(p, s, pattern);
	if (rc == ERR_INVALID) {
		/* lower case has as many characters, but perhaps not as many bytes */
		for (size_t i = 0; i < at && i < text.n; i++)
			back += ((unsigned char)text.s[i] & 0xc0) != 0x80;
		fail(p, t.text.s, why);
		p->fault->column += back + 1;
	} else
		p->rc = rc;
	return NULL;
}

static void
parse_boost(struct parser *p)
{
	if (takes(p, TOKEN_CARET) && !takes(p, TOKEN_NUMBER))
		fail(p, peek(p, 0)->text.s, "a number should follow the ^, as in ^2 or ^0.5");
}

/* [^2] and [~1], each at most once, in either order.  Whether there was a ~, and it. */
static bool
parse_suffixes(struct parser *p, struct token *slop)
{
	bool	fuzzy = false;

	if (ahead(p, 0) == TOKEN_CARET) {
		parse_boost(p);
		if ((fuzzy = takes(p, TOKEN_FUZZY)))
			*slop = p->last;
	} else if ((fuzzy = takes(p, TOKEN_FUZZY))) {
		*slop = p->last;
		if (ahead(p, 0) == TOKEN_CARET)
			parse_boost(p);
	}
	return fuzzy;
}

static struct query_node *
parse_word(struct parser *p, const struct scope *s)
{
	struct token	t = take(p), slop = { .type = TOKEN_END };
	bool		fuzzy;
	struct span	text;

	if (t.type == TOKEN_OPERATOR)
		t.text.n = 1;
	fuzzy = parse_suffixes(p, &slop);
	text = unescaped(p, t.text);
	if (p->rc != 0)
		return NULL;
	switch (t.type) {
	case TOKEN_STAR:
	case TOKEN_WILDCARD:
		return wildcard_node(p, s, t);
	case TOKEN_PREFIX:
		return prefix_node(p, s, t, text);
	case TOKEN_REGEX:
		return regex_node(p, s, t);
	default:
		return fuzzy ? fuzzy_node(p, s, text, slop) : text_node(p, s, text);
	}
}

static struct query_node *
parse_quoted(struct parser *p, const struct scope *s)
{
	struct token	t = take(p), slop = { .type = TOKEN_END };
	float		value = 0;
	struct span	text;

	if (parse_suffixes(p, &slop) && !number_of((struct span){ slop.text.s + 1, slop.text.n - 1 }, &value))
		value = 0;
	text = unescaped(p, (struct span){ t.text.s + 1, t.text.n - 2 });
	if (p->rc == 0 && value < 0) {
		fail(p, slop.text.s, "after ~ stands by how many places the words may be off, as in \"a b\"~3");
		return NULL;
	}
	return p->rc != 0 ? NULL : phrase_node(p, s, text, value >= (float)INT32_MAX ? INT32_MAX : (uint32_t)value);
}

static bool
parse_bound(struct parser *p, struct span *bound)
{
	struct token	t = *peek(p, 0);
	struct span	text = t.text;

	if (t.type != TOKEN_RANGE_TEXT && t.type != TOKEN_RANGE_QUOTED && t.type != TOKEN_RANGE_TO) {
		fail(p, t.text.s, t.type == TOKEN_FAULT ? t.fault : "a range is written [from TO to], with * for an open end");
		return false;
	}
	(void)take(p);
	if (t.type == TOKEN_RANGE_QUOTED)
		text = (struct span){ text.s + 1, text.n - 2 };
	else if (span_is(text, "*")) {
		*bound = (struct span){ NULL, 0 };
		return true;
	}
	*bound = lower(p, unescaped(p, text));
	return p->rc == 0;
}

static struct query_node *
parse_range(struct parser *p, const struct scope *s)
{
	bool		with_from = take(p).type == TOKEN_RANGE_IN, with_to;
	struct span	from, to;

	if (!parse_bound(p, &from))
		return NULL;
	if (!takes(p, TOKEN_RANGE_TO)) {
		fail(p, peek(p, 0)->text.s, "TO should stand between the ends of a range: [from TO to]");
		return NULL;
	}
	if (!parse_bound(p, &to))
		return NULL;
	if (!(with_to = takes(p, TOKEN_RANGE_END_IN)) && !takes(p, TOKEN_RANGE_END_EX)) {
		fail(p, peek(p, 0)->text.s, "the ] or } that ends this range is missing");
		return NULL;
	}
	if (ahead(p, 0) == TOKEN_CARET)
		parse_boost(p);
	return p->rc != 0 ? NULL : pattern_node(p, s, pattern_range(from, with_from, to, with_to));
}

/* Why what comes next can't begin a clause. */
static void
fail_clause(struct parser *p)
{
	const struct token	*t = peek(p, 0);
	const char		*why = "a term should stand here";

	switch (t->type) {
	case TOKEN_FAULT:
		why = t->fault;
		break;
	case TOKEN_END:
		why = p->last.type == TOKEN_END ? "the query is empty" : p->last.type == TOKEN_COLON ?
		    "what to look for in that field is missing after the :" : "a term is missing at the end";
		break;
	case TOKEN_AND:
	case TOKEN_OR:
		why = "a term should stand on each side of AND and OR; to look for the word itself write it small";
		break;
	case TOKEN_COLON:
		why = "the name of a field should stand before the :; to look for a : write \\:";
		break;
	case TOKEN_CLOSE:
		why = p->last.type == TOKEN_OPEN ? "there is nothing between these parentheses" : "this ) has no ( before it";
		break;
	case TOKEN_FUZZY:
		why = "a word should stand right before the ~; to look for a ~ write \\~";
		break;
	case TOKEN_CARET:
		why = "a term should stand right before the ^; to look for a ^ write \\^";
		break;
	default:
		break;
	}
	fail(p, t->text.s, why);
}

static struct query_node *
parse_term(struct parser *p, const struct scope *s)
{
	switch (ahead(p, 0)) {
	case TOKEN_TERM:
	case TOKEN_STAR:
	case TOKEN_PREFIX:
	case TOKEN_WILDCARD:
	case TOKEN_REGEX:
	case TOKEN_NUMBER:
	case TOKEN_OPERATOR:
		return parse_word(p, s);
	case TOKEN_QUOTED:
		return parse_quoted(p, s);
	case TOKEN_RANGE_IN:
	case TOKEN_RANGE_EX:
		return parse_range(p, s);
	default:
		fail_clause(p);
		return NULL;
	}
}

static struct scope
scope_of(struct query *q, struct span name)
{
	const struct kind	*k = q->kind;
	const struct field	*f;
	char			 text[64];
	struct scope		 s = { .star = span_is(name, "*") };

	if (!span_get(name, text, sizeof text))
		return s;
	f = kind_field(k, strcmp(text, "callerid") == 0 ? "caller_id" : text);
	if (f != NULL && !(f->flags & (FF_HIDDEN | FF_SECRET))) {
		s.fields = UINT64_C(1) << (f - k->fields);
		s.whole = f->type == FT_TIME;
	} else if (!s.star && q->unknown[0] == '\0')
		(void)snprintf(q->unknown, sizeof q->unknown, "%s", text);
	return s;
}

static struct query_node *
parse_clause(struct parser *p, const struct scope *outer)
{
	struct scope		 named;
	struct query_node	*n;
	const char		*open;

	if ((ahead(p, 0) == TOKEN_TERM || ahead(p, 0) == TOKEN_STAR) && ahead(p, 1) == TOKEN_COLON) {
		named = scope_of(p->q, unescaped(p, take(p).text));
		outer = &named;
		(void)take(p);
	}
	if (ahead(p, 0) != TOKEN_OPEN)
		return parse_term(p, outer);
	open = take(p).text.s;
	if (++p->depth > QUERY_DEPTH_MAX) {
		fail(p, open, "the parentheses are nested too deeply");
		return NULL;
	}
	n = parse_query(p, outer);
	p->depth--;
	if (p->rc == 0 && !takes(p, TOKEN_CLOSE)) {
		if (ahead(p, 0) == TOKEN_END)
			fail(p, open, "the ) to this ( is missing");
		else
			fail_clause(p);
	}
	if (ahead(p, 0) == TOKEN_CARET)
		parse_boost(p);
	return n;
}

/* Whether terms without an operator between them follow: Lucene hands them to the analyser as one text. */
static bool
is_text(struct parser *p)
{
	if (ahead(p, 0) != TOKEN_TERM || ahead(p, 1) != TOKEN_TERM)
		return false;
	switch (ahead(p, 2)) {
	case TOKEN_COLON:
	case TOKEN_STAR:
	case TOKEN_FUZZY:
	case TOKEN_CARET:
	case TOKEN_AND:
	case TOKEN_OR:
		return false;
	default:
		return true;
	}
}

/*
 * Its words become clauses of their own.  If the whole text holds one word, the clauses are that word in each field, and what
 * follows (an AND) takes hold of the last of them only: so it is in Lucene.
 */
static struct query_node *
parse_text(struct parser *p, const struct scope *s, struct clauses *c)
{
	struct clauses		 words = { 0 };
	struct query_node	*n, *next, *whole = NULL;
	struct span		 part;

	for (bool more = true; more && p->rc == 0;) {
		part = unescaped(p, take(p).text);
		if ((n = text_node(p, s, part)) != NULL && n->op == QUERY_BOOL) {
			for (next = n->first; (n = next) != NULL;) {
				next = n->next;
				clause_add(&words, n, QUERY_SHOULD);
			}
		} else if (n != NULL)
			clause_add(&words, n, QUERY_SHOULD);
		/* is_text() looked at the first two of them; each further one is looked at with what comes after it */
		more = ahead(p, 0) == TOKEN_TERM && !(ahead(p, 1) == TOKEN_COLON || ahead(p, 1) == TOKEN_STAR || ahead(p, 1) == TOKEN_FUZZY ||
		    ahead(p, 1) == TOKEN_CARET || ahead(p, 1) == TOKEN_AND || ahead(p, 1) == TOKEN_OR);
	}
	if (words.n == 1 && s->any_field && p->rc == 0) {
		uint64_t	fields = words.first->fields;
		struct span	word = words.first->word;

		for (uint64_t bit = 1; bit != 0; bit <<= 1)
			if ((fields & bit) && (n = word_node(p, bit, word)) != NULL)
				clause_add(c, n, QUERY_SHOULD);
		whole = word_node(p, fields, word);
	} else
		for (n = words.first; n != NULL; n = next) {
			next = n->next;
			clause_add(c, n, QUERY_SHOULD);
			whole = n;
		}
	return whole;
}

static bool
begins_clause(enum token_type t)
{
	switch (t) {
	case TOKEN_END:
	case TOKEN_FAULT:
	case TOKEN_CLOSE:
	case TOKEN_COLON:
	case TOKEN_CARET:
	case TOKEN_FUZZY:
	case TOKEN_RANGE_END_IN:
	case TOKEN_RANGE_END_EX:
	case TOKEN_RANGE_TO:
	case TOKEN_RANGE_QUOTED:
	case TOKEN_RANGE_TEXT:
		return false;
	default:
		return true;
	}
}

/* [AND | OR] [+ | - | NOT] clause; returns the clause, NULL if it holds no word. */
static struct query_node *
parse_operand(struct parser *p, const struct scope *s, struct clauses *c, bool *plain)
{
	bool			 and = takes(p, TOKEN_AND), required, not;
	struct query_node	*n;

	if (!and)
		(void)takes(p, TOKEN_OR);
	required = takes(p, TOKEN_PLUS);
	not = !required && (takes(p, TOKEN_MINUS) || takes(p, TOKEN_NOT));
	*plain = !required && !not;
	n = parse_clause(p, s);
	if (and && c->last != NULL && c->last->occur != QUERY_MUST_NOT)
		c->last->occur = QUERY_MUST;
	if (n != NULL && p->rc == 0)
		clause_add(c, n, not ? QUERY_MUST_NOT : required || and ? QUERY_MUST : QUERY_SHOULD);
	return n;
}

/* NULL where it holds no word at all: it then counts as not there. */
static struct query_node *
parse_query(struct parser *p, const struct scope *s)
{
	struct clauses		 c = { 0 };
	struct query_node	*first = NULL, *n;
	bool			 plain = true;

	if (ahead(p, 0) == TOKEN_AND || ahead(p, 0) == TOKEN_OR) {
		fail_clause(p);
		return NULL;
	}
	if (is_text(p))
		first = parse_text(p, s, &c);
	else {
		n = parse_operand(p, s, &c, &plain);
		first = plain ? n : NULL;
	}
	while (p->rc == 0 && begins_clause(ahead(p, 0))) {
		if (is_text(p))
			(void)parse_text(p, s, &c);
		else
			(void)parse_operand(p, s, &c, &plain);
	}
	if (p->rc != 0)
		return NULL;
	if (c.n == 1 && first != NULL)
		return first;
	return c.n == 0 ? NULL : bool_of(p, &c);
}

int
query_parse(const struct kind *k, const char *text, size_t n, struct query **query, struct query_fault *fault)
{
	struct parser	p = { .fault = fault, .work = WORK_MAX };
	struct scope	all = { .any_field = true };
	char		*copy;

	*query = NULL;
	*fault = (struct query_fault){ .column = 1 };
	if ((p.q = calloc(1, sizeof *p.q)) == NULL)
		return -ENOMEM;
	p.q->kind = k;
	p.q->holders = 1;
	for (size_t i = 0; i < k->n_fields && i < 64; i++)
		if (k->fields[i].flags & FF_SEARCH)
			all.fields |= UINT64_C(1) << i;
	if (n > QUERY_TEXT_MAX) {
		(void)snprintf(fault->text, sizeof fault->text, "a query has at most %d bytes", QUERY_TEXT_MAX);
		p.rc = ERR_INVALID;
	} else if ((copy = allocate(&p, n + 1)) != NULL) {
		memcpy(copy, text, n);
		copy[n] = '\0';
		p.lex.text = p.q->text = (struct span){ copy, n };
		p.q->root = parse_query(&p, &all);
		if (p.rc == 0 && ahead(&p, 0) != TOKEN_END)
			fail_clause(&p);
		if (p.rc == 0 && p.q->root == NULL)
			p.q->root = node(&p, QUERY_BOOL, 0);
	}
	if (p.rc != 0) {
		query_free(p.q);
		return p.rc;
	}
	*query = p.q;
	return 0;
}

struct query *
query_ref(struct query *q)
{
	if (q != NULL)
		q->holders++;
	return q;
}

void
query_free(struct query *q)
{
	struct block	*b;

	if (q == NULL || --q->holders > 0)
		return;
	for (const struct owned *o = q->patterns; o != NULL; o = o->next)
		pattern_free(o->pattern);
	while ((b = q->blocks) != NULL) {
		q->blocks = b->next;
		free(b);
	}
	free(q);
}

const struct query_node *
query_root(const struct query *q)
{
	return q->root;
}

const char *
query_unknown(const struct query *q)
{
	return q->unknown;
}

const struct kind *
query_kind(const struct query *q)
{
	return q->kind;
}

struct span
query_text(const struct query *q)
{
	return q->text;
}
