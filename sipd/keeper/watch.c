#include "sipd/keeper/watch.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/event.h"
#include "sipd/keeper/control.h"
#include "sipd/keeper/job.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/json.h"
#include "sipd/keeper/peer.h"
#include "sipd/keeper/request.h"
#include "sipd/keeper/source.h"

enum { BACKLOG_BYTES = 32 * 1024 * 1024 };	/* of changes not yet told; over it all watches end */

/* A change that is to be told. */
struct news {
	const struct kind	*kind;
	const char		*what;		/* "added" */
	uint64_t		 n;		/* counts all news */
	size_t			 bytes;
	TAILQ_ENTRY(news)	 link;
	uint8_t			 record[];
};

struct watcher {
	struct watches		*watches;
	struct request		*request;
	const struct kind	*kind;
	uint64_t		 since;		/* news after this one are for it */
	TAILQ_ENTRY(watcher)	 link;
};

struct watches {
	struct control		*control;
	TAILQ_HEAD(, watcher)	 watchers;
	TAILQ_HEAD(, news)	 news;
	uint64_t		 n_news;
	size_t			 bytes;
	struct job		 job;
};

static void
watcher_on_gone(struct request *r)
{
	struct watcher	*w = r->state;

	TAILQ_REMOVE(&w->watches->watchers, w, link);
	free(w);
	r->state = NULL;
}

void
watch_start(struct watches *ws, struct request *r, const struct kind *k)
{
	struct watcher	*w;

	if (r->peer->n_streams >= PEER_STREAMS_MAX || (w = calloc(1, sizeof *w)) == NULL) {
		request_refuse(r, ERR_BUSY, NULL, "at most %d watches on a connection", PEER_STREAMS_MAX);
		return;
	}
	w->watches = ws;
	w->request = r;
	w->kind = k;
	w->since = ws->n_news;
	TAILQ_INSERT_TAIL(&ws->watchers, w, link);
	r->state = w;
	r->on_gone = watcher_on_gone;
	request_stream(r);
	request_send(r, json_pack("{s:{}}", "ok"));
}

static bool
is_watched(const struct watches *ws, const struct kind *k)
{
	const struct watcher	*w;

	TAILQ_FOREACH(w, &ws->watchers, link)
		if (w->kind == k)
			return true;
	return false;
}

static void
news_drop(struct watches *ws, struct news *news)
{
	TAILQ_REMOVE(&ws->news, news, link);
	ws->bytes -= news->bytes;
	free(news);
}

/* More happens than we can tell: rather none than a stream with a hole in it. */
static void
end_all(struct watches *ws)
{
	while (!TAILQ_EMPTY(&ws->watchers))
		peer_drop(TAILQ_FIRST(&ws->watchers)->request->peer, ERR_BUSY, "too slow: more happens than can be told");
	while (!TAILQ_EMPTY(&ws->news))
		news_drop(ws, TAILQ_FIRST(&ws->news));
}

static void
news_add(struct watches *ws, const struct kind *k, const char *what, const void *record, size_t n)
{
	struct news	*news;

	if (ws->bytes + n > BACKLOG_BYTES || (news = malloc(sizeof *news + n)) == NULL) {
		end_all(ws);
		return;
	}
	news->kind = k;
	news->what = what;
	news->n = ++ws->n_news;
	news->bytes = n;
	memcpy(news->record, record, n);
	ws->bytes += n;
	TAILQ_INSERT_TAIL(&ws->news, news, link);
	job_start(ws->control->jobs, &ws->job);
}

void
watch_event(struct watches *ws, struct store_bytes record)
{
	if (is_watched(ws, &event_kind))
		news_add(ws, &event_kind, "added", record.p, record.n);
}

void
watch_message(struct watches *ws, const char *what, const struct message *m)
{
	uint8_t	record[RECORD_MAX];
	int	n;

	if (is_watched(ws, &message_kind) && (n = record_encode(&message_kind, m, NULL, record, sizeof record)) > 0)
		news_add(ws, &message_kind, what, record, (size_t)n);
}

void
watch_registration(struct watches *ws, enum registrar_change change, const struct binding *b)
{
	static const char *const	words[] = {
		[BINDING_ADDED] = "added", [BINDING_CHANGED] = "changed", [BINDING_REMOVED] = "removed",
		[BINDING_REFRESHED] = "changed", [BINDING_TURNED] = "changed",
	};
	const struct source		*source = source_named("registration");
	struct keeper			*k = ws->control->keeper;
	struct binding			 whole = { .account_id = b->account_id };
	struct row			 r;
	uint8_t				 record[RECORD_MAX];
	int				 n;

	if (change == BINDING_PROBED || !is_watched(ws, &registration_kind))
		return;
	if (change == BINDING_REFRESHED || change == BINDING_TURNED) {	/* of which b is only what has changed */
		memcpy(whole.hash, b->hash, sizeof whole.hash);
		if (table_get(&k->db, &binding_kind, &whole) != 0)
			return;
		registrar_latest(k->registrar, &whole);
		b = &whole;
	}
	memset(&r, 0, sizeof r);
	if (source->make(ws->control->keeper, b, &r) != 0) {
		/* Its account was deleted with it: what the binding says is all that is left. */
		registration_make(&r.of.registration, b, &(struct account){ .id = b->account_id }, NULL);
	}
	if ((n = record_encode(&registration_kind, &r.of.registration, NULL, record, sizeof record)) > 0)
		news_add(ws, &registration_kind, words[change], record, (size_t)n);
}

static void
tell(struct watches *ws, const struct news *news)
{
	struct refs	 refs = keeper_refs(ws->control->keeper);
	struct watcher	*w, *next;
	union row_record record;
	json_t		*row;

	if (record_decode(news->kind, &record, NULL, news->record, news->bytes) != 0)
		return;
	row = json_of_record(news->kind, &record, &refs);
	for (w = TAILQ_FIRST(&ws->watchers); w != NULL; w = next) {
		next = TAILQ_NEXT(w, link);
		if (w->kind == news->kind && w->since < news->n)
			request_send(w->request, json_pack("{s:s, s:O}", "event", news->what, "row", row));
	}
	json_decref(row);
}

/* Dropping a peer ends all its watches: start over after each. */
static void
drop_slow(struct watches *ws)
{
	struct watcher	*w = TAILQ_FIRST(&ws->watchers);

	while (w != NULL) {
		if (peer_unread(w->request->peer) <= PEER_UNREAD_MAX) {
			w = TAILQ_NEXT(w, link);
			continue;
		}
		peer_drop(w->request->peer, ERR_BUSY, "too slow: over 1 MiB of a watch was not read");
		w = TAILQ_FIRST(&ws->watchers);
	}
}

static enum job_next
watches_step(struct job *j, int64_t until_us)
{
	struct watches	*ws = (struct watches *)(void *)((char *)j - offsetof(struct watches, job));
	struct news	*news;

	while ((news = TAILQ_FIRST(&ws->news)) != NULL) {
		tell(ws, news);
		news_drop(ws, news);
		if (job_is_late(until_us))
			break;
	}
	drop_slow(ws);
	return TAILQ_EMPTY(&ws->news) ? JOB_IDLE : JOB_MORE;
}

struct watches *
watches_new(struct control *c)
{
	struct watches	*ws = calloc(1, sizeof *ws);

	if (ws == NULL)
		return NULL;
	ws->control = c;
	ws->job.step = watches_step;
	TAILQ_INIT(&ws->watchers);
	TAILQ_INIT(&ws->news);
	return ws;
}

void
watches_free(struct watches *ws)
{
	if (ws == NULL)
		return;
	end_all(ws);
	job_stop(ws->control->jobs, &ws->job);
	free(ws);
}
