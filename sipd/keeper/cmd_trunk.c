/*
 * `trunk test` and `trunk retry`.  The records' commands stand in cmd_named.c.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/log.h"
#include "sipd/keeper/events.h"
#include "sipd/keeper/json.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/named.h"
#include "sipd/keeper/peer.h"
#include "sipd/keeper/reply.h"
#include "sipd/keeper/request.h"
#include "sipd/keeper/trunk_engine.h"
#include "sipd/keeper/trunk_test.h"
#include "sipd/keeper/trunks.h"

static void
audit(struct keeper *k, const char *trunk, const char *operator, const char *what)
{
	struct txn	*txn = txn_new(k->db.store);
	int		 rc;

	if (txn == NULL)
		return;
	events_add(k->events, txn, EVENT_INFO, "admin", trunk, operator, "trunk %s: %s", trunk, what);
	if ((rc = store_commit(txn, NULL, NULL)) != 0)
		log_error("trunk %s: %s, which could not be noted: %s", trunk, what, err_text(rc));
}

/* A test that an operator waits for. */
struct tested {
	struct request		*request;
	struct trunk_test	*test;
	char			 name[TRUNK_NAME], user[65];
	char			 failed[200];		/* the first step that did, and why */
};

static void
tested_end(struct tested *w, bool passed)
{
	char	what[240];

	(void)snprintf(what, sizeof what, "tested, %s%s", passed ? "passed" : "failed: ", passed ? "" : w->failed);
	audit(w->request->keeper, w->name, w->user, what);
	w->request->on_gone = NULL;
	request_ok(w->request, json_pack("{s:b}", "passed", passed));
	free(w);
}

static void
on_step(void *arg, const struct trunk_step *s)
{
	static const char *const	results[] = { [STEP_OK] = "ok", [STEP_FAILED] = "failed", [STEP_SKIPPED] = "skipped" };
	struct tested			*w = arg;

	if (s->step == NULL) {
		tested_end(w, s->result == STEP_OK);
		return;
	}
	if (s->result == STEP_FAILED && w->failed[0] == '\0')
		(void)snprintf(w->failed, sizeof w->failed, "%s, %s", s->step, s->what);
	request_send(w->request, json_pack("{s:s, s:s, s:o, s:o}", "step", s->step, "result", results[s->result], "what",
	    json_of_text(s->what, strlen(s->what)), "ms", s->ms < 0 ? json_null() : json_integer((json_int_t)s->ms)));
}

static void
on_gone(struct request *r)
{
	struct tested	*w = r->state;

	trunk_test_cancel(w->test);
	free(w);
}

static void
test_run(struct request *r)
{
	struct edit_numbers	 numbers;
	struct edit		 e;
	struct trunk		 t;
	struct fault		 fault;
	struct tested		*w;

	if (request_edit(r, &trunk_kind, &e, &numbers, &fault) != 0 || trunks_draft(r->keeper, request_text(r, "name"), &e, &t, &fault) != 0) {
		request_fault(r, &fault, NULL);
		return;
	}
	if ((w = calloc(1, sizeof *w)) == NULL || (w->test = trunk_test_start(r->keeper, &t, on_step, w)) == NULL) {
		free(w);
		request_refuse(r, ERR_BUSY, NULL, "too many tests are under way, or the daemon has just started: test again in some seconds");
	} else {
		w->request = r;
		memcpy(w->name, t.name, sizeof w->name);
		(void)snprintf(w->user, sizeof w->user, "%s", r->peer->user);
		r->state = w;
		r->on_gone = on_gone;
	}
	sodium_memzero(&t, sizeof t);
}

static void
retry_run(struct request *r)
{
	const char	*name = request_text(r, "name");
	struct trunk	 t;

	if (named_find(r->keeper, &trunks_named, name, &t) != 0) {
		reply_not_found(r, "trunk", name);
		return;
	}
	trunk_engine_retry(r->keeper->trunks, t.id);
	audit(r->keeper, t.name, r->peer->user, "tried again at once");
	sodium_memzero(&t, sizeof t);
	request_ok(r, NULL);
}

const struct handler	trunk_handlers[] = {
	{ "trunk test", test_run },
	{ "trunk retry", retry_run },
	{ NULL, NULL },
};
