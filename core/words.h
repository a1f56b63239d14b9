/*
 * The analyser: cuts text into the words that searches look for, as Lucene 8's StandardAnalyzer does: at the word boundaries of Unicode's
 * annex 29, what holds no letter or digit left out, in lower case.  "alice.smith@ex-ample.com" is alice.smith, ex, ample.com.
 */
#ifndef CORE_WORDS_H
#define CORE_WORDS_H

#include <stddef.h>

enum { WORD_BYTES = 1024 };	/* holds any word: longer ones are cut after 255 UTF-16 units */

struct words {
	const char	*text;		/* borrowed; bytes that are not UTF-8 part words */
	size_t		 n, at;
};

void	words_init(struct words *, const char *text, size_t n);

/* The next word, terminated; its length, 0 when there is none left. */
size_t	words_next(struct words *, char word[WORD_BYTES]);

/* Lower case code point by code point, terminated, cut to max - 1 bytes.  Returns its length. */
size_t	words_lower(const char *text, size_t n, char *out, size_t max);

#endif
