#include "tui/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base64.h"
#include "core/command.h"
#include "tui/cli.h"
#include "tui/client.h"
#include "tui/complain.h"
#include "tui/json.h"
#include "tui/printer.h"
#include "tui/progress.h"

enum { EXIT_CANCELLED = 130 };

struct backup {
	struct client	*client;
	int		 id;			/* of the request */
	const char	*file;
	bool		 over;
	char		 temporary[PATH_MAX];	/* "": standard output */
	int		 fd;
	struct progress	 progress;
	uint8_t		*part;			/* of a line, decoded */
	uint64_t	 written, total;
	bool		 done;
};

static volatile sig_atomic_t	interrupted;

static void
on_interrupt(int sig)
{
	(void)sig;
	interrupted = 1;
}

static int
not_written(struct backup *b)
{
	int	error = errno;

	progress_clear(&b->progress);
	return complain(EXIT_REFUSED, "%.300s: not written: %s", b->file, strerror(error));
}

static int
part_write(struct backup *b, const char *data, size_t length)
{
	const uint8_t	*p = b->part;
	long		 n = base64_decode(data, length, b->part);

	if (n < 0)
		return complain(EXIT_UNREACHED, "what answers there is not wirechiefd");
	while (n > 0) {
		ssize_t	w = write(b->fd, p, (size_t)n);

		if (w < 0 && errno == EINTR && !interrupted)
			continue;
		if (w < 0 && errno == EINTR)
			return 0;	/* it ends anyway */
		if (w < 0)
			return not_written(b);
		p += w;
		n -= w;
		b->written += (uint64_t)w;
	}
	progress_show(&b->progress, b->written, b->total, true, 0);
	return 0;
}

/* 0 to go on, or the exit status. */
static int
take(struct backup *b, const json_t *m)
{
	const json_t	*error = json_object_get(m, "error");

	if (error != NULL) {
		progress_clear(&b->progress);
		printer_refused(error);
		return EXIT_REFUSED;
	}
	if (json_object_get(m, "bytes") != NULL) {
		b->total = (uint64_t)json_integer_value(json_object_get(m, "bytes"));
		progress_phase(&b->progress, "copying");
	}
	b->done = json_object_get(m, "ok") != NULL;
	return 0;
}

/* Until the daemon has sent all, or a signal. */
static int
receive(struct backup *b)
{
	struct pollfd	 p = { .fd = client_fd(b->client), .events = POLLIN };
	json_t		*m;
	const char	*data;
	size_t		 n;
	int		 there, rc = 0;

	while (rc == 0 && !b->done && !interrupted) {
		if ((there = client_next_data(b->client, b->id, &m, &data, &n)) == 1) {
			rc = data != NULL ? part_write(b, data, n) : take(b, m);
			json_decref(m);
		} else if (there < 0) {
			progress_clear(&b->progress);
			return complain(EXIT_UNREACHED, "%s; nothing was written", client_why(b->client));
		} else if (poll(&p, 1, -1) < 0 && errno != EINTR)
			return complain(EXIT_UNREACHED, "%s", strerror(errno));
	}
	progress_clear(&b->progress);
	if (rc == 0 && interrupted)
		return complain(EXIT_CANCELLED, "cancelled, nothing was written");
	if (rc == 0 && b->written != b->total)
		return complain(EXIT_UNREACHED, "the daemon sent %" PRIu64 " bytes of %" PRIu64 "; nothing was written", b->written, b->total);
	return rc;
}

/* Some file systems can't rename without replacing; those can link. */
static int
rename_to_new(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	return link(from, to) == 0 ? unlink(from) : -1;
}

static int
folder_sync(const char *file)
{
	char	path[PATH_MAX];
	int	fd, rc;

	(void)snprintf(path, sizeof path, "%s", file);
	if ((fd = open(dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return -1;
	rc = fsync(fd) == 0 || errno == EINVAL ? 0 : -1;	/* EINVAL: one that has nothing to sync */
	close(fd);
	return rc;
}

/* It is all there: on disk, then under its name. */
static int
finish(struct backup *b)
{
	if (b->temporary[0] == '\0')
		return fsync(b->fd) == 0 || errno == EINVAL || errno == EROFS || errno == ENOTSUP ? 0 : not_written(b);
	if (fsync(b->fd) != 0 || (b->over ? rename(b->temporary, b->file) : rename_to_new(b->temporary, b->file)) != 0)
		return not_written(b);
	b->temporary[0] = '\0';
	return folder_sync(b->file) == 0 ? 0 : complain(EXIT_REFUSED, "%.300s: written, but its folder can't be synced: %s", b->file,
	    strerror(errno));
}

static int
output_open(struct backup *b)
{
	struct stat	st;

	if (strcmp(b->file, "-") == 0) {
		b->file = "standard output";
		b->fd = STDOUT_FILENO;
		return isatty(b->fd) ? complain(EXIT_USAGE, "standard output is a terminal: a backup is not text; name a file") : 0;
	}
	if (strlen(b->file) + sizeof ".XXXXXX" > sizeof b->temporary)
		return complain(EXIT_USAGE, "%.60s...: too long for the name of a file", b->file);
	if (stat(b->file, &st) == 0 && !S_ISREG(st.st_mode))
		return complain(EXIT_REFUSED, "%.300s: is not a file; name a new one", b->file);
	if (lstat(b->file, &st) == 0 && !b->over)
		return complain(EXIT_REFUSED, "%.300s: exists; name another file, or say --yes to replace it", b->file);
	(void)snprintf(b->temporary, sizeof b->temporary, "%s.XXXXXX", b->file);
	if ((b->fd = mkostemp(b->temporary, O_CLOEXEC)) >= 0)
		return 0;
	b->temporary[0] = '\0';
	return not_written(b);
}

static void
told(const struct backup *b, bool json)
{
	if (json && b->fd != STDOUT_FILENO) {
		json_t	*o = json_pack("{s:s, s:I}", "file", b->file, "bytes", (json_int_t)b->written);

		json_line(o);
		json_decref(o);
		return;
	}
	(void)complain(EXIT_DONE, "%.1f MB written to %.300s; to restore it takes the daemon's master.key, which is not in it",
	    (double)b->written / 1e6, b->file);
}

int
backup_run(struct client *client, const char *file, bool over, bool json)
{
	static const int	signals[] = { SIGINT, SIGTERM, SIGHUP };
	enum { SIGNALS = sizeof signals / sizeof signals[0] };
	struct sigaction	on_end = { .sa_handler = on_interrupt }, old[SIGNALS];
	struct backup		b = { .client = client, .file = file, .over = over, .fd = -1 };
	int			rc;

	interrupted = 0;
	for (size_t i = 0; i < SIGNALS; i++)
		(void)sigaction(signals[i], &on_end, &old[i]);
	if ((b.part = malloc(PROTOCOL_LINE_MAX)) == NULL)
		rc = complain(EXIT_REFUSED, "%s", strerror(ENOMEM));
	else if ((rc = output_open(&b)) == 0 && (b.id = client_send(client, json_pack("{s:s}", "do", "backup"))) < 0)
		rc = complain(EXIT_UNREACHED, "%s", client_why(client));
	if (rc == 0 && (rc = receive(&b)) == 0 && (rc = finish(&b)) == 0)
		told(&b, json);
	if (b.temporary[0] != '\0')
		(void)unlink(b.temporary);
	if (b.fd >= 0 && b.fd != STDOUT_FILENO)
		(void)close(b.fd);
	free(b.part);
	for (size_t i = 0; i < SIGNALS; i++)
		(void)sigaction(signals[i], &old[i], NULL);
	return rc;
}
