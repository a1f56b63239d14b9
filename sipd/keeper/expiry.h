/*
 * What ends bindings by itself: their time, and the end of the connection that they came on.
 */
#ifndef SIPD_KEEPER_EXPIRY_H
#define SIPD_KEEPER_EXPIRY_H

#include <stdbool.h>
#include <stdint.h>

struct keeper;
struct refreshes;

bool	expiry_step(struct keeper *, struct refreshes *);	/* a slice; true: there may be more */
bool	expiry_flow_gone(struct keeper *, uint64_t flow);		/* likewise: at once again, then */

#endif
