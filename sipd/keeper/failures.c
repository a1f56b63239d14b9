#include "sipd/keeper/failures.h"

#include <stdio.h>
#include <stdlib.h>

enum { WAYS = 4, BUCKETS = 1024 };

/* Account ids count up, so that neighbours are in different buckets.  A full bucket gives up its oldest. */
struct failures {
	struct failure	slots[BUCKETS][WAYS];
};

struct failures *
failures_new(void)
{
	return calloc(1, sizeof(struct failures));
}

void
failures_free(struct failures *f)
{
	free(f);
}

const struct failure *
failures_find(const struct failures *f, uint64_t account_id)
{
	const struct failure	*bucket = f->slots[account_id % BUCKETS];

	for (int i = 0; i < WAYS; i++)
		if (bucket[i].account_id == account_id && bucket[i].n > 0)
			return &bucket[i];
	return NULL;
}

void
failures_note(struct failures *f, uint64_t account_id, enum failure_kind kind, const char *method, const struct addr *source, int64_t now)
{
	struct failure	*bucket = f->slots[account_id % BUCKETS], *to = &bucket[0];

	for (int i = 0; i < WAYS; i++) {
		if (bucket[i].account_id == account_id) {
			to = &bucket[i];
			break;
		}
		if (bucket[i].at < to->at)
			to = &bucket[i];
	}
	if (to->account_id != account_id)
		*to = (struct failure){ .account_id = account_id };
	to->at = now;
	to->source = *source;
	to->n++;
	to->kind = (uint8_t)kind;
	(void)snprintf(to->method, sizeof to->method, "%s", method);
}
