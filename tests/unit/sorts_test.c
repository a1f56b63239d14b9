/* links: db */
/* The order of lists in the store: whatever is put, changed and deleted, over all drivers; built anew; and verified. */
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
#include "core/text.h"
#include "core/varint.h"
#include "db/sorts.h"

enum { N = 80 };

struct fixture {
	char		 dir[64];
	struct db	 db;
	struct account	 model[N + 1];		/* by id; id 0 where there is none */
};

static int
setup(void **state, bool lmdb)
{
	struct fixture	*f = calloc(1, sizeof *f);
	char		 file[96], why[256] = "";

	(void)strcpy(f->dir, "/tmp/wirechief-sorts-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(file, sizeof file, "%s/master.key", f->dir);
	assert_int_equal(seal_open(&f->db.seal, file, true, why, sizeof why), 0);
	if (lmdb)
		assert_int_equal(store_open_lmdb(&f->db.store, f->dir, (size_t)64 << 20, why, sizeof why), 0);
	else
		assert_int_equal(store_open_memory(&f->db.store), 0);
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
	char		 command[128];

	store_close(f->db.store);
	seal_close(f->db.seal);
	(void)snprintf(command, sizeof command, "rm -rf '%s'", f->dir);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static unsigned
any(unsigned *seed, unsigned n)
{
	return (unsigned)rand_r(seed) % n;
}

/* Values that meet: equal ones, empty ones, ones that differ by case alone, and some longer than what an entry holds of them. */
static void
account_make(struct account *a, uint64_t id, unsigned *seed)
{
	static const char *const	owners[] = { "", "rossi", "Rossi", "Rossini", "Bruno", "\xc3\x89milie", "\xc3\xa9mile" };

	account_defaults(a);
	a->id = id;
	a->group_id = 1 + any(seed, 4);
	a->enabled = any(seed, 2) == 0;
	a->status = (uint8_t)any(seed, STATUS_CONNECTED + 1);
	(void)snprintf(a->username, sizeof a->username, "%s%03u", any(seed, 2) == 0 ? "U" : "u", (unsigned)(id * 37 % 1000));
	(void)snprintf(a->owner, sizeof a->owner, "%s", owners[any(seed, sizeof owners / sizeof owners[0])]);
	if (any(seed, 8) == 0) {
		memset(a->owner, 'x', 120);
		a->owner[119] = (char)('a' + any(seed, 26));
		a->owner[120] = '\0';
	}
	if (any(seed, 3) != 0)
		(void)snprintf(a->caller_id, sizeof a->caller_id, "+39%06u", (unsigned)(id * 7919 % 1000000));
}

static void
change(struct fixture *f, unsigned *seed)
{
	struct txn	*t = txn_new(f->db.store);
	uint64_t	 id = 1 + any(seed, N);
	struct account	 a;

	if (f->model[id].id != 0 && any(seed, 3) == 0) {
		table_delete(t, &f->db, &account_kind, &f->model[id]);
		f->model[id].id = 0;
	} else {
		account_make(&a, id, seed);
		if (f->model[id].id != 0 && any(seed, 2) == 0)
			(void)strcpy(a.owner, f->model[id].owner);
		table_put(t, &f->db, &account_kind, &a);
		f->model[id] = a;
	}
	assert_int_equal(store_commit(t, NULL, NULL), 0);
	if (any(seed, 40) == 0)
		(void)store_sync(f->db.store);
}

/* Whether a stands before b in the order of a field. */
static int
compare(const struct field *f, const struct account *a, const struct account *b)
{
	char	x[SORTS_VALUE + 1], y[SORTS_VALUE + 1];
	size_t	n, m;
	int	c = 0;

	if (f->type == FT_STR) {
		(void)text_fold((const char *)a + f->offset, strlen((const char *)a + f->offset), x, sizeof x);
		(void)text_fold((const char *)b + f->offset, strlen((const char *)b + f->offset), y, sizeof y);
		c = strcmp(x, y);
	} else if (f->type == FT_REF)
		c = a->group_id < b->group_id ? -1 : a->group_id > b->group_id;
	else if (f->type == FT_BOOL)
		c = a->enabled - b->enabled;
	else
		c = a->status - b->status;
	if (c != 0)
		return c;
	n = text_fold(a->username, strlen(a->username), x, sizeof x);
	m = text_fold(b->username, strlen(b->username), y, sizeof y);
	assert_true(n < sizeof x && m < sizeof y);
	c = strcmp(x, y);
	return c != 0 ? c : a->id < b->id ? -1 : a->id > b->id;
}

struct seen {
	struct fixture		*f;
	const struct field	*field;
	const struct account	*last;
	size_t			 n;
};

static int
see(void *arg, struct store_bytes key, struct store_bytes value)
{
	struct seen	*s = arg;
	uint64_t	 id;
	struct account	*a;

	assert_true(key.n > 8);
	id = be64_get((const uint8_t *)key.p + key.n - 8);
	assert_in_range(id, 1, N);
	a = &s->f->model[id];
	assert_int_equal(a->id, id);
	assert_int_equal(sorts_with(value), a->group_id);
	if (s->last != NULL && compare(s->field, s->last, a) >= 0)
		fail_msg("%s: %s of %llu stands before that of %llu", s->field->name, s->last->owner,
		    (unsigned long long)s->last->id, (unsigned long long)id);
	s->last = a;
	s->n++;
	return 0;
}

static void
assert_in_order(struct fixture *f)
{
	size_t	n = 0, fields = 0;

	for (size_t i = 1; i <= N; i++)
		n += f->model[i].id != 0;
	for (size_t i = 0; i < account_kind.n_fields; i++) {
		struct seen		 s = { .f = f, .field = &account_kind.fields[i] };
		uint8_t			 from[SORTS_TAG], to[SORTS_TAG];
		struct store_bytes	 end = { to, sizeof to };

		if (!sorts_has_field(&account_kind, s.field))
			continue;
		sorts_range(s.field, from, to);
		assert_int_equal(store_range(f->db.store, TABLE_ACCOUNT_SORT, (struct store_bytes){ from, sizeof from }, &end, false, 0,
		    see, &s), 0);
		assert_int_equal(s.n, n);
		fields++;
	}
	assert_true(fields >= 6);
}

static void
build(struct fixture *f, size_t limit)
{
	uint64_t	after = 0;
	bool		more = true;

	while (more) {
		struct txn	*t = txn_new(f->db.store);

		more = sorts_build(t, &f->db, &account_kind, &after, limit);
		assert_int_equal(store_commit(t, NULL, NULL), 0);
	}
	assert_true(sorts_ready(&f->db, &account_kind));
}

static size_t
faults(struct fixture *f)
{
	return table_verify(&f->db, &account_kind, NULL, NULL);
}

static void
test_changes(void **state)
{
	struct fixture	*f = *state;
	unsigned	 seed = 11;

	assert_false(sorts_ready(&f->db, &account_kind));
	build(f, 10);
	for (int i = 0; i < 3000; i++) {
		change(f, &seed);
		if (i % 300 == 0)
			assert_in_order(f);
	}
	assert_in_order(f);
	assert_int_equal(faults(f), 0);
}

static int
forget(void *arg, struct store_bytes key, struct store_bytes value)
{
	(void)value;
	txn_delete(arg, TABLE_ACCOUNT_SORT, key.p, key.n);
	return 0;
}

/* A store that an older version wrote; and what is changed while it is built. */
static void
test_build(void **state)
{
	struct fixture	*f = *state;
	struct txn	*t = txn_new(f->db.store);
	unsigned	 seed = 23;
	uint64_t	 after = 0;
	bool		 more = true;

	for (int i = 0; i < 300; i++)
		change(f, &seed);
	assert_int_equal(store_range(f->db.store, TABLE_ACCOUNT_SORT, (struct store_bytes){ 0 }, NULL, false, 0, forget, t), 0);
	assert_int_equal(store_commit(t, NULL, NULL), 0);
	while (more) {
		t = txn_new(f->db.store);
		more = sorts_build(t, &f->db, &account_kind, &after, 7);
		assert_int_equal(store_commit(t, NULL, NULL), 0);
		assert_int_equal(sorts_ready(&f->db, &account_kind), !more);
		for (int i = 0; i < 5; i++)
			change(f, &seed);
	}
	assert_in_order(f);
	assert_int_equal(faults(f), 0);
}

struct first {
	uint8_t	key[KEY_MAX];
	size_t	n;
};

static int
first_key(void *arg, struct store_bytes key, struct store_bytes value)
{
	struct first	*first = arg;

	(void)value;
	memcpy(first->key, key.p, key.n);
	first->n = key.n;
	return 1;
}

static void
test_verify_finds_faults(void **state)
{
	static const uint8_t	ghost[] = { 0, 4, 'g', 0, 'g', 0, 0, 0, 0, 0, 0, 0, 3, 231 }, other[] = { 0, 4, 'z', 0, 'z', 0,
	    0, 0, 0, 0, 0, 0, 0, 1 };
	struct fixture		*f = *state;
	struct txn		*t;
	unsigned		 seed = 5;
	struct first		 key = { .n = 0 };

	build(f, 10);
	account_make(&f->model[1], 1, &seed);
	t = txn_new(f->db.store);
	table_put(t, &f->db, &account_kind, &f->model[1]);
	assert_int_equal(store_commit(t, NULL, NULL), 0);
	assert_int_equal(faults(f), 0);
	t = txn_new(f->db.store);
	txn_put(t, TABLE_ACCOUNT_SORT, ghost, sizeof ghost, "\1", 1);		/* of no record */
	txn_put(t, TABLE_ACCOUNT_SORT, other, sizeof other, "\1", 1);		/* of a record with another value */
	assert_int_equal(store_commit(t, NULL, NULL), 0);
	assert_int_equal(faults(f), 2);
	t = txn_new(f->db.store);
	txn_delete(t, TABLE_ACCOUNT_SORT, ghost, sizeof ghost);
	txn_delete(t, TABLE_ACCOUNT_SORT, other, sizeof other);
	assert_int_equal(store_commit(t, NULL, NULL), 0);
	assert_int_equal(faults(f), 0);
	assert_int_equal(store_range(f->db.store, TABLE_ACCOUNT_SORT, (struct store_bytes){ 0 }, NULL, false, 1, first_key, &key), 1);
	t = txn_new(f->db.store);
	txn_put(t, TABLE_ACCOUNT_SORT, key.key, key.n, "\x63", 1);		/* another group stands in it */
	assert_int_equal(store_commit(t, NULL, NULL), 0);
	assert_true(faults(f) >= 1);
	t = txn_new(f->db.store);
	txn_delete(t, TABLE_ACCOUNT_SORT, key.key, key.n);			/* it is missing */
	assert_int_equal(store_commit(t, NULL, NULL), 0);
	assert_true(faults(f) >= 1);
}

/* A commit that fails takes its entries with it. */
static void
test_undone(void **state)
{
	struct fixture	*f = *state;
	unsigned	 seed = 3;

	build(f, 10);
	for (int i = 0; i < 50; i++)
		change(f, &seed);
	assert_int_equal(store_sync(f->db.store), 0);
	for (int i = 0; i < 20; i++) {
		struct account	before[N + 1];

		memcpy(before, f->model, sizeof before);
		store_fault(f->db.store, true);
		change(f, &seed);
		(void)store_sync(f->db.store);
		store_fault(f->db.store, false);
		memcpy(f->model, before, sizeof before);
		assert_in_order(f);
	}
	assert_int_equal(faults(f), 0);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test_setup_teardown(test_changes, setup_memory, teardown),
		cmocka_unit_test_setup_teardown(test_changes, setup_lmdb, teardown),
		cmocka_unit_test_setup_teardown(test_build, setup_memory, teardown),
		cmocka_unit_test_setup_teardown(test_build, setup_lmdb, teardown),
		cmocka_unit_test_setup_teardown(test_verify_finds_faults, setup_memory, teardown),
		cmocka_unit_test_setup_teardown(test_verify_finds_faults, setup_lmdb, teardown),
		cmocka_unit_test_setup_teardown(test_undone, setup_memory, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
