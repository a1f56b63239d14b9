/* links: sipd */
/*
 * The supervisor with small processes of the test's own: what they see and are is written down in memory that all share.
 */
#include "sipd/supervise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_MS = 60000, ORDERS = ORDER_FAIL + 1 };

/* What one process did. */
struct seen {
	atomic_int	pid, starts, ready, stopped_as;
	atomic_int	orders[ORDERS], heard[PROCESSES];
	char		domain[CONFIG_TEXT], key[64];
};

static struct shared {
	struct seen	of[PROCESSES];
	atomic_int	stops;
	/* What they are to do. */
	atomic_int	fail_at_start, die_at_start, ignore_stop, hang;	/* a process */
} *shared;

static char	file[64], key_file[64], cert_file[64], log_file[64], notify_path[64];
static int	notify_fd;
static pid_t	running;	/* the supervisor of the test that runs */

/* Both directions of a new channel work: each end says who it is, and reads who is at the other. */
static void
try_channel(struct seen *me, const struct boot *b, const struct boot_order *o)
{
	char		c = (char)b->process;
	struct pollfd	p = { o->fds[0], POLLIN, 0 };

	if (send(o->fds[0], &c, 1, MSG_NOSIGNAL) == 1 && poll(&p, 1, WAIT_MS) == 1 && read(o->fds[0], &c, 1) == 1 && c == (char)o->peer)
		me->heard[o->peer]++;
	close(o->fds[0]);
}

static void
take_order(struct seen *me, const struct boot *b, struct boot_order *o)
{
	struct config	c;
	char		why[256], *text;

	if (o->type == ORDER_CHANNEL)
		try_channel(me, b, o);
	if (o->type == ORDER_CONFIG && (text = boot_text(o->fds[0], CONFIG_MAX_BYTES)) != NULL) {
		if (config_parse(&c, b->conf_name, text, why, sizeof why) == 0)
			snprintf(me->domain, sizeof me->domain, "%s", c.domains[0]);
		free(text);
	}
	if (o->type == ORDER_TLS) {
		if ((text = boot_text(o->fds[1], 65536)) != NULL)
			snprintf(me->key, sizeof me->key, "%.*s", 27, text);
		free(text);
		close(o->fds[0]);
	}
	for (int i = 0; o->type == ORDER_FILES && i < BOOT_FDS; i++)
		if (o->fds[i] >= 0)
			close(o->fds[i]);
	me->orders[o->type]++;
}

static int
any_main(struct boot *b)
{
	struct seen		*me = &shared->of[b->process];
	struct boot_order	 o;
	struct pollfd		 p = { b->order_fd, POLLIN, 0 };
	int			 rc;

	me->starts++;
	me->pid = getpid();
	if (shared->die_at_start == (int)b->process)
		return 9;
	if (shared->fail_at_start == (int)b->process) {
		boot_fail(b->order_fd, "udp:127.0.0.1:5060: Address already in use");
		return 1;
	}
	boot_ready(b->order_fd, "here");
	me->ready++;
	for (;;) {
		if (poll(&p, 1, -1) < 0)
			continue;
		if (shared->hang == (int)b->process && me->starts == 1)		/* not the one that is started in its place */
			pause();
		while ((rc = boot_receive(b->order_fd, &o)) == 1) {
			if (o.type == ORDER_STOP && shared->ignore_stop != (int)b->process) {
				me->stopped_as = ++shared->stops;
				return 0;
			}
			take_order(me, b, &o);
		}
		if (rc == -EPIPE)
			return 0;
	}
}

static const struct process_row	rows[] = {
	{ .process = PROC_KEEPER, .main = any_main },
	{ .process = PROC_SIP, .main = any_main },
	{ .process = PROC_STREAM, .main = any_main, .files = true },
	{ .process = PROC_WEB, .main = any_main },
};

static void
nap(void)
{
	nanosleep(&(struct timespec){ 0, 2000000 }, NULL);
}

#define WAIT_FOR(condition)	do {					\
	int	left = WAIT_MS / 2;					\
	bool	met;							\
									\
	while (!(met = (condition)) && left-- > 0)			\
		nap();							\
	if (!met)							\
		fail_msg("waited in vain: %s", #condition);		\
} while (0)

static void
write_file(const char *path, const char *text)
{
	FILE	*fp = fopen(path, "w");

	assert_non_null(fp);
	fputs(text, fp);
	fclose(fp);
}

static char *
log_text(void)
{
	static char	text[65536];
	FILE		*fp = fopen(log_file, "r");
	size_t		 n = fread(text, 1, sizeof text - 1, fp);

	text[n] = '\0';
	fclose(fp);
	return text;
}

static int
count_of(const char *text, const char *what)
{
	int	n = 0;

	for (; (text = strstr(text, what)) != NULL; text++)
		n++;
	return n;
}

/* Takes what the service manager was told so far; true if one of it holds what. */
static bool
was_notified(const char *what)
{
	char	text[512];
	bool	found = false;
	ssize_t	n;

	while ((n = recv(notify_fd, text, sizeof text - 1, MSG_DONTWAIT)) >= 0) {
		text[n] = '\0';
		found |= strstr(text, what) != NULL;
	}
	return found;
}

static pid_t
start(void)
{
	struct supervise	how = { .file = file, .rows = rows, .n_rows = sizeof rows / sizeof rows[0] };
	pid_t			pid;
	int			fd;

	assert_int_equal(truncate(log_file, 0), 0);
	was_notified("");	/* what is left of an earlier one */
	if ((pid = fork()) == 0) {
		fd = open(log_file, O_WRONLY | O_APPEND);
		dup2(fd, STDERR_FILENO);
		setenv("NOTIFY_SOCKET", notify_path, 1);
		_exit(supervise(&how));
	}
	running = pid;
	return pid;
}

/* Bounded: a supervisor that doesn't end is killed, and the test fails. */
static int
end_of(pid_t pid)
{
	int	status = -1, left = WAIT_MS / 2;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (left-- == 0) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			fail_msg("the supervisor did not end");
		}
		nap();
	}
	running = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static int
ended_by(pid_t pid, int signo)
{
	kill(pid, signo);
	return end_of(pid);
}

static bool
all_are_ready(int times)
{
	for (enum process p = PROC_KEEPER; p < PROCESSES; p++)
		if (shared->of[p].ready < times)
			return false;
	return true;
}

static bool
are_linked(enum process a, enum process b)
{
	for (size_t i = 0; i < n_boot_links; i++)
		if ((boot_links[i].a == a && boot_links[i].b == b) || (boot_links[i].a == b && boot_links[i].b == a))
			return true;
	return false;
}

static int
setup(void **st)
{
	(void)st;
	memset(shared, 0, sizeof *shared);
	write_file(file, "domain = \"one.test\"\n");
	return 0;
}

/* What a failed test left behind. */
static int
teardown(void **st)
{
	(void)st;
	if (running != 0) {
		kill(running, SIGKILL);
		waitpid(running, NULL, 0);
		running = 0;
	}
	return 0;
}

static void
starts_and_stops(void **st)
{
	pid_t	pid = start();

	(void)st;
	WAIT_FOR(was_notified("READY=1"));
	WAIT_FOR(all_are_ready(1));
	for (enum process a = PROC_KEEPER; a < PROCESSES; a++) {
		struct seen	*me = &shared->of[a];

		for (enum process b = PROC_KEEPER; b < PROCESSES; b++)
			if (are_linked(a, b))
				WAIT_FOR(me->heard[b] == 1);
		WAIT_FOR(me->orders[ORDER_CONFIG] == 1);
		assert_string_equal(me->domain, "one.test");
		assert_int_equal(me->orders[ORDER_TLS], 0);
	}
	assert_int_equal(ended_by(pid, SIGTERM), 0);
	assert_true(was_notified("STOPPING=1"));
	assert_int_equal(shared->stops, PROCESSES - 1);
	assert_int_equal(shared->of[PROC_KEEPER].stopped_as, PROCESSES - 1);	/* last: what the fronts took reaches it */
	assert_int_equal(count_of(log_text(), "<3>"), 0);
}

static void
stops_at_interrupt(void **st)
{
	pid_t	pid = start();

	(void)st;
	WAIT_FOR(all_are_ready(1));
	assert_int_equal(ended_by(pid, SIGINT), 0);
	assert_int_equal(shared->stops, PROCESSES - 1);
}

/* Each of the two has been given so many channels to the other that worked. */
static bool
have_talked(enum process a, enum process b, int times)
{
	return !are_linked(a, b) || (shared->of[a].heard[b] == times && shared->of[b].heard[a] == times);
}

/* Each process dies and is there again, with channels to the others, who go on. */
static void
restarts(void **st)
{
	pid_t	pid = start();

	(void)st;
	WAIT_FOR(was_notified("READY=1"));
	for (enum process a = PROC_KEEPER; a < PROCESSES; a++)
		for (enum process b = a; b < PROCESSES; b++)
			WAIT_FOR(have_talked(a, b, 1));
	for (enum process p = PROC_KEEPER; p < PROCESSES; p++) {
		kill(shared->of[p].pid, SIGKILL);
		WAIT_FOR(shared->of[p].ready == 2);
		for (enum process other = PROC_KEEPER; other < PROCESSES; other++)
			WAIT_FOR(have_talked(p, other, other < p ? 3 : 2));
	}
	for (enum process p = PROC_KEEPER; p < PROCESSES; p++)
		assert_int_equal(shared->of[p].starts, 2);
	assert_int_equal(count_of(log_text(), "was killed by SIGKILL; it is started again in 0 ms"), PROCESSES - 1);
	assert_int_equal(count_of(log_text(), "<3>"), PROCESSES - 1);
	assert_int_equal(ended_by(pid, SIGTERM), 0);
}

/* One that can't live is tried again ever more slowly, and the others go on. */
static void
backs_off(void **st)
{
	pid_t	pid = start();
	int	starts;

	(void)st;
	WAIT_FOR(was_notified("READY=1"));
	shared->die_at_start = PROC_SIP;
	kill(shared->of[PROC_SIP].pid, SIGKILL);
	WAIT_FOR(strstr(log_text(), "exited with status 9; it is started again in 400 ms") != NULL);
	starts = shared->of[PROC_SIP].starts;
	assert_true(starts <= 4);
	shared->die_at_start = 0;
	WAIT_FOR(shared->of[PROC_SIP].ready == 2);
	assert_int_equal(shared->of[PROC_KEEPER].starts, 1);
	assert_int_equal(shared->of[PROC_STREAM].starts, 1);
	assert_int_equal(ended_by(pid, SIGTERM), 0);
}

static void
delays(void **st)
{
	static const unsigned	expected[] = { 0, 0, 200, 400, 800, 1600, 3200, 5000, 5000 };

	(void)st;
	for (unsigned i = 0; i < sizeof expected / sizeof expected[0]; i++)
		assert_int_equal(supervise_delay_ms(i), expected[i]);
	assert_int_equal(supervise_delay_ms(~0u), 5000);
}

/* What goes wrong at start ends all of it with one line. */
static void
fails_at_start(void **st)
{
	(void)st;
	shared->fail_at_start = PROC_SIP;
	assert_int_equal(end_of(start()), 1);
	assert_int_equal(count_of(log_text(), "<3>"), 1);
	assert_non_null(strstr(log_text(), "<3>wirechiefd[main]: udp:127.0.0.1:5060: Address already in use\n"));
	assert_false(was_notified("READY=1"));
	assert_int_not_equal(kill(shared->of[PROC_KEEPER].pid, 0), 0);
}

static void
dies_at_start(void **st)
{
	(void)st;
	shared->die_at_start = PROC_KEEPER;
	assert_int_equal(end_of(start()), 1);
	assert_int_equal(count_of(log_text(), "<3>"), 1);
	assert_non_null(strstr(log_text(), "keeper exited with status 9 before it was ready"));
}

static void
fails_later(void **st)
{
	pid_t	pid = start();

	(void)st;
	WAIT_FOR(was_notified("READY=1"));
	shared->fail_at_start = PROC_STREAM;
	kill(shared->of[PROC_STREAM].pid, SIGKILL);
	WAIT_FOR(count_of(log_text(), "Address already in use") >= 2);
	shared->fail_at_start = 0;
	WAIT_FOR(shared->of[PROC_STREAM].ready == 2);
	assert_int_equal(ended_by(pid, SIGTERM), 0);
}

static void
wrong_configuration(void **st)
{
	char	line[256];

	(void)st;
	write_file(file, "\nnode = \"a b\"\n");
	assert_int_equal(end_of(start()), 1);
	snprintf(line, sizeof line, "<3>wirechiefd[main]: %s:2: node: ", file);
	assert_ptr_equal(strstr(log_text(), line), log_text());
	assert_int_equal(count_of(log_text(), "\n"), 1);
	assert_int_equal(shared->of[PROC_KEEPER].starts, 0);
	unlink(file);
	assert_int_equal(end_of(start()), 1);
	assert_non_null(strstr(log_text(), "No such file or directory"));
	assert_int_equal(count_of(log_text(), "\n"), 1);
}

static void
reloads(void **st)
{
	pid_t	pid = start();

	(void)st;
	WAIT_FOR(was_notified("READY=1"));
	WAIT_FOR(shared->of[PROC_STREAM].orders[ORDER_CONFIG] == 1);
	write_file(file, "domain = \"two.test\"\n");
	kill(pid, SIGHUP);
	for (enum process p = PROC_KEEPER; p < PROCESSES; p++)
		WAIT_FOR(strcmp(shared->of[p].domain, "two.test") == 0);
	WAIT_FOR(was_notified("READY=1"));

	write_file(file, "domain = \"three.test\"\nnonsense\n");
	kill(pid, SIGHUP);
	WAIT_FOR(strstr(log_text(), ":2: no such option 'nonsense'; the configuration in force stays") != NULL);

	/* One that starts now gets what is in force, not what the file says. */
	kill(shared->of[PROC_SIP].pid, SIGKILL);
	WAIT_FOR(shared->of[PROC_SIP].orders[ORDER_CONFIG] == 3);
	assert_string_equal(shared->of[PROC_SIP].domain, "two.test");
	WAIT_FOR(shared->of[PROC_KEEPER].orders[ORDER_CONFIG] == 2);
	assert_int_equal(ended_by(pid, SIGTERM), 0);
}

static void
make_certificate(const char *cert, const char *key)
{
	char	command[512];

	snprintf(command, sizeof command, "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
	    "-subj /CN=wirechief.test -keyout %s -out %s 2>/dev/null", key, cert);
	assert_int_equal(system(command), 0);
}

static void
write_tls(const char *listen, const char *key)
{
	char	text[512];

	snprintf(text, sizeof text, "listen = \"%s:127.0.0.1:0\"\ntls { certificate = \"%s\" key = \"%s\" }\n", listen, cert_file, key);
	write_file(file, text);
}

/* Only the process that speaks TLS is given the key, and a key that is wrong stops the start or the reload. */
static void
tls(void **st)
{
	char	other_key[80], other_cert[80];
	pid_t	pid;

	(void)st;
	make_certificate(cert_file, key_file);
	write_tls("tls", key_file);
	pid = start();
	WAIT_FOR(was_notified("READY=1"));
	WAIT_FOR(shared->of[PROC_STREAM].orders[ORDER_CONFIG] == 1);
	assert_string_equal(shared->of[PROC_STREAM].key, "-----BEGIN PRIVATE KEY-----");
	WAIT_FOR(shared->of[PROC_SIP].orders[ORDER_CONFIG] == 1);
	assert_int_equal(shared->of[PROC_SIP].orders[ORDER_TLS], 0);

	snprintf(other_key, sizeof other_key, "%s.other", key_file);
	snprintf(other_cert, sizeof other_cert, "%s.other", cert_file);
	make_certificate(other_cert, other_key);
	write_tls("tls", other_key);
	kill(pid, SIGHUP);
	WAIT_FOR(strstr(log_text(), "does not belong to the certificate; the configuration in force stays") != NULL);
	assert_int_equal(shared->of[PROC_STREAM].orders[ORDER_TLS], 1);
	assert_int_equal(ended_by(pid, SIGTERM), 0);

	assert_int_equal(end_of(start()), 1);
	assert_non_null(strstr(log_text(), "does not belong to the certificate"));
	assert_int_equal(count_of(log_text(), "\n"), 1);
	write_tls("tls", "/nonexistent/key.pem");
	assert_int_equal(end_of(start()), 1);
	assert_non_null(strstr(log_text(), "tls.key: /nonexistent/key.pem: No such file or directory"));
	write_tls("tls", cert_file);
	assert_int_equal(end_of(start()), 1);
	assert_non_null(strstr(log_text(), "holds no private key"));
	write_tls("udp", "/nonexistent/key.pem");	/* nobody needs it */
	pid = start();
	WAIT_FOR(was_notified("READY=1"));
	assert_int_equal(ended_by(pid, SIGTERM), 0);
	unlink(other_key);
	unlink(other_cert);
}

/* One that does not stop is killed in bounded time; the keeper is still stopped in order. */
static void
stubborn(void **st)
{
	pid_t	pid = start();

	(void)st;
	WAIT_FOR(was_notified("READY=1"));
	shared->ignore_stop = PROC_SIP;
	assert_int_equal(ended_by(pid, SIGTERM), 0);
	assert_int_equal(count_of(log_text(), "sip did not stop in time"), 1);
	assert_int_equal(shared->of[PROC_KEEPER].stopped_as, PROCESSES - 2);
}

/* One that lives but does nothing any more is killed and started again; the service manager hears nothing meanwhile. */
static void
hangs(void **st)
{
	pid_t	pid;

	(void)st;
	setenv("WATCHDOG_USEC", "3000000", 1);	/* the others may stand still for seconds on a busy machine, and are not killed for that */
	pid = start();
	unsetenv("WATCHDOG_USEC");
	WAIT_FOR(was_notified("WATCHDOG=1"));
	shared->hang = PROC_STREAM;
	WAIT_FOR(strstr(log_text(), "stream hangs: no order was read for") != NULL);
	shared->hang = 0;
	WAIT_FOR(shared->of[PROC_STREAM].ready == 2);
	WAIT_FOR(was_notified("WATCHDOG=1"));
	assert_int_equal(shared->of[PROC_KEEPER].starts, 1);
	assert_int_equal(ended_by(pid, SIGTERM), 0);
}

static void
killed_supervisor(void **st)
{
	pid_t	pid = start();

	(void)st;
	WAIT_FOR(was_notified("READY=1"));
	assert_int_equal(ended_by(pid, SIGKILL), 1000 + SIGKILL);
	for (enum process p = PROC_KEEPER; p < PROCESSES; p++) {
		/* They are ours now (PR_SET_CHILD_SUBREAPER), and end by themselves. */
		WAIT_FOR(waitpid(shared->of[p].pid, NULL, WNOHANG) == shared->of[p].pid || errno == ECHILD);
	}
}

/* A process of the daemon has nothing of the supervisor's open, and its memory is closed to others of its user. */
static void
clean_processes(void **st)
{
	pid_t	pid = start();
	char	path[64], link[64];
	ssize_t	n;

	(void)st;
	WAIT_FOR(was_notified("READY=1"));
	for (enum process p = PROC_KEEPER; p < PROCESSES; p++) {
		int	links = 0;

		for (enum process other = PROC_KEEPER; other < PROCESSES; other++)
			links += are_linked(p, other);
		WAIT_FOR(shared->of[p].orders[ORDER_CHANNEL] == links);
		assert_int_equal(shared->of[p].orders[ORDER_FILES], p == PROC_STREAM);	/* ahead of them */
		for (int fd = 0; fd < 64; fd++) {
			snprintf(path, sizeof path, "/proc/%d/fd/%d", shared->of[p].pid, fd);
			n = readlink(path, link, sizeof link - 1);
			if (n < 0)
				continue;
			link[n] = '\0';
			if (fd < 2 ? strcmp(link, "/dev/null") != 0 : fd > 3 && strcmp(link, "/dev/null") != 0)
				fail_msg("%s has %d open: %s", process_name(p), fd, link);
		}
	}
	assert_int_equal(ended_by(pid, SIGTERM), 0);
}

static int
group_setup(void **st)
{
	struct sockaddr_un	sun = { .sun_family = AF_UNIX };
	const char		*dir = "/tmp";

	(void)st;
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	snprintf(file, sizeof file, "%s/wirechief-supervise-%d.conf", dir, getpid());
	snprintf(key_file, sizeof key_file, "%s/wirechief-supervise-%d.key", dir, getpid());
	snprintf(cert_file, sizeof cert_file, "%s/wirechief-supervise-%d.crt", dir, getpid());
	snprintf(log_file, sizeof log_file, "%s/wirechief-supervise-%d.log", dir, getpid());
	snprintf(notify_path, sizeof notify_path, "%s/wirechief-supervise-%d.sock", dir, getpid());
	write_file(log_file, "");
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	snprintf(sun.sun_path, sizeof sun.sun_path, "%s", notify_path);
	return shared == MAP_FAILED ? -1 : bind(notify_fd, (struct sockaddr *)&sun, sizeof sun);
}

static int
group_teardown(void **st)
{
	(void)st;
	close(notify_fd);
	unlink(file);
	unlink(key_file);
	unlink(cert_file);
	unlink(log_file);
	unlink(notify_path);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test_setup_teardown(starts_and_stops, setup, teardown),
		cmocka_unit_test_setup_teardown(stops_at_interrupt, setup, teardown),
		cmocka_unit_test_setup_teardown(restarts, setup, teardown),
		cmocka_unit_test_setup_teardown(backs_off, setup, teardown),
		cmocka_unit_test(delays),
		cmocka_unit_test_setup_teardown(fails_at_start, setup, teardown),
		cmocka_unit_test_setup_teardown(dies_at_start, setup, teardown),
		cmocka_unit_test_setup_teardown(fails_later, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_configuration, setup, teardown),
		cmocka_unit_test_setup_teardown(reloads, setup, teardown),
		cmocka_unit_test_setup_teardown(tls, setup, teardown),
		cmocka_unit_test_setup_teardown(stubborn, setup, teardown),
		cmocka_unit_test_setup_teardown(hangs, setup, teardown),
		cmocka_unit_test_setup_teardown(killed_supervisor, setup, teardown),
		cmocka_unit_test_setup_teardown(clean_processes, setup, teardown),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
