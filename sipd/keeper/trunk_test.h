/*
 * The test of a trunk (product D2), as it is stored or as it would be: name lookup, connection, TLS, OPTIONS, registration, each told when it
 * ends.  It has connections of its own and asks the registrar only what is registered, so that it changes nothing that is live.
 *
 * Of several addresses those that fail are told, and the first that answers OPTIONS is tested to the end.
 */
#ifndef SIPD_KEEPER_TRUNK_TEST_H
#define SIPD_KEEPER_TRUNK_TEST_H

#include "core/trunk.h"

struct keeper;
struct trunk_test;

enum { TRUNK_TESTS_MAX = 32, STEP_TEXT = 512 };		/* under way at a time */

enum step_result { STEP_OK, STEP_FAILED, STEP_SKIPPED };

struct trunk_step {
	const char		*step;		/* "resolve", "connect", "tls", "options", "register"; NULL: the test is over */
	enum step_result	 result;	/* at the end STEP_OK: none failed */
	const char		*what;
	int64_t			 ms;		/* -1: none */
};

/* After the step that ends it the test is gone. */
typedef void	(*trunk_step_fn)(void *arg, const struct trunk_step *);

/* fn is called later.  NULL: too many are under way, or the processes that it takes are away. */
struct trunk_test *trunk_test_start(struct keeper *, const struct trunk *, trunk_step_fn, void *arg);
void	trunk_test_cancel(struct trunk_test *);		/* fn is not called any more */

#endif
