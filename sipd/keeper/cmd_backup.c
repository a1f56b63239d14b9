/*
 * `backup`: a hot copy of the store, sent to whoever asked.  It is made beside the store at the disk's speed, in a file without a
 * name, so that no slow reader keeps old pages in use and nothing is left behind; then goes out in parts, in slices.  The event is on
 * disk before the first byte goes.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/err.h"
#include "db/backup.h"
#include "sipd/keeper/control.h"
#include "sipd/keeper/events.h"
#include "sipd/keeper/job.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/peer.h"
#include "sipd/keeper/request.h"

enum phase { COPYING, TELLING, SENDING };	/* in the first two the store calls back */

struct backup {
	struct keeper		*keeper;
	struct request		*request;	/* NULL: nobody waits any more */
	enum phase		 phase;
	int			 fd;
	uint64_t		 bytes, sent;	/* of the copy, without its trailer */
	int64_t			 made_at;
	struct backup_hash	 hash;
	struct job		 job;
};

static void
backup_free(struct backup *b)
{
	if (b->fd >= 0)
		(void)close(b->fd);
	free(b);
}

static void
end(struct backup *b)
{
	struct request	*r = b->request;

	r->on_gone = NULL;
	r->on_drained = NULL;
	r->state = NULL;
	backup_free(b);
}

static void
refuse(struct backup *b, int rc, const char *why)
{
	struct request	*r = b->request;

	end(b);
	request_refuse(r, rc, NULL, "%s", why);
}

static void
part_send(struct request *r, const uint8_t *bytes, size_t n)
{
	peer_send_data(r->peer, json_integer_value(json_object_get(r->args, "id")), bytes, n);
}

/* The next part, or the trailer.  1: there is more; 0: that was the end; -errno. */
static int
send_next(struct backup *b)
{
	uint8_t	bytes[PEER_DATA_MAX];
	size_t	n = b->bytes - b->sent < sizeof bytes ? (size_t)(b->bytes - b->sent) : sizeof bytes;
	ssize_t	got;

	if (n == 0) {
		backup_end(&b->hash, b->made_at, bytes);
		part_send(b->request, bytes, BACKUP_TRAILER);
		return 0;
	}
	if ((got = pread(b->fd, bytes, n, (off_t)b->sent)) <= 0)
		return got < 0 ? -errno : -EIO;
	backup_add(&b->hash, bytes, (size_t)got);
	part_send(b->request, bytes, (size_t)got);
	b->sent += (uint64_t)got;
	return 1;
}

static enum job_next
on_slice(struct job *j, int64_t until_us)
{
	struct backup	*b = (struct backup *)(void *)((char *)j - offsetof(struct backup, job));
	struct request	*r = b->request;
	uint64_t	 total = b->bytes + BACKUP_TRAILER;
	int		 rc;

	while (peer_unread(r->peer) < PEER_UNREAD_PAUSE) {
		if ((rc = send_next(b)) < 0) {
			refuse(b, rc, "the copy can't be read back");
			return JOB_IDLE;
		}
		if (rc == 0) {
			end(b);
			request_ok(r, json_pack("{s:I}", "bytes", (json_int_t)total));
			return JOB_IDLE;
		}
		if (job_is_late(until_us))
			return JOB_MORE;
	}
	return JOB_IDLE;	/* on_drained() goes on */
}

static void
on_drained(struct request *r)
{
	struct backup	*b = r->state;

	if (b->phase == SENDING)
		job_start(r->control->jobs, &b->job);
}

static void
on_gone(struct request *r)
{
	struct backup	*b = r->state;

	r->state = NULL;
	b->request = NULL;
	job_stop(r->control->jobs, &b->job);
	if (b->phase == COPYING)
		store_backup_cancel(b->keeper->db.store);
	else if (b->phase == SENDING)
		backup_free(b);
}

static void
on_told(void *arg, int rc)
{
	struct backup	*b = arg;

	if (b->request == NULL) {
		backup_free(b);
		return;
	}
	if (rc != 0) {
		refuse(b, rc, "the store takes nothing now, not even the event that tells of a backup");
		return;
	}
	b->phase = SENDING;
	backup_begin(&b->hash, b->keeper->db.seal);
	request_send(b->request, json_pack("{s:I}", "bytes", (json_int_t)(b->bytes + BACKUP_TRAILER)));
	job_start(b->request->control->jobs, &b->job);
}

static void
tell(struct backup *b)
{
	struct keeper	*k = b->keeper;
	struct txn	*t = txn_new(k->db.store);
	int		 rc;

	b->phase = TELLING;
	events_add(k->events, t, EVENT_INFO, "admin", "backup", b->request->peer->user, "backup of the store taken, %" PRIu64 " bytes",
	    b->bytes + BACKUP_TRAILER);
	if ((rc = store_commit(t, on_told, b)) != 0)
		on_told(b, rc);
}

static void
on_copied(void *arg, int rc)
{
	struct backup	*b = arg;
	struct stat	 st;
	char		 why[200];

	if (b->request == NULL) {
		backup_free(b);
		return;
	}
	if (rc == 0 && fstat(b->fd, &st) != 0)
		rc = -errno;
	if (rc == 0) {
		b->bytes = (uint64_t)st.st_size;
		b->made_at = keeper_now(b->keeper);
		tell(b);
		return;
	}
	if (rc == -ENOSPC)
		(void)snprintf(why, sizeof why, "no room for the copy, which is made beside the store first: free as much as the store takes");
	else
		(void)snprintf(why, sizeof why, "the store could not be copied: %s", err_text(rc));
	refuse(b, rc, why);
}

/* A file that has no name any more: gone with us, however we end. */
static int
nameless_file(const struct keeper *k)
{
	char	path[CONFIG_TEXT + 32];
	int	fd;

	(void)snprintf(path, sizeof path, "%s/store/backup.tmp", k->boot->conf.state_dir);
	(void)unlink(path);
	if ((fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) < 0)
		return -errno;
	(void)unlink(path);
	return fd;
}

static void
backup_run(struct request *r)
{
	struct backup	*b = calloc(1, sizeof *b);
	int		 rc;

	if (b == NULL) {
		request_refuse(r, ERR_BUSY, NULL, "out of memory");
		return;
	}
	b->keeper = r->keeper;
	b->request = r;
	b->job.step = on_slice;
	if ((b->fd = rc = nameless_file(r->keeper)) >= 0)
		rc = store_backup(r->keeper->db.store, b->fd, on_copied, b);
	if (rc != 0) {
		backup_free(b);
		request_refuse(r, rc, NULL, rc == ERR_BUSY ? "another backup is being made: try again" : "the store can't be copied: %s",
		    err_text(rc));
		return;
	}
	r->state = b;
	r->on_gone = on_gone;
	r->on_drained = on_drained;
}

/* For who finds it in the table and asks. */
static void
restore_run(struct request *r)
{
	request_refuse(r, ERR_IN_USE, NULL, "the store is in use by this daemon: stop it, then wirechief restore FILE");
}

const struct handler	backup_handlers[] = {
	{ "backup", backup_run },
	{ "restore", restore_run },
	{ NULL, NULL },
};
