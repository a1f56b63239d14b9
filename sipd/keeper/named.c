#include "sipd/keeper/named.h"

#include <stdio.h>
#include <string.h>

#include "core/err.h"
#include "sipd/keeper/events.h"
#include "sipd/keeper/groups.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/profiles.h"
#include "sipd/keeper/trunks.h"

static const struct named *const	rows[] = { &groups_named, &profiles_named, &trunks_named };

const struct named *
named_of(const char *kind)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (strcmp(rows[i]->kind->name, kind) == 0)
			return rows[i];
	return NULL;
}

static void *
at(void *record, size_t offset)
{
	return (char *)record + offset;
}

uint64_t
named_version(const struct named *n, const void *record)
{
	return *(const uint64_t *)(const void *)((const char *)record + n->version);
}

static const struct field *
name_field(const struct named *n)
{
	return kind_tag(n->kind, n->kind->name_tag);
}

static const char *
name_of(const struct named *n, const void *record)
{
	return (const char *)record + name_field(n)->offset;
}

int
named_find(struct keeper *k, const struct named *n, const char *name, void *record)
{
	const struct field	*f = name_field(n);

	memset(record, 0, n->kind->size);
	if (name[0] == '\0' || strlen(name) >= f->size)
		return ERR_NOT_FOUND;
	memcpy(at(record, f->offset), name, strlen(name));
	return table_find(&k->db, n->kind, kind_names(n->kind)->table, record);
}

static int
check(struct keeper *k, const struct named *n, const struct edit *e, void *record, struct fault *fault)
{
	const struct field	*f;
	char			 why[256];
	int			 rc;

	if ((rc = record_check(n->kind, record, &f, why, sizeof why)) != 0)
		return fault_set(fault, rc, f->name, "%s", why);
	if (n->check != NULL && (rc = n->check(k, e, record, fault)) != 0)
		return rc;
	if ((f = table_clash(&k->db, n->kind, record)) != NULL)
		return fault_set(fault, ERR_EXISTS, f->name, "there is a %s of that name already", n->kind->name);
	return 0;
}

static void
defaults(const struct named *n, void *record)
{
	memset(record, 0, n->kind->size);
	if (n->defaults != NULL)
		n->defaults(record);
}

static void
tell(struct keeper *k, const struct named *n, struct txn *t, const char *operator, const char *name, const void *record, const char *what)
{
	events_add(k->events, t, EVENT_INFO, "admin", name_of(n, record), operator, "%s %s: %s", n->kind->name, name, what);
}

/* "made, host "sip.example.com"": of what is not as usual. */
static void
tell_made(struct keeper *k, const struct named *n, struct txn *t, const char *operator, const void *record)
{
	struct refs		refs = keeper_refs(k);
	union named_record	usual;
	char			made[EDIT_WHAT + 8], what[EDIT_WHAT];
	const struct field	*f = name_field(n);

	defaults(n, &usual);
	memcpy(at(&usual, f->offset), name_of(n, record), f->size);
	(void)edit_describe_new(n->kind, &usual, record, &refs, what, sizeof what);
	(void)snprintf(made, sizeof made, "made%s%s", what[0] == '\0' ? "" : ", ", what);
	tell(k, n, t, operator, name_of(n, record), record, made);
}

int
named_add(struct keeper *k, const struct named *n, struct txn *t, const char *operator, const char *name, const struct edit *e,
    void *record, struct fault *fault)
{
	struct refs	refs = keeper_refs(k);
	int64_t		now = keeper_now(k);
	char		why[256];
	int		rc;

	defaults(n, record);
	if ((rc = field_set(name_field(n), record, name, NULL, why, sizeof why)) != 0)
		return fault_set(fault, rc, name_field(n)->name, "%s", why);
	if ((rc = edit_apply(e, record, true, &refs, fault)) != 0 || (rc = check(k, n, e, record, fault)) != 0)
		return rc;
	*(uint64_t *)at(record, n->id) = table_next_id(t, &k->db, n->kind->name);
	*(uint64_t *)at(record, n->version) = 1;
	*(int64_t *)at(record, n->created_at) = *(int64_t *)at(record, n->updated_at) = now;
	table_put(t, &k->db, n->kind, record);
	count_add(t, &k->db, n->counter, 1);
	tell_made(k, n, t, operator, record);
	return 0;
}

int
named_set(struct keeper *k, const struct named *n, struct txn *t, const char *operator, struct edit *e, void *record, bool *changed,
    struct fault *fault)
{
	struct refs		refs = keeper_refs(k);
	union named_record	before;
	char			what[EDIT_WHAT];
	int			rc;

	memcpy(&before, record, n->kind->size);
	if ((rc = edit_conflicts(e, record, named_version(n, record), &refs, fault)) != 0 ||
	    (rc = edit_apply(e, record, false, &refs, fault)) != 0 || (rc = check(k, n, e, record, fault)) != 0)
		return rc;
	*changed = edit_describe(n->kind, &before, record, &refs, what, sizeof what) > 0;
	if (!*changed)
		return 0;
	++*(uint64_t *)at(record, n->version);
	*(int64_t *)at(record, n->updated_at) = keeper_now(k);
	table_put(t, &k->db, n->kind, record);
	tell(k, n, t, operator, name_of(n, &before), record, what);
	return 0;
}

int
named_delete(struct keeper *k, const struct named *n, struct txn *t, const char *operator, const void *record, struct fault *fault)
{
	int	rc;

	if (n->may_delete != NULL && (rc = n->may_delete(k, record, fault)) != 0)
		return rc;
	if (t == NULL)
		return 0;
	table_delete(t, &k->db, n->kind, record);
	count_add(t, &k->db, n->counter, -1);
	tell(k, n, t, operator, name_of(n, record), record, "deleted");
	return 0;
}
