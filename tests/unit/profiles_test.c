/* links: db sipd keeper */
/* Profiles: their rules, references to them by id, and who keeps them from being deleted. */
#include "control_rig.h"

#include "core/group.h"
#include "core/profile.h"
#include "sipd/keeper/accounts.h"
#include "sipd/keeper/groups.h"
#include "sipd/keeper/profiles.h"

static void
account(struct rig *rig, const char *name, const char *profile)
{
	struct txn		*t = txn_new(rig->k.db.store);
	struct edit		 e = edit_of(&account_kind, "group", "g", "profile", profile, NULL);
	struct account_change	 c;
	struct fault		 f;

	if (accounts_add(&rig->k, t, "root", name, &e, &c, &f) != 0)
		fail_msg("%s", f.text);
	assert_int_equal(rig_commit(rig, t), 0);
}

static void
group(struct rig *rig, const char *name, const char *profile)
{
	struct group	g;
	struct fault	f;

	if (rig_add(rig, &groups_named, name, edit_of(&group_kind, "profile", profile, NULL), &g, &f) != 0)
		fail_msg("%s", f.text);
}

static const struct {
	const char	*field, *value, *why;	/* why NULL: it is taken */
} values[] = {
	{ "install_url", "https://example.com/i?a=1#b", NULL }, { "install_url", "HTTP://10.0.0.1:8080", NULL },
	{ "install_url", "http://[2001:db8::1]/x", NULL }, { "install_url", "", NULL },
	{ "install_url", "example.com", "http or https" }, { "install_url", "ftp://example.com", "http or https" },
	{ "install_url", "https://", "http or https" }, { "install_url", "https:///x", "http or https" },
	{ "install_url", "https://a b/", "%20" }, { "install_url", "https://a/\">", "%22" }, { "install_url", "https://u:p@h/", "http or https" },
	{ "install_url", "https://h:x/", "http or https" },
	{ "kind", "baresip", NULL }, { "kind", "twinkle", "linphone, baresip or text" },
	{ "parameters", "a=1\nsip/b.c=2\n\n# why\nd=", NULL }, { "parameters", "a=1\nb", "line 2: must be key=value" },
	{ "parameters", "=1", "line 1" }, { "parameters", "a b=1", "line 1" }, { "parameters", "a=\033[2J", "line 1: a control character (0x1b)" },
	{ "name", "", "may not be empty" }, { "name", " x", "blank" },
};

static void
test_values(void **state)
{
	struct rig	rig;
	struct profile	p;
	struct fault	f;
	char		name[8], long_text[PROFILE_PARAMETERS + 1];

	(void)state;
	rig_open(&rig);
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
		bool	named = strcmp(values[i].field, "name") == 0;
		int	rc;

		(void)snprintf(name, sizeof name, "p%zu", i);
		rc = rig_add(&rig, &profiles_named, named ? values[i].value : name, named ? edit_of(&profile_kind, NULL) :
		    edit_of(&profile_kind, values[i].field, values[i].value, NULL), &p, &f);
		if (values[i].why == NULL) {
			assert_int_equal(rc, 0);
			continue;
		}
		assert_int_equal(rc, ERR_INVALID);
		assert_string_equal(f.field, values[i].field);
		assert_non_null(strstr(f.text, values[i].why));
	}
	/* A template is any text; its size is bounded. */
	assert_int_equal(rig_add(&rig, &profiles_named, "t", edit_of(&profile_kind, "kind", "text", "parameters", "Hello {username},\n\tbye", NULL), &p, &f), 0);
	memset(long_text, 'x', sizeof long_text);
	long_text[PROFILE_PARAMETERS - 1] = '\0';
	assert_int_equal(rig_add(&rig, &profiles_named, "l", edit_of(&profile_kind, "kind", "text", "parameters", long_text, NULL), &p, &f), 0);
	assert_int_equal(named_find(&rig.k, &profiles_named, "l", &p), 0);
	assert_string_equal(p.parameters, long_text);
	long_text[PROFILE_PARAMETERS - 1] = 'x';
	long_text[PROFILE_PARAMETERS] = '\0';
	assert_int_equal(rig_add(&rig, &profiles_named, "m", edit_of(&profile_kind, "kind", "text", "parameters", long_text, NULL), &p, &f), ERR_INVALID);
	rig_close(&rig);
}

static void
test_kind_and_parameters_fit(void **state)
{
	struct rig	rig;
	struct profile	p;
	struct fault	f;
	bool		changed;

	(void)state;
	rig_open(&rig);
	assert_int_equal(rig_add(&rig, &profiles_named, "p", edit_of(&profile_kind, "kind", "text", "parameters", "any text", NULL), &p, &f), 0);
	assert_int_equal(rig_set(&rig, &profiles_named, &p, edit_of(&profile_kind, "kind", "linphone", NULL), &changed, &f), ERR_INVALID);
	assert_string_equal(f.field, "parameters");
	assert_int_equal(named_find(&rig.k, &profiles_named, "p", &p), 0);
	assert_int_equal(rig_set(&rig, &profiles_named, &p, edit_of(&profile_kind, "kind", "linphone", "parameters", "a=b", NULL), &changed, &f), 0);
	assert_true(changed);
	assert_int_equal(p.version, 2);
	assert_int_equal(rig_set(&rig, &profiles_named, &p, edit_of(&profile_kind, "kind", "linphone", NULL), &changed, &f), 0);
	assert_false(changed);
	assert_int_equal(rig_add(&rig, &profiles_named, "p", edit_of(&profile_kind, NULL), &p, &f), ERR_EXISTS);
	assert_string_equal(f.field, "name");
	rig_close(&rig);
}

static const char *
profile_of(struct rig *rig, const char *username, char name[PROFILE_NAME])
{
	struct refs	refs = keeper_refs(&rig->k);
	struct account	a;

	assert_int_equal(accounts_find(&rig->k, username, &a), 0);
	(void)field_text(kind_field(&account_kind, "profile"), &a, &refs, name, PROFILE_NAME);
	return name;
}

/* It is renamed under those that use it, and not deleted before nobody does. */
static void
test_references(void **state)
{
	struct rig	rig;
	struct profile	p;
	struct fault	f;
	struct txn	*t;
	struct account	a;
	struct edit	e;
	struct account_change	c;
	char		name[PROFILE_NAME];
	bool		changed;

	(void)state;
	rig_open(&rig);
	assert_int_equal(rig_add(&rig, &profiles_named, "old", edit_of(&profile_kind, NULL), &p, &f), 0);
	group(&rig, "g", "");
	account(&rig, "alice", "old");
	account(&rig, "bob", "");
	assert_string_equal(profile_of(&rig, "alice", name), "old");
	assert_string_equal(profile_of(&rig, "bob", name), "");
	assert_int_equal(rig_set(&rig, &profiles_named, &p, edit_of(&profile_kind, "name", "new", NULL), &changed, &f), 0);
	assert_string_equal(profile_of(&rig, "alice", name), "new");
	assert_int_equal(named_delete(&rig.k, &profiles_named, NULL, "root", &p, &f), ERR_IN_USE);
	assert_string_equal(f.text, "profile new: is used by 1 account (alice): give them another first");
	group(&rig, "h", "new");
	account(&rig, "carlo", "new");
	account(&rig, "dora", "new");
	account(&rig, "emma", "new");
	assert_int_equal(named_delete(&rig.k, &profiles_named, NULL, "root", &p, &f), ERR_IN_USE);
	assert_string_equal(f.text, "profile new: is used by 1 group (h) and 4 accounts (alice, carlo, dora, ...): give them another first");
	for (const char *const *user = (const char *const []){ "alice", "carlo", "dora", "emma", NULL }; *user != NULL; user++) {
		assert_int_equal(accounts_find(&rig.k, *user, &a), 0);
		t = txn_new(rig.k.db.store);
		e = edit_of(&account_kind, "profile", "", NULL);
		assert_int_equal(accounts_set(&rig.k, t, "root", &a, &e, &c, &f), 0);
		assert_int_equal(rig_commit(&rig, t), 0);
	}
	assert_int_equal(named_delete(&rig.k, &profiles_named, NULL, "root", &p, &f), ERR_IN_USE);
	assert_string_equal(f.text, "profile new: is used by 1 group (h): give them another first");
	{
		struct group	h;

		assert_int_equal(groups_find(&rig.k, "h", &h), 0);
		assert_int_equal(rig_delete(&rig, &groups_named, &h, &f), 0);
	}
	assert_int_equal(rig_delete(&rig, &profiles_named, &p, &f), 0);
	assert_int_equal(named_find(&rig.k, &profiles_named, "new", &p), ERR_NOT_FOUND);
	assert_int_equal(count_get(&rig.k.db, "profiles"), 0);
	assert_int_equal(table_verify(&rig.k.db, &profile_kind, NULL, NULL), 0);
	assert_int_equal(table_verify(&rig.k.db, &account_kind, NULL, NULL), 0);
	rig_close(&rig);
}

/* A record of before, when a profile was a name in it, is read, shown without one, and keeps the name for the program that wrote it. */
static void
test_older_record(void **state)
{
	static const uint8_t	old_account[] = { 1, 1, 9, 2, 1, 1, 3, 3, 'o', 'l', 'd', 7, 1, 1, 17, 3, 'n', 'i', 'x', 21, 2, 'k', 'y' };
	static const uint8_t	old_group[] = { 1, 1, 9, 2, 1, 1, 3, 1, 'z', 5, 3, 'n', 'i', 'x' };
	struct rig		rig;
	struct account		a;
	struct group		g;
	struct account_change	c;
	struct edit		e;
	struct fault		f;
	struct store_bytes	v;
	struct txn		*t;
	uint8_t			key[8];

	(void)state;
	rig_open(&rig);
	group(&rig, "g", "");
	be64_put(key, 9);
	t = txn_new(rig.k.db.store);
	txn_put(t, TABLE_ACCOUNT, key, sizeof key, old_account, sizeof old_account);
	txn_put(t, TABLE_ACCOUNT_BY_USERNAME, "old", 4, key, sizeof key);
	txn_put(t, TABLE_GROUP, key, sizeof key, old_group, sizeof old_group);
	txn_put(t, TABLE_GROUP_BY_NAME, "z", 2, key, sizeof key);
	assert_int_equal(rig_commit(&rig, t), 0);
	assert_int_equal(accounts_find(&rig.k, "old", &a), 0);
	assert_int_equal(a.profile_id, 0);
	assert_int_equal(a.licence, 0);
	assert_int_equal(groups_find(&rig.k, "z", &g), 0);
	assert_int_equal(g.profile_id, 0);
	t = txn_new(rig.k.db.store);
	e = edit_of(&account_kind, "owner", "Old", NULL);
	assert_int_equal(accounts_set(&rig.k, t, "root", &a, &e, &c, &f), 0);
	assert_int_equal(rig_commit(&rig, t), 0);
	assert_int_equal(store_get(rig.k.db.store, TABLE_ACCOUNT, key, sizeof key, &v), 0);
	assert_non_null(memmem(v.p, v.n, "\x11\x03nix", 5));
	rig_close(&rig);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_values), cmocka_unit_test(test_kind_and_parameters_fit), cmocka_unit_test(test_references),
		cmocka_unit_test(test_older_record),
	};

	return cmocka_run_group_tests_name("profiles", tests, NULL, NULL);
}
