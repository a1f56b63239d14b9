#include "db/payload.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/varint.h"

#define RECORD payload

static const struct field	payload_fields[] = {
	{ .tag = 1, AT(FT_SPAN, content_type) },
	{ .tag = 2, AT(FT_SPAN, headers) },
	{ .tag = 3, AT(FT_SPAN, body) },
};

static const struct kind	payload_kind = {
	.name = "payload", .title = "", .table = TABLE_PAYLOAD, .fields = payload_fields,
	.n_fields = sizeof payload_fields / sizeof payload_fields[0], .size = sizeof(struct payload),
};

static void
keys(const struct db *db, uint8_t public[crypto_box_PUBLICKEYBYTES], uint8_t secret[crypto_box_SECRETKEYBYTES])
{
	uint8_t	seed[crypto_box_SEEDBYTES];

	seal_subkey(db->seal, 1, "wc-queue", seed);
	(void)crypto_box_seed_keypair(public, secret, seed);
	sodium_memzero(seed, sizeof seed);
}

int
payload_put(struct txn *t, const struct db *db, uint64_t seq, const struct payload *p)
{
	uint8_t	 public[crypto_box_PUBLICKEYBYTES], secret[crypto_box_SECRETKEYBYTES], key[8];
	uint8_t	*plain = malloc(PAYLOAD_MAX), *sealed = malloc(PAYLOAD_MAX + crypto_box_SEALBYTES);
	int	 n = -ENOMEM;

	if (plain != NULL && sealed != NULL && (n = record_encode(&payload_kind, p, NULL, plain, PAYLOAD_MAX)) >= 0) {
		keys(db, public, secret);
		sodium_memzero(secret, sizeof secret);
		(void)crypto_box_seal(sealed, plain, (unsigned long long)n, public);
		be64_put(key, seq);
		txn_put(t, TABLE_PAYLOAD, key, sizeof key, sealed, (size_t)n + crypto_box_SEALBYTES);
	}
	if (plain != NULL)
		sodium_memzero(plain, PAYLOAD_MAX);
	free(plain);
	free(sealed);
	return n < 0 ? n : 0;
}

void
payload_delete(struct txn *t, uint64_t seq)
{
	uint8_t	key[8];

	be64_put(key, seq);
	txn_delete(t, TABLE_PAYLOAD, key, sizeof key);
}

int
payload_get(const struct db *db, uint64_t seq, struct payload *p, uint8_t room[PAYLOAD_MAX])
{
	uint8_t			public[crypto_box_PUBLICKEYBYTES], secret[crypto_box_SECRETKEYBYTES], key[8];
	struct store_bytes	sealed;
	int			rc;

	be64_put(key, seq);
	if ((rc = store_get(db->store, TABLE_PAYLOAD, key, sizeof key, &sealed)) != 0)
		return rc;
	if (sealed.n < crypto_box_SEALBYTES || sealed.n - crypto_box_SEALBYTES > PAYLOAD_MAX)
		return ERR_CORRUPT;
	keys(db, public, secret);
	rc = crypto_box_seal_open(room, sealed.p, sealed.n, public, secret);
	sodium_memzero(secret, sizeof secret);
	if (rc != 0)
		return ERR_CORRUPT;
	return record_decode(&payload_kind, p, NULL, room, sealed.n - crypto_box_SEALBYTES);
}
