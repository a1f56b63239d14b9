/* links: */
/* Fields as text and back with their rules, and the record codec on good, cut and random bytes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/account.h"
#include "core/err.h"
#include "core/kinds.h"
#include "core/wire.h"

static const struct {
	const char	*field, *value, *why;	/* why NULL: it is taken */
} sets[] = {
	{ "username", "alice", NULL }, { "username", "al ice", "only letters" }, { "username", "al@ice", "only letters" },
	{ "caller_id", "+39340111", NULL }, { "caller_id", "39-340", "digits" }, { "caller_id", "+", "digits" },
	{ "email", "a@b.org", NULL }, { "email", "alice@example,org", "',' after '@'" }, { "email", "alice", "name@host" },
	{ "qualify", "yes", NULL }, { "qualify", "1500", NULL }, { "qualify", "99999", "no, yes or 2 to 60000 (ms)" },
	{ "enabled", "no", NULL }, { "enabled", "maybe", "yes or no" }, { "max_contacts", "0", "1 to 50" },
	{ "max_contacts", "50", NULL }, { "max_contacts", "-1", "1 to 50" }, { "creation", "wizard", NULL },
	{ "creation", "magic", "plain or wizard" }, { "owner", "Zo\xc3\xab", NULL }, { "owner", "\xff", "UTF-8" },
	{ "deny", "0.0.0.0/0", NULL }, { "permit", "everybody", "address/mask" }, { "group", "nowhere", "no group" }, { "profile", "none", "no profile" }, { "server", "b-1", NULL }, { "server", "b c", "a node's name" },
};

static void
test_values_and_their_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
		struct account		 a = { 0 };
		const struct field	*f = kind_field(&account_kind, sets[i].field);
		char			 why[200] = "", text[FIELD_TEXT];
		int			 rc;

		assert_non_null(f);
		rc = field_set(f, &a, sets[i].value, NULL, why, sizeof why);
		if (sets[i].why == NULL) {
			assert_int_equal(rc, 0);
			field_text(f, &a, NULL, text, sizeof text);
			assert_string_equal(text, sets[i].value);
		} else {
			assert_true(rc < 0);
			assert_non_null(strstr(why, sets[i].why));
		}
	}
}

static void
test_round_trip(void **state)
{
	struct account	a, b;
	uint8_t		bytes[RECORD_MAX];
	int		n;

	(void)state;
	account_defaults(&a);
	a.id = 0x123456789abcdef0;
	(void)strcpy(a.username, "alice");
	a.status_at = 1795244100499;
	a.group_id = 7;
	n = record_encode(&account_kind, &a, NULL, bytes, sizeof bytes);
	assert_true(n > 0);
	assert_int_equal(record_decode(&account_kind, &b, NULL, bytes, (size_t)n), 0);
	for (size_t i = 0; i < account_kind.n_fields; i++)
		assert_true(field_eq(&account_kind.fields[i], &a, &b));
	assert_int_equal(record_encode(&account_kind, &a, NULL, bytes, 8), ERR_TOO_LARGE);
}

/* Strangers' bytes give an error or a record, never more; a cut frame waits. */
static void
test_random_bytes(void **state)
{
	unsigned	seed = 11;

	(void)state;
	for (int round = 0; round < 30000; round++) {
		uint8_t			bytes[200];
		size_t			n = (size_t)rand_r(&seed) % sizeof bytes;
		struct account		a;
		struct register_ask	ask;
		struct frame		frame;
		int			rc;

		for (size_t i = 0; i < n; i++)
			bytes[i] = (uint8_t)(rand_r(&seed) % (round % 2 == 0 ? 256 : 32));
		rc = record_decode(&account_kind, &a, NULL, bytes, n);
		assert_true(rc == 0 || rc == ERR_CORRUPT);
		rc = record_decode(wire_kind(WIRE_REGISTER), &ask, NULL, bytes, n);
		assert_true(rc == 0 || rc == ERR_CORRUPT);
		rc = frame_parse(&frame, bytes, n);
		assert_true(rc == 0 || rc == ERR_CORRUPT || (rc > 0 && (size_t)rc <= n));
	}
}

/* No tag and no name twice, every shown field explains itself, every reference to a field exists. */
static void
test_tables_are_sound(void **state)
{
	(void)state;
	for (size_t k = 0; kinds[k] != NULL; k++) {
		const struct kind	*kind = kinds[k];

		assert_non_null(kind_tag(kind, kind->name_tag));
		if (kind->sort != NULL)
			assert_non_null(kind_field(kind, kind->sort));
		for (size_t i = 0; i < kind->n_fields; i++) {
			const struct field	*f = &kind->fields[i];

			assert_ptr_equal(kind_tag(kind, f->tag), f);
			if (f->flags & FF_HIDDEN)
				continue;
			assert_ptr_equal(kind_field(kind, f->name), f);
			assert_non_null(f->title);
			assert_non_null(f->help);
			if (f->flags & FF_COLUMN)
				assert_true(f->width > 0 && f->keep > 0);
			if (f->type == FT_REF)
				assert_non_null(kind_named(f->ref));
		}
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_values_and_their_rules),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_random_bytes),
		cmocka_unit_test(test_tables_are_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
