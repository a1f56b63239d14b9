#include "core/query.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/term.h"

enum { WORK_MAX = 1000000 };		/* of regular expressions: about 5 ms */

static struct query_node	*parse_query(struct parser *, const struct scope *);

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

static void
parse_boost(struct parser *p)
{
	if (takes(p, TOKEN_CARET) && !takes(p, TOKEN_NUMBER))
		term_fail(p, peek(p, 0)->text.s, "a number should follow the ^, as in ^2 or ^0.5");
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
	text = term_unescaped(p, t.text);
	if (p->rc != 0)
		return NULL;
	switch (t.type) {
	case TOKEN_STAR:
	case TOKEN_WILDCARD:
		return term_wildcard(p, s, t);
	case TOKEN_PREFIX:
		return term_prefix(p, s, t, text);
	case TOKEN_REGEX:
		return term_regex(p, s, t);
	default:
		return fuzzy ? term_fuzzy(p, s, text, slop) : term_text(p, s, text);
	}
}

static struct query_node *
parse_quoted(struct parser *p, const struct scope *s)
{
	struct token	t = take(p), slop = { .type = TOKEN_END };
	float		value = 0;
	struct span	text;

	if (parse_suffixes(p, &slop) && !term_number((struct span){ slop.text.s + 1, slop.text.n - 1 }, &value))
		value = 0;
	text = term_unescaped(p, (struct span){ t.text.s + 1, t.text.n - 2 });
	if (p->rc == 0 && value < 0) {
		term_fail(p, slop.text.s, "after ~ stands by how many places the words may be off, as in \"a b\"~3");
		return NULL;
	}
	return p->rc != 0 ? NULL : term_phrase(p, s, text, value >= (float)INT32_MAX ? INT32_MAX : (uint32_t)value);
}

static bool
parse_bound(struct parser *p, struct span *bound)
{
	struct token	t = *peek(p, 0);
	struct span	text = t.text;

	if (t.type != TOKEN_RANGE_TEXT && t.type != TOKEN_RANGE_QUOTED && t.type != TOKEN_RANGE_TO) {
		term_fail(p, t.text.s, t.type == TOKEN_FAULT ? t.fault : "a range is written [from TO to], with * for an open end");
		return false;
	}
	(void)take(p);
	if (t.type == TOKEN_RANGE_QUOTED)
		text = (struct span){ text.s + 1, text.n - 2 };
	else if (span_is(text, "*")) {
		*bound = (struct span){ NULL, 0 };
		return true;
	}
	*bound = term_lower(p, term_unescaped(p, text));
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
		term_fail(p, peek(p, 0)->text.s, "TO should stand between the ends of a range: [from TO to]");
		return NULL;
	}
	if (!parse_bound(p, &to))
		return NULL;
	if (!(with_to = takes(p, TOKEN_RANGE_END_IN)) && !takes(p, TOKEN_RANGE_END_EX)) {
		term_fail(p, peek(p, 0)->text.s, "the ] or } that ends this range is missing");
		return NULL;
	}
	if (ahead(p, 0) == TOKEN_CARET)
		parse_boost(p);
	return p->rc != 0 ? NULL : term_pattern(p, s, pattern_range(from, with_from, to, with_to));
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
	term_fail(p, t->text.s, why);
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
		named = scope_of(p->q, term_unescaped(p, take(p).text));
		outer = &named;
		(void)take(p);
	}
	if (ahead(p, 0) != TOKEN_OPEN)
		return parse_term(p, outer);
	open = take(p).text.s;
	if (++p->depth > QUERY_DEPTH_MAX) {
		term_fail(p, open, "the parentheses are nested too deeply");
		return NULL;
	}
	n = parse_query(p, outer);
	p->depth--;
	if (p->rc == 0 && !takes(p, TOKEN_CLOSE)) {
		if (ahead(p, 0) == TOKEN_END)
			term_fail(p, open, "the ) to this ( is missing");
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
		part = term_unescaped(p, take(p).text);
		if ((n = term_text(p, s, part)) != NULL && n->op == QUERY_BOOL) {
			for (next = n->first; (n = next) != NULL;) {
				next = n->next;
				term_clause_add(&words, n, QUERY_SHOULD);
			}
		} else if (n != NULL)
			term_clause_add(&words, n, QUERY_SHOULD);
		/* is_text() looked at the first two of them; each further one is looked at with what comes after it */
		more = ahead(p, 0) == TOKEN_TERM && !(ahead(p, 1) == TOKEN_COLON || ahead(p, 1) == TOKEN_STAR || ahead(p, 1) == TOKEN_FUZZY ||
		    ahead(p, 1) == TOKEN_CARET || ahead(p, 1) == TOKEN_AND || ahead(p, 1) == TOKEN_OR);
	}
	if (words.n == 1 && s->any_field && p->rc == 0) {
		uint64_t	fields = words.first->fields;
		struct span	word = words.first->word;

		for (uint64_t bit = 1; bit != 0; bit <<= 1)
			if ((fields & bit) && (n = term_word(p, bit, word)) != NULL)
				term_clause_add(c, n, QUERY_SHOULD);
		whole = term_word(p, fields, word);
	} else
		for (n = words.first; n != NULL; n = next) {
			next = n->next;
			term_clause_add(c, n, QUERY_SHOULD);
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
		term_clause_add(c, n, not ? QUERY_MUST_NOT : required || and ? QUERY_MUST : QUERY_SHOULD);
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
	return c.n == 0 ? NULL : term_bool(p, &c);
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
	} else if ((copy = term_allocate(&p, n + 1)) != NULL) {
		memcpy(copy, text, n);
		copy[n] = '\0';
		p.lex.text = p.q->text = (struct span){ copy, n };
		p.q->root = parse_query(&p, &all);
		if (p.rc == 0 && ahead(&p, 0) != TOKEN_END)
			fail_clause(&p);
		if (p.rc == 0 && p.q->root == NULL)
			p.q->root = term_node(&p, QUERY_BOOL, 0);
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
