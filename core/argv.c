#include "core/argv.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/err.h"

static int
refuse(char *why, size_t size, const char *text)
{
	(void)snprintf(why, size, "%s", text);
	return ERR_INVALID;
}

int
argv_split(struct argv *a, const char *line, char *why, size_t size)
{
	char	quote = '\0', *out = a->text;
	bool	open = false;	/* inside a word, which may be empty: "" */
	size_t	n = 0;

	if (strlen(line) >= sizeof a->text)
		return refuse(why, size, "is longer than 255 bytes");
	for (const char *p = line;; p++) {
		bool	blank = *p == '\0' || (quote == '\0' && (*p == ' ' || *p == '\t'));

		if (*p == '\0' && quote != '\0')
			return refuse(why, size, "has a quote that is not closed");
		if (!blank && !open && n == ARGV_WORDS)
			return refuse(why, size, "has more than 32 words");
		if (!blank && !open)
			a->words[n++] = out;
		if (blank && open)
			*out++ = '\0';
		open = !blank;
		if (*p == '\0')
			break;
		if (quote != '\0' && *p == quote)
			quote = '\0';
		else if (quote == '\0' && (*p == '\'' || *p == '"'))
			quote = *p;
		else if (!blank)
			*out++ = *p;
	}
	a->words[n] = NULL;
	return 0;
}
