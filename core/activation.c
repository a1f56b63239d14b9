#include "core/activation.h"

enum {
	STAY = ACTIVATION_STAYS,
	SENT = STATUS_INSTALL_SENT, CLICKED = STATUS_INSTALL_CLICKED, SENT_2 = STATUS_ACTIVATION_SENT, INSTALLED = STATUS_INSTALLED,
	ACTIVE = STATUS_ACTIVATED, CONNECTED = STATUS_CONNECTED,
};

/*
 * One row a step, one column a status.  A first SMS begins a round anew, wherever the last one came to.  Within a round nothing goes back:
 * who activates first and fetches the configuration afterwards stays activated.  Only a configuration with a new password takes
 * "Connected" away.
 */
static const int8_t	next[ACTIVATION_STEPS][ACCOUNT_STATUSES] = {
	/*				Created    sent       clicked    sent 2     Installed  Activated  Connected */
	[STEP_INSTALL_SENT] =		{ SENT,      SENT,      SENT,      SENT,      SENT,      SENT,      SENT },
	[STEP_INSTALL_CLICKED] =	{ CLICKED,   CLICKED,   CLICKED,   CLICKED,   CLICKED,   CLICKED,   CLICKED },
	[STEP_ACTIVATION_SENT] =	{ SENT_2,    SENT_2,    SENT_2,    SENT_2,    STAY,      STAY,      STAY },
	[STEP_INSTALLED] =		{ INSTALLED, INSTALLED, INSTALLED, INSTALLED, INSTALLED, STAY,      INSTALLED },
	[STEP_ACTIVATED] =		{ ACTIVE,    ACTIVE,    ACTIVE,    ACTIVE,    ACTIVE,    ACTIVE,    ACTIVE },
	[STEP_REGISTERED_FIRST] =	{ CONNECTED, CONNECTED, CONNECTED, CONNECTED, CONNECTED, CONNECTED, STAY },
	[STEP_REGISTERED] =		{ CONNECTED, STAY,      STAY,      STAY,      CONNECTED, CONNECTED, STAY },
	[STEP_REGISTERED_UNUSABLE] =	{ STAY,      STAY,      STAY,      STAY,      STAY,      CONNECTED, STAY },
};

_Static_assert(STATUS_CREATED == 0 && STATUS_CONNECTED + 1 == ACCOUNT_STATUSES, "the columns stand in the order of the statuses");

int
activation_status(enum activation_step step, enum account_status status)
{
	return (unsigned)status < ACCOUNT_STATUSES ? next[step][status] : STAY;
}

bool
activation_next(enum activation_step step, int64_t now, struct account *a)
{
	int	status = activation_status(step, (enum account_status)a->status);

	if (status == STAY)
		return false;
	if (a->status == STATUS_CONNECTED)
		a->connected = true;
	if (step == STEP_ACTIVATED)
		a->enabled = true;
	a->status = (uint8_t)status;
	a->status_at = now;
	return true;
}

bool
activation_nears_end(const struct account *a)
{
	return a->status == STATUS_INSTALLED || a->status == STATUS_ACTIVATED;
}

enum activation_step
activation_registered(const struct account *a)
{
	if (a->creation != CREATION_WIZARD)
		return a->connected ? STEP_REGISTERED : STEP_REGISTERED_FIRST;
	return a->enabled ? STEP_REGISTERED : STEP_REGISTERED_UNUSABLE;
}
