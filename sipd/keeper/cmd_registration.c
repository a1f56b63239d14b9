/*
 * `registration list|watch|drop`: who is on line.
 */
#include "core/err.h"
#include "sipd/keeper/accounts.h"
#include "sipd/keeper/control.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/list.h"
#include "sipd/keeper/peer.h"
#include "sipd/keeper/registrar.h"
#include "sipd/keeper/reply.h"
#include "sipd/keeper/request.h"
#include "sipd/keeper/watch.h"

static void
registration_watch(struct request *r)
{
	watch_start(r->control->watches, r, &registration_kind);
}

static void
registration_drop(struct request *r)
{
	const char	*name = request_text(r, "name"), *contact = request_text(r, "contact");
	struct account	 a;
	struct txn	*t;
	char		 why[96];
	int		 n;

	if (!reply_account(r, name, &a))
		return;
	(void)snprintf(why, sizeof why, "dropped by %s", r->peer->user);
	t = txn_new(r->keeper->db.store);
	n = registrar_drop(r->keeper->registrar, t, &a, contact, r->peer->user, why);
	if (n > 0) {
		request_commit(r, t, json_pack("{s:{s:i}}", "ok", "dropped", n));
		return;
	}
	txn_drop(t);
	if (n < 0)
		request_refuse(r, n, NULL, "account %s: %s", a.username, err_text(n));
	else if (contact != NULL)
		request_refuse(r, ERR_NOT_FOUND, "contact", "contact: account %s has none like that; '"
		    "account show %s' tells which it has", a.username, a.username);
	else
		request_ok(r, json_pack("{s:i}", "dropped", 0));
}

const struct handler	registration_handlers[] = {
	{ "registration list", list_run },
	{ "registration watch", registration_watch },
	{ "registration drop", registration_drop },
	{ NULL, NULL },
};
