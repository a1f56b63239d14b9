#include "sipd/web/wanted.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "core/web.h"

/* What needs no keeper. */
static const struct {
	const char	*path, *text;
} texts[] = {
	{ WEB_ALIVE, "alive\n" },		/* for the check whether the public name leads here */
	{ "/robots.txt", "User-agent: *\nDisallow: /\n" },
};

static const struct {
	unsigned	 code;
	const char	*trouble;
} troubles[] = {
	{ 400, "bad-request" }, { 405, "method" }, { 408, "slow" }, { 413, "too-large" }, { 414, "too-long" }, { 431, "headers" },
	{ 501, "not-implemented" }, { 505, "version" },
};

const char *
wanted_trouble(unsigned code)
{
	for (size_t i = 0; i < sizeof troubles / sizeof troubles[0]; i++)
		if (troubles[i].code == code)
			return troubles[i].trouble;
	return "bad-request";
}

/* The path of "/path?query" or "https://whoever/path" (RFC 9112 section 3.2.2). */
static struct span
path_of(struct span target)
{
	const char	*query, *path;

	if (target.n > 8 && strncasecmp(target.s, "https://", 8) == 0 && (path = memchr(target.s + 8, '/', target.n - 8)) != NULL)
		target = (struct span){ .s = path, .n = target.n - (size_t)(path - target.s) };
	if ((query = memchr(target.s, '?', target.n)) != NULL)
		target.n = (size_t)(query - target.s);
	return target;
}

#define ASK(m)	offsetof(struct register_ask, m)

static const struct {
	const char	*name;
	size_t		 offset;
} digest_params[] = {
	{ "username", ASK(username) }, { "realm", ASK(realm) }, { "nonce", ASK(nonce) }, { "uri", ASK(uri) }, { "response", ASK(response) },
	{ "algorithm", ASK(algorithm) }, { "cnonce", ASK(cnonce) }, { "nc", ASK(nc) }, { "qop", ASK(qop) },
};

static void
take_credentials(struct register_ask *ask, struct span value)
{
	if (value.n < 7 || strncasecmp(value.s, "Digest ", 7) != 0)
		return;
	value.s += 7;
	value.n -= 7;
	ask->authorized = true;
	ask->userhash = span_is_nocase(http_digest_param(value, "userhash"), "true");
	for (size_t i = 0; i < sizeof digest_params / sizeof digest_params[0]; i++)
		*(struct span *)(void *)((char *)ask + digest_params[i].offset) = http_digest_param(value, digest_params[i].name);
}

static int
hex(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : -1;
}

/* The value of key= in a form's body, escapes undone; empty: there is none, or it is too long. */
static struct span
take_key(char key[WEB_KEY_MAX], struct span body)
{
	size_t	n = 0;

	while (body.n > 0 && (body.n < 4 || memcmp(body.s, "key=", 4) != 0)) {
		const char	*next = memchr(body.s, '&', body.n);

		body = next == NULL ? (struct span){ .s = NULL } : (struct span){ .s = next + 1, .n = body.n - (size_t)(next + 1 - body.s) };
	}
	for (size_t i = 4; i < body.n && body.s[i] != '&'; i++) {
		char	c = body.s[i] == '+' ? ' ' : body.s[i];

		if (c == '%' && i + 2 < body.n && hex(body.s[i + 1]) >= 0 && hex(body.s[i + 2]) >= 0) {
			c = (char)(hex(body.s[i + 1]) * 16 + hex(body.s[i + 2]));
			i += 2;
		}
		if (n == WEB_KEY_MAX)
			return (struct span){ .s = NULL };
		key[n++] = c;
	}
	return (struct span){ .s = key, .n = n };
}

void
wanted_take(struct wanted *r, const struct http_head *head, struct span body)
{
	const struct web_path	*path;
	struct span		 where = path_of(head->target), token;
	bool			 post = span_is(head->method, "POST");

	*r = (struct wanted){ .head = span_is(head->method, "HEAD"), .allow = "GET, HEAD, POST" };
	path = web_path_find(where, &token);
	r->data = path != NULL && path->what == WEB_LICENCE;
	if (r->data)
		r->allow = "POST";
	else if (path != NULL && path->get_only)
		r->allow = "GET, HEAD";
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (span_is(where, texts[i].path))
			r->text = texts[i].text;
	if ((!post && !r->head && !span_is(head->method, "GET")) || (path != NULL && (post ? path->get_only : path->post_only)))
		r->trouble = "method";
	else if (path == NULL)
		r->trouble = "not-found";
	if (r->trouble != NULL)
		return;
	r->ask.what = path->what;
	r->ask.post = post;
	r->ask.head = r->head;
	r->ask.token = token;
	r->ask.agent = http_field(head, "user-agent");
	take_credentials(&r->ask.from, http_field(head, "authorization"));
	if (r->data)
		r->ask.key = take_key(r->key, body);
}
