/*
 * Certificates made on the spot for the tests of the stream process: a root, an authority below it, and servers and clients below that.
 */
#ifndef TESTS_STREAM_CERTS_H
#define TESTS_STREAM_CERTS_H

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct authority {
	X509		*cert;
	EVP_PKEY	*key;
};

struct pem {
	char	certificate[8192];	/* with the chain, without the root */
	char	key[4096];
};

static void
need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "certificates: %s\n", what);
	abort();
}

/* rsa_bits 0: an elliptic curve. */
static EVP_PKEY *
make_key(unsigned rsa_bits)
{
	EVP_PKEY	*key = rsa_bits == 0 ? EVP_EC_gen("P-256") : EVP_RSA_gen(rsa_bits);

	need(key != NULL, "key");
	return key;
}

/* issuer NULL: signs itself. */
static X509 *
make_cert(EVP_PKEY *key, const char *name, const struct authority *issuer, bool ca, long serial, long seconds)
{
	X509		*cert = X509_new();
	X509_NAME	*subject = X509_get_subject_name(cert);
	X509_EXTENSION	*ext;

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), serial);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), seconds);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(cert, issuer == NULL ? subject : X509_get_subject_name(issuer->cert));
	X509_set_pubkey(cert, key);
	ext = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, ca ? "critical,CA:TRUE" : "CA:FALSE");
	need(ext != NULL && X509_add_ext(cert, ext, -1) == 1, "extension");
	X509_EXTENSION_free(ext);
	need(X509_sign(cert, issuer == NULL ? key : issuer->key, EVP_sha256()) > 0, "signature");
	return cert;
}

static struct authority
make_authority(const char *name, const struct authority *issuer, long serial)
{
	struct authority	a = { .key = make_key(0) };

	a.cert = make_cert(a.key, name, issuer, true, serial, 86400L * 365);
	return a;
}

static void
authority_free(struct authority *a)
{
	X509_free(a->cert);
	EVP_PKEY_free(a->key);
}

static void
bio_text(BIO *bio, char *out, size_t size)
{
	int	n = BIO_read(bio, out, (int)size - 1);

	need(n > 0, "text");
	out[n] = '\0';
	BIO_free(bio);
}

static void
cert_text(X509 *cert, X509 *chain, char *out, size_t size)
{
	BIO	*bio = BIO_new(BIO_s_mem());

	need(PEM_write_bio_X509(bio, cert) == 1, "certificate");
	need(chain == NULL || PEM_write_bio_X509(bio, chain) == 1, "chain");
	bio_text(bio, out, size);
}

/* A server or client below issuer; its serial number tells them apart. */
static void
make_pem(struct pem *p, const char *name, const struct authority *issuer, unsigned rsa_bits, long serial, long seconds)
{
	EVP_PKEY	*key = make_key(rsa_bits);
	X509		*cert = make_cert(key, name, issuer, false, serial, seconds);
	BIO		*bio = BIO_new(BIO_s_mem());

	cert_text(cert, issuer->cert, p->certificate, sizeof p->certificate);
	need(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1, "key");
	bio_text(bio, p->key, sizeof p->key);
	X509_free(cert);
	EVP_PKEY_free(key);
}

#endif
