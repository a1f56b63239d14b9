/* links: web net sipd */
/*
 * Requests of ours: the web process, shut in as it is, asks servers of the test, each of which is a child that answers one request.
 */
#include "tests/unit/web_rig.h"

#define CONF	"resolver { servers = { \"127.0.0.1:1\" } }\n"		/* where nobody is */
#define HOSTS	"127.0.0.1 gateway.test other.test a.wild.test\n::1 two.test\n127.0.0.1 two.test\n"

enum { TEXT = 1024 };

static struct authority	root, stranger;
static char		root_text[8192];
static struct rig	r;
static uint64_t		last_id;

static struct got {
	uint64_t		id;
	unsigned		n;
	struct wire_fetched	w;
	char			error[TEXT], body[TEXT];
} got;

static void
on_fetched(struct rig *rig, const struct frame *frame)
{
	(void)rig;
	assert_int_equal(frame->type, WIRE_FETCHED);
	got.n++;
	got.id = frame->id;
	assert_int_equal(frame_decode(frame, &got.w), 0);
	(void)span_get(got.w.error, got.error, sizeof got.error);
	(void)span_get(got.w.body, got.body, sizeof got.body);
}

static void
begin(void)
{
	rig_start(&r, CONF, &(struct rig_files){ .hosts = HOSTS, .ca = root_text });
	assert_string_equal(r.failed, "");
	r.on_other = on_fetched;
}

static void
ask(const char *url, uint32_t timeout_ms)
{
	got = (struct got){ 0 };
	assert_int_equal(channel_send(r.keeper, WIRE_FETCH, ++last_id, &(struct wire_fetch){ span_of(url), timeout_ms }), 0);
	channel_flush(r.keeper);
}

static void
expect(unsigned code, const char *body, const char *error)
{
	RIG_WAIT(&r, got.n > 0);
	assert_int_equal(got.n, 1);
	assert_int_equal(got.id, last_id);
	assert_string_equal(got.error, error);
	assert_int_equal(got.w.code, code);
	if (body != NULL)
		assert_string_equal(got.body, body);
}

/* Formats an URL of the port at once. */
static const char *
url(const char *format, uint16_t port)
{
	static char	text[TEXT];
	size_t		at = strcspn(format, "@");

	(void)snprintf(text, sizeof text, "%.*s%u%s", (int)at, format, port, format + at + (format[at] == '@'));
	return text;
}

/* What a server of the test does with its only connection. */
struct script {
	const char	*expect;	/* the request holds it */
	const char	*answer;
	bool		 stay;		/* it does not close then */
	SSL_CTX		*tls;
};

static pid_t
serve(int fd, const struct script *s)
{
	char	in[4096];
	pid_t	pid = fork();
	size_t	n = 0;
	ssize_t	part;
	SSL	*ssl = NULL;
	int	c;

	assert_true(pid >= 0);
	if (pid != 0)
		return pid;
	if ((c = accept(fd, NULL, NULL)) < 0)
		_exit(1);
	if (s->tls != NULL) {
		ssl = SSL_new(s->tls);
		SSL_set_fd(ssl, c);
		if (SSL_accept(ssl) != 1)
			_exit(2);
	}
	do {
		part = ssl != NULL ? SSL_read(ssl, in + n, (int)(sizeof in - 1 - n)) : recv(c, in + n, sizeof in - 1 - n, 0);
		if (part <= 0)
			_exit(3);
		n += (size_t)part;
		in[n] = '\0';
	} while (strstr(in, "\r\n\r\n") == NULL);
	if (strstr(in, s->expect) == NULL) {
		print_error("the request: %s", in);
		_exit(4);
	}
	if (ssl != NULL)
		(void)SSL_write(ssl, s->answer, (int)strlen(s->answer));
	else
		(void)!write(c, s->answer, strlen(s->answer));
	if (s->stay)
		(void)recv(c, in, 1, 0);
	_exit(0);
}

static void
served(pid_t pid, int wanted)
{
	int	status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), wanted);
}

static char	long_body[2048];

static void
answers(void **st)
{
	static const struct {
		const char	*url, *expect, *answer;
		bool		 stay;
		unsigned	 code;
		const char	*body;
	} rows[] = {
		{ "http://gateway.test:@/send?to=%2B31&text=a+b", "GET /send?to=%2B31&text=a+b HTTP/1.1\r\nHost: gateway.test:",
		  "HTTP/1.1 202 Accepted\r\nContent-Length: 18\r\n\r\n0: Accepted for deli", true, 202, "0: Accepted for de" },
		{ "http://127.0.0.1:@", "GET / HTTP/1.1\r\n", "HTTP/1.0 200 OK\r\n\r\nuntil the end", false, 200, "until the end" },
		{ "http://127.0.0.1:@/x#part", "GET /x HTTP/1.1\r\n", "HTTP/1.1 403 No\nX: y\n\n", false, 403, "" },
		{ "http://127.0.0.1:@/", "Connection: close\r\n",
		  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nchun\r\n3;x=y\r\nked\r\n0\r\n\r\n", true, 200,
		  "chunked" },
		{ "http://us%3Aer:p%40ss@127.0.0.1:@/", "Authorization: Basic dXM6ZXI6cEBzcw==\r\n", "HTTP/1.1 204 No Content\r\n\r\n", true, 204, "" },
		{ "http://127.0.0.1:@/", "User-Agent: Wirechief/", "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
		  true, 302, "" },
		{ "http://two.test:@/", "Host: two.test:", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", true, 200, "ok" },	/* ::1 is refused */
		{ "http://127.0.0.1:@/", "GET", long_body, true, 200, NULL },
	};
	uint16_t	port;
	int		fd = rig_server(&port);
	pid_t		pid;

	(void)st;
	(void)strcpy(long_body, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
	memset(long_body + strlen(long_body), 'x', 1500);
	begin();
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char	*format = rows[i].url, *at = strrchr(format, '@');
		char		 text[TEXT];

		if (at == NULL)
			(void)snprintf(text, sizeof text, "%s", format);
		else
			(void)snprintf(text, sizeof text, "%.*s%u%s", (int)(at - format), format, port, at + 1);
		pid = serve(fd, &(struct script){ rows[i].expect, rows[i].answer, rows[i].stay, NULL });
		ask(text, 0);
		expect(rows[i].code, rows[i].body, "");
		served(pid, 0);
	}
	assert_int_equal(strlen(got.body), 512);
	close(fd);
	rig_stop(&r);
}

static void
fails_clearly(void **st)
{
	static const struct { const char *url, *error; } rows[] = {
		{ "http://127.0.0.1:1/", "connection refused" },
		{ "ftp://gateway.test/", "the URL does not begin with http:// or https://" },
		{ "http://gateway.test/a b", "the URL holds a blank or a letter that must be written as %XX" },
		{ "http://gateway.test/\r\nX: y", "the URL holds a blank or a letter that must be written as %XX" },
		{ "http://:80/", "the URL names no host, or no port from 1 to 65535" },
		{ "http://nowhere.test/", "the name server 127.0.0.1:1 can't be reached or refuses to answer" },
	};

	(void)st;
	begin();
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		ask(rows[i].url, 20000);
		expect(0, NULL, rows[i].error);
	}
	rig_stop(&r);
}

static void
nonsense_is_told(void **st)
{
	static const struct { const char *answer, *error; } rows[] = {
		{ "", "it closed the connection without an answer" },
		{ "220 mail.test ESMTP\r\n", "what answers there does not speak HTTP" },
		{ "HTTP/1.1 2x0 OK\r\n\r\n", "what answers there does not speak HTTP" },
		{ "HTTP/1.1 200 OK\r\nContent-Le", "what answers there does not speak HTTP" },
	};
	uint16_t	port;
	int		fd = rig_server(&port);
	pid_t		pid;

	(void)st;
	begin();
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		pid = serve(fd, &(struct script){ "GET", rows[i].answer, false, NULL });
		ask(url("http://127.0.0.1:@/", port), 0);
		expect(0, NULL, rows[i].error);
		served(pid, 0);
	}
	/* Silence ends. */
	pid = serve(fd, &(struct script){ "GET", "HTTP/1.1 200 OK\r\n", true, NULL });
	ask(url("http://127.0.0.1:@/", port), 300);
	expect(0, NULL, "no answer to the request in 0.3 s");
	served(pid, 0);
	close(fd);
	rig_stop(&r);
}

static SSL_CTX *
context(const char *alternatives, const struct authority *issuer)
{
	SSL_CTX		*ctx = SSL_CTX_new(TLS_server_method());
	EVP_PKEY	*key = make_key(0);
	X509		*cert = make_cert(key, "x", issuer, false, 7, 86400);
	X509_EXTENSION	*ext = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, alternatives);

	assert_int_equal(X509_add_ext(cert, ext, -1), 1);
	X509_EXTENSION_free(ext);
	assert_true(X509_sign(cert, issuer->key, EVP_sha256()) > 0);
	assert_int_equal(SSL_CTX_use_certificate(ctx, cert), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(ctx, key), 1);
	X509_free(cert);
	EVP_PKEY_free(key);
	return ctx;
}

static void
meets_whom_it_wants(void **st)
{
	static const struct {
		const char	*url, *names;
		bool		 stranger;
		const char	*error;
	} rows[] = {
		{ "https://gateway.test:@/", "DNS:gateway.test", false, "" },
		{ "https://a.wild.test:@/", "DNS:*.wild.test", false, "" },
		{ "https://127.0.0.1:@/", "IP:127.0.0.1", false, "" },
		{ "https://other.test:@/", "DNS:gateway.test", false, "certificate is for gateway.test, not other.test" },
		{ "https://gateway.test:@/", "URI:sip:gateway.test", false, "certificate is for sip:gateway.test, not gateway.test" },
		{ "https://gateway.test:@/", "DNS:gateway.test", true, "certificate is not signed by anyone we trust (but by stranger)" },
	};
	uint16_t	port;
	int		fd = rig_server(&port);
	pid_t		pid;

	(void)st;
	begin();
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		SSL_CTX	*ctx = context(rows[i].names, rows[i].stranger ? &stranger : &root);
		bool	 good = rows[i].error[0] == '\0';

		pid = serve(fd, &(struct script){ "GET", "HTTP/1.1 200 OK\r\n\r\nsecret", false, ctx });
		ask(url(rows[i].url, port), 0);
		expect(good ? 200 : 0, good ? "secret" : "", rows[i].error);
		assert_true(got.w.certificate_until > (int64_t)time(NULL) * 1000);
		served(pid, good ? 0 : 2);
		SSL_CTX_free(ctx);
	}
	pid = serve(fd, &(struct script){ "GET", "", false, NULL });
	ask(url("https://127.0.0.1:@/", port), 1000);
	RIG_WAIT(&r, got.n > 0);
	assert_int_equal(got.w.code, 0);
	assert_true(got.error[0] != '\0');
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	close(fd);
	rig_stop(&r);
}

/* A UDP socket of the test. */
static int
name_server(uint16_t *port)
{
	struct sockaddr_in	at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t		n = sizeof at;
	int			fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

/* Answers A with 127.0.0.1 and all else with nothing, in a child, until it is killed. */
static pid_t
answer_names(int fd)
{
	static const uint8_t	address[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1 };
	struct sockaddr_in	from;
	socklen_t		len;
	uint8_t			m[1024];
	ssize_t			n;
	size_t			at;
	pid_t			pid = fork();

	assert_true(pid >= 0);
	if (pid != 0)
		return pid;
	for (;;) {
		len = sizeof from;
		if ((n = recvfrom(fd, m, 512, 0, (struct sockaddr *)&from, &len)) < 12)
			continue;
		for (at = 12; m[at] != 0 && at < 500; at += m[at] + 1u)
			continue;
		at += 5;			/* what follows the question is left out */
		m[2] = 0x81;
		m[3] = 0x80;
		memset(m + 6, 0, 6);
		m[7] = m[at - 3] == 1;		/* A */
		memcpy(m + at, address, sizeof address);
		(void)sendto(fd, m, at + (m[7] ? sizeof address : 0), 0, (struct sockaddr *)&from, len);
	}
}

/* A name is asked of the configured server; where that is silent, a reload asks the new one. */
static void
looks_names_up(void **st)
{
	uint16_t	port, silent_port, dns_port;
	int		fd = rig_server(&port), silent = name_server(&silent_port), dns = name_server(&dns_port);
	pid_t		names = answer_names(dns), server;
	char		conf[128];

	(void)st;
	(void)snprintf(conf, sizeof conf, "resolver { servers = { \"127.0.0.1:%u\" } }\n", silent_port);
	rig_start(&r, conf, &(struct rig_files){ .hosts = HOSTS, .ca = root_text });
	r.on_other = on_fetched;
	server = serve(fd, &(struct script){ "Host: far.test", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nfar", true, NULL });
	ask(url("http://far.test:@/", port), 60000);
	assert_int_equal(poll(&(struct pollfd){ silent, POLLIN, 0 }, 1, RIG_PATIENCE_MS), 1);	/* it is asked, and says nothing */
	(void)snprintf(conf, sizeof conf, "resolver { servers = { \"127.0.0.1:%u\" } }\n", dns_port);
	rig_order(&r, ORDER_CONFIG, rig_text(conf), -1, -1);
	expect(200, "far", "");
	served(server, 0);
	server = serve(fd, &(struct script){ "Host: near.test", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnear", true, NULL });
	ask(url("http://near.test:@/", port), 60000);
	expect(200, "near", "");
	served(server, 0);
	(void)snprintf(conf, sizeof conf, "resolver { servers = { \"127.0.0.1:%u\" } }\n", silent_port);
	rig_order(&r, ORDER_CONFIG, rig_text(conf), -1, -1);
	ask("http://late.test/", 300);
	expect(0, NULL, "the name was not found in 0.3 s");
	(void)kill(names, SIGKILL);
	(void)waitpid(names, NULL, 0);
	close(fd);
	close(silent);
	close(dns);
	rig_stop(&r);
}

/* A keeper that comes anew is not told what another asked. */
static void
forgets_with_the_keeper(void **st)
{
	uint16_t	port;
	int		fd = rig_server(&port);

	(void)st;
	begin();
	ask(url("http://127.0.0.1:@/", port), 500);
	rig_keeper_close(&r);
	rig_keeper_open(&r);
	RIG_WAIT(&r, r.hellos == 2);
	ask("http://127.0.0.1:1/", 0);
	expect(0, NULL, "connection refused");
	assert_int_equal(got.n, 1);
	close(fd);
	rig_stop(&r);
}

static int
set_up(void **st)
{
	(void)st;
	root = make_authority("root", NULL, 1);
	stranger = make_authority("stranger", NULL, 2);
	cert_text(root.cert, NULL, root_text, sizeof root_text);
	return 0;
}

static int
tear_down(void **st)
{
	(void)st;
	authority_free(&root);
	authority_free(&stranger);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(answers),
		cmocka_unit_test(fails_clearly),
		cmocka_unit_test(nonsense_is_told),
		cmocka_unit_test(meets_whom_it_wants),
		cmocka_unit_test(looks_names_up),
		cmocka_unit_test(forgets_with_the_keeper),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
