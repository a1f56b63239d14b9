/*
 * What a REGISTER does to an account's bindings (RFC 3261 section 10.3, RFC 5626 section 6, RFC 3327): a pure decision.  The caller
 * puts in the bindings as they are, and finds in the same rows what they shall be, and what is to be done with each.
 */
#ifndef SIPD_KEEPER_REGISTER_H
#define SIPD_KEEPER_REGISTER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/binding.h"
#include "core/wire.h"

enum { REGISTER_MAX_CONTACTS = 50, REGISTER_ROWS = REGISTER_MAX_CONTACTS + ASK_CONTACTS_MAX };

enum register_act {
	ACT_KEEP,		/* untouched */
	ACT_REFRESH,		/* the same, for longer: may be written later (promise 1) */
	ACT_CHANGE,		/* to be written before the 200 */
	ACT_ADD,		/* a new one: likewise */
	ACT_UNREGISTER,		/* these three are to be deleted: the phone asked for it, */
	ACT_EXPIRE,		/* its time has passed, */
	ACT_REPLACE,		/* it was the oldest and made room */
};

struct register_row {
	struct binding		binding;
	enum register_act	act;
};

struct register_set {
	struct register_row	rows[REGISTER_ROWS];
	uint32_t		n;
};

struct register_limits {
	int64_t		now;
	uint64_t	account_id;
	const char	*node;
	uint32_t	min_expires, default_expires, max_expires;
	uint32_t	max_contacts;
	bool		replace;	/* one over max_contacts replaces the oldest; false: is refused */
	uint64_t	epoch;		/* of the flows that may be alive; those of another are gone, 0: not known */
};

struct register_result {
	uint32_t	code;		/* 200, or the refusal: then no row counts */
	const char	*reason;
	uint32_t	min_expires;	/* with 423 */
	bool		outbound;	/* RFC 5626 was applied: Require: outbound */
	bool		writes;		/* some row is to be written before the answer */
	bool		refreshes;	/* some row is ACT_REFRESH */
};

void	register_next(struct register_set *, const struct register_ask *, const struct register_limits *, struct register_result *);

/* The answer's list of contacts: every row that lives, with its seconds left.  Returns the length or ERR_TOO_LARGE. */
int	register_contacts(const struct register_set *, int64_t now, uint8_t *out, size_t max);

bool	register_act_removes(enum register_act);

#endif
