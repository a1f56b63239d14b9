#include "db/payload.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include "core/err.h"
#include "core/varint.h"

#define RECORD payload

enum { FRAMING = 64 };		/* of three fields in a record, at most */

static const struct field	payload_fields[] = {
	{ .tag = 1, AT(FT_SPAN, content_type) },
	{ .tag = 2, AT(FT_SPAN, headers) },
	{ .tag = 3, AT(FT_SPAN, body) },
};

static const struct kind	payload_kind = {
	.name = "payload", .title = "", .table = TABLE_PAYLOAD, .fields = payload_fields,
	.n_fields = sizeof payload_fields / sizeof payload_fields[0], .size = sizeof(struct payload),
};

int
payload_put(struct txn *t, const struct db *db, uint64_t seq, const struct payload *p)
{
	size_t	 parts = p->content_type.n + p->headers.n + p->body.n, room = parts < PAYLOAD_MAX - FRAMING ? parts + FRAMING : PAYLOAD_MAX;
	uint8_t	*plain = malloc(room), *sealed = malloc(room + crypto_box_SEALBYTES), key[8];
	int	 n = -ENOMEM;

	if (plain != NULL && sealed != NULL && (n = record_encode(&payload_kind, p, NULL, plain, room)) >= 0) {
		(void)crypto_box_seal(sealed, plain, (unsigned long long)n, seal_box(db->seal)->public);
		be64_put(key, seq);
		txn_put(t, TABLE_PAYLOAD, key, sizeof key, sealed, (size_t)n + crypto_box_SEALBYTES);
	}
	if (plain != NULL)
		sodium_memzero(plain, room);
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
	const struct seal_box	*box = seal_box(db->seal);
	struct store_bytes	 sealed;
	uint8_t			 key[8];
	int			 rc;

	be64_put(key, seq);
	if ((rc = store_get(db->store, TABLE_PAYLOAD, key, sizeof key, &sealed)) != 0)
		return rc;
	if (sealed.n < crypto_box_SEALBYTES || sealed.n - crypto_box_SEALBYTES > PAYLOAD_MAX)
		return ERR_CORRUPT;
	if (crypto_box_seal_open(room, sealed.p, sealed.n, box->public, box->secret) != 0)
		return ERR_CORRUPT;
	return record_decode(&payload_kind, p, NULL, room, sealed.n - crypto_box_SEALBYTES);
}
