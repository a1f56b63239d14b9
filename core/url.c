#include "core/url.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/addr.h"
#include "core/err.h"
#include "core/span.h"

static int
refuse(char *why, size_t size, const char *text)
{
	(void)snprintf(why, size, "%s", text);
	return ERR_INVALID;
}

/* What may go into a request's first line as it is. */
static bool
is_plain(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 0x7f || *text == '\\')	/* which some take for / */
			return false;
	return true;
}

static int
hex(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : -1;
}

static bool
unescape(struct span s, char *out, size_t size)
{
	size_t	n = 0;

	for (size_t i = 0; i < s.n; i++, n++) {
		int	high = -1, low = -1;

		if (n + 1 >= size)
			return false;
		out[n] = s.s[i];
		if (s.s[i] != '%')
			continue;
		if (i + 2 < s.n) {
			high = hex(s.s[i + 1]);
			low = hex(s.s[i + 2]);
		}
		if (high < 0 || low < 0 || high + low == 0)
			return false;
		out[n] = (char)(high * 16 + low);
		i += 2;
	}
	out[n] = '\0';
	return true;
}

/* "NAME", "NAME:PORT", "192.0.2.1:PORT", "[2001:db8::1]:PORT". */
static bool
host_take(struct url *u, struct span s)
{
	const char	*colon = memrchr(s.s, ':', s.n), *bracket = memrchr(s.s, ']', s.n);
	struct span	 host = s;
	unsigned	 port = 0;

	if (colon != NULL && (bracket == NULL || colon > bracket)) {
		host.n = (size_t)(colon - s.s);
		for (const char *p = colon + 1; p < s.s + s.n; p++) {
			if (!isdigit((unsigned char)*p) || (port = port * 10 + (unsigned)(*p - '0')) > UINT16_MAX)
				return false;
		}
		if (port == 0)
			return false;
		u->port = (uint16_t)port;
		u->port_given = true;
	}
	if (host.n > 2 && host.s[0] == '[' && host.s[host.n - 1] == ']')
		host = (struct span){ .s = host.s + 1, .n = host.n - 2 };
	if (host.n == 0 || !span_get(host, u->host, sizeof u->host))
		return false;
	return strspn(u->host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:") == host.n;
}

/* A colon inside a name is an IPv6 address's only. */
static bool
host_is_one(const struct url *u)
{
	struct addr	a;

	return strchr(u->host, ':') == NULL || (addr_parse(&a, u->host) == 0 && a.port == 0);
}

int
url_parse(struct url *u, const char *text, char *why, size_t size)
{
	const char	*rest;
	struct span	 authority;
	const char	*at;

	*u = (struct url){ .port = 80 };
	if (!is_plain(text))
		return refuse(why, size, "holds a blank or a letter that must be written as %XX");
	if (strncasecmp(text, "https://", 8) == 0) {
		u->https = true;
		u->port = 443;
	} else if (strncasecmp(text, "http://", 7) != 0) {
		return refuse(why, size, "does not begin with http:// or https://");
	}
	text += u->https ? 8 : 7;
	authority = (struct span){ .s = text, .n = strcspn(text, "/?#") };
	rest = text + authority.n;
	if ((at = memrchr(authority.s, '@', authority.n)) != NULL) {
		if (!unescape((struct span){ .s = authority.s, .n = (size_t)(at - authority.s) }, u->user, sizeof u->user))
			return refuse(why, size, "has a user or password that is no %XX text or too long");
		authority.n -= (size_t)(at + 1 - authority.s);
		authority.s = at + 1;
	}
	if (!host_take(u, authority) || !host_is_one(u))
		return refuse(why, size, "names no host, or no port from 1 to 65535");
	if ((size_t)snprintf(u->path, sizeof u->path, "%s%.*s", rest[0] == '/' ? "" : "/", (int)strcspn(rest, "#"), rest) >= sizeof u->path)
		return refuse(why, size, "is too long");
	return 0;
}
