/*
 * Secrets at rest (reliability "Store rules").  One master key in a file of mode 0400, made at first start; sub-keys by
 * crypto_kdf; fields sealed by XChaCha20-Poly1305 with table, key, tag and key id as associated data, so that no sealed value
 * can be moved to another record.  Keys stay in locked memory.
 */
#ifndef DB_SEAL_H
#define DB_SEAL_H

#include "core/field.h"

struct seal;

/* Opens or (make) creates the master key.  0, -errno, ERR_CORRUPT; why names the file and what to do. */
int	seal_open(struct seal **, const char *file, bool make, char *why, size_t size);
void	seal_close(struct seal *);

/* A sealer for one record: bound to its table and primary key.  Lives as long as seal and key. */
struct seal_of {
	struct seal	*seal;
	enum table	 table;
	const uint8_t	*key;
	size_t		 n;
};
struct sealer seal_for(struct seal_of *);

/* What sealed boxes are made and opened with, by crypto_box_seal: the queue's contents.  Derived, never stored; in locked memory. */
struct seal_box {
	uint8_t	public[32], secret[32];
};
const struct seal_box *seal_box(const struct seal *);

/* A sub-key for another purpose ("nonce", …), 8 bytes of context.  Derived, never stored. */
void	seal_subkey(const struct seal *, uint64_t id, const char context[8], uint8_t out[32]);

#endif
