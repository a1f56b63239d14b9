/*
 * What to say to a name that no record has: the nearest that one has, or some that there are.
 */
#ifndef SIPD_KEEPER_NEAR_H
#define SIPD_KEEPER_NEAR_H

#include <stddef.h>

#include "core/field.h"

struct keeper;

/*
 * "; did you mean 'alice'?", or where nothing is near "; 'account list' tells which there are".  The time that it takes does not grow with
 * the store.  Safe text.
 */
const char *near_hint(struct keeper *, const struct kind *, const char *name, char *buf, size_t size);

/* "; there are Ops, Sales, …": some of a kind's names, or "" when there are none. */
const char *near_some(struct keeper *, const struct kind *, char *buf, size_t size);

#endif
