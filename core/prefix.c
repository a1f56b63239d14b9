#include "core/prefix.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/err.h"

enum { PREFIX_MAX = 31, SHOWN_MAX = 40 };

/* The next item, without the blanks around it; its length, 0 at the end of the list. */
static size_t
next(const char **list, const char **item)
{
	size_t	n;

	*list += strspn(*list, ", ");
	*item = *list;
	n = strcspn(*list, ", ");
	*list += n;
	return n;
}

static bool
is_prefix(const char *s, size_t n)
{
	if (n == 1 && s[0] == '*')
		return true;
	for (size_t i = s[0] == '+'; i < n; i++)
		if (s[i] < '0' || s[i] > '9')
			return false;
	return n > 0 && n <= PREFIX_MAX;
}

int
prefixes_check(const char *list, char *why, size_t size)
{
	const char	*item;
	size_t		 n;

	while ((n = next(&list, &item)) > 0) {
		if (is_prefix(item, n))
			continue;
		(void)snprintf(why, size, "'%.*s' is no prefix: digits with an optional leading +, or * for every number",
		    (int)(n > SHOWN_MAX ? SHOWN_MAX : n), item);
		return ERR_INVALID;
	}
	return 0;
}

int
prefixes_match(const char *list, const char *number)
{
	const char	*item;
	int		 best = -1;
	size_t		 n;

	while ((n = next(&list, &item)) > 0) {
		if (n == 1 && item[0] == '*')
			n = 0;
		if (strncmp(item, number, n) == 0 && (int)n > best)
			best = (int)n;
	}
	return best;
}
