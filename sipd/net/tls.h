/*
 * The TLS that strangers meet, and trunks: versions 1.2 and 1.3, keys agreed by ECDHE, AEAD ciphers, nothing else (product I2, reliability "TLS").
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <openssl/types.h>
#include <stddef.h>
#include <stdint.h>

enum { TLS_PEM_MAX = 1024 * 1024 };

/* OpenSSL without its configuration file, which could weaken it; loads what it would load later.  Before the sandbox. */
int	tls_init(void);

/*
 * A server's context from PEM texts: the certificate with its chain, its key, and (unless NULL) the authorities of which a client
 * must show a certificate.  NULL, with a line in why that names the faulty one by its key in that section of the configuration.
 */
SSL_CTX	*tls_context_new(const char *section, const char *certificate, const char *key, const char *client_ca, char *why, size_t size);

/*
 * A client's context by the same rules, which trusts the authorities of this PEM text (NULL: none), that key of the configuration names.
 * What is wrong with them is logged.  NULL: no memory.
 */
SSL_CTX	*tls_trust(const char *key, const char *authorities);

int64_t	tls_until(const SSL_CTX *);	/* the certificate's notAfter, ms since 1970 */

/*
 * Puts a new context in *ctx's place when it is a good one, by tls_probe() too; whoever has the old one keeps it.  0, or a negative code with
 * why, and nothing changed.  Wipes the key.
 */
int	tls_replace(SSL_CTX **ctx, const char *section, const char *certificate, char *key, const char *client_ca, char *why, size_t size);

/* Says in the log, once a day, that the certificate ends soon or has.  warned_at: when that was, 0 at first. */
void	tls_warn(const SSL_CTX *, const char *section, int64_t *warned_at);

/* Meets a server of this context with clients of each kind, in memory.  0; ERR_INVALID with why when a weak one gets in or a good one does not. */
int	tls_probe(SSL_CTX *, char *why, size_t size);

#endif
