/* links: */
/*
 * A message's text for eyes: what it is about, and that no secret and no content is in the copy, however it is written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/siptext.h"

static const char	invite[] =
	"INVITE sip:bob:hunter2@wirechief.test;transport=udp SIP/2.0\r\n"
	"Via: SIP/2.0/UDP 192.0.2.17:5060;branch=z9hG4bK1;rport\r\n"
	"f: \"Alice \\\" <sip:evil@x>\" <sip:al%69ce@wirechief.test>;tag=1\r\n"
	"To: sip:bob@wirechief.test;x=y\r\n"
	"i: call@1\r\n"
	"CSeq: 2 INVITE\r\n"
	"Proxy-Authorization : Digest username=\"alice\", realm=\"wirechief.test\",\r\n"
	" nonce=\"NONCE\", uri=\"sip:bob@wirechief.test\", response=\"RESPONSE\", cnonce=\"CNONCE\", opaque=\"OPAQUE\", qop=auth, nc=00000001\r\n"
	"AUTHORIZATION: Basic QWxhZGRpbg==\r\n"
	"Refer-To: <sip:carol@x?Authorization=Digest%20response=IN-A-URI>\r\n"
	"Subject: what we talk about\r\n"
	"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:KEY-IN-THE-HEAD\r\n"
	"c: application/sdp\r\n"
	"Content-Length: 20\r\n"
	"\r\n"
	"a=crypto:1 inline:KEY\r\n";

static const char	*secrets[] = { "hunter2", "NONCE", "RESPONSE", "CNONCE", "OPAQUE", "QWxh", "IN-A-URI", "talk", "KEY" };

static bool
has(const char *text, size_t n, const char *what)
{
	for (size_t i = 0; i + strlen(what) <= n; i++)
		if (memcmp(text + i, what, strlen(what)) == 0)
			return true;
	return false;
}

static void
assert_safe(const char *text, size_t n)
{
	char	out[4096];
	bool	cut;
	size_t	len = siptext_redact(text, n, out, sizeof out, &cut);

	assert_true(len <= sizeof out);
	for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
		if (has(out, len, secrets[i])) {
			print_message("%s in: %.*s\n", secrets[i], (int)len, out);
			fail();
		}
}

static void
what_it_is_about(void **state)
{
	struct siptext	t;

	(void)state;
	assert_true(siptext_scan(invite, sizeof invite - 1, &t));
	assert_int_equal(t.code, 0);
	assert_true(span_is(t.method, "INVITE") && span_is(t.call_id, "call@1") && span_is(t.content_type, "application/sdp"));
	assert_true(span_is(t.uri_user, "bob") && siptext_is_user(t.from_user, "alice") && siptext_is_user(t.to_user, "bob"));
	assert_true(span_is(t.credentials, "alice"));
	assert_int_equal(t.cseq, 2);
	assert_int_equal(t.body, 23);
	assert_true(siptext_scan("SIP/2.0 486 Busy Here\nCSeq: 7 INVITE\nTo: <tel:+39065550101;x=1>\n\n", 66, &t));
	assert_int_equal(t.code, 486);
	assert_true(span_is(t.method, "INVITE") && t.cseq == 7 && span_is(t.to_user, "+39065550101"));
	assert_false(siptext_scan("", 0, &t));
	assert_false(siptext_scan("\r\nINVITE", 8, &t));
	assert_false(siptext_scan("\"quoted\" what\r\n", 15, &t));
	assert_false(siptext_is_user(span_of("alic"), "alice"));
	assert_false(siptext_is_user(span_of("alice2"), "alice"));
	assert_false(siptext_is_user(span_of(""), ""));
}

static void
no_secret_comes_out(void **state)
{
	static const char	*const others[] = {
		"REGISTER sip:x SIP/2.0\r\nAuthorization: Digest response=\"RESPONSE\" username=\"a\"\r\n\r\n",
		"REGISTER sip:x SIP/2.0\r\nAuthorization: Digest username=\"a, response=RESPONSE\r\n\r\n",
		"REGISTER sip:x SIP/2.0\r\nAuthorization:\r\n Digest\r\n username=\"a\",\r\n\tresponse\r\n =\r\n \"RESPONSE\"\r\n\r\n",
		"REGISTER sip:x SIP/2.0\rAuthorization: Digest username=a,, ,nonce=NONCE\r\r",
		"SIP/2.0 401 Unauthorized\r\nwww-authenticate: Digest realm=\"r\", nonce=\"NONCE\", qop=\"auth\"\r\n\r\n",
		"SIP/2.0 200 OK\r\nAuthentication-Info: nextnonce=\"NONCE\"\r\n\r\n",
		"MESSAGE sip:x SIP/2.0\r\ns: let us talk\r\n\r\ntalk",
		"REGISTER sip:x SIP/2.0\r\nAuthorization: Digest username=\"a\" NONCE=x, b=\"c\" RESPONSE\r\n\r\n",
		"REGISTER sip:x SIP/2.0\r\nAuthorization: NONCE\r\n\r\n",
		"REGISTER sips:a:hunter2@[2001:db8::1] SIP/2.0\r\nContact: <sip:a:hunter2@x>, <SIP:b:hunter2@y?talk=talk>\r\n\r\n",
	};

	(void)state;
	for (size_t cut = 0; cut < sizeof invite; cut++)
		assert_safe(invite, cut);
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		assert_safe(others[i], strlen(others[i]));
}

static void
the_rest_stays(void **state)
{
	char	out[4096];
	bool	cut;
	size_t	n = siptext_redact(invite, sizeof invite - 1, out, sizeof out - 1, &cut);

	(void)state;
	out[n] = '\0';
	assert_false(cut);
	assert_non_null(strstr(out, "INVITE sip:bob:[redacted]@wirechief.test;transport=udp SIP/2.0\n"));
	assert_non_null(strstr(out, "Proxy-Authorization: Digest username=\"alice\", realm=\"wirechief.test\", nonce=[redacted], "
	    "uri=\"sip:bob@wirechief.test\", response=[redacted], cnonce=[redacted], opaque=[redacted], qop=auth, nc=00000001\n"));
	assert_non_null(strstr(out, "AUTHORIZATION: Basic [redacted]\n"));
	assert_non_null(strstr(out, "Subject: [18 bytes]\n"));
	assert_non_null(strstr(out, "Refer-To: <sip:carol@x?[redacted]>\n"));
	assert_non_null(strstr(out, "bytes that are no header]\n"));
	n = siptext_redact(invite, sizeof invite - 1, out, 100, &cut);
	assert_true(cut && n < 100 && out[n - 1] == '\n');
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_is_about), cmocka_unit_test(no_secret_comes_out), cmocka_unit_test(the_rest_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
