/*
 * Both indexes end their keys with the binding's own.  TABLE_BINDING_EXPIRY is in order of time, so a step looks at its beginning only.
 * The time in it may be older than a refresh that is not written yet: then that is written, which moves the entry.
 */
#include "sipd/keeper/expiry.h"

#include <string.h>

#include "core/binding.h"
#include "core/err.h"
#include "core/log.h"
#include "core/varint.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/refresh.h"
#include "sipd/keeper/registrar.h"

enum { SLICE = 64, PRIMARY = 8 + BINDING_KEY };

/* Primary keys from an index. */
struct found {
	uint8_t		keys[SLICE][PRIMARY];
	size_t		n;
};

static int
collect(void *arg, struct store_bytes key, struct store_bytes value)
{
	struct found	*f = arg;

	(void)value;
	if (key.n == 8 + PRIMARY)
		memcpy(f->keys[f->n++], (const uint8_t *)key.p + 8, PRIMARY);
	return 0;
}

/* What an index holds for numbers from <= v < to. */
static void
find(struct keeper *k, enum table index, uint64_t from, uint64_t to, struct found *f)
{
	uint8_t			low[8], high[8];
	struct store_bytes	end = { high, sizeof high };

	be64_put(low, from);
	be64_put(high, to);
	f->n = 0;
	(void)store_range(k->db.store, index, (struct store_bytes){ low, sizeof low }, &end, false, SLICE, collect, f);
}

static void
name(struct binding *b, const uint8_t key[PRIMARY])
{
	b->account_id = be64_get(key);
	memcpy(b->hash, key + 8, BINDING_KEY);
}

bool
expiry_step(struct keeper *k, struct refreshes *refreshes)
{
	int64_t		now = keeper_now(k);
	struct found	f;
	struct binding	b;
	int		rc = 0;

	find(k, TABLE_BINDING_EXPIRY, 0, (uint64_t)now + 1, &f);
	for (size_t i = 0; i < f.n && rc == 0; i++) {
		name(&b, f.keys[i]);
		if (table_get(&k->db, &binding_kind, &b) != 0)
			log_error("expiry: a binding that can't be read is passed over");
		else if (refresh_latest(refreshes, &b) && b.expires_at > now)
			(void)refresh_write_one(refreshes, &b);
		else if ((rc = registrar_end(k->registrar, &b, "expired")) != 0)
			log_error("expiry: not stored: %s", err_text(rc));
	}
	return rc == 0 && f.n == SLICE;
}

bool
expiry_flow_gone(struct keeper *k, uint64_t flow)
{
	struct found	f;
	struct binding	b;
	int		rc = 0;

	if (flow == 0)
		return false;
	find(k, TABLE_BINDING_BY_FLOW, flow, flow + 1, &f);
	for (size_t i = 0; i < f.n && rc == 0; i++) {
		name(&b, f.keys[i]);
		if ((rc = registrar_end(k->registrar, &b, "connection closed")) != 0)
			log_error("expiry: not stored: %s", err_text(rc));
	}
	return rc == 0 && f.n == SLICE;
}
