#include "sipd/keeper/home.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/err.h"
#include "core/log.h"
#include "db/key_mark.h"
#include "sipd/keeper/restored.h"

/* Makes a folder and those above it, for us alone. */
static int
make_folder(const char *path, char *why, size_t size)
{
	char	part[CONFIG_TEXT];
	int	rc = 0;

	for (size_t i = 1; rc == 0 && i <= strlen(path) && i < sizeof part; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		(void)snprintf(part, sizeof part, "%.*s", (int)i, path);
		rc = mkdir(part, 0700) != 0 && errno != EEXIST ? -errno : 0;
	}
	if (rc != 0)
		(void)snprintf(why, size, "%s: can't be made: %s", path, err_text(rc));
	return rc;
}

int
home_make(const struct config *c, char *why, size_t size)
{
	return make_folder(c->state_dir, why, size);
}

/* From the first start on, a store knows its key. */
static int
bind_key(struct keeper *k, const char *key, char *why, size_t size)
{
	int		 rc = key_mark_check(&k->db);
	struct txn	*t;

	if (rc == ERR_DENIED)
		(void)snprintf(why, size, "%s: is not the key that this store's passwords are sealed with: put the right one back", key);
	if (rc != ERR_NOT_FOUND)
		return rc;
	t = txn_new(k->db.store);
	key_mark_put(t, &k->db);
	(void)store_commit(t, NULL, NULL);
	if ((rc = store_sync(k->db.store)) != 0)
		log_warn("store: not marked with its key: %s", err_text(rc));
	return 0;
}

/* The master key is made with the store: a store whose key is lost must not get another. */
int
home_open(struct keeper *k, char *why, size_t size)
{
	char		store[CONFIG_TEXT + 16], key[CONFIG_TEXT + 16];
	struct stat	st;
	int		rc;

	(void)snprintf(store, sizeof store, "%s/store", k->conf.state_dir);
	(void)snprintf(key, sizeof key, "%s/master.key", k->conf.state_dir);
	if ((rc = make_folder(store, why, size)) != 0)
		return rc;
	if ((rc = store_open_lmdb(&k->db.store, store, 0, why, size)) != 0)
		return rc;
	if (stat(key, &st) != 0 && errno == ENOENT && count_get(&k->db, "accounts") > 0) {
		(void)snprintf(why, size, "%s: is gone, and the store's passwords can't be read without it: put it back", key);
		return -ENOENT;
	}
	if ((rc = seal_open(&k->db.seal, key, true, why, size)) != 0)
		return rc;
	restored_clean(store);
	return bind_key(k, key, why, size);
}
