/*
 * What was put and is not on disk yet: the final state of each key, and whom to tell when it is.
 */
#ifndef DB_BATCH_H
#define DB_BATCH_H

#include "db/store_driver.h"

struct waiter {
	store_durable_fn	 fn;		/* NULL: nobody */
	void			*arg;
};

struct batch {
	struct changes	 changes;
	struct waiter	*waiters;
	size_t		 n_waiters, room;
	bool		 awaited;	/* one of them is to be told */
	size_t		 commits;
};

struct batch *batch_new(void);
void	batch_free(struct batch *);
bool	batch_is_empty(const struct batch *);

int	batch_wait(struct batch *, store_durable_fn, void *arg);	/* 0, -ENOMEM */
void	batch_tell(struct batch *, int rc);

/* 1 put (value set), 0 deleted, -1 not in it, or there is no batch. */
int	batch_get(const struct batch *, enum table, const void *key, size_t n, struct store_bytes *value);
int	batch_put(struct batch *, enum table, struct store_bytes key, enum change, struct store_bytes value);	/* 0, -ENOMEM */

#endif
