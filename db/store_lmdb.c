/*
 * The LMDB driver (reliability "Store rules"): one environment, one writer thread, default sync, no DUPSORT, no WRITEMAP.
 * Reads of the loop share one read transaction, which is reset whenever the loop returns.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lmdb.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "core/varint.h"
#include "db/store_driver.h"

enum { SCHEMA = 1, FREE_TABLE = 0 /* LMDB's own, of free pages */, MAP_SHARE = 80, SPACE_EVERY_MS = 100, READERS_EVERY_MS = 60000, FAILING_MS = 10000 };

#define MAP_DEFAULT	((size_t)64 << 30)
#define FREE_FLOOR	((uint64_t)256 << 20)	/* or a tenth of a small file system */

static const char	schema_key[] = "schema";

struct lmdb {
	MDB_env		*env;
	MDB_dbi		 dbis[TABLES];
	MDB_txn		*read;		/* begun when read_live, else reset or NULL */
	bool		 read_live;
	int		 lock_fd;
	char		 path[512];
	size_t		 map_bytes;
	int64_t		 space_at, readers_at;
	bool		 space;		/* as found at space_at */
	atomic_bool	 held;		/* the last batch failed: no new work until space is looked at again */
	_Atomic int64_t	 failed_at;	/* when the last batch failed; 0: it did not */
};

/* The loop's read transaction. */
static MDB_txn *
reader(struct lmdb *l)
{
	int	rc = 0;

	if (l->read_live)
		return l->read;
	rc = l->read == NULL ? mdb_txn_begin(l->env, NULL, MDB_RDONLY, &l->read) : mdb_txn_renew(l->read);
	if (rc != 0) {
		log_error("store: can't read: %s", mdb_strerror(rc));
		return NULL;
	}
	l->read_live = true;
	return l->read;
}

static void
lmdb_release(void *d)
{
	struct lmdb	*l = d;

	if (l->read_live)
		mdb_txn_reset(l->read);
	l->read_live = false;
}

static MDB_val
val_of(const void *p, size_t n)
{
	union {
		const void	*in;
		void		*out;	/* LMDB's type is not const; it does not write through it */
	} u = { .in = p };

	return (MDB_val){ .mv_data = u.out, .mv_size = n };
}

static int
lmdb_get(void *d, enum table table, const void *key, size_t n, struct store_bytes *value)
{
	struct lmdb	*l = d;
	MDB_txn		*txn = reader(l);
	MDB_val		 k = val_of(key, n), v;

	if (txn == NULL)
		return ERR_CORRUPT;
	if (mdb_get(txn, l->dbis[table], &k, &v) != 0)
		return ERR_NOT_FOUND;
	*value = (struct store_bytes){ .p = v.mv_data, .n = v.mv_size };
	return 0;
}

struct lmdb_cursor {
	MDB_cursor	*c;
	MDB_val		 key, value;
	bool		 there;
};

static void
cursor_move(struct lmdb_cursor *c, MDB_cursor_op op)
{
	c->there = mdb_cursor_get(c->c, &c->key, &c->value, op) == 0;
}

static void *
lmdb_seek(void *d, enum table table, const struct store_bytes *from, bool backwards)
{
	struct lmdb		*l = d;
	struct lmdb_cursor	*c = calloc(1, sizeof *c);
	MDB_txn			*txn = reader(l);

	if (c == NULL || txn == NULL || mdb_cursor_open(txn, l->dbis[table], &c->c) != 0) {
		free(c);
		return NULL;
	}
	if (from == NULL) {
		cursor_move(c, backwards ? MDB_LAST : MDB_FIRST);
		return c;
	}
	c->key = val_of(from->p, from->n);
	cursor_move(c, MDB_SET_RANGE);
	if (backwards)
		cursor_move(c, c->there ? MDB_PREV : MDB_LAST);
	return c;
}

static bool
lmdb_at(void *cursor, struct store_bytes *key, struct store_bytes *value)
{
	const struct lmdb_cursor	*c = cursor;

	if (!c->there)
		return false;
	*key = (struct store_bytes){ .p = c->key.mv_data, .n = c->key.mv_size };
	*value = (struct store_bytes){ .p = c->value.mv_data, .n = c->value.mv_size };
	return true;
}

static void
lmdb_step(void *cursor, bool backwards)
{
	cursor_move(cursor, backwards ? MDB_PREV : MDB_NEXT);
}

static void
lmdb_done(void *cursor)
{
	struct lmdb_cursor	*c = cursor;

	mdb_cursor_close(c->c);
	free(c);
}

static int
table_apply(struct lmdb *l, MDB_txn *txn, enum table table, const struct tree *changes)
{
	int	rc = 0;

	for (struct tree_node *n = tree_first(changes); rc == 0 && n != NULL; n = tree_next(n)) {
		size_t		 key_n, value_n;
		const void	*key = tree_key(n, &key_n);
		const uint8_t	*v = tree_value(n, &value_n);
		MDB_val		 k = val_of(key, key_n), value = val_of(v + 1, value_n - 1);

		if (v[0] == CHANGE_PUT)
			rc = mdb_put(txn, l->dbis[table], &k, &value, 0);
		else if ((rc = mdb_del(txn, l->dbis[table], &k, NULL)) == MDB_NOTFOUND)
			rc = 0;
	}
	return rc;
}

/* A code of LMDB's as one of ours, with a word in the log where a person should act. */
static int
rc_of(struct lmdb *l, int rc)
{
	if (rc == 0) {
		atomic_store(&l->held, false);
		atomic_store(&l->failed_at, 0);
		return 0;
	}
	atomic_store(&l->failed_at, clock_boot_ms());
	log_error("store: %s: %s", l->path, mdb_strerror(rc));
	if (rc == MDB_PANIC || rc == MDB_CORRUPTED || rc == MDB_PAGE_NOTFOUND)
		return ERR_CORRUPT;
	atomic_store(&l->held, true);
	return ERR_UNAVAILABLE;
}

/* A write of the header that failed has broken the environment; LMDB says so only to the next who asks. */
static bool
is_broken(struct lmdb *l)
{
	MDB_txn	*txn;
	int	 rc = mdb_txn_begin(l->env, NULL, 0, &txn);

	if (rc == 0)
		mdb_txn_abort(txn);
	return rc == MDB_PANIC;
}

static int
lmdb_apply(void *d, const struct changes *changes)
{
	struct lmdb	*l = d;
	MDB_txn		*txn;
	int		 rc, dead;

	if (clock_boot_ms() - l->readers_at > READERS_EVERY_MS) {
		(void)mdb_reader_check(l->env, &dead);
		l->readers_at = clock_boot_ms();
	}
	if ((rc = mdb_txn_begin(l->env, NULL, 0, &txn)) != 0)
		return rc_of(l, rc);
	for (size_t i = 0; rc == 0 && i < TABLES; i++)
		if (changes->tables[i] != NULL)
			rc = table_apply(l, txn, (enum table)i, changes->tables[i]);
	if (rc != 0) {
		mdb_txn_abort(txn);
		return rc_of(l, rc);
	}
	if ((rc = rc_of(l, mdb_txn_commit(txn))) == ERR_UNAVAILABLE && is_broken(l))
		rc = rc_of(l, MDB_PANIC);
	return rc;
}

static uint64_t
used_bytes(struct lmdb *l, size_t *map)
{
	MDB_envinfo	info;
	MDB_stat	st;

	mdb_env_info(l->env, &info);
	mdb_env_stat(l->env, &st);
	*map = info.me_mapsize;
	return ((uint64_t)info.me_last_pgno + 1) * st.ms_psize;
}

/* Of pages that are free, or soon will be, inside of the file: it never shrinks. */
static uint64_t
free_bytes(struct lmdb *l)
{
	MDB_txn		*txn = reader(l);
	MDB_cursor	*c;
	MDB_val		 k, v;
	MDB_stat	 st;
	uint64_t	 pages = 0;
	size_t		 n;

	if (txn == NULL || mdb_cursor_open(txn, FREE_TABLE, &c) != 0)
		return 0;
	while (mdb_cursor_get(c, &k, &v, MDB_NEXT) == 0) {
		memcpy(&n, v.mv_data, sizeof n);	/* a list of pages, its length first */
		pages += n;
	}
	mdb_cursor_close(c);
	mdb_env_stat(l->env, &st);
	return pages * st.ms_psize;
}

/* Deletes and deliveries go on below these limits, so they must leave room. */
static uint64_t
free_floor(const struct statvfs *fs)
{
	uint64_t	size = (uint64_t)fs->f_blocks * fs->f_frsize;

	return size / 10 < FREE_FLOOR ? size / 10 : FREE_FLOOR;
}

static bool
has_space(struct lmdb *l)
{
	struct statvfs	fs;
	size_t		map;
	uint64_t	used = used_bytes(l, &map), most = (uint64_t)map / 100 * MAP_SHARE, room;

	if (used > most && used - free_bytes(l) > most)
		return false;
	if (statvfs(l->path, &fs) != 0)
		return true;
	room = (uint64_t)fs.f_bavail * fs.f_frsize;
	return room >= free_floor(&fs) || room + free_bytes(l) >= free_floor(&fs);
}

/* A copy must not take the space that the store itself needs. */
static bool
has_room(struct lmdb *l, int fd)
{
	struct statvfs	fs;
	size_t		map;

	return fstatvfs(fd, &fs) != 0 || (uint64_t)fs.f_bavail * fs.f_frsize >= used_bytes(l, &map) + free_floor(&fs);
}

/*
 * Compact: free pages, and with them what was deleted, stay behind.  LMDB refuses that (MDB_INCOMPATIBLE) where a page was lost to
 * its list of free ones; then the pages are copied as they lie.
 */
static int
lmdb_backup(void *d, int fd)
{
	struct lmdb	*l = d;
	int		 rc;

	if (!has_room(l, fd))
		return -ENOSPC;
	if ((rc = mdb_env_copyfd2(l->env, fd, MDB_CP_COMPACT)) == MDB_INCOMPATIBLE && ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0)
		rc = mdb_env_copyfd2(l->env, fd, 0);
	if (rc == 0)
		return 0;
	if (rc != EBADF)
		log_error("store: %s: not copied: %s", l->path, mdb_strerror(rc));
	return rc > 0 ? -rc : ERR_UNAVAILABLE;
}

static bool
lmdb_is_taking(void *d)
{
	struct lmdb	*l = d;
	int64_t		 now = clock_boot_ms();
	bool		 space;

	if (now - l->space_at >= SPACE_EVERY_MS) {
		space = has_space(l);
		if (space != l->space)
			log_warn("store: %s: %s", l->path, space ? "there is room again" : "nearly full, new work is refused");
		l->space = space;
		l->space_at = now;
		if (space)
			atomic_store(&l->held, false);	/* the next batch tries */
	}
	return l->space && !atomic_load(&l->held);
}

static void
lmdb_stat(void *d, struct store_stat *st)
{
	struct lmdb	*l = d;
	int64_t		 failed_at = atomic_load(&l->failed_at);
	size_t		 map;

	st->used_bytes = used_bytes(l, &map);
	st->map_bytes = map;
	st->failing = failed_at != 0 && clock_boot_ms() - failed_at < FAILING_MS;
}

static void
lmdb_close(void *d)
{
	struct lmdb	*l = d;

	if (l->read != NULL)
		mdb_txn_abort(l->read);
	if (l->env != NULL)
		mdb_env_close(l->env);
	if (l->lock_fd >= 0)
		close(l->lock_fd);
	free(l);
}

static const struct store_driver	lmdb_driver = {
	.threaded = true, .get = lmdb_get, .seek = lmdb_seek, .at = lmdb_at, .step = lmdb_step, .done = lmdb_done,
	.release = lmdb_release, .apply = lmdb_apply, .backup = lmdb_backup, .is_taking = lmdb_is_taking, .stat = lmdb_stat,
	.close = lmdb_close,
};

int
store_lock(const char *path, char *why, size_t size)
{
	char	file[600], pid[32] = "";
	ssize_t	n;
	int	fd;

	(void)snprintf(file, sizeof file, "%s/owner", path);
	if ((fd = open(file, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)) < 0) {
		(void)snprintf(why, size, "%s: %s", file, strerror(errno));
		return -errno;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		n = read(fd, pid, sizeof pid - 1);
		(void)snprintf(why, size, "%s: in use by process %.*s", path, n > 0 ? (int)strcspn(pid, "\n") : 1, n > 0 ? pid : "?");
		close(fd);
		return -EBUSY;
	}
	(void)snprintf(pid, sizeof pid, "%d\n", (int)getpid());
	if (ftruncate(fd, 0) != 0 || write(fd, pid, strlen(pid)) < 0)
		log_warn("store: %s: %s", file, strerror(errno));
	return fd;
}

static int
open_fault(struct lmdb *l, int rc, char *why, size_t size)
{
	if (rc == MDB_INVALID || rc == MDB_VERSION_MISMATCH || rc == MDB_CORRUPTED || rc == MDB_PAGE_NOTFOUND || rc == EINVAL) {
		(void)snprintf(why, size, "%s/data.mdb: damaged, or not a store of Wirechief: restore a backup", l->path);
		return ERR_CORRUPT;
	}
	(void)snprintf(why, size, "%s/data.mdb: %s", l->path, mdb_strerror(rc));
	return rc > 0 ? -rc : ERR_UNAVAILABLE;
}

static int
tables_open(struct lmdb *l, MDB_txn *txn)
{
	int	rc = 0;

	for (size_t i = 0; rc == 0 && i < TABLES; i++)
		rc = mdb_dbi_open(txn, table_name((enum table)i), MDB_CREATE, &l->dbis[i]);
	return rc;
}

/* Writes the schema's number into a new store; compares it in another. */
static int
schema_check(struct lmdb *l, MDB_txn *txn, char *why, size_t size)
{
	MDB_val		k = val_of(schema_key, sizeof schema_key - 1), v;
	uint8_t		number[8];
	uint64_t	found;
	int		rc = mdb_get(txn, l->dbis[TABLE_META], &k, &v);

	if (rc == MDB_NOTFOUND) {
		be64_put(number, SCHEMA);
		v = val_of(number, sizeof number);
		rc = mdb_put(txn, l->dbis[TABLE_META], &k, &v, 0);
		return rc == 0 ? 0 : open_fault(l, rc, why, size);
	}
	if (rc != 0 || v.mv_size != 8)
		return open_fault(l, MDB_CORRUPTED, why, size);
	found = be64_get(v.mv_data);
	if (found > SCHEMA) {
		(void)snprintf(why, size, "%s/data.mdb: written by a newer version of Wirechief (schema %llu, this one knows %d)", l->path,
		    (unsigned long long)found, SCHEMA);
		return ERR_NEWER;
	}
	return found == SCHEMA ? 0 : open_fault(l, MDB_CORRUPTED, why, size);
}

static int
tables_prepare(struct lmdb *l, char *why, size_t size)
{
	MDB_txn	*txn;
	int	 rc;

	if ((rc = mdb_txn_begin(l->env, NULL, 0, &txn)) != 0)
		return open_fault(l, rc, why, size);
	if ((rc = tables_open(l, txn)) != 0)
		rc = open_fault(l, rc, why, size);
	else
		rc = schema_check(l, txn, why, size);
	if (rc != 0) {
		mdb_txn_abort(txn);
		return rc;
	}
	rc = mdb_txn_commit(txn);
	return rc == 0 ? 0 : open_fault(l, rc, why, size);
}

/* One walk through a file, and where a read of a page that it does not hold comes back to: signal handlers have no arguments of ours. */
static struct {
	sigjmp_buf	 back;
	MDB_env		*env;
	MDB_txn		*txn;
	MDB_cursor	*cursor;
} walk;

static void
on_missing_page(int sig)
{
	siglongjmp(walk.back, sig);
}

/* Touches every page of every table. */
static bool
walk_all(const char *path)
{
	volatile uint8_t sum = 0;	/* so that the reads are done */
	MDB_dbi		 dbi;
	MDB_val		 k, v;

	if (mdb_env_create(&walk.env) != 0 || mdb_env_set_maxdbs(walk.env, TABLES) != 0 ||
	    mdb_env_open(walk.env, path, MDB_RDONLY | MDB_NOLOCK | MDB_NOTLS, 0600) != 0 ||
	    mdb_txn_begin(walk.env, NULL, MDB_RDONLY, &walk.txn) != 0)
		return false;
	for (size_t i = 0; i < TABLES; i++) {
		if (mdb_dbi_open(walk.txn, table_name((enum table)i), 0, &dbi) != 0)
			continue;
		if (mdb_cursor_open(walk.txn, dbi, &walk.cursor) != 0)
			return false;
		while (mdb_cursor_get(walk.cursor, &k, &v, MDB_NEXT) == 0)
			for (size_t at = 0; at < v.mv_size; at += 1024)
				sum = (uint8_t)(sum ^ ((const uint8_t *)v.mv_data)[at]);
		mdb_cursor_close(walk.cursor);
		walk.cursor = NULL;
	}
	return true;
}

static void
walk_end(void)
{
	if (walk.cursor != NULL)
		mdb_cursor_close(walk.cursor);
	if (walk.txn != NULL)
		mdb_txn_abort(walk.txn);
	if (walk.env != NULL)
		mdb_env_close(walk.env);
	memset(&walk, 0, sizeof walk);
}

/*
 * A file cut short: what is missing may be pages that no one uses (LMDB frees some before it writes them), or a SIGBUS for whoever reads
 * them.  So everything is read once with the signal caught; if it comes back, the file is only filled up.  No thread is there yet.
 */
static bool
short_file_is_whole(const struct lmdb *l)
{
	struct sigaction	catch = { .sa_handler = on_missing_page, .sa_flags = SA_NODEFER }, old;
	bool			whole;

	(void)sigaction(SIGBUS, &catch, &old);
	whole = sigsetjmp(walk.back, 1) == 0 && walk_all(l->path);
	(void)sigaction(SIGBUS, &old, NULL);
	walk_end();
	return whole;
}

/* The file holds every page that its header speaks of. */
static int
length_check(struct lmdb *l, char *why, size_t size)
{
	struct stat	st;
	size_t		map;
	uint64_t	need = used_bytes(l, &map);
	char		file[600];

	(void)snprintf(file, sizeof file, "%s/data.mdb", l->path);
	if (stat(file, &st) != 0)
		return open_fault(l, errno, why, size);
	if ((uint64_t)st.st_size >= need || st.st_size == 0)
		return 0;
	if (!short_file_is_whole(l))
		return open_fault(l, MDB_CORRUPTED, why, size);
	return truncate(file, (off_t)need) == 0 ? 0 : open_fault(l, errno, why, size);
}

static int
env_open(struct lmdb *l, char *why, size_t size)
{
	int	rc;

	if ((rc = mdb_env_create(&l->env)) != 0 || (rc = mdb_env_set_maxdbs(l->env, TABLES + 4)) != 0 ||
	    (rc = mdb_env_set_mapsize(l->env, l->map_bytes)) != 0 || (rc = mdb_env_open(l->env, l->path, MDB_NOTLS, 0600)) != 0)
		return open_fault(l, rc, why, size);
	if ((rc = length_check(l, why, size)) != 0)
		return rc;
	return tables_prepare(l, why, size);
}

int
store_open_lmdb(struct store **out, const char *path, size_t map_bytes, char *why, size_t size)
{
	struct lmdb	*l = calloc(1, sizeof *l);
	int		 rc;

	if (l == NULL)
		return -ENOMEM;
	l->lock_fd = -1;
	l->map_bytes = map_bytes == 0 ? MAP_DEFAULT : map_bytes;
	l->space = true;
	(void)snprintf(l->path, sizeof l->path, "%s", path);
	if ((rc = l->lock_fd = store_lock(path, why, size)) < 0 || (rc = env_open(l, why, size)) != 0) {
		lmdb_close(l);
		return rc;
	}
	return store_new(out, &lmdb_driver, l);
}
