/*
 * `verify`: every index entry has its record, every record its index entries.  Done in slices while the
 * daemon serves; what a slice reads is of one moment, so that changes in between are no faults.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/account.h"
#include "core/binding.h"
#include "core/call.h"
#include "core/err.h"
#include "core/event.h"
#include "core/group.h"
#include "core/licence.h"
#include "core/log.h"
#include "core/message.h"
#include "core/profile.h"
#include "core/sms.h"
#include "core/trunk.h"
#include "core/web_token.h"
#include "db/sorts.h"
#include "db/words.h"
#include "sipd/keeper/control.h"
#include "sipd/keeper/job.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/request.h"

enum { VERIFY_STEP = 32 };

static const struct kind *const	stored[] = {
	&group_kind, &account_kind, &binding_kind, &profile_kind, &trunk_kind, &licence_kind, &message_kind, &message_seen_kind, &call_kind,
	&call_dialog_kind, &event_kind, &web_token_kind, &sms_kind,
};

struct verify {
	struct request	*request;
	size_t		 kind;		/* of stored[] */
	size_t		 phase;		/* 0: its records; then one for each of its indexes; then its sorted entries */
	uint8_t		 at[KEY_MAX + 1];	/* the next key to look at, at the earliest */
	size_t		 at_n;
	size_t		 n_step;
	uint64_t	 checked, faults;
	char		 fault[256];	/* the first one */
	struct job	 job;
};

union record {
	struct account	account;
	struct group	group;
	struct binding	binding;
	struct profile	profile;
	struct trunk	trunk;
	struct licence	licence;
	struct message	message;
	struct message_seen seen;
	struct sms	sms;
	struct call	call;
	struct call_dialog call_dialog;
	struct event	event;
	struct web_token token;
};

static void
fault(struct verify *v, enum table t, struct store_bytes key, const char *what)
{
	char	hex[65] = "";

	for (size_t i = 0; i < key.n && i < 32; i++)
		(void)snprintf(hex + 2 * i, sizeof hex - 2 * i, "%02x", ((const uint8_t *)key.p)[i]);
	if (v->faults++ == 0)
		(void)snprintf(v->fault, sizeof v->fault, "%s %s: %s", table_name(t), hex, what);
	log_error("verify: %s %s: %s", table_name(t), hex, what);
}

/* The entry that the record should have in the index: the length of its key, 0 if none. */
static size_t
entry_of(const struct kind *k, const struct index *ix, const void *record, struct store_bytes primary,
    uint8_t key[2 * KEY_MAX])
{
	int	n;

	if (field_is_empty(kind_tag(k, ix->tags[0]), record) || (n = record_key(k, ix->tags, record, key)) < 0)
		return 0;
	if (ix->unique)
		return (size_t)n;
	memcpy(key + n, primary.p, primary.n);
	return (size_t)n + primary.n;
}

static int
verify_record(struct verify *v, struct store_bytes key, struct store_bytes value)
{
	const struct kind	*k = stored[v->kind];
	const struct db		*db = &v->request->keeper->db;
	union record		 record;
	uint8_t			 entry[2 * KEY_MAX];

	if (record_decode(k, &record, NULL, value.p, value.n) != 0) {
		fault(v, k->table, key, "the record is damaged");
		return 0;
	}
	for (size_t i = 0; i < k->n_indexes; i++) {
		const struct index	*ix = &k->indexes[i];
		size_t			 n = entry_of(k, ix, &record, key, entry);
		struct store_bytes	 found;

		if (n == 0)
			continue;
		if (store_get(db->store, ix->table, entry, n, &found) != 0)
			fault(v, ix->table, key, "the record's entry is missing");
		else if (ix->unique && (found.n != key.n || memcmp(found.p, key.p, key.n) != 0))
			fault(v, ix->table, key, "the entry is another record's");
	}
	if (sorts_ready(db, k) && sorts_missing(db, k, &record, key.p, key.n) != NULL)
		fault(v, k->sorts, key, "the record's entry is missing");
	if (words_ready(db, k) && !words_has_all(db, k, &record, key.p, key.n))
		fault(v, k->words, key, "a word of the record is missing");
	return 0;
}

/* Two indexes may share a table (both numbers of an account): any that makes this entry will do. */
static bool
is_entry_of(const struct kind *k, enum table t, const void *record, struct store_bytes primary, struct store_bytes key)
{
	uint8_t	entry[2 * KEY_MAX];

	for (size_t i = 0; i < k->n_indexes; i++) {
		size_t	n = k->indexes[i].table == t ? entry_of(k, &k->indexes[i], record, primary, entry) : 0;

		if (n == key.n && memcmp(entry, key.p, n) == 0)
			return true;
	}
	return false;
}

static size_t
key_bytes(const struct kind *k)
{
	union record	none;
	uint8_t		key[KEY_MAX];

	memset(&none, 0, sizeof none);
	return (size_t)record_key(k, k->key, &none, key);	/* primary keys are of fixed length */
}

static int
verify_entry(struct verify *v, struct store_bytes key, struct store_bytes value)
{
	const struct kind	*k = stored[v->kind];
	const struct index	*ix = &k->indexes[v->phase - 1];
	size_t			 n = key_bytes(k);
	struct store_bytes	 primary = value, found;
	union record		 record;

	if (!ix->unique)
		primary = (struct store_bytes){ (const uint8_t *)key.p + (key.n < n ? 0 : key.n - n), n };
	if (key.n < n && !ix->unique)
		fault(v, ix->table, key, "the entry is damaged");
	else if (store_get(v->request->keeper->db.store, k->table, primary.p, primary.n, &found) != 0)
		fault(v, ix->table, key, "there is no record for the entry");
	else if (record_decode(k, &record, NULL, found.p, found.n) == 0 && !is_entry_of(k, ix->table, &record,
	    primary, key))
		fault(v, ix->table, key, "the record has another value");
	return 0;
}

/* The tables that follow from fields' flags, not from indexes: TABLE_NONE when the kind has no so many. */
static enum table
derived(const struct verify *v, size_t i)
{
	const struct kind	*k = stored[v->kind];
	const struct db		*db = &v->request->keeper->db;
	enum table		 tables[2];
	size_t			 n = 0;

	if (sorts_ready(db, k))
		tables[n++] = k->sorts;
	if (words_ready(db, k))
		tables[n++] = k->words;
	return i < n ? tables[i] : TABLE_NONE;
}

/* An entry of one of them, which ends with the key of its record. */
static int
verify_derived(struct verify *v, enum table t, struct store_bytes key, struct store_bytes value)
{
	const struct kind	*k = stored[v->kind];
	size_t			 n = key_bytes(k);
	const uint8_t		*primary = (const uint8_t *)key.p + (key.n < n ? 0 : key.n - n);
	struct store_bytes	 found;
	union record		 record;

	if (key.n < n)
		fault(v, t, key, "the entry is damaged");
	else if (store_get(v->request->keeper->db.store, k->table, primary, n, &found) != 0)
		fault(v, t, key, "there is no record for the entry");
	else if (record_decode(k, &record, NULL, found.p, found.n) == 0 && (t == k->sorts ?
	    !sorts_is_entry(k, &record, primary, n, key, value) : !words_is_entry(k, &record, primary, n, key)))
		fault(v, t, key, "the record has another value");
	return 0;
}

/* TABLE_NONE: the kind is done. */
static enum table
table_of_phase(const struct verify *v)
{
	const struct kind	*k = stored[v->kind];

	if (v->phase == 0)
		return k->table;
	return v->phase <= k->n_indexes ? k->indexes[v->phase - 1].table : derived(v, v->phase - 1 - k->n_indexes);
}

static int
verify_one(void *arg, struct store_bytes key, struct store_bytes value)
{
	struct verify	*v = arg;

	v->checked++;
	v->n_step++;
	memcpy(v->at, key.p, key.n);
	v->at[key.n] = 0;		/* the next possible key */
	v->at_n = key.n + 1;
	if (v->phase == 0)
		return verify_record(v, key, value);
	if (v->phase <= stored[v->kind]->n_indexes)
		return verify_entry(v, key, value);
	return verify_derived(v, table_of_phase(v), key, value);
}

/* One step through the table at hand, then on to the next.  False when all is checked. */
static bool
verify_step(struct verify *v)
{
	v->n_step = 0;
	(void)store_range(v->request->keeper->db.store, table_of_phase(v), (struct store_bytes){ v->at, v->at_n }, NULL, false,
	    VERIFY_STEP, verify_one, v);
	if (v->n_step == VERIFY_STEP)
		return true;
	v->at_n = 0;
	v->phase++;
	if (table_of_phase(v) == TABLE_NONE) {
		v->phase = 0;
		v->kind++;
	}
	return v->kind < sizeof stored / sizeof stored[0];
}

static enum job_next
verify_job(struct job *j, int64_t until_us)
{
	struct verify	*v = (struct verify *)(void *)((char *)j - offsetof(struct verify, job));
	struct request	*r = v->request;

	while (verify_step(v))
		if (job_is_late(until_us))
			return JOB_MORE;
	r->on_gone = NULL;
	if (v->faults == 0)
		request_ok(r, json_pack("{s:I}", "checked", (json_int_t)v->checked));
	else
		request_refuse(r, ERR_CORRUPT, NULL, "%llu faults, the first: %s", (unsigned long long)v->faults, v->fault);
	free(v);
	return JOB_IDLE;
}

static void
verify_on_gone(struct request *r)
{
	struct verify	*v = r->state;

	job_stop(r->control->jobs, &v->job);
	free(v);
	r->state = NULL;
}

static void
verify_run(struct request *r)
{
	struct verify	*v = calloc(1, sizeof *v);

	if (v == NULL) {
		request_refuse(r, ERR_BUSY, NULL, "out of memory");
		return;
	}
	v->request = r;
	v->job.step = verify_job;
	r->state = v;
	r->on_gone = verify_on_gone;
	job_start(r->control->jobs, &v->job);
}

const struct handler	verify_handlers[] = {
	{ "verify", verify_run },
	{ NULL, NULL },
};
