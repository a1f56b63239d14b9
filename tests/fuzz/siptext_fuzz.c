/* links: */
/*
 * Any bytes as a message's text: what is written fits, ends with a line, and a value that answers a challenge is not in it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/siptext.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
redacted(const char *text, size_t n, size_t room, bool answers)
{
	char	*out = malloc(room + 1);
	bool	 cut;
	size_t	 length;

	if (out == NULL)
		return;
	length = siptext_redact(text, n, out, room, &cut);
	if (length > room || (length > 0 && out[length - 1] != '\n'))
		abort();
	if (answers && memmem(out, length, "K3Y", 3) != NULL)
		abort();
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	static const char	head[] = "SIP/2.0 401 x\r\nWWW-Authenticate: Digest realm=\"r\", response=\"K3Y\", ";
	char			*text = malloc(sizeof head + n);
	struct siptext		 t;

	if (text == NULL)
		return 0;
	memcpy(text, head, sizeof head - 1);
	if (n > 0)
		memcpy(text + sizeof head - 1, in, n);
	if (siptext_scan((const char *)in, n, &t)) {
		(void)siptext_is_user(t.from_user, "alice");
		(void)siptext_is_user(t.uri_user, "+39065550101");
		if (t.body > n)
			abort();
	}
	redacted((const char *)in, n, 2 * n + 64, false);
	redacted((const char *)in, n, n / 2, false);
	if (memmem(in, n, "K3Y", 3) == NULL)
		redacted(text, sizeof head - 1 + n, 4 * n + 512, true);
	free(text);
	return 0;
}
