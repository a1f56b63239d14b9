/*
 * TABLE_BINDING_EXPIRY is in order of time, so a step looks at its beginning only.  The time in it may be older than a refresh that is
 * not written yet: then that is written, which moves the entry.
 */
#include "sipd/keeper/expiry.h"

#include <string.h>

#include "core/binding.h"
#include "core/err.h"
#include "core/log.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/refresh.h"
#include "sipd/keeper/registrar.h"

enum { SLICE = 64 };

/* The first bindings of an index, no more of each than names it. */
struct found {
	int64_t		now;			/* 0: whatever their time */
	struct binding	bindings[SLICE];
	size_t		n;
};

static int
collect(void *arg, const void *record)
{
	struct found		*f = arg;
	const struct binding	*b = record;

	if (f->now != 0 && b->expires_at > f->now)
		return 1;
	f->bindings[f->n].account_id = b->account_id;
	f->bindings[f->n].expires_at = b->expires_at;
	memcpy(f->bindings[f->n].hash, b->hash, sizeof b->hash);
	f->n++;
	return 0;
}

bool
expiry_step(struct keeper *k, struct refreshes *refreshes)
{
	static const struct binding	first;
	struct found			f;
	int				rc = 0;

	f.now = keeper_now(k);
	f.n = 0;
	(void)table_each_of(&k->db, &binding_kind, TABLE_BINDING_EXPIRY, 0, &first, SLICE, collect, &f);
	for (size_t i = 0; i < f.n && rc == 0; i++) {
		struct binding	*b = &f.bindings[i];

		if (refresh_latest(refreshes, b) && b->expires_at > f.now)
			(void)refresh_write_one(refreshes, b);
		else if ((rc = registrar_end(k->registrar, b, "expired")) != 0)
			log_error("expiry: not stored: %s", err_text(rc));
	}
	return rc == 0 && f.n == SLICE;
}

void
expiry_flow_gone(struct keeper *k, uint64_t flow)
{
	struct binding	of = { .flow = flow };
	struct found	f = { .now = 0 };
	int		rc;

	if (flow == 0)
		return;
	(void)table_each_of(&k->db, &binding_kind, TABLE_BINDING_BY_FLOW, 1, &of, SLICE, collect, &f);
	for (size_t i = 0; i < f.n; i++)
		if ((rc = registrar_end(k->registrar, &f.bindings[i], "connection closed")) != 0)
			log_error("expiry: not stored: %s", err_text(rc));
}
