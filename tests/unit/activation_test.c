/* The steps of an activation: the whole table of what each makes of each status, and what of them goes with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/activation.h"

enum { NOW = 1700000000 };

/* A line a step, a letter a status in their order: what it becomes; . nothing. */
static const char	*const expected[ACTIVATION_STEPS] = {
	/*				 CSKAIVN */
	[STEP_INSTALL_SENT] =		"SSSSSSS",
	[STEP_INSTALL_CLICKED] =	"KKKKKKK",
	[STEP_ACTIVATION_SENT] =	"AAAA...",
	[STEP_INSTALLED] =		"IIIII.I",
	[STEP_ACTIVATED] =		"VVVVVVV",
	[STEP_REGISTERED_FIRST] =	"NNNNNN.",
	[STEP_REGISTERED] =		"N...NN.",
	[STEP_REGISTERED_UNUSABLE] =	".....N.",
};
static const char	letters[] = "CSKAIVN";

static void
test_table(void **state)
{
	(void)state;
	for (int step = 0; step < ACTIVATION_STEPS; step++) {
		for (int status = 0; status < ACCOUNT_STATUSES; status++) {
			int	next = activation_status((enum activation_step)step, (enum account_status)status);

			if ((next == ACTIVATION_STAYS ? '.' : letters[next]) != expected[step][status])
				fail_msg("step %d makes %d of status %d", step, next, status);
		}
		assert_int_equal(activation_status((enum activation_step)step, ACCOUNT_STATUSES), ACTIVATION_STAYS);
	}
}

/* Whatever the step: the time goes with the status, only one step enables, and none disables. */
static void
test_account(void **state)
{
	(void)state;
	for (int step = 0; step < ACTIVATION_STEPS; step++) {
		for (int i = 0; i < 2 * ACCOUNT_STATUSES; i++) {
			bool		enabled = i % 2;
			struct account	a = { .status = (uint8_t)(i / 2), .enabled = enabled, .status_at = 1 };
			int		next = activation_status((enum activation_step)step, (enum account_status)a.status);
			bool		was_connected = a.status == STATUS_CONNECTED;

			if (!activation_next((enum activation_step)step, NOW, &a)) {
				assert_int_equal(next, ACTIVATION_STAYS);
				assert_int_equal(a.status, i / 2);
				assert_int_equal(a.status_at, 1);
				assert_int_equal(a.enabled, enabled);
				continue;
			}
			assert_int_equal(a.status, next);
			assert_int_equal(a.status_at, NOW);
			assert_int_equal(a.enabled, enabled || step == STEP_ACTIVATED);
			assert_int_equal(a.connected, was_connected);
		}
	}
}

static void
test_registered(void **state)
{
	struct account	a = { .creation = CREATION_PLAIN };

	(void)state;
	assert_int_equal(activation_registered(&a), STEP_REGISTERED_FIRST);
	a.connected = true;		/* it is not its first: an SMS was sent since */
	assert_int_equal(activation_registered(&a), STEP_REGISTERED);
	a.creation = CREATION_WIZARD;
	assert_int_equal(activation_registered(&a), STEP_REGISTERED_UNUSABLE);
	a.enabled = true;
	assert_int_equal(activation_registered(&a), STEP_REGISTERED);
}

/* What a wizard's account goes through, step by step. */
static void
test_road(void **state)
{
	static const struct {
		enum activation_step	step;
		enum account_status	then;
		bool			enabled;
	} road[] = {
		{ STEP_INSTALL_SENT, STATUS_INSTALL_SENT, false }, { STEP_INSTALL_CLICKED, STATUS_INSTALL_CLICKED, false },
		{ STEP_ACTIVATION_SENT, STATUS_ACTIVATION_SENT, false }, { STEP_INSTALLED, STATUS_INSTALLED, false },
		{ STEP_ACTIVATED, STATUS_ACTIVATED, true },
	};
	struct account	a = { .creation = CREATION_WIZARD };

	(void)state;
	for (size_t i = 0; i < sizeof road / sizeof road[0]; i++) {
		assert_true(activation_next(road[i].step, NOW, &a));
		assert_int_equal(a.status, road[i].then);
		assert_int_equal(a.enabled, road[i].enabled);
	}
	assert_true(activation_next(activation_registered(&a), NOW, &a));
	assert_int_equal(a.status, STATUS_CONNECTED);
	assert_false(activation_next(activation_registered(&a), NOW, &a));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_table), cmocka_unit_test(test_account), cmocka_unit_test(test_registered), cmocka_unit_test(test_road),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
