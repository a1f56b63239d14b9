/*
 * Groups of accounts (product A1).
 */
#ifndef CORE_GROUP_H
#define CORE_GROUP_H

#include "core/field.h"

enum { GROUP_NAME = 65 };

struct group {
	uint64_t	id;
	uint64_t	version;		/* counts its changes: what an edit began from */
	char		name[GROUP_NAME];
	char		description[257];
	uint64_t	profile_id;		/* 0: none */
	char		prefixes[257];
	int64_t		created_at;
	int64_t		updated_at;
	/* Computed when shown. */
	uint64_t	accounts, enabled, registered, queue;
};

extern const struct kind	group_kind;


#endif
