/*
 * The steps of an account's activation (product A8): one table says what each makes of its status.  Which step may be taken at all, links
 * decide (sipd/keeper/tokens.h): they work once and for a time.
 */
#ifndef CORE_ACTIVATION_H
#define CORE_ACTIVATION_H

#include "core/account.h"

enum activation_step {
	STEP_INSTALL_SENT,		/* the gateway has taken the first SMS */
	STEP_INSTALL_CLICKED,
	STEP_ACTIVATION_SENT,		/* and the second */
	STEP_INSTALLED,			/* its configuration was downloaded */
	STEP_ACTIVATED,
	STEP_REGISTERED_FIRST,		/* a plain account's first REGISTER ever */
	STEP_REGISTERED,		/* one of an account that may be used: plain, or enabled */
	STEP_REGISTERED_UNUSABLE,	/* one of an account that still waits for its activation */
	ACTIVATION_STEPS,
};

/* What the status becomes; ACTIVATION_STAYS: nothing else. */
enum { ACTIVATION_STAYS = -1 };
int	activation_status(enum activation_step, enum account_status);

/* What becomes of the account: its status, status_at, connected and enabled.  False: nothing does. */
bool	activation_next(enum activation_step, int64_t now, struct account *);

/* Its phone has the configuration.  It is to register often, as the first REGISTER after the last step is what ends the round. */
bool	activation_nears_end(const struct account *);

enum activation_step activation_registered(const struct account *);	/* the step that a REGISTER of it is */

#endif
