/*
 * Digest authentication as a client (RFC 7616, RFC 8760): which of a trunk's challenges is answered, and how.  It holds what was asked, so
 * that the next request is right at once, and how often that nonce was used.
 *
 * Who may ask is decided here, too (reliability A7): one realm only, once it is known; a nonce that was answered is not answered again.
 * That the challenge came from whom we asked is the sip front's to see to (core/wire.h, struct wire_sent).
 */
#ifndef SIPD_KEEPER_DIGEST_CLIENT_H
#define SIPD_KEEPER_DIGEST_CLIENT_H

#include "core/wire.h"
#include "sipd/keeper/digest.h"

enum { DIGEST_REALM = 129, DIGEST_NONCE = 513, DIGEST_LINE = 2048 };

/* One protection space: of the registrar, or of a proxy before it. */
struct digest_space {
	bool		known;
	uint32_t	algorithm;		/* enum auth_algorithm */
	bool		qop;			/* auth; else RFC 2069's form */
	uint32_t	count;			/* how often the nonce was used */
	char		realm[DIGEST_REALM], nonce[DIGEST_NONCE], opaque[DIGEST_NONCE];
};

struct digest_client {
	struct digest_space	server, proxy;
};

enum digest_ask {
	DIGEST_ASK_ANSWER,		/* answer it */
	DIGEST_ASK_WRONG,		/* our last answer to it was not taken: user or password are wrong */
	DIGEST_ASK_REALM,		/* of another realm than the one that is known */
	DIGEST_ASK_UNKNOWN,		/* no algorithm or qop that we have, or it makes no sense */
};

/*
 * Takes the challenges of a 401 or 407: the strongest that we know.  realm: the only one that is answered; empty: any.  On DIGEST_ASK_REALM
 * other is what it was.
 */
enum digest_ask digest_client_take(struct digest_client *, struct span challenges, const char *realm, char other[DIGEST_REALM]);
/* The headers that answer all that was asked, whole lines, and counts; "" when nothing was.  0 or ERR_TOO_LARGE. */
int	digest_client_lines(struct digest_client *, const char *method, const char *uri, const char *username, const char *password,
	    char *out, size_t size);
const char *digest_client_realm(const struct digest_client *);	/* of the registrar, else of the proxy; "" */

#endif
