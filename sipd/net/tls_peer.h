/*
 * Whom we met: the certificate of a server that we connected to, whether it is the one that we wanted (RFC 5922 section 7, of a web server
 * RFC 6125), and why a handshake came to nothing, in words for a person.
 */
#ifndef NET_TLS_PEER_H
#define NET_TLS_PEER_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TLS_PEER_NAME = 256, TLS_PEER_NAMES = 512, TLS_PEER_FAULT = 1024 };

struct tls_peer {
	char	wanted[TLS_PEER_NAME];		/* the domain, or an address */
	bool	web;				/* a web server: *.example.com stands for a.example.com, a sip: URI for nobody */
	char	names[TLS_PEER_NAMES];		/* in its certificate, commas between them; "" until it showed one */
	int64_t	until;				/* its notAfter, ms since 1970 */
	char	fault[TLS_PEER_FAULT];		/* of the certificate; "" if there is none */
	bool	asked_ours;			/* it wanted a certificate of ours */
};

/* A client that meets only whom it wants: peer->wanted is set.  Fills peer while it shakes hands, so until tls_peer_done(). */
SSL	*tls_peer_new(SSL_CTX *, struct tls_peer *peer);
void	tls_peer_done(SSL *);

/* "TLSv1.3 TLS_AES_256_GCM_SHA384", "" before they are agreed. */
void	tls_peer_text(const SSL *, char *buf, size_t size);

/* Why the handshake failed; rc is SSL_do_handshake()'s.  Clears OpenSSL's list of errors. */
void	tls_peer_why(const SSL *, const struct tls_peer *, int rc, char *buf, size_t size);

/* Whether a certificate is for the name; names: those in it. */
bool	tls_peer_matches(X509 *, const char *wanted, char *names, size_t size);

#endif
