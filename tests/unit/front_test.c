/* links: sip sipd */
/*
 * REGISTER in, questions to the keeper and answers out, and what the front answers itself.
 */
#include "tests/unit/front_rig.h"

/* One question for one request. */
static bool
asked(struct rig *r, struct register_ask *ask)
{
	bool	any = heard(r, WIRE_REGISTER, ask);

	assert_int_equal(r->taken, r->in_n);
	return any;
}

#define VIA	"Via: SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bKone;rport\r\n"
#define IDS	"From: \"Bob\" <sip:bob@example.com>;tag=f1\r\nTo: <sip:bob@example.com>\r\nCall-ID: c1@host\r\nCSeq: 7 REGISTER\r\n"
#define HEAD	"REGISTER sip:example.com SIP/2.0\r\n" VIA IDS
#define END	"Content-Length: 0\r\n\r\n"

static void
asks_what_was_said(void **state)
{
	struct rig		*r = *state;
	struct register_ask	 ask;
	struct register_contact	 c;

	hear(r, HEAD "Contact: \"B\" <sip:bob@192.0.2.1:5070;transport=udp>;q=0.25;expires=60;+sip.instance=\"<urn:uuid:1>\";reg-id=2\r\n"
	    "Contact: <sip:bob@192.0.2.2>, <sip:bob@192.0.2.3>;expires=0\r\n"
	    "Expires: 1800\r\nUser-Agent: Phone/1.0\r\nSupported: path, outbound\r\nPath: <sip:edge.example.com;lr;ob>;x=1\r\n"
	    "Path: <sip:core.example.com;lr>\r\n"
	    "Authorization: Digest username=\"bob\", realm=\"example.com\",nonce=\"n1\", uri=\"sip:example.com\", response=\"r1\",\r\n"
	    " algorithm=SHA-256, cnonce=\"c,n\", nc=00000001, qop=auth, userhash=true\r\n" END);
	assert_true(asked(r, &ask));
	assert_true(addr_eq(&ask.source, &r->where.source));
	assert_true(addr_eq(&ask.local, &r->where.local));
	assert_int_equal(ask.transport, TRANSPORT_UDP);
	assert_span(ask.host, "example.com");
	assert_span(ask.aor_user, "bob");
	assert_span(ask.aor_host, "example.com");
	assert_true(ask.aor_sip && ask.via_one_hop && ask.supports_path && ask.supports_outbound && !ask.star);
	assert_span(ask.call_id, "c1@host");
	assert_int_equal(ask.cseq, 7);
	assert_int_equal(ask.expires, 1800);
	assert_span(ask.user_agent, "Phone/1.0");
	assert_span(ask.path, "<sip:edge.example.com;lr;ob>;x=1, <sip:core.example.com;lr>");
	assert_int_equal(ask.n_contacts, 3);
	assert_int_equal(contact_next(&ask.contacts, &c), 1);
	assert_span(c.uri, "sip:bob@192.0.2.1:5070;transport=udp");
	assert_span(c.instance, "<urn:uuid:1>");
	assert_int_equal(c.reg_id, 2);
	assert_int_equal(c.q, 250);
	assert_int_equal(c.expires, 60);
	assert_int_equal(contact_next(&ask.contacts, &c), 1);
	assert_span(c.uri, "sip:bob@192.0.2.2");
	assert_int_equal(c.q, 1000);
	assert_int_equal(c.expires, EXPIRES_ABSENT);
	assert_int_equal(contact_next(&ask.contacts, &c), 1);
	assert_int_equal(c.expires, 0);
	assert_int_equal(contact_next(&ask.contacts, &c), 0);
	assert_true(ask.authorized && ask.userhash);
	assert_span(ask.username, "bob");
	assert_span(ask.realm, "example.com");
	assert_span(ask.nonce, "n1");
	assert_span(ask.uri, "sip:example.com");
	assert_span(ask.response, "r1");
	assert_span(ask.algorithm, "SHA-256");
	assert_span(ask.cnonce, "c,n");
	assert_span(ask.nc, "00000001");
	assert_span(ask.qop, "auth");
	assert_string_equal(answer(r), "");
}

/* RFC 3261 section 10.3: what is malformed counts as absent. */
static void
times_that_are_none(void **state)
{
	static const struct {
		const char	*headers;
		uint32_t	 header, contact;
	} rows[] = {
		{ "Expires: soon\r\nContact: <sip:b@h>;expires=never\r\n", EXPIRES_ABSENT, EXPIRES_ABSENT },
		{ "Expires: 0\r\nContact: <sip:b@h>;expires=60x\r\n", 0, EXPIRES_ABSENT },
		{ "Expires: 99999999999999999999\r\nContact: <sip:b@h>;expires=99999999999999999999\r\n", EXPIRES_ABSENT - 1, EXPIRES_ABSENT - 1 },
		{ "Contact: <sip:b@h>;expires=-1\r\n", EXPIRES_ABSENT, EXPIRES_ABSENT },
		{ "Expires: 60\r\nContact: <sip:b@h>\r\n", 60, EXPIRES_ABSENT },
	};
	struct rig	*r = *state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct register_ask	ask;
		struct register_contact	c;
		char			text[1024];

		(void)snprintf(text, sizeof text, "REGISTER sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK%zu;rport\r\n" IDS
		    "%s" END, i, rows[i].headers);
		hear(r, text);
		assert_true(asked(r, &ask));
		if (rows[i].header == EXPIRES_ABSENT - 1)
			assert_in_range(ask.expires, 0x7fffffff, EXPIRES_ABSENT);	/* libsofia's largest, or absent */
		else
			assert_int_equal(ask.expires, rows[i].header);
		assert_int_equal(contact_next(&ask.contacts, &c), 1);
		assert_int_equal(c.expires, rows[i].contact);
	}
}

static void
names_without_their_escapes(void **state)
{
	struct rig		*r = *state;
	struct register_ask	 ask;

	hear(r, "REGISTER sip:example.com SIP/2.0\r\n" VIA "From: <sip:a@example.com>;tag=1\r\nTo: <sip:null-%00-%41%2Fb@EXAMPLE.com>\r\n"
	    "Call-ID: c\r\nCSeq: 1 REGISTER\r\n" END);
	assert_true(asked(r, &ask));
	assert_span(ask.aor_user, "null-%00-A/b");
	assert_span(ask.aor_host, "EXAMPLE.com");
	assert_int_equal(ask.n_contacts, 0);
	assert_false(ask.authorized);
}

static void
star(void **state)
{
	struct rig		*r = *state;
	struct register_ask	 ask;

	hear(r, HEAD "Contact: *\r\nExpires: 0\r\n" END);
	assert_true(asked(r, &ask));
	assert_true(ask.star);
	assert_int_equal(ask.contacts.n, 0);
	assert_int_equal(ask.expires, 0);
}

static void
credentials_of_others(void **state)
{
	struct rig		*r = *state;
	struct register_ask	 ask;

	hear(r, HEAD "Authorization: Basic Ym9iOmJvYg==\r\nAuthorization: Digest username=\"x\", realm=\"other.org\", nonce=\"o\"\r\n"
	    "Authorization: Digest username=\"bob\", realm=\"example.com\", nonce=\"ours\"\r\n" END);
	assert_true(asked(r, &ask));
	assert_true(ask.authorized);
	assert_span(ask.nonce, "ours");
	hear(r, "REGISTER sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKtwo;rport\r\n" IDS
	    "Authorization: NoOneKnowsThisScheme opaque-data=here\r\n" END);
	assert_true(asked(r, &ask));
	assert_false(ask.authorized);
}

static void
refused_here(void **state)
{
#define OF(method, uri)	method " " uri " SIP/2.0\r\n" VIA "From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 1 " method "\r\n"
	static const struct {
		const char	*text, *status, *also;
	} rows[] = {
		{ HEAD "Contact: <tel:+391234>\r\n" END, "400 Contact Is Not a SIP URI", "" },
		{ HEAD "Require: path, teleport\r\nProxy-Require: outbound\r\n" END, "420 Bad Extension",
		    "\r\nUnsupported: teleport, outbound\r\n" },
		{ "REGISTER sip:example.com SIP/2.0\r\n" VIA "To: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\n" END, "400 Missing Header", "" },
		{ "REGISTER sip:example.com SIP/2.0\r\n" VIA "From: <http://h>;tag=1\r\nTo: <isbn:1>\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\n" END,
		    "400 To and From Must Be SIP URIs", "" },
		{ HEAD "CSeq: 8 REGISTER\r\n" END, "400 Bad CSeq", "" },
		{ "REGISTER sip:example.com SIP/7.0\r\n" VIA IDS END, "505 Version Not Supported", "" },
		{ "REGISTER tel:+39 SIP/2.0\r\n" VIA IDS END, "416 Unsupported URI Scheme", "" },
		{ "REGISTER sip:example.com?Route=x SIP/2.0\r\n" VIA IDS END, "400 Headers in Request-URI", "" },
		{ "OPTIONS sip:example.com SIP/2.0\r\n" VIA IDS END, "400 CSeq Method Does Not Match", "" },
		{ OF("NEWMETHOD", "sip:h") END, "501 Not Implemented", "\r\nAllow: REGISTER, OPTIONS, MESSAGE, INVITE, " },
		{ OF("INVITE", "sip:b@h") "Max-Forwards: 0\r\n" END, "483 Too Many Hops", "" },
		{ OF("MESSAGE", "sip:b@h") "Max-Forwards: 0\r\n" END, "483 Too Many Hops", "" },
		{ OF("CANCEL", "sip:b@h") END, "481 Call/Transaction Does Not Exist", "" },
		{ OF("OPTIONS", "sip:h") END, "200 OK", "\r\nSupported: path, outbound\r\n" },
		{ "REGISTER sip:h SIP/2.0\r\nVia: SIP/2.0/UDP h;;,;,,\r\n" IDS END, "400 Bad Via", "\r\nVia: SIP/2.0/UDP h;;,;,,\r\n" },
	};
	struct rig		*r = *state;
	struct register_ask	 ask;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		hear(r, rows[i].text);
		assert_status(r, rows[i].status);
		assert_has(r->answer, rows[i].also);
		assert_has(r->answer, "\r\nContent-Length: 0\r\n\r\n");
		assert_false(asked(r, &ask));
	}
	hear(r, OF("ACK", "sip:b@h") END);
	assert_string_equal(answer(r), "");
	hear(r, "SIP/2.0 200 OK\r\n" VIA IDS END);
	assert_string_equal(answer(r), "");
	hear(r, "REGISTER sip:example.com SIP/2.0\r\n" IDS END);	/* nobody to be answered */
	assert_string_equal(answer(r), "");
#undef OF
}

static void
too_many_contacts(void **state)
{
	struct rig		*r = *state;
	struct register_ask	 ask;
	char			 text[4096] = HEAD;

	for (int i = 0; i < ASK_CONTACTS_MAX; i++)
		(void)snprintf(text + strlen(text), sizeof text - strlen(text), "Contact: <sip:b@192.0.2.%d>\r\n", i);
	(void)snprintf(text + strlen(text), sizeof text - strlen(text), END);
	hear(r, text);
	assert_true(asked(r, &ask));
	assert_int_equal(ask.n_contacts, ASK_CONTACTS_MAX);
	(void)snprintf(text + strlen(text) - strlen(END), sizeof text - strlen(text), "Contact: <sip:b@h>\r\n" END);
	memcpy(strstr(text, "bKone"), "bKtwo", 5);
	hear(r, text);
	assert_status(r, "413 Too Many Contacts");
}

static void
reply(struct rig *r, uint64_t id, const struct register_answer *a)
{
	request_answered(&r->f, WIRE_REGISTER_ANSWER, id, a);
}

/* The whole text, to the letter. */
static void
answers_as_the_keeper_says(void **state)
{
	struct rig			*r = *state;
	struct register_ask		 ask;
	uint8_t				 list[1024];
	struct register_answer		 a = { .code = 200, .path = span_of("<sip:edge;lr>"), .outbound = true };
	const struct register_contact	 one = { .uri = span_of("sip:bob@192.0.2.1"), .q = 250, .expires = 60,
		.instance = span_of("<urn:uuid:1>"), .reg_id = 1 };
	const struct register_contact	 two = { .uri = span_of("sip:bob@192.0.2.2"), .q = 1000, .expires = 3600 };
	char				 expected[2048], tag[17];
	int				 n;

	n = contact_append(list, 0, sizeof list, &one);
	n = contact_append(list, (size_t)n, sizeof list, &two);
	a.contacts = (struct span){ .s = (const char *)list, .n = (size_t)n };
	hear(r, HEAD "Contact: <sip:bob@192.0.2.1>\r\n" END);
	assert_true(asked(r, &ask));
	r->f.date_at = 1;
	reply(r, r->frame.id, &a);
	assert_non_null(strstr(answer(r), ";tag="));
	assert_true(span_get((struct span){ .s = strstr(strstr(r->answer, "To:"), ";tag=") + 5, .n = 16 }, tag, sizeof tag));
	(void)snprintf(expected, sizeof expected, "SIP/2.0 200 OK\r\n"
	    "Via: SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bKone;received=127.0.0.1;rport=%u\r\n"
	    "From: \"Bob\" <sip:bob@example.com>;tag=f1\r\nTo: <sip:bob@example.com>;tag=%s\r\nCall-ID: c1@host\r\nCSeq: 7 REGISTER\r\n"
	    "Contact: <sip:bob@192.0.2.1>;expires=60;q=0.250;+sip.instance=\"<urn:uuid:1>\";reg-id=1\r\n"
	    "Contact: <sip:bob@192.0.2.2>;expires=3600\r\nPath: <sip:edge;lr>\r\nRequire: outbound\r\nSupported: path, outbound\r\n"
	    "%sContent-Length: 0\r\n\r\n", r->where.source.port, tag, r->f.date);
	assert_string_equal(r->answer, expected);
	assert_int_equal(strspn(tag, "0123456789abcdef"), 16);
	reply(r, r->frame.id, &a);		/* a second one meets nobody */
	assert_string_equal(answer(r), "");
}

static void
challenges(void **state)
{
	struct rig		*r = *state;
	struct register_ask	 ask;
	struct register_answer	 a = { .code = 401, .challenge = true, .stale = true, .realm = span_of("example.com"),
		.nonce_sha256 = span_of("n-256"), .nonce_md5 = span_of("n-5") };

	hear(r, HEAD END);
	assert_true(asked(r, &ask));
	reply(r, r->frame.id, &a);
	assert_status(r, "401 Unauthorized");
	assert_has(r->answer, "CSeq: 7 REGISTER\r\n"
	    "WWW-Authenticate: Digest realm=\"example.com\", nonce=\"n-256\", qop=\"auth\", algorithm=SHA-256, stale=true\r\n"
	    "WWW-Authenticate: Digest realm=\"example.com\", nonce=\"n-5\", qop=\"auth\", algorithm=MD5, stale=true\r\nContent-Length");
	a = (struct register_answer){ .code = 423, .min_expires = 120 };
	hear(r, HEAD END);
	assert_true(asked(r, &ask));
	reply(r, r->frame.id, &a);
	assert_status(r, "423 Interval Too Brief");
	assert_has(r->answer, "\r\nMin-Expires: 120\r\n");
	hear(r, "REGISTER sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKtwo;rport\r\n" IDS END);
	assert_true(asked(r, &ask));
	a = (struct register_answer){ .code = 0 };
	reply(r, r->frame.id, &a);
	assert_string_equal(answer(r), "");
}

/* Nothing that the keeper repeats of a phone's words can begin a line of its own. */
static void
no_line_of_others(void **state)
{
	struct rig			*r = *state;
	struct register_ask		 ask;
	const struct register_answer	 a = { .code = 403, .reason = span_of("No\r\nEvil: 1"), .path = span_of("<sip:a>\r\n\r\nBody") };

	hear(r, HEAD END);
	assert_true(asked(r, &ask));
	reply(r, r->frame.id, &a);
	assert_status(r, "403 No  Evil: 1");
	assert_has(r->answer, "\r\nPath: <sip:a>    Body\r\n");
}

static void
folded_headers_in_one_line(void **state)
{
	struct rig		*r = *state;
	struct register_ask	 ask;
	struct register_answer	 a = { .code = 200 };

	hear(r, "REGISTER sip:example.com SIP/2.0\r\nv: SIP / 2.0 / UDP 127.0.0.1;branch=z9hG4bKone ;\r\n rport, SIP/2.0/TCP two;branch=x\r\n"
	    "Via: SIP/2.0/TLS three\r\nf: \"B\r\n ob\" <sip:bob@example.com>\r\n ;tag=f1\r\nt:<sip:bob@example.com>;tag=mine\r\n"
	    "i: c1\r\nCSeq: 0007\r\n  REGISTER\r\n" END);
	assert_true(asked(r, &ask));
	assert_false(ask.via_one_hop);
	assert_int_equal(ask.cseq, 7);
	reply(r, r->frame.id, &a);
	assert_has(answer(r), "\r\nVia: SIP/2.0/TCP two;branch=x\r\nVia: SIP/2.0/TLS three\r\n"
	    "From: \"B   ob\" <sip:bob@example.com>   ;tag=f1\r\nTo:<sip:bob@example.com>;tag=mine\r\nCall-ID: c1\r\nCSeq: 0007    REGISTER\r\n");
}

/* RFC 3581, and never to another address than the packet's. */
static void
where_answers_go(void **state)
{
	static const struct {
		const char	*via, *back;
		uint16_t	 port;		/* 0: the packet's */
	} rows[] = {
		{ "192.0.2.1:5070;branch=z9hG4bK1;rport", "192.0.2.1:5070;branch=z9hG4bK1;received=127.0.0.1;rport=%u", 0 },
		{ "127.0.0.1:5070;branch=z9hG4bK2", "127.0.0.1:5070;branch=z9hG4bK2", 5070 },
		{ "127.0.0.1;branch=z9hG4bK3", "127.0.0.1;branch=z9hG4bK3", 5060 },
		{ "host.example;branch=z9hG4bK4;received=192.0.2.9;receivedness=1;maddr=192.0.2.8",
		    "host.example;branch=z9hG4bK4;receivedness=1;maddr=192.0.2.8;received=127.0.0.1", 5060 },
		{ "127.0.0.1:0;branch=z9hG4bK5;rport=9", "127.0.0.1:0;branch=z9hG4bK5;received=127.0.0.1;rport=%u", 0 },
	};
	struct rig			*r = *state;
	const struct register_answer	 a = { .code = 200 };

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct pending_request	p;
		struct register_ask	ask;
		char			text[1024], back[256];
		uint16_t		port = rows[i].port == 0 ? r->where.source.port : rows[i].port;

		(void)snprintf(text, sizeof text, "REGISTER sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP %s\r\n" IDS END, rows[i].via);
		hear(r, text);
		assert_true(asked(r, &ask));
		assert_true(pending_take(r->f.pending, r->frame.id, &p));
		assert_int_equal(p.where.port, port);
		assert_true(addr_eq(&p.where.source, &r->where.source));
		(void)snprintf(text, sizeof text, "Via: SIP/2.0/UDP %s\r\n", rows[i].back);
		(void)snprintf(back, sizeof back, text, r->where.source.port);
		assert_int_equal(strncmp(p.echo.s, back, strlen(back)), 0);
		reply(r, r->frame.id, &a);
	}
}

static void
retransmissions(void **state)
{
	struct rig			*r = *state;
	struct register_ask		 ask;
	const struct register_answer	 a = { .code = 200 };
	char				 whole[2048];
	uint64_t			 id;

	hear(r, HEAD END);
	assert_true(asked(r, &ask));
	id = r->frame.id;
	hear(r, HEAD END);
	assert_false(asked(r, &ask));		/* it waits already */
	reply(r, id, &a);
	assert_status(r, "200 OK");
	(void)snprintf(whole, sizeof whole, "%.2000s", r->answer);
	hear(r, HEAD END);			/* the answer was lost */
	assert_false(asked(r, &ask));
	assert_string_equal(answer(r), whole);
	r->where.source.ip[3]++;		/* somebody else with the same identifiers */
	hear(r, HEAD END);
	assert_true(asked(r, &ask));
	reply(r, r->frame.id, &a);
	r->where.source.ip[3]--;
	hear(r, HEAD END);
	assert_string_equal(answer(r), whole);
	r->where.flow = 5;			/* over a connection nothing is lost */
	hear(r, HEAD END);
	assert_true(asked(r, &ask));
}

static void
one_port_over_two_transports(void **state)
{
	struct rig		*r = *state;
	struct register_ask	 ask;

	hear(r, HEAD END);
	assert_true(asked(r, &ask));
	r->where.transport = TRANSPORT_TCP;
	r->where.flow = 5;
	hear(r, HEAD END);
	assert_true(asked(r, &ask));		/* what answers the datagram would not answer this one */
}

/* Who lost a connection before its answer asks again over the next. */
static void
repeated_over_another_connection(void **state)
{
	static const char	 invite[] = "INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK1\r\n"
		"Max-Forwards: 70\r\nFrom: <sip:alice@example.com>;tag=a\r\nTo: <sip:bob@example.com>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n"
		"Contact: <sip:alice@127.0.0.1>\r\nContent-Length: 0\r\n\r\n";
	struct rig		*r = *state;
	struct passing		*p;
	int32_t			 at = 0;

	r->where.transport = TRANSPORT_TCP;
	r->where.flow = 5;
	hear(r, invite);
	assert_non_null(p = passing_next(r->f.passings, &at));
	assert_int_equal(p->where.flow, 5);
	r->where.flow = 6;
	hear(r, invite);
	assert_int_equal(p->where.flow, 6);
	assert_null(passing_next(r->f.passings, &at));
}

/* That a REGISTER comes again without a password, or was not looked at, is no reason to remember it: the keeper is asked each time. */
static void
not_remembered(void **state)
{
	struct rig			*r = *state;
	struct register_ask		 ask;
	const struct register_answer	 a = { .code = 401, .challenge = true, .realm = span_of("example.com"), .nonce_md5 = span_of("n") };
	struct channel			*keeper = r->f.keeper;

	for (int i = 0; i < 3; i++) {
		hear(r, HEAD END);
		assert_true(asked(r, &ask));
		reply(r, r->frame.id, &a);
		assert_status(r, "401 Unauthorized");
	}
	r->f.keeper = NULL;
	hear(r, HEAD END);
	assert_status(r, "503 Service Unavailable");
	r->f.keeper = keeper;
	hear(r, HEAD END);
	assert_true(asked(r, &ask));
}

static void
without_a_keeper(void **state)
{
	struct rig		*r = *state;
	struct register_ask	 ask;
	struct channel		*keeper = r->f.keeper;

	hear(r, HEAD END);
	assert_true(asked(r, &ask));
	r->f.keeper = NULL;
	request_keeper_gone(&r->f);
	assert_status(r, "503 Service Unavailable");
	assert_has(r->answer, "\r\nRetry-After: 5\r\n");
	assert_int_equal(pending_count(r->f.pending), 0);
	hear(r, HEAD END);
	assert_status(r, "503 Service Unavailable");
	assert_has(r->answer, "\r\nRetry-After: 5\r\n");
	r->f.keeper = keeper;
	r->f.stopping = true;
	hear(r, HEAD END);
	assert_status(r, "503 Service Unavailable");
	assert_int_equal(r->f.counts.unavailable, 3);
}

static void
pending_has_limits(void **state)
{
	struct pending		*p = pending_new();
	const struct where	 w = { 0 };
	struct pending_request	 got;
	const struct span	 echo = span_of("echo");
	uint64_t		 id, first, key = 1;

	(void)state;
	assert_int_equal(pending_add(p, key++, &w, echo, 100, 0, &first), 1);
	assert_int_equal(pending_add(p, 1, &w, echo, 100, PENDING_LIFE_MS, &id), 0);
	assert_int_equal(pending_add(p, 1, &w, echo, 100, PENDING_LIFE_MS + 1, &id), 1);
	assert_true(pending_take(p, id, &got));
	assert_false(pending_take(p, id, &got));
	assert_int_equal(pending_add(p, key++, &w, echo, PENDING_BYTES_MAX, 0, &id), ERR_BUSY);
	while (pending_add(p, key * 7919, &w, echo, 100, 0, &id) == 1)
		key++;
	assert_int_equal(pending_count(p), 65536);
	/* After their time they give way to others, and their answers meet nobody. */
	for (int i = 0; i < 2000; i++)
		(void)pending_add(p, ++key * 7919, &w, echo, 100, PENDING_LIFE_MS + 2, &id);
	assert_true(pending_add(p, ++key * 7919, &w, echo, 100, PENDING_LIFE_MS + 2, &id) == 1);
	assert_false(pending_take(p, first, &got));
	pending_free(p);
}

static void
limits_are_by_source(void **state)
{
	struct limits	*l = limits_new(10, 20);
	struct addr	 a, b, c;
	int		 taken = 0;

	(void)state;
	assert_int_equal(addr_parse(&a, "192.0.2.1:5060"), 0);
	assert_int_equal(addr_parse(&b, "192.0.2.2:5060"), 0);
	for (int i = 0; i < 100; i++)
		taken += limits_take(l, &a, 1000);
	assert_int_equal(taken, 20);
	assert_true(limits_take(l, &b, 1000));
	a.port++;
	assert_false(limits_take(l, &a, 1000));		/* a port more is the same customer */
	assert_true(limits_take(l, &a, 1100));		/* a tenth of a second: one */
	assert_false(limits_take(l, &a, 1100));
	assert_int_equal(addr_parse(&b, "[2001:db8::1]:1"), 0);
	assert_int_equal(addr_parse(&c, "[2001:db8::ffff]:1"), 0);
	for (int i = 0; i < 20; i++)
		assert_true(limits_take(l, i % 2 == 0 ? &b : &c, 1000));
	assert_false(limits_take(l, &c, 1000));		/* one customer has a /64 */
	limits_know(l, span_of("192.0.2.7,198.51.100.0/24"));
	assert_int_equal(addr_parse(&a, "198.51.100.3:5060"), 0);
	for (int i = taken = 0; i < 3000; i++)
		taken += limits_take(l, &a, 2000);
	assert_in_range(taken, 20 * KNOWN_TIMES, 20 * KNOWN_TIMES + 20);	/* a trunk's */
	limits_know(l, span_of("192.0.2.7"));
	assert_false(limits_take(l, &a, 2000));
	limits_set(l, 0, 0);
	assert_true(limits_take(l, &c, 1000));
	limits_free(l);
}

int
main(void)
{
#define T(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest	tests[] = {
		T(asks_what_was_said), T(times_that_are_none), T(names_without_their_escapes), T(star), T(credentials_of_others),
		T(refused_here), T(too_many_contacts), T(answers_as_the_keeper_says), T(challenges), T(no_line_of_others),
		T(folded_headers_in_one_line), T(where_answers_go), T(retransmissions), T(not_remembered), T(without_a_keeper),
		T(one_port_over_two_transports), T(repeated_over_another_connection),
		cmocka_unit_test(pending_has_limits), cmocka_unit_test(limits_are_by_source),
	};
#undef T
	return cmocka_run_group_tests(tests, NULL, NULL);
}
