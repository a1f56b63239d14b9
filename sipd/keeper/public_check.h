/*
 * Whether phones can reach the HTTPS service at its public name (product A10): every few minutes, and when somebody asks, the web process
 * fetches an address there that nobody else knows.  It is reached when that very question comes in again at our own door: another server
 * at that name, or a page of a provider's, does not pass for ours.
 */
#ifndef SIPD_KEEPER_PUBLIC_CHECK_H
#define SIPD_KEEPER_PUBLIC_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/wire.h"
#include "sipd/boot.h"

struct keeper;
struct public_check;

enum { PUBLIC_CHECK_EVERY_MS = 5 * 60 * 1000, PUBLIC_CHECK_MS = 10000, PUBLIC_ERROR = 200 };

struct public_state {
	bool		checked;		/* else nothing is known yet */
	bool		reached;
	int64_t		at;			/* when it was checked */
	uint32_t	took_ms;
	int64_t		certificate_until;	/* of what answered there; 0: unknown */
	char		error[PUBLIC_ERROR];	/* why not, for a person */
};

struct public_check *public_check_new(struct keeper *);
void	public_check_free(struct public_check *);

bool	public_check_configured(const struct keeper *);		/* there is a service, and a public name */
const struct public_state *public_check_state(const struct public_check *);

/* Checks now and calls fn once, with how it then is.  0; ERR_BUSY: one that somebody waits for is under way; ERR_UNAVAILABLE. */
typedef void	(*public_check_fn)(void *arg, const struct public_state *);
int	public_check_now(struct public_check *, public_check_fn, void *arg);
void	public_check_forget(struct public_check *, void *arg);	/* who asked is gone */

/* A question from outside: whether it is the one that we sent to ourselves. */
bool	public_check_is_ours(struct public_check *, struct span token);

void	public_check_tick(struct public_check *);		/* four times a second */
void	public_check_answered(struct public_check *, uint64_t id, const struct wire_fetched *);
void	public_check_process_gone(struct public_check *, enum process);

#endif
