/*
 * Profiles at work (product H4): which one an account's client gets, and what it comes to for that account, here and now.
 */
#ifndef SIPD_KEEPER_RENDER_H
#define SIPD_KEEPER_RENDER_H

#include "core/account.h"
#include "core/provision.h"

struct keeper;

struct rendered {
	const char	*type;			/* MIME type */
	char		 filename[128];
	size_t		 n;
	char		 body[PROVISION_MAX];	/* terminated.  It may hold a password: sodium_memzero() it */
};

/* The account's own, else its group's.  0, ERR_NOT_FOUND: neither has one, ERR_CORRUPT. */
int	render_profile_of(struct keeper *, const struct account *, struct profile *);

/* password "": without a secret, for a client that has it already.  0, or ERR_INVALID or ERR_TOO_LARGE with why for an operator. */
int	render_account(struct keeper *, const struct profile *, const struct account *, const char *password, struct rendered *,
	    char *why, size_t);

#endif
