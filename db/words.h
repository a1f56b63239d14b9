/*
 * The index of words that searches use: for a kind with a table of words, each word of each of its FF_SEARCH fields, as the analyser
 * cuts it.  Kept by table_put and table_delete.
 *
 *	tag (2 bytes), word, 0, primary key
 *
 * A word longer than WORDS_KEY_WORD is cut to that: whoever finds one so long has found a candidate only.
 */
#ifndef DB_WORDS_H
#define DB_WORDS_H

#include "core/field.h"
#include "core/span.h"
#include "db/store.h"
#include "db/table.h"

enum {
	WORDS_VERSION	= 1,	/* of the analyser and the key: another one is built anew */
	WORDS_KEY_WORD	= 400,
};

/* Brings the index from the record as it is to the one that is to be; either may be NULL. */
void	words_update(struct txn *, const struct kind *, const void *old, const void *record, const uint8_t *primary, size_t n);

bool	words_has_field(const struct field *);		/* whether its words are in the index of its kind */

/* The key of a field's words from `word` on; its length. */
size_t	words_key(const struct field *, struct span word, uint8_t key[KEY_MAX]);
/* What a key holds.  false for one that we did not write. */
bool	words_key_is(const uint8_t *key, size_t n, size_t primary_n, struct span *word, const uint8_t **primary);

/* Whether the record has all its entries; and whether one that says so is its. */
bool	words_has_all(const struct db *, const struct kind *, const void *record, const uint8_t *primary, size_t n);
bool	words_is_entry(const struct kind *, const void *record, const uint8_t *primary, size_t n, struct store_bytes key);

/* Whether the index is whole: it is not before it was built, in a new store too (which takes one call of words_build). */
bool	words_ready(const struct db *, const struct kind *);

/*
 * Builds it in slices: puts the words of the records after the one with id *after, at most limit of them, into txn, and moves *after
 * on.  Returns false when there are none left; the index is then marked whole by the same txn.
 */
bool	words_build(struct txn *, const struct db *, const struct kind *, uint64_t *after, size_t limit);

#endif
