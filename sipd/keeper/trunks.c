#include "sipd/keeper/trunks.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "core/err.h"
#include "core/varint.h"
#include "sipd/keeper/control.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/live.h"

static void
defaults(void *trunk)
{
	trunk_defaults(trunk);
}

/* The provider gives the password: one that is made here opens nothing there. */
static int
check_password(const struct edit *e, const struct trunk *t, struct fault *fault)
{
	const struct edit_item	*item = edit_item(e, "password");

	if (item == NULL || item->text[0] == '\0')
		return 0;
	if (strcmp(item->text, "random") == 0)
		return fault_set(fault, ERR_INVALID, "password", "must be the one that the provider gave: password=- reads it");
	if (t->username[0] == '\0')
		return fault_set(fault, ERR_INVALID, "password", "is of the username, and there is none: set it, too");
	return 0;
}

static int
check(struct keeper *k, const struct edit *e, void *trunk, struct fault *fault)
{
	struct trunk		*t = trunk;
	const struct field	*f;
	char			 why[256];
	int			 rc;

	(void)k;
	if ((rc = check_password(e, t, fault)) != 0)
		return rc;
	if ((rc = trunk_check(t, &f, why, sizeof why)) != 0)
		return fault_set(fault, rc, f->name, "%s", why);
	if (t->username[0] == '\0')
		sodium_memzero(t->password, sizeof t->password);
	return 0;
}

static void
complete(struct keeper *k, void *trunk)
{
	trunk_live(k, trunk);
}

static int
count_items(const char *list)
{
	int	n = 0;

	for (const char *s = list + strspn(list, ", "); *s != '\0'; s += strspn(s, ", "), n++)
		s += strcspn(s, ", ");
	return n;
}

static json_t *
goes_with(struct keeper *k, const void *trunk)
{
	struct trunk	t;
	json_t		*o;

	memcpy(&t, trunk, sizeof t);
	trunk_live(k, &t);
	o = json_pack("{s:i, s:i, s:i}", "prefixes", count_items(t.prefixes), "registered", t.registration_expires > keeper_now(k), "calls",
	    (int)t.calls);
	sodium_memzero(&t, sizeof t);
	return o;
}

const struct named	trunks_named = {
	.kind = &trunk_kind, .counter = "trunks", NAMED_AT(trunk), .defaults = defaults, .check = check, .goes_with = goes_with,
	.complete = complete, .tell = trunk_tell,
};

void
trunk_live(struct keeper *k, struct trunk *t)
{
	(void)k;
	t->status = !t->enabled ? TRUNK_DISABLED : t->qualify == QUALIFY_NO && !t->registers ? TRUNK_UNMONITORED : TRUNK_NONE;
}

void
trunk_tell(struct keeper *k, const void *trunk, json_t *ok)
{
	const struct trunk	*t = trunk;
	bool			 probed = t->enabled && t->qualify != QUALIFY_NO;

	(void)json_object_set_new(ok, "probe", probed ? json_pack("{s:I}", "interval", (json_int_t)k->conf.qualify.interval) : json_null());
}

int
trunks_draft(struct keeper *k, const char *name, const struct edit *e, struct trunk *t, struct fault *fault)
{
	struct refs		 refs = keeper_refs(k);
	const struct field	*f;
	char			 why[256];
	int			 rc;

	trunk_defaults(t);
	(void)snprintf(t->name, sizeof t->name, "new trunk");
	if (name != NULL && name[0] != '\0' && named_find(k, &trunks_named, name, t) != 0)
		return fault_set(fault, ERR_NOT_FOUND, NULL, "there is no trunk of that name");
	if ((rc = edit_apply(e, t, false, &refs, fault)) != 0)
		return rc;
	if ((rc = record_check(&trunk_kind, t, &f, why, sizeof why)) != 0)
		return fault_set(fault, rc, f->name, "%s", why);
	return check(k, e, t, fault);
}

struct count {
	struct keeper	*keeper;
	uint64_t	*n;
};

static int
count_one(void *arg, struct store_bytes key, struct store_bytes value)
{
	struct count	*c = arg;
	struct trunk	 t;

	(void)key;
	if (record_decode(&trunk_kind, &t, NULL, value.p, value.n) != 0)
		return 0;
	trunk_live(c->keeper, &t);
	if (t.status < TRUNK_STATUSES)
		c->n[t.status]++;
	return 0;
}

void
trunks_count(struct keeper *k, uint64_t n[TRUNK_STATUSES])
{
	struct count	c = { .keeper = k, .n = n };

	memset(n, 0, TRUNK_STATUSES * sizeof *n);
	(void)store_range(k->db.store, TABLE_TRUNK, (struct store_bytes){ NULL, 0 }, NULL, false, 0, count_one, &c);
}

void
trunks_changed(struct keeper *k, uint64_t id)
{
	uint8_t	key[8];

	be64_put(key, id);
	if (k->control != NULL)
		live_trunk_changed(k->control->live, key);
}
