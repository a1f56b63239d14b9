#include "core/http.h"

#include <ctype.h>
#include <string.h>

#include "core/err.h"

/* Characters of a method or of a field's name (RFC 9110 section 5.6.2). */
static bool
is_token(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!isalnum((unsigned char)s.s[i]) && (s.s[i] == '\0' || strchr("!#$%&'*+-.^_`|~", s.s[i]) == NULL))
			return false;
	return s.n > 0;
}

/* No control character but a tab. */
static bool
is_value(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (((unsigned char)s.s[i] < ' ' && s.s[i] != '\t') || s.s[i] == 0x7f)
			return false;
	return true;
}

static struct span
trimmed(struct span s)
{
	while (s.n > 0 && (s.s[0] == ' ' || s.s[0] == '\t')) {
		s.s++;
		s.n--;
	}
	while (s.n > 0 && (s.s[s.n - 1] == ' ' || s.s[s.n - 1] == '\t'))
		s.n--;
	return s;
}

/* Takes the next line, without its end.  1; 0: its end is not there; -1: it ends in a bare LF, and may not. */
static int
line_next(struct span *in, bool lenient, struct span *line)
{
	const char	*end = in->n == 0 ? NULL : memchr(in->s, '\n', in->n);

	if (end == NULL)
		return 0;
	*line = (struct span){ .s = in->s, .n = (size_t)(end - in->s) };
	in->n -= line->n + 1;
	in->s = end + 1;
	if (line->n > 0 && line->s[line->n - 1] == '\r')
		line->n--;
	else if (!lenient)
		return -1;
	return 1;
}

/* The fields up to the empty line.  1; 0 more bytes are needed; or a negative status. */
static int
fields_parse(struct http_head *h, struct span *in, bool lenient)
{
	struct span	line;
	const char	*colon;
	int		rc;

	while ((rc = line_next(in, lenient, &line)) == 1 && line.n > 0) {
		struct http_field	*f = &h->fields[h->n_fields];

		if (h->n_fields == HTTP_FIELDS_MAX)
			return -431;
		if ((colon = memchr(line.s, ':', line.n)) == NULL)
			return -400;
		f->name = (struct span){ .s = line.s, .n = (size_t)(colon - line.s) };
		f->value = trimmed((struct span){ .s = colon + 1, .n = line.n - f->name.n - 1 });
		if (!is_token(f->name) || !is_value(f->value))		/* a name with a blank is a folded line, too */
			return -400;
		h->n_fields++;
	}
	return rc < 0 ? -400 : rc;
}

/* "HTTP/1.x": its x, or a negative status. */
static int
version_parse(struct span s)
{
	if (s.n != 8 || memcmp(s.s, "HTTP/", 5) != 0 || !isdigit((unsigned char)s.s[5]) || s.s[6] != '.' || !isdigit((unsigned char)s.s[7]))
		return -400;
	if (s.s[5] != '1')
		return -505;
	return s.s[7] - '0';
}

static int
request_line(struct http_head *h, struct span line)
{
	const char	*first = memchr(line.s, ' ', line.n), *last = memrchr(line.s, ' ', line.n);
	int		 minor;

	if (line.n > HTTP_LINE_MAX)
		return -414;
	if (first == NULL || first == last)
		return -400;
	h->method = (struct span){ .s = line.s, .n = (size_t)(first - line.s) };
	h->target = (struct span){ .s = first + 1, .n = (size_t)(last - first - 1) };
	if (!is_token(h->method) || h->target.n == 0)
		return -400;
	for (size_t i = 0; i < h->target.n; i++)
		if ((unsigned char)h->target.s[i] <= ' ' || (unsigned char)h->target.s[i] >= 0x7f)
			return -400;
	if ((minor = version_parse((struct span){ .s = last + 1, .n = line.n - (size_t)(last + 1 - line.s) })) < 0)
		return minor;
	h->minor = (unsigned)minor;
	return 0;
}

/* Exactly one Host in HTTP/1.1 (RFC 9112 section 3.2).  What it says is nobody's business here. */
static bool
hosts_right(const struct http_head *h)
{
	size_t	n = 0;

	for (size_t i = 0; i < h->n_fields; i++)
		n += span_is_nocase(h->fields[i].name, "host");
	return n == 1 || (n == 0 && h->minor == 0);
}

long
http_request_parse(struct http_head *h, const char *in, size_t n)
{
	struct span	rest = { .s = in, .n = n < HTTP_HEAD_MAX ? n : HTTP_HEAD_MAX }, line;
	int		rc;

	h->n_fields = 0;
	if (n > 0 && !isupper((unsigned char)in[0]))
		return -400;		/* said at once: it may be another protocol, which waits for us */
	if ((rc = line_next(&rest, false, &line)) == 0)
		return n > HTTP_LINE_MAX ? -414 : 0;
	if (rc < 0)
		return -400;
	if ((rc = request_line(h, line)) != 0)
		return rc;
	if ((rc = fields_parse(h, &rest, false)) <= 0)
		return rc == 0 && n >= HTTP_HEAD_MAX ? -431 : rc;
	return hosts_right(h) ? rest.s - in : -400;
}

long
http_answer_parse(struct http_head *h, const char *in, size_t n)
{
	struct span	rest = { .s = in, .n = n < HTTP_HEAD_MAX ? n : HTTP_HEAD_MAX }, line;
	size_t		known = n < 5 ? n : 5;
	int		rc;

	h->n_fields = 0;
	if (memcmp(in, "HTTP/", known) != 0)
		return ERR_CORRUPT;
	if (line_next(&rest, true, &line) == 0)
		return n > HTTP_LINE_MAX ? ERR_CORRUPT : 0;
	if (line.n < 12 || version_parse((struct span){ .s = line.s, .n = 8 }) < 0 || line.s[8] != ' ')
		return ERR_CORRUPT;
	h->code = 0;
	for (size_t i = 9; i < 12; i++) {
		if (!isdigit((unsigned char)line.s[i]))
			return ERR_CORRUPT;
		h->code = h->code * 10 + (unsigned)(line.s[i] - '0');
	}
	h->reason = trimmed((struct span){ .s = line.s + 12, .n = line.n - 12 });
	if (h->code < 100 || (rc = fields_parse(h, &rest, true)) < 0)
		return ERR_CORRUPT;
	return rc > 0 ? rest.s - in : n >= HTTP_HEAD_MAX ? ERR_TOO_LARGE : 0;
}

struct span
http_field(const struct http_head *h, const char *name)
{
	for (size_t i = 0; i < h->n_fields; i++)
		if (span_is_nocase(h->fields[i].name, name))
			return h->fields[i].value;
	return (struct span){ .s = NULL };
}

bool
http_field_has(const struct http_head *h, const char *name, const char *value)
{
	struct span	v = http_field(h, name);

	while (v.n > 0) {
		const char	*comma = memchr(v.s, ',', v.n);
		size_t		 n = comma == NULL ? v.n : (size_t)(comma - v.s);

		if (span_is_nocase(trimmed((struct span){ .s = v.s, .n = n }), value))
			return true;
		v.s += comma == NULL ? n : n + 1;
		v.n -= comma == NULL ? n : n + 1;
	}
	return false;
}

long
http_body_length(const struct http_head *h, size_t max)
{
	struct span	v = { .s = NULL };
	size_t		n = 0;

	for (size_t i = 0; i < h->n_fields; i++) {
		if (span_is_nocase(h->fields[i].name, "transfer-encoding"))
			return -501;
		if (!span_is_nocase(h->fields[i].name, "content-length"))
			continue;
		if (v.s != NULL)
			return -400;
		v = h->fields[i].value;
		if (v.n == 0)
			return -400;
	}
	for (size_t i = 0; i < v.n; i++) {
		if (!isdigit((unsigned char)v.s[i]))
			return -400;
		if (n <= max)
			n = n * 10 + (size_t)(v.s[i] - '0');
	}
	return n > max ? -413 : (long)n;
}

/* The hexadecimal number that a chunk begins with; -1: there is none. */
static long
chunk_size(struct span line)
{
	long	size = 0;
	size_t	i;

	for (i = 0; i < line.n && i < 7 && isxdigit((unsigned char)line.s[i]); i++)
		size = size * 16 + (isdigit((unsigned char)line.s[i]) ? line.s[i] - '0' : tolower((unsigned char)line.s[i]) - 'a' + 10);
	return i == 0 || (i < line.n && line.s[i] != ';' && line.s[i] != ' ') ? -1 : size;
}

size_t
http_unchunk(const char *in, size_t n, char *out, size_t size, bool *end)
{
	struct span	rest = { .s = in, .n = n }, line;
	size_t		got = 0, part;
	long		chunk;

	*end = false;
	while (got < size && line_next(&rest, true, &line) == 1) {
		if ((chunk = chunk_size(line)) <= 0) {
			*end = true;
			break;
		}
		part = (size_t)chunk < rest.n ? (size_t)chunk : rest.n;
		memcpy(out + got, rest.s, part < size - got ? part : size - got);
		got += part < size - got ? part : size - got;
		rest.s += part;
		rest.n -= part;
		if (line_next(&rest, true, &line) != 1)
			break;
		if (line.n != 0) {
			*end = true;
			break;
		}
	}
	return got;
}

/* Takes "name = value" off the list, the value with quotes taken off.  False at its end, or where it makes no sense. */
static bool
param_next(struct span *list, struct span *name, struct span *value)
{
	const char	*equals, *end;

	while (list->n > 0 && strchr(" \t,", list->s[0]) != NULL && list->s[0] != '\0') {
		list->s++;
		list->n--;
	}
	if (list->n == 0 || (equals = memchr(list->s, '=', list->n)) == NULL)
		return false;
	*name = trimmed((struct span){ .s = list->s, .n = (size_t)(equals - list->s) });
	*value = trimmed((struct span){ .s = equals + 1, .n = list->n - (size_t)(equals + 1 - list->s) });
	if (!is_token(*name))
		return false;
	if (value->n > 0 && value->s[0] == '"') {
		if ((end = memchr(value->s + 1, '"', value->n - 1)) == NULL)
			return false;
		*list = (struct span){ .s = end + 1, .n = value->n - (size_t)(end + 1 - value->s) };
		*value = (struct span){ .s = value->s + 1, .n = (size_t)(end - value->s - 1) };
		return true;
	}
	end = memchr(value->s, ',', value->n);
	*list = end == NULL ? (struct span){ .s = value->s + value->n } : (struct span){ .s = end, .n = value->n - (size_t)(end - value->s) };
	if (end != NULL)
		*value = trimmed((struct span){ .s = value->s, .n = (size_t)(end - value->s) });
	return true;
}

struct span
http_digest_param(struct span text, const char *name)
{
	struct span	key, value;

	while (param_next(&text, &key, &value))
		if (span_is_nocase(key, name))
			return value;
	return (struct span){ .s = NULL };
}
