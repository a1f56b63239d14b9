/*
 * Rewriting a binding and its place in the expiry index for each refresh would cost more than all the rest of a REGISTER.  So what is
 * due goes into a journal, many in one value; and only what is not refreshed again for a while is folded into its binding.
 *
 *	TABLE_META "refresh/" u64 number -> entries of u64 account, 16 hash, u64 refreshed_at, u64 expires_at, u32 cseq	(big-endian)
 *
 * An entry here goes DIRTY -> JOURNALING -> WAITING -> FOLDING -> gone, back to DIRTY when it is refreshed, and back a step when a write
 * failed.  A journal counts the entries that have nothing newer on disk, and is deleted with the last.  What it holds of others is older than
 * what their bindings or newer journals say: the later refreshed_at wins.
 */
#include "sipd/keeper/refresh.h"

#include <sys/queue.h>

#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/log.h"
#include "core/varint.h"
#include "sipd/keeper/keeper.h"

enum {
	BUCKETS = 1 << 17,		/* fixed: growing a table takes longer than a turn of the loop may */
	RETRY_MS = 1000,		/* after a failed write */
	PACKED = 8 + BINDING_KEY + 8 + 8 + 4,
	PER_JOURNAL = 1024,		/* entries of a value */
	JOURNALS = 8,			/* values of a transaction */
	FOLD_SLICE = 128,
};

static const char	prefix[8] = "refresh/";

enum where { NOWHERE, DIRTY, JOURNALING, WAITING, FOLDING, PLACES };

/* One value on disk. */
struct journal {
	TAILQ_ENTRY(journal)	all;
	uint64_t		number;
	uint32_t		live;
};

struct entry {
	struct entry		*next;		/* of its bucket */
	TAILQ_ENTRY(entry)	 queue;
	uint64_t		 account_id;
	uint8_t			 hash[BINDING_KEY];
	int64_t			 refreshed_at, expires_at;
	int64_t			 since;		/* DIRTY: its first refresh that is not on disk; WAITING: it came here */
	struct journal		*journal;	/* its newest that is on disk, or NULL */
	struct journal		*coming;	/* JOURNALING: the one being written */
	uint32_t		 cseq;
	uint32_t		 holds;		/* changes of this binding that are not durable yet */
	enum where		 where;
	bool			 fresh;		/* refreshed again while it was being written */
};

TAILQ_HEAD(queue, entry);

struct refreshes {
	struct keeper	*k;
	struct entry	**buckets;
	struct queue	 queues[PLACES];	/* of all places but NOWHERE */
	TAILQ_HEAD(journals, journal) journals, coming;
	uint64_t	 number;		/* of the newest journal */
	int64_t		 retry_at;
	uint8_t		 pack[PER_JOURNAL * PACKED];
};

/* The binding's hash is a cryptographic one: any of its bits do. */
static struct entry **
place(const struct refreshes *r, uint64_t account_id, const uint8_t hash[BINDING_KEY])
{
	struct entry	**p;
	uint32_t	  bits;

	memcpy(&bits, hash, sizeof bits);
	for (p = &r->buckets[(bits ^ account_id) % BUCKETS]; *p != NULL; p = &(*p)->next)
		if ((*p)->account_id == account_id && memcmp((*p)->hash, hash, BINDING_KEY) == 0)
			break;
	return p;
}

static struct entry *
make(struct refreshes *r, uint64_t account_id, const uint8_t hash[BINDING_KEY])
{
	struct entry	**p = place(r, account_id, hash);

	if (*p == NULL && (*p = calloc(1, sizeof **p)) != NULL) {
		(*p)->account_id = account_id;
		memcpy((*p)->hash, hash, BINDING_KEY);
	}
	return *p;
}

static void
leave_journal(struct entry *e)
{
	if (e->journal != NULL)
		e->journal->live--;
	e->journal = NULL;
}

/* Moves an entry to the end of a queue, or out of all: one that says nothing any more is freed. */
static void
move(struct refreshes *r, struct entry *e, enum where where)
{
	struct entry	**p;

	if (e->where != NOWHERE)
		TAILQ_REMOVE(&r->queues[e->where], e, queue);
	e->where = where;
	e->fresh = false;
	if (where != NOWHERE) {
		TAILQ_INSERT_TAIL(&r->queues[where], e, queue);
		return;
	}
	leave_journal(e);
	if (e->holds == 0) {
		p = place(r, e->account_id, e->hash);
		*p = e->next;
		free(e);
	}
}

bool
refresh_take(struct refreshes *r, const struct binding *b)
{
	struct entry	*e = make(r, b->account_id, b->hash);

	if (e == NULL || e->holds > 0)
		return false;
	e->refreshed_at = b->refreshed_at;
	e->expires_at = b->expires_at;
	e->cseq = b->cseq;
	if (e->where == NOWHERE || e->where == WAITING) {
		e->since = b->refreshed_at;
		move(r, e, DIRTY);
	} else if (e->where != DIRTY && !e->fresh) {
		e->since = b->refreshed_at;
		e->fresh = true;
	}
	return true;
}

bool
refresh_latest(const struct refreshes *r, struct binding *b)
{
	const struct entry	*e = *place(r, b->account_id, b->hash);

	if (e == NULL || e->where == NOWHERE || e->refreshed_at <= b->refreshed_at)
		return false;
	b->refreshed_at = e->refreshed_at;
	b->expires_at = e->expires_at;
	b->cseq = e->cseq;
	return true;
}

void
refresh_drop(struct refreshes *r, const struct binding *b)
{
	struct entry	*e = *place(r, b->account_id, b->hash);

	if (e != NULL && e->where != NOWHERE)
		move(r, e, NOWHERE);
}

void
refresh_hold(struct refreshes *r, uint64_t account_id, const uint8_t hash[BINDING_KEY])
{
	struct entry	*e = make(r, account_id, hash);

	if (e != NULL)
		e->holds++;
}

void
refresh_release(struct refreshes *r, uint64_t account_id, const uint8_t hash[BINDING_KEY])
{
	struct entry	*e = *place(r, account_id, hash);

	if (e == NULL || e->holds == 0)
		return;
	e->holds--;
	if (e->where == NOWHERE)
		move(r, e, NOWHERE);
}

static void
journal_key(uint64_t number, uint8_t key[sizeof prefix + 8])
{
	memcpy(key, prefix, sizeof prefix);
	be64_put(key + sizeof prefix, number);
}

static void
pack(const struct entry *e, uint8_t *out)
{
	be64_put(out, e->account_id);
	memcpy(out + 8, e->hash, BINDING_KEY);
	be64_put(out + 8 + BINDING_KEY, (uint64_t)e->refreshed_at);
	be64_put(out + 16 + BINDING_KEY, (uint64_t)e->expires_at);
	for (int i = 0; i < 4; i++)
		out[24 + BINDING_KEY + i] = (uint8_t)(e->cseq >> (24 - 8 * i));
}

/* Journals came to their end: on disk, or not. */
static void
on_journaled(void *arg, int rc)
{
	struct refreshes	*r = arg;
	struct queue		*q = &r->queues[JOURNALING];
	struct journal		*j;
	struct entry		*e;
	int64_t			 now = keeper_now(r->k);

	if (rc != 0)
		r->retry_at = now + RETRY_MS;
	while ((e = TAILQ_FIRST(q)) != NULL) {
		if (rc == 0) {
			leave_journal(e);
			e->journal = e->coming;
			e->journal->live++;
		}
		if (rc == 0 && !e->fresh)
			e->since = now;
		move(r, e, rc == 0 && !e->fresh ? WAITING : DIRTY);
	}
	while ((j = TAILQ_FIRST(&r->coming)) != NULL) {
		TAILQ_REMOVE(&r->coming, j, all);
		if (rc == 0)
			TAILQ_INSERT_TAIL(&r->journals, j, all);
		else
			free(j);
	}
}

/* Adds the next journal to txn.  False: nothing is dirty any more, or no memory. */
static bool
journal_put(struct refreshes *r, struct txn *txn)
{
	struct queue	*q = &r->queues[DIRTY];
	struct entry	*e;
	struct journal	*j;
	uint8_t		 key[sizeof prefix + 8];
	size_t		 n = 0;

	if (TAILQ_EMPTY(q) || (j = calloc(1, sizeof *j)) == NULL)
		return false;
	for (; n < PER_JOURNAL && (e = TAILQ_FIRST(q)) != NULL; n++) {
		pack(e, r->pack + n * PACKED);
		move(r, e, JOURNALING);
		e->coming = j;
	}
	j->number = ++r->number;
	TAILQ_INSERT_TAIL(&r->coming, j, all);
	journal_key(j->number, key);
	txn_put(txn, TABLE_META, key, sizeof key, r->pack, n * PACKED);
	return true;
}

/* Adds the deletion of journals that hold nothing newest any more, oldest first. */
static bool
journals_delete(struct refreshes *r, struct txn *txn)
{
	struct journal	*j, *next;
	uint8_t		 key[sizeof prefix + 8];
	bool		 any = false;

	for (j = TAILQ_FIRST(&r->journals); j != NULL; j = next) {
		next = TAILQ_NEXT(j, all);
		if (j->live > 0)
			continue;
		journal_key(j->number, key);
		txn_delete(txn, TABLE_META, key, sizeof key);
		TAILQ_REMOVE(&r->journals, j, all);
		free(j);	/* if this is undone, it is read at the next start, and found to be old */
		any = true;
	}
	return any;
}

/* Once one is due, all that are dirty go along: the sooner on disk the better, and they fill the value. */
static bool
write_journals(struct refreshes *r, int64_t now, bool all)
{
	struct entry	*e = TAILQ_FIRST(&r->queues[DIRTY]);
	struct txn	*txn;
	int		 rc;

	if (!TAILQ_EMPTY(&r->queues[JOURNALING]) || e == NULL || (!all && now - e->since < REFRESH_HOLD_MS) ||
	    (txn = txn_new(r->k->db.store)) == NULL)
		return false;
	for (int i = 0; i < JOURNALS && journal_put(r, txn); i++)
		continue;
	(void)journals_delete(r, txn);
	if ((rc = store_commit(txn, on_journaled, r)) != 0) {
		log_error("refresh: not stored: %s", err_text(rc));
		on_journaled(r, rc);
	}
	return rc == 0;
}

/* Adds the binding of an entry to txn.  False: there is none any more, or it says something newer. */
static bool
put(struct refreshes *r, struct txn *txn, const struct entry *e)
{
	struct binding	b = { .account_id = e->account_id };

	memcpy(b.hash, e->hash, BINDING_KEY);
	if (table_get(&r->k->db, &binding_kind, &b) != 0 || !refresh_latest(r, &b))
		return false;
	table_put(txn, &r->k->db, &binding_kind, &b);
	return true;
}

static void
on_folded(void *arg, int rc)
{
	struct refreshes	*r = arg;
	struct queue		*q = &r->queues[FOLDING];
	struct entry		*e;

	if (rc != 0)
		r->retry_at = keeper_now(r->k) + RETRY_MS;
	while ((e = TAILQ_FIRST(q)) != NULL)
		move(r, e, e->fresh ? DIRTY : rc == 0 ? NOWHERE : WAITING);
}

static bool
fold(struct refreshes *r, int64_t now)
{
	struct queue	*q = &r->queues[WAITING];
	struct entry	*e = TAILQ_FIRST(q);
	struct txn	*txn;
	int		 n = 0, rc;

	if (!TAILQ_EMPTY(&r->queues[FOLDING]) || e == NULL || now - e->since < REFRESH_FOLD_MS ||
	    (txn = txn_new(r->k->db.store)) == NULL)
		return false;
	for (int i = 0; i < FOLD_SLICE && (e = TAILQ_FIRST(q)) != NULL && now - e->since >= REFRESH_FOLD_MS; i++) {
		bool	there = put(r, txn, e);

		move(r, e, there ? FOLDING : NOWHERE);
		n += there;
	}
	if (!journals_delete(r, txn) && n == 0) {
		txn_drop(txn);
		return true;
	}
	if ((rc = store_commit(txn, on_folded, r)) != 0) {
		log_error("refresh: not stored: %s", err_text(rc));
		on_folded(r, rc);
	}
	return rc == 0;
}

bool
refresh_write(struct refreshes *r, bool all)
{
	int64_t	now = keeper_now(r->k);
	bool	more;

	if (now < r->retry_at && !all)
		return false;
	more = write_journals(r, now, all);
	return (!all && fold(r, now)) || more;
}

bool
refresh_write_one(struct refreshes *r, const struct binding *b)
{
	const struct entry	*e = *place(r, b->account_id, b->hash);
	struct txn		*txn;

	if (e == NULL || e->where == NOWHERE || (txn = txn_new(r->k->db.store)) == NULL)
		return false;
	if (!put(r, txn, e)) {
		txn_drop(txn);
		return false;
	}
	return store_commit(txn, NULL, NULL) == 0;
}

/* One entry of a journal, read at start.  Journals come in their order, so a later one is newer. */
static void
unpack(struct refreshes *r, struct journal *j, const uint8_t *in, int64_t now)
{
	struct entry	*e = make(r, be64_get(in), in + 8);

	if (e == NULL)
		return;
	leave_journal(e);
	e->refreshed_at = (int64_t)be64_get(in + 8 + BINDING_KEY);
	e->expires_at = (int64_t)be64_get(in + 16 + BINDING_KEY);
	e->cseq = 0;
	for (int i = 0; i < 4; i++)
		e->cseq = e->cseq << 8 | in[24 + BINDING_KEY + i];
	e->since = now;
	e->journal = j;
	j->live++;
	move(r, e, WAITING);
}

static int
load_journal(void *arg, struct store_bytes key, struct store_bytes value)
{
	struct refreshes	*r = arg;
	struct journal		*j;
	int64_t			 now = keeper_now(r->k);

	if (key.n != sizeof prefix + 8 || value.n % PACKED != 0 || (j = calloc(1, sizeof *j)) == NULL) {
		log_error("refresh: a damaged journal is passed over");
		return 0;
	}
	j->number = r->number = be64_get((const uint8_t *)key.p + sizeof prefix);
	TAILQ_INSERT_TAIL(&r->journals, j, all);
	for (size_t i = 0; i < value.n; i += PACKED)
		unpack(r, j, (const uint8_t *)value.p + i, now);
	return 0;
}

struct refreshes *
refreshes_new(struct keeper *k)
{
	struct refreshes	*r = calloc(1, sizeof *r);
	uint8_t			 end[sizeof prefix];
	struct store_bytes	 from = { prefix, sizeof prefix }, to = { end, sizeof end };

	if (r == NULL || (r->buckets = calloc(BUCKETS, sizeof r->buckets[0])) == NULL) {
		free(r);
		return NULL;
	}
	r->k = k;
	for (int i = 0; i < PLACES; i++)
		TAILQ_INIT(&r->queues[i]);
	TAILQ_INIT(&r->journals);
	TAILQ_INIT(&r->coming);
	memcpy(end, prefix, sizeof prefix);
	end[sizeof end - 1]++;
	(void)store_range(k->db.store, TABLE_META, from, &to, false, 0, load_journal, r);
	return r;
}

static void
free_journals(struct journals *list)
{
	struct journal	*j;

	while ((j = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, j, all);
		free(j);
	}
}

void
refreshes_free(struct refreshes *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct entry *e = r->buckets[i], *next; e != NULL; e = next) {
			next = e->next;
			free(e);
		}
	}
	free_journals(&r->journals);
	free_journals(&r->coming);
	free(r->buckets);
	free(r);
}
