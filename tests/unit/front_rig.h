/*
 * The front's own path, without an agent or a loop, between a phone's socket and a keeper's that belong to the test.
 */
#ifndef TESTS_UNIT_FRONT_RIG_H
#define TESTS_UNIT_FRONT_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "core/binding.h"
#include "core/err.h"
#include "sipd/sip/announce.h"
#include "sipd/sip/answer.h"
#include "sipd/sip/ask.h"
#include "sipd/sip/client.h"
#include "sipd/sip/proxy.h"
#include "sipd/sip/flows.h"
#include "sipd/sip/headers.h"
#include "core/limit.h"
#include "sipd/sip/out.h"
#include "sipd/sip/pending.h"
#include "sipd/sip/request.h"
#include "sipd/sip/said.h"
#include "sipd/sip/udp.h"

struct rig {
	struct front	f;
	int		keeper;			/* our end of its channel */
	int		phone;			/* where answers come */
	struct where	where;
	uint8_t		in[2 * WIRE_MAX];	/* from the front */
	size_t		in_n, taken;
	struct frame	frame;
	char		answer[WIRE_MAX];
};

static inline void
no_frame(void *arg, const struct frame *frame)
{
	(void)arg, (void)frame;
	fail_msg("the keeper said nothing");
}

static inline void
no_end(void *arg, int rc)
{
	(void)arg, (void)rc;
	fail_msg("the channel ended");
}

static inline int
bound_socket(struct addr *a)
{
	struct sockaddr_in	in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t		n = sizeof in;
	int			fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&in, sizeof in), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &n), 0);
	assert_int_equal(addr_of_sockaddr(a, (const struct sockaddr *)&in), 0);
	return fd;
}

static inline int
setup(void **state)
{
	struct rig	*r = calloc(1, sizeof *r);
	int		 pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	r->keeper = pair[1];
	r->f.keeper = channel_new(pair[0], no_frame, no_end, NULL);
	r->f.flows = flows_new();
	r->f.limits = limits_new(0, 0);
	r->f.out = out_new(NULL);
	r->f.pending = pending_new();
	r->f.said = said_new(SAID_BYTES_MAX);
	r->f.said_registers = said_new(SAID_BYTES_MAX);
	r->f.client = client_new();
	r->f.udp = udp_new();
	assert_true(proxy_open(&r->f));
	assert_non_null(r->f.announcements = announcements_new());
	r->f.conf.n_domains = 1;
	r->f.conf.queue.max_size = 65536;
	(void)snprintf(r->f.conf.domains[0], sizeof r->f.conf.domains[0], "example.com");
	r->phone = bound_socket(&r->where.source);
	r->where.fd = bound_socket(&r->where.local);
	r->where.transport = TRANSPORT_UDP;
	r->f.sockets.bound[0] = (struct socket){ .fd = r->where.fd, .addr = r->where.local, .known = r->where.local };
	r->f.sockets.n = 1;
	*state = r;
	return 0;
}

static inline int
teardown(void **state)
{
	struct rig	*r = *state;

	channel_free(r->f.keeper);
	flows_free(r->f.flows);
	limits_free(r->f.limits);
	out_free(r->f.out);
	pending_free(r->f.pending);
	said_free(r->f.said);
	said_free(r->f.said_registers);
	client_free(r->f.client);
	udp_free(r->f.udp);
	announcements_free(r->f.announcements);
	proxy_close(&r->f);
	close(r->keeper);
	close(r->phone);
	close(r->where.fd);
	free(r);
	return 0;
}

/* What the phone gets; "" when nothing. */
static inline const char *
answer(struct rig *r)
{
	ssize_t	n;

	out_flush(r->f.out);
	n = recv(r->phone, r->answer, sizeof r->answer - 1, 0);
	r->answer[n < 0 ? 0 : n] = '\0';
	return r->answer;
}

static inline void
hear_bytes(struct rig *r, const char *text, size_t n)
{
	msg_t	*msg = msg_make(headers_class(), MSG_DO_CANONIC | MSG_DO_EXTRACT_COPY, text, (issize_t)n);

	assert_non_null(msg);
	if (!request_take(&r->f, NULL, msg, &r->where))
		msg_destroy(msg);
}

static inline void
hear(struct rig *r, const char *text)
{
	hear_bytes(r, text, strlen(text));
}

/* What the keeper gets next; false when there is nothing.  Spans live until the next call. */
static inline bool
heard(struct rig *r, enum wire_type type, void *record)
{
	ssize_t	n;
	int	whole;

	channel_flush(r->f.keeper);
	memmove(r->in, r->in + r->taken, r->in_n - r->taken);
	r->in_n -= r->taken;
	r->taken = 0;
	n = recv(r->keeper, r->in + r->in_n, sizeof r->in - r->in_n, 0);
	r->in_n += n > 0 ? (size_t)n : 0;
	if (r->in_n == 0)
		return false;
	whole = frame_parse(&r->frame, r->in, r->in_n);
	assert_true(whole > 0);
	assert_int_equal(r->frame.type, type);
	assert_int_equal(frame_decode(&r->frame, record), 0);
	r->taken = (size_t)whole;
	return true;
}

static inline void
assert_span(struct span s, const char *expected)
{
	char	text[4096];

	assert_true(span_get(s, text, sizeof text));
	assert_string_equal(text, expected);
}

static inline void
assert_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("\"%s\" is not in:\n%s", part, text);
}

static inline void
assert_status(struct rig *r, const char *status)
{
	char	line[128];

	(void)snprintf(line, sizeof line, "SIP/2.0 %s\r\n", status);
	assert_has(answer(r), line);
}

#endif
