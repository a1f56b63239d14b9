#include "sipd/keeper/sorted.h"

#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "core/tree.h"
#include "core/varint.h"
#include "db/search.h"
#include "sipd/keeper/job.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/places.h"

enum {
	/* bytes of a value that count; longer equals are told apart by their key */
	SORT_VALUE_MAX = 96, TIE_VALUE_MAX = 64,
	ORDER_KEY_MAX = SORT_VALUE_MAX + 1 + TIE_VALUE_MAX + 1 + ROW_KEY_MAX,
	SCAN_STEP = 64,
	BURY_STEP = 256,
	SEARCH_STEP = 1024,	/* entries of the index of words */
};

struct sorted {
	struct keeper		*keeper;
	struct sorted_spec	 spec;
	struct tree		*order;
	struct places		*places;	/* NULL when it does not follow changes */
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

static struct sorted *
make(struct keeper *k, const struct sorted_spec *spec)
{
	struct sorted	*s = calloc(1, sizeof *s);

	if (s == NULL || (s->order = tree_new()) == NULL) {
		free(s);
		return NULL;
	}
	s->keeper = k;
	s->spec = *spec;
	filter_hold(&s->spec.filter);
	if (spec->filter.query != NULL && spec->source->stored->words != 0)
		s->search = search_new(&k->db, spec->filter.query);
	return s;
}

static void
discard(struct sorted *s)
{
	search_free(s->search);
	filter_clear(&s->spec.filter);
	tree_free(s->order);
	free(s);
}

struct sorted *
sorted_new(struct keeper *k, const struct sorted_spec *spec)
{
	struct sorted	*s = make(k, spec);

	if (s == NULL)
		return NULL;
	if ((s->places = places_new(spec->source->key_n)) == NULL) {
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
	return s;
}

static enum job_next
bury(struct job *j, int64_t until_us)
{
	struct sorted	*s = (struct sorted *)(void *)((char *)j - offsetof(struct sorted, burial));

	while (tree_clear_some(s->order, BURY_STEP))
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
order_key(const struct sorted *s, const uint8_t *key, const struct row *r, uint8_t out[ORDER_KEY_MAX])
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

static enum sorted_change
place_put(struct sorted *s, const uint8_t *key, const struct row *r, size_t *position)
{
	struct tree_node	*node, *old = places_find(s->places, key);
	uint8_t			 now[ORDER_KEY_MAX];
	size_t			 was_n, was_at = 0, n = order_key(s, key, r, now);
	const void		*was;

	if (old != NULL) {
		*position = was_at = tree_position(old);
		was = tree_key(old, &was_n);
		if (was_n == n && memcmp(was, now, n) == 0)
			return SORTED_SAME_PLACE;
		places_remove(s->places, key);
		tree_remove_node(s->order, old);
	}
	if ((node = tree_put(s->order, now, n, NULL, 0)) == NULL || places_put(s->places, node) != 0) {
		if (node != NULL)
			tree_remove_node(s->order, node);
		return old == NULL ? SORTED_NONE : SORTED_REMOVED;
	}
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

	if (source_peek(s->keeper, s->spec.source, key, &r) == 0 && belongs(s, &r))
		return place_put(s, key, &r, position);
	if ((node = places_find(s->places, key)) == NULL)
		return SORTED_NONE;
	*position = tree_position(node);
	places_remove(s->places, key);
	tree_remove_node(s->order, node);
	return SORTED_REMOVED;
}

/* Of a set that does not follow changes: nothing needs finding again, and what is over `keep` goes. */
static int
keep_put(struct sorted *s, const uint8_t *key, const struct row *r)
{
	uint8_t	now[ORDER_KEY_MAX];
	size_t	n = order_key(s, key, r, now);

	if (tree_put(s->order, now, n, NULL, 0) == NULL)
		return 1;
	if (s->keep == 0 || tree_count(s->order) <= s->keep)
		return 0;
	tree_remove_node(s->order, s->keep_last ? tree_first(s->order) : tree_last(s->order));
	/* Scanned in this very order from its end, nothing better comes any more. */
	return s->keep_last && s->spec.source->backwards && s->spec.source->natural != NULL &&
	    strcmp(s->spec.source->natural, s->spec.sort->name) == 0;
}

struct scanning {
	struct sorted	*sorted;
	bool		 enough;
};

static int
scan_row(void *arg, const uint8_t *key, const struct row *r)
{
	struct scanning	*scan = arg;
	struct sorted	*s = scan->sorted;
	size_t		 position;

	if (s->search != NULL && search_is_exact(s->search) ? !in_group(s, r) : !belongs(s, r))
		return 0;
	if (s->places != NULL)
		(void)place_put(s, key, r, &position);
	else
		scan->enough = keep_put(s, key, r) != 0;
	return scan->enough;
}

/* The next rows that the search found.  false when there are none left. */
static bool
fetch_rows(struct scanning *scan)
{
	struct sorted	*s = scan->sorted;
	struct row	 r;
	uint8_t		 key[8];

	if (!s->found) {
		if (search_step(s->search, SEARCH_STEP))
			return true;
		s->found = true;
		s->n_found = search_count(s->search);
		if (search_failed(s->search)) {
			search_free(s->search);
			s->search = NULL;
		}
		return true;
	}
	for (int i = 0; i < SCAN_STEP && !scan->enough; i++) {
		if ((s->id = search_next(s->search, s->id)) == 0)
			return false;
		s->cursor.passed++;
		be64_put(key, s->id);
		if (source_peek(s->keeper, s->spec.source, key, &r) == 0)
			(void)scan_row(scan, key, &r);
	}
	return true;
}

bool
sorted_scan(struct sorted *s, int64_t until_us)
{
	struct scanning	scan = { .sorted = s };

	while (!s->complete) {
		bool	more = s->search != NULL ? fetch_rows(&scan) :
		    source_scan(s->keeper, s->spec.source, &s->spec.filter, &s->cursor, SCAN_STEP, scan_row, &scan);

		s->complete = !more || scan.enough;
		if (job_is_late(until_us))
			break;
	}
	return !s->complete;
}

double
sorted_done(const struct sorted *s)
{
	uint64_t	total = s->search != NULL ? s->n_found : s->spec.source->total(s->keeper);

	if (s->complete)
		return 1;
	return total <= s->cursor.passed ? 0.99 : (double)s->cursor.passed / (double)total;
}

size_t
sorted_count(const struct sorted *s)
{
	return tree_count(s->order);
}

bool
sorted_position(const struct sorted *s, const uint8_t *key, size_t *position)
{
	struct tree_node	*node = places_find(s->places, key);

	if (node == NULL)
		return false;
	*position = tree_position(node);
	return true;
}

const uint8_t *
sorted_key_at(const struct sorted *s, size_t position)
{
	const struct tree_node	*node = tree_nth(s->order, position);

	return node == NULL ? NULL : row_key_of(s, node);
}

size_t
sorted_seek(const struct sorted *s, const char *text, bool past)
{
	const struct field	*f = s->spec.sort;
	struct row		 scratch;
	struct tree_node	*node;
	char			 why[128];
	uint8_t			 key[SORT_VALUE_MAX + 1];
	size_t			 n;

	memset(&scratch, 0, sizeof scratch);
	if (f->type == FT_STR || f->type == FT_REF)
		n = text_fold(text, strlen(text), (char *)key, SORT_VALUE_MAX);
	else if (field_set(f, &scratch.of, text, NULL, why, sizeof why) == 0)
		n = field_sort_key(f, &scratch.of, NULL, key, SORT_VALUE_MAX);
	else
		return sorted_count(s);
	if (past)
		key[n++] = 0xff;
	node = tree_at_or_after(s->order, key, n);
	return node == NULL ? sorted_count(s) : tree_position(node);
}
