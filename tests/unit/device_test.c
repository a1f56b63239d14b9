/* links: */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/device.h"

enum { SECOND = 1000, HOUR = 3600 * SECOND };

static const struct device_rules	rules = { .lagged_ms = 2000, .interval_ms = 60 * SECOND, .retry_ms = 10 * SECOND, .unknown_ms = HOUR };
static const int64_t			start = 1700000000000;

static enum device_status
answered(uint32_t took_ms, const struct device_rules *r)
{
	struct device	d = { 0 };

	(void)device_next(&d, DEVICE_ANSWERED, took_ms, r, start);
	return (enum device_status)d.status;
}

/* Product C1, to the millisecond. */
static void
test_latency(void **state)
{
	static const struct {
		uint32_t		took_ms;
		enum device_status	status;
	} rows[] = {
		{ 0, DEVICE_OK }, { 38, DEVICE_OK }, { 1999, DEVICE_OK }, { 2000, DEVICE_OK }, { 2001, DEVICE_LAGGED },
		{ 3999, DEVICE_LAGGED }, { 4000, DEVICE_LAGGED }, { 4001, DEVICE_UNREACHABLE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(answered(rows[i].took_ms, &rules), rows[i].status);
}

static void
test_own_threshold(void **state)
{
	struct device_rules	own = rules;

	(void)state;
	own.lagged_ms = 150;
	assert_int_equal(answered(150, &own), DEVICE_OK);
	assert_int_equal(answered(151, &own), DEVICE_LAGGED);
	assert_int_equal(answered(300, &own), DEVICE_LAGGED);
	assert_int_equal(answered(301, &own), DEVICE_UNREACHABLE);
	own.lagged_ms = UINT32_MAX;
	assert_int_equal(answered(UINT32_MAX, &own), DEVICE_OK);
}

/* qualify.timeout cuts it short, but not where an account has a threshold of its own. */
static void
test_wait(void **state)
{
	static const struct {
		uint32_t	lagged_ms, most_ms, wait_ms;
	} rows[] = {
		{ 2000, 5000, 4000 }, { 2500, 5000, 5000 }, { 2501, 5000, 5000 }, { 60000, 5000, 5000 }, { 2000, 1000, 1000 }, { 1, 1000, 2 },
		{ 60000, UINT32_MAX, 120000 }, { UINT32_MAX, UINT32_MAX, UINT32_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(device_wait_ms(rows[i].lagged_ms, rows[i].most_ms), rows[i].wait_ms);
}

/* Every interval while OK, every retry otherwise, from probe to probe. */
static void
test_schedule(void **state)
{
	struct device	d = { 0 };

	(void)state;
	assert_false(device_next(&d, DEVICE_REGISTERED, 0, &rules, start));
	assert_int_equal(d.status, DEVICE_NONE);
	assert_int_equal(d.next_at, start);
	assert_true(device_next(&d, DEVICE_ANSWERED, 38, &rules, start + 38));
	assert_int_equal(d.next_at, start + rules.interval_ms);
	assert_int_equal(d.latency_ms, 38);
	assert_int_equal(d.status_at, start + 38);
	assert_false(device_next(&d, DEVICE_ANSWERED, 41, &rules, start + 60041));
	assert_int_equal(d.latency_ms, 41);
	assert_int_equal(d.status_at, start + 38);
	assert_true(device_next(&d, DEVICE_ANSWERED, 2310, &rules, start + 122310));
	assert_int_equal(d.next_at, start + 120000 + rules.retry_ms);
	assert_true(device_next(&d, DEVICE_SILENT, 4000, &rules, start + 134000));
	assert_int_equal(d.status, DEVICE_UNREACHABLE);
	assert_int_equal(d.latency_ms, 0);
	assert_int_equal(d.next_at, start + 130000 + rules.retry_ms);
	assert_true(device_next(&d, DEVICE_ANSWERED, 5, &rules, start + 140005));
	assert_int_equal(d.status, DEVICE_OK);
	assert_int_equal(d.lost_at, 0);
}

/* An answer that takes longer than the retry is no reason to probe in the past. */
static void
test_slow(void **state)
{
	struct device_rules	slow = rules;
	struct device		d = { 0 };

	(void)state;
	slow.lagged_ms = 15000;
	(void)device_next(&d, DEVICE_SILENT, 30000, &slow, start);
	assert_int_equal(d.next_at, start);
}

static struct device
lost_at_start(void)
{
	struct device	d = { .status = DEVICE_OK };

	assert_true(device_next(&d, DEVICE_UNSENDABLE, 0, &rules, start));
	assert_int_equal(d.status, DEVICE_UNREACHABLE);
	assert_int_equal(d.lost_at, start);
	assert_int_equal(d.next_at, start + rules.retry_ms);
	return d;
}

static void
test_unknown(void **state)
{
	struct device	d = lost_at_start();

	(void)state;
	assert_false(device_next(&d, DEVICE_PASSED, 0, &rules, start + 3599 * SECOND));
	assert_false(device_next(&d, DEVICE_SILENT, 4000, &rules, start + 3599 * SECOND));
	assert_int_equal(d.next_at, start + HOUR + 1);
	assert_false(device_next(&d, DEVICE_PASSED, 0, &rules, start + HOUR));
	assert_true(device_next(&d, DEVICE_PASSED, 0, &rules, start + HOUR + 1));
	assert_int_equal(d.status, DEVICE_UNKNOWN);
	assert_int_equal(d.next_at, INT64_MAX);
	assert_false(device_next(&d, DEVICE_PASSED, 0, &rules, start + 100 * (int64_t)HOUR));

	d = lost_at_start();
	assert_true(device_next(&d, DEVICE_SILENT, 4000, &rules, start + 3601 * SECOND));
	assert_int_equal(d.status, DEVICE_UNKNOWN);
	assert_int_equal(d.next_at, INT64_MAX);
}

/* It has another hour then. */
static void
test_unknown_registers(void **state)
{
	static const enum device_event	events[] = { DEVICE_REGISTERED, DEVICE_REFRESHED };
	int64_t				later = start + 5 * (int64_t)HOUR;

	(void)state;
	for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
		struct device	d = lost_at_start();

		(void)device_next(&d, DEVICE_PASSED, 0, &rules, start + HOUR + 1);
		assert_false(device_next(&d, DEVICE_WATCHED, 0, &rules, later));
		assert_int_equal(d.next_at, INT64_MAX);
		assert_false(device_next(&d, events[i], 0, &rules, later));
		assert_int_equal(d.next_at, later);
		assert_true(device_next(&d, DEVICE_SILENT, 4000, &rules, later + 4000));
		assert_int_equal(d.status, DEVICE_UNREACHABLE);
		assert_int_equal(d.lost_at, later + 4000);
		assert_int_equal(d.next_at, later + rules.retry_ms);
	}
}

/* A trunk registers nowhere with us. */
static void
test_tries_unknown(void **state)
{
	struct device_rules	trunk = rules;
	struct device		d = lost_at_start();

	(void)state;
	trunk.tries_unknown = true;
	assert_true(device_next(&d, DEVICE_SILENT, 4000, &trunk, start + HOUR + 4000));
	assert_int_equal(d.status, DEVICE_UNKNOWN);
	assert_int_equal(d.next_at, start + HOUR + trunk.interval_ms);
	assert_false(device_next(&d, DEVICE_SILENT, 4000, &trunk, start + HOUR + 64000));
	assert_true(device_next(&d, DEVICE_ANSWERED, 10, &trunk, start + 2 * HOUR));
	assert_int_equal(d.status, DEVICE_OK);
}

/* A refresh of one that is well changes nothing; of one that is not it is a reason to look. */
static void
test_refresh(void **state)
{
	struct device	d = { .status = DEVICE_OK, .latency_ms = 7, .next_at = start + 5 };

	(void)state;
	assert_false(device_next(&d, DEVICE_REFRESHED, 0, &rules, start));
	assert_int_equal(d.next_at, start + 5);
	assert_int_equal(d.latency_ms, 7);
	assert_false(device_next(&d, DEVICE_REGISTERED, 0, &rules, start));
	assert_int_equal(d.next_at, start);
	d = lost_at_start();
	assert_false(device_next(&d, DEVICE_REFRESHED, 0, &rules, start + 1));
	assert_int_equal(d.next_at, start + 1);
	assert_int_equal(d.lost_at, start);		/* the hour goes on */
}

static void
test_unmonitored(void **state)
{
	struct device	d = { .status = DEVICE_LAGGED, .latency_ms = 2310, .next_at = start };

	(void)state;
	assert_true(device_next(&d, DEVICE_UNWATCHED, 0, &rules, start));
	assert_int_equal(d.status, DEVICE_UNMONITORED);
	assert_int_equal(d.latency_ms, 0);
	assert_int_equal(d.next_at, INT64_MAX);
	for (int e = 0; e < DEVICE_EVENTS; e++)
		if (e != DEVICE_WATCHED) {
			assert_false(device_next(&d, (enum device_event)e, 0, &rules, start));
			assert_int_equal(d.next_at, INT64_MAX);
		}
	assert_true(device_next(&d, DEVICE_WATCHED, 0, &rules, start + 9));
	assert_int_equal(d.status, DEVICE_NONE);
	assert_int_equal(d.next_at, start + 9);
}

/* Product C2: the best of several is the account's. */
static void
test_better(void **state)
{
	static const enum device_status	best_first[] = { DEVICE_OK, DEVICE_LAGGED, DEVICE_UNREACHABLE, DEVICE_UNKNOWN, DEVICE_UNMONITORED,
	    DEVICE_NONE };

	(void)state;
	for (size_t i = 0; i < DEVICE_STATUSES; i++)
		for (size_t j = 0; j < DEVICE_STATUSES; j++)
			assert_int_equal(device_better(best_first[i], best_first[j]), best_first[i < j ? i : j]);
}

static void
test_phase(void **state)
{
	uint32_t	per_second[60] = { 0 };
	uint32_t	hash = 1;

	(void)state;
	for (int i = 0; i < 60000; i++) {
		int64_t	first = start + rules.interval_ms, at;

		hash = hash * 1664525u + 1013904223u;
		at = device_phase(first, rules.interval_ms, hash);
		assert_true(at > start && at <= first);
		assert_int_equal(device_phase(at + 59999, rules.interval_ms, hash), at);
		assert_int_equal(device_phase(at + 60007, rules.interval_ms, hash), at + 60000);
		per_second[(at - start - 1) / SECOND]++;
	}
	for (int i = 0; i < 60; i++)
		assert_in_range(per_second[i], 850, 1150);
	assert_int_equal(device_phase(INT64_MAX, rules.interval_ms, hash), INT64_MAX);
}

static void
test_names(void **state)
{
	(void)state;
	assert_string_equal(device_status_name(DEVICE_NONE), "");
	assert_string_equal(device_status_name(DEVICE_UNMONITORED), "UNMONITORED");
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_latency),
		cmocka_unit_test(test_own_threshold),
		cmocka_unit_test(test_wait),
		cmocka_unit_test(test_schedule),
		cmocka_unit_test(test_slow),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_unknown_registers),
		cmocka_unit_test(test_tries_unknown),
		cmocka_unit_test(test_refresh),
		cmocka_unit_test(test_unmonitored),
		cmocka_unit_test(test_better),
		cmocka_unit_test(test_phase),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
