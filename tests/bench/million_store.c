/* links: db keeper sipd */
/*
 * Makes a store of many accounts, as if operators had: records, indexes, words, order, counters.  Prints how long that took and what
 * one takes on disk.  Users are u000000, u000001, …, all with one password, as regblast has them; every tenth is of the last group.
 * With messages: so many wait for the accounts of the second half, as if those of the first had sent them.
 *
 *	million_store STATE_DIR COUNT DOMAIN PASSWORD [MESSAGES]
 */
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/stat.h>

#include "core/account.h"
#include "core/clock.h"
#include "core/group.h"
#include "core/log.h"
#include "core/message.h"
#include "core/varint.h"
#include "db/payload.h"
#include "db/sorts.h"
#include "db/words.h"
#include "sipd/keeper/digest.h"
#include "sipd/keeper/groups.h"
#include "sipd/keeper/queue.h"

enum { GROUPS = 8, A_COMMIT = 100, COMMITS_A_BATCH = 20 };

static void
die(const char *what)
{
	fprintf(stderr, "million_store: %s\n", what);
	exit(1);
}

static void
open_db(struct db *db, const char *dir)
{
	char	path[300], key[300], why[256];

	(void)snprintf(path, sizeof path, "%s/store", dir);
	(void)snprintf(key, sizeof key, "%s/master.key", dir);
	if ((mkdir(dir, 0700) != 0 && errno != EEXIST) || (mkdir(path, 0700) != 0 && errno != EEXIST))
		die(strerror(errno));
	if (store_open_lmdb(&db->store, path, 0, why, sizeof why) != 0 || seal_open(&db->seal, key, true, why, sizeof why) != 0)
		die(why);
}

static void
commit(struct txn *t)
{
	if (store_commit(t, NULL, NULL) != 0)
		die("a commit failed");
}

/* In a new store all that is kept besides the records is whole. */
static void
begin(const struct db *db)
{
	static const char *const	names[GROUPS] = { "Sales", "Support", "Milano", "Roma", "Torino", "Napoli", "Warehouse", "Guests" };
	struct txn			*t = txn_new(db->store);
	uint64_t			 after = 0;

	(void)sorts_build(t, db, &account_kind, &after, 1);
	(void)sorts_build(t, db, &message_kind, &after, 1);
	(void)words_build(t, db, &account_kind, &after, 1);
	for (uint64_t id = 1; id <= GROUPS; id++) {
		struct group	g = { .id = table_next_id(t, db, "group"), .version = 1 };

		(void)snprintf(g.name, sizeof g.name, "%s", names[id - 1]);
		g.created_at = g.updated_at = 1;
		table_put(t, db, &group_kind, &g);
	}
	count_add(t, db, "groups", GROUPS);
	commit(t);
}

static void
make(struct account *a, uint64_t i, uint64_t count, const char *domain, const char *password)
{
	static const char *const	first[] = { "Anna", "Bruno", "Carla", "Dario", "Elena", "Fabio", "Gina", "Hugo", "Irene", "Luca" };
	static const char *const	last[] = { "Rossi", "Russo", "Ferrari", "Esposito", "Bianchi", "Romano", "Colombo", "Ricci",
	    "Marino", "Greco", "Bruno", "Gallo", "Conti", "De Luca", "Mancini", "Costa" };
	uint64_t			scattered = i * 7919 % count;

	account_defaults(a);
	a->id = i + 1;
	a->version = 1;
	a->group_id = i % 10 == 9 ? GROUPS : 1 + scattered % (GROUPS - 1);
	a->enabled = scattered % 50 != 0;
	a->status = (uint8_t)(scattered % (STATUS_CONNECTED + 1));
	a->status_at = a->created_at = a->updated_at = 1700000000000 + (int64_t)i;
	(void)snprintf(a->username, sizeof a->username, "u%06u", (unsigned)i);
	(void)snprintf(a->owner, sizeof a->owner, "%s %s %06u", first[scattered % 10], last[scattered / 10 % 16], (unsigned)scattered);
	(void)snprintf(a->caller_id, sizeof a->caller_id, "+39%08u", (unsigned)scattered);
	(void)snprintf(a->email, sizeof a->email, "u%06u@example.org", (unsigned)i);
	(void)snprintf(a->password, sizeof a->password, "%s", password);
	if (password[0] != '\0')
		digest_set_password(a, domain);
}

/* Numbers are given out by a count of them. */
static void
number_from(struct txn *t, const char *key, uint64_t next)
{
	uint8_t	bytes[8];

	be64_put(bytes, next);
	txn_put(t, TABLE_META, key, strlen(key), bytes, sizeof bytes);
}

static void
count_groups(const struct db *db, const uint64_t accounts[GROUPS + 1], const uint64_t enabled[GROUPS + 1], uint64_t count)
{
	struct txn	*t = txn_new(db->store);
	char		 name[64];

	for (int g = 1; g <= GROUPS; g++) {
		(void)snprintf(name, sizeof name, "group/%d/accounts", g);
		count_add(t, db, name, (int64_t)accounts[g]);
		(void)snprintf(name, sizeof name, "group/%d/enabled", g);
		count_add(t, db, name, (int64_t)enabled[g]);
	}
	count_add(t, db, "accounts", (int64_t)count);
	number_from(t, "next/account", count);
	commit(t);
	if (store_sync(db->store) != 0)
		die("the store does not take it");
}

static void
make_message(struct message *m, uint64_t i, uint64_t accounts, int64_t now)
{
	uint64_t	scattered = i * 7919, half = accounts / 2, to = half + scattered % half, from = scattered / 31 % half;

	*m = (struct message){ .seq = i + 1, .from_account = from + 1, .to_account = to + 1, .api_version = 1, .from_seq = 1,
	    .received = now - 3600000 + (int64_t)(i / 512), .size = 97, .attempts = 1 };
	m->expires = m->received + INT64_C(1000) * (86400 + (int64_t)(scattered % 100000));
	(void)snprintf(m->id, sizeof m->id, "%08x-0000-4000-8000-%012x", (unsigned)(i * 2654435761u), (unsigned)i);
	(void)snprintf(m->uuid, sizeof m->uuid, "sent-%016" PRIx64, i * UINT64_C(0x9e3779b97f4a7c15));
	(void)snprintf(m->from, sizeof m->from, "+39%08u", (unsigned)(from * 7919 % accounts));
	(void)snprintf(m->to, sizeof m->to, "u%06u", (unsigned)to);
	(void)snprintf(m->last_error, sizeof m->last_error, "480 not registered");
	(void)snprintf(m->timeline, sizeof m->timeline, "2026-11-21T09:49:28.156+00:00 480 not registered\n");
}

static void
put_message(struct txn *t, const struct db *db, const struct message *m)
{
	static const char	text[] = "The seven o'clock delivery is at gate 4 instead of 2; please tell the night shift, and thank you.";
	const struct payload	p = { .content_type = span_of("text/plain"), .body = span_of(text) };
	struct message_seen	seen = { .from_account = m->from_account, .code = 202, .until = m->received + 259200000 };

	(void)crypto_generichash(seen.hash, sizeof seen.hash, (const uint8_t *)m->uuid, strlen(m->uuid), NULL, 0);
	table_put(t, db, &message_kind, m);
	table_put(t, db, &message_seen_kind, &seen);
	if (payload_put(t, db, m->seq, &p) != 0)
		die("a message is too large");
}

/* How many of each account's and each group's. */
static void
count_messages(const struct db *db, uint64_t accounts, const uint64_t *of, uint64_t messages)
{
	uint64_t	recipients = 0, groups[GROUPS + 1] = { 0 };
	char		name[64];
	struct txn	*t = txn_new(db->store);

	for (uint64_t i = 0; i < accounts; i++) {
		struct account	a;

		if (of[i] == 0)
			continue;
		make(&a, i, accounts, "", "");
		recipients++;
		groups[a.group_id] += of[i];
		count_add(t, db, queue_counter(i + 1, name), (int64_t)of[i]);
		if (recipients % A_COMMIT == 0) {
			commit(t);
			t = txn_new(db->store);
		}
	}
	for (uint64_t g = 1; g <= GROUPS; g++)
		count_add(t, db, groups_counter(g, "queue", name), (int64_t)groups[g]);
	count_add(t, db, "queued", (int64_t)messages);
	count_add(t, db, "queued_recipients", (int64_t)recipients);
	number_from(t, "next/message", messages);
	commit(t);
	if (store_sync(db->store) != 0)
		die("the store does not take it");
}

static void
make_messages(const struct db *db, uint64_t accounts, uint64_t messages)
{
	int64_t		 now = (int64_t)time(NULL) * 1000;
	uint64_t	*of = calloc(accounts, sizeof *of), commits = 0;
	struct message	 m;

	if (of == NULL)
		die("out of memory");
	for (uint64_t i = 0; i < messages;) {
		struct txn	*t = txn_new(db->store);

		for (int n = 0; n < A_COMMIT && i < messages; n++, i++) {
			make_message(&m, i, accounts, now);
			put_message(t, db, &m);
			of[m.to_account - 1]++;
		}
		commit(t);
		if (++commits % COMMITS_A_BATCH == 0 && store_sync(db->store) != 0)
			die("the store does not take it");
	}
	count_messages(db, accounts, of, messages);
	free(of);
}

int
main(int argc, char **argv)
{
	uint64_t		count = argc == 5 || argc == 6 ? strtoull(argv[2], NULL, 10) : 0, accounts[GROUPS + 1] = { 0 },
	    enabled[GROUPS + 1] = { 0 }, commits = 0;
	struct db		db;
	struct store_stat	stat;
	struct account		a;
	int64_t			begun = clock_boot_ms();

	if (count == 0 || sodium_init() < 0) {
		fprintf(stderr, "usage: million_store STATE_DIR COUNT DOMAIN PASSWORD [MESSAGES]\n");
		return 2;
	}
	log_init("million_store", LOG_L_WARN);
	open_db(&db, argv[1]);
	begin(&db);
	for (uint64_t i = 0; i < count;) {
		struct txn	*t = txn_new(db.store);

		for (int n = 0; n < A_COMMIT && i < count; n++, i++) {
			make(&a, i, count, argv[3], argv[4]);
			table_put(t, &db, &account_kind, &a);
			accounts[a.group_id]++;
			enabled[a.group_id] += a.enabled;
		}
		commit(t);
		if (++commits % COMMITS_A_BATCH == 0 && store_sync(db.store) != 0)
			die("the store does not take it");
	}
	count_groups(&db, accounts, enabled, count);
	if (argc == 6)
		make_messages(&db, count, strtoull(argv[5], NULL, 10));
	store_stat(db.store, &stat);
	printf("{\"accounts\":%" PRIu64 ",\"seconds\":%.1f,\"bytes_each\":%" PRIu64 "}\n", count,
	    (double)(clock_boot_ms() - begun) / 1000, stat.used_bytes / count);
	store_close(db.store);
	seal_close(db.seal);
	return 0;
}
