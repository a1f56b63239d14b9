#include "sipd/keeper/profiles.h"

#include <stdio.h>
#include <string.h>

#include "core/account.h"
#include "core/err.h"
#include "core/group.h"
#include "core/varint.h"
#include "sipd/keeper/events.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/staged.h"

enum { USERS_NAMED = 3, USERS_COUNTED = 10000, USERS_TEXT = 256 };

int
profiles_find(struct keeper *k, const char *name, struct profile *p)
{
	memset(p, 0, sizeof *p);
	if (name[0] == '\0' || strlen(name) >= sizeof p->name)
		return ERR_NOT_FOUND;
	memcpy(p->name, name, strlen(name));
	return table_find(&k->db, &profile_kind, TABLE_PROFILE_BY_NAME, p);
}

static int
check(struct keeper *k, const struct profile *p, struct fault *fault)
{
	const struct field	*f;
	char			 why[256];
	int			 rc;

	if ((rc = record_check(&profile_kind, p, &f, why, sizeof why)) != 0)
		return fault_set(fault, rc, f->name, "%s", why);
	if ((rc = profile_check_parameters(p, why, sizeof why)) != 0)
		return fault_set(fault, rc, "parameters", "%s", why);
	if ((f = table_clash(&k->db, &profile_kind, p)) != NULL)
		return fault_set(fault, ERR_EXISTS, f->name, "there is a profile of that name already");
	return 0;
}

int
profiles_add(struct keeper *k, struct txn *t, const char *operator, const char *name, const struct edit *e, struct profile *p,
    struct fault *fault)
{
	struct refs	refs = keeper_refs(k);
	struct profile	usual = { .id = 0 };
	char		why[256], what[EDIT_WHAT];
	int		rc;

	memset(p, 0, sizeof *p);
	if ((rc = field_set(kind_field(&profile_kind, "name"), p, name, NULL, why, sizeof why)) != 0)
		return fault_set(fault, rc, "name", "%s", why);
	if ((rc = edit_apply(e, p, true, &refs, fault)) != 0 || (rc = check(k, p, fault)) != 0)
		return rc;
	p->id = table_next_id(t, &k->db, "profile");
	p->version = 1;
	p->created_at = p->updated_at = keeper_now(k);
	table_put(t, &k->db, &profile_kind, p);
	count_add(t, &k->db, "profiles", 1);
	memcpy(usual.name, p->name, sizeof usual.name);
	(void)edit_describe_new(&profile_kind, &usual, p, &refs, what, sizeof what);
	events_add(k->events, t, EVENT_INFO, "admin", p->name, operator, "profile %s: made%s%s", p->name, what[0] == '\0' ? "" : ", ", what);
	return 0;
}

int
profiles_set(struct keeper *k, struct txn *t, const char *operator, struct edit *e, struct profile *p, bool *changed,
    struct fault *fault)
{
	struct refs	refs = keeper_refs(k);
	struct profile	before = *p;
	char		what[EDIT_WHAT];
	int		rc;

	if ((rc = edit_conflicts(e, p, p->version, &refs, fault)) != 0 ||
	    (rc = edit_apply(e, p, false, &refs, fault)) != 0 || (rc = check(k, p, fault)) != 0)
		return rc;
	*changed = edit_describe(&profile_kind, &before, p, &refs, what, sizeof what) > 0;
	if (!*changed)
		return 0;
	p->version++;
	p->updated_at = keeper_now(k);
	table_put(t, &k->db, &profile_kind, p);
	events_add(k->events, t, EVENT_INFO, "admin", p->name, operator, "profile %s: %s", before.name, what);
	return 0;
}

/* Records of a kind that refer to a profile: how many, and the names of the first. */
struct users {
	struct store		*store;
	const struct kind	*kind;
	size_t			 n, at;
	char			 names[USERS_TEXT];
};

/* An entry of the index is the profile's id and the user's. */
static int
add_user(void *arg, struct store_bytes key, struct store_bytes value)
{
	struct users	*u = arg;
	union {
		struct account	account;
		struct group	group;
	}		 record;
	char		 name[FIELD_TEXT];

	if (key.n != 16 || u->n++ >= USERS_NAMED)
		return 0;
	if (store_get(u->store, u->kind->table, (const uint8_t *)key.p + 8, 8, &value) != 0 ||
	    record_decode(u->kind, &record, NULL, value.p, value.n) != 0)
		return 0;
	(void)field_text(kind_tag(u->kind, u->kind->name_tag), &record, NULL, name, sizeof name);
	u->at += (size_t)snprintf(u->names + u->at, sizeof u->names - u->at, "%s%.64s", u->at == 0 ? "" : ", ", name);
	return 0;
}

static void
users_find(struct users *u, enum table index, uint64_t id)
{
	uint8_t			from[8], to[8];
	struct store_bytes	end = { to, sizeof to };

	be64_put(from, id);
	be64_put(to, id + 1);
	(void)store_range(u->store, index, (struct store_bytes){ from, sizeof from }, &end, false, USERS_COUNTED + 1, add_user, u);
}

/* "3 accounts (alice, bob, carlo)", or "" for none. */
static const char *
users_text(const struct users *u, char *buf, size_t size)
{
	bool	more = u->n > USERS_COUNTED;

	buf[0] = '\0';
	if (u->n > 0)
		(void)snprintf(buf, size, "%s%zu %s%s (%s%s)", more ? "more than " : "", more ? (size_t)USERS_COUNTED : u->n, u->kind->name,
		    u->n == 1 ? "" : "s", u->names, u->n > USERS_NAMED ? ", ..." : "");
	return buf;
}

int
profiles_delete(struct keeper *k, struct txn *t, const char *operator, const struct profile *p, struct fault *fault)
{
	struct users	accounts = { .store = k->db.store, .kind = &account_kind }, groups = { .store = k->db.store, .kind = &group_kind };
	char		of_accounts[USERS_TEXT + 64], of_groups[USERS_TEXT + 64];

	users_find(&accounts, TABLE_ACCOUNT_BY_PROFILE, p->id);
	users_find(&groups, TABLE_GROUP_BY_PROFILE, p->id);
	if (accounts.n + groups.n > 0)
		return fault_set(fault, ERR_IN_USE, NULL, "profile %s: is used by %s%s%s: give them another first", p->name,
		    users_text(&groups, of_groups, sizeof of_groups), accounts.n > 0 && groups.n > 0 ? " and " : "",
		    users_text(&accounts, of_accounts, sizeof of_accounts));
	if (staged_uses(&k->db, profile_kind.name, p->id))
		return fault_set(fault, ERR_IN_USE, NULL, "profile %s: an import gives it to accounts now: delete it when that is done", p->name);
	if (t == NULL)
		return 0;
	table_delete(t, &k->db, &profile_kind, p);
	count_add(t, &k->db, "profiles", -1);
	events_add(k->events, t, EVENT_INFO, "admin", p->name, operator, "profile %s: deleted", p->name);
	return 0;
}
