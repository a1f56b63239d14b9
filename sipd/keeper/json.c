#include "sipd/keeper/json.h"

#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/text.h"

json_t *
json_of_text(const char *s, size_t n)
{
	char		 clean[3 * FIELD_TEXT];
	uint32_t	 code;
	size_t		 out = 0, step;

	if (text_is_utf8(s, n))
		return json_stringn_nocheck(s, n);
	for (size_t i = 0; i < n && out + 4 <= sizeof clean; i += step) {
		if ((step = text_decode(s + i, n - i, &code)) == 0) {
			step = 1;
			code = 0xfffd;
		}
		out += text_encode(code, clean + out);
	}
	return json_stringn(clean, out);
}

json_t *
json_of_time(int64_t at_ms)
{
	char	text[CLOCK_TEXT];

	return at_ms == 0 ? json_null() : json_string(clock_text(at_ms, text));
}

json_t *
json_of_field(const struct field *f, const void *record, const struct refs *refs)
{
	const void	*m = (const char *)record + f->offset;
	char		 text[FIELD_TEXT];
	size_t		 n = 0;

	switch ((enum field_type)f->type) {
	case FT_BOOL:
		return json_boolean(*(const bool *)m);
	case FT_ID:
		return json_integer((json_int_t)*(const uint64_t *)m);
	case FT_TIME:
		return json_of_time(*(const int64_t *)m);
	case FT_NUM:
		n = field_text(f, record, refs, text, sizeof text);
		if (text[0] < '0' || text[0] > '9')
			break;		/* one of its words */
		if (field_is_empty(f, record))
			return json_null();
		return json_integer(*(const uint32_t *)m);
	case FT_STR:
		n = strnlen(m, f->size);
		return n == 0 ? json_null() : json_of_text(m, n);
	case FT_ENUM:
	case FT_ADDR:
	case FT_BYTES:
	case FT_REF:
	case FT_SPAN:
		n = field_text(f, record, refs, text, sizeof text);
		break;
	}
	return n == 0 ? json_null() : json_of_text(text, n);
}

json_t *
json_of_record(const struct kind *k, const void *record, const struct refs *refs)
{
	json_t	*o = json_object();

	for (size_t i = 0; i < k->n_fields; i++) {
		const struct field	*f = &k->fields[i];

		if (f->name == NULL || (f->flags & (FF_HIDDEN | FF_SECRET)))
			continue;
		(void)json_object_set_new_nocheck(o, f->name, json_of_field(f, record, refs));
	}
	return o;
}

const char *
json_to_text(const json_t *v, char buf[JSON_NUMBER_TEXT])
{
	switch (json_typeof(v)) {
	case JSON_STRING:
		return strlen(json_string_value(v)) == json_string_length(v) ? json_string_value(v) : NULL;
	case JSON_INTEGER:
		(void)snprintf(buf, JSON_NUMBER_TEXT, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
		return buf;
	case JSON_TRUE:
		return "yes";
	case JSON_FALSE:
		return "no";
	case JSON_NULL:
		return "";
	case JSON_REAL:
	case JSON_OBJECT:
	case JSON_ARRAY:
		break;
	}
	return NULL;
}
