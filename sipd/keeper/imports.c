#include "sipd/keeper/imports.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "sipd/keeper/apply.h"
#include "sipd/keeper/control.h"
#include "sipd/keeper/json.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/live.h"
#include "sipd/keeper/peer.h"
#include "sipd/keeper/request.h"

enum { CLEAR_KEYS = 64, CLEARS_MAX = 8, TELL_EVERY_MS = 200 };

enum state { NONE, STAGING, COMMITTING, APPLYING, DISCARDING };

/* A request with rows, until they are judged and durable. */
struct batch {
	struct imports		*im;
	struct request		*request;	/* NULL: gone */
	size_t			 at;		/* rows judged */
	size_t			 pending;	/* of them not durable */
	json_t			*faults, *made;
	size_t			 more;		/* faults that are not told */
	bool			 queued;
	TAILQ_ENTRY(batch)	 link;
};

struct imports {
	struct control		*control;
	struct keeper		*k;
	enum state		 state;
	struct job		 job;
	struct event		*timer;		/* no row has come for too long; or a store that failed is to be tried again */
	struct apply		*apply;
	struct request		*owner;		/* that began it; NULL: gone */
	struct request		*commit;	/* that waits for the record */
	struct request		*waiting;	/* to begin, when the last one is discarded */
	TAILQ_HEAD(, batch)	 batches;	/* not judged to the end */
	size_t			 n_batches;	/* not answered */
	size_t			 pending;	/* commits not durable */
	int			 rc;		/* why it can't be committed; 0: it can */
	uint64_t		 rows, faults;
	int64_t			 told_ms;
	char			 operator[APPLY_OPERATOR];
	bool			 stopping;
};

static void	stand(struct imports *, struct request *);

static void
go_on(struct imports *im)
{
	if (!im->stopping)
		job_start(im->control->jobs, &im->job);
}

/* A commit is durable, or undone: then views show what is not there, and what is to be discarded is tried again later. */
static void
one_less_pending(struct imports *im, int rc)
{
	static const struct timeval	pause = { 1, 0 };

	im->pending--;
	if (rc != 0 && !im->stopping)
		live_undone(im->control->live);
	if (rc != 0 && im->state == DISCARDING)
		(void)evtimer_add(im->timer, &pause);
	else
		go_on(im);
}

static void
batch_free(struct batch *b)
{
	if (b->request != NULL || b->pending > 0)
		return;
	b->im->n_batches--;
	json_decref(b->faults);
	json_decref(b->made);
	free(b);
}

static void
batch_answer(struct batch *b)
{
	struct request	*r = b->request;
	int		 rc = b->im->rc;

	if (b->queued || b->pending > 0)
		return;
	b->request = NULL;
	if (r != NULL) {
		r->on_gone = NULL;
		r->state = NULL;
	}
	if (r != NULL && rc != 0)
		request_refuse(r, rc, NULL, "not saved: %s", err_text(rc));
	else if (r != NULL)
		request_ok(r, json_pack("{s:I, s:O, s:I, s:O}", "rows", (json_int_t)b->at, "faults", b->faults,
		    "more", (json_int_t)b->more, "made", b->made));
	batch_free(b);
}

static void
discard(struct imports *im)
{
	struct batch	*b;

	im->state = DISCARDING;
	im->owner = im->commit = NULL;
	if (im->rc == 0)
		im->rc = -ECANCELED;
	while ((b = TAILQ_FIRST(&im->batches)) != NULL) {
		TAILQ_REMOVE(&im->batches, b, link);
		b->queued = false;
		batch_answer(b);
	}
	go_on(im);
}

static void
ended(struct imports *im)
{
	struct request	*next = im->waiting;

	im->state = NONE;
	im->waiting = NULL;
	if (next != NULL)
		stand(im, next);
}

static void
on_cleared(void *arg, int rc)
{
	one_less_pending(arg, rc);
}

static enum job_next
discard_step(struct imports *im, int64_t until_us)
{
	while (im->pending < CLEARS_MAX) {
		struct txn	*t = txn_new(im->k->db.store);

		if (staged_clear_some(t, &im->k->db, CLEAR_KEYS) == 0) {
			txn_drop(t);
			if (im->pending == 0)
				ended(im);
			return JOB_IDLE;
		}
		im->pending += store_commit(t, on_cleared, im) == 0;
		if (job_is_late(until_us))
			return JOB_MORE;
	}
	return JOB_IDLE;	/* on_cleared() goes on */
}

static void
on_staged(void *arg, int rc)
{
	struct batch	*b = arg;
	struct imports	*im = b->im;

	b->pending--;
	if (rc != 0 && im->rc == 0)
		im->rc = rc;
	batch_answer(b);
	one_less_pending(im, rc);
}

static void
batch_on_gone(struct request *r)
{
	struct batch	*b = r->state;

	b->request = NULL;
	if (b->im->rc == 0)
		b->im->rc = -ECANCELED;
	if (b->queued)
		TAILQ_REMOVE(&b->im->batches, b, link);
	b->queued = false;
	batch_free(b);
}

static void
on_fault(void *arg, uint64_t line, const char *field, const char *text)
{
	struct batch	*b = arg;

	if (b->im->faults++ >= IMPORT_FAULTS_MAX)
		b->more++;
	else
		(void)json_array_append_new(b->faults, json_pack("{s:I, s:o, s:o}", "line", (json_int_t)line,
		    "field", json_of_text(field, strlen(field)), "text", json_of_text(text, strlen(text))));
}

/* What was made at random is told once. */
static void
tell_made(struct batch *b, const struct import_row *row)
{
	json_t	*made;

	if (!row->well || (!row->made_name && row->password[0] == '\0'))
		return;
	made = json_pack("{s:I, s:s}", "line", (json_int_t)row->staged.line, "username", row->staged.account.username);
	if (row->password[0] != '\0')
		(void)json_object_set_new(made, "password", json_string(row->password));
	(void)json_array_append_new(b->made, made);
}

static void
stage(struct imports *im, struct batch *b, json_t *given)
{
	json_int_t		 line = json_integer_value(json_object_get(given, "line"));
	json_t			*set = json_object_get(given, "set");
	struct import_row	 row;
	struct txn		*t;
	int			 rc;

	if (!json_is_object(set)) {
		on_fault(b, (uint64_t)line, "", "a row needs \"set\", an object");
		return;
	}
	import_row_judge(&row, im->k, (uint64_t)line, set, on_fault, b);
	if (row.well)
		row.staged.n = ++im->rows;
	t = txn_new(im->k->db.store);
	import_row_stage(&row, t, &im->k->db);
	if ((rc = store_commit(t, on_staged, b)) == 0) {
		b->pending++;
		im->pending++;
		tell_made(b, &row);
	} else if (im->rc == 0)
		im->rc = rc;
	explicit_bzero(&row, sizeof row);
}

static enum job_next
stage_step(struct imports *im, int64_t until_us)
{
	struct batch	*b;

	while ((b = TAILQ_FIRST(&im->batches)) != NULL) {
		json_t	*rows = json_object_get(b->request->args, "rows");

		while (b->at < json_array_size(rows) && im->pending < IMPORT_PENDING_MAX) {
			stage(im, b, json_array_get(rows, b->at++));
			if (job_is_late(until_us))
				return JOB_MORE;
		}
		if (b->at < json_array_size(rows))
			return JOB_IDLE;	/* on_staged() goes on */
		TAILQ_REMOVE(&im->batches, b, link);
		b->queued = false;
		batch_answer(b);
	}
	return JOB_IDLE;
}

static enum job_next
imports_step(struct job *j, int64_t until_us)
{
	struct imports	*im = (struct imports *)(void *)((char *)j - offsetof(struct imports, job));

	if (im->stopping)
		return JOB_IDLE;
	switch (im->state) {
	case STAGING:
		return stage_step(im, until_us);
	case DISCARDING:
		return discard_step(im, until_us);
	case NONE:
	case COMMITTING:
	case APPLYING:
		break;
	}
	return JOB_IDLE;
}

static void
owner_on_gone(struct request *r)
{
	struct imports	*im = r->control->imports;

	if (im->waiting == r) {
		im->waiting = NULL;
		return;
	}
	im->owner = NULL;
	if (im->state == STAGING) {
		log_info("import: %s went away before it was committed: nothing was changed", im->operator);
		discard(im);
	}
}

static void
on_progress(void *arg, const struct apply_result *result, bool waiting)
{
	struct imports	*im = arg;
	uint64_t	 applied = 0;
	int64_t		 now = clock_boot_ms();

	if (im->owner == NULL || (!waiting && now - im->told_ms < TELL_EVERY_MS) || peer_unread(im->owner->peer) > PEER_UNREAD_PAUSE)
		return;
	for (size_t i = 0; i < IMPORT_RESULTS; i++)
		applied += result->n[i];
	im->told_ms = now;
	request_send(im->owner, json_pack("{s:I, s:I, s:b}", "applied", (json_int_t)applied, "rows", (json_int_t)result->rows,
	    "waiting", waiting));
}

static void
on_done(void *arg, const struct apply_result *result)
{
	struct imports	*im = arg;
	struct request	*r = im->owner;

	im->owner = NULL;
	if (r != NULL) {
		r->on_gone = NULL;
		request_ok(r, json_pack("{s:I, s:I, s:I, s:I}", "added", (json_int_t)result->n[IMPORT_ADDED],
		    "changed", (json_int_t)result->n[IMPORT_CHANGED], "same", (json_int_t)result->n[IMPORT_SAME],
		    "lost", (json_int_t)result->n[IMPORT_LOST]));
	}
	ended(im);
}

/* The client has so long to send the next rows, or to commit. */
static void
expect_more(struct imports *im)
{
	static const struct timeval	patience = { IMPORT_IDLE_S, 0 };

	(void)evtimer_add(im->timer, &patience);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct imports	*im = arg;
	struct request	*r = im->owner;

	(void)fd;
	(void)what;
	if (im->state == STAGING && im->n_batches == 0) {
		discard(im);
		r->on_gone = NULL;
		request_refuse(r, ERR_BUSY, NULL, "no row came for %d s: the import is given up, nothing was changed", IMPORT_IDLE_S);
	} else if (im->state == STAGING)
		expect_more(im);
	else
		go_on(im);
}

/* There is an import, and this one's is it. */
static void
stand(struct imports *im, struct request *r)
{
	im->state = STAGING;
	im->owner = r;
	im->rc = 0;
	im->rows = im->faults = 0;
	(void)snprintf(im->operator, sizeof im->operator, "%s", r->peer->user);
	request_send(r, json_pack("{s:{}}", "import"));
	expect_more(im);
}

/* False, and refused, while the store takes nothing. */
static bool
is_taking(struct imports *im, struct request *r)
{
	if (store_is_taking(im->k->db.store))
		return true;
	request_refuse(r, ERR_UNAVAILABLE, NULL, "not saved: %s", err_text(ERR_UNAVAILABLE));
	return false;
}

void
imports_begin(struct imports *im, struct request *r)
{
	if (!is_taking(im, r))
		return;
	if ((im->state != NONE && im->state != DISCARDING) || im->waiting != NULL) {
		request_refuse(r, ERR_BUSY, NULL, "another import is under way, by %s: try again when it is done",
		    im->waiting != NULL ? im->waiting->peer->user : im->operator);
		return;
	}
	r->on_gone = owner_on_gone;
	request_stream(r);
	if (im->state == NONE)
		stand(im, r);
	else
		im->waiting = r;
}

/* False, and refused, where the peer has no import to add to. */
static bool
is_owner(const struct imports *im, struct request *r)
{
	if (im->state == STAGING && im->owner != NULL && im->owner->peer == r->peer)
		return true;
	request_refuse(r, ERR_USAGE, NULL, "no import was begun on this connection, or it has ended");
	return false;
}

void
imports_rows(struct imports *im, struct request *r)
{
	struct batch	*b;

	if (!is_owner(im, r))
		return;
	if (!json_is_array(json_object_get(r->args, "rows"))) {
		im->rc = ERR_USAGE;		/* without these rows it is not the whole any more */
		request_refuse(r, ERR_USAGE, NULL, "the request needs \"rows\"");
		return;
	}
	if (!is_taking(im, r)) {
		im->rc = ERR_UNAVAILABLE;
		return;
	}
	if ((b = calloc(1, sizeof *b)) == NULL) {
		im->rc = -ENOMEM;
		request_refuse(r, ERR_BUSY, NULL, "out of memory");
		return;
	}
	*b = (struct batch){ .im = im, .request = r, .faults = json_array(), .made = json_array(), .queued = true };
	r->state = b;
	r->on_gone = batch_on_gone;
	im->n_batches++;
	TAILQ_INSERT_TAIL(&im->batches, b, link);
	expect_more(im);
	go_on(im);
}

static void
on_committed(void *arg, int rc)
{
	struct imports	*im = arg;
	struct request	*r = im->commit;

	im->commit = NULL;
	if (rc == 0) {
		im->state = APPLYING;
		(void)apply_start(im->apply);
		if (r != NULL)
			request_ok(r, json_pack("{s:I}", "rows", (json_int_t)im->rows));
	} else {
		if (r != NULL)
			request_refuse(r, rc, NULL, "not saved: %s", err_text(rc));
		if ((r = im->owner) != NULL) {
			r->on_gone = NULL;
			request_refuse(r, rc, NULL, "not saved: %s", err_text(rc));
		}
		discard(im);
	}
	one_less_pending(im, rc);
}

static void
commit_on_gone(struct request *r)
{
	r->control->imports->commit = NULL;
}

void
imports_commit(struct imports *im, struct request *r)
{
	struct txn	*t;
	int		 rc;

	if (!is_owner(im, r) || !is_taking(im, r))
		return;
	if (im->n_batches > 0) {
		request_refuse(r, ERR_BUSY, NULL, "rows are still being judged: wait for their answers");
		return;
	}
	if (im->faults > 0 || im->rc != 0) {
		request_refuse(r, im->rc != 0 ? im->rc : ERR_INVALID, NULL, "%" PRIu64 " fault%s%s%s: nothing is changed", im->faults,
		    im->faults == 1 ? "" : "s", im->rc == 0 ? "" : ", ", im->rc == 0 ? "" : err_text(im->rc));
		return;
	}
	t = txn_new(im->k->db.store);
	apply_commit(im->apply, t, im->operator, im->rows);
	if ((rc = store_commit(t, on_committed, im)) != 0) {
		request_refuse(r, rc, NULL, "not saved: %s", err_text(rc));
		return;
	}
	im->state = COMMITTING;
	im->pending++;
	im->commit = r;
	r->on_gone = commit_on_gone;
}

/* What an earlier keeper left: rows with the record are applied, without it they are nothing. */
static void
resume(struct imports *im)
{
	if (apply_start(im->apply)) {
		im->state = APPLYING;
		(void)snprintf(im->operator, sizeof im->operator, "%s", apply_operator(im->apply));
		log_notice("import of accounts by %s goes on", im->operator);
	} else if (!staged_is_empty(&im->k->db)) {
		log_notice("import: what was staged and not committed is discarded");
		discard(im);
	}
}

struct imports *
imports_new(struct control *c)
{
	struct imports			*im = calloc(1, sizeof *im);
	const struct apply_calls	 calls = { .progress = on_progress, .done = on_done, .arg = im };

	if (im == NULL)
		return NULL;
	im->control = c;
	im->k = c->keeper;
	im->job.step = imports_step;
	TAILQ_INIT(&im->batches);
	if ((im->timer = evtimer_new(c->keeper->base, on_timer, im)) == NULL || (im->apply = apply_new(c, &calls)) == NULL) {
		imports_free(im);
		return NULL;
	}
	resume(im);
	return im;
}

void
imports_free(struct imports *im)
{
	if (im == NULL)
		return;
	im->stopping = true;
	apply_free(im->apply);
	if (im->pending > 0)
		(void)store_sync(im->k->db.store);	/* its commits call back */
	job_stop(im->control->jobs, &im->job);
	if (im->timer != NULL)
		event_free(im->timer);
	free(im);
}
