/*
 * The order that lists are shown in, kept in the store: for a kind with a table of sorts, each record once for each of its FF_SORT
 * fields.  Written by table_put and table_delete in the record's own transaction.
 *
 *	tag (2 bytes), value, 0, value of the field that tells equals apart, 0, primary key  ->  varint of the kind's sort_with
 *
 * The values are field_sort_key()'s, cut to SORTS_VALUE and SORTS_TIE; a reference is its id, as names change: whoever wants the order
 * of the names goes through one id after the other.
 */
#ifndef DB_SORTS_H
#define DB_SORTS_H

#include "core/field.h"
#include "db/table.h"

enum {
	SORTS_VERSION	= 1,	/* of the key: another one is built anew */
	SORTS_VALUE	= 95, SORTS_TIE = 63,
	SORTS_TAG	= 2,	/* bytes before the value */
};

bool	sorts_has_field(const struct kind *, const struct field *);

/* The entry's key; its length, or ERR_TOO_LARGE. */
int	sorts_key(const struct kind *, const struct field *, const void *record, const uint8_t *primary, size_t n,
	    uint8_t key[KEY_MAX]);
/* Where the entries of a field begin, and where they end: SORTS_TAG bytes each. */
void	sorts_range(const struct field *, uint8_t from[SORTS_TAG], uint8_t to[SORTS_TAG]);
uint64_t sorts_with(struct store_bytes value);		/* what stands in an entry */

/* Brings the entries from the record as it is to the one that is to be; either may be NULL. */
void	sorts_update(struct txn *, const struct kind *, const void *old, const void *record, const uint8_t *primary, size_t n);

/* Whether the record has its entries, and no other ones say that they are its: the field that is wrong, or NULL. */
const struct field *sorts_missing(const struct db *, const struct kind *, const void *record, const uint8_t *primary, size_t n);
bool	sorts_is_entry(const struct kind *, const void *record, const uint8_t *primary, size_t n, struct store_bytes key,
	    struct store_bytes value);

/* Whether it is whole: it is not before it was built, in a new store too (which takes one call of sorts_build). */
bool	sorts_ready(const struct db *, const struct kind *);
/*
 * Builds it in slices: puts the entries of at most limit records after the one with id *after into txn, and moves *after on.  Returns
 * false when there are none left; the same txn then says that it is whole.
 */
bool	sorts_build(struct txn *, const struct db *, const struct kind *, uint64_t *after, size_t limit);

#endif
