/*
 * The rules of accounts (product A1 to A6, A8).  Each function adds a change with its counts and its event to
 * a transaction that the caller commits, or fills the fault and adds nothing.
 */
#ifndef SIPD_KEEPER_ACCOUNTS_H
#define SIPD_KEEPER_ACCOUNTS_H

#include "core/account.h"
#include "core/activation.h"
#include "core/binding.h"
#include "db/store.h"
#include "sipd/keeper/edit.h"

struct keeper;

enum { PASSWORD_MIN = 8 };

int	accounts_find(struct keeper *, const char *username, struct account *);	/* 0, ERR_NOT_FOUND, ERR_CORRUPT */

void	accounts_live(struct keeper *, struct account *);	/* fills what is not stored */

/* Who has the number as either of its two: "account bob".  False: nobody. */
bool	accounts_number_owner(struct keeper *, const char *number, char *name, size_t size);

/* What a change came to. */
struct account_change {
	struct account	account;			/* as it will be */
	bool		changed;			/* false: it was like that already, nothing is written */
	char		password[ACCOUNT_PASSWORD];	/* made at random: to be shown once; else empty */
};

/* username "" makes a random number. */
int	accounts_add(struct keeper *, struct txn *, const char *operator, const char *username, const struct edit *,
	    struct account_change *, struct fault *);
int	accounts_set(struct keeper *, struct txn *, const char *operator, const struct account *,
    struct edit *, struct account_change *, struct fault *);
/* With its registrations.  Returns how many of them there were, or a negative code.  txn NULL: only counts them. */
int	accounts_delete(struct keeper *, struct txn *, const char *operator, const struct account *, struct fault *);

/*
 * The parts of the first two, for who has a whole account already.  accounts_complete judges a new one, gives it a name where it
 * has none, and hashes its password; after it and accounts_write_new it is like one of accounts_add.  what: of edit_describe().
 */
int	accounts_complete(struct keeper *, struct account_change *, struct fault *);
void	accounts_write_new(struct keeper *, struct txn *, const char *operator, struct account *);
void	accounts_write_change(struct keeper *, struct txn *, const char *operator, const struct account *before, struct account *,
	    const char *what);
/*
 * A step of its activation: writes what becomes of its status, and of enabled, with an event.  also: what else of a has changed, for the
 * event (", new password"); then it is written in any case.  NULL: nothing, and where the status stays nothing is added: false.
 * operator: or who it was from outside, "web 192.0.2.17"; NULL: its own phone.
 */
bool	accounts_step(struct keeper *, struct txn *, const char *operator, struct account *a, enum activation_step, const char *also);
/* A password that was set becomes its two hashes; "random" becomes one that is shown once. */
int	accounts_take_password(struct keeper *, struct account_change *, struct fault *);

/* Whom a request is for: by username, or by one of its numbers; without its secrets.  0, ERR_NOT_FOUND, ERR_CORRUPT. */
int	accounts_find_called(struct keeper *, struct span user, struct account *);

/* What count_get() takes: how many accounts stand at that step of their activation; not for CREATED and CONNECTED. */
const char *accounts_status_counter(enum account_status, char name[64]);

/* Calls fn (NULL: nothing) for each binding, as it is now; returns how many there are. */
typedef void	(*accounts_binding_fn)(void *arg, const struct binding *);
size_t	accounts_bindings(struct keeper *, uint64_t account_id, accounts_binding_fn, void *arg);

#endif
