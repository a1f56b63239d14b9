/* links: db keeper sipd */
/*
 * When a trunk registers: refreshes, back-off, refusals, what a registrar asks for; with the clock in hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sipd/keeper/trunk_register.h"

enum { S = 1000 };

static void
answer(struct trunk_register *r, uint32_t code, int64_t now_ms)
{
	const struct register_result	a = { .code = code, .reason = "said", .expires = UINT32_MAX };

	trunk_register_answered(r, &a, now_ms, 0);
}

static void
refreshed_in_time(void **state)
{
	struct trunk_register		r;
	const struct register_result	a = { .code = 200, .reason = "OK", .expires = 60 };

	(void)state;
	trunk_register_init(&r, 5 * S);
	assert_true(r.state == REGISTERED_NOT_YET && r.next_at == 5 * S && r.expires == 3600);
	answer(&r, 200, 10 * S);
	assert_true(r.state == REGISTERED_YES && r.until == 3610 * S && r.next_at == 10 * S + 2880 * S);
	trunk_register_answered(&r, &a, 1000 * S, 499);
	assert_true(r.until == 1060 * S && r.next_at == 1000 * S + 50994);
	assert_false(trunk_register_passed(&r, 1060 * S - 1));
	assert_true(r.state == REGISTERED_YES);
	assert_true(trunk_register_passed(&r, 1060 * S));
	assert_true(r.state == REGISTERED_FAILED);
	assert_false(trunk_register_passed(&r, 1061 * S));
}

/* A refresh that fails leaves what was granted. */
static void
a_refresh_fails(void **state)
{
	struct trunk_register	r;

	(void)state;
	trunk_register_init(&r, 0);
	answer(&r, 200, 0);
	answer(&r, 408, 2880 * S);
	assert_true(r.state == REGISTERED_YES && r.code == 408 && r.next_at == 2910 * S);
	answer(&r, 408, 3600 * S);
	assert_true(r.state == REGISTERED_FAILED);
	answer(&r, 200, 3700 * S);
	assert_true(r.state == REGISTERED_YES && r.failures == 0);
	answer(&r, 403, 3800 * S);
	assert_true(r.state == REGISTERED_REFUSED && r.until == 0);
}

static void
backs_off(void **state)
{
	static const int64_t	waits[] = { 30, 60, 120, 240, 480, 900, 900 };
	struct trunk_register	r;
	int64_t			now = 0;
	struct register_result	a = { .code = 500, .reason = "x", .expires = UINT32_MAX };

	(void)state;
	trunk_register_init(&r, 0);
	for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
		answer(&r, i % 2 == 0 ? 503 : 408, now);
		assert_true(r.state == REGISTERED_FAILED && r.next_at == now + waits[i] * S);
		now = r.next_at;
	}
	a.code = 503;
	a.retry_after = 7;
	trunk_register_answered(&r, &a, 0, 0);
	assert_true(r.next_at == 7 * S);
	a.retry_after = UINT32_MAX;
	trunk_register_answered(&r, &a, 0, 0);
	assert_true(r.next_at == 86400LL * S);
	trunk_register_init(&r, 0);
	a.retry_after = 0;
	for (uint32_t random = 0; random < 5000; random += 7) {
		r.failures = 0;
		trunk_register_answered(&r, &a, 0, random);
		assert_in_range(r.next_at, 30 * S, 37500);
	}
	r.failures = UINT32_MAX;
	trunk_register_answered(&r, &a, 0, 1);
	assert_in_range(r.next_at, 30 * S, 900 * S);
}

static void
refusals_are_not_hammered(void **state)
{
	static const uint32_t	codes[] = { 400, 401, 403, 404, 405, 407, 420, 604, 606 };
	struct trunk_register	r;
	struct register_result	a = { .code = 200, .reason = "asked by another realm", .refused = true };

	(void)state;
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
		trunk_register_init(&r, 0);
		answer(&r, codes[i], 0);
		assert_true(r.state == REGISTERED_REFUSED && r.next_at == 900 * S);
		answer(&r, codes[i], r.next_at);
		assert_true(r.next_at == (900 + 3600) * S);
		answer(&r, codes[i], r.next_at);
		assert_true(r.next_at == (900 + 2 * 3600) * S);
	}
	trunk_register_again(&r, 42);
	assert_true(r.next_at == 42);
	answer(&r, 403, 0);
	assert_true(r.next_at == 900 * S);
	trunk_register_answered(&r, &a, 0, 0);
	assert_true(r.state == REGISTERED_REFUSED);
	assert_string_equal(r.reason, "asked by another realm");
}

static void
longer_if_told(void **state)
{
	struct trunk_register	r;
	struct register_result	a = { .code = 423, .reason = "x", .min_expires = 7200 };

	(void)state;
	trunk_register_init(&r, 0);
	trunk_register_answered(&r, &a, 100, 0);
	assert_true(r.next_at == 100 && r.expires == 7200 && r.state == REGISTERED_NOT_YET);
	a.min_expires = 9000;
	trunk_register_answered(&r, &a, 200, 0);		/* it can't make up its mind */
	assert_true(r.next_at == 200 + 30 * S && r.state == REGISTERED_FAILED);
	trunk_register_init(&r, 0);
	a.min_expires = 600;					/* less than we asked */
	trunk_register_answered(&r, &a, 0, 0);
	assert_true(r.next_at == 30 * S && r.expires == 3600);
	a.min_expires = REGISTER_EXPIRES_MAX + 1;
	trunk_register_answered(&r, &a, 0, 0);
	assert_true(r.next_at == 60 * S && r.expires == 3600);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(refreshed_in_time), cmocka_unit_test(a_refresh_fails), cmocka_unit_test(backs_off),
		cmocka_unit_test(refusals_are_not_hammered), cmocka_unit_test(longer_if_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
