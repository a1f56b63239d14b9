#include "sipd/keeper/view.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "sipd/keeper/control.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/peer.h"

size_t
view_position(const struct view *v, const uint8_t *key)
{
	size_t	position;

	if (!sorted_position(v->set->sorted, key, &position))
		return SIZE_MAX;
	return v->spec.reverse ? sorted_count(v->set->sorted) - 1 - position : position;
}

void
view_show(struct view *v, size_t position)
{
	if (position >= v->spec.first && position < v->spec.first + v->spec.count)
		return;
	v->spec.first = position > v->spec.count / 2 ? position - v->spec.count / 2 : 0;
}

/* Never past the end; at it where the view follows. */
static void
clamp(struct view *v)
{
	size_t	n = sorted_count(v->set->sorted), last = n > v->spec.count ? n - v->spec.count : 0;

	if (v->spec.follow || v->spec.first > last)
		v->spec.first = last;
}

/* What the peer has of a row; at first looks where it was in the window before. */
static const struct view_sent *
sent_find(const struct view_sent *sent, size_t n, size_t hint, const uint8_t *key, size_t key_n)
{
	if (hint < n && memcmp(sent[hint].key, key, key_n) == 0)
		return &sent[hint];
	for (size_t i = 0; i < n; i++)
		if (memcmp(sent[i].key, key, key_n) == 0)
			return &sent[i];
	return NULL;
}

/* Adds the rows that the peer does not have like that, and the order if it is another one.  Returns whether anything was added. */
static bool
add_window(struct view *v, json_t *o, bool whole)
{
	const struct source	*source = v->set->spec.source;
	struct keeper		*k = v->peer->control->keeper;
	struct view_sent	 was[VIEW_COUNT_MAX];
	uint8_t			 keys[VIEW_COUNT_MAX][ROW_KEY_MAX];
	size_t			 n_was = whole ? 0 : v->n_sent, n = 0;
	size_t			 n_keys = sorted_rows(v->set->sorted, v->spec.first, v->spec.count, v->spec.reverse, keys);
	json_t			*rows = json_object(), *order = json_array();
	bool			 moved = false, added;

	memcpy(was, v->sent, n_was * sizeof was[0]);
	v->is_known = n_keys > 0 || v->spec.first >= sorted_count(v->set->sorted);
	for (size_t i = 0; i < n_keys; i++) {
		const uint8_t		*key = keys[i];
		const struct view_sent	*had;
		struct row		 r;
		char			 id[ROW_ID_TEXT];

		if (source_get(k, source, key, &r) != 0)
			continue;	/* it has just gone; that is noted, and will be told */
		had = sent_find(was, n_was, n, key, source->key_n);
		moved |= had != &was[n];
		memcpy(v->sent[n].key, key, source->key_n);
		v->sent[n].hash = source_hash(source, &r, v->set->epoch);
		if (had == NULL || had->hash != v->sent[n].hash)
			(void)json_object_set_new_nocheck(rows, row_id(source, key, id), source_json(k, source, &r));
		(void)json_array_append_new(order, json_string_nocheck(row_id(source, key, id)));
		n++;
	}
	moved |= n != n_was || whole;
	v->n_sent = n;
	added = moved || json_object_size(rows) > 0;
	if (moved)
		(void)json_object_set_nocheck(o, "order", order);
	(void)json_object_set_nocheck(o, "rows", rows);
	json_decref(order);
	json_decref(rows);
	return added;
}

/* Returns whether they differ from those that the peer has. */
static bool
add_counts(struct view *v, json_t *o)
{
	struct live_set	*set = v->set;
	struct keeper	*k = v->peer->control->keeper;
	uint64_t	 total = set->spec.source->total(k), h;
	uint64_t	 users = set->spec.source->users == NULL ? 0 : set->spec.source->users(k);
	uint64_t	 today = set->spec.source->today == NULL ? 0 : set->spec.source->today(k);
	size_t		 matched = sorted_count(set->sorted);
	double		 done = sorted_done(set->sorted);
	/* what is walked is in order from the beginning */
	bool		 changed, ready = set->ready || (sorted_is_walked(set->sorted) && v->is_known);

	(void)json_object_set_new_nocheck(o, "view", json_integer(v->id));
	(void)json_object_set_new_nocheck(o, "total", json_integer((json_int_t)total));
	(void)json_object_set_new_nocheck(o, "matched", json_integer((json_int_t)matched));
	(void)json_object_set_new_nocheck(o, "first", json_integer((json_int_t)v->spec.first));
	(void)json_object_set_new_nocheck(o, "state", json_string_nocheck(ready ? "ready" : "sorting"));
	(void)json_object_set_new_nocheck(o, "done", json_real(ready ? 1 : done));
	(void)json_object_set_new_nocheck(o, "ms", json_integer(set->took_ms));
	if (set->spec.source->users != NULL)
		(void)json_object_set_new_nocheck(o, "users", json_integer((json_int_t)users));
	if (set->spec.source->today != NULL)
		(void)json_object_set_new_nocheck(o, "today", json_integer((json_int_t)today));
	h = ((total * 31 + users) * 31 + today) * 31 + matched;
	h = (h * 31 + v->spec.first) * 1021 + (ready ? 1000 : (uint64_t)(done * 1000)) + ready;
	changed = h != v->counts_hash;
	v->counts_hash = h;
	return changed;
}

json_t *
view_whole(struct view *v)
{
	json_t	*o = json_object();

	clamp(v);
	(void)add_window(v, o, true);
	(void)add_counts(v, o);
	v->dirty = 0;
	v->pushed_at_ms = clock_boot_ms();
	return o;
}

static void
push(struct view *v)
{
	json_t	*o = json_object();
	bool	 news;

	clamp(v);
	news = (v->dirty & VIEW_ROWS) && add_window(v, o, false);
	news |= add_counts(v, o);
	v->dirty = 0;
	if (!news) {
		json_decref(o);
		return;
	}
	v->pushed_at_ms = clock_boot_ms();
	peer_send(v->peer, o);
}

static void
view_on_time(evutil_socket_t fd, short what, void *arg)
{
	struct view	*v = arg;

	(void)fd;
	(void)what;
	if (peer_unread(v->peer) <= PEER_UNREAD_VIEW)
		push(v);		/* else view_on_drained() comes back to it */
}

static void
view_schedule(struct view *v)
{
	int64_t		wait_ms = v->pushed_at_ms + VIEW_INTERVAL_MS - clock_boot_ms();
	struct timeval	tv = { 0, wait_ms <= 0 ? 0 : (suseconds_t)(wait_ms % VIEW_INTERVAL_MS) * 1000 };

	if (v->dirty != 0 && !evtimer_pending(v->timer, NULL))
		(void)evtimer_add(v->timer, &tv);
}

void
view_touch(struct view *v, unsigned what)
{
	v->dirty |= what;
	view_schedule(v);
}

void
view_hurry(struct view *v)
{
	static const struct timeval	at_once = { 0, 0 };

	v->dirty |= VIEW_COUNTS | VIEW_ROWS;
	(void)evtimer_add(v->timer, &at_once);
}

void
view_on_drained(struct view *v)
{
	view_schedule(v);
}

void
view_on_change(struct view *v, enum sorted_change change, size_t position)
{
	size_t	end = v->spec.first + v->spec.count;

	if (change == SORTED_NONE)
		view_touch(v, VIEW_COUNTS);	/* of the total, perhaps */
	else if (v->spec.reverse || v->spec.follow || position < end)
		view_touch(v, VIEW_COUNTS | VIEW_ROWS);
	else
		view_touch(v, VIEW_COUNTS);
}

void
view_on_row(struct view *v, const uint8_t *key)
{
	bool	sent = sent_find(v->sent, v->n_sent, 0, key, v->set->spec.source->key_n) != NULL;

	view_touch(v, sent ? VIEW_COUNTS | VIEW_ROWS : VIEW_COUNTS);
}

struct view *
view_find(const struct peer *p, json_int_t id)
{
	for (size_t i = 0; i < PEER_VIEWS_MAX; i++)
		if (p->views[i] != NULL && p->views[i]->id == id)
			return p->views[i];
	return NULL;
}

struct view *
view_open(struct peer *p, const struct view_spec *spec)
{
	struct view	*v;
	size_t		 i = 0;

	while (i < PEER_VIEWS_MAX && p->views[i] != NULL)
		i++;
	if (i == PEER_VIEWS_MAX || (v = calloc(1, sizeof *v)) == NULL)
		return NULL;
	v->peer = p;
	v->spec = *spec;
	if ((v->timer = evtimer_new(p->control->keeper->base, view_on_time, v)) == NULL ||
	    (v->set = live_enter(p->control->live, &spec->sorted, v)) == NULL) {
		if (v->timer != NULL)
			event_free(v->timer);
		free(v);
		return NULL;
	}
	filter_hold(&v->spec.sorted.filter);
	v->id = ++p->last_view;
	p->views[i] = v;
	return v;
}

int
view_change(struct view *v, const struct view_spec *spec)
{
	struct filter	was = v->spec.sorted.filter;

	v->spec = *spec;
	filter_hold(&v->spec.sorted.filter);
	filter_clear(&was);
	if (sorted_spec_eq(&v->set->spec, &spec->sorted))
		return 0;
	live_leave(v->set, v);
	v->set = live_enter(v->peer->control->live, &spec->sorted, v);
	return v->set == NULL ? -ENOMEM : 0;
}

void
view_close(struct view *v)
{
	for (size_t i = 0; i < PEER_VIEWS_MAX; i++)
		if (v->peer->views[i] == v)
			v->peer->views[i] = NULL;
	if (v->set != NULL)
		live_leave(v->set, v);
	filter_clear(&v->spec.sorted.filter);
	event_free(v->timer);
	free(v);
}
