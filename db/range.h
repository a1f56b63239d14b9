/*
 * Keys in order over all that is seen: what is committed and, over it, what two batches changed.
 */
#ifndef DB_RANGE_H
#define DB_RANGE_H

#include "db/batch.h"

struct range {
	const struct store_driver	*driver;	/* of what is committed */
	void				*d;
	const struct batch		*newest, *newer;	/* may be NULL */
};

/* As store_range(). */
int	range_read(const struct range *, enum table, struct store_bytes from, const struct store_bytes *to, bool backwards, size_t limit,
	    store_range_fn, void *arg);

#endif
