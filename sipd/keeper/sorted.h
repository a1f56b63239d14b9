/*
 * A sorted set: the rows of a source that a filter lets through, in the order of one field, each with its
 * position.  It is filled in slices and then follows changes.  It holds keys only, in a counted tree
 * (core/tree.h):
 *	sort value, 0, tie-breaking value, 0, key of the stored record
 * and, where it is to follow changes, finds a record's node by its key (places.h).
 */
#ifndef SIPD_KEEPER_SORTED_H
#define SIPD_KEEPER_SORTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sipd/keeper/filter.h"
#include "sipd/keeper/source.h"

struct jobs;
struct sorted;

struct sorted_spec {
	const struct source	*source;
	const struct field	*sort;
	uint64_t		 group_id;	/* rows of that group only; 0: all */
	struct filter		 filter;
};

bool	sorted_spec_eq(const struct sorted_spec *, const struct sorted_spec *);

/*
 * sorted_new: live sets follow changes by sorted_update().  The others keep at most `keep` rows (0: all), the
 * last ones in order if keep_last, else the first.
 */
struct sorted *sorted_new(struct keeper *, const struct sorted_spec *);
struct sorted *sorted_new_kept(struct keeper *, const struct sorted_spec *, size_t keep, bool keep_last);
void	sorted_free(struct sorted *, struct jobs *);			/* in slices */

bool	sorted_scan(struct sorted *, int64_t until_us);		/* fills for a while; false when all is there */
double	sorted_done(const struct sorted *);			/* how much of the scan is done, 0 to 1 */
size_t	sorted_count(const struct sorted *);

/* The record with that key has changed, or is gone.  Tells what that did to the order, and where. */
enum sorted_change { SORTED_NONE, SORTED_SAME_PLACE, SORTED_ADDED, SORTED_MOVED, SORTED_REMOVED };
/* the first one that is affected */
enum sorted_change sorted_update(struct sorted *, const uint8_t *key, size_t *position);
/* Where the row with that key is; false if it is not in the set. */
bool	sorted_position(const struct sorted *, const uint8_t *key, size_t *position);

const uint8_t *sorted_key_at(const struct sorted *, size_t position);	/* NULL past the end; lent until the next change */
/*
 * The first position whose sort value is at or after text (folded, a prefix will do), or past: the first
 * after all that begin with it. sorted_count() when there is none, or text can't be a value of that field.
 */
size_t	sorted_seek(const struct sorted *, const char *text, bool past);

#endif
