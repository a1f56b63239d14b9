/*
 * Rows of an import that are judged and wait to be applied: TABLE_IMPORT.  Each holds an account as it is to be, its secrets sealed
 * as in the account's own table; a password is there only as its hashes.  Keys are a letter and
 *	r  number of the row		the row
 *	u  username			line that it stands on
 *	n  either number		the same, of rows that make an account
 *	g  kind, 0, id			how many rows name that record: a group, a profile
 * The last three reserve: nobody else may take these names and numbers, nor delete what is named.
 */
#ifndef SIPD_KEEPER_STAGED_H
#define SIPD_KEEPER_STAGED_H

#include "core/account.h"
#include "db/table.h"
#include "sipd/keeper/edit.h"

enum staged_of { STAGED_USERNAME = 'u', STAGED_NUMBER = 'n' };

struct staged {
	uint64_t	n;			/* its number, from 1 */
	uint64_t	line;
	bool		update;			/* of account.id: the fields of tags; else it is made */
	uint16_t	tags[EDIT_ITEMS];
	size_t		n_tags;
	struct account	account;
};

void	staged_put(struct txn *, const struct db *, const struct staged *);
void	staged_delete(struct txn *, const struct staged *);	/* with what it reserves */
/* The row that comes first.  0, ERR_NOT_FOUND, ERR_CORRUPT with its number. */
int	staged_first(const struct db *, struct staged *);

void	staged_reserve(struct txn *, enum staged_of, const char *name, uint64_t line);
bool	staged_holds(const struct db *, enum staged_of, const char *name, uint64_t *line);	/* line may be NULL */
bool	staged_uses(const struct db *, const char *kind, uint64_t id);

bool	staged_is_empty(const struct db *);
/* Adds deletes of whatever stands first in the table, so many at most; returns how many. */
size_t	staged_clear_some(struct txn *, const struct db *, size_t max);

#endif
