/* links: */
/* Addresses, and the access lists of product A6. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/addr.h"
#include "core/err.h"

static struct addr
addr(const char *text)
{
	struct addr	a;

	assert_int_equal(addr_parse(&a, text), 0);
	return a;
}

static void
test_parse_and_text(void **state)
{
	static const char *const	same[] = { "192.0.2.1", "192.0.2.1:5060", "2001:db8::1", "[2001:db8::1]:5061", "::1" };
	static const char *const	bad[] = { "", "1.2.3", "1.2.3.4:", "1.2.3.4:70000", "1.2.3.4:5x", "[::1", "[::1]x", "[1.2.3.4]:5060",
		"host", "1.2.3.4.5", "::1]:5" };
	struct addr			a;
	char				text[ADDR_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
		a = addr(same[i]);
		assert_string_equal(addr_text(&a, text), same[i]);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(addr_parse(&a, bad[i]), ERR_INVALID);
	a = addr("::ffff:192.0.2.1");	/* a mapped address is the IPv4 one */
	assert_int_equal(a.family, ADDR_IP4);
}

static const struct {
	const char	*permit, *deny, *from;
	bool		 allowed;
} lists[] = {
	{ "", "", "192.0.2.1", true },
	{ "", "0.0.0.0/0.0.0.0", "192.0.2.1", false },
	{ "", "0.0.0.0/0.0.0.0", "2001:db8::1", false },		/* deny-all means all */
	{ "192.0.2.0/255.255.255.0", "0.0.0.0/0.0.0.0", "192.0.2.77", true },
	{ "192.0.2.0/24", "0.0.0.0/0", "192.0.3.1", false },
	{ "192.168.0.38/255.255.255.255", "0.0.0.0/0", "192.168.0.38", true },
	{ "192.168.0.38/255.255.255.255", "0.0.0.0/0", "192.168.0.39", false },
	{ "10.0.0.0/8, 2001:db8::/32", "0.0.0.0/0", "2001:db8:1::5", true },
	{ "", "2001:db8::/32", "2001:db9::1", true },
	{ "192.0.2.1", "", "198.51.100.1", true },			/* a permit alone refuses nobody */
	{ "0.0.0.0/0", "192.0.2.1", "192.0.2.1", true },
};

static void
test_lists(void **state)
{
	char	why[128];

	(void)state;
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
		struct addr	from = addr(lists[i].from);

		assert_int_equal(acl_check(lists[i].permit, why, sizeof why), 0);
		assert_int_equal(acl_check(lists[i].deny, why, sizeof why), 0);
		assert_int_equal(acl_allows(lists[i].permit, lists[i].deny, &from), lists[i].allowed);
	}
}

static void
test_faults_are_named(void **state)
{
	static const char *const	bad[] = { "192.0.2.0/33", "192.0.2.0/255.255.0.0.0", "all", "192.0.2.1/", "10.0.0.0/8,x", "::/129",
		"1.2.3.4:5060/8", "10.0.0.0/::1" };
	char				why[128];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(acl_check(bad[i], why, sizeof why), ERR_INVALID);
		assert_non_null(strstr(why, "is not address/mask"));
	}
}

static void
test_source(void **state)
{
	struct addr	a = addr("[2001:db8:1:2:3:4:5:6]:5060"), b = addr("2001:db8:1:2::9");

	(void)state;
	a = addr_source(&a);
	b = addr_source(&b);
	assert_true(addr_eq(&a, &b));	/* one customer's /64 */
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_parse_and_text),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_faults_are_named),
		cmocka_unit_test(test_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
