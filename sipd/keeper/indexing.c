#include "sipd/keeper/indexing.h"

#include <stdlib.h>

#include "core/err.h"
#include "core/kinds.h"
#include "core/log.h"
#include "db/sorts.h"
#include "db/words.h"
#include "sipd/keeper/control.h"
#include "sipd/keeper/job.h"
#include "sipd/keeper/keeper.h"

enum { RECORDS = 32 };		/* of a transaction */

static bool
has_words(const struct kind *k)
{
	return k->words != 0;
}

static bool
has_sorts(const struct kind *k)
{
	return k->sorts != 0;
}

/* What a store may lack. */
static const struct {
	const char	*name;
	bool		(*wanted)(const struct kind *);
	bool		(*ready)(const struct db *, const struct kind *);
	bool		(*build)(struct txn *, const struct db *, const struct kind *, uint64_t *after, size_t limit);
} builds[] = {
	{ "order", has_sorts, sorts_ready, sorts_build },
	{ "index of words", has_words, words_ready, words_build },
};

enum { BUILDS = sizeof builds / sizeof builds[0] };

struct indexing {
	struct control	*control;
	struct job	 job;
	size_t		 build, kind;	/* that is being looked at */
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
		log_error("keeper: the %s can't be built: %s; lists and searches look at every record", builds[ix->build].name,
		    err_text(rc));
	else
		job_start(ix->control->jobs, &ix->job);
}

/* The next kind that lacks something.  NULL: none does. */
static const struct kind *
indexing_next(struct indexing *ix)
{
	const struct db		*db = &ix->control->keeper->db;
	const struct kind	*k;

	for (; ix->build < BUILDS; ix->build++, ix->kind = 0) {
		for (; (k = kinds[ix->kind]) != NULL; ix->kind++, ix->after = 0)
			if (builds[ix->build].wanted(k) && !builds[ix->build].ready(db, k))
				return k;
	}
	return NULL;
}

static enum job_next
indexing_step(struct job *j, int64_t until_us)
{
	struct indexing		*ix = (struct indexing *)(void *)((char *)j - offsetof(struct indexing, job));
	const struct db		*db = &ix->control->keeper->db;
	const struct kind	*k = indexing_next(ix);
	struct txn		*t;

	(void)until_us;
	if (k == NULL || (t = txn_new(db->store)) == NULL)
		return JOB_IDLE;
	if (ix->after == 0)
		log_info("keeper: making the %s of %ss", builds[ix->build].name, k->name);
	(void)builds[ix->build].build(t, db, k, &ix->after, RECORDS);
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
