/*
 * An import of accounts (product A9): all of it or nothing.  Rows are judged and staged as they come (staged.h) in transactions of
 * one row; then one small record says that the import is committed, and from there on they are applied (apply.h).  Before that
 * record a crash, a cancel or a client that goes leaves nothing; after it the rows are applied whatever happens, if need be at the
 * next start.  What waits for the disk at a time is bounded, so that SIP never waits for it long.  There is one import at a time.
 */
#ifndef SIPD_KEEPER_IMPORTS_H
#define SIPD_KEEPER_IMPORTS_H

#include <stdbool.h>

struct control;
struct imports;
struct request;

enum {
	IMPORT_FAULTS_MAX = 100,	/* told; more are counted */
	IMPORT_PENDING_MAX = 64,	/* rows not yet durable */
	IMPORT_IDLE_S = 600,		/* no row for so long: discarded, so that nobody waits for a client that hangs */
};

/* Goes on with what an earlier keeper left. */
struct imports *imports_new(struct control *);
void	imports_free(struct imports *);

/* The steps of `account import`; each takes its request. */
void	imports_begin(struct imports *, struct request *);
void	imports_rows(struct imports *, struct request *);
void	imports_commit(struct imports *, struct request *);

#endif
