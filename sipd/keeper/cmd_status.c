/*
 * `status`, and its stream for the console's overview.
 */
#include "sipd/keeper/control.h"
#include "sipd/keeper/request.h"
#include "sipd/keeper/status.h"

static void
status_run(struct request *r)
{
	request_ok(r, status_json(r->control));
}

static void
status_watch_run(struct request *r)
{
	status_watch(r->control->status, r);
}

const struct handler	status_handlers[] = {
	{ "status", status_run },
	{ "status watch", status_watch_run },
	{ NULL, NULL },
};
