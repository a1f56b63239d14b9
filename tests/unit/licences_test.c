/* links: db sipd keeper */
/* Licences: what an operator may make of one, how it ends by itself, and that it goes with its account. */
#include "control_rig.h"

#include "core/group.h"
#include "core/licence.h"
#include "sipd/keeper/accounts.h"
#include "sipd/keeper/groups.h"
#include "sipd/keeper/licences.h"

static void
account(struct rig *rig, const char *name)
{
	struct txn		*t = txn_new(rig->k.db.store);
	struct edit		 e = edit_of(&account_kind, "group", "g", NULL);
	struct account_change	 c;
	struct fault		 f;

	assert_int_equal(accounts_add(&rig->k, t, "root", name, &e, &c, &f), 0);
	assert_int_equal(rig_commit(rig, t), 0);
}

static void
begin(struct rig *rig)
{
	struct edit	 e = { .n = 0 };
	struct group	 g;
	struct fault	 f;
	struct txn	*t;

	rig_open(rig);
	t = txn_new(rig->k.db.store);
	assert_int_equal(named_add(&rig->k, &groups_named, t, "root", "g", &e, &g, &f), 0);
	assert_int_equal(rig_commit(rig, t), 0);
	account(rig, "alice");
	account(rig, "bob");
}

static void
get(struct rig *rig, const char *name, struct licence *l)
{
	struct account	a;

	assert_int_equal(accounts_find(&rig->k, name, &a), 0);
	licences_get(&rig->k, &a, l);
}

/* Returns the code; the licence is as it then is. */
static int
set(struct rig *rig, const char *name, struct edit e, struct licence *l, struct fault *f)
{
	struct txn	*t = txn_new(rig->k.db.store);
	bool		 changed = false;
	int		 rc;

	get(rig, name, l);
	rc = licences_set(&rig->k, t, "root", &e, l, &changed, f);
	if (rc != 0 || !changed)
		txn_drop(t);
	else
		assert_int_equal(rig_commit(rig, t), 0);
	get(rig, name, l);
	return rc;
}
#define SET(rig, name, l, f, ...) set((rig), (name), edit_of(&licence_kind, __VA_ARGS__, NULL), (l), (f))

static void
clear(struct rig *rig, const char *name, struct licence *l)
{
	struct txn	*t = txn_new(rig->k.db.store);

	get(rig, name, l);
	licences_clear(&rig->k, t, "root", l);
	assert_int_equal(rig_commit(rig, t), 0);
	get(rig, name, l);
}

static void
verify(struct rig *rig)
{
	assert_int_equal(table_verify(&rig->k.db, &licence_kind, NULL, NULL), 0);
}

static void
test_set(void **state)
{
	struct rig	rig;
	struct licence	l;
	struct fault	f;
	char		first[sizeof l.key];

	(void)state;
	begin(&rig);
	get(&rig, "alice", &l);
	assert_int_equal(l.state, LICENCE_NONE);
	assert_string_equal(l.username, "alice");
	assert_int_equal(SET(&rig, "alice", &l, &f, "valid_until", "2099-12-31"), ERR_INVALID);
	assert_string_equal(f.text, "key: may not be empty; random makes one");
	assert_int_equal(SET(&rig, "alice", &l, &f, "key", "a b"), ERR_INVALID);
	assert_int_equal(SET(&rig, "alice", &l, &f, "key", "random", "valid_until", "2099-12-31"), 0);
	assert_int_equal(l.state, LICENCE_VALID);
	assert_int_equal(strlen(l.key), 23);
	assert_int_not_equal(l.valid_until, 0);
	(void)strcpy(first, l.key);
	assert_int_equal(SET(&rig, "bob", &l, &f, "key", first), ERR_EXISTS);
	assert_string_equal(f.text, "key: belongs to account alice");
	assert_int_equal(SET(&rig, "bob", &l, &f, "key", "random"), 0);
	assert_string_not_equal(l.key, first);
	assert_int_equal(count_get(&rig.k.db, "licences"), 2);
	assert_int_equal(SET(&rig, "alice", &l, &f, "username", "bob"), ERR_INVALID);
	assert_int_equal(SET(&rig, "alice", &l, &f, "state", "REVOKED"), 0);
	assert_int_equal(l.state, LICENCE_REVOKED);
	assert_int_equal(SET(&rig, "alice", &l, &f, "valid_until", "2001-01-01T00:00:00Z"), 0);
	assert_int_equal(l.state, LICENCE_REVOKED);	/* over or not */
	assert_int_equal(SET(&rig, "alice", &l, &f, "state", "VALID"), ERR_INVALID);
	assert_string_equal(f.text, "state: valid_until has passed: set that");
	assert_int_equal(SET(&rig, "alice", &l, &f, "state", "VALID", "valid_until", ""), 0);
	assert_int_equal(l.state, LICENCE_VALID);
	assert_int_equal(SET(&rig, "alice", &l, &f, "state", "EXPIRED"), ERR_INVALID);
	assert_int_equal(SET(&rig, "alice", &l, &f, "state", "CHECKING"), ERR_INVALID);
	assert_int_equal(SET(&rig, "alice", &l, &f, "valid_until", "2099-02-30"), ERR_INVALID);
	assert_int_equal(SET(&rig, "alice", &l, &f, "state", "NONE", "key", "ABCDEFGH"), ERR_INVALID);
	verify(&rig);
	assert_int_equal(SET(&rig, "alice", &l, &f, "state", "NONE"), 0);
	assert_int_equal(l.state, LICENCE_NONE);
	assert_string_equal(l.key, "");
	assert_int_equal(count_get(&rig.k.db, "licences"), 1);
	assert_int_equal(SET(&rig, "bob", &l, &f, "key", first), 0);	/* it is free again */
	verify(&rig);
	rig_close(&rig);
}

/* What a day or a time is, in the daemon's zone. */
static void
test_day(void **state)
{
	int64_t	day, time_;

	(void)state;
	(void)setenv("TZ", "Europe/Rome", 1);
	tzset();
	assert_int_equal(clock_parse_day("2027-12-31", &day), 0);
	assert_int_equal(clock_parse("2027-12-31T23:59:59+01:00", &time_), 0);
	assert_int_equal(day, time_);
	assert_int_equal(clock_parse_day("2027-06-30", &day), 0);
	assert_int_equal(clock_parse("2027-06-30T23:59:59+02:00", &time_), 0);
	assert_int_equal(day, time_);
	assert_int_equal(clock_parse_day("2027-02-29", &day), ERR_INVALID);
	assert_int_equal(clock_parse_day("2027-2-3", &day), ERR_INVALID);
	assert_int_equal(clock_parse_day("2027-12-31x", &day), ERR_INVALID);
	(void)setenv("TZ", "UTC", 1);
	tzset();
}

struct last {
	char	text[EVENT_TEXT];
	size_t	n;
};

static int
take_event(void *arg, const void *record)
{
	const struct event	*ev = record;
	struct last		*last = arg;

	if (strstr(ev->text, "expired") != NULL) {
		(void)snprintf(last->text, sizeof last->text, "%s", ev->text);
		last->n++;
	}
	return 0;
}

/* It ends by itself: seen at once by who reads it, written and told once. */
static void
test_end(void **state)
{
	struct rig	rig;
	struct licence	l, stored = { .account_id = 1 };
	struct fault	f;
	struct last	last = { .n = 0 };
	char		until[CLOCK_TEXT];

	(void)state;
	begin(&rig);
	(void)clock_text(keeper_now(&rig.k) + 60000, until);
	assert_int_equal(SET(&rig, "alice", &l, &f, "key", "ABCDEFGH", "valid_until", until), 0);
	assert_false(licences_tick(&rig.k));
	get(&rig, "alice", &l);
	assert_int_equal(l.state, LICENCE_VALID);
	rig.k.clock.offset_ms += 61000;
	get(&rig, "alice", &l);
	assert_int_equal(l.state, LICENCE_EXPIRED);
	assert_int_equal(licences_state(&rig.k, l.account_id), LICENCE_EXPIRED);
	stored.account_id = l.account_id;
	assert_int_equal(table_get(&rig.k.db, &licence_kind, &stored), 0);
	assert_int_equal(stored.state, LICENCE_VALID);
	for (int i = 0; i < 3; i++)
		assert_false(licences_tick(&rig.k));
	assert_int_equal(table_get(&rig.k.db, &licence_kind, &stored), 0);
	assert_int_equal(stored.state, LICENCE_EXPIRED);
	assert_int_equal(table_each(&rig.k.db, &event_kind, NULL, 0, take_event, &last), 0);
	assert_int_equal(last.n, 1);
	assert_string_equal(last.text, "licence alice: has expired");
	verify(&rig);
	assert_int_equal(SET(&rig, "alice", &l, &f, "valid_until", "2099-01-01"), 0);
	assert_int_equal(l.state, LICENCE_VALID);
	verify(&rig);
	rig_close(&rig);
}

/* Many that end in one moment take several slices. */
static void
test_many_end(void **state)
{
	struct rig	rig;
	struct licence	l;
	struct fault	f;
	char		until[CLOCK_TEXT], name[16];
	int		slices = 1;

	(void)state;
	begin(&rig);
	(void)clock_text(keeper_now(&rig.k) + 60000, until);
	for (int i = 0; i < 100; i++) {
		(void)snprintf(name, sizeof name, "u%d", i);
		account(&rig, name);
		assert_int_equal(SET(&rig, name, &l, &f, "key", "random", "valid_until", until), 0);
	}
	rig.k.clock.offset_ms += 61000;
	while (licences_tick(&rig.k))
		slices++;
	assert_true(slices > 1);
	for (int i = 0; i < 100; i++) {
		(void)snprintf(name, sizeof name, "u%d", i);
		get(&rig, name, &l);
		assert_int_equal(l.state, LICENCE_EXPIRED);
		assert_int_equal(l.ends_at, 0);
	}
	verify(&rig);
	rig_close(&rig);
}

static void
test_clear(void **state)
{
	struct rig	rig;
	struct licence	l;
	struct fault	f;
	struct txn	*t;
	int64_t		until;

	(void)state;
	begin(&rig);
	assert_int_equal(SET(&rig, "alice", &l, &f, "key", "ABCDEFGH", "valid_until", "2099-12-31"), 0);
	clear(&rig, "alice", &l);
	assert_int_equal(l.state, LICENCE_VALID);
	l.state = LICENCE_CHECKING;		/* as a client's request makes it */
	l.checked_at = 5;
	until = l.valid_until;
	t = txn_new(rig.k.db.store);
	table_put(t, &rig.k.db, &licence_kind, &l);
	assert_int_equal(rig_commit(&rig, t), 0);
	get(&rig, "alice", &l);
	assert_int_equal(l.state, LICENCE_CHECKING);
	clear(&rig, "alice", &l);
	assert_int_equal(l.state, LICENCE_VALID);
	assert_int_equal(l.checked_at, 0);
	assert_string_equal(l.key, "ABCDEFGH");
	assert_int_equal(l.valid_until, until);
	assert_int_equal(SET(&rig, "alice", &l, &f, "state", "REVOKED"), 0);
	clear(&rig, "alice", &l);
	assert_int_equal(l.state, LICENCE_REVOKED);
	verify(&rig);
	rig_close(&rig);
}

static void
test_goes_with_its_account(void **state)
{
	struct rig	rig;
	struct licence	l;
	struct account	a;
	struct fault	f;
	struct txn	*t;

	(void)state;
	begin(&rig);
	assert_int_equal(SET(&rig, "alice", &l, &f, "key", "ABCDEFGH", "valid_until", "2099-12-31"), 0);
	assert_int_equal(accounts_find(&rig.k, "alice", &a), 0);
	t = txn_new(rig.k.db.store);
	assert_int_equal(accounts_delete(&rig.k, t, "root", &a, &f), 0);
	assert_int_equal(rig_commit(&rig, t), 0);
	assert_int_equal(count_get(&rig.k.db, "licences"), 0);
	l = (struct licence){ .account_id = a.id };
	assert_int_equal(table_get(&rig.k.db, &licence_kind, &l), ERR_NOT_FOUND);
	account(&rig, "alice");
	get(&rig, "alice", &l);
	assert_int_equal(l.state, LICENCE_NONE);
	assert_int_equal(SET(&rig, "alice", &l, &f, "key", "ABCDEFGH"), 0);
	verify(&rig);
	rig_close(&rig);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_set), cmocka_unit_test(test_day), cmocka_unit_test(test_end), cmocka_unit_test(test_many_end),
		cmocka_unit_test(test_clear), cmocka_unit_test(test_goes_with_its_account),
	};

	return cmocka_run_group_tests_name("licences", tests, NULL, NULL);
}
