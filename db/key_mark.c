#include "db/key_mark.h"

#include <sodium.h>
#include <string.h>

#include "core/err.h"

static const char	name[] = "key";

enum { MARK = 32 };

int
key_mark_check(const struct db *db)
{
	struct store_bytes	v;
	uint8_t			mark[MARK];
	int			rc;

	if ((rc = store_get(db->store, TABLE_META, name, strlen(name), &v)) != 0)
		return rc;
	seal_subkey(db->seal, 1, "wc-mark_", mark);
	return v.n == sizeof mark && sodium_memcmp(v.p, mark, sizeof mark) == 0 ? 0 : ERR_DENIED;
}

void
key_mark_put(struct txn *t, const struct db *db)
{
	uint8_t	mark[MARK];

	seal_subkey(db->seal, 1, "wc-mark_", mark);
	txn_put(t, TABLE_META, name, strlen(name), mark, sizeof mark);
}
