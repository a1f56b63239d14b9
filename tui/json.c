#include "tui/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"

enum { REPLACEMENT = 0xfffd, SUPPLEMENTARY = 0x10000, HIGH_SURROGATE = 0xd800, LOW_SURROGATE = 0xdc00 };

static void
put_escaped(uint32_t code)
{
	if (code < SUPPLEMENTARY) {
		(void)printf("\\u%04" PRIx32, code);
		return;
	}
	code -= SUPPLEMENTARY;
	(void)printf("\\u%04" PRIx32 "\\u%04" PRIx32, HIGH_SURROGATE + (code >> 10), LOW_SURROGATE + (code & 0x3ff));
}

/* One character that is not printable ASCII; returns its bytes. */
static size_t
put_character(const char *s, size_t n)
{
	char		safe[16];
	uint32_t	code;
	size_t		length = text_decode(s, n, &code);

	if (length == 0) {
		put_escaped(REPLACEMENT);
		return 1;
	}
	if (text_safe(s, length, safe, sizeof safe, false) == length && memcmp(s, safe, length) == 0)
		(void)fwrite(s, 1, length, stdout);
	else
		put_escaped(code);
	return length;
}

void
json_line(const json_t *v)
{
	char	*text = json_dumps(v, JSON_COMPACT);

	if (text == NULL)
		return;
	for (size_t i = 0, n = strlen(text), run; i < n; i += run) {
		for (run = 0; i + run < n && text[i + run] >= ' ' && text[i + run] < 0x7f; run++)
			;
		if (run > 0)
			(void)fwrite(text + i, 1, run, stdout);
		else
			run = put_character(text + i, n - i);
	}
	(void)putchar('\n');
	free(text);
}
