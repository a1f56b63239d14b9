/* links: db sipd keeper */
/* The licence endpoint, asked as the web process does: what it answers, and what becomes of the licence. */
#include "visit_rig.h"

#include "core/licence.h"
#include "sipd/keeper/licence_ask.h"
#include "sipd/keeper/licences.h"

static void
set_licence(struct web *w, const char *name, struct edit e)
{
	struct txn	*t = txn_new(w->rig.k.db.store);
	struct account	 a;
	struct licence	 l;
	struct fault	 f;
	bool		 changed;

	get(w, name, &a);
	licences_get(&w->rig.k, &a, &l);
	if (licences_set(&w->rig.k, t, "root", &e, &l, &changed, &f) != 0)
		fail_msg("%s", f.text);
	commit(w, t);
}

static void
licence_of(struct web *w, const char *name, struct licence *l)
{
	struct account	a;

	get(w, name, &a);
	licences_get(&w->rig.k, &a, l);
}

/* Asks as a client does: challenged, then with its password. */
static uint32_t
validate(struct web *w, const char *key)
{
	assert_int_equal(ask(w, WEB_LICENCE, true, ""), 401);
	assert_true(w->got.a.challenge);
	return ask_as(w, WEB_LICENCE, true, "", key, "bob", "bob's secret", "/licence");
}

static void
test_licence(void **state)
{
	struct web	w;
	struct licence	l;
	int64_t		first;

	(void)state;
	begin(&w);
	make_account(&w, "bob", edit_of(&account_kind, "group", "g", "password", "bob's secret", NULL));
	assert_int_equal(ask(&w, WEB_LICENCE, false, ""), 405);
	assert_int_equal(validate(&w, ""), 200);
	assert_string_equal(w.got.body, "{\"state\":\"NONE\",\"valid_until\":null}");
	assert_string_equal(w.got.type, "application/json");
	set_licence(&w, "bob", edit_of(&licence_kind, "key", "K-1", "valid_until", "2099-12-31T23:59:59Z", NULL));

	assert_int_equal(validate(&w, "K-2"), 403);
	assert_non_null(strstr(w.got.body, "\"state\":\"NONE\",\"valid_until\":null"));
	licence_of(&w, "bob", &l);
	assert_int_equal(l.checked_at, 0);
	assert_int_equal(l.state, LICENCE_VALID);

	assert_int_equal(validate(&w, "K-1"), 200);
	assert_non_null(strstr(w.got.body, "\"state\":\"VALID\",\"valid_until\":\"2099-12-31T2"));
	licence_of(&w, "bob", &l);
	assert_int_equal(l.state, LICENCE_VALID);
	first = l.checked_at;
	assert_int_not_equal(first, 0);
	assert_int_equal(events(&w, "web 192.0.2.17", "licence bob: VALID -> CHECKING"), 1);
	assert_int_equal(events(&w, "web 192.0.2.17", "licence bob: CHECKING -> VALID"), 1);

	w.rig.k.clock.offset_ms += 61000;
	assert_int_equal(validate(&w, ""), 200);		/* its password will do; and it is no first time */
	licence_of(&w, "bob", &l);
	assert_true(l.checked_at > first);
	assert_int_equal(events(&w, "web 192.0.2.17", "licence bob: VALID -> CHECKING"), 1);

	set_licence(&w, "bob", edit_of(&licence_kind, "state", "REVOKED", NULL));
	assert_int_equal(validate(&w, "K-1"), 200);
	assert_non_null(strstr(w.got.body, "\"state\":\"REVOKED\""));
	set_licence(&w, "bob", edit_of(&licence_kind, "state", "VALID", "valid_until", "2100-01-01T00:00:00Z", NULL));
	w.rig.k.clock.offset_ms += (int64_t)100 * 366 * 24 * HOUR_MS;
	assert_int_equal(validate(&w, "K-1"), 200);
	assert_non_null(strstr(w.got.body, "\"state\":\"EXPIRED\""));
	assert_int_equal(table_verify(&w.rig.k.db, &licence_kind, NULL, NULL), 0);

	assert_int_equal(ask(&w, WEB_LICENCE, true, ""), 401);
	assert_int_equal(ask_as(&w, WEB_LICENCE, true, "", "K-1", "bob", "wrong", "/licence"), 401);
	end(&w);
}

/* Seen between the question and its answer; the daemon dies there, and the client asks again. */
static void
test_licence_checking(void **state)
{
	struct web	w;
	struct licence	l;

	(void)state;
	begin(&w);
	make_account(&w, "bob", edit_of(&account_kind, "group", "g", "password", "bob's secret", NULL));
	set_licence(&w, "bob", edit_of(&licence_kind, "key", "K-1", NULL));
	licence_of(&w, "bob", &l);
	{
		struct txn	*t = txn_new(w.rig.k.db.store);

		assert_true(licences_check_begin(&w.rig.k, t, "web 192.0.2.17", &l));
		commit(&w, t);
	}
	licence_of(&w, "bob", &l);
	assert_int_equal(l.state, LICENCE_CHECKING);
	assert_int_equal(validate(&w, "K-1"), 200);
	assert_non_null(strstr(w.got.body, "\"state\":\"VALID\""));
	licence_of(&w, "bob", &l);
	assert_int_equal(l.state, LICENCE_VALID);
	end(&w);
}

static void
test_licence_rate(void **state)
{
	struct web	w;

	(void)state;
	begin(&w);
	make_account(&w, "bob", edit_of(&account_kind, "group", "g", "password", "bob's secret", NULL));
	for (int i = 0; i < LICENCE_ASKS; i++)
		assert_int_equal(validate(&w, ""), 200);
	assert_int_equal(validate(&w, ""), 429);
	assert_int_not_equal(w.got.a.retry_after, 0);
	w.rig.k.clock.offset_ms += LICENCE_ASKS_S * 1000 + 1;
	assert_int_equal(validate(&w, ""), 200);
	end(&w);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_licence), cmocka_unit_test(test_licence_checking),
		cmocka_unit_test(test_licence_rate),
	};

	(void)setenv("TZ", "UTC", 1);		/* of the times that it answers with */
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
