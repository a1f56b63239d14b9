/*
 * What the processes say to each other.  A frame is
 *	u32 length of what follows, u8 type, u64 id, payload		(all little-endian)
 * and the payload a record of the type's kind (field.h).  An answer carries its question's id.  Limits are checked before
 * anything is allocated; a frame that breaks them ends the channel, whose other end is then started again.
 */
#ifndef CORE_WIRE_H
#define CORE_WIRE_H

#include "core/field.h"

enum { WIRE_HEADER = 13, WIRE_MAX = 128 * 1024 };

/* One row a message type: wire_types[] in wire.c. */
enum wire_type {
	WIRE_HELLO = 1,			/* front -> keeper, first on a new channel: struct wire_hello */
	WIRE_REGISTER,			/* sip -> keeper: struct register_ask */
	WIRE_REGISTER_ANSWER,		/* keeper -> sip: struct register_answer */
	WIRE_FLOW_OPEN,			/* stream -> sip: struct wire_flow */
	WIRE_FLOW_GONE,			/* stream -> sip -> keeper: struct wire_flow; id and flow only */
	WIRE_FLOW_CLOSE,		/* keeper -> sip -> stream: struct wire_flow; id and flow only */
	WIRE_LISTENING,			/* sip -> stream: struct wire_flow, for each transport the loopback port in relay */
	WIRE_COUNTS,			/* front -> keeper, each second when something changed: struct wire_counts */
	WIRE_DEBUG,			/* keeper -> front: struct wire_debug */
	WIRE_MESSAGE,			/* sip -> keeper: struct message_ask */
	WIRE_MESSAGE_ANSWER,		/* keeper -> sip: struct register_answer: code, reason, challenge, retry_after */
	WIRE_SEND,			/* keeper -> sip: struct wire_send, a request of ours; the id is the keeper's */
	WIRE_SENT,			/* sip -> keeper: struct wire_sent, with that id, once, at its end */
	WIRE_RESOLVE,			/* keeper -> stream: struct wire_resolve */
	WIRE_RESOLVED,			/* stream -> keeper: struct wire_resolved, with that id, once */
	WIRE_DIAL,			/* keeper, sip -> stream: struct wire_dial, a connection of ours; the id is whoever asks's, sip's with DIAL_BY_SIP */
	WIRE_DIALED,			/* stream -> whoever asked: struct wire_dialed, with that id, once; a flow is closed with WIRE_FLOW_CLOSE */
	WIRE_ROUTE,			/* sip -> keeper: struct route_ask */
	WIRE_ROUTE_ANSWER,		/* keeper -> sip: struct route_answer */
	WIRE_CALL,			/* sip -> keeper: struct wire_call, what became of it; the id is nothing.  After a hello: each there is */
	WIRE_HANG_UP,			/* keeper -> sip: struct wire_call; BYE to both sides */
	WIRE_CALLS_TOLD,		/* sip -> keeper: struct wire_call, empty: those were all, and no other goes on */
	WIRE_AUTHORIZE,			/* sip -> keeper: struct wire_authorize, of a trunk that asks for a password; the id is the request's */
	WIRE_AUTHORIZED,		/* keeper -> sip: the same, with lines */
	WIRE_SECRET,			/* keeper -> sip, after its hello: struct wire_secret */
	WIRE_FLOW_READY,		/* sip -> stream: struct wire_flow; id and flow only, of one that is ours: it can be sent on */
	WIRE_WEB,			/* web -> keeper: struct web_ask; the id is the request's */
	WIRE_WEB_ANSWER,		/* keeper -> web: struct web_answer */
	WIRE_FETCH,			/* keeper -> web: struct wire_fetch, an HTTP request of ours; the id is the keeper's */
	WIRE_FETCHED,			/* web -> keeper: struct wire_fetched, with that id, once */
	WIRE_TRACE,			/* keeper -> sip: struct wire_trace; the id is the trace's; again when something of it is another */
	WIRE_TRACED,			/* sip -> keeper: struct wire_traced, with that id; none is promised to come */
	WIRE_KNOWN,			/* keeper -> sip, when it changes: struct wire_known */
	WIRE_TYPES,
};

struct frame {
	enum wire_type	 type;
	uint64_t	 id;
	const uint8_t	*payload;	/* borrowed from the bytes given to frame_parse() */
	size_t		 n;
};

const struct kind *wire_kind(enum wire_type);	/* NULL for a type that does not exist */

/* Reads the frame at the start of in.  Returns its whole length, 0 if more bytes are needed, or ERR_CORRUPT. */
int	frame_parse(struct frame *, const uint8_t *in, size_t n);
/* Writes a whole frame with record as its payload.  Returns its length, or ERR_TOO_LARGE. */
int	frame_make(enum wire_type, uint64_t id, const void *record, uint8_t *out, size_t max);
/* Decodes the payload into the type's struct; spans in it are borrowed from the frame.  0 or ERR_CORRUPT. */
int	frame_decode(const struct frame *, void *record);

struct wire_hello {
	uint64_t	epoch;		/* of the front: flows of another one are gone */
	struct span	process;	/* "sip", "stream", "web" */
	struct span	listening;	/* "udp:127.0.0.1:5060 tls:…": its real addresses, for the status; keeper.ready[] */
	int64_t		certificate_until;	/* notAfter of its certificate, 0 without */
};

struct wire_flow {
	uint64_t	flow;		/* epoch << 24 | counter: never used twice */
	struct addr	source;		/* the stranger's */
	struct addr	local;		/* where it connected to */
	uint8_t		transport;	/* TRANSPORT_TCP or TRANSPORT_TLS */
	uint32_t	relay;		/* loopback port that the relay connects from (WIRE_LISTENING: that sip listens at) */
	struct span	tls;		/* "TLSv1.3 TLS_AES_256_GCM_SHA384" */
	bool		ours;		/* we connected; source is where to */
};

struct wire_counts {
	uint64_t	requests, limited, malformed, unavailable, connections;
};

struct wire_debug {
	struct span	subsystem;
	bool		on;
};

enum { EXPIRES_ABSENT = 0xffffffff, ASK_CONTACTS_MAX = 16 };

/* One Contact of a REGISTER or of its answer. */
struct register_contact {
	struct span	uri;		/* without <>, header parameters dropped */
	struct span	instance;	/* value of +sip.instance, without quotes */
	uint32_t	reg_id;		/* 0 when absent */
	uint32_t	q;		/* thousandths, 1000 when absent */
	uint32_t	expires;	/* seconds; EXPIRES_ABSENT when it has none */
};

struct register_ask {
	struct addr	source, local;
	uint8_t		transport;
	uint64_t	flow;			/* 0 for UDP */
	struct span	host;			/* of the Request-URI */
	struct span	aor_user, aor_host;	/* of To, escapes undone */
	bool		aor_sip;		/* To is a sip: or sips: URI */
	struct span	call_id;
	uint32_t	cseq;
	struct span	user_agent;
	uint32_t	expires;		/* header; EXPIRES_ABSENT when there is none */
	bool		star;			/* Contact: * */
	struct span	contacts;		/* contact_append()ed */
	uint32_t	n_contacts;
	struct span	path;			/* all Path values, separated by commas */
	bool		supports_path, supports_outbound;
	bool		via_one_hop;		/* a single Via: the phone itself sent it (RFC 5626 section 6) */
	/* Authorization: Digest of our realm, as it was sent, quotes taken off. */
	bool		authorized;
	struct span	username, realm, nonce, uri, response, algorithm, cnonce, nc, qop;
	bool		userhash;
};

struct register_answer {
	uint32_t	code;			/* 0: say nothing */
	struct span	reason;
	bool		challenge;		/* 401 with these */
	bool		stale;
	struct span	realm;
	struct span	nonce_sha256, nonce_md5;	/* empty: not offered; SHA-256 goes first (RFC 8760 section 2.4) */
	struct span	contacts;		/* contact_append()ed, expires in seconds left */
	uint32_t	min_expires;		/* with 423 */
	uint32_t	retry_after;		/* with 503 and 480 */
	struct span	path;			/* to be repeated (RFC 3327 section 5.3) */
	bool		outbound;		/* Require: outbound (RFC 5626 section 6) */
	struct span	announce;		/* the prompt that a caller hears before it is refused; empty: none */
};

/* A MESSAGE outside a dialog (RFC 3428). */
struct message_ask {
	struct register_ask	from;		/* origin, Request-URI's host, credentials (of Proxy-Authorization or Authorization); To as aor_* */
	struct span	user;			/* of the Request-URI, escapes undone */
	struct span	from_user, from_host;	/* of From */
	struct span	uuid;			/* header Message-UUID, else Imdn.Message-ID of a CPIM body (RFC 5438); empty: none */
	uint32_t	version;		/* header Message-Version; 1 when absent */
	uint32_t	expires;		/* header, seconds; EXPIRES_ABSENT */
	int64_t		date;			/* header, ms since 1970; 0 when absent */
	struct span	content_type;		/* as it was sent, with its parameters */
	struct span	headers;		/* other headers that go end to end, whole lines: Subject, Accept-Contact, Content-Disposition, … */
	struct span	body;			/* empty also when that is larger than the front was told to take */
	uint32_t	size;			/* bytes of the body as it came */
};

/* A request of ours to a device or a trunk, outside a dialog: the front makes Via, branch, Call-ID and CSeq, sends it again as its transport
 * takes, and tells how it ended. */
struct wire_send {
	struct addr	target;			/* UDP: where to; else the flow's */
	struct addr	local;			/* the address that it is to come from: the one that the phone knows */
	uint8_t		transport;
	uint64_t	flow;			/* of TCP and TLS; 0 for UDP */
	struct span	method;			/* MESSAGE, OPTIONS, REGISTER */
	struct span	uri;			/* Request-URI */
	struct span	route;			/* values of Route, commas between them; empty: none */
	struct span	from, to;		/* name-addr or URI; the front adds the tag to From */
	struct span	headers;		/* whole lines */
	struct span	content_type, body;
	uint32_t	timeout_ms;		/* after which it is answered by the front itself, 408 */
	struct span	call_id;		/* empty: the front makes one; a registration keeps its own (RFC 3261 section 10.2) */
	uint32_t	cseq;			/* 0: the front's */
	struct span	contact;		/* user part of a Contact at our own address on that way; empty: there is none */
};

struct wire_sent {
	uint32_t	code;			/* a final answer's; 408: none came in time; 503: it could not be sent; 0: it was not, as the front stops */
	struct span	reason;
	uint32_t	retry_after;		/* seconds; 0 when it said none */
	uint32_t	took_ms;
	bool		ours;			/* the code is the front's own */
	struct addr	source;			/* whence the answer came; of none no family */
	struct span	challenges;		/* challenge_append()ed: of a 401 or 407 of the one that was asked, not of another address */
	uint32_t	expires;		/* that a 2xx to REGISTER grants our contact, seconds; EXPIRES_ABSENT */
	uint32_t	min_expires;		/* of a 423; 0 without */
};

/* One WWW-Authenticate (or Proxy-Authenticate) of an answer: Digest, quotes taken off (RFC 3261 section 22, RFC 8760). */
struct digest_challenge {
	bool		proxy;
	struct span	realm, nonce, opaque, algorithm, qop;	/* algorithm and qop as they were sent; empty: absent */
	bool		stale;
};

/* Where a SIP domain is found (RFC 3263): NAPTR, SRV, A and AAAA, in the order in which they are to be tried. */
struct wire_resolve {
	struct span	host;			/* a name or an address */
	uint32_t	port;			/* 0: none is given, so SRV counts */
	uint8_t		transport;		/* enum transport: only that one */
};

enum { TARGETS_MAX = 32 };

struct wire_target {
	struct addr	addr;			/* with its port */
	struct span	name;			/* whose address it is: of the SRV record, else the host */
	uint32_t	priority, weight;	/* of that record */
};

struct wire_resolved {
	struct span	targets;		/* target_append()ed, at most TARGETS_MAX; empty: error says why */
	struct span	error;			/* "no such name", "the name server does not answer", for a person */
	uint32_t	ttl;			/* seconds until it is to be looked up again */
	uint32_t	took_ms;
};

#define DIAL_BY_SIP	(UINT64_C(1) << 63)

struct wire_dial {
	struct addr	target;
	uint8_t		transport;		/* TRANSPORT_TCP or TRANSPORT_TLS */
	struct span	name;			/* TLS: the domain whose certificate it must show (RFC 5922 section 7), and the SNI */
	uint32_t	timeout_ms;		/* for connection and handshake together */
};

struct wire_dialed {
	uint64_t	flow;			/* known to the sip front already; 0: it failed */
	struct addr	local;
	struct span	error;			/* "connection refused", "certificate expired 2014-01-01 00:00:00 UTC", for a person */
	struct span	tls;			/* "TLSv1.3 TLS_AES_256_GCM_SHA384" */
	struct span	peer;			/* names in its certificate, commas between them */
	int64_t		peer_until;		/* its notAfter, ms since 1970; 0 without */
	uint32_t	connect_ms, tls_ms;	/* what each took; of a step that was not reached 0 */
	bool		connected;		/* the error is of TLS, not of the connection */
};

/* A request that is not for us: where does it go (RFC 3261 section 16)? */
struct route_ask {
	struct register_ask	from;		/* origin, Request-URI's host, credentials; To as aor_* */
	struct span	method;
	struct span	user;			/* of the Request-URI, escapes undone */
	struct span	from_user, from_host;	/* of From */
	bool		secure;			/* a sips: URI: only by TLS */
	uint64_t	account, trunk;		/* one is not 0: it is inside a dialog, and the way to this account's device, or trunk, is lost */
	bool		offer;			/* it has a session description */
	bool		offer_secure;		/* all media of that are SRTP */
};

enum { ROUTES_MAX = 64 };

/* One place that it goes to. */
struct route_target {
	struct addr	target, local;
	uint8_t		transport;
	uint64_t	flow;
	struct span	uri;			/* Request-URI; empty: as it came */
	struct span	route;			/* values of Route, commas between them */
	uint64_t	account;		/* whose device it is; 0: a trunk's */
	uint64_t	trunk;
	uint32_t	rank;			/* the lowest first, equal ones at once */
	bool		failover;		/* only when those before it could not be reached: 408, 503 */
	uint32_t	wait_ms;		/* without any answer so long, the next is tried; 0: 32 s, RFC 3261's timer B */
	struct span	headers;		/* whole lines that it gets besides */
	bool		srtp;			/* nothing else may be offered in that call */
	uint64_t	instance;		/* of places with the same one only one is tried, the next when that fails (RFC 5626); 0: none */
};

struct route_answer {
	struct register_answer	refusal;	/* its code is not 0: code, reason, challenge, retry_after */
	struct span	targets;		/* route_append()ed; at most ROUTES_MAX */
	uint64_t	account, trunk;		/* that asks; 0: the other */
	uint64_t	call;			/* an INVITE's: the keeper's name for what WIRE_CALL tells; 0: none */
};

enum call_state { CALL_TRYING, CALL_RINGING, CALL_ANSWERED, CALL_ENDED };

struct wire_call {
	uint64_t	call;			/* 0: one from before this front started; known by its Call-ID */
	struct span	call_id;
	uint8_t		state;			/* enum call_state */
	uint32_t	code;			/* that it ended with before it was answered; 0 */
	struct span	reason;
	uint64_t	account, trunk;		/* CALL_ANSWERED: who answered */
	uint32_t	session;		/* CALL_ANSWERED: seconds until it ends unless somebody refreshes it (RFC 4028); 0: never */
	struct span	dialog;			/* CALL_ANSWERED: what it takes to end it, for another front (dialog_text.h); WIRE_HANG_UP gives it back */
};

struct wire_authorize {
	uint64_t	trunk;
	uint32_t	branch;			/* that was asked: the front's */
	struct span	challenges;		/* challenge_append()ed */
	struct span	method, uri;
	struct span	lines;			/* the headers that answer; empty: nothing is told */
};

/* Made from the store's key, so that what a front wrote into Record-Route is known to the next one. */
struct wire_secret {
	uint8_t		route[16];
};

/* Who may send more than a stranger before its password is asked: the addresses of trunks. */
struct wire_known {
	struct span	sources;		/* an access list (addr.h), shorter than KNOWN_MAX (limit.h) */
};

/* What a browser, or a client, wants of the HTTPS service: a row of web_paths[]. */
enum web_what { WEB_INSTALL, WEB_CONFIGURATION, WEB_ACTIVATE, WEB_LICENCE };

struct web_ask {
	struct register_ask	from;		/* source and credentials only */
	uint32_t	what;			/* enum web_what */
	bool		post;			/* else GET or HEAD, which changes nothing that a robot must not change */
	bool		head;			/* HEAD: nothing changes at all */
	struct span	token;			/* the path's last part: letters, digits, - and _ only; empty: none */
	struct span	agent;			/* User-Agent */
	struct span	key;			/* WEB_LICENCE: what the client says its key is; empty: none */
};

struct web_answer {
	uint32_t	code;
	struct span	page;			/* the template's name in share/web, without .html; empty: body is all */
	struct span	vars;			/* web_var_append()ed: what the template shows */
	struct span	type, body;		/* without a page */
	struct span	filename;		/* of what is to be saved; empty: shown */
	struct span	location;		/* of a 303 */
	bool		challenge;		/* 401 with these, as struct register_answer's */
	bool		stale;
	struct span	realm, nonce_sha256, nonce_md5;
	uint32_t	retry_after;		/* seconds, with 503 and 429 */
};

struct web_var {
	struct span	name, value;		/* value is text: the template's reader escapes it */
};

struct wire_fetch {
	struct span	url;			/* http or https; a certificate that does not check is an error */
	uint32_t	timeout_ms;		/* for all of it */
};

struct wire_fetched {
	uint32_t	code;			/* 0: there was no answer, error says why */
	struct span	body;			/* its first 512 bytes */
	struct span	error;			/* "connection refused", for a person */
	uint32_t	took_ms;
	int64_t		certificate_until;	/* notAfter of what it showed, ms since 1970; 0 without */
};

/* An account's messages are wanted, or no more (product G6). */
struct wire_trace {
	bool		on;
	struct span	names;			/* username and numbers, a line each */
	struct span	sources;		/* of its contacts, a line each: "192.0.2.17:5060" of a datagram's, "#123" a connection's flow */
};

/* A message of a trace, as it came or went; no secret and no body is in it. */
struct wire_traced {
	int64_t		at;			/* ms since 1970 */
	bool		out;			/* we sent it */
	bool		phone;			/* the other end is the account's; else somebody that it speaks with */
	uint8_t		transport;
	struct addr	remote, local;
	struct span	text;			/* siptext_redact()ed */
	bool		cut;			/* of that the end is missing */
	struct span	method, call_id, content_type;
	uint32_t	code;			/* 0: a request */
	uint32_t	cseq, body;		/* bytes */
	uint32_t	dropped;		/* that were left out before it, as there were too many */
};

/* A list of contacts inside a span: each a varint length and a record.  append: the new length or ERR_TOO_LARGE. */
int	contact_append(uint8_t *list, size_t n, size_t max, const struct register_contact *);
/* Takes the first off the list.  1, 0 at the end, ERR_CORRUPT. */
int	contact_next(struct span *list, struct register_contact *);
/* The same for challenges and targets. */
int	challenge_append(uint8_t *list, size_t n, size_t max, const struct digest_challenge *);
int	challenge_next(struct span *list, struct digest_challenge *);
int	target_append(uint8_t *list, size_t n, size_t max, const struct wire_target *);
int	target_next(struct span *list, struct wire_target *);
int	route_append(uint8_t *list, size_t n, size_t max, const struct route_target *);
int	route_next(struct span *list, struct route_target *);
int	web_var_append(uint8_t *list, size_t n, size_t max, const struct web_var *);
int	web_var_next(struct span *list, struct web_var *);

#endif
