#include "db/sorts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/varint.h"

bool
sorts_has_field(const struct kind *k, const struct field *f)
{
	return k->sorts != 0 && (f->flags & FF_SORT) != 0;
}

static size_t
value_of(const struct field *f, const void *record, uint8_t *out, size_t max)
{
	uint64_t	id;

	if (f->type != FT_REF)
		return field_sort_key(f, record, NULL, out, max + 1);
	memcpy(&id, (const char *)record + f->offset, sizeof id);
	be64_put(out, id);
	return 8;
}

int
sorts_key(const struct kind *k, const struct field *f, const void *record, const uint8_t *primary, size_t n, uint8_t key[KEY_MAX])
{
	const struct field	*tie = kind_tag(k, k->sort_tie);
	size_t			 at = SORTS_TAG;

	if (SORTS_TAG + SORTS_VALUE + 1 + SORTS_TIE + 1 + n > KEY_MAX)
		return ERR_TOO_LARGE;
	key[0] = (uint8_t)(f->tag >> 8);
	key[1] = (uint8_t)f->tag;
	at += value_of(f, record, key + at, SORTS_VALUE);
	key[at++] = 0;
	if (tie != NULL && tie != f)
		at += value_of(tie, record, key + at, SORTS_TIE);
	key[at++] = 0;
	memcpy(key + at, primary, n);
	return (int)(at + n);
}

void
sorts_range(const struct field *f, uint8_t from[SORTS_TAG], uint8_t to[SORTS_TAG])
{
	from[0] = (uint8_t)(f->tag >> 8);
	from[1] = (uint8_t)f->tag;
	to[0] = (uint8_t)((f->tag + 1) >> 8);
	to[1] = (uint8_t)(f->tag + 1);
}

uint64_t
sorts_with(struct store_bytes value)
{
	uint64_t	with;

	return varint_get(value.p, value.n, &with) == 0 ? 0 : with;
}

static size_t
entry_value(const struct kind *k, const void *record, uint8_t value[VARINT_MAX])
{
	const struct field	*f = kind_tag(k, k->sort_with);
	uint64_t		 id = 0;

	if (f != NULL)
		memcpy(&id, (const char *)record + f->offset, sizeof id);
	return varint_put(value, id);
}

/* Whether that field of the record stands in its entries. */
static bool
is_same(const struct kind *k, uint16_t tag, const void *old, const void *record)
{
	const struct field	*f = kind_tag(k, tag);

	return f == NULL || (old != NULL && record != NULL && field_eq(f, old, record));
}

static void
entry_update(struct txn *t, const struct kind *k, const struct field *f, const void *old, const void *record, const uint8_t *primary,
    size_t n)
{
	uint8_t	was[KEY_MAX], is[KEY_MAX], value[VARINT_MAX];
	int	was_n = old == NULL ? 0 : sorts_key(k, f, old, primary, n, was),
		is_n = record == NULL ? 0 : sorts_key(k, f, record, primary, n, is);

	if (was_n < 0 || is_n < 0) {
		txn_fail(t, ERR_TOO_LARGE);
		return;
	}
	if (was_n > 0 && (was_n != is_n || memcmp(was, is, (size_t)is_n) != 0))
		txn_delete(t, k->sorts, was, (size_t)was_n);
	if (is_n > 0)
		txn_put(t, k->sorts, is, (size_t)is_n, value, entry_value(k, record, value));
}

void
sorts_update(struct txn *t, const struct kind *k, const void *old, const void *record, const uint8_t *primary, size_t n)
{
	bool	same = is_same(k, k->sort_tie, old, record) && is_same(k, k->sort_with, old, record);

	for (size_t i = 0; i < k->n_fields; i++)
		if (sorts_has_field(k, &k->fields[i]) && !(same && is_same(k, k->fields[i].tag, old, record)))
			entry_update(t, k, &k->fields[i], old, record, primary, n);
}

const struct field *
sorts_missing(const struct db *db, const struct kind *k, const void *record, const uint8_t *primary, size_t n)
{
	struct store_bytes	held;
	uint8_t			key[KEY_MAX], value[VARINT_MAX];
	int			key_n;

	for (size_t i = 0; i < k->n_fields; i++) {
		const struct field	*f = &k->fields[i];

		if (!sorts_has_field(k, f) || (key_n = sorts_key(k, f, record, primary, n, key)) < 0)
			continue;
		if (store_get(db->store, k->sorts, key, (size_t)key_n, &held) != 0 ||
		    held.n != entry_value(k, record, value) || memcmp(held.p, value, held.n) != 0)
			return f;
	}
	return NULL;
}

bool
sorts_is_entry(const struct kind *k, const void *record, const uint8_t *primary, size_t n, struct store_bytes key,
    struct store_bytes value)
{
	const uint8_t		*bytes = key.p;
	const struct field	*f = key.n < SORTS_TAG ? NULL : kind_tag(k, (uint16_t)(bytes[0] << 8 | bytes[1]));
	uint8_t			 is[KEY_MAX], with[VARINT_MAX];

	return f != NULL && sorts_has_field(k, f) && sorts_key(k, f, record, primary, n, is) == (int)key.n &&
	    memcmp(is, key.p, key.n) == 0 && entry_value(k, record, with) == value.n && memcmp(with, value.p, value.n) == 0;
}

static size_t
meta_key(const struct kind *k, char key[64])
{
	return (size_t)snprintf(key, 64, "sorts/%s", k->name);
}

bool
sorts_ready(const struct db *db, const struct kind *k)
{
	struct store_bytes	v;
	char			key[64];

	return k->sorts != 0 && store_get(db->store, TABLE_META, key, meta_key(k, key), &v) == 0 && v.n == 1 &&
	    *(const uint8_t *)v.p == SORTS_VERSION;
}

struct build {
	struct txn		*txn;
	const struct kind	*kind;
	uint64_t		 last;
	size_t			 n;
	void			*record;
};

/* A damaged record is verify's to tell of; it has no place in a list either. */
static int
build_one(void *arg, struct store_bytes key, struct store_bytes value)
{
	struct build	*b = arg;

	b->n++;
	if (key.n != 8)
		return 0;
	b->last = be64_get(key.p);
	if (record_decode(b->kind, b->record, NULL, value.p, value.n) == 0)
		sorts_update(b->txn, b->kind, NULL, b->record, key.p, key.n);
	return 0;
}

bool
sorts_build(struct txn *t, const struct db *db, const struct kind *k, uint64_t *after, size_t limit)
{
	static const uint8_t	version = SORTS_VERSION;
	struct build		b = { .txn = t, .kind = k, .last = *after, .record = malloc(k->size) };
	uint8_t			from[8];
	char			key[64];

	be64_put(from, *after + 1);
	if (b.record == NULL)
		txn_fail(t, ERR_BUSY);
	else
		(void)store_range(db->store, k->table, (struct store_bytes){ from, sizeof from }, NULL, false, limit, build_one, &b);
	free(b.record);
	*after = b.last;
	if (b.n == limit || txn_error(t) != 0)
		return true;
	txn_put(t, TABLE_META, key, meta_key(k, key), &version, 1);
	return false;
}
