/*
 * Work that is too long for one turn of the loop, done in slices: a step is given until when it may run, all
 * steps of a turn share JOBS_TURN_US, and between turns SIP is served.
 */
#ifndef SIPD_KEEPER_JOB_H
#define SIPD_KEEPER_JOB_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct jobs;

enum { JOBS_TURN_US = 3000, JOB_STEP_US = 1500 };

/* JOB_MORE: call again.  JOB_IDLE: not before job_start(); the step may have freed the job. */
enum job_next { JOB_IDLE, JOB_MORE };

struct job {
	enum job_next		(*step)(struct job *, int64_t until_us);
	TAILQ_ENTRY(job)	 link;
	bool			 queued;
};

struct jobs *jobs_new(struct event_base *);
void	jobs_free(struct jobs *);			/* what is under way is done to its end */

void	job_start(struct jobs *, struct job *);		/* runs soon; nothing if it is waiting already */
void	job_stop(struct jobs *, struct job *);
bool	job_is_late(int64_t until_us);			/* the slice is used up */

#endif
