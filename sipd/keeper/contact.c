/*
 * A sip URI is taken apart into borrowed spans; a part is compared in its normal spelling: escapes of characters that need
 * none undone, others in capitals, and lower case where case does not count.
 */
#include "sipd/keeper/contact.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/err.h"

enum { PARAMS_MAX = 24, PART_MAX = CONTACT_NORMAL };

struct param {
	struct span	name, value;
};

struct uri {
	struct span	scheme, user, host, port, headers;	/* user with its password */
	bool		has_user;
	struct param	params[PARAMS_MAX];
	size_t		n_params;
};

static struct span
cut(const char *from, const char *to)
{
	return (struct span){ from, (size_t)(to - from) };
}

/* Where any of the characters stands first, or the end. */
static const char *
find(const char *s, const char *end, const char *any)
{
	while (s < end && strchr(any, *s) == NULL)
		s++;
	return s;
}

static bool
host_is_valid(struct span host)
{
	struct in6_addr	ip6;
	char		text[INET6_ADDRSTRLEN];

	if (host.n == 0 || host.n > 255)
		return false;
	if (host.s[0] == '[') {
		if (host.s[host.n - 1] != ']' || !span_get(cut(host.s + 1, host.s + host.n - 1), text, sizeof text))
			return false;
		return inet_pton(AF_INET6, text, &ip6) == 1;
	}
	for (size_t i = 0; i < host.n; i++)
		if (!isalnum((unsigned char)host.s[i]) && strchr("-._", host.s[i]) == NULL)
			return false;
	return host.s[0] != '.' && host.s[0] != '-';
}

static bool
port_is_valid(struct span port)
{
	unsigned	v = 0;

	if (port.n == 0 || port.n > 5)
		return false;
	for (size_t i = 0; i < port.n; i++) {
		if (!isdigit((unsigned char)port.s[i]))
			return false;
		v = v * 10 + (unsigned)(port.s[i] - '0');
	}
	return v > 0 && v <= 65535;
}

/* No blanks, no controls, nothing that would end the URI inside <>; every % begins an escape. */
static bool
text_is_valid(struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char	c = (unsigned char)s.s[i];

		if (c <= ' ' || c == 0x7f || c == '<' || c == '>' || c == '"')
			return false;
		if (c == '%' && (i + 2 >= s.n || !isxdigit((unsigned char)s.s[i + 1]) || !isxdigit((unsigned char)s.s[i + 2])))
			return false;
	}
	return true;
}

static int
params_parse(struct uri *u, const char *s, const char *end)
{
	while (s < end) {
		const char	*next = find(s, end, ";"), *eq = find(s, next, "=");
		struct param	*p = &u->params[u->n_params];

		if (eq == s || u->n_params == PARAMS_MAX)
			return ERR_INVALID;
		p->name = cut(s, eq);
		p->value = eq == next ? (struct span){ NULL, 0 } : cut(eq + 1, next);
		u->n_params++;
		s = next < end ? next + 1 : end;
	}
	return 0;
}

static int
uri_parse(struct uri *u, struct span in)
{
	const char	*s = in.s, *end, *p;

	memset(u, 0, sizeof *u);
	if (in.n == 0 || !text_is_valid(in) || (p = memchr(s, ':', in.n)) == NULL)
		return ERR_INVALID;
	end = s + in.n;
	u->scheme = cut(s, p);
	if (!span_is_nocase(u->scheme, "sip") && !span_is_nocase(u->scheme, "sips"))
		return ERR_INVALID;
	s = p + 1;
	if ((p = memchr(s, '@', (size_t)(end - s))) != NULL) {
		u->has_user = true;
		u->user = cut(s, p);
		s = p + 1;
		if (u->user.n == 0 || memchr(s, '@', (size_t)(end - s)) != NULL)
			return ERR_INVALID;
	}
	p = s < end && *s == '[' ? find(s, end, "]") : s;
	p = find(p, end, ":;?");
	u->host = cut(s, p);
	if (!host_is_valid(u->host))
		return ERR_INVALID;
	if (p < end && *p == ':') {
		s = p + 1;
		p = find(s, end, ";?");
		u->port = cut(s, p);
		if (!port_is_valid(u->port))
			return ERR_INVALID;
	}
	if (p < end && *p == ';') {
		s = p + 1;
		p = find(s, end, "?");
		if (params_parse(u, s, p) != 0)
			return ERR_INVALID;
	}
	u->headers = cut(p, end);
	return 0;
}

bool
contact_is_usable(struct span in)
{
	struct uri	u;

	return in.n < CONTACT_MAX && uri_parse(&u, in) == 0;
}

bool
contact_address(struct span in, struct addr *a)
{
	struct uri	u;
	char		text[ADDR_TEXT], port[8] = "";

	if (uri_parse(&u, in) != 0 || !span_get(u.host, text, sizeof text) || (u.port.n > 0 && !span_get(u.port, port, sizeof port)) ||
	    addr_parse(a, text) != 0)
		return false;
	a->port = (uint16_t)atoi(port);
	return true;
}

static int
hex_value(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* Appends the normal spelling of s.  It is never longer than s, and a usable URI fits. */
static size_t
normal(struct span s, bool fold, char *out, size_t at)
{
	for (size_t i = 0; i < s.n; i++) {
		char	c = s.s[i];

		if (c == '%') {
			c = (char)(hex_value(s.s[i + 1]) << 4 | hex_value(s.s[i + 2]));
			if (c <= ' ' || (!isalnum((unsigned char)c) && strchr("-_.!~*'()", c) == NULL)) {
				out[at++] = '%';
				out[at++] = (char)toupper((unsigned char)s.s[i + 1]);
				out[at++] = (char)toupper((unsigned char)s.s[i + 2]);
				i += 2;
				continue;
			}
			i += 2;
		}
		out[at++] = fold ? (char)tolower((unsigned char)c) : c;
	}
	return at;
}

static bool
part_eq(struct span a, struct span b, bool fold)
{
	char	x[PART_MAX], y[PART_MAX];
	size_t	n = normal(a, fold, x, 0);

	return n == normal(b, fold, y, 0) && memcmp(x, y, n) == 0;
}

static const struct param *
param_find(const struct uri *u, struct span name)
{
	for (size_t i = 0; i < u->n_params; i++)
		if (part_eq(u->params[i].name, name, true))
			return &u->params[i];
	return NULL;
}

/* What both have must agree; these may not stand in one alone, others may. */
static bool
params_agree(const struct uri *a, const struct uri *b)
{
	static const char *const	weighty[] = { "user", "ttl", "method", "maddr" };

	for (size_t i = 0; i < a->n_params; i++) {
		const struct param	*p = &a->params[i], *q = param_find(b, p->name);

		if (q != NULL && !part_eq(p->value, q->value, true))
			return false;
		for (size_t j = 0; q == NULL && j < sizeof weighty / sizeof weighty[0]; j++)
			if (part_eq(p->name, span_of(weighty[j]), true))
				return false;
	}
	return true;
}

bool
contact_eq(struct span left, struct span right)
{
	struct uri	a, b;

	if (span_eq(left, right))
		return true;
	if (left.n >= CONTACT_MAX || right.n >= CONTACT_MAX || uri_parse(&a, left) != 0 || uri_parse(&b, right) != 0)
		return false;
	return part_eq(a.scheme, b.scheme, true) && a.has_user == b.has_user && part_eq(a.user, b.user, false) &&
	    part_eq(a.host, b.host, true) && part_eq(a.port, b.port, true) && part_eq(a.headers, b.headers, false) &&
	    params_agree(&a, &b) && params_agree(&b, &a);
}

static int
param_order(const void *a, const void *b)
{
	const struct param	*p = a, *q = b;
	size_t			 n = p->name.n < q->name.n ? p->name.n : q->name.n;
	int			 rc = strncasecmp(p->name.s, q->name.s, n);

	if (rc != 0)
		return rc;
	return p->name.n < q->name.n ? -1 : p->name.n > q->name.n;
}

int
contact_normal(struct span in, char out[CONTACT_NORMAL])
{
	struct uri	u;
	size_t		n;

	if (in.n >= CONTACT_MAX || uri_parse(&u, in) != 0)
		return ERR_INVALID;
	n = normal(u.scheme, true, out, 0);
	out[n++] = ':';
	n = normal(u.user, false, out, n);
	if (u.has_user)
		out[n++] = '@';
	n = normal(u.host, true, out, n);
	out[n++] = ':';
	n = normal(u.port, true, out, n);
	qsort(u.params, u.n_params, sizeof u.params[0], param_order);
	for (size_t i = 0; i < u.n_params; i++) {
		out[n++] = ';';
		n = normal(u.params[i].name, true, out, n);
		out[n++] = '=';
		n = normal(u.params[i].value, true, out, n);
	}
	return (int)normal(u.headers, false, out, n);
}
