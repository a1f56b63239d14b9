#include "db/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/log.h"
#include "core/varint.h"
#include "db/sorts.h"
#include "db/words.h"

/* Decodes a stored record, its secrets too. */
static int
decode(const struct db *db, const struct kind *k, const uint8_t *key, size_t n, struct store_bytes value, void *record)
{
	struct seal_of	of = { .seal = db->seal, .table = k->table, .key = key, .n = n };
	struct sealer	sealer = seal_for(&of);

	return record_decode(k, record, db->seal == NULL ? NULL : &sealer, value.p, value.n);
}

static int
get_by_key(const struct db *db, const struct kind *k, const uint8_t *key, size_t n, void *record)
{
	struct store_bytes	value;
	int			rc = store_get(db->store, k->table, key, n, &value);

	return rc != 0 ? rc : decode(db, k, key, n, value, record);
}

int
table_peek(const struct db *db, const struct kind *k, uint64_t id, void *record)
{
	const struct db	sealed = { .store = db->store };
	uint8_t		key[8];

	be64_put(key, id);
	return get_by_key(&sealed, k, key, sizeof key, record);
}

int
table_get(const struct db *db, const struct kind *k, void *record)
{
	uint8_t	key[KEY_MAX];
	int	n = record_key(k, k->key, record, key);

	return n < 0 ? n : get_by_key(db, k, key, (size_t)n, record);
}

static const struct index *
index_named(const struct kind *k, enum table table)
{
	for (size_t i = 0; i < k->n_indexes; i++)
		if (k->indexes[i].table == table)
			return &k->indexes[i];
	return NULL;
}

int
table_find(const struct db *db, const struct kind *k, enum table table, void *record)
{
	const struct index	*ix = index_named(k, table);
	struct store_bytes	 value;
	uint8_t			 key[KEY_MAX], primary[KEY_MAX];
	int			 n, rc;

	if (ix == NULL || !ix->unique || (n = record_key(k, ix->tags, record, key)) < 0)
		return ERR_INVALID;
	if ((rc = store_get(db->store, table, key, (size_t)n, &value)) != 0)
		return rc;
	if (value.n > KEY_MAX)
		return ERR_CORRUPT;
	memcpy(primary, value.p, value.n);
	rc = get_by_key(db, k, primary, value.n, record);
	return rc == ERR_NOT_FOUND ? ERR_CORRUPT : rc;
}

/* The key of record in ix: 0 when it is not in it. */
static int
index_key(const struct kind *k, const struct index *ix, const void *record, const uint8_t *primary, size_t primary_n,
    uint8_t key[KEY_MAX])
{
	const struct field	*first = kind_tag(k, ix->tags[0]);
	int			 n;

	if (first == NULL || field_is_empty(first, record))
		return 0;
	if ((n = record_key(k, ix->tags, record, key)) < 0 || ix->unique)
		return n;
	if ((size_t)n + primary_n > KEY_MAX)
		return ERR_TOO_LARGE;
	memcpy(key + n, primary, primary_n);
	return n + (int)primary_n;
}

struct index_change {
	uint8_t	old_key[KEY_MAX], new_key[KEY_MAX];
	int	old_n, new_n;
};

static void
index_update(struct txn *t, const struct db *db, const struct index *ix, const struct index_change *c, const uint8_t *primary,
    size_t primary_n)
{
	struct store_bytes	held;

	if (c->old_n == c->new_n && memcmp(c->old_key, c->new_key, (size_t)c->old_n) == 0)
		return;
	if (c->old_n > 0)
		txn_delete(t, ix->table, c->old_key, (size_t)c->old_n);
	if (c->new_n == 0)
		return;
	if (ix->unique && store_get(db->store, ix->table, c->new_key, (size_t)c->new_n, &held) == 0 &&
	    (held.n != primary_n || memcmp(held.p, primary, primary_n) != 0)) {
		txn_fail(t, ERR_EXISTS);
		return;
	}
	if (ix->unique)
		txn_put(t, ix->table, c->new_key, (size_t)c->new_n, primary, primary_n);
	else
		txn_put(t, ix->table, c->new_key, (size_t)c->new_n, NULL, 0);
}

/* Brings all indexes from the record as it is (old, NULL: absent) to the one that is to be (record, NULL: none). */
static void
indexes_update(struct txn *t, const struct db *db, const struct kind *k, const void *old, const void *record, const uint8_t *primary,
    size_t n)
{
	for (size_t i = 0; i < k->n_indexes; i++) {
		const struct index	*ix = &k->indexes[i];
		struct index_change	 c;

		c.old_n = old == NULL ? 0 : index_key(k, ix, old, primary, n, c.old_key);
		c.new_n = record == NULL ? 0 : index_key(k, ix, record, primary, n, c.new_key);
		if (c.old_n < 0 || c.new_n < 0) {
			txn_fail(t, c.old_n < 0 ? c.old_n : c.new_n);
			return;
		}
		index_update(t, db, ix, &c, primary, n);
	}
	words_update(t, k, old, record, primary, n);
	sorts_update(t, k, old, record, primary, n);
}

/* The record as it stands, for its indexes: secrets are not needed.  To be freed; NULL when absent or damaged. */
static void *
old_record(struct txn *t, const struct kind *k, struct store_bytes value)
{
	void	*old = malloc(k->size);

	if (old == NULL || record_decode(k, old, NULL, value.p, value.n) != 0) {
		txn_fail(t, ERR_CORRUPT);
		free(old);
		return NULL;
	}
	return old;
}

static int
encode(struct txn *t, const struct db *db, const struct kind *k, const void *record, const uint8_t *key, size_t n,
    const struct store_bytes *old, uint8_t out[RECORD_MAX])
{
	struct seal_of	of = { .seal = db->seal, .table = k->table, .key = key, .n = n };
	struct sealer	sealer = seal_for(&of);
	int		len = record_encode(k, record, db->seal == NULL ? NULL : &sealer, out, RECORD_MAX);

	if (len >= 0 && old != NULL)
		len = record_keep_unknown(k, old->p, old->n, out, (size_t)len, RECORD_MAX);
	if (len < 0)
		txn_fail(t, len);
	return len;
}

void
table_put(struct txn *t, const struct db *db, const struct kind *k, const void *record)
{
	struct store_bytes	 old;
	uint8_t			 key[KEY_MAX], value[RECORD_MAX];
	void			*before = NULL;
	int			 n = record_key(k, k->key, record, key), len;
	bool			 there;

	if (n < 0) {
		txn_fail(t, n);
		return;
	}
	there = store_get(db->store, k->table, key, (size_t)n, &old) == 0;
	if (there && k->n_indexes > 0)
		before = old_record(t, k, old);
	txn_expect(t, k->table, key, (size_t)n, there ? &old : NULL);
	if ((len = encode(t, db, k, record, key, (size_t)n, there ? &old : NULL, value)) >= 0) {
		txn_put(t, k->table, key, (size_t)n, value, (size_t)len);
		indexes_update(t, db, k, before, record, key, (size_t)n);
	}
	free(before);
}

void
table_delete(struct txn *t, const struct db *db, const struct kind *k, const void *record)
{
	struct store_bytes	 old;
	uint8_t			 key[KEY_MAX];
	void			*before;
	int			 n = record_key(k, k->key, record, key);

	if (n < 0 || store_get(db->store, k->table, key, (size_t)n, &old) != 0) {
		txn_fail(t, n < 0 ? n : ERR_NOT_FOUND);
		return;
	}
	txn_expect(t, k->table, key, (size_t)n, &old);
	txn_delete(t, k->table, key, (size_t)n);
	if (k->n_indexes > 0 && (before = old_record(t, k, old)) != NULL) {
		indexes_update(t, db, k, before, NULL, key, (size_t)n);
		free(before);
	}
}

const struct field *
table_clash(const struct db *db, const struct kind *k, const void *record)
{
	uint8_t	primary[KEY_MAX], key[KEY_MAX];
	int	primary_n = record_key(k, k->key, record, primary), n;

	for (size_t i = 0; primary_n >= 0 && i < k->n_indexes; i++) {
		struct store_bytes	held;

		if (!k->indexes[i].unique || (n = index_key(k, &k->indexes[i], record, primary, (size_t)primary_n, key)) <= 0)
			continue;
		if (store_get(db->store, k->indexes[i].table, key, (size_t)n, &held) == 0 &&
		    (held.n != (size_t)primary_n || memcmp(held.p, primary, held.n) != 0))
			return kind_tag(k, k->indexes[i].tags[0]);
	}
	return NULL;
}

struct each {
	const struct db		*db;
	const struct kind	*kind;
	const struct index	*ix;		/* or NULL: the table itself */
	table_fn		 fn;
	void			*arg, *record;
};

static int
each_record(struct each *e, const uint8_t *key, size_t n, struct store_bytes value)
{
	int	rc = decode(e->db, e->kind, key, n, value, e->record);

	if (rc != 0) {
		log_error("store: a damaged %s was passed over: %s", e->kind->name, err_text(rc));
		return 0;
	}
	return e->fn(e->arg, e->record);
}

static int
each_of_table(void *arg, struct store_bytes key, struct store_bytes value)
{
	return each_record(arg, key.p, key.n, value);
}

static int
each_of_index(void *arg, struct store_bytes key, struct store_bytes value)
{
	struct each		*e = arg;
	size_t			 indexed = record_key_length(e->kind, e->ix->tags, key.p, key.n);
	const uint8_t		*primary = (const uint8_t *)key.p + indexed;
	struct store_bytes	 stored;
	uint8_t			 copy[KEY_MAX];
	size_t			 n = key.n - indexed;

	(void)value;
	memcpy(copy, primary, n);
	if (store_get(e->db->store, e->kind->table, copy, n, &stored) != 0)
		return 0;
	return each_record(e, copy, n, stored);
}

/* The first key after all that begin with prefix; false if there is none. */
static bool
prefix_end(const struct store_bytes *prefix, uint8_t end[KEY_MAX], struct store_bytes *to)
{
	size_t	n = prefix->n;

	memcpy(end, prefix->p, n);
	while (n > 0 && end[n - 1] == 0xff)
		n--;
	if (n == 0)
		return false;
	end[n - 1]++;
	*to = (struct store_bytes){ .p = end, .n = n };
	return true;
}

int
table_each(const struct db *db, const struct kind *k, const void *after, size_t limit, table_fn fn, void *arg)
{
	struct each		e = { .db = db, .kind = k, .fn = fn, .arg = arg, .record = malloc(k->size) };
	struct store_bytes	from = { 0 };
	uint8_t			key[KEY_MAX + 1];
	int			n = 0, rc;

	if (e.record == NULL || (after != NULL && (n = record_key(k, k->key, after, key)) < 0)) {
		free(e.record);
		return ERR_INVALID;
	}
	if (after != NULL) {
		key[n] = 0;	/* the smallest key after it */
		from = (struct store_bytes){ .p = key, .n = (size_t)n + 1 };
	}
	rc = store_range(db->store, k->table, from, NULL, false, limit, each_of_table, &e);
	free(e.record);
	return rc;
}

int
table_each_of(const struct db *db, const struct kind *k, enum table table, int n_tags, const void *record, size_t limit, table_fn fn,
    void *arg)
{
	struct each		 e = { .db = db, .kind = k, .fn = fn, .arg = arg };
	const struct index	*ix = table == k->table ? NULL : index_named(k, table);
	const uint16_t		*tags = table == k->table ? k->key : ix == NULL ? NULL : ix->tags;
	uint16_t		 prefix_tags[3] = { 0 };
	uint8_t			 key[KEY_MAX], end[KEY_MAX];
	struct store_bytes	 from, to;
	int			 n, rc;

	for (int i = 0; tags != NULL && i < n_tags && i < 3; i++)
		prefix_tags[i] = tags[i];
	if (tags == NULL || (n = record_key(k, prefix_tags, record, key)) < 0 || (e.record = malloc(k->size)) == NULL)
		return ERR_INVALID;
	from = (struct store_bytes){ .p = key, .n = (size_t)n };
	e.ix = ix;
	rc = store_range(db->store, table, from, prefix_end(&from, end, &to) ? &to : NULL, false, limit,
	    ix == NULL ? each_of_table : each_of_index, &e);
	free(e.record);
	return rc;
}

static uint64_t
number_of(struct store_bytes v)
{
	return v.n == 8 ? be64_get(v.p) : 0;
}

uint64_t
count_get(const struct db *db, const char *name)
{
	struct store_bytes	v;

	return store_get(db->store, TABLE_COUNT, name, strlen(name), &v) == 0 ? number_of(v) : 0;
}

void
count_add(struct txn *t, const struct db *db, const char *name, int64_t delta)
{
	(void)db;
	txn_add(t, TABLE_COUNT, name, strlen(name), delta);
}

uint64_t
table_next_id(struct txn *t, const struct db *db, const char *name)
{
	struct store_bytes	v = { 0 };
	uint8_t			number[8];
	char			key[64];
	int			n = snprintf(key, sizeof key, "next/%s", name);
	uint64_t		id;
	bool			there = true;

	if (!txn_find(t, TABLE_META, key, (size_t)n, &v)) {
		there = store_get(db->store, TABLE_META, key, (size_t)n, &v) == 0;
		txn_expect(t, TABLE_META, key, (size_t)n, there ? &v : NULL);
	}
	id = (there ? number_of(v) : 0) + 1;
	be64_put(number, id);
	txn_put(t, TABLE_META, key, (size_t)n, number, sizeof number);
	return id;
}

struct verify {
	const struct db		*db;
	const struct kind	*kind;
	void			(*fn)(void *arg, const char *fault);
	void			*arg;
	size_t			 faults;
	const struct index	*ix;
	bool			 sorted;	/* the store keeps its order, and has it whole */
};

static void
fault(struct verify *v, const char *what, enum table table)
{
	char	text[160];

	(void)snprintf(text, sizeof text, "%s: %s in %s", v->kind->name, what, table_name(table));
	v->faults++;
	if (v->fn != NULL)
		v->fn(v->arg, text);
}

static int
verify_record(void *arg, const void *record)
{
	struct verify		*v = arg;
	uint8_t			 primary[KEY_MAX], key[KEY_MAX];
	int			 primary_n = record_key(v->kind, v->kind->key, record, primary), n;
	struct store_bytes	 held;

	for (size_t i = 0; primary_n > 0 && i < v->kind->n_indexes; i++) {
		const struct index	*ix = &v->kind->indexes[i];

		if ((n = index_key(v->kind, ix, record, primary, (size_t)primary_n, key)) <= 0)
			continue;
		if (store_get(v->db->store, ix->table, key, (size_t)n, &held) != 0)
			fault(v, "a record is missing", ix->table);
		else if (ix->unique && (held.n != (size_t)primary_n || memcmp(held.p, primary, held.n) != 0))
			fault(v, "a value points to another record", ix->table);
	}
	if (primary_n > 0 && v->sorted && sorts_missing(v->db, v->kind, record, primary, (size_t)primary_n) != NULL)
		fault(v, "a record is missing", v->kind->sorts);
	return 0;
}

/* An entry of an index points to a record that is there; with verify_record that makes them one to one. */
static int
verify_entry(void *arg, struct store_bytes key, struct store_bytes value)
{
	struct verify		*v = arg;
	struct store_bytes	 stored;
	size_t			 primary_n = 0;
	uint8_t			 primary[KEY_MAX];

	if (v->ix->unique && value.n <= KEY_MAX) {
		primary_n = value.n;
		memcpy(primary, value.p, primary_n);
	} else if (!v->ix->unique) {
		size_t	indexed = record_key_length(v->kind, v->ix->tags, key.p, key.n);

		primary_n = key.n - indexed;
		memcpy(primary, (const uint8_t *)key.p + indexed, primary_n);
	}
	if (store_get(v->db->store, v->kind->table, primary, primary_n, &stored) != 0)
		fault(v, "an entry without a record", v->ix->table);
	return 0;
}

static int
verify_sorted(void *arg, struct store_bytes key, struct store_bytes value)
{
	struct verify		*v = arg;
	uint8_t			 none[KEY_MAX], primary[KEY_MAX];
	void			*record = calloc(1, v->kind->size);
	struct store_bytes	 stored;
	int			 n = record == NULL ? -1 : record_key(v->kind, v->kind->key, record, none);	/* of fixed length */

	if (n > 0 && key.n > (size_t)n) {
		memcpy(primary, (const uint8_t *)key.p + key.n - (size_t)n, (size_t)n);
		if (store_get(v->db->store, v->kind->table, primary, (size_t)n, &stored) != 0)
			fault(v, "an entry without a record", v->kind->sorts);
		else if (record_decode(v->kind, record, NULL, stored.p, stored.n) == 0 &&
		    !sorts_is_entry(v->kind, record, primary, (size_t)n, key, value))
			fault(v, "an entry that is not its record's", v->kind->sorts);
	}
	free(record);
	return 0;
}

size_t
table_verify(const struct db *db, const struct kind *k, void (*fn)(void *arg, const char *fault), void *arg)
{
	struct verify	v = { .db = db, .kind = k, .fn = fn, .arg = arg, .sorted = sorts_ready(db, k) };

	(void)table_each(db, k, NULL, 0, verify_record, &v);
	for (size_t i = 0; i < k->n_indexes; i++) {
		v.ix = &k->indexes[i];
		(void)store_range(db->store, v.ix->table, (struct store_bytes){ 0 }, NULL, false, 0, verify_entry, &v);
	}
	if (v.sorted)
		(void)store_range(db->store, k->sorts, (struct store_bytes){ 0 }, NULL, false, 0, verify_sorted, &v);
	return v.faults;
}
