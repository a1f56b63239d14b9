#include "core/regex.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/regex_fa.h"
#include "core/text.h"

enum { DEPTH_MAX = 100 };

/* The parser builds the automaton as it reads; where a part is repeated it is read again. */
struct reader {
	struct span	 text;
	size_t		 at;
	struct fa	*fa;
	int		 depth;
	int		 rc;		/* the first fault */
	size_t		 fault_at;
	const char	*fault;		/* static */
};

static struct fa_part	read_union(struct reader *);

static struct fa_part
fail(struct reader *r, const char *why)
{
	if (r->rc == 0) {
		r->rc = ERR_INVALID;
		r->fault = why;
		r->fault_at = r->at;
	}
	return (struct fa_part){ 0, 0 };
}

static bool
more(const struct reader *r)
{
	return r->rc == 0 && r->at < r->text.n;
}

static bool
peek(const struct reader *r, const char *any)
{
	return more(r) && r->text.s[r->at] != '\0' && strchr(any, r->text.s[r->at]) != NULL;
}

static bool
take(struct reader *r, char c)
{
	if (!more(r) || r->text.s[r->at] != c)
		return false;
	r->at++;
	return true;
}

static uint32_t
next(struct reader *r)
{
	uint32_t	code;
	size_t		n;

	if (!more(r)) {
		(void)fail(r, "it ends too soon");
		return 0;
	}
	if ((n = text_decode(r->text.s + r->at, r->text.n - r->at, &code)) == 0) {
		n = 1;
		code = 0xfffd;
	}
	r->at += n;
	return code;
}

static uint32_t
read_char(struct reader *r)
{
	(void)take(r, '\\');
	return next(r);
}

/* A number; false if there is no digit or it is too large. */
static bool
read_number(struct reader *r, int *value)
{
	long	n = 0;
	size_t	start = r->at;

	while (peek(r, "0123456789") && n <= INT_MAX)
		n = n * 10 + (r->text.s[r->at++] - '0');
	*value = (int)n;
	return r->at > start && n <= INT_MAX;
}

static struct fa_part
read_class(struct reader *r)
{
	struct fa_part	part = fa_nothing(r->fa);
	bool		negated = take(r, '^');
	uint32_t	from, to;

	do {
		from = to = read_char(r);
		if (take(r, '-'))
			to = read_char(r);
		if (r->rc == 0 && from > to)
			return fail(r, "the range in [ ] runs backwards");
		fa_widen(r->fa, part, from, to);
	} while (more(r) && !peek(r, "]"));
	if (!take(r, ']'))
		return fail(r, "a ] is missing");
	return negated ? fa_intersection(r->fa, fa_range(r->fa, 0, FA_LAST), fa_complement(r->fa, part)) : part;
}

static struct fa_part
read_quoted(struct reader *r)
{
	struct fa_part	part = fa_empty_word(r->fa);

	while (more(r) && !peek(r, "\"")) {
		uint32_t	c = next(r);

		part = fa_concatenation(r->fa, part, fa_range(r->fa, c, c));
	}
	return take(r, '"') ? part : fail(r, "a \" is missing");
}

/* <n-m>: with as many digits each, words of so many digits; else any leading zeroes may stand before. */
static struct fa_part
read_interval(struct reader *r)
{
	int	from, to, swap;
	size_t	start = r->at, dash, end;
	bool	digits;

	if (memchr(r->text.s + r->at, '>', r->text.n - r->at) == NULL)
		return fail(r, "a > is missing");
	if (!read_number(r, &from) || !peek(r, "-"))
		return fail(r, "<n-m> takes two numbers, as <10-99>");
	dash = r->at++;
	if (!read_number(r, &to) || !peek(r, ">"))
		return fail(r, "<n-m> takes two numbers, as <10-99>");
	end = r->at++;
	digits = dash - start == end - dash - 1;
	if (from > to) {
		swap = from;
		from = to;
		to = swap;
	}
	return fa_interval(r->fa, (uint32_t)from, (uint32_t)to, digits ? (int)(dash - start) : 0);
}

static struct fa_part
read_simple(struct reader *r)
{
	struct fa_part	part;
	uint32_t	c;

	if (take(r, '.'))
		return fa_range(r->fa, 0, FA_LAST);
	if (take(r, '#'))
		return fa_nothing(r->fa);
	if (take(r, '@'))
		return fa_repeat(r->fa, fa_range(r->fa, 0, FA_LAST));
	if (take(r, '"'))
		return read_quoted(r);
	if (take(r, '<'))
		return read_interval(r);
	if (take(r, '['))
		return read_class(r);
	if (take(r, '(')) {
		if (take(r, ')'))
			return fa_empty_word(r->fa);
		if (++r->depth > DEPTH_MAX)
			return fail(r, "it is nested too deeply");
		part = read_union(r);
		r->depth--;
		return take(r, ')') ? part : fail(r, "a ) is missing");
	}
	c = read_char(r);
	return fa_range(r->fa, c, c);
}

static struct fa_part
read_complement(struct reader *r)
{
	struct fa_part	part;
	bool		not = false;

	while (take(r, '~'))
		not = !not;
	part = read_simple(r);
	return not ? fa_complement(r->fa, part) : part;
}

/* So many copies of a part in a row; what stands between the marks is the part. */
static struct fa_part
copies(struct reader *r, struct fa_part part, uint32_t mark, uint32_t until, int n)
{
	struct fa_part	all = fa_empty_word(r->fa);

	for (int i = 0; i < n && fa_error(r->fa) == 0; i++)
		all = fa_concatenation(r->fa, all, fa_copy(r->fa, part, mark, until));
	return all;
}

/* From min to max times (max -1: without end). */
static struct fa_part
repeated(struct reader *r, struct fa_part part, uint32_t mark, int min, int max)
{
	uint32_t	until = fa_mark(r->fa);
	struct fa_part	all, tail;

	if (max >= 0 && min > max)
		return fa_nothing(r->fa);
	all = copies(r, part, mark, until, min);
	if (max < 0)
		return fa_concatenation(r->fa, all, fa_repeat(r->fa, fa_copy(r->fa, part, mark, until)));
	tail = fa_empty_word(r->fa);
	for (int i = min; i < max && fa_error(r->fa) == 0; i++)
		tail = fa_optional(r->fa, fa_concatenation(r->fa, fa_copy(r->fa, part, mark, until), tail));
	return fa_concatenation(r->fa, all, tail);
}

static struct fa_part
read_counted(struct reader *r, struct fa_part part, uint32_t mark)
{
	int	min, max = -1;

	if (!read_number(r, &min))
		return fail(r, "a number is missing after {");
	if (!take(r, ','))
		max = min;
	else if (peek(r, "0123456789") && !read_number(r, &max))
		return fail(r, "the number is too large");
	if (!take(r, '}'))
		return fail(r, "a } is missing");
	return repeated(r, part, mark, min, max);
}

static struct fa_part
read_repeat(struct reader *r)
{
	uint32_t	mark = fa_mark(r->fa);
	struct fa_part	part = read_complement(r);

	while (peek(r, "?*+{") && fa_error(r->fa) == 0)
		switch (r->text.s[r->at++]) {
		case '?':
			part = fa_optional(r->fa, part);
			break;
		case '*':
			part = fa_repeat(r->fa, part);
			break;
		case '+':
			part = repeated(r, part, mark, 1, -1);
			break;
		default:
			part = read_counted(r, part, mark);
			break;
		}
	return part;
}

static struct fa_part
read_concatenation(struct reader *r)
{
	struct fa_part	part = read_repeat(r);

	while (more(r) && !peek(r, ")|&") && fa_error(r->fa) == 0)
		part = fa_concatenation(r->fa, part, read_repeat(r));
	return part;
}

static struct fa_part
read_intersection(struct reader *r)
{
	struct fa_part	part = read_concatenation(r);

	while (take(r, '&'))
		part = fa_intersection(r->fa, part, read_concatenation(r));
	return part;
}

static struct fa_part
read_union(struct reader *r)
{
	struct fa_part	part = read_intersection(r);

	while (take(r, '|'))
		part = fa_union(r->fa, part, read_intersection(r));
	return part;
}

struct regex {
	struct dfa	dfa;
};

static int
refused(const struct reader *r, size_t *at, char *why, size_t size)
{
	int	rc = r->rc != 0 ? r->rc : fa_error(r->fa);

	if (rc == -ENOMEM)
		return rc;
	*at = r->rc != 0 ? r->fault_at : 0;
	(void)snprintf(why, size, "regular expression: %s", r->rc != 0 ? r->fault : "it is too complex; a shorter one may do");
	return ERR_INVALID;
}

int
regex_new(struct regex **re, struct span text, uint32_t *work, size_t *at, char *why, size_t size)
{
	struct reader	r = { .text = text, .fa = fa_new(work) };
	struct fa_part	all;
	int		rc = -ENOMEM;

	*re = calloc(1, sizeof **re);
	if (*re != NULL && r.fa != NULL) {
		all = text.n == 0 ? fa_empty_word(r.fa) : read_union(&r);
		if (r.rc == 0 && fa_error(r.fa) == 0 && r.at < text.n)
			(void)fail(&r, "it should end here");
		if (r.rc != 0 || fa_determinize(r.fa, all, &(*re)->dfa) != 0)
			rc = refused(&r, at, why, size);
		else
			rc = 0;
	}
	fa_free(r.fa);
	if (rc != 0) {
		regex_free(*re);
		*re = NULL;
	}
	return rc;
}

void
regex_free(struct regex *re)
{
	if (re == NULL)
		return;
	dfa_clear(&re->dfa);
	free(re);
}

static const struct dfa_edge *
edge_of(const struct dfa *d, uint32_t state, uint32_t code)
{
	const struct dfa_edge	*edges;
	uint32_t		 low = 0, high = d->states[state].n;

	if (high == 0)
		return NULL;
	edges = d->edges + d->states[state].first;
	while (low < high) {
		uint32_t	middle = (low + high) / 2;

		if (edges[middle].to < code)
			low = middle + 1;
		else
			high = middle;
	}
	return low < d->states[state].n && edges[low].from <= code ? &edges[low] : NULL;
}

bool
regex_matches(const struct regex *re, const char *word, size_t n)
{
	const struct dfa_edge	*edge;
	uint32_t		 state = 0, code;

	for (size_t at = 0, used; at < n; at += used) {
		if ((used = text_decode(word + at, n - at, &code)) == 0)
			return false;
		if ((edge = edge_of(&re->dfa, state, code)) == NULL)
			return false;
		state = edge->state;
	}
	return re->dfa.states[state].accepts;
}

size_t
regex_prefix(const struct regex *re, char *buf, size_t size)
{
	const struct dfa_state	*s = &re->dfa.states[0];
	const struct dfa_edge	*edge;
	size_t			 n = 0;

	while (!s->accepts && s->n == 1 && n + 4 <= size) {
		edge = &re->dfa.edges[s->first];
		if (edge->from != edge->to)
			break;
		n += text_encode(edge->from, buf + n);
		s = &re->dfa.states[edge->state];
	}
	return n;
}
