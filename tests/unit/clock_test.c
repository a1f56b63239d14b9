/* links: */
/* Times as text and back, and a clock that does not jump with the wall's. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/err.h"

static void
test_text(void **state)
{
	char	text[CLOCK_TEXT];
	int64_t	at;

	(void)state;
	(void)setenv("TZ", "Europe/Rome", 1);
	tzset();
	assert_string_equal(clock_text(1795244100499, text), "2026-11-21T07:55:00.499+01:00");
	assert_int_equal(clock_parse(text, &at), 0);
	assert_int_equal(at, 1795244100499);
	assert_int_equal(clock_parse("2026-11-21T06:55:00Z", &at), 0);
	assert_int_equal(at, 1795244100000);
}

static void
test_wrong_texts(void **state)
{
	static const char *const	wrong[] = { "", "2026-11-21", "2026-11-21T06:55:00", "2026-13-21T06:55:00Z", "2026-02-30T06:55:00Z",
		"2026-11-21T24:55:00Z", "2026-11-21T06:55:00Zx", "1826-11-21T06:55:00Z", "2026-11-21T06:55:00.Z" };
	int64_t				at;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_int_equal(clock_parse(wrong[i], &at), ERR_INVALID);
}

/* F9: the wall an hour off, either way, moves the steady clock by a small part of the time that has passed. */
static void
test_no_jump(void **state)
{
	(void)state;
	for (int sign = -1; sign <= 1; sign += 2) {
		struct clock	c;
		int64_t		before, moved;

		clock_init(&c);
		before = clock_now(&c);
		c.offset_ms += sign * 3600000;		/* as if the wall had been set back, or forward */
		c.slewed_at_ms -= 1000;			/* a second ago */
		moved = clock_now(&c) - before - sign * 3600000;
		assert_true(labs((long)moved) <= 200);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_wrong_texts),
		cmocka_unit_test(test_no_jump),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
