#include "sipd/keeper/calls_watch.h"

#include <stdlib.h>

#include "core/binding.h"
#include "db/table.h"
#include "sipd/keeper/accounts.h"
#include "sipd/keeper/calls.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/qualify.h"
#include "sipd/keeper/trunk_engine.h"
#include "sipd/keeper/trunk_probe.h"

enum { EVERY_MS = 5000, SLICE = 16, HEARD_MAX = 1 << 20 };

struct calls_watch {
	struct keeper	*k;
	int64_t		 next_at;		/* of the next look at all of them */
	uint64_t	 at;			/* the call that was looked at last; 0: none, it begins */
	bool		 looking;
	/* What the front told since its hello, of calls that were there before. */
	bool		 listening, told;
	int64_t		 front_at;
	uint64_t	*heard;
	size_t		 n, max;
};

struct calls_watch *
calls_watch_new(struct keeper *k)
{
	struct calls_watch	*w = calloc(1, sizeof *w);

	if (w == NULL)
		return NULL;
	w->k = k;
	w->next_at = INT64_MAX;		/* until a front is there */
	return w;
}

void
calls_watch_free(struct calls_watch *w)
{
	if (w == NULL)
		return;
	free(w->heard);
	free(w);
}

const char *
calls_why_over(const struct call *c, const struct call_known *known, int64_t now)
{
	if (c->state != CALL_ANSWERED && c->epoch != known->epoch)
		return "Server Restarted";
	if (c->epoch == known->epoch && known->forgotten)
		return "its end was not seen";
	if (c->state != CALL_ANSWERED)
		return NULL;
	if (c->session_until != 0 && now >= c->session_until)
		return "its session was not refreshed";
	if (known->longest_s != 0 && now - c->answered_at >= (int64_t)known->longest_s * 1000)
		return "longer than a call may last";
	if (known->gone && c->gone_at != 0 && now - c->gone_at >= (int64_t)known->gone_s * 1000)
		return "neither side can be reached";
	return NULL;
}

static void
heard_forget(struct calls_watch *w)
{
	free(w->heard);
	w->heard = NULL;
	w->n = w->max = 0;
	w->listening = w->told = false;
}

void
calls_watch_front(struct calls_watch *w)
{
	heard_forget(w);
	w->listening = true;
	w->front_at = keeper_now(w->k);
}

void
calls_watch_heard(struct calls_watch *w, uint64_t seq)
{
	if (w == NULL || !w->listening)
		return;
	if (w->n == w->max) {
		size_t		 max = w->max == 0 ? 256 : 2 * w->max;
		uint64_t	*more = max > HEARD_MAX ? NULL : realloc(w->heard, max * sizeof *more);

		if (more == NULL) {
			heard_forget(w);	/* then none is judged by it */
			return;
		}
		w->heard = more;
		w->max = max;
	}
	w->heard[w->n++] = seq;
}

static int
compare(const void *a, const void *b)
{
	const uint64_t	*x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The next look is at once; one that is under way begins again. */
void
calls_watch_told(struct calls_watch *w)
{
	if (w->listening && w->n > 0)
		qsort(w->heard, w->n, sizeof *w->heard, compare);
	w->told = w->listening;
	w->listening = false;
	w->looking = false;
	w->next_at = 0;
}

struct reachable {
	struct keeper	*k;
	size_t		 n;
};

static void
count_reachable(void *arg, const struct binding *b)
{
	struct reachable	*r = arg;

	r->n += binding_is_reachable(b, r->k->stream_epoch, keeper_now(r->k));
}

static bool
account_is_gone(struct keeper *k, uint64_t id)
{
	enum device_status	best;
	uint32_t		latency_ms;
	struct reachable	r = { .k = k };

	(void)accounts_bindings(k, id, count_reachable, &r);
	if (r.n == 0 || k->qualify == NULL)
		return r.n == 0;
	best = qualify_best(k->qualify, id, &latency_ms);
	return best == DEVICE_UNREACHABLE || best == DEVICE_UNKNOWN;
}

static bool
trunk_is_gone(const struct keeper *k, uint64_t id)
{
	const struct trunk_state	*s = trunk_engine_find(k->trunks, id);

	for (size_t i = 0; s != NULL && i < s->n_targets; i++)
		if (trunk_target_usable(s->targets[i]) && s->targets[i]->device.status != DEVICE_UNREACHABLE &&
		    s->targets[i]->device.status != DEVICE_UNKNOWN)
			return false;
	return true;
}

static bool
both_are_gone(struct keeper *k, const struct call *c)
{
	const uint64_t	accounts[] = { c->from_account, c->to_account };

	for (size_t i = 0; i < sizeof accounts / sizeof accounts[0]; i++)
		if (accounts[i] != 0 ? !account_is_gone(k, accounts[i]) : !trunk_is_gone(k, c->trunk_id))
			return false;
	return true;
}

static void
gone_set(struct keeper *k, struct call *c, int64_t at)
{
	struct txn	*t = txn_new(k->db.store);

	if (t == NULL)
		return;
	c->gone_at = at;
	table_put(t, &k->db, &call_kind, c);
	(void)store_commit(t, NULL, NULL);
}

static void
look_at(struct calls_watch *w, struct call *c)
{
	struct keeper		*k = w->k;
	int64_t			 now = keeper_now(k);
	struct call_known	 known = { .epoch = k->sip_epoch, .longest_s = k->conf.calls.longest, .gone_s = k->conf.calls.gone };
	const char		*why;

	known.forgotten = w->told && c->began_at < w->front_at &&
	    (w->n == 0 || bsearch(&c->seq, w->heard, w->n, sizeof *w->heard, compare) == NULL);
	known.gone = c->state == CALL_ANSWERED && both_are_gone(k, c);
	if ((why = calls_why_over(c, &known, now)) != NULL) {
		(void)calls_hang_up(k, c);
		calls_end(k, c, 503, span_of(why));
	} else if (known.gone != (c->gone_at != 0))
		gone_set(k, c, known.gone ? now : 0);
}

struct slice {
	struct call	calls[SLICE];
	size_t		n;
};

static int
take(void *arg, const void *record)
{
	struct slice		*s = arg;
	const struct call	*c = record;

	s->calls[s->n++] = *c;
	return 0;
}

bool
calls_watch_tick(struct calls_watch *w)
{
	struct slice	s;
	struct call	after = { .seq = w->at };
	int64_t		now = keeper_now(w->k);

	if (!w->looking && now < w->next_at)
		return false;
	if (!w->looking)
		after.seq = 0;
	s.n = 0;
	(void)table_each(&w->k->db, &call_kind, after.seq == 0 ? NULL : &after, SLICE, take, &s);
	for (size_t i = 0; i < s.n; i++)
		look_at(w, &s.calls[i]);
	w->looking = s.n == SLICE;
	if (w->looking) {
		w->at = s.calls[s.n - 1].seq;
		return true;
	}
	w->next_at = now + EVERY_MS;
	if (w->told)
		heard_forget(w);
	return false;
}
