/*
 * An account's bindings in the store: read as they are now, and changed with their counts and events in one transaction.  Who wants
 * to know of changes hears of them here.
 */
#ifndef SIPD_KEEPER_BINDINGS_H
#define SIPD_KEEPER_BINDINGS_H

#include "core/account.h"
#include "db/store.h"
#include "sipd/keeper/register.h"
#include "sipd/keeper/registrar.h"

struct bindings;
struct keeper;
struct recents;
struct refreshes;

struct bindings *bindings_new(struct keeper *, struct refreshes *, struct recents *);
void	bindings_free(struct bindings *);
void	bindings_undone(struct bindings *);		/* a batch of the store was undone */

/* Those of an account, all ACT_KEEP. */
void	bindings_load(struct bindings *, uint64_t account_id, struct register_set *);

/*
 * Adds to txn what the set's acts say: records, counts, events.  Rows that only refresh are written too: who comes here waits anyway.
 * why: the event's words, in the place of the act's own.
 */
void	bindings_apply(struct bindings *, struct txn *, const struct account *, const struct register_set *, int64_t now,
	    const char *operator, const char *why);

void	bindings_refreshed(struct bindings *, const struct binding *);	/* tells the watchers */
void	bindings_probed(struct bindings *, uint64_t account_id, const uint8_t hash[BINDING_KEY], bool turned);	/* the same */
void	bindings_watch(struct bindings *, registrar_fn, void *arg);
void	bindings_unwatch(struct bindings *, registrar_fn, void *arg);

#endif
