/* links: db */
/* The index of words follows its records, and searches find in it what the records hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/account.h"
#include "core/err.h"
#include "core/match.h"
#include "db/search.h"
#include "db/words.h"

enum { ACCOUNTS = 300 };

struct fixture {
	struct db	 db;
	struct account	 accounts[ACCOUNTS + 1];	/* by id; id 0: not there */
	struct match	*room;
};

static int
setup(void **state)
{
	struct fixture	*f = calloc(1, sizeof *f);

	assert_int_equal(store_open_memory(&f->db.store), 0);
	f->room = match_new();
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture	*f = *state;

	match_free(f->room);
	store_close(f->db.store);
	free(f);
	return 0;
}

static void
commit(struct txn *t)
{
	assert_int_equal(store_commit(t, NULL, NULL), 0);
}

static void
put(struct fixture *f, const struct account *a)
{
	struct txn	*t = txn_new(f->db.store);

	table_put(t, &f->db, &account_kind, a);
	commit(t);
	f->accounts[a->id] = *a;
}

static void
drop(struct fixture *f, uint64_t id)
{
	struct txn	*t = txn_new(f->db.store);

	table_delete(t, &f->db, &account_kind, &f->accounts[id]);
	commit(t);
	f->accounts[id].id = 0;
}

static void
make(struct account *a, uint64_t id)
{
	static const char *const	names[] = { "Rossi", "Bianchi", "Conti", "\xc3\x88lite", "De Luca", "Rossi-Conti" };

	account_defaults(a);
	a->id = id;
	a->group_id = 1;
	(void)snprintf(a->username, sizeof a->username, "user%u", (unsigned)id);
	(void)snprintf(a->owner, sizeof a->owner, "%s %s", names[rand() % 6], names[rand() % 6]);
	(void)snprintf(a->description, sizeof a->description, "desk %d, north of desk %d", rand() % 10, rand() % 10);
}

static void
build(struct fixture *f, size_t slice)
{
	uint64_t	after = 0;
	bool		more;

	do {
		struct txn	*t = txn_new(f->db.store);

		more = words_build(t, &f->db, &account_kind, &after, slice);
		commit(t);
	} while (more);
	assert_true(words_ready(&f->db, &account_kind));
}

/* Every record has its entries, and each entry is one of them. */
struct check {
	struct fixture	*f;
	size_t		 n;
};

static int
check_entry(void *arg, struct store_bytes key, struct store_bytes value)
{
	struct check		*c = arg;
	const uint8_t		*primary;
	struct span		 word;
	uint64_t		 id = 0;

	(void)value;
	assert_true(words_key_is(key.p, key.n, 8, &word, &primary));
	for (int i = 0; i < 8; i++)
		id = id << 8 | primary[i];
	assert_true(id >= 1 && id <= ACCOUNTS && c->f->accounts[id].id == id);
	assert_true(words_is_entry(&account_kind, &c->f->accounts[id], primary, 8, key));
	c->n++;
	return 0;
}

static void
must_be_whole(struct fixture *f)
{
	const struct store_bytes	all = { NULL, 0 };
	struct check			c = { .f = f };
	uint8_t				primary[8] = { 0 };

	assert_int_equal(store_range(f->db.store, TABLE_ACCOUNT_WORD, all, NULL, false, 0, check_entry, &c), 0);
	assert_true(c.n > 0);
	for (uint64_t id = 1; id <= ACCOUNTS; id++) {
		primary[6] = (uint8_t)(id >> 8);
		primary[7] = (uint8_t)id;
		if (f->accounts[id].id != 0)
			assert_true(words_has_all(&f->db, &account_kind, &f->accounts[id], primary, 8));
	}
}

static void
must_agree(struct fixture *f)
{
	static const char *const	queries[] = {
		"rossi", "owner:rossi", "ROSSI AND NOT conti", "user1*", "description:\"desk 3\"", "\"desk north\"~5", "b?anchi OR \xc3\xa9lite", "rosi~",
		"[a TO m]", "/user.[0-4]/", "desk -rossi", "*:* -rossi", "owner:rossi enabled:yes", "nosuch:rossi", "NOT rossi", "+owner:(rossi conti) +desk",
	};
	struct query_fault	fault;

	must_be_whole(f);
	for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
		struct query	*q;
		struct search	*s;
		uint64_t	 found = 0, n = 0;

		assert_int_equal(query_parse(&account_kind, queries[i], strlen(queries[i]), &q, &fault), 0);
		assert_non_null(s = search_new(&f->db, q));
		while (search_step(s, 1 + (size_t)rand() % 50))
			;
		assert_false(search_failed(s));
		for (uint64_t id = 1; id <= ACCOUNTS; id++) {
			bool	by_record = f->accounts[id].id != 0 && match_record(f->room, q, &f->accounts[id], NULL);

			if (f->accounts[id].id != 0 && (by_record ? !search_has(s, id) : search_is_exact(s) && search_has(s, id)))
				fail_msg("%s: account %u", queries[i], (unsigned)id);
		}
		for (uint64_t id = 0; (id = search_next(s, id)) != 0; n++) {
			assert_true(id > found && search_has(s, id));
			found = id;
		}
		assert_int_equal(n, search_count(s));
		search_free(s);
		query_free(q);
	}
}

static int
count_one(void *arg, struct store_bytes key, struct store_bytes value)
{
	(void)key;
	(void)value;
	++*(size_t *)arg;
	return 0;
}

static void
test_follows_records(void **state)
{
	const struct store_bytes	 all = { NULL, 0 };
	struct fixture			*f = *state;
	struct account			 a;
	size_t				 left = 0;

	srand(3);
	build(f, 1);
	for (uint64_t id = 1; id <= ACCOUNTS; id++) {
		make(&a, id);
		put(f, &a);
	}
	must_agree(f);
	for (int i = 0; i < 200; i++) {
		uint64_t	id = 1 + (uint64_t)rand() % ACCOUNTS;

		if (f->accounts[id].id != 0 && rand() % 3 == 0)
			drop(f, id);
		else {
			make(&a, id);
			put(f, &a);
		}
	}
	must_agree(f);
	for (uint64_t id = 1; id <= ACCOUNTS; id++)
		if (f->accounts[id].id != 0)
			drop(f, id);
	assert_int_equal(store_range(f->db.store, TABLE_ACCOUNT_WORD, all, NULL, false, 0, count_one, &left), 0);
	assert_int_equal(left, 0);
}

/* A store that an older version wrote has records and no index: it says so until it is built. */
static void
test_built_later(void **state)
{
	struct fixture		*f = *state;
	struct query_fault	 fault;
	struct query		*q;
	struct account		 a;

	srand(5);
	for (uint64_t id = 1; id <= ACCOUNTS; id += 3) {
		make(&a, id);
		put(f, &a);
	}
	assert_false(words_ready(&f->db, &account_kind));
	assert_int_equal(query_parse(&account_kind, "rossi", 5, &q, &fault), 0);
	assert_null(search_new(&f->db, q));
	query_free(q);
	build(f, 7);
	must_agree(f);
}

/* A word longer than a key: a candidate that its record decides. */
static void
test_long_words(void **state)
{
	struct fixture		*f = *state;
	struct query_fault	 fault;
	struct query		*q;
	struct search		*s;
	struct account		 a;
	char			 word[260];

	build(f, 1);
	make(&a, 1);
	for (size_t i = 0; i < 128; i++)
		memcpy(a.description + 2 * i, "\xc8\xba", 3);	/* 384 bytes in lower case */
	put(f, &a);
	memcpy(word, a.description, 257);
	assert_int_equal(query_parse(&account_kind, word, 256, &q, &fault), 0);
	assert_non_null(s = search_new(&f->db, q));
	while (search_step(s, 1))
		;
	assert_true(search_has(s, 1));
	search_free(s);
	query_free(q);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test_setup_teardown(test_follows_records, setup, teardown),
		cmocka_unit_test_setup_teardown(test_built_later, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_words, setup, teardown),
	};

	return cmocka_run_group_tests_name("search", tests, NULL, NULL);
}
