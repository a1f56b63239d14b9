/* links: sipd */
/*
 * Every act is done in a process of its own that has entered the sandbox; its exit status says what came of it.
 */
#include "sipd/sandbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { DONE = 0, REFUSED = 10, FAILED = 11, NO_SANDBOX = 12, KILLED = 13 };

/* What an act returns: 0, or the errno of the call that it is about. */
typedef int	(*act_fn)(void);

static char		 state[64] = "/tmp/wirechief-sandbox-XXXXXX";
static char		 outside[64] = "/tmp/wirechief-outside-XXXXXX";

static int
result(long rc)
{
	return rc >= 0 ? 0 : errno;
}

/* Does it in the profile; who answers is the child's end. */
static int
in_sandbox(enum sandbox_profile profile, act_fn act)
{
	const char	*paths[] = { profile == SANDBOX_KEEPER ? state : NULL, NULL };
	char		 why[256];
	int		 status, rc;
	pid_t		 pid = fork();

	if (pid == 0) {
		prctl(PR_SET_DUMPABLE, 0);
		if (sandbox_enter(profile, paths, why, sizeof why) != 0) {
			fprintf(stderr, "%s\n", why);
			_exit(NO_SANDBOX);
		}
		rc = act();
		if (rc != 0 && rc != EPERM && rc != EACCES)
			fprintf(stderr, "%s\n", strerror(rc));
		_exit(rc == 0 ? DONE : rc == EPERM || rc == EACCES ? REFUSED : FAILED);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? (WTERMSIG(status) == SIGSYS ? KILLED : FAILED) : WEXITSTATUS(status);
}

static int
open_shadow(void)
{
	return result(open("/etc/shadow", O_RDONLY));
}

static int
open_passwd(void)
{
	return result(open("/etc/passwd", O_RDONLY));
}

static int
open_environ(void)
{
	return result(open("/proc/1/environ", O_RDONLY));
}

static int
read_outside(void)
{
	return result(open(outside, O_RDONLY));
}

static int
write_outside(void)
{
	return result(open("/tmp/wirechief-sandbox-escape", O_WRONLY | O_CREAT, 0600));
}

static int
read_urandom(void)
{
	char	c;
	int	fd = open("/dev/urandom", O_RDONLY);

	return fd < 0 ? errno : result(read(fd, &c, 1));
}

static int
write_state(void)
{
	char	path[128], other[128];
	int	fd;

	snprintf(path, sizeof path, "%s/file", state);
	snprintf(other, sizeof other, "%s/other", state);
	if ((fd = open(path, O_RDWR | O_CREAT, 0600)) < 0 || ftruncate(fd, 8192) != 0 || pwrite(fd, "x", 1, 4096) != 1 ||
	    mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED || fdatasync(fd) != 0 || rename(path, other) != 0)
		return errno;
	return result(unlink(other));
}

static int
exec_true(void)
{
	char	name[] = "/bin/true", *argv[] = { name, NULL };

	return result(execv(name, argv));
}

static int
trace(void)
{
	return result(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int
do_fork(void)
{
	pid_t	pid = fork();

	if (pid == 0)
		_exit(0);
	return result(pid);
}

static int
make_socket(int domain, int type)
{
	return result(socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

static int
socket_udp(void)
{
	return make_socket(AF_INET, SOCK_DGRAM);
}

/* What c-ares does with a name server, and where the system's files are not to be seen. */
static int
ask_names(void)
{
	struct sockaddr_in6	server6 = { .sin6_family = AF_INET6, .sin6_port = htons(9), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in	server = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int			fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 && errno != EAFNOSUPPORT)
		return errno;
	if (fd < 0 || (connect(fd, (struct sockaddr *)&server6, sizeof server6) != 0 && errno == EADDRNOTAVAIL)) {	/* there is no IPv6 */
		fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (fd < 0 || connect(fd, (struct sockaddr *)&server, sizeof server) != 0)
			return errno;
	}
	if (send(fd, "x", 1, 0) != 1)
		return errno;
	return open("/etc/resolv.conf", O_RDONLY) < 0 && open("/etc/hosts", O_RDONLY) < 0 ? 0 : EINVAL;
}

static int
socket_tcp(void)
{
	return make_socket(AF_INET, SOCK_STREAM);
}

static int
socket_tcp6(void)
{
	int	rc = make_socket(AF_INET6, SOCK_STREAM);

	return rc == EAFNOSUPPORT ? make_socket(AF_INET, SOCK_STREAM) : rc;
}

static int
socket_raw(void)
{
	return make_socket(AF_INET, SOCK_RAW);
}

static int
socket_unix(void)
{
	return make_socket(AF_UNIX, SOCK_STREAM);
}

static int
socket_packet(void)
{
	return make_socket(AF_PACKET, SOCK_RAW);
}

static int
bind_port(uint16_t port)
{
	struct sockaddr_in	sin = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int			fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd < 0 ? errno : result(bind(fd, (struct sockaddr *)&sin, sizeof sin));
}

static int
bind_any_port(void)
{
	return bind_port(0);
}

static int
bind_known_port(void)
{
	return bind_port(45678);
}

static int
listen_unix(void)
{
	struct sockaddr_un	sun = { .sun_family = AF_UNIX };
	int			fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(sun.sun_path, sizeof sun.sun_path, "%s/socket", state);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sun, sizeof sun) != 0 || listen(fd, 5) != 0)
		return errno;
	return result(chmod(sun.sun_path, 0660));
}

static int
map_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0;
}

static int
type_into_terminal(void)
{
	char	c = 'x';

	return result(ioctl(STDERR_FILENO, TIOCSTI, &c));
}

static int
kill_parent(void)
{
	return result(kill(getppid(), 0));
}

static int
raise_limit(void)
{
	struct rlimit	r = { 64, 64 };

	return result(setrlimit(RLIMIT_NOFILE, &r));
}

static int
read_limit(void)
{
	struct rlimit	r;

	return result(getrlimit(RLIMIT_NOFILE, &r));
}

static int
look_up_user(void)
{
	return getpwuid(0) != NULL ? 0 : ENOENT;
}

static int
wait_and_ask(void)
{
	struct utsname		u;
	struct epoll_event	ev;
	struct timespec		ts = { 0, 1000 };
	struct tm		tm;
	time_t			now = time(NULL);
	int			ep = epoll_create1(0);

	if (ep < 0 || epoll_wait(ep, &ev, 1, 0) != 0 || uname(&u) != 0 || nanosleep(&ts, NULL) != 0 || localtime_r(&now, &tm) == NULL)
		return errno;
	free(malloc(8 * 1024 * 1024));
	return 0;
}

static void *
thread(void *arg)
{
	*(int *)arg = 1;
	return NULL;
}

static int
make_thread(void)
{
	pthread_t	t;
	int		ran = 0, rc = pthread_create(&t, NULL, thread, &ran);

	if (rc != 0)
		return rc;
	pthread_join(t, NULL);
	return ran == 1 ? 0 : EINVAL;
}

static int
use_capability(void)
{
	return result(chroot("/"));
}

static int
do_abort(void)
{
	signal(SIGABRT, SIG_DFL);
	abort();
}

#define ACT(f)	.name = #f, .act = (f)

static const struct {
	const char	*name;
	act_fn		 act;
	int		 expected[3];	/* front, stream and web, keeper */
} acts[] = {
	{ ACT(open_shadow), { REFUSED, REFUSED, -1 } },	/* the keeper reads users and groups in /etc, by its own user's rights */
	{ ACT(open_passwd), { REFUSED, REFUSED, DONE } },
	{ ACT(open_environ), { REFUSED, REFUSED, REFUSED } },
	{ ACT(read_outside), { REFUSED, REFUSED, REFUSED } },
	{ ACT(write_outside), { REFUSED, REFUSED, REFUSED } },
	{ ACT(write_state), { REFUSED, REFUSED, DONE } },
	{ ACT(read_urandom), { DONE, DONE, DONE } },
	{ ACT(exec_true), { KILLED, KILLED, KILLED } },
	{ ACT(trace), { KILLED, KILLED, KILLED } },
	{ ACT(do_fork), { REFUSED, REFUSED, REFUSED } },
	{ ACT(make_thread), { REFUSED, REFUSED, DONE } },
	{ ACT(socket_udp), { DONE, DONE, REFUSED } },
	{ ACT(ask_names), { DONE, DONE, REFUSED } },
	{ ACT(socket_tcp), { DONE, DONE, REFUSED } },
	{ ACT(socket_tcp6), { DONE, DONE, REFUSED } },
	{ ACT(socket_raw), { REFUSED, REFUSED, REFUSED } },
	{ ACT(socket_packet), { REFUSED, REFUSED, REFUSED } },
	{ ACT(socket_unix), { REFUSED, REFUSED, DONE } },
	{ ACT(bind_any_port), { DONE, DONE, REFUSED } },
	{ ACT(bind_known_port), { REFUSED, REFUSED, REFUSED } },
	{ ACT(listen_unix), { REFUSED, REFUSED, DONE } },
	{ ACT(map_code), { REFUSED, REFUSED, REFUSED } },
	{ ACT(type_into_terminal), { REFUSED, REFUSED, REFUSED } },
	{ ACT(kill_parent), { REFUSED, REFUSED, REFUSED } },
	{ ACT(raise_limit), { REFUSED, REFUSED, REFUSED } },
	{ ACT(read_limit), { DONE, DONE, DONE } },
	{ ACT(look_up_user), { -1, -1, DONE } },
	{ ACT(wait_and_ask), { DONE, DONE, DONE } },
	{ ACT(use_capability), { REFUSED, REFUSED, REFUSED } },
};

static void
check_profile(enum sandbox_profile profile)
{
	static const int	columns[] = { [SANDBOX_FRONT] = 0, [SANDBOX_STREAM] = 1, [SANDBOX_WEB] = 1, [SANDBOX_KEEPER] = 2 };
	int			got, expected, wrong = 0;

	for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
		expected = acts[i].expected[columns[profile]];
		if (expected < 0 || (got = in_sandbox(profile, acts[i].act)) == expected)
			continue;
		print_error("%s: %d, expected %d\n", acts[i].name, got, expected);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

static void
front(void **st)
{
	(void)st;
	check_profile(SANDBOX_FRONT);
}

static void
stream(void **st)
{
	(void)st;
	check_profile(SANDBOX_STREAM);
}

static void
web(void **st)
{
	(void)st;
	check_profile(SANDBOX_WEB);
}

static void
keeper(void **st)
{
	(void)st;
	check_profile(SANDBOX_KEEPER);
}

/* abort() ends the process by its own signal, not by the filter. */
static void
aborts(void **st)
{
	char	why[256];
	int	status;
	pid_t	pid = fork();

	(void)st;
	if (pid == 0) {
		signal(SIGABRT, SIG_DFL);
		if (sandbox_enter(SANDBOX_FRONT, NULL, why, sizeof why) != 0)
			_exit(NO_SANDBOX);
		do_abort();
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void *
wait_for_end(void *arg)
{
	char	c;

	return read(*(int *)arg, &c, 1) < 0 ? arg : NULL;
}

/* Landlock would not bind a thread that is there already: that is an error, not a hole. */
static void
threads_first(void **st)
{
	pthread_t	t;
	char		why[256] = "";
	int		ends[2];

	(void)st;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(pthread_create(&t, NULL, wait_for_end, &ends[0]), 0);
	assert_int_equal(sandbox_enter(SANDBOX_FRONT, NULL, why, sizeof why), -EBUSY);
	assert_non_null(strstr(why, "threads"));
	close(ends[1]);
	pthread_join(t, NULL);
	close(ends[0]);
}

static void
missing_path(void **st)
{
	const char	*paths[] = { "/nonexistent/folder", NULL };
	char		 why[256] = "";

	(void)st;
	assert_int_equal(sandbox_enter(SANDBOX_KEEPER, paths, why, sizeof why), -ENOENT);
	assert_non_null(strstr(why, "/nonexistent/folder"));
}

static int
setup(void **st)
{
	int	fd;

	(void)st;
	if (mkdtemp(state) == NULL || (fd = mkstemp(outside)) < 0)
		return -1;
	close(fd);
	return 0;
}

static int
teardown(void **st)
{
	char	path[128];

	(void)st;
	snprintf(path, sizeof path, "%s/socket", state);
	unlink(path);
	unlink(outside);
	return rmdir(state);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(front),
		cmocka_unit_test(stream),
		cmocka_unit_test(web),
		cmocka_unit_test(keeper),
		cmocka_unit_test(aborts),
		cmocka_unit_test(threads_first),
		cmocka_unit_test(missing_path),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
