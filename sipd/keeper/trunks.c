#include "sipd/keeper/trunks.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "core/err.h"
#include "core/varint.h"
#include "sipd/keeper/calls.h"
#include "sipd/keeper/control.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/live.h"
#include "sipd/keeper/trunk_engine.h"

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

/* Another provider, or another user of it, may have another realm. */
static void
forget_realm(struct keeper *k, const struct edit *e, struct trunk *t)
{
	struct trunk	was = { .id = t->id };

	if (t->id == 0 || edit_item(e, "realm") != NULL || table_get(&k->db, &trunk_kind, &was) != 0)
		return;
	if (strcmp(was.host, t->host) != 0 || strcmp(was.username, t->username) != 0)
		t->realm[0] = '\0';
	sodium_memzero(&was, sizeof was);
}

static int
check(struct keeper *k, const struct edit *e, void *trunk, struct fault *fault)
{
	struct trunk		*t = trunk;
	const struct field	*f;
	char			 why[256];
	int			 rc;

	forget_realm(k, e, t);
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

/* Before anything is known: one that was just made, or just enabled or disabled. */
static enum trunk_status
first_status(const struct trunk *t)
{
	return !t->enabled ? TRUNK_DISABLED : t->qualify == QUALIFY_NO && !t->registers ? TRUNK_UNMONITORED : TRUNK_NONE;
}

void
trunk_live(struct keeper *k, struct trunk *t)
{
	const struct trunk_state	*state = k->trunks == NULL ? NULL : trunk_engine_find(k->trunks, t->id);

	/* The engine hears of a change when that is on disk; who made it is told of it before. */
	if (state != NULL && state->trunk.enabled == t->enabled)
		trunk_state_fill(state, t);
	else
		t->status = (uint8_t)first_status(t);
	t->calls = calls_of_trunk(k, t->id);
}

void
trunk_tell(struct keeper *k, const void *trunk, json_t *ok)
{
	const struct trunk		*t = trunk;
	const struct trunk_state	*state = k->trunks == NULL ? NULL : trunk_engine_find(k->trunks, t->id);

	if (state != NULL)
		trunk_state_tell(state, k->conf.qualify.interval, ok);
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
		return fault_set(fault, ERR_NOT_FOUND, NULL, "trunk %.64s: not found; 'trunk list' tells which there are", name);
	if ((rc = edit_apply(e, t, false, &refs, fault)) != 0)
		return rc;
	if ((rc = record_check(&trunk_kind, t, &f, why, sizeof why)) != 0)
		return fault_set(fault, rc, f->name, "%s", why);
	return check(k, e, t, fault);
}

void
trunks_count(struct keeper *k, uint64_t n[TRUNK_STATUSES])
{
	if (k->trunks != NULL)
		trunk_engine_count(k->trunks, n);
	else
		memset(n, 0, TRUNK_STATUSES * sizeof *n);
}

void
trunks_changed(struct keeper *k, uint64_t id)
{
	uint8_t	key[8];

	be64_put(key, id);
	if (k->control != NULL)
		live_trunk_changed(k->control->live, key);
}
