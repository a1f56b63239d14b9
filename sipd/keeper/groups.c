#include "sipd/keeper/groups.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/err.h"
#include "sipd/keeper/events.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/staged.h"

const char *
groups_counter(uint64_t id, const char *what, char buf[64])
{
	(void)snprintf(buf, 64, "group/%" PRIu64 "/%s", id, what);
	return buf;
}

int
groups_find(struct keeper *k, const char *name, struct group *g)
{
	memset(g, 0, sizeof *g);
	if (name[0] == '\0' || strlen(name) >= sizeof g->name)
		return ERR_NOT_FOUND;
	memcpy(g->name, name, strlen(name));
	return table_find(&k->db, &group_kind, TABLE_GROUP_BY_NAME, g);
}

void
groups_count(struct keeper *k, struct group *g)
{
	char	name[64];

	g->accounts = count_get(&k->db, groups_counter(g->id, "accounts", name));
	g->enabled = count_get(&k->db, groups_counter(g->id, "enabled", name));
	g->registered = count_get(&k->db, groups_counter(g->id, "registered", name));
	g->queue = count_get(&k->db, groups_counter(g->id, "queue", name));
}

static int
check(struct keeper *k, const struct group *g, struct fault *fault)
{
	const struct field	*f;
	char			 why[256];
	int			 rc;

	if ((rc = record_check(&group_kind, g, &f, why, sizeof why)) != 0)
		return fault_set(fault, rc, f->name, "%s", why);
	if ((f = table_clash(&k->db, &group_kind, g)) != NULL)
		return fault_set(fault, ERR_EXISTS, f->name, "there is a group of that name already");
	return 0;
}

int
groups_add(struct keeper *k, struct txn *t, const char *operator, const char *name, const struct edit *e, struct group *g,
    struct fault *fault)
{
	struct refs	refs = keeper_refs(k);
	struct group	usual = { .id = 0 };
	char		why[256], what[EDIT_WHAT];
	int		rc;

	memset(g, 0, sizeof *g);
	if ((rc = field_set(kind_field(&group_kind, "name"), g, name, NULL, why, sizeof why)) != 0)
		return fault_set(fault, rc, "name", "%s", why);
	if ((rc = edit_apply(e, g, true, &refs, fault)) != 0 || (rc = check(k, g, fault)) != 0)
		return rc;
	g->id = table_next_id(t, &k->db, "group");
	g->version = 1;
	g->created_at = g->updated_at = keeper_now(k);
	table_put(t, &k->db, &group_kind, g);
	count_add(t, &k->db, "groups", 1);
	memcpy(usual.name, g->name, sizeof usual.name);
	(void)edit_describe_new(&group_kind, &usual, g, &refs, what, sizeof what);
	events_add(k->events, t, EVENT_INFO, "admin", g->name, operator, "group %s: made%s%s", g->name, what[0] == '\0' ? "" : ", ", what);
	return 0;
}

int
groups_set(struct keeper *k, struct txn *t, const char *operator, struct edit *e, struct group *g,
    bool *changed, struct fault *fault)
{
	struct refs	refs = keeper_refs(k);
	struct group	before = *g;
	char		what[EDIT_WHAT];
	int		rc;

	if ((rc = edit_conflicts(e, g, g->version, &refs, fault)) != 0 ||
	    (rc = edit_apply(e, g, false, &refs, fault)) != 0 || (rc = check(k, g, fault)) != 0)
		return rc;
	*changed = edit_describe(&group_kind, &before, g, &refs, what, sizeof what) > 0;
	if (!*changed)
		return 0;
	g->version++;
	g->updated_at = keeper_now(k);
	table_put(t, &k->db, &group_kind, g);
	events_add(k->events, t, EVENT_INFO, "admin", g->name, operator, "group %s: %s", before.name, what);
	return 0;
}

int
groups_delete(struct keeper *k, struct txn *t, const char *operator, const struct group *g, struct fault *fault)
{
	char		name[64];
	uint64_t	n = count_get(&k->db, groups_counter(g->id, "accounts", name));

	if (n > 0)
		return fault_set(fault, ERR_IN_USE, NULL, "group %s: still holds %" PRIu64 " account%s: move or delete %s first",
		    g->name, n, n == 1 ? "" : "s", n == 1 ? "it" : "them");
	if (staged_uses(&k->db, group_kind.name, g->id))
		return fault_set(fault, ERR_IN_USE, NULL, "group %s: an import puts accounts into it now: delete it when that is done", g->name);
	if (t == NULL)
		return 0;
	table_delete(t, &k->db, &group_kind, g);
	count_add(t, &k->db, "groups", -1);
	events_add(k->events, t, EVENT_INFO, "admin", g->name, operator, "group %s: deleted", g->name);
	return 0;
}
