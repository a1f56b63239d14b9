/*
 * `trace`: an account's SIP messages to who asked, until he has enough or the time is over.  It begins once it is on disk who watches whom;
 * that it ended is an event, too.  Who does not keep up is told how many he missed.
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/err.h"
#include "sipd/keeper/accounts.h"
#include "sipd/keeper/events.h"
#include "sipd/keeper/json.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/peer.h"
#include "sipd/keeper/reply.h"
#include "sipd/keeper/request.h"
#include "sipd/keeper/tracing.h"

struct watcher {
	struct request		*request;	/* NULL: gone before it began */
	struct keeper		*k;
	struct tracing_one	*trace;		/* NULL: it has not begun */
	struct account		 account;	/* without its secrets */
	char			 user[65];
	int64_t			 began_at;
	uint64_t		 n;		/* messages told */
	uint64_t		 missed, missed_all;	/* not yet told; told */
};

static void
audit(struct watcher *w, struct txn *t, const char *what)
{
	events_add(w->k->events, t, EVENT_INFO, "admin", w->account.username, w->user, "account %s: %s", w->account.username, what);
}

static void
audit_end(struct watcher *w, const char *why)
{
	struct txn	*t = txn_new(w->k->db.store);
	char		 took[CLOCK_TEXT], what[200];

	(void)snprintf(what, sizeof what, "trace ended after %s, %s, %" PRIu64 " message%s", clock_span_text(keeper_now(w->k) - w->began_at, took),
	    why, w->n, w->n == 1 ? "" : "s");
	audit(w, t, what);
	(void)store_commit(t, NULL, NULL);
}

static void
on_gone(struct request *r)
{
	struct watcher	*w = r->state;

	w->request = NULL;
	if (w->trace == NULL)
		return;		/* on_audited() frees it */
	tracing_stop(w->k->tracing, w->trace);
	audit_end(w, "left");
	free(w);
}

static const char *
transport_name(uint8_t transport)
{
	return transport == TRANSPORT_TLS ? "TLS" : transport == TRANSPORT_TCP ? "TCP" : "UDP";
}

static json_t *
text_of(struct span s)
{
	return s.n == 0 ? json_null() : json_of_text(s.s, s.n);
}

static json_t *
message_json(const struct wire_traced *m)
{
	char		 remote[ADDR_TEXT], local[ADDR_TEXT];
	const char	*end = m->text.n == 0 ? NULL : memchr(m->text.s, '\n', m->text.n);
	struct span	 first = { m->text.s, end == NULL ? 0 : (size_t)(end - m->text.s) };

	return json_pack("{s:o, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:b}",
	    "time", json_of_time(m->at), "direction", m->out ? "out" : "in", "with", m->phone ? "phone" : "peer",
	    "transport", transport_name(m->transport), "remote", addr_text(&m->remote, remote), "local", addr_text(&m->local, local),
	    "method", text_of(m->method), "code", m->code == 0 ? json_null() : json_integer((json_int_t)m->code), "first", text_of(first),
	    "call_id", text_of(m->call_id), "cseq", (json_int_t)m->cseq, "body", (json_int_t)m->body, "content_type", text_of(m->content_type),
	    "text", text_of(m->text), "cut", m->cut);
}

/* How many messages are not told, where they would stand. */
static void
tell_missed(struct watcher *w)
{
	if (w->missed == 0)
		return;
	request_send(w->request, json_pack("{s:I}", "missed", (json_int_t)w->missed));
	w->missed_all += w->missed;
	w->missed = 0;
}

static void
on_drained(struct request *r)
{
	tell_missed(r->state);
}

static void
on_seen(void *arg, const struct wire_traced *m)
{
	struct watcher	*w = arg;
	struct request	*r = w->request;

	if (m == NULL) {
		audit_end(w, "as its time was over");
		r->on_gone = r->on_drained = NULL;
		request_answer(r, json_pack("{s:{s:s, s:I, s:I}}", "end", "why", "10 minutes are over: ask again for more", "messages",
		    (json_int_t)w->n, "missed", (json_int_t)(w->missed_all + w->missed)));
		free(w);
		return;
	}
	w->missed += m->dropped;
	if (peer_unread(r->peer) > PEER_UNREAD_PAUSE) {
		w->missed++;
		return;
	}
	tell_missed(w);
	w->n++;
	request_send(r, json_pack("{s:o}", "message", message_json(m)));
}

static void
on_audited(void *arg, int rc)
{
	struct watcher	*w = arg;
	struct request	*r = w->request;

	if (r != NULL && rc == 0 && (w->trace = tracing_start(w->k->tracing, &w->account, on_seen, w)) != NULL) {
		request_stream(r);
		r->on_drained = on_drained;
		request_send(r, json_pack("{s:{}}", "ok"));
		return;
	}
	if (rc == 0)
		audit_end(w, r == NULL ? "left" : "as there are too many");
	if (r != NULL) {
		r->on_gone = NULL;
		if (rc != 0)
			request_refuse(r, rc, NULL, "a trace that can't be noted in the event log is not begun: %s", err_text(rc));
		else
			request_refuse(r, ERR_BUSY, NULL, "there are %d traces, which is the most: wait until one ends", TRACING_MAX);
	}
	free(w);
}

static void
trace(struct request *r)
{
	const char	*name = request_text(r, "name");
	struct watcher	*w;
	struct txn	*t;
	int		 rc;

	if (r->peer->n_streams >= PEER_STREAMS_MAX || (w = calloc(1, sizeof *w)) == NULL) {
		request_refuse(r, ERR_BUSY, NULL, "at most %d watches on a connection", PEER_STREAMS_MAX);
		return;
	}
	if (!reply_account(r, name, &w->account)) {
		free(w);
		return;
	}
	sodium_memzero(w->account.ha1_md5, sizeof w->account.ha1_md5);
	sodium_memzero(w->account.ha1_sha256, sizeof w->account.ha1_sha256);
	w->request = r;
	w->k = r->keeper;
	w->began_at = keeper_now(r->keeper);
	(void)snprintf(w->user, sizeof w->user, "%s", r->peer->user);
	r->state = w;
	r->on_gone = on_gone;
	t = txn_new(w->k->db.store);
	audit(w, t, "trace begun");
	if ((rc = store_commit(t, on_audited, w)) != 0)
		on_audited(w, rc);
}

const struct handler	trace_handlers[] = {
	{ "trace", trace },
	{ NULL, NULL },
};
