/*
 * `group list|show|add|set|delete`: the rules are in groups.c.
 */
#include <string.h>

#include "core/err.h"
#include "sipd/keeper/groups.h"
#include "sipd/keeper/json.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/list.h"
#include "sipd/keeper/peer.h"
#include "sipd/keeper/reply.h"
#include "sipd/keeper/request.h"

static bool
find(struct request *r, struct group *g)
{
	const char	*name = request_text(r, "name");

	if (name != NULL && groups_find(r->keeper, name, g) == 0)
		return true;
	reply_not_found(r, "group", name);
	return false;
}

static json_t *
reply_of(struct request *r, struct group *g)
{
	groups_count(r->keeper, g);
	return reply_record(r, &group_kind, g, g->version);
}

static void
group_show(struct request *r)
{
	struct group	g;

	if (find(r, &g))
		request_answer(r, reply_of(r, &g));
}

static void
group_add(struct request *r)
{
	const char		*name = request_text(r, "name");
	struct txn		*t = txn_new(r->keeper->db.store);
	struct edit_numbers	 numbers;
	struct edit		 e;
	struct group		 g;
	struct fault		 fault;

	if (request_edit(r, &group_kind, &e, &numbers, &fault) != 0 ||
	    groups_add(r->keeper, t, r->peer->user, name == NULL ? "" : name, &e, &g, &fault) != 0) {
		txn_drop(t);
		request_fault(r, &fault, NULL);
		return;
	}
	request_commit(r, t, reply_of(r, &g));
}

static void
group_set(struct request *r)
{
	struct edit_numbers	 numbers;
	struct edit		 e;
	struct group		 now, g;
	struct fault		 fault;
	struct txn		*t;
	bool			 changed;

	if (!find(r, &now))
		return;
	g = now;
	t = txn_new(r->keeper->db.store);
	if (request_edit(r, &group_kind, &e, &numbers, &fault) != 0 ||
	    groups_set(r->keeper, t, r->peer->user, &e, &g, &changed, &fault) != 0) {
		txn_drop(t);
		request_fault(r, &fault, fault.code == ERR_CONFLICT ? reply_conflict(r, &e, &now) : NULL);
		return;
	}
	if (changed) {
		request_commit(r, t, reply_of(r, &g));
		return;
	}
	txn_drop(t);
	request_answer(r, reply_of(r, &g));
}

static void
group_delete(struct request *r)
{
	struct group	 g;
	struct fault	 fault;
	struct txn	*t;

	if (!find(r, &g))
		return;
	if (groups_delete(r->keeper, NULL, r->peer->user, &g, &fault) != 0) {
		request_fault(r, &fault, NULL);
		return;
	}
	if (request_flag(r, "dry")) {
		request_answer(r, reply_deleted(0, 0));
		return;
	}
	t = txn_new(r->keeper->db.store);
	(void)groups_delete(r->keeper, t, r->peer->user, &g, &fault);
	request_commit(r, t, reply_deleted(0, 0));
}

const struct handler	group_handlers[] = {
	{ "group list", list_run },
	{ "group show", group_show },
	{ "group add", group_add },
	{ "group set", group_set },
	{ "group delete", group_delete },
	{ NULL, NULL },
};
