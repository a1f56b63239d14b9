/* links: db sipd keeper */
#include "control_rig.h"

#include "sipd/keeper/accounts.h"
#include "sipd/keeper/digest.h"
#include "sipd/keeper/imports.h"
#include "sipd/keeper/staged.h"

enum { TURN_MAX_US = 300000 };	/* under a sanitizer, on a busy machine; the bench measures the daemon itself */

static void
begin(struct rig *rig, struct client *c)
{
	rig_open(rig);
	client_open(c, rig);
	done(CLIENT_CALL(c, "{s:s, s:s}", "do", "group add", "name", "sales"));
}

static void
end(struct rig *rig, struct client *c)
{
	client_close(c);
	rig_close(rig);
}

/* The import stands; its first line is no answer yet. */
static json_int_t
import_begin(struct client *c)
{
	json_t	*m = CLIENT_CALL(c, "{s:s, s:s}", "do", "account import", "step", "begin");

	if (json_object_get(m, "import") == NULL)
		fail_msg("not begun: %s", json_dumps(m, 0));
	json_decref(m);
	return c->last_id;
}

static json_t *
row(json_int_t line, const char *username, const char *field, const char *value)
{
	json_t	*set = json_pack("{s:s, s:s}", "username", username, "group", "sales");

	if (field != NULL)
		(void)json_object_set_new(set, field, json_string(value));
	return json_pack("{s:I, s:o}", "line", line, "set", set);
}

static json_t *
rows_many(int n)
{
	json_t	*rows = json_array();

	for (int i = 0; i < n; i++) {
		char	name[16];

		(void)snprintf(name, sizeof name, "u%d", i);
		(void)json_array_append_new(rows, row(i, name, "password", "long enough"));
	}
	return rows;
}

/* Sends an array of rows; the "ok" of the answer, to be released. */
static json_t *
rows_send(struct client *c, json_t *rows)
{
	json_t	*m = CLIENT_CALL(c, "{s:s, s:s, s:o}", "do", "account import", "step", "rows", "rows", rows);
	json_t	*ok = json_incref(ok_of(m));

	json_decref(m);
	return ok;
}

static void
rows_well(struct client *c, json_t *rows)
{
	json_t	*ok = rows_send(c, rows);

	if (json_array_size(json_object_get(ok, "faults")) != 0)
		fail_msg("faults: %s", json_dumps(ok, 0));
	json_decref(ok);
}

static json_t *
import_commit(struct client *c)
{
	return CLIENT_CALL(c, "{s:s, s:s}", "do", "account import", "step", "commit");
}

/* The last line of the import: what became of it. */
static void
import_ends(struct client *c, json_int_t id, json_int_t added, json_int_t changed, json_int_t same)
{
	json_t	*m, *ok;

	for (;;) {
		assert_non_null(m = client_next(c));
		ok = json_object_get(m, "ok");
		if (ok != NULL && json_integer_value(json_object_get(m, "id")) == id)
			break;
		json_decref(m);
	}
	assert_int_equal(json_integer_value(json_object_get(ok, "added")), added);
	assert_int_equal(json_integer_value(json_object_get(ok, "changed")), changed);
	assert_int_equal(json_integer_value(json_object_get(ok, "same")), same);
	assert_int_equal(json_integer_value(json_object_get(ok, "lost")), 0);
	json_decref(m);
}

static int
fault_seen(void *arg, struct store_bytes key, struct store_bytes value)
{
	size_t	*n = arg;

	(void)key;
	(void)value;
	++*n;
	return 0;
}

static size_t
staged(struct rig *rig)
{
	size_t	n = 0;

	(void)store_range(rig->k.db.store, TABLE_IMPORT, (struct store_bytes){ 0 }, NULL, false, 0, fault_seen, &n);
	return n;
}

/* Nothing of any import is left. */
static void
nothing_left(struct rig *rig)
{
	struct store_bytes	v;
	int64_t			until = clock_boot_ms() + RIG_PATIENCE_MS;

	while ((staged(rig) > 0 || store_get(rig->k.db.store, TABLE_META, "import", 6, &v) == 0) && clock_boot_ms() < until)
		rig_turn(rig);
	assert_int_equal(staged(rig), 0);
	assert_int_equal(store_get(rig->k.db.store, TABLE_META, "import", 6, &v), ERR_NOT_FOUND);
	assert_int_equal(table_verify(&rig->k.db, &account_kind, NULL, NULL), 0);
}

static uint64_t
accounts(struct rig *rig)
{
	return count_get(&rig->k.db, "accounts");
}

/* New accounts and changes, in one; hashes as of `account add`, counts, events with the operator's name. */
static void
test_all(void **state)
{
	struct rig	 rig;
	struct client	 c;
	struct account	 old, a, b;
	json_t		*ok, *m, *made;
	json_int_t	 id;
	char		*events, operator[128];

	(void)state;
	begin(&rig, &c);
	done(CLIENT_CALL(&c, "{s:s, s:s, s:{s:s, s:s, s:s}}", "do", "account add", "name", "old", "set", "group", "sales", "password",
	    "long enough", "caller_id", "+390"));
	assert_int_equal(accounts_find(&rig.k, "old", &old), 0);
	id = import_begin(&c);
	ok = rows_send(&c, json_pack("[o, o, o, o]", row(2, "old", "owner", "Bo"), row(3, "new", "password", "long enough"),
	    row(4, "made", "password", "random"), row(5, "", "enabled", "no")));
	assert_int_equal(json_array_size(json_object_get(ok, "faults")), 0);
	made = json_object_get(ok, "made");
	assert_int_equal(json_array_size(made), 2);
	assert_string_equal(json_string_value(json_object_get(json_array_get(made, 0), "username")), "made");
	assert_int_equal(json_string_length(json_object_get(json_array_get(made, 0), "password")), 16);
	assert_null(json_object_get(json_array_get(made, 1), "password"));
	json_decref(ok);
	assert_int_equal(accounts(&rig), 1);			/* not yet */
	done(import_commit(&c));
	import_ends(&c, id, 3, 1, 0);
	nothing_left(&rig);
	assert_int_equal(accounts(&rig), 4);
	assert_int_equal(count_get(&rig.k.db, "group/1/accounts"), 4);
	assert_int_equal(count_get(&rig.k.db, "group/1/enabled"), 3);
	assert_int_equal(count_get(&rig.k.db, "disabled"), 1);
	assert_int_equal(accounts_find(&rig.k, "old", &a), 0);
	assert_string_equal(a.owner, "Bo");
	assert_int_equal(a.version, old.version + 1);
	assert_memory_equal(a.ha1_sha256, old.ha1_sha256, sizeof a.ha1_sha256);		/* kept */
	assert_int_equal(accounts_find(&rig.k, "new", &b), 0);
	strcpy(a.username, "new");
	strcpy(a.password, "long enough");
	digest_set_password(&a, rig.k.conf.domains[0]);
	assert_memory_equal(a.ha1_sha256, b.ha1_sha256, sizeof a.ha1_sha256);
	assert_memory_equal(a.ha1_md5, b.ha1_md5, sizeof a.ha1_md5);
	(void)client_ask(&c, "{s:s, s:s}", "do", "event list", "query", "subject:new");
	assert_non_null(m = client_next(&c));
	events = json_dumps(m, 0);
	assert_non_null(strstr(events, "account new: made in group sales"));
	(void)snprintf(operator, sizeof operator, "\"operator\": \"%s\"", rig_operator());
	assert_non_null(strstr(events, operator));
	free(events);
	json_decref(m);
	done(client_answer(&c));
	end(&rig, &c);
}

/* The same rows once more change nothing, a password included; fixed fields must be equal, those of the daemon are passed over. */
static void
test_again(void **state)
{
	struct rig	 rig;
	struct client	 c;
	struct account	 a;
	json_t		*ok, *faults;
	json_int_t	 id;

	(void)state;
	begin(&rig, &c);
	for (int round = 0; round < 2; round++) {
		id = import_begin(&c);
		rows_well(&c, json_pack("[{s:i, s:{s:s, s:s, s:s, s:s, s:s, s:s, s:b}}]", "line", 2, "set", "username", "a", "group", "sales",
		    "password", "long enough", "caller_id", "+391", "created_at", "2026-11-21T05:14:02Z", "status", "Activated", "enabled", 1));
		done(import_commit(&c));
		import_ends(&c, id, round == 0, 0, round == 1);
	}
	assert_int_equal(accounts_find(&rig.k, "a", &a), 0);
	assert_int_equal(a.version, 1);
	assert_int_equal(a.status, STATUS_CREATED);
	(void)import_begin(&c);
	ok = rows_send(&c, json_pack("[o]", row(2, "a", "caller_id", "+392")));
	faults = json_object_get(ok, "faults");
	assert_int_equal(json_array_size(faults), 1);
	assert_string_equal(json_string_value(json_object_get(json_array_get(faults, 0), "text")),
	    "fixed: write +391, or delete the account and make it again");
	json_decref(ok);
	end(&rig, &c);
}

static void
fault_is(json_t *faults, size_t i, json_int_t line, const char *field, const char *text)
{
	json_t	*f = json_array_get(faults, i);

	assert_int_equal(json_integer_value(json_object_get(f, "line")), line);
	assert_string_equal(json_string_value(json_object_get(f, "field")), field);
	if (strstr(json_string_value(json_object_get(f, "text")), text) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", text, json_string_value(json_object_get(f, "text")));
}

/* Every fault of every row, also of what comes twice; then nothing is changed. */
static void
test_faults(void **state)
{
	struct rig	 rig;
	struct client	 c;
	json_t		*ok, *f, *rows, *wide;
	json_int_t	 id;
	char		 name[24];

	(void)state;
	begin(&rig, &c);
	done(CLIENT_CALL(&c, "{s:s, s:s, s:{s:s, s:s}}", "do", "account add", "name", "old", "set", "group", "sales", "caller_id", "+390"));
	id = import_begin(&c);
	ok = rows_send(&c, json_pack("[o, o, o, o, o, o, {s:i, s:{s:s, s:s, s:s, s:s}}, {s:i, s:{s:s, s:s}}, {s:i}, {s:i, s:{s:s, s:[]}}]",
	    row(2, "a", "caller_id", "+391"), row(3, "b", "caller_id_2", "+391"), row(4, "a", "owner", "x"), row(5, "c d", NULL, NULL),
	    row(6, "e", "password", "short"), row(7, "f", "caller_id_2", "+390"),
	    "line", 8, "set", "username", "g", "email", "bad", "caller_id", "+390", "qualify", "maybe",
	    "line", 9, "set", "username", "h", "onwer", "x", "line", 10, "line", 11, "set", "username", "i", "owner"));
	f = json_object_get(ok, "faults");
	fault_is(f, 0, 3, "caller_id_2", "the same as in line 2");
	fault_is(f, 1, 4, "username", "the same as in line 2");
	fault_is(f, 2, 5, "username", "only letters");
	fault_is(f, 3, 6, "password", "at least 8");
	fault_is(f, 4, 7, "caller_id_2", "+390 belongs to account old");
	fault_is(f, 5, 8, "email", "name@host");
	fault_is(f, 6, 8, "qualify", "must be");
	fault_is(f, 7, 8, "caller_id", "belongs to account old");
	fault_is(f, 8, 8, "group", "may not be empty");
	fault_is(f, 9, 9, "onwer", "owner");
	fault_is(f, 10, 9, "group", "may not be empty");
	fault_is(f, 11, 10, "", "\"set\"");
	fault_is(f, 12, 11, "owner", "must be a string");
	fault_is(f, 13, 11, "group", "may not be empty");
	assert_int_equal(json_array_size(f), 14);
	json_decref(ok);
	rows = json_array();
	for (int i = 0; i < IMPORT_FAULTS_MAX; i++)
		(void)json_array_append_new(rows, row(100 + i, "c d", NULL, NULL));
	wide = json_object_get(json_array_get(rows, 0), "set");
	for (int i = 0; i < EDIT_ITEMS; i++) {
		(void)snprintf(name, sizeof name, "field%d", i);
		(void)json_object_set_new(wide, name, json_null());
	}
	ok = rows_send(&c, rows);
	f = json_object_get(ok, "faults");
	assert_int_equal(json_array_size(f), IMPORT_FAULTS_MAX - 14);
	fault_is(f, 1, 100, "", "more fields than an account");
	assert_int_equal(json_integer_value(json_object_get(ok, "more")), 15);
	json_decref(ok);
	refused(import_commit(&c), "invalid", "");
	assert_int_equal(accounts(&rig), 1);
	done(CLIENT_CALL(&c, "{s:s, s:I}", "do", "cancel", "of", id));
	nothing_left(&rig);
	assert_int_equal(accounts(&rig), 1);
	end(&rig, &c);
}

/* What is staged is taken, for everybody else; another import has to wait. */
static void
test_reserved(void **state)
{
	struct rig	rig;
	struct client	c, other;
	json_int_t	id;

	(void)state;
	begin(&rig, &c);
	client_open(&other, &rig);
	done(CLIENT_CALL(&c, "{s:s, s:s}", "do", "group add", "name", "ops"));
	done(CLIENT_CALL(&c, "{s:s, s:s, s:{s:s}}", "do", "account add", "name", "old", "set", "group", "ops"));
	done(CLIENT_CALL(&c, "{s:s, s:s, s:{s:s}}", "do", "profile add", "name", "desk", "set", "kind", "text"));
	done(CLIENT_CALL(&c, "{s:s, s:s, s:{s:s}}", "do", "profile add", "name", "unused", "set", "kind", "text"));
	id = import_begin(&c);
	refused(CLIENT_CALL(&other, "{s:s, s:s}", "do", "account import", "step", "begin"), "busy", "");
	refused(CLIENT_CALL(&other, "{s:s, s:s, s:[]}", "do", "account import", "step", "rows", "rows"), "usage", "");
	refused(CLIENT_CALL(&other, "{s:s, s:s}", "do", "account import", "step", "commit"), "usage", "");
	rows_well(&c, json_pack("[o, o, o]", row(2, "new", "caller_id", "+391"), row(3, "old", "owner", "Bo"), row(4, "p", "profile", "desk")));
	refused(CLIENT_CALL(&other, "{s:s, s:s, s:{s:s}}", "do", "account add", "name", "new", "set", "group", "ops"), "exists", "username");
	refused(CLIENT_CALL(&other, "{s:s, s:s, s:{s:s, s:s}}", "do", "account add", "name", "x", "set", "group", "ops",
	    "caller_id_2", "+391"), "exists", "caller_id_2");
	refused(CLIENT_CALL(&other, "{s:s, s:s}", "do", "account delete", "name", "old"), "busy", "");
	refused(CLIENT_CALL(&other, "{s:s, s:s}", "do", "group delete", "name", "sales"), "in-use", "");
	refused(CLIENT_CALL(&other, "{s:s, s:s}", "do", "profile delete", "name", "desk"), "in-use", "");
	done(CLIENT_CALL(&other, "{s:s, s:s}", "do", "profile delete", "name", "unused"));
	done(CLIENT_CALL(&other, "{s:s, s:s, s:{s:s}}", "do", "account set", "name", "old", "set", "description", "kept"));
	done(import_commit(&c));
	import_ends(&c, id, 2, 1, 0);
	nothing_left(&rig);
	done(CLIENT_CALL(&other, "{s:s, s:s}", "do", "account delete", "name", "p"));
	done(CLIENT_CALL(&other, "{s:s, s:s}", "do", "profile delete", "name", "desk"));
	done(CLIENT_CALL(&other, "{s:s, s:s}", "do", "account delete", "name", "old"));
	done(CLIENT_CALL(&other, "{s:s, s:s}", "do", "account delete", "name", "new"));
	done(CLIENT_CALL(&other, "{s:s, s:s}", "do", "group delete", "name", "sales"));
	client_close(&other);
	end(&rig, &c);
}

/* A client that goes before the commit leaves nothing; the next import waits until that is so, and then stands. */
static void
test_gone(void **state)
{
	struct rig	rig;
	struct client	c, other;
	json_int_t	id;

	(void)state;
	begin(&rig, &c);
	(void)import_begin(&c);
	rows_well(&c, rows_many(300));
	assert_true(staged(&rig) > 300);
	close(c.fd);
	client_open(&other, &rig);
	id = import_begin(&other);
	assert_int_equal(staged(&rig), 0);
	rows_well(&other, rows_many(300));
	assert_int_equal(accounts(&rig), 0);
	done(import_commit(&other));
	import_ends(&other, id, 300, 0, 0);
	assert_int_equal(accounts(&rig), 300);
	nothing_left(&rig);
	client_close(&other);
	free(c.in);
	rig_close(&rig);
}

/* The disk refuses: rows are not staged, a commit is none, and what is committed is applied when the disk takes it again. */
static void
test_store_fails(void **state)
{
	struct store_stat	before, after;
	struct rig		rig;
	struct client		c;
	json_t			*m;
	json_int_t		id;

	(void)state;
	begin(&rig, &c);
	(void)import_begin(&c);
	store_fault(rig.k.db.store, true);
	refused(CLIENT_CALL(&c, "{s:s, s:s, s:[o]}", "do", "account import", "step", "rows", "rows", row(2, "a", NULL, NULL)), "unavailable", "");
	store_fault(rig.k.db.store, false);
	refused(import_commit(&c), "unavailable", "");		/* a part of it is missing */
	done(CLIENT_CALL(&c, "{s:s, s:i}", "do", "cancel", "of", 2));
	nothing_left(&rig);

	id = import_begin(&c);
	(void)client_ask(&c, "{s:s, s:s, s:[o]}", "do", "account import", "step", "rows", "rows", row(2, "a", NULL, NULL));
	for (int i = 0; i < 1000 && staged(&rig) == 0; i++)
		(void)event_base_loop(rig.k.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);	/* staged, not durable */
	store_fault(rig.k.db.store, true);
	refused(client_answer(&c), "unavailable", "");
	store_fault(rig.k.db.store, false);
	refused(import_commit(&c), "unavailable", "");
	done(CLIENT_CALL(&c, "{s:s, s:I}", "do", "cancel", "of", id));
	nothing_left(&rig);

	id = import_begin(&c);
	rows_well(&c, rows_many(20));
	store_fault(rig.k.db.store, true);
	store_stat(rig.k.db.store, &before);
	done(CLIENT_CALL(&c, "{s:s, s:I}", "do", "cancel", "of", id));
	for (int i = 0; i < 200; i++)
		rig_turn(&rig);
	store_stat(rig.k.db.store, &after);
	assert_in_range(after.failed - before.failed, 1, 10);	/* it is not tried again and again */
	store_fault(rig.k.db.store, false);
	nothing_left(&rig);

	id = import_begin(&c);
	rows_well(&c, json_pack("[o, o]", row(2, "a", NULL, NULL), row(3, "b", NULL, NULL)));
	(void)client_ask(&c, "{s:s, s:s}", "do", "account import", "step", "commit");
	for (int i = 0; i < 1000 && store_get(rig.k.db.store, TABLE_META, "import", 6, &(struct store_bytes){ 0 }) != 0; i++)
		(void)event_base_loop(rig.k.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);	/* committed, not durable */
	store_fault(rig.k.db.store, true);
	refused(client_answer(&c), "unavailable", "");
	assert_non_null(m = client_next(&c));
	assert_int_equal(json_integer_value(json_object_get(m, "id")), id);
	refused(m, "unavailable", "");
	store_fault(rig.k.db.store, false);
	nothing_left(&rig);
	assert_int_equal(accounts(&rig), 0);

	id = import_begin(&c);
	rows_well(&c, rows_many(400));
	done(import_commit(&c));
	store_fault(rig.k.db.store, true);
	for (int i = 0; i < 20; i++)
		rig_turn(&rig);
	assert_true(accounts(&rig) < 400);
	store_fault(rig.k.db.store, false);
	import_ends(&c, id, 400, 0, 0);
	assert_int_equal(accounts(&rig), 400);
	assert_int_equal(count_get(&rig.k.db, "group/1/accounts"), 400);
	nothing_left(&rig);
	end(&rig, &c);
}

static void
control_again(struct rig *rig)
{
	char	why[256];

	control_free(rig->k.control);
	(void)store_sync(rig->k.db.store);
	if ((rig->k.control = control_new(&rig->k, why, sizeof why)) == NULL)
		fail_msg("%s", why);
}

/* The keeper stops: what was committed is applied by the next one, what was not is nothing. */
static void
test_restart(void **state)
{
	struct rig	 rig;
	struct client	 c;
	struct txn	*t;
	int64_t		 until = clock_boot_ms() + RIG_PATIENCE_MS;

	(void)state;
	begin(&rig, &c);
	(void)import_begin(&c);
	rows_well(&c, rows_many(400));
	control_again(&rig);
	nothing_left(&rig);
	assert_int_equal(accounts(&rig), 0);
	t = txn_new(rig.k.db.store);
	staged_reserve(t, STAGED_USERNAME, "u1", 2);	/* cut off in the midst of discarding: the rows had gone */
	assert_int_equal(rig_commit(&rig, t), 0);
	control_again(&rig);
	nothing_left(&rig);
	close(c.fd);
	free(c.in);

	client_open(&c, &rig);
	(void)import_begin(&c);
	rows_well(&c, rows_many(400));
	done(import_commit(&c));
	while (accounts(&rig) == 0)
		rig_turn(&rig);
	assert_true(accounts(&rig) < 400);
	control_again(&rig);
	while (accounts(&rig) < 400 && clock_boot_ms() < until)
		rig_turn(&rig);
	assert_int_equal(accounts(&rig), 400);
	assert_int_equal(count_get(&rig.k.db, "group/1/accounts"), 400);
	nothing_left(&rig);
	end(&rig, &c);
}

static int
secret_in(void *arg, struct store_bytes key, struct store_bytes value)
{
	const struct account	*a = arg;

	(void)key;
	assert_null(memmem(value.p, value.n, "long enough", 11));
	assert_null(memmem(value.p, value.n, a->ha1_md5, sizeof a->ha1_md5));
	assert_null(memmem(value.p, value.n, a->ha1_sha256, sizeof a->ha1_sha256));
	return 0;
}

/* Neither a password nor its hashes stand readable in the staging table. */
static void
test_secrets(void **state)
{
	struct rig	rig;
	struct client	c;
	struct account	a = { .id = 0 };
	struct staged	s;

	(void)state;
	begin(&rig, &c);
	strcpy(a.username, "alice");
	strcpy(a.password, "long enough");
	digest_set_password(&a, rig.k.conf.domains[0]);
	(void)import_begin(&c);
	rows_well(&c, json_pack("[o]", row(2, "alice", "password", "long enough")));
	assert_int_equal(staged_first(&rig.k.db, &s), 0);
	assert_memory_equal(s.account.ha1_sha256, a.ha1_sha256, sizeof a.ha1_sha256);
	assert_int_equal(store_range(rig.k.db.store, TABLE_IMPORT, (struct store_bytes){ 0 }, NULL, false, 0, secret_in, &a), 0);
	end(&rig, &c);
}

/* A damaged row is told of and given up; the others are applied. */
static void
test_damaged(void **state)
{
	static const uint8_t	key[9] = { 'r', 0, 0, 0, 0, 0, 0, 0, 1 };
	struct rig		rig;
	struct client		c;
	struct txn		*t;
	json_t			*m, *ok;

	(void)state;
	begin(&rig, &c);
	(void)import_begin(&c);
	rows_well(&c, json_pack("[o, o]", row(2, "a", NULL, NULL), row(3, "b", NULL, NULL)));
	t = txn_new(rig.k.db.store);
	txn_put(t, TABLE_IMPORT, key, sizeof key, "?", 1);
	assert_int_equal(rig_commit(&rig, t), 0);
	done(import_commit(&c));
	for (;;) {
		assert_non_null(m = client_next(&c));
		if ((ok = json_object_get(m, "ok")) != NULL && json_object_get(ok, "lost") != NULL)
			break;
		json_decref(m);
	}
	assert_int_equal(json_integer_value(json_object_get(ok, "lost")), 1);
	assert_int_equal(json_integer_value(json_object_get(ok, "added")), 1);
	json_decref(m);
	assert_int_equal(accounts(&rig), 1);
	nothing_left(&rig);
	end(&rig, &c);
}

/* However many rows come at once, a turn of the loop stays short. */
static void
test_turns(void **state)
{
	struct rig	 rig;
	struct client	 c;
	json_int_t	 id;

	(void)state;
	begin(&rig, &c);
	rig.longest_us = 0;
	id = import_begin(&c);
	for (int part = 0; part < 8; part++) {
		json_t	*rows = json_array();

		for (int i = 0; i < 250; i++) {
			char	name[16];

			(void)snprintf(name, sizeof name, "u%d", 250 * part + i);
			(void)json_array_append_new(rows, row(i, name, "password", "long enough"));
		}
		rows_well(&c, rows);
	}
	done(import_commit(&c));
	import_ends(&c, id, 2000, 0, 0);
	print_message("longest turn %lld us\n", (long long)rig.longest_us);
	assert_true(rig.longest_us < TURN_MAX_US);
	assert_int_equal(accounts(&rig), 2000);
	end(&rig, &c);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_all), cmocka_unit_test(test_again), cmocka_unit_test(test_faults), cmocka_unit_test(test_reserved),
		cmocka_unit_test(test_gone), cmocka_unit_test(test_store_fails), cmocka_unit_test(test_restart), cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_damaged), cmocka_unit_test(test_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
