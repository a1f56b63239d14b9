/*
 * `call list|drop`: the rules are in calls.c.
 */
#include "core/err.h"
#include "sipd/keeper/calls.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/list.h"
#include "sipd/keeper/peer.h"
#include "sipd/keeper/reply.h"
#include "sipd/keeper/request.h"

static void
call_drop(struct request *r)
{
	const char	*id = request_text(r, "name");
	struct call	 c;
	struct txn	*t;

	if (id == NULL || calls_find(r->keeper, id, &c) != 0) {
		request_refuse(r, ERR_NOT_FOUND, NULL, "no call %s: it has ended, or never was; 'call list' shows those there are", id == NULL ? "" : id);
		return;
	}
	t = txn_new(r->keeper->db.store);
	if (calls_drop(r->keeper, t, &c, r->peer->user) != 0) {
		txn_drop(t);
		request_refuse(r, ERR_BUSY, NULL, "call %s: the SIP process is away just now: try again", id);
		return;
	}
	request_commit(r, t, json_pack("{s:{s:i}}", "ok", "calls", 1));
}

const struct handler	call_handlers[] = {
	{ "call list", list_run },
	{ "call drop", call_drop },
	{ NULL, NULL },
};
