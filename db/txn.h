/*
 * A transaction as store.c takes it apart: a row of operations in one buffer.
 */
#ifndef DB_TXN_H
#define DB_TXN_H

#include "db/store.h"

enum txn_op_type { TXN_EXPECT, TXN_EXPECT_ABSENT, TXN_PUT, TXN_DELETE, TXN_ADD };

struct txn_op {
	enum txn_op_type	type;
	enum table		table;
	struct store_bytes	key, value;
};

/* Takes the next operation from *at (0 at first).  false at the end. */
bool	txn_next(const struct txn *, size_t *at, struct txn_op *);
struct txn *txn_make(struct store *, uint64_t serial);
void	txn_free(struct txn *);

#endif
