/* links: sip sipd */
/*
 * Requests of the keeper's: what goes to the phone, what of its answers counts, when it is sent again and how it ends.
 */
#include "sipd/sip/client.h"

#include <poll.h>

#include "core/clock.h"
#include "sipd/sip/compose.h"
#include "sipd/sip/due.h"
#include "sipd/sip/udp.h"
#include "tests/unit/front_rig.h"

static struct wire_send
request(const struct rig *r)
{
	return (struct wire_send){ .target = r->where.source, .local = r->where.local, .transport = TRANSPORT_UDP,
		.method = span_of("MESSAGE"), .uri = span_of("sip:bob@192.0.2.1;transport=udp"), .from = span_of("<sip:alice@example.com>"),
		.to = span_of("sip:bob@example.com"), .headers = span_of("Subject: hi\r\nMessage-UUID: u1\r\n"),
		.content_type = span_of("text/plain"), .body = span_of("hello"), .timeout_ms = 5000 };
}

/* Sends it at that time; what the phone gets is in r->answer. */
static void
send_at(struct rig *r, uint64_t id, const struct wire_send *s, int64_t now_ms)
{
	client_send(&r->f, id, s, now_ms);
	(void)answer(r);
}

static void
assert_sent(struct rig *r, uint64_t id, uint32_t code, const char *reason, bool ours)
{
	struct wire_sent	s;

	assert_true(heard(r, WIRE_SENT, &s));
	assert_true(r->frame.id == id);
	assert_int_equal(s.code, code);
	assert_span(s.reason, reason);
	assert_int_equal(s.ours, ours);
}

static void
assert_silence(struct rig *r)
{
	struct wire_sent	s;

	assert_false(heard(r, WIRE_SENT, &s));
}

static void
via_of(const struct rig *r, char via[256])
{
	const char	*line = strstr(r->answer, "\r\nVia: ");

	assert_non_null(line);
	(void)snprintf(via, 256, "%.*s", (int)strcspn(line + 2, "\r"), line + 2);
}

/* An answer of the phone's to a request with that Via. */
static void
phone_says(struct rig *r, const char *status, const char *via, const char *method, const char *more)
{
	char	text[2048];

	(void)snprintf(text, sizeof text, "SIP/2.0 %s\r\n%s\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>;tag=2\r\nCall-ID: c\r\nCSeq: 1 %s\r\n%s"
	    "Content-Length: 0\r\n\r\n", status, via, method, more);
	hear(r, text);
}

/* The whole text, to the letter. */
static void
what_the_phone_gets(void **state)
{
	struct rig		*r = *state;
	struct wire_send	 s = request(r);
	char			 expected[2048], branch[64], tag[17], call_id[33];

	s.route = span_of("<sip:edge;lr>, <sip:core;lr>");
	send_at(r, 1, &s, 0);
	assert_int_equal(sscanf(r->answer, "%*[^\r]\r\nVia: SIP/2.0/UDP %*[^;];branch=%63[^;]", branch), 1);
	assert_int_equal(sscanf(strstr(r->answer, "From:"), "From: <sip:alice@example.com>;tag=%16[0-9a-f]", tag), 1);
	assert_int_equal(sscanf(strstr(r->answer, "Call-ID:"), "Call-ID: %32[0-9a-f]", call_id), 1);
	assert_int_equal(strlen(tag) + strlen(call_id), 48);
	(void)snprintf(expected, sizeof expected, "MESSAGE sip:bob@192.0.2.1;transport=udp SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=%s;rport\r\nMax-Forwards: 70\r\nRoute: <sip:edge;lr>, <sip:core;lr>\r\n"
	    "From: <sip:alice@example.com>;tag=%s\r\nTo: <sip:bob@example.com>\r\nCall-ID: %s\r\nCSeq: 1 MESSAGE\r\n"
	    "Subject: hi\r\nMessage-UUID: u1\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello",
	    r->where.local.port, branch, tag, call_id);
	assert_string_equal(r->answer, expected);
	assert_int_equal(strncmp(branch, "z9hG4bK", 7), 0);
}

/* No request has a line that somebody else's words began. */
static void
no_line_of_others(void **state)
{
	struct rig		*r = *state;
	struct wire_send	 s = request(r);

	s.to = span_of("<sip:bob@h>\r\nEvil: 1");
	s.from = span_of("\"\n\" <sip:a@h>");
	s.headers = span_of("Good: 1\r\n\r\nbody\r\n folded\r\nnone\r\n: x\r\nBad\rOne: 2\nLast: 3");
	s.content_type = span_of("text/plain\r\n\r\nx");
	send_at(r, 1, &s, 0);
	assert_has(r->answer, "From: \" \" <sip:a@h>;tag=");
	assert_has(r->answer, "\r\nTo: <sip:bob@h>  Evil: 1\r\nCall-ID:");
	assert_has(r->answer, "\r\nCSeq: 1 MESSAGE\r\nGood: 1\r\nBad One: 2\r\nLast: 3\r\nContent-Type: text/plain    x\r\nContent-Length: 5\r\n");
}

static void
over_connections_and_ip6(void **state)
{
	struct rig			*r = *state;
	struct wire_send		 s = request(r);
	const struct where		 w = { .transport = TRANSPORT_TLS, .flow = 1 };
	const struct compose_ids	 ids = { .branch = "z9hG4bKx" };
	struct addr			 six;
	struct text_buf			 b = { .s = r->answer, .size = sizeof r->answer - 1 };

	assert_int_equal(addr_parse(&six, "[2001:db8::1]:5061"), 0);
	compose_request(&b, &s, &w, &six, &ids);
	assert_false(b.overflow);
	b.s[b.n] = '\0';
	assert_has(r->answer, "\r\nVia: SIP/2.0/TLS [2001:db8::1]:5061;branch=z9hG4bKx;rport\r\n");
}

static void
answered(void **state)
{
	struct rig		*r = *state;
	struct wire_send	 s = request(r);
	char			 via[256];
	int64_t			 now = clock_boot_ms();
	struct wire_sent	 sent;

	send_at(r, 7, &s, now);
	via_of(r, via);
	assert_int_equal(client_count(r->f.client), 1);
	phone_says(r, "486 Busy \xc3\x84h", via, "MESSAGE", "Retry-After: 90\r\n");
	assert_true(heard(r, WIRE_SENT, &sent));
	assert_true(r->frame.id == 7);
	assert_int_equal(sent.code, 486);
	assert_span(sent.reason, "Busy \xc3\x84h");
	assert_int_equal(sent.retry_after, 90);
	assert_false(sent.ours);
	assert_int_equal(client_count(r->f.client), 0);
	assert_true(client_next_at(r->f.client) == INT64_MAX);	/* nothing wakes for it any more */
	phone_says(r, "200 OK", via, "MESSAGE", "");
	assert_silence(r);
}

static void
answers_that_do_not_count(void **state)
{
	struct rig		*r = *state;
	struct wire_send	 s = request(r);
	char			 via[256], other[512];

	send_at(r, 1, &s, clock_boot_ms());
	via_of(r, via);
	phone_says(r, "200 OK", via, "OPTIONS", "");
	(void)snprintf(other, sizeof other, "%s\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx", via);
	phone_says(r, "200 OK", other, "MESSAGE", "");
	(void)snprintf(other, sizeof other, "%s", via);
	strstr(other, ";rport")[-1] ^= 1;			/* another word */
	phone_says(r, "200 OK", other, "MESSAGE", "");
	(void)snprintf(other, sizeof other, "%s", via);
	strstr(other, "bKwc")[11] ^= 1;				/* another place */
	phone_says(r, "200 OK", other, "MESSAGE", "");
	phone_says(r, "200 OK", "Via: SIP/2.0/UDP h;branch=z9hG4bKwc", "MESSAGE", "");
	phone_says(r, "200 OK", "Via: SIP/2.0/UDP h;branch=z9hG4bKwczzzzzzzzzzzzzzzzzzzzzzzz", "MESSAGE", "");
	r->where.flow = 9;
	phone_says(r, "200 OK", via, "MESSAGE", "");		/* a connection */
	r->where.flow = 0;
	phone_says(r, "180 Ringing", via, "MESSAGE", "");
	assert_silence(r);
	assert_int_equal(client_count(r->f.client), 1);
	r->where.source.port++;					/* the branch is enough */
	phone_says(r, "200 OK", via, "MESSAGE", "");
	assert_sent(r, 1, 200, "OK", false);
}

static struct wire_send
registration(const struct rig *r)
{
	struct wire_send	s = request(r);

	s.method = span_of("REGISTER");
	s.uri = span_of("sip:provider.example");
	s.content_type = s.body = (struct span){ 0 };
	s.headers = span_of("Expires: 600\r\n");
	s.call_id = span_of("reg-7@node");
	s.cseq = 41;
	s.contact = span_of("carol");
	return s;
}

static void
a_registration(void **state)
{
	struct rig		*r = *state;
	struct wire_send	 s = registration(r);
	char			 contact[128];

	send_at(r, 1, &s, 0);
	(void)snprintf(contact, sizeof contact, "\r\nContact: <sip:carol@127.0.0.1:%u>\r\nExpires: 600\r\n", r->where.local.port);
	assert_has(r->answer, "REGISTER sip:provider.example SIP/2.0\r\n");
	assert_has(r->answer, "\r\nCall-ID: reg-7@node\r\nCSeq: 41 REGISTER\r\n");
	assert_has(r->answer, contact);
	s.contact = span_of("a b");
	send_at(r, 2, &s, 0);
	assert_sent(r, 2, 503, "No Request", true);
}

/* What of an answer to a REGISTER is told.  more: with %u for our port. */
static struct wire_sent
told_of(struct rig *r, const char *status, const char *more)
{
	static struct wire_sent	 sent;
	struct wire_send	 s = registration(r);
	char			 via[256], lines[1024];

	send_at(r, 1, &s, clock_boot_ms());
	via_of(r, via);
	(void)snprintf(lines, sizeof lines, more, r->where.local.port);
	phone_says(r, status, via, "REGISTER", lines);
	assert_true(heard(r, WIRE_SENT, &sent));
	return sent;
}

static void
what_a_registrar_grants(void **state)
{
	struct rig	*r = *state;

	assert_int_equal(told_of(r, "200 OK", "Contact: <sip:carol@192.0.2.7:5060>;expires=9, <sip:Carol@127.0.0.1:%u;x=y>;expires=300\r\n").expires, 300);
	assert_int_equal(told_of(r, "200 OK", "Contact: <sip:carol@nat.example>;expires=60\r\n").expires, 60);
	assert_int_equal(told_of(r, "200 OK", "Contact: <sip:carol@127.0.0.1:%u>\r\nExpires: 120\r\n").expires, 120);
	assert_int_equal(told_of(r, "200 OK", "Expires: 90\r\n").expires, 90);
	assert_int_equal(told_of(r, "200 OK", "").expires, EXPIRES_ABSENT);
	assert_int_equal(told_of(r, "200 OK", "Contact: <sip:a@h>;expires=9, <sip:b@h>;expires=9\r\nExpires: 8\r\n").expires, EXPIRES_ABSENT);
	assert_int_equal(told_of(r, "200 OK", "Contact: <sip:carol@h>;expires=99999999999999999999\r\n").expires, EXPIRES_ABSENT - 1);
	assert_int_equal(told_of(r, "423 Interval Too Brief", "Min-Expires: 1800\r\n").min_expires, 1800);
	assert_int_equal(told_of(r, "200 OK", "Min-Expires: 1800\r\nExpires: 1\r\n").min_expires, 0);
}

static const char	both[] = "WWW-Authenticate: Digest realm=\"a \\\"b\\\"\", nonce=\"n1\", algorithm=SHA-256, qop=\"auth,auth-int\", opaque=\"o\"\r\n"
    "WWW-Authenticate: Basic realm=\"x\"\r\nWWW-Authenticate: Digest realm=\"a\", nonce=n2, stale=TRUE\r\n"
    "Proxy-Authenticate: Digest realm=\"p\", nonce=\"n3\", algorithm=\"MD5\"\r\n";

static void
challenges(void **state)
{
	struct rig		*r = *state;
	struct wire_sent	 sent = told_of(r, "401 Unauthorized", both);
	struct digest_challenge	 c;

	assert_true(addr_eq(&sent.source, &r->where.source));
	assert_int_equal(challenge_next(&sent.challenges, &c), 1);
	assert_span(c.realm, "a \\\"b\\\"");
	assert_span(c.nonce, "n1");
	assert_span(c.algorithm, "SHA-256");
	assert_span(c.qop, "auth,auth-int");
	assert_span(c.opaque, "o");
	assert_false(c.stale || c.proxy);
	assert_int_equal(challenge_next(&sent.challenges, &c), 1);
	assert_span(c.nonce, "n2");
	assert_true(c.stale && c.algorithm.n == 0 && c.qop.n == 0);
	assert_int_equal(challenge_next(&sent.challenges, &c), 1);
	assert_span(c.nonce, "n3");
	assert_true(c.proxy);
	assert_int_equal(challenge_next(&sent.challenges, &c), 0);
	assert_int_equal(told_of(r, "403 Forbidden", both).challenges.n, 0);
}

/* Another address may answer, and it is told which; but nobody is given our credentials who was not asked. */
static void
another_address(void **state)
{
	struct rig		*r = *state;
	struct addr		 asked = r->where.source;
	struct wire_send	 s = registration(r);
	struct wire_sent	 sent;
	char			 via[256];

	send_at(r, 1, &s, clock_boot_ms());
	via_of(r, via);
	r->where.source.ip[3]++;
	phone_says(r, "401 Unauthorized", via, "REGISTER", both);
	assert_true(heard(r, WIRE_SENT, &sent));
	assert_int_equal(sent.code, 401);
	assert_int_equal(sent.challenges.n, 0);
	assert_true(addr_eq(&sent.source, &r->where.source) && !addr_same_ip(&sent.source, &asked));
}

/* RFC 3261 section 17.1.2.2: T1, doubled up to T2, until the time is over. */
static void
sent_again(void **state)
{
	static const int64_t	 at[] = { 500, 1500, 3500, 7500, 11500, 15500 };
	struct rig		*r = *state;
	struct wire_send	 s = request(r);
	struct wire_sent	 sent;
	char			 first[sizeof r->answer];

	s.timeout_ms = 16000;
	send_at(r, 3, &s, 1000);
	memcpy(first, r->answer, sizeof first);
	for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
		assert_true(client_next_at(r->f.client) == 1000 + at[i]);
		client_turn(&r->f, 1000 + at[i] - 1);
		assert_string_equal(answer(r), "");
		client_turn(&r->f, 1000 + at[i]);
		assert_string_equal(answer(r), first);
	}
	assert_true(client_next_at(r->f.client) == 17000);
	client_turn(&r->f, 16999);
	assert_silence(r);
	client_turn(&r->f, 17000);
	assert_string_equal(answer(r), "");
	assert_true(heard(r, WIRE_SENT, &sent));
	assert_int_equal(sent.code, 408);
	assert_true(sent.ours);
	assert_int_equal(sent.took_ms, 16000);
	client_turn(&r->f, 100000);
	assert_silence(r);
}

/* A provisional answer slows it down at once. */
static void
heard_but_not_answered(void **state)
{
	struct rig		*r = *state;
	struct wire_send	 s = request(r);
	char			 via[256];

	send_at(r, 3, &s, 0);
	via_of(r, via);
	phone_says(r, "100 Trying", via, "MESSAGE", "");
	client_turn(&r->f, 500);
	assert_true(answer(r)[0] != '\0');
	assert_true(client_next_at(r->f.client) == 4500);
}

/* Waits until the kernel has an error of the socket's; it has it at once. */
static void
hear_errors(struct rig *r)
{
	struct pollfd	p = { .fd = r->where.fd };

	assert_int_equal(poll(&p, 1, 10000), 1);
	udp_errors(&r->f, NULL);
	assert_int_equal(poll(&p, 1, 0), 0);		/* nothing is left that would wake us for ever */
}

/* Nobody has the phone's port any more: only what was sent there ends, at once. */
static void
refused(void **state)
{
	struct rig		*r = *state;
	struct wire_send	 s = request(r);
	struct addr		 gone = r->where.source;
	static const char	 other[] = "OPTIONS sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKwc0000000000000000000000ff\r\n";
	int			 on = 1;

	assert_int_equal(setsockopt(r->where.fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on), 0);
	send_at(r, 1, &s, clock_boot_ms());
	close(r->phone);
	r->phone = dup(r->where.fd);
	assert_true(out_send(r->f.out, r->f.flows, &(struct where){ .source = gone, .port = gone.port, .fd = r->where.fd },
	    other, sizeof other - 1, false));
	out_flush(r->f.out);
	hear_errors(r);
	assert_silence(r);
	assert_int_equal(client_count(r->f.client), 1);
	send_at(r, 2, &s, clock_boot_ms());
	hear_errors(r);
	assert_sent(r, 2, 503, "Connection Refused", true);
	assert_silence(r);
	assert_int_equal(client_count(r->f.client), 1);
	client_turn(&r->f, clock_boot_ms() + CLIENT_T1_MS);	/* the first one is sent again */
	out_flush(r->f.out);
	hear_errors(r);
	assert_sent(r, 1, 503, "Connection Refused", true);
	assert_int_equal(client_count(r->f.client), 0);
}

static void
not_sendable(void **state)
{
	struct rig		*r = *state;
	struct wire_send	 s = request(r);
	struct wire_flow	 flow = { .flow = 77, .source = r->where.source, .local = r->where.local, .transport = TRANSPORT_TLS, .relay = 4 };

	s.uri = span_of("sip:a b@h");
	send_at(r, 1, &s, 0);
	assert_sent(r, 1, 503, "No Request", true);
	s = request(r);
	s.method = span_of("MESSAGE\r\nX: ");
	send_at(r, 2, &s, 0);
	assert_sent(r, 2, 503, "No Request", true);
	s = request(r);
	s.target.port = 0;
	send_at(r, 3, &s, 0);
	assert_sent(r, 3, 503, "No Target", true);
	s = request(r);
	assert_int_equal(addr_parse(&s.target, "[2001:db8::1]:5060"), 0);
	send_at(r, 4, &s, 0);
	assert_sent(r, 4, 503, "No Socket", true);
	s = request(r);
	s.transport = TRANSPORT_TLS;
	s.flow = 77;
	send_at(r, 5, &s, 0);
	assert_sent(r, 5, 503, "Connection Gone", true);
	flows_open(r->f.flows, &flow);		/* known, but nothing was heard on it */
	send_at(r, 6, &s, 0);
	assert_sent(r, 6, 503, "Connection Gone", true);
	r->f.stopping = true;
	s = request(r);
	send_at(r, 7, &s, 0);
	assert_sent(r, 7, 0, "Stopping", true);
	assert_int_equal(client_count(r->f.client), 0);
	assert_true(client_next_at(r->f.client) == INT64_MAX);
}

/* From the socket that the phone knows; else from one that can reach it. */
static void
which_socket(void **state)
{
	struct rig		*r = *state;
	struct wire_send	 s = request(r);
	struct addr		 second;
	int			 fd = bound_socket(&second);
	char			 host[64];

	r->f.sockets.bound[r->f.sockets.n++] = (struct socket){ .fd = fd, .addr = second, .known = second };
	s.local = second;
	send_at(r, 1, &s, 0);
	(void)snprintf(host, sizeof host, "Via: SIP/2.0/UDP 127.0.0.1:%u;", second.port);
	assert_has(r->answer, host);
	s.local = (struct addr){ 0 };
	send_at(r, 2, &s, 0);
	(void)snprintf(host, sizeof host, "Via: SIP/2.0/UDP 127.0.0.1:%u;", r->where.local.port);
	assert_has(r->answer, host);
	close(fd);
}

/* Nobody said from where: the route tells, whichever socket comes first. */
static void
the_way_tells_the_socket(void **state)
{
	struct rig		*r = *state;
	struct wire_send	 s = registration(r);
	char			 text[64];

	s.local = (struct addr){ 0 };
	r->f.sockets.bound[1] = r->f.sockets.bound[0];
	r->f.sockets.n = 2;
	assert_int_equal(addr_parse(&r->f.sockets.bound[0].addr, "192.0.2.77:5060"), 0);
	r->f.sockets.bound[0].known = r->f.sockets.bound[0].addr;
	send_at(r, 1, &s, 0);
	(void)snprintf(text, sizeof text, "Contact: <sip:carol@127.0.0.1:%u>", r->where.local.port);
	assert_has(r->answer, text);
	r->f.sockets.bound[1].any = true;			/* one of all addresses is known by that of the way */
	memset(r->f.sockets.bound[1].addr.ip, 0, 16);
	r->f.sockets.bound[1].known = r->f.sockets.bound[0].addr;
	send_at(r, 2, &s, 0);
	assert_has(r->answer, text);
}

static void
larger_than_a_packet(void **state)
{
	static char		 body[65536];
	struct rig		*r = *state;
	struct wire_send	 s = request(r);

	memset(body, 'x', sizeof body);
	body[100] = '\0';
	s.body = (struct span){ .s = body, .n = 60000 };
	client_send(&r->f, 1, &s, 0);
	out_flush(r->f.out);
	assert_true(recv(r->phone, r->answer, sizeof r->answer, 0) > 60000);
	client_turn(&r->f, 500);
	out_flush(r->f.out);
	assert_true(recv(r->phone, r->answer, sizeof r->answer, 0) > 60000);
	s.body.n = sizeof body;			/* no datagram can hold it */
	send_at(r, 2, &s, 0);
	assert_sent(r, 2, 503, "Request Too Large", true);
}

static void
forgotten_with_the_keeper(void **state)
{
	struct rig		*r = *state;
	struct wire_send	 s = request(r);
	char			 via[256];

	send_at(r, 1, &s, 0);
	via_of(r, via);
	client_forget(r->f.client);
	assert_int_equal(client_count(r->f.client), 0);
	phone_says(r, "200 OK", via, "MESSAGE", "");
	client_turn(&r->f, 100000);
	assert_silence(r);
	assert_string_equal(answer(r), "");
}

/* Those that were asked for pass the limits of strangers; nothing else that looks like an answer does. */
static void
expected_datagrams(void **state)
{
	struct rig		*r = *state;
	struct wire_send	 s = request(r);
	char			 via[256], text[1024];
	size_t			 n;

	assert_false(client_expects(r->f.client, "SIP/2.0 200 OK\r\n", 16));
	send_at(r, 1, &s, 0);
	via_of(r, via);
	n = (size_t)snprintf(text, sizeof text, "SIP/2.0 200 OK\r\n%s", via);
	assert_true(client_expects(r->f.client, text, n));
	for (size_t cut = 0; cut < n - strlen(";rport"); cut++)
		assert_false(client_expects(r->f.client, text, cut));
	text[0] = 'T';
	assert_false(client_expects(r->f.client, text, n));
	client_turn(&r->f, 5000);
	text[0] = 'S';
	assert_false(client_expects(r->f.client, text, n));
}

/* No more than fit, none is lost, and all places can be used again. */
static void
has_limits(void **state)
{
	struct rig		*r = *state;
	struct wire_send	 s = request(r);
	struct wire_sent	 sent;

	for (int round = 0; round < 2; round++) {
		for (uint64_t i = 0; i < CLIENT_PLACES; i++)
			client_send(&r->f, i, &s, (int64_t)(i * 7919 % 1000));
		assert_silence(r);
		client_send(&r->f, 99999, &s, 0);
		assert_sent(r, 99999, 503, "Too Many Requests Outstanding", true);
		assert_int_equal(client_count(r->f.client), CLIENT_PLACES);
		for (int64_t now = 5000; now < 6000; now++) {
			uint32_t	ended = 0;

			client_turn(&r->f, now);
			while (heard(r, WIRE_SENT, &sent)) {
				assert_int_equal(sent.code, 408);
				assert_int_equal(sent.took_ms, 5000);	/* each at its own time */
				ended++;
			}
			assert_in_range(ended, CLIENT_PLACES / 1000, CLIENT_PLACES / 1000 + 1);
		}
		assert_int_equal(client_count(r->f.client), 0);
	}
}

static void
the_earliest_is_due(void **state)
{
	enum { N = 500 };
	struct due	*d = due_new(N);
	int64_t		 ms[N], at, last = -1;
	uint32_t	 seed = 1;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		int32_t	item;

		seed = seed * 1103515245 + 12345;
		item = (int32_t)(seed >> 8) % N;
		ms[item] = seed >> 20;
		if (seed >> 16 & 1)
			due_set(d, item, ms[item]);
		else
			due_clear(d, item);
	}
	for (int32_t i; (i = due_first(d, &at)) >= 0; last = at) {
		assert_true(at == ms[i] && at >= last);
		due_clear(d, i);
	}
	assert_true(last > 0);
	due_free(d);
}

int
main(void)
{
#define T(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest	tests[] = {
		T(what_the_phone_gets), T(no_line_of_others), T(over_connections_and_ip6), T(answered), T(answers_that_do_not_count), T(a_registration),
		T(what_a_registrar_grants), T(challenges), T(another_address), T(sent_again),
		T(heard_but_not_answered), T(refused), T(not_sendable), T(which_socket), T(the_way_tells_the_socket), T(larger_than_a_packet), T(forgotten_with_the_keeper),
		T(expected_datagrams), T(has_limits), cmocka_unit_test(the_earliest_is_due),
	};
#undef T
	return cmocka_run_group_tests(tests, NULL, NULL);
}
