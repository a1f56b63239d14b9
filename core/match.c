#include "core/match.h"

#include <stdlib.h>
#include <string.h>

#include "core/phrase.h"
#include "core/words.h"

enum { FIELDS_MAX = 64, FIELD_WORDS = FIELD_TEXT / 2 + 1, POOL = 4 * FIELD_TEXT };

struct field_words {
	bool		known;
	size_t		n;
	struct span	words[FIELD_WORDS];
	size_t		used;
	char		pool[POOL];
};

struct match {
	const void		*record;
	const struct refs	*refs;
	const struct kind	*kind;
	struct field_words	*fields[FIELDS_MAX];	/* made when first needed, kept */
};

struct match *
match_new(void)
{
	return calloc(1, sizeof(struct match));
}

void
match_free(struct match *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < FIELDS_MAX; i++)
		free(m->fields[i]);
	free(m);
}

void
match_words(const struct field *f, const void *record, const struct refs *refs, match_word_fn fn, void *arg)
{
	char		text[FIELD_TEXT], word[WORD_BYTES];
	size_t		n = field_text(f, record, refs, text, sizeof text), length;
	struct words	w;

	if (n == 0)
		return;
	if (f->type == FT_TIME) {
		length = words_lower(text, n, word, sizeof word);
		fn(arg, word, length);
		return;
	}
	words_init(&w, text, n);
	while ((length = words_next(&w, word)) > 0)
		fn(arg, word, length);
}

static void
keep_word(void *arg, const char *word, size_t n)
{
	struct field_words	*fw = arg;

	if (fw->n == FIELD_WORDS || fw->used + n > POOL)
		return;
	memcpy(fw->pool + fw->used, word, n);
	fw->words[fw->n++] = (struct span){ fw->pool + fw->used, n };
	fw->used += n;
}

/* NULL when out of memory: the field then holds nothing. */
static const struct field_words *
words_in(struct match *m, size_t i)
{
	struct field_words	*fw = m->fields[i];

	if (fw == NULL && (fw = m->fields[i] = calloc(1, sizeof *fw)) == NULL)
		return NULL;
	if (!fw->known) {
		fw->known = true;
		fw->n = fw->used = 0;
		match_words(&m->kind->fields[i], m->record, m->refs, keep_word, fw);
	}
	return fw;
}

static bool
same(struct span a, struct span b)
{
	return a.n == b.n && memcmp(a.s, b.s, a.n) == 0;
}

static bool
leaf_in(const struct query_node *q, const struct field_words *fw)
{
	if (q->op == QUERY_PHRASE)
		return phrase_matches(q->words, q->n_words, q->slop, fw->words, fw->n);
	for (size_t i = 0; i < fw->n; i++)
		if (q->op == QUERY_WORD ? same(q->word, fw->words[i]) :
		    pattern_is(q->pattern, fw->words[i].s, fw->words[i].n) == PATTERN_YES)
			return true;
	return false;
}

static bool
leaf_matches(struct match *m, const struct query_node *q)
{
	const struct field_words	*fw;

	for (size_t i = 0; i < m->kind->n_fields && i < FIELDS_MAX; i++)
		if ((q->fields >> i & 1) && (fw = words_in(m, i)) != NULL && leaf_in(q, fw))
			return true;
	return false;
}

static bool
node_matches(struct match *m, const struct query_node *q)
{
	bool	must = false, some = false;

	if (q->op == QUERY_ALL)
		return true;
	if (q->op != QUERY_BOOL)
		return leaf_matches(m, q);
	for (const struct query_node *c = q->first; c != NULL; c = c->next) {
		if (c->occur == QUERY_SHOULD && some)
			continue;
		if (node_matches(m, c)) {
			if (c->occur == QUERY_MUST_NOT)
				return false;
			some |= c->occur == QUERY_SHOULD;
		} else if (c->occur == QUERY_MUST)
			return false;
		must |= c->occur == QUERY_MUST;
	}
	return must || some;
}

bool
match_record(struct match *m, const struct query *q, const void *record, const struct refs *refs)
{
	for (size_t i = 0; i < FIELDS_MAX; i++)
		if (m->fields[i] != NULL)
			m->fields[i]->known = false;
	m->record = record;
	m->refs = refs;
	m->kind = query_kind(q);
	return node_matches(m, query_root(q));
}

/* Whether what the fields hold stands in the encoded record as it is written. */
static bool
in_bytes(const struct kind *k, uint64_t fields)
{
	for (size_t i = 0; i < k->n_fields && i < FIELDS_MAX; i++)
		if ((fields >> i & 1) && (k->fields[i].type != FT_STR || (k->fields[i].flags & FF_VIRTUAL)))
			return false;
	return fields != 0;
}

static bool
is_ascii(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.s[i] >= 0x80)
			return false;
	return true;
}

static bool
holds(struct span bytes, struct span part)
{
	return !is_ascii(part) || part.n == 0 || memmem(bytes.s, bytes.n, part.s, part.n) != NULL;
}

static bool
node_may(const struct kind *k, const struct query_node *q, struct span bytes)
{
	bool	must = false, some = false;

	switch (q->op) {
	case QUERY_ALL:
		return true;
	case QUERY_WORD:
		return !in_bytes(k, q->fields) || holds(bytes, q->word);
	case QUERY_PATTERN:
		return !in_bytes(k, q->fields) || holds(bytes, pattern_head(q->pattern));
	case QUERY_PHRASE:
		for (size_t i = 0; i < q->n_words; i++)
			if (in_bytes(k, q->fields) && !holds(bytes, q->words[i]))
				return false;
		return true;
	case QUERY_BOOL:
		break;
	}
	for (const struct query_node *c = q->first; c != NULL; c = c->next) {
		if (c->occur == QUERY_MUST_NOT || (c->occur == QUERY_SHOULD && some))
			continue;
		if (node_may(k, c, bytes))
			some |= c->occur == QUERY_SHOULD;
		else if (c->occur == QUERY_MUST)
			return false;
		must |= c->occur == QUERY_MUST;
	}
	return must || some;
}

bool
match_may(const struct query *q, const void *bytes, size_t n)
{
	/* the two letters outside ASCII that are inside it in lower case: a dotted I, and the sign of the kelvin */
	static const char	dotted_i[] = "\xc4\xb0", kelvin[] = "\xe2\x84\xaa";
	const char		*raw = bytes;
	char			 lower[RECORD_MAX];

	if (n > sizeof lower)
		return true;
	for (size_t i = 0; i < n; i++)
		lower[i] = (char)(raw[i] >= 'A' && raw[i] <= 'Z' ? raw[i] + 32 : raw[i]);
	return node_may(query_kind(q), query_root(q), (struct span){ lower, n }) || memmem(raw, n, dotted_i, 2) != NULL ||
	    memmem(raw, n, kelvin, 3) != NULL;
}
