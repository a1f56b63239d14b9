/*
 * The rules of trunks (product D2) beside those of all named records (named.h), and what is true of them now, which is kept in memory
 * and put into the record when it is shown.
 */
#ifndef SIPD_KEEPER_TRUNKS_H
#define SIPD_KEEPER_TRUNKS_H

#include <jansson.h>

#include "core/trunk.h"
#include "sipd/keeper/named.h"

extern const struct named	trunks_named;

enum { TRUNK_STATUSES = TRUNK_DISABLED + 1 };

/*
 * The trunk that a test is asked for: that of the name, or a new one where name is NULL or empty, with the edit over it.  It is judged as
 * if it were to be saved, but for its name.
 */
int	trunks_draft(struct keeper *, const char *name, const struct edit *, struct trunk *, struct fault *);

/* Fills what is not stored: status, status_at, latency_ms, registration_expires, last_error, calls. */
void	trunk_live(struct keeper *, struct trunk *);
/*
 * What `trunk show` says beside the fields (wirechief-protocol(7)): "probe" {"interval","last_at","next_at","code","reason"},
 * "registration" {"next_at","code","reason"}, null where there is none; "targets" [{"address","transport","status","latency_ms","error"}].
 */
void	trunk_tell(struct keeper *, const void *trunk, json_t *ok);
/* How many there are of each status. */
void	trunks_count(struct keeper *, uint64_t n[TRUNK_STATUSES]);
/* What is true of one now has changed: whoever looks at it sees it. */
void	trunks_changed(struct keeper *, uint64_t id);

#endif
