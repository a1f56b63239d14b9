/*
 * What stands behind store.h: a driver keeps committed state and applies whole batches.  Everything about what is pending, visible,
 * compared and called back is store.c's.
 */
#ifndef DB_STORE_DRIVER_H
#define DB_STORE_DRIVER_H

#include "core/tree.h"
#include "db/store.h"

/* The final state of each key that a batch writes: in a tree by key, the value's first byte CHANGE_PUT or CHANGE_DELETE. */
enum change { CHANGE_DELETE, CHANGE_PUT };

struct changes {
	struct tree	*tables[TABLES];	/* NULL where nothing changes */
};

struct store_driver {
	bool	threaded;	/* apply and backup may run in threads of their own, beside reads in the loop */

	/* Committed state; what it lends lives until release(). */
	int	(*get)(void *d, enum table, const void *key, size_t n, struct store_bytes *value);

	/* A cursor at the first key >= from, or backwards the last < from (from NULL: the end).  NULL when there is nothing. */
	void	*(*seek)(void *d, enum table, const struct store_bytes *from, bool backwards);
	bool	(*at)(void *cursor, struct store_bytes *key, struct store_bytes *value);	/* false: past the end */
	void	(*step)(void *cursor, bool backwards);
	void	(*done)(void *cursor);

	void	(*release)(void *d);		/* the loop returns, or a batch was applied: nothing lent is used any more */
	int	(*apply)(void *d, const struct changes *);	/* durable when it returns 0; ERR_UNAVAILABLE, ERR_CORRUPT */
	int	(*backup)(void *d, int fd);	/* beside apply, too; -EBADF when fd can't be written to any more */
	bool	(*is_taking)(void *d);
	void	(*stat)(void *d, struct store_stat *);
	void	(*close)(void *d);
};

int	store_new(struct store **, const struct store_driver *, void *d);	/* takes d, also when it fails */
void	*store_driver_of(const struct store *);

#endif
