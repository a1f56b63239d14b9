/*
 * `event list|watch|verify`: the log.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "core/err.h"
#include "core/event.h"
#include "sipd/keeper/control.h"
#include "sipd/keeper/events.h"
#include "sipd/keeper/job.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/list.h"
#include "sipd/keeper/request.h"
#include "sipd/keeper/watch.h"

enum { VERIFY_STEP = 64 };

static void
event_watch(struct request *r)
{
	watch_start(r->control->watches, r, &event_kind);
}

struct verify {
	struct request		*request;
	struct events_check	 check;
	struct job		 job;
};

static enum job_next
verify_step(struct job *j, int64_t until_us)
{
	struct verify	*v = (struct verify *)(void *)((char *)j - offsetof(struct verify, job));
	struct request	*r = v->request;
	int		 rc;

	while ((rc = events_verify(r->keeper->events, &v->check, VERIFY_STEP)) > 0)
		if (job_is_late(until_us))
			return JOB_MORE;
	r->on_gone = NULL;
	if (rc == 0)
		request_ok(r, json_pack("{s:I}", "checked", (json_int_t)v->check.checked));
	else
		request_refuse(r, rc, NULL, "event %" PRIu64 " does not follow from the one before it", v->check.n);
	free(v);
	return JOB_IDLE;
}

static void
verify_on_gone(struct request *r)
{
	struct verify	*v = r->state;

	job_stop(r->control->jobs, &v->job);
	free(v);
	r->state = NULL;
}

static void
event_verify(struct request *r)
{
	struct verify	*v = calloc(1, sizeof *v);

	if (v == NULL) {
		request_refuse(r, ERR_BUSY, NULL, "out of memory");
		return;
	}
	v->request = r;
	v->job.step = verify_step;
	r->state = v;
	r->on_gone = verify_on_gone;
	job_start(r->control->jobs, &v->job);
}

const struct handler	event_handlers[] = {
	{ "event list", list_run },
	{ "event watch", event_watch },
	{ "event verify", event_verify },
	{ NULL, NULL },
};
