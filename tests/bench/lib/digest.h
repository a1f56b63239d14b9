/* Digest credentials for a load (RFC 7616, qop=auth), with MD5 or SHA-256 and one password for all users. */
#ifndef BENCH_DIGEST_H
#define BENCH_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

enum { DIGEST_LINE = 900 };

struct digest {
	const char	*domain, *password;
	bool		 sha256;
	EVP_MD_CTX	*md;		/* made at its first use */
};

/* What one user knows of the server. */
struct digest_nonce {
	char		nonce[160];	/* empty: none yet */
	uint32_t	count;
	bool		by_proxy;	/* it was a 407 */
};

/* The nonce of the challenge in a 401 or 407 whose algorithm is ours; one without any is MD5.  False: there is none. */
bool	digest_challenged(const struct digest *, struct digest_nonce *, const char *answer);
/* Writes "Authorization: …\r\n", or Proxy-Authorization. */
void	digest_line(struct digest *, struct digest_nonce *, const char *user, const char *method, const char *uri, char line[DIGEST_LINE]);

#endif
