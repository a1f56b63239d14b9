/*
 * Replies that several commands give.
 */
#ifndef SIPD_KEEPER_REPLY_H
#define SIPD_KEEPER_REPLY_H

#include <jansson.h>
#include <stdint.h>

#include "core/account.h"

struct edit;
struct request;

/* {"ok":{…},"version":7} */
json_t *reply_record(struct request *, const struct kind *, const void *record, uint64_t version);
/* {"ok":{"registrations":1,"messages":0}} */
json_t *reply_deleted(int registrations, uint64_t messages);
json_t *reply_conflict(struct request *, const struct edit *, const void *now);	/* "fields" of a conflict */
void	reply_not_found(struct request *, const char *kind, const char *name);
/* The account of that name (NULL: none was given).  False: there is none, and the request was told so. */
bool	reply_account(struct request *, const char *name, struct account *);

#endif
