/*
 * The start-up probe: what is set and what a client meets are two things (a library's own list, a distribution's configuration), so
 * clients that may do what we refuse try to get in, over a pair of memory buffers.
 */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdio.h>

#include "core/err.h"
#include "sipd/net/tls.h"

enum { ROUNDS_MAX = 20, BUFFER = 64 * 1024 };

static const struct {
	const char	*what;
	int		 version;	/* the only one it speaks */
	const char	*ciphers;	/* of TLS 1.2 and before */
	bool		 gets_in;
} clients[] = {
	{ "TLS 1.0", TLS1_VERSION, "ALL:@SECLEVEL=0", false },
	{ "TLS 1.1", TLS1_1_VERSION, "ALL:@SECLEVEL=0", false },
	{ "RSA key exchange", TLS1_2_VERSION, "kRSA:@SECLEVEL=0", false },
	{ "finite-field Diffie-Hellman", TLS1_2_VERSION, "kDHE:@SECLEVEL=0", false },
	{ "a CBC cipher", TLS1_2_VERSION, "ECDHE:!AESGCM:!AESCCM:!CHACHA20:!ARIAGCM:@SECLEVEL=0", false },
	{ "no authentication", TLS1_2_VERSION, "aNULL:@SECLEVEL=0", false },
	{ "TLS 1.2 with ECDHE and AEAD", TLS1_2_VERSION, "ECDHE+AESGCM:ECDHE+CHACHA20", true },
	{ "TLS 1.3", TLS1_3_VERSION, "ECDHE+AESGCM", true },
};

/* True while ssl wants more from the other end. */
static bool
step(SSL *ssl, bool *failed)
{
	int	rc = SSL_do_handshake(ssl);

	if (rc == 1)
		return false;
	rc = SSL_get_error(ssl, rc);
	*failed |= rc != SSL_ERROR_WANT_READ && rc != SSL_ERROR_WANT_WRITE;
	return !*failed;
}

static bool
shake_hands(SSL *client, SSL *server)
{
	bool	failed = false, more = true;

	for (int i = 0; i < ROUNDS_MAX && more && !failed; i++) {
		more = step(client, &failed);
		more |= !failed && step(server, &failed);
	}
	ERR_clear_error();
	return !more && !failed;
}

/* 1 it got in, 0 it did not, -1 there was no memory to try. */
static int
try(SSL_CTX *ctx, SSL_CTX *client_ctx)
{
	SSL	*server = SSL_new(ctx), *client = SSL_new(client_ctx);
	BIO	*a = NULL, *b = NULL;
	int	 rc = -1;

	if (server != NULL && client != NULL && BIO_new_bio_pair(&a, BUFFER, &b, BUFFER) == 1) {
		SSL_set_bio(server, a, a);
		SSL_set_bio(client, b, b);
		SSL_set_accept_state(server);
		SSL_set_connect_state(client);
		SSL_set_verify(server, SSL_VERIFY_NONE, NULL);	/* our client has no certificate to show */
		rc = shake_hands(client, server);
	}
	SSL_free(server);
	SSL_free(client);
	return rc;
}

int
tls_probe(SSL_CTX *ctx, char *why, size_t size)
{
	for (size_t i = 0; i < sizeof clients / sizeof clients[0]; i++) {
		SSL_CTX	*c = SSL_CTX_new(TLS_client_method());
		int	 rc = -1;

		if (c != NULL && SSL_CTX_set_min_proto_version(c, clients[i].version) == 1 &&
		    SSL_CTX_set_max_proto_version(c, clients[i].version) == 1 &&
		    SSL_CTX_set_cipher_list(c, clients[i].ciphers) == 1)
			rc = try(ctx, c);
		SSL_CTX_free(c);
		ERR_clear_error();
		if (rc == clients[i].gets_in)
			continue;
		(void)snprintf(why, size, "TLS probe: %s %s", clients[i].what,
		    rc < 0 ? "could not be tried" : rc ? "would be let in" : "would not be let in");
		return ERR_INVALID;
	}
	return 0;
}
