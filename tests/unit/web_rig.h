/*
 * The web process as a child of the test, which is its supervisor and its keeper, in one thread; servers and clients of the test block,
 * with a time limit, and run in children of their own where they must not stop the keeper.
 */
#ifndef TESTS_WEB_RIG_H
#define TESTS_WEB_RIG_H

#pragma GCC diagnostic ignored "-Wunused-function"	/* a test uses what it needs of this */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/wire.h"
#include "sipd/boot.h"
#include "sipd/channel.h"
#include "tests/unit/stream_certs.h"

enum { RIG_PATIENCE_MS = 60000 };

struct rig {
	pid_t			 pid;
	int			 order_fd;
	struct channel		*keeper;
	char			 ready[BOOT_TEXT], failed[BOOT_TEXT];
	unsigned		 readies, hellos;
	struct wire_hello	 hello;
	struct wire_counts	 counts;
	void			(*on_other)(struct rig *, const struct frame *);
	int			 exit_status;		/* -1 while it lives */
	uint16_t		 port;
};

static void
rig_on_frame(void *arg, const struct frame *frame)
{
	struct rig	*r = arg;

	if (frame->type == WIRE_HELLO) {
		assert_int_equal(frame_decode(frame, &r->hello), 0);
		assert_true(span_is(r->hello.process, "web"));
		r->hellos++;
	} else if (frame->type == WIRE_COUNTS) {
		assert_int_equal(frame_decode(frame, &r->counts), 0);
	} else {
		assert_non_null(r->on_other);
		r->on_other(r, frame);
	}
}

static void
rig_on_gone(void *arg, int rc)
{
	(void)arg, (void)rc;
}

static void
rig_order(struct rig *r, enum boot_order_type type, int a, int b, int c)
{
	struct boot_order	o = { .type = type, .peer = type == ORDER_CHANNEL ? PROC_KEEPER : PROC_SUPERVISOR, .fds = { a, b, c } };

	(void)boot_send(r->order_fd, &o);	/* a process that could not start reads no more */
	for (int i = 0; i < BOOT_FDS; i++)
		if (o.fds[i] >= 0)
			close(o.fds[i]);
}

static int
rig_text(const char *text)
{
	return text == NULL ? -1 : boot_memfd("text", text, strlen(text));
}

/* Takes what the process says, for at most ms. */
static void
rig_listen(struct rig *r, int ms)
{
	struct pollfd		p[2] = { { r->order_fd, POLLIN, 0 }, { r->keeper == NULL ? -1 : channel_fd(r->keeper), POLLIN, 0 } };
	struct boot_order	o;
	int			status;

	(void)poll(p, 2, ms);
	if (r->keeper != NULL && p[1].revents != 0)
		channel_read(r->keeper);
	while (boot_receive(r->order_fd, &o) == 1) {
		memcpy(o.type == ORDER_READY ? r->ready : r->failed, o.text, BOOT_TEXT);
		r->readies += o.type == ORDER_READY;
	}
	if (r->pid != 0 && waitpid(r->pid, &status, WNOHANG) == r->pid) {
		r->pid = 0;
		r->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
}

#define RIG_WAIT(r, what)						\
	do {								\
		int64_t	until_ = clock_boot_ms() + RIG_PATIENCE_MS;	\
									\
		while (!(what) && clock_boot_ms() < until_)		\
			rig_listen((r), 20);				\
		assert_true(what);					\
	} while (0)

static void
rig_keeper_open(struct rig *r)
{
	int	ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	r->keeper = channel_new(ends[0], rig_on_frame, rig_on_gone, r);
	assert_non_null(r->keeper);
	rig_order(r, ORDER_CHANNEL, ends[1], -1, -1);
}

static void
rig_keeper_close(struct rig *r)
{
	channel_free(r->keeper);
	r->keeper = NULL;
}

/* What it is started with, and told again later; NULL: nothing. */
struct rig_files {
	const struct pem	*pem;
	const char		*resolv, *hosts, *ca, *pages;
};

static void
rig_send_files(struct rig *r, const struct rig_files *f)
{
	if (f->pem != NULL)
		rig_order(r, ORDER_TLS, rig_text(f->pem->certificate), rig_text(f->pem->key), -1);
	rig_order(r, ORDER_FILES, rig_text(f->resolv), rig_text(f->hosts), rig_text(f->ca));
	if (f->pages != NULL)
		rig_order(r, ORDER_PAGES, rig_text(f->pages), -1, -1);
}

/* Starts the process.  It may say READY or FAIL: r->ready, r->failed. */
static void
rig_start(struct rig *r, const char *conf, const struct rig_files *files)
{
	struct boot	 boot = { .process = PROC_WEB, .conf_name = "test.conf" };
	char		 why[256] = "";
	const char	*at;
	int		 ends[2];

	memset(r, 0, sizeof *r);
	r->exit_status = -1;
	(void)signal(SIGPIPE, SIG_IGN);
	assert_int_equal(config_parse(&boot.conf, "test.conf", conf, why, sizeof why), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
	assert_true((r->pid = fork()) >= 0);
	if (r->pid == 0) {
		close(ends[0]);
		boot.order_fd = ends[1];
		boot.debug = getenv("VERBOSE") != NULL;
		_exit(web_main(&boot));
	}
	close(ends[1]);
	r->order_fd = ends[0];
	rig_send_files(r, files);
	rig_order(r, ORDER_CONFIG, rig_text(conf), -1, -1);
	rig_keeper_open(r);
	RIG_WAIT(r, (r->readies > 0 && r->hellos > 0) || r->failed[0] != '\0');
	at = strstr(r->ready, "https:127.0.0.1:");
	r->port = at == NULL ? 0 : (uint16_t)atoi(at + 16);
}

static void
rig_stop(struct rig *r)
{
	rig_order(r, ORDER_STOP, -1, -1, -1);
	RIG_WAIT(r, r->pid == 0);
	assert_int_equal(r->exit_status, r->failed[0] != '\0');
	rig_keeper_close(r);
	close(r->order_fd);
}

static int
rig_socket(void)
{
	const struct timeval	limit = { .tv_sec = RIG_PATIENCE_MS / 1000 };
	int			fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	return fd;
}

/* A listening socket of the test on loopback. */
static int
rig_server(uint16_t *port)
{
	struct sockaddr_in	at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t		n = sizeof at;
	int			fd = rig_socket();

	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

#endif
