/*
 * Digest responses.  The algorithms are rows of a table; everything works on borrowed text and the stack.  A user that does not exist is
 * checked against a fixed HA1 that no password has, so that it costs the same and is never right.
 */
#include "sipd/keeper/digest.h"

#include <ctype.h>
#include <sodium.h>
#include <sofia-sip/su_md5.h>
#include <string.h>

#include "core/span.h"

enum { HASH_MAX = crypto_hash_sha256_BYTES, HASH_HEX = DIGEST_HEX, PARTS_MAX = 6 };

_Static_assert((int)HASH_HEX == 2 * HASH_MAX + 1, "the longest hash, as text");

struct parts {
	struct span	part[PARTS_MAX];
	size_t		n;
};

struct algorithm {
	enum auth_algorithm	 bit;
	const char		*name;
	size_t			 size;
	void			(*hash)(const struct parts *, uint8_t *out);	/* of the parts with colons between */
	size_t			 account_offset, secret_offset;			/* of the HA1 */
};

static void
hash_md5(const struct parts *p, uint8_t *out)
{
	su_md5_t	ctx;

	su_md5_init(&ctx);
	for (size_t i = 0; i < p->n; i++) {
		if (i > 0)
			su_md5_update(&ctx, ":", 1);
		su_md5_update(&ctx, p->part[i].s, (usize_t)p->part[i].n);
	}
	su_md5_digest(&ctx, out);
	su_md5_deinit(&ctx);
}

static void
hash_sha256(const struct parts *p, uint8_t *out)
{
	crypto_hash_sha256_state	state;

	(void)crypto_hash_sha256_init(&state);
	for (size_t i = 0; i < p->n; i++) {
		if (i > 0)
			(void)crypto_hash_sha256_update(&state, (const uint8_t *)":", 1);
		(void)crypto_hash_sha256_update(&state, (const uint8_t *)p->part[i].s, p->part[i].n);
	}
	(void)crypto_hash_sha256_final(&state, out);
	sodium_memzero(&state, sizeof state);
}

static const struct algorithm	algorithms[] = {
	{ AUTH_MD5, "MD5", SU_MD5_DIGEST_SIZE, hash_md5, offsetof(struct account, ha1_md5), offsetof(struct digest_secret, md5) },
	{ AUTH_SHA256, "SHA-256", crypto_hash_sha256_BYTES, hash_sha256, offsetof(struct account, ha1_sha256),
	  offsetof(struct digest_secret, sha256) },
};

static const struct algorithm *
algorithm_find(struct span name)
{
	if (name.n == 0)
		return &algorithms[0];		/* RFC 7616 section 3.3: absent means MD5 */
	for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++)
		if (span_is_nocase(name, algorithms[i].name))
			return &algorithms[i];
	return NULL;
}

void
digest_set_password(struct account *a, const char *realm)
{
	struct parts	p = { .part = { span_of(a->username), span_of(realm), span_of(a->password) }, .n = 3 };

	for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++)
		algorithms[i].hash(&p, (uint8_t *)a + algorithms[i].account_offset);
	sodium_memzero(a->password, sizeof a->password);
}

void
digest_secret_of(struct digest_secret *secret, const struct account *a)
{
	memcpy(secret->md5, a->ha1_md5, sizeof secret->md5);
	memcpy(secret->sha256, a->ha1_sha256, sizeof secret->sha256);
}

/* Five bits a character; no letters that are taken for others when read aloud or written down. */
void
digest_random_password(char *buf, size_t size)
{
	static const char	alphabet[] = "abcdefghijkmnpqrstuvwxyz23456789";
	uint8_t			random[16];
	size_t			n = size <= sizeof random ? size - 1 : sizeof random;

	randombytes_buf(random, sizeof random);
	for (size_t i = 0; i < n; i++)
		buf[i] = alphabet[random[i] % 32];
	buf[n] = '\0';
	sodium_memzero(random, sizeof random);
}

/* The host of a digest-uri, as far as it is a sip URI. */
static struct span
uri_host(struct span uri)
{
	const char	*s = uri.s, *end, *p;

	if (uri.n == 0 || (p = memchr(s, ':', uri.n)) == NULL)
		return (struct span){ NULL, 0 };
	end = s + uri.n;
	s = p + 1;
	if ((p = memchr(s, '@', (size_t)(end - s))) != NULL)
		s = p + 1;
	for (p = s; p < end && strchr(*s == '[' ? "]" : ":;?", *p) == NULL;)
		p++;
	if (p < end && *p == ']')
		p++;
	return (struct span){ s, (size_t)(p - s) };
}

static bool
span_eq_nocase(struct span a, struct span b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (tolower((unsigned char)a.s[i]) != tolower((unsigned char)b.s[i]))
			return false;
	return true;
}

/* Phones write it differently from the Request-URI (a port, the address for the name); it must be one of what they asked for. */
static bool
uri_is_plausible(const struct register_ask *ask, const char *realm)
{
	struct span	host = uri_host(ask->uri);
	struct addr	a;
	char		text[ADDR_TEXT];

	if (host.n == 0)
		return false;
	if (span_eq_nocase(host, ask->host) || span_eq_nocase(host, ask->aor_host) || span_is_nocase(host, realm))
		return true;
	/* Some put the address there that they send to. */
	return span_get(host, text, sizeof text) && addr_parse(&a, text) == 0 && addr_same_ip(&a, &ask->local);
}

/* As the client was given it: there may be a host before it, or the path of a proxy. */
static bool
uri_ends_with(struct span uri, const char *path)
{
	size_t	n = strlen(path);

	return uri.n >= n && memcmp(uri.s + uri.n - n, path, n) == 0;
}

/* nc: exactly eight hexadecimal digits, from 1 on. */
static bool
count_parse(struct span nc, uint32_t *count)
{
	uint32_t	v = 0;

	if (nc.n != 8)
		return false;
	for (size_t i = 0; i < 8; i++) {
		int	c = tolower((unsigned char)nc.s[i]);

		if (!isxdigit(c))
			return false;
		v = v << 4 | (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	*count = v;
	return v > 0;
}

static struct span
hex(const uint8_t *hash, size_t n, char out[HASH_HEX])
{
	return (struct span){ sodium_bin2hex(out, HASH_HEX, hash, n), 2 * n };
}

/* H(HA1:nonce:nc:cnonce:qop:HA2), or without qop H(HA1:nonce:HA2). */
static void
response_hash(const struct algorithm *alg, const uint8_t *ha1, const char *method, const struct digest_said *d, uint8_t hash[HASH_MAX])
{
	char		ha1_hex[HASH_HEX], ha2_hex[HASH_HEX];
	struct parts	a2 = { .part = { span_of(method), d->uri }, .n = 2 };
	struct parts	all = { .part = { [1] = d->nonce }, .n = 2 };

	alg->hash(&a2, hash);
	all.part[0] = hex(ha1, alg->size, ha1_hex);
	if (d->qop.n > 0) {
		all.part[all.n++] = d->nc;
		all.part[all.n++] = d->cnonce;
		all.part[all.n++] = d->qop;
	}
	all.part[all.n++] = hex(hash, alg->size, ha2_hex);
	alg->hash(&all, hash);
	sodium_memzero(ha1_hex, sizeof ha1_hex);
}

static bool
response_is_right(const struct algorithm *alg, const struct register_ask *ask, const char *method, const uint8_t *ha1)
{
	const struct digest_said	d = { .uri = ask->uri, .nonce = ask->nonce, .nc = ask->nc, .cnonce = ask->cnonce, .qop = ask->qop };
	uint8_t				hash[HASH_MAX], given[HASH_MAX];
	size_t				n;

	response_hash(alg, ha1, method, &d, hash);
	return sodium_hex2bin(given, sizeof given, ask->response.s, ask->response.n, NULL, &n, NULL) == 0 && n == alg->size &&
	    sodium_memcmp(given, hash, alg->size) == 0;
}

uint32_t
digest_algorithm(struct span name)
{
	const struct algorithm	*alg = algorithm_find(name);

	return alg == NULL ? 0 : alg->bit;
}

void
digest_response(uint32_t algorithm, const char *method, const struct digest_said *d, struct span username, struct span password,
    char out[DIGEST_HEX])
{
	const struct algorithm	*alg = &algorithms[0];
	struct parts		 a1 = { .part = { username, d->realm, password }, .n = 3 };
	uint8_t			 ha1[HASH_MAX], hash[HASH_MAX];

	while (alg->bit != algorithm)
		alg++;
	alg->hash(&a1, ha1);
	response_hash(alg, ha1, method, d, hash);
	(void)hex(hash, alg->size, out);
	sodium_memzero(ha1, sizeof ha1);
}

enum digest_verdict
digest_check(struct nonces *nonces, const struct register_ask *ask, const char *method, const char *path, const char *realm,
    uint32_t allowed, const struct digest_secret *secret, int64_t now_ms)
{
	static const uint8_t	 nobody[HASH_MAX] = { 0 };
	const struct algorithm	*alg;
	const uint8_t		*ha1 = nobody;
	struct nonce		 nonce;
	enum digest_verdict	 verdict;
	uint32_t		 count;
	bool			 right;

	if (!ask->authorized || !span_is(ask->realm, realm) || ask->userhash || !span_is_nocase(ask->qop, "auth"))
		return DIGEST_NONE;
	if ((alg = algorithm_find(ask->algorithm)) == NULL || (alg->bit & allowed) == 0)
		return DIGEST_NONE;
	if (ask->username.n == 0 || ask->cnonce.n == 0 || !count_parse(ask->nc, &count) ||
	    !(path == NULL ? uri_is_plausible(ask, realm) : uri_ends_with(ask->uri, path)))
		return DIGEST_MALFORMED;
	verdict = nonce_read(nonces, ask->nonce, alg->bit, realm, ask->transport, &ask->source, now_ms, &nonce);
	if (verdict != DIGEST_RIGHT)
		return verdict;
	if (secret != NULL)
		ha1 = (const uint8_t *)secret + alg->secret_offset;
	right = response_is_right(alg, ask, method, ha1);
	if (!right || sodium_is_zero(ha1, alg->size))
		return DIGEST_WRONG;
	return nonce_use(nonces, &nonce, count, now_ms) ? DIGEST_RIGHT : DIGEST_STALE;
}

/* User-Agents of phones on libre before 2.0, which take a challenge of another algorithm than MD5 for an error of the whole answer. */
static const char *const	md5_only[] = { "baresip v0.", "baresip v1." };

uint32_t
digest_offers(uint32_t configured, struct span user_agent)
{
	if ((configured & AUTH_MD5) == 0)
		return configured;
	for (size_t i = 0; i < sizeof md5_only / sizeof md5_only[0]; i++) {
		size_t	n = strlen(md5_only[i]);

		if (user_agent.n >= n && memcmp(user_agent.s, md5_only[i], n) == 0)
			return AUTH_MD5;
	}
	return configured;
}
