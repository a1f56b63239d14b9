/*
 * A command line as words, without a shell: blanks part them, '…' and "…" hold what is in them together.  Nothing else means anything.
 */
#ifndef CORE_ARGV_H
#define CORE_ARGV_H

#include <stddef.h>

enum { ARGV_WORDS = 32, ARGV_TEXT = 256 };

struct argv {
	char	*words[ARGV_WORDS + 1];		/* in text; ends with NULL */
	char	 text[ARGV_TEXT];
};

/* 0, or ERR_INVALID with why: too long, too many words, a quote that is not closed. */
int	argv_split(struct argv *, const char *line, char *why, size_t size);

#endif
