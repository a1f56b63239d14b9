/* links: stream net sipd */
/*
 * Streams of messages and keep-alives, whole and cut at every byte, and what is left of them for the front.
 */
#include "sipd/stream/framing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct result {
	char		passed[4096];
	size_t		n;
	unsigned	pings;
	bool		failed;
	uint64_t	messages;
	bool		between;
};

static void
feed(struct framing *f, struct result *r, const char *in, size_t n)
{
	enum framing_what	what;
	size_t			used;

	for (; n > 0 && !r->failed; in += used, n -= used) {
		used = framing_feed(f, (const uint8_t *)in, n, &what);
		assert_in_range(used, 1, n);
		if (what == FRAMING_PASS) {
			assert_true(r->n + used < sizeof r->passed);
			memcpy(r->passed + r->n, in, used);
			r->n += used;
		}
		r->pings += what == FRAMING_PING;
		r->failed |= what == FRAMING_FAIL;
	}
}

static void
finish(const struct framing *f, struct result *r)
{
	r->passed[r->n] = '\0';
	r->messages = f->messages;
	r->between = framing_is_between(f);
}

/* As a whole, cut in two at every place, and byte by byte: always the same. */
static struct result
run(const char *in)
{
	struct framing	f;
	struct result	whole = { .n = 0 }, r;
	size_t		n = strlen(in);

	framing_init(&f);
	feed(&f, &whole, in, n);
	finish(&f, &whole);
	for (size_t cut = 0; cut <= n + 1; cut++) {
		r = (struct result){ .n = 0 };
		framing_init(&f);
		if (cut <= n) {
			feed(&f, &r, in, cut);
			feed(&f, &r, in + cut, n - cut);
		} else {
			for (size_t i = 0; i < n; i++)
				feed(&f, &r, in + i, 1);
		}
		finish(&f, &r);
		assert_string_equal(r.passed, whole.passed);
		assert_int_equal(r.pings, whole.pings);
		assert_int_equal(r.failed, whole.failed);
		assert_int_equal(r.messages, whole.messages);
		assert_int_equal(r.between, whole.between);
	}
	return whole;
}

#define M1	"OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n"
#define M2	"MESSAGE sip:a SIP/2.0\r\nCall-ID: 1\r\nl : 9 \r\nTo: b\r\n\r\n\r\n\r\nhello"

static const struct {
	const char	*in, *passed;
	unsigned	 pings;
	uint64_t	 messages;
	bool		 between;
} rows[] = {
	{ M1, M1, 0, 1, true },
	{ M1 M2 M1, M1 M2 M1, 0, 3, true },
	{ "\r\n\r\n", "", 1, 0, true },
	{ "\r\n\r\n\r\n\r\n\r\n", "", 2, 0, true },
	{ "\r\n", "", 0, 0, true },
	{ "\n\r\r\n\n", "", 0, 0, true },
	{ "\r\n" M1 "\r\n\r\n" M2 "\r\n\r\n", M1 M2, 2, 2, true },
	{ "A b c\nCONTENT-length :\t5\n\n12345\r\n\r\n", "A b c\nCONTENT-length :\t5\n\n12345", 1, 1, true },
	{ "A b c\rl:5\r\r12345\r\n\r\n", "A b c\rl:5\r\r12345", 1, 1, true },
	{ "A\r\nContent-Length:\r\n 3\r\n\r\nabc\r\n\r\n", "A\r\nContent-Length:\r\n 3\r\n\r\nabc", 1, 1, true },
	{ "A\r\nX: y\r\n Content-Length: 7\r\nl: 1\r\n\r\na\r\n\r\n", "A\r\nX: y\r\n Content-Length: 7\r\nl: 1\r\n\r\na", 1, 1, true },
	{ "A\r\nl: 3\r\nContent-Length: 3\r\n\r\nabc\r\n\r\n", "A\r\nl: 3\r\nContent-Length: 3\r\n\r\nabc", 1, 1, true },
	/* The end can't be told: all the rest is the front's. */
	{ "A\r\n\r\nabc\r\n\r\n", "A\r\n\r\nabc\r\n\r\n", 0, 0, false },
	{ "A\r\nl: -1\r\n\r\nabc\r\n\r\n", "A\r\nl: -1\r\n\r\nabc\r\n\r\n", 0, 0, false },
	{ "A\r\nl: 3 3\r\n\r\nabc\r\n\r\n", "A\r\nl: 3 3\r\n\r\nabc\r\n\r\n", 0, 0, false },
	{ "A\r\nl:\r\n\r\nabc\r\n\r\n", "A\r\nl:\r\n\r\nabc\r\n\r\n", 0, 0, false },
	{ "A\r\nl: 3\r\nl: 4\r\n\r\nabc\r\n\r\n", "A\r\nl: 3\r\nl: 4\r\n\r\nabc\r\n\r\n", 0, 0, false },
	{ "A\r\nl: 99999999999999999999\r\n\r\n\r\n\r\n", "A\r\nl: 99999999999999999999\r\n\r\n\r\n\r\n", 0, 0, false },
	{ "A\r\nl: 9\r\n\r\nabc\r\n\r\n", "A\r\nl: 9\r\n\r\nabc\r\n\r\n", 0, 0, false },
};

static void
streams(void **st)
{
	(void)st;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct result	r = run(rows[i].in);

		assert_string_equal(r.passed, rows[i].passed);
		assert_int_equal(r.pings, rows[i].pings);
		assert_int_equal(r.messages, rows[i].messages);
		assert_int_equal(r.between, rows[i].between);
		assert_false(r.failed);
	}
}

static void
long_header(void **st)
{
	enum { N = FRAMING_HEADER_MAX + 1 };
	struct framing		 f;
	enum framing_what	 what;
	uint8_t			*in = malloc(N);

	(void)st;
	assert_non_null(in);
	memset(in, 'a', N);
	framing_init(&f);
	assert_int_equal(framing_feed(&f, in, N - 1, &what), N - 1);
	assert_int_equal(what, FRAMING_PASS);
	framing_feed(&f, in, 1, &what);
	assert_int_equal(what, FRAMING_FAIL);
	free(in);
}

/* Random bytes of the alphabet that matters: never stuck, and cutting changes nothing. */
static void
junk(void **st)
{
	static const char	alphabet[] = "\r\n\r\n :lL19-aContent-Length";
	char			in[48];

	(void)st;
	srand(1);
	for (int i = 0; i < 5000; i++) {
		size_t	n = (size_t)rand() % (sizeof in - 1);

		for (size_t j = 0; j < n; j++)
			in[j] = alphabet[(size_t)rand() % (sizeof alphabet - 1)];
		in[n] = '\0';
		(void)run(in);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(streams), cmocka_unit_test(long_header), cmocka_unit_test(junk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
