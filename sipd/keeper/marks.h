/*
 * Positions in an order that the store keeps: a mark every few hundred rows and how many there are up to the next one, some dozen
 * bytes for each mark.  Counted in slices; what changes afterwards is counted again, that part alone.  Before all is counted both ends
 * are known, and what has been counted.
 */
#ifndef SIPD_KEEPER_MARKS_H
#define SIPD_KEEPER_MARKS_H

#include "sipd/keeper/order.h"

struct marks;

/* Takes the order; total: how many rows there are, as far as is known.  NULL: out of memory (the order is the caller's then). */
struct marks *marks_new(struct order *, size_t total);
void	marks_free(struct marks *);

bool	marks_count(struct marks *, int64_t until_us);	/* counts for a while; false when all is counted */
double	marks_done(const struct marks *);		/* how much is counted, 0 to 1 */
size_t	marks_total(const struct marks *);

/* Something was put or removed there.  Where that is, about. */
size_t	marks_note(struct marks *, const struct place *);

/* The keys of the rows from a position on, at most max; 0 past the end, and where it is not known yet. */
size_t	marks_rows(struct marks *, size_t first, size_t max, uint8_t (*keys)[ROW_KEY_MAX]);
/* How many rows stand before the place; false: not known yet. */
bool	marks_position(struct marks *, const struct place *, size_t *position);

#endif
