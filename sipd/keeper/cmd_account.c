/*
 * `account list|show|add|set|enable|disable|delete`: the rules are in accounts.c.
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "core/err.h"
#include "sipd/keeper/accounts.h"
#include "sipd/keeper/activation.h"
#include "sipd/keeper/json.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/licences.h"
#include "sipd/keeper/list.h"
#include "sipd/keeper/peer.h"
#include "sipd/keeper/queue.h"
#include "sipd/keeper/reply.h"
#include "sipd/keeper/request.h"
#include "sipd/keeper/source.h"

struct registrations {
	struct keeper	*keeper;
	json_t		*rows;
};

static void
add_registration(void *arg, const struct binding *b)
{
	struct registrations	*to = arg;
	const struct source	*source = source_named("registration");
	struct row		 row;

	memset(&row, 0, sizeof row);
	if (source->make(to->keeper, b, &row) == 0)
		(void)json_array_append_new(to->rows, source_json(to->keeper, source, &row));
}

static void
account_show(struct request *r)
{
	struct registrations	regs = { .keeper = r->keeper };
	struct account		a;
	json_t			*reply;
	char			name[64];

	if (!reply_account(r, request_text(r, "name"), &a))
		return;
	accounts_live(r->keeper, &a);
	regs.rows = json_array();
	(void)accounts_bindings(r->keeper, a.id, add_registration, &regs);
	reply = reply_record(r, &account_kind, &a, a.version);
	(void)json_object_set_new(json_object_get(reply, "ok"), "_messages",
	    json_integer((json_int_t)count_get(&r->keeper->db, queue_counter(a.id, name))));
	(void)json_object_set_new(reply, "registrations", regs.rows);
	request_answer(r, reply);
}

/* Answers once the change is durable; at once where there is nothing to change. */
static void
save(struct request *r, struct txn *t, struct account_change *c, const char *note)
{
	json_t	*reply;

	accounts_live(r->keeper, &c->account);
	reply = reply_record(r, &account_kind, &c->account, c->account.version);

	if (c->password[0] != '\0')
		(void)json_object_set_new(reply, "password", json_string(c->password));
	if (note[0] != '\0')
		(void)json_object_set_new(reply, "note", json_string(note));
	sodium_memzero(c, sizeof *c);
	if (t == NULL)
		request_answer(r, reply);
	else
		request_commit(r, t, reply);
}

/* A wizard's account is sent its first SMS at once.  Where something is missing for that, the account is made all the same. */
static void
begin_activation(struct request *r, struct txn *t, const struct account *a, char *note, size_t size)
{
	struct fault	fault;

	if (a->creation == CREATION_WIZARD && activation_begin(r->keeper, t, r->peer->user, a, &fault) != 0)
		(void)snprintf(note, size, "no installation SMS was sent: %s", fault.text);
}

static void
account_add(struct request *r)
{
	const char		*name = request_text(r, "name");
	struct txn		*t = txn_new(r->keeper->db.store);
	struct edit_numbers	 numbers;
	struct edit		 e;
	struct account_change	 c;
	struct fault		 fault;
	char			 note[FAULT_TEXT + 64] = "";

	if (request_edit(r, &account_kind, &e, &numbers, &fault) != 0 ||
	    accounts_add(r->keeper, t, r->peer->user, name == NULL ? "" : name, &e, &c, &fault) != 0) {
		txn_drop(t);
		request_fault(r, &fault, NULL);
		return;
	}
	begin_activation(r, t, &c.account, note, sizeof note);
	save(r, t, &c, note);
}

static void
change(struct request *r, const struct account *now, struct edit *e)
{
	struct txn		*t = txn_new(r->keeper->db.store);
	struct account_change	 c;
	struct fault		 fault;

	if (accounts_set(r->keeper, t, r->peer->user, now, e, &c, &fault) != 0) {
		txn_drop(t);
		request_fault(r, &fault, fault.code == ERR_CONFLICT ? reply_conflict(r, e, now) : NULL);
		return;
	}
	if (!c.changed) {
		txn_drop(t);
		t = NULL;
	}
	save(r, t, &c, "");
}

static void
account_set(struct request *r)
{
	struct edit_numbers	numbers;
	struct edit		e;
	struct account		now;
	struct fault		fault;

	if (!reply_account(r, request_text(r, "name"), &now))
		return;
	if (request_edit(r, &account_kind, &e, &numbers, &fault) != 0) {
		request_fault(r, &fault, NULL);
		return;
	}
	change(r, &now, &e);
}

static void
account_switch(struct request *r, const char *enabled)
{
	struct edit	e = { .n = 0 };
	struct account	now;
	struct fault	fault;

	if (!reply_account(r, request_text(r, "name"), &now))
		return;
	(void)edit_add(&e, &account_kind, "enabled", enabled, NULL, &fault);
	change(r, &now, &e);
}

static void
account_enable(struct request *r)
{
	account_switch(r, "yes");
}

static void
account_disable(struct request *r)
{
	account_switch(r, "no");
}

static void
account_delete(struct request *r)
{
	struct account	 a;
	struct fault	 fault;
	struct txn	*t;
	uint64_t	 waiting;
	char		 name[64];
	int		 n;

	if (!reply_account(r, request_text(r, "name"), &a))
		return;
	waiting = count_get(&r->keeper->db, queue_counter(a.id, name));
	if (request_flag(r, "dry")) {
		request_answer(r, reply_deleted(accounts_delete(r->keeper, NULL, r->peer->user, &a, &fault), waiting));
		return;
	}
	t = txn_new(r->keeper->db.store);
	if ((n = accounts_delete(r->keeper, t, r->peer->user, &a, &fault)) < 0) {
		txn_drop(t);
		request_fault(r, &fault, NULL);
		return;
	}
	request_commit(r, t, reply_deleted(n, waiting));
}

const struct handler	account_handlers[] = {
	{ "account list", list_run },
	{ "account show", account_show },
	{ "account add", account_add },
	{ "account set", account_set },
	{ "account enable", account_enable },
	{ "account disable", account_disable },
	{ "account delete", account_delete },
	{ NULL, NULL },
};
