/* links: sip sipd */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/binding.h"
#include "sipd/sip/token.h"

static const uint8_t	key[TOKEN_KEY] = { 1, 2, 3 }, other_key[TOKEN_KEY] = { 1, 2, 4 };

static struct hop
hop_of(const char *text, uint8_t transport, uint64_t flow, uint64_t account)
{
	struct hop	h = { .transport = transport, .flow = flow, .account = account };

	assert_int_equal(addr_parse(&h.target, text), 0);
	return h;
}

static void
what_was_made_is_read(void **state)
{
	struct hop		hops[] = {
		hop_of("192.0.2.1:5060", TRANSPORT_UDP, 0, 0), hop_of("192.0.2.1:1", TRANSPORT_UDP, 0, UINT64_MAX),
		hop_of("[2001:db8::1]:65535", TRANSPORT_TLS, UINT64_MAX, UINT64_MAX), hop_of("[::1]:5061", TRANSPORT_TCP, 77, 1),
	};
	struct hop		read;
	char			text[TOKEN_TEXT];

	(void)state;
	hops[1].srtp = hops[2].srtp = true;
	for (size_t i = 0; i < sizeof hops / sizeof hops[0]; i++) {
		token_make(key, &hops[i], span_of("a call"), text);
		assert_in_range(strlen(text), 10, TOKEN_TEXT - 1);
		assert_true(token_read(key, text, span_of("a call"), &read));
		assert_true(addr_eq(&read.target, &hops[i].target));
		assert_int_equal(read.transport, hops[i].transport);
		assert_int_equal(read.flow, hops[i].flow);
		assert_int_equal(read.account, hops[i].account);
		assert_int_equal(read.srtp, hops[i].srtp);
	}
}

static void
nobody_else_makes_one(void **state)
{
	const struct hop	h = hop_of("192.0.2.1:5060", TRANSPORT_TLS, 99, 7);
	static const char *const	bad[] = { "", "w", "alice", "wAAAA", "w!!!!", "weeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee" };
	struct hop		read;
	char			text[TOKEN_TEXT];

	(void)state;
	token_make(key, &h, span_of("a call"), text);
	assert_false(token_read(other_key, text, span_of("a call"), &read));
	assert_false(token_read(key, text, span_of("another call"), &read));
	assert_false(token_read(key, NULL, span_of("a call"), &read));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(token_read(key, bad[i], span_of("a call"), &read));
	for (size_t i = 0; text[i] != '\0'; i++) {		/* any one character */
		char	changed[TOKEN_TEXT];

		memcpy(changed, text, sizeof changed);
		changed[i] = changed[i] == 'A' ? 'B' : 'A';
		assert_false(token_read(key, changed, span_of("a call"), &read));
		memcpy(changed, text, sizeof changed);
		changed[i] = '\0';
		assert_false(token_read(key, changed, span_of("a call"), &read));
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = { cmocka_unit_test(what_was_made_is_read), cmocka_unit_test(nobody_else_makes_one) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
