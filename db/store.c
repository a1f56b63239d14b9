/*
 * Batches, what is visible, and who is told.  Two batches exist at a time: the one that fills and the one that the writer commits;
 * reads look into both before they ask the driver.
 */
#include "db/store.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/eventfd.h>

#include "core/err.h"
#include "core/log.h"
#include "core/varint.h"
#include "db/batch.h"
#include "db/range.h"
#include "db/txn.h"

enum { WATCHES_MAX = 256 };

/* A hot copy under way. */
struct copy {
	int		 fd;
	struct waiter	 waiter;
	pthread_t	 thread;
	bool		 done;		/* under the store's lock */
	int		 rc;
};

struct watch {
	enum table	 table;
	uint8_t		 prefix[KEY_MAX];
	size_t		 n;
	store_watch_fn	 fn;
	void		*arg;
};

struct store {
	const struct store_driver	*driver;
	void				*d;
	struct batch			*filling, *writing;
	struct copy			*copying;	/* NULL: none is made */
	struct watch			 watches[WATCHES_MAX];
	size_t				 n_watches;
	store_undone_fn			 undone;
	void				*undone_arg;
	uint64_t			 serial, commits, batches, failed;
	int				 ready_fd;
	bool				 hurried;	/* what fills goes to the writer as soon as that has no other */
	/* Between the threads, under lock: */
	pthread_t			 writer;
	pthread_mutex_t			 lock;
	pthread_cond_t			 wake, finished;
	struct batch			*job;		/* what the writer is to do */
	bool				 job_done, quit;
	int				 job_rc;
};

static void *
writer_main(void *arg)
{
	struct store	*s = arg;

	pthread_mutex_lock(&s->lock);
	for (;;) {
		struct batch	*b;
		int		 rc;

		while ((s->job == NULL || s->job_done) && !s->quit)
			pthread_cond_wait(&s->wake, &s->lock);
		if (s->quit)
			break;
		b = s->job;
		pthread_mutex_unlock(&s->lock);
		rc = s->driver->apply(s->d, &b->changes);
		pthread_mutex_lock(&s->lock);
		s->job_rc = rc;
		s->job_done = true;
		pthread_cond_signal(&s->finished);
		(void)eventfd_write(s->ready_fd, 1);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

int
store_new(struct store **out, const struct store_driver *driver, void *d)
{
	struct store	*s = calloc(1, sizeof *s);

	if (s == NULL || (s->filling = batch_new()) == NULL || (s->ready_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) < 0) {
		if (s != NULL)
			batch_free(s->filling);
		free(s);
		driver->close(d);
		return -ENOMEM;
	}
	s->driver = driver;
	s->d = d;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->wake, NULL);
	pthread_cond_init(&s->finished, NULL);
	if (driver->threaded && pthread_create(&s->writer, NULL, writer_main, s) != 0) {
		batch_free(s->filling);
		close(s->ready_fd);
		driver->close(d);
		free(s);
		return -EAGAIN;
	}
	*out = s;
	return 0;
}

void *
store_driver_of(const struct store *s)
{
	return s->d;
}

static void *
copy_main(void *arg)
{
	struct store	*s = arg;
	int		 rc = s->driver->backup(s->d, s->copying->fd);

	pthread_mutex_lock(&s->lock);
	s->copying->rc = rc;
	s->copying->done = true;
	pthread_mutex_unlock(&s->lock);
	(void)eventfd_write(s->ready_fd, 1);
	return NULL;
}

/* Tells of the copy, if it is made; with wait, when it is. */
static void
copy_finish(struct store *s, bool wait)
{
	struct copy	*c = s->copying;
	bool		 done;

	if (c == NULL)
		return;
	pthread_mutex_lock(&s->lock);
	done = c->done;
	pthread_mutex_unlock(&s->lock);
	if (!done && !wait)
		return;
	(void)pthread_join(c->thread, NULL);
	s->copying = NULL;
	c->waiter.fn(c->waiter.arg, c->rc);
	free(c);
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	(void)store_sync(s);
	store_backup_cancel(s);
	copy_finish(s, true);
	if (s->driver->threaded) {
		pthread_mutex_lock(&s->lock);
		s->quit = true;
		pthread_cond_signal(&s->wake);
		pthread_mutex_unlock(&s->lock);
		pthread_join(s->writer, NULL);
	}
	s->driver->release(s->d);
	s->driver->close(s->d);
	batch_free(s->filling);
	pthread_cond_destroy(&s->finished);
	pthread_cond_destroy(&s->wake);
	pthread_mutex_destroy(&s->lock);
	close(s->ready_fd);
	free(s);
}

int
store_fd(const struct store *s)
{
	return s->ready_fd;
}

bool
store_is_taking(const struct store *s)
{
	return s->driver->is_taking(s->d);
}

void
store_on_undone(struct store *s, store_undone_fn fn, void *arg)
{
	s->undone = fn;
	s->undone_arg = arg;
}

void
store_stat(struct store *s, struct store_stat *st)
{
	*st = (struct store_stat){ .commits = s->commits, .batches = s->batches, .failed = s->failed };
	st->pending = s->filling->commits + (s->writing == NULL ? 0 : s->writing->commits);
	s->driver->stat(s->d, st);
}

/* Hands a batch to the writer, who has none. */
static void
job_give(struct store *s, struct batch *b)
{
	pthread_mutex_lock(&s->lock);
	s->job = b;
	s->job_done = false;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
	if (!s->driver->threaded)
		(void)eventfd_write(s->ready_fd, 1);
}

void
store_flush(struct store *s)
{
	struct batch	*next;

	s->driver->release(s->d);
	s->hurried = s->job != NULL && !batch_is_empty(s->filling);
	if (s->job != NULL)
		return;
	if (!batch_is_empty(s->filling) && (next = batch_new()) != NULL) {
		s->writing = s->filling;
		s->filling = next;
		job_give(s, s->writing);
	}
}

bool
store_flush_awaited(struct store *s)
{
	s->driver->release(s->d);
	if (s->filling->awaited)
		store_flush(s);
	return !batch_is_empty(s->filling) && !s->filling->awaited;
}

static bool
watch_matches(const struct watch *w, enum table table, struct store_bytes key)
{
	return w->table == table && key.n >= w->n && memcmp(key.p, w->prefix, w->n) == 0;
}

static void
watches_tell(struct store *s, enum table table, struct store_bytes key, struct store_bytes value)
{
	for (size_t i = 0; i < s->n_watches; i++)
		if (watch_matches(&s->watches[i], table, key))
			s->watches[i].fn(s->watches[i].arg, table, key, value);
}

static void
changes_tell(struct store *s, const struct changes *c)
{
	for (size_t i = 0; i < TABLES; i++) {
		struct tree_node	*n = c->tables[i] == NULL ? NULL : tree_first(c->tables[i]);

		for (; n != NULL; n = tree_next(n)) {
			struct store_bytes	 key = { 0 }, value = { 0 };
			size_t			 value_n;
			const uint8_t		*v = tree_value(n, &value_n);

			key.p = tree_key(n, &key.n);
			if (v[0] == CHANGE_PUT)
				value = (struct store_bytes){ .p = v + 1, .n = value_n - 1 };
			watches_tell(s, (enum table)i, key, value);
		}
	}
}

/* Undoes what the failed batch holds, and what was built on it. */
static void
batches_undo(struct store *s, struct batch *failed, int rc)
{
	struct batch	*built_on_it = s->filling, *next = batch_new();

	log_error("store: %zu changes not written: %s", failed->commits + built_on_it->commits, err_text(rc));
	s->failed += failed->commits + built_on_it->commits;
	if (next == NULL)
		abort();	/* out of memory with nothing left to promise: the supervisor starts us again */
	s->filling = next;
	if (s->undone != NULL)
		s->undone(s->undone_arg, rc);
	batch_tell(failed, rc);
	batch_tell(built_on_it, rc);
	batch_free(built_on_it);
}

static void
job_finish(struct store *s, struct batch *b, int rc)
{
	s->writing = NULL;
	if (rc == 0) {
		s->commits += b->commits;
		s->batches++;
		changes_tell(s, &b->changes);
		batch_tell(b, 0);
	} else
		batches_undo(s, b, rc);
	batch_free(b);
}

void
store_on_ready(struct store *s)
{
	struct batch	*b = NULL;
	eventfd_t	 count;
	int		 rc;

	(void)eventfd_read(s->ready_fd, &count);
	s->driver->release(s->d);
	if (!s->driver->threaded && s->job != NULL && !s->job_done) {
		s->job_rc = s->driver->apply(s->d, &s->job->changes);
		s->job_done = true;
	}
	pthread_mutex_lock(&s->lock);
	if (s->job != NULL && s->job_done) {
		b = s->job;
		s->job = NULL;
	}
	rc = s->job_rc;
	pthread_mutex_unlock(&s->lock);
	if (b != NULL)
		job_finish(s, b, rc);
	copy_finish(s, false);
	if (s->hurried || s->filling->awaited)
		store_flush(s);
}

int
store_sync(struct store *s)
{
	uint64_t	failed = s->failed;

	store_flush(s);
	while (s->job != NULL) {
		pthread_mutex_lock(&s->lock);
		while (s->driver->threaded && !s->job_done)
			pthread_cond_wait(&s->finished, &s->lock);
		pthread_mutex_unlock(&s->lock);
		store_on_ready(s);
		store_flush(s);
	}
	return s->failed == failed ? 0 : ERR_UNAVAILABLE;
}

int
store_get(struct store *s, enum table table, const void *key, size_t n, struct store_bytes *value)
{
	int	rc;

	if ((rc = batch_get(s->filling, table, key, n, value)) >= 0 || (rc = batch_get(s->writing, table, key, n, value)) >= 0)
		return rc == 1 ? 0 : ERR_NOT_FOUND;
	return s->driver->get(s->d, table, key, n, value);
}

int
store_range(struct store *s, enum table table, struct store_bytes from, const struct store_bytes *to, bool backwards, size_t limit,
    store_range_fn fn, void *arg)
{
	const struct range	r = { .driver = s->driver, .d = s->d, .newest = s->filling, .newer = s->writing };

	return range_read(&r, table, from, to, backwards, limit, fn, arg);
}

struct txn *
txn_new(struct store *s)
{
	struct txn	*t = txn_make(s, ++s->serial);

	if (t == NULL)
		abort();	/* a few hundred bytes: nothing can go on without them */
	return t;
}

static bool
same_bytes(const struct store_bytes *a, const struct store_bytes *b)
{
	return a->n == b->n && (a->n == 0 || memcmp(a->p, b->p, a->n) == 0);
}

static bool
expects_hold(struct store *s, const struct txn *t)
{
	struct txn_op		op;
	struct store_bytes	value;

	for (size_t at = 0; txn_next(t, &at, &op);) {
		if (op.type == TXN_EXPECT_ABSENT && store_get(s, op.table, op.key.p, op.key.n, &value) == 0)
			return false;
		if (op.type == TXN_EXPECT && (store_get(s, op.table, op.key.p, op.key.n, &value) != 0 ||
		    !same_bytes(&value, &op.value)))
			return false;
	}
	return true;
}

static int
change_add(struct store *s, const struct txn_op *op)
{
	struct store_bytes	old;
	uint64_t		number = 0;
	int64_t			delta = (int64_t)be64_get(op->value.p);
	uint8_t			value[8];

	if (store_get(s, op->table, op->key.p, op->key.n, &old) == 0 && old.n == 8)
		number = be64_get(old.p);
	if (delta < 0)
		number = number < (uint64_t)-delta ? 0 : number - (uint64_t)-delta;
	else
		number += (uint64_t)delta;
	be64_put(value, number);
	return batch_put(s->filling, op->table, op->key, CHANGE_PUT, (struct store_bytes){ value, sizeof value });
}

static int
change_apply(struct store *s, const struct txn_op *op)
{
	switch (op->type) {
	case TXN_EXPECT:
	case TXN_EXPECT_ABSENT:
		return 0;
	case TXN_PUT:
		return batch_put(s->filling, op->table, op->key, CHANGE_PUT, op->value);
	case TXN_DELETE:
		return batch_put(s->filling, op->table, op->key, CHANGE_DELETE, (struct store_bytes){ 0 });
	case TXN_ADD:
		return change_add(s, op);
	}
	return ERR_INVALID;
}

int
store_commit(struct txn *t, store_durable_fn fn, void *arg)
{
	struct store	*s = txn_store(t);
	struct txn_op	 op;
	int		 rc = txn_error(t);

	if (rc == 0 && !expects_hold(s, t))
		rc = ERR_CONFLICT;
	if (rc == 0)
		rc = batch_wait(s->filling, fn, arg);
	if (rc != 0) {
		txn_free(t);
		return rc;
	}
	s->filling->commits++;
	for (size_t at = 0; txn_next(t, &at, &op);)
		if ((rc = change_apply(s, &op)) != 0)
			abort();	/* out of memory in the middle: what was acknowledged is on disk, the supervisor starts us again */
	txn_free(t);
	return 0;
}

int
store_watch(struct store *s, enum table table, struct store_bytes prefix, store_watch_fn fn, void *arg)
{
	struct watch	*w = &s->watches[s->n_watches];

	if (s->n_watches == WATCHES_MAX)
		return ERR_BUSY;
	if (prefix.n > KEY_MAX)
		return ERR_TOO_LARGE;
	*w = (struct watch){ .table = table, .n = prefix.n, .fn = fn, .arg = arg };
	if (prefix.n > 0)
		memcpy(w->prefix, prefix.p, prefix.n);
	s->n_watches++;
	return 0;
}

void
store_unwatch(struct store *s, store_watch_fn fn, void *arg)
{
	size_t	n = 0;

	for (size_t i = 0; i < s->n_watches; i++)
		if (s->watches[i].fn != fn || s->watches[i].arg != arg)
			s->watches[n++] = s->watches[i];
	s->n_watches = n;
}

int
store_backup(struct store *s, int fd, store_durable_fn done, void *arg)
{
	struct copy	*c;

	if (!s->driver->threaded)
		return -ENOTSUP;
	if (s->copying != NULL)
		return ERR_BUSY;
	if ((c = calloc(1, sizeof *c)) == NULL)
		return -ENOMEM;
	*c = (struct copy){ .fd = fd, .waiter = { .fn = done, .arg = arg } };
	s->copying = c;
	if (pthread_create(&c->thread, NULL, copy_main, s) == 0)
		return 0;
	s->copying = NULL;
	free(c);
	return -EAGAIN;
}

/* LMDB can't be told to stop copying, but it does when a write fails: the descriptor becomes one that nobody can write to. */
void
store_backup_cancel(struct store *s)
{
	int	ends[2];

	if (s->copying == NULL || pipe2(ends, O_CLOEXEC) != 0)
		return;
	(void)dup3(ends[0], s->copying->fd, O_CLOEXEC);
	close(ends[0]);
	close(ends[1]);
}

const char *
table_name(enum table t)
{
	static const char *const	names[TABLES] = {
		[TABLE_META] = "meta", [TABLE_COUNT] = "count", [TABLE_GROUP] = "group", [TABLE_GROUP_BY_NAME] = "group_by_name",
		[TABLE_ACCOUNT] = "account", [TABLE_ACCOUNT_BY_USERNAME] = "account_by_username",
		[TABLE_ACCOUNT_BY_NUMBER] = "account_by_number", [TABLE_ACCOUNT_BY_GROUP] = "account_by_group",
		[TABLE_BINDING] = "binding", [TABLE_BINDING_EXPIRY] = "binding_expiry", [TABLE_BINDING_BY_FLOW] = "binding_by_flow",
		[TABLE_EVENT] = "event", [TABLE_IMPORT] = "import", [TABLE_ACCOUNT_WORD] = "account_word",
		[TABLE_ACCOUNT_SORT] = "account_sort",
		[TABLE_PROFILE] = "profile", [TABLE_PROFILE_BY_NAME] = "profile_by_name",
		[TABLE_ACCOUNT_BY_PROFILE] = "account_by_profile", [TABLE_GROUP_BY_PROFILE] = "group_by_profile",
		[TABLE_LICENCE] = "licence", [TABLE_LICENCE_BY_KEY] = "licence_by_key", [TABLE_LICENCE_BY_END] = "licence_by_end",
		[TABLE_MESSAGE] = "message", [TABLE_MESSAGE_BY_ID] = "message_by_id", [TABLE_MESSAGE_BY_RECIPIENT] = "message_by_recipient",
		[TABLE_MESSAGE_EXPIRY] = "message_expiry", [TABLE_MESSAGE_SEEN] = "message_seen",
		[TABLE_MESSAGE_SEEN_UNTIL] = "message_seen_until", [TABLE_PAYLOAD] = "payload",
		[TABLE_MESSAGE_SORT] = "message_sort",
		[TABLE_TRUNK] = "trunk", [TABLE_TRUNK_BY_NAME] = "trunk_by_name",
		[TABLE_CALL] = "call", [TABLE_CALL_BY_HASH] = "call_by_hash", [TABLE_CALL_DIALOG] = "call_dialog",
		[TABLE_TOKEN] = "token", [TABLE_TOKEN_BY_ACCOUNT] = "token_by_account", [TABLE_TOKEN_EXPIRY] = "token_expiry",
		[TABLE_SMS] = "sms", [TABLE_SMS_BY_NEXT] = "sms_by_next",
	};

	return (unsigned)t < TABLES ? names[t] : "?";
}
