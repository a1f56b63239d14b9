#include "sipd/keeper/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/account.h"
#include "core/group.h"
#include "core/profile.h"
#include "core/trunk.h"
#include "sipd/keeper/keeper.h"

enum { PLACES = 64, NAME = GROUP_NAME };

static const struct kind *const	named[] = { &group_kind, &profile_kind, &account_kind, &trunk_kind };

enum { KINDS = sizeof named / sizeof named[0] };

/* Any of them; it begins with its id. */
union record {
	uint64_t	id;
	struct group	group;
	struct profile	profile;
	struct account	account;
	struct trunk	trunk;
};
_Static_assert(offsetof(struct group, id) == 0 && offsetof(struct profile, id) == 0 && offsetof(struct account, id) == 0 &&
    offsetof(struct trunk, id) == 0, "the id stands first");
_Static_assert((int)PROFILE_NAME <= (int)NAME && (int)ACCOUNT_USERNAME <= (int)NAME && (int)TRUNK_NAME <= (int)NAME, "every name has room");

struct place {
	uint64_t	id;		/* 0: empty */
	char		name[NAME];
};

struct names {
	struct keeper	*k;
	struct place	 places[KINDS][PLACES];
};

static void
on_record(void *arg, enum table table, struct store_bytes key, struct store_bytes value)
{
	(void)table;
	(void)key;
	(void)value;
	names_forget(arg);
}

struct names *
names_new(struct keeper *k)
{
	struct names	*n = calloc(1, sizeof *n);

	if (n == NULL)
		return NULL;
	n->k = k;
	for (size_t i = 0; i < KINDS; i++)
		if (named[i] != &account_kind)		/* their names never change, and they change often */
			(void)store_watch(k->db.store, named[i]->table, (struct store_bytes){ "", 0 }, on_record, n);
	return n;
}

void
names_free(struct names *n)
{
	if (n == NULL)
		return;
	store_unwatch(n->k->db.store, on_record, n);
	free(n);
}

void
names_forget(struct names *n)
{
	if (n != NULL)
		memset(n->places, 0, sizeof n->places);
}

/* Where it is or will be; NULL for a kind that nothing refers to. */
static struct place *
place_of(struct names *n, const struct kind *kind, uint64_t id)
{
	for (size_t i = 0; i < KINDS; i++)
		if (named[i] == kind)
			return &n->places[i][id % PLACES];
	return NULL;
}

int
names_get(struct keeper *k, const struct kind *kind, uint64_t id, char *name, size_t size)
{
	struct place	*p = place_of(k->names, kind, id);
	union record	 r = { .id = id };
	int		 rc;

	if (p == NULL)
		return ERR_NOT_FOUND;
	if (id == 0 || p->id != id) {
		if ((rc = table_peek(&k->db, kind, id, &r)) != 0)
			return rc;
		(void)field_text(kind_tag(kind, kind->name_tag), &r, NULL, p->name, sizeof p->name);
		p->id = id;
	}
	(void)snprintf(name, size, "%s", p->name);
	return 0;
}

int
names_id(struct keeper *k, const struct kind *kind, const char *name, uint64_t *id)
{
	union record	r;
	char		why[128];
	int		rc;

	if (place_of(k->names, kind, 0) == NULL)
		return ERR_NOT_FOUND;
	memset(&r, 0, sizeof r);
	if (field_set(kind_tag(kind, kind->name_tag), &r, name, NULL, why, sizeof why) != 0)
		return ERR_NOT_FOUND;
	if ((rc = table_find(&k->db, kind, kind_names(kind)->table, &r)) == 0)
		*id = r.id;
	return rc;
}
