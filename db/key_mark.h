/*
 * Whose key a store is sealed with: a mark in TABLE_META that follows from the master key and tells nothing of it, so that a store and
 * a key that don't belong together are told before anything fails.
 */
#ifndef DB_KEY_MARK_H
#define DB_KEY_MARK_H

#include "db/table.h"

/* 0; ERR_NOT_FOUND: the store has no mark yet; ERR_DENIED: it is another key's. */
int	key_mark_check(const struct db *);
void	key_mark_put(struct txn *, const struct db *);

#endif
