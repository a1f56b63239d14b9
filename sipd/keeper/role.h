/*
 * Who may do what on the control socket (product G3): by the user of the process at the other end.
 */
#ifndef SIPD_KEEPER_ROLE_H
#define SIPD_KEEPER_ROLE_H

#include <sys/types.h>

#include <stddef.h>

#include "core/command.h"

/*
 * Root, the daemon's own user and members of the group `operators` may change, members of `viewers` look.
 * name: the user's, for the event log.  Asks the system's user data, which may block where that is on a
 * network: for accepts only.
 */
enum role role_of(uid_t, const char *operators, const char *viewers, char *name, size_t size);

#endif
