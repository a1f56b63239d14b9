#include "db/words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/match.h"

enum { ENTRY_MAX = WORDS_KEY_WORD + 3 };

/* The entries of one record, without its key. */
struct entries {
	char	*bytes;
	size_t	 n, max;
	size_t	*at;		/* where each begins; the last is the end */
	size_t	 count, max_count;
	uint16_t tag;
	bool	 failed;
};

static bool
room(struct entries *e, size_t more)
{
	void	*bigger;

	if (e->n + more > e->max) {
		if ((bigger = realloc(e->bytes, 2 * (e->max + more))) == NULL)
			return false;
		e->bytes = bigger;
		e->max = 2 * (e->max + more);
	}
	if (e->count + 2 > e->max_count) {
		if ((bigger = realloc(e->at, 2 * (e->max_count + 2) * sizeof e->at[0])) == NULL)
			return false;
		e->at = bigger;
		e->max_count = 2 * (e->max_count + 2);
	}
	return true;
}

static void
entry_add(void *arg, const char *word, size_t n)
{
	struct entries	*e = arg;

	if (n > WORDS_KEY_WORD)
		n = WORDS_KEY_WORD;
	if (e->failed || !room(e, n + 3)) {
		e->failed = true;
		return;
	}
	e->at[e->count++] = e->n;
	e->bytes[e->n++] = (char)(e->tag >> 8);
	e->bytes[e->n++] = (char)(e->tag & 0xff);
	memcpy(e->bytes + e->n, word, n);
	e->n += n;
	e->bytes[e->n++] = '\0';
	e->at[e->count] = e->n;
}

static struct span
entry(const struct entries *e, size_t i)
{
	return (struct span){ e->bytes + e->at[i], e->at[i + 1] - e->at[i] };
}

static void
entries_clear(struct entries *e)
{
	free(e->bytes);
	free(e->at);
}

static int
by_bytes(const void *a, const void *b)
{
	const struct span	*x = a, *y = b;
	int			 c = memcmp(x->s, y->s, x->n < y->n ? x->n : y->n);

	return c != 0 ? c : x->n < y->n ? -1 : x->n > y->n;
}

/* In order, each once.  NULL: out of memory, or none. */
static struct span *
sorted(const struct entries *e, size_t *count)
{
	struct span	*list = e->count == 0 ? NULL : calloc(e->count, sizeof *list);
	size_t		 n = 0;

	*count = 0;
	if (list == NULL)
		return NULL;
	for (size_t i = 0; i < e->count; i++)
		list[i] = entry(e, i);
	qsort(list, e->count, sizeof *list, by_bytes);
	for (size_t i = 0; i < e->count; i++)
		if (n == 0 || by_bytes(&list[n - 1], &list[i]) != 0)
			list[n++] = list[i];
	*count = n;
	return list;
}

static void
collect(struct entries *e, const struct field *f, const void *record)
{
	if (record == NULL)
		return;
	e->tag = f->tag;
	match_words(f, record, NULL, entry_add, e);
}

static size_t
key_of(struct span entry_bytes, const uint8_t *primary, size_t n, uint8_t key[KEY_MAX])
{
	memcpy(key, entry_bytes.s, entry_bytes.n);
	memcpy(key + entry_bytes.n, primary, n);
	return entry_bytes.n + n;
}

bool
words_has_field(const struct field *f)
{
	return (f->flags & FF_SEARCH) && f->type != FT_REF && !(f->flags & (FF_VIRTUAL | FF_SECRET));
}

void
words_update(struct txn *t, const struct kind *k, const void *old, const void *record, const uint8_t *primary, size_t primary_n)
{
	struct entries	 before = { 0 }, after = { 0 };
	struct span	*was, *is;
	uint8_t		 key[KEY_MAX];
	size_t		 n_was, n_is, i = 0, j = 0;

	if (k->words == 0 || primary_n + ENTRY_MAX > KEY_MAX)
		return;
	for (size_t f = 0; f < k->n_fields; f++) {
		if (!words_has_field(&k->fields[f]) || (old != NULL && record != NULL && field_eq(&k->fields[f], old, record)))
			continue;
		collect(&before, &k->fields[f], old);
		collect(&after, &k->fields[f], record);
	}
	was = sorted(&before, &n_was);
	is = sorted(&after, &n_is);
	if (before.failed || after.failed || (was == NULL && before.count > 0) || (is == NULL && after.count > 0))
		txn_fail(t, -ENOMEM);
	else
		while (i < n_was || j < n_is) {
			int	c = i == n_was ? 1 : j == n_is ? -1 : by_bytes(&was[i], &is[j]);

			if (c < 0)
				txn_delete(t, k->words, key, key_of(was[i], primary, primary_n, key));
			else if (c > 0)
				txn_put(t, k->words, key, key_of(is[j], primary, primary_n, key), NULL, 0);
			i += c <= 0;
			j += c >= 0;
		}
	free(was);
	free(is);
	entries_clear(&before);
	entries_clear(&after);
}

/* The record's entries, in order; to be freed with entries_clear(). */
static struct span *
entries_of(struct entries *e, const struct kind *k, const void *record, size_t *n)
{
	for (size_t f = 0; f < k->n_fields; f++)
		if (words_has_field(&k->fields[f]))
			collect(e, &k->fields[f], record);
	return sorted(e, n);
}

bool
words_has_all(const struct db *db, const struct kind *k, const void *record, const uint8_t *primary, size_t primary_n)
{
	struct entries		 e = { 0 };
	struct store_bytes	 found;
	uint8_t			 key[KEY_MAX];
	size_t			 n, i = 0;
	struct span		*list = entries_of(&e, k, record, &n);

	while (i < n && store_get(db->store, k->words, key, key_of(list[i], primary, primary_n, key), &found) == 0)
		i++;
	free(list);
	entries_clear(&e);
	return i == n;
}

bool
words_is_entry(const struct kind *k, const void *record, const uint8_t *primary, size_t primary_n, struct store_bytes key)
{
	struct entries	 e = { 0 };
	uint8_t		 mine[KEY_MAX];
	size_t		 n, i = 0;
	struct span	*list = entries_of(&e, k, record, &n);

	while (i < n && (key_of(list[i], primary, primary_n, mine) != key.n || memcmp(mine, key.p, key.n) != 0))
		i++;
	free(list);
	entries_clear(&e);
	return i < n;
}

size_t
words_key(const struct field *f, struct span word, uint8_t key[KEY_MAX])
{
	size_t	n = word.n > WORDS_KEY_WORD ? WORDS_KEY_WORD : word.n;

	key[0] = (uint8_t)(f->tag >> 8);
	key[1] = (uint8_t)(f->tag & 0xff);
	memcpy(key + 2, word.s == NULL ? "" : word.s, n);
	return 2 + n;
}

bool
words_key_is(const uint8_t *key, size_t n, size_t primary_n, struct span *word, const uint8_t **primary)
{
	const void	*bytes = key + 2;

	if (n < 3 + primary_n || key[n - primary_n - 1] != 0)
		return false;
	*word = (struct span){ bytes, n - primary_n - 3 };
	*primary = key + n - primary_n;
	return true;
}

static int
meta_key(const struct kind *k, char key[64])
{
	return snprintf(key, 64, "words/%s", k->name);
}

bool
words_ready(const struct db *db, const struct kind *k)
{
	struct store_bytes	v;
	char			key[64];

	if (k->words == 0)
		return false;
	return store_get(db->store, TABLE_META, key, (size_t)meta_key(k, key), &v) == 0 && v.n == 1 &&
	    *(const uint8_t *)v.p == WORDS_VERSION;
}

struct build {
	struct txn		*txn;
	const struct kind	*kind;
	uint64_t		*after;
	size_t			 n;
};

static int
build_one(void *arg, const void *record)
{
	struct build	*b = arg;
	uint8_t		 primary[KEY_MAX];
	int		 n = record_key(b->kind, b->kind->key, record, primary);

	if (n == 8) {
		*b->after = 0;
		for (int i = 0; i < 8; i++)
			*b->after = *b->after << 8 | primary[i];
		words_update(b->txn, b->kind, NULL, record, primary, (size_t)n);
	}
	b->n++;
	return 0;
}

bool
words_build(struct txn *t, const struct db *db, const struct kind *k, uint64_t *after, size_t limit)
{
	static const uint8_t	version = WORDS_VERSION;
	const struct field	*id = kind_tag(k, k->key[0]);
	struct build		 b = { .txn = t, .kind = k, .after = after };
	void			*from = calloc(1, k->size);
	char			 key[64];
	int			 rc = -ENOMEM;

	if (from != NULL && id != NULL && id->type == FT_ID) {
		memcpy((char *)from + id->offset, after, sizeof *after);
		rc = table_each(db, k, *after == 0 ? NULL : from, limit, build_one, &b);
	}
	free(from);
	if (rc != 0)
		txn_fail(t, rc);
	if (b.n > 0 || rc != 0)
		return rc == 0;
	txn_put(t, TABLE_META, key, (size_t)meta_key(k, key), &version, 1);
	return false;
}
