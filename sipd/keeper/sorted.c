#include "sipd/keeper/sorted.h"

#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "core/tree.h"
#include "core/varint.h"
#include "db/search.h"
#include "sipd/keeper/groups.h"
#include "sipd/keeper/job.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/marks.h"
#include "sipd/keeper/places.h"

enum {
	/* bytes of a value that count; longer equals are told apart by their key */
	SORT_VALUE_MAX = SORTS_VALUE + 1, TIE_VALUE_MAX = SORTS_TIE + 1,
	TREE_KEY_MAX = SORT_VALUE_MAX + 1 + TIE_VALUE_MAX + 1 + ROW_KEY_MAX,
	SCAN_STEP = 64,
	BURY_STEP = 256,
	SEARCH_STEP = 1024,	/* entries of the index of words */
	WALK_STEP = 512,	/* entries of an order that the store keeps */
	/* A walk looks at so many entries in the time that fetching a row by its key takes. */
	WALK_WORTH = 20,
};

struct sorted {
	struct keeper		*keeper;
	struct sorted_spec	 spec;
	struct order		*order;		/* that the store keeps; NULL: it keeps none */
	bool			 walked;	/* the set is all of it */
	struct marks		*marks;		/* of a walked set that follows changes: they have the order */
	struct place		 next;		/* of another walked set: where to go on */
	size_t			 given;		/* and how many rows were taken */
	struct tree		*tree;
	struct places		*places;	/* NULL when it does not follow changes */
	struct order		*group;		/* where its only group's rows are, if they are few */
	bool			 (*fill)(struct sorted *);	/* one step; false: there are no more rows */
	bool			 enough;	/* nothing that comes will be kept */
	struct cursor		 cursor;
	bool			 complete;
	struct search		*search;	/* of the filter's words in the index; NULL: the records are scanned */
	bool			 found;		/* it is through: its ids are being fetched */
	uint64_t		 id, n_found;	/* the last one that was fetched, and how many there are */
	size_t			 keep;
	bool			 keep_last;
	struct job		 burial;	/* freeing a million nodes takes long, too */
};

bool
sorted_spec_eq(const struct sorted_spec *a, const struct sorted_spec *b)
{
	return a->source == b->source && a->sort == b->sort && a->group_id == b->group_id &&
	    filter_eq(&a->filter, &b->filter);
}

static bool	fill_by_scan(struct sorted *), fill_by_search(struct sorted *), fill_by_walk(struct sorted *),
		fill_by_group(struct sorted *);

static void
discard(struct sorted *s)
{
	search_free(s->search);
	filter_clear(&s->spec.filter);
	places_free(s->places);
	tree_free(s->tree);
	if (s->marks != NULL)
		marks_free(s->marks);
	else
		order_free(s->order);
	order_free(s->group);
	free(s);
}

/* A group's rows stand among all others in an order: one by one they are found faster if they are few. */
static void
choose_group(struct sorted *s)
{
	const struct kind	*kind = s->spec.source->kind;
	struct group		 g = { .id = s->spec.group_id };

	groups_count(s->keeper, &g);
	if (s->order == NULL || g.accounts * WALK_WORTH < s->spec.source->total(s->keeper))
		s->group = order_new(s->keeper, s->spec.source, kind_tag(kind, kind->sort_with), s->spec.group_id);
}

/* Where the rows come from. */
static void
choose(struct sorted *s)
{
	const struct sorted_spec	*spec = &s->spec;
	const struct field		*with = kind_tag(spec->source->kind, spec->source->kind->sort_with);
	uint64_t			 group = spec->sort == with ? spec->group_id : 0;

	s->order = order_new(s->keeper, spec->source, spec->sort, group);
	if (spec->filter.query != NULL && spec->source->stored->words != 0)
		s->search = search_new(&s->keeper->db, spec->filter.query);
	s->walked = s->order != NULL && spec->filter.query == NULL && spec->group_id == group;
	s->fill = s->search != NULL ? fill_by_search : fill_by_scan;
	if (s->walked || spec->filter.query != NULL || spec->group_id == 0 || with == NULL)
		return;
	choose_group(s);
	if (s->group != NULL)
		s->fill = fill_by_group;
	else if (s->order != NULL)
		s->fill = fill_by_walk;
}

static struct sorted *
make(struct keeper *k, const struct sorted_spec *spec)
{
	struct sorted	*s = calloc(1, sizeof *s);

	if (s == NULL || (s->tree = tree_new()) == NULL) {
		free(s);
		return NULL;
	}
	s->keeper = k;
	s->spec = *spec;
	filter_hold(&s->spec.filter);
	choose(s);
	return s;
}

struct sorted *
sorted_new(struct keeper *k, const struct sorted_spec *spec)
{
	struct sorted	*s = make(k, spec);
	struct group	 g = { .id = spec->group_id };

	if (s == NULL)
		return NULL;
	groups_count(k, &g);
	if (s->walked)
		s->marks = marks_new(s->order, spec->group_id == 0 ? spec->source->total(k) : g.accounts);
	else
		s->places = places_new(spec->source->key_n);
	if (s->marks == NULL && s->places == NULL) {
		discard(s);
		return NULL;
	}
	return s;
}

struct sorted *
sorted_new_kept(struct keeper *k, const struct sorted_spec *spec, size_t keep, bool keep_last)
{
	struct sorted	*s = make(k, spec);

	if (s == NULL)
		return NULL;
	s->keep = keep;
	s->keep_last = keep_last;
	/* The last ones of a log may be wanted in their order: they are counted back to the first of them. */
	if (keep > 0 && spec->source->natural != NULL && strcmp(spec->source->natural, spec->sort->name) == 0)
		s->walked = false;
	return s;
}

bool
sorted_is_walked(const struct sorted *s)
{
	return s->walked;
}

static enum job_next
bury(struct job *j, int64_t until_us)
{
	struct sorted	*s = (struct sorted *)(void *)((char *)j - offsetof(struct sorted, burial));

	while (tree_clear_some(s->tree, BURY_STEP))
		if (job_is_late(until_us))
			return JOB_MORE;
	discard(s);
	return JOB_IDLE;
}

void
sorted_free(struct sorted *s, struct jobs *jobs)
{
	if (s == NULL)
		return;
	places_free(s->places);
	s->places = NULL;
	s->burial.step = bury;
	job_start(jobs, &s->burial);
}

static const uint8_t *
row_key_of(const struct sorted *s, const struct tree_node *node)
{
	size_t		 n;
	const uint8_t	*key = tree_key(node, &n);

	return key + n - s->spec.source->key_n;
}

static size_t
tree_key_of(const struct sorted *s, const uint8_t *key, const struct row *r, uint8_t out[TREE_KEY_MAX])
{
	const struct source	*source = s->spec.source;
	struct refs		 refs = keeper_refs(s->keeper);
	const struct field	*tie = source->tie == NULL ? NULL : kind_field(source->kind, source->tie);
	size_t			 n = field_sort_key(s->spec.sort, &r->of, &refs, out, SORT_VALUE_MAX);

	out[n++] = 0;
	if (tie != NULL && tie != s->spec.sort)
		n += field_sort_key(tie, &r->of, &refs, out + n, TIE_VALUE_MAX);
	out[n++] = 0;
	memcpy(out + n, key, source->key_n);
	return n + source->key_n;
}

static bool
in_group(const struct sorted *s, const struct row *r)
{
	return s->spec.group_id == 0 || r->group_id == s->spec.group_id;
}

static bool
belongs(const struct sorted *s, const struct row *r)
{
	struct refs	refs = keeper_refs(s->keeper);

	if (!in_group(s, r))
		return false;
	return filter_matches(&s->spec.filter, &s->keeper->match, &r->of, &refs);
}

/* Puts a row where it belongs, and away from where it was. */
static enum sorted_change
place_put(struct sorted *s, const uint8_t *key, const uint8_t *now, size_t n, size_t *position)
{
	struct tree_node	*node, *old = places_find(s->places, key);
	size_t			 was_n, was_at = 0;
	const void		*was;

	if (old != NULL) {
		*position = was_at = tree_position(old);
		was = tree_key(old, &was_n);
		if (was_n == n && memcmp(was, now, n) == 0)
			return SORTED_SAME_PLACE;
		places_remove(s->places, key);
		tree_remove_node(s->tree, old);
	}
	if ((node = tree_put(s->tree, now, n, NULL, 0)) == NULL || places_put(s->places, node) != 0) {
		if (node != NULL)
			tree_remove_node(s->tree, node);
		return old == NULL ? SORTED_NONE : SORTED_REMOVED;
	}
	if (!s->complete)
		return SORTED_ADDED;
	*position = tree_position(node);
	if (old == NULL)
		return SORTED_ADDED;
	*position = was_at < *position ? was_at : *position;
	return SORTED_MOVED;
}

enum sorted_change
sorted_update(struct sorted *s, const uint8_t *key, size_t *position)
{
	struct tree_node	*node;
	struct row		 r;
	uint8_t			 now[TREE_KEY_MAX];

	*position = 0;
	if (s->walked)
		return SORTED_THERE;
	if (source_peek(s->keeper, s->spec.source, key, &r) == 0 && belongs(s, &r))
		return place_put(s, key, now, tree_key_of(s, key, &r, now), position);
	if ((node = places_find(s->places, key)) == NULL)
		return SORTED_NONE;
	*position = tree_position(node);
	places_remove(s->places, key);
	tree_remove_node(s->tree, node);
	return SORTED_REMOVED;
}

bool
sorted_note(struct sorted *s, enum table table, struct store_bytes key, size_t *position)
{
	struct place	place;

	if (s->marks == NULL || order_table(s->order) != table || !order_place_at(s->order, key, &place))
		return false;
	*position = marks_note(s->marks, &place);
	return true;
}

/* Of a set that does not follow changes: nothing needs finding again, and what is over `keep` goes. */
static void
keep_put(struct sorted *s, const uint8_t *now, size_t n)
{
	if (tree_put(s->tree, now, n, NULL, 0) == NULL)
		s->enough = true;
	if (s->keep == 0 || tree_count(s->tree) <= s->keep)
		return;
	tree_remove_node(s->tree, s->keep_last ? tree_first(s->tree) : tree_last(s->tree));
	/* Scanned in this very order from its end, nothing better comes any more. */
	s->enough |= s->keep_last && s->spec.source->backwards && s->spec.source->natural != NULL &&
	    strcmp(s->spec.source->natural, s->spec.sort->name) == 0;
}

static void
fill_put(struct sorted *s, const uint8_t *key, const uint8_t *now, size_t n)
{
	size_t	position;

	if (s->places != NULL)
		(void)place_put(s, key, now, n, &position);
	else
		keep_put(s, now, n);
}

static int
fill_row(void *arg, const uint8_t *key, const struct row *r)
{
	struct sorted	*s = arg;
	uint8_t		 now[TREE_KEY_MAX];

	if (s->search != NULL && search_is_exact(s->search) ? in_group(s, r) : belongs(s, r))
		fill_put(s, key, now, tree_key_of(s, key, r, now));
	return s->enough;
}

static bool
fill_by_scan(struct sorted *s)
{
	return source_scan(s->keeper, s->spec.source, &s->spec.filter, &s->cursor, SCAN_STEP, fill_row, s);
}

/* The search is through: many rows are found faster by a walk that passes the others over. */
static void
choose_after_search(struct sorted *s)
{
	s->n_found = search_count(s->search);
	if (search_failed(s->search)) {
		search_free(s->search);
		s->search = NULL;
		s->fill = fill_by_scan;
	} else if (search_is_exact(s->search) && s->order != NULL && order_table(s->order) == s->spec.source->kind->sorts &&
	    s->n_found * WALK_WORTH > s->spec.source->total(s->keeper))
		s->fill = fill_by_walk;
}

static bool
fill_by_search(struct sorted *s)
{
	struct row	 r;
	uint8_t		 key[8];

	if (!s->found) {
		if (search_step(s->search, SEARCH_STEP))
			return true;
		s->found = true;
		choose_after_search(s);
		return true;
	}
	for (int i = 0; i < SCAN_STEP && !s->enough; i++) {
		if ((s->id = search_next(s->search, s->id)) == 0)
			return false;
		s->cursor.passed++;
		be64_put(key, s->id);
		if (source_peek(s->keeper, s->spec.source, key, &r) == 0)
			(void)fill_row(s, key, &r);
	}
	return true;
}

static int
walk_passed(struct sorted *s, const struct place *p)
{
	s->next = *p;
	s->next.key[s->next.n++] = 0;	/* the next possible key */
	s->cursor.passed++;
	return s->enough;
}

/* An entry's key is that of the tree but for the name of a group, where its id stands. */
static int
walk_entry(void *arg, const struct place *p, const uint8_t *key, struct store_bytes value)
{
	struct sorted		*s = arg;
	const struct field	*sort = s->spec.sort;
	struct refs		 refs = keeper_refs(s->keeper);
	struct row		 r;
	uint8_t			 now[TREE_KEY_MAX];
	size_t			 n = 0, at = SORTS_TAG;
	uint64_t		 id;

	if ((s->spec.group_id != 0 && sorts_with(value) != s->spec.group_id) ||
	    (s->search != NULL && !search_has(s->search, be64_get(key))))
		return walk_passed(s, p);
	if (sort->type == FT_REF) {
		id = sorts_with(value);
		memset(&r, 0, sizeof r);
		memcpy((char *)&r.of + sort->offset, &id, sizeof id);
		n = field_sort_key(sort, &r.of, &refs, now, SORT_VALUE_MAX);
		at += sizeof id;
	}
	memcpy(now + n, p->key + at, p->n - at);
	fill_put(s, key, now, n + p->n - at);
	return walk_passed(s, p);
}

static bool
fill_by_walk(struct sorted *s)
{
	uint64_t	before = s->cursor.passed;

	(void)order_walk(s->order, &s->next, NULL, WALK_STEP, walk_entry, s);
	return s->cursor.passed - before == WALK_STEP;
}

static int
walk_group(void *arg, const struct place *p, const uint8_t *key, struct store_bytes value)
{
	struct sorted	*s = arg;
	struct row	 r;

	(void)value;
	if (source_peek(s->keeper, s->spec.source, key, &r) == 0)
		(void)fill_row(s, key, &r);
	return walk_passed(s, p);
}

static bool
fill_by_group(struct sorted *s)
{
	uint64_t	before = s->cursor.passed;

	(void)order_walk(s->group, &s->next, NULL, SCAN_STEP, walk_group, s);
	return s->cursor.passed - before == SCAN_STEP;
}

bool
sorted_scan(struct sorted *s, int64_t until_us)
{
	if (s->marks != NULL)
		return marks_count(s->marks, until_us);
	while (!s->walked && !s->complete) {
		s->complete = !s->fill(s) || s->enough;
		if (job_is_late(until_us))
			break;
	}
	return !s->walked && !s->complete;
}

double
sorted_done(const struct sorted *s)
{
	uint64_t	total = s->spec.source->total(s->keeper);

	if (s->marks != NULL)
		return marks_done(s->marks);
	if (s->walked || s->complete)
		return 1;
	if (s->fill == fill_by_search)
		total = s->n_found;
	return total <= s->cursor.passed ? 0.99 : (double)s->cursor.passed / (double)total;
}

size_t
sorted_count(const struct sorted *s)
{
	return s->marks != NULL ? marks_total(s->marks) : tree_count(s->tree);
}

bool
sorted_position(struct sorted *s, const uint8_t *key, size_t *position)
{
	struct tree_node	*node;
	struct place		 place;
	struct row		 r;

	if (s->marks != NULL)
		return source_peek(s->keeper, s->spec.source, key, &r) == 0 && in_group(s, &r) &&
		    order_place_of(s->order, key, &r, &place) && marks_position(s->marks, &place, position);
	if ((node = places_find(s->places, key)) == NULL)
		return false;
	*position = tree_position(node);
	return true;
}

struct taking {
	struct sorted	*sorted;
	size_t		 n;
	uint8_t		(*keys)[ROW_KEY_MAX];
};

static int
take_row(void *arg, const struct place *p, const uint8_t *key, struct store_bytes value)
{
	struct taking	*t = arg;

	(void)value;
	memcpy(t->keys[t->n++], key, t->sorted->spec.source->key_n);
	t->sorted->next = *p;
	return 0;
}

/* The next ones from where the last ones were. */
static size_t
rows_walked(struct sorted *s, size_t max, bool reverse, uint8_t (*keys)[ROW_KEY_MAX])
{
	struct taking	t = { .sorted = s, .keys = keys };

	if (s->keep > 0 && s->keep - s->given < max)
		max = s->keep - s->given;
	if (max == 0)
		return 0;
	if (reverse) {
		(void)order_walk_back(s->order, s->given == 0 ? NULL : &s->next, max, take_row, &t);
	} else {
		(void)order_walk(s->order, &s->next, NULL, max, take_row, &t);
		if (t.n > 0)
			s->next.key[s->next.n++] = 0;	/* the next possible key */
	}
	s->given += t.n;
	return t.n;
}

static size_t
rows_of_tree(const struct sorted *s, size_t first, size_t max, uint8_t (*keys)[ROW_KEY_MAX])
{
	const struct tree_node	*node = tree_nth(s->tree, first);
	size_t			 n = 0;

	for (; node != NULL && n < max; node = tree_next(node))
		memcpy(keys[n++], row_key_of(s, node), s->spec.source->key_n);
	return n;
}

static void
turn_round(uint8_t (*keys)[ROW_KEY_MAX], size_t n)
{
	uint8_t	key[ROW_KEY_MAX];

	for (size_t i = 0; i < n / 2; i++) {
		memcpy(key, keys[i], sizeof key);
		memcpy(keys[i], keys[n - 1 - i], sizeof key);
		memcpy(keys[n - 1 - i], key, sizeof key);
	}
}

size_t
sorted_rows(struct sorted *s, size_t first, size_t max, bool reverse, uint8_t (*keys)[ROW_KEY_MAX])
{
	size_t	count = sorted_count(s), n;

	if (s->walked && s->marks == NULL)
		return rows_walked(s, max, reverse, keys);
	if (first >= count)
		return 0;
	if (max > count - first)
		max = count - first;
	if (reverse)
		first = count - first - max;
	n = s->marks != NULL ? marks_rows(s->marks, first, max, keys) : rows_of_tree(s, first, max, keys);
	if (reverse)
		turn_round(keys, n);
	return n;
}

static size_t
seek_walked(struct sorted *s, const char *text, bool past)
{
	struct place	place;
	size_t		position;

	if (!order_seek(s->order, text, past, &place) || !marks_position(s->marks, &place, &position))
		return sorted_count(s);
	return position;
}

size_t
sorted_seek(struct sorted *s, const char *text, bool past)
{
	const struct field	*f = s->spec.sort;
	struct row		 scratch;
	struct tree_node	*node;
	char			 why[128];
	uint8_t			 key[SORT_VALUE_MAX + 1];
	size_t			 n;

	if (s->marks != NULL)
		return seek_walked(s, text, past);
	memset(&scratch, 0, sizeof scratch);
	if (f->type == FT_STR || f->type == FT_REF)
		n = text_fold(text, strlen(text), (char *)key, SORT_VALUE_MAX);
	else if (field_set(f, &scratch.of, text, NULL, why, sizeof why) == 0)
		n = field_sort_key(f, &scratch.of, NULL, key, SORT_VALUE_MAX);
	else
		return sorted_count(s);
	if (past)
		key[n++] = 0xff;
	node = tree_at_or_after(s->tree, key, n);
	return node == NULL ? sorted_count(s) : tree_position(node);
}
