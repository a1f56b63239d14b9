/* links: db sipd keeper */
#include "control_rig.h"

#include "sipd/keeper/accounts.h"
#include "sipd/keeper/groups.h"

static void
test_add(void **state)
{
	struct rig	rig;
	struct group	g;
	struct fault	f;

	(void)state;
	rig_open(&rig);
	assert_int_equal(rig_add(&rig, &groups_named, "", edit_of(&group_kind, NULL), &g, &f), ERR_INVALID);
	assert_string_equal(f.text, "name: may not be empty");
	assert_int_equal(rig_add(&rig, &groups_named, " x", edit_of(&group_kind, NULL), &g, &f), ERR_INVALID);
	assert_int_equal(rig_add(&rig, &groups_named, "a\033b", edit_of(&group_kind, NULL), &g, &f), ERR_INVALID);
	assert_int_equal(rig_add(&rig, &groups_named, "s", edit_of(&group_kind, "prefixes", "39,x", NULL), &g, &f), ERR_INVALID);
	assert_string_equal(f.field, "prefixes");
	assert_int_equal(rig_add(&rig, &groups_named, "Vendite \xc3\xa8", edit_of(&group_kind, "description", "sells", NULL), &g, &f), 0);
	assert_int_equal(groups_find(&rig.k, "Vendite \xc3\xa8", &g), 0);
	assert_string_equal(g.description, "sells");
	assert_int_equal(rig_add(&rig, &groups_named, "Vendite \xc3\xa8", edit_of(&group_kind, NULL), &g, &f), ERR_EXISTS);
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
	assert_int_equal(rig_add(&rig, &groups_named, "a", edit_of(&group_kind, NULL), &other, &f), 0);
	assert_int_equal(rig_add(&rig, &groups_named, "b", edit_of(&group_kind, NULL), &g, &f), 0);
	assert_int_equal(rig_set(&rig, &groups_named, &g, edit_of(&group_kind, "name", "a", NULL), &changed, &f), ERR_EXISTS);
	assert_int_equal(groups_find(&rig.k, "b", &g), 0);
	assert_int_equal(rig_set(&rig, &groups_named, &g, edit_of(&group_kind, "name", "c", NULL), &changed, &f), 0);
	assert_true(changed);
	assert_int_equal(groups_find(&rig.k, "b", &g), ERR_NOT_FOUND);
	assert_int_equal(groups_find(&rig.k, "c", &g), 0);
	assert_int_equal(g.version, 2);
	assert_int_equal(rig_set(&rig, &groups_named, &g, edit_of(&group_kind, "name", "c", NULL), &changed, &f), 0);
	assert_false(changed);
	t = txn_new(rig.k.db.store);
	e = edit_of(&account_kind, "group", "c", NULL);
	assert_int_equal(accounts_add(&rig.k, t, "root", "alice", &e, &c, &f), 0);
	assert_int_equal(rig_commit(&rig, t), 0);
	assert_int_equal(named_delete(&rig.k, &groups_named, NULL, "root", &g, &f), ERR_IN_USE);
	assert_string_equal(f.text, "group c: still holds 1 account: move or delete it first");
	groups_count(&rig.k, &g);
	assert_int_equal(g.accounts, 1);
	t = txn_new(rig.k.db.store);
	assert_int_equal(accounts_delete(&rig.k, t, "root", &c.account, &f), 0);
	assert_int_equal(rig_commit(&rig, t), 0);
	assert_int_equal(rig_delete(&rig, &groups_named, &g, &f), 0);
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
