/* links: db */
/* One conformance suite over all drivers of the store, and what only LMDB has: files. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include "core/err.h"
#include "core/varint.h"
#include "db/store.h"

struct fixture {
	bool		 lmdb;
	char		 dir[64];
	struct store	*store;
	int		 told[64], n_told;
	int		 undone;
};

static void
folder_remove(const char *dir)
{
	char	command[128];

	(void)snprintf(command, sizeof command, "rm -rf '%s'", dir);
	assert_int_equal(system(command), 0);
}

static void
reopen(struct fixture *f)
{
	char	why[256] = "";

	if (f->store != NULL)
		store_close(f->store);
	f->store = NULL;
	if (f->lmdb)
		assert_int_equal(store_open_lmdb(&f->store, f->dir, (size_t)64 << 20, why, sizeof why), 0);
	else
		assert_int_equal(store_open_memory(&f->store), 0);
}

static int
setup(void **state, bool lmdb)
{
	struct fixture	*f = calloc(1, sizeof *f);

	f->lmdb = lmdb;
	(void)strcpy(f->dir, "/tmp/wirechief-store-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	reopen(f);
	*state = f;
	return 0;
}

static int
setup_memory(void **state)
{
	return setup(state, false);
}

static int
setup_lmdb(void **state)
{
	return setup(state, true);
}

static int
teardown(void **state)
{
	struct fixture	*f = *state;

	store_close(f->store);
	folder_remove(f->dir);
	free(f);
	return 0;
}

static void
on_durable(void *arg, int rc)
{
	struct fixture	*f = arg;

	assert_in_range(f->n_told, 0, 63);
	f->told[f->n_told++] = rc;
}

static void
on_undone(void *arg, int rc)
{
	struct fixture	*f = arg;

	assert_true(rc < 0);
	f->undone++;
}

static void
put(struct txn *t, const char *key, const char *value)
{
	txn_put(t, TABLE_META, key, strlen(key), value, strlen(value));
}

static int
put_one(struct fixture *f, const char *key, const char *value)
{
	struct txn	*t = txn_new(f->store);

	put(t, key, value);
	return store_commit(t, on_durable, f);
}

static void
assert_stored(struct fixture *f, const char *key, const char *value)
{
	struct store_bytes	v;
	int			rc = store_get(f->store, TABLE_META, key, strlen(key), &v);

	if (value == NULL) {
		assert_int_equal(rc, ERR_NOT_FOUND);
		return;
	}
	assert_int_equal(rc, 0);
	assert_int_equal(v.n, strlen(value));
	assert_memory_equal(v.p, value, v.n);
}

static void
test_seen_before_durable(void **state)
{
	struct fixture	*f = *state;

	assert_int_equal(put_one(f, "a", "1"), 0);
	assert_stored(f, "a", "1");
	assert_int_equal(f->n_told, 0);		/* not before the loop comes back */
	assert_int_equal(put_one(f, "a", "2"), 0);
	assert_stored(f, "a", "2");
	assert_int_equal(store_sync(f->store), 0);
	assert_int_equal(f->n_told, 2);
	assert_stored(f, "a", "2");
}

static void
test_compare_and_set(void **state)
{
	struct fixture		*f = *state;
	struct store_bytes	 one = { .p = "1", .n = 1 };
	struct txn		*t = txn_new(f->store);

	txn_expect(t, TABLE_META, "a", 1, NULL);
	put(t, "a", "1");
	assert_int_equal(store_commit(t, NULL, NULL), 0);
	t = txn_new(f->store);
	txn_expect(t, TABLE_META, "a", 1, NULL);
	put(t, "a", "3");
	assert_int_equal(store_commit(t, on_durable, f), ERR_CONFLICT);
	t = txn_new(f->store);
	txn_expect(t, TABLE_META, "a", 1, &one);
	put(t, "a", "2");
	put(t, "b", "2");
	assert_int_equal(store_commit(t, NULL, NULL), 0);
	t = txn_new(f->store);
	txn_expect(t, TABLE_META, "a", 1, &one);
	put(t, "c", "3");
	assert_int_equal(store_commit(t, on_durable, f), ERR_CONFLICT);
	assert_stored(f, "a", "2");
	assert_stored(f, "c", NULL);
	assert_int_equal(store_sync(f->store), 0);
	assert_int_equal(f->n_told, 0);		/* a refused one is never told */
}

static void
test_first_error_stays(void **state)
{
	struct fixture	*f = *state;
	struct txn	*t = txn_new(f->store);

	txn_fail(t, ERR_IN_USE);
	txn_fail(t, ERR_EXISTS);
	put(t, "a", "1");
	assert_int_equal(store_commit(t, NULL, NULL), ERR_IN_USE);
	assert_stored(f, "a", NULL);
	t = txn_new(f->store);
	txn_put(t, TABLE_META, "a", 1, "x", (size_t)STORE_VALUE_MAX + 1);
	assert_int_equal(store_commit(t, NULL, NULL), ERR_TOO_LARGE);
}

static void
test_numbers_add_at_the_commit(void **state)
{
	struct fixture		*f = *state;
	struct txn		*first = txn_new(f->store), *second = txn_new(f->store);
	struct store_bytes	 v;

	txn_add(first, TABLE_COUNT, "n", 1, 5);
	txn_add(second, TABLE_COUNT, "n", 1, 2);
	assert_int_equal(store_commit(first, NULL, NULL), 0);
	assert_int_equal(store_commit(second, NULL, NULL), 0);
	assert_int_equal(store_get(f->store, TABLE_COUNT, "n", 1, &v), 0);
	assert_int_equal(be64_get(v.p), 7);
	first = txn_new(f->store);
	txn_add(first, TABLE_COUNT, "n", 1, -100);
	assert_int_equal(store_commit(first, NULL, NULL), 0);
	assert_int_equal(store_get(f->store, TABLE_COUNT, "n", 1, &v), 0);
	assert_int_equal(be64_get(v.p), 0);
}

struct changes_seen {
	int	puts, deletes;
};

static void
on_change(void *arg, enum table table, struct store_bytes key, struct store_bytes value)
{
	struct changes_seen	*seen = arg;

	assert_int_equal(table, TABLE_META);
	assert_memory_equal(key.p, "w/", 2);
	if (value.p == NULL)
		seen->deletes++;
	else
		seen->puts++;
}

static void
test_watch(void **state)
{
	struct fixture		*f = *state;
	struct changes_seen	 seen = { 0 };
	struct txn		*t;

	assert_int_equal(store_watch(f->store, TABLE_META, (struct store_bytes){ .p = "w/", .n = 2 }, on_change, &seen), 0);
	assert_int_equal(put_one(f, "w/a", "1"), 0);
	assert_int_equal(put_one(f, "v/a", "1"), 0);
	assert_int_equal(seen.puts, 0);
	assert_int_equal(store_sync(f->store), 0);
	assert_int_equal(seen.puts, 1);
	t = txn_new(f->store);
	txn_delete(t, TABLE_META, "w/a", 3);
	assert_int_equal(store_commit(t, NULL, NULL), 0);
	assert_int_equal(store_sync(f->store), 0);
	assert_int_equal(seen.deletes, 1);
	store_unwatch(f->store, on_change, &seen);
	assert_int_equal(put_one(f, "w/b", "1"), 0);
	assert_int_equal(store_sync(f->store), 0);
	assert_int_equal(seen.puts, 1);
}

enum { KEYS = 60, ROUNDS = 4000 };

struct model {
	bool	there[KEYS];
	uint8_t	value[KEYS];
};

struct collected {
	uint8_t	keys[KEYS], values[KEYS];
	size_t	n;
};

static int
collect(void *arg, struct store_bytes key, struct store_bytes value)
{
	struct collected	*c = arg;

	assert_in_range(c->n, 0, KEYS - 1);
	c->keys[c->n] = ((const uint8_t *)key.p)[1];
	c->values[c->n++] = ((const uint8_t *)value.p)[0];
	return 0;
}

static void
range_agrees(struct store *s, const struct model *m, unsigned from, unsigned to, bool backwards, size_t limit)
{
	uint8_t			a[2] = { 'k', (uint8_t)from }, b[2] = { 'k', (uint8_t)to };
	struct store_bytes	start = { .p = a, .n = 2 }, end = { .p = b, .n = 2 };
	struct collected	got = { .n = 0 };
	size_t			n = 0;

	assert_int_equal(store_range(s, TABLE_EVENT, start, &end, backwards, limit, collect, &got), 0);
	for (unsigned i = 0; i < KEYS; i++) {
		unsigned	at = backwards ? KEYS - 1 - i : i;

		if (!m->there[at] || at < from || at >= to || (limit != 0 && n == limit))
			continue;
		assert_in_range(n, 0, got.n - 1);
		assert_int_equal(got.keys[n], at);
		assert_int_equal(got.values[n], m->value[at]);
		n++;
	}
	assert_int_equal(got.n, n);
}

static void
random_change(struct store *s, struct model *m, unsigned *seed)
{
	struct txn	*t = txn_new(s);

	for (int n = rand_r(seed) % 4; n >= 0; n--) {
		unsigned	at = (unsigned)rand_r(seed) % KEYS;
		uint8_t		key[2] = { 'k', (uint8_t)at };

		if (rand_r(seed) % 3 == 0) {
			m->there[at] = false;
			txn_delete(t, TABLE_EVENT, key, sizeof key);
		} else {
			m->there[at] = true;
			m->value[at] = (uint8_t)rand_r(seed);
			txn_put(t, TABLE_EVENT, key, sizeof key, &m->value[at], 1);
		}
	}
	assert_int_equal(store_commit(t, NULL, NULL), 0);
}

/* What is on disk, with the writer and pending, always reads as one. */
static void
test_random_against_model(void **state)
{
	struct fixture	*f = *state;
	struct model	 m = { 0 };
	unsigned	 seed = 99;

	for (int round = 0; round < ROUNDS; round++) {
		unsigned	a = (unsigned)rand_r(&seed) % KEYS, b = (unsigned)rand_r(&seed) % (KEYS + 1);

		random_change(f->store, &m, &seed);
		switch (rand_r(&seed) % 8) {
		case 0:
			store_flush(f->store);
			break;
		case 1:
			store_on_ready(f->store);
			break;
		case 2:
			assert_int_equal(store_sync(f->store), 0);
			break;
		}
		range_agrees(f->store, &m, a, b < a ? a : b, rand_r(&seed) % 2 == 0, (size_t)rand_r(&seed) % 6);
	}
	assert_int_equal(store_sync(f->store), 0);
	if (f->lmdb)
		reopen(f);
	else
		return;
	range_agrees(f->store, &m, 0, KEYS, false, 0);
}

static void
test_failed_batch_is_undone(void **state)
{
	struct fixture	*f = *state;

	store_on_undone(f->store, on_undone, f);
	assert_int_equal(put_one(f, "a", "1"), 0);
	assert_int_equal(store_sync(f->store), 0);
	store_fault(f->store, true);
	assert_int_equal(put_one(f, "a", "2"), 0);
	store_flush(f->store);
	assert_int_equal(put_one(f, "b", "2"), 0);	/* built on the one that fails */
	assert_stored(f, "a", "2");
	assert_int_equal(store_sync(f->store), ERR_UNAVAILABLE);
	assert_int_equal(f->n_told, 3);
	assert_int_equal(f->told[0], 0);
	assert_int_equal(f->told[1], ERR_UNAVAILABLE);
	assert_int_equal(f->told[2], ERR_UNAVAILABLE);
	assert_int_equal(f->undone, 1);
	assert_false(store_is_taking(f->store));
	assert_stored(f, "a", "1");
	assert_stored(f, "b", NULL);
	store_fault(f->store, false);
	assert_int_equal(put_one(f, "b", "3"), 0);
	assert_int_equal(store_sync(f->store), 0);
	assert_stored(f, "b", "3");
}

static void
test_second_open_is_refused(void **state)
{
	struct fixture	*f = *state;
	struct store	*second;
	char		 why[256] = "", pid[32];

	(void)snprintf(pid, sizeof pid, "process %d", (int)getpid());
	assert_int_equal(store_open_lmdb(&second, f->dir, 0, why, sizeof why), -16 /* EBUSY */);
	assert_non_null(strstr(why, pid));
}

static void
file_of(const struct fixture *f, char *file, size_t size)
{
	(void)snprintf(file, size, "%s/data.mdb", f->dir);
}

static void
test_newer_schema_is_refused(void **state)
{
	struct fixture	*f = *state;
	struct store	*again;
	struct txn	*t = txn_new(f->store);
	uint8_t		 number[8];
	char		 why[256] = "";

	be64_put(number, 7);
	txn_put(t, TABLE_META, "schema", 6, number, sizeof number);
	assert_int_equal(store_commit(t, NULL, NULL), 0);
	store_close(f->store);
	f->store = NULL;
	assert_int_equal(store_open_lmdb(&again, f->dir, 0, why, sizeof why), ERR_NEWER);
	assert_non_null(strstr(why, "newer"));
}

static void
fill(struct fixture *f, unsigned n)
{
	static char	value[900];

	for (unsigned i = 0; i < n; i++) {
		char	key[16];

		(void)snprintf(key, sizeof key, "fill%u", i);
		memset(value, (int)('a' + i % 26), sizeof value - 1);
		assert_int_equal(put_one(f, key, value), 0);
		f->n_told = 0;
		if (i % 50 == 0)
			assert_int_equal(store_sync(f->store), 0);
		f->n_told = 0;
	}
	assert_int_equal(store_sync(f->store), 0);
	f->n_told = 0;
}

static void
test_damaged_file_is_refused(void **state)
{
	struct fixture	*f = *state;
	struct store	*again;
	struct stat	 st;
	char		 file[96], why[256] = "";
	int		 fd;

	fill(f, 400);
	file_of(f, file, sizeof file);
	store_close(f->store);
	f->store = NULL;
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(truncate(file, st.st_size / 2), 0);
	assert_int_equal(store_open_lmdb(&again, f->dir, 0, why, sizeof why), ERR_CORRUPT);
	assert_non_null(strstr(why, "damaged"));
	assert_true((fd = open(file, O_WRONLY | O_TRUNC)) >= 0);
	assert_int_equal(write(fd, "this is not a store, whatever its name says", 43), 43);
	close(fd);
	assert_int_equal(store_open_lmdb(&again, f->dir, 0, why, sizeof why), ERR_CORRUPT);
}

/* A full map refuses whole batches, keeps what it acknowledged, and takes again when there is room. */
static void
test_full_map_heals(void **state)
{
	struct fixture	*f = *state;
	static char	 big[200000];
	char		 key[16], why[256] = "";
	int		 rc = 0;
	unsigned	 kept = 0;

	store_close(f->store);
	assert_int_equal(store_open_lmdb(&f->store, f->dir, (size_t)4 << 20, why, sizeof why), 0);
	memset(big, 'x', sizeof big - 1);
	for (unsigned i = 0; rc == 0 && i < 100; i++) {
		(void)snprintf(key, sizeof key, "big%03u", i);
		assert_int_equal(put_one(f, key, big), 0);
		rc = store_sync(f->store);
		f->n_told = 0;
		if (rc == 0)
			kept++;
	}
	assert_int_equal(rc, ERR_UNAVAILABLE);
	assert_true(kept > 5);
	assert_false(store_is_taking(f->store));
	for (unsigned i = 0; i < kept; i++) {
		(void)snprintf(key, sizeof key, "big%03u", i);
		assert_stored(f, key, big);
	}
	(void)snprintf(key, sizeof key, "big%03u", kept);
	assert_stored(f, key, NULL);
	for (unsigned i = 0; i < kept; i++) {
		struct txn	*t = txn_new(f->store);

		(void)snprintf(key, sizeof key, "big%03u", i);
		txn_delete(t, TABLE_META, key, strlen(key));
		assert_int_equal(store_commit(t, NULL, NULL), 0);
		assert_int_equal(store_sync(f->store), 0);
	}
	assert_int_equal(put_one(f, "small", "1"), 0);
	assert_int_equal(store_sync(f->store), 0);
}

/* Of a copy, which is made beside all else. */
static void
wait_told(struct fixture *f)
{
	for (int i = 0; f->n_told == 0 && i < 600; i++) {
		struct pollfd	p = { .fd = store_fd(f->store), .events = POLLIN };

		(void)poll(&p, 1, 100);
		store_on_ready(f->store);
	}
	assert_int_equal(f->n_told, 1);
}

static void
test_backup(void **state)
{
	struct fixture	*f = *state;
	struct store	*copy;
	char		 dir[64] = "/tmp/wirechief-store-XXXXXX", file[96], why[256] = "";
	int		 fd;
	struct store	*original = f->store;

	fill(f, 20);
	assert_non_null(mkdtemp(dir));
	(void)snprintf(file, sizeof file, "%s/data.mdb", dir);
	assert_int_equal(store_sync(f->store), 0);
	assert_true((fd = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) >= 0);
	f->n_told = 0;
	assert_int_equal(store_backup(f->store, fd, on_durable, f), 0);
	assert_int_equal(store_backup(f->store, fd, on_durable, f), ERR_BUSY);
	wait_told(f);
	assert_int_equal(f->told[0], 0);
	close(fd);
	assert_int_equal(store_open_lmdb(&copy, dir, (size_t)64 << 20, why, sizeof why), 0);
	f->store = copy;
	fill(f, 1);
	f->store = original;
	store_close(copy);
	folder_remove(dir);
}

/* One that can't be written, or that is cancelled, says so, leaves the store as it is, and the next one is made. */
static void
test_backup_fails(void **state)
{
	struct fixture	*f = *state;
	char		 file[] = "/tmp/wirechief-copy-XXXXXX";
	int		 full = open("/dev/full", O_WRONLY | O_CLOEXEC), fd = mkstemp(file);
	struct stat	 st;

	assert_true(full >= 0 && fd >= 0);
	fill(f, 2000);
	assert_int_equal(store_sync(f->store), 0);
	f->n_told = 0;
	assert_int_equal(store_backup(f->store, full, on_durable, f), 0);
	wait_told(f);
	assert_int_equal(f->told[0], -ENOSPC);
	f->n_told = 0;
	assert_int_equal(store_backup(f->store, fd, on_durable, f), 0);
	store_backup_cancel(f->store);
	wait_told(f);
	close(fd);
	fd = open(file, O_RDWR | O_TRUNC | O_CLOEXEC);
	f->n_told = 0;
	assert_int_equal(store_backup(f->store, fd, on_durable, f), 0);
	wait_told(f);
	assert_int_equal(f->told[0], 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(st.st_size > 0);
	close(fd);
	close(full);
	unlink(file);
}

#define OVER_BOTH(test)								\
	cmocka_unit_test_setup_teardown(test, setup_memory, teardown),		\
	cmocka_unit_test_setup_teardown(test, setup_lmdb, teardown)
#define OVER_LMDB(test)	cmocka_unit_test_setup_teardown(test, setup_lmdb, teardown)
#define OVER_MEMORY(test) cmocka_unit_test_setup_teardown(test, setup_memory, teardown)

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		OVER_BOTH(test_seen_before_durable),
		OVER_BOTH(test_compare_and_set),
		OVER_BOTH(test_first_error_stays),
		OVER_BOTH(test_numbers_add_at_the_commit),
		OVER_BOTH(test_watch),
		OVER_BOTH(test_random_against_model),
		OVER_MEMORY(test_failed_batch_is_undone),
		OVER_LMDB(test_second_open_is_refused),
		OVER_LMDB(test_newer_schema_is_refused),
		OVER_LMDB(test_damaged_file_is_refused),
		OVER_LMDB(test_full_map_heals),
		OVER_LMDB(test_backup),
		OVER_LMDB(test_backup_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
