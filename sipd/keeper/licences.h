/*
 * The rules of licences (product A10).  Each function adds a change with its event to a transaction that the caller commits, or fills
 * the fault and adds nothing.
 */
#ifndef SIPD_KEEPER_LICENCES_H
#define SIPD_KEEPER_LICENCES_H

#include "core/licence.h"
#include "db/store.h"
#include "sipd/keeper/edit.h"

struct keeper;

/* An account's, as it is now; one of state NONE where it has none. */
void	licences_get(struct keeper *, const struct account *, struct licence *);
enum licence_state licences_state(struct keeper *, uint64_t account_id);
/* Makes a stored one what is shown of it: with its account's name, and expired when its time has passed. */
void	licences_complete(struct keeper *, struct licence *);

/* licence: as of licences_get(); becomes what it will be.  Nothing is added to txn where nothing differs: *changed tells. */
int	licences_set(struct keeper *, struct txn *, const char *operator, struct edit *, struct licence *, bool *changed, struct fault *);
/* Frees a client that is stuck in CHECKING; key and date stay.  Not for state NONE. */
void	licences_clear(struct keeper *, struct txn *, const char *operator, struct licence *);
/*
 * Its client asks whether it may be used: CHECKING from the first time on until that is answered.  begin: true where the licence is to be
 * written first, then it is; end: writes that it was asked, and makes it what it is.  who: "web 192.0.2.17".
 */
bool	licences_check_begin(struct keeper *, struct txn *, const char *who, struct licence *);
void	licences_check_end(struct keeper *, struct txn *, const char *who, struct licence *);
/* With its account; the event is that one's.  True if there was one. */
bool	licences_delete(struct keeper *, struct txn *, uint64_t account_id);

/* Tells in events, and so to whoever looks, which have expired.  Returns true while there is more to do. */
bool	licences_tick(struct keeper *);

#endif
