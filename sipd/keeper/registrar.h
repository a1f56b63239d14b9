/*
 * Registrations: what a REGISTER does (RFC 3261 section 10.3, 5626, 3327), what expiry and closed flows undo, and dropping by an operator.
 * Who is let in is admit.h's, the decision register_next()'s (register.h), the records bindings.h's; here is what brings them together.
 */
#ifndef SIPD_KEEPER_REGISTRAR_H
#define SIPD_KEEPER_REGISTRAR_H

#include "core/binding.h"
#include "core/wire.h"
#include "db/store.h"

struct channel;
struct keeper;
struct admission;
struct registrar;

struct registrar *registrar_new(struct keeper *);
void	registrar_free(struct registrar *);
void	registrar_reload(struct registrar *);			/* keeper->conf has changed */
void	registrar_undone(struct registrar *);			/* a batch of the store was undone */

/* Each turn of the loop: a slice of what is due.  True: there is more, do not sleep.  _tick: four times a second. */
bool	registrar_turn(struct registrar *);
bool	registrar_tick(struct registrar *);
void	registrar_stop(struct registrar *);			/* writes every refresh; store_sync() makes it last */

/* A front asks; the answer goes to the same channel with the same id once it is durable. */
void	registrar_ask(struct registrar *, struct channel *, uint64_t id, const struct register_ask *);
void	registrar_channel_gone(struct registrar *, struct channel *);	/* no answers to it any more */
void	registrar_flow_gone(struct registrar *, uint64_t flow);		/* the phone closed it: its binding ends */

/*
 * Takes bindings of an account off: all (contact NULL) or the one with that contact URI.  Adds to txn, with the event.  Returns how many,
 * or a negative code.  why is for the event: "dropped by root", "account deleted".
 */
int	registrar_drop(struct registrar *, struct txn *, const struct account *, const char *contact, const char *operator, const char *why);

/* An account is about to be written: what is remembered of it is forgotten. */
void	registrar_account_changed(struct registrar *, const char *username);

/* Ends one binding, in a transaction of its own.  0, or why it could not. */
int	registrar_end(struct registrar *, const struct binding *, const char *why);

/*
 * Called for each change of what is registered, once durable (refreshes: once answered).  Of a refreshed binding only account_id, hash and
 * what a refresh changes are set (cseq, refreshed_at, expires_at); of one that was
 * probed (its latency is another) or turned (its device status is) the first two.  For views and watches.
 */
enum registrar_change { BINDING_ADDED, BINDING_CHANGED, BINDING_REMOVED, BINDING_REFRESHED, BINDING_PROBED, BINDING_TURNED };
typedef void	(*registrar_fn)(void *arg, enum registrar_change, const struct binding *);
void	registrar_watch(struct registrar *, registrar_fn, void *arg);
void	registrar_probed(struct registrar *, uint64_t account_id, const uint8_t hash[BINDING_KEY], bool turned);
void	registrar_unwatch(struct registrar *, registrar_fn, void *arg);

/*
 * The binding as it is now: refreshes are kept in memory for up to 5 s before they are written (promise 1), so readers of TABLE_BINDING
 * pass what they read through this.
 */
void	registrar_latest(struct registrar *, struct binding *);

/* Counts, kept with the records: bindings, and accounts with at least one. */
uint64_t registrar_bindings(struct registrar *);
uint64_t registrar_accounts(struct registrar *);

/* Who is let in, for other requests than REGISTER (admit.h). */
struct admission *registrar_admission(struct registrar *);

/* Since the start: requests, those answered 401, and those with a wrong password. */
struct registrar_stat {
	uint64_t	registers, challenges, wrong;
};
struct registrar_stat registrar_stat(const struct registrar *);

#endif
