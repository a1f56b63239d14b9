/* links: stream net sipd */
/*
 * A stream, whole and cut at a place that its first byte chooses: the same bytes pass, whatever they are.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sipd/stream/framing.h"

enum { MAX = 128 * 1024 };

struct run {
	struct framing	 f;
	uint8_t		*passed;
	size_t		 n;
	unsigned	 pings;
	bool		 failed;
};

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
feed(struct run *r, const uint8_t *in, size_t n)
{
	enum framing_what	what;
	size_t			used;

	for (; n > 0 && !r->failed; in += used, n -= used) {
		used = framing_feed(&r->f, in, n, &what);
		if (used < 1 || used > n)
			abort();
		r->failed = what == FRAMING_FAIL;
		r->pings += what == FRAMING_PING;
		if (what == FRAMING_PASS) {
			memcpy(r->passed + r->n, in, used);
			r->n += used;
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct run	whole = { .n = 0 }, cut = { .n = 0 };
	size_t		at;

	if (n < 2 || n > MAX)
		return 0;
	at = in[0] % n;
	if ((whole.passed = malloc(n)) != NULL && (cut.passed = malloc(n)) != NULL) {
		framing_init(&whole.f);
		framing_init(&cut.f);
		feed(&whole, in, n);
		feed(&cut, in, at);
		feed(&cut, in + at, n - at);
		if (whole.failed != cut.failed ||
		    (!whole.failed && (whole.n != cut.n || whole.pings != cut.pings || memcmp(whole.passed, cut.passed, cut.n) != 0)))
			abort();
	}
	free(whole.passed);
	free(cut.passed);
	return 0;
}
