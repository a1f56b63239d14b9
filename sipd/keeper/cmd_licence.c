/*
 * `licence list|show|set|clear`: the rules are in licences.c.
 */
#include "core/err.h"
#include "sipd/keeper/accounts.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/licences.h"
#include "sipd/keeper/list.h"
#include "sipd/keeper/peer.h"
#include "sipd/keeper/reply.h"
#include "sipd/keeper/request.h"

/* Every account has one, if only of state NONE. */
static bool
find(struct request *r, struct licence *l)
{
	struct account	a;

	if (!reply_account(r, request_text(r, "name"), &a))
		return false;
	licences_get(r->keeper, &a, l);
	return true;
}

static json_t *
reply_of(struct request *r, const struct licence *l)
{
	return reply_record(r, &licence_kind, l, l->version);
}

static void
licence_show(struct request *r)
{
	struct licence	l;

	if (find(r, &l))
		request_answer(r, reply_of(r, &l));
}

static void
licence_set(struct request *r)
{
	struct edit_numbers	 numbers;
	struct edit		 e;
	struct licence		 now, l;
	struct fault		 fault;
	struct txn		*t;
	bool			 changed;

	if (!find(r, &now))
		return;
	l = now;
	t = txn_new(r->keeper->db.store);
	if (request_edit(r, &licence_kind, &e, &numbers, &fault) != 0 ||
	    licences_set(r->keeper, t, r->peer->user, &e, &l, &changed, &fault) != 0) {
		txn_drop(t);
		request_fault(r, &fault, fault.code == ERR_CONFLICT ? reply_conflict(r, &e, &now) : NULL);
		return;
	}
	if (changed) {
		request_commit(r, t, reply_of(r, &l));
		return;
	}
	txn_drop(t);
	request_answer(r, reply_of(r, &l));
}

static void
licence_clear(struct request *r)
{
	struct licence	 l;
	struct txn	*t;

	if (!find(r, &l))
		return;
	if (l.state == LICENCE_NONE) {
		request_refuse(r, ERR_NOT_FOUND, NULL, "account %s: has no licence; 'licence set' gives it one", l.username);
		return;
	}
	t = txn_new(r->keeper->db.store);
	licences_clear(r->keeper, t, r->peer->user, &l);
	request_commit(r, t, reply_of(r, &l));
}

const struct handler	licence_handlers[] = {
	{ "licence list", list_run },
	{ "licence show", licence_show },
	{ "licence set", licence_set },
	{ "licence clear", licence_clear },
	{ NULL, NULL },
};
