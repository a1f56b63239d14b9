/*
 * Values of the field table as text and back, with each field's own rules.
 */
#include "core/field.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/text.h"
#include "core/varint.h"

const struct field *
kind_field(const struct kind *k, const char *name)
{
	for (size_t i = 0; i < k->n_fields; i++)
		if (k->fields[i].name != NULL && strcmp(k->fields[i].name, name) == 0)
			return &k->fields[i];
	return NULL;
}

const struct field *
kind_tag(const struct kind *k, uint16_t tag)
{
	for (size_t i = 0; i < k->n_fields; i++)
		if (k->fields[i].tag == tag)
			return &k->fields[i];
	return NULL;
}

const struct index *
kind_names(const struct kind *k)
{
	for (size_t i = 0; i < k->n_indexes; i++)
		if (k->indexes[i].unique && k->indexes[i].tags[0] == k->name_tag && k->indexes[i].tags[1] == 0)
			return &k->indexes[i];
	return NULL;
}

static size_t
text_copy(char *buf, size_t size, const char *s)
{
	int	n = snprintf(buf, size, "%s", s);

	return n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;
}

static size_t
number_text(char *buf, size_t size, uint64_t v)
{
	int	n = snprintf(buf, size, "%" PRIu64, v);

	return n < 0 ? 0 : (size_t)n;
}

static const char *
word_of(const struct field *f, uint64_t v)
{
	for (uint64_t i = 0; f->words != NULL && f->words[i] != NULL; i++)
		if (i == v)
			return f->words[i];
	return NULL;
}

static size_t
hex_text(char *buf, size_t size, const uint8_t *p, size_t n)
{
	size_t	at = 0;

	for (size_t i = 0; i < n && at + 3 <= size; i++, at += 2)
		(void)snprintf(buf + at, size - at, "%02x", p[i]);
	return at;
}

size_t
field_text(const struct field *f, const void *record, const struct refs *refs, char *buf, size_t size)
{
	const void	*m = (const char *)record + f->offset;
	char		 scratch[ADDR_TEXT];
	const char	*word;
	uint64_t	 id;

	buf[0] = '\0';
	switch ((enum field_type)f->type) {
	case FT_STR:
		return text_copy(buf, size, m);
	case FT_BOOL:
		return text_copy(buf, size, *(const bool *)m ? "yes" : "no");
	case FT_NUM:
		word = word_of(f, *(const uint32_t *)m);
		return word != NULL ? text_copy(buf, size, word) : number_text(buf, size, *(const uint32_t *)m);
	case FT_ENUM:
		word = word_of(f, *(const uint8_t *)m);
		return text_copy(buf, size, word == NULL ? "" : word);
	case FT_TIME:
		return *(const int64_t *)m == 0 ? 0 : text_copy(buf, size, clock_text(*(const int64_t *)m, scratch));
	case FT_ADDR:
		if (((const struct addr *)m)->family == ADDR_NONE)
			return 0;
		return text_copy(buf, size, addr_text(m, scratch));
	case FT_ID:
		return number_text(buf, size, *(const uint64_t *)m);
	case FT_REF:
		id = *(const uint64_t *)m;
		if (id == 0)
			return 0;
		if (refs != NULL && refs->name_of(refs->ctx, f->ref, id, buf, size) == 0)
			return strlen(buf);
		return number_text(buf, size, id);
	case FT_BYTES:
		return field_is_empty(f, record) ? 0 : hex_text(buf, size, m, f->size);
	case FT_SPAN:
		(void)span_get(*(const struct span *)m, buf, size);
		return strlen(buf);
	}
	return 0;
}

/* "one, two or three" of a field's words, and of `more` if it is not NULL. */
static void
words_list(const struct field *f, const char *more, char *buf, size_t size)
{
	size_t	at = 0, words = 0, n;

	while (f->words != NULL && f->words[words] != NULL)
		words++;
	n = words + (more != NULL);
	buf[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		const char	*sep = i == 0 ? "" : i + 1 == n ? " or " : ", ", *word = i == words ? more : f->words[i];
		int		 step = snprintf(buf + at, size - at, "%s%s", sep, word[0] == '\0' ? "(none)" : word);

		if (step < 0 || (size_t)step >= size - at)
			return;
		at += (size_t)step;
	}
}

static int
invalid(char *why, size_t size, const char *text)
{
	(void)snprintf(why, size, "%s", text);
	return ERR_INVALID;
}

static int
set_str(const struct field *f, char *m, const char *text, char *why, size_t size)
{
	size_t	n = strlen(text);
	int	rc;

	if (n >= f->size) {
		(void)snprintf(why, size, "too long: %zu bytes, at most %d", n, f->size - 1);
		return ERR_INVALID;
	}
	if (!text_is_utf8(text, n))
		return invalid(why, size, "not valid UTF-8");
	if (n > 0 && f->check != NULL && (rc = f->check(text, why, size)) != 0)
		return rc;
	memset(m, 0, f->size);
	memcpy(m, text, n);
	return 0;
}

static int
set_bool(bool *m, const char *text, char *why, size_t size)
{
	static const char *const	yes[] = { "yes", "true", "on", "1" }, *const no[] = { "no", "false", "off", "0", "" };

	for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
		if (strcasecmp(text, yes[i]) == 0) {
			*m = true;
			return 0;
		}
	}
	for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
		if (strcasecmp(text, no[i]) == 0) {
			*m = false;
			return 0;
		}
	}
	return invalid(why, size, "must be yes or no");
}

static int
word_index(const struct field *f, const char *text)
{
	for (int i = 0; f->words != NULL && f->words[i] != NULL; i++)
		if (strcasecmp(f->words[i], text) == 0)
			return i;
	return -1;
}

static int
set_num(const struct field *f, uint32_t *m, const char *text, char *why, size_t size)
{
	char		*end, list[128], number[64];
	unsigned long	 v;
	int		 word = word_index(f, text);

	if (word >= 0) {
		*m = (uint32_t)word;
		return 0;
	}
	errno = 0;
	v = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || v < f->min || v > f->max) {
		(void)snprintf(number, sizeof number, "%s%" PRIu32 " to %" PRIu32 "%s%s%s", f->words == NULL ? "a number from " : "", f->min,
		    f->max, f->unit == NULL ? "" : " (", f->unit == NULL ? "" : f->unit, f->unit == NULL ? "" : ")");
		words_list(f, number, list, sizeof list);
		(void)snprintf(why, size, "must be %s", list);
		return ERR_INVALID;
	}
	*m = (uint32_t)v;
	return 0;
}

static int
set_enum(const struct field *f, uint8_t *m, const char *text, char *why, size_t size)
{
	char	list[256];
	int	word = word_index(f, text);

	if (word < 0) {
		words_list(f, NULL, list, sizeof list);
		(void)snprintf(why, size, "must be %s", list);
		return ERR_INVALID;
	}
	*m = (uint8_t)word;
	return 0;
}

static int
set_ref(const struct field *f, uint64_t *m, const char *text, const struct refs *refs, char *why, size_t size)
{
	char	name[128], hint[200] = "";

	if (text[0] == '\0') {
		*m = 0;
		return 0;
	}
	if (refs == NULL || refs->id_of(refs->ctx, f->ref, text, m) != 0) {
		text_safe(text, strlen(text), name, sizeof name, false);
		if (refs != NULL && refs->hint != NULL)
			refs->hint(refs->ctx, f->ref, text, hint, sizeof hint);
		(void)snprintf(why, size, "no %s %s%s", f->ref, name, hint);
		return ERR_NOT_FOUND;
	}
	return 0;
}

int
field_set(const struct field *f, void *record, const char *text, const struct refs *refs, char *why, size_t size)
{
	void	*m = (char *)record + f->offset;

	if (text[0] == '\0' && (f->flags & FF_NEEDED))
		return invalid(why, size, "may not be empty");
	switch ((enum field_type)f->type) {
	case FT_STR:
		return set_str(f, m, text, why, size);
	case FT_BOOL:
		return set_bool(m, text, why, size);
	case FT_NUM:
		return set_num(f, m, text, why, size);
	case FT_ENUM:
		return set_enum(f, m, text, why, size);
	case FT_REF:
		return set_ref(f, m, text, refs, why, size);
	case FT_TIME:
		if (text[0] == '\0') {
			*(int64_t *)m = 0;
			return 0;
		}
		if (clock_parse(text, m) == 0 || clock_parse_day(text, m) == 0)
			return 0;
		return invalid(why, size, "must be a date such as 2027-12-31, or a time such as 2026-11-21T05:14:02Z");
	case FT_ADDR:
		return addr_parse(m, text) == 0 ? 0 : invalid(why, size, "must be an IP address");
	case FT_ID:
	case FT_BYTES:
	case FT_SPAN:
		break;
	}
	return invalid(why, size, "can't be set");
}

size_t
field_sort_key(const struct field *f, const void *record, const struct refs *refs, uint8_t *key, size_t size)
{
	const void		*m = (const char *)record + f->offset;
	const struct addr	*a = m;
	char			 text[FIELD_TEXT];
	uint64_t		 v = 0;
	size_t			 n;

	switch ((enum field_type)f->type) {
	case FT_BOOL:
		v = *(const bool *)m;
		break;
	case FT_NUM:
		v = *(const uint32_t *)m;
		break;
	case FT_ENUM:
		v = *(const uint8_t *)m;
		if (f->ranks != NULL && word_of(f, v) != NULL)
			v = f->ranks[v];
		break;
	case FT_ID:
		v = *(const uint64_t *)m;
		break;
	case FT_TIME:
		v = (uint64_t)*(const int64_t *)m;
		break;
	case FT_ADDR:
		n = size < 19 ? size : 19;
		memset(key, 0, n);
		if (n == 19) {
			key[0] = a->family;
			memcpy(key + 1, a->ip, 16);
			key[17] = (uint8_t)(a->port >> 8);
			key[18] = (uint8_t)a->port;
		}
		return n;
	case FT_STR:
	case FT_REF:
	case FT_BYTES:
	case FT_SPAN:
		n = field_text(f, record, refs, text, sizeof text);
		return text_fold(text, n, (char *)key, size);
	}
	if (size < 8)
		return 0;
	be64_put(key, v);
	return 8;
}

int
name_check(const char *s, char *why, size_t size)
{
	uint32_t	code;
	size_t		n = strlen(s), step;

	if (s[0] == ' ' || (n > 0 && s[n - 1] == ' '))
		return invalid(why, size, "may not begin or end with a blank");
	for (size_t i = 0; i < n; i += step)
		if ((step = text_decode(s + i, n - i, &code)) == 0 || code < 0x20 || text_code_width(code) <= 0)
			return invalid(why, size, "may hold visible characters only");
	return 0;
}

int
record_check(const struct kind *k, const void *record, const struct field **which, char *why, size_t size)
{
	for (size_t i = 0; i < k->n_fields; i++) {
		const struct field	*f = &k->fields[i];
		const char		*m = (const char *)record + f->offset;
		int			 rc = 0;

		if (f->flags & (FF_VIRTUAL | FF_HIDDEN))
			continue;
		if ((f->flags & FF_NEEDED) && field_is_empty(f, record))
			rc = invalid(why, size, "may not be empty");
		else if (f->type == FT_STR && f->check != NULL && m[0] != '\0')
			rc = f->check(m, why, size);
		if (rc != 0) {
			*which = f;
			return rc;
		}
	}
	return 0;
}
