/*
 * Whom a REGISTER is from, and whether that account may send it from there: digest, limits on guessing, permit and deny (product A5, A6,
 * B2; reliability "Digest").
 */
#ifndef SIPD_KEEPER_ADMIT_H
#define SIPD_KEEPER_ADMIT_H

#include "core/account.h"
#include "core/wire.h"
#include "sipd/keeper/recent.h"
#include "sipd/keeper/register.h"

struct admission;
struct bindings;
struct failure;
struct keeper;

/* One request on its way. */
struct asking {
	const struct register_ask	*ask;
	const char			*method;	/* "REGISTER"; of another the sender is asked as by a proxy, 407 */
	const char			*path;		/* of an HTTP request; NULL: it is SIP */
	int64_t				 now;
	struct register_set		*set;		/* room for its account's bindings */
	struct account			 account;	/* of ask->username, when known */
	bool				 known;
	struct recent			*recent;	/* what stands for account while that need not be read */
};

struct admission *admission_new(struct keeper *, struct bindings *, struct recents *);
void	admission_free(struct admission *);
void	admission_reload(struct admission *);			/* keeper->conf has changed */
uint64_t admission_wrong(const struct admission *);		/* wrong passwords since the start */
/* What was last refused to the account since the start; NULL: nothing that is remembered. */
const struct failure *admission_failure(const struct admission *, uint64_t account_id);

/*
 * True: the sender knows the password of ask->username; recent or account is set.  False: the answer says why not, or what to do (its spans
 * lent until the next call).
 */
bool	admit_sender(struct admission *, struct asking *, struct register_answer *);
/* The same of an HTTP request, and whether the account may send it from there; it is in account then. */
bool	admit_web(struct admission *, struct asking *, struct register_answer *);
/* Whether a host in a URI means us: one of our domains, or an address that we listen at. */
bool	admit_serves(const struct admission *, const struct asking *, struct span host);
/* After that, of any other request: whether this account, then in account, may send it under that name from there. */
bool	admit_request(struct admission *, struct asking *, struct span from_user, struct span from_host, struct register_answer *);
/* After that: whether this account may register this address from there.  Sets of account what is needed of it. */
bool	admit_account(struct admission *, struct asking *, struct register_answer *);

#endif
