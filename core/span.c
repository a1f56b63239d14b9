#include "core/span.h"

#include <string.h>
#include <strings.h>

struct span
span_of(const char *s)
{
	return (struct span){ .s = s, .n = s == NULL ? 0 : strlen(s) };
}

bool
span_eq(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.s, b.s, a.n) == 0);
}

bool
span_is(struct span a, const char *b)
{
	return span_eq(a, span_of(b));
}

bool
span_is_nocase(struct span a, const char *b)
{
	return a.n == strlen(b) && (a.n == 0 || strncasecmp(a.s, b, a.n) == 0);
}

bool
span_get(struct span a, char *buf, size_t size)
{
	size_t	n = a.n < size - 1 ? a.n : size - 1;

	if (n > 0)
		memcpy(buf, a.s, n);
	buf[n] = '\0';
	return n == a.n && memchr(buf, '\0', n) == NULL;
}
