/* links: db sipd keeper */
/* Sets that are walked in the store's own order: every position of every row, from both ends, while changes go on. */
#include "control_rig.h"

#include "core/account.h"
#include "core/group.h"
#include "core/text.h"
#include "db/sorts.h"
#include "sipd/keeper/sorted.h"

enum { ROWS_MAX = 40000, GROUPS = 5, WINDOW = 60 };

/* The rows as they should be. */
struct model {
	struct rig		 rig;
	struct sorted_spec	 spec;
	struct sorted		*set;
	struct account		*rows;		/* in order */
	size_t			 n;
	uint64_t		 last_id;
	char			 groups[GROUPS + 1][8];
	unsigned		 seed;
};

static struct model	*current;	/* of qsort */

static int
compare(const void *a, const void *b)
{
	const struct account	*x = a, *y = b;
	int			 c;

	if (current->spec.sort->type == FT_REF)
		c = strcmp(current->groups[x->group_id], current->groups[y->group_id]);
	else
		c = strcmp(x->owner, y->owner);
	if (c == 0)
		c = strcmp(x->username, y->username);
	return c;
}

static unsigned
any(struct model *m, size_t n)
{
	return (unsigned)rand_r(&m->seed) % (unsigned)n;
}

static void
on_entry(void *arg, enum table t, struct store_bytes key, struct store_bytes value)
{
	struct model	*m = arg;
	size_t		 position;

	(void)value;
	if (m->set != NULL && sorted_note(m->set, t, key, &position))
		assert_true(position <= m->n + ROWS_MAX);
}

static void
put(struct model *m, const struct account *a, bool fresh)
{
	struct txn	*t = txn_new(m->rig.k.db.store);
	char		 name[64];

	table_put(t, &m->rig.k.db, &account_kind, a);
	if (fresh) {
		count_add(t, &m->rig.k.db, "accounts", 1);
		(void)snprintf(name, sizeof name, "group/%u/accounts", (unsigned)a->group_id);
		count_add(t, &m->rig.k.db, name, 1);
	}
	assert_int_equal(store_commit(t, NULL, NULL), 0);
}

static bool
is_shown(const struct model *m, const struct account *a)
{
	return m->spec.group_id == 0 || a->group_id == m->spec.group_id;
}

/* The model holds the rows of the set alone; its array is put in order later. */
static void
add(struct model *m, const char *owner)
{
	struct account	a;

	account_defaults(&a);
	a.id = ++m->last_id;
	a.group_id = 1 + any(m, GROUPS);
	(void)snprintf(a.username, sizeof a.username, "u%06u", (unsigned)((a.id * 7919) % 1000000));
	(void)snprintf(a.owner, sizeof a.owner, "%s", owner);
	put(m, &a, true);
	if (is_shown(m, &a) && m->n < ROWS_MAX)
		m->rows[m->n++] = a;
}

static void
add_many(struct model *m, size_t n)
{
	char	owner[32];

	for (size_t i = 0; i < n; i++) {
		(void)snprintf(owner, sizeof owner, "owner %04u", any(m, 2000));
		add(m, owner);
	}
}

static void
drop(struct model *m, size_t i)
{
	struct txn	*t = txn_new(m->rig.k.db.store);

	table_delete(t, &m->rig.k.db, &account_kind, &m->rows[i]);
	count_add(t, &m->rig.k.db, "accounts", -1);
	assert_int_equal(store_commit(t, NULL, NULL), 0);
	m->rows[i] = m->rows[--m->n];
}

static void
settle(struct model *m)
{
	assert_int_equal(store_sync(m->rig.k.db.store), 0);
	while (sorted_scan(m->set, INT64_MAX))
		continue;
	current = m;
	qsort(m->rows, m->n, sizeof m->rows[0], compare);
}

static void
assert_row(const struct model *m, const uint8_t *key, size_t position)
{
	assert_true(position < m->n);
	if (be64_get(key) != m->rows[position].id)
		fail_msg("at %zu of %zu: account %llu instead of %llu", position, m->n, (unsigned long long)be64_get(key),
		    (unsigned long long)m->rows[position].id);
}

static void
assert_window(struct model *m, size_t first, bool reverse)
{
	uint8_t	keys[WINDOW][ROW_KEY_MAX];
	size_t	n = sorted_rows(m->set, first, WINDOW, reverse, keys), left = first < m->n ? m->n - first : 0;

	assert_int_equal(n, left < WINDOW ? left : WINDOW);
	for (size_t i = 0; i < n; i++)
		assert_row(m, keys[i], reverse ? m->n - 1 - first - i : first + i);
}

static void
assert_all(struct model *m)
{
	size_t	position;
	uint8_t	key[8];

	assert_int_equal(sorted_count(m->set), m->n);
	assert_window(m, 0, false);
	assert_window(m, 0, true);
	assert_window(m, m->n < 5 ? 0 : m->n - 5, false);
	assert_window(m, m->n < 5 ? 0 : m->n - 5, true);
	assert_window(m, m->n, false);
	for (int i = 0; i < 40 && m->n > 0; i++) {
		size_t	at = any(m, m->n);

		assert_window(m, at, i % 2 == 0);
		be64_put(key, m->rows[at].id);
		assert_true(sorted_position(m->set, key, &position));
		assert_int_equal(position, at);
	}
}

static void
open_model(struct model *m, const char *sort)
{
	static const char *const	names[GROUPS + 1] = { "", "mid", "zeta", "alpha", "Beta", "omega" };
	struct txn			*t;

	memset(m, 0, sizeof *m);
	rig_open(&m->rig);
	m->seed = 7;
	m->rows = calloc(ROWS_MAX, sizeof m->rows[0]);
	m->spec.source = source_named("account");
	m->spec.sort = kind_field(&account_kind, sort);
	t = txn_new(m->rig.k.db.store);
	for (uint64_t id = 1; id <= GROUPS; id++) {
		struct group	g = { .id = id };

		(void)snprintf(g.name, sizeof g.name, "%s", names[id]);
		(void)text_fold(names[id], strlen(names[id]), m->groups[id], sizeof m->groups[id]);
		table_put(t, &m->rig.k.db, &group_kind, &g);
	}
	assert_int_equal(store_commit(t, NULL, NULL), 0);
	assert_int_equal(store_watch(m->rig.k.db.store, TABLE_ACCOUNT_SORT, (struct store_bytes){ "", 0 }, on_entry, m), 0);
}

static void
close_set(struct model *m)
{
	sorted_free(m->set, m->rig.k.control->jobs);
	m->set = NULL;
}

static void
close_model(struct model *m)
{
	close_set(m);
	store_unwatch(m->rig.k.db.store, on_entry, m);
	free(m->rows);
	rig_close(&m->rig);
}

static void
open_set(struct model *m)
{
	m->set = sorted_new(&m->rig.k, &m->spec);
	assert_non_null(m->set);
	assert_true(sorted_is_walked(m->set));
}

static void
change_some(struct model *m, size_t n)
{
	char	owner[32];

	for (size_t i = 0; i < n; i++) {
		size_t	at = m->n == 0 ? 0 : any(m, m->n);

		(void)snprintf(owner, sizeof owner, "owner %04u", any(m, 2000));
		if (m->n == 0 || any(m, 3) == 0)
			add(m, owner);
		else if (any(m, 2) == 0)
			drop(m, at);
		else {
			(void)snprintf(m->rows[at].owner, sizeof m->rows[at].owner, "%s", owner);
			put(m, &m->rows[at], false);
		}
	}
}

static void
test_positions(void **state)
{
	struct model	m;

	(void)state;
	open_model(&m, "owner");
	open_set(&m);
	settle(&m);
	assert_all(&m);		/* of nothing */
	add_many(&m, 3000);
	settle(&m);
	assert_all(&m);
	for (int round = 0; round < 30; round++) {
		change_some(&m, round % 3 == 0 ? 1 : 60);
		settle(&m);
		assert_all(&m);
	}
	/* Many in one place, and most of all go. */
	for (int i = 0; i < 4000; i++)
		add(&m, "owner 0777");
	settle(&m);
	assert_all(&m);
	while (m.n > 700)
		drop(&m, any(&m, m.n));
	settle(&m);
	assert_all(&m);
	close_set(&m);		/* counted from the beginning it is the same */
	open_set(&m);
	settle(&m);
	assert_all(&m);
	close_model(&m);
}

/* Groups stand in the order of their names, and rows of no other group are in a group's own set. */
static void
test_groups(void **state)
{
	struct model	m;

	(void)state;
	open_model(&m, "group");
	open_set(&m);
	add_many(&m, 2500);
	settle(&m);
	assert_all(&m);
	change_some(&m, 300);
	settle(&m);
	assert_all(&m);
	close_model(&m);
	open_model(&m, "group");
	m.spec.group_id = 3;
	open_set(&m);
	add_many(&m, 2500);
	settle(&m);
	assert_true(m.n > 300 && m.n < 700);
	assert_all(&m);
	close_model(&m);
}

/* One group's rows in the order of another field are picked out of that order, or, when few, fetched. */
static void
test_one_group(void **state)
{
	struct model	m;

	(void)state;
	for (int few = 0; few < 2; few++) {
		open_model(&m, "owner");
		m.spec.group_id = 4;
		add_many(&m, 1500);
		if (few != 0) {		/* as far as the counter goes */
			struct txn	*t = txn_new(m.rig.k.db.store);

			count_add(t, &m.rig.k.db, "accounts", 100000);
			assert_int_equal(store_commit(t, NULL, NULL), 0);
		}
		m.set = sorted_new(&m.rig.k, &m.spec);
		assert_false(sorted_is_walked(m.set));
		settle(&m);
		assert_all(&m);
		close_model(&m);
	}
}

/* Before all is counted both ends can be shown, and what is not known is not guessed. */
static void
test_before_it_is_counted(void **state)
{
	struct model	m;
	uint8_t		keys[WINDOW][ROW_KEY_MAX], key[8];
	size_t		position, middle;

	(void)state;
	open_model(&m, "owner");
	add_many(&m, 30000);
	assert_int_equal(store_sync(m.rig.k.db.store), 0);
	current = &m;
	qsort(m.rows, m.n, sizeof m.rows[0], compare);
	open_set(&m);
	assert_int_equal(sorted_count(m.set), m.n);
	assert_window(&m, 0, false);
	assert_window(&m, 0, true);
	assert_window(&m, m.n - WINDOW, false);
	assert_window(&m, 3000, true);
	middle = m.n / 2;
	assert_int_equal(sorted_rows(m.set, middle, WINDOW, false, keys), 0);
	be64_put(key, m.rows[middle].id);
	assert_false(sorted_position(m.set, key, &position));
	be64_put(key, m.rows[m.n - 100].id);
	assert_true(sorted_position(m.set, key, &position));
	assert_int_equal(position, m.n - 100);
	for (int i = 0; i < 30; i++) {
		assert_true(sorted_scan(m.set, 0));	/* a step at a time */
		change_some(&m, 3);
		assert_int_equal(store_sync(m.rig.k.db.store), 0);
	}
	settle(&m);
	assert_all(&m);
	close_model(&m);
}

/* What a list takes, from either end, with and without a limit. */
static void
test_taken_once(void **state)
{
	struct model	 m;
	uint8_t		 keys[WINDOW][ROW_KEY_MAX];
	struct sorted	*list;

	(void)state;
	open_model(&m, "owner");
	add_many(&m, 1000);
	open_set(&m);
	settle(&m);
	for (int i = 0; i < 4; i++) {
		bool	reverse = i % 2 == 1;
		size_t	limit = i < 2 ? 0 : 130, at = 0, n;

		list = sorted_new_kept(&m.rig.k, &m.spec, limit, reverse);
		assert_false(sorted_scan(list, INT64_MAX));
		while ((n = sorted_rows(list, at, WINDOW, reverse, keys)) > 0)
			for (size_t j = 0; j < n; j++, at++)
				assert_row(&m, keys[j], reverse ? m.n - 1 - at : at);
		assert_int_equal(at, limit == 0 ? m.n : limit);
		sorted_free(list, m.rig.k.control->jobs);
	}
	close_model(&m);
}

static void
test_seek(void **state)
{
	struct model	m;
	char		owner[32];

	(void)state;
	open_model(&m, "owner");
	open_set(&m);
	add_many(&m, 2000);
	settle(&m);
	for (unsigned i = 0; i < 2000; i += 37) {
		size_t	at = 0, past;

		(void)snprintf(owner, sizeof owner, "OWNER %04u", i);
		while (at < m.n && strcasecmp(m.rows[at].owner, owner) < 0)
			at++;
		for (past = at; past < m.n && strcasecmp(m.rows[past].owner, owner) == 0;)
			past++;
		assert_int_equal(sorted_seek(m.set, owner, false), at);
		assert_int_equal(sorted_seek(m.set, owner, true), past);
	}
	assert_int_equal(sorted_seek(m.set, "", false), 0);
	assert_int_equal(sorted_seek(m.set, "zz", false), m.n);
	close_model(&m);
	open_model(&m, "group");
	open_set(&m);
	add_many(&m, 1000);
	settle(&m);
	for (size_t i = 0; i + 1 < m.n; i++) {
		if (i > 0 && m.rows[i].group_id == m.rows[i - 1].group_id)
			continue;
		assert_int_equal(sorted_seek(m.set, m.groups[m.rows[i].group_id], false), i);
	}
	close_model(&m);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_positions), cmocka_unit_test(test_groups), cmocka_unit_test(test_one_group),
		cmocka_unit_test(test_before_it_is_counted), cmocka_unit_test(test_taken_once), cmocka_unit_test(test_seek),
	};

	return cmocka_run_group_tests_name("marks", tests, NULL, NULL);
}
