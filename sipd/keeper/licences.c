/*
 * A licence's state is stored as it was set; that its time has passed is seen whenever it is read, and written once by licences_tick(),
 * which finds it at the beginning of TABLE_LICENCE_BY_END.
 */
#include "sipd/keeper/licences.h"

#include <sodium.h>
#include <string.h>

#include "core/err.h"
#include "core/log.h"
#include "core/varint.h"
#include "sipd/keeper/events.h"
#include "sipd/keeper/keeper.h"

enum { SLICE = 32, KEY_GROUPS = 4, KEY_LETTERS = 5, WHOLE_KEY = KEY_GROUPS * (KEY_LETTERS + 1) };

enum licence_state
licences_state(struct keeper *k, uint64_t account_id)
{
	struct licence		l;
	struct store_bytes	value;
	uint8_t			key[8];

	be64_put(key, account_id);
	if (store_get(k->db.store, TABLE_LICENCE, key, sizeof key, &value) != 0 ||
	    record_decode(&licence_kind, &l, NULL, value.p, value.n) != 0)
		return LICENCE_NONE;
	return licence_state_at(&l, keeper_now(k));
}

void
licences_complete(struct keeper *k, struct licence *l)
{
	struct account	a;

	if (table_peek(&k->db, &account_kind, l->account_id, &a) == 0)
		memcpy(l->username, a.username, sizeof l->username);
	l->state = (uint8_t)licence_state_at(l, keeper_now(k));
}

void
licences_get(struct keeper *k, const struct account *a, struct licence *l)
{
	memset(l, 0, sizeof *l);
	l->account_id = a->id;
	if (table_get(&k->db, &licence_kind, l) != 0) {
		memset(l, 0, sizeof *l);
		l->account_id = a->id;
	}
	memcpy(l->username, a->username, sizeof l->username);
	l->state = (uint8_t)licence_state_at(l, keeper_now(k));
}

/* Letters and digits that are not taken for one another: 100 bits. */
static void
random_key(char key[WHOLE_KEY])
{
	static const char	letters[] = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

	for (int i = 0; i < WHOLE_KEY; i++)
		key[i] = i % (KEY_LETTERS + 1) == KEY_LETTERS ? '-' : letters[randombytes_uniform(sizeof letters - 1)];
	key[WHOLE_KEY - 1] = '\0';
}

/* What an operator may make of its state. */
static int
check_state(const struct licence *before, const struct licence *l, const struct edit *e, int64_t now, struct fault *fault)
{
	bool	over = l->valid_until != 0 && l->valid_until <= now;

	if (edit_item(e, "state") == NULL || l->state == before->state)
		return 0;
	if (l->state == LICENCE_EXPIRED)
		return fault_set(fault, ERR_INVALID, "state", "follows from valid_until: set that, or REVOKED");
	if (l->state == LICENCE_CHECKING)
		return fault_set(fault, ERR_INVALID, "state", "is set while a client waits: must be VALID or REVOKED, or NONE to take it away");
	if (l->state == LICENCE_VALID && over)
		return fault_set(fault, ERR_INVALID, "state", "valid_until has passed: set that");
	if (l->state == LICENCE_NONE && e->n > 1)
		return fault_set(fault, ERR_INVALID, "state", "NONE takes the licence away: set nothing else with it");
	return 0;
}

static int
check(struct keeper *k, const struct licence *l, struct fault *fault)
{
	const struct field	*f;
	struct licence		 other = *l;
	char			 why[256];
	int			 rc;

	if (l->key[0] == '\0')
		return fault_set(fault, ERR_INVALID, "key", "may not be empty; random makes one");
	if ((rc = record_check(&licence_kind, l, &f, why, sizeof why)) != 0)
		return fault_set(fault, rc, f->name, "%s", why);
	if (table_clash(&k->db, &licence_kind, l) == NULL)
		return 0;
	if (table_find(&k->db, &licence_kind, TABLE_LICENCE_BY_KEY, &other) == 0)
		licences_complete(k, &other);
	return fault_set(fault, ERR_EXISTS, "key", "belongs to account %s", other.username);
}

static void
write(struct keeper *k, struct txn *t, const struct licence *before, struct licence *l)
{
	bool	was = before->key[0] != '\0';

	l->version++;
	if (l->state == LICENCE_NONE) {
		table_delete(t, &k->db, &licence_kind, l);
		count_add(t, &k->db, "licences", -1);
		return;
	}
	l->ends_at = l->state == LICENCE_VALID || l->state == LICENCE_CHECKING ? l->valid_until : 0;
	table_put(t, &k->db, &licence_kind, l);
	if (!was)
		count_add(t, &k->db, "licences", 1);
}

/* key=random is what it comes to. */
static void
take_random(struct licence *l)
{
	if (strcmp(l->key, "random") == 0)
		random_key(l->key);
}

static int
apply(struct keeper *k, struct edit *e, struct licence *l, struct fault *fault)
{
	const struct licence	before = *l;
	struct refs		refs = keeper_refs(k);
	int			rc;

	if ((rc = edit_conflicts(e, l, l->version, &refs, fault)) != 0 || (rc = edit_apply(e, l, false, &refs, fault)) != 0 ||
	    (rc = check_state(&before, l, e, keeper_now(k), fault)) != 0)
		return rc;
	if (edit_item(e, "state") == NULL && l->state == LICENCE_NONE)
		l->state = LICENCE_VALID;	/* a new one */
	if (l->state == LICENCE_NONE) {
		*l = (struct licence){ .account_id = l->account_id, .version = l->version };
		memcpy(l->username, before.username, sizeof l->username);
		return 0;
	}
	take_random(l);
	l->state = (uint8_t)licence_state_at(l, keeper_now(k));
	return check(k, l, fault);
}

int
licences_set(struct keeper *k, struct txn *t, const char *operator, struct edit *e, struct licence *l, bool *changed, struct fault *fault)
{
	const struct licence	before = *l;
	struct refs		refs = keeper_refs(k);
	char			what[EDIT_WHAT];
	int			rc;

	if ((rc = apply(k, e, l, fault)) != 0)
		return rc;
	*changed = edit_describe(&licence_kind, &before, l, &refs, what, sizeof what) > 0;
	if (!*changed)
		return 0;
	write(k, t, &before, l);
	events_add(k->events, t, EVENT_INFO, "admin", l->username, operator, "licence %s: %s", l->username, what);
	return 0;
}

void
licences_clear(struct keeper *k, struct txn *t, const char *operator, struct licence *l)
{
	const struct licence	before = *l;

	l->checked_at = 0;
	if (l->state == LICENCE_CHECKING)
		l->state = LICENCE_VALID;
	write(k, t, &before, l);
	events_add(k->events, t, EVENT_INFO, "admin", l->username, operator, "licence %s: cleared, was %s", l->username,
	    licence_words[before.state]);
}

bool
licences_check_begin(struct keeper *k, struct txn *t, const char *who, struct licence *l)
{
	const struct licence	before = *l;

	if (l->state != LICENCE_VALID || l->checked_at != 0)
		return false;
	l->state = LICENCE_CHECKING;
	write(k, t, &before, l);
	events_add(k->events, t, EVENT_INFO, "licence", l->username, who, "licence %s: VALID -> CHECKING, its client asks for the first time",
	    l->username);
	return true;
}

void
licences_check_end(struct keeper *k, struct txn *t, const char *who, struct licence *l)
{
	const struct licence	before = *l;

	if (l->state == LICENCE_CHECKING)
		l->state = LICENCE_VALID;
	l->checked_at = keeper_now(k);
	l->state = (uint8_t)licence_state_at(l, l->checked_at);
	write(k, t, &before, l);
	if (l->state != before.state)
		events_add(k->events, t, EVENT_INFO, "licence", l->username, who, "licence %s: %s -> %s", l->username,
		    licence_words[before.state], licence_words[l->state]);
}

bool
licences_delete(struct keeper *k, struct txn *t, uint64_t account_id)
{
	struct licence	l = { .account_id = account_id };

	if (table_get(&k->db, &licence_kind, &l) != 0)
		return false;
	table_delete(t, &k->db, &licence_kind, &l);
	count_add(t, &k->db, "licences", -1);
	return true;
}

struct found {
	uint64_t	ids[SLICE];
	size_t		n;
};

static int
collect(void *arg, struct store_bytes key, struct store_bytes value)
{
	struct found	*f = arg;

	(void)value;
	if (key.n == 16)
		f->ids[f->n++] = be64_get((const uint8_t *)key.p + 8);
	return 0;
}

static void
expire(struct keeper *k, struct txn *t, uint64_t account_id)
{
	struct licence	before = { .account_id = account_id }, l;

	if (table_get(&k->db, &licence_kind, &before) != 0)
		return;
	l = before;
	licences_complete(k, &l);
	write(k, t, &before, &l);
	events_add(k->events, t, EVENT_WARN, "licence", l.username, NULL, "licence %s: has expired", l.username);
}

bool
licences_tick(struct keeper *k)
{
	uint8_t			to[8];
	struct store_bytes	end = { to, sizeof to };
	struct found		f = { .n = 0 };
	struct txn		*t;
	int			 rc;

	be64_put(to, (uint64_t)keeper_now(k) + 1);
	(void)store_range(k->db.store, TABLE_LICENCE_BY_END, (struct store_bytes){ 0 }, &end, false, SLICE, collect, &f);
	if (f.n == 0 || !store_is_taking(k->db.store))
		return false;
	t = txn_new(k->db.store);
	for (size_t i = 0; i < f.n; i++)
		expire(k, t, f.ids[i]);
	if ((rc = store_commit(t, NULL, NULL)) != 0)
		log_error("licence: that some have expired was not stored: %s", err_text(rc));
	return rc == 0 && f.n == SLICE;
}
