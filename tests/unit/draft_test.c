/* links: tui */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/account.h"
#include "core/group.h"
#include "tui/draft.h"

static json_t *
alice(void)
{
	return json_pack("{s:s, s:s, s:s, s:n, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:i, s:s, s:n, s:s}", "username", "alice", "owner", "Alice Rossi",
	    "caller_id", "+39340", "caller_id_2", "group", "Sales", "email", "a@example.org", "description", "", "deny", "0.0.0.0/0",
	    "permit", "10.0.0.0/8, 192.0.2.1", "qualify", "yes", "enabled", 1, "max_contacts", 10, "server", "", "profile", "creation", "plain");
}

static struct draft *
editing(void)
{
	struct draft	*d = malloc(sizeof *d);
	json_t		*record = alice();

	draft_begin(d, &account_kind, record, 7, "");
	json_decref(record);
	return d;
}

static struct draft *
adding(void)
{
	struct draft	*d = malloc(sizeof *d);

	draft_begin(d, &account_kind, NULL, 0, "Sales");
	return d;
}

static void
done(struct draft *d)
{
	draft_clear(d);
	free(d);
}

static void
set(struct draft *d, const char *field, const char *text)
{
	assert_in_range(draft_find(d, field), 0, DRAFT_FIELDS);
	draft_set(d, draft_find(d, field), text);
}

static struct draft_field *
field(struct draft *d, const char *name)
{
	return &d->fields[draft_find(d, name)];
}

/* The request is this JSON. */
static void
assert_request(struct draft *d, const char *json)
{
	json_t	*is = draft_request(d), *want = json_loads(json, 0, NULL);
	char	*text = json_dumps(is, JSON_SORT_KEYS);

	assert_non_null(want);
	if (!json_equal(is, want))
		fail_msg("%s", text);
	free(text);
	json_decref(is);
	json_decref(want);
}

static void
test_nothing_changed(void **state)
{
	struct draft	*d = editing();

	(void)state;
	assert_false(draft_changed(d));
	assert_true(field(d, "username")->fixed);
	assert_true(field(d, "caller_id")->fixed);
	assert_string_equal(d->fields[d->at].field->name, "owner");	/* the first that can be changed */
	assert_string_equal(field(d, "max_contacts")->editor.text, "10");
	assert_string_equal(field(d, "enabled")->editor.text, "yes");
	assert_request(d, "{\"do\":\"account set\",\"name\":\"alice\",\"set\":{},\"version\":7,\"was\":{}}");
	done(d);
}

static void
test_edit(void **state)
{
	struct draft	*d = editing();

	(void)state;
	set(d, "owner", "Alice Verdi");
	set(d, "enabled", "no");
	set(d, "permit", "192.0.2.1,10.0.0.0/8");
	set(d, "password", "long enough");
	assert_true(draft_changed(d));
	assert_request(d, "{\"do\":\"account set\",\"name\":\"alice\",\"version\":7,"
	    "\"set\":{\"owner\":\"Alice Verdi\",\"enabled\":\"no\",\"permit\":\"192.0.2.1,10.0.0.0/8\",\"password\":\"long enough\"},"
	    "\"was\":{\"owner\":\"Alice Rossi\",\"enabled\":\"yes\",\"permit\":\"10.0.0.0/8, 192.0.2.1\"}}");
	done(d);
}

static void
test_add(void **state)
{
	struct draft	*d = adding();

	(void)state;
	set(d, "owner", "Erin");
	set(d, "deny", "0.0.0.0/0");
	assert_request(d, "{\"do\":\"account add\",\"name\":\"\",\"set\":{\"owner\":\"Erin\",\"group\":\"Sales\",\"deny\":\"0.0.0.0/0\","
	    "\"qualify\":\"yes\",\"enabled\":\"yes\",\"max_contacts\":\"10\",\"creation\":\"plain\"}}");
	set(d, "creation", "wizard");
	assert_false(draft_is_shown(d, draft_find(d, "enabled")));	/* it is not up to the form then */
	set(d, "username", "erin");
	assert_request(d, "{\"do\":\"account add\",\"name\":\"erin\",\"set\":{\"owner\":\"Erin\",\"group\":\"Sales\",\"deny\":\"0.0.0.0/0\","
	    "\"qualify\":\"yes\",\"max_contacts\":\"10\",\"creation\":\"wizard\"}}");
	done(d);
}

static void
test_local_rules(void **state)
{
	static const struct {
		const char	*field, *text;
		bool		 good;
	} cases[] = {
		{ "email", "a@example,org", false }, { "email", "a@example.org", true }, { "email", "", true },
		{ "caller_id", "12a", false }, { "caller_id", "+12", true }, { "username", "a b", false }, { "username", "", true },
		{ "qualify", "maybe", false }, { "qualify", "1500", true }, { "qualify", "1", false }, { "max_contacts", "51", false },
		{ "deny", "10.0.0.0/8,10.0.0.0/33", false }, { "deny", "10.0.0.0/8,2001:db8::/32", true }, { "group", "Ops", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct draft	*d = adding();

		set(d, cases[i].field, cases[i].text);
		assert_int_equal(draft_check(d, draft_find(d, cases[i].field)), cases[i].good);
		assert_int_equal(field(d, cases[i].field)->why[0] == '\0', cases[i].good);
		assert_int_equal(draft_check_all(d), cases[i].good);
		if (!cases[i].good)
			assert_int_equal(d->at, draft_find(d, cases[i].field));
		done(d);
	}
}

/* The fault stands at its line, and the cursor goes there, to the first field that is wrong. */
static void
test_first_wrong_line(void **state)
{
	struct draft	*d = editing();

	(void)state;
	set(d, "permit", "10.0.0.0/8,no,2001:db8::/32");
	set(d, "max_contacts", "0");
	assert_false(draft_check_all(d));
	assert_int_equal(d->at, draft_find(d, "permit"));
	assert_int_equal(field(d, "permit")->why_line, 1);
	assert_int_equal(editor_line_at(&field(d, "permit")->editor), 1);
	assert_string_not_equal(field(d, "max_contacts")->why, "");
	done(d);
}

static void
test_a_name_may_not_be_empty(void **state)
{
	struct draft	*d = malloc(sizeof *d);

	(void)state;
	draft_begin(d, &group_kind, NULL, 0, "");
	assert_false(draft_check_all(d));
	assert_string_equal(field(d, "name")->why, "may not be empty");
	set(d, "name", "Sales");
	assert_true(draft_check_all(d));
	done(d);
}

static void
test_password_twice(void **state)
{
	struct draft	*d = adding();
	int		 i = draft_find(d, "password");

	(void)state;
	assert_true(d->fields[i + 1].again);
	assert_false(draft_is_shown(d, i + 1));
	set(d, "password", "secret-1");
	assert_true(draft_is_shown(d, i + 1));
	assert_false(draft_check_all(d));
	assert_int_equal(d->at, i + 1);
	draft_set(d, i + 1, "secret-2");
	assert_false(draft_check_all(d));
	draft_set(d, i + 1, "secret-1");
	assert_true(draft_check_all(d));
	set(d, "password", "random");
	assert_false(draft_is_shown(d, i + 1));
	assert_true(draft_check_all(d));
	done(d);
}

static void
test_moving(void **state)
{
	struct draft	*d = editing();
	int		 first = d->at;

	(void)state;
	for (int i = 0; i < 2 * DRAFT_FIELDS; i++) {
		draft_move(d, 1);
		assert_false(d->fields[d->at].fixed);
		assert_true(draft_is_shown(d, d->at));
	}
	while (d->at != first)
		draft_move(d, 1);
	draft_move(d, -1);
	draft_move(d, 1);
	assert_int_equal(d->at, first);
	d->at = draft_find(d, "email");
	set(d, "email", "nobody");
	draft_move(d, 1);
	assert_string_not_equal(field(d, "email")->why, "");	/* said when it is left */
	done(d);
}

static void
test_choices(void **state)
{
	struct draft	*d = editing();
	int		 group = draft_find(d, "group");

	(void)state;
	d->at = draft_find(d, "enabled");
	assert_true(draft_choose(d, 1));
	assert_string_equal(d->fields[d->at].editor.text, "no");
	assert_true(draft_choose_letter(d, 'Y'));
	assert_string_equal(d->fields[d->at].editor.text, "yes");
	assert_false(draft_choose_letter(d, 'x'));
	d->at = group;
	assert_false(draft_choose(d, 1));	/* none has come yet */
	for (int i = 0; i < 1000; i++) {
		char	name[16];

		(void)snprintf(name, sizeof name, "G%d", i);
		draft_name_add(d, group, i == 500 ? "\303\211quipe" : i == 501 ? "Sales" : name);
	}
	assert_int_equal(draft_choices(d, group), 1000);
	assert_string_equal(field(d, "group")->editor.text, "Sales");
	assert_true(draft_choose(d, -1));
	assert_string_equal(field(d, "group")->editor.text, "\303\211quipe");
	assert_true(draft_choose_letter(d, 's'));
	assert_string_equal(field(d, "group")->editor.text, "Sales");
	assert_true(draft_choose_letter(d, 0xe9));
	assert_string_equal(field(d, "group")->editor.text, "\303\211quipe");
	assert_true(draft_choose(d, 1) && draft_choose(d, 1));
	assert_string_equal(field(d, "group")->editor.text, "G502");
	done(d);
}

static void
test_a_group_there_must_be(void **state)
{
	struct draft	*d = malloc(sizeof *d);

	(void)state;
	draft_begin(d, &account_kind, NULL, 0, "");
	draft_name_add(d, draft_find(d, "group"), "Lab");
	draft_name_add(d, draft_find(d, "group"), "Ops");
	assert_string_equal(field(d, "group")->editor.text, "Lab");
	assert_false(draft_changed(d));
	done(d);
}

static void
test_refusal_at_its_field(void **state)
{
	struct draft	*d = adding();
	json_t		*e = json_pack("{s:s, s:s, s:s}", "code", "exists", "field", "caller_id", "text", "caller_id: +39 belongs to account bob");

	(void)state;
	assert_true(draft_refused(d, e));
	assert_int_equal(d->at, draft_find(d, "caller_id"));
	assert_string_equal(field(d, "caller_id")->why, "+39 belongs to account bob");
	json_decref(e);
	set(d, "deny", "10.0.0.0/8,1.2.3.4");
	e = json_pack("{s:s, s:s, s:s}", "code", "invalid", "field", "deny", "text", "deny: '1.2.3.4' is not wanted");
	assert_true(draft_refused(d, e));
	assert_int_equal(field(d, "deny")->why_line, 1);
	json_decref(e);
	e = json_pack("{s:s, s:s}", "code", "busy", "text", "too much at once");
	assert_false(draft_refused(d, e));
	json_decref(e);
	done(d);
}

static void
test_conflict(void **state)
{
	struct draft	*d = editing();
	json_t		*fields = json_pack("{s:{s:s, s:s}}", "owner", "now", "Alice Neri", "yours", "Alice Verdi");
	json_t		*now = alice();

	(void)state;
	set(d, "owner", "Alice Verdi");
	set(d, "email", "b@example.org");
	assert_int_equal(draft_conflict(d, fields), 1);
	(void)json_object_set_new(now, "owner", json_string("Alice Neri"));
	(void)json_object_set_new(now, "description", json_string("theirs, too"));
	draft_refresh(d, now, 9);
	assert_string_equal(field(d, "description")->editor.text, "theirs, too");
	assert_string_equal(field(d, "email")->editor.text, "b@example.org");
	assert_request(d, "{\"do\":\"account set\",\"name\":\"alice\",\"version\":9,"
	    "\"set\":{\"owner\":\"Alice Verdi\",\"email\":\"b@example.org\"},"
	    "\"was\":{\"owner\":\"Alice Neri\",\"email\":\"a@example.org\"}}");
	draft_take(d, draft_find(d, "owner"), true);
	assert_request(d, "{\"do\":\"account set\",\"name\":\"alice\",\"version\":9,"
	    "\"set\":{\"email\":\"b@example.org\"},\"was\":{\"email\":\"a@example.org\"}}");
	draft_take(d, draft_find(d, "owner"), false);
	assert_string_equal(field(d, "owner")->editor.text, "Alice Verdi");
	json_decref(fields);
	json_decref(now);
	done(d);
}

/* Deleted meanwhile: all that it had is sent to make it again. */
static void
test_gone(void **state)
{
	struct draft	*d = editing();

	(void)state;
	draft_gone(d);
	assert_request(d, "{\"do\":\"account add\",\"name\":\"alice\",\"set\":{\"owner\":\"Alice Rossi\",\"caller_id\":\"+39340\","
	    "\"group\":\"Sales\",\"email\":\"a@example.org\",\"deny\":\"0.0.0.0/0\",\"permit\":\"10.0.0.0/8,192.0.2.1\",\"qualify\":\"yes\","
	    "\"enabled\":\"yes\",\"max_contacts\":\"10\",\"creation\":\"plain\"}}");
	done(d);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_nothing_changed),
		cmocka_unit_test(test_edit),
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_local_rules),
		cmocka_unit_test(test_first_wrong_line),
		cmocka_unit_test(test_a_name_may_not_be_empty),
		cmocka_unit_test(test_password_twice),
		cmocka_unit_test(test_moving),
		cmocka_unit_test(test_choices),
		cmocka_unit_test(test_a_group_there_must_be),
		cmocka_unit_test(test_refusal_at_its_field),
		cmocka_unit_test(test_conflict),
		cmocka_unit_test(test_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
