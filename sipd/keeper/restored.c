#include "sipd/keeper/restored.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/varint.h"
#include "sipd/keeper/events.h"
#include "sipd/keeper/keeper.h"

/* TABLE_META "restored" -> u64 when the backup was made, name of the operator. */
static const char	name[] = "restored";

void
restored_clean(const char *store)
{
	static const char *const	files[] = { "/data.mdb", "/lock.mdb", "/owner", "" };
	char				path[600];

	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		(void)snprintf(path, sizeof path, "%s/%s%s", store, RESTORED_FOLDER, files[i]);
		(void)unlinkat(AT_FDCWD, path, files[i][0] == '\0' ? AT_REMOVEDIR : 0);
	}
}

void
restored_mark(const struct db *db, int64_t made_at)
{
	const struct passwd	*pw = getpwuid(getuid());
	struct txn		*t = txn_new(db->store);
	uint8_t			 value[8 + 64];
	size_t			 n;

	be64_put(value, (uint64_t)made_at);
	n = (size_t)snprintf((char *)value + 8, sizeof value - 8, "%.60s", pw == NULL ? "?" : pw->pw_name);
	txn_put(t, TABLE_META, name, strlen(name), value, 8 + n);
	(void)store_commit(t, NULL, NULL);	/* what is wrong, the caller's store_sync() tells */
}

void
restored_tell(struct keeper *k)
{
	struct store_bytes	v;
	char			operator[64], made[CLOCK_TEXT] = "an unknown time";
	struct txn		*t;
	int64_t			made_at;

	if (store_get(k->db.store, TABLE_META, name, strlen(name), &v) != 0 || v.n < 8)
		return;
	(void)snprintf(operator, sizeof operator, "%.*s", (int)(v.n - 8), (const char *)v.p + 8);
	if ((made_at = (int64_t)be64_get(v.p)) != 0)
		(void)clock_text(made_at, made);
	t = txn_new(k->db.store);
	events_add(k->events, t, EVENT_WARN, "admin", "backup", operator, "the store was restored from a backup of %s", made);
	txn_delete(t, TABLE_META, name, strlen(name));
	if (store_commit(t, NULL, NULL) == 0)
		log_notice("store: restored from a backup of %s by %s", made, operator);
}
