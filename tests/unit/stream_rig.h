/*
 * The stream process as a child of the test, which is its supervisor, its keeper and, in a thread, a front that does what the first
 * word of a message says:
 *	ECHO	sends it back		CLOSE	closes when all is sent	ASK	has the stream process close the flow
 *	BIG n	sends n bytes back	STALL	reads no more from that connection
 * Clients of the test block, with a time limit.
 */
#ifndef TESTS_STREAM_RIG_H
#define TESTS_STREAM_RIG_H

#pragma GCC diagnostic ignored "-Wunused-function"	/* a test uses what it needs of this */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/binding.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/wire.h"
#include "sipd/boot.h"
#include "sipd/channel.h"
#include "tests/unit/stream_certs.h"

enum { RIG_CONNS = 8192, RIG_PATIENCE_MS = 60000, RIG_MESSAGE = 512, RIG_PORTS = 65536 };

/* A relay connection at the front. */
struct rig_conn {
	int		fd;
	uint16_t	port;
	bool		known;		/* its flow was announced */
	bool		stalled, closing;
	char		head[RIG_MESSAGE];	/* the message that is being read */
	size_t		head_n, echo_left;
	size_t		big_left;	/* still to be sent */
	uint64_t	got;		/* bytes */
};

struct rig_front {
	pthread_t		 thread;
	int			 wake[2];
	int			 listen_fd;
	uint16_t		 port;
	struct channel		*channel;
	atomic_bool		 stop, paused;
	struct rig_conn		*conns;
	struct pollfd		*polls;
	size_t			 n;
	uint64_t		*flow_of;		/* by relay port */
	struct wire_flow	 last_open;
	char			 last_tls[64];
	atomic_uint		 opens, gones, early, channel_gone, live;	/* early: a byte came before its WIRE_FLOW_OPEN */
};

struct rig {
	pid_t			 pid;
	int			 order_fd;
	struct channel		*keeper;
	struct rig_front	 front;
	char			 ready[BOOT_TEXT], failed[BOOT_TEXT];
	unsigned		 readies, hellos;
	struct wire_hello	 hello;
	char			 listening[BOOT_TEXT];
	struct wire_counts	 counts;
	void			(*on_other)(struct rig *, const struct frame *);	/* frames for the keeper that the rig has no use for */
	int			 exit_status;		/* -1 while it lives */
	uint16_t		 tcp_port, tls_port;
};

/* The front. */

static void
front_on_frame(void *arg, const struct frame *frame)
{
	struct rig_front	*fr = arg;
	struct wire_flow	 w;

	if (frame_decode(frame, &w) != 0)
		abort();
	if (frame->type == WIRE_FLOW_OPEN) {
		fr->last_open = w;
		(void)span_get(w.tls, fr->last_tls, sizeof fr->last_tls);
		fr->flow_of[w.relay] = w.flow;
		atomic_fetch_add(&fr->opens, 1);
		if (w.ours)
			(void)channel_send(fr->channel, WIRE_FLOW_READY, 0, &(struct wire_flow){ .flow = w.flow });
	} else if (frame->type == WIRE_FLOW_GONE) {
		atomic_fetch_add(&fr->gones, 1);
	}
}

static void
front_on_gone(void *arg, int rc)
{
	struct rig_front	*fr = arg;

	(void)rc;
	atomic_fetch_add(&fr->channel_gone, 1);
}

static void
front_drop(struct rig_front *fr, size_t i)
{
	close(fr->conns[i].fd);
	fr->conns[i] = fr->conns[--fr->n];
	atomic_store(&fr->live, (unsigned)fr->n);
}

static void
front_accept(struct rig_front *fr)
{
	struct sockaddr_in	from;
	socklen_t		len = sizeof from;
	int			fd;

	while (fr->n < RIG_CONNS && (fd = accept4(fr->listen_fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		fr->conns[fr->n++] = (struct rig_conn){ .fd = fd, .port = ntohs(from.sin_port) };
		atomic_store(&fr->live, (unsigned)fr->n);
		len = sizeof from;
	}
}

/* Does what the head of a message says. */
static void
front_act(struct rig_front *fr, struct rig_conn *c)
{
	if (memcmp(c->head, "CLOSE", 5) == 0) {
		c->closing = true;
	} else if (memcmp(c->head, "ASK", 3) == 0) {
		(void)channel_send(fr->channel, WIRE_FLOW_CLOSE, 0, &(struct wire_flow){ .flow = fr->flow_of[c->port] });
		channel_flush(fr->channel);
	} else if (memcmp(c->head, "BIG", 3) == 0) {
		c->big_left += strtoul(c->head + 4, NULL, 10);
	} else if (memcmp(c->head, "STALL", 5) == 0) {
		c->stalled = true;
	}
}

/* The head of a message ends with an empty line; its body, of which ECHO repeats every byte, is told by Content-Length. */
static bool
front_take(struct rig_front *fr, struct rig_conn *c, const char *in, size_t n)
{
	while (n > 0 && !c->stalled) {
		size_t	part = n < c->echo_left ? n : c->echo_left;

		if (part > 0) {
			for (size_t at = 0; at < part;) {
				ssize_t	sent = send(c->fd, in + at, part - at, MSG_NOSIGNAL);

				if (sent < 0 && errno != EAGAIN)
					return false;
				if (sent < 0)
					(void)poll(&(struct pollfd){ c->fd, POLLOUT, 0 }, 1, 1000);
				at += sent > 0 ? (size_t)sent : 0;
			}
			c->echo_left -= part;
			in += part;
			n -= part;
			continue;
		}
		if (c->head_n == RIG_MESSAGE - 1)
			return false;
		c->head[c->head_n++] = *in++;
		n--;
		c->head[c->head_n] = '\0';
		if (c->head_n < 4 || memcmp(c->head + c->head_n - 4, "\r\n\r\n", 4) != 0)
			continue;
		if (memcmp(c->head, "ECHO", 4) == 0) {
			const char	*length = strstr(c->head, "Content-Length: ");

			if (send(c->fd, c->head, c->head_n, MSG_NOSIGNAL) != (ssize_t)c->head_n)
				return false;
			c->echo_left = length == NULL ? 0 : strtoul(length + 16, NULL, 10);
		} else {
			front_act(fr, c);
		}
		c->head_n = 0;
	}
	return true;
}

/* As the real front does: a byte of an unknown port sends it to the channel, where the flow must be. */
static bool
front_read(struct rig_front *fr, struct rig_conn *c)
{
	static char	in[64 * 1024];
	ssize_t		n = recv(c->fd, in, sizeof in, 0);

	if (n < 0)
		return errno == EAGAIN;
	if (n == 0)
		return false;
	if (!c->known) {
		channel_read(fr->channel);
		if (fr->flow_of[c->port] == 0)
			atomic_fetch_add(&fr->early, 1);
		c->known = true;
	}
	c->got += (uint64_t)n;
	return front_take(fr, c, in, (size_t)n);
}

static bool
front_write_big(struct rig_conn *c)
{
	static char	out[64 * 1024];
	ssize_t		n;

	memset(out, 'x', sizeof out);
	n = send(c->fd, out, c->big_left < sizeof out ? c->big_left : sizeof out, MSG_NOSIGNAL);
	c->big_left -= n > 0 ? (size_t)n : 0;
	return n > 0 || errno == EAGAIN;
}

static void
front_flush(struct rig_front *fr)
{
	if (!atomic_load(&fr->channel_gone))
		channel_flush(fr->channel);
}

static void
front_serve(struct rig_front *fr)
{
	bool	keep;

	for (size_t i = fr->n; i-- > 0;) {
		short	what = fr->polls[3 + i].revents;

		keep = true;
		if (what & POLLOUT)
			keep = front_write_big(&fr->conns[i]);
		if (keep && (what & (POLLIN | POLLHUP | POLLERR)))
			keep = front_read(fr, &fr->conns[i]);
		if (!keep || (fr->conns[i].closing && fr->conns[i].big_left == 0))
			front_drop(fr, i);
	}
	if (fr->polls[2].revents != 0)
		front_accept(fr);
	else if (fr->polls[1].revents != 0)
		channel_read(fr->channel);
	front_flush(fr);
}

static void *
front_run(void *arg)
{
	struct rig_front	*fr = arg;
	bool			 paused;
	char			 c;

	while (!atomic_load(&fr->stop)) {
		paused = atomic_load(&fr->paused);
		fr->polls[0] = (struct pollfd){ fr->wake[0], POLLIN, 0 };
		fr->polls[1] = (struct pollfd){ atomic_load(&fr->channel_gone) ? -1 : channel_fd(fr->channel), POLLIN, 0 };
		fr->polls[2] = (struct pollfd){ fr->listen_fd, POLLIN, 0 };
		for (size_t i = 0; i < fr->n; i++)
			fr->polls[3 + i] = (struct pollfd){ fr->conns[i].fd,
				(short)((fr->conns[i].stalled ? 0 : POLLIN) | (fr->conns[i].big_left > 0 ? POLLOUT : 0)), 0 };
		if (poll(fr->polls, paused ? 1 : 3 + fr->n, 1000) <= 0)
			continue;
		if (!paused)
			front_serve(fr);
		if (fr->polls[0].revents != 0)
			(void)!read(fr->wake[0], &c, 1);
	}
	return NULL;
}

static void
front_wake(struct rig_front *fr)
{
	assert_int_equal(write(fr->wake[1], "", 1), 1);
}

/* A front that does nothing for a while. */
static void
front_pause(struct rig_front *fr, bool pause)
{
	atomic_store(&fr->paused, pause);
	front_wake(fr);
}

/*
 * While the front is paused: counts the connections that have bytes for it though the channel does not hold their announcement.
 * Nothing is taken, so that a channel that is full stays full.
 */
static unsigned
front_unannounced(struct rig_front *fr)
{
	enum { HELD = 4 * 1024 * 1024 };
	static bool	 told[RIG_PORTS];
	uint8_t		*held = malloc(HELD);
	bool		*speaks = calloc(RIG_PORTS, sizeof *speaks);
	struct frame	 f;
	struct wire_flow w;
	ssize_t		 n;
	unsigned	 found = 0;
	char		 c;

	assert_true(held != NULL && speaks != NULL);
	memset(told, 0, sizeof told);
	front_accept(fr);
	for (size_t i = 0; i < fr->n; i++)
		speaks[fr->conns[i].port] = recv(fr->conns[i].fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
	n = recv(channel_fd(fr->channel), held, HELD, MSG_PEEK | MSG_DONTWAIT);
	for (int at = 0, len; at < n && (len = frame_parse(&f, held + at, (size_t)(n - at))) > 0; at += len)
		if (f.type == WIRE_FLOW_OPEN && frame_decode(&f, &w) == 0)
			told[w.relay] = true;
	for (size_t i = 0; i < fr->n; i++)
		found += speaks[fr->conns[i].port] && !told[fr->conns[i].port];
	free(held);
	free(speaks);
	return found;
}

static void
send_order(struct rig *r, enum boot_order_type type, enum process peer, int a, int b, int c)
{
	struct boot_order	o = { .type = type, .peer = peer, .fds = { a, b, c } };

	(void)boot_send(r->order_fd, &o);	/* a process that could not start reads no more */
	for (int i = 0; i < BOOT_FDS; i++)
		if (o.fds[i] >= 0)
			close(o.fds[i]);
}

static void
front_start(struct rig *r)
{
	struct rig_front	*fr = &r->front;
	struct sockaddr_in	 at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t		 n = sizeof at;
	int			 ends[2], least = 1;

	memset(fr, 0, sizeof *fr);
	fr->conns = calloc(RIG_CONNS, sizeof *fr->conns);
	fr->polls = calloc(RIG_CONNS + 3, sizeof *fr->polls);
	fr->flow_of = calloc(RIG_PORTS, sizeof *fr->flow_of);
	assert_true(fr->conns != NULL && fr->polls != NULL && fr->flow_of != NULL);
	assert_int_equal(pipe2(fr->wake, O_CLOEXEC), 0);
	fr->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fr->listen_fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(fr->listen_fd, 4096), 0);
	assert_int_equal(getsockname(fr->listen_fd, (struct sockaddr *)&at, &n), 0);
	fr->port = ntohs(at.sin_port);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	(void)setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &least, sizeof least);	/* soon full: announcements have to wait */
	fr->channel = channel_new(ends[0], front_on_frame, front_on_gone, fr);
	assert_non_null(fr->channel);
	send_order(r, ORDER_CHANNEL, PROC_SIP, ends[1], -1, -1);
	for (uint8_t t = TRANSPORT_TCP; t <= TRANSPORT_TLS; t++)
		assert_int_equal(channel_send(fr->channel, WIRE_LISTENING, 0,
		    &(struct wire_flow){ .transport = t, .relay = fr->port }), 0);
	channel_flush(fr->channel);
	assert_int_equal(pthread_create(&fr->thread, NULL, front_run, fr), 0);
}

/* As if the sip process died: its connections and its channel end at once. */
static void
front_stop(struct rig *r)
{
	struct rig_front	*fr = &r->front;

	if (fr->channel == NULL)
		return;
	atomic_store(&fr->stop, true);
	front_wake(fr);
	pthread_join(fr->thread, NULL);
	while (fr->n > 0)
		front_drop(fr, fr->n - 1);
	close(fr->listen_fd);
	close(fr->wake[0]);
	close(fr->wake[1]);
	channel_free(fr->channel);
	fr->channel = NULL;
	free(fr->conns);
	free(fr->polls);
	free(fr->flow_of);
}

/* The keeper and the supervisor. */

static void
keeper_on_frame(void *arg, const struct frame *frame)
{
	struct rig	*r = arg;

	if (frame->type == WIRE_HELLO) {
		assert_int_equal(frame_decode(frame, &r->hello), 0);
		assert_true(span_is(r->hello.process, "stream"));
		(void)span_get(r->hello.listening, r->listening, sizeof r->listening);
		r->hellos++;
	} else if (frame->type == WIRE_COUNTS) {
		assert_int_equal(frame_decode(frame, &r->counts), 0);
	} else if (r->on_other != NULL) {
		r->on_other(r, frame);
	} else {
		fail_msg("frame of type %d", (int)frame->type);
	}
}

static void
keeper_on_gone(void *arg, int rc)
{
	(void)arg, (void)rc;
}

/* Takes what the process says, for at most ms. */
static void
rig_listen(struct rig *r, int ms)
{
	struct pollfd		p[2] = { { r->order_fd, POLLIN, 0 }, { channel_fd(r->keeper), POLLIN, 0 } };
	struct boot_order	o;
	int			status;

	(void)poll(p, 2, ms);
	if (p[1].revents != 0)
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

/* Listens until what holds, at most ms; ten times as long, for machines that have more to do. */
#define RIG_WAIT(r, ms, what)						\
	do {								\
		int64_t	until_ = clock_boot_ms() + 10 * (ms);	\
									\
		while (!(what) && clock_boot_ms() < until_)		\
			rig_listen((r), 20);				\
		assert_true(what);					\
	} while (0)

static void
order_tls(struct rig *r, const struct pem *p)
{
	send_order(r, ORDER_TLS, PROC_SUPERVISOR, boot_memfd("cert", p->certificate, strlen(p->certificate)),
	    boot_memfd("key", p->key, strlen(p->key)), -1);
}

static void
order_config(struct rig *r, const char *text)
{
	send_order(r, ORDER_CONFIG, PROC_SUPERVISOR, boot_memfd("conf", text, strlen(text)), -1, -1);
}

static uint16_t
port_after(const char *text, const char *what)
{
	const char	*at = strstr(text, what);

	return at == NULL ? 0 : (uint16_t)atoi(at + strlen(what));
}

/* Starts the process.  It may say READY or FAIL: r->ready, r->failed. */
static void
rig_start(struct rig *r, const char *conf, const struct pem *p)
{
	struct boot	boot = { .process = PROC_STREAM, .conf_name = "test.conf" };
	char		why[256] = "";
	int		ends[2], keeper[2];

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
		_exit(stream_main(&boot));
	}
	close(ends[1]);
	r->order_fd = ends[0];
	if (p != NULL)
		order_tls(r, p);
	order_config(r, conf);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, keeper), 0);
	r->keeper = channel_new(keeper[0], keeper_on_frame, keeper_on_gone, r);
	assert_non_null(r->keeper);
	send_order(r, ORDER_CHANNEL, PROC_KEEPER, keeper[1], -1, -1);
	RIG_WAIT(r, RIG_PATIENCE_MS, r->readies > 0 || r->failed[0] != '\0');
	r->tcp_port = port_after(r->ready, "tcp:127.0.0.1:");
	r->tls_port = port_after(r->ready, "tls:127.0.0.1:");
}

/* Ends it, and the front. */
static void
rig_stop(struct rig *r)
{
	if (r->pid != 0) {
		(void)kill(r->pid, SIGKILL);
		(void)waitpid(r->pid, NULL, 0);
	}
	front_stop(r);
	channel_free(r->keeper);
	close(r->order_fd);
	*r = (struct rig){ .order_fd = -1 };
}

/* Machines without IPv6 have no ::1. */
static bool
rig_has_ip6(void)
{
	struct sockaddr_in6	at = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int			fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool			has = fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0;

	if (fd >= 0)
		close(fd);
	return has;
}

/* Clients. */

struct rig_client {
	int	 fd;
	SSL	*ssl;		/* NULL: TCP */
};

static int
client_socket(uint16_t port, const char *from)
{
	struct sockaddr_in	 to = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in	 own = { .sin_family = AF_INET };
	struct timeval		 limit = { .tv_sec = RIG_PATIENCE_MS / 1000 };
	struct addr		 a;
	int			 fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	assert_true(fd >= 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (from != NULL) {
		assert_int_equal(addr_parse(&a, from), 0);
		memcpy(&own.sin_addr, a.ip, 4);
		assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof own), 0);
	}
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	return fd;
}

static struct rig_client
client_tcp(uint16_t port)
{
	return (struct rig_client){ .fd = client_socket(port, NULL) };
}

/* Shakes hands; ssl is NULL if that fails. */
static struct rig_client
client_tls(uint16_t port, SSL_CTX *ctx)
{
	struct rig_client	c = { .fd = client_socket(port, NULL), .ssl = SSL_new(ctx) };

	assert_int_equal(SSL_set_fd(c.ssl, c.fd), 1);
	if (SSL_connect(c.ssl) != 1) {
		SSL_free(c.ssl);
		c.ssl = NULL;
		ERR_clear_error();
	}
	return c;
}

static void
client_close(struct rig_client *c)
{
	if (c->ssl != NULL) {
		(void)SSL_shutdown(c->ssl);
		SSL_free(c->ssl);
	}
	ERR_clear_error();
	close(c->fd);
	*c = (struct rig_client){ .fd = -1 };
}

static void
client_write(struct rig_client *c, const char *text, size_t n)
{
	size_t	at = 0;
	ssize_t	done;

	while (at < n) {
		done = c->ssl != NULL ? SSL_write(c->ssl, text + at, (int)(n - at)) : send(c->fd, text + at, n - at, MSG_NOSIGNAL);
		assert_true(done > 0);
		at += (size_t)done;
	}
}

static void
client_say(struct rig_client *c, const char *text)
{
	client_write(c, text, strlen(text));
}

/* Bytes; 0: the other end closed; -1 nothing came in time. */
static ssize_t
client_read(struct rig_client *c, char *buf, size_t n)
{
	ssize_t	got;

	if (c->ssl == NULL) {
		got = recv(c->fd, buf, n, 0);
		return got < 0 && errno == ECONNRESET ? 0 : got;
	}
	got = SSL_read(c->ssl, buf, (int)n);
	if (got <= 0)
		got = SSL_get_error(c->ssl, (int)got) == SSL_ERROR_WANT_READ ? -1 : 0;
	ERR_clear_error();
	return got;
}

static void
client_expect(struct rig_client *c, const char *text)
{
	char	buf[1024];
	size_t	n = strlen(text), at = 0;
	ssize_t	got;

	while (at < n) {
		got = client_read(c, buf + at, n - at);
		assert_true(got > 0);
		at += (size_t)got;
	}
	buf[n] = '\0';
	assert_string_equal(buf, text);
}

static void
client_expect_end(struct rig_client *c)
{
	char	buf[1024];
	ssize_t	got;

	while ((got = client_read(c, buf, sizeof buf)) > 0)
		continue;
	assert_int_equal(got, 0);
}

/* Resident kilobytes of the process. */
static long
rss_kb(pid_t pid)
{
	char	 name[64], line[256];
	long	 kb = 0;
	FILE	*f;

	(void)snprintf(name, sizeof name, "/proc/%d/status", (int)pid);
	f = fopen(name, "r");
	assert_non_null(f);
	while (fgets(line, sizeof line, f) != NULL)
		if (sscanf(line, "VmRSS: %ld", &kb) == 1)
			break;
	fclose(f);
	return kb;
}

#endif
