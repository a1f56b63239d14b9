#include "sipd/keeper/apply.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/log.h"
#include "core/varint.h"
#include "sipd/keeper/control.h"
#include "sipd/keeper/events.h"
#include "sipd/keeper/job.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/live.h"

enum { CLEAR_KEYS = 64, RECORD = 16 + APPLY_OPERATOR };

/* That an import is committed: how many rows it has, when, and who began it. */
static const char	record_key_text[] = "import";

/* What a row's commit is called back with: which count it is for. */
struct tally {
	struct apply	*apply;
	uint64_t	*n;
};

struct apply {
	struct control		*control;
	struct keeper		*k;
	struct apply_calls	 calls;
	struct job		 job;
	struct event		*later;		/* the store takes nothing: tried again then */
	struct apply_result	 result;
	struct tally		 tallies[IMPORT_RESULTS];
	size_t			 pending;	/* commits not durable */
	char			 operator[APPLY_OPERATOR];
	bool			 stopping;
};

static void
go_on(struct apply *a)
{
	if (!a->stopping)
		job_start(a->control->jobs, &a->job);
}

static void
on_later(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	go_on(arg);
}

/* A commit is durable, or undone: then views show what is not there. */
static void
one_less_pending(struct apply *a, int rc)
{
	a->pending--;
	if (rc != 0 && !a->stopping)
		live_undone(a->control->live);
	go_on(a);
}

static void
on_applied(void *arg, int rc)
{
	const struct tally	*t = arg;
	struct apply		*a = t->apply;

	if (rc == 0)
		++*t->n;
	if (!a->stopping)
		a->calls.progress(a->calls.arg, &a->result, false);
	one_less_pending(a, rc);
}

static void
on_cleared(void *arg, int rc)
{
	one_less_pending(arg, rc);
}

static void
on_done(void *arg, int rc)
{
	struct apply	*a = arg;

	a->pending--;
	if (rc != 0)
		go_on(a);	/* once more, as long as the record is there */
	else if (!a->stopping)
		a->calls.done(a->calls.arg, &a->result);
}

/* All rows are applied: what is left of the table goes, and at last the record. */
static void
finish(struct apply *a)
{
	struct txn	*t;

	if (a->pending > 0)
		return;
	t = txn_new(a->k->db.store);
	if (staged_clear_some(t, &a->k->db, CLEAR_KEYS) > 0) {
		a->pending += store_commit(t, on_cleared, a) == 0;
		return;
	}
	txn_delete(t, TABLE_META, record_key_text, strlen(record_key_text));
	events_add(a->k->events, t, EVENT_INFO, "admin", "", a->operator, "import of accounts: all is applied, rows: %" PRIu64,
	    a->result.rows);
	a->pending += store_commit(t, on_done, a) == 0;
}

/* A row whose turn has come.  One that can't be applied any more is told of and given up. */
static void
apply_one(struct apply *a, struct staged *s, int rc)
{
	struct txn		*t = txn_new(a->k->db.store);
	enum import_result	 result = IMPORT_LOST;
	struct fault		 why;

	if (rc == 0)
		result = import_row_apply(s, a->k, t, a->operator, &why);
	else {
		staged_delete(t, s);
		(void)fault_set(&why, rc, NULL, "row %" PRIu64 " is damaged", s->n);
	}
	if (result == IMPORT_LOST) {
		log_error("import: line %" PRIu64 ": not applied: %s", s->line, why.text);
		events_add(a->k->events, t, EVENT_WARN, "admin", s->account.username, a->operator, "import: line %" PRIu64 ": not applied: %s",
		    s->line, why.text);
	}
	if (store_commit(t, on_applied, &a->tallies[result]) == 0)
		a->pending++;
}

static enum job_next
apply_step(struct job *j, int64_t until_us)
{
	static const struct timeval	 pause = { 1, 0 };
	struct apply			*a = (struct apply *)(void *)((char *)j - offsetof(struct apply, job));
	struct staged			 s;
	int				 rc;

	while (a->pending < APPLY_PENDING_MAX) {
		if (!store_is_taking(a->k->db.store)) {
			(void)evtimer_add(a->later, &pause);
			a->calls.progress(a->calls.arg, &a->result, true);
			return JOB_IDLE;
		}
		if ((rc = staged_first(&a->k->db, &s)) == ERR_NOT_FOUND) {
			finish(a);
			return JOB_IDLE;
		}
		apply_one(a, &s, rc);
		explicit_bzero(&s, sizeof s);
		if (job_is_late(until_us))
			return JOB_MORE;
	}
	return JOB_IDLE;	/* on_applied() goes on */
}

void
apply_commit(struct apply *a, struct txn *t, const char *operator, uint64_t rows)
{
	uint8_t	record[RECORD] = { 0 };

	be64_put(record, rows);
	be64_put(record + 8, (uint64_t)keeper_now(a->k));
	memcpy(record + 16, operator, strnlen(operator, APPLY_OPERATOR - 1));
	txn_put(t, TABLE_META, record_key_text, strlen(record_key_text), record, sizeof record);
	events_add(a->k->events, t, EVENT_INFO, "admin", "", operator, "import of accounts: begins, rows: %" PRIu64, rows);
}

bool
apply_start(struct apply *a)
{
	struct store_bytes	v;
	const uint8_t		*p;

	if (store_get(a->k->db.store, TABLE_META, record_key_text, strlen(record_key_text), &v) != 0 || v.n != RECORD)
		return false;
	p = v.p;
	a->result = (struct apply_result){ .rows = be64_get(p) };
	memcpy(a->operator, p + 16, APPLY_OPERATOR - 1);
	go_on(a);
	return true;
}

const char *
apply_operator(const struct apply *a)
{
	return a->operator;
}

struct apply *
apply_new(struct control *c, const struct apply_calls *calls)
{
	struct apply	*a = calloc(1, sizeof *a);

	if (a == NULL)
		return NULL;
	a->control = c;
	a->k = c->keeper;
	a->calls = *calls;
	a->job.step = apply_step;
	for (size_t i = 0; i < IMPORT_RESULTS; i++)
		a->tallies[i] = (struct tally){ .apply = a, .n = &a->result.n[i] };
	if ((a->later = evtimer_new(c->keeper->base, on_later, a)) == NULL) {
		free(a);
		return NULL;
	}
	return a;
}

void
apply_free(struct apply *a)
{
	if (a == NULL)
		return;
	a->stopping = true;
	if (a->pending > 0)
		(void)store_sync(a->k->db.store);	/* its commits call back */
	job_stop(a->control->jobs, &a->job);
	event_free(a->later);
	free(a);
}
