/*
 * Applies the rows of a committed import to the real tables, in slices, each row in a transaction of its own that also takes it out
 * of the staging table: wherever it is cut off, it goes on from there.  What waits for the disk at a time is bounded, so that SIP
 * never waits for it long; while the store takes nothing it waits.
 */
#ifndef SIPD_KEEPER_APPLY_H
#define SIPD_KEEPER_APPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "db/store.h"
#include "sipd/keeper/import_row.h"

struct apply;
struct control;

enum { APPLY_PENDING_MAX = 64 /* rows not yet durable */, APPLY_OPERATOR = 65 };

struct apply_result {
	uint64_t	rows;			/* of the import */
	uint64_t	n[IMPORT_RESULTS];	/* what became of them, since the keeper's start */
};

/* progress: after each row; waiting while the store takes nothing.  done: all is durable, the record too. */
struct apply_calls {
	void	(*progress)(void *arg, const struct apply_result *, bool waiting);
	void	(*done)(void *arg, const struct apply_result *);
	void	*arg;
};

struct apply *apply_new(struct control *, const struct apply_calls *);
void	apply_free(struct apply *);	/* what is left is applied at the next start */

/* Adds the record that makes an import committed. */
void	apply_commit(struct apply *, struct txn *, const char *operator, uint64_t rows);
/* Begins, if there is such a record: true. */
bool	apply_start(struct apply *);
const char *apply_operator(const struct apply *);

#endif
