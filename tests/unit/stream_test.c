/* links: stream net sipd */
/*
 * The stream process between clients and a front of the test.
 */
#include "tests/unit/stream_rig.h"

#include "sipd/sandbox.h"
#include "sipd/stream/conn.h"

#define CONF	"listen = { \"tcp:127.0.0.1:0\", \"tls:127.0.0.1:0\" }\n tls { certificate = \"/c\" key = \"/k\" }\n"
#define NOLIMIT	CONF "limits { connections = 0 }\n"
#define ECHO	"ECHO sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n"

static struct authority	root, middle;
static struct pem	first, second, wrong;
static SSL_CTX		*client_ctx;
static struct rig	r;

static void
rig_serve(const char *conf)
{
	rig_start(&r, conf, &first);
	assert_string_equal(r.failed, "");
	assert_true(r.tcp_port != 0 && r.tls_port != 0);
	front_start(&r);
}

static long
serial(struct rig_client *c)
{
	X509	*cert = SSL_get1_peer_certificate(c->ssl);
	long	 n = ASN1_INTEGER_get(X509_get0_serialNumber(cert));

	X509_free(cert);
	return n;
}

static void
tells_what_it_is(void **st)
{

	(void)st;
	rig_serve(CONF);
	assert_non_null(strstr(r.ready, " certificate until 20"));
	RIG_WAIT(&r, 5000, r.hellos == 1);
	assert_true(strncmp(r.ready, r.listening, strlen(r.listening)) == 0);
	assert_in_range(r.hello.certificate_until / 1000, (uintmax_t)time(NULL) + 86400 * 99, (uintmax_t)time(NULL) + 86400 * 101);
}

/* One message over each transport: announced before its bytes, repeated, and gone when the client is. */
static void
relays(void **st)
{
	struct rig_client	 c;
	struct sockaddr_in	 own;
	socklen_t		 n = sizeof own;
	char			 tls[64];

	(void)st;
	rig_serve(CONF);
	for (unsigned i = 1; i <= 2; i++) {
		c = i == 1 ? client_tcp(r.tcp_port) : client_tls(r.tls_port, client_ctx);
		for (const char *at = ECHO; *at != '\0'; at++)
			client_write(&c, at, 1);
		client_expect(&c, ECHO);
		client_say(&c, "\r\n" ECHO);
		client_expect(&c, ECHO);
		assert_int_equal(r.front.opens, i);
		assert_int_equal(getsockname(c.fd, (struct sockaddr *)&own, &n), 0);
		assert_int_equal(r.front.last_open.source.port, ntohs(own.sin_port));
		assert_true(addr_is_loopback(&r.front.last_open.source));
		assert_int_equal(r.front.last_open.local.port, i == 1 ? r.tcp_port : r.tls_port);
		assert_int_equal(r.front.last_open.transport, i == 1 ? TRANSPORT_TCP : TRANSPORT_TLS);
		(void)snprintf(tls, sizeof tls, "%s%s%s", i == 1 ? "" : SSL_get_version(c.ssl), i == 1 ? "" : " ",
		    i == 1 ? "" : SSL_get_cipher_name(c.ssl));
		assert_string_equal(r.front.last_tls, tls);
		if (i == 2)
			assert_int_equal(sk_X509_num(SSL_get_peer_cert_chain(c.ssl)), 2);
		RIG_WAIT(&r, 3000, r.counts.connections == 1);
		client_close(&c);
		RIG_WAIT(&r, 3000, r.front.gones == i && r.front.live == 0 && r.counts.connections == 0);
	}
	assert_int_equal(r.front.early, 0);
}

/* An IPv6 listener beside an IPv4 one of the same port. */
static void
speaks_ipv6(void **st)
{
	struct sockaddr_in6	to = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct rig_client	c = { .fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0) }, c4;
	char			conf[256], text[ADDR_TEXT];

	(void)st;
	if (!rig_has_ip6())
		skip();
	for (int i = 0; i == 0 || (i < 10 && strstr(r.failed, "in use") != NULL); i++) {	/* somebody may have that one of IPv4 */
		if (i > 0)
			rig_stop(&r);
		rig_start(&r, "listen = { \"tcp:[::1]:0\" }\n", NULL);
		assert_string_equal(r.failed, "");
		to.sin6_port = htons(port_after(r.ready, "tcp:[::1]:"));
		rig_stop(&r);
		(void)snprintf(conf, sizeof conf, "listen = { \"tcp:[::]:%u\", \"tcp:0.0.0.0:%u\" }\n", ntohs(to.sin6_port),
		    ntohs(to.sin6_port));
		rig_start(&r, conf, NULL);
	}
	assert_string_equal(r.failed, "");
	front_start(&r);
	assert_int_equal(connect(c.fd, (struct sockaddr *)&to, sizeof to), 0);
	client_say(&c, ECHO);
	client_expect(&c, ECHO);
	assert_string_equal(addr_ip_text(&r.front.last_open.source, text), "::1");
	assert_int_equal(r.front.last_open.local.family, ADDR_IP6);
	c4 = client_tcp(ntohs(to.sin6_port));
	client_say(&c4, ECHO);
	client_expect(&c4, ECHO);
	assert_string_equal(addr_ip_text(&r.front.last_open.source, text), "127.0.0.1");
	client_close(&c);
	client_close(&c4);
}

/* Many come while the front does nothing, so that the channel to it fills up: those that it does not hold yet have to wait. */
static void
announces_first(void **st)
{
	enum { AT_ONCE = 1000, ROUNDS = 3 };
	static struct rig_client	c[AT_ONCE];

	(void)st;
	rig_serve(NOLIMIT);
	for (unsigned round = 1; round <= ROUNDS; round++) {
		front_pause(&r.front, true);
		for (int i = 0; i < AT_ONCE; i++) {
			c[i] = client_tcp(r.tcp_port);
			client_say(&c[i], ECHO);
		}
		RIG_WAIT(&r, 5000, r.counts.connections == AT_ONCE);
		assert_int_equal(front_unannounced(&r.front), 0);
		front_pause(&r.front, false);
		for (int i = 0; i < AT_ONCE; i++) {
			client_expect(&c[i], ECHO);
			client_close(&c[i]);
		}
		RIG_WAIT(&r, 5000, r.front.gones == round * AT_ONCE && r.counts.connections == 0);
	}
	assert_int_equal(r.front.opens, AT_ONCE * ROUNDS);
	assert_int_equal(r.front.early, 0);
}

/* RFC 5626 section 4.4.1: the front hears nothing of it. */
static void
answers_pings(void **st)
{
	struct rig_client	c;

	(void)st;
	rig_serve(CONF);
	for (int i = 0; i < 2; i++) {
		c = i == 0 ? client_tcp(r.tcp_port) : client_tls(r.tls_port, client_ctx);
		client_say(&c, "\r\n\r\n");
		client_expect(&c, "\r\n");
		client_say(&c, "\r\n");
		client_say(&c, "\r\n");
		client_expect(&c, "\r\n");
		assert_int_equal(r.front.opens, (unsigned)i);
		client_say(&c, ECHO);
		client_expect(&c, ECHO);
		client_say(&c, "\r\n\r\n");
		client_expect(&c, "\r\n");
		client_close(&c);
	}
}

static void
weak_clients_stay_out(void **st)
{
	static const struct {
		int		 version;
		const char	*ciphers;
		bool		 gets_in;
	} rows[] = {
		{ TLS1_VERSION, "ALL:@SECLEVEL=0", false },
		{ TLS1_1_VERSION, "ALL:@SECLEVEL=0", false },
		{ TLS1_2_VERSION, "kRSA:@SECLEVEL=0", false },
		{ TLS1_2_VERSION, "ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES256-SHA384:ECDHE-ECDSA-AES256-SHA384:@SECLEVEL=0", false },
		{ TLS1_2_VERSION, "ECDHE+AESGCM", true },
		{ TLS1_3_VERSION, "ECDHE+AESGCM", true },
	};

	(void)st;
	rig_serve(CONF);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		SSL_CTX			*ctx = SSL_CTX_new(TLS_client_method());
		struct rig_client	 c;

		SSL_CTX_set_min_proto_version(ctx, rows[i].version);
		SSL_CTX_set_max_proto_version(ctx, rows[i].version);
		assert_int_equal(SSL_CTX_set_cipher_list(ctx, rows[i].ciphers), 1);
		c = client_tls(r.tls_port, ctx);
		assert_int_equal(c.ssl != NULL, rows[i].gets_in);
		client_close(&c);
		SSL_CTX_free(ctx);
	}
}

/* limits.connections is each source's own. */
static void
limits_sources(void **st)
{
	struct rig_client	c[4], other;

	(void)st;
	rig_serve(CONF "limits { connections = 3 }\n");
	for (int i = 0; i < 3; i++) {
		c[i] = client_tcp(r.tcp_port);
		client_say(&c[i], ECHO);
		client_expect(&c[i], ECHO);
	}
	c[3] = client_tcp(r.tcp_port);
	client_expect_end(&c[3]);
	RIG_WAIT(&r, 3000, r.counts.limited == 1);
	other = (struct rig_client){ .fd = client_socket(r.tcp_port, "127.0.0.2") };
	client_say(&other, ECHO);
	client_expect(&other, ECHO);
	client_close(&c[0]);
	RIG_WAIT(&r, 3000, r.front.gones == 1);
	c[0] = client_tcp(r.tcp_port);
	client_say(&c[0], ECHO);
	client_expect(&c[0], ECHO);
	for (int i = 0; i < 4; i++)
		client_close(&c[i]);
	client_close(&other);
}

/* Clients that never get to a message are gone in seconds; the front has not heard of them.  One that talks stays. */
static void
silent_ones_go(void **st)
{
	struct rig_client	tcp, shy, dripping, pinging, good;
	int64_t			began = clock_boot_ms(), next = began;
	bool			drips = true;

	(void)st;
	rig_serve(CONF);
	tcp = client_tcp(r.tcp_port);
	shy = client_tcp(r.tls_port);
	dripping = client_tcp(r.tls_port);
	pinging = client_tls(r.tls_port, client_ctx);
	good = client_tls(r.tls_port, client_ctx);
	client_say(&good, ECHO);
	client_expect(&good, ECHO);
	client_write(&dripping, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);	/* the beginning of a ClientHello */
	RIG_WAIT(&r, 3000, r.counts.connections == 5);
	while (clock_boot_ms() - began < 60000 && r.counts.connections > 1) {
		rig_listen(&r, 50);
		if (clock_boot_ms() < next)
			continue;
		next += 1000;
		drips = drips && send(dripping.fd, "a", 1, MSG_NOSIGNAL) == 1;
		if (clock_boot_ms() - began < 5000)
			client_say(&pinging, "\r\n\r\n");
	}
	assert_int_equal(r.counts.connections, 1);
	assert_in_range(clock_boot_ms() - began, 9000, 60000);
	client_expect_end(&tcp);
	client_expect_end(&shy);
	client_expect_end(&dripping);
	client_expect_end(&pinging);
	assert_int_equal(r.front.opens, 1);
	client_say(&good, ECHO);
	client_expect(&good, ECHO);
	client_close(&tcp);
	client_close(&shy);
	client_close(&dripping);
	client_close(&pinging);
	client_close(&good);
}

static void
idle_ones_go(void **st)
{
	struct rig_client	idle, kept;
	int64_t			began, next;

	(void)st;
	rig_serve(CONF "limits { idle = 8 }\n");		/* the one that pings may be late */
	idle = client_tcp(r.tcp_port);
	kept = client_tcp(r.tcp_port);
	client_say(&idle, ECHO);
	client_say(&kept, ECHO);
	client_expect(&idle, ECHO);
	client_expect(&kept, ECHO);
	began = next = clock_boot_ms();
	while (clock_boot_ms() - began < 60000 && r.front.gones == 0) {
		rig_listen(&r, 50);
		if (clock_boot_ms() < next)
			continue;
		next += 500;
		client_say(&kept, "\r\n\r\n");
		client_expect(&kept, "\r\n");
	}
	client_say(&kept, ECHO);
	client_expect(&kept, ECHO);
	assert_int_equal(r.front.gones, 1);
	client_expect_end(&idle);
	client_close(&idle);
	client_close(&kept);
}

static void
overdue(void **st)
{
	static const struct {
		enum conn_state		state;
		struct conn_times	t;
		uint32_t		idle;
		int64_t			now;
		bool			overdue;
	} rows[] = {
		{ CONN_SHAKING, { 1000, 1000, 0 }, 0, 10999, false },
		{ CONN_SHAKING, { 1000, 9000, 0 }, 0, 11000, true },
		{ CONN_SILENT, { 1000, 10999, 0 }, 0, 11000, true },
		{ CONN_RELAYED, { 1000, 1000, 0 }, 0, 99999999, false },
		{ CONN_RELAYED, { 1000, 5000, 0 }, 10, 14999, false },
		{ CONN_RELAYED, { 1000, 5000, 0 }, 10, 15000, true },
		{ CONN_RELAYED, { 1000, 70999, 11000 }, 0, 70999, false },
		{ CONN_RELAYED, { 1000, 70999, 11000 }, 0, 71000, true },
		{ CONN_ENDING, { 1000, 1000, 0 }, 0, 2999, false },
		{ CONN_ENDING, { 1000, 1000, 0 }, 0, 3000, true },
	};

	(void)st;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(conn_overdue(rows[i].state, &rows[i].t, rows[i].idle, rows[i].now) != NULL, rows[i].overdue);
}

static void
reloads(void **st)
{
	struct rig_client	old, new;

	(void)st;
	rig_serve(CONF);
	old = client_tls(r.tls_port, client_ctx);
	assert_int_equal(serial(&old), 10);
	order_tls(&r, &second);
	order_config(&r, CONF);
	RIG_WAIT(&r, 5000, r.readies == 2 && r.hellos == 2);
	new = client_tls(r.tls_port, client_ctx);
	assert_int_equal(serial(&new), 11);
	client_say(&old, ECHO);
	client_expect(&old, ECHO);
	client_close(&new);
	order_tls(&r, &wrong);
	order_config(&r, CONF);
	RIG_WAIT(&r, 5000, r.readies == 3);
	new = client_tls(r.tls_port, client_ctx);
	assert_int_equal(serial(&new), 11);
	client_say(&old, ECHO);
	client_expect(&old, ECHO);
	client_close(&new);
	client_close(&old);
}

static void
front_wants_it_closed(void **st)
{
	struct rig_client	c;

	(void)st;
	rig_serve(CONF);
	for (unsigned i = 0; i < 4; i++) {
		c = i % 2 == 0 ? client_tcp(r.tcp_port) : client_tls(r.tls_port, client_ctx);
		client_say(&c, ECHO);
		client_say(&c, i < 2 ? "CLOSE a b\r\nl: 0\r\n\r\n" : "ASK a b\r\nl: 0\r\n\r\n");
		client_expect(&c, ECHO);
		client_expect_end(&c);
		client_close(&c);
		RIG_WAIT(&r, 3000, r.front.gones == i + 1);
	}
}

/* While the front is away strangers wait, and are served by the next one. */
static void
front_restarts(void **st)
{
	struct rig_client	c[2], waiting;

	(void)st;
	rig_serve(CONF);
	for (int i = 0; i < 2; i++) {
		c[i] = i == 0 ? client_tcp(r.tcp_port) : client_tls(r.tls_port, client_ctx);
		client_say(&c[i], ECHO);
		client_expect(&c[i], ECHO);
	}
	front_stop(&r);
	for (int i = 0; i < 2; i++) {
		client_expect_end(&c[i]);
		client_close(&c[i]);
	}
	waiting = client_tcp(r.tcp_port);
	client_say(&waiting, ECHO);
	front_start(&r);
	client_expect(&waiting, ECHO);
	client_close(&waiting);
}

/* Bodies of 8 MB there and back, over both transports: every byte, in order. */
static void
carries_much(void **st)
{
	enum { SIZE = 8 * 1024 * 1024, PART = 100 * 1000 };
	struct rig_client	 c;
	char			 head[128], *out = malloc(SIZE), *in = malloc(SIZE);
	size_t			 got;
	ssize_t			 n;

	(void)st;
	assert_true(out != NULL && in != NULL);
	for (size_t i = 0; i < SIZE; i++)
		out[i] = (char)(i * 2654435761u >> 13);
	(void)snprintf(head, sizeof head, "ECHO a b\r\nContent-Length: %d\r\n\r\n", SIZE);
	rig_serve(CONF);
	for (int i = 0; i < 2; i++) {
		c = i == 0 ? client_tcp(r.tcp_port) : client_tls(r.tls_port, client_ctx);
		client_say(&c, head);
		client_expect(&c, head);
		for (size_t at = 0; at < SIZE; at += PART) {
			size_t	part = SIZE - at < PART ? SIZE - at : PART;

			client_write(&c, out + at, part);
			for (got = 0; got < part; got += (size_t)n)
				assert_true((n = client_read(&c, in + at + got, part - got)) > 0);
		}
		assert_memory_equal(in, out, SIZE);
		client_say(&c, ECHO);
		client_expect(&c, ECHO);
		client_close(&c);
	}
	free(out);
	free(in);
}

/* Sends until nothing more is taken for a second, once a least was.  Returns the bytes that were. */
static size_t
push(struct rig_client *c, size_t least, size_t max)
{
	static char	zeros[64 * 1024];
	size_t		total = 0;
	ssize_t		n;

	(void)fcntl(c->fd, F_SETFL, O_NONBLOCK);
	while (total < max) {
		n = c->ssl != NULL ? SSL_write(c->ssl, zeros, sizeof zeros) : send(c->fd, zeros, sizeof zeros, MSG_NOSIGNAL);
		assert_true(n > 0 || (c->ssl != NULL ? SSL_get_error(c->ssl, (int)n) == SSL_ERROR_WANT_WRITE : errno == EAGAIN));
		if (n > 0)
			total += (size_t)n;
		else if (poll(&(struct pollfd){ c->fd, POLLOUT, 0 }, 1, total < least ? RIG_PATIENCE_MS : 1000) == 0)
			break;
	}
	ERR_clear_error();
	return total;
}

/* A front that does not read and a stranger that does not read: what waits is bounded, others are served, and nothing is lost. */
static void
holds_back(void **st)
{
	enum { LEAST = 256 * 1024, MUCH = 64 * 1024 * 1024, MANY = 10, GROWTH_KB = MANY * 1024 };
	struct rig_client	c[MANY], other;
	size_t			pushed;
	char			buf[65536];
	long			before, after;
	ssize_t			n;
	size_t			got;

	(void)st;
	rig_serve(NOLIMIT);
	other = client_tls(r.tls_port, client_ctx);
	client_say(&other, ECHO);
	client_expect(&other, ECHO);
	before = rss_kb(r.pid);
	for (int i = 0; i < MANY; i++) {
		c[i] = i % 2 == 0 ? client_tcp(r.tcp_port) : client_tls(r.tls_port, client_ctx);
		if (i < MANY / 2) {
			client_say(&c[i], "STALL a b\r\nl: 1000000000\r\n\r\n");
			pushed = push(&c[i], LEAST, MUCH);
			assert_in_range(pushed, LEAST, MUCH - 1);
		} else {
			client_say(&c[i], "BIG 16777216\r\nl: 0\r\n\r\n");
		}
	}
	for (int i = 0; i < 20; i++) {
		client_say(&other, ECHO);
		client_expect(&other, ECHO);
	}
	rig_listen(&r, 500);
	after = rss_kb(r.pid);
	print_message("    %d stalled connections: %ld kB before, %ld kB after\n", MANY, before, after);
#ifndef SANITIZED
	assert_true(after - before < GROWTH_KB);
#endif
	for (int i = MANY / 2; i < MANY; i++) {
		for (got = 0; got < 16777216; got += (size_t)n)
			assert_true((n = client_read(&c[i], buf, sizeof buf)) > 0);
		assert_int_equal(got, 16777216);
	}
	for (int i = 0; i < MANY; i++)
		client_close(&c[i]);
	client_close(&other);
}

static void
long_headers_go(void **st)
{
	struct rig_client	 c;
	char			*line = malloc(70 * 1024);

	(void)st;
	assert_non_null(line);
	memset(line, 'a', 70 * 1024);
	rig_serve(CONF);
	c = client_tcp(r.tcp_port);
	client_say(&c, "ECHO a b\r\nX: ");
	(void)!send(c.fd, line, 70 * 1024, MSG_NOSIGNAL);
	client_expect_end(&c);
	client_close(&c);
	free(line);
}

enum { STOPPED_BYTES = 4 * 1024 * 1024 };

/* STOP while an answer is on its way: nobody new; exit 0.  Returns how much of the answer came. */
static size_t
stop_amid(void)
{
	struct rig_client	c, silent;
	static char		buf[65536];
	size_t			got = 0;
	ssize_t			n;
	struct sockaddr_in	to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int			fd;

	rig_serve(CONF);
	silent = client_tcp(r.tcp_port);
	c = client_tls(r.tls_port, client_ctx);
	client_say(&c, "BIG 4194304\r\nl: 0\r\n\r\n");
	assert_true((n = client_read(&c, buf, sizeof buf)) > 0);
	got = (size_t)n;
	client_say(&c, "CLOSE a b\r\nl: 0\r\n\r\n");
	send_order(&r, ORDER_STOP, PROC_SUPERVISOR, -1, -1, -1);
	client_expect_end(&silent);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	to.sin_port = htons(r.tcp_port);
	assert_true(connect(fd, (struct sockaddr *)&to, sizeof to) != 0);
	close(fd);
	while ((n = client_read(&c, buf, sizeof buf)) > 0)
		got += (size_t)n;
	RIG_WAIT(&r, 4000, r.pid == 0);
	assert_int_equal(r.exit_status, 0);
	client_close(&c);
	client_close(&silent);
	return got;
}

/* It arrives whole; not if the machine stood still for the two seconds that it is given, which it does not do each time. */
static void
stops(void **st)
{
	size_t	got = stop_amid();

	(void)st;
	for (int i = 0; i < 5 && got != STOPPED_BYTES; i++) {
		rig_stop(&r);
		got = stop_amid();
	}
	assert_int_equal(got, STOPPED_BYTES);
}

static void
supervisor_dies(void **st)
{

	(void)st;
	rig_serve(CONF);
	close(r.order_fd);
	r.order_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	RIG_WAIT(&r, 5000, r.pid == 0);
	assert_int_equal(r.exit_status, 0);
}

static void
says_why_not(void **st)
{
	struct sockaddr_in	at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t		n = sizeof at;
	int			fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char			conf[256], expected[128];

	(void)st;
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	(void)snprintf(conf, sizeof conf, "listen = { \"tcp:127.0.0.1:%u\" }\n", ntohs(at.sin_port));
	(void)snprintf(expected, sizeof expected, "tcp:127.0.0.1:%u: Address already in use", ntohs(at.sin_port));
	rig_start(&r, conf, NULL);
	assert_string_equal(r.failed, expected);
	RIG_WAIT(&r, 5000, r.pid == 0);
	assert_int_not_equal(r.exit_status, 0);
	rig_stop(&r);
	close(fd);
	rig_start(&r, CONF, NULL);
	assert_string_equal(r.failed, "tls.certificate: is needed to listen at tls:");
	rig_stop(&r);
	rig_start(&r, CONF, &wrong);
	assert_memory_equal(r.failed, "tls.key:", 8);
	rig_stop(&r);
	rig_start(&r, "listen = { \"udp:127.0.0.1:0\" }\n", NULL);
	assert_string_equal(r.failed, "");
}

/* Sequential TLS connections leave nothing behind. */
static void
stays_small(void **st)
{
	enum { WARM = 500, MORE = 2000, GROWTH_KB = 512 };
	struct rig_client	c;
	long			before = 0, after;

	(void)st;
	rig_serve(NOLIMIT);
	for (int i = 0; i < WARM + MORE; i++) {
		if (i == WARM)
			before = rss_kb(r.pid);
		c = client_tls(r.tls_port, client_ctx);
		assert_non_null(c.ssl);
		if (i % 10 == 0) {
			client_say(&c, ECHO);
			client_expect(&c, ECHO);
		}
		client_close(&c);
	}
	RIG_WAIT(&r, 3000, r.front.gones == (WARM + MORE) / 10);
	after = rss_kb(r.pid);
	print_message("    %d TLS connections: %ld kB before, %ld kB after\n", MORE, before, after);
#ifndef SANITIZED
	assert_true(after - before < GROWTH_KB);
#endif
}

/* 5,000 that hold on: half never shake hands, half send a header byte by byte.  Others are served as if they were not there. */
static void
slow_ones_do_not_matter(void **st)
{
	enum { SLOW = 5000, SERVED = 100, OPEN_MS = 5000 };
	struct rlimit		 files;
	struct rig_client	 c;
	int			*fds = calloc(SLOW, sizeof *fds), n = 0;
	int64_t			 began, longest = 0;

	(void)st;
	assert_non_null(fds);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	if (files.rlim_cur < 3 * SLOW + 100)
		skip();
	rig_serve(NOLIMIT);
	/* They are let go of after ten seconds: a busy machine has fewer at once. */
	for (began = clock_boot_ms(); n < SLOW && clock_boot_ms() - began < OPEN_MS; n++) {
		fds[n] = client_socket(n % 2 == 0 ? r.tls_port : r.tcp_port, NULL);
		assert_int_equal(send(fds[n], n % 2 == 0 ? "\x16" : "O", 1, MSG_NOSIGNAL), 1);
	}
	RIG_WAIT(&r, 5000, r.counts.connections >= (unsigned)n * 9 / 10);
	for (int i = 0; i < SERVED; i++) {
		int64_t	took;

		for (int j = 1; j < n / 2; j += 50)
			(void)!send(fds[j], "x", 1, MSG_NOSIGNAL);
		began = clock_boot_ms();
		c = client_tls(r.tls_port, client_ctx);
		assert_non_null(c.ssl);
		client_say(&c, ECHO);
		client_expect(&c, ECHO);
		client_close(&c);
		took = clock_boot_ms() - began;
		longest = took > longest ? took : longest;
	}
	print_message("    %d slow connections, %ld kB; the longest of %d others took %lld ms\n", n, rss_kb(r.pid), SERVED,
	    (long long)longest);
	while (n > 0)
		close(fds[--n]);
	free(fds);
}

static int
stop(void **st)
{
	(void)st;
	rig_stop(&r);
	return 0;
}

static int
set_up(void **st)
{
	struct rlimit	files;

	(void)st;
	root = make_authority("root", NULL, 1);
	middle = make_authority("middle", &root, 2);
	make_pem(&first, "server", &middle, 0, 10, 86400L * 100);
	make_pem(&second, "server", &middle, 2048, 11, 86400L * 100);
	make_pem(&wrong, "server", &middle, 0, 12, 86400L * 100);
	memcpy(wrong.key, first.key, sizeof wrong.key);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {	/* as the supervisor does */
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	client_ctx = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_verify(client_ctx, SSL_VERIFY_PEER, NULL);
	return X509_STORE_add_cert(SSL_CTX_get_cert_store(client_ctx), root.cert) == 1 ? 0 : -1;
}

static int
tear_down(void **st)
{
	(void)st;
	authority_free(&root);
	authority_free(&middle);
	SSL_CTX_free(client_ctx);
	return 0;
}

#define TEST(f)	cmocka_unit_test_teardown(f, stop)

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(overdue), TEST(tells_what_it_is), TEST(relays), TEST(speaks_ipv6),
		TEST(announces_first), TEST(answers_pings), TEST(weak_clients_stay_out),
		TEST(limits_sources), TEST(silent_ones_go), TEST(idle_ones_go),
		TEST(reloads), TEST(front_wants_it_closed), TEST(front_restarts),
		TEST(carries_much), TEST(holds_back), TEST(long_headers_go),
		TEST(stops), TEST(supervisor_dies), TEST(says_why_not),
		TEST(stays_small), TEST(slow_ones_do_not_matter),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
