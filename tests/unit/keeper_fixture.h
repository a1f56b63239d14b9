/*
 * A keeper without its loop for unit tests: memory store, master key in a temporary folder, clock that is moved by hand.
 */
#ifndef TESTS_UNIT_KEEPER_FIXTURE_H
#define TESTS_UNIT_KEEPER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "core/log.h"
#include "sipd/keeper/digest.h"
#include "sipd/keeper/events.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/names.h"
#include "sipd/keeper/registrar.h"

#define FIXTURE_DOMAIN "wirechief.test"

static inline struct keeper *
fixture_keeper(void)
{
	struct keeper	*k = calloc(1, sizeof *k);
	char		 dir[] = "/tmp/keeper-test-XXXXXX", file[64], why[256];

	log_init("keeper", LOG_L_ERR);
	assert_true(sodium_init() >= 0);
	clock_init(&k->clock);
	assert_non_null(mkdtemp(dir));
	(void)snprintf(file, sizeof file, "%s/master.key", dir);
	assert_int_equal(seal_open(&k->db.seal, file, true, why, sizeof why), 0);
	(void)unlink(file);
	(void)rmdir(dir);
	assert_int_equal(store_open_memory(&k->db.store), 0);
	strcpy(k->conf.node, "a");
	strcpy(k->conf.domains[0], FIXTURE_DOMAIN);
	k->conf.n_domains = 1;
	k->conf.reg.min_expires = 60;
	k->conf.reg.default_expires = 3600;
	k->conf.reg.max_expires = 7200;
	k->conf.auth.algorithms = AUTH_MD5 | AUTH_SHA256;
	k->conf.auth.nonce_life = 300;
	k->conf.limits.auth_failures = 10;
	k->conf.limits.auth_window = 60;
	k->names = names_new(k);
	k->events = events_new(k);
	k->registrar = registrar_new(k);
	return k;
}

static inline void
fixture_free(struct keeper *k)
{
	(void)store_sync(k->db.store);
	registrar_free(k->registrar);
	events_free(k->events);
	names_free(k->names);
	store_close(k->db.store);
	seal_close(k->db.seal);
	free(k);
}

static inline void
fixture_later(struct keeper *k, int64_t ms)
{
	k->clock.offset_ms += ms;
}

static inline void
fixture_account(struct keeper *k, struct account *a, const char *username)
{
	struct txn	*txn = txn_new(k->db.store);

	account_defaults(a);
	a->id = table_next_id(txn, &k->db, "account");
	a->group_id = 1;
	(void)snprintf(a->username, sizeof a->username, "%s", username);
	(void)snprintf(a->password, sizeof a->password, "pw-%s", username);
	digest_set_password(a, FIXTURE_DOMAIN);
	table_put(txn, &k->db, &account_kind, a);
	assert_int_equal(store_commit(txn, NULL, NULL), 0);
	assert_int_equal(store_sync(k->db.store), 0);
}

static inline void
fixture_change(struct keeper *k, const struct account *a)
{
	struct txn	*txn = txn_new(k->db.store);

	table_put(txn, &k->db, &account_kind, a);
	assert_int_equal(store_commit(txn, NULL, NULL), 0);
	assert_int_equal(store_sync(k->db.store), 0);
}

#endif
