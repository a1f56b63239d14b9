#include "sipd/keeper/groups.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/err.h"
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
	return named_find(k, &groups_named, name, g);
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

static void
complete(struct keeper *k, void *group)
{
	groups_count(k, group);
}

static int
may_delete(struct keeper *k, const void *group, struct fault *fault)
{
	const struct group	*g = group;
	char			 name[64];
	uint64_t		 n = count_get(&k->db, groups_counter(g->id, "accounts", name));

	if (n > 0)
		return fault_set(fault, ERR_IN_USE, NULL, "group %s: still holds %" PRIu64 " account%s: move or delete %s first",
		    g->name, n, n == 1 ? "" : "s", n == 1 ? "it" : "them");
	if (staged_uses(&k->db, group_kind.name, g->id))
		return fault_set(fault, ERR_IN_USE, NULL, "group %s: an import puts accounts into it now: delete it when that is done", g->name);
	return 0;
}

const struct named	groups_named = {
	.kind = &group_kind, .counter = "groups", NAMED_AT(group), .may_delete = may_delete, .complete = complete,
};
