#include "sipd/net/hosts.h"

#include <string.h>

#include "core/span.h"

enum { WORD_MAX = 64 };		/* of an address */

/* The next word of the line at *at; empty at its end or at a comment, and then *at stands there. */
static struct span
word_next(const char **at)
{
	struct span	w;

	*at += strspn(*at, " \t\r");
	w = (struct span){ .s = *at, .n = strcspn(*at, " \t\r\n#") };
	*at += w.n;
	return w;
}

static const char *
line_next(const char *at)
{
	at += strcspn(at, "\n");
	return *at == '\n' ? at + 1 : at;
}

static bool
to_addr(struct span w, struct addr *a)
{
	char	text[WORD_MAX];

	return span_get(w, text, sizeof text) && addr_parse(a, text) == 0 && a->port == 0;
}

static bool
line_names(const char *at, const char *name)
{
	struct span	w;

	while ((w = word_next(&at)).n > 0)
		if (span_is_nocase(w, name))
			return true;
	return false;
}

static bool
is_localhost(const char *name)
{
	static const char	localhost[] = "localhost";
	size_t			n = strlen(name), tail = sizeof localhost - 1;

	return n >= tail && strcasecmp(name + n - tail, localhost) == 0 && (n == tail || name[n - tail - 1] == '.');
}

size_t
hosts_find(const char *text, const char *name, struct addr *out, size_t max)
{
	size_t		n = 0;
	struct addr	a;

	for (const char *at = text; at != NULL && *at != '\0' && n < max; at = line_next(at)) {
		struct span	first = word_next(&at);

		if (first.n > 0 && line_names(at, name) && to_addr(first, &a))
			out[n++] = a;
	}
	if (n > 0 || !is_localhost(name))
		return n;
	if (n < max && addr_parse(&a, "127.0.0.1") == 0)
		out[n++] = a;
	if (n < max && addr_parse(&a, "::1") == 0)
		out[n++] = a;
	return n;
}

size_t
hosts_servers(const char *text, struct addr *out, size_t max)
{
	size_t		n = 0;
	struct addr	a;

	for (const char *at = text; at != NULL && *at != '\0' && n < max; at = line_next(at))
		if (span_is(word_next(&at), "nameserver") && to_addr(word_next(&at), &a))
			out[n++] = a;
	if (n == 0 && max > 0 && addr_parse(&a, "127.0.0.1") == 0)
		out[n++] = a;
	return n;
}
