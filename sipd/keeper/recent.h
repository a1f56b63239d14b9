/*
 * Accounts that registered lately, as far as their next REGISTER needs them: nearly every REGISTER is the same phone's as some minutes ago.
 * And of those with one binding, what its next refresh looks like: that is answered without the store.  A table of limited size beside the
 * store: no look-up, no opening of secrets, no decoding.  Accounts with access lists are not in it.  Whatever changes an account or its
 * bindings forgets what it made wrong here.
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
	uint64_t	account_id, group_id;
	uint32_t	max_contacts;
	uint32_t	next;			/* in its bucket */
	struct digest_secret secret;
	/* Of its only binding, when only is set. */
	bool		only;
	bool		outbound;		/* the answer says so */
	uint8_t		print[RECENT_ID];	/* keyed hash of all that a refresh repeats */
	uint8_t		hash[BINDING_KEY];
	int64_t		registered_at, expires_at;
	uint32_t	cseq;
	uint32_t	expires;		/* seconds that each refresh asks for */
};

struct recents *recents_new(void);
void	recents_free(struct recents *);
void	recents_clear(struct recents *);

struct recent *recent_find(struct recents *, struct span username);	/* NULL: read the store */
struct recent *recent_keep(struct recents *, const struct account *);	/* without a binding */
void	recent_forget(struct recents *, const char *username);

/* The account has this binding alone, made by this ask, and on disk; or, later, something else. */
void	recent_set_only(struct recents *, struct recent *, const struct binding *, const struct register_ask *);
void	recent_clear_only(struct recents *, const char *username);
/* Whether the ask repeats what made the only binding. */
bool	recent_repeats(const struct recents *, const struct recent *, const struct register_ask *);

#endif
