#include "sipd/keeper/digest_client.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/err.h"

/* A value that may stand between quotes as it came, and in one line. */
static bool
is_quotable(struct span s)
{
	bool	escaped = false;

	for (size_t i = 0; i < s.n; i++) {
		unsigned char	c = (unsigned char)s.s[i];

		if (c < ' ' || c == 0x7f || (c == '"' && !escaped))
			return false;
		escaped = c == '\\' && !escaped;
	}
	return !escaped;
}

/* Whether "auth" is one of its words. */
static bool
has_auth(struct span qop)
{
	const char	*s = qop.s, *end = qop.s + qop.n;

	while (s < end) {
		size_t	blank = 0, n = 0;

		while (s + blank < end && strchr(" \t,", s[blank]) != NULL)
			blank++;
		while (s + blank + n < end && strchr(" \t,", s[blank + n]) == NULL)
			n++;
		if (n == 4 && strncasecmp(s + blank, "auth", 4) == 0)
			return true;
		s += blank + n;
	}
	return false;
}

/* A challenge as we would answer it; algorithm 0: we can't. */
static struct digest_space
space_of(const struct digest_challenge *c)
{
	struct digest_space	s = { .known = true, .algorithm = digest_algorithm(c->algorithm), .qop = c->qop.n > 0 };

	if (c->nonce.n == 0 || (s.qop && !has_auth(c->qop)) || !is_quotable(c->realm) || !is_quotable(c->nonce) || !is_quotable(c->opaque) ||
	    !span_get(c->realm, s.realm, sizeof s.realm) || !span_get(c->nonce, s.nonce, sizeof s.nonce) ||
	    !span_get(c->opaque, s.opaque, sizeof s.opaque))
		s.algorithm = 0;
	return s;
}

/*
 * A nonce that was answered is no new question.  Nor is another one, if the only answer to the last was not taken and that was not for its
 * age; but one that was good for a while may end without a word.
 */
static enum digest_ask
take_space(struct digest_space *was, const struct digest_space *now, bool stale)
{
	bool	answered = was->known && was->count > 0 && strcmp(was->realm, now->realm) == 0;

	if (answered && (strcmp(was->nonce, now->nonce) == 0 || (was->count == 1 && !stale)))
		return DIGEST_ASK_WRONG;
	*was = *now;
	return DIGEST_ASK_ANSWER;
}

enum digest_ask
digest_client_take(struct digest_client *d, struct span challenges, const char *realm, char other[DIGEST_REALM])
{
	struct digest_challenge	c;
	struct digest_space	best = { 0 }, one;
	bool			stale = false, proxy = false;
	enum digest_ask		rc = DIGEST_ASK_UNKNOWN;

	while (challenge_next(&challenges, &c) == 1) {
		if ((one = space_of(&c)).algorithm == 0)
			continue;
		if (realm[0] != '\0' && strcmp(one.realm, realm) != 0) {
			rc = DIGEST_ASK_REALM;
			memcpy(other, one.realm, sizeof one.realm);
		} else if (one.algorithm > best.algorithm) {
			best = one;
			stale = c.stale;
			proxy = c.proxy;
		}
	}
	return best.algorithm == 0 ? rc : take_space(proxy ? &d->proxy : &d->server, &best, stale);
}

static int
line_add(struct digest_space *s, const char *name, const char *method, const char *uri, const char *username, const char *password,
    char *out, size_t size)
{
	uint8_t			random[12];
	char			cnonce[2 * sizeof random + 1], nc[9], response[DIGEST_HEX], more[64] = "", opaque[DIGEST_NONCE + 16] = "";
	struct digest_said	said = { .realm = span_of(s->realm), .nonce = span_of(s->nonce), .uri = span_of(uri) };
	int			n;

	if (!s->known)
		return 0;
	s->count++;
	if (s->qop) {
		randombytes_buf(random, sizeof random);
		said.cnonce = span_of(sodium_bin2hex(cnonce, sizeof cnonce, random, sizeof random));
		(void)snprintf(nc, sizeof nc, "%08x", (unsigned)s->count);
		said.nc = span_of(nc);
		said.qop = span_of("auth");
		(void)snprintf(more, sizeof more, ", qop=auth, nc=%s, cnonce=\"%s\"", nc, cnonce);
	}
	if (s->opaque[0] != '\0')
		(void)snprintf(opaque, sizeof opaque, ", opaque=\"%s\"", s->opaque);
	digest_response(s->algorithm, method, &said, span_of(username), span_of(password), response);
	n = snprintf(out, size, "%s: Digest username=\"%s\", realm=\"%s\", nonce=\"%s\", uri=\"%s\", response=\"%s\", algorithm=%s%s%s\r\n", name,
	    username, s->realm, s->nonce, uri, response, s->algorithm == AUTH_SHA256 ? "SHA-256" : "MD5", more, opaque);
	return n < 0 || (size_t)n >= size ? ERR_TOO_LARGE : n;
}

int
digest_client_lines(struct digest_client *d, const char *method, const char *uri, const char *username, const char *password, char *out,
    size_t size)
{
	int	n, more;

	out[0] = '\0';
	if ((n = line_add(&d->server, "Authorization", method, uri, username, password, out, size)) < 0)
		return n;
	more = line_add(&d->proxy, "Proxy-Authorization", method, uri, username, password, out + n, size - (size_t)n);
	return more < 0 ? more : 0;
}

const char *
digest_client_realm(const struct digest_client *d)
{
	return d->server.known ? d->server.realm : d->proxy.realm;
}
