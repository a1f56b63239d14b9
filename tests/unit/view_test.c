/* links: db sipd keeper */
#include "control_rig.h"

#include "core/account.h"
#include "db/sorts.h"
#include "db/words.h"
#include "sipd/keeper/peer.h"
#include "sipd/keeper/view.h"

enum {
	SHOWN = 20,
	SETTLED_TURNS = 20,
	TURN_MAX_US = 300000,	/* 5 ms are promised; a virtual processor may be taken away, and sanitizers are slow */
};

/* What a client has of a view, kept up by its answers and pushes. */
struct screen {
	struct client	*c;
	json_int_t	 view;
	json_t		*order, *rows;		/* rows by id, as they were last sent */
	json_int_t	 total, users, matched, first, pushes, bytes;
	bool		 ready;
};

static void
screen_take(struct screen *s, json_t *line)
{
	json_t	*order = json_object_get(line, "order");
	char	*text = json_dumps(line, JSON_COMPACT);

	s->bytes += (json_int_t)strlen(text);
	free(text);
	assert_true(json_is_integer(json_object_get(line, "view")));
	s->view = json_integer_value(json_object_get(line, "view"));
	s->total = json_integer_value(json_object_get(line, "total"));
	s->users = json_integer_value(json_object_get(line, "users"));
	s->matched = json_integer_value(json_object_get(line, "matched"));
	s->first = json_integer_value(json_object_get(line, "first"));
	s->ready = strcmp(json_string_value(json_object_get(line, "state")), "ready") == 0;
	if (order != NULL) {
		json_decref(s->order);
		s->order = json_incref(order);
	}
	if (s->rows == NULL)
		s->rows = json_object();
	(void)json_object_update(s->rows, json_object_get(line, "rows"));
	json_decref(line);
}

static void
screen_ask(struct screen *s, struct client *c, json_t *args)
{
	json_t	*line;
	char	*text;

	s->c = c;
	(void)json_object_set_new(args, "do", json_string("view"));
	(void)json_object_set_new(args, "id", json_integer(++c->last_id));
	text = json_dumps(args, JSON_COMPACT);
	client_write(c, text, strlen(text));
	client_write(c, "\n", 1);
	free(text);
	json_decref(args);
	while (json_integer_value(json_object_get(line = client_next(c), "id")) != c->last_id)
		json_decref(line);	/* a push from before */
	if (json_object_get(line, "error") != NULL)
		fail_msg("%s", json_string_value(json_object_get(json_object_get(line, "error"), "text")));
	json_decref(s->order);
	json_decref(s->rows);
	s->order = s->rows = NULL;
	screen_take(s, line);
}

/* Takes pushes until nothing came for longer than views wait, and the keeper had its turns: the processor may have been elsewhere. */
static void
screen_settle(struct screen *s)
{
	int64_t	quiet = clock_boot_ms() + 3 * VIEW_INTERVAL_MS;
	ssize_t	got;

	for (int turns = 0; turns < SETTLED_TURNS || !s->ready;) {
		turns = clock_boot_ms() < quiet ? 0 : turns + 1;
		rig_turn(s->c->rig);
		got = recv(s->c->fd, s->c->in + s->c->n, RIG_BUFFER - s->c->n, 0);
		if (got > 0)
			s->c->n += (size_t)got;
		if (memchr(s->c->in, '\n', s->c->n) == NULL)
			continue;
		screen_take(s, client_next(s->c));
		s->pushes++;
		turns = 0;
		quiet = clock_boot_ms() + 3 * VIEW_INTERVAL_MS;
	}
}

static void
screen_free(struct screen *s)
{
	json_decref(s->order);
	json_decref(s->rows);
}

static const char *
cell(const struct screen *s, size_t line, const char *field)
{
	const char	*id = json_string_value(json_array_get(s->order, line));
	json_t		*row = id == NULL ? NULL : json_object_get(s->rows, id);
	const char	*text = json_string_value(json_object_get(row, field));

	return text == NULL ? "" : text;
}

static json_int_t
number(const struct screen *s, size_t line, const char *field)
{
	const char	*id = json_string_value(json_array_get(s->order, line));

	assert_non_null(id);
	return json_integer_value(json_object_get(json_object_get(s->rows, id), field));
}

static void
rig_put_account(struct rig *rig, uint64_t id, const char *username, const char *owner)
{
	struct txn	*t = txn_new(rig->k.db.store);
	struct account	 a;

	account_defaults(&a);
	a.id = id;
	a.version = 1;
	a.group_id = 1;
	(void)snprintf(a.username, sizeof a.username, "%s", username);
	(void)snprintf(a.owner, sizeof a.owner, "%s", owner);
	a.created_at = 1;
	table_put(t, &rig->k.db, &account_kind, &a);
	count_add(t, &rig->k.db, "accounts", 1);
	count_add(t, &rig->k.db, "group/1/accounts", 1);
	assert_int_equal(store_commit(t, NULL, NULL), 0);
}

static void
add(struct client *c, const char *username, const char *owner)
{
	done(CLIENT_CALL(c, "{s:s, s:s, s:{s:s, s:s}}", "do", "account add", "name", username, "set", "group", "g", "owner", owner));
}

/* Without the order that the store keeps, sets are filled by scanning the records. */
static bool	tree_forced;

static void
open_rig(struct rig *rig)
{
	struct txn	*t;

	rig_open(rig);
	assert_true(sorts_ready(&rig->k.db, &account_kind));
	if (!tree_forced)
		return;
	while (!words_ready(&rig->k.db, &account_kind))	/* which is built after it */
		rig_turn(rig);
	t = txn_new(rig->k.db.store);
	txn_delete(t, TABLE_META, "sorts/account", sizeof "sorts/account" - 1);
	assert_int_equal(store_commit(t, NULL, NULL), 0);
	assert_false(sorts_ready(&rig->k.db, &account_kind));
}

static void
test_window(void **state)
{
	struct rig	rig;
	struct client	c, op;
	struct screen	s = { 0 };
	json_t		*reply;

	(void)state;
	open_rig(&rig);
	client_open(&c, &rig);
	client_open(&op, &rig);
	done(CLIENT_CALL(&op, "{s:s, s:s}", "do", "group add", "name", "g"));
	add(&op, "carla", "Carla");
	add(&op, "alice", "alice");
	add(&op, "bob", "Bob");
	screen_ask(&s, &c, json_pack("{s:s, s:i}", "kind", "account", "count", SHOWN));
	assert_true(s.ready);
	assert_int_equal(s.total, 3);
	assert_string_equal(cell(&s, 0, "username"), "alice");
	assert_string_equal(cell(&s, 2, "username"), "carla");
	assert_int_equal(number(&s, 0, "_version"), 1);
	/* A new row, in its place; and nothing is sent of those that have not changed. */
	add(&op, "barbara", "Barbara");
	s.bytes = s.pushes = 0;
	screen_settle(&s);
	assert_int_equal(s.matched, 4);
	assert_string_equal(cell(&s, 1, "username"), "barbara");
	assert_true(s.pushes >= 1 && s.bytes < 1200);
	/* A value that is sorted by moves the row; one that is not leaves it. */
	done(CLIENT_CALL(&op, "{s:s, s:s, s:{s:s}}", "do", "account set", "name", "alice", "set", "owner", "Zoe"));
	screen_settle(&s);
	assert_string_equal(cell(&s, 3, "username"), "alice");
	done(CLIENT_CALL(&op, "{s:s, s:s}", "do", "account disable", "name", "carla"));
	screen_settle(&s);
	assert_string_equal(cell(&s, 2, "username"), "carla");
	assert_true(json_is_false(json_object_get(json_object_get(s.rows, json_string_value(json_array_get(s.order, 2))), "enabled")));
	/* A group's new name is in every row. */
	done(CLIENT_CALL(&op, "{s:s, s:s, s:{s:s}}", "do", "group set", "name", "g", "set", "name", "h"));
	screen_settle(&s);
	assert_string_equal(cell(&s, 0, "group"), "h");
	done(CLIENT_CALL(&op, "{s:s, s:s, s:{s:s}}", "do", "group set", "name", "h", "set", "name", "g"));
	done(CLIENT_CALL(&op, "{s:s, s:s}", "do", "account delete", "name", "barbara"));
	screen_settle(&s);
	assert_int_equal(s.total, 3);
	assert_int_equal(json_array_size(s.order), 3);
	/* The same view turned round, filtered, and looked for. */
	screen_ask(&s, &c, json_pack("{s:I, s:b}", "of", s.view, "reverse", 1));
	assert_string_equal(cell(&s, 0, "username"), "alice");
	reply = CLIENT_CALL(&c, "{s:s, s:I, s:s}", "do", "view find", "of", s.view, "text", "CARL");
	assert_int_equal(ok_number(reply, "position"), 1);
	assert_int_equal(ok_number(CLIENT_CALL(&c, "{s:s, s:I, s:s}", "do", "view find", "of", s.view, "text", "aa"), "position"), -1);
	screen_ask(&s, &c, json_pack("{s:I, s:s, s:b}", "of", s.view, "filter", "bob*", "reverse", 0));
	assert_int_equal(s.matched, 1);
	assert_int_equal(s.total, 3);
	add(&op, "bobby", "New");
	screen_settle(&s);
	assert_int_equal(s.matched, 2);
	assert_int_equal(ok_number(CLIENT_CALL(&c, "{s:s, s:I, s:s}", "do", "view find", "of", s.view, "text", "n"), "position"), 1);
	done(CLIENT_CALL(&c, "{s:s, s:I}", "do", "view close", "of", s.view));
	refused(CLIENT_CALL(&c, "{s:s, s:I}", "do", "view close", "of", s.view), "not-found", "of");
	refused(CLIENT_CALL(&c, "{s:s, s:s}", "do", "view", "kind", "shoe"), "invalid", "kind");
	refused(CLIENT_CALL(&c, "{s:s, s:s, s:s}", "do", "view", "kind", "account", "sort", "password"), "invalid", "sort");
	screen_free(&s);
	client_close(&op);
	client_close(&c);
	rig_close(&rig);
}

static void
test_registrations(void **state)
{
	struct rig	rig;
	struct client	c, op;
	struct screen	s = { 0 }, accounts = { 0 }, groups = { 0 };
	struct client	c2, c3;

	(void)state;
	open_rig(&rig);
	client_open(&c, &rig);
	client_open(&c2, &rig);
	client_open(&c3, &rig);
	client_open(&op, &rig);
	done(CLIENT_CALL(&op, "{s:s, s:s}", "do", "group add", "name", "g"));
	add(&op, "alice", "Alice Rossi");
	add(&op, "bob", "Bruno");
	screen_ask(&s, &c, json_pack("{s:s, s:i}", "kind", "registration", "count", SHOWN));
	screen_ask(&accounts, &c2, json_pack("{s:s, s:i}", "kind", "account", "count", SHOWN));
	screen_ask(&groups, &c3, json_pack("{s:s, s:i}", "kind", "group", "count", SHOWN));
	assert_int_equal(s.matched, 0);
	rig_bind(&rig, 2, 1, 1, keeper_now(&rig.k) + 60000, true);
	rig_bind(&rig, 1, 1, 1, keeper_now(&rig.k) + 60000, true);
	screen_settle(&s);
	screen_settle(&accounts);
	screen_settle(&groups);
	assert_int_equal(s.matched, 2);
	assert_int_equal(s.total, 2);
	assert_int_equal(s.users, 2);
	assert_string_equal(cell(&s, 0, "username"), "alice");
	assert_string_equal(cell(&s, 0, "group"), "g");
	assert_string_equal(cell(&s, 0, "ip_addr"), "192.0.2.17");
	assert_int_equal(number(&s, 0, "port"), 5070);
	assert_int_equal(number(&accounts, 0, "_registrations"), 1);
	assert_int_equal(number(&groups, 0, "registered"), 2);
	assert_int_equal(number(&groups, 0, "accounts"), 2);
	/* What an operator changes of the account is in its registrations' rows. */
	done(CLIENT_CALL(&op, "{s:s, s:s, s:{s:s}}", "do", "account set", "name", "alice", "set", "owner", "Zoe"));
	screen_settle(&s);
	assert_string_equal(cell(&s, 1, "owner"), "Zoe");
	screen_ask(&s, &c, json_pack("{s:I, s:s, s:b}", "of", s.view, "sort", "registration_expires", "reverse", 1));
	rig_bind(&rig, 2, 1, 1, keeper_now(&rig.k) + 90000, false);
	screen_settle(&s);
	assert_string_equal(cell(&s, 0, "username"), "bob");
	assert_int_equal(ok_number(CLIENT_CALL(&op, "{s:s, s:s}", "do", "account delete", "name", "bob"), "registrations"), 1);
	screen_settle(&s);
	assert_int_equal(s.matched, 1);
	assert_string_equal(cell(&s, 0, "username"), "alice");
	screen_free(&s);
	screen_free(&accounts);
	screen_free(&groups);
	client_close(&op);
	client_close(&c);
	client_close(&c2);
	client_close(&c3);
	rig_close(&rig);
}

static void
test_events_follow(void **state)
{
	struct rig	rig;
	struct client	c, op;
	struct screen	s = { 0 };

	(void)state;
	open_rig(&rig);
	client_open(&c, &rig);
	client_open(&op, &rig);
	done(CLIENT_CALL(&op, "{s:s, s:s}", "do", "group add", "name", "g"));
	for (int i = 0; i < 10; i++)
		add(&op, "", "x");
	screen_ask(&s, &c, json_pack("{s:s, s:i, s:i}", "kind", "event", "first", -1, "count", 4));
	assert_int_equal(s.total, 11);
	assert_int_equal(s.first, 7);
	done(CLIENT_CALL(&op, "{s:s, s:s, s:{s:s}}", "do", "group set", "name", "g", "set", "description", "new"));
	screen_settle(&s);
	assert_int_equal(s.first, 8);
	assert_string_equal(cell(&s, 3, "event"), "group g: description \"\" -> \"new\"");
	screen_free(&s);
	client_close(&op);
	client_close(&c);
	rig_close(&rig);
}

static int
by_owner(const void *a, const void *b)
{
	const struct account	*x = a, *y = b;
	int			 d = strcmp(x->owner, y->owner);

	return d != 0 ? d : strcmp(x->username, y->username);
}

/* Whatever happens, the window shows what a sorted array would. */
static void
test_against_an_array(void **state)
{
	enum { N = 60, ROUNDS = 25, CHANGES = 12 };
	static struct account	model[N];
	struct rig		rig;
	struct client		c, op;
	struct screen		s = { 0 };
	size_t			n = 0;
	unsigned		serial = 0;

	(void)state;
	open_rig(&rig);
	client_open(&c, &rig);
	client_open(&op, &rig);
	done(CLIENT_CALL(&op, "{s:s, s:s}", "do", "group add", "name", "g"));
	screen_ask(&s, &c, json_pack("{s:s, s:i}", "kind", "account", "count", SHOWN));
	for (int round = 0; round < ROUNDS; round++) {
		json_int_t	first;

		for (int i = 0; i < CHANGES; i++) {
			size_t	at = n == 0 ? 0 : randombytes_uniform((uint32_t)n);
			char	owner[16];

			(void)snprintf(owner, sizeof owner, "o%u", randombytes_uniform(40));
			if (n == 0 || (n < N && randombytes_uniform(3) == 0)) {
				(void)snprintf(model[n].username, sizeof model[n].username, "u%05u", serial++);
				(void)snprintf(model[n].owner, sizeof model[n].owner, "%s", owner);
				add(&op, model[n].username, owner);
				n++;
			} else if (randombytes_uniform(2) == 0) {
				done(CLIENT_CALL(&op, "{s:s, s:s, s:{s:s}}", "do", "account set", "name", model[at].username, "set",
				    "owner", owner));
				(void)snprintf(model[at].owner, sizeof model[at].owner, "%s", owner);
			} else {
				done(CLIENT_CALL(&op, "{s:s, s:s}", "do", "account delete", "name", model[at].username));
				model[at] = model[--n];
			}
		}
		screen_settle(&s);
		qsort(model, n, sizeof model[0], by_owner);
		assert_int_equal(s.matched, n);
		assert_int_equal(json_array_size(s.order), n - (size_t)s.first < SHOWN ? n - (size_t)s.first : SHOWN);
		for (size_t i = 0; i < json_array_size(s.order); i++) {
			assert_string_equal(cell(&s, i, "username"), model[(size_t)s.first + i].username);
			assert_string_equal(cell(&s, i, "owner"), model[(size_t)s.first + i].owner);
		}
		first = (json_int_t)randombytes_uniform(30);
		screen_ask(&s, &c, json_pack("{s:I, s:I}", "of", s.view, "first", first));
	}
	screen_free(&s);
	client_close(&op);
	client_close(&c);
	rig_close(&rig);
}

/* Many rows: the loop is held up by nothing for long, and the window comes before all is sorted. */
static void
test_large(void **state)
{
	enum { N = 50000 };
	const char	*many = getenv("VIEW_TEST_ROWS");
	unsigned	 n = many == NULL ? N : (unsigned)strtoul(many, NULL, 10);
	struct rig	 rig;
	struct client	 c, op;
	struct screen	 s = { 0 };
	int64_t		 begun;
	char		 username[32], owner[32];
	json_t		*reply;

	(void)state;
	open_rig(&rig);
	client_open(&c, &rig);
	client_open(&op, &rig);
	done(CLIENT_CALL(&op, "{s:s, s:s}", "do", "group add", "name", "g"));
	for (unsigned i = 1; i <= n; i++) {
		(void)snprintf(username, sizeof username, "user%07u", i);
		(void)snprintf(owner, sizeof owner, "Owner %07u", (unsigned)((uint64_t)i * 2654435761u % n));
		rig_put_account(&rig, 1000 + i, username, owner);
		if (i % 1000 == 0)
			rig_turn(&rig);
	}
	(void)store_sync(rig.k.db.store);
	rig.longest_us = 0;
	begun = clock_boot_us();
	screen_ask(&s, &c, json_pack("{s:s, s:i}", "kind", "account", "count", 72));
	print_message("%u rows: first window after %lld us", n, (long long)(clock_boot_us() - begun));
	if (tree_forced)	/* as many as a slice of some ms has found */
		assert_in_range(json_array_size(s.order), 1, 72);
	else
		assert_int_equal(json_array_size(s.order), 72);
	screen_settle(&s);
	assert_int_equal(json_array_size(s.order), 72);
	print_message(", all sorted within %lld ms, longest turn %lld us\n", (long long)((clock_boot_us() - begun) / 1000),
	    (long long)rig.longest_us);
	assert_int_equal(s.matched, n);
	assert_string_equal(cell(&s, 0, "owner"), "Owner 0000000");
	begun = clock_boot_us();
	screen_ask(&s, &c, json_pack("{s:I, s:i}", "of", s.view, "first", (int)n));
	print_message("end of the list after %lld us\n", (long long)(clock_boot_us() - begun));
	(void)snprintf(owner, sizeof owner, "Owner %07u", n - 1);
	assert_string_equal(cell(&s, 71, "owner"), owner);
	reply = CLIENT_CALL(&c, "{s:s, s:I, s:s}", "do", "view find", "of", s.view, "text", "owner 0012345");
	assert_int_equal(ok_number(reply, "position"), 12345);
	begun = clock_boot_us();
	screen_ask(&s, &c, json_pack("{s:s, s:s, s:i}", "kind", "account", "filter", "uSer00123*", "count", 72));
	screen_settle(&s);
	print_message("filtered within %lld ms\n", (long long)((clock_boot_us() - begun) / 1000 - 3 * VIEW_INTERVAL_MS));
	assert_int_equal(s.matched, 100);
	/* A filter that lets them all through, or all but one, in the order of two columns. */
	for (int one = 0; one < 2; one++) {
		for (int group = 0; group < 2; group++) {
			screen_ask(&s, &c, json_pack("{s:s, s:s, s:s, s:i}", "kind", "account", "filter",
			    one ? "owner:owner AND NOT owner:0000000" : "owner:owner", "sort", group ? "group" : "owner", "count", 72));
			screen_settle(&s);
			assert_int_equal(s.matched, n - (unsigned)one);
			if (group == 0)
				assert_string_equal(cell(&s, 0, "owner"), one ? "Owner 0000001" : "Owner 0000000");
			else
				assert_string_equal(cell(&s, 1, "group"), "g");
		}
	}
	/* A list of them all goes out while another client is served. */
	begun = clock_boot_us();
	client_ask(&c, "{s:s, s:s}", "do", "account list", "sort", "username");
	done(CLIENT_CALL(&op, "{s:s}", "do", "status"));
	assert_int_equal(ok_number(client_answer(&c), "rows"), n);
	print_message("list of all within %lld ms, longest turn %lld us\n", (long long)((clock_boot_us() - begun) / 1000),
	    (long long)rig.longest_us);
	assert_true(rig.longest_us < TURN_MAX_US);
	screen_free(&s);
	client_close(&op);
	client_close(&c);
	rig_close(&rig);
}

/* A console that stops reading costs a bounded amount, and is shown how things are when it reads again. */
static void
test_stopped_console(void **state)
{
	struct rig	rig;
	struct client	c, op;
	struct screen	s = { 0 };
	struct peer	*p;
	char		owner[32];

	(void)state;
	open_rig(&rig);
	client_open(&c, &rig);
	client_open(&op, &rig);
	done(CLIENT_CALL(&op, "{s:s, s:s}", "do", "group add", "name", "g"));
	for (int i = 0; i < 30; i++)
		add(&op, "", "x");
	add(&op, "alice", "first");
	screen_ask(&s, &c, json_pack("{s:s, s:i}", "kind", "account", "count", 100));
	for (int i = 0; i < 1500; i++) {
		(void)snprintf(owner, sizeof owner, "owner %d", i);
		done(CLIENT_CALL(&op, "{s:s, s:s, s:{s:s}}", "do", "account set", "name", "alice", "set", "owner", owner));
		TAILQ_FOREACH(p, &rig.k.control->peers, link)
			assert_true(peer_unread(p) < PEER_UNREAD_VIEW + 100 * 1024);
	}
	screen_settle(&s);
	for (size_t i = 0; i < json_array_size(s.order); i++)
		if (strcmp(cell(&s, i, "username"), "alice") == 0)
			assert_string_equal(cell(&s, i, "owner"), owner);
	screen_free(&s);
	client_close(&op);
	client_close(&c);
	rig_close(&rig);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_window), cmocka_unit_test(test_registrations), cmocka_unit_test(test_events_follow),
		cmocka_unit_test(test_against_an_array), cmocka_unit_test(test_large), cmocka_unit_test(test_stopped_console),
	};

	int	failed = cmocka_run_group_tests_name("view in the store's order", tests, NULL, NULL);

	tree_forced = true;
	return failed + cmocka_run_group_tests_name("view in an order of its own", tests, NULL, NULL);
}
