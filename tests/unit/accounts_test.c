/* links: db sipd keeper */
#include "control_rig.h"

#include "core/text.h"
#include "sipd/keeper/accounts.h"
#include "sipd/keeper/groups.h"

static uint64_t
make_group(struct rig *rig, const char *name)
{
	struct edit	e = { .n = 0 };
	struct txn	*t = txn_new(rig->k.db.store);
	struct group	g;
	struct fault	fault;

	assert_int_equal(named_add(&rig->k, &groups_named, t, "root", name, &e, &g, &fault), 0);
	assert_int_equal(rig_commit(rig, t), 0);
	return g.id;
}

/* 0 and the account, or the code and the fault. */
static int
add(struct rig *rig, const char *username, struct edit e, struct account_change *c, struct fault *fault)
{
	struct txn	*t = txn_new(rig->k.db.store);
	int		 rc = accounts_add(&rig->k, t, "root", username, &e, c, fault);

	if (rc != 0) {
		txn_drop(t);
		return rc;
	}
	assert_int_equal(rig_commit(rig, t), 0);
	return 0;
}

static int
set(struct rig *rig, const char *username, struct edit *e, struct account_change *c, struct fault *fault)
{
	struct txn	*t = txn_new(rig->k.db.store);
	struct account	 now;
	int		 rc;

	assert_int_equal(accounts_find(&rig->k, username, &now), 0);
	if ((rc = accounts_set(&rig->k, t, "root", &now, e, c, fault)) != 0 || !c->changed) {
		txn_drop(t);
		return rc;
	}
	assert_int_equal(rig_commit(rig, t), 0);
	return 0;
}

#define SET(rig, name, c, fault, ...)	\
	(edit = edit_of(&account_kind, __VA_ARGS__, NULL), set((rig), (name), &edit, (c), (fault)))

static void
refused_as(int rc, const struct fault *fault, int code, const char *field, const char *text)
{
	assert_int_equal(rc, code);
	assert_int_equal(fault->code, code);
	assert_string_equal(fault->field == NULL ? "" : fault->field, field);
	if (strstr(fault->text, text) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", text, fault->text);
}

static uint64_t
count(struct rig *rig, const char *name)
{
	return count_get(&rig->k.db, name);
}

static void
test_add(void **state)
{
	static const uint8_t	none[32];
	struct rig		rig;
	struct account_change	c;
	struct account		a;
	struct fault		f;

	(void)state;
	rig_open(&rig);
	refused_as(add(&rig, "alice", edit_of(&account_kind, NULL), &c, &f), &f, ERR_INVALID, "group", "no group yet");
	(void)make_group(&rig, "sales");
	refused_as(add(&rig, "alice", edit_of(&account_kind, NULL), &c, &f), &f, ERR_INVALID, "group", "may not be empty");
	refused_as(add(&rig, "alice", edit_of(&account_kind, "group", "ops", NULL), &c, &f), &f, ERR_NOT_FOUND, "group", "ops");
	refused_as(add(&rig, "a b", edit_of(&account_kind, "group", "sales", NULL), &c, &f), &f, ERR_INVALID, "username", "letters");
	refused_as(add(&rig, "alice", edit_of(&account_kind, "group", "sales", "email", "a@b,c", NULL), &c, &f), &f, ERR_INVALID,
	    "email", "not an address: ',' after '@'");
	refused_as(add(&rig, "alice", edit_of(&account_kind, "group", "sales", "caller_id", "12x", NULL), &c, &f), &f, ERR_INVALID,
	    "caller_id", "digits");
	refused_as(add(&rig, "alice", edit_of(&account_kind, "group", "sales", "password", "short", NULL), &c, &f), &f, ERR_INVALID,
	    "password", "at least 8");
	assert_int_equal(count(&rig, "accounts"), 0);
	assert_int_equal(add(&rig, "alice", edit_of(&account_kind, "group", "sales", "caller_id", "+391", "caller_id_2", "+392",
	    "password", "long enough", NULL), &c, &f), 0);
	assert_string_equal(c.password, "");		/* only what was made here is shown */
	assert_int_equal(accounts_find(&rig.k, "alice", &a), 0);
	assert_true(a.enabled);
	assert_int_equal(a.status, STATUS_CREATED);
	assert_int_equal(a.version, 1);
	assert_string_equal(a.password, "");
	assert_memory_not_equal(a.ha1_sha256, none, sizeof a.ha1_sha256);
	assert_memory_not_equal(a.ha1_md5, none, sizeof a.ha1_md5);
	assert_int_equal(count(&rig, "accounts"), 1);
	assert_int_equal(count(&rig, "group/1/accounts"), 1);
	assert_int_equal(count(&rig, "group/1/enabled"), 1);
	assert_int_equal(count(&rig, "disabled"), 0);
	rig_close(&rig);
}

/* Each number belongs to one account, as its first or its second. */
static void
test_unique(void **state)
{
	struct rig		rig;
	struct account_change	c;
	struct fault		f;

	(void)state;
	rig_open(&rig);
	(void)make_group(&rig, "g");
	assert_int_equal(add(&rig, "alice", edit_of(&account_kind, "group", "g", "caller_id", "+391", "caller_id_2", "+392", NULL), &c, &f), 0);
	refused_as(add(&rig, "alice", edit_of(&account_kind, "group", "g", NULL), &c, &f), &f, ERR_EXISTS, "username", "alice");
	refused_as(add(&rig, "bob", edit_of(&account_kind, "group", "g", "caller_id", "+391", NULL), &c, &f), &f, ERR_EXISTS,
	    "caller_id", "belongs to account alice");
	refused_as(add(&rig, "bob", edit_of(&account_kind, "group", "g", "caller_id", "+392", NULL), &c, &f), &f, ERR_EXISTS,
	    "caller_id", "belongs to account alice");
	refused_as(add(&rig, "bob", edit_of(&account_kind, "group", "g", "caller_id_2", "+391", NULL), &c, &f), &f, ERR_EXISTS,
	    "caller_id_2", "belongs to account alice");
	refused_as(add(&rig, "bob", edit_of(&account_kind, "group", "g", "caller_id", "7", "caller_id_2", "7", NULL), &c, &f), &f,
	    ERR_EXISTS, "caller_id_2", "same as caller_id");
	assert_int_equal(add(&rig, "bob", edit_of(&account_kind, "group", "g", "caller_id_2", "+393", NULL), &c, &f), 0);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(add(&rig, "", edit_of(&account_kind, "group", "g", NULL), &c, &f), 0);
		assert_int_equal(strspn(c.account.username, "0123456789"), 8);
	}
	assert_int_equal(count(&rig, "accounts"), 22);
	rig_close(&rig);
}

static void
test_wizard_and_random_password(void **state)
{
	struct rig		rig;
	struct account_change	c;
	struct fault		f;

	(void)state;
	rig_open(&rig);
	(void)make_group(&rig, "g");
	assert_int_equal(add(&rig, "w", edit_of(&account_kind, "group", "g", "creation", "wizard", "password", "random", NULL), &c, &f), 0);
	assert_false(c.account.enabled);
	assert_true(strlen(c.password) >= 16);
	assert_int_equal(count(&rig, "disabled"), 1);
	assert_int_equal(count(&rig, "group/1/enabled"), 0);
	rig_close(&rig);
}

static void
test_set(void **state)
{
	struct rig		rig;
	struct account_change	c;
	struct account		a;
	struct fault		f;
	struct edit		edit;

	(void)state;
	rig_open(&rig);
	(void)make_group(&rig, "g");
	(void)make_group(&rig, "h");
	assert_int_equal(add(&rig, "alice", edit_of(&account_kind, "group", "g", "caller_id", "+391", NULL), &c, &f), 0);
	refused_as(SET(&rig, "alice", &c, &f, "caller_id", "+399"), &f, ERR_INVALID, "caller_id", "delete and re-create");
	refused_as(SET(&rig, "alice", &c, &f, "username", "al"), &f, ERR_INVALID, "username", "delete and re-create");
	assert_int_equal(SET(&rig, "alice", &c, &f, "caller_id", "+391"), 0);	/* what it is already */
	assert_false(c.changed);
	refused_as(SET(&rig, "alice", &c, &f, "max_contacts", "51"), &f, ERR_INVALID, "max_contacts", "1 to 50");
	refused_as(SET(&rig, "alice", &c, &f, "permit", "1.2.3.4/33"), &f, ERR_INVALID, "permit", "1.2.3.4/33");
	edit.n = 0;
	refused_as(edit_add(&edit, &account_kind, "status", "Activated", NULL, &f), &f, ERR_INVALID, "status", "server");
	refused_as(edit_add(&edit, &account_kind, "shoe_size", "7", NULL, &f), &f, ERR_INVALID, "", "no such field");
	refused_as(edit_add(&edit, &account_kind, "ha1_md5", "7", NULL, &f), &f, ERR_INVALID, "", "no such field");
	assert_int_equal(SET(&rig, "alice", &c, &f, "enabled", "no", "owner", "Alice"), 0);
	assert_int_equal(c.account.version, 2);
	assert_int_equal(count(&rig, "disabled"), 1);
	assert_int_equal(count(&rig, "group/1/enabled"), 0);
	rig_bind(&rig, c.account.id, 1, 1, keeper_now(&rig.k) + 60000, true);
	assert_int_equal(SET(&rig, "alice", &c, &f, "group", "h", "enabled", "yes"), 0);
	assert_int_equal(count(&rig, "group/1/accounts"), 0);
	assert_int_equal(count(&rig, "group/1/registered"), 0);
	assert_int_equal(count(&rig, "group/2/accounts"), 1);
	assert_int_equal(count(&rig, "group/2/enabled"), 1);
	assert_int_equal(count(&rig, "group/2/registered"), 1);
	assert_int_equal(count(&rig, "disabled"), 0);
	assert_int_equal(accounts_find(&rig.k, "alice", &a), 0);
	assert_string_equal(a.owner, "Alice");
	rig_close(&rig);
}

/* Two operators at once: different fields are merged, the same one is refused with both values. */
static void
test_conflict(void **state)
{
	struct rig		rig;
	struct account_change	c;
	struct account		a;
	struct fault		f;
	struct edit		edit;

	(void)state;
	rig_open(&rig);
	(void)make_group(&rig, "g");
	assert_int_equal(add(&rig, "alice", edit_of(&account_kind, "group", "g", "owner", "A", NULL), &c, &f), 0);
	assert_int_equal(SET(&rig, "alice", &c, &f, "owner", "B"), 0);		/* the other operator */
	memset(&edit, 0, sizeof edit);
	edit.version = 1;
	assert_int_equal(edit_add(&edit, &account_kind, "description", "mine", "", &f), 0);
	assert_int_equal(set(&rig, "alice", &edit, &c, &f), 0);			/* merged */
	assert_string_equal(c.account.owner, "B");
	assert_string_equal(c.account.description, "mine");
	memset(&edit, 0, sizeof edit);
	edit.version = 1;
	assert_int_equal(edit_add(&edit, &account_kind, "owner", "C", "A", &f), 0);
	assert_int_equal(edit_add(&edit, &account_kind, "email", "a@b.org", "", &f), 0);
	refused_as(set(&rig, "alice", &edit, &c, &f), &f, ERR_CONFLICT, "", "meanwhile");
	assert_true(edit.items[0].conflict);
	assert_false(edit.items[1].conflict);
	edit.items[0].text = "B";						/* what the other made it: no quarrel */
	assert_int_equal(set(&rig, "alice", &edit, &c, &f), 0);
	assert_int_equal(accounts_find(&rig.k, "alice", &a), 0);
	assert_string_equal(a.email, "a@b.org");
	memset(&edit, 0, sizeof edit);			/* of another alice, who was deleted when she had come to the same version */
	edit.version = a.version;
	assert_int_equal(edit_add(&edit, &account_kind, "owner", "D", "Alice of old", &f), 0);
	refused_as(set(&rig, "alice", &edit, &c, &f), &f, ERR_CONFLICT, "", "meanwhile");
	rig_close(&rig);
}

static void
test_delete(void **state)
{
	struct rig		rig;
	struct account_change	c;
	struct account		a;
	struct fault		f;
	struct txn		*t;

	(void)state;
	rig_open(&rig);
	(void)make_group(&rig, "g");
	assert_int_equal(add(&rig, "alice", edit_of(&account_kind, "group", "g", "caller_id", "+391", NULL), &c, &f), 0);
	rig_bind(&rig, c.account.id, 1, 1, keeper_now(&rig.k) + 60000, true);
	assert_int_equal(accounts_find(&rig.k, "alice", &a), 0);
	assert_int_equal(accounts_delete(&rig.k, NULL, "root", &a, &f), 1);
	t = txn_new(rig.k.db.store);
	assert_int_equal(accounts_delete(&rig.k, t, "root", &a, &f), 1);
	assert_int_equal(rig_commit(&rig, t), 0);
	assert_int_equal(accounts_find(&rig.k, "alice", &a), ERR_NOT_FOUND);
	assert_int_equal(accounts_bindings(&rig.k, c.account.id, NULL, NULL), 0);
	assert_int_equal(count(&rig, "accounts") + count(&rig, "group/1/accounts") + count(&rig, "group/1/enabled") +
	    count(&rig, "disabled") + count(&rig, "registered") + count(&rig, "bindings") + count(&rig, "group/1/registered"), 0);
	assert_int_equal(table_verify(&rig.k.db, &account_kind, NULL, NULL), 0);
	/* Its name and number are free again. */
	assert_int_equal(add(&rig, "alice", edit_of(&account_kind, "group", "g", "caller_id", "+391", NULL), &c, &f), 0);
	rig_close(&rig);
}

static int
last_event(void *arg, struct store_bytes key, struct store_bytes value)
{
	(void)key;
	return record_decode(&event_kind, arg, NULL, value.p, value.n);
}

static void
assert_last_event(struct rig *rig, const char *subject, const char *text)
{
	struct event	e;

	assert_int_equal(store_range(rig->k.db.store, TABLE_EVENT, (struct store_bytes){ NULL, 0 }, NULL, true, 1, last_event, &e), 0);
	assert_string_equal(e.subject, subject);
	assert_string_equal(e.operator, "root");
	assert_string_equal(e.text, text);
}

/* However much changes, each field is named, no character is cut in two, and the buffer holds it. */
static void
test_describe(void **state)
{
	static const char *const	names[] = { "owner", "email", "description", "deny", "permit", "profile", "server", "qualify", "enabled" };
	struct account			before, after;
	char				what[EDIT_WHAT];
	size_t				n;

	(void)state;
	account_defaults(&before);
	account_defaults(&after);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const struct field	*f = kind_field(&account_kind, names[i]);

		if (f->type != FT_STR)
			continue;
		memset((char *)&before + f->offset, 'x', f->size - 1u);
		for (size_t at = 0; at + 3 <= f->size; at += 2)
			memcpy((char *)&after + f->offset + at, "\xc3\xa9", 2);
	}
	after.qualify = 500;
	after.enabled = false;
	after.profile_id = 7;
	n = edit_describe(&account_kind, &before, &after, NULL, what, sizeof what);
	assert_true(n < sizeof what && n == strlen(what) && n > 800);
	assert_true(text_is_utf8(what, n));
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		assert_non_null(strstr(what, names[i]));
	assert_non_null(strstr(what, "...\" -> \"\xc3\xa9"));
	assert_non_null(strstr(what, "enabled yes -> no"));
	account_defaults(&before);
	assert_int_equal(edit_describe(&account_kind, &before, &before, NULL, what, sizeof what), 0);
	(void)snprintf(after.password, sizeof after.password, "hidden");
	(void)edit_describe_new(&account_kind, &before, &after, NULL, what, sizeof what);
	assert_non_null(strstr(what, "password set"));
	assert_null(strstr(what, "hidden"));
	assert_null(strstr(what, "->"));
}

/* Each change tells what it was, by whom; never a password. */
static void
test_audit(void **state)
{
	struct rig		rig;
	struct account_change	c;
	struct fault		f;
	struct edit		edit;

	(void)state;
	rig_open(&rig);
	(void)make_group(&rig, "g");
	assert_last_event(&rig, "g", "group g: made");
	assert_int_equal(add(&rig, "carlo", edit_of(&account_kind, "group", "g", "password", "not to be seen", NULL), &c, &f), 0);
	assert_last_event(&rig, "carlo", "account carlo: made in group g, password set");
	assert_int_equal(SET(&rig, "carlo", &c, &f, "enabled", "no", "owner", "Carlo", "qualify", "500"), 0);
	assert_last_event(&rig, "carlo", "account carlo: owner \"\" -> \"Carlo\", qualify yes -> 500, enabled yes -> no");
	assert_int_equal(SET(&rig, "carlo", &c, &f, "password", "also not to be seen"), 0);
	assert_last_event(&rig, "carlo", "account carlo: password changed");
	assert_int_equal(SET(&rig, "carlo", &c, &f, "owner", "C\", enabled \"no\" -> \"\\"), 0);
	assert_last_event(&rig, "carlo", "account carlo: owner \"Carlo\" -> \"C\\\", enabled \\\"no\\\" -> \\\"\\\\\"");
	rig_close(&rig);
}

static void
add_count(struct rig *rig, const char *name, int64_t by)
{
	struct txn	*t = txn_new(rig->k.db.store);

	count_add(t, &rig->k.db, name, by);
	assert_int_equal(rig_commit(rig, t), 0);
}

/* What waits for an account is counted in its group, wherever that goes. */
static void
test_waiting_messages(void **state)
{
	struct rig		rig;
	struct account_change	c;
	struct fault		f;
	struct edit		edit;
	struct txn		*t;

	(void)state;
	rig_open(&rig);
	(void)make_group(&rig, "g");
	(void)make_group(&rig, "h");
	assert_int_equal(add(&rig, "alice", edit_of(&account_kind, "group", "g", NULL), &c, &f), 0);
	add_count(&rig, "queue/1", 3);
	add_count(&rig, "group/1/queue", 5);
	assert_int_equal(SET(&rig, "alice", &c, &f, "owner", "Alice"), 0);
	assert_int_equal(count(&rig, "group/1/queue"), 5);
	assert_int_equal(SET(&rig, "alice", &c, &f, "group", "h"), 0);
	assert_int_equal(count(&rig, "group/1/queue"), 2);
	assert_int_equal(count(&rig, "group/2/queue"), 3);
	t = txn_new(rig.k.db.store);
	assert_int_equal(accounts_delete(&rig.k, t, "root", &c.account, &f), 0);
	assert_int_equal(rig_commit(&rig, t), 0);
	assert_int_equal(count(&rig, "group/2/queue"), 0);
	rig_close(&rig);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_add), cmocka_unit_test(test_unique), cmocka_unit_test(test_wizard_and_random_password),
		cmocka_unit_test(test_set), cmocka_unit_test(test_conflict), cmocka_unit_test(test_delete), cmocka_unit_test(test_describe), cmocka_unit_test(test_audit),
		cmocka_unit_test(test_waiting_messages),
	};

	return cmocka_run_group_tests_name("accounts", tests, NULL, NULL);
}
