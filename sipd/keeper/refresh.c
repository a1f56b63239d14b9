/*
 * A hash table of entries, the waiting ones also in a queue, oldest first.  An entry stays until what it says is durable: a slice on its
 * way to the disk has its own queue, and what could not be written waits again.
 */
#include "sipd/keeper/refresh.h"

#include <sys/queue.h>

#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/log.h"
#include "sipd/keeper/keeper.h"

enum {
	BUCKETS = 1 << 17,		/* fixed: growing a table takes longer than a turn of the loop may */
	RETRY_MS = 1000,		/* after a failed write */
};

enum where { NOWHERE, WAITING, WRITING };

struct entry {
	struct entry		*next;		/* of its bucket */
	TAILQ_ENTRY(entry)	 queue;
	uint64_t		 account_id;
	uint8_t			 hash[BINDING_KEY];
	int64_t			 refreshed_at, expires_at;
	uint32_t		 cseq;
	uint32_t		 holds;		/* changes of this binding that are not durable yet */
	enum where		 where;
	bool			 fresh;		/* refreshed again while it was being written */
};

TAILQ_HEAD(queue, entry);

struct refreshes {
	struct keeper	*k;
	struct entry	**buckets;
	struct queue	 waiting, writing;
	int64_t		 retry_at;
};

struct refreshes *
refreshes_new(struct keeper *k)
{
	struct refreshes	*r = calloc(1, sizeof *r);

	if (r == NULL || (r->buckets = calloc(BUCKETS, sizeof r->buckets[0])) == NULL) {
		free(r);
		return NULL;
	}
	r->k = k;
	TAILQ_INIT(&r->waiting);
	TAILQ_INIT(&r->writing);
	return r;
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
	free(r->buckets);
	free(r);
}

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

/* Moves an entry to a queue, or out of both; one that says nothing any more is freed. */
static void
move(struct refreshes *r, struct entry *e, enum where where)
{
	struct entry	**p;

	if (e->where != NOWHERE)
		TAILQ_REMOVE(e->where == WAITING ? &r->waiting : &r->writing, e, queue);
	e->where = where;
	e->fresh = false;
	if (where != NOWHERE) {
		TAILQ_INSERT_TAIL(where == WAITING ? &r->waiting : &r->writing, e, queue);
	} else if (e->holds == 0) {
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
	if (e->where == NOWHERE)
		move(r, e, WAITING);
	else if (e->where == WRITING)
		e->fresh = true;
	return true;
}

bool
refresh_latest(const struct refreshes *r, struct binding *b)
{
	const struct entry	*e = *place(r, b->account_id, b->hash);

	if (e == NULL || e->where == NOWHERE)
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

/* A slice came to its end: what is durable and was not refreshed meanwhile is done with. */
static void
on_durable(void *arg, int rc)
{
	struct refreshes	*r = arg;
	struct entry		*e;

	if (rc != 0)
		r->retry_at = keeper_now(r->k) + RETRY_MS;
	while ((e = TAILQ_FIRST(&r->writing)) != NULL)
		move(r, e, rc == 0 && !e->fresh ? NOWHERE : WAITING);
}

/* Adds the binding of an entry to txn.  False: there is none any more. */
static bool
put(struct refreshes *r, struct txn *txn, const struct entry *e)
{
	struct binding	b = { .account_id = e->account_id };

	memcpy(b.hash, e->hash, BINDING_KEY);
	if (table_get(&r->k->db, &binding_kind, &b) != 0)
		return false;
	(void)refresh_latest(r, &b);
	table_put(txn, &r->k->db, &binding_kind, &b);
	return true;
}

static int
commit(struct refreshes *r, struct txn *txn)
{
	int	rc = store_commit(txn, on_durable, r);

	if (rc != 0) {
		log_error("refresh: not stored: %s", err_text(rc));
		on_durable(r, rc);
	}
	return rc;
}

bool
refresh_write(struct refreshes *r, int64_t before_ms)
{
	struct entry	*e;
	struct txn	*txn;
	int		 n = 0;

	if (!TAILQ_EMPTY(&r->writing) || (e = TAILQ_FIRST(&r->waiting)) == NULL || e->refreshed_at >= before_ms)
		return false;
	if (keeper_now(r->k) < r->retry_at || (txn = txn_new(r->k->db.store)) == NULL)
		return false;
	while ((e = TAILQ_FIRST(&r->waiting)) != NULL && e->refreshed_at < before_ms && n < REFRESH_SLICE) {
		if (put(r, txn, e)) {
			move(r, e, WRITING);
			n++;
		} else
			move(r, e, NOWHERE);
	}
	if (n == 0) {
		txn_drop(txn);
		return e != NULL;
	}
	return commit(r, txn) == 0;
}

bool
refresh_write_one(struct refreshes *r, const struct binding *b)
{
	struct entry	*e = *place(r, b->account_id, b->hash);
	struct txn	*txn;

	if (e == NULL || e->where == NOWHERE || (txn = txn_new(r->k->db.store)) == NULL)
		return false;
	if (!put(r, txn, e)) {
		txn_drop(txn);
		move(r, e, NOWHERE);
		return false;
	}
	return store_commit(txn, NULL, NULL) == 0;
}
