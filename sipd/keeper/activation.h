/*
 * An account's activation, as an operator begins it and a phone goes through it (product A8, H1, H3): links, the two SMS, and what is
 * needed for them.  The pages that the links lead to are visit.h's.
 */
#ifndef SIPD_KEEPER_ACTIVATION_H
#define SIPD_KEEPER_ACTIVATION_H

#include "core/account.h"
#include "core/profile.h"
#include "core/web_token.h"
#include "db/store.h"
#include "sipd/config.h"
#include "sipd/keeper/edit.h"

struct keeper;

enum { ACTIVATION_LINK = CONFIG_TEXT + 64 };

/* Whether all that links take is there, for all accounts and this one: 0, or ERR_INVALID with what is missing.  profile: may be NULL. */
int	activation_ready(struct keeper *, const struct account *, struct profile *, struct fault *);

/* The address of a token's page: https://pbx.example.com/a/… */
void	activation_link(struct keeper *, enum web_token_purpose, const char *token, char link[ACTIVATION_LINK]);

/* Begins a round: the first SMS, with the link to install.  Older links end.  0, or what is missing; then nothing is added. */
int	activation_begin(struct keeper *, struct txn *, const char *operator, const struct account *, struct fault *);
/* The first SMS's link was opened: the second, with the link to set up and activate.  Where it can't be sent an event says so. */
void	activation_go_on(struct keeper *, struct txn *, const struct account *);

/* Begins a round with the second link, to be given to its phone otherwise than by SMS; until: when it ends. */
int	activation_make_link(struct keeper *, struct txn *, const char *operator, const struct account *, char link[ACTIVATION_LINK],
	    int64_t *until, struct fault *);

/* A REGISTER of it was accepted: its status is then written. */
void	activation_registers(struct keeper *, struct txn *, struct account *);

#endif
