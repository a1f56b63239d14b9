/* links: db sipd keeper */
#include "control_rig.h"

#include "sipd/keeper/accounts.h"
#include "sipd/keeper/groups.h"

static int
add(struct rig *rig, const char *name, struct edit e, struct group *g, struct fault *fault)
{
	struct txn	*t = txn_new(rig->k.db.store);
	int		 rc = groups_add(&rig->k, t, "root", name, &e, g, fault);

	if (rc != 0) {
		txn_drop(t);
		return rc;
	}
	assert_int_equal(rig_commit(rig, t), 0);
	return 0;
}

static int
set(struct rig *rig, struct group *g, struct edit e, bool *changed, struct fault *fault)
{
	struct txn	*t = txn_new(rig->k.db.store);
	int		 rc = groups_set(&rig->k, t, "root", &e, g, changed, fault);

	if (rc != 0 || !*changed) {
		txn_drop(t);
		return rc;
	}
	assert_int_equal(rig_commit(rig, t), 0);
	return 0;
}

static void
test_add(void **state)
{
	struct rig	rig;
	struct group	g;
	struct fault	f;

	(void)state;
	rig_open(&rig);
	assert_int_equal(add(&rig, "", edit_of(&group_kind, NULL), &g, &f), ERR_INVALID);
	assert_string_equal(f.text, "name: may not be empty");
	assert_int_equal(add(&rig, " x", edit_of(&group_kind, NULL), &g, &f), ERR_INVALID);
	assert_int_equal(add(&rig, "a\033b", edit_of(&group_kind, NULL), &g, &f), ERR_INVALID);
	assert_int_equal(add(&rig, "s", edit_of(&group_kind, "prefixes", "39,x", NULL), &g, &f), ERR_INVALID);
	assert_string_equal(f.field, "prefixes");
	assert_int_equal(add(&rig, "Vendite \xc3\xa8", edit_of(&group_kind, "description", "sells", NULL), &g, &f), 0);
	assert_int_equal(groups_find(&rig.k, "Vendite \xc3\xa8", &g), 0);
	assert_string_equal(g.description, "sells");
	assert_int_equal(add(&rig, "Vendite \xc3\xa8", edit_of(&group_kind, NULL), &g, &f), ERR_EXISTS);
	assert_string_equal(f.field, "name");
	assert_int_equal(count_get(&rig.k.db, "groups"), 1);
	rig_close(&rig);
}

static void
test_set_and_delete(void **state)
{
	struct rig		rig;
	struct group		g, other;
	struct fault		f;
	struct edit		e;
	struct account_change	c;
	struct txn		*t;
	bool			changed;

	(void)state;
	rig_open(&rig);
	assert_int_equal(add(&rig, "a", edit_of(&group_kind, NULL), &other, &f), 0);
	assert_int_equal(add(&rig, "b", edit_of(&group_kind, NULL), &g, &f), 0);
	assert_int_equal(set(&rig, &g, edit_of(&group_kind, "name", "a", NULL), &changed, &f), ERR_EXISTS);
	assert_int_equal(groups_find(&rig.k, "b", &g), 0);
	assert_int_equal(set(&rig, &g, edit_of(&group_kind, "name", "c", NULL), &changed, &f), 0);
	assert_true(changed);
	assert_int_equal(groups_find(&rig.k, "b", &g), ERR_NOT_FOUND);
	assert_int_equal(groups_find(&rig.k, "c", &g), 0);
	assert_int_equal(g.version, 2);
	assert_int_equal(set(&rig, &g, edit_of(&group_kind, "name", "c", NULL), &changed, &f), 0);
	assert_false(changed);
	t = txn_new(rig.k.db.store);
	e = edit_of(&account_kind, "group", "c", NULL);
	assert_int_equal(accounts_add(&rig.k, t, "root", "alice", &e, &c, &f), 0);
	assert_int_equal(rig_commit(&rig, t), 0);
	assert_int_equal(groups_delete(&rig.k, NULL, "root", &g, &f), ERR_IN_USE);
	assert_string_equal(f.text, "group c: still holds 1 account: move or delete it first");
	groups_count(&rig.k, &g);
	assert_int_equal(g.accounts, 1);
	t = txn_new(rig.k.db.store);
	assert_int_equal(accounts_delete(&rig.k, t, "root", &c.account, &f), 0);
	assert_int_equal(rig_commit(&rig, t), 0);
	t = txn_new(rig.k.db.store);
	assert_int_equal(groups_delete(&rig.k, t, "root", &g, &f), 0);
	assert_int_equal(rig_commit(&rig, t), 0);
	assert_int_equal(groups_find(&rig.k, "c", &g), ERR_NOT_FOUND);
	assert_int_equal(count_get(&rig.k.db, "groups"), 1);
	rig_close(&rig);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = { cmocka_unit_test(test_add), cmocka_unit_test(test_set_and_delete) };

	return cmocka_run_group_tests_name("groups", tests, NULL, NULL);
}
