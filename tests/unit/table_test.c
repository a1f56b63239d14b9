/* links: db */
/* Records in the store: indexes stay one to one with records, unknown tags survive, secrets are sealed to their place. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/account.h"
#include "core/err.h"
#include "core/group.h"
#include "db/table.h"

struct fixture {
	char		 dir[64];
	struct db	 db;
};

static int
setup(void **state)
{
	struct fixture	*f = calloc(1, sizeof *f);
	char		 file[96], why[256] = "";

	(void)strcpy(f->dir, "/tmp/wirechief-table-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(file, sizeof file, "%s/master.key", f->dir);
	assert_int_equal(seal_open(&f->db.seal, file, true, why, sizeof why), 0);
	assert_int_equal(store_open_lmdb(&f->db.store, f->dir, (size_t)64 << 20, why, sizeof why), 0);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture	*f = *state;
	char		 command[128];

	store_close(f->db.store);
	seal_close(f->db.seal);
	(void)snprintf(command, sizeof command, "rm -rf '%s'", f->dir);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static void
account_make(struct account *a, uint64_t id)
{
	account_defaults(a);
	a->id = id;
	a->group_id = 1 + id % 3;
	(void)snprintf(a->username, sizeof a->username, "user%llu", (unsigned long long)id);
	(void)snprintf(a->caller_id, sizeof a->caller_id, "+39%06llu", (unsigned long long)id);
}

static int
put(struct fixture *f, const struct account *a)
{
	struct txn	*t = txn_new(f->db.store);

	table_put(t, &f->db, &account_kind, a);
	return store_commit(t, NULL, NULL);
}

static void
print_fault(void *arg, const char *fault)
{
	(void)arg;
	print_message("%s\n", fault);
}

static void
test_indexes_after_random_changes(void **state)
{
	struct fixture	*f = *state;
	struct account	 a;
	unsigned	 seed = 7;

	for (int round = 0; round < 1500; round++) {
		struct txn	*t = txn_new(f->db.store);

		account_make(&a, 1 + (uint64_t)rand_r(&seed) % 60);
		if (rand_r(&seed) % 4 == 0) {
			table_delete(t, &f->db, &account_kind, &a);
			(void)store_commit(t, NULL, NULL);	/* of one that is not there: refused */
			continue;
		}
		a.group_id = 1 + (uint64_t)rand_r(&seed) % 5;
		if (rand_r(&seed) % 2 == 0)
			a.caller_id[0] = '\0';
		table_put(t, &f->db, &account_kind, &a);
		assert_int_equal(store_commit(t, NULL, NULL), 0);
		if (round % 100 == 0)
			assert_int_equal(store_sync(f->db.store), 0);
	}
	assert_int_equal(table_verify(&f->db, &account_kind, print_fault, NULL), 0);
}

static void
test_verify_finds_a_planted_fault(void **state)
{
	struct fixture	*f = *state;
	struct account	 a;
	struct txn	*t;

	account_make(&a, 1);
	assert_int_equal(put(f, &a), 0);
	t = txn_new(f->db.store);
	txn_put(t, TABLE_ACCOUNT_BY_USERNAME, "ghost", 6, "\0\0\0\0\0\0\0\11", 8);
	txn_delete(t, TABLE_ACCOUNT_BY_NUMBER, "+39000001", 10);
	assert_int_equal(store_commit(t, NULL, NULL), 0);
	assert_true(table_verify(&f->db, &account_kind, NULL, NULL) >= 2);
}

static void
test_unique_values(void **state)
{
	struct fixture		*f = *state;
	struct account		 a, b;
	const struct field	*clash;

	account_make(&a, 1);
	assert_int_equal(put(f, &a), 0);
	account_make(&b, 2);
	(void)strcpy(b.caller_id_2, a.caller_id);	/* unique over both columns */
	clash = table_clash(&f->db, &account_kind, &b);
	assert_non_null(clash);
	assert_string_equal(clash->name, "caller_id_2");
	assert_int_equal(put(f, &b), ERR_EXISTS);
	b.caller_id_2[0] = '\0';
	assert_int_equal(put(f, &b), 0);
	memset(&a, 0, sizeof a);
	(void)strcpy(a.username, "user2");
	assert_int_equal(table_find(&f->db, &account_kind, TABLE_ACCOUNT_BY_USERNAME, &a), 0);
	assert_int_equal(a.id, 2);
}

static int
count_one(void *arg, const void *record)
{
	const struct account	*a = record;

	assert_int_equal(a->group_id, 2);
	(*(int *)arg)++;
	return 0;
}

static void
test_records_of_an_index(void **state)
{
	struct fixture	*f = *state;
	struct account	 a;
	int		 n = 0;

	for (uint64_t id = 1; id <= 9; id++) {
		account_make(&a, id);
		assert_int_equal(put(f, &a), 0);
	}
	a.group_id = 2;
	assert_int_equal(table_each_of(&f->db, &account_kind, TABLE_ACCOUNT_BY_GROUP, 1, &a, 0, count_one, &n), 0);
	assert_int_equal(n, 3);
}

/* What a newer version stored with a record is still there after this one has rewritten it. */
static void
test_unknown_tags_survive(void **state)
{
	struct fixture		*f = *state;
	struct group		 g = { .id = 1, .name = "sales" };
	struct txn		*t = txn_new(f->db.store);
	struct store_bytes	 v;
	static const uint8_t	 newer[] = { 0x7f, 3, 'n', 'e', 'w' }, key[8] = { 0, 0, 0, 0, 0, 0, 0, 1 };
	uint8_t			 both[512];

	table_put(t, &f->db, &group_kind, &g);
	assert_int_equal(store_commit(t, NULL, NULL), 0);
	assert_int_equal(store_get(f->db.store, TABLE_GROUP, key, sizeof key, &v), 0);
	assert_true(v.n + sizeof newer < sizeof both);
	memcpy(both, v.p, v.n);
	memcpy(both + v.n, newer, sizeof newer);
	t = txn_new(f->db.store);
	txn_put(t, TABLE_GROUP, key, sizeof key, both, v.n + sizeof newer);
	assert_int_equal(store_commit(t, NULL, NULL), 0);
	(void)strcpy(g.description, "changed");
	t = txn_new(f->db.store);
	table_put(t, &f->db, &group_kind, &g);
	assert_int_equal(store_commit(t, NULL, NULL), 0);
	assert_int_equal(store_get(f->db.store, TABLE_GROUP, key, sizeof key, &v), 0);
	assert_non_null(memmem(v.p, v.n, newer, sizeof newer));
	assert_non_null(memmem(v.p, v.n, "changed", 7));
}

static void
test_secrets_are_sealed_to_their_record(void **state)
{
	struct fixture		*f = *state;
	struct account		 a, b;
	struct store_bytes	 v;
	struct txn		*t;
	char			 command[200];
	static const uint8_t	 second[8] = { 0, 0, 0, 0, 0, 0, 0, 2 }, first[8] = { 0, 0, 0, 0, 0, 0, 0, 1 };
	uint8_t			 moved[RECORD_MAX];
	size_t			 n;

	account_make(&a, 1);
	memcpy(a.ha1_sha256, "thirty-two-bytes-of-plain-secret", 32);
	memcpy(a.ha1_md5, "sixteen-of-plain", 16);
	assert_int_equal(put(f, &a), 0);
	assert_int_equal(store_sync(f->db.store), 0);
	(void)snprintf(command, sizeof command, "! grep -aqe thirty-two-bytes -e sixteen-of-plain '%s'/*", f->dir);
	assert_int_equal(system(command), 0);
	memset(&b, 0, sizeof b);
	b.id = 1;
	assert_int_equal(table_get(&f->db, &account_kind, &b), 0);
	assert_memory_equal(b.ha1_sha256, a.ha1_sha256, sizeof a.ha1_sha256);
	/* The same bytes under another key are refused, not opened. */
	assert_int_equal(store_get(f->db.store, TABLE_ACCOUNT, first, sizeof first, &v), 0);
	n = v.n;
	memcpy(moved, v.p, n);
	t = txn_new(f->db.store);
	txn_put(t, TABLE_ACCOUNT, second, sizeof second, moved, n);
	assert_int_equal(store_commit(t, NULL, NULL), 0);
	b.id = 2;
	assert_int_equal(table_get(&f->db, &account_kind, &b), ERR_CORRUPT);
}

static void
test_ids_only_grow(void **state)
{
	struct fixture	*f = *state;
	struct txn	*t = txn_new(f->db.store);

	assert_int_equal(table_next_id(t, &f->db, "account"), 1);
	assert_int_equal(table_next_id(t, &f->db, "account"), 2);	/* within one transaction too */
	assert_int_equal(store_commit(t, NULL, NULL), 0);
	t = txn_new(f->db.store);
	assert_int_equal(table_next_id(t, &f->db, "account"), 3);
	txn_drop(t);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test_setup_teardown(test_indexes_after_random_changes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_verify_finds_a_planted_fault, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unique_values, setup, teardown),
		cmocka_unit_test_setup_teardown(test_records_of_an_index, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown_tags_survive, setup, teardown),
		cmocka_unit_test_setup_teardown(test_secrets_are_sealed_to_their_record, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ids_only_grow, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
