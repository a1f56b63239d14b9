/*
 * A sorted set: the rows of a source that a filter lets through, in the order of one field, each with its position.
 *
 * Where the store keeps that very order (order.h) the set is walked there: nothing is filled, rows can be shown at once, and
 * positions are those of marks (marks.h).  Otherwise it is filled in slices and then follows changes, as keys alone in a counted tree
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
 * sorted_new: live sets follow changes by sorted_update() and sorted_note().  The others keep at most `keep` rows (0: all), the
 * last ones in order if keep_last, else the first; their rows are taken once, from one end on.
 */
struct sorted *sorted_new(struct keeper *, const struct sorted_spec *);
struct sorted *sorted_new_kept(struct keeper *, const struct sorted_spec *, size_t keep, bool keep_last);
void	sorted_free(struct sorted *, struct jobs *);			/* in slices */

bool	sorted_is_walked(const struct sorted *);
bool	sorted_scan(struct sorted *, int64_t until_us);		/* fills or counts for a while; false when all is there */
double	sorted_done(const struct sorted *);			/* how much of that is done, 0 to 1 */
size_t	sorted_count(const struct sorted *);

/*
 * The record with that key has changed, or is gone.  Tells what that did to the order, and where.  Of a walked set it tells
 * SORTED_THERE: the row may look different where it is shown.
 */
enum sorted_change { SORTED_NONE, SORTED_SAME_PLACE, SORTED_ADDED, SORTED_MOVED, SORTED_REMOVED, SORTED_THERE };
/* the first one that is affected */
enum sorted_change sorted_update(struct sorted *, const uint8_t *key, size_t *position);
/*
 * An entry of a table has changed.  true: it is one of the order of this walked set, which sorted_scan() will count anew; *position is
 * at or before it.
 */
bool	sorted_note(struct sorted *, enum table, struct store_bytes key, size_t *position);

/* Where the row with that key is; false if it is not in the set, or that is not known yet. */
bool	sorted_position(struct sorted *, const uint8_t *key, size_t *position);

/*
 * The keys of at most max rows, from the first-th on, or in reverse: from the first-th last one back.  Returns how many; 0 past the
 * end, and where a walked set does not know its rows yet.
 */
size_t	sorted_rows(struct sorted *, size_t first, size_t max, bool reverse, uint8_t (*keys)[ROW_KEY_MAX]);
/*
 * The first position whose sort value is at or after text (folded, a prefix will do), or past: the first
 * after all that begin with it. sorted_count() when there is none, or text can't be a value of that field.
 */
size_t	sorted_seek(struct sorted *, const char *text, bool past);

#endif
