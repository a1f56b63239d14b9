/* links: sip sipd */
/*
 * MESSAGE in, questions to the keeper and answers out.
 */
#include "sipd/sip/message.h"

#include "sipd/sip/cpim.h"
#include "tests/unit/front_rig.h"

static bool
asked(struct rig *r, struct message_ask *ask)
{
	bool	any = heard(r, WIRE_MESSAGE, ask);

	assert_int_equal(r->taken, r->in_n);	/* one question for one request */
	return any;
}

static void
reply(struct rig *r, const struct register_answer *a)
{
	request_answered(&r->f, WIRE_MESSAGE_ANSWER, r->frame.id, a);
}

#define VIA(branch)	"Via: SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK" branch ";rport\r\n"
#define TO(uri, branch)	"MESSAGE " uri " SIP/2.0\r\n" VIA(branch) "From: \"A\" <sip:alice@example.com>;tag=f1\r\n" \
	"To: <sip:bob@example.com>\r\nCall-ID: c1@host\r\nCSeq: 7 MESSAGE\r\n"
#define HEAD(branch)	TO("sip:bob@example.com", branch)
#define TEXT	"Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"

/* A message with a body of that many bytes, all of them bytes that a line must not have. */
static size_t
with_body(char *text, size_t size, const char *head, size_t body)
{
	int	n = snprintf(text, size, "%sContent-Type: application/octet-stream\r\nContent-Length: %zu\r\n\r\n", head, body);

	assert_true(n > 0 && (size_t)n + body <= size);
	for (size_t i = 0; i < body; i++)
		text[(size_t)n + i] = (char)(i * 7);
	return (size_t)n + body;
}

static void
asks_what_was_said(void **state)
{
	struct rig		*r = *state;
	struct message_ask	 ask;

	hear(r, "MESSAGE sip:b%6Fb@example.com SIP/2.0\r\n" VIA("1") "From: \"A\" <sip:al%69ce@example.com>;tag=f1\r\n"
	    "To: <sip:%62ob@example.com>\r\nCall-ID: c1@host\r\nCSeq: 7 MESSAGE\r\nMax-Forwards: 70\r\nUser-Agent: Phone/1.0\r\nExpires: 600\r\nDate: Sat, 29 Feb 2028 05:14:02 GMT\r\n"
	    "Message-UUID: 6f9619ff-8b86\r\nMessage-Version: 3\r\nc: text/plain ; charset=\"UTF-8\"\r\n"
	    "Proxy-Authorization: Digest username=\"alice\", realm=\"example.com\", nonce=\"n1\", uri=\"sip:b\", response=\"r1\", nc=00000001\r\n"
	    "Content-Length: 5\r\n\r\nhello");
	assert_true(asked(r, &ask));
	assert_true(addr_eq(&ask.from.source, &r->where.source));
	assert_int_equal(ask.from.transport, TRANSPORT_UDP);
	assert_span(ask.from.host, "example.com");
	assert_span(ask.user, "bob");
	assert_span(ask.from_user, "alice");
	assert_span(ask.from_host, "example.com");
	assert_span(ask.from.aor_user, "bob");
	assert_span(ask.from.call_id, "c1@host");
	assert_int_equal(ask.from.cseq, 7);
	assert_span(ask.from.user_agent, "Phone/1.0");
	assert_span(ask.uuid, "6f9619ff-8b86");
	assert_int_equal(ask.version, 3);
	assert_int_equal(ask.expires, 600);
	assert_true(ask.date == INT64_C(1835414042000));
	assert_span(ask.content_type, "text/plain ; charset=\"UTF-8\"");
	assert_span(ask.body, "hello");
	assert_int_equal(ask.headers.n, 0);
	assert_true(ask.from.authorized);
	assert_span(ask.from.username, "alice");
	assert_span(ask.from.nonce, "n1");
	assert_span(ask.from.nc, "00000001");
	assert_string_equal(answer(r), "");
}

/* What is absent, or as good as absent. */
static void
absent(void **state)
{
	struct rig		*r = *state;
	struct message_ask	 ask;

	hear(r, HEAD("1") "Date: yesterday\r\nMessage-Version: new\r\nContent-Length: 0\r\n\r\n");
	assert_true(asked(r, &ask));
	assert_int_equal(ask.version, 1);
	assert_int_equal(ask.expires, EXPIRES_ABSENT);
	assert_true(ask.date == 0);
	assert_int_equal(ask.uuid.n + ask.content_type.n + ask.body.n + ask.headers.n, 0);
	assert_false(ask.from.authorized);
	hear(r, HEAD("2") "Authorization: Digest username=\"x\", realm=\"other.org\", nonce=\"o\"\r\n"
	    "Authorization: Digest username=\"alice\", realm=\"example.com\", nonce=\"mine\"\r\n" TEXT);
	assert_true(asked(r, &ask));
	assert_span(ask.from.nonce, "mine");	/* of either header, and of our realm only */
}

static void
headers_from_end_to_end(void **state)
{
	struct rig		*r = *state;
	struct message_ask	 ask;

	hear(r, HEAD("1") "Subject: one\r\n two\r\nP-Asserted-Identity: <sip:boss@example.com>\r\nAccept-Contact: *;video\r\n"
	    "Allow: MESSAGE\r\nRoute: <sip:x;lr>\r\nContact: <sip:a@h>\r\nX-Odd:\tvalue \r\nSupported: x\r\nTimestamp: 1\r\n"
	    "Message-UUID: u\r\nContent-Disposition: render\r\nRemote-Party-ID: <sip:boss@h>\r\nRecord-Route: <sip:y;lr>\r\n" TEXT);
	assert_true(asked(r, &ask));
	assert_span(ask.headers, "Subject: one   two\r\nAccept-Contact: *;video\r\nX-Odd: value\r\nContent-Disposition: render\r\n");
}

#define CPIM(lines)	"From: <sip:a@h>\r\n" lines "\r\nContent-Type: text/plain\r\nimdn.Message-ID: inside\r\n\r\nhi"

static void
imdn_message_ids(void **state)
{
	static const struct {
		const char	*body, *id;
	} rows[] = {
		{ CPIM("NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: 34jk324j\r\n"), "34jk324j" },
		{ CPIM("NS: x <urn:ietf:params:imdn>\r\nx.message-id:  a/b+c==  \r\n"), "a/b+c==" },
		{ CPIM("NS: <urn:ietf:params:imdn>\r\nMessage-ID: plain\r\n"), "plain" },
		{ "NS: imdn <urn:ietf:params:imdn>\nimdn.Message-ID: lf\n\nx", "lf" },
		{ "NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: cut", "cut" },
		{ CPIM("imdn.Message-ID: early\r\nNS: imdn <urn:ietf:params:imdn>\r\n"), "" },
		{ CPIM("NS: imdn <urn:other>\r\nimdn.Message-ID: other\r\n"), "" },
		{ CPIM("NS: imdn <urn:ietf:params:imdn>\r\nNS: imdn <urn:other>\r\nimdn.Message-ID: other\r\n"), "" },
		{ CPIM("NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: two words\r\n"), "" },
		{ CPIM("NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID:\r\n"), "" },
		{ CPIM("NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-IDs: x\r\nMessage-ID: y\r\n"), "" },
		{ "", "" }, { "\r\n", "" }, { ":", "" }, { "NS:\r\nNS: <\r\nNS: >\r\nNS: <>\r\n", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_span(cpim_message_id(span_of(rows[i].body)), rows[i].id);
}

static void
uuid_of_a_cpim_body(void **state)
{
	static const char	 body[] = CPIM("NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: 34jk324j\r\n");
	struct rig		*r = *state;
	struct message_ask	 ask;
	char			 text[2048];

	(void)snprintf(text, sizeof text, HEAD("1") "Content-Type: Message/CPIM\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
	hear(r, text);
	assert_true(asked(r, &ask));
	assert_span(ask.uuid, "34jk324j");
	assert_span(ask.body, body);
	(void)snprintf(text, sizeof text, HEAD("2") "Message-UUID: mine\r\nContent-Type: message/cpim\r\nContent-Length: %zu\r\n\r\n%s",
	    strlen(body), body);
	hear(r, text);
	assert_true(asked(r, &ask));
	assert_span(ask.uuid, "mine");
	(void)snprintf(text, sizeof text, HEAD("3") "Content-Type: text/plain\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
	hear(r, text);
	assert_true(asked(r, &ask));
	assert_int_equal(ask.uuid.n, 0);
}

static void
refused_here(void **state)
{
	static const struct {
		const char	*text, *status;
	} rows[] = {
		{ HEAD("1") "Max-Forwards: 0\r\n" TEXT, "483 Too Many Hops" },
		{ "MESSAGE sip:b@h SIP/2.0\r\n" VIA("2") "From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>;tag=2\r\nCall-ID: c\r\nCSeq: 1 MESSAGE\r\n" TEXT,
		    "481 Call/Transaction Does Not Exist" },
		{ HEAD("3") "Require: teleport\r\n" TEXT, "420 Bad Extension" },
		{ HEAD("4") "Require: path\r\n" TEXT, "420 Bad Extension" },
		{ "MESSAGE sip:b@h SIP/2.0\r\n" VIA("5") "From: <tel:+39>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 1 MESSAGE\r\n" TEXT,
		    "400 From Must Be a SIP URI" },
		{ HEAD("6") "Message-UUID: two words\r\n" TEXT, "400 Bad Message-UUID" },
		{ HEAD("7") "Message-UUID:\r\n" TEXT, "400 Bad Message-UUID" },
		{ HEAD("8") "Content-Type: ;;\r\nContent-Length: 1\r\n\r\nx", "400 Bad Content-Type" },
		{ TO("tel:+39", "9") TEXT, "416 Unsupported URI Scheme" },
		{ HEAD("10") "Proxy-Require: x\r\n" TEXT, "420 Bad Extension" },
	};
	struct rig		*r = *state;
	struct message_ask	 ask;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		hear(r, rows[i].text);
		assert_status(r, rows[i].status);
		assert_false(asked(r, &ask));
	}
}

static void
sizes(void **state)
{
	static char		 text[WIRE_MAX], more[48 * 1024];
	struct rig		*r = *state;
	struct message_ask	 ask;
	size_t			 n;

	n = with_body(text, sizeof text, HEAD("1"), 65536);
	hear_bytes(r, text, n);
	assert_true(asked(r, &ask));
	assert_int_equal(ask.body.n, 65536);
	assert_memory_equal(ask.body.s, text + n - 65536, 65536);
	assert_int_equal(ask.size, 65536);
	hear_bytes(r, text, with_body(text, sizeof text, HEAD("2"), 65537));
	assert_true(asked(r, &ask));		/* the keeper refuses it, when it knows whose it is */
	assert_int_equal(ask.body.n, 0);
	assert_int_equal(ask.size, 65537);
	r->f.conf.queue.max_size = 100;
	hear_bytes(r, text, with_body(text, sizeof text, HEAD("3"), 101));
	assert_true(asked(r, &ask));
	assert_int_equal(ask.body.n, 0);
	assert_int_equal(ask.size, 101);
	n = (size_t)snprintf(more, sizeof more, HEAD("4"));
	while (n < 30 * 1024)
		n += (size_t)snprintf(more + n, sizeof more - n, "X-%zu: %0100d\r\n", n, 0);
	hear_bytes(r, text, with_body(text, sizeof text, more, 10));
	assert_status(r, "413 Headers Too Long");
	assert_false(asked(r, &ask));
	(void)snprintf(text, sizeof text, HEAD("5") "Message-UUID: %0129d\r\n" TEXT, 0);
	hear(r, text);
	assert_status(r, "400 Bad Message-UUID");
}

static void
answers_as_the_keeper_says(void **state)
{
	static const struct {
		struct register_answer	 a;
		const char		*status, *has;
	} rows[] = {
		{ { .code = 407, .challenge = true, .nonce_sha256 = { "n2", 2 }, .nonce_md5 = { "n5", 2 } }, "407 Proxy Authentication Required",
		    "CSeq: 7 MESSAGE\r\nProxy-Authenticate: Digest realm=\"\", nonce=\"n2\", qop=\"auth\", algorithm=SHA-256\r\n"
		    "Proxy-Authenticate: Digest realm=\"\", nonce=\"n5\", qop=\"auth\", algorithm=MD5\r\nContent-Length: 0\r\n\r\n" },
		{ { .code = 401, .challenge = true, .nonce_md5 = { "n5", 2 } }, "401 Unauthorized", "\r\nWWW-Authenticate: Digest " },
		{ { .code = 202 }, "202 Accepted", "CSeq: 7 MESSAGE\r\nContent-Length: 0\r\n\r\n" },
		{ { .code = 480, .retry_after = 60 }, "480 Temporarily Unavailable", "\r\nRetry-After: 60\r\n" },
		{ { .code = 486, .reason = { "No\r\nEvil: 1", 11 } }, "486 No  Evil: 1", "\r\nContent-Length: 0\r\n" },
	};
	struct rig		*r = *state;
	struct message_ask	 ask;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char	text[1024];

		(void)snprintf(text, sizeof text, "MESSAGE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK%zu;rport\r\n"
		    "From: <sip:a@example.com>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 7 MESSAGE\r\n" TEXT, i);
		hear(r, text);
		assert_true(asked(r, &ask));
		reply(r, &rows[i].a);
		assert_status(r, rows[i].status);
		assert_has(r->answer, rows[i].has);
	}
}

/* A repetition of a request that was answered is no second message; what it is challenged with may be another nonce. */
static void
retransmissions(void **state)
{
	const struct register_answer	 challenge = { .code = 407, .challenge = true, .nonce_md5 = span_of("n") }, done = { .code = 202 };
	struct rig			*r = *state;
	struct message_ask		 ask;
	char				 first[sizeof r->answer];

	hear(r, HEAD("1") TEXT);
	assert_true(asked(r, &ask));
	hear(r, HEAD("1") TEXT);
	assert_false(asked(r, &ask));		/* it waits already */
	reply(r, &challenge);
	assert_status(r, "407 Proxy Authentication Required");
	hear(r, HEAD("1") TEXT);
	assert_true(asked(r, &ask));
	reply(r, &done);
	assert_status(r, "202 Accepted");
	memcpy(first, r->answer, sizeof first);
	hear(r, HEAD("1") TEXT);
	assert_false(asked(r, &ask));
	assert_string_equal(answer(r), first);
	hear(r, HEAD("2") TEXT);		/* another one */
	assert_true(asked(r, &ask));
	reply(r, &done);
	assert_status(r, "202 Accepted");
	r->where.source.ip[3]++;		/* somebody else with the same identifiers */
	hear(r, HEAD("1") TEXT);
	assert_true(asked(r, &ask));
}

static void
without_a_keeper(void **state)
{
	struct rig		*r = *state;
	struct message_ask	 ask;
	struct channel		*keeper = r->f.keeper;

	hear(r, HEAD("1") TEXT);
	assert_true(asked(r, &ask));
	r->f.keeper = NULL;
	request_keeper_gone(&r->f);
	assert_status(r, "503 Service Unavailable");
	assert_has(r->answer, "\r\nRetry-After: 5\r\n");
	hear(r, HEAD("2") TEXT);
	assert_status(r, "503 Service Unavailable");
	r->f.keeper = keeper;
	hear(r, HEAD("1") TEXT);		/* it was not taken: it may come again */
	assert_true(asked(r, &ask));
}

static void
said_has_limits(void **state)
{
	static char	 big[SAID_BYTES_MAX / 2];
	struct said	*s = said_new(SAID_BYTES_MAX);

	(void)state;
	assert_int_equal(said_find(s, 1, 0).n, 0);
	said_put(s, 1, span_of("one"), 0);
	said_put(s, 1 + SAID_PLACES, span_of("in the same chain"), 10);
	assert_span(said_find(s, 1, SAID_LIFE_MS - 1), "one");
	assert_span(said_find(s, 1 + SAID_PLACES, SAID_LIFE_MS), "in the same chain");
	assert_int_equal(said_find(s, 1, SAID_LIFE_MS).n, 0);
	for (uint64_t i = 0; i < SAID_PLACES + 1; i++)
		said_put(s, 1000 + i, span_of("many"), SAID_LIFE_MS);
	assert_int_equal(said_find(s, 1000, SAID_LIFE_MS).n, 0);
	assert_span(said_find(s, 1001, SAID_LIFE_MS), "many");
	said_put(s, 7, (struct span){ .s = big, .n = sizeof big }, SAID_LIFE_MS);
	said_put(s, 8, (struct span){ .s = big, .n = sizeof big }, SAID_LIFE_MS);
	assert_int_equal(said_find(s, 1000 + SAID_PLACES, SAID_LIFE_MS).n, 0);
	assert_int_equal(said_find(s, 8, SAID_LIFE_MS).n, sizeof big);
	said_free(s);
}

int
main(void)
{
#define T(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest	tests[] = {
		T(asks_what_was_said), T(absent), T(headers_from_end_to_end), cmocka_unit_test(imdn_message_ids), T(uuid_of_a_cpim_body),
		T(refused_here), T(sizes), T(answers_as_the_keeper_says), T(retransmissions), T(without_a_keeper),
		cmocka_unit_test(said_has_limits),
	};
#undef T
	return cmocka_run_group_tests(tests, NULL, NULL);
}
