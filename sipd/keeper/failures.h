/*
 * What each account was refused last, since the start: a table of fixed size, so that `why` needs no search of the event log.  Only accounts
 * that exist are noted.
 */
#ifndef SIPD_KEEPER_FAILURES_H
#define SIPD_KEEPER_FAILURES_H

#include "core/addr.h"

struct failures;

enum failure_kind { FAILURE_PASSWORD, FAILURE_LISTS };	/* a wrong password; its permit and deny */

struct failure {
	uint64_t	account_id;
	int64_t		at;
	struct addr	source;
	uint32_t	n;		/* of them since the start, as far as they are remembered */
	uint8_t		kind;		/* enum failure_kind */
	char		method[16];
};

struct failures *failures_new(void);
void	failures_free(struct failures *);
void	failures_note(struct failures *, uint64_t account_id, enum failure_kind, const char *method, const struct addr *source, int64_t now);
const struct failure *failures_find(const struct failures *, uint64_t account_id);	/* NULL: none */

#endif
