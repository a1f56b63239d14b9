/*
 * `list|show|add|set|delete` of groups, profiles and trunks, `enable|disable` of trunks: one set of commands over the rows of named.c.
 */
#include <sodium.h>

#include "core/err.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/list.h"
#include "sipd/keeper/named.h"
#include "sipd/keeper/peer.h"
#include "sipd/keeper/reply.h"
#include "sipd/keeper/request.h"

static const struct named *
row_of(const struct request *r)
{
	return named_of(r->command->kind);
}

static bool
find(struct request *r, union named_record *record)
{
	const char	*name = request_text(r, "name");

	if (name != NULL && named_find(r->keeper, row_of(r), name, record) == 0)
		return true;
	reply_not_found(r, r->command->kind, name);
	return false;
}

/* What secrets it held is forgotten. */
static json_t *
reply_of(struct request *r, union named_record *record)
{
	const struct named	*n = row_of(r);
	json_t			*reply;

	if (n->complete != NULL)
		n->complete(r->keeper, record);
	reply = reply_record(r, n->kind, record, named_version(n, record));
	if (n->tell != NULL)
		n->tell(r->keeper, record, json_object_get(reply, "ok"));
	sodium_memzero(record, sizeof *record);
	return reply;
}

static void
named_show(struct request *r)
{
	union named_record	record;

	if (find(r, &record))
		request_answer(r, reply_of(r, &record));
}

static void
named_make(struct request *r)
{
	const char		*name = request_text(r, "name");
	struct txn		*t = txn_new(r->keeper->db.store);
	struct edit_numbers	 numbers;
	struct edit		 e;
	union named_record	 record;
	struct fault		 fault;

	if (request_edit(r, row_of(r)->kind, &e, &numbers, &fault) != 0 ||
	    named_add(r->keeper, row_of(r), t, r->peer->user, name == NULL ? "" : name, &e, &record, &fault) != 0) {
		txn_drop(t);
		request_fault(r, &fault, NULL);
		return;
	}
	request_commit(r, t, reply_of(r, &record));
}

static void
change(struct request *r, union named_record *record, struct edit *e)
{
	struct txn		*t = txn_new(r->keeper->db.store);
	union named_record	 now = *record;
	struct fault		 fault;
	bool			 changed;

	if (named_set(r->keeper, row_of(r), t, r->peer->user, e, record, &changed, &fault) != 0) {
		txn_drop(t);
		request_fault(r, &fault, fault.code == ERR_CONFLICT ? reply_conflict(r, e, &now) : NULL);
	} else if (changed) {
		request_commit(r, t, reply_of(r, record));
	} else {
		txn_drop(t);
		request_answer(r, reply_of(r, record));
	}
	sodium_memzero(&now, sizeof now);
}

static void
named_change(struct request *r)
{
	struct edit_numbers	numbers;
	struct edit		e;
	union named_record	record;
	struct fault		fault;

	if (!find(r, &record))
		return;
	if (request_edit(r, row_of(r)->kind, &e, &numbers, &fault) != 0)
		request_fault(r, &fault, NULL);
	else
		change(r, &record, &e);
}

static void
turn(struct request *r, const char *enabled)
{
	struct edit		e = { .n = 0 };
	union named_record	record;
	struct fault		fault;

	if (!find(r, &record))
		return;
	(void)edit_add(&e, row_of(r)->kind, "enabled", enabled, NULL, &fault);
	change(r, &record, &e);
}

static void
named_enable(struct request *r)
{
	turn(r, "yes");
}

static void
named_disable(struct request *r)
{
	turn(r, "no");
}

static void
named_remove(struct request *r)
{
	const struct named	*n = row_of(r);
	union named_record	 record;
	struct fault		 fault;
	struct txn		*t;
	json_t			*reply;

	if (!find(r, &record))
		return;
	if (named_delete(r->keeper, n, NULL, r->peer->user, &record, &fault) != 0) {
		request_fault(r, &fault, NULL);
		return;
	}
	reply = n->goes_with == NULL ? reply_deleted(0, 0) : json_pack("{s:o}", "ok", n->goes_with(r->keeper, &record));
	if (request_flag(r, "dry")) {
		request_answer(r, reply);
		return;
	}
	t = txn_new(r->keeper->db.store);
	(void)named_delete(r->keeper, n, t, r->peer->user, &record, &fault);
	request_commit(r, t, reply);
}

const struct handler	named_handlers[] = {
	{ "group list", list_run },
	{ "group show", named_show },
	{ "group add", named_make },
	{ "group set", named_change },
	{ "group delete", named_remove },
	{ "profile list", list_run },
	{ "profile show", named_show },
	{ "profile add", named_make },
	{ "profile set", named_change },
	{ "profile delete", named_remove },
	{ "trunk list", list_run },
	{ "trunk show", named_show },
	{ "trunk add", named_make },
	{ "trunk set", named_change },
	{ "trunk enable", named_enable },
	{ "trunk disable", named_disable },
	{ "trunk delete", named_remove },
	{ NULL, NULL },
};
