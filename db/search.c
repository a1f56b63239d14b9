/*
 * The query's tree becomes a row of steps, each of which puts a set of ids on a stack or joins the two on top of it.  A step that reads
 * the index goes on where it was when its slice was over.
 */
#include "db/search.h"

#include <stdlib.h>
#include <string.h>

#include "db/words.h"

enum {
	STEPS_MAX	= 65536,
	ID_MAX		= 1 << 28,		/* 32 MB a set; a store with more ids is scanned */
	SETS_MAX	= 2 * QUERY_DEPTH_MAX + 8,
	PHRASE_WORDS	= 16,			/* a phrase's further words are left to the records */
};

/* SET_: puts a set on the stack. JOIN_: joins the one on top to the one below it. */
enum step_type { SET_NONE, SET_ALL, SET_READ, JOIN_OR, JOIN_AND, JOIN_NOT };

struct step {
	enum step_type		 type;
	bool			 negative;	/* under a NOT: what is not sure is left out, instead of in */
	uint64_t		 fields;	/* SET_READ */
	struct span		 word;		/* s NULL: a pattern */
	const struct pattern	*pattern;
};

struct search {
	const struct db		*db;
	struct query		*query;
	const struct kind	*kind;
	uint64_t		 max_id;
	size_t			 words;		/* of a set, in 64 bits */
	struct step		*steps;
	size_t			 n_steps, max_steps, at;
	uint64_t		*sets[SETS_MAX];
	size_t			 n_sets;
	bool			 failed, inexact;
	size_t			 left;		/* entries, of the slice */

	/* of the step that reads */
	bool			 reading, field_done;
	size_t			 field;
	uint8_t			 from[KEY_MAX];	/* where to go on; from_n 0: at the beginning of the field */
	size_t			 from_n;
	struct span		 last_word;	/* the one judged last, and the verdict */
	char			 last_bytes[WORDS_KEY_WORD];
	enum pattern_is		 last_is;
};

static void
step_add(struct search *s, struct step step)
{
	void	*bigger;

	if (s->n_steps == s->max_steps) {
		s->max_steps = s->max_steps == 0 ? 64 : 2 * s->max_steps;
		if (s->max_steps > STEPS_MAX || (bigger = realloc(s->steps, s->max_steps * sizeof *s->steps)) == NULL) {
			s->failed = true;
			return;
		}
		s->steps = bigger;
	}
	s->steps[s->n_steps++] = step;
}

static uint64_t
indexed_fields(const struct kind *k)
{
	uint64_t	fields = 0;

	for (size_t i = 0; i < k->n_fields && i < 64; i++)
		if (words_has_field(&k->fields[i]))
			fields |= UINT64_C(1) << i;
	return fields;
}

/* For each field: the ids that have all the phrase's words in it. */
static void
compile_phrase(struct search *s, const struct query_node *q, uint64_t fields)
{
	bool	any = false;

	for (uint64_t bit = 1; bit != 0; bit <<= 1) {
		if (!(fields & bit))
			continue;
		for (size_t i = 0; i < q->n_words && i < PHRASE_WORDS; i++) {
			step_add(s, (struct step){ .type = SET_READ, .fields = bit, .word = q->words[i] });
			if (i > 0)
				step_add(s, (struct step){ .type = JOIN_AND });
		}
		if (any)
			step_add(s, (struct step){ .type = JOIN_OR });
		any = true;
	}
	if (!any)
		step_add(s, (struct step){ .type = SET_NONE });
}

static void
compile_leaf(struct search *s, const struct query_node *q, bool negative)
{
	uint64_t	fields = q->fields & indexed_fields(s->kind);

	if (q->op == QUERY_ALL) {
		step_add(s, (struct step){ .type = SET_ALL });
		return;
	}
	if (q->op == QUERY_PHRASE || fields != q->fields) {
		s->inexact = true;
		if (fields != q->fields || negative) {
			step_add(s, (struct step){ .type = negative ? SET_NONE : SET_ALL });
			return;
		}
		compile_phrase(s, q, fields);
		return;
	}
	step_add(s, (struct step){ .type = SET_READ, .negative = negative, .fields = fields, .pattern = q->pattern,
	    .word = q->op == QUERY_WORD ? q->word : (struct span){ NULL, 0 } });
}

/* Leaves one set on the stack. */
static void
compile(struct search *s, const struct query_node *q, bool negative)
{
	bool	must = false, any = false;

	if (q->op != QUERY_BOOL) {
		compile_leaf(s, q, negative);
		return;
	}
	for (const struct query_node *c = q->first; c != NULL; c = c->next)
		must |= c->occur == QUERY_MUST;
	for (const struct query_node *c = q->first; c != NULL && !s->failed; c = c->next) {
		if (c->occur != (must ? QUERY_MUST : QUERY_SHOULD))
			continue;
		compile(s, c, negative);
		if (any)
			step_add(s, (struct step){ .type = must ? JOIN_AND : JOIN_OR });
		any = true;
	}
	if (!any)
		step_add(s, (struct step){ .type = SET_NONE });
	for (const struct query_node *c = q->first; any && c != NULL && !s->failed; c = c->next)
		if (c->occur == QUERY_MUST_NOT) {
			compile(s, c, !negative);
			step_add(s, (struct step){ .type = JOIN_NOT });
		}
}

static uint64_t
id_of(const uint8_t *p)
{
	uint64_t	id = 0;

	for (int i = 0; i < 8; i++)
		id = id << 8 | p[i];
	return id;
}

static int
note_id(void *arg, struct store_bytes key, struct store_bytes value)
{
	(void)value;
	*(uint64_t *)arg = key.n == 8 ? id_of(key.p) : 0;
	return 1;
}

struct search *
search_new(const struct db *db, struct query *q)
{
	const struct kind	*k = query_kind(q);
	struct search		*s;

	if (!words_ready(db, k) || query_root(q)->op == QUERY_ALL || (s = calloc(1, sizeof *s)) == NULL)
		return NULL;
	s->db = db;
	s->query = query_ref(q);
	s->kind = k;
	(void)store_range(db->store, k->table, (struct store_bytes){ 0 }, NULL, true, 1, note_id, &s->max_id);
	s->words = (size_t)(s->max_id / 64 + 1);
	if (s->max_id < ID_MAX)
		compile(s, query_root(q), false);
	if (s->failed || s->max_id >= ID_MAX) {
		search_free(s);
		return NULL;
	}
	return s;
}

void
search_free(struct search *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n_sets; i++)
		free(s->sets[i]);
	free(s->steps);
	query_free(s->query);
	free(s);
}

static uint64_t *
push(struct search *s, bool all)
{
	uint64_t	*set = s->n_sets < SETS_MAX ? malloc(s->words * sizeof *set) : NULL;

	if (set == NULL) {
		s->failed = true;
		return NULL;
	}
	memset(set, all ? 0xff : 0, s->words * sizeof *set);
	if (all) {	/* ids begin at 1 and end at max_id */
		set[0] &= ~UINT64_C(1);
		set[s->words - 1] &= ~UINT64_C(0) >> (63 - s->max_id % 64);
	}
	s->sets[s->n_sets++] = set;
	return set;
}

static void
join(struct search *s, enum step_type type)
{
	uint64_t	*b = s->sets[--s->n_sets], *a = s->sets[s->n_sets - 1];

	for (size_t i = 0; i < s->words; i++)
		a[i] = type == JOIN_OR ? a[i] | b[i] : type == JOIN_AND ? a[i] & b[i] : a[i] & ~b[i];
	free(b);
}

static enum pattern_is
word_is(struct span wanted, struct span word)
{
	size_t	n = wanted.n > WORDS_KEY_WORD ? WORDS_KEY_WORD : wanted.n;
	int	c = memcmp(word.s, wanted.s, word.n < n ? word.n : n);

	if (c != 0 || word.n > n)
		return c >= 0 ? PATTERN_PAST : PATTERN_NO;
	return word.n == n ? PATTERN_YES : PATTERN_NO;
}

/* Many entries have the same word: it is judged once. */
static enum pattern_is
judge(struct search *s, const struct step *step, struct span word)
{
	if (step->word.s != NULL)
		return word_is(step->word, word);
	if (s->last_word.s == NULL || s->last_word.n != word.n || memcmp(s->last_bytes, word.s, word.n) != 0) {
		s->last_is = pattern_is(step->pattern, word.s, word.n);
		memcpy(s->last_bytes, word.s, word.n);
		s->last_word = (struct span){ s->last_bytes, word.n };
	}
	return s->last_is;
}

static int
read_entry(void *arg, struct store_bytes key, struct store_bytes value)
{
	struct search		*s = arg;
	const struct step	*step = &s->steps[s->at];
	const uint8_t		*primary;
	struct span		 word;
	enum pattern_is		 is;
	uint64_t		 id;

	(void)value;
	memcpy(s->from, key.p, key.n);
	s->from_n = key.n;
	s->left--;
	if (!words_key_is(key.p, key.n, 8, &word, &primary) || word.n > WORDS_KEY_WORD)
		return 0;
	is = judge(s, step, word);
	if (word.n == WORDS_KEY_WORD && is != PATTERN_PAST) {
		s->inexact = true;	/* it may have been longer */
		is = step->negative ? PATTERN_NO : PATTERN_YES;
	}
	if (is == PATTERN_PAST) {
		s->field_done = true;
		return 1;
	}
	id = id_of(primary);
	if (is == PATTERN_YES && id <= s->max_id)
		s->sets[s->n_sets - 1][id / 64] |= UINT64_C(1) << id % 64;
	return 0;
}

/* Reads a field's words for a while; false when it is through. */
static bool
read_field(struct search *s, const struct step *step, const struct field *f)
{
	uint8_t			start[KEY_MAX + 1], end[KEY_MAX];
	struct store_bytes	from = { .p = start }, to = { .p = end, .n = 2 };
	size_t			before = s->left, limit = s->left;
	uint16_t		next = (uint16_t)(f->tag + 1);

	if (s->from_n == 0) {
		s->last_word.s = NULL;
		s->field_done = false;
		from.n = words_key(f, step->word.s != NULL ? step->word : pattern_first(step->pattern), start);
	} else {
		memcpy(start, s->from, s->from_n);
		start[s->from_n] = 0;	/* the smallest key after it */
		from.n = s->from_n + 1;
	}
	end[0] = (uint8_t)(next >> 8);
	end[1] = (uint8_t)(next & 0xff);
	(void)store_range(s->db->store, s->kind->words, from, &to, false, limit, read_entry, s);
	if (!s->field_done && before - s->left == limit)
		return true;
	s->from_n = 0;
	return false;
}

/* false when the step is through. */
static bool
read_fields(struct search *s, const struct step *step)
{
	if (!s->reading) {
		if (push(s, false) == NULL)
			return false;
		s->reading = true;
		s->field = 0;
		s->from_n = 0;
	}
	for (; s->field < s->kind->n_fields && s->field < 64; s->field++) {
		if (!(step->fields >> s->field & 1))
			continue;
		if (s->left == 0 || read_field(s, step, &s->kind->fields[s->field]))
			return true;
	}
	s->reading = false;
	return false;
}

bool
search_step(struct search *s, size_t entries)
{
	s->left = entries;
	while (s->at < s->n_steps && !s->failed) {
		const struct step	*step = &s->steps[s->at];

		switch (step->type) {
		case SET_ALL:
		case SET_NONE:
			(void)push(s, step->type == SET_ALL);
			break;
		case SET_READ:
			if (read_fields(s, step))
				return true;
			break;
		case JOIN_OR:
		case JOIN_AND:
		case JOIN_NOT:
			join(s, step->type);
			break;
		}
		s->at++;
	}
	return false;
}

bool
search_failed(const struct search *s)
{
	return s->failed;
}

bool
search_is_exact(const struct search *s)
{
	return !s->inexact;
}

uint64_t
search_count(const struct search *s)
{
	uint64_t	n = 0;

	for (size_t i = 0; s->n_sets > 0 && i < s->words; i++)
		n += (uint64_t)__builtin_popcountll(s->sets[0][i]);
	return n;
}

bool
search_has(const struct search *s, uint64_t id)
{
	return s->n_sets > 0 && id <= s->max_id && (s->sets[0][id / 64] >> id % 64 & 1);
}

uint64_t
search_next(const struct search *s, uint64_t id)
{
	size_t		i = (size_t)(++id / 64);
	uint64_t	rest;

	if (s->n_sets == 0 || id > s->max_id)
		return 0;
	rest = s->sets[0][i] >> id % 64 << id % 64;
	while (rest == 0 && ++i < s->words)
		rest = s->sets[0][i];
	if (rest == 0)
		return 0;
	id = (uint64_t)i * 64 + (uint64_t)__builtin_ctzll(rest);
	return id <= s->max_id ? id : 0;
}
