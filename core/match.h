/*
 * Whether a record is what a query looks for.  The record's fields are cut into words once, when the first of them is asked for.
 */
#ifndef CORE_MATCH_H
#define CORE_MATCH_H

#include "core/query.h"

struct match;		/* room for one record's words; used again for the next record */

struct match *match_new(void);		/* NULL: out of memory */
void	match_free(struct match *);

/* refs as field_text's. */
bool	match_record(struct match *, const struct query *, const void *record, const struct refs *);

/*
 * A quick look at an encoded record that is not decoded yet: false if it can't match.  Only fields that are stored as they are
 * written are looked at.
 */
bool	match_may(const struct query *, const void *bytes, size_t n);

/* The words of a field as searches see them: a time is one word, the rest is cut by the analyser. */
typedef void	(*match_word_fn)(void *arg, const char *word, size_t n);
void	match_words(const struct field *, const void *record, const struct refs *, match_word_fn, void *arg);

#endif
