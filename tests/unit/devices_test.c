/* links: keeper sipd db */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sipd/keeper/devices.h"

enum { MANY = 20000, INTERVAL_MS = 60000 };

static const int64_t	start = 1700000000000;

static struct probed *
add(struct devices *d, uint64_t account_id, uint32_t n)
{
	uint8_t	hash[BINDING_KEY] = { 1 };

	memcpy(hash + 4, &n, sizeof n);
	return devices_add(d, account_id, hash);
}

/* Each comes once an interval, never early, and evenly; time goes on in uneven steps. */
static void
test_wheel(void **state)
{
	struct devices	*d = devices_new(start);
	static uint32_t	 seen[MANY + 1];
	uint32_t	 per_second[180] = { 0 };
	struct probed	*p;
	int64_t		 now = start;

	(void)state;
	for (uint32_t i = 1; i <= MANY; i++) {
		p = add(d, i, i * 2246822519u);
		p->device.next_at = device_phase(start + INTERVAL_MS, INTERVAL_MS, devices_hash(p));
		devices_arm(d, p);
	}
	for (int step = 0; now < start + 3 * INTERVAL_MS; step++, now += 1 + step % 37)
		while ((p = devices_due(d, now)) != NULL) {
			assert_true(p->device.next_at <= now && now - p->device.next_at < 2 * WHEEL_TICK_MS + 40);
			seen[p->account_id]++;
			per_second[(now - start) / 1000]++;
			p->device.next_at = device_phase(now + INTERVAL_MS, INTERVAL_MS, devices_hash(p));
			devices_arm(d, p);
		}
	for (uint32_t i = 1; i <= MANY; i++)
		assert_in_range(seen[i], 2, 3);
	for (int i = 1; i < 179; i++)
		assert_in_range(per_second[i], MANY / 60 / 2, MANY / 60 * 2);
	devices_free(d);
}

/* Also what is due later than the wheel turns, or never. */
static void
test_far(void **state)
{
	struct devices	*d = devices_new(start);
	struct probed	*p = add(d, 1, 1), *never = add(d, 2, 2);

	(void)state;
	p->device.next_at = start + 1000000;
	devices_arm(d, p);
	devices_arm(d, never);
	for (int64_t now = start; now < start + 1000000; now += 5000)
		assert_null(devices_due(d, now));
	assert_ptr_equal(devices_due(d, start + 1000016), p);
	assert_null(devices_due(d, start + 1000016));
	assert_int_equal(devices_next_at(d), INT64_MAX);
	devices_free(d);
}

static void
test_of_an_account(void **state)
{
	struct devices	*d = devices_new(start);
	struct probed	*a = add(d, 7, 1), *b = add(d, 7, 2), *p = NULL;
	int		 n = 0;

	(void)state;
	assert_ptr_equal(add(d, 7, 1), a);
	while ((p = devices_of(d, 7, p)) != NULL)
		n++;
	assert_int_equal(n, 2);
	devices_mark(d, a);
	devices_mark(d, b);
	devices_remove(d, a);
	assert_null(devices_at(d, 0));
	assert_ptr_equal(devices_unmark(d), b);		/* the one that was removed is passed over */
	assert_null(devices_unmark(d));
	assert_int_equal(devices_count(d), 1);
	devices_free(d);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_wheel),
		cmocka_unit_test(test_far),
		cmocka_unit_test(test_of_an_account),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
