/* links: stream net sipd */
/*
 * What a TLS context lets in, and that the probe finds each weakness in contexts that were made weak.
 */
#include "sipd/net/tls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <time.h>

#include "tests/unit/stream_certs.h"

static struct authority	root, middle;
static struct pem	ec, rsa, client;
static char		ca_text[8192];

static SSL_CTX *
context(const struct pem *p, const char *ca)
{
	char	 why[256] = "";
	SSL_CTX	*ctx = tls_context_new("tls", p->certificate, p->key, ca, why, sizeof why);

	assert_string_equal(why, "");
	assert_non_null(ctx);
	return ctx;
}

static SSL_CTX *
client_context(const struct pem *p)
{
	SSL_CTX	*ctx = SSL_CTX_new(TLS_client_method());
	BIO	*bio;

	assert_int_equal(X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), root.cert), 1);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	if (p != NULL) {
		X509		*cert, *chain;
		EVP_PKEY	*key;

		bio = BIO_new_mem_buf(p->certificate, -1);
		cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		chain = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		BIO_free(bio);
		bio = BIO_new_mem_buf(p->key, -1);
		key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
		BIO_free(bio);
		assert_int_equal(SSL_CTX_use_certificate(ctx, cert), 1);
		assert_int_equal(SSL_CTX_use_PrivateKey(ctx, key), 1);
		assert_int_equal(SSL_CTX_add0_chain_cert(ctx, chain), 1);
		X509_free(cert);
		EVP_PKEY_free(key);
	}
	return ctx;
}

/* Shakes hands in memory, both ways to the end.  True if both sides are content; *chain: certificates that the client saw. */
static bool
shake(SSL_CTX *server_ctx, SSL_CTX *client_ctx, int *chain)
{
	SSL	*s = SSL_new(server_ctx), *c = SSL_new(client_ctx);
	BIO	*a, *b;
	char	 name[] = "some.other.name";
	int	 rs = 0, rc = 0;

	assert_int_equal(BIO_new_bio_pair(&a, 65536, &b, 65536), 1);
	SSL_set_bio(s, a, a);
	SSL_set_bio(c, b, b);
	SSL_set_accept_state(s);
	SSL_set_connect_state(c);
	SSL_set_tlsext_host_name(c, name);
	for (int i = 0; i < 20; i++) {
		rc = SSL_do_handshake(c);
		rs = SSL_do_handshake(s);
	}
	if (chain != NULL)
		*chain = sk_X509_num(SSL_get_peer_cert_chain(c));
	SSL_free(s);
	SSL_free(c);
	ERR_clear_error();
	return rs == 1 && rc == 1;
}

static void
good_ones_pass(void **st)
{
	const struct pem	*pems[] = { &ec, &rsa };
	SSL_CTX			*c = client_context(NULL);
	char			 why[256] = "";
	int			 chain;

	(void)st;
	for (size_t i = 0; i < 2; i++) {
		SSL_CTX	*ctx = context(pems[i], NULL);

		assert_int_equal(tls_probe(ctx, why, sizeof why), 0);
		assert_true(shake(ctx, c, &chain));
		assert_int_equal(chain, 2);	/* the root is not sent; the client could not verify without the one between */
		assert_in_range(tls_until(ctx) / 1000, (uintmax_t)time(NULL) + 86400 * 99, (uintmax_t)time(NULL) + 86400 * 101);
		SSL_CTX_free(ctx);
	}
	SSL_CTX_free(c);
}

/* A client that speaks one version and these ciphers only. */
static bool
gets_in(SSL_CTX *ctx, int version, const char *ciphers)
{
	SSL_CTX	*c = client_context(NULL);
	bool	 in;

	SSL_CTX_set_min_proto_version(c, version);
	SSL_CTX_set_max_proto_version(c, version);
	assert_int_equal(SSL_CTX_set_cipher_list(c, ciphers), 1);
	in = shake(ctx, c, NULL);
	SSL_CTX_free(c);
	return in;
}

static void
weak_clients_stay_out(void **st)
{
	SSL_CTX	*ctx = context(&rsa, NULL);

	(void)st;
	assert_true(gets_in(ctx, TLS1_2_VERSION, "ECDHE-RSA-AES128-GCM-SHA256"));
	assert_true(gets_in(ctx, TLS1_2_VERSION, "ECDHE-RSA-CHACHA20-POLY1305"));
	assert_false(gets_in(ctx, TLS1_VERSION, "ALL:@SECLEVEL=0"));
	assert_false(gets_in(ctx, TLS1_1_VERSION, "ALL:@SECLEVEL=0"));
	assert_false(gets_in(ctx, TLS1_2_VERSION, "AES256-GCM-SHA384:AES128-SHA:@SECLEVEL=0"));
	assert_false(gets_in(ctx, TLS1_2_VERSION, "ECDHE-RSA-AES256-SHA384:ECDHE-RSA-AES128-SHA:@SECLEVEL=0"));
	assert_false(gets_in(ctx, TLS1_2_VERSION, "DHE-RSA-AES256-GCM-SHA384"));
	SSL_CTX_free(ctx);
}

static void
client_certificates(void **st)
{
	SSL_CTX	*ctx = context(&ec, ca_text), *without = client_context(NULL), *with = client_context(&client);
	char	 why[256] = "";

	(void)st;
	assert_false(shake(ctx, without, NULL));
	assert_true(shake(ctx, with, NULL));
	assert_int_equal(tls_probe(ctx, why, sizeof why), 0);
	SSL_CTX_free(ctx);
	SSL_CTX_free(without);
	SSL_CTX_free(with);
}

static void
faulty_files(void **st)
{
	struct pem	small;
	const struct {
		const char	*certificate, *key, *ca, *names;
	} rows[] = {
		{ ec.certificate, rsa.key, NULL, "tls.key" },
		{ "", ec.key, NULL, "tls.certificate" },
		{ "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", ec.key, NULL, "tls.certificate" },
		{ ec.key, ec.key, NULL, "tls.certificate" },
		{ ec.certificate, ec.certificate, NULL, "tls.key" },
		{ ec.certificate, ec.key, "junk", "tls.client_ca" },
		{ small.certificate, small.key, NULL, "tls.certificate" },
	};
	char		why[256];

	(void)st;
	make_pem(&small, "small", &middle, 1024, 9, 86400);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		why[0] = '\0';
		assert_null(tls_context_new("tls", rows[i].certificate, rows[i].key, rows[i].ca, why, sizeof why));
		assert_memory_equal(why, rows[i].names, strlen(rows[i].names));
		assert_int_equal(ERR_peek_error(), 0);
	}
}

/* Contexts that each let one weakness in. */
static void
probe_finds(void **st)
{
	static const struct {
		int		 min, max;
		const char	*ciphers, *finds;
	} rows[] = {
		{ TLS1_VERSION, TLS1_3_VERSION, "ECDHE:@SECLEVEL=0", "TLS 1.0" },
		{ TLS1_1_VERSION, TLS1_3_VERSION, "ECDHE:@SECLEVEL=0", "TLS 1.1" },
		{ TLS1_2_VERSION, TLS1_3_VERSION, "ECDHE+AESGCM:AES128-GCM-SHA256", "RSA key exchange" },
		{ TLS1_2_VERSION, TLS1_3_VERSION, "ECDHE+AESGCM:ECDHE-RSA-AES128-SHA", "a CBC cipher" },
		{ TLS1_2_VERSION, TLS1_3_VERSION, "ECDHE+AESGCM:DHE-RSA-AES128-GCM-SHA256", "finite-field" },
		{ TLS1_3_VERSION, TLS1_3_VERSION, "ECDHE+AESGCM", "TLS 1.2 with ECDHE" },
		{ TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE+AESGCM", "TLS 1.3" },
	};
	char		why[256], expected[64];

	(void)st;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		SSL_CTX	*ctx = context(&rsa, NULL);

		SSL_CTX_set_min_proto_version(ctx, rows[i].min);
		SSL_CTX_set_max_proto_version(ctx, rows[i].max);
		SSL_CTX_set_dh_auto(ctx, 1);
		assert_int_equal(SSL_CTX_set_cipher_list(ctx, rows[i].ciphers), 1);
		assert_int_not_equal(tls_probe(ctx, why, sizeof why), 0);
		(void)snprintf(expected, sizeof expected, "TLS probe: %s", rows[i].finds);
		assert_memory_equal(why, expected, strlen(expected));
		SSL_CTX_free(ctx);
	}
}

static int
set_up(void **st)
{
	(void)st;
	if (tls_init() != 0)
		return -1;
	root = make_authority("root", NULL, 1);
	middle = make_authority("middle", &root, 2);
	make_pem(&ec, "server", &middle, 0, 3, 86400L * 100);
	make_pem(&rsa, "server", &middle, 2048, 4, 86400L * 100);
	make_pem(&client, "client", &middle, 0, 5, 86400);
	cert_text(root.cert, NULL, ca_text, sizeof ca_text);
	return 0;
}

static int
tear_down(void **st)
{
	(void)st;
	authority_free(&root);
	authority_free(&middle);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(good_ones_pass), cmocka_unit_test(weak_clients_stay_out), cmocka_unit_test(client_certificates),
		cmocka_unit_test(faulty_files), cmocka_unit_test(probe_finds),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
