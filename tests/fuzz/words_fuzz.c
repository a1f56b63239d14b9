/* links: */
/*
 * Any bytes are cut into words: each ends further on than the last, fits its buffer, is text and in lower case already; a word that
 * is put into less room is cut between characters.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "core/words.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
lower_again(const char *word, size_t n, size_t room)
{
	char	*out;
	size_t	 length;

	if ((out = malloc(room)) == NULL)
		return;
	length = words_lower(word, n, out, room);
	if (length >= room || out[length] != '\0' || memcmp(out, word, length) != 0 || !text_is_utf8(out, length))
		abort();
	if (room > n && length != n)
		abort();
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	char		word[WORD_BYTES];
	struct words	w;
	size_t		length, before = 0;

	words_init(&w, (const char *)in, n);
	while ((length = words_next(&w, word)) > 0) {
		if (w.at <= before || w.at > n)
			abort();
		if (length >= sizeof word || word[length] != '\0' || !text_is_utf8(word, length))
			abort();
		lower_again(word, length, length + 1);
		lower_again(word, length, 1 + in[0] % (length + 1));
		before = w.at;
	}
	if (w.at != n)
		abort();
	return 0;
}
