/*
 * Everything happens in a folder of its own inside the store's, under the store's lock: the file is copied there, the copy checked (in a
 * process of its own, as LMDB trusts its files) and told who put it there.  Then the old store gets another name and the new one its
 * name, in one step each; until then nothing has changed.
 */
#include "sipd/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "core/text.h"
#include "db/backup.h"
#include "db/key_mark.h"
#include "sipd/keeper/restored.h"
#include "sipd/sandbox.h"
#include "sipd/settings.h"

enum { STORE = CONFIG_TEXT + 8, FOLDER = STORE + 16, PATH = FOLDER + 48 };
enum { WHY = 700, COPY = 256 * 1024, EXIT_REFUSED = 1, EXIT_CANCELLED = 130 };

struct place {
	const struct restore	*how;
	char			 state[CONFIG_TEXT], socket[CONFIG_TEXT];
	char			 store[STORE], data[PATH];	/* the folder and the file in it */
	char			 folder[FOLDER], staged[PATH];	/* where the new file is made, and it */
	char			 kept[PATH];			/* what the old one is called now; "": there was none */
	struct stat		 owner;				/* of the state folder, and so of all in it */
	int			 lock, in, out;
	struct db		 db;				/* its seal; the store is the child's alone */
	struct backup_file	 file;
	uint64_t		 accounts, messages;
	char			 why[WHY];
};

static const char		not_a_store[] = ": damaged, or not a store of Wirechief";
static volatile sig_atomic_t	interrupted;

static void
on_interrupt(int sig)
{
	(void)sig;
	interrupted = 1;
}

static int __attribute__((format(printf, 2, 3)))
say(int status, const char *fmt, ...)
{
	char	line[2 * WHY], safe[2 * WHY];
	va_list	ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	text_safe(line, strlen(line), safe, sizeof safe, false);
	(void)fprintf(stderr, "wirechief: %s\n", safe);
	return status;
}

static int
no(const char *what)
{
	return say(EXIT_REFUSED, "%s: %s", what, strerror(errno));
}

/* Where all is, as the daemon's configuration has it. */
static int
place_find(struct place *p)
{
	struct config	conf;
	char		*text;
	int		 rc;

	if ((rc = config_read(p->how->conf_name, &text, p->why, sizeof p->why)) == 0) {
		rc = config_parse(&conf, p->how->conf_name, text, p->why, sizeof p->why);
		free(text);
	}
	if (rc != 0)
		return say(EXIT_REFUSED, "%s", p->why);
	(void)snprintf(p->state, sizeof p->state, "%s", conf.state_dir);
	(void)snprintf(p->socket, sizeof p->socket, "%s", conf.control.socket);
	(void)snprintf(p->store, sizeof p->store, "%s/store", p->state);
	(void)snprintf(p->data, sizeof p->data, "%s/data.mdb", p->store);
	(void)snprintf(p->folder, sizeof p->folder, "%s/%s", p->store, RESTORED_FOLDER);
	(void)snprintf(p->staged, sizeof p->staged, "%s/data.mdb", p->folder);
	return 0;
}

static int
key_open(struct place *p)
{
	char	key[PATH];

	(void)snprintf(key, sizeof key, "%s/master.key", p->state);
	if (stat(p->state, &p->owner) != 0 || access(key, F_OK) != 0)
		return errno == ENOENT ? say(EXIT_REFUSED, "%s: is not there: put back the one of the daemon that made the backup, which can't be read "
		    "without it", key) : no(key);
	return seal_open(&p->db.seal, key, false, p->why, sizeof p->why) == 0 ? 0 : say(EXIT_REFUSED, "%s", p->why);
}

/* The lock stays ours to the end: a daemon that is started meanwhile is refused. */
static int
lock_take(struct place *p)
{
	struct stat	st;

	if (mkdir(p->store, 0700) == 0 ? chown(p->store, p->owner.st_uid, p->owner.st_gid) != 0 : errno != EEXIST)
		return no(p->store);
	if ((p->lock = store_lock(p->store, p->why, sizeof p->why)) == -EBUSY)
		return say(EXIT_REFUSED, "%s, whose socket is %s: stop the daemon first (systemctl stop wirechiefd)", p->why, p->socket);
	if (p->lock < 0)
		return say(EXIT_REFUSED, "%s", p->why);
	if (fchown(p->lock, p->owner.st_uid, p->owner.st_gid) != 0)
		return no(p->store);
	if (stat(p->data, &st) == 0 && !p->how->over)
		return say(EXIT_REFUSED, "%s: there is a store; --yes puts the backup in its place, and keeps it under another name", p->data);
	return 0;
}

static int
copy(struct place *p)
{
	uint8_t	*buf = malloc(COPY);
	ssize_t	 n = 0, w = 0;

	while (buf != NULL && !interrupted && ((n = read(p->in, buf, COPY)) > 0 || (n < 0 && errno == EINTR)))
		for (ssize_t at = 0; at < n && w >= 0; at += w)
			if ((w = write(p->out, buf + at, (size_t)(n - at))) < 0) {
				free(buf);
				return no(p->staged);
			}
	free(buf);
	if (interrupted)
		return say(EXIT_CANCELLED, "cancelled, nothing was changed");
	return buf != NULL && n == 0 ? 0 : no(p->how->file);
}

/* Copies the file to where it is checked, with the store's owner. */
static int
stage(struct place *p)
{
	if ((p->in = strcmp(p->how->file, "-") == 0 ? dup(STDIN_FILENO) : open(p->how->file, O_RDONLY | O_CLOEXEC)) < 0)
		return no(p->how->file);
	restored_clean(p->store);
	if (mkdir(p->folder, 0700) != 0 || (p->out = open(p->staged, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) < 0)
		return no(p->folder);
	return copy(p);
}

static int
touch(void *arg, struct store_bytes key, struct store_bytes value)
{
	volatile uint8_t	*sum = arg;

	(void)key;
	for (size_t at = 0; at < value.n; at += 1024)
		*sum = (uint8_t)(*sum ^ ((const uint8_t *)value.p)[at]);
	return 0;
}

/* Opens the copy as the daemon will, and reads all of it. */
static int
look(struct place *p)
{
	const char	*what;
	char		 why[WHY];
	uint8_t		 sum = 0;
	int		 rc;

	if ((rc = store_open_lmdb(&p->db.store, p->folder, 0, why, sizeof why)) != 0) {
		what = rc == ERR_CORRUPT ? not_a_store : strstr(why, ": ");	/* it names the copy, a person knows the original */
		(void)snprintf(p->why, sizeof p->why, "%s%s", p->how->file, what == NULL ? not_a_store : what);
		return rc;
	}
	if ((rc = key_mark_check(&p->db)) == ERR_DENIED) {
		(void)snprintf(p->why, sizeof p->why, "%s: is of another daemon: %s/master.key is not the key that it was sealed with", p->how->file,
		    p->state);
		return rc;
	}
	for (size_t i = 0; i < TABLES; i++)
		(void)store_range(p->db.store, (enum table)i, (struct store_bytes){ "", 0 }, NULL, false, 0, touch, &sum);
	p->accounts = count_get(&p->db, "accounts");
	p->messages = count_get(&p->db, "queued");
	restored_mark(&p->db, p->file.made_at);
	rc = store_sync(p->db.store);
	store_close(p->db.store);
	return rc;
}

/* look(), by a child that may die of it; what it found comes back through shared numbers and a pipe. */
static int
look_apart(struct place *p)
{
	struct {
		int	 rc;
		uint64_t accounts, messages;
		char	 why[WHY];
	}	found = { .rc = ERR_CORRUPT };
	int	ends[2], status = 0;
	pid_t	pid;

	if (pipe2(ends, O_CLOEXEC) != 0 || (pid = fork()) < 0)
		return no(p->staged);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);		/* it has the lock, too */
		found.rc = look(p);
		found.accounts = p->accounts;
		found.messages = p->messages;
		memcpy(found.why, p->why, sizeof found.why);
		_exit(write(ends[1], &found, sizeof found) != sizeof found);
	}
	(void)close(ends[1]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (read(ends[0], &found, sizeof found) != sizeof found || status != 0)
		(void)snprintf(found.why, sizeof found.why, "%s%s", p->how->file, not_a_store);
	(void)close(ends[0]);
	p->accounts = found.accounts;
	p->messages = found.messages;
	return status == 0 && found.rc == 0 ? 0 : say(EXIT_REFUSED, "%s", found.why);
}

/* Whole, ours, and a store.  What LMDB changes in it comes behind the trailer's place. */
static int
check(struct place *p)
{
	int	rc;

	if (backup_check(p->out, p->how->file, p->db.seal, &p->file, p->why, sizeof p->why) != 0)
		return say(EXIT_REFUSED, "%s", p->why);
	if (ftruncate(p->out, (off_t)p->file.bytes) != 0)
		return no(p->staged);
	if ((rc = look_apart(p)) != 0)
		return rc;
	if (fchown(p->out, p->owner.st_uid, p->owner.st_gid) != 0 || fchmod(p->out, 0600) != 0 || fsync(p->out) != 0)
		return no(p->staged);
	return interrupted ? say(EXIT_CANCELLED, "cancelled, nothing was changed") : 0;
}

static int
replace(struct place *p)
{
	struct timespec	now;
	struct tm	tm;
	char		stamp[32];
	int		folder;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gmtime_r(&now.tv_sec, &tm);
	(void)strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%S", &tm);
	(void)snprintf(p->kept, sizeof p->kept, "%s/data-%s.%03ldZ.mdb", p->store, stamp, now.tv_nsec / 1000000);
	if (link(p->data, p->kept) != 0) {
		if (errno != ENOENT)
			return no(p->kept);
		p->kept[0] = '\0';
	}
	if (rename(p->staged, p->data) != 0 || (folder = open(p->store, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return no(p->data);
	if (fsync(folder) != 0)
		return no(p->store);
	(void)close(folder);
	return 0;
}

static int
tell(const struct place *p)
{
	char	made[CLOCK_TEXT];

	if (p->file.made_at == 0)
		(void)say(0, "%s has no trailer of its own: it is a store's file, of which only the structure could be checked", p->how->file);
	return say(0, "%s: restored from %s%s%s: accounts %" PRIu64 ", messages %" PRIu64 "%s%s; start the daemon", p->store,
	    strcmp(p->how->file, "-") == 0 ? "standard input" : p->how->file, p->file.made_at == 0 ? "" : ", made ",
	    p->file.made_at == 0 ? "" : clock_text(p->file.made_at, made), p->accounts, p->messages,
	    p->kept[0] == '\0' ? "" : "; the store of before is kept as ", p->kept);
}

static int
restore(struct place *p)
{
	int	rc;

	if ((rc = place_find(p)) != 0 || (rc = key_open(p)) != 0 || (rc = lock_take(p)) != 0)
		return rc;
	if ((rc = stage(p)) == 0 && (rc = check(p)) == 0 && (rc = replace(p)) == 0)
		rc = tell(p);
	restored_clean(p->store);
	return rc;
}

int
restore_main(const struct restore *how)
{
	const struct rlimit	none = { 0, 0 };
	struct sigaction	on_end = { .sa_handler = on_interrupt };
	struct place		p = { .how = how, .lock = -1, .in = -1, .out = -1 };
	int			rc;

	log_init("restore", LOG_L_WARN);
	(void)setrlimit(RLIMIT_CORE, &none);	/* the key is in our memory */
#ifndef SANITIZED
	(void)prctl(PR_SET_DUMPABLE, 0);
#endif
	(void)sigaction(SIGINT, &on_end, NULL);
	(void)sigaction(SIGTERM, &on_end, NULL);
	(void)sigaction(SIGHUP, &on_end, NULL);
	rc = restore(&p);
	seal_close(p.db.seal);
	for (size_t i = 0; i < 3; i++) {
		const int	fds[] = { p.in, p.out, p.lock };

		if (fds[i] >= 0)
			(void)close(fds[i]);
	}
	return rc;
}
