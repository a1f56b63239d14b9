/* links: db sipd keeper */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/binding.h"
#include "core/err.h"
#include "core/event.h"
#include "core/kinds.h"
#include "core/match.h"
#include "sipd/keeper/filter.h"
#include "sipd/keeper/json.h"

static void
test_types(void **state)
{
	struct account	a;
	json_t		*o;

	(void)state;
	account_defaults(&a);
	strcpy(a.username, "alice");
	strcpy(a.permit, "10.0.0.0/8,2001:db8::/32");
	strcpy(a.password, "secret");
	memset(a.ha1_md5, 1, sizeof a.ha1_md5);
	a.created_at = 1000;
	o = json_of_record(&account_kind, &a, NULL);
	assert_string_equal(json_string_value(json_object_get(o, "username")), "alice");
	assert_true(json_is_null(json_object_get(o, "owner")));
	assert_true(json_is_true(json_object_get(o, "enabled")));
	assert_int_equal(json_integer_value(json_object_get(o, "max_contacts")), 10);
	assert_string_equal(json_string_value(json_object_get(o, "qualify")), "yes");
	assert_string_equal(json_string_value(json_object_get(o, "permit")), "10.0.0.0/8,2001:db8::/32");
	assert_string_equal(json_string_value(json_object_get(o, "status")), "Created");
	assert_true(json_is_null(json_object_get(o, "updated_at")));
	assert_non_null(strchr(json_string_value(json_object_get(o, "created_at")), 'T'));
	json_decref(o);
	a.qualify = QUALIFY_NO;
	o = json_of_record(&account_kind, &a, NULL);
	assert_string_equal(json_string_value(json_object_get(o, "qualify")), "no");
	json_decref(o);
	a.qualify = 500;
	o = json_of_record(&account_kind, &a, NULL);
	assert_int_equal(json_integer_value(json_object_get(o, "qualify")), 500);
	json_decref(o);
}

/* A row of a kind's table is a key of its JSON, but for what is hidden or secret; there is nothing else. */
static void
test_every_row(void **state)
{
	(void)state;
	for (size_t i = 0; kinds[i] != NULL; i++) {
		void	*record = calloc(1, kinds[i]->size);
		json_t	*o;
		size_t	 shown = 0;

		assert_non_null(record);
		o = json_of_record(kinds[i], record, NULL);
		for (size_t j = 0; j < kinds[i]->n_fields; j++) {
			const struct field	*f = &kinds[i]->fields[j];

			if (f->name == NULL || (f->flags & (FF_HIDDEN | FF_SECRET)))
				continue;
			assert_non_null(json_object_get(o, f->name));
			shown++;
		}
		assert_int_equal(json_object_size(o), shown);
		assert_null(json_object_get(o, "password"));
		json_decref(o);
		free(record);
	}
}

static void
test_bytes_from_outside(void **state)
{
	struct registration	r;
	json_t			*o;
	char			*text;

	(void)state;
	memset(&r, 0, sizeof r);
	strcpy(r.user_agent, "a\xff\x1b[31m\xe2\x80\xae b");
	o = json_of_record(&registration_kind, &r, NULL);
	assert_string_equal(json_string_value(json_object_get(o, "user_agent")), "a\xef\xbf\xbd\x1b[31m\xe2\x80\xae b");
	text = json_dumps(o, JSON_COMPACT);
	assert_non_null(text);
	assert_null(strchr(text, '\x1b'));	/* escaped on the wire */
	free(text);
	json_decref(o);
	memset(r.user_agent, 0xff, sizeof r.user_agent - 1);
	o = json_of_record(&registration_kind, &r, NULL);
	assert_int_equal(json_string_length(json_object_get(o, "user_agent")), 3 * (sizeof r.user_agent - 1));
	json_decref(o);
}

static void
test_to_text(void **state)
{
	static const struct {
		const char	*json, *text;
	} rows[] = {
		{ "\"x\"", "x" }, { "5", "5" }, { "-5", "-5" }, { "true", "yes" }, { "false", "no" }, { "null", "" }, { "1.5", NULL },
		{ "[]", NULL }, { "{}", NULL }, { "\"a\\u0000b\"", NULL },
	};
	char	buf[JSON_NUMBER_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		json_t		*v = json_loads(rows[i].json, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
		const char	*text;

		assert_non_null(v);
		text = json_to_text(v, buf);
		if (rows[i].text == NULL)
			assert_null(text);
		else
			assert_string_equal(text, rows[i].text);
		json_decref(v);
	}
}

static void
test_filter(void **state)
{
	static const struct {
		const char	*text;
		bool		 matches;
	} rows[] = {
		{ "", true }, { "  ", true }, { "ROSS*", true }, { "rossi AND alice", true }, { "rossi AND bob", false }, { "rossi bob", true },
		{ "owner:rossi", true }, { "username:rossi", false }, { "callerid:39111", true }, { "caller_id:39*", true }, { "enabled:yes", true },
		{ "enabled:no", false }, { "nosuch:alice", false }, { "CAFF\xc3\x88", true }, { "password:x", false }, { "izmir", true },
		{ "\"alice rossi\"", true }, { "\"rossi alice\"", false }, { "ross~1", true }, { "*:* AND NOT bob", true }, { "/ali.{2}/", true }, { "owner:[b TO rossj]", true }, { "{rossi TO *]", false },
	};
	struct filter	filter;
	struct account	a;
	struct match	*room = NULL;
	struct fault	fault;
	uint8_t		record[RECORD_MAX];
	int		n;

	(void)state;
	account_defaults(&a);
	strcpy(a.username, "alice");
	strcpy(a.owner, "Alice Rossi");
	strcpy(a.caller_id, "+39111");
	strcpy(a.description, "perch\xc3\xa9, caff\xc3\xa8, \xc4\xb0zmir");
	n = record_encode(&account_kind, &a, NULL, record, sizeof record);
	assert_true(n > 0);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_int_equal(filter_parse(&filter, &account_kind, rows[i].text, "query", &fault), 0);
		if (filter_matches(&filter, &room, &a, NULL) != rows[i].matches)
			fail_msg("\"%s\"", rows[i].text);
		if (rows[i].matches && !filter_may_match(&filter, record, (size_t)n))
			fail_msg("\"%s\" in the record's bytes", rows[i].text);
		filter_clear(&filter);
	}
	assert_int_equal(filter_parse(&filter, &account_kind, "owner:(rossi", "query", &fault), ERR_INVALID);
	assert_int_equal(fault.column, 7);
	assert_string_equal(fault.text, "query: column 7: the ) to this ( is missing");
	match_free(room);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_types), cmocka_unit_test(test_every_row), cmocka_unit_test(test_bytes_from_outside),
		cmocka_unit_test(test_to_text), cmocka_unit_test(test_filter),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
