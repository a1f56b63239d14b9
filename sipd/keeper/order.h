/*
 * An order of rows that the store keeps by itself: one range of keys, or one after the other, in one table; the last bytes of a key
 * are the row's.  Accounts have one for each of their FF_SORT fields (db/sorts.h), events that of their time.  It is walked without
 * reading a record, and without counting: marks.h knows positions.
 */
#ifndef SIPD_KEEPER_ORDER_H
#define SIPD_KEEPER_ORDER_H

#include "db/sorts.h"
#include "sipd/keeper/source.h"

struct order;

enum { ORDER_KEY_MAX = SORTS_TAG + SORTS_VALUE + 1 + SORTS_TIE + 1 + ROW_KEY_MAX + 1 };

/* A place in an order, at a row or between two: before whatever is at or after it. */
struct place {
	size_t		range;
	size_t		n;			/* 0: at the beginning of the range */
	uint8_t		key[ORDER_KEY_MAX];
};

/* The rows of one group only where group_id is not 0; NULL: the store keeps no such order, or memory is short. */
struct order *order_new(struct keeper *, const struct source *, const struct field *sort, uint64_t group_id);
void	order_free(struct order *);

enum table order_table(const struct order *);
size_t	order_key_bytes(const struct order *);		/* of a row */

/*
 * The rows from one place on, up to another (NULL: to the end); or backwards, those before it (NULL: from the end).  At most limit
 * of them (0: all).  fn returns 0 to go on; that or what it returned is returned.
 */
typedef int	(*order_fn)(void *arg, const struct place *, const uint8_t *row_key, struct store_bytes value);
int	order_walk(struct order *, const struct place *from, const struct place *to, size_t limit, order_fn, void *arg);
int	order_walk_back(struct order *, const struct place *from, size_t limit, order_fn, void *arg);

int	place_compare(const struct place *, const struct place *);

/* Where a row stands, and where a key of the order's table; false: not in it. */
bool	order_place_of(struct order *, const uint8_t *row_key, const struct row *, struct place *);
bool	order_place_at(const struct order *, struct store_bytes key, struct place *);
/* Before the first row whose value is at or after text (a prefix will do), or past all that begin with it.  false: it is no value. */
bool	order_seek(const struct order *, const char *text, bool past, struct place *);

#endif
