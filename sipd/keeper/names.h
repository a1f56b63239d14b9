/*
 * Names of groups and profiles by their ids, as every list of accounts needs them: a small cache over the store, behind keeper_refs().
 */
#ifndef SIPD_KEEPER_NAMES_H
#define SIPD_KEEPER_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "core/field.h"

struct keeper;
struct names;

struct names *names_new(struct keeper *);
void	names_free(struct names *);
void	names_forget(struct names *);		/* what the store says may have changed */

/* Of a kind that others refer to (NULL: of none).  0 or ERR_NOT_FOUND. */
int	names_get(struct keeper *, const struct kind *, uint64_t id, char *name, size_t size);
int	names_id(struct keeper *, const struct kind *, const char *name, uint64_t *id);

#endif
