/*
 * Calls through trunks (product D5, D6, D7): which of them a number goes to, in what order, and what it is told.
 */
#ifndef SIPD_KEEPER_ROUTE_TRUNK_H
#define SIPD_KEEPER_ROUTE_TRUNK_H

#include "core/account.h"
#include "core/trunk.h"
#include "core/wire.h"
#include "sipd/keeper/route_list.h"

struct keeper;

/* What became of looking for a way out. */
struct route_out {
	size_t		matched;	/* trunks that have such a prefix */
	size_t		encrypted;	/* of them, left out because the offer is not */
	size_t		busy;		/* left out because they have all the calls that they may */
	uint64_t	trunk;		/* the first that it goes to; 0: none can be reached */
	bool		silent;		/* the offer of the request is unknown, so nothing is left out for it */
};

bool	route_is_number(struct span user);		/* digits with an optional leading + */
/* Adds the ways out for a number that no account has: by longest prefix, then priority, the trunks' addresses one after the other; those
 * that did not answer when they were probed last. */
void	route_out(struct keeper *, const struct route_ask *, const struct account *caller, struct route_list *, struct route_out *);
/* Adds a trunk's ways as they are now: for a request inside a dialog with it. */
void	route_to_trunk(struct keeper *, uint64_t trunk, struct route_list *);
uint64_t route_trunk_of(struct keeper *, const struct register_ask *from);	/* whose request this is: trunk_of_source() */
/* Whether calls of a trunk must be encrypted. */
bool	route_trunk_is_secure(struct keeper *, uint64_t trunk);
/* Whom a trunk's request is for: the number in its Request-URI; where that is the name we registered by, the one in To. */
struct span route_in(struct keeper *, uint64_t trunk, const struct route_ask *);

/* The password that a trunk asks for: fills lines, whole ones; empty: it is not told. */
void	route_authorize(struct keeper *, const struct wire_authorize *, char *lines, size_t size);

#endif
