#include "sipd/keeper/live.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/varint.h"
#include "db/sorts.h"
#include "sipd/keeper/accounts.h"
#include "sipd/keeper/control.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/registrar.h"
#include "sipd/keeper/view.h"
#include "sipd/keeper/watch.h"

enum {
	NOTED_MAX = 1 << 17,		/* keys; over it the set is sorted anew */
	FIRST_SLICE_US = 4000,		/* of a new set, before its first answer */
	FIRST_COUNT_US = 500,		/* the same where rows can be shown at once */
	STEP = 16,
	LINGER_MS = 15000, LINGER_ROWS = 1000,	/* fewer are sorted again in no time */
	LINGER_WALKED_MS = 600000,	/* what the store sorts takes next to no memory here, and no time */
};

static const struct timeval	sweep_every = { 5, 0 };

struct live {
	struct control			*control;
	TAILQ_HEAD(, live_set)		 sets;
	const struct source		*accounts, *groups, *registrations, *profiles, *licences, *messages, *trunks, *calls, *events;
	struct event			*sweep;		/* of sets that lingered long enough */
};

/* Sorts anew; what there was goes on being shown where memory is short. */
static void
set_restart(struct live_set *set)
{
	struct sorted	*fresh = sorted_new(set->live->control->keeper, &set->spec);

	if (fresh == NULL) {
		log_error("control: no memory to sort %ss anew", set->spec.source->kind->name);
		return;
	}
	sorted_free(set->sorted, set->live->control->jobs);
	set->sorted = fresh;
	set->n_noted = set->noted_done = 0;
	set->changed_at = 0;
	set->ready = false;
	set->begun_us = clock_boot_us();
	job_start(set->live->control->jobs, &set->job);
}

static void
set_touch_all(struct live_set *set, unsigned what)
{
	struct view	*v;

	TAILQ_FOREACH(v, &set->views, in_set)
		view_touch(v, what);
}

static void
set_note(struct live_set *set, const uint8_t *key)
{
	size_t	n = set->spec.source->key_n;

	if (sorted_is_walked(set->sorted) && TAILQ_EMPTY(&set->views))
		return;
	if (set->n_noted > set->noted_done && memcmp(set->noted[set->n_noted - 1], key, n) == 0)
		return;
	if (set->n_noted == set->noted_max) {
		size_t	max = set->noted_max == 0 ? 64 : 2 * set->noted_max;
		void	*more = max > NOTED_MAX ? NULL : realloc(set->noted, max * sizeof *set->noted);

		if (more == NULL) {
			set_restart(set);
			return;
		}
		set->noted = more;
		set->noted_max = max;
	}
	memcpy(set->noted[set->n_noted++], key, n);
	job_start(set->live->control->jobs, &set->job);
}

/* Nobody looks at it now. */
static void
set_leave(struct live_set *set)
{
	set->left_ms = clock_boot_ms();
	if (!evtimer_pending(set->live->sweep, NULL))
		(void)evtimer_add(set->live->sweep, &sweep_every);
}

static struct live_set *set_new(struct live *, const struct sorted_spec *);

static void
set_update(struct live_set *set, const uint8_t *key)
{
	struct view		*v;
	size_t			 position;
	enum sorted_change	 change = sorted_update(set->sorted, key, &position);

	TAILQ_FOREACH(v, &set->views, in_set) {
		if (change == SORTED_THERE)
			view_on_row(v, key);
		else
			view_on_change(v, change, position);
	}
}

static struct live_set *
set_find(const struct live *l, const struct sorted_spec *spec)
{
	struct live_set	*set;

	TAILQ_FOREACH(set, &l->sets, link)
		if (sorted_spec_eq(&set->spec, spec))
			break;
	return set;
}

/* Who looks at a long list may sort it by another column next: those that the store has in order are counted, one after the other. */
static void
live_prepare(struct live *l, const struct live_set *like)
{
	const struct kind	*k = like->spec.source->kind;
	struct sorted_spec	 spec = like->spec;
	struct live_set		*set;

	if (!sorted_is_walked(like->sorted) || spec.group_id != 0 || sorted_count(like->sorted) < LINGER_ROWS)
		return;
	for (size_t i = 0; i < k->n_fields; i++) {
		spec.sort = &k->fields[i];
		if (!sorts_has_field(k, spec.sort) || set_find(l, &spec) != NULL)
			continue;
		if ((set = set_new(l, &spec)) != NULL)
			set_leave(set);
		return;
	}
}

static bool
set_scan(struct live_set *set, int64_t until_us)
{
	if (sorted_scan(set->sorted, until_us))
		return true;
	set->ready = true;
	if (!sorted_is_walked(set->sorted))
		set->took_ms = (uint32_t)((clock_boot_us() - set->begun_us) / 1000);
	return false;
}

/* What changed in a walked set is counted again; then its views are told from where on. */
static bool
set_count(struct live_set *set, int64_t until_us)
{
	struct view	*v;
	bool		 more = set_scan(set, until_us);

	if (more && set->ready)
		return true;
	TAILQ_FOREACH(v, &set->views, in_set)
		view_on_change(v, SORTED_MOVED, set->changed_at);
	if (more)
		return true;
	set->changed_at = SIZE_MAX;
	live_prepare(set->live, set);
	return false;
}

static void
set_hurry_all(struct live_set *set)
{
	struct view	*v;

	TAILQ_FOREACH(v, &set->views, in_set)
		view_hurry(v);
}

static enum job_next
set_step(struct job *j, int64_t until_us)
{
	struct live_set	*set = (struct live_set *)(void *)((char *)j - offsetof(struct live_set, job));

	if (sorted_is_walked(set->sorted) && set->changed_at != SIZE_MAX && set_count(set, until_us))
		return JOB_MORE;
	if (!set->ready) {
		if (set_scan(set, until_us))
			set_touch_all(set, VIEW_COUNTS | VIEW_ROWS);
		else
			set_hurry_all(set);
		return !set->ready || set->noted_done < set->n_noted ? JOB_MORE : JOB_IDLE;
	}
	while (set->noted_done < set->n_noted) {
		set_update(set, set->noted[set->noted_done++]);
		if (set->noted_done % STEP == 0 && job_is_late(until_us))
			return JOB_MORE;
	}
	set->n_noted = set->noted_done = 0;
	return JOB_IDLE;
}

static void
set_free(struct live_set *set)
{
	job_stop(set->live->control->jobs, &set->job);
	TAILQ_REMOVE(&set->live->sets, set, link);
	sorted_free(set->sorted, set->live->control->jobs);
	filter_clear(&set->spec.filter);
	free(set->noted);
	free(set);
}

static struct live_set *
set_new(struct live *l, const struct sorted_spec *spec)
{
	struct live_set	*set = calloc(1, sizeof *set);

	if (set == NULL || (set->sorted = sorted_new(l->control->keeper, spec)) == NULL) {
		free(set);
		return NULL;
	}
	set->live = l;
	set->spec = *spec;
	filter_hold(&set->spec.filter);
	set->changed_at = 0;
	set->job.step = set_step;
	set->begun_us = clock_boot_us();
	TAILQ_INIT(&set->views);
	TAILQ_INSERT_TAIL(&l->sets, set, link);
	if (set_scan(set, set->begun_us + (sorted_is_walked(set->sorted) ? FIRST_COUNT_US : FIRST_SLICE_US)))
		job_start(l->control->jobs, &set->job);
	else
		set->changed_at = SIZE_MAX;
	return set;
}

struct live_set *
live_enter(struct live *l, const struct sorted_spec *spec, struct view *v)
{
	struct live_set	*set = set_find(l, spec);

	if (set == NULL && (set = set_new(l, spec)) == NULL)
		return NULL;
	TAILQ_INSERT_TAIL(&set->views, v, in_set);
	if (set->changed_at != SIZE_MAX)
		job_start(l->control->jobs, &set->job);		/* while nobody looked */
	return set;
}

/* Back from a filter or another screen, a large list need not be sorted again. */
static bool
set_lingers(const struct live_set *set)
{
	return set->ready && set->spec.filter.query == NULL && sorted_count(set->sorted) >= LINGER_ROWS;
}

void
live_leave(struct live_set *set, struct view *v)
{
	TAILQ_REMOVE(&set->views, v, in_set);
	if (!TAILQ_EMPTY(&set->views))
		return;
	if (!set_lingers(set)) {
		set_free(set);
		return;
	}
	set_leave(set);
}

static void
live_on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct live	*l = arg;
	struct live_set	*set, *next;
	bool		 more = false;

	(void)fd;
	(void)what;
	for (set = TAILQ_FIRST(&l->sets); set != NULL; set = next) {
		next = TAILQ_NEXT(set, link);
		if (!TAILQ_EMPTY(&set->views))
			continue;
		if (clock_boot_ms() - set->left_ms >= (sorted_is_walked(set->sorted) ? LINGER_WALKED_MS : LINGER_MS))
			set_free(set);
		else
			more = true;
	}
	if (more)
		(void)evtimer_add(l->sweep, &sweep_every);
}

static void
note(struct live *l, const struct source *source, const uint8_t *key)
{
	struct live_set	*set;

	TAILQ_FOREACH(set, &l->sets, link)
		if (set->spec.source == source)
			set_note(set, key);
}

/* An entry of an order that the store keeps. */
static void
note_entry(struct live *l, enum table t, struct store_bytes key)
{
	struct live_set	*set;
	size_t		 at;

	TAILQ_FOREACH(set, &l->sets, link) {
		if (!sorted_note(set->sorted, t, key, &at))
			continue;
		if (at < set->changed_at || set->changed_at == SIZE_MAX)
			set->changed_at = at;
		if (!TAILQ_EMPTY(&set->views))
			job_start(l->control->jobs, &set->job);
	}
}

static void
on_sort(void *arg, enum table t, struct store_bytes key, struct store_bytes value)
{
	(void)value;
	note_entry(arg, t, key);
}

static void
binding_key(const struct binding *b, uint8_t key[8 + BINDING_KEY])
{
	be64_put(key, b->account_id);
	memcpy(key + 8, b->hash, BINDING_KEY);
}

static void
note_binding(void *arg, const struct binding *b)
{
	struct live	*l = arg;
	uint8_t		 key[8 + BINDING_KEY];

	binding_key(b, key);
	note(l, l->registrations, key);
}

/* What a message waits for is whether its account is on line and enabled. */
static void
touch_messages(struct live *l)
{
	struct live_set	*set;

	TAILQ_FOREACH(set, &l->sets, link)
		if (set->spec.source == l->messages)
			set_touch_all(set, VIEW_ROWS);
}

static void
on_account(void *arg, enum table t, struct store_bytes key, struct store_bytes value)
{
	struct live	*l = arg;

	(void)t;
	if (key.n != 8)
		return;
	note(l, l->accounts, key.p);
	touch_messages(l);
	if (value.p != NULL)
		(void)accounts_bindings(l->control->keeper, be64_get(key.p), note_binding, l);
}

/* Whether rows of a kind have a field that is called, and shows, what another kind's records are called. */
static bool
shows_name_of(const struct kind *k, const char *kind)
{
	const struct field	*f = kind_field(k, kind);

	return f != NULL && (f->type == FT_REF || f->type == FT_STR);
}

/* A group's new name is in the rows, and perhaps in the order, of its accounts and registrations; a profile's in those that use it. */
static void
on_named(struct live *l, const struct source *source, struct store_bytes key)
{
	const char	*name = source->kind->name;
	struct live_set	*set;

	if (key.n != source->key_n)
		return;
	note(l, source, key.p);
	TAILQ_FOREACH(set, &l->sets, link) {
		if (set->spec.source == source || !shows_name_of(set->spec.source->kind, name))
			continue;
		set->epoch++;
		if (set->spec.filter.query != NULL || strcmp(set->spec.sort->name, name) == 0)
			set_restart(set);
		set_touch_all(set, VIEW_COUNTS | VIEW_ROWS);
	}
}

static void
on_group(void *arg, enum table t, struct store_bytes key, struct store_bytes value)
{
	struct live	*l = arg;

	(void)t;
	(void)value;
	on_named(l, l->groups, key);
}

static void
on_profile(void *arg, enum table t, struct store_bytes key, struct store_bytes value)
{
	struct live	*l = arg;

	(void)t;
	(void)value;
	on_named(l, l->profiles, key);
}

/* Its key is the account's, which shows its state. */
static void
on_licence(void *arg, enum table t, struct store_bytes key, struct store_bytes value)
{
	struct live	*l = arg;

	(void)t;
	(void)value;
	if (key.n != 8)
		return;
	note(l, l->licences, key.p);
	note(l, l->accounts, key.p);
}

/* So is that of what became of its SMS. */
static void
on_sms(void *arg, enum table t, struct store_bytes key, struct store_bytes value)
{
	struct live	*l = arg;

	(void)t;
	(void)value;
	if (key.n == 8)
		note(l, l->accounts, key.p);
}

static void
on_message(void *arg, enum table t, struct store_bytes key, struct store_bytes value)
{
	struct live	*l = arg;

	(void)t;
	(void)value;
	if (key.n == 8)
		note(l, l->messages, key.p);
}

static void
on_call(void *arg, enum table t, struct store_bytes key, struct store_bytes value)
{
	struct live	*l = arg;

	(void)t;
	(void)value;
	if (key.n == 8)
		note(l, l->calls, key.p);
}

void
live_trunk_changed(struct live *l, const uint8_t key[8])
{
	note(l, l->trunks, key);
}

static void
on_trunk(void *arg, enum table t, struct store_bytes key, struct store_bytes value)
{
	(void)t;
	(void)value;
	if (key.n == 8)
		live_trunk_changed(arg, key.p);
}

/* "group/7/accounts" */
static void
on_count(void *arg, enum table t, struct store_bytes name, struct store_bytes value)
{
	struct live	*l = arg;
	uint8_t		 key[8];
	char		 text[64];

	(void)t;
	(void)value;
	if (name.n >= sizeof text || name.n < sizeof "group/" || memcmp(name.p, "group/", sizeof "group/" - 1) != 0)
		return;
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	be64_put(key, strtoull(text + sizeof "group/" - 1, NULL, 10));
	note(l, l->groups, key);
}

static void
on_event(void *arg, enum table t, struct store_bytes key, struct store_bytes value)
{
	struct live	*l = arg;

	(void)t;
	if (key.n == l->events->key_n)
		note(l, l->events, key.p);
	note_entry(l, t, key);
	if (value.p != NULL)
		watch_event(l->control->watches, value);
}

static void
on_registration(void *arg, enum registrar_change change, const struct binding *b)
{
	struct live	*l = arg;
	struct live_set	*set;
	uint8_t		 key[8 + BINDING_KEY];

	binding_key(b, key);
	if (change == BINDING_ADDED || change == BINDING_REMOVED)
		touch_messages(l);
	TAILQ_FOREACH(set, &l->sets, link) {
		if (set->spec.source == l->accounts && change != BINDING_CHANGED && change != BINDING_REFRESHED)
			set_note(set, key);	/* its first 8 bytes are the account's */
		if (set->spec.source == l->registrations)
			set_note(set, key);
	}
	watch_registration(l->control->watches, change, b);
}

static const struct {
	enum table	 table;
	store_watch_fn	 fn;
} watched[] = {
	{ TABLE_ACCOUNT, on_account }, { TABLE_GROUP, on_group }, { TABLE_COUNT, on_count }, { TABLE_EVENT, on_event },
	{ TABLE_ACCOUNT_SORT, on_sort }, { TABLE_MESSAGE_SORT, on_sort },
	{ TABLE_PROFILE, on_profile }, { TABLE_LICENCE, on_licence }, { TABLE_SMS, on_sms }, { TABLE_MESSAGE, on_message },
	{ TABLE_TRUNK, on_trunk }, { TABLE_CALL, on_call },
};

struct live *
live_new(struct control *c)
{
	struct live		*l = calloc(1, sizeof *l);
	struct keeper		*k = c->keeper;
	const struct store_bytes everything = { NULL, 0 };

	if (l == NULL)
		return NULL;
	l->control = c;
	l->accounts = source_named("account");
	l->groups = source_named("group");
	l->registrations = source_named("registration");
	l->profiles = source_named("profile");
	l->licences = source_named("licence");
	l->messages = source_named("message");
	l->trunks = source_named("trunk");
	l->calls = source_named("call");
	l->events = source_named("event");
	TAILQ_INIT(&l->sets);
	if ((l->sweep = evtimer_new(k->base, live_on_sweep, l)) == NULL) {
		free(l);
		return NULL;
	}
	for (size_t i = 0; i < sizeof watched / sizeof watched[0]; i++) {
		if (store_watch(k->db.store, watched[i].table, everything, watched[i].fn, l) != 0) {
			live_free(l);
			return NULL;
		}
	}
	registrar_watch(k->registrar, on_registration, l);
	return l;
}

void
live_free(struct live *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < sizeof watched / sizeof watched[0]; i++)
		store_unwatch(l->control->keeper->db.store, watched[i].fn, l);
	registrar_unwatch(l->control->keeper->registrar, on_registration, l);
	while (!TAILQ_EMPTY(&l->sets))
		set_free(TAILQ_FIRST(&l->sets));
	event_free(l->sweep);
	free(l);
}

void
live_undone(struct live *l)
{
	struct live_set	*set;

	TAILQ_FOREACH(set, &l->sets, link)
		set_restart(set);
}
