/* links: stream net sipd */
/*
 * A connection that is under way, while its owner changes his mind about whom to trust.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <event2/event.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sipd/net/reach.h"
#include "sipd/net/tls.h"

struct end {
	bool	told, connected;
};

static void
on_reached(void *arg, const struct reached *r)
{
	struct end	*e = arg;

	e->told = true;
	e->connected = r->connected_at != 0;
	assert_non_null(r->error);
}

static int
server(struct addr *at)
{
	struct sockaddr_in	sin = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t		n = sizeof sin;
	int			fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&sin, n), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &n), 0);
	assert_int_equal(addr_of_sockaddr(at, (struct sockaddr *)&sin), 0);
	return fd;
}

/* A reload replaces the context; what is under way goes on with the one that it began with, here until the server hangs up. */
static void
context_is_replaced_meanwhile(void **state)
{
	struct event_base	*base = event_base_new();
	struct reach_wish	 wish = { .tls = tls_trust("trunks.ca", NULL), .name = "example.com", .timeout_ms = 60000 };
	int			 fd = server(&wish.target), peer;
	struct end		 e = { .told = false };

	(void)state;
	assert_non_null(wish.tls);
	assert_non_null(reach_start(base, &wish, on_reached, &e));
	SSL_CTX_free(wish.tls);
	assert_true((peer = accept(fd, NULL, NULL)) >= 0);
	close(peer);
	while (!e.told)
		assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
	assert_true(e.connected);
	close(fd);
	event_base_free(base);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(context_is_replaced_meanwhile),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	assert_int_equal(tls_init(), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
