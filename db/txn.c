/*
 * Building transactions.  Each operation is a header, its key and its value, one after the other in a buffer that grows.
 */
#include "db/txn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/varint.h"

struct op_header {
	uint8_t		type, table;
	uint16_t	key_n;
	uint32_t	value_n;
};

struct txn {
	struct store	*store;
	uint64_t	 serial;
	int		 error;		/* the first one */
	uint32_t	 n_ops;
	size_t		 n, room;
	uint8_t		*ops;
};

enum { TXN_ROOM = 2048, TXN_BYTES_MAX = 64 * 1024 * 1024 };

struct txn *
txn_make(struct store *s, uint64_t serial)
{
	struct txn	*t = calloc(1, sizeof *t);

	if (t == NULL || (t->ops = malloc(TXN_ROOM)) == NULL) {
		free(t);
		return NULL;
	}
	t->room = TXN_ROOM;
	t->store = s;
	t->serial = serial;
	return t;
}

void
txn_free(struct txn *t)
{
	if (t == NULL)
		return;
	free(t->ops);
	free(t);
}

void
txn_drop(struct txn *t)
{
	txn_free(t);
}

void
txn_fail(struct txn *t, int rc)
{
	if (t->error == 0)
		t->error = rc;
}

int
txn_error(const struct txn *t)
{
	return t->error;
}

struct store *
txn_store(const struct txn *t)
{
	return t->store;
}

uint64_t
txn_serial(const struct txn *t)
{
	return t->serial;
}

static bool
room_for(struct txn *t, size_t more)
{
	size_t	 room = t->room;
	uint8_t	*p;

	while (room - t->n < more)
		room *= 2;
	if (room == t->room)
		return true;
	if (room > TXN_BYTES_MAX || (p = realloc(t->ops, room)) == NULL)
		return false;
	t->ops = p;
	t->room = room;
	return true;
}

static void
txn_append(struct txn *t, enum txn_op_type type, enum table table, const void *key, size_t n, const void *value, size_t value_n)
{
	struct op_header	h = { .type = (uint8_t)type, .table = (uint8_t)table, .key_n = (uint16_t)n, .value_n = (uint32_t)value_n };

	if (t->error != 0)
		return;
	if (n == 0 || n > KEY_MAX || value_n > STORE_VALUE_MAX || t->n_ops == STORE_TXN_OPS) {
		t->error = ERR_TOO_LARGE;
		return;
	}
	if (!room_for(t, sizeof h + n + value_n)) {
		t->error = -ENOMEM;
		return;
	}
	memcpy(t->ops + t->n, &h, sizeof h);
	memcpy(t->ops + t->n + sizeof h, key, n);
	if (value_n > 0)
		memcpy(t->ops + t->n + sizeof h + n, value, value_n);
	t->n += sizeof h + n + value_n;
	t->n_ops++;
}

void
txn_expect(struct txn *t, enum table table, const void *key, size_t n, const struct store_bytes *value)
{
	if (value == NULL)
		txn_append(t, TXN_EXPECT_ABSENT, table, key, n, NULL, 0);
	else
		txn_append(t, TXN_EXPECT, table, key, n, value->p, value->n);
}

void
txn_put(struct txn *t, enum table table, const void *key, size_t n, const void *value, size_t value_n)
{
	txn_append(t, TXN_PUT, table, key, n, value, value_n);
}

void
txn_delete(struct txn *t, enum table table, const void *key, size_t n)
{
	txn_append(t, TXN_DELETE, table, key, n, NULL, 0);
}

void
txn_add(struct txn *t, enum table table, const void *key, size_t n, int64_t delta)
{
	uint8_t	value[8];

	be64_put(value, (uint64_t)delta);
	txn_append(t, TXN_ADD, table, key, n, value, sizeof value);
}

bool
txn_next(const struct txn *t, size_t *at, struct txn_op *op)
{
	struct op_header	 h;
	const uint8_t		*p = t->ops + *at;

	if (*at == t->n)
		return false;
	memcpy(&h, p, sizeof h);
	op->type = (enum txn_op_type)h.type;
	op->table = (enum table)h.table;
	op->key = (struct store_bytes){ .p = p + sizeof h, .n = h.key_n };
	op->value = (struct store_bytes){ .p = p + sizeof h + h.key_n, .n = h.value_n };
	*at += sizeof h + h.key_n + h.value_n;
	return true;
}

bool
txn_find(const struct txn *t, enum table table, const void *key, size_t n, struct store_bytes *value)
{
	struct txn_op	op;
	bool		found = false;

	for (size_t at = 0; txn_next(t, &at, &op);) {
		if (op.type == TXN_PUT && op.table == table && op.key.n == n && memcmp(op.key.p, key, n) == 0) {
			*value = op.value;
			found = true;
		}
	}
	return found;
}
