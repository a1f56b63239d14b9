#include "tests/bench/lib/digest.h"

#include <stdio.h>
#include <string.h>

enum { HEX_MAX = 65 };

static void
hash_hex(struct digest *d, const char *text, size_t n, char hex[HEX_MAX])
{
	static const char	digits[] = "0123456789abcdef";
	unsigned char		sum[EVP_MAX_MD_SIZE];
	unsigned		len = 0;

	if (d->md == NULL)
		d->md = EVP_MD_CTX_new();
	EVP_DigestInit_ex(d->md, d->sha256 ? EVP_sha256() : EVP_md5(), NULL);
	EVP_DigestUpdate(d->md, text, n);
	EVP_DigestFinal_ex(d->md, sum, &len);
	for (unsigned i = 0; i < len; i++) {
		hex[2 * i] = digits[sum[i] >> 4];
		hex[2 * i + 1] = digits[sum[i] & 15];
	}
	hex[2 * len] = '\0';
}

bool
digest_challenged(const struct digest *d, struct digest_nonce *u, const char *answer)
{
	const char	*want = d->sha256 ? "algorithm=SHA-256" : "algorithm=MD5";

	u->by_proxy = strncmp(answer, "SIP/2.0 407", 11) == 0;
	for (const char *p = answer; (p = strstr(p, u->by_proxy ? "Proxy-Authenticate:" : "WWW-Authenticate:")) != NULL; p++) {
		const char	*end = strstr(p, "\r\n"), *alg = strstr(p, "algorithm="), *nonce = strstr(p, "nonce=\""), *quote;

		if (end == NULL || nonce == NULL || nonce > end)
			continue;
		if (alg == NULL || alg > end ? d->sha256 : strncmp(alg, want, strlen(want)) != 0)
			continue;
		nonce += strlen("nonce=\"");
		if ((quote = strchr(nonce, '"')) == NULL || (size_t)(quote - nonce) >= sizeof u->nonce)
			continue;
		memcpy(u->nonce, nonce, (size_t)(quote - nonce));
		u->nonce[quote - nonce] = '\0';
		u->count = 0;
		return true;
	}
	return false;
}

void
digest_line(struct digest *d, struct digest_nonce *u, const char *user, const char *method, const char *uri, char line[DIGEST_LINE])
{
	char	text[512], ha1[HEX_MAX], ha2[HEX_MAX], response[HEX_MAX];
	int	n;

	u->count++;
	n = snprintf(text, sizeof text, "%s:%s:%s", user, d->domain, d->password);
	hash_hex(d, text, (size_t)n, ha1);
	n = snprintf(text, sizeof text, "%s:%s", method, uri);
	hash_hex(d, text, (size_t)n, ha2);
	n = snprintf(text, sizeof text, "%s:%s:%08x:5eed:auth:%s", ha1, u->nonce, u->count, ha2);
	hash_hex(d, text, (size_t)n, response);
	(void)snprintf(line, DIGEST_LINE, "%sAuthorization: Digest username=\"%s\", realm=\"%s\", nonce=\"%s\", uri=\"%s\", "
	    "response=\"%s\", algorithm=%s, cnonce=\"5eed\", qop=auth, nc=%08x\r\n", u->by_proxy ? "Proxy-" : "", user, d->domain, u->nonce,
	    uri, response, d->sha256 ? "SHA-256" : "MD5", u->count);
}
