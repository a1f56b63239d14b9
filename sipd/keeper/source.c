#include "sipd/keeper/calls.h"
#include "sipd/keeper/source.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "core/err.h"
#include "core/varint.h"
#include "sipd/keeper/accounts.h"
#include "sipd/keeper/events.h"
#include "sipd/keeper/groups.h"
#include "sipd/keeper/json.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/licences.h"
#include "sipd/keeper/queue.h"
#include "sipd/keeper/reach.h"
#include "sipd/keeper/registrar.h"
#include "sipd/keeper/trunks.h"

static void
prepare_account(struct keeper *k, struct row *r)
{
	r->group_id = r->of.account.group_id;
	accounts_live(k, &r->of.account);
	r->device = r->of.account.device_status;
}

/* Product C3. */
static void
elsewhere_tell(struct row *r, const struct binding *b, const struct account *a)
{
	(void)snprintf(r->elsewhere, sizeof r->elsewhere, "at %s, assigned %s", b->node, a->server);
}

static void
add_device(void *arg, const struct binding *b)
{
	struct row	*r = arg;

	r->registrations++;
	if (account_is_elsewhere(&r->of.account, b))
		elsewhere_tell(r, b, &r->of.account);
}

static void
complete_account(struct keeper *k, struct row *r)
{
	(void)accounts_bindings(k, r->of.account.id, add_device, r);
}

static void
more_elsewhere(const struct row *r, json_t *o)
{
	if (r->elsewhere[0] != '\0')
		(void)json_object_set_new_nocheck(o, "_elsewhere", json_string_nocheck(r->elsewhere));
}

static void
more_account(const struct row *r, json_t *o)
{
	const struct registration	device = { .device_status = r->device };

	(void)json_object_set_new_nocheck(o, "_version", json_integer((json_int_t)r->of.account.version));
	(void)json_object_set_new_nocheck(o, "_registrations", json_integer((json_int_t)r->registrations));
	(void)json_object_set_new_nocheck(o, "_device",
	    json_of_field(kind_field(&registration_kind, "device_status"), &device, NULL));
	more_elsewhere(r, o);
}

static uint64_t
total_accounts(struct keeper *k)
{
	return count_get(&k->db, "accounts");
}

static void
prepare_group(struct keeper *k, struct row *r)
{
	groups_count(k, &r->of.group);
}

static void
more_group(const struct row *r, json_t *o)
{
	(void)json_object_set_new_nocheck(o, "_version", json_integer((json_int_t)r->of.group.version));
}

static uint64_t
total_groups(struct keeper *k)
{
	return count_get(&k->db, "groups");
}

static void
more_profile(const struct row *r, json_t *o)
{
	(void)json_object_set_new_nocheck(o, "_version", json_integer((json_int_t)r->of.profile.version));
}

static uint64_t
total_profiles(struct keeper *k)
{
	return count_get(&k->db, "profiles");
}

static void
prepare_licence(struct keeper *k, struct row *r)
{
	licences_complete(k, &r->of.licence);
}

static void
more_licence(const struct row *r, json_t *o)
{
	(void)json_object_set_new_nocheck(o, "_version", json_integer((json_int_t)r->of.licence.version));
}

static uint64_t
total_licences(struct keeper *k)
{
	return count_get(&k->db, "licences");
}

static int
make_registration(struct keeper *k, const struct binding *stored, struct row *r)
{
	struct binding	b = *stored;
	struct account	a;
	struct group	g = { .id = 0 };
	struct refs	refs = keeper_refs(k);
	int		rc;

	if ((rc = table_peek(&k->db, &account_kind, b.account_id, &a)) != 0)
		return rc;
	(void)refs.name_of(refs.ctx, "group", a.group_id, g.name, sizeof g.name);
	registrar_latest(k->registrar, &b);
	registration_make(&r->of.registration, &b, &a, &g);
	if (account_is_elsewhere(&a, &b))
		elsewhere_tell(r, &b, &a);
	qualify_tell(k->qualify, b.account_id, b.hash, &r->probe);
	r->group_id = a.group_id;
	return 0;
}

static void
more_registration(const struct row *r, json_t *o)
{
	(void)json_object_set_new_nocheck(o, "_probe", qualify_json(&r->probe));
	more_elsewhere(r, o);
}

static uint64_t
total_registrations(struct keeper *k)
{
	return registrar_bindings(k->registrar);
}

static uint64_t
users_registered(struct keeper *k)
{
	return registrar_accounts(k->registrar);
}

static int
take_number(void *arg, struct store_bytes key, struct store_bytes value)
{
	(void)value;
	if (key.n == 16)
		*(uint64_t *)arg = be64_get((const uint8_t *)key.p + 8);
	return 0;
}

/* Events are numbered one by one and trimmed from the oldest on. */
static uint64_t
total_events(struct keeper *k)
{
	const struct store_bytes	all = { NULL, 0 };
	uint64_t			oldest = 1, newest = 0;

	(void)store_range(k->db.store, TABLE_EVENT, all, NULL, false, 1, take_number, &oldest);
	(void)store_range(k->db.store, TABLE_EVENT, all, NULL, true, 1, take_number, &newest);
	return newest + 1 - oldest;
}

static uint64_t
today_events(struct keeper *k)
{
	return events_today(k->events);
}

static void
prepare_trunk(struct keeper *k, struct row *r)
{
	trunk_live(k, &r->of.trunk);
}

static void
more_trunk(const struct row *r, json_t *o)
{
	(void)json_object_set_new_nocheck(o, "_version", json_integer((json_int_t)r->of.trunk.version));
}

static uint64_t
total_trunks(struct keeper *k)
{
	return count_get(&k->db, "trunks");
}

/* What stands in the place of a time that is not known, or not any more. */
static void
complete_message(struct keeper *k, struct row *r)
{
	const struct message	*m = &r->of.message;
	struct reach_facts	 facts;
	struct account		 a;

	if (table_peek(&k->db, &account_kind, m->to_account, &a) != 0 || (k->queue != NULL && queue_is_sending(k->queue, m))) {
		r->waits = "now";
		return;
	}
	reach_look(k, &a, &facts);
	if (!a.enabled)
		r->waits = "when it is enabled";
	else if (facts.reachable == 0 || m->tries >= k->conf.queue.tries)
		r->waits = "when it registers";
	else if (k->queue != NULL && !queue_is_first(k->queue, m))
		r->waits = "in its turn";
	else if (m->next_try <= keeper_now(k))
		r->waits = "now";
}

static void
more_message(const struct row *r, json_t *o)
{
	(void)json_object_set_new_nocheck(o, "_waits", r->waits == NULL ? json_null() : json_string_nocheck(r->waits));
}

static uint64_t
total_messages(struct keeper *k)
{
	return count_get(&k->db, "queued");
}

static void
prepare_call(struct keeper *k, struct row *r)
{
	call_live(k, &r->of.call);
}

static void
complete_call(struct keeper *k, struct row *r)
{
	const struct call	*c = &r->of.call;
	struct account		 a;

	if (table_peek(&k->db, &account_kind, c->from_account != 0 ? c->from_account : c->to_account, &a) == 0)
		memcpy(r->account, a.username, sizeof r->account);
}

/* Since when its duration is counted, as who shows it lets it go on; and whose it is, which numbers do not tell. */
static void
more_call(const struct row *r, json_t *o)
{
	const struct call	*c = &r->of.call;

	(void)json_object_set_new_nocheck(o, "_from", json_of_time(c->answered_at != 0 ? c->answered_at : c->began_at));
	if (r->account[0] != '\0')
		(void)json_object_set_new_nocheck(o, "_account", json_string_nocheck(r->account));
}

static uint64_t
total_calls(struct keeper *k)
{
	return count_get(&k->db, "calls");
}

const struct source	sources[] = {
	{ .kind = &account_kind, .stored = &account_kind, .key_n = 8, .tie = "username", .prepare = prepare_account,
	  .complete = complete_account, .more = more_account, .total = total_accounts },
	{ .kind = &group_kind, .stored = &group_kind, .key_n = 8, .tie = "name", .prepare = prepare_group,
	  .more = more_group, .total = total_groups },
	{ .kind = &registration_kind, .stored = &binding_kind, .key_n = 8 + BINDING_KEY, .tie = "username",
	  .make = make_registration, .more = more_registration, .total = total_registrations, .users = users_registered },
	{ .kind = &profile_kind, .stored = &profile_kind, .key_n = 8, .tie = "name", .more = more_profile, .total = total_profiles },
	{ .kind = &licence_kind, .stored = &licence_kind, .key_n = 8, .tie = "username", .prepare = prepare_licence,
	  .more = more_licence, .total = total_licences },
	{ .kind = &trunk_kind, .stored = &trunk_kind, .key_n = 8, .tie = "name", .prepare = prepare_trunk, .more = more_trunk,
	  .total = total_trunks },
	{ .kind = &message_kind, .stored = &message_kind, .key_n = 8, .backwards = true, .natural = "received",
	  .complete = complete_message, .more = more_message, .total = total_messages },
	{ .kind = &call_kind, .stored = &call_kind, .key_n = 8, .natural = "since", .prepare = prepare_call, .complete = complete_call, .more = more_call, .total = total_calls },
	{ .kind = &event_kind, .stored = &event_kind, .key_n = 16, .backwards = true, .natural = "time",
	  .total = total_events, .today = today_events },
};
const size_t	n_sources = sizeof sources / sizeof sources[0];

const struct source *
source_named(const char *kind)
{
	for (size_t i = 0; i < n_sources; i++)
		if (strcmp(sources[i].kind->name, kind) == 0)
			return &sources[i];
	return NULL;
}

static int
row_make(struct keeper *k, const struct source *s, struct store_bytes value, struct row *r)
{
	struct binding	b;
	int		rc;

	r->group_id = 0;
	r->registrations = 0;
	r->device = DEVICE_NONE;
	r->elsewhere[0] = '\0';
	r->account[0] = '\0';
	r->waits = NULL;
	r->probe = (struct qualify_told){ 0 };
	if (s->make == NULL)
		rc = record_decode(s->stored, &r->of, NULL, value.p, value.n);
	else if ((rc = record_decode(&binding_kind, &b, NULL, value.p, value.n)) == 0)
		rc = s->make(k, &b, r);
	if (rc == 0 && s->prepare != NULL)
		s->prepare(k, r);
	return rc;
}

int
source_peek(struct keeper *k, const struct source *s, const uint8_t *key, struct row *r)
{
	struct store_bytes	value;
	int			rc;

	if ((rc = store_get(k->db.store, s->stored->table, key, s->key_n, &value)) != 0)
		return rc;
	return row_make(k, s, value, r);
}

int
source_get(struct keeper *k, const struct source *s, const uint8_t *key, struct row *r)
{
	int	rc = source_peek(k, s, key, r);

	if (rc == 0 && s->complete != NULL)
		s->complete(k, r);
	return rc;
}

struct scan {
	struct keeper		*keeper;
	const struct source	*source;
	const struct filter	*filter;
	struct cursor		*cursor;
	source_fn		 fn;
	void			*arg;
	size_t			 n;
};

static int
scan_one(void *arg, struct store_bytes key, struct store_bytes value)
{
	struct scan	*scan = arg;
	struct row	 r;

	scan->n++;
	if (key.n != scan->source->key_n)
		return 0;
	memcpy(scan->cursor->key, key.p, key.n);
	scan->cursor->passed++;
	if (scan->source->make == NULL && !filter_may_match(scan->filter, value.p, value.n))
		return 0;
	if (row_make(scan->keeper, scan->source, value, &r) != 0)
		return 0;
	return scan->fn(scan->arg, key.p, &r);
}

bool
source_scan(struct keeper *k, const struct source *s, const struct filter *filter, struct cursor *cursor,
    size_t limit, source_fn fn, void *arg)
{
	struct scan		 scan = { .keeper = k, .source = s, .filter = filter, .cursor = cursor,
	    .fn = fn, .arg = arg };
	uint8_t			 at[ROW_KEY_MAX + 1];
	struct store_bytes	 from = { NULL, 0 }, to = { at, s->key_n };
	bool			 bounded = false;

	memcpy(at, cursor->key, s->key_n);
	at[s->key_n] = 0;
	if (cursor->passed > 0 && s->backwards)
		bounded = true;			/* up to, but not with, the cursor */
	else if (cursor->passed > 0)
		from = (struct store_bytes){ at, s->key_n + 1 };	/* the next possible key */
	if (store_range(k->db.store, s->stored->table, from, bounded ? &to : NULL, s->backwards, limit,
	    scan_one, &scan) != 0)
		return true;
	return scan.n == limit;
}

json_t *
source_json(struct keeper *k, const struct source *s, const struct row *r)
{
	struct refs	 refs = keeper_refs(k);
	json_t		*o = json_of_record(s->kind, &r->of, &refs);

	if (s->more != NULL)
		s->more(r, o);
	return o;
}

json_t *
source_listed(struct keeper *k, const struct source *s, struct row *r)
{
	struct refs	 refs = keeper_refs(k);
	json_t		*o = json_of_record(s->kind, &r->of, &refs);

	if (s->kind == &account_kind && r->of.account.server[0] != '\0')
		complete_account(k, r);
	more_elsewhere(r, o);
	return o;
}

/* FNV-1a: only ever compared with what we made ourselves. */
static uint64_t
hash_bytes(uint64_t h, const void *bytes, size_t n)
{
	const uint8_t	*p = bytes;

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * UINT64_C(0x100000001b3);
	return (h ^ n) * UINT64_C(0x100000001b3);
}

uint64_t
source_hash(const struct source *s, const struct row *r, uint64_t seed)
{
	uint64_t	h = hash_bytes(UINT64_C(0xcbf29ce484222325), &seed, sizeof seed);

	for (size_t i = 0; i < s->kind->n_fields; i++) {
		const struct field	*f = &s->kind->fields[i];
		const char		*m = (const char *)&r->of + f->offset;

		if (f->flags & FF_SECRET)
			continue;
		h = hash_bytes(h, m, f->type == FT_STR ? strnlen(m, f->size) : f->size);
	}
	h = hash_bytes(h, &r->registrations, sizeof r->registrations);
	h = hash_bytes(h, r->elsewhere, strlen(r->elsewhere));
	h = hash_bytes(h, &r->probe.sent_at, sizeof r->probe.sent_at);
	h = hash_bytes(h, &r->probe.answered_at, sizeof r->probe.answered_at);
	h = hash_bytes(h, &r->probe.next_at, sizeof r->probe.next_at);
	h = hash_bytes(h, r->waits, r->waits == NULL ? 0 : strlen(r->waits));
	return hash_bytes(h, &r->device, sizeof r->device);
}

const char *
row_id(const struct source *s, const uint8_t *key, char id[ROW_ID_TEXT])
{
	id[0] = s->kind->name[0];
	(void)sodium_bin2hex(id + 1, ROW_ID_TEXT - 1, key, s->key_n);
	return id;
}

int
row_of_id(const struct source *s, const char *id, uint8_t key[ROW_KEY_MAX])
{
	size_t	n;

	if (id[0] != s->kind->name[0] || strlen(id) != 1 + 2 * s->key_n ||
	    sodium_hex2bin(key, ROW_KEY_MAX, id + 1, 2 * s->key_n, NULL, &n, NULL) != 0 || n != s->key_n)
		return ERR_INVALID;
	return 0;
}
