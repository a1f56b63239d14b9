/* links: db sipd keeper */
/* Tokens: found by their text alone, stored as hashes, of one round at a time, ended by time, and gone with their account. */
#include "control_rig.h"

#include "core/web_token.h"
#include "sipd/keeper/accounts.h"
#include "sipd/keeper/groups.h"
#include "sipd/keeper/tokens.h"

enum { ACCOUNT = 7, OTHER = 8, HOUR_MS = 3600 * 1000 };

static void
later(struct rig *rig, int64_t ms)
{
	rig->k.clock.offset_ms += ms;
}

static void
commit(struct rig *rig, struct txn *t)
{
	assert_int_equal(rig_commit(rig, t), 0);
	assert_int_equal(table_verify(&rig->k.db, &web_token_kind, NULL, NULL), 0);
}

static void
make(struct rig *rig, uint64_t account_id, enum web_token_purpose purpose, char text[WEB_TOKEN_TEXT])
{
	struct txn	*t = txn_new(rig->k.db.store);

	tokens_make(&rig->k, t, account_id, purpose, text);
	commit(rig, t);
}

static int
count_one(void *arg, const void *record)
{
	(void)record;
	++*(int *)arg;
	return 0;
}

static int
stored(struct rig *rig)
{
	int	n = 0;

	(void)table_each(&rig->k.db, &web_token_kind, NULL, 0, count_one, &n);
	return n;
}

static int
has_text(void *arg, struct store_bytes key, struct store_bytes value)
{
	const char	*text = arg;

	assert_null(memmem(key.p, key.n, text, WEB_TOKEN_TEXT - 1));
	assert_null(memmem(value.p, value.n, text, WEB_TOKEN_TEXT - 1));
	return 0;
}

static void
test_make_and_find(void **state)
{
	struct rig		rig;
	struct web_token	token;
	char			text[WEB_TOKEN_TEXT], second[WEB_TOKEN_TEXT];

	(void)state;
	rig_open(&rig);
	make(&rig, ACCOUNT, TOKEN_INSTALL, text);
	make(&rig, OTHER, TOKEN_INSTALL, second);
	assert_string_not_equal(text, second);
	assert_int_equal(strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"), WEB_TOKEN_TEXT - 1);
	assert_int_equal(tokens_find(&rig.k, span_of(text), TOKEN_INSTALL, &token), 0);
	assert_int_equal(token.account_id, ACCOUNT);
	assert_int_equal(token.used_at, 0);
	(void)store_range(rig.k.db.store, TABLE_TOKEN, (struct store_bytes){ "", 0 }, NULL, false, 0, has_text, text);
	assert_int_equal(tokens_find(&rig.k, span_of(text), TOKEN_ACTIVATE, &token), ERR_NOT_FOUND);
	assert_int_equal(tokens_find(&rig.k, span_of(""), TOKEN_INSTALL, &token), ERR_NOT_FOUND);
	assert_int_equal(tokens_find(&rig.k, (struct span){ text, WEB_TOKEN_TEXT - 2 }, TOKEN_INSTALL, &token), ERR_NOT_FOUND);
	for (size_t i = 0; i < WEB_TOKEN_TEXT - 1; i++) {
		char	was = text[i];

		text[i] = was == 'a' ? 'b' : 'a';
		assert_int_equal(tokens_find(&rig.k, span_of(text), TOKEN_INSTALL, &token), ERR_NOT_FOUND);
		text[i] = was;
	}
	rig_close(&rig);
}

static void
test_time(void **state)
{
	struct rig		rig;
	struct web_token	token;
	char			text[WEB_TOKEN_TEXT];

	(void)state;
	rig_open(&rig);
	make(&rig, ACCOUNT, TOKEN_INSTALL, text);
	later(&rig, 71 * HOUR_MS);
	assert_int_equal(tokens_find(&rig.k, span_of(text), TOKEN_INSTALL, &token), 0);
	assert_false(tokens_is_expired(&rig.k, &token));
	later(&rig, HOUR_MS + 1000);
	assert_int_equal(tokens_find(&rig.k, span_of(text), TOKEN_INSTALL, &token), 0);
	assert_true(tokens_is_expired(&rig.k, &token));	/* and can be told so */
	assert_false(tokens_tick(&rig.k));
	assert_int_equal(stored(&rig), 1);
	later(&rig, (int64_t)8 * 24 * HOUR_MS);
	assert_false(tokens_tick(&rig.k));
	assert_int_equal(store_sync(rig.k.db.store), 0);
	assert_int_equal(stored(&rig), 0);
	rig_close(&rig);
}

static void
test_purge_in_slices(void **state)
{
	struct rig	rig;
	char		text[WEB_TOKEN_TEXT];
	int		slices = 1;

	(void)state;
	rig_open(&rig);
	for (uint64_t i = 1; i <= 200; i++)
		make(&rig, i, TOKEN_INSTALL, text);
	later(&rig, (int64_t)12 * 24 * HOUR_MS);
	for (; tokens_tick(&rig.k); slices++)
		assert_int_equal(store_sync(rig.k.db.store), 0);
	assert_int_equal(store_sync(rig.k.db.store), 0);
	assert_in_range(slices, 4, 8);
	assert_int_equal(stored(&rig), 0);
	assert_int_equal(table_verify(&rig.k.db, &web_token_kind, NULL, NULL), 0);
	rig_close(&rig);
}

static void
test_configuration(void **state)
{
	struct rig		rig;
	struct web_token	page, c;
	struct txn		*t;
	char			text[WEB_TOKEN_TEXT], first[WEB_TOKEN_TEXT], again[WEB_TOKEN_TEXT], second[WEB_TOKEN_TEXT];

	(void)state;
	rig_open(&rig);
	make(&rig, ACCOUNT, TOKEN_ACTIVATE, text);
	assert_int_equal(tokens_find(&rig.k, span_of(text), TOKEN_ACTIVATE, &page), 0);
	assert_true(tokens_configuration(&rig.k, &page, first));
	assert_true(tokens_configuration(&rig.k, &page, again));	/* shown again, nothing written: the same */
	assert_string_equal(first, again);
	assert_string_not_equal(first, text);
	assert_int_equal(tokens_find(&rig.k, span_of(first), TOKEN_CONFIGURE, &c), 0);

	t = txn_new(rig.k.db.store);
	tokens_downloaded(&rig.k, t, &c);
	commit(&rig, t);
	assert_int_equal(tokens_find(&rig.k, span_of(first), TOKEN_CONFIGURE, &c), 0);
	assert_int_not_equal(c.used_at, 0);
	assert_int_equal(tokens_find(&rig.k, span_of(text), TOKEN_ACTIVATE, &page), 0);
	assert_true(tokens_configuration(&rig.k, &page, second));	/* the page offers another one */
	assert_string_not_equal(first, second);
	assert_int_equal(stored(&rig), 3);

	assert_int_equal(tokens_find(&rig.k, span_of(second), TOKEN_CONFIGURE, &c), 0);
	t = txn_new(rig.k.db.store);
	tokens_downloaded(&rig.k, t, &c);
	commit(&rig, t);
	assert_int_equal(tokens_find(&rig.k, span_of(first), TOKEN_CONFIGURE, &c), ERR_NOT_FOUND);
	assert_int_equal(stored(&rig), 3);

	later(&rig, 400 * (int64_t)24 * HOUR_MS);	/* the client fetches it at each of its starts */
	assert_int_equal(tokens_find(&rig.k, span_of(second), TOKEN_CONFIGURE, &c), 0);
	assert_false(tokens_is_expired(&rig.k, &c));
	while (tokens_tick(&rig.k))
		continue;
	assert_int_equal(store_sync(rig.k.db.store), 0);
	assert_int_equal(stored(&rig), 1);
	rig_close(&rig);
}

/* Activated first, fetched afterwards: once, and there is no further one then. */
static void
test_configuration_of_used_page(void **state)
{
	struct rig		rig;
	struct web_token	page, c;
	struct txn		*t;
	char			text[WEB_TOKEN_TEXT], first[WEB_TOKEN_TEXT];

	(void)state;
	rig_open(&rig);
	make(&rig, ACCOUNT, TOKEN_ACTIVATE, text);
	assert_int_equal(tokens_find(&rig.k, span_of(text), TOKEN_ACTIVATE, &page), 0);
	t = txn_new(rig.k.db.store);
	tokens_use(&rig.k, t, &page);
	commit(&rig, t);
	assert_true(tokens_configuration(&rig.k, &page, first));
	assert_int_equal(tokens_find(&rig.k, span_of(first), TOKEN_CONFIGURE, &c), 0);
	t = txn_new(rig.k.db.store);
	tokens_downloaded(&rig.k, t, &c);
	commit(&rig, t);
	assert_int_equal(tokens_find(&rig.k, span_of(text), TOKEN_ACTIVATE, &page), 0);
	assert_int_not_equal(page.used_at, 0);
	assert_false(tokens_configuration(&rig.k, &page, first));
	rig_close(&rig);
}

static void
test_revoke(void **state)
{
	struct rig		rig;
	struct web_token	token, page, c;
	struct txn		*t;
	char			install[WEB_TOKEN_TEXT], text[WEB_TOKEN_TEXT], first[WEB_TOKEN_TEXT], others[WEB_TOKEN_TEXT];

	(void)state;
	rig_open(&rig);
	make(&rig, ACCOUNT, TOKEN_INSTALL, install);
	make(&rig, ACCOUNT, TOKEN_ACTIVATE, text);
	make(&rig, OTHER, TOKEN_ACTIVATE, others);
	assert_int_equal(tokens_find(&rig.k, span_of(text), TOKEN_ACTIVATE, &page), 0);
	assert_true(tokens_configuration(&rig.k, &page, first));
	assert_int_equal(tokens_find(&rig.k, span_of(first), TOKEN_CONFIGURE, &c), 0);
	t = txn_new(rig.k.db.store);
	tokens_downloaded(&rig.k, t, &c);
	commit(&rig, t);
	t = txn_new(rig.k.db.store);
	tokens_revoke(&rig.k, t, ACCOUNT);
	commit(&rig, t);
	assert_int_equal(tokens_find(&rig.k, span_of(install), TOKEN_INSTALL, &token), ERR_NOT_FOUND);
	assert_int_equal(tokens_find(&rig.k, span_of(text), TOKEN_ACTIVATE, &token), ERR_NOT_FOUND);
	assert_int_equal(tokens_find(&rig.k, span_of(first), TOKEN_CONFIGURE, &token), 0);	/* its phone still fetches it */
	assert_int_equal(tokens_find(&rig.k, span_of(others), TOKEN_ACTIVATE, &token), 0);
	assert_int_equal(stored(&rig), 3);
	t = txn_new(rig.k.db.store);
	tokens_delete(&rig.k, t, ACCOUNT);
	commit(&rig, t);
	assert_int_equal(stored(&rig), 2);
	rig_close(&rig);
}

/* What an operator does to the account. */
static void
test_account(void **state)
{
	struct rig		rig;
	struct edit		e = { .n = 0 };
	struct group		g;
	struct account_change	c, d;
	struct fault		f;
	struct web_token	token;
	struct txn		*t;
	char			text[WEB_TOKEN_TEXT];

	(void)state;
	rig_open(&rig);
	t = txn_new(rig.k.db.store);
	assert_int_equal(named_add(&rig.k, &groups_named, t, "root", "g", &e, &g, &f), 0);
	commit(&rig, t);
	t = txn_new(rig.k.db.store);
	e = edit_of(&account_kind, "group", "g", NULL);
	assert_int_equal(accounts_add(&rig.k, t, "root", "alice", &e, &c, &f), 0);
	commit(&rig, t);
	make(&rig, c.account.id, TOKEN_ACTIVATE, text);

	t = txn_new(rig.k.db.store);
	e = edit_of(&account_kind, "owner", "Alice", NULL);
	assert_int_equal(accounts_set(&rig.k, t, "root", &c.account, &e, &d, &f), 0);
	commit(&rig, t);
	assert_int_equal(tokens_find(&rig.k, span_of(text), TOKEN_ACTIVATE, &token), 0);
	t = txn_new(rig.k.db.store);
	e = edit_of(&account_kind, "enabled", "no", NULL);
	c.account = d.account;
	assert_int_equal(accounts_set(&rig.k, t, "root", &c.account, &e, &d, &f), 0);
	commit(&rig, t);
	assert_int_equal(tokens_find(&rig.k, span_of(text), TOKEN_ACTIVATE, &token), ERR_NOT_FOUND);	/* no link enables it again */

	make(&rig, c.account.id, TOKEN_ACTIVATE, text);
	t = txn_new(rig.k.db.store);
	assert_int_equal(accounts_delete(&rig.k, t, "root", &d.account, &f), 0);
	commit(&rig, t);
	assert_int_equal(stored(&rig), 0);
	rig_close(&rig);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_make_and_find), cmocka_unit_test(test_time), cmocka_unit_test(test_purge_in_slices),
		cmocka_unit_test(test_configuration), cmocka_unit_test(test_configuration_of_used_page), cmocka_unit_test(test_revoke),
		cmocka_unit_test(test_account),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
