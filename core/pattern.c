#include "core/pattern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/regex.h"
#include "core/text.h"

enum { FUZZY_CODES = 256, PREFIX_BYTES = 64 };

enum pattern_type { PREFIX, WILDCARD, FUZZY, RANGE, REGEX };

struct pattern {
	enum pattern_type	 type;
	struct span		 text;		/* ours; RANGE: where it begins, s NULL when open */
	struct span		 to;		/* RANGE */
	bool			 with_from, with_to;
	int			 edits;
	uint32_t		*codes;		/* FUZZY: the text's code points */
	size_t			 n_codes;
	struct regex		*regex;
	struct span		 first;
};

static struct span
copy(struct span s)
{
	char	*mine = malloc(s.n + 1);

	if (mine != NULL) {
		memcpy(mine, s.s == NULL ? "" : s.s, s.n);
		mine[s.n] = '\0';
	}
	return (struct span){ mine, s.n };
}

static struct pattern *
pattern_new(enum pattern_type type, struct span text)
{
	struct pattern	*p = calloc(1, sizeof *p);

	if (p == NULL)
		return NULL;
	p->type = type;
	p->text = copy(text);
	if (p->text.s == NULL) {
		free(p);
		return NULL;
	}
	return p;
}

static void
span_free(struct span s)
{
	union { const char *lent; void *mine; } u = { .lent = s.s };

	free(u.mine);
}

void
pattern_free(struct pattern *p)
{
	if (p == NULL)
		return;
	if (p->first.s != p->text.s)
		span_free(p->first);
	span_free(p->text);
	span_free(p->to);
	free(p->codes);
	regex_free(p->regex);
	free(p);
}

struct pattern *
pattern_prefix(struct span text)
{
	struct pattern	*p = pattern_new(PREFIX, text);

	if (p != NULL)
		p->first = p->text;
	return p;
}

struct pattern *
pattern_wildcard(struct span text)
{
	struct pattern	*p = pattern_new(WILDCARD, text);
	size_t		 n = 0;

	if (p == NULL)
		return NULL;
	while (n < text.n && strchr("*?\\", text.s[n]) == NULL)
		n++;
	p->first = (struct span){ p->text.s, n };
	return p;
}

static size_t
codes_of(const char *s, size_t n, uint32_t *codes, size_t max)
{
	size_t	count = 0;

	for (size_t at = 0, used; at < n && count < max; at += used) {
		if ((used = text_decode(s + at, n - at, &codes[count])) == 0) {
			codes[count] = 0xfffd;
			used = 1;
		}
		count++;
	}
	return count;
}

struct pattern *
pattern_fuzzy(struct span text, int edits)
{
	struct pattern	*p = pattern_new(FUZZY, text);

	if (p == NULL)
		return NULL;
	p->edits = edits;
	if ((p->codes = calloc(text.n + 1, sizeof p->codes[0])) == NULL) {
		pattern_free(p);
		return NULL;
	}
	p->n_codes = codes_of(text.s, text.n, p->codes, text.n);
	if (edits == 0)
		p->first = p->text;
	return p;
}

struct pattern *
pattern_range(struct span from, bool with_from, struct span to, bool with_to)
{
	struct pattern	*p = calloc(1, sizeof *p);

	if (p == NULL)
		return NULL;
	p->type = RANGE;
	p->with_from = with_from;
	p->with_to = with_to;
	if (from.s != NULL)
		p->text = copy(from);
	if (to.s != NULL)
		p->to = copy(to);
	if ((from.s != NULL && p->text.s == NULL) || (to.s != NULL && p->to.s == NULL)) {
		pattern_free(p);
		return NULL;
	}
	p->first = p->text;
	return p;
}

int
pattern_regex(struct pattern **pattern, struct span text, uint32_t *work, size_t *at, char *why, size_t size)
{
	struct pattern	*p = pattern_new(REGEX, text);
	char		 first[PREFIX_BYTES];
	int		 rc;

	*pattern = NULL;
	if (p == NULL)
		return -ENOMEM;
	if ((rc = regex_new(&p->regex, text, work, at, why, size)) == 0) {
		p->first = copy((struct span){ first, regex_prefix(p->regex, first, sizeof first) });
		rc = p->first.s == NULL ? -ENOMEM : 0;
	}
	if (rc != 0)
		pattern_free(p);
	else
		*pattern = p;
	return rc;
}

struct span
pattern_first(const struct pattern *p)
{
	return p->first;
}

struct span
pattern_head(const struct pattern *p)
{
	return p->type == RANGE ? (struct span){ NULL, 0 } : p->first;
}

static size_t
code_length(const char *s, size_t n)
{
	uint32_t	code;
	size_t		used = text_decode(s, n, &code);

	return used == 0 ? 1 : used;
}

/*
 * Goes back to the last star only, so that the cost is at most pattern times word.
 */
static bool
wildcard_matches(struct span p, const char *word, size_t n)
{
	size_t	at = 0, w = 0, star = SIZE_MAX, resume = 0, literal;

	while (w < n) {
		if (at < p.n && p.s[at] == '*') {
			star = ++at;
			resume = w;
			continue;
		}
		if (at < p.n && p.s[at] == '?') {
			at++;
			w += code_length(word + w, n - w);
			continue;
		}
		literal = at < p.n && p.s[at] == '\\' && at + 1 < p.n ? at + 1 : at;
		if (literal < p.n && p.s[literal] == word[w]) {
			at = literal + 1;
			w++;
			continue;
		}
		if (star == SIZE_MAX)
			return false;
		at = star;
		resume += code_length(word + resume, n - resume);
		w = resume;
	}
	while (at < p.n && p.s[at] == '*')
		at++;
	return at == p.n;
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment: a transposition is one edit, and what was transposed is not edited again. */
static bool
within_edits(const struct pattern *p, const uint32_t *word, size_t n)
{
	size_t	rows[3][FUZZY_CODES + 1], *before = rows[0], *last = rows[1], *now = rows[2], *swap, best, edits = (size_t)p->edits;

	if (n > p->n_codes + edits || p->n_codes > n + edits)
		return false;
	for (size_t j = 0; j <= n; j++)
		last[j] = j;
	for (size_t i = 1; i <= p->n_codes; i++) {
		now[0] = best = i;
		for (size_t j = 1; j <= n; j++) {
			now[j] = least(last[j], now[j - 1]) + 1;
			now[j] = least(now[j], last[j - 1] + (p->codes[i - 1] != word[j - 1]));
			if (i > 1 && j > 1 && p->codes[i - 1] == word[j - 2] && p->codes[i - 2] == word[j - 1])
				now[j] = least(now[j], before[j - 2] + 1);
			best = least(best, now[j]);
		}
		if (best > edits)
			return false;
		swap = before;
		before = last;
		last = now;
		now = swap;
	}
	return last[n] <= edits;
}

static bool
fuzzy_matches(const struct pattern *p, const char *word, size_t n)
{
	uint32_t	codes[FUZZY_CODES + 1];
	size_t		count;

	if (p->edits == 0)
		return n == p->text.n && memcmp(word, p->text.s, n) == 0;
	count = codes_of(word, n, codes, FUZZY_CODES + 1);
	return count <= FUZZY_CODES && within_edits(p, codes, count);
}

static int
compare(struct span a, const char *word, size_t n)
{
	int	c = memcmp(word, a.s, least(a.n, n));

	return c != 0 ? c : n < a.n ? -1 : n > a.n;
}

static enum pattern_is
range_is(const struct pattern *p, const char *word, size_t n)
{
	int	c;

	if (p->to.s != NULL && ((c = compare(p->to, word, n)) > 0 || (c == 0 && !p->with_to)))
		return PATTERN_PAST;
	if (p->text.s != NULL && ((c = compare(p->text, word, n)) < 0 || (c == 0 && !p->with_from)))
		return PATTERN_NO;
	return PATTERN_YES;
}

enum pattern_is
pattern_is(const struct pattern *p, const char *word, size_t n)
{
	bool	yes = false;
	int	c;

	if (p->type == RANGE)
		return range_is(p, word, n);
	if ((c = memcmp(word, p->first.s == NULL ? "" : p->first.s, least(n, p->first.n))) != 0)
		return c > 0 ? PATTERN_PAST : PATTERN_NO;
	switch (p->type) {
	case PREFIX:
		yes = n >= p->text.n;
		break;
	case WILDCARD:
		yes = wildcard_matches(p->text, word, n);
		break;
	case FUZZY:
		yes = fuzzy_matches(p, word, n);
		break;
	case REGEX:
		yes = regex_matches(p->regex, word, n);
		break;
	case RANGE:
		break;
	}
	return yes ? PATTERN_YES : PATTERN_NO;
}
