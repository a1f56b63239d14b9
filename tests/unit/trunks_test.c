/* links: db sipd keeper */
/* Trunks: their rules, what becomes of the password, and that what is true of one now is seen by who looks at it. */
#include "control_rig.h"

#include "sipd/keeper/trunk_engine.h"
#include "sipd/keeper/trunks.h"

static const struct {
	const char	*set[9];		/* fields and values, up to NULL */
	const char	*field, *why;		/* NULL: it is taken */
} values[] = {
	{ { "host", "sip.example.com" }, NULL, NULL }, { { "host", "198.51.100.7", "port", "5062" }, NULL, NULL },
	{ { "host", "2001:db8::1" }, NULL, NULL }, { { "host", "[2001:db8::1]" }, NULL, NULL },
	{ { "host", "" }, "host", "may not be empty" }, { { "host", "sip.example.com:5060" }, "host", "a port goes into the field port" },
	{ { "host", "sip example" }, "host", "domain name" }, { { "host", "a..b" }, "host", "1 to 63" },
	{ { "host", "h", "port", "65536" }, "port", "65535" },
	{ { "host", "h", "transport", "SCTP" }, "transport", "UDP, TCP or TLS" },
	{ { "host", "h", "encryption", "yes" }, "encryption", "needs transport TLS" },
	{ { "host", "h", "encryption", "yes", "transport", "TLS" }, NULL, NULL },
	{ { "host", "h", "register", "yes" }, "register", "needs a username" },
	{ { "host", "h", "register", "yes", "username", "rm-0017" }, NULL, NULL },
	{ { "host", "h", "username", "u", "password", "random" }, "password", "the provider gave" },
	{ { "host", "h", "password", "s3cret" }, "password", "there is none" },
	{ { "host", "h", "username", "u", "password", "s3cret" }, NULL, NULL },
	{ { "host", "h", "qualify", "no" }, NULL, NULL }, { { "host", "h", "qualify", "1500" }, NULL, NULL },
	{ { "host", "h", "qualify", "60001" }, "qualify", "60000" },
	{ { "host", "h", "prefixes", "+39, 00,*" }, NULL, NULL }, { { "host", "h", "prefixes", "39,x" }, "prefixes", "'x'" },
	{ { "host", "h", "permit", "192.0.2.0/24" }, NULL, NULL }, { { "host", "h", "permit", "here" }, "permit", "here" },
	{ { "host", "h", "number", "+390699990000" }, NULL, NULL }, { { "host", "h", "number", "06-99" }, "number", "digits" },
	{ { "host", "h", "priority", "1001" }, "priority", "1000" }, { { "host", "h", "strip", "31" }, "strip", "30" },
};

static void
test_values(void **state)
{
	struct rig	rig;
	struct trunk	t;
	struct fault	f;
	char		name[8];
	uint64_t	made = 0;

	(void)state;
	rig_open(&rig);
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
		const char *const	*s = values[i].set;
		int			 rc;

		(void)snprintf(name, sizeof name, "t%zu", i);
		rc = rig_add(&rig, &trunks_named, name, edit_of(&trunk_kind, s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8]), &t, &f);
		if (values[i].why == NULL) {
			if (rc != 0)
				fail_msg("%zu: %s", i, f.text);
			made++;
			continue;
		}
		assert_int_equal(rc, ERR_INVALID);
		assert_string_equal(f.field, values[i].field);
		if (strstr(f.text, values[i].why) == NULL)
			fail_msg("%zu: %s", i, f.text);
	}
	assert_int_equal(count_get(&rig.k.db, "trunks"), made);
	assert_int_equal(rig_add(&rig, &trunks_named, "t0", edit_of(&trunk_kind, "host", "h", NULL), &t, &f), ERR_EXISTS);
	assert_int_equal(rig_add(&rig, &trunks_named, "", edit_of(&trunk_kind, "host", "h", NULL), &t, &f), ERR_INVALID);
	assert_int_equal(table_verify(&rig.k.db, &trunk_kind, NULL, NULL), 0);
	rig_close(&rig);
}

static int
find_text(void *arg, struct store_bytes key, struct store_bytes value)
{
	(void)key;
	return memmem(value.p, value.n, arg, strlen(arg)) != NULL;
}

static bool
is_stored(struct rig *rig, char *text)
{
	for (int t = 0; t < TABLES; t++)
		if (store_range(rig->k.db.store, (enum table)t, (struct store_bytes){ NULL, 0 }, NULL, false, 0, find_text, text) != 0)
			return true;
	return false;
}

static const char *
password_of(struct rig *rig, const char *name, struct trunk *t)
{
	assert_int_equal(named_find(&rig->k, &trunks_named, name, t), 0);
	return t->password;
}

/* Sealed; kept by an empty one and by other changes; gone with the username. */
static void
test_password(void **state)
{
	struct rig	rig;
	struct trunk	t;
	struct fault	f;
	char		secret[] = "s3cret-of-ours";
	bool		changed;

	(void)state;
	rig_open(&rig);
	assert_int_equal(rig_add(&rig, &trunks_named, "a", edit_of(&trunk_kind, "host", "h", "username", "u", "password", secret, NULL), &t, &f), 0);
	assert_string_equal(password_of(&rig, "a", &t), secret);
	assert_false(is_stored(&rig, secret));
	assert_true(is_stored(&rig, (char []){ "password set" }));
	assert_int_equal(rig_set(&rig, &trunks_named, &t, edit_of(&trunk_kind, "password", "", NULL), &changed, &f), 0);
	assert_false(changed);
	assert_int_equal(rig_set(&rig, &trunks_named, &t, edit_of(&trunk_kind, "host", "other", NULL), &changed, &f), 0);
	assert_string_equal(password_of(&rig, "a", &t), secret);
	assert_int_equal(rig_set(&rig, &trunks_named, &t, edit_of(&trunk_kind, "password", "another", NULL), &changed, &f), 0);
	assert_true(changed);
	assert_string_equal(password_of(&rig, "a", &t), "another");
	assert_int_equal(rig_set(&rig, &trunks_named, &t, edit_of(&trunk_kind, "username", "", NULL), &changed, &f), 0);
	assert_string_equal(password_of(&rig, "a", &t), "");
	assert_int_equal(t.version, 4);
	rig_close(&rig);
}

/* What the socket tells of a trunk has no password in any form; who edits an older one is told what differs. */
static void
test_commands(void **state)
{
	struct rig	rig;
	struct client	c;
	json_t		*r;

	(void)state;
	rig_open(&rig);
	client_open(&c, &rig);
	r = CLIENT_CALL(&c, "{s:s, s:s, s:{s:s, s:s, s:s, s:s}}", "do", "trunk add", "name", "Carrier A", "set", "host", "sip.example.com", "username",
	    "rm-0017", "password", "s3cret", "prefixes", "+39,00");
	assert_null(json_object_get(ok_of(r), "password"));
	assert_string_equal(json_string_value(json_object_get(ok_of(r), "host")), "sip.example.com");
	json_decref(r);
	refused(CLIENT_CALL(&c, "{s:s, s:s, s:{s:s}}", "do", "trunk add", "name", "Carrier A", "set", "host", "h"), "exists", "name");
	refused(CLIENT_CALL(&c, "{s:s, s:s}", "do", "trunk show", "name", "Carrier"), "not-found", "");
	done(CLIENT_CALL(&c, "{s:s, s:s}", "do", "trunk disable", "name", "Carrier A"));
	r = CLIENT_CALL(&c, "{s:s, s:s}", "do", "trunk show", "name", "Carrier A");
	assert_string_equal(json_string_value(json_object_get(ok_of(r), "status")), "DISABLED");
	json_decref(r);
	refused(CLIENT_CALL(&c, "{s:s, s:s, s:i, s:{s:s}, s:{s:s}}", "do", "trunk set", "name", "Carrier A", "version", 1, "set", "host", "b", "was",
	    "host", "c"), "conflict", "");
	r = CLIENT_CALL(&c, "{s:s, s:s, s:b}", "do", "trunk delete", "name", "Carrier A", "dry", 1);
	assert_int_equal(ok_number(r, "prefixes"), 2);
	done(CLIENT_CALL(&c, "{s:s, s:s}", "do", "trunk enable", "name", "Carrier A"));
	done(CLIENT_CALL(&c, "{s:s, s:s}", "do", "trunk delete", "name", "Carrier A"));
	refused(CLIENT_CALL(&c, "{s:s, s:s}", "do", "trunk delete", "name", "Carrier A"), "not-found", "");
	assert_int_equal(count_get(&rig.k.db, "trunks"), 0);
	client_close(&c);
	rig_close(&rig);
}

/* What a test is asked for: a stored trunk with an edit over it, its password kept, or a new one; judged, and nothing saved. */
static void
test_draft(void **state)
{
	struct rig	rig;
	struct trunk	t;
	struct fault	f;
	struct edit	e;

	(void)state;
	rig_open(&rig);
	assert_int_equal(rig_add(&rig, &trunks_named, "a", edit_of(&trunk_kind, "host", "h", "username", "u", "password", "s3cret", NULL), &t, &f), 0);
	e = edit_of(&trunk_kind, "host", "other", "password", "", NULL);
	assert_int_equal(trunks_draft(&rig.k, "a", &e, &t, &f), 0);
	assert_string_equal(t.host, "other");
	assert_string_equal(t.password, "s3cret");
	e = edit_of(&trunk_kind, "encryption", "yes", NULL);
	assert_int_equal(trunks_draft(&rig.k, "a", &e, &t, &f), ERR_INVALID);
	assert_string_equal(f.field, "encryption");
	e = edit_of(&trunk_kind, "host", "fresh.example", NULL);
	assert_int_equal(trunks_draft(&rig.k, NULL, &e, &t, &f), 0);
	assert_int_equal(t.id, 0);
	assert_true(t.enabled);
	e = edit_of(&trunk_kind, NULL);
	assert_int_equal(trunks_draft(&rig.k, NULL, &e, &t, &f), ERR_INVALID);
	assert_string_equal(f.field, "host");
	assert_int_equal(trunks_draft(&rig.k, "nix", &e, &t, &f), ERR_NOT_FOUND);
	assert_string_equal(password_of(&rig, "a", &t), "s3cret");
	assert_string_equal(t.host, "h");
	assert_int_equal(count_get(&rig.k.db, "trunks"), 1);
	rig_close(&rig);
}

static void
test_counts(void **state)
{
	struct rig	rig;
	struct trunk	t;
	struct fault	f;
	uint64_t	n[TRUNK_STATUSES];

	(void)state;
	rig_open(&rig);
	assert_non_null(rig.k.trunks = trunk_engine_new(&rig.k));
	assert_int_equal(rig_add(&rig, &trunks_named, "a", edit_of(&trunk_kind, "host", "h", "enabled", "no", NULL), &t, &f), 0);
	assert_int_equal(rig_add(&rig, &trunks_named, "b", edit_of(&trunk_kind, "host", "h", "qualify", "no", NULL), &t, &f), 0);
	assert_int_equal(rig_add(&rig, &trunks_named, "c", edit_of(&trunk_kind, "host", "h", "qualify", "no", NULL), &t, &f), 0);
	for (int i = 0; i < 8; i++)
		(void)trunk_engine_tick(rig.k.trunks);
	trunks_count(&rig.k, n);
	assert_int_equal(n[TRUNK_DISABLED], 1);
	assert_int_equal(n[TRUNK_UNMONITORED], 2);
	assert_int_equal(n[TRUNK_OK], 0);
	trunk_engine_free(rig.k.trunks);
	rig.k.trunks = NULL;
	rig_close(&rig);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_values), cmocka_unit_test(test_password), cmocka_unit_test(test_commands), cmocka_unit_test(test_draft),
		cmocka_unit_test(test_counts),
	};

	return cmocka_run_group_tests_name("trunks", tests, NULL, NULL);
}
