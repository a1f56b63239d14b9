#include "sipd/keeper/indexing.h"

#include <stdlib.h>

#include "core/err.h"
#include "core/kinds.h"
#include "core/log.h"
#include "db/words.h"
#include "sipd/keeper/control.h"
#include "sipd/keeper/job.h"
#include "sipd/keeper/keeper.h"

enum { RECORDS = 32 };		/* of a transaction */

struct indexing {
	struct control	*control;
	struct job	 job;
	size_t		 kind;		/* that is being looked at */
	uint64_t	 after;		/* the record that was done last */
	bool		 waiting;	/* for the store: one transaction is under way at a time */
	bool		 freed;
};

static void
indexing_on_durable(void *arg, int rc)
{
	struct indexing	*ix = arg;

	ix->waiting = false;
	if (ix->freed) {
		free(ix);
		return;
	}
	if (rc != 0)
		log_error("keeper: the index of words can't be built: %s; searches look at every record", err_text(rc));
	else
		job_start(ix->control->jobs, &ix->job);
}

static enum job_next
indexing_step(struct job *j, int64_t until_us)
{
	struct indexing		*ix = (struct indexing *)(void *)((char *)j - offsetof(struct indexing, job));
	const struct db		*db = &ix->control->keeper->db;
	const struct kind	*k;
	struct txn		*t;

	(void)until_us;
	while (kinds[ix->kind] != NULL && (kinds[ix->kind]->words == 0 || words_ready(db, kinds[ix->kind]))) {
		ix->kind++;
		ix->after = 0;
	}
	if (kinds[ix->kind] == NULL || (t = txn_new(db->store)) == NULL)
		return JOB_IDLE;
	k = kinds[ix->kind];
	if (ix->after == 0)
		log_info("keeper: building the index of words of %ss", k->name);
	(void)words_build(t, db, k, &ix->after, RECORDS);
	ix->waiting = store_commit(t, indexing_on_durable, ix) == 0;
	return JOB_IDLE;
}

struct indexing *
indexing_new(struct control *c)
{
	struct indexing	*ix = calloc(1, sizeof *ix);

	if (ix == NULL)
		return NULL;
	ix->control = c;
	ix->job.step = indexing_step;
	(void)indexing_step(&ix->job, 0);
	return ix;
}

void
indexing_free(struct indexing *ix)
{
	if (ix == NULL)
		return;
	job_stop(ix->control->jobs, &ix->job);
	ix->freed = true;
	if (!ix->waiting)
		free(ix);
}
