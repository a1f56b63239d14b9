/*
 * `account activate` and `account link`: the rules are in activation.c.
 */
#include <sodium.h>

#include "sipd/keeper/accounts.h"
#include "sipd/keeper/activation.h"
#include "sipd/keeper/json.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/peer.h"
#include "sipd/keeper/reply.h"
#include "sipd/keeper/request.h"

static void
account_activate(struct request *r)
{
	struct account	 a;
	struct fault	 fault;
	struct txn	*t;

	if (!reply_account(r, request_text(r, "name"), &a))
		return;
	t = txn_new(r->keeper->db.store);
	if (activation_begin(r->keeper, t, r->peer->user, &a, &fault) != 0) {
		txn_drop(t);
		request_fault(r, &fault, NULL);
	} else {
		accounts_live(r->keeper, &a);
		request_commit(r, t, reply_record(r, &account_kind, &a, a.version));
	}
	sodium_memzero(&a, sizeof a);
}

static void
account_link(struct request *r)
{
	struct account	 a;
	struct fault	 fault;
	struct txn	*t;
	char		 link[ACTIVATION_LINK];
	int64_t		 until;

	if (!reply_account(r, request_text(r, "name"), &a))
		return;
	t = txn_new(r->keeper->db.store);
	if (activation_make_link(r->keeper, t, r->peer->user, &a, link, &until, &fault) != 0) {
		txn_drop(t);
		request_fault(r, &fault, NULL);
	} else {
		request_commit(r, t, json_pack("{s:{s:s, s:o}}", "ok", "link", link, "until", json_of_time(until)));
	}
	sodium_memzero(&a, sizeof a);
	sodium_memzero(link, sizeof link);
}

const struct handler	activation_handlers[] = {
	{ "account activate", account_activate },
	{ "account link", account_link },
	{ NULL, NULL },
};
