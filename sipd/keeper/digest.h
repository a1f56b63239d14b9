/*
 * Digest authentication (RFC 8760, RFC 7616, qop=auth): HA1 of both algorithms, the expected response, nonces that need no memory until
 * they are answered, and their replay windows (reliability "Digest").
 */
#ifndef SIPD_KEEPER_DIGEST_H
#define SIPD_KEEPER_DIGEST_H

#include <stdbool.h>
#include <stdint.h>

#include "core/account.h"
#include "core/addr.h"
#include "core/wire.h"
#include "sipd/config.h"

/*
 * Which of the configured algorithms to offer: both, best first (RFC 8760), but MD5 alone to phones that give up at the sight of any other,
 * whatever the order (digest.c has the list).  What is offered is accepted anyway: nobody gets in by calling himself such a phone.
 */
uint32_t digest_offers(uint32_t configured, struct span user_agent);

/* Sets both HA1s of an account from its password, which is then wiped. */
void	digest_set_password(struct account *, const char *realm);
/* A random password that can be read over the telephone: 16 characters, 80 bits. */
void	digest_random_password(char *buf, size_t size);

/* What an answer is checked against: both HA1s.  All zero: no password was ever set, and no answer is right. */
struct digest_secret {
	uint8_t	md5[16], sha256[32];
};
void	digest_secret_of(struct digest_secret *, const struct account *);

/* The same from the other side: what an answer of ours to a challenge is. */
enum { DIGEST_HEX = 65 };
struct digest_said {
	struct span	realm, nonce, uri, nc, cnonce, qop;	/* qop empty: RFC 2069's form, without nc and cnonce */
};
uint32_t digest_algorithm(struct span name);		/* enum auth_algorithm, empty is MD5; 0: unknown */
void	digest_response(uint32_t algorithm, const char *method, const struct digest_said *, struct span username, struct span password,
	    char out[DIGEST_HEX]);

struct nonces;
enum { NONCE_TEXT = 72 };

/*
 * key: 32 bytes, best fresh at each start: the windows are gone then, and no older nonce may be right.  Each epoch's key follows from
 * it.  NULL when out of memory.
 */
struct nonces *nonces_new(const uint8_t key[32], uint32_t life_s);
void	nonces_free(struct nonces *);
void	nonces_set_life(struct nonces *, uint32_t life_s);
void	nonce_make(struct nonces *, enum auth_algorithm, const char *realm, uint8_t transport, const struct addr *source, int64_t now_ms,
	    char out[NONCE_TEXT]);

enum digest_verdict {
	DIGEST_NONE,		/* no credentials, or not for us: challenge */
	DIGEST_STALE,		/* a nonce of ours, too old or its count is used: challenge with stale=true */
	DIGEST_FOREIGN,		/* a nonce not made for this source, or altered: challenge with stale=true, counts against nobody */
	DIGEST_WRONG,		/* right nonce, wrong answer: an event, counts against the source */
	DIGEST_MALFORMED,	/* 400 */
	DIGEST_RIGHT,
};

/* A nonce of ours, as text, taken apart: what nonce_read() finds. */
struct nonce {
	uint64_t	stamp;		/* ms since 1970 and a count, unique */
	uint32_t	tag;		/* of its seal */
};

/* DIGEST_RIGHT, DIGEST_STALE (too old) or DIGEST_FOREIGN. */
enum digest_verdict nonce_read(struct nonces *, struct span text, enum auth_algorithm, const char *realm, uint8_t transport,
    const struct addr *source, int64_t now_ms, struct nonce *);
/* Marks a count as used, after a right answer.  False: it was, or is too far behind, or memory of this nonce is gone. */
bool	nonce_use(struct nonces *, const struct nonce *, uint32_t count, int64_t now_ms);

/*
 * path: of an HTTP request, which the digest's uri must end with; NULL: it is a SIP request, and the uri names where it goes.  secret NULL
 * stands for an unknown user: the same work, and never DIGEST_RIGHT.
 */
enum digest_verdict digest_check(struct nonces *, const struct register_ask *, const char *method, const char *path, const char *realm,
    uint32_t algorithms, const struct digest_secret *, int64_t now_ms);

#endif
