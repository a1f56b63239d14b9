#include "sipd/net/tls.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"

/* Of TLS 1.2; each of 1.3's is ECDHE with AEAD.  Level 2: no key or certificate of less than 112 bits' strength. */
static const char	ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20:!PSK:@SECLEVEL=2";
static const char	suites[] = "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256";

enum { DAY_MS = 24 * 3600 * 1000, WARN_DAYS = 30 };
enum { SERVER_OPTIONS = SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA };

int
tls_init(void)
{
	const OPENSSL_INIT_SETTINGS	*none = NULL;

	return OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_LOAD_SSL_STRINGS | OPENSSL_INIT_LOAD_CRYPTO_STRINGS, none) == 1
	    ? 0 : ERR_UNAVAILABLE;
}

/* Nobody is there to type a passphrase. */
static int
no_passphrase(char *buf, int size, int writing, void *arg)
{
	(void)buf, (void)size, (void)writing, (void)arg;
	return -1;
}

static int
refuse(char *why, size_t size, const char *section, const char *what)
{
	const char	*reason = ERR_reason_error_string(ERR_peek_error());

	(void)snprintf(why, size, "%s.%s%s%s", section, what, reason == NULL ? "" : ": ", reason == NULL ? "" : reason);
	ERR_clear_error();
	return ERR_INVALID;
}

/* The first certificate is the server's, those behind it its chain. */
static int
use_certificates(SSL_CTX *ctx, BIO *pem)
{
	X509	*cert = PEM_read_bio_X509(pem, NULL, no_passphrase, NULL);
	int	 ok = cert != NULL && SSL_CTX_use_certificate(ctx, cert) == 1;

	X509_free(cert);
	while (ok && (cert = PEM_read_bio_X509(pem, NULL, no_passphrase, NULL)) != NULL) {
		if ((ok = SSL_CTX_add0_chain_cert(ctx, cert) == 1) == 0)
			X509_free(cert);
	}
	if (ok)
		ERR_clear_error();	/* "no start line": the end */
	return ok;
}

static int
use_key(SSL_CTX *ctx, BIO *pem)
{
	EVP_PKEY	*key = PEM_read_bio_PrivateKey(pem, NULL, no_passphrase, NULL);
	int		 ok = key != NULL && SSL_CTX_use_PrivateKey(ctx, key) == 1 && SSL_CTX_check_private_key(ctx) == 1;

	EVP_PKEY_free(key);
	return ok;
}

/* A client shows a certificate of these authorities, whose names it is told, or it does not get in. */
static int
use_client_ca(SSL_CTX *ctx, BIO *pem)
{
	X509_STORE	*store = SSL_CTX_get_cert_store(ctx);
	X509		*cert;
	int		 ok = 1, n = 0;

	while (ok && (cert = PEM_read_bio_X509(pem, NULL, no_passphrase, NULL)) != NULL) {
		ok = X509_STORE_add_cert(store, cert) == 1 && SSL_CTX_add_client_CA(ctx, cert) == 1;
		X509_free(cert);
		n++;
	}
	if (!ok || n == 0)
		return 0;
	ERR_clear_error();
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	return 1;
}

static int
use_pem(SSL_CTX *ctx, const char *text, int (*use)(SSL_CTX *, BIO *))
{
	BIO	*pem = BIO_new_mem_buf(text, -1);
	int	 ok = pem != NULL && use(ctx, pem);

	BIO_free(pem);
	return ok;
}

/* Tickets keep sessions with the clients, so that none are kept here. */
static int
set_rules(SSL_CTX *ctx)
{
	static const unsigned char	name[] = "wirechief";

	SSL_CTX_set_options(ctx, SERVER_OPTIONS);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 && SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1 &&
	    SSL_CTX_set_cipher_list(ctx, ciphers) == 1 && SSL_CTX_set_ciphersuites(ctx, suites) == 1 &&
	    SSL_CTX_set_num_tickets(ctx, 1) == 1 && SSL_CTX_set_session_id_context(ctx, name, sizeof name - 1) == 1;
}

SSL_CTX *
tls_context_new(const char *section, const char *certificate, const char *key, const char *client_ca, char *why, size_t size)
{
	SSL_CTX	*ctx = SSL_CTX_new(TLS_server_method());
	int	 rc = 0;

	ERR_clear_error();
	if (ctx == NULL || !set_rules(ctx))
		rc = refuse(why, size, section, "certificate: TLS can't be set up");
	else if (!use_pem(ctx, certificate, use_certificates))
		rc = refuse(why, size, section, "certificate: no certificate that can be used");
	else if (!use_pem(ctx, key, use_key))
		rc = refuse(why, size, section, "key: no private key of the certificate");
	else if (client_ca != NULL && !use_pem(ctx, client_ca, use_client_ca))
		rc = refuse(why, size, section, "client_ca: no certificate that can be used");
	if (rc == 0)
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

/* n: how many authorities there were. */
static SSL_CTX *
client_new(const char *authorities, size_t *n)
{
	SSL_CTX		*ctx = SSL_CTX_new(TLS_client_method());
	BIO		*pem = authorities == NULL ? NULL : BIO_new_mem_buf(authorities, -1);
	X509		*cert;

	*n = 0;
	if (ctx == NULL || !set_rules(ctx)) {
		SSL_CTX_free(ctx);
		ctx = NULL;
	}
	while (ctx != NULL && pem != NULL && (cert = PEM_read_bio_X509_AUX(pem, NULL, no_passphrase, NULL)) != NULL) {
		*n += X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), cert) == 1;
		X509_free(cert);
	}
	BIO_free(pem);
	ERR_clear_error();
	return ctx;
}

SSL_CTX *
tls_trust(const char *key, const char *authorities)
{
	size_t	n = 0;
	SSL_CTX	*ctx = client_new(authorities, &n);

	if (ctx == NULL)
		log_error("%s: TLS can't be set up", key);
	else if (authorities != NULL && n == 0)
		log_error("%s: no certificate that can be used: nobody is trusted", key);
	return ctx;
}

int64_t
tls_until(const SSL_CTX *ctx)
{
	const X509	*cert = SSL_CTX_get0_certificate(ctx);
	struct tm	 tm;

	if (cert == NULL || ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm) != 1)
		return 0;
	return (int64_t)timegm(&tm) * 1000;
}

int
tls_replace(SSL_CTX **ctx, const char *section, const char *certificate, char *key, const char *client_ca, char *why, size_t size)
{
	SSL_CTX	*fresh = tls_context_new(section, certificate, key, client_ca, why, size);
	int	 rc = fresh == NULL ? ERR_INVALID : tls_probe(fresh, why, size);

	OPENSSL_cleanse(key, strlen(key));
	if (rc != 0) {
		SSL_CTX_free(fresh);
		return rc;
	}
	SSL_CTX_free(*ctx);
	*ctx = fresh;
	return 0;
}

void
tls_warn(const SSL_CTX *ctx, const char *section, int64_t *warned_at)
{
	int64_t	now = clock_wall_ms(), left = tls_until(ctx) - now;

	if (*warned_at != 0 && now - *warned_at < DAY_MS)
		return;
	*warned_at = now;
	if (left <= 0)
		log_error("%s.certificate has expired", section);
	else if (left < WARN_DAYS * (int64_t)DAY_MS)
		log_warn("%s.certificate expires in %lld days", section, (long long)(left / DAY_MS));
}
