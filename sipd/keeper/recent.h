/*
 * Accounts whose last REGISTER was a refresh of their only binding: nearly every REGISTER is the next one of these.  What it takes to
 * answer that stands here, in a table of limited size beside the store: no look-up, no opening of secrets, no decoding.  Whatever else
 * happens to the account or its bindings forgets it here, and the next REGISTER reads the store.
 */
#ifndef SIPD_KEEPER_RECENT_H
#define SIPD_KEEPER_RECENT_H

#include "core/account.h"
#include "core/binding.h"
#include "core/wire.h"
#include "sipd/keeper/digest.h"

struct recents;

enum { RECENT_ID = 16, RECENTS_MAX = 1 << 18 };

struct recent {
	uint8_t		name[RECENT_ID];	/* keyed hash of the username */
	uint8_t		print[RECENT_ID];	/* keyed hash of all that a refresh repeats */
	uint64_t	account_id;
	uint8_t		hash[BINDING_KEY];
	int64_t		registered_at, expires_at;
	uint32_t	cseq;
	uint32_t	expires;		/* seconds that each refresh asks for */
	bool		outbound;		/* the answer says so */
	struct digest_secret secret;
	uint32_t	next;			/* in its bucket */
};

struct recents *recents_new(void);
void	recents_free(struct recents *);
void	recents_clear(struct recents *);

struct recent *recent_find(struct recents *, struct span username);	/* NULL: read the store */
void	recent_keep(struct recents *, const struct account *, const struct binding *, const struct register_ask *);
void	recent_forget(struct recents *, const char *username);

/* Whether the ask, which has one contact, repeats what made the binding. */
bool	recent_repeats(const struct recents *, const struct recent *, const struct register_ask *);

#endif
