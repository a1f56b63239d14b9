/* links: db sipd keeper */
/* The pages of an activation, asked as the web process does: what each answers, and what becomes of the account. */
#include "visit_rig.h"

static void
test_road(void **state)
{
	struct web	w;
	struct sms	s;
	char		install[64], token[64], configure[64], password[64];

	(void)state;
	begin(&w);
	expect(&w, "alice", STATUS_CREATED, false);
	activate(&w, "alice", install);

	assert_int_equal(ask(&w, WEB_INSTALL, false, install), 200);
	assert_string_equal(w.got.page, "install");
	assert_string_equal(w.got.owner, "Alice <Rossi>");
	assert_string_equal(w.got.action + 3, install);
	expect(&w, "alice", STATUS_CREATED, false);		/* a robot looked at it */
	assert_int_equal(ask(&w, WEB_INSTALL, true, install), 303);
	assert_string_equal(w.got.location, "https://example.com/get?a=1&b=2");
	expect(&w, "alice", STATUS_INSTALL_CLICKED, false);
	assert_int_equal(events(&w, "web 192.0.2.17", "account alice: Created -> Installation clicked"), 1);
	sms_of(&w, "alice", SMS_ACTIVATION, &s);
	(void)token_in(s.text, 'a', token);

	assert_int_equal(ask(&w, WEB_ACTIVATE, false, token), 200);
	assert_string_equal(w.got.page, "activate");
	assert_string_equal(w.got.client, "Linphone");
	assert_string_equal(w.got.action + 3, token);
	assert_memory_equal(w.got.config, "https://pbx.example.com:8443/c/", 31);
	assert_memory_equal(w.got.linphone, "linphone-config:https://", 24);
	(void)token_in(w.got.config, 'c', configure);
	expect(&w, "alice", STATUS_INSTALL_CLICKED, false);

	assert_int_equal(ask(&w, WEB_CONFIGURATION, false, configure), 200);
	assert_non_null(strstr(w.got.type, "xml"));
	assert_int_not_equal(w.got.filename[0], '\0');
	password_in(w.got.body, password);
	expect(&w, "alice", STATUS_INSTALLED, false);
	assert_int_equal(events(&w, "web 192.0.2.17", "new password"), 1);
	assert_int_equal(events(&w, "web 192.0.2.17", password), 0);

	assert_int_equal(ask(&w, WEB_ACTIVATE, true, token), 200);
	assert_string_equal(w.got.page, "activated");
	expect(&w, "alice", STATUS_ACTIVATED, true);
	assert_int_equal(events(&w, "web 192.0.2.17", "Installed -> Activated, enabled no -> yes"), 1);
	assert_int_equal(count_get(&w.rig.k.db, "disabled"), 0);
	assert_int_equal(ask(&w, WEB_ACTIVATE, false, token), 410);
	assert_string_equal(w.got.page, "used");
	end(&w);
}

/* Whatever is done with a link that has been used, has expired, was altered or is another's: a page, and nothing changes. */
static void
test_links(void **state)
{
	static const enum web_what	all[] = { WEB_INSTALL, WEB_CONFIGURATION, WEB_ACTIVATE };
	struct web			w;
	struct account			before, after;
	char				install[64], second[64], token[64], configure[64];

	(void)state;
	begin(&w);
	activate(&w, "alice", install);
	get(&w, "alice", &before);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(ask(&w, all[i], true, "nonsense"), 404);
		assert_string_equal(w.got.page, "unknown");
		assert_int_equal(ask(&w, all[i], false, ""), 404);
	}
	assert_int_equal(ask(&w, WEB_ACTIVATE, true, install), 404);	/* of another purpose */
	assert_int_equal(ask(&w, WEB_CONFIGURATION, false, install), 404);
	install[3] = (char)(install[3] == 'a' ? 'b' : 'a');
	assert_int_equal(ask(&w, WEB_INSTALL, true, install), 404);
	get(&w, "alice", &after);
	assert_memory_equal(&before, &after, sizeof before);

	activate(&w, "alice", install);
	activate(&w, "alice", second);					/* the older one ends */
	assert_int_equal(ask(&w, WEB_INSTALL, true, install), 404);
	assert_int_equal(ask(&w, WEB_INSTALL, true, second), 303);
	get(&w, "alice", &before);
	assert_int_equal(ask(&w, WEB_INSTALL, true, second), 410);
	assert_string_equal(w.got.page, "used");
	assert_int_equal(ask(&w, WEB_INSTALL, false, second), 410);
	get(&w, "alice", &after);
	assert_memory_equal(&before, &after, sizeof before);

	make_link(&w, "alice", token);
	assert_int_equal(ask(&w, WEB_ACTIVATE, false, token), 200);
	(void)token_in(w.got.config, 'c', configure);
	w.rig.k.clock.offset_ms += 73 * HOUR_MS;
	get(&w, "alice", &before);
	assert_int_equal(ask(&w, WEB_ACTIVATE, true, token), 410);
	assert_string_equal(w.got.page, "expired");
	assert_int_equal(ask(&w, WEB_ACTIVATE, false, token), 410);
	assert_int_equal(ask(&w, WEB_CONFIGURATION, false, configure), 410);
	get(&w, "alice", &after);
	assert_memory_equal(&before, &after, sizeof before);
	end(&w);
}

static void
test_disabled_again(void **state)
{
	struct web	w;
	char		token[64], second[64];

	(void)state;
	begin(&w);
	make_link(&w, "alice", token);
	assert_int_equal(ask(&w, WEB_ACTIVATE, true, token), 200);
	expect(&w, "alice", STATUS_ACTIVATED, true);
	make_link(&w, "alice", second);
	set(&w, "alice", edit_of(&account_kind, "enabled", "no", NULL));
	assert_int_equal(ask(&w, WEB_ACTIVATE, true, token), 404);
	assert_int_equal(ask(&w, WEB_ACTIVATE, true, second), 404);	/* made before it was disabled */
	expect(&w, "alice", STATUS_ACTIVATED, false);
	make_link(&w, "alice", token);
	assert_int_equal(ask(&w, WEB_ACTIVATE, true, token), 200);
	expect(&w, "alice", STATUS_ACTIVATED, true);
	end(&w);
}

static void
test_configuration_again(void **state)
{
	struct web	w;
	struct account	before, after;
	char		token[64], configure[64], second[64], password[64], other[64], uri[128];

	(void)state;
	begin(&w);
	make_account(&w, "bob", edit_of(&account_kind, "group", "g", "password", "bob's secret", NULL));
	make_link(&w, "alice", token);
	assert_int_equal(ask(&w, WEB_ACTIVATE, false, token), 200);
	(void)token_in(w.got.config, 'c', configure);
	get(&w, "alice", &before);
	w.head = true;
	assert_int_equal(ask(&w, WEB_CONFIGURATION, false, configure), 200);
	assert_int_equal(w.got.a.body.n, 0);
	w.head = false;
	assert_int_equal(ask(&w, WEB_CONFIGURATION, true, configure), 405);
	get(&w, "alice", &after);
	assert_memory_equal(&before, &after, sizeof before);

	assert_int_equal(ask(&w, WEB_CONFIGURATION, false, configure), 200);
	password_in(w.got.body, password);
	get(&w, "alice", &before);
	assert_int_equal(ask(&w, WEB_CONFIGURATION, false, configure), 401);
	assert_string_equal(w.got.page, "used");
	assert_true(w.got.a.challenge);
	(void)snprintf(uri, sizeof uri, "/c/%s", configure);
	assert_int_equal(ask_as(&w, WEB_CONFIGURATION, false, configure, "", "alice", "wrong", uri), 401);
	assert_int_equal(ask_as(&w, WEB_CONFIGURATION, false, configure, "", "alice", password, "/c/another"), 400);
	assert_int_equal(ask(&w, WEB_CONFIGURATION, false, configure), 401);
	assert_int_equal(ask_as(&w, WEB_CONFIGURATION, false, configure, "", "bob", "bob's secret", uri), 403);
	assert_int_equal(ask(&w, WEB_CONFIGURATION, false, configure), 401);
	assert_int_equal(ask_as(&w, WEB_CONFIGURATION, false, configure, "", "alice", password, uri), 200);
	assert_non_null(strstr(w.got.body, "alice"));
	assert_null(strstr(w.got.body, "passwd"));
	assert_null(strstr(w.got.body, password));
	get(&w, "alice", &after);
	assert_memory_equal(&before, &after, sizeof before);

	/* The page offers it anew: a download may have been lost on the way. */
	assert_int_equal(ask(&w, WEB_ACTIVATE, false, token), 200);
	(void)token_in(w.got.config, 'c', second);
	assert_string_not_equal(second, configure);
	assert_int_equal(ask(&w, WEB_CONFIGURATION, false, second), 200);
	password_in(w.got.body, other);
	assert_string_not_equal(other, password);
	assert_int_equal(ask(&w, WEB_CONFIGURATION, false, configure), 404);
	expect(&w, "alice", STATUS_INSTALLED, false);

	/* Its phone's link outlives another round, until that one is fetched. */
	make_link(&w, "alice", token);
	assert_int_equal(ask(&w, WEB_CONFIGURATION, false, second), 401);
	end(&w);
}

/* Activated first, set up afterwards. */
static void
test_other_order(void **state)
{
	struct web	w;
	char		token[64], configure[64], password[64];

	(void)state;
	begin(&w);
	make_link(&w, "alice", token);
	assert_int_equal(ask(&w, WEB_ACTIVATE, true, token), 200);
	assert_int_equal(ask(&w, WEB_ACTIVATE, false, token), 200);
	assert_string_equal(w.got.page, "activate");
	assert_string_equal(w.got.action, "");
	(void)token_in(w.got.config, 'c', configure);
	assert_int_equal(ask(&w, WEB_ACTIVATE, true, token), 410);
	assert_int_equal(ask(&w, WEB_CONFIGURATION, false, configure), 200);
	password_in(w.got.body, password);
	expect(&w, "alice", STATUS_ACTIVATED, true);
	assert_int_equal(ask(&w, WEB_ACTIVATE, false, token), 410);
	end(&w);
}

/* What is missing is said to the operator, by its name, and to the phone that it is not its fault. */
static void
test_missing(void **state)
{
	struct web	 w;
	struct account	 a;
	struct fault	 f;
	struct txn	*t;
	char		 token[64], install[64], configure[64], link[ACTIVATION_LINK];
	int64_t		 until;

	(void)state;
	begin(&w);
	make_link(&w, "alice", token);
	assert_int_equal(ask(&w, WEB_ACTIVATE, false, token), 200);
	(void)token_in(w.got.config, 'c', configure);
	activate(&w, "alice", install);
	make_link(&w, "alice", token);
	assert_int_equal(ask(&w, WEB_ACTIVATE, false, token), 200);
	(void)token_in(w.got.config, 'c', configure);
	get(&w, "alice", &a);
	t = txn_new(w.rig.k.db.store);
	{
		struct edit	e = edit_of(&group_kind, "profile", "", NULL);
		struct group	g;
		bool		changed;

		assert_int_equal(named_find(&w.rig.k, &groups_named, "g", &g), 0);
		assert_int_equal(named_set(&w.rig.k, &groups_named, t, "root", &e, &g, &changed, &f), 0);
	}
	commit(&w, t);
	assert_int_equal(ask(&w, WEB_CONFIGURATION, false, configure), 503);
	assert_string_equal(w.got.page, "unready");
	expect(&w, "alice", STATUS_CREATED, false);

	t = txn_new(w.rig.k.db.store);
	assert_int_equal(activation_begin(&w.rig.k, t, "root", &a, &f), ERR_INVALID);
	assert_string_equal(f.field, "profile");
	assert_int_equal(activation_make_link(&w.rig.k, t, "root", &a, link, &until, &f), ERR_INVALID);
	w.rig.k.conf.http.public_url[0] = '\0';
	assert_int_equal(activation_make_link(&w.rig.k, t, "root", &a, link, &until, &f), ERR_INVALID);
	assert_non_null(strstr(f.text, "public_url"));
	w.rig.k.conf.http.listen[0] = '\0';
	assert_int_equal(activation_make_link(&w.rig.k, t, "root", &a, link, &until, &f), ERR_INVALID);
	assert_non_null(strstr(f.text, "listen"));
	txn_drop(t);
	end(&w);
}

static void
test_missing_for_sms(void **state)
{
	struct web	 w;
	struct account	 a;
	struct fault	 f;
	struct txn	*t;

	(void)state;
	begin(&w);
	make_account(&w, "bob", edit_of(&account_kind, "group", "g", NULL));
	get(&w, "bob", &a);
	t = txn_new(w.rig.k.db.store);
	assert_int_equal(activation_begin(&w.rig.k, t, "root", &a, &f), ERR_INVALID);
	assert_string_equal(f.field, "caller_id");
	w.rig.k.conf.sms.url[0] = '\0';
	get(&w, "alice", &a);
	assert_int_equal(activation_begin(&w.rig.k, t, "root", &a, &f), ERR_INVALID);
	assert_non_null(strstr(f.text, "gateway"));
	txn_drop(t);
	end(&w);
}

/* Without an address to send the phone to it is told that the next message comes. */
static void
test_no_install_url(void **state)
{
	struct web	w;
	char		install[64];

	(void)state;
	begin(&w);
	set_profile(&w, edit_of(&profile_kind, "install_url", "", NULL));
	activate(&w, "alice", install);
	assert_int_equal(ask(&w, WEB_INSTALL, true, install), 200);
	assert_string_equal(w.got.page, "thanks");
	expect(&w, "alice", STATUS_INSTALL_CLICKED, false);
	end(&w);
}

/* Two in one turn, before the first is on disk: one of them counts. */
static void
test_pressed_twice(void **state)
{
	struct web	w;
	char		token[64];
	struct web_ask	twice;

	(void)state;
	begin(&w);
	make_link(&w, "alice", token);
	twice = (struct web_ask){ .from = w.from, .what = WEB_ACTIVATE, .post = true, .token = span_of(token) };
	visits_ask(w.rig.k.visits, w.theirs, 1, &twice);
	w.next_id = 2;
	visits_ask(w.rig.k.visits, w.theirs, 2, &twice);	/* answered at once */
	channel_flush(w.theirs);
	channel_read(w.ours);
	assert_int_equal(w.got.a.code, 410);
	w.next_id = 1;
	w.got.come = false;
	collect(&w);
	assert_int_equal(w.got.a.code, 200);
	assert_int_equal(events(&w, "web 192.0.2.17", "-> Activated"), 1);
	end(&w);
}

/* The store fails under it: the answer says later, and nothing is changed. */
static void
test_store_fails(void **state)
{
	struct web	w;
	char		token[64];

	(void)state;
	begin(&w);
	make_link(&w, "alice", token);
	store_fault(w.rig.k.db.store, true);
	memset(&w.got, 0, sizeof w.got);
	visits_ask(w.rig.k.visits, w.theirs, ++w.next_id,
	    &(struct web_ask){ .from = w.from, .what = WEB_ACTIVATE, .post = true, .token = span_of(token) });
	(void)store_sync(w.rig.k.db.store);
	store_fault(w.rig.k.db.store, false);
	collect(&w);
	assert_int_equal(w.got.a.code, 503);
	assert_int_not_equal(w.got.a.retry_after, 0);
	expect(&w, "alice", STATUS_CREATED, false);
	assert_int_equal(ask(&w, WEB_ACTIVATE, true, token), 200);	/* the link stays good */
	end(&w);
}

/* The web process dies before its answer is on disk: the next one, which counts anew, does not get it. */
static void
test_web_dies(void **state)
{
	struct web	w;
	char		token[64];

	(void)state;
	begin(&w);
	make_link(&w, "alice", token);
	visits_ask(w.rig.k.visits, w.theirs, ++w.next_id,
	    &(struct web_ask){ .from = w.from, .what = WEB_ACTIVATE, .post = true, .token = span_of(token) });
	visits_channel_gone(w.rig.k.visits);
	collect(&w);
	assert_false(w.got.come);
	expect(&w, "alice", STATUS_ACTIVATED, true);
	end(&w);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_road), cmocka_unit_test(test_links), cmocka_unit_test(test_disabled_again),
		cmocka_unit_test(test_configuration_again), cmocka_unit_test(test_other_order),
		cmocka_unit_test(test_missing), cmocka_unit_test(test_missing_for_sms),
		cmocka_unit_test(test_no_install_url), cmocka_unit_test(test_pressed_twice),
		cmocka_unit_test(test_store_fails), cmocka_unit_test(test_web_dies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
