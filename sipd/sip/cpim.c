/*
 * A CPIM body begins with headers of its own, up to an empty line.  "NS: imdn <urn:ietf:params:imdn>" gives a prefix to a namespace for
 * the lines below it; without a prefix the namespace is that of names without one.
 */
#include "sipd/sip/cpim.h"

#include <string.h>

enum { PREFIX_MAX = 64 };

/* The namespace's prefix as it is in force; none before a line said so. */
struct prefix {
	char	name[PREFIX_MAX];
	size_t	n;
	bool	known;
};

/* Takes the next line off, without its end; LF alone ends one too. */
static struct span
line_next(struct span *s)
{
	const char	*end = memchr(s->s, '\n', s->n);
	struct span	 line = { .s = s->s, .n = end == NULL ? s->n : (size_t)(end - s->s) };

	s->s += line.n + (end != NULL);
	s->n -= line.n + (end != NULL);
	if (line.n > 0 && line.s[line.n - 1] == '\r')
		line.n--;
	return line;
}

static struct span
trimmed(struct span s)
{
	for (; s.n > 0 && (*s.s == ' ' || *s.s == '\t'); s.s++)
		s.n--;
	while (s.n > 0 && (s.s[s.n - 1] == ' ' || s.s[s.n - 1] == '\t'))
		s.n--;
	return s;
}

static bool
split(struct span line, struct span *name, struct span *value)
{
	const char	*colon = line.n == 0 ? NULL : memchr(line.s, ':', line.n);

	if (colon == NULL)
		return false;
	*name = trimmed((struct span){ .s = line.s, .n = (size_t)(colon - line.s) });
	*value = trimmed((struct span){ .s = colon + 1, .n = (size_t)(line.s + line.n - (colon + 1)) });
	return true;
}

/* "imdn <urn:ietf:params:imdn>": whether a prefix is given to that namespace, or taken from it. */
static void
namespace_take(struct prefix *p, struct span value)
{
	const char	*open = value.n == 0 ? NULL : memchr(value.s, '<', value.n);
	struct span	 name, uri;

	if (open == NULL || value.s[value.n - 1] != '>')
		return;
	name = trimmed((struct span){ .s = value.s, .n = (size_t)(open - value.s) });
	uri = (struct span){ .s = open + 1, .n = (size_t)(value.s + value.n - 1 - (open + 1)) };
	if (span_is_nocase(uri, "urn:ietf:params:imdn") && name.n < sizeof p->name) {
		memcpy(p->name, name.s, name.n);
		p->n = name.n;
		p->known = true;
	} else if (p->known && span_eq(name, (struct span){ .s = p->name, .n = p->n }))
		p->known = false;
}

static bool
is_message_id(const struct prefix *p, struct span name)
{
	if (!p->known || name.n < p->n || memcmp(name.s, p->name, p->n) != 0)
		return false;
	name.s += p->n;
	name.n -= p->n;
	return span_is_nocase(name, p->n == 0 ? "Message-ID" : ".Message-ID");
}

/* A token by the book; phones write base64 too. */
static bool
is_word(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.s[i] <= ' ' || s.s[i] >= 0x7f)
			return false;
	return s.n > 0;
}

struct span
cpim_message_id(struct span body)
{
	struct prefix	imdn = { .known = false };
	struct span	name, value;

	while (body.n > 0) {
		struct span	line = line_next(&body);

		if (line.n == 0)
			break;
		if (!split(line, &name, &value))
			continue;
		if (span_is(name, "NS"))
			namespace_take(&imdn, value);
		else if (is_message_id(&imdn, name))
			return is_word(value) ? value : (struct span){ 0 };
	}
	return (struct span){ 0 };
}
