#include "sipd/keeper/request.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/text.h"
#include "sipd/keeper/control.h"
#include "sipd/keeper/json.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/live.h"
#include "sipd/keeper/peer.h"

static const struct handler *const	handler_tables[] = {
	status_handlers, named_handlers, account_handlers, registration_handlers, event_handlers, view_handlers,
	debug_handlers, verify_handlers, import_handlers, licence_handlers, call_handlers, queue_handlers, trunk_handlers, backup_handlers,
	profile_handlers, activation_handlers, why_handlers, trace_handlers, web_handlers,
};

const struct handler *
handler_find(const char *name)
{
	for (size_t i = 0; i < sizeof handler_tables / sizeof handler_tables[0]; i++)
		for (const struct handler *h = handler_tables[i]; h->name != NULL; h++)
			if (strcmp(h->name, name) == 0)
				return h;
	return NULL;
}

static void
request_free(struct request *r)
{
	if (r->peer != NULL) {
		TAILQ_REMOVE(&r->peer->requests, r, link);
		r->peer->n_requests--;
		r->peer->n_streams -= r->streaming;
		peer_on_request_end(r->peer);
	}
	json_decref(r->args);
	json_decref(r->reply);
	free(r);
}

static void
request_write(struct request *r, json_t *o)
{
	if (r->peer == NULL) {
		json_decref(o);
		return;
	}
	(void)json_object_set_nocheck(o, "id", json_object_get(r->args, "id"));
	peer_send(r->peer, o);
}

void
request_send(struct request *r, json_t *part)
{
	request_write(r, part);
}

void
request_answer(struct request *r, json_t *reply)
{
	request_write(r, reply);
	request_free(r);
}

void
request_ok(struct request *r, json_t *ok)
{
	request_answer(r, json_pack("{s:o}", "ok", ok == NULL ? json_object() : ok));
}

static json_t *
error_of(int code, const char *field, const char *text)
{
	json_t	*e = json_pack("{s:s, s:o}", "code", err_name(code), "text", json_of_text(text, strlen(text)));

	if (field != NULL)
		(void)json_object_set_new(e, "field", json_string(field));
	return e;
}

void
request_refuse(struct request *r, int code, const char *field, const char *fmt, ...)
{
	char	text[FAULT_TEXT];
	va_list	ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	request_answer(r, json_pack("{s:o}", "error", error_of(code, field, text)));
}

void
request_fault(struct request *r, const struct fault *fault, json_t *fields)
{
	json_t	*e = error_of(fault->code, fault->field, fault->text);

	if (fault->column > 0)
		(void)json_object_set_new(e, "column", json_integer((json_int_t)fault->column));
	if (fields != NULL)
		(void)json_object_set_new(e, "fields", fields);
	request_answer(r, json_pack("{s:o}", "error", e));
}

void
request_stream(struct request *r)
{
	r->streaming = true;
	r->peer->n_streams++;
}

static void
request_on_durable(void *arg, int rc)
{
	struct request	*r = arg;
	json_t		*reply = r->reply;

	r->reply = NULL;
	if (rc == 0) {
		request_answer(r, reply);
		return;
	}
	json_decref(reply);
	if (r->peer != NULL)
		live_undone(r->control->live);
	request_refuse(r, rc, NULL, "not saved: %s", err_text(rc));
}

void
request_commit(struct request *r, struct txn *t, json_t *reply)
{
	int	rc;

	r->reply = reply;
	if ((rc = store_commit(t, request_on_durable, r)) != 0)
		request_refuse(r, rc, NULL, "not saved: %s", err_text(rc));
}

void
request_gone(struct request *r)
{
	TAILQ_REMOVE(&r->peer->requests, r, link);
	r->peer = NULL;
	if (r->on_gone != NULL)
		r->on_gone(r);
	if (r->reply == NULL)
		request_free(r);	/* else the store has it: request_on_durable() frees it */
}

const char *
request_text(const struct request *r, const char *name)
{
	return json_string_value(json_object_get(r->args, name));
}

bool
request_flag(const struct request *r, const char *name)
{
	return json_is_true(json_object_get(r->args, name));
}

json_int_t
request_number(const struct request *r, const char *name, json_int_t dflt)
{
	const json_t	*v = json_object_get(r->args, name);

	return json_is_integer(v) ? json_integer_value(v) : dflt;
}

int
request_edit(const struct request *r, const struct kind *k, struct edit *e, struct edit_numbers *numbers,
    struct fault *fault)
{
	json_t		*set = json_object_get(r->args, "set"), *was = json_object_get(r->args, "was"), *value;
	json_int_t	 version = request_number(r, "version", 0);
	const char	*name;
	int		 rc;

	memset(e, 0, sizeof *e);
	e->version = version > 0 ? (uint64_t)version : 0;
	json_object_foreach(set, name, value) {
		json_t		*old = json_object_get(was, name);
		size_t		 i = e->n < EDIT_ITEMS ? 2 * e->n : 0;
		const char	*text = json_to_text(value, numbers->text[i]);
		const char	*was_text = old == NULL ? NULL : json_to_text(old, numbers->text[i + 1]);

		if (text == NULL)
			return fault_set(fault, ERR_INVALID, NULL,
			    "%.64s: must be a string, a number, true, false or null", name);
		if ((rc = edit_add(e, k, name, text, was_text, fault)) != 0)
			return rc;
	}
	return 0;
}

/* A request's id may be any integer; without one there is nothing to answer to. */
static struct request *
request_new(struct peer *p, json_t *args)
{
	struct request	*r = calloc(1, sizeof *r);

	if (r == NULL)
		return NULL;
	r->peer = p;
	r->control = p->control;
	r->keeper = p->control->keeper;
	r->args = args;
	TAILQ_INSERT_TAIL(&p->requests, r, link);
	p->n_requests++;
	return r;
}

static void
request_cancel(struct request *r)
{
	json_t		*of = json_object_get(r->args, "of");
	struct request	*other;

	TAILQ_FOREACH(other, &r->peer->requests, link) {
		if (other != r && other->on_gone != NULL && json_equal(json_object_get(other->args, "id"), of)) {
			other->on_gone(other);
			request_free(other);
			request_ok(r, NULL);
			return;
		}
	}
	request_refuse(r, ERR_NOT_FOUND, NULL, "no such request is under way");
}

/* What each argument must be where it is there at all: {"dry":1} must not delete. */
enum argument_type { A_TEXT, A_FLAG, A_NUMBER, A_OBJECT };
static const struct {
	const char		*name;
	enum argument_type	 type;
} arguments[] = {
	{ "name", A_TEXT }, { "query", A_TEXT }, { "sort", A_TEXT }, { "group", A_TEXT }, { "contact", A_TEXT },
	{ "word", A_TEXT }, { "file", A_TEXT }, { "kind", A_TEXT }, { "filter", A_TEXT }, { "at", A_TEXT },
	{ "text", A_TEXT }, { "step", A_TEXT }, { "username", A_TEXT }, { "reverse", A_FLAG }, { "dry", A_FLAG }, { "limit", A_NUMBER }, { "version", A_NUMBER },
	{ "of", A_NUMBER }, { "first", A_NUMBER }, { "count", A_NUMBER }, { "set", A_OBJECT }, { "was", A_OBJECT },
};
static const char *const	type_words[] = {
	[A_TEXT] = "a string", [A_FLAG] = "true or false", [A_NUMBER] = "an integer", [A_OBJECT] = "an object",
};

static bool
is_of_type(const json_t *v, enum argument_type type)
{
	switch (type) {
	case A_TEXT:
		return json_is_string(v) && strlen(json_string_value(v)) == json_string_length(v);
	case A_FLAG:
		return json_is_boolean(v);
	case A_NUMBER:
		return json_is_integer(v);
	case A_OBJECT:
		return json_is_object(v);
	}
	return false;
}

/* Refuses a request with an argument of the wrong type; null is as if absent. */
static bool
arguments_fit(struct request *r)
{
	for (size_t i = 0; i < sizeof arguments / sizeof arguments[0]; i++) {
		const json_t	*v = json_object_get(r->args, arguments[i].name);

		if (v == NULL || json_is_null(v) || is_of_type(v, arguments[i].type))
			continue;
		request_refuse(r, ERR_USAGE, NULL, "\"%s\" must be %s", arguments[i].name, type_words[arguments[i].type]);
		return false;
	}
	return true;
}

/* What a command of each shape is about. */
static const char *const	args_needed[] = {
	[ARGS_NONE] = NULL, [ARGS_LIST] = NULL, [ARGS_NAME] = "name", [ARGS_ACCOUNT] = "name", [ARGS_SET] = "name",
	[ARGS_DELETE] = "name", [ARGS_DROP] = "name", [ARGS_WORD] = "word", [ARGS_BACKUP] = NULL, [ARGS_RESTORE] = NULL,
	[ARGS_REMOVE] = "name", [ARGS_RETRY] = NULL, [ARGS_TEST] = NULL, [ARGS_IMPORT] = "step", [ARGS_EXPORT] = NULL,
	[ARGS_RENDER] = "username", [ARGS_LINK] = "name",
};

static bool
has_needed(const struct request *r)
{
	const char	*needed = args_needed[r->command->args];

	if (needed == NULL)
		return true;
	if (r->command->args == ARGS_SET)
		return true;	/* `account add` makes up a name; who needs one asks for it */
	return request_text(r, needed) != NULL;
}

/* A store that is nearly full still takes what makes it emptier. */
static bool
makes_more(const struct command *c)
{
	return c->role == ROLE_OPERATOR && (c->args == ARGS_SET || c->args == ARGS_NAME || c->args == ARGS_LINK);
}

static void
request_run(struct request *r)
{
	const char		*name = request_text(r, "do");
	const struct handler	*h;
	char			 safe[64];

	if (name == NULL) {
		request_refuse(r, ERR_USAGE, NULL, "a request needs \"do\"");
		return;
	}
	if (strcmp(name, "cancel") == 0) {
		request_cancel(r);
		return;
	}
	if ((h = handler_find(name)) == NULL) {
		(void)text_safe(name, strlen(name), safe, sizeof safe, false);
		request_refuse(r, ERR_USAGE, NULL, "%s: no such command", safe);
		return;
	}
	r->command = command_find(name);
	if (r->peer->role < (r->command != NULL ? r->command->role : ROLE_VIEWER)) {
		request_refuse(r, ERR_DENIED, NULL, "%s: only operators may do that: root and members of the group %s", name,
		    r->keeper->conf.control.operators);
		return;
	}
	if (!arguments_fit(r))
		return;
	if (r->command != NULL && !has_needed(r)) {
		request_refuse(r, ERR_USAGE, NULL, "%s: the request needs \"%s\"", name,
		    args_needed[r->command->args]);
		return;
	}
	if (r->command != NULL && makes_more(r->command) && !store_is_taking(r->keeper->db.store)) {
		request_refuse(r, ERR_UNAVAILABLE, NULL, "not saved: %s", err_text(ERR_UNAVAILABLE));
		return;
	}
	h->run(r);
}

void
request_line(struct peer *p, const char *line, size_t n)
{
	json_error_t	 error;
	json_t		*args = json_loadb(line, n, JSON_REJECT_DUPLICATES, &error);
	struct request	*r;

	if (args == NULL || !json_is_object(args)) {
		json_decref(args);
		peer_drop(p, ERR_USAGE, "not a JSON object on one line");
		return;
	}
	if (!json_is_integer(json_object_get(args, "id"))) {
		json_decref(args);
		peer_send(p, json_pack("{s:o}", "error", error_of(ERR_USAGE, NULL, "a request needs an integer \"id\"")));
		return;
	}
	if ((r = request_new(p, args)) == NULL) {
		json_decref(args);
		peer_drop(p, ERR_BUSY, "out of memory");
		return;
	}
	request_run(r);
}
