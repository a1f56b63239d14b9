/*
 * `profile list|show|add|set|delete`: the rules are in profiles.c.
 */
#include <string.h>

#include "core/err.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/list.h"
#include "sipd/keeper/peer.h"
#include "sipd/keeper/profiles.h"
#include "sipd/keeper/reply.h"
#include "sipd/keeper/request.h"

static bool
find(struct request *r, struct profile *p)
{
	const char	*name = request_text(r, "name");

	if (name != NULL && profiles_find(r->keeper, name, p) == 0)
		return true;
	reply_not_found(r, "profile", name);
	return false;
}

static json_t *
reply_of(struct request *r, const struct profile *p)
{
	return reply_record(r, &profile_kind, p, p->version);
}

static void
profile_show(struct request *r)
{
	struct profile	p;

	if (find(r, &p))
		request_answer(r, reply_of(r, &p));
}

static void
profile_add(struct request *r)
{
	const char		*name = request_text(r, "name");
	struct txn		*t = txn_new(r->keeper->db.store);
	struct edit_numbers	 numbers;
	struct edit		 e;
	struct profile		 p;
	struct fault		 fault;

	if (request_edit(r, &profile_kind, &e, &numbers, &fault) != 0 ||
	    profiles_add(r->keeper, t, r->peer->user, name == NULL ? "" : name, &e, &p, &fault) != 0) {
		txn_drop(t);
		request_fault(r, &fault, NULL);
		return;
	}
	request_commit(r, t, reply_of(r, &p));
}

static void
profile_set(struct request *r)
{
	struct edit_numbers	 numbers;
	struct edit		 e;
	struct profile		 now, p;
	struct fault		 fault;
	struct txn		*t;
	bool			 changed;

	if (!find(r, &now))
		return;
	p = now;
	t = txn_new(r->keeper->db.store);
	if (request_edit(r, &profile_kind, &e, &numbers, &fault) != 0 ||
	    profiles_set(r->keeper, t, r->peer->user, &e, &p, &changed, &fault) != 0) {
		txn_drop(t);
		request_fault(r, &fault, fault.code == ERR_CONFLICT ? reply_conflict(r, &e, &now) : NULL);
		return;
	}
	if (changed) {
		request_commit(r, t, reply_of(r, &p));
		return;
	}
	txn_drop(t);
	request_answer(r, reply_of(r, &p));
}

static void
profile_delete(struct request *r)
{
	struct profile	 p;
	struct fault	 fault;
	struct txn	*t;

	if (!find(r, &p))
		return;
	if (profiles_delete(r->keeper, NULL, r->peer->user, &p, &fault) != 0) {
		request_fault(r, &fault, NULL);
		return;
	}
	if (request_flag(r, "dry")) {
		request_answer(r, reply_deleted(0, 0));
		return;
	}
	t = txn_new(r->keeper->db.store);
	(void)profiles_delete(r->keeper, t, r->peer->user, &p, &fault);
	request_commit(r, t, reply_deleted(0, 0));
}

const struct handler	profile_handlers[] = {
	{ "profile list", list_run },
	{ "profile show", profile_show },
	{ "profile add", profile_add },
	{ "profile set", profile_set },
	{ "profile delete", profile_delete },
	{ NULL, NULL },
};
