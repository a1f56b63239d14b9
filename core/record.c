/*
 * The record codec: see field.h for the format.
 */
#include "core/field.h"

#include <string.h>

#include "core/err.h"
#include "core/varint.h"

enum { SEALED_MAX = FIELD_TEXT };	/* bytes of a sealed field, or of an opened one */

static const void *
member(const struct field *f, const void *record)
{
	return (const char *)record + f->offset;
}

static void *
member_of(const struct field *f, void *record)
{
	return (char *)record + f->offset;
}

/* A number of up to 64 bits, whatever its type. */
static uint64_t
number_get(const struct field *f, const void *record)
{
	const void	*m = member(f, record);
	int64_t		 t;

	switch ((enum field_type)f->type) {
	case FT_BOOL:
		return *(const bool *)m;
	case FT_NUM:
		return *(const uint32_t *)m;
	case FT_ENUM:
		return *(const uint8_t *)m;
	case FT_TIME:
		t = *(const int64_t *)m;
		return t < 0 ? 0 : (uint64_t)t;
	case FT_ID:
	case FT_REF:
		return *(const uint64_t *)m;
	case FT_STR:
	case FT_ADDR:
	case FT_BYTES:
	case FT_SPAN:
		break;
	}
	return 0;
}

static int
number_set(const struct field *f, void *record, uint64_t v)
{
	void	*m = member_of(f, record);
	size_t	 words = 0;

	switch ((enum field_type)f->type) {
	case FT_BOOL:
		*(bool *)m = v != 0;
		return 0;
	case FT_NUM:
		if (v > UINT32_MAX)
			return ERR_CORRUPT;
		*(uint32_t *)m = (uint32_t)v;
		return 0;
	case FT_ENUM:
		while (f->words != NULL && f->words[words] != NULL)
			words++;
		if (v > UINT8_MAX || (f->words != NULL && v >= words))
			return ERR_CORRUPT;
		*(uint8_t *)m = (uint8_t)v;
		return 0;
	case FT_TIME:
		if (v > INT64_MAX)
			return ERR_CORRUPT;
		*(int64_t *)m = (int64_t)v;
		return 0;
	case FT_ID:
	case FT_REF:
		*(uint64_t *)m = v;
		return 0;
	case FT_STR:
	case FT_ADDR:
	case FT_BYTES:
	case FT_SPAN:
		break;
	}
	return ERR_CORRUPT;
}

static bool
all_zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != 0)
			return false;
	return true;
}

/* The bytes of a value: borrowed from the record, or made in scratch.  n is 0 for an empty one. */
static const uint8_t *
value_bytes(const struct field *f, const void *record, uint8_t scratch[18], size_t *n)
{
	const void		*m = member(f, record);
	const struct addr	*a = m;
	const struct span	*s = m;
	size_t			 ip;

	switch ((enum field_type)f->type) {
	case FT_STR:
		*n = strnlen(m, f->size);
		return m;
	case FT_BYTES:
		*n = all_zero(m, f->size) ? 0 : f->size;
		return m;
	case FT_SPAN:
		*n = s->n;
		return (const uint8_t *)s->s;
	case FT_ADDR:
		ip = a->family == ADDR_IP4 ? 4 : a->family == ADDR_IP6 ? 16 : 0;
		memcpy(scratch, a->ip, ip);
		scratch[ip] = (uint8_t)(a->port >> 8);
		scratch[ip + 1] = (uint8_t)a->port;
		*n = ip == 0 ? 0 : ip + 2;
		return scratch;
	case FT_BOOL:
	case FT_NUM:
	case FT_ID:
	case FT_TIME:
	case FT_ENUM:
	case FT_REF:
		break;
	}
	*n = 0;
	for (uint64_t v = number_get(f, record); v != 0; v >>= 8)
		scratch[(*n)++] = (uint8_t)v;
	return scratch;
}

bool
field_is_empty(const struct field *f, const void *record)
{
	uint8_t	scratch[18];
	size_t	n;

	(void)value_bytes(f, record, scratch, &n);
	return n == 0;
}

bool
field_eq(const struct field *f, const void *a, const void *b)
{
	uint8_t		 sa[18], sb[18];
	size_t		 na, nb;
	const uint8_t	*va = value_bytes(f, a, sa, &na), *vb = value_bytes(f, b, sb, &nb);

	return na == nb && (na == 0 || memcmp(va, vb, na) == 0);
}

int
record_encode(const struct kind *k, const void *record, const struct sealer *sealer, uint8_t *out, size_t max)
{
	size_t	at = 0;

	for (size_t i = 0; i < k->n_fields; i++) {
		const struct field	*f = &k->fields[i];
		uint8_t			 scratch[18], sealed[SEALED_MAX];
		const uint8_t		*v;
		size_t			 n;
		int			 rc;

		if (f->flags & FF_VIRTUAL)
			continue;
		v = value_bytes(f, record, scratch, &n);
		if (n == 0)
			continue;
		if (f->flags & FF_SECRET) {
			if (sealer == NULL)
				continue;
			if ((rc = sealer->seal(sealer->ctx, f, v, n, sealed, sizeof sealed)) < 0)
				return rc;
			v = sealed;
			n = (size_t)rc;
		}
		if (max - at < n + (size_t)2 * VARINT_MAX)
			return ERR_TOO_LARGE;
		at += varint_put(out + at, f->tag);
		at += varint_put(out + at, n);
		memcpy(out + at, v, n);
		at += n;
	}
	return (int)at;
}

static int
value_decode(const struct field *f, void *record, const uint8_t *v, size_t n)
{
	void		*m = member_of(f, record);
	struct addr	*a = m;
	uint64_t	 number = 0;

	switch ((enum field_type)f->type) {
	case FT_STR:
		if (n >= f->size || memchr(v, '\0', n) != NULL)
			return ERR_CORRUPT;
		memcpy(m, v, n);
		((char *)m)[n] = '\0';
		return 0;
	case FT_BYTES:
		if (n != f->size)
			return ERR_CORRUPT;
		memcpy(m, v, n);
		return 0;
	case FT_SPAN:
		*(struct span *)m = (struct span){ .s = (const char *)v, .n = n };
		return 0;
	case FT_ADDR:
		if (n != 6 && n != 18)
			return ERR_CORRUPT;
		a->family = n == 6 ? ADDR_IP4 : ADDR_IP6;
		memcpy(a->ip, v, n - 2);
		a->port = (uint16_t)(v[n - 2] << 8 | v[n - 1]);
		return 0;
	case FT_BOOL:
	case FT_NUM:
	case FT_ID:
	case FT_TIME:
	case FT_ENUM:
	case FT_REF:
		break;
	}
	if (n > 8)
		return ERR_CORRUPT;
	while (n-- > 0)
		number = number << 8 | v[n];
	return number_set(f, record, number);
}

/* Rows stand in the order of their tags nearly always: start where the last one was found. */
static const struct field *
field_after(const struct kind *k, uint64_t tag, size_t *hint)
{
	for (size_t i = 0; i < k->n_fields; i++) {
		size_t	at = (*hint + i) % k->n_fields;

		if (k->fields[at].tag == tag) {
			*hint = at + 1;
			return &k->fields[at];
		}
	}
	return NULL;
}

struct tlv {
	uint64_t	 tag;
	const uint8_t	*v;
	size_t		 n;
	const uint8_t	*start;		/* of the whole, tag included */
};

/* Reads the next field; returns its whole length, 0 if the bytes are not a record. */
static size_t
tlv_next(const uint8_t *in, size_t left, struct tlv *t)
{
	uint64_t	n;
	size_t		a, b;

	t->start = in;
	if ((a = varint_get(in, left, &t->tag)) == 0 || (b = varint_get(in + a, left - a, &n)) == 0)
		return 0;
	if (n > left - a - b)
		return 0;
	t->v = in + a + b;
	t->n = (size_t)n;
	return a + b + t->n;
}

int
record_decode(const struct kind *k, void *record, const struct sealer *sealer, const uint8_t *in, size_t n)
{
	size_t	hint = 0, step;

	memset(record, 0, k->size);
	for (size_t at = 0; at < n; at += step) {
		const struct field	*f;
		struct tlv		 t;
		uint8_t			 plain[SEALED_MAX];
		int			 rc;

		if ((step = tlv_next(in + at, n - at, &t)) == 0)
			return ERR_CORRUPT;
		if ((f = field_after(k, t.tag, &hint)) == NULL || (f->flags & FF_VIRTUAL))
			continue;
		if (f->flags & FF_SECRET) {
			if (sealer == NULL)
				continue;
			if ((rc = sealer->open(sealer->ctx, f, t.v, t.n, plain, sizeof plain)) < 0)
				return rc;
			t.v = plain;
			t.n = (size_t)rc;
		}
		if ((rc = value_decode(f, record, t.v, t.n)) != 0)
			return rc;
	}
	return 0;
}

int
record_keep_unknown(const struct kind *k, const uint8_t *old, size_t old_n, uint8_t *out, size_t n, size_t max)
{
	size_t	hint = 0, step;

	for (size_t at = 0; at < old_n; at += step) {
		struct tlv	t;

		if ((step = tlv_next(old + at, old_n - at, &t)) == 0)
			return ERR_CORRUPT;
		if (field_after(k, t.tag, &hint) != NULL)
			continue;
		if (max - n < step)
			return ERR_TOO_LARGE;
		memcpy(out + n, t.start, step);
		n += step;
	}
	return (int)n;
}

/* A string in a key ends with 0, so that "ab" sorts before "abc" whatever follows it. */
static int
key_append(const struct field *f, const void *record, uint8_t *key, size_t at)
{
	const void		*m = member(f, record);
	const struct addr	*a = m;
	size_t			 n;

	switch ((enum field_type)f->type) {
	case FT_STR:
		n = strnlen(m, f->size);
		if (at + n + 1 > KEY_MAX)
			return ERR_TOO_LARGE;
		memcpy(key + at, m, n);
		key[at + n] = 0;
		return (int)(at + n + 1);
	case FT_BYTES:
		if (at + f->size > KEY_MAX)
			return ERR_TOO_LARGE;
		memcpy(key + at, m, f->size);
		return (int)(at + f->size);
	case FT_ADDR:
		if (at + 19 > KEY_MAX)
			return ERR_TOO_LARGE;
		key[at] = a->family;
		memcpy(key + at + 1, a->ip, 16);
		key[at + 17] = (uint8_t)(a->port >> 8);
		key[at + 18] = (uint8_t)a->port;
		return (int)(at + 19);
	case FT_BOOL:
	case FT_NUM:
	case FT_ID:
	case FT_TIME:
	case FT_ENUM:
	case FT_REF:
		if (at + 8 > KEY_MAX)
			return ERR_TOO_LARGE;
		be64_put(key + at, number_get(f, record));
		return (int)(at + 8);
	case FT_SPAN:
		break;
	}
	return ERR_INVALID;
}

int
record_key(const struct kind *k, const uint16_t *tags, const void *record, uint8_t key[KEY_MAX])
{
	int	at = 0;

	for (size_t i = 0; i < 3 && tags[i] != 0; i++) {
		const struct field	*f = kind_tag(k, tags[i]);

		if (f == NULL)
			return ERR_INVALID;
		if ((at = key_append(f, record, key, (size_t)at)) < 0)
			return at;
	}
	return at;
}

/* What key_append() put there. */
static size_t
key_part(const struct field *f, const uint8_t *key, size_t n)
{
	switch ((enum field_type)f->type) {
	case FT_STR:
		return strnlen((const char *)key, n) + 1;
	case FT_BYTES:
		return f->size;
	case FT_ADDR:
		return 19;
	case FT_BOOL:
	case FT_NUM:
	case FT_ID:
	case FT_TIME:
	case FT_ENUM:
	case FT_REF:
		return 8;
	case FT_SPAN:
		break;
	}
	return n;
}

size_t
record_key_length(const struct kind *k, const uint16_t *tags, const uint8_t *key, size_t n)
{
	size_t	at = 0;

	for (size_t i = 0; i < 3 && tags[i] != 0 && at < n; i++) {
		const struct field	*f = kind_tag(k, tags[i]);

		at += f == NULL ? n : key_part(f, key + at, n - at);
	}
	return at < n ? at : n;
}
