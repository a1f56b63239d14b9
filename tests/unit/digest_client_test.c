/* links: db keeper sipd */
/*
 * Digest as a client: the examples of the RFCs, what is chosen, what is never answered, and that our own registrar takes what we say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "core/err.h"
#include "sipd/keeper/digest_client.h"

struct list {
	uint8_t	bytes[8192];
	size_t	n;
};

static void
list_add(struct list *l, const char *algorithm, const char *realm, const char *nonce, const char *qop, bool stale)
{
	const struct digest_challenge	c = { .realm = span_of(realm), .nonce = span_of(nonce), .algorithm = span_of(algorithm),
	    .qop = span_of(qop), .stale = stale };
	int				n = challenge_append(l->bytes, l->n, sizeof l->bytes, &c);

	assert_true(n > 0);
	l->n = (size_t)n;
}

static enum digest_ask
take(struct digest_client *d, const struct list *l, const char *realm)
{
	char	other[DIGEST_REALM];

	return digest_client_take(d, (struct span){ (const char *)l->bytes, l->n }, realm, other);
}

static enum digest_ask
take_one(struct digest_client *d, const char *algorithm, const char *realm, const char *nonce, const char *qop, bool stale)
{
	struct list	l = { .n = 0 };

	list_add(&l, algorithm, realm, nonce, qop, stale);
	return take(d, &l, "");
}

static char *
lines(struct digest_client *d)
{
	static char	out[DIGEST_LINE];

	assert_int_equal(digest_client_lines(d, "REGISTER", "sip:h", "u", "p", out, sizeof out), 0);
	return out;
}

/* RFC 7616 section 3.9.1 and RFC 2617 section 3.5. */
static void
examples(void **state)
{
	const struct digest_said	 d = { .realm = span_of("http-auth@example.org"), .uri = span_of("/dir/index.html"),
	    .nonce = span_of("7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"), .nc = span_of("00000001"),
	    .cnonce = span_of("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"), .qop = span_of("auth") };
	const struct digest_said	 old = { .realm = span_of("testrealm@host.com"), .uri = span_of("/dir/index.html"),
	    .nonce = span_of("dcd98b7102dd2f0e8b11d0f600bfb0c093") };
	const struct span		 mufasa = span_of("Mufasa"), password = span_of("Circle of Life");
	char				 out[DIGEST_HEX];

	(void)state;
	digest_response(AUTH_MD5, "GET", &d, mufasa, password, out);
	assert_string_equal(out, "8ca523f5e9506fed4657c9700eebdbec");
	digest_response(AUTH_SHA256, "GET", &d, mufasa, password, out);
	assert_string_equal(out, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
	digest_response(AUTH_MD5, "GET", &old, mufasa, span_of("CircleOfLife"), out);
	assert_string_equal(out, "1949323746fe6a43ef61f9606e7febea");
}

static void
the_strongest_that_we_know(void **state)
{
	struct digest_client	 d = { 0 };
	struct list		 l = { .n = 0 };
	char			*out;

	(void)state;
	list_add(&l, "SHA-512-256", "r", "n0", "auth", false);
	list_add(&l, "MD5", "r", "n1", "auth", false);
	list_add(&l, "SHA-256-sess", "r", "n2", "auth", false);
	list_add(&l, "sha-256", "r", "n3", "auth-int, auth", false);
	list_add(&l, "SHA-256", "r", "n4", "auth-int", false);
	assert_int_equal(take(&d, &l, "r"), DIGEST_ASK_ANSWER);
	out = lines(&d);
	assert_non_null(strstr(out, "Authorization: Digest username=\"u\", realm=\"r\", nonce=\"n3\", uri=\"sip:h\", response=\""));
	assert_non_null(strstr(out, "algorithm=SHA-256, qop=auth, nc=00000001, cnonce=\""));
	assert_non_null(strstr(lines(&d), "nc=00000002"));
	d = (struct digest_client){ 0 };
	assert_int_equal(take_one(&d, "", "r", "n", "", false), DIGEST_ASK_ANSWER);
	out = lines(&d);
	assert_non_null(strstr(out, "algorithm=MD5\r\n"));
	assert_null(strstr(out, "cnonce"));
}

static void
never_answered(void **state)
{
	struct digest_client	 d = { 0 };
	struct list		 l = { .n = 0 };
	char			 other[DIGEST_REALM] = "", big[DIGEST_NONCE + 1];

	(void)state;
	memset(big, 'x', sizeof big - 1);
	big[sizeof big - 1] = '\0';
	assert_int_equal(take(&d, &l, ""), DIGEST_ASK_UNKNOWN);
	assert_int_equal(take_one(&d, "SHA-512-256", "r", "n", "auth", false), DIGEST_ASK_UNKNOWN);
	assert_int_equal(take_one(&d, "MD5", "r", "n", "auth-int", false), DIGEST_ASK_UNKNOWN);
	assert_int_equal(take_one(&d, "MD5", "r", "", "auth", false), DIGEST_ASK_UNKNOWN);
	assert_int_equal(take_one(&d, "MD5", "r", big, "auth", false), DIGEST_ASK_UNKNOWN);
	assert_int_equal(take_one(&d, "MD5", "r", "n\", x=\"", "auth", false), DIGEST_ASK_UNKNOWN);
	assert_int_equal(take_one(&d, "MD5", "r", "n\\", "auth", false), DIGEST_ASK_UNKNOWN);
	assert_int_equal(take_one(&d, "MD5", "r\r\nX: y", "n", "auth", false), DIGEST_ASK_UNKNOWN);
	list_add(&l, "MD5", "wrong", "n", "auth", false);
	assert_int_equal(digest_client_take(&d, (struct span){ (const char *)l.bytes, l.n }, "right", other), DIGEST_ASK_REALM);
	assert_string_equal(other, "wrong");
	assert_string_equal(lines(&d), "");		/* none of them left anything to be said */
}

static void
once_for_a_nonce(void **state)
{
	struct digest_client	d = { 0 };

	(void)state;
	assert_int_equal(take_one(&d, "MD5", "r", "n1", "auth", false), DIGEST_ASK_ANSWER);
	(void)lines(&d);
	assert_int_equal(take_one(&d, "MD5", "r", "n1", "auth", true), DIGEST_ASK_WRONG);
	assert_int_equal(take_one(&d, "MD5", "r", "n2", "auth", false), DIGEST_ASK_WRONG);
	assert_int_equal(take_one(&d, "MD5", "r", "n2", "auth", true), DIGEST_ASK_ANSWER);
	assert_non_null(strstr(lines(&d), "nonce=\"n2\""));
	(void)lines(&d);				/* it was good: the next request says it at once */
	assert_int_equal(take_one(&d, "MD5", "r", "n3", "auth", false), DIGEST_ASK_ANSWER);
	assert_non_null(strstr(lines(&d), "nc=00000001"));
	assert_int_equal(take_one(&d, "MD5", "r", "n4", "auth", false), DIGEST_ASK_WRONG);
}

static void
a_proxy_before_the_registrar(void **state)
{
	struct digest_challenge	 c = { .proxy = true, .realm = span_of("p"), .nonce = span_of("n1"), .opaque = span_of("o\\\"") };
	struct digest_client	 d = { 0 };
	uint8_t			 list[512];
	char			 other[DIGEST_REALM], *out, small[100];
	int			 n = challenge_append(list, 0, sizeof list, &c);

	(void)state;
	assert_int_equal(digest_client_take(&d, (struct span){ (char *)list, (size_t)n }, "", other), DIGEST_ASK_ANSWER);
	assert_string_equal(digest_client_realm(&d), "p");
	assert_int_equal(strncmp(lines(&d), "Proxy-Authorization: Digest ", 28), 0);
	assert_non_null(strstr(lines(&d), ", opaque=\"o\\\"\"\r\n"));
	assert_int_equal(take_one(&d, "SHA-256", "r", "n", "auth", false), DIGEST_ASK_ANSWER);
	out = lines(&d);
	assert_int_equal(strncmp(out, "Authorization: Digest ", 22), 0);
	assert_non_null(strstr(out, "\r\nProxy-Authorization: Digest "));
	assert_string_equal(digest_client_realm(&d), "r");
	assert_int_equal(digest_client_lines(&d, "REGISTER", "sip:h", "u", "p", small, sizeof small), ERR_TOO_LARGE);
}

/* The value of a parameter. */
static struct span
value(const char *line, const char *name)
{
	char		 what[32];
	const char	*at;
	size_t		 n;

	(void)snprintf(what, sizeof what, " %s=", name);
	assert_non_null(at = strstr(line, what));
	at += strlen(what);
	n = strcspn(at + (at[0] == '"'), "\",\r");
	return (struct span){ at + (at[0] == '"'), n };
}

static void
our_own_registrar_takes_it(void **state)
{
	static const uint8_t	 key[32] = { 1 };
	static const struct { enum auth_algorithm bit; const char *name; } algorithms[] = { { AUTH_MD5, "MD5" }, { AUTH_SHA256, "SHA-256" } };
	struct nonces		*nonces = nonces_new(key, 300);
	struct account		 a = { .username = "u", .password = "p" };
	struct digest_secret	 secret;

	(void)state;
	digest_set_password(&a, "r");
	digest_secret_of(&secret, &a);
	for (size_t i = 0; i < 2; i++) {
		struct register_ask	 ask = { .authorized = true, .realm = span_of("r"), .host = span_of("h"), .transport = TRANSPORT_UDP };
		struct digest_client	 d = { 0 };
		char			 nonce[NONCE_TEXT];

		assert_int_equal(addr_parse(&ask.source, "192.0.2.1:5060"), 0);
		nonce_make(nonces, algorithms[i].bit, "r", ask.transport, &ask.source, 1000, nonce);
		assert_int_equal(take_one(&d, algorithms[i].name, "r", nonce, "auth", false), DIGEST_ASK_ANSWER);
		for (int use = 0; use < 3; use++) {
			const char	*line = lines(&d);

			ask.username = value(line, "username");
			ask.nonce = value(line, "nonce");
			ask.uri = value(line, "uri");
			ask.response = value(line, "response");
			ask.algorithm = value(line, "algorithm");
			ask.cnonce = value(line, "cnonce");
			ask.nc = value(line, "nc");
			ask.qop = value(line, "qop");
			assert_int_equal(digest_check(nonces, &ask, "REGISTER", NULL, "r", AUTH_MD5 | AUTH_SHA256, &secret, 1000), DIGEST_RIGHT);
		}
	}
	nonces_free(nonces);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(examples), cmocka_unit_test(the_strongest_that_we_know), cmocka_unit_test(never_answered),
		cmocka_unit_test(once_for_a_nonce), cmocka_unit_test(a_proxy_before_the_registrar), cmocka_unit_test(our_own_registrar_takes_it),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
