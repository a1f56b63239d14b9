#include "sipd/keeper/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/group.h"
#include "sipd/keeper/keeper.h"

enum { PLACES = 64 };

struct names {
	struct keeper	*k;
	struct {
		uint64_t	id;		/* 0: empty */
		char		name[GROUP_NAME];
	} places[PLACES];
};

static void
on_group(void *arg, enum table table, struct store_bytes key, struct store_bytes value)
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
	(void)store_watch(k->db.store, TABLE_GROUP, (struct store_bytes){ "", 0 }, on_group, n);
	return n;
}

void
names_free(struct names *n)
{
	if (n == NULL)
		return;
	store_unwatch(n->k->db.store, on_group, n);
	free(n);
}

void
names_forget(struct names *n)
{
	if (n != NULL)
		memset(n->places, 0, sizeof n->places);
}

int
names_get(struct keeper *k, uint64_t id, char *name, size_t size)
{
	struct names	*n = k->names;
	struct group	 g = { .id = id };
	int		 rc;

	if (n != NULL && id != 0 && n->places[id % PLACES].id == id) {
		(void)snprintf(name, size, "%s", n->places[id % PLACES].name);
		return 0;
	}
	if ((rc = table_get(&k->db, &group_kind, &g)) != 0)
		return rc;
	if (n != NULL) {
		n->places[id % PLACES].id = id;
		memcpy(n->places[id % PLACES].name, g.name, sizeof g.name);
	}
	(void)snprintf(name, size, "%s", g.name);
	return 0;
}

int
names_id(struct keeper *k, const char *name, uint64_t *id)
{
	struct group	g = { 0 };
	int		rc;

	if (!span_get(span_of(name), g.name, sizeof g.name))
		return ERR_NOT_FOUND;
	if ((rc = table_find(&k->db, &group_kind, TABLE_GROUP_BY_NAME, &g)) == 0)
		*id = g.id;
	return rc;
}
