/* links: sipd */
#include "sipd/boot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static int	ends[2];

static int
open_ends(void **st)
{
	(void)st;
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends);
}

static int
close_ends(void **st)
{
	(void)st;
	close(ends[0]);
	close(ends[1]);
	return 0;
}

static int
count_fds(void)
{
	DIR	*dir = opendir("/proc/self/fd");
	int	 n = 0;

	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static void
texts(void **st)
{
	struct boot_order	o;
	char			longest[2 * BOOT_TEXT];

	(void)st;
	assert_int_equal(boot_receive(ends[1], &o), 0);
	assert_int_equal(boot_ready(ends[0], "udp:127.0.0.1:5060"), 0);
	assert_int_equal(boot_fail(ends[0], ""), 0);
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	assert_int_equal(boot_fail(ends[0], longest), 0);
	assert_int_equal(boot_receive(ends[1], &o), 1);
	assert_int_equal(o.type, ORDER_READY);
	assert_string_equal(o.text, "udp:127.0.0.1:5060");
	assert_int_equal(o.fds[0], -1);
	assert_int_equal(boot_receive(ends[1], &o), 1);
	assert_int_equal(o.type, ORDER_FAIL);
	assert_string_equal(o.text, "");
	assert_int_equal(boot_receive(ends[1], &o), 1);
	assert_int_equal(strlen(o.text), BOOT_TEXT - 1);
	assert_int_equal(boot_receive(ends[1], &o), 0);
}

/* Descriptors keep their places, also around one that isn't there, and their content is sealed. */
static void
descriptors(void **st)
{
	struct boot_order	o = { .type = ORDER_TLS, .fds = { -1, -1, -1 } };
	char			*text;
	int			 before = count_fds();

	(void)st;
	o.fds[0] = boot_memfd("a", "certificate", 11);
	o.fds[2] = boot_memfd("b", "authority", 9);
	assert_true(o.fds[0] >= 0 && o.fds[2] >= 0);
	assert_int_equal(write(o.fds[0], "x", 1), -1);
	assert_int_equal(boot_send(ends[0], &o), 0);
	assert_int_equal(boot_send(ends[0], &o), 0);
	close(o.fds[0]);
	close(o.fds[2]);
	for (int i = 0; i < 2; i++) {	/* the same memfd twice: its offset is no one's */
		assert_int_equal(boot_receive(ends[1], &o), 1);
		assert_int_equal(o.type, ORDER_TLS);
		assert_int_equal(o.fds[1], -1);
		assert_true(fcntl(o.fds[0], F_GETFD) & FD_CLOEXEC);
		text = boot_text(o.fds[0], 11);
		assert_string_equal(text, "certificate");
		free(text);
		assert_null(boot_text(o.fds[2], 8));	/* over its limit */
	}
	assert_int_equal(count_fds(), before);
}

static void
peers(void **st)
{
	struct boot_order	o = { .type = ORDER_CHANNEL, .peer = PROC_STREAM, .fds = { STDERR_FILENO, -1, -1 } };

	(void)st;
	assert_int_equal(boot_send(ends[0], &o), 0);
	assert_int_equal(boot_receive(ends[1], &o), 1);
	assert_int_equal(o.type, ORDER_CHANNEL);
	assert_int_equal(o.peer, PROC_STREAM);
	assert_true(o.fds[0] > STDERR_FILENO);
	close(o.fds[0]);
}

static void
broken(void **st)
{
	static const char *const	bytes[] = { "", "\1", "\0\0\0", "\xff\0\0\0", "\1\x7f\0\0", "\4\0\1\0", "\4\0\xff\0" };
	static const size_t		sizes[] = { 1, 1, 4, 4, 4, 4, 4 };
	struct boot_order		o;

	(void)st;
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		assert_int_equal(send(ends[0], bytes[i], sizes[i], 0), sizes[i]);
		assert_int_equal(boot_receive(ends[1], &o), -EPROTO);
	}
	close(ends[0]);
	assert_int_equal(boot_receive(ends[1], &o), -EPIPE);
	assert_int_equal(boot_ready(ends[1], "late"), -EPIPE);
	ends[0] = open("/dev/null", O_RDONLY);
}

/* The last words of one that ends with its orders unread. */
static void
last_words(void **st)
{
	struct boot_order	o;

	(void)st;
	assert_int_equal(boot_ping(ends[0]), 1);
	assert_int_equal(boot_fail(ends[1], "no air"), 0);
	close(ends[1]);
	assert_int_equal(boot_receive(ends[0], &o), 1);
	assert_string_equal(o.text, "no air");
	assert_int_equal(boot_receive(ends[0], &o), -EPIPE);
	ends[1] = open("/dev/null", O_RDONLY);
}

/* Descriptors that no order announced are closed. */
static void
smuggled(void **st)
{
	union { struct cmsghdr h; char bytes[CMSG_SPACE(sizeof(int))]; } control = { .bytes = { 0 } };
	char			 bytes[4] = { ORDER_READY, 0, 0, 0 };
	struct iovec		 iov = { bytes, sizeof bytes };
	struct msghdr		 m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	struct boot_order	 o;
	int			 fd = STDERR_FILENO, before = count_fds();

	(void)st;
	control.h.cmsg_level = SOL_SOCKET;
	control.h.cmsg_type = SCM_RIGHTS;
	control.h.cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(&control.h), &fd, sizeof fd);
	assert_int_equal(sendmsg(ends[0], &m, 0), 4);
	assert_int_equal(boot_receive(ends[1], &o), -EPROTO);
	assert_int_equal(count_fds(), before);
}

/* A ping is never seen by who receives orders, and not sent before the last one was. */
static void
pings(void **st)
{
	struct boot_order	o;

	(void)st;
	assert_int_equal(boot_ping(ends[0]), 1);
	assert_int_equal(boot_ping(ends[0]), 0);
	assert_int_equal(boot_receive(ends[1], &o), 0);
	assert_int_equal(boot_ping(ends[0]), 1);
	assert_int_equal(boot_ready(ends[0], "after the ping"), 0);
	assert_int_equal(boot_receive(ends[1], &o), 1);
	assert_string_equal(o.text, "after the ping");
	assert_int_equal(boot_ping(ends[0]), 1);
}

static void
links(void **st)
{
	(void)st;
	assert_int_equal(n_boot_links, 4);
	for (size_t i = 0; i < n_boot_links; i++)
		assert_true(boot_links[i].a < boot_links[i].b && boot_links[i].b < PROCESSES);
	for (int p = 0; p < PROCESSES; p++)
		assert_non_null(process_name((enum process)p));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test_setup_teardown(texts, open_ends, close_ends),
		cmocka_unit_test_setup_teardown(descriptors, open_ends, close_ends),
		cmocka_unit_test_setup_teardown(peers, open_ends, close_ends),
		cmocka_unit_test_setup_teardown(broken, open_ends, close_ends),
		cmocka_unit_test_setup_teardown(last_words, open_ends, close_ends),
		cmocka_unit_test_setup_teardown(smuggled, open_ends, close_ends),
		cmocka_unit_test_setup_teardown(pings, open_ends, close_ends),
		cmocka_unit_test(links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
