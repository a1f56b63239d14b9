/* links: stream net sipd */
/*
 * Connections of ours: the stream process, shut in as it is, connects to peers of the test.  A last test looks at keep-alives, whose
 * time it makes up.
 */
#include "tests/unit/stream_rig.h"

#include <event2/event.h>

#include "sipd/stream/conn.h"
#include "sipd/stream/conns.h"
#include "sipd/net/tls_peer.h"

#define CONF	"listen = { \"tcp:127.0.0.1:0\" }\nlimits { connections = 1 idle = 1 }\n"
#define ECHO	"ECHO sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n"
#define ASK	"ASK sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n"

enum { TEXT = 1024, WAIT_MS = 20000, PATIENT_MS = 30000 };

/* The answer to a dial. */
struct got {
	uint64_t	id;
	unsigned	n;
	struct wire_dialed w;
	char		error[TEXT], tls[TEXT], peer[TEXT];
};

/* What a peer shows. */
struct shown {
	const char	*name, *alternatives;	/* of subjectAltName; NULL: it has none */
	const char	*from, *until;
	bool		 self_signed;
};

static struct authority	root, stranger;
static struct rig	r;
static struct got	got;
static uint64_t		last_id;

static void
on_dialed(struct rig *rig, const struct frame *frame)
{
	(void)rig;
	assert_int_equal(frame->type, WIRE_DIALED);
	got.n++;
	got.id = frame->id;
	assert_int_equal(frame_decode(frame, &got.w), 0);
	(void)span_get(got.w.error, got.error, sizeof got.error);
	(void)span_get(got.w.tls, got.tls, sizeof got.tls);
	(void)span_get(got.w.peer, got.peer, sizeof got.peer);
}

static void
serve(void)
{
	BIO	*pem = BIO_new(BIO_s_mem());
	char	*text;
	long	 n;

	rig_start(&r, CONF, NULL);
	assert_string_equal(r.failed, "");
	r.on_other = on_dialed;
	assert_int_equal(PEM_write_bio_X509(pem, root.cert), 1);
	n = BIO_get_mem_data(pem, &text);
	send_order(&r, ORDER_FILES, PROC_SUPERVISOR, -1, -1, boot_memfd("ca", text, (size_t)n));
	BIO_free(pem);
	front_start(&r);
	got = (struct got){ 0 };
}

static int
peer_bind(const char *at, struct addr *where)
{
	struct sockaddr_storage	ss;
	struct addr		a;
	struct timeval		limit = { .tv_sec = RIG_PATIENCE_MS / 1000 };
	socklen_t		n;
	int			fd;

	assert_int_equal(addr_parse(&a, at), 0);
	n = addr_to_sockaddr(&a, &ss);
	fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	assert_int_equal(bind(fd, (struct sockaddr *)&ss, n), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&ss, &n), 0);
	assert_int_equal(addr_of_sockaddr(where, (struct sockaddr *)&ss), 0);
	return fd;
}

/* A peer's listening socket. */
static int
peer_listen(const char *at, struct addr *where, int backlog)
{
	int	fd = peer_bind(at, where);

	assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

static void
dial(const struct addr *to, uint8_t transport, const char *name, uint32_t timeout_ms)
{
	const struct wire_dial	w = { .target = *to, .transport = transport, .name = span_of(name), .timeout_ms = timeout_ms };

	got = (struct got){ 0 };
	assert_int_equal(channel_send(r.keeper, WIRE_DIAL, ++last_id, &w), 0);
	channel_flush(r.keeper);
}

static void
expect_answer(void)
{
	RIG_WAIT(&r, WAIT_MS, got.n > 0);
	assert_int_equal(got.n, 1);
	assert_int_equal(got.id, last_id);
	assert_int_equal(got.w.flow == 0, got.error[0] != '\0');
}

static struct rig_client
peer_accept(int listening)
{
	struct timeval		limit = { .tv_sec = RIG_PATIENCE_MS / 1000 };
	struct rig_client	c = { .fd = accept(listening, NULL, NULL) };

	assert_true(c.fd >= 0);
	(void)setsockopt(c.fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	return c;
}

/* Shakes hands as a server; ssl is NULL if that fails. */
static struct rig_client
peer_accept_tls(int listening, SSL_CTX *ctx)
{
	struct rig_client	c = peer_accept(listening);

	c.ssl = SSL_new(ctx);
	assert_int_equal(SSL_set_fd(c.ssl, c.fd), 1);
	if (SSL_accept(c.ssl) != 1) {
		SSL_free(c.ssl);
		c.ssl = NULL;
		ERR_clear_error();
	}
	return c;
}

static SSL_CTX *
peer_context(const struct shown *s)
{
	SSL_CTX			*ctx = SSL_CTX_new(TLS_server_method());
	EVP_PKEY		*key = make_key(0);
	const struct authority	*issuer = s->self_signed ? &(struct authority){ .key = key } : &root;
	X509			*cert = make_cert(key, s->name, s->self_signed ? NULL : issuer, false, 7, 86400);
	X509_EXTENSION		*ext;

	if (s->from != NULL)
		assert_int_equal(ASN1_TIME_set_string(X509_getm_notBefore(cert), s->from), 1);
	if (s->until != NULL)
		assert_int_equal(ASN1_TIME_set_string(X509_getm_notAfter(cert), s->until), 1);
	if (s->alternatives != NULL) {
		ext = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, s->alternatives);
		assert_non_null(ext);
		assert_int_equal(X509_add_ext(cert, ext, -1), 1);
		X509_EXTENSION_free(ext);
	}
	assert_true(X509_sign(cert, issuer->key, EVP_sha256()) > 0);
	assert_int_equal(SSL_CTX_use_certificate(ctx, cert), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(ctx, key), 1);
	X509_free(cert);
	EVP_PKEY_free(key);
	return ctx;
}

/* Stands, over both transports and families: what the other end sends reaches the front, and what that says comes back. */
static void
connects(void **st)
{
	static const struct { const char *at; uint8_t transport; } rows[] = {
		{ "127.0.0.1:0", TRANSPORT_TCP }, { "[::1]:0", TRANSPORT_TCP }, { "127.0.0.1:0", TRANSPORT_TLS }, { "[::1]:0", TRANSPORT_TLS },
	};
	const struct shown	shown = { "x", .alternatives = "DNS:sip.example.com" };
	SSL_CTX			*ctx = peer_context(&shown);
	struct rig_client	 c, d;
	struct addr		 at;
	uint64_t		 flow;
	int			 fd;
	unsigned		 n = 0;

	(void)st;
	serve();
	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		bool	tls = rows[i].transport == TRANSPORT_TLS;

		if (rows[i].at[0] == '[' && !rig_has_ip6())
			continue;
		n++;
		fd = peer_listen(rows[i].at, &at, 4);
		dial(&at, rows[i].transport, "sip.example.com", PATIENT_MS);
		c = tls ? peer_accept_tls(fd, ctx) : peer_accept(fd);
		assert_true(!tls || c.ssl != NULL);
		expect_answer();
		assert_string_equal(got.error, "");
		assert_true(got.w.connected);
		assert_int_equal(got.w.flow, r.front.last_open.flow);
		assert_true(r.front.last_open.ours);
		assert_int_equal(r.front.last_open.transport, rows[i].transport);
		assert_true(addr_eq(&r.front.last_open.source, &at));
		assert_true(addr_eq(&r.front.last_open.local, &got.w.local));
		assert_int_equal(strncmp(got.tls, "TLSv1.3 TLS_AES_256_GCM_SHA384", tls ? 64 : 0), 0);
		assert_string_equal(got.peer, tls ? "sip.example.com" : "");
		assert_true(!tls || got.w.peer_until > 0);
		flow = got.w.flow;
		client_say(&c, "\r\n\r\n" ECHO);		/* its keep-alive is answered by the stream process */
		client_expect(&c, "\r\n" ECHO);
		dial(&at, rows[i].transport, "sip.example.com", PATIENT_MS);	/* no limit of one source */
		d = tls ? peer_accept_tls(fd, ctx) : peer_accept(fd);
		expect_answer();
		assert_true(got.w.flow > flow);
		client_say(&d, ASK);			/* the front wants it closed */
		client_expect_end(&d);
		client_close(&d);
		client_close(&c);
		RIG_WAIT(&r, WAIT_MS, atomic_load(&r.front.gones) == 2 * n);
		close(fd);
	}
	assert_int_equal(atomic_load(&r.front.early), 0);
	SSL_CTX_free(ctx);
}

static void
says_why_not(void **st)
{
	struct rig_client	 full[2];
	struct addr		 at;
	int			 fd;

	(void)st;
	serve();
	fd = peer_bind("127.0.0.1:0", &at);		/* nobody else can have it */
	dial(&at, TRANSPORT_TCP, "x", PATIENT_MS);
	expect_answer();
	assert_string_equal(got.error, "connection refused");
	assert_false(got.w.connected);
	close(fd);
	fd = peer_listen("127.0.0.1:0", &at, 0);
	for (int i = 0; i < 2; i++) {	/* the system answers no more than are waited for */
		struct sockaddr_storage	ss;
		socklen_t		n = addr_to_sockaddr(&at, &ss);

		full[i].fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(full[i].fd, (struct sockaddr *)&ss, n);
	}
	dial(&at, TRANSPORT_TCP, "x", 700);
	expect_answer();
	assert_string_equal(got.error, "no answer in 0.7 s");
	for (int i = 0; i < 2; i++)
		close(full[i].fd);
	close(fd);
	dial(&(struct addr){ 0 }, TRANSPORT_TCP, "x", 700);
	expect_answer();
	assert_string_equal(got.error, "that is nowhere to connect to");
	dial(&at, TRANSPORT_UDP, "x", 700);
	expect_answer();
	assert_string_equal(got.error, "that is nowhere to connect to");
}

/* One row a certificate. */
static void
looks_at_certificates(void **st)
{
	static const struct { struct shown shown; const char *wanted, *error, *peer; } rows[] = {
		{ { "a.example", .alternatives = "DNS:a.example" }, "a.example", "", "a.example" },
		{ { "a.example", .alternatives = "DNS:b.example,DNS:A.example" }, "a.EXAMPLE.", "", "b.example, A.example" },
		{ { .name = "a.example" }, "a.example", "", "a.example" },
		{ { "x", .alternatives = "URI:sip:a.example" }, "a.example", "", "sip:a.example" },
		{ { "x", .alternatives = "IP:127.0.0.1" }, "127.0.0.1", "", "127.0.0.1" },
		{ { "x", .alternatives = "IP:127.0.0.1" }, "", "", "127.0.0.1" },
		{ { "a.example", .alternatives = "DNS:b.example" }, "a.example", "certificate is for b.example, not a.example", "b.example" },
		{ { "x", .alternatives = "URI:sip:me@a.example" }, "a.example", "certificate is for sip:me@a.example, not a.example",
		    "sip:me@a.example" },
		{ { "x", .alternatives = "URI:https://a.example" }, "a.example", "certificate is for https://a.example, not a.example",
		    "https://a.example" },
		{ { "x", .alternatives = "DNS:*.example" }, "a.example",
		    "certificate is for *.example, not a.example (a * stands for no SIP domain, RFC 5922)", "*.example" },
		{ { "x", .alternatives = "DNS:127.0.0.1" }, "127.0.0.2", "certificate is for 127.0.0.1, not 127.0.0.2", "127.0.0.1" },
		{ { "a.example", .from = "20130101000000Z", .until = "20140101000000Z" }, "a.example",
		    "certificate expired 2014-01-01 00:00:00 UTC", "a.example" },
		{ { "a.example", .from = "20480101000000Z", .until = "20490101000000Z" }, "a.example",
		    "certificate is valid only from 2048-01-01 00:00:00 UTC", "a.example" },
		{ { "a.example", .self_signed = true }, "a.example", "certificate is not signed by anyone we trust (self-signed)", "a.example" },
	};
	struct rig_client	 c;
	struct addr		 at;
	SSL_CTX			*ctx;
	int			 fd;

	(void)st;
	serve();
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		ctx = peer_context(&rows[i].shown);
		fd = peer_listen("127.0.0.1:0", &at, 4);
		dial(&at, TRANSPORT_TLS, rows[i].wanted, PATIENT_MS);
		c = peer_accept_tls(fd, ctx);
		expect_answer();
		assert_string_equal(got.error, rows[i].error);
		assert_string_equal(got.peer, rows[i].peer);
		assert_true(got.w.connected);
		assert_non_null(strstr(got.tls, "TLSv1.3 "));
		if (rows[i].shown.until != NULL && rows[i].error[12] == 'e')
			assert_int_equal(got.w.peer_until / 1000, 1388534400);
		client_close(&c);
		close(fd);
		SSL_CTX_free(ctx);
	}
	authority_free(&root);
	root = stranger;		/* the test's; the process still trusts the other */
	ctx = peer_context(&(struct shown){ .name = "a.example" });
	fd = peer_listen("127.0.0.1:0", &at, 4);
	dial(&at, TRANSPORT_TLS, "a.example", PATIENT_MS);
	c = peer_accept_tls(fd, ctx);
	expect_answer();
	assert_string_equal(got.error, "certificate is not signed by anyone we trust (but by stranger)");
	client_close(&c);
	close(fd);
	SSL_CTX_free(ctx);
}

static void
weak_peers_stay_out(void **st)
{
	static const struct { int least, most; const char *ciphers, *error; bool asks; } rows[] = {
		{ TLS1_VERSION, TLS1_1_VERSION, "ALL:@SECLEVEL=0", "no common TLS version (we speak 1.2 and 1.3)", false },
		{ TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0", "no common cipher", false },
		{ TLS1_2_VERSION, TLS1_2_VERSION, "ALL", "it wants a certificate of ours, and we have none", true },
	};
	const struct shown	shown = { .name = "a.example" };
	struct rig_client	 c;
	struct addr		 at;
	SSL_CTX			*ctx;
	char			 buf[64];
	int			 fd;

	(void)st;
	serve();
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		ctx = peer_context(&shown);
		assert_int_equal(SSL_CTX_set_cipher_list(ctx, rows[i].ciphers), 1);
		assert_int_equal(SSL_CTX_set_min_proto_version(ctx, rows[i].least), 1);
		assert_int_equal(SSL_CTX_set_max_proto_version(ctx, rows[i].most), 1);
		if (rows[i].asks)
			SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
		fd = peer_listen("127.0.0.1:0", &at, 4);
		dial(&at, TRANSPORT_TLS, "a.example", PATIENT_MS);
		c = peer_accept_tls(fd, ctx);
		assert_null(c.ssl);
		expect_answer();
		assert_string_equal(got.error, rows[i].error);
		assert_true(got.w.connected);
		client_close(&c);
		close(fd);
		SSL_CTX_free(ctx);
	}
	fd = peer_listen("127.0.0.1:0", &at, 4);
	dial(&at, TRANSPORT_TLS, "a.example", PATIENT_MS);	/* one that speaks something else */
	c = peer_accept(fd);
	client_say(&c, "SIP/2.0 400 Bad Request\r\n\r\n");
	expect_answer();
	assert_string_equal(got.error, "what answers there does not speak TLS");
	client_close(&c);
	dial(&at, TRANSPORT_TLS, "a.example", PATIENT_MS);	/* one that hangs up */
	c = peer_accept(fd);
	assert_true(client_read(&c, buf, sizeof buf) > 0);
	(void)shutdown(c.fd, SHUT_WR);
	expect_answer();
	assert_string_equal(got.error, "it closed the connection during the TLS handshake");
	client_close(&c);
	dial(&at, TRANSPORT_TLS, "a.example", 600);	/* one that says nothing */
	c = peer_accept(fd);
	expect_answer();
	assert_string_equal(got.error, "no TLS handshake in 0.6 s");
	client_close(&c);
	close(fd);
}

/* The keeper uses them: without it they go, made or not.  So they do with the front. */
static void
ends_with_its_users(void **st)
{
	struct rig_client	 c, d;
	struct addr		 at;
	int			 fd, keeper[2];

	(void)st;
	serve();
	fd = peer_listen("127.0.0.1:0", &at, 4);
	dial(&at, TRANSPORT_TCP, "x", PATIENT_MS);
	c = peer_accept(fd);
	expect_answer();
	dial(&at, TRANSPORT_TLS, "x", 60000);
	d = peer_accept(fd);
	channel_free(r.keeper);
	client_expect_end(&c);
	client_expect_end(&d);
	client_close(&c);
	client_close(&d);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, keeper), 0);
	r.keeper = channel_new(keeper[0], keeper_on_frame, keeper_on_gone, &r);
	send_order(&r, ORDER_CHANNEL, PROC_KEEPER, keeper[1], -1, -1);
	dial(&at, TRANSPORT_TCP, "x", PATIENT_MS);
	c = peer_accept(fd);
	expect_answer();
	assert_string_equal(got.error, "");
	front_stop(&r);
	client_expect_end(&c);
	client_close(&c);
	dial(&at, TRANSPORT_TCP, "x", PATIENT_MS);
	c = peer_accept(fd);
	expect_answer();
	assert_string_equal(got.error, "the sip process is away, or there are too many connections");
	client_expect_end(&c);
	client_close(&c);
	close(fd);
}

/* A front that does not take it: the keeper hears of no flow that can't be used. */
static void
waits_for_the_front(void **st)
{
	struct rig_client	 c;
	struct addr		 at;
	int			 fd;

	(void)st;
	serve();
	fd = peer_listen("127.0.0.1:0", &at, 4);
	front_pause(&r.front, true);
	dial(&at, TRANSPORT_TCP, "x", 1000);
	c = peer_accept(fd);
	expect_answer();
	assert_string_equal(got.error, "the connection was closed at once");
	client_expect_end(&c);
	client_close(&c);
	front_pause(&r.front, false);
	dial(&at, TRANSPORT_TCP, "x", PATIENT_MS);
	c = peer_accept(fd);
	expect_answer();
	assert_string_equal(got.error, "");
	client_close(&c);
	close(fd);
}

/* Idle ones stay, though strangers' would go after a second, and are pinged. */
static void
keeps_alive(void **st)
{
	const struct conn_limits limits = { .idle = 1, .total = 10 };
	struct event_base	*base = event_base_new();
	struct conns		*cs = conns_new(base, 1, &limits);
	struct rig_client	 peer;
	struct sockaddr_storage	 ss;
	struct addr		 at, relay, local;
	int64_t			 now = clock_boot_ms();
	int			 fd = peer_listen("127.0.0.1:0", &at, 4), front = peer_listen("127.0.0.1:0", &relay, 4), ends[2], own;
	socklen_t		 n = addr_to_sockaddr(&at, &ss);
	struct channel		*sip;
	char			 buf[8];

	(void)st;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	sip = channel_new(ends[0], keeper_on_frame, keeper_on_gone, NULL);
	conns_sip_open(cs, sip, TRANSPORT_TCP, relay.port);
	own = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(own, (struct sockaddr *)&ss, n), 0);
	assert_int_equal(fcntl(own, F_SETFL, O_NONBLOCK), 0);
	peer = peer_accept(fd);
	assert_true(conns_adopt(cs, own, NULL, &at, &local, NULL, NULL) != 0);
	conns_turn(cs);
	for (int i = 0; i < 3; i++) {
		now += CONN_PING_MS + 1000;
		conns_tick(cs, now - 2 * 1000 * (i == 0));	/* not before its time */
		conns_tick(cs, now);
		conns_tick(cs, now + 1);
		assert_int_equal(event_base_loop(base, EVLOOP_NONBLOCK), 0);
		client_expect(&peer, "\r\n\r\n");
		client_say(&peer, "\r\n");
		for (int k = 0; k < 20; k++) {
			(void)poll(NULL, 0, 5);
			assert_int_equal(event_base_loop(base, EVLOOP_NONBLOCK), 0);
		}
		assert_int_equal(recv(peer.fd, buf, sizeof buf, MSG_DONTWAIT), -1);	/* a pong is not answered */
	}
	assert_int_equal(conns_count(cs), 1);
	client_say(&peer, "\r\n\r\n");
	for (int k = 0; k < 20; k++) {
		(void)poll(NULL, 0, 5);
		assert_int_equal(event_base_loop(base, EVLOOP_NONBLOCK), 0);
	}
	client_expect(&peer, "\r\n");
	client_close(&peer);
	conns_free(cs);
	channel_free(sip);
	close(ends[1]);
	close(fd);
	close(front);
	event_base_free(base);
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
	(void)st;
	root = make_authority("root", NULL, 1);
	stranger = make_authority("stranger", NULL, 2);
	return 0;
}

static int
tear_down(void **st)
{
	(void)st;
	authority_free(&stranger);	/* root is the same by now */
	return 0;
}

#define TEST(f)	cmocka_unit_test_teardown(f, stop)

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST(connects), TEST(says_why_not), TEST(weak_peers_stay_out), TEST(ends_with_its_users), TEST(waits_for_the_front),
		cmocka_unit_test(keeps_alive), TEST(looks_at_certificates),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
