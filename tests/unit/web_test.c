/* links: web net sipd */
/*
 * The web process, shut in as it is, between clients and a keeper of the test.
 */
#include "tests/unit/web_rig.h"

#include "core/web.h"

#define PAGES	"\finstall\n<p>{{owner}}{{action_url}}</p>\factivate\nx\factivated\nx\ferror\n{{code}} {{title}}"
#define CONF	"listen = { \"udp:127.0.0.1:0\" }\nhttp { listen = \"127.0.0.1:0\" certificate = \"/x\" key = \"/x\" }\n"
#define GET	"GET /i/abc HTTP/1.1\r\nHost: x\r\n\r\n"

enum { TEXT = 64 * 1024 };

static struct authority	root;
static struct pem	one, two;
static struct rig	r;
static SSL_CTX		*client_ctx;

static struct asked {
	unsigned	n;
	uint64_t	id;
	struct web_ask	a;
	char		token[128], agent[128], username[128];
} asked;

static void
on_asked(struct rig *rig, const struct frame *frame)
{
	(void)rig;
	assert_int_equal(frame->type, WIRE_WEB);
	asked.n++;
	asked.id = frame->id;
	assert_int_equal(frame_decode(frame, &asked.a), 0);
	(void)span_get(asked.a.token, asked.token, sizeof asked.token);
	(void)span_get(asked.a.agent, asked.agent, sizeof asked.agent);
	(void)span_get(asked.a.from.username, asked.username, sizeof asked.username);
}

static void
begin(const char *conf)
{
	rig_start(&r, conf, &(struct rig_files){ .pem = &one, .pages = PAGES });
	assert_string_equal(r.failed, "");
	assert_int_not_equal(r.port, 0);
	r.on_other = on_asked;
	asked = (struct asked){ 0 };
}

static void
answer(const struct web_answer *a)
{
	assert_int_equal(channel_send(r.keeper, WIRE_WEB_ANSWER, asked.id, a), 0);
	channel_flush(r.keeper);
}

/* NULL: it was not let in. */
static SSL *
client(void)
{
	struct sockaddr_in	at = { .sin_family = AF_INET, .sin_port = htons(r.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int			fd = rig_socket();
	SSL			*ssl = SSL_new(client_ctx);

	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(SSL_set_fd(ssl, fd), 1);
	if (SSL_connect(ssl) == 1)
		return ssl;
	ERR_clear_error();
	SSL_free(ssl);
	close(fd);
	return NULL;
}

static void
client_close(SSL *ssl)
{
	int	fd = SSL_get_fd(ssl);

	SSL_free(ssl);
	ERR_clear_error();
	close(fd);
}

static void
say(SSL *ssl, const char *text)
{
	assert_int_equal(SSL_write(ssl, text, (int)strlen(text)), (int)strlen(text));
}

/* All of the answer, and the connection's end with it. */
static const char *
hear(SSL *ssl)
{
	static char	text[TEXT];
	size_t		n = 0;
	int		got;

	while ((got = SSL_read(ssl, text + n, (int)(sizeof text - 1 - n))) > 0)
		n += (size_t)got;
	text[n] = '\0';
	assert_int_equal(SSL_get_error(ssl, got), SSL_ERROR_ZERO_RETURN);	/* a TLS end, not just the TCP one */
	client_close(ssl);
	return text;
}

static bool
begins(const char *text, const char *with)
{
	if (strncmp(text, with, strlen(with)) == 0)
		return true;
	print_error("%s", text);
	return false;
}

static SSL *
ask(const char *text)
{
	SSL	*ssl = client();
	unsigned before = asked.n;

	assert_non_null(ssl);
	say(ssl, text);
	RIG_WAIT(&r, asked.n > before);
	return ssl;
}

static void
asks_and_answers(void **st)
{
	uint8_t		 vars[512];
	int		 n;
	SSL		*ssl;
	const char	*text;

	(void)st;
	begin(CONF);
	ssl = ask("GET /i/abc?x HTTP/1.1\r\nHost: evil.test\r\nUser-Agent: Phone 1\r\n\r\n");
	assert_string_equal(asked.token, "abc");
	assert_string_equal(asked.agent, "Phone 1");
	assert_true(asked.a.what == WEB_INSTALL && !asked.a.post && addr_is_loopback(&asked.a.from.source) && asked.a.from.source.port != 0);
	assert_int_equal(asked.a.from.local.port, r.port);
	n = web_var_append(vars, 0, sizeof vars, &(struct web_var){ span_of("owner"), span_of("A<B") });
	answer(&(struct web_answer){ .code = 200, .page = span_of("install"), .vars = { (char *)vars, (size_t)n } });
	text = hear(ssl);
	assert_true(begins(text, "HTTP/1.1 200 OK\r\n"));
	assert_non_null(strstr(text, "\r\n\r\n<p>A&lt;B</p>"));
	assert_null(strstr(text, "evil"));

	ssl = ask("HEAD /i/abc HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_true(asked.a.head && !asked.a.post);
	answer(&(struct web_answer){ .code = 200, .page = span_of("install") });
	text = hear(ssl);
	assert_non_null(strstr(text, "\r\nContent-Length: 7"));
	assert_string_equal(strstr(text, "\r\n\r\n"), "\r\n\r\n");

	ssl = ask("POST /i/abc HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\na=bc");
	assert_true(asked.a.post);
	answer(&(struct web_answer){ .code = 303, .location = span_of("https://shop.test/app?id=1") });
	text = hear(ssl);
	assert_true(begins(text, "HTTP/1.1 303 See Other\r\n"));
	assert_non_null(strstr(text, "\r\nLocation: https://shop.test/app?id=1\r\n"));

	ssl = ask("POST /licence HTTP/1.1\r\nHost: x\r\nAuthorization: Digest username=\"anna\", realm=\"r\"\r\n\r\n");
	assert_true(asked.a.what == WEB_LICENCE && asked.a.from.authorized);
	assert_string_equal(asked.username, "anna");
	answer(&(struct web_answer){ .code = 401, .challenge = true, .stale = true, .realm = span_of("a\"b\r\nX: y"), .nonce_sha256 = span_of("n1"),
	    .nonce_md5 = span_of("n2"), .type = span_of("application/json"), .body = span_of("{}") });
	text = hear(ssl);
	assert_non_null(strstr(text, "\r\nWWW-Authenticate: Digest realm=\"abX: y\", nonce=\"n1\", qop=\"auth\", algorithm=SHA-256, stale=true\r\n"
	    "WWW-Authenticate: Digest realm=\"abX: y\", nonce=\"n2\", qop=\"auth\", algorithm=MD5, stale=true\r\n"));
	assert_non_null(strstr(text, "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"));
	ssl = ask("POST /licence HTTP/1.1\r\nHost: x\r\n\r\n");		/* a program reads no page */
	answer(&(struct web_answer){ .code = 403, .page = span_of("unknown") });
	text = hear(ssl);
	assert_true(begins(text, "HTTP/1.1 403 Forbidden\r\n"));
	assert_non_null(strstr(text, "Content-Type: application/json\r\nContent-Length: 20\r\n\r\n{\"error\":\"unknown\"}\n"));
	rig_stop(&r);
}

/* A keeper's answer makes no header but its own. */
static void
headers_cannot_be_made(void **st)
{
	SSL		*ssl;
	const char	*text;

	(void)st;
	begin(CONF);
	ssl = ask(GET);
	answer(&(struct web_answer){ .code = 303, .location = span_of("https://x/\r\nX-Injected: 1") });
	text = hear(ssl);
	assert_true(begins(text, "HTTP/1.1 503 "));
	assert_null(strstr(text, "X-Injected"));
	ssl = ask(GET);
	answer(&(struct web_answer){ .code = 200, .type = span_of("text/xml\nX-Injected: 1"), .body = span_of("x") });
	assert_true(begins(hear(ssl), "HTTP/1.1 503 "));
	ssl = ask(GET);
	answer(&(struct web_answer){ .code = 200, .type = span_of("text/xml"), .filename = span_of("a\"\r\nX-I: 1/../b.xml"), .body = span_of("x") });
	assert_non_null(strstr(hear(ssl), "\r\nContent-Disposition: attachment; filename=\"a___X-I__1_.._b.xml\"\r\n"));
	/* An answer to nobody, or to one who is gone, harms nobody. */
	ssl = ask(GET);
	client_close(ssl);
	answer(&(struct web_answer){ .code = 200, .page = span_of("install") });
	asked.id = 1234567;
	answer(&(struct web_answer){ .code = 200, .page = span_of("install") });
	ssl = ask(GET);
	answer(&(struct web_answer){ .code = 200, .page = span_of("no-such-page") });
	assert_true(begins(hear(ssl), "HTTP/1.1 503 "));
	rig_stop(&r);
}

static void
keeper_away(void **st)
{
	SSL		*ssl;
	const char	*text;

	(void)st;
	begin(CONF);
	ssl = ask(GET);
	rig_keeper_close(&r);
	text = hear(ssl);
	assert_true(begins(text, "HTTP/1.1 503 "));
	assert_non_null(strstr(text, "\r\nRetry-After: 10\r\n"));
	ssl = client();
	say(ssl, GET);
	assert_true(begins(hear(ssl), "HTTP/1.1 503 "));
	rig_keeper_open(&r);
	RIG_WAIT(&r, r.hellos > 1);
	ssl = ask(GET);
	answer(&(struct web_answer){ .code = 200, .page = span_of("install") });
	assert_true(begins(hear(ssl), "HTTP/1.1 200 "));
	rig_stop(&r);
}

static long
serial_of(SSL *ssl)
{
	X509	*cert = SSL_get1_peer_certificate(ssl);
	long	 serial = ASN1_INTEGER_get(X509_get_serialNumber(cert));

	X509_free(cert);
	return serial;
}

/* New connections meet the new certificate; what stands goes on; a faulty one changes nothing; its end is told. */
static void
certificate_reloads(void **st)
{
	struct pem	broken = two;
	unsigned	readies, hellos;
	int64_t		until;
	SSL		*old, *ssl;

	(void)st;
	begin(CONF);
	until = r.hello.certificate_until;
	assert_true(until > (int64_t)time(NULL) * 1000);
	old = client();
	assert_int_equal(serial_of(old), 11);
	say(old, "GET /i/ab");
	readies = r.readies;
	hellos = r.hellos;
	rig_send_files(&r, &(struct rig_files){ .pem = &two, .pages = PAGES });
	rig_order(&r, ORDER_CONFIG, rig_text(CONF), -1, -1);
	RIG_WAIT(&r, r.readies > readies && r.hellos > hellos);
	assert_true(r.hello.certificate_until > until);
	ssl = client();
	assert_int_equal(serial_of(ssl), 12);
	client_close(ssl);
	say(old, "c HTTP/1.1\r\nHost: x\r\n\r\n");
	RIG_WAIT(&r, asked.n > 0);
	answer(&(struct web_answer){ .code = 200, .page = span_of("install") });
	assert_true(begins(hear(old), "HTTP/1.1 200 "));
	broken.key[60] ^= 1;
	readies = r.readies;
	rig_send_files(&r, &(struct rig_files){ .pem = &broken, .pages = "\finstall\n{{" });
	rig_order(&r, ORDER_CONFIG, rig_text(CONF), -1, -1);
	RIG_WAIT(&r, r.readies > readies);
	ssl = client();
	assert_int_equal(serial_of(ssl), 12);
	client_close(ssl);
	rig_stop(&r);
}

/* Of a source that may ask once a second.  False: it was let in, as a second had gone by. */
static bool
second_of_two_is_refused(void)
{
	SSL		*both[2] = { client(), client() };
	const char	*text;
	unsigned	 before = asked.n;
	uint64_t	 first;

	assert_true(both[0] != NULL && both[1] != NULL);
	say(both[0], GET);
	RIG_WAIT(&r, asked.n > before);
	first = asked.id;
	say(both[1], GET);
	rig_listen(&r, 200);
	if (asked.n > before + 1)
		answer(&(struct web_answer){ .code = 200, .page = span_of("install") });
	asked.id = first;
	answer(&(struct web_answer){ .code = 200, .page = span_of("install") });
	assert_true(begins(hear(both[0]), "HTTP/1.1 200 "));
	text = hear(both[1]);
	if (strncmp(text, "HTTP/1.1 429 ", 13) != 0)
		return false;
	assert_true(begins(text, "HTTP/1.1 429 Too Many Requests\r\n"));
	assert_non_null(strstr(text, "\r\nRetry-After: 60\r\n"));
	assert_non_null(strstr(text, "\r\n\r\n429 Too many requests"));
	return true;
}

static void
limits_hold(void **st)
{
	SSL		*slow[2], *ssl;

	(void)st;
	begin(CONF "limits { connections = 2 requests_per_second = 0 }\n");
	slow[0] = client();
	slow[1] = client();
	assert_true(slow[0] != NULL && slow[1] != NULL);
	RIG_WAIT(&r, r.counts.connections == 2);
	assert_null(client());
	client_close(slow[0]);
	RIG_WAIT(&r, r.counts.connections == 1);
	ssl = ask(GET);
	answer(&(struct web_answer){ .code = 200, .page = span_of("install") });
	assert_true(begins(hear(ssl), "HTTP/1.1 200 "));
	client_close(slow[1]);
	RIG_WAIT(&r, r.counts.limited == 1);
	rig_stop(&r);

	begin(CONF "limits { requests_per_second = 1 burst = 1 }\n");
	for (int i = 0; !second_of_two_is_refused(); i++) {
		assert_true(i < 20);
		(void)poll(NULL, 0, 1500);	/* it may ask again */
	}
	rig_stop(&r);
}

static void
starts_or_says_why(void **st)
{
	char	conf[512];

	(void)st;
	rig_start(&r, "listen = { \"udp:127.0.0.1:0\" }\n", &(struct rig_files){ .pem = NULL });
	assert_string_equal(r.failed, "");
	assert_string_equal(r.ready, "");
	rig_stop(&r);
	rig_start(&r, CONF, &(struct rig_files){ .pages = PAGES });
	assert_string_equal(r.failed, "http.listen: its certificate or its templates did not come");
	rig_stop(&r);
	rig_start(&r, CONF, &(struct rig_files){ .pem = &one, .pages = "\finstall\n{{" });
	assert_string_equal(r.failed, "http.templates/install.html:1: {{ without a name and }}; write {{name}}");
	rig_stop(&r);
	begin(CONF);
	(void)snprintf(conf, sizeof conf, "http { listen = \"127.0.0.1:%u\" certificate = \"/x\" key = \"/x\" }\n", r.port);
	{
		struct rig	second;

		rig_start(&second, conf, &(struct rig_files){ .pem = &one, .pages = PAGES });
		assert_non_null(strstr(second.failed, "Address already in use"));
		rig_stop(&second);
	}
	rig_stop(&r);
}

static int
set_up(void **st)
{
	(void)st;
	root = make_authority("root", NULL, 1);
	make_pem(&one, "localhost", &root, 0, 11, 86400);
	make_pem(&two, "localhost", &root, 0, 12, 86400 * 2);
	client_ctx = SSL_CTX_new(TLS_client_method());
	return client_ctx == NULL;
}

static int
tear_down(void **st)
{
	(void)st;
	SSL_CTX_free(client_ctx);
	authority_free(&root);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(asks_and_answers),
		cmocka_unit_test(headers_cannot_be_made),
		cmocka_unit_test(keeper_away),
		cmocka_unit_test(certificate_reloads),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(starts_or_says_why),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
