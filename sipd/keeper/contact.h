/*
 * The URI of a Contact: what is usable, and when two are the same (RFC 3261 section 19.1.4).  Pure functions over borrowed text.
 */
#ifndef SIPD_KEEPER_CONTACT_H
#define SIPD_KEEPER_CONTACT_H

#include "core/binding.h"
#include "core/span.h"

enum { CONTACT_NORMAL = 2 * CONTACT_MAX };

/* Whether it is a sip or sips URI that requests can be sent to, and fits a binding. */
bool	contact_is_usable(struct span uri);
/* The address that it names, port 0 when it has none.  False: its host is a name. */
bool	contact_address(struct span uri, struct addr *);
bool	contact_eq(struct span a, struct span b);

/* One spelling for all of a URI's spellings: case, escapes and order of parameters.  Returns its length or ERR_INVALID. */
int	contact_normal(struct span uri, char out[CONTACT_NORMAL]);

#endif
