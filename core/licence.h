/*
 * A licence: whether an account's client may be used, and until when (product A10).  One an account, and kept under its id.
 */
#ifndef CORE_LICENCE_H
#define CORE_LICENCE_H

#include "core/account.h"
#include "core/field.h"

/* The numbers are on disk.  CHECKING: from a client's first validation request until that is answered. */
enum licence_state { LICENCE_NONE, LICENCE_VALID, LICENCE_EXPIRED, LICENCE_REVOKED, LICENCE_CHECKING };

struct licence {
	uint64_t	account_id;
	uint64_t	version;		/* counts its changes: what an edit began from */
	char		username[ACCOUNT_USERNAME];	/* the account's, computed when shown */
	char		key[65];
	int64_t		valid_until;		/* 0: for ever */
	uint8_t		state;			/* enum licence_state; licence_state_at() tells what it is now */
	int64_t		checked_at;		/* when a client last asked */
	int64_t		ends_at;		/* valid_until while it is not known to be over, else 0: what the index holds */
};

extern const struct kind	licence_kind;
extern const char *const	licence_words[];	/* of enum licence_state; ends with NULL */

/* EXPIRED follows from valid_until; what was revoked stays so. */
enum licence_state licence_state_at(const struct licence *, int64_t now);

int	licence_key_check(const char *, char *why, size_t);

#endif
