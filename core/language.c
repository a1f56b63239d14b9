#include "core/language.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

bool
language_is_tag(const char *s)
{
	size_t	n = 0;

	if (!isalpha((unsigned char)s[0]))
		return false;
	while (isalnum((unsigned char)s[n]) || s[n] == '-')
		n++;
	return s[n] == '\0' && n < LANGUAGE;
}

static struct span
trim(struct span s)
{
	while (s.n > 0 && strchr(" \t\r\n", s.s[0]) != NULL) {
		s.s++;
		s.n--;
	}
	while (s.n > 0 && strchr(" \t\r\n", s.s[s.n - 1]) != NULL)
		s.n--;
	return s;
}

/* Takes what stands before the mark off text. */
static struct span
take_until(struct span *text, char mark)
{
	const char	*end = text->n == 0 ? NULL : memchr(text->s, mark, text->n);
	struct span	 s = { .s = text->s, .n = end == NULL ? text->n : (size_t)(end - text->s) };

	text->s += s.n + (end != NULL);
	text->n -= s.n + (end != NULL);
	return trim(s);
}

/* "0.8" in thousandths. */
static int
quality_read(struct span s)
{
	int	q = 0, unit = 1000;

	if (s.n == 0 || (s.s[0] != '0' && s.s[0] != '1'))
		return 0;
	q = (s.s[0] - '0') * 1000;
	for (size_t i = 2; i < s.n && i < 5 && s.s[1] == '.' && isdigit((unsigned char)s.s[i]); i++)
		q += (s.s[i] - '0') * (unit /= 10);
	return q > 1000 ? 1000 : q;
}

/* Of what follows the tag: q=0.8; 1 where there is none. */
static int
quality_of(struct span parameters)
{
	while (parameters.n > 0) {
		struct span	one = take_until(&parameters, ';'), name = take_until(&one, '=');

		if (span_is_nocase(name, "q"))
			return quality_read(trim(one));
	}
	return 1000;
}

static size_t
first_part(struct span tag)
{
	const char	*hyphen = tag.n == 0 ? NULL : memchr(tag.s, '-', tag.n);

	return hyphen == NULL ? tag.n : (size_t)(hyphen - tag.s);
}

int
language_wanted(struct span accept, const char *language)
{
	struct span	have = span_of(language);
	int		best = 0;

	while (accept.n > 0) {
		struct span	item = take_until(&accept, ','), tag = take_until(&item, ';');
		bool		same = span_is_nocase(tag, language);
		int		wanted = 2 * quality_of(item);

		if (tag.n == 0 || wanted == 0 || first_part(tag) != first_part(have) || strncasecmp(tag.s, language, first_part(tag)) != 0)
			continue;
		wanted += same;
		best = wanted > best ? wanted : best;
	}
	return best;
}
