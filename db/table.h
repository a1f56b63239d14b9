/*
 * Records in the store: one function writes a record with its indexes, counts and sealed fields, so that they can't disagree.
 */
#ifndef DB_TABLE_H
#define DB_TABLE_H

#include "core/field.h"
#include "db/seal.h"
#include "db/store.h"

/* A store with the keys that its secrets are sealed with: what the table functions work on.  Open value. */
struct db {
	struct store	*store;
	struct seal	*seal;
};

/* By primary key (the key fields of record are set): fills record.  0, ERR_NOT_FOUND, ERR_CORRUPT. */
int	table_get(const struct db *, const struct kind *, void *record);

/* By its number, for a kind whose key that is; without its secrets, which take time to open.  0, ERR_NOT_FOUND, ERR_CORRUPT. */
int	table_peek(const struct db *, const struct kind *, uint64_t id, void *record);

/* By a unique index (its fields are set in record): fills record.  0, ERR_NOT_FOUND, ERR_CORRUPT. */
int	table_find(const struct db *, const struct kind *, enum table index, void *record);

/*
 * Writes record and its indexes, carrying over what a newer version stored with it.  A unique value that another record holds
 * fails the txn with ERR_EXISTS (ask table_clash() which field).  The record as it was is compared at commit.
 */
void	table_put(struct txn *, const struct db *, const struct kind *, const void *record);
void	table_delete(struct txn *, const struct db *, const struct kind *, const void *record);

/* The first field of record whose unique value another record holds, or NULL. */
const struct field *table_clash(const struct db *, const struct kind *, const void *record);

/*
 * Each record in key order (or an index's), from the one after `after` (NULL: the first); at most limit.  fn as store_range_fn's:
 * the record is decoded for it.  A damaged record is logged and passed over.
 */
typedef int	(*table_fn)(void *arg, const void *record);
int	table_each(const struct db *, const struct kind *, const void *after, size_t limit, table_fn, void *arg);
/* Each record whose index key begins with the first n_tags fields of the index as set in record. */
int	table_each_of(const struct db *, const struct kind *, enum table index, int n_tags, const void *record, size_t limit,
	    table_fn, void *arg);

/* Counters that live in the same transactions as what they count: name is "accounts", "group/7/accounts", … */
uint64_t count_get(const struct db *, const char *name);
void	count_add(struct txn *, const struct db *, const char *name, int64_t delta);	/* never below 0 */

/* A fresh identity: counters that only grow, from 1.  Written with the txn. */
uint64_t table_next_id(struct txn *, const struct db *, const char *name);

/* Compares every index with the records.  Returns the number of faults, each told to fn. */
size_t	table_verify(const struct db *, const struct kind *, void (*fn)(void *arg, const char *fault), void *arg);

#endif
