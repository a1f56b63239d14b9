#include "core/siptext.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char	hidden[] = "[redacted]";

struct lines {
	const char	*at, *end;
};

static bool
is_break(char c)
{
	return c == '\r' || c == '\n';
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Past one line end. */
static const char *
past_break(const char *p, const char *end)
{
	if (p < end && *p == '\r')
		p++;
	if (p < end && *p == '\n')
		p++;
	return p;
}

/* The next line with those that continue it.  false: the headers are over. */
static bool
line_next(struct lines *l, struct span *line)
{
	const char	*start = l->at, *stop;

	while (l->at < l->end) {
		while (l->at < l->end && !is_break(*l->at))
			l->at++;
		stop = l->at;
		l->at = past_break(l->at, l->end);
		if (stop == start || l->at == l->end || !is_blank(*l->at)) {
			*line = (struct span){ start, (size_t)(stop - start) };
			return stop > start;
		}
	}
	return false;
}

static struct span
cut(const char *from, const char *to)
{
	return (struct span){ from, (size_t)(to - from) };
}

static struct span
trimmed(struct span s)
{
	while (s.n > 0 && (is_blank(s.s[0]) || is_break(s.s[0])))
		s.s++, s.n--;
	while (s.n > 0 && (is_blank(s.s[s.n - 1]) || is_break(s.s[s.n - 1])))
		s.n--;
	return s;
}

static bool
is_token(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.s[i] <= ' ' || s.s[i] >= 0x7f || strchr("()<>@,;:\\\"/[]?={}", s.s[i]) != NULL)
			return false;
	return s.n > 0;
}

/* false: the line is no header. */
static bool
header_split(struct span line, struct span *name, struct span *value)
{
	const char	*colon = memchr(line.s, ':', line.n);

	if (colon == NULL)
		return false;
	*name = trimmed(cut(line.s, colon));
	*value = trimmed(cut(colon + 1, line.s + line.n));
	return is_token(*name);
}

static struct span
word_take(struct span *s)
{
	const char	*p = s->s, *end = s->s + s->n;
	struct span	 word;

	while (p < end && !is_blank(*p))
		p++;
	word = cut(s->s, p);
	*s = trimmed(cut(p, end));
	return word;
}

static uint32_t
number(struct span s)
{
	uint32_t	v = 0;

	for (size_t i = 0; i < s.n && i < 10 && s.s[i] >= '0' && s.s[i] <= '9'; i++)
		v = v * 10 + (uint32_t)(s.s[i] - '0');
	return v;
}

/* Past a quoted string that begins at p; NULL: it does not end. */
static const char *
past_quotes(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++)
		if (*p == '\\' && ++p == end)
			return NULL;
	return p < end ? p + 1 : NULL;
}

/* "sip:", "sips:" or "tel:" at the beginning: its length, or 0. */
static size_t
scheme_of(const char *p, const char *end)
{
	static const char *const	schemes[] = { "sip:", "sips:", "tel:" };

	for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
		if ((size_t)(end - p) >= strlen(schemes[i]) && strncasecmp(p, schemes[i], strlen(schemes[i])) == 0)
			return strlen(schemes[i]);
	return 0;
}

static struct span
uri_user(struct span uri)
{
	size_t		 scheme = scheme_of(uri.s, uri.s + uri.n);
	const char	*p = uri.s + scheme, *end = uri.s + uri.n, *at = memchr(p, '@', (size_t)(end - p)), *stop;

	if (scheme == 0 || (at == NULL && strncasecmp(uri.s, "tel:", scheme) != 0))
		return (struct span){ NULL, 0 };
	if (at == NULL)
		at = end;
	for (stop = p; stop < at && *stop != ':' && (at < end || (*stop != ';' && *stop != '>')); stop++)
		continue;
	return cut(p, stop);
}

/* Of From and To: a display name may hold whatever looks like a URI. */
static struct span
address_user(struct span value)
{
	const char	*p = value.s, *end = value.s + value.n, *open, *close;

	if (value.n > 0 && *p == '"' && (p = past_quotes(p, end)) == NULL)
		return (struct span){ NULL, 0 };
	if ((open = memchr(p, '<', (size_t)(end - p))) != NULL) {
		close = memchr(open, '>', (size_t)(end - open));
		return uri_user(cut(open + 1, close == NULL ? end : close));
	}
	for (close = p; close < end && *close != ';'; close++)
		continue;
	return uri_user(cut(p, close));
}

/* One parameter of a Digest: name, and value with its quotes.  false: there are no more, or the rest is not understood. */
static bool
param_next(struct span *rest, struct span *name, struct span *value)
{
	const char	*p = rest->s, *end = rest->s + rest->n, *equals, *stop;

	while (p < end && (is_blank(*p) || is_break(*p) || *p == ','))
		p++;
	*rest = cut(p, end);
	if (p == end || (equals = memchr(p, '=', (size_t)(end - p))) == NULL)
		return false;
	*name = trimmed(cut(p, equals));
	for (p = equals + 1; p < end && (is_blank(*p) || is_break(*p)); p++)
		continue;
	if (p < end && *p == '"')
		stop = past_quotes(p, end);
	else
		for (stop = p; stop < end && !is_blank(*stop) && !is_break(*stop) && *stop != ','; stop++)
			continue;
	if (stop == NULL || !is_token(*name))
		return false;
	*value = cut(p, stop);
	for (; stop < end && *stop != ','; stop++)
		if (!is_blank(*stop) && !is_break(*stop))
			return false;
	*rest = cut(stop, end);
	return true;
}

static bool
is_name(struct span name, const char *is, const char *short_one)
{
	return span_is_nocase(name, is) || (short_one != NULL && span_is_nocase(name, short_one));
}

static struct span
unquoted(struct span s)
{
	return s.n >= 2 && s.s[0] == '"' ? cut(s.s + 1, s.s + s.n - 1) : s;
}

static void
credentials_take(struct siptext *t, struct span value)
{
	struct span	scheme = word_take(&value), name, v;

	while (span_is_nocase(scheme, "Digest") && t->credentials.n == 0 && param_next(&value, &name, &v))
		if (span_is_nocase(name, "username"))
			t->credentials = unquoted(v);
}

static void
header_take(struct siptext *t, struct span name, struct span value)
{
	if (is_name(name, "From", "f") && t->from_user.n == 0)
		t->from_user = address_user(value);
	else if (is_name(name, "To", "t") && t->to_user.n == 0)
		t->to_user = address_user(value);
	else if (is_name(name, "Call-ID", "i") && t->call_id.n == 0)
		t->call_id = value;
	else if (is_name(name, "Content-Type", "c") && t->content_type.n == 0)
		t->content_type = value;
	else if (is_name(name, "Authorization", NULL) || is_name(name, "Proxy-Authorization", NULL))
		credentials_take(t, value);
	else if (is_name(name, "CSeq", NULL) && t->cseq == 0) {
		t->cseq = number(word_take(&value));
		if (t->code != 0)
			t->method = word_take(&value);
	}
}

bool
siptext_scan(const char *text, size_t n, struct siptext *t)
{
	struct lines	l = { text, text + n };
	struct span	line, word, name, value;

	*t = (struct siptext){ .code = 0 };
	if (!line_next(&l, &t->first))
		return false;
	line = trimmed(t->first);
	word = word_take(&line);
	if (span_is_nocase(word, "SIP/2.0"))
		t->code = number(line);
	else if (is_token(word)) {
		t->method = word;
		t->uri_user = uri_user(word_take(&line));
	} else
		return false;
	while (line_next(&l, &line))
		if (header_split(line, &name, &value))
			header_take(t, name, value);
	t->body = (size_t)(l.end - l.at);
	return true;
}

/* A text that is being written; what does not fit is noticed. */
struct writing {
	char	*s;
	size_t	 n, size;
	bool	 full;
};

static void
put(struct writing *w, const char *s, size_t n)
{
	if (w->full || w->size - w->n < n) {
		w->full = true;
		return;
	}
	memcpy(w->s + w->n, s, n);
	w->n += n;
}

static void
put_text(struct writing *w, const char *s)
{
	put(w, s, strlen(s));
}

/* A line of what continued over several. */
static void
put_line(struct writing *w, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(w, is_break(s[i]) ? " " : &s[i], 1);
}

/* What stands where a port does, in a URI without a user part: a password, if the rest of it is missing. */
static bool
is_port(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p == end || strchr(";?,)", *p) != NULL;
}

/* A URI without its password, and without headers, which may hold credentials. */
static void
put_uri(struct writing *w, struct span uri, size_t scheme)
{
	const char	*p = uri.s + scheme, *end = uri.s + uri.n, *at = end, *colon, *query;

	while (at > p && at[-1] != '@')
		at--;
	if (at == p) {
		const char	*host = p < end && *p == '[' ? memchr(p, ']', (size_t)(end - p)) : p;

		colon = host == NULL ? p : memchr(host, ':', (size_t)(end - host));
		if (colon != NULL && !is_port(colon + 1, end)) {
			put_line(w, uri.s, (size_t)(colon - uri.s));
			put_text(w, hidden);
			return;
		}
	}
	colon = at > p ? memchr(p, ':', (size_t)(at - p)) : NULL;
	query = memchr(at, '?', (size_t)(end - at));
	put_line(w, uri.s, (size_t)((colon != NULL ? colon + 1 : at) - uri.s));
	if (colon != NULL) {
		put_text(w, hidden);
		put_text(w, "@");
	}
	put_line(w, at, (size_t)((query != NULL ? query + 1 : end) - at));
	if (query != NULL)
		put_text(w, hidden);
}

static bool
ends_uri(char c)
{
	return is_blank(c) || is_break(c) || c == '>' || c == '"' || c == '<';
}

static void
put_with_uris(struct writing *w, struct span s)
{
	const char	*p = s.s, *end = s.s + s.n, *stop;
	size_t		 scheme;

	while (p < end) {
		if ((scheme = scheme_of(p, end)) == 0) {
			put_line(w, p++, 1);
			continue;
		}
		for (stop = p; stop < end && !ends_uri(*stop); stop++)
			continue;
		put_uri(w, cut(p, stop), scheme);
		p = stop;
	}
}

static bool
is_one_of(struct span name, const char *const words[])
{
	while (*words != NULL && !span_is_nocase(name, *words))
		words++;
	return *words != NULL;
}

/* Of a Digest what tells who, where and how; of all else at most that it is there. */
static void
put_credentials(struct writing *w, struct span value)
{
	static const char *const	schemes[] = { "Digest", "Basic", "Bearer", NULL };
	static const char *const	shown[] = { "username", "realm", "algorithm", "qop", "stale", "uri", "nc", "userhash", NULL };
	static const char *const	named[] = { "nonce", "response", "cnonce", "opaque", "domain", "auts", NULL };
	struct span			scheme = word_take(&value), name, v;
	const char			*comma = " ";

	if (!is_one_of(scheme, schemes)) {
		put_text(w, hidden);
		return;
	}
	put(w, scheme.s, scheme.n);
	for (; span_is_nocase(scheme, "Digest") && param_next(&value, &name, &v); comma = ", ") {
		bool	show = is_one_of(name, shown);

		put_text(w, comma);
		if (show || is_one_of(name, named)) {
			put(w, name.s, name.n);
			put_text(w, "=");
		}
		if (show)
			put_with_uris(w, v);
		else
			put_text(w, hidden);
	}
	if (trimmed(value).n > 0) {
		put_text(w, comma);
		put_text(w, hidden);
	}
}

/* What is hidden of a header's value. */
static const struct {
	const char	*name, *short_name;
	bool		 content;	/* what people say to each other: only its length is told */
} secret_headers[] = {
	{ "Authorization", NULL, false }, { "Proxy-Authorization", NULL, false }, { "WWW-Authenticate", NULL, false },
	{ "Proxy-Authenticate", NULL, false }, { "Authentication-Info", NULL, false }, { "Proxy-Authentication-Info", NULL, false },
	{ "Subject", "s", true },
};

static void
put_header(struct writing *w, struct span name, struct span value)
{
	char	length[48];

	put(w, name.s, name.n);
	put_text(w, ": ");
	for (size_t i = 0; i < sizeof secret_headers / sizeof secret_headers[0]; i++) {
		if (!is_name(name, secret_headers[i].name, secret_headers[i].short_name))
			continue;
		if (!secret_headers[i].content && strstr(secret_headers[i].name, "-Info") == NULL)
			put_credentials(w, value);
		else {
			(void)snprintf(length, sizeof length, "[%zu bytes]", value.n);
			put_text(w, length);
		}
		return;
	}
	put_with_uris(w, value);
}

static void
put_no_header(struct writing *w, struct span line)
{
	char	text[64];

	(void)snprintf(text, sizeof text, "[%zu bytes that are no header]", line.n);
	put_text(w, text);
}

size_t
siptext_redact(const char *text, size_t n, char *out, size_t size, bool *was_cut)
{
	struct writing	w = { .s = out, .size = size };
	struct lines	l = { text, text + n };
	struct span	line, name, value;
	size_t		whole = 0;
	bool		first = true;

	while (!w.full && line_next(&l, &line)) {
		if (first)
			put_with_uris(&w, line);
		else if (header_split(line, &name, &value))
			put_header(&w, name, value);
		else
			put_no_header(&w, line);
		put_text(&w, "\n");
		first = false;
		if (!w.full)
			whole = w.n;
	}
	*was_cut = w.full;
	return whole;
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool
siptext_is_user(struct span user, const char *name)
{
	size_t	i = 0;

	for (; *name != '\0' && i < user.n; name++, i++) {
		char	c = user.s[i];

		if (c == '%' && user.n - i > 2 && hex(user.s[i + 1]) >= 0 && hex(user.s[i + 2]) >= 0) {
			c = (char)(hex(user.s[i + 1]) << 4 | hex(user.s[i + 2]));
			i += 2;
		}
		if (c != *name)
			return false;
	}
	return user.n > 0 && i == user.n && *name == '\0';
}
