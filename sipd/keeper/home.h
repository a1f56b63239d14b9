/*
 * The keeper's home, state_dir: the store, and the master key that is made with it.  A store is never opened with another key.
 */
#ifndef KEEPER_HOME_H
#define KEEPER_HOME_H

#include "sipd/keeper/keeper.h"

/* Both: 0, or a negative code with why. */
int	home_make(const struct config *, char *why, size_t size);	/* the folder, and those above it, where there is none */
int	home_open(struct keeper *, char *why, size_t size);		/* sets k->db */

#endif
