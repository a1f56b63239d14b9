#include "sipd/keeper/import_row.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "core/err.h"
#include "core/nearest.h"
#include "sipd/keeper/accounts.h"
#include "sipd/keeper/json.h"
#include "sipd/keeper/keeper.h"

struct judge {
	struct import_row	*row;
	struct keeper		*k;
	struct refs		 refs;
	struct account_change	 change;
	struct account		 before;	/* of an update */
	import_fault_fn		 fn;
	void			*arg;
};

static void
tell(struct judge *j, const char *field, const char *text)
{
	j->row->well = false;
	j->fn(j->arg, j->row->staged.line, field, text);
}

/* A fault's text is led by its field. */
static void
tell_fault(struct judge *j, const struct fault *f)
{
	tell(j, f->field == NULL ? "" : f->field, f->field == NULL ? f->text : f->text + strlen(f->field) + strlen(": "));
}

/* What can't be changed must be what it is. */
static void
keep_one(struct judge *j, const struct field *f, const char *text)
{
	struct account	given = j->before;
	char		why[256], now[FIELD_TEXT], fault[FAULT_TEXT];

	if (field_set(f, &given, text, &j->refs, why, sizeof why) == 0 && field_eq(f, &given, &j->before))
		return;
	(void)field_text(f, &j->before, &j->refs, now, sizeof now);
	if (now[0] == '\0')
		(void)snprintf(fault, sizeof fault, "fixed: leave it empty, or delete the account and make it again");
	else
		(void)snprintf(fault, sizeof fault, "fixed: write %.200s, or delete the account and make it again", now);
	tell(j, f->name, fault);
}

static void
set_one(struct judge *j, const struct field *f, const char *text)
{
	struct staged	*s = &j->row->staged;
	char		 why[256];

	if (s->update && (f->flags & FF_ONCE)) {
		keep_one(j, f, text);
		return;
	}
	if ((f->flags & FF_SECRET) && text[0] == '\0')
		return;
	if (field_set(f, &j->change.account, text, &j->refs, why, sizeof why) != 0) {
		tell(j, f->name, why);
	} else
		s->tags[s->n_tags++] = f->tag;
}

static void
set_all(struct judge *j, json_t *set)
{
	char		 number[JSON_NUMBER_TEXT], hint[FAULT_TEXT - 64], fault[FAULT_TEXT];
	const char	*name, *text;
	json_t		*value;

	json_object_foreach(set, name, value) {
		const struct field	*f = kind_field(&account_kind, name);

		if (f == NULL) {
			(void)snprintf(fault, sizeof fault, "no such field of account%s",
			    nearest_field(&account_kind, name, 0, FF_HIDDEN, hint, sizeof hint));
			tell(j, name, fault);
		}
		if (f == NULL || (f->flags & FF_SERVER) || strcmp(name, "username") == 0)
			continue;	/* what an export has beside: set by the daemon alone */
		else if ((text = json_to_text(value, number)) == NULL)
			tell(j, name, "must be a string, a number, true, false or null");
		else
			set_one(j, f, text);
	}
}

/* The account that is to be changed, or a new one. */
static void
begin(struct judge *j, json_t *set)
{
	const struct field	*f = kind_field(&account_kind, "username");
	const json_t		*value = json_object_get(set, "username");
	char			 number[JSON_NUMBER_TEXT], why[256];
	const char		*name = value == NULL ? "" : json_to_text(value, number);
	struct account		*a = &j->change.account;

	account_defaults(a);
	if (name == NULL)
		tell(j, "username", "must be a string");
	else if (field_set(f, a, name, NULL, why, sizeof why) != 0)
		tell(j, "username", why);
	else if (accounts_find(j->k, name, &j->before) == 0) {
		*a = j->before;
		j->row->staged.update = true;
	}
}

static void
judge_twice(struct judge *j, const char *field, enum staged_of of, const char *name)
{
	char		text[96];
	uint64_t	line;

	if (!staged_holds(&j->k->db, of, name, &line))
		return;
	(void)snprintf(text, sizeof text, "the same as in line %" PRIu64 ": keep one of them", line);
	tell(j, field, text);
}

/* A number is one account's: not that of one that there is, nor of another row. */
static void
judge_number(struct judge *j, const char *field, const char *number)
{
	char	text[192], whose[96];

	if (!accounts_number_owner(j->k, number, whose, sizeof whose)) {
		judge_twice(j, field, STAGED_NUMBER, number);
		return;
	}
	(void)snprintf(text, sizeof text, "%s belongs to %s", number, whose);
	tell(j, field, text);
}

/* What a new account needs and the row does not name; a row without other faults is judged by accounts_complete(). */
static void
judge_missing(struct judge *j, const json_t *set)
{
	for (size_t i = 0; i < account_kind.n_fields; i++) {
		const struct field	*f = &account_kind.fields[i];

		if ((f->flags & FF_NEEDED) && json_object_get(set, f->name) == NULL)
			tell(j, f->name, "may not be empty");
	}
}

void
import_row_judge(struct import_row *row, struct keeper *k, uint64_t line, json_t *set, import_fault_fn fn, void *arg)
{
	struct judge	 j = { .row = row, .k = k, .refs = keeper_refs(k), .fn = fn, .arg = arg };
	struct account	*a = &j.change.account;
	struct fault	 fault;
	int		 rc;

	memset(row, 0, sizeof *row);
	row->well = true;
	row->staged.line = line;
	begin(&j, set);
	if (json_object_size(set) <= EDIT_ITEMS)
		set_all(&j, set);
	else
		tell(&j, "", "has more fields than an account: take those out that are none");
	judge_twice(&j, "username", STAGED_USERNAME, a->username);
	if (!row->staged.update) {
		judge_number(&j, "caller_id", a->caller_id);
		judge_number(&j, "caller_id_2", a->caller_id_2);
		if (!row->well)
			judge_missing(&j, set);
		row->made_name = a->username[0] == '\0';
	}
	if (row->well) {
		rc = row->staged.update ? accounts_take_password(k, &j.change, &fault) : accounts_complete(k, &j.change, &fault);
		if (rc != 0)
			tell_fault(&j, &fault);
	}
	memcpy(row->password, j.change.password, sizeof row->password);
	row->staged.account = *a;
	sodium_memzero(row->staged.account.password, sizeof row->staged.account.password);
	sodium_memzero(&j, sizeof j);
}

static void
reserve(struct txn *t, const struct db *db, enum staged_of of, const char *name, uint64_t line)
{
	if (!staged_holds(db, of, name, NULL))
		staged_reserve(t, of, name, line);
}

void
import_row_stage(const struct import_row *row, struct txn *t, const struct db *db)
{
	const struct staged	*s = &row->staged;

	if (row->well)
		staged_put(t, db, s);
	reserve(t, db, STAGED_USERNAME, s->account.username, s->line);
	if (s->update)
		return;
	reserve(t, db, STAGED_NUMBER, s->account.caller_id, s->line);
	reserve(t, db, STAGED_NUMBER, s->account.caller_id_2, s->line);
}

/* A password's field holds nothing: its hashes go instead.  True if anything differed. */
static bool
copy_field(const struct field *f, struct account *to, const struct account *from)
{
	bool	differed = false;

	for (size_t i = 0; i < account_kind.n_fields; i++) {
		const struct field	*each = &account_kind.fields[i];
		bool			 of_it = f->flags & FF_SECRET ? (each->flags & FF_SECRET) && !(each->flags & FF_VIRTUAL) : each == f;

		if (!of_it)
			continue;
		differed |= !field_eq(each, to, from);
		memcpy((char *)to + each->offset, (const char *)from + each->offset, each->size);
	}
	return differed;
}

static enum import_result
change(const struct staged *s, struct keeper *k, struct txn *t, const char *operator, struct fault *why)
{
	struct account	before = { .id = s->account.id }, after;
	struct refs	refs = keeper_refs(k);
	char		what[EDIT_WHAT];
	int		rc;

	if ((rc = table_get(&k->db, &account_kind, &before)) != 0) {
		(void)fault_set(why, rc, NULL, "account %s: %s", s->account.username, err_text(rc));
		return IMPORT_LOST;
	}
	after = before;
	for (size_t i = 0; i < s->n_tags; i++) {
		const struct field	*f = kind_tag(&account_kind, s->tags[i]);

		if (f == NULL)
			continue;
		if (copy_field(f, &after, &s->account) && (f->flags & FF_SECRET))
			strcpy(after.password, "*");	/* for the event, which tells no more than that it changed */
	}
	rc = (int)edit_describe(&account_kind, &before, &after, &refs, what, sizeof what);
	after.password[0] = '\0';
	if (rc == 0)
		return IMPORT_SAME;
	accounts_write_change(k, t, operator, &before, &after, what);
	return IMPORT_CHANGED;
}

enum import_result
import_row_apply(struct staged *s, struct keeper *k, struct txn *t, const char *operator, struct fault *why)
{
	staged_delete(t, s);
	if (s->update)
		return change(s, k, t, operator, why);
	if (table_clash(&k->db, &account_kind, &s->account) != NULL) {
		(void)fault_set(why, ERR_EXISTS, NULL, "account %s: its name or number was taken", s->account.username);
		return IMPORT_LOST;
	}
	accounts_write_new(k, t, operator, &s->account);
	return IMPORT_ADDED;
}
