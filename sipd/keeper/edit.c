#include "sipd/keeper/edit.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/err.h"
#include "core/nearest.h"
#include "core/text.h"

int
fault_set(struct fault *fault, int code, const char *field, const char *fmt, ...)
{
	va_list	ap;
	int	n = 0;

	fault->code = code;
	fault->field = field;
	fault->column = 0;
	if (field != NULL)
		n = snprintf(fault->text, sizeof fault->text, "%s: ", field);
	va_start(ap, fmt);
	(void)vsnprintf(fault->text + n, sizeof fault->text - (size_t)n, fmt, ap);
	va_end(ap);
	return code;
}

int
edit_add(struct edit *e, const struct kind *k, const char *name, const char *text, const char *was, struct fault *fault)
{
	const struct field	*f = kind_field(k, name);
	char			 safe[64], hint[400];

	if (f == NULL || (f->flags & FF_HIDDEN)) {
		(void)text_safe(name, strlen(name), safe, sizeof safe, false);
		return fault_set(fault, ERR_INVALID, NULL, "%s: no such field of %s%s", safe, k->name,
		    nearest_field(k, name, 0, FF_HIDDEN | FF_SERVER, hint, sizeof hint));
	}
	if (f->flags & FF_SERVER)
		return fault_set(fault, ERR_INVALID, f->name, "set by the server alone");
	if (e->n == EDIT_ITEMS)
		return fault_set(fault, ERR_TOO_LARGE, NULL, "more than %d fields", EDIT_ITEMS);
	e->items[e->n++] = (struct edit_item){ .field = f, .text = text, .was = was };
	return 0;
}

const struct edit_item *
edit_item(const struct edit *e, const char *name)
{
	for (size_t i = 0; i < e->n; i++)
		if (strcmp(e->items[i].field->name, name) == 0)
			return &e->items[i];
	return NULL;
}

int
edit_apply(const struct edit *e, void *record, bool creating, const struct refs *refs, struct fault *fault)
{
	char	why[256], now[FIELD_TEXT];
	int	rc;

	for (size_t i = 0; i < e->n; i++) {
		const struct field	*f = e->items[i].field;

		if (!creating && (f->flags & FF_ONCE)) {
			(void)field_text(f, record, refs, now, sizeof now);
			if (strcmp(now, e->items[i].text) != 0)
				return fault_set(fault, ERR_INVALID, f->name, "fixed: delete and re-create to change");
			continue;
		}
		if (!creating && (f->flags & FF_SECRET) && e->items[i].text[0] == '\0')
			continue;	/* nobody is shown it, so that it can be typed again: empty keeps it */
		if ((rc = field_set(f, record, e->items[i].text, refs, why, sizeof why)) != 0)
			return fault_set(fault, rc, f->name, "%s", why);
	}
	return 0;
}

int
edit_conflicts(struct edit *e, const void *now, uint64_t version, const struct refs *refs, struct fault *fault)
{
	char	text[FIELD_TEXT];
	size_t	n = 0;

	for (size_t i = 0; i < e->n; i++) {
		struct edit_item	*item = &e->items[i];
		bool			 other;

		if (item->field->flags & FF_SECRET)
			continue;
		(void)field_text(item->field, now, refs, text, sizeof text);
		/* A record that was deleted and made again may have come to the same version. */
		other = item->was != NULL ? strcmp(text, item->was) != 0 : e->version != 0 && e->version != version;
		item->conflict = other && strcmp(text, item->text) != 0;
		n += item->conflict;
	}
	if (n == 0)
		return 0;
	return fault_set(fault, ERR_CONFLICT, NULL, "changed by someone else meanwhile");
}

/* A text that grows: length counts what does not fit, too. */
struct sketch {
	char	*buf;
	size_t	 size, length, cap;	/* cap: of each value's bytes */
};

static void
add(struct sketch *s, const char *text, size_t n)
{
	size_t	left = s->length + 1 < s->size ? s->size - 1 - s->length : 0, fits = n < left ? n : left;

	if (fits > 0)
		memcpy(s->buf + s->length, text, fits);
	s->length += n;
	s->buf[s->length < s->size ? s->length : s->size - 1] = '\0';
}

static void
add_text(struct sketch *s, const char *text)
{
	add(s, text, strlen(text));
}

/* Text in quotes, with a backslash before those that are in it: what somebody typed can't look like another change. */
static void
add_value(struct sketch *s, const struct field *f, const void *record, const struct refs *refs)
{
	bool		 quotes = f->type == FT_STR;
	char		 text[FIELD_TEXT];
	size_t		 n = field_text(f, record, refs, text, sizeof text), step;
	uint32_t	 code;

	if (quotes)
		add_text(s, "\"");
	for (size_t i = 0; i < n; i += step) {
		if ((step = text_decode(text + i, n - i, &code)) == 0)
			step = 1;
		if (i + step > s->cap) {
			add_text(s, "...");
			break;
		}
		if (quotes && (text[i] == '"' || text[i] == '\\'))
			add_text(s, "\\");
		add(s, text + i, step);
	}
	if (quotes)
		add_text(s, "\"");
}

static void
add_field(struct sketch *s, const struct field *f, const void *before, const void *after, bool made, const struct refs *refs)
{
	if (s->length > 0)
		add_text(s, ", ");
	add_text(s, f->name);
	if (f->flags & FF_SECRET) {
		add_text(s, made ? " set" : " changed");
		return;
	}
	add_text(s, " ");
	if (!made) {
		add_value(s, f, before, refs);
		add_text(s, " -> ");
	}
	add_value(s, f, after, refs);
}

/* Every field that differs is named, whatever the values' length: they are cut until all fits. */
static size_t
describe(const struct kind *k, const void *before, const void *after, bool made, const struct refs *refs, char *buf, size_t size)
{
	struct sketch	s = { .buf = buf, .size = size, .length = size, .cap = FIELD_TEXT };

	for (; s.length >= size && s.cap > 0; s.cap /= 2) {
		s.length = 0;
		buf[0] = '\0';
		for (size_t i = 0; i < k->n_fields; i++) {
			const struct field	*f = &k->fields[i];

			if (f->name != NULL && (f->flags & (FF_HIDDEN | FF_SERVER)) == 0 && !field_eq(f, before, after))
				add_field(&s, f, before, after, made, refs);
		}
	}
	return strlen(buf);
}

size_t
edit_describe(const struct kind *k, const void *before, const void *after, const struct refs *refs, char *buf, size_t size)
{
	return describe(k, before, after, false, refs, buf, size);
}

size_t
edit_describe_new(const struct kind *k, const void *usual, const void *record, const struct refs *refs, char *buf, size_t size)
{
	return describe(k, usual, record, true, refs, buf, size);
}
