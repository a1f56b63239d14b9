/*
 * `queue list|show|retry|delete|watch`: what is known of queued messages.  There is nothing here, nor anywhere else on this socket, that could
 * tell a content.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/err.h"
#include "sipd/keeper/accounts.h"
#include "sipd/keeper/control.h"
#include "sipd/keeper/events.h"
#include "sipd/keeper/json.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/list.h"
#include "sipd/keeper/peer.h"
#include "sipd/keeper/queue.h"
#include "sipd/keeper/queue_why.h"
#include "sipd/keeper/reply.h"
#include "sipd/keeper/request.h"
#include "sipd/keeper/watch.h"

static bool
find(struct request *r, struct message *m)
{
	const char	*name = request_text(r, "name");

	if (name != NULL && queue_find(r->keeper->queue, name, m) == 0)
		return true;
	request_refuse(r, ERR_NOT_FOUND, NULL, "no message %s: it was delivered or ended, which 'event list --query module:queue' tells, or never was",
	    name == NULL ? "" : name);
	return false;
}

/* "2026-11-21T09:49:28.156+00:00 486 Busy Here", a line of its timeline. */
static json_t *
attempt(const char *line, size_t n)
{
	char	at[CLOCK_TEXT] = "", code[8] = "", reason[80] = "", text[200];

	(void)snprintf(text, sizeof text, "%.*s", (int)n, line);
	(void)sscanf(text, "%39s %7s %79[^\n]", at, code, reason);
	return json_pack("{s:s, s:i, s:o}", "time", at, "code", atoi(code), "reason", json_of_text(reason, strlen(reason)));
}

static json_t *
timeline(const struct message *m)
{
	json_t	*list = json_array();
	size_t	 n;

	for (const char *line = m->timeline; *line != '\0'; line += n + (line[n] == '\n')) {
		n = strcspn(line, "\n");
		(void)json_array_append_new(list, attempt(line, n));
	}
	return list;
}

static void
queue_show(struct request *r)
{
	struct message	 m;
	char		 text[400];
	json_t		*reply, *record;

	if (!find(r, &m))
		return;
	reply = reply_record(r, &message_kind, &m, 0);
	record = json_object_get(reply, "ok");
	queue_why(r->keeper, &m, text, sizeof text);
	(void)json_object_set_new(record, "why", json_of_text(text, strlen(text)));
	(void)json_object_set_new(record, "timeline", timeline(&m));
	request_answer(r, reply);
}

/* Says that so many messages are sent again, and that this operator wanted it; id: of the one, where one was named. */
static void
retried(struct request *r, const char *subject, const char *id, uint64_t n)
{
	struct txn	*t = txn_new(r->keeper->db.store);

	if (id != NULL)
		events_add(r->keeper->events, t, EVENT_INFO, "queue", subject, r->peer->user, "message %s: retry", id);
	else
		events_add(r->keeper->events, t, EVENT_INFO, "queue", subject, r->peer->user, "retry of %" PRIu64 " message%s", n,
		    n == 1 ? "" : "s");
	request_commit(r, t, json_pack("{s:{s:I}}", "ok", "messages", (json_int_t)n));
}

static void
queue_retry_run(struct request *r)
{
	const char	*to = request_text(r, "to");
	struct account	 a;
	struct message	 m;
	char		 name[ACCOUNT_USERNAME];

	if (request_flag(r, "all")) {
		queue_retry_all(r->keeper->queue);
		retried(r, "", NULL, count_get(&r->keeper->db, "queued"));
	} else if (to != NULL) {
		if (accounts_find(r->keeper, to, &a) != 0)
			reply_not_found(r, "account", to);
		else
			retried(r, a.username, NULL, queue_retry_account(r->keeper->queue, a.id));
	} else if (find(r, &m)) {
		(void)queue_retry(r->keeper->queue, m.seq);
		retried(r, queue_subject(r->keeper, &m, name), m.id, 1);
	}
}

static void
queue_delete_run(struct request *r)
{
	struct message	 m;
	struct txn	*t;
	int		 rc;

	if (!find(r, &m))
		return;
	if (request_flag(r, "dry")) {
		request_ok(r, NULL);
		return;
	}
	t = txn_new(r->keeper->db.store);
	if ((rc = queue_delete(r->keeper->queue, t, &m, r->peer->user)) == 0) {
		request_commit(r, t, json_pack("{s:{s:i}}", "ok", "messages", 1));
		return;
	}
	txn_drop(t);
	request_refuse(r, rc, NULL, "message %s: %s", m.id, rc == ERR_BUSY ? "is being sent right now; try again in some seconds" : err_text(rc));
}

static void
queue_watch(struct request *r)
{
	watch_start(r->control->watches, r, &message_kind);
}

const struct handler	queue_handlers[] = {
	{ "queue list", list_run },
	{ "queue show", queue_show },
	{ "queue retry", queue_retry_run },
	{ "queue delete", queue_delete_run },
	{ "queue watch", queue_watch },
	{ NULL, NULL },
};
