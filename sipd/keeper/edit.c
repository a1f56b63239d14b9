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

/* Appends to buf, which stays terminated; more than fits is cut. */
static size_t append(char *buf, size_t size, size_t at, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static size_t
append(char *buf, size_t size, size_t at, const char *fmt, ...)
{
	va_list	ap;
	int	n;

	va_start(ap, fmt);
	n = vsnprintf(buf + at, size - at, fmt, ap);
	va_end(ap);
	if (n < 0)
		return at;
	return at + (size_t)n < size ? at + (size_t)n : size - 1;
}

static size_t
describe_value(const struct field *f, const void *record, const struct refs *refs, char *buf, size_t size, size_t at)
{
	const char	*quote = f->type == FT_STR ? "\"" : "";
	char		 text[FIELD_TEXT];

	(void)field_text(f, record, refs, text, sizeof text);
	return append(buf, size, at, "%s%s%s", quote, text, quote);
}

size_t
edit_describe(const struct kind *k, const void *before, const void *after, const struct refs *refs, char *buf, size_t size)
{
	size_t	at = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < k->n_fields; i++) {
		const struct field	*f = &k->fields[i];

		if (f->name == NULL || (f->flags & (FF_HIDDEN | FF_SERVER)) || field_eq(f, before, after))
			continue;
		at = append(buf, size, at, "%s%s ", at == 0 ? "" : ", ", f->name);
		if (f->flags & FF_SECRET) {
			at = append(buf, size, at, "changed");
			continue;
		}
		at = describe_value(f, before, refs, buf, size, at);
		at = append(buf, size, at, " -> ");
		at = describe_value(f, after, refs, buf, size, at);
	}
	return at;
}
