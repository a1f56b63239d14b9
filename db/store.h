/*
 * The store: ordered tables of byte strings behind one asynchronous, compare-and-set interface (architecture.md).
 *
 * All calls are made from one loop, the keeper's.  A commit is seen by the next get and range at once; its on_durable is called
 * from store_on_ready() when it is on disk, or with an error when it is not: then it and every commit of the same or a later
 * batch is undone, seen no more, and told so.  Nothing that get or range lends outlives the return to the loop or a commit.
 *
 * Drivers: lmdb (store_lmdb.c), and memory with injected faults for tests (store_memory.c).  One conformance suite,
 * tests/unit/store_test.c, runs over all.
 */
#ifndef DB_STORE_H
#define DB_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/field.h"

struct store;
struct txn;

struct store_bytes {
	const void	*p;
	size_t		 n;
};

enum { STORE_VALUE_MAX = 1024 * 1024, STORE_TXN_OPS = 4096 };

/* Called once for each commit, in the order of the commits.  rc: 0, ERR_CONFLICT, ERR_UNAVAILABLE, ERR_TOO_LARGE. */
typedef void	(*store_durable_fn)(void *arg, int rc);
/* Called for each key that a durable batch changed, with its final value; value.p is NULL for a delete. */
typedef void	(*store_watch_fn)(void *arg, enum table, struct store_bytes key, struct store_bytes value);
/* Returns 0 to go on, anything else to stop; that is then returned by store_range. */
typedef int	(*store_range_fn)(void *arg, struct store_bytes key, struct store_bytes value);
/* Called when a batch failed and was undone: whoever keeps copies of stored state drops them here. */
typedef void	(*store_undone_fn)(void *arg, int rc);

/*
 * lmdb: path is a folder that exists; made when empty.  On failure *why names what to do ("…/data.mdb: written by a newer
 * version (schema 7, this one knows 1)", "…: in use by process 4711").  0, -errno, ERR_NEWER, ERR_CORRUPT.
 * map_bytes 0 takes the default of 64 GiB; soft limits per reliability.md.
 */
int	store_open_lmdb(struct store **, const char *path, size_t map_bytes, char *why, size_t size);

/*
 * One process a store: a lock in its folder, with its holder's number, that goes with its holder or when the descriptor is closed.
 * The descriptor; -EBUSY: another process has it, -errno.  store_open_lmdb() takes it by itself.
 */
int	store_lock(const char *path, char *why, size_t size);

/* memory: for tests.  store_fault tells it to fail: every commit from now (ERR_UNAVAILABLE) until told otherwise. */
int	store_open_memory(struct store **);
void	store_fault(struct store *, bool fail_commits);

void	store_close(struct store *);		/* commits what is pending, calls what waits, frees */
int	store_fd(const struct store *);		/* readable when store_on_ready() has something to do */
void	store_on_ready(struct store *);		/* calls on_durable and watches of what became durable */
void	store_flush(struct store *);		/* hands the batch to the writer, now or when it has done the last one */
/*
 * End of a loop turn: the same if somebody waits for the batch.  True: there are changes that nobody waits for, which may be handed over
 * later, with what others bring; a disk is asked to be sure of them once for many.
 */
bool	store_flush_awaited(struct store *);
int	store_sync(struct store *);		/* flush, wait, call back: for start, stop and tests */
bool	store_is_taking(const struct store *);	/* false: full or failing, new work is to be refused with 503 */
void	store_on_undone(struct store *, store_undone_fn, void *arg);

/* 0 and a borrowed value, or ERR_NOT_FOUND. */
int	store_get(struct store *, enum table, const void *key, size_t n, struct store_bytes *value);

/*
 * Keys from <= k < to (to NULL: the end of the table) in order, or backwards from the last one.  At most limit of them (0: no
 * limit).  Returns 0, or what fn returned.  fn may not commit.
 */
int	store_range(struct store *, enum table, struct store_bytes from, const struct store_bytes *to, bool backwards,
	    size_t limit, store_range_fn fn, void *arg);

/*
 * A transaction is built, then committed or dropped.  It keeps its first error: straight lines, one check at store_commit.
 * Values and keys are copied.  txn_expect: the commit fails with ERR_CONFLICT unless the key holds exactly value (NULL: is absent)
 * in what is seen at the commit.
 */
struct txn *txn_new(struct store *);
void	txn_expect(struct txn *, enum table, const void *key, size_t n, const struct store_bytes *value);
void	txn_put(struct txn *, enum table, const void *key, size_t n, const void *value, size_t value_n);
void	txn_delete(struct txn *, enum table, const void *key, size_t n);	/* of an absent key: nothing */
/* Adds to a 64-bit big-endian number as it is at the commit; absent is 0, and it stops at 0. */
void	txn_add(struct txn *, enum table, const void *key, size_t n, int64_t delta);
/* The last value that this txn puts under key, borrowed; false if it puts none. */
bool	txn_find(const struct txn *, enum table, const void *key, size_t n, struct store_bytes *value);
void	txn_fail(struct txn *, int rc);			/* the caller's own error; the first one stays */
int	txn_error(const struct txn *);
struct store *txn_store(const struct txn *);
uint64_t txn_serial(const struct txn *);		/* from 1, never that of another transaction of this store */
void	txn_drop(struct txn *);

/*
 * Takes the transaction.  Returns 0 and calls on_durable later, exactly once; or the first error (ERR_CONFLICT too) at once and
 * calls nothing.  Reads made while the transaction was being built see what was before it; after this they see it.
 * on_durable may be NULL.
 */
int	store_commit(struct txn *, store_durable_fn on_durable, void *arg);

/* All tables with the key's prefix; the handle of a watch is its arg and fn. */
int	store_watch(struct store *, enum table, struct store_bytes prefix, store_watch_fn, void *arg);
void	store_unwatch(struct store *, store_watch_fn, void *arg);

/*
 * Hot copy of what is durable now into an open, empty file, by a thread of its own, while commits go on; done(arg, rc) from
 * store_on_ready().  fd stays the caller's and open until then.  One at a time: ERR_BUSY.  store_backup_cancel() ends it soon,
 * with an error if it was not done; so does store_close().
 */
int	store_backup(struct store *, int fd, store_durable_fn done, void *arg);
void	store_backup_cancel(struct store *);

struct store_stat {
	uint64_t	commits, batches, failed;	/* since open */
	uint64_t	used_bytes, map_bytes;
	uint64_t	pending;			/* commits not yet durable */
	bool		failing;			/* the last batch was not written, and that was just now */
};
void	store_stat(struct store *, struct store_stat *);

/* "account_by_username": what LMDB knows it by, and messages. */
const char *table_name(enum table);

#endif
