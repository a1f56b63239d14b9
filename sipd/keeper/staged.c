#include "sipd/keeper/staged.h"

#include <string.h>

#include "core/err.h"
#include "core/varint.h"

enum { ROW = 'r', REF = 'g', ROW_KEY = 9, NAME_KEY_MAX = 1 + 255, REF_KEY_MAX = 64, HEAD = 8 + 1 + 1 };

static void
row_key(uint8_t key[ROW_KEY], uint64_t n)
{
	key[0] = ROW;
	be64_put(key + 1, n);
}

/* Returns its length. */
static size_t
ref_key(uint8_t key[REF_KEY_MAX], const char *kind, uint64_t id)
{
	size_t	n = strnlen(kind, REF_KEY_MAX - 10);

	key[0] = REF;
	memcpy(key + 1, kind, n);
	key[1 + n] = 0;
	be64_put(key + 2 + n, id);
	return n + 10;
}

/* Of all records that the account names. */
static void
refs_count(struct txn *t, const struct account *a, int64_t by)
{
	uint8_t	key[REF_KEY_MAX];

	for (size_t i = 0; i < account_kind.n_fields; i++) {
		const struct field	*f = &account_kind.fields[i];
		uint64_t		 id;

		if (f->type != FT_REF || field_is_empty(f, a))
			continue;
		memcpy(&id, (const char *)a + f->offset, sizeof id);
		txn_add(t, TABLE_IMPORT, key, ref_key(key, f->ref, id), by);
	}
}

/* Returns its length, 0 for a name that no key holds. */
static size_t
name_key(uint8_t key[NAME_KEY_MAX], enum staged_of of, const char *name)
{
	size_t	n = strlen(name);

	if (n == 0 || n >= NAME_KEY_MAX)
		return 0;
	key[0] = (uint8_t)of;
	memcpy(key + 1, name, n);
	return n + 1;
}

void
staged_reserve(struct txn *t, enum staged_of of, const char *name, uint64_t line)
{
	uint8_t	key[NAME_KEY_MAX], value[8];
	size_t	n = name_key(key, of, name);

	be64_put(value, line);
	if (n > 0)
		txn_put(t, TABLE_IMPORT, key, n, value, sizeof value);
}

bool
staged_holds(const struct db *db, enum staged_of of, const char *name, uint64_t *line)
{
	struct store_bytes	v;
	uint8_t			key[NAME_KEY_MAX];
	size_t			n = name_key(key, of, name);

	if (n == 0 || store_get(db->store, TABLE_IMPORT, key, n, &v) != 0)
		return false;
	if (line != NULL)
		*line = v.n == 8 ? be64_get(v.p) : 0;
	return true;
}

bool
staged_uses(const struct db *db, const char *kind, uint64_t id)
{
	struct store_bytes	v;
	uint8_t			key[REF_KEY_MAX];
	size_t			n = ref_key(key, kind, id);

	return store_get(db->store, TABLE_IMPORT, key, n, &v) == 0 && v.n == 8 && be64_get(v.p) > 0;
}

/* Line, 'a' or 'u', how many tags, the tags, and the record. */
void
staged_put(struct txn *t, const struct db *db, const struct staged *s)
{
	uint8_t		key[ROW_KEY], out[HEAD + 2 * EDIT_ITEMS + RECORD_MAX];
	struct seal_of	of = { .seal = db->seal, .table = TABLE_IMPORT, .key = key, .n = sizeof key };
	struct sealer	sealer = seal_for(&of);
	size_t		at = HEAD;
	int		n;

	row_key(key, s->n);
	be64_put(out, s->line);
	out[8] = s->update ? 'u' : 'a';
	out[9] = (uint8_t)s->n_tags;
	for (size_t i = 0; i < s->n_tags; i++) {
		out[at++] = (uint8_t)(s->tags[i] >> 8);
		out[at++] = (uint8_t)s->tags[i];
	}
	if ((n = record_encode(&account_kind, &s->account, &sealer, out + at, RECORD_MAX)) < 0) {
		txn_fail(t, n);
		return;
	}
	txn_put(t, TABLE_IMPORT, key, sizeof key, out, at + (size_t)n);
	refs_count(t, &s->account, 1);
}

static void
release(struct txn *t, enum staged_of of, const char *name)
{
	uint8_t	key[NAME_KEY_MAX];
	size_t	n = name_key(key, of, name);

	if (n > 0)
		txn_delete(t, TABLE_IMPORT, key, n);
}

void
staged_delete(struct txn *t, const struct staged *s)
{
	uint8_t	key[ROW_KEY];

	row_key(key, s->n);
	txn_delete(t, TABLE_IMPORT, key, sizeof key);
	refs_count(t, &s->account, -1);
	release(t, STAGED_USERNAME, s->account.username);
	if (s->update)
		return;
	release(t, STAGED_NUMBER, s->account.caller_id);
	release(t, STAGED_NUMBER, s->account.caller_id_2);
}

struct first {
	const struct db	*db;
	struct staged	*staged;
};

static int
first_row(void *arg, struct store_bytes key, struct store_bytes value)
{
	struct first	*f = arg;
	struct staged	*s = f->staged;
	struct seal_of	 of = { .seal = f->db->seal, .table = TABLE_IMPORT, .key = key.p, .n = key.n };
	struct sealer	 sealer = seal_for(&of);
	const uint8_t	*p = value.p;
	size_t		 at = HEAD;

	if (key.n == ROW_KEY)
		s->n = be64_get((const uint8_t *)key.p + 1);
	if (key.n != ROW_KEY || value.n < HEAD || p[9] > EDIT_ITEMS || value.n < HEAD + 2 * (size_t)p[9])
		return ERR_CORRUPT;
	s->line = be64_get(p);
	s->update = p[8] == 'u';
	s->n_tags = p[9];
	for (size_t i = 0; i < s->n_tags; i++, at += 2)
		s->tags[i] = (uint16_t)(p[at] << 8 | p[at + 1]);
	return record_decode(&account_kind, &s->account, &sealer, p + at, value.n - at) == 0 ? 1 : ERR_CORRUPT;
}

int
staged_first(const struct db *db, struct staged *s)
{
	static const uint8_t	from[] = { ROW }, after[] = { ROW + 1 };
	struct store_bytes	to = { after, sizeof after };
	struct first		f = { .db = db, .staged = s };
	int			rc;

	memset(s, 0, sizeof *s);
	rc = store_range(db->store, TABLE_IMPORT, (struct store_bytes){ from, sizeof from }, &to, false, 1, first_row, &f);
	return rc == 1 ? 0 : rc == 0 ? ERR_NOT_FOUND : rc;
}

struct clear {
	struct txn	*txn;
	size_t		 n;
};

static int
clear_one(void *arg, struct store_bytes key, struct store_bytes value)
{
	struct clear	*c = arg;

	(void)value;
	txn_delete(c->txn, TABLE_IMPORT, key.p, key.n);
	c->n++;
	return 0;
}

size_t
staged_clear_some(struct txn *t, const struct db *db, size_t max)
{
	struct clear	c = { .txn = t };

	(void)store_range(db->store, TABLE_IMPORT, (struct store_bytes){ 0 }, NULL, false, max, clear_one, &c);
	return c.n;
}

static int
stop_at_once(void *arg, struct store_bytes key, struct store_bytes value)
{
	(void)arg;
	(void)key;
	(void)value;
	return 1;
}

bool
staged_is_empty(const struct db *db)
{
	return store_range(db->store, TABLE_IMPORT, (struct store_bytes){ 0 }, NULL, false, 1, stop_at_once, NULL) == 0;
}
