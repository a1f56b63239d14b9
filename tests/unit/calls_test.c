/* links: db keeper sip sipd */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/binding.h"
#include "sipd/keeper/calls_watch.h"
#include "sipd/sip/dialog_text.h"

enum { EPOCH = 7, NOW = 1000 * 1000 };

/* When a call that nobody ends is over, and why. */
static void
why_over(void **state)
{
	static const struct {
		struct call		call;
		struct call_known	known;
		const char		*why;
	} rows[] = {
		{ { .state = CALL_RINGING, .epoch = EPOCH }, { .epoch = EPOCH, .gone_s = 1, .gone = true }, NULL },
		{ { .state = CALL_RINGING, .epoch = EPOCH }, { .epoch = EPOCH + 1 }, "Server Restarted" },
		{ { .state = CALL_RINGING, .epoch = EPOCH }, { .epoch = EPOCH, .forgotten = true }, "its end was not seen" },
		{ { .state = CALL_ANSWERED, .epoch = EPOCH }, { .epoch = EPOCH }, NULL },
		{ { .state = CALL_ANSWERED, .epoch = EPOCH }, { .epoch = EPOCH + 1, .forgotten = true }, NULL },
		{ { .state = CALL_ANSWERED, .epoch = EPOCH }, { .epoch = EPOCH, .forgotten = true }, "its end was not seen" },
		{ { .state = CALL_ANSWERED, .session_until = NOW + 1 }, { 0 }, NULL },
		{ { .state = CALL_ANSWERED, .session_until = NOW }, { 0 }, "its session was not refreshed" },
		{ { .state = CALL_ANSWERED, .answered_at = NOW - 9999 }, { .longest_s = 10 }, NULL },
		{ { .state = CALL_ANSWERED, .answered_at = NOW - 10000 }, { .longest_s = 10 }, "longer than a call may last" },
		{ { .state = CALL_ANSWERED, .answered_at = 1 }, { .longest_s = 0 }, NULL },
		{ { .state = CALL_ANSWERED, .gone_at = 0 }, { .gone = true, .gone_s = 5 }, NULL },
		{ { .state = CALL_ANSWERED, .gone_at = NOW - 4999 }, { .gone = true, .gone_s = 5 }, NULL },
		{ { .state = CALL_ANSWERED, .gone_at = NOW - 5000 }, { .gone = true, .gone_s = 5 }, "neither side can be reached" },
		{ { .state = CALL_ANSWERED, .gone_at = NOW - 5000 }, { .gone = false, .gone_s = 5 }, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char	*why = calls_why_over(&rows[i].call, &rows[i].known, NOW);

		if (rows[i].why == NULL)
			assert_null(why);
		else
			assert_string_equal(why, rows[i].why);
	}
}

static const uint8_t	key[TOKEN_KEY] = { 1, 2, 3 };

static struct span
made(char *buf, size_t size, struct dialog_sides *d)
{
	struct text_buf	b = { .s = buf, .size = size };

	*d = (struct dialog_sides){ .call_id = span_of("a@call") };
	d->asker = (struct dialog_side){ .uri = span_of("sip:a@192.0.2.1"), .routes = span_of(""), .self = span_of("<sip:a@x>;tag=1"),
		.other = span_of("<sip:b@x>;tag=2"), .cseq = 3, .hop = { .transport = TRANSPORT_UDP, .account = 8 } };
	d->answerer = (struct dialog_side){ .uri = span_of("sip:b@[2001:db8::1]:9"), .routes = span_of("<sip:p;lr>, <sip:q;lr>"),
		.self = span_of("<sip:b@x>;tag=2"), .other = span_of("<sip:a@x>;tag=1"), .cseq = 0,
		.hop = { .transport = TRANSPORT_TLS, .flow = 12345, .trunk = 9 } };
	assert_int_equal(addr_parse(&d->asker.hop.target, "192.0.2.1:5060"), 0);
	assert_int_equal(addr_parse(&d->answerer.hop.target, "[2001:db8::1]:9"), 0);
	dialog_text_make(&b, key, d);
	assert_false(b.overflow);
	return (struct span){ .s = buf, .n = b.n };
}

static void
assert_same(struct span a, struct span b)
{
	assert_int_equal(a.n, b.n);
	assert_memory_equal(a.s, b.s, a.n);
}

static void
assert_same_side(const struct dialog_side *a, const struct dialog_side *b)
{
	assert_same(a->uri, b->uri);
	assert_same(a->routes, b->routes);
	assert_same(a->self, b->self);
	assert_same(a->other, b->other);
	assert_int_equal(a->cseq, b->cseq);
	assert_true(addr_eq(&a->hop.target, &b->hop.target));
	assert_int_equal(a->hop.flow, b->hop.flow);
	assert_int_equal(a->hop.account, b->hop.account);
	assert_int_equal(a->hop.trunk, b->hop.trunk);
}

static void
a_dialog_is_kept(void **state)
{
	struct dialog_sides	d, read;
	char			text[CALL_DIALOG];
	struct span		t = made(text, sizeof text, &d);

	(void)state;
	assert_true(dialog_text_read(t, key, span_of("a@call"), &read));
	assert_same_side(&read.asker, &d.asker);
	assert_same_side(&read.answerer, &d.answerer);
	assert_false(dialog_text_read(t, key, span_of("another@call"), &read));
	for (size_t n = 0; n < t.n; n++)
		assert_false(dialog_text_read((struct span){ t.s, n }, key, span_of("a@call"), &read));
	text[0] = 'x';
	assert_false(dialog_text_read(t, key, span_of("a@call"), &read));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = { cmocka_unit_test(why_over), cmocka_unit_test(a_dialog_is_kept) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
