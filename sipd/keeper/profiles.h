/*
 * The rules of profiles (product H4) beside those of all named records (named.h): what parameters may be, and who keeps one from being
 * deleted.
 */
#ifndef SIPD_KEEPER_PROFILES_H
#define SIPD_KEEPER_PROFILES_H

#include "sipd/keeper/named.h"

extern const struct named	profiles_named;

#endif
