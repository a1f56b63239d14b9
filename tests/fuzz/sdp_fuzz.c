/* links: */
/*
 * Any bytes are offered: what is chosen of them can be spoken on, and is answered stream by stream, each on a line of its own, all but one
 * refused.  The same bytes are read as Accept-Language.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/language.h"
#include "core/sdp.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { INPUT_MAX = 4096 };

static size_t
count(const char *text, size_t n, const char *begin)
{
	size_t	lines = 0, len = strlen(begin);

	for (size_t i = 0; i + len <= n; i++)
		lines += (i == 0 || text[i - 1] == '\n') && memcmp(text + i, begin, len) == 0;
	return lines;
}

static void
answer_check(struct span offer, const struct sdp_choice *c)
{
	static const uint8_t	key[SDP_KEY];
	const struct addr	from = { .family = c->to.family, .port = 40500, .ip = { 192, 0, 2, 1 } };
	static char		text[2 * INPUT_MAX];
	int			n = sdp_answer(offer, c, &from, key, 1, text, sizeof text);

	if (n <= 0)
		abort();
	if (count(text, (size_t)n, "m=") != count(offer.s, offer.n, "m=") || count(text, (size_t)n, "m=audio 40500 ") != 1)
		abort();
	for (int i = 0; i < n; i++)
		if (((unsigned char)text[i] < ' ' && text[i] != '\r' && text[i] != '\n') || (text[i] == '\n' && text[i - 1] != '\r') ||
		    (text[i] == '\r' && text[i + 1] != '\n'))
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	const struct span	offer = { .s = (const char *)in, .n = n };
	struct sdp_choice	c;

	if (n > INPUT_MAX)
		return 0;
	if (language_wanted(offer, "it-CH") < 0 || language_wanted(offer, "en") > 2001)
		abort();
	if (sdp_choose(offer, &c) != NULL)
		return 0;
	if (c.to.port < 1024 || c.to.family == ADDR_NONE || c.payload_type > 127 || c.stream >= SDP_STREAMS)
		abort();
	answer_check(offer, &c);
	return 0;
}
