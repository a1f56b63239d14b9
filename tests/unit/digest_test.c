/* links: db keeper sipd */
/*
 * Digest answers computed here by OpenSSL, and every way in which one can be wrong; nonces and their windows.
 */
#include "sipd/keeper/digest.h"

#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#define REALM "wirechief.test"
#define NOW INT64_C(1790000000000)
#define BOTH (AUTH_MD5 | AUTH_SHA256)

static const uint8_t	key[32] = { 1, 2, 3 };

static void
hash(const char *text, bool sha256, char out[65])
{
	uint8_t		bytes[EVP_MAX_MD_SIZE];
	unsigned	n;

	assert_int_equal(EVP_Digest(text, strlen(text), bytes, &n, sha256 ? EVP_sha256() : EVP_md5(), NULL), 1);
	(void)sodium_bin2hex(out, 65, bytes, n);
}

/* A request as a phone makes it, with room for what its spans lend. */
struct phone {
	struct register_ask	ask;
	struct account		account;
	char			nonce[NONCE_TEXT], nc[9], response[65];
	bool			sha256;
};

static void
phone_init(struct phone *p, bool sha256)
{
	memset(p, 0, sizeof *p);
	p->sha256 = sha256;
	strcpy(p->account.username, "alice");
	strcpy(p->account.password, "secret-word");
	digest_set_password(&p->account, REALM);
	assert_int_equal(addr_parse(&p->ask.source, "192.0.2.17:5060"), 0);
	p->ask.transport = 1;
	p->ask.host = p->ask.aor_host = span_of(REALM);
	p->ask.authorized = true;
	p->ask.username = span_of("alice");
	p->ask.realm = span_of(REALM);
	p->ask.uri = span_of("sip:" REALM);
	p->ask.algorithm = span_of(sha256 ? "SHA-256" : "MD5");
	p->ask.cnonce = span_of("0a4f113b");
	p->ask.qop = span_of("auth");
}

static void
phone_answer(struct phone *p, const char *password, unsigned nc)
{
	char	text[512], a1[65], a2[65];

	(void)snprintf(text, sizeof text, "alice:" REALM ":%s", password);
	hash(text, p->sha256, a1);
	(void)snprintf(text, sizeof text, "REGISTER:%.*s", (int)p->ask.uri.n, p->ask.uri.s);
	hash(text, p->sha256, a2);
	(void)snprintf(p->nc, sizeof p->nc, "%08x", nc);
	(void)snprintf(text, sizeof text, "%s:%s:%s:0a4f113b:auth:%s", a1, p->nonce, p->nc, a2);
	hash(text, p->sha256, p->response);
	p->ask.nonce = span_of(p->nonce);
	p->ask.nc = span_of(p->nc);
	p->ask.response = span_of(p->response);
}

static void
phone_challenged(struct phone *p, struct nonces *n, int64_t now)
{
	nonce_make(n, p->sha256 ? AUTH_SHA256 : AUTH_MD5, REALM, p->ask.transport, &p->ask.source, now, p->nonce);
}

static enum digest_verdict
check_as(struct nonces *n, const struct phone *p, const char *method, uint32_t algorithms, int64_t now)
{
	struct digest_secret	secret;

	digest_secret_of(&secret, &p->account);
	return digest_check(n, &p->ask, method, NULL, REALM, algorithms, &secret, now);
}

static enum digest_verdict
check(struct nonces *n, const struct phone *p, int64_t now)
{
	return check_as(n, p, "REGISTER", BOTH, now);
}

/* RFC 7616 section 3.9.1's user. */
static void
test_ha1(void **state)
{
	struct account	a = { .username = "Mufasa", .password = "Circle of Life" };
	char		hex[65];

	(void)state;
	digest_set_password(&a, "http-auth@example.org");
	assert_string_equal(sodium_bin2hex(hex, sizeof hex, a.ha1_md5, sizeof a.ha1_md5), "3d78807defe7de2157e2b0b6573a855f");
	assert_string_equal(sodium_bin2hex(hex, sizeof hex, a.ha1_sha256, sizeof a.ha1_sha256),
	    "7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232");
	assert_true(sodium_is_zero((uint8_t *)a.password, sizeof a.password));
}

static void
test_right_and_wrong(void **state)
{
	struct nonces	*n = nonces_new(key, 300);
	struct phone	 p;

	(void)state;
	for (int sha256 = 0; sha256 < 2; sha256++) {
		phone_init(&p, sha256);
		phone_challenged(&p, n, NOW);
		phone_answer(&p, "secret-word", 1);
		assert_int_equal(check(n, &p, NOW + 5), DIGEST_RIGHT);
		phone_answer(&p, "secret-wort", 2);
		assert_int_equal(check(n, &p, NOW + 5), DIGEST_WRONG);
		phone_answer(&p, "secret-word", 2);
		assert_int_equal(check_as(n, &p, "INVITE", BOTH, NOW + 5), DIGEST_WRONG);
		assert_int_equal(digest_check(n, &p.ask, "REGISTER", NULL, REALM, BOTH, NULL, NOW + 5), DIGEST_WRONG);
		memset(p.account.ha1_md5, 0, sizeof p.account.ha1_md5);		/* no password was ever set */
		memset(p.account.ha1_sha256, 0, sizeof p.account.ha1_sha256);
		assert_int_equal(check(n, &p, NOW + 5), DIGEST_WRONG);
	}
	nonces_free(n);
}

/* An HA1 of zeroes must not be a password that everybody knows. */
static void
test_zero_ha1(void **state)
{
	struct nonces	*n = nonces_new(key, 300);
	struct phone	 p;
	char		 text[512], a2[65];

	(void)state;
	phone_init(&p, false);
	phone_challenged(&p, n, NOW);
	phone_answer(&p, "", 1);
	hash("REGISTER:sip:" REALM, false, a2);
	(void)snprintf(text, sizeof text, "%032d:%s:00000001:0a4f113b:auth:%s", 0, p.nonce, a2);
	hash(text, false, p.response);
	memset(p.account.ha1_md5, 0, sizeof p.account.ha1_md5);
	assert_int_equal(check(n, &p, NOW), DIGEST_WRONG);
	assert_int_equal(digest_check(n, &p.ask, "REGISTER", NULL, REALM, BOTH, NULL, NOW), DIGEST_WRONG);
	nonces_free(n);
}

static void
test_forms(void **state)
{
	static const struct { const char *field, *value; enum digest_verdict verdict; } rows[] = {
		{ "uri", "sip:WIRECHIEF.test:5060;transport=udp", DIGEST_RIGHT },
		{ "uri", "sips:alice@wirechief.test", DIGEST_RIGHT },
		{ "uri", "sip:elsewhere.test", DIGEST_MALFORMED },
		{ "uri", "", DIGEST_MALFORMED },
		{ "uri", "/dir/index.html", DIGEST_MALFORMED },
		{ "algorithm", "", DIGEST_RIGHT },
		{ "algorithm", "md5", DIGEST_RIGHT },
		{ "algorithm", "MD5-sess", DIGEST_NONE },
		{ "algorithm", "SHA-256", DIGEST_FOREIGN },	/* the nonce was made for the other one */
		{ "qop", "", DIGEST_NONE },
		{ "qop", "auth-int", DIGEST_NONE },
		{ "realm", "other.test", DIGEST_NONE },
		{ "username", "", DIGEST_MALFORMED },
		{ "cnonce", "", DIGEST_MALFORMED },
		{ "nc", "1", DIGEST_MALFORMED },
		{ "nc", "00000000", DIGEST_MALFORMED },
		{ "nc", "0000000g", DIGEST_MALFORMED },
		{ "response", "", DIGEST_WRONG },
		{ "response", "zz", DIGEST_WRONG },
		{ "nonce", "", DIGEST_FOREIGN },
		{ "nonce", "dcd98b7102dd2f0e8b11d0f600bfb0c093", DIGEST_FOREIGN },
	};
	struct nonces	*n = nonces_new(key, 300);

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct phone	p;
		struct span	value = span_of(rows[i].value);

		phone_init(&p, false);
		phone_challenged(&p, n, NOW);
		if (strcmp(rows[i].field, "uri") == 0)
			p.ask.uri = value;
		phone_answer(&p, "secret-word", 1);
		if (strcmp(rows[i].field, "algorithm") == 0)
			p.ask.algorithm = value;
		else if (strcmp(rows[i].field, "qop") == 0)
			p.ask.qop = value;
		else if (strcmp(rows[i].field, "realm") == 0)
			p.ask.realm = value;
		else if (strcmp(rows[i].field, "username") == 0)
			p.ask.username = value;
		else if (strcmp(rows[i].field, "cnonce") == 0)
			p.ask.cnonce = value;
		else if (strcmp(rows[i].field, "nc") == 0)
			p.ask.nc = value;
		else if (strcmp(rows[i].field, "response") == 0)
			p.ask.response = value;
		else if (strcmp(rows[i].field, "nonce") == 0)
			p.ask.nonce = value;
		if (check(n, &p, NOW) != rows[i].verdict)
			fail_msg("%s=\"%s\": %d", rows[i].field, rows[i].value, (int)check(n, &p, NOW));
	}
	nonces_free(n);
}

static void
test_algorithm_left_out(void **state)
{
	struct nonces	*n = nonces_new(key, 300);
	struct phone	 p;

	(void)state;
	phone_init(&p, false);
	phone_challenged(&p, n, NOW);
	phone_answer(&p, "secret-word", 1);
	assert_int_equal(check_as(n, &p, "REGISTER", AUTH_SHA256, NOW), DIGEST_NONE);
	p.ask.authorized = false;
	assert_int_equal(check(n, &p, NOW), DIGEST_NONE);
	nonces_free(n);
}

/* Reliability A3. */
static void
test_nonce_life(void **state)
{
	struct nonces	*n = nonces_new(key, 300), *other;
	struct phone	 p;
	uint8_t		 key2[32] = { 9 };

	(void)state;
	phone_init(&p, true);
	phone_challenged(&p, n, NOW);
	phone_answer(&p, "secret-word", 1);
	assert_int_equal(check(n, &p, NOW + 299999), DIGEST_RIGHT);
	phone_answer(&p, "secret-word", 2);
	assert_int_equal(check(n, &p, NOW + 300000), DIGEST_STALE);
	assert_int_equal(check(n, &p, NOW + INT64_C(86400000)), DIGEST_STALE);
	assert_int_equal(check(n, &p, NOW - 1), DIGEST_FOREIGN);
	other = nonces_new(key2, 300);					/* as after a restart */
	assert_int_equal(check(other, &p, NOW), DIGEST_FOREIGN);
	nonces_free(other);
	nonces_free(n);
}

static void
test_nonce_is_bound(void **state)
{
	struct nonces	*n = nonces_new(key, 300);
	struct phone	 p;
	char		 twin[NONCE_TEXT];

	(void)state;
	phone_init(&p, true);
	phone_challenged(&p, n, NOW);
	nonce_make(n, AUTH_SHA256, REALM, p.ask.transport, &p.ask.source, NOW, twin);
	assert_string_not_equal(twin, p.nonce);				/* two phones behind one address in one ms */
	phone_answer(&p, "secret-word", 1);
	assert_int_equal(addr_parse(&p.ask.source, "192.0.2.18:5060"), 0);
	assert_int_equal(check(n, &p, NOW), DIGEST_FOREIGN);
	assert_int_equal(addr_parse(&p.ask.source, "192.0.2.17:40000"), 0);
	p.ask.transport = 2;
	assert_int_equal(check(n, &p, NOW), DIGEST_FOREIGN);
	p.ask.transport = 1;
	assert_int_equal(check(n, &p, NOW), DIGEST_RIGHT);		/* another port of the same host is the same source */
	for (size_t i = 0; i < strlen(p.nonce); i++) {			/* any character altered */
		char	was = p.nonce[i];

		p.nonce[i] = was == 'A' ? 'B' : 'A';
		phone_answer(&p, "secret-word", 2);
		assert_in_range(check(n, &p, NOW), DIGEST_STALE, DIGEST_FOREIGN);
		p.nonce[i] = was;
	}
	nonces_free(n);
}

static void
test_ip6_source_is_a_64(void **state)
{
	struct nonces	*n = nonces_new(key, 300);
	struct phone	 p;

	(void)state;
	phone_init(&p, true);
	assert_int_equal(addr_parse(&p.ask.source, "[2001:db8:1:2::7]:5060"), 0);
	phone_challenged(&p, n, NOW);
	phone_answer(&p, "secret-word", 1);
	assert_int_equal(addr_parse(&p.ask.source, "[2001:db8:1:2:ffff::8]:5060"), 0);
	assert_int_equal(check(n, &p, NOW), DIGEST_RIGHT);
	phone_answer(&p, "secret-word", 2);
	assert_int_equal(addr_parse(&p.ask.source, "[2001:db8:1:3::7]:5060"), 0);
	assert_int_equal(check(n, &p, NOW), DIGEST_FOREIGN);
	nonces_free(n);
}

static void
test_counts(void **state)
{
	static const struct { unsigned nc; enum digest_verdict verdict; } rows[] = {
		{ 1, DIGEST_RIGHT }, { 1, DIGEST_STALE }, { 2, DIGEST_RIGHT }, { 5, DIGEST_RIGHT }, { 4, DIGEST_RIGHT },
		{ 4, DIGEST_STALE }, { 3, DIGEST_RIGHT }, { 2, DIGEST_STALE }, { 68, DIGEST_RIGHT }, { 5, DIGEST_STALE },
		{ 6, DIGEST_RIGHT }, { 4, DIGEST_STALE }, { 1000, DIGEST_RIGHT }, { 936, DIGEST_STALE }, { 937, DIGEST_RIGHT },
		{ 0xffffffff, DIGEST_RIGHT }, { 0xffffffff, DIGEST_STALE }, { 1001, DIGEST_STALE },
	};
	struct nonces	*n = nonces_new(key, 300);
	struct phone	 p;

	(void)state;
	phone_init(&p, true);
	phone_challenged(&p, n, NOW);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		phone_answer(&p, "secret-word", rows[i].nc);
		if (check(n, &p, NOW) != rows[i].verdict)
			fail_msg("row %zu, count %u", i, rows[i].nc);
	}
	phone_answer(&p, "wrong", 7);					/* a wrong answer uses up nothing */
	assert_int_equal(check(n, &p, NOW), DIGEST_WRONG);
	nonces_free(n);
}

/* However many nonces are answered, none is right twice: what the table forgot is stale. */
static void
test_table_forgets_safely(void **state)
{
	enum { MANY = 800000, KEEP = 2000 };
	struct nonces		*n = nonces_new(key, 300);
	static struct nonce	 kept[KEEP];
	struct addr		 source;
	int64_t			 now = NOW;
	size_t			 remembered = 0;

	(void)state;
	assert_int_equal(addr_parse(&source, "192.0.2.17:5060"), 0);
	for (int i = 0; i < MANY; i++) {
		struct nonce	nonce = { .stamp = (uint64_t)(now + i / 100) << 20 | (uint64_t)i % 100, .tag = (uint32_t)i * 2654435761u };

		if (i < KEEP)
			kept[i] = nonce;
		(void)nonce_use(n, &nonce, 1, now + i / 100);
	}
	for (int i = 0; i < KEEP; i++) {
		assert_false(nonce_use(n, &kept[i], 1, now + MANY / 100));
		remembered += nonce_use(n, &kept[i], 2, now + MANY / 100);
	}
	assert_true(remembered < KEEP);					/* the oldest did go: the table is not endless */
	nonces_free(n);
}

static void
test_random_password(void **state)
{
	char	a[20], b[20];

	(void)state;
	digest_random_password(a, sizeof a);
	digest_random_password(b, sizeof b);
	assert_int_equal(strlen(a), 16);
	assert_string_not_equal(a, b);
	assert_int_equal(strspn(a, "abcdefghijkmnpqrstuvwxyz23456789"), 16);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ha1), cmocka_unit_test(test_right_and_wrong), cmocka_unit_test(test_zero_ha1),
		cmocka_unit_test(test_forms), cmocka_unit_test(test_algorithm_left_out), cmocka_unit_test(test_nonce_life),
		cmocka_unit_test(test_nonce_is_bound), cmocka_unit_test(test_ip6_source_is_a_64), cmocka_unit_test(test_counts),
		cmocka_unit_test(test_table_forgets_safely), cmocka_unit_test(test_random_password),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
