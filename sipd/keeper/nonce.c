/*
 * Nonces.  One needs no memory until it is answered rightly; then its counts are remembered in a window of 64.
 *
 *	nonce	base64url( u64 stamp, u8 epoch, u8 algorithm, 16 bytes seal )
 *	stamp	ms since 1970 << 20 | a count within that ms: no two nonces are the same
 *	seal	keyed hash over stamp, epoch, algorithm, transport, source (/32 or /64) and realm
 *
 * The windows are a fixed table of buckets.  A full bucket forgets its oldest nonce and remembers how old that was: whatever is not
 * newer and not in it can't be told from a replay, and is stale.
 */
#include "sipd/keeper/digest.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "core/varint.h"

enum {
	SEAL = 16, NONCE_BYTES = 8 + 2 + SEAL,
	COUNT_BITS = 20,
	EPOCH_MS = 3600 * 1000,
	WAYS = 8, BUCKETS = 1 << 16,
};

struct window {
	uint64_t	seen;		/* bit i: highest - i was used */
	uint32_t	tag;
	uint32_t	highest;
	int64_t		made_at;	/* 0: the place is free */
};

struct bucket {
	struct window	windows[WAYS];
	int64_t		forgotten_at;	/* the newest nonce forgotten was made then */
};

struct nonces {
	uint8_t		 key[crypto_kdf_KEYBYTES];
	uint8_t		 epoch_keys[2][32];	/* by the epoch's last bit */
	uint64_t	 epochs[2];
	int64_t		 life_ms;
	uint64_t	 last_stamp;
	struct bucket	*buckets;
};

struct nonces *
nonces_new(const uint8_t key[32], uint32_t life_s)
{
	struct nonces	*n = calloc(1, sizeof *n);

	/* Its pages come into being as they are used. */
	if (n == NULL || (n->buckets = calloc(BUCKETS, sizeof n->buckets[0])) == NULL) {
		free(n);
		return NULL;
	}
	memcpy(n->key, key, sizeof n->key);
	nonces_set_life(n, life_s);
	return n;
}

void
nonces_free(struct nonces *n)
{
	if (n == NULL)
		return;
	sodium_memzero(n->key, sizeof n->key);
	sodium_memzero(n->epoch_keys, sizeof n->epoch_keys);
	free(n->buckets);
	free(n);
}

void
nonces_set_life(struct nonces *n, uint32_t life_s)
{
	n->life_ms = (int64_t)life_s * 1000;
}

static const uint8_t *
epoch_key(struct nonces *n, uint64_t epoch)
{
	unsigned	i = epoch & 1;

	if (n->epochs[i] != epoch) {
		(void)crypto_kdf_derive_from_key(n->epoch_keys[i], sizeof n->epoch_keys[i], epoch, "nonce ep", n->key);
		n->epochs[i] = epoch;
	}
	return n->epoch_keys[i];
}

static void
seal_make(struct nonces *n, uint64_t epoch, const uint8_t head[10], const char *realm, uint8_t transport, const struct addr *source,
    uint8_t seal[SEAL])
{
	struct addr	who = addr_source(source);
	uint8_t		in[10 + 2 + sizeof who.ip + CONFIG_TEXT];
	size_t		realm_n = strnlen(realm, CONFIG_TEXT);

	memcpy(in, head, 10);
	in[10] = transport;
	in[11] = who.family;
	memcpy(in + 12, who.ip, sizeof who.ip);
	memcpy(in + 12 + sizeof who.ip, realm, realm_n);
	(void)crypto_generichash(seal, SEAL, in, 12 + sizeof who.ip + realm_n, epoch_key(n, epoch), 32);
}

static int64_t
stamp_ms(uint64_t stamp)
{
	return (int64_t)(stamp >> COUNT_BITS);
}

void
nonce_make(struct nonces *n, enum auth_algorithm algorithm, const char *realm, uint8_t transport, const struct addr *source,
    int64_t now_ms, char out[NONCE_TEXT])
{
	uint8_t		raw[NONCE_BYTES];
	uint64_t	stamp = (uint64_t)now_ms << COUNT_BITS, epoch;

	if (stamp <= n->last_stamp)
		stamp = n->last_stamp + 1;
	n->last_stamp = stamp;
	epoch = (uint64_t)stamp_ms(stamp) / EPOCH_MS;
	be64_put(raw, stamp);
	raw[8] = (uint8_t)epoch;
	raw[9] = (uint8_t)algorithm;
	seal_make(n, epoch, raw, realm, transport, source, raw + 10);
	(void)sodium_bin2base64(out, NONCE_TEXT, raw, sizeof raw, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

enum digest_verdict
nonce_read(struct nonces *n, struct span text, enum auth_algorithm algorithm, const char *realm, uint8_t transport,
    const struct addr *source, int64_t now_ms, struct nonce *nonce)
{
	uint8_t		raw[NONCE_BYTES], seal[SEAL];
	uint64_t	epoch;
	size_t		len;
	int64_t		age;

	if (text.n >= NONCE_TEXT || sodium_base642bin(raw, sizeof raw, text.s, text.n, NULL, &len, NULL,
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 || len != sizeof raw)
		return DIGEST_FOREIGN;
	nonce->stamp = be64_get(raw);
	epoch = (uint64_t)stamp_ms(nonce->stamp) / EPOCH_MS;
	age = now_ms - stamp_ms(nonce->stamp);
	if (age < 0 || raw[8] != (uint8_t)epoch || raw[9] != (uint8_t)algorithm)
		return DIGEST_FOREIGN;
	if (age >= n->life_ms || epoch + 1 < (uint64_t)now_ms / EPOCH_MS)
		return DIGEST_STALE;
	seal_make(n, epoch, raw, realm, transport, source, seal);
	if (sodium_memcmp(seal, raw + 10, SEAL) != 0)
		return DIGEST_FOREIGN;
	memcpy(&nonce->tag, seal, sizeof nonce->tag);
	return DIGEST_RIGHT;
}

/* The window of a nonce, or a place for it: a free one, an expired nonce's, or the oldest's, which is then forgotten. */
static struct window *
window_find(struct nonces *n, const struct nonce *nonce, int64_t now_ms)
{
	struct bucket	*b = &n->buckets[(nonce->tag ^ nonce->stamp) % BUCKETS];
	struct window	*w, *place = &b->windows[0];
	int64_t		 made_at = stamp_ms(nonce->stamp);

	for (w = b->windows; w < b->windows + WAYS; w++) {
		if (w->made_at == made_at && w->tag == nonce->tag)
			return w;
		if (w->made_at < place->made_at)
			place = w;
	}
	if (made_at <= b->forgotten_at)
		return NULL;
	if (place->made_at != 0 && now_ms - place->made_at < n->life_ms)
		b->forgotten_at = place->made_at;
	*place = (struct window){ .tag = nonce->tag, .made_at = made_at };
	return place;
}

bool
nonce_use(struct nonces *n, const struct nonce *nonce, uint32_t count, int64_t now_ms)
{
	struct window	*w = window_find(n, nonce, now_ms);
	uint32_t	 behind;

	if (w == NULL)
		return false;
	if (count > w->highest) {
		w->seen = count - w->highest < 64 ? w->seen << (count - w->highest) : 0;
		w->highest = count;
	}
	behind = w->highest - count;
	if (behind >= 64 || (w->seen & UINT64_C(1) << behind) != 0)
		return false;
	w->seen |= UINT64_C(1) << behind;
	return true;
}
