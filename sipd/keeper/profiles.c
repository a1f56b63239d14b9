#include "sipd/keeper/profiles.h"

#include <stdio.h>

#include "core/account.h"
#include "core/err.h"
#include "core/group.h"
#include "core/provision.h"
#include "core/varint.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/staged.h"

enum { USERS_NAMED = 3, USERS_COUNTED = 10000, USERS_TEXT = 256 };

static int
check(struct keeper *k, const struct edit *e, void *profile, struct fault *fault)
{
	char	why[256];
	int	rc = profile_check_parameters(profile, why, sizeof why);

	(void)k;
	(void)e;
	if (rc == 0)
		rc = provision_check(profile, why, sizeof why);
	return rc == 0 ? 0 : fault_set(fault, rc, "parameters", "%s", why);
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

static int
may_delete(struct keeper *k, const void *profile, struct fault *fault)
{
	const struct profile	*p = profile;
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
	return 0;
}

const struct named	profiles_named = {
	.kind = &profile_kind, .counter = "profiles", NAMED_AT(profile), .check = check, .may_delete = may_delete,
};
