#include "sipd/keeper/queue_why.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#include "sipd/keeper/keeper.h"
#include "sipd/keeper/queue.h"
#include "sipd/keeper/reach.h"

/* Whether there is the account that it is for, and what is known of that. */
static bool
find_recipient(struct keeper *k, const struct message *m, struct reach_facts *facts)
{
	struct account	a = { .id = m->to_account };
	bool		there = table_get(&k->db, &account_kind, &a) == 0;

	if (there)
		reach_look(k, &a, facts);
	sodium_memzero(&a, sizeof a);
	return there;
}

void
queue_why(struct keeper *k, const struct message *m, char *buf, size_t size)
{
	struct reach_facts	facts;
	uint64_t		before = queue_before(k->queue, m), try = m->attempts + 1;
	int64_t			wait_s = (m->next_try - keeper_now(k) + 999) / 1000;
	size_t			at;

	if (!find_recipient(k, m, &facts))
		at = (size_t)snprintf(buf, size, "the account that it is for is gone: it ends");
	else if (!facts.enabled)
		at = (size_t)snprintf(buf, size, "To is disabled; try %" PRIu64 " when it is enabled", try);
	else if (facts.contacts == 0) {
		(void)snprintf(buf, size, "To is not registered; try %" PRIu64 " when it registers", try);
		return;		/* what it was answered the last time is no reason any more */
	} else if (queue_is_sending(k->queue, m))
		at = (size_t)snprintf(buf, size, "try %" PRIu64 " is under way", try);
	else if (before > 0)
		at = (size_t)snprintf(buf, size, "it waits for its turn behind %" PRIu64 " other%s", before, before == 1 ? "" : "s");
	else if (facts.reachable == 0)
		at = (size_t)snprintf(buf, size, "no contact of To can be reached, as its connection is gone; try %" PRIu64
		    " when it registers again", try);
	else if (m->tries >= k->conf.queue.tries)
		at = (size_t)snprintf(buf, size, "%" PRIu32 " tries failed; try %" PRIu64 " when To registers again", m->tries, try);
	else if (wait_s > 0)
		at = (size_t)snprintf(buf, size, "try %" PRIu64 " in %" PRId64 " s", try, wait_s);
	else
		at = (size_t)snprintf(buf, size, "try %" PRIu64 " now", try);
	if (m->last_error[0] != '\0' && at < size)
		(void)snprintf(buf + at, size - at, "; last answer %s", m->last_error);
}
