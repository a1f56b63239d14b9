#include "sipd/keeper/job.h"

#include <event2/event.h>
#include <stdlib.h>

#include "core/clock.h"

struct jobs {
	struct event		*turn;
	TAILQ_HEAD(, job)	 queue;
};

static const struct timeval	at_once = { 0, 0 };

static void
jobs_on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct jobs	*js = arg;
	int64_t		 now = clock_boot_us(), end = now + JOBS_TURN_US;
	struct job	*j;

	(void)fd;
	(void)what;
	for (; now < end && (j = TAILQ_FIRST(&js->queue)) != NULL; now = clock_boot_us()) {
		TAILQ_REMOVE(&js->queue, j, link);
		j->queued = false;
		if (j->step(j, now + JOB_STEP_US < end ? now + JOB_STEP_US : end) == JOB_MORE)
			job_start(js, j);
	}
	if (!TAILQ_EMPTY(&js->queue))
		(void)evtimer_add(js->turn, &at_once);
}

struct jobs *
jobs_new(struct event_base *base)
{
	struct jobs	*js = calloc(1, sizeof *js);

	if (js == NULL)
		return NULL;
	TAILQ_INIT(&js->queue);
	if ((js->turn = evtimer_new(base, jobs_on_turn, js)) == NULL) {
		free(js);
		return NULL;
	}
	return js;
}

void
jobs_free(struct jobs *js)
{
	struct job	*j;

	if (js == NULL)
		return;
	while ((j = TAILQ_FIRST(&js->queue)) != NULL) {
		TAILQ_REMOVE(&js->queue, j, link);
		while (j->step(j, INT64_MAX) == JOB_MORE)
			continue;
	}
	event_free(js->turn);
	free(js);
}

void
job_start(struct jobs *js, struct job *j)
{
	if (j->queued)
		return;
	j->queued = true;
	TAILQ_INSERT_TAIL(&js->queue, j, link);
	if (!evtimer_pending(js->turn, NULL))
		(void)evtimer_add(js->turn, &at_once);
}

void
job_stop(struct jobs *js, struct job *j)
{
	if (!j->queued)
		return;
	j->queued = false;
	TAILQ_REMOVE(&js->queue, j, link);
}

bool
job_is_late(int64_t until_us)
{
	return clock_boot_us() >= until_us;
}
