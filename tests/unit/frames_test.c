/* links: tui */
#include "tui/frames.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void
a_fast_link_paints_ten_times_a_second(void **state)
{
	struct frames	f = { 0 };

	(void)state;
	frames_sent(&f, 1000);
	frames_acknowledged(&f, 1003);
	assert_int_equal(frames_next(&f, false, 1003), 97);
	assert_int_equal(frames_next(&f, false, 1100), 0);
	assert_int_equal(frames_next(&f, true, 1003), 0);
}

static void
a_slow_link_is_given_time(void **state)
{
	struct frames	f = { 0 };

	(void)state;
	frames_sent(&f, 0);
	frames_acknowledged(&f, 400);
	assert_int_equal(frames_next(&f, false, 400), 1200);	/* four times the answer's time, a quarter of the link */
	assert_int_equal(frames_next(&f, false, 1600), 0);
	frames_sent(&f, 1600);
	assert_true(frames_next(&f, false, 3400) > 0);		/* one live frame at a time */
	assert_int_equal(frames_next(&f, true, 1601), 0);	/* a key may add one */
	frames_sent(&f, 1601);
	assert_true(frames_next(&f, true, 1602) > 0);
	frames_acknowledged(&f, 2000);
	assert_int_equal(f.ack_ms, 400);			/* of the older one */
	assert_int_equal(frames_next(&f, true, 2000), 0);
}

static void
without_answers_four_a_second(void **state)
{
	struct frames	f = { 0 };

	(void)state;
	for (int64_t now = 0; now < 5000; now += FRAME_SILENT_MS) {
		assert_int_equal(frames_next(&f, false, now + FRAME_SILENT_MS), 0);
		frames_sent(&f, now + FRAME_SILENT_MS);
		assert_int_equal(frames_next(&f, false, now + FRAME_SILENT_MS + 100), 150);
	}
}

static void
a_terminal_that_stops_answering_goes_on(void **state)
{
	struct frames	f = { 0 };

	(void)state;
	frames_sent(&f, 0);
	frames_acknowledged(&f, 1);
	frames_sent(&f, 100);
	assert_int_equal(frames_next(&f, false, 1100), FRAME_LOST_MS - 1000);
	assert_int_equal(frames_next(&f, false, 100 + FRAME_LOST_MS), 0);
	frames_acknowledged(&f, 4000);				/* and is believed again */
	assert_true(f.answers);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(a_fast_link_paints_ten_times_a_second),
		cmocka_unit_test(a_slow_link_is_given_time),
		cmocka_unit_test(without_answers_four_a_second),
		cmocka_unit_test(a_terminal_that_stops_answering_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
