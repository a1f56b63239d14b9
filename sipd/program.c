#include "sipd/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/argv.h"
#include "core/err.h"

static const char	number_mark[] = "{number}", text_mark[] = "{text}";

/* A word with number and text in their places, to be freed. */
static char *
fill(const char *word, const char *number, const char *text, bool *has_text)
{
	char	*out = NULL;
	size_t	 n;
	FILE	*fp = open_memstream(&out, &n);

	if (fp == NULL)
		return NULL;
	while (*word != '\0') {
		if (strncmp(word, number_mark, sizeof number_mark - 1) == 0) {
			fputs(number, fp);
			word += sizeof number_mark - 1;
		} else if (strncmp(word, text_mark, sizeof text_mark - 1) == 0) {
			fputs(text, fp);
			word += sizeof text_mark - 1;
			*has_text = true;
		} else {
			fputc(*word++, fp);
		}
	}
	if (fclose(fp) == 0)
		return out;
	free(out);
	return NULL;
}

/* Reads "NUMBER\0TEXT\0", which the keeper wrote before it sent the pipe. */
static bool
take_words(int fd, char buf[PROGRAM_TEXT], const char **number, const char **text)
{
	ssize_t	n = -1;
	size_t	first;

	if (fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
		n = read(fd, buf, PROGRAM_TEXT);
	if (n < 2 || buf[n - 1] != '\0')
		return false;
	first = strlen(buf);
	*number = buf;
	*text = buf + first + 1;
	return first + 1 < (size_t)n && first + 1 + strlen(*text) + 1 == (size_t)n;
}

/* A pipe that holds the text, and is at its end after it. */
static int
text_pipe(const char *text)
{
	int	ends[2];
	size_t	n = strlen(text);

	if (pipe2(ends, O_CLOEXEC) != 0)
		return -errno;
	if (fcntl(ends[1], F_SETFL, O_NONBLOCK) != 0 || write(ends[1], text, n) != (ssize_t)n) {
		close(ends[0]);
		ends[0] = -EIO;
	}
	close(ends[1]);
	return ends[0];
}

/* In a group of its own, so that its time is over for what it starts, too. */
static int
start(pid_t *pid, char **words, int in, int err)
{
	char				path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", lang[] = "LANG=C.UTF-8";
	char				*env[] = { path, lang, NULL };
	posix_spawn_file_actions_t	files;
	posix_spawnattr_t		attr;
	sigset_t			none, all;
	int				rc;

	sigemptyset(&none);
	sigfillset(&all);
	if ((rc = posix_spawn_file_actions_init(&files)) != 0)
		return -rc;
	if ((rc = posix_spawnattr_init(&attr)) != 0) {
		(void)posix_spawn_file_actions_destroy(&files);
		return -rc;
	}
	rc |= posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	rc |= posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	rc |= posix_spawn_file_actions_adddup2(&files, err, STDERR_FILENO);
	rc |= posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
	rc |= posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	rc |= posix_spawnattr_setsigmask(&attr, &none) | posix_spawnattr_setsigdefault(&attr, &all);
	rc = rc != 0 ? ENOMEM : posix_spawn(pid, words[0], &files, &attr, words, env);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&files);
	return -rc;
}

/* Puts the words together and starts it, with its standard input and stderr. */
static int
start_with(struct program *p, const char *command, const char *number, const char *text)
{
	struct argv	w;
	char		*argv[ARGV_WORDS + 1] = { NULL }, why[128];
	int		 err[2] = { -1, -1 }, in = -1, rc;
	bool		 has_text = false, whole = true;

	if ((rc = argv_split(&w, command, why, sizeof why)) != 0)
		return rc;
	for (size_t i = 0; w.words[i] != NULL && whole; i++)
		whole = (argv[i] = i == 0 ? strdup(w.words[i]) : fill(w.words[i], number, text, &has_text)) != NULL;
	if (!whole || pipe2(err, O_CLOEXEC) != 0)
		rc = -ENOMEM;
	else
		rc = in = text_pipe(has_text ? "" : text);
	if (rc >= 0 && fcntl(err[0], F_SETFL, O_NONBLOCK) == 0)
		rc = start(&p->pid, argv, in, err[1]);
	if (rc == 0)
		p->fd = err[0];
	else if (err[0] >= 0)
		close(err[0]);
	if (err[1] >= 0)
		close(err[1]);
	if (in >= 0)
		close(in);
	for (size_t i = 0; argv[i] != NULL; i++)
		free(argv[i]);
	return rc;
}

void
programs_init(struct programs *ps)
{
	*ps = (struct programs){ 0 };
	for (size_t i = 0; i < PROGRAMS_MAX; i++)
		ps->list[i].fd = -1;
}

void
programs_run(struct programs *ps, const char *command, const struct boot_order *o, pid_t asker, int64_t now, int64_t timeout_ms,
    program_fn fn, void *arg)
{
	struct program	*p = NULL;
	uint64_t	 id = strtoull(o->text, NULL, 10);
	const char	*number, *text;
	char		 buf[PROGRAM_TEXT], why[160] = "";
	int		 rc;

	for (size_t i = 0; i < PROGRAMS_MAX && p == NULL; i++)
		if (ps->list[i].pid == 0)
			p = &ps->list[i];
	if (o->fds[0] < 0 || !take_words(o->fds[0], buf, &number, &text))
		(void)snprintf(why, sizeof why, "the order to run the program can't be read");
	else if (command[0] == '\0')
		(void)snprintf(why, sizeof why, "there is no sms.command any more");
	else if (p == NULL)
		(void)snprintf(why, sizeof why, "too many programs run");
	else if ((rc = start_with(p, command, number, text)) != 0)
		(void)snprintf(why, sizeof why, "%.*s: %s", (int)strcspn(command, " \t"), command, err_text(rc));
	explicit_bzero(buf, sizeof buf);
	if (why[0] != '\0') {
		fn(arg, asker, id, -1, why);
		return;
	}
	p->id = id;
	p->asker = asker;
	p->until = now + timeout_ms;
	p->killed = p->whole = false;
	p->n = 0;
}

void
programs_poll(const struct programs *ps, struct pollfd *fds)
{
	for (size_t i = 0; i < PROGRAMS_MAX; i++)
		fds[i] = (struct pollfd){ ps->list[i].fd, POLLIN, 0 };
}

/* Keeps the first line that is not empty, and throws the rest away. */
static void
take_line(struct program *p, const char *buf, size_t n)
{
	for (size_t i = 0; i < n && !p->whole; i++) {
		if (buf[i] == '\n' && p->n > 0)
			p->whole = true;
		else if (buf[i] != '\n' && buf[i] != '\0' && p->n + 1 < sizeof p->line)
			p->line[p->n++] = buf[i];
	}
}

/* One piece: who writes without end is read as slowly as the loop turns. */
static void
read_some(struct program *p)
{
	char	buf[4096];
	ssize_t	n = read(p->fd, buf, sizeof buf);

	if (n > 0)
		take_line(p, buf, (size_t)n);
	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	close(p->fd);
	p->fd = -1;
}

void
programs_read(struct programs *ps, const struct pollfd *fds)
{
	for (size_t i = 0; i < PROGRAMS_MAX; i++)
		if (fds[i].revents != 0 && ps->list[i].fd >= 0 && fds[i].fd == ps->list[i].fd)
			read_some(&ps->list[i]);
}

static void
end(struct program *p, int status, program_fn fn, void *arg)
{
	char	text[PROGRAM_LINE + 64];

	if (p->fd >= 0)
		read_some(p);
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	p->pid = 0;
	p->line[p->n] = '\0';
	if (p->killed)
		(void)snprintf(text, sizeof text, "the program took too long and was ended%s%s", p->n > 0 ? ": " : "", p->line);
	else
		(void)snprintf(text, sizeof text, "%s", p->line);
	if (p->killed)
		fn(arg, p->asker, p->id, -1, text);
	else
		fn(arg, p->asker, p->id, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), text);
}

void
programs_reap(struct programs *ps, program_fn fn, void *arg)
{
	int	status;

	for (size_t i = 0; i < PROGRAMS_MAX; i++)
		if (ps->list[i].pid != 0 && waitpid(ps->list[i].pid, &status, WNOHANG) == ps->list[i].pid)
			end(&ps->list[i], status, fn, arg);
}

static void
kill_group(struct program *p)
{
	if (p->pid == 0 || p->killed)
		return;
	p->killed = true;
	(void)kill(-p->pid, SIGKILL);
}

int64_t
programs_tick(struct programs *ps, int64_t now, int64_t next)
{
	for (size_t i = 0; i < PROGRAMS_MAX; i++) {
		struct program	*p = &ps->list[i];

		if (p->pid != 0 && !p->killed && now >= p->until)
			kill_group(p);
		else if (p->pid != 0 && !p->killed && p->until < next)
			next = p->until;
	}
	return next;
}

void
programs_kill(struct programs *ps)
{
	for (size_t i = 0; i < PROGRAMS_MAX; i++)
		kill_group(&ps->list[i]);
}
