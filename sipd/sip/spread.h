/*
 * Where a request goes: its places are tried rank by rank, those of one rank at once (RFC 3261 section 16.6), each in a branch of its own.
 */
#ifndef SIPD_SIP_SPREAD_H
#define SIPD_SIP_SPREAD_H

#include <stdbool.h>

#include "sipd/sip/branch.h"
#include "sipd/sip/front.h"
#include "sipd/sip/passing.h"

/* The next rank, as far as Max-Breadth goes (RFC 5393 section 5.3); false: nothing is left, or may be tried. */
bool	spread_next(struct front *, struct passing *, int64_t now_ms);
/* Another way to the device that this one did not reach (RFC 5626 section 5.3); false: there is none. */
bool	spread_other(struct front *, struct passing *, const struct branch *failed, int64_t now_ms);
/* The same place again, with more headers: the answer to what it asked.  false: it can't be reached. */
bool	spread_again(struct front *, struct passing *, const struct branch *old, struct span lines, int64_t now_ms);
void	spread_cancel(struct front *, const struct passing *, int64_t now_ms);	/* all that were not answered */

#endif
