#include "core/wire.h"

#include <string.h>

#include "core/err.h"
#include "core/varint.h"

#define RECORD wire_hello
static const struct field	hello_fields[] = {
	{ .tag = 1, AT(FT_ID, epoch) },
	{ .tag = 2, AT(FT_SPAN, process) },
	{ .tag = 3, AT(FT_SPAN, listening) },
	{ .tag = 4, AT(FT_TIME, certificate_until) },
};
#undef RECORD
#define RECORD wire_flow
static const struct field	flow_fields[] = {
	{ .tag = 1, AT(FT_ID, flow) },
	{ .tag = 2, AT(FT_ADDR, source) },
	{ .tag = 3, AT(FT_ADDR, local) },
	{ .tag = 4, AT(FT_ENUM, transport) },
	{ .tag = 5, AT(FT_NUM, relay) },
	{ .tag = 6, AT(FT_SPAN, tls) },
	{ .tag = 7, AT(FT_BOOL, ours) },
};
#undef RECORD
#define RECORD wire_counts
static const struct field	counts_fields[] = {
	{ .tag = 1, AT(FT_ID, requests) },
	{ .tag = 2, AT(FT_ID, limited) },
	{ .tag = 3, AT(FT_ID, malformed) },
	{ .tag = 4, AT(FT_ID, unavailable) },
	{ .tag = 5, AT(FT_ID, connections) },
};
#undef RECORD
#define RECORD wire_debug
static const struct field	debug_fields[] = {
	{ .tag = 1, AT(FT_SPAN, subsystem) },
	{ .tag = 2, AT(FT_BOOL, on) },
};
#undef RECORD
#define RECORD register_contact
static const struct field	contact_fields[] = {
	{ .tag = 1, AT(FT_SPAN, uri) },
	{ .tag = 2, AT(FT_SPAN, instance) },
	{ .tag = 3, AT(FT_NUM, reg_id) },
	{ .tag = 4, AT(FT_NUM, q) },
	{ .tag = 5, AT(FT_NUM, expires) },
};
#undef RECORD
#define RECORD register_ask
static const struct field	ask_fields[] = {
	{ .tag = 1, AT(FT_ADDR, source) },
	{ .tag = 2, AT(FT_ADDR, local) },
	{ .tag = 3, AT(FT_ENUM, transport) },
	{ .tag = 4, AT(FT_ID, flow) },
	{ .tag = 5, AT(FT_SPAN, host) },
	{ .tag = 6, AT(FT_SPAN, aor_user) },
	{ .tag = 7, AT(FT_SPAN, aor_host) },
	{ .tag = 8, AT(FT_BOOL, aor_sip) },
	{ .tag = 9, AT(FT_SPAN, call_id) },
	{ .tag = 10, AT(FT_NUM, cseq) },
	{ .tag = 11, AT(FT_SPAN, user_agent) },
	{ .tag = 12, AT(FT_NUM, expires) },
	{ .tag = 13, AT(FT_BOOL, star) },
	{ .tag = 14, AT(FT_SPAN, contacts) },
	{ .tag = 15, AT(FT_NUM, n_contacts) },
	{ .tag = 16, AT(FT_SPAN, path) },
	{ .tag = 17, AT(FT_BOOL, supports_path) },
	{ .tag = 18, AT(FT_BOOL, supports_outbound) },
	{ .tag = 19, AT(FT_BOOL, via_one_hop) },
	{ .tag = 20, AT(FT_BOOL, authorized) },
	{ .tag = 21, AT(FT_SPAN, username) },
	{ .tag = 22, AT(FT_SPAN, realm) },
	{ .tag = 23, AT(FT_SPAN, nonce) },
	{ .tag = 24, AT(FT_SPAN, uri) },
	{ .tag = 25, AT(FT_SPAN, response) },
	{ .tag = 26, AT(FT_SPAN, algorithm) },
	{ .tag = 27, AT(FT_SPAN, cnonce) },
	{ .tag = 28, AT(FT_SPAN, nc) },
	{ .tag = 29, AT(FT_SPAN, qop) },
	{ .tag = 30, AT(FT_BOOL, userhash) },
};
#undef RECORD
#define RECORD register_answer
static const struct field	answer_fields[] = {
	{ .tag = 1, AT(FT_NUM, code) },
	{ .tag = 2, AT(FT_SPAN, reason) },
	{ .tag = 3, AT(FT_BOOL, challenge) },
	{ .tag = 4, AT(FT_BOOL, stale) },
	{ .tag = 5, AT(FT_SPAN, realm) },
	{ .tag = 6, AT(FT_SPAN, nonce_sha256) },
	{ .tag = 7, AT(FT_SPAN, nonce_md5) },
	{ .tag = 8, AT(FT_SPAN, contacts) },
	{ .tag = 9, AT(FT_NUM, min_expires) },
	{ .tag = 10, AT(FT_NUM, retry_after) },
	{ .tag = 11, AT(FT_SPAN, path) },
	{ .tag = 12, AT(FT_BOOL, outbound) },
	{ .tag = 13, AT(FT_SPAN, announce) },
};
#undef RECORD

/* What a question of a proxy tells of where it is from. */
#define ORIGIN \
	{ .tag = 1, AT(FT_ADDR, from.source) }, \
	{ .tag = 2, AT(FT_ADDR, from.local) }, \
	{ .tag = 3, AT(FT_ENUM, from.transport) }, \
	{ .tag = 4, AT(FT_ID, from.flow) }, \
	{ .tag = 5, AT(FT_SPAN, from.host) }, \
	{ .tag = 6, AT(FT_SPAN, from.aor_user) }, \
	{ .tag = 7, AT(FT_SPAN, from.aor_host) }, \
	{ .tag = 8, AT(FT_BOOL, from.aor_sip) }, \
	{ .tag = 9, AT(FT_SPAN, from.call_id) }, \
	{ .tag = 10, AT(FT_NUM, from.cseq) }, \
	{ .tag = 11, AT(FT_SPAN, from.user_agent) }, \
	{ .tag = 12, AT(FT_NUM, from.expires) }, \
	{ .tag = 20, AT(FT_BOOL, from.authorized) }, \
	{ .tag = 21, AT(FT_SPAN, from.username) }, \
	{ .tag = 22, AT(FT_SPAN, from.realm) }, \
	{ .tag = 23, AT(FT_SPAN, from.nonce) }, \
	{ .tag = 24, AT(FT_SPAN, from.uri) }, \
	{ .tag = 25, AT(FT_SPAN, from.response) }, \
	{ .tag = 26, AT(FT_SPAN, from.algorithm) }, \
	{ .tag = 27, AT(FT_SPAN, from.cnonce) }, \
	{ .tag = 28, AT(FT_SPAN, from.nc) }, \
	{ .tag = 29, AT(FT_SPAN, from.qop) }, \
	{ .tag = 30, AT(FT_BOOL, from.userhash) }

#define RECORD message_ask
static const struct field	message_fields[] = {
	ORIGIN,
	{ .tag = 40, AT(FT_SPAN, user) },
	{ .tag = 41, AT(FT_SPAN, from_user) },
	{ .tag = 42, AT(FT_SPAN, from_host) },
	{ .tag = 43, AT(FT_SPAN, uuid) },
	{ .tag = 44, AT(FT_NUM, version) },
	{ .tag = 45, AT(FT_NUM, expires) },
	{ .tag = 46, AT(FT_TIME, date) },
	{ .tag = 47, AT(FT_SPAN, content_type) },
	{ .tag = 48, AT(FT_SPAN, headers) },
	{ .tag = 49, AT(FT_SPAN, body) },
	{ .tag = 50, AT(FT_NUM, size) },
};
#undef RECORD
#define RECORD wire_send
static const struct field	send_fields[] = {
	{ .tag = 1, AT(FT_ADDR, target) },
	{ .tag = 2, AT(FT_ADDR, local) },
	{ .tag = 3, AT(FT_ENUM, transport) },
	{ .tag = 4, AT(FT_ID, flow) },
	{ .tag = 5, AT(FT_SPAN, method) },
	{ .tag = 6, AT(FT_SPAN, uri) },
	{ .tag = 7, AT(FT_SPAN, route) },
	{ .tag = 8, AT(FT_SPAN, from) },
	{ .tag = 9, AT(FT_SPAN, to) },
	{ .tag = 10, AT(FT_SPAN, headers) },
	{ .tag = 11, AT(FT_SPAN, content_type) },
	{ .tag = 12, AT(FT_SPAN, body) },
	{ .tag = 13, AT(FT_NUM, timeout_ms) },
	{ .tag = 14, AT(FT_SPAN, call_id) },
	{ .tag = 15, AT(FT_NUM, cseq) },
	{ .tag = 16, AT(FT_SPAN, contact) },
};
#undef RECORD
#define RECORD wire_sent
static const struct field	sent_fields[] = {
	{ .tag = 1, AT(FT_NUM, code) },
	{ .tag = 2, AT(FT_SPAN, reason) },
	{ .tag = 3, AT(FT_NUM, retry_after) },
	{ .tag = 4, AT(FT_NUM, took_ms) },
	{ .tag = 5, AT(FT_BOOL, ours) },
	{ .tag = 6, AT(FT_SPAN, challenges) },
	{ .tag = 7, AT(FT_NUM, expires) },
	{ .tag = 8, AT(FT_NUM, min_expires) },
	{ .tag = 9, AT(FT_ADDR, source) },
};
#undef RECORD
#define RECORD digest_challenge
static const struct field	challenge_fields[] = {
	{ .tag = 1, AT(FT_BOOL, proxy) },
	{ .tag = 2, AT(FT_SPAN, realm) },
	{ .tag = 3, AT(FT_SPAN, nonce) },
	{ .tag = 4, AT(FT_SPAN, opaque) },
	{ .tag = 5, AT(FT_SPAN, algorithm) },
	{ .tag = 6, AT(FT_SPAN, qop) },
	{ .tag = 7, AT(FT_BOOL, stale) },
};
#undef RECORD
#define RECORD wire_resolve
static const struct field	resolve_fields[] = {
	{ .tag = 1, AT(FT_SPAN, host) },
	{ .tag = 2, AT(FT_NUM, port) },
	{ .tag = 3, AT(FT_ENUM, transport) },
};
#undef RECORD
#define RECORD wire_target
static const struct field	target_fields[] = {
	{ .tag = 1, AT(FT_ADDR, addr) },
	{ .tag = 2, AT(FT_SPAN, name) },
	{ .tag = 3, AT(FT_NUM, priority) },
	{ .tag = 4, AT(FT_NUM, weight) },
};
#undef RECORD
#define RECORD wire_resolved
static const struct field	resolved_fields[] = {
	{ .tag = 1, AT(FT_SPAN, targets) },
	{ .tag = 2, AT(FT_SPAN, error) },
	{ .tag = 3, AT(FT_NUM, ttl) },
	{ .tag = 4, AT(FT_NUM, took_ms) },
};
#undef RECORD
#define RECORD wire_dial
static const struct field	dial_fields[] = {
	{ .tag = 1, AT(FT_ADDR, target) },
	{ .tag = 2, AT(FT_ENUM, transport) },
	{ .tag = 3, AT(FT_SPAN, name) },
	{ .tag = 4, AT(FT_NUM, timeout_ms) },
};
#undef RECORD
#define RECORD wire_dialed
static const struct field	dialed_fields[] = {
	{ .tag = 1, AT(FT_ID, flow) },
	{ .tag = 2, AT(FT_ADDR, local) },
	{ .tag = 3, AT(FT_SPAN, error) },
	{ .tag = 4, AT(FT_SPAN, tls) },
	{ .tag = 5, AT(FT_SPAN, peer) },
	{ .tag = 6, AT(FT_TIME, peer_until) },
	{ .tag = 7, AT(FT_NUM, connect_ms) },
	{ .tag = 8, AT(FT_NUM, tls_ms) },
	{ .tag = 9, AT(FT_BOOL, connected) },
};
#undef RECORD

#define RECORD route_ask
static const struct field	route_ask_fields[] = {
	ORIGIN,
	{ .tag = 40, AT(FT_SPAN, user) },
	{ .tag = 41, AT(FT_SPAN, from_user) },
	{ .tag = 42, AT(FT_SPAN, from_host) },
	{ .tag = 43, AT(FT_SPAN, method) },
	{ .tag = 44, AT(FT_BOOL, secure) },
	{ .tag = 45, AT(FT_ID, account) },
	{ .tag = 46, AT(FT_BOOL, offer) },
	{ .tag = 47, AT(FT_BOOL, offer_secure) },
	{ .tag = 48, AT(FT_ID, trunk) },
};
#undef RECORD
#define RECORD route_target
static const struct field	route_target_fields[] = {
	{ .tag = 1, AT(FT_ADDR, target) },
	{ .tag = 2, AT(FT_ADDR, local) },
	{ .tag = 3, AT(FT_ENUM, transport) },
	{ .tag = 4, AT(FT_ID, flow) },
	{ .tag = 5, AT(FT_SPAN, uri) },
	{ .tag = 6, AT(FT_SPAN, route) },
	{ .tag = 7, AT(FT_ID, account) },
	{ .tag = 8, AT(FT_NUM, rank) },
	{ .tag = 9, AT(FT_BOOL, failover) },
	{ .tag = 10, AT(FT_SPAN, headers) },
	{ .tag = 11, AT(FT_ID, trunk) },
	{ .tag = 12, AT(FT_NUM, wait_ms) },
	{ .tag = 13, AT(FT_BOOL, srtp) },
	{ .tag = 14, AT(FT_ID, instance) },
};
#undef RECORD
#define RECORD wire_authorize
static const struct field	authorize_fields[] = {
	{ .tag = 1, AT(FT_ID, trunk) },
	{ .tag = 2, AT(FT_NUM, branch) },
	{ .tag = 3, AT(FT_SPAN, challenges) },
	{ .tag = 4, AT(FT_SPAN, method) },
	{ .tag = 5, AT(FT_SPAN, uri) },
	{ .tag = 6, AT(FT_SPAN, lines) },
};
#undef RECORD
#define RECORD web_ask
static const struct field	web_ask_fields[] = {
	ORIGIN,
	{ .tag = 40, AT(FT_NUM, what) },
	{ .tag = 41, AT(FT_BOOL, post) },
	{ .tag = 42, AT(FT_SPAN, token) },
	{ .tag = 43, AT(FT_SPAN, agent) },
	{ .tag = 44, AT(FT_SPAN, key) },
	{ .tag = 45, AT(FT_BOOL, head) },
};
#undef RECORD
#define RECORD web_answer
static const struct field	web_answer_fields[] = {
	{ .tag = 1, AT(FT_NUM, code) },
	{ .tag = 2, AT(FT_SPAN, page) },
	{ .tag = 3, AT(FT_SPAN, vars) },
	{ .tag = 4, AT(FT_SPAN, type) },
	{ .tag = 5, AT(FT_SPAN, body) },
	{ .tag = 6, AT(FT_SPAN, filename) },
	{ .tag = 7, AT(FT_SPAN, location) },
	{ .tag = 8, AT(FT_BOOL, challenge) },
	{ .tag = 9, AT(FT_BOOL, stale) },
	{ .tag = 10, AT(FT_SPAN, realm) },
	{ .tag = 11, AT(FT_SPAN, nonce_sha256) },
	{ .tag = 12, AT(FT_SPAN, nonce_md5) },
	{ .tag = 13, AT(FT_NUM, retry_after) },
};
#undef RECORD
#define RECORD web_var
static const struct field	web_var_fields[] = {
	{ .tag = 1, AT(FT_SPAN, name) },
	{ .tag = 2, AT(FT_SPAN, value) },
};
#undef RECORD
#define RECORD wire_fetch
static const struct field	fetch_fields[] = {
	{ .tag = 1, AT(FT_SPAN, url) },
	{ .tag = 2, AT(FT_NUM, timeout_ms) },
};
#undef RECORD
#define RECORD wire_fetched
static const struct field	fetched_fields[] = {
	{ .tag = 1, AT(FT_NUM, code) },
	{ .tag = 2, AT(FT_SPAN, body) },
	{ .tag = 3, AT(FT_SPAN, error) },
	{ .tag = 4, AT(FT_NUM, took_ms) },
	{ .tag = 5, AT(FT_TIME, certificate_until) },
};
#undef RECORD
#define RECORD route_answer
static const struct field	route_answer_fields[] = {
	{ .tag = 1, AT(FT_NUM, refusal.code) },
	{ .tag = 2, AT(FT_SPAN, refusal.reason) },
	{ .tag = 3, AT(FT_BOOL, refusal.challenge) },
	{ .tag = 4, AT(FT_BOOL, refusal.stale) },
	{ .tag = 5, AT(FT_SPAN, refusal.realm) },
	{ .tag = 6, AT(FT_SPAN, refusal.nonce_sha256) },
	{ .tag = 7, AT(FT_SPAN, refusal.nonce_md5) },
	{ .tag = 8, AT(FT_NUM, refusal.retry_after) },
	{ .tag = 13, AT(FT_SPAN, refusal.announce) },
	{ .tag = 9, AT(FT_SPAN, targets) },
	{ .tag = 10, AT(FT_ID, account) },
	{ .tag = 11, AT(FT_ID, call) },
	{ .tag = 12, AT(FT_ID, trunk) },
};
#undef RECORD
#define RECORD wire_call
static const struct field	call_fields[] = {
	{ .tag = 1, AT(FT_ID, call) },
	{ .tag = 2, AT(FT_SPAN, call_id) },
	{ .tag = 3, AT(FT_ENUM, state) },
	{ .tag = 4, AT(FT_NUM, code) },
	{ .tag = 5, AT(FT_SPAN, reason) },
	{ .tag = 6, AT(FT_ID, account) },
	{ .tag = 7, AT(FT_ID, trunk) },
	{ .tag = 8, AT(FT_NUM, session) },
	{ .tag = 9, AT(FT_SPAN, dialog) },
};
#undef RECORD
#define RECORD wire_secret
static const struct field	secret_fields[] = {
	{ .tag = 1, AT(FT_BYTES, route) },
};
#undef RECORD
#define RECORD wire_trace
static const struct field	trace_fields[] = {
	{ .tag = 1, AT(FT_BOOL, on) },
	{ .tag = 2, AT(FT_SPAN, names) },
	{ .tag = 3, AT(FT_SPAN, sources) },
};
#undef RECORD
#define RECORD wire_traced
static const struct field	traced_fields[] = {
	{ .tag = 1, AT(FT_TIME, at) },
	{ .tag = 2, AT(FT_BOOL, out) },
	{ .tag = 3, AT(FT_BOOL, phone) },
	{ .tag = 4, AT(FT_ENUM, transport) },
	{ .tag = 5, AT(FT_ADDR, remote) },
	{ .tag = 6, AT(FT_ADDR, local) },
	{ .tag = 7, AT(FT_SPAN, text) },
	{ .tag = 8, AT(FT_BOOL, cut) },
	{ .tag = 9, AT(FT_SPAN, method) },
	{ .tag = 10, AT(FT_SPAN, call_id) },
	{ .tag = 11, AT(FT_SPAN, content_type) },
	{ .tag = 12, AT(FT_NUM, code) },
	{ .tag = 13, AT(FT_NUM, cseq) },
	{ .tag = 14, AT(FT_NUM, body) },
	{ .tag = 15, AT(FT_NUM, dropped) },
};
#undef RECORD

#define RECORD wire_known
static const struct field	known_fields[] = {
	{ .tag = 1, AT(FT_SPAN, sources) },
};
#undef RECORD

#define KIND(k, f, s) { .name = (k), .table = TABLE_NONE, .fields = (f), .n_fields = sizeof (f) / sizeof (f)[0], .size = sizeof(s) }

static const struct kind	contact_kind = KIND("contact", contact_fields, struct register_contact);
static const struct kind	challenge_kind = KIND("challenge", challenge_fields, struct digest_challenge);
static const struct kind	route_kind = KIND("route", route_target_fields, struct route_target);
static const struct kind	web_var_kind = KIND("web var", web_var_fields, struct web_var);
static const struct kind	target_kind = KIND("target", target_fields, struct wire_target);

static const struct kind	wire_types[WIRE_TYPES] = {
	[WIRE_HELLO] = KIND("hello", hello_fields, struct wire_hello),
	[WIRE_REGISTER] = KIND("register", ask_fields, struct register_ask),
	[WIRE_REGISTER_ANSWER] = KIND("register answer", answer_fields, struct register_answer),
	[WIRE_FLOW_OPEN] = KIND("flow open", flow_fields, struct wire_flow),
	[WIRE_FLOW_GONE] = KIND("flow gone", flow_fields, struct wire_flow),
	[WIRE_FLOW_CLOSE] = KIND("flow close", flow_fields, struct wire_flow),
	[WIRE_LISTENING] = KIND("listening", flow_fields, struct wire_flow),
	[WIRE_COUNTS] = KIND("counts", counts_fields, struct wire_counts),
	[WIRE_DEBUG] = KIND("debug", debug_fields, struct wire_debug),
	[WIRE_MESSAGE] = KIND("message", message_fields, struct message_ask),
	[WIRE_MESSAGE_ANSWER] = KIND("message answer", answer_fields, struct register_answer),
	[WIRE_SEND] = KIND("send", send_fields, struct wire_send),
	[WIRE_SENT] = KIND("sent", sent_fields, struct wire_sent),
	[WIRE_RESOLVE] = KIND("resolve", resolve_fields, struct wire_resolve),
	[WIRE_RESOLVED] = KIND("resolved", resolved_fields, struct wire_resolved),
	[WIRE_DIAL] = KIND("dial", dial_fields, struct wire_dial),
	[WIRE_DIALED] = KIND("dialed", dialed_fields, struct wire_dialed),
	[WIRE_ROUTE] = KIND("route", route_ask_fields, struct route_ask),
	[WIRE_ROUTE_ANSWER] = KIND("route answer", route_answer_fields, struct route_answer),
	[WIRE_CALL] = KIND("call", call_fields, struct wire_call),
	[WIRE_HANG_UP] = KIND("hang up", call_fields, struct wire_call),
	[WIRE_CALLS_TOLD] = KIND("calls told", call_fields, struct wire_call),
	[WIRE_AUTHORIZE] = KIND("authorize", authorize_fields, struct wire_authorize),
	[WIRE_AUTHORIZED] = KIND("authorized", authorize_fields, struct wire_authorize),
	[WIRE_KNOWN] = KIND("known", known_fields, struct wire_known),
	[WIRE_SECRET] = KIND("secret", secret_fields, struct wire_secret),
	[WIRE_FLOW_READY] = KIND("flow ready", flow_fields, struct wire_flow),
	[WIRE_WEB] = KIND("web", web_ask_fields, struct web_ask),
	[WIRE_WEB_ANSWER] = KIND("web answer", web_answer_fields, struct web_answer),
	[WIRE_FETCH] = KIND("fetch", fetch_fields, struct wire_fetch),
	[WIRE_FETCHED] = KIND("fetched", fetched_fields, struct wire_fetched),
	[WIRE_TRACE] = KIND("trace", trace_fields, struct wire_trace),
	[WIRE_TRACED] = KIND("traced", traced_fields, struct wire_traced),
};

const struct kind *
wire_kind(enum wire_type type)
{
	if ((unsigned)type >= WIRE_TYPES || wire_types[type].name == NULL)
		return NULL;
	return &wire_types[type];
}

static void
le_put(uint8_t *out, uint64_t v, int n)
{
	for (int i = 0; i < n; i++, v >>= 8)
		out[i] = (uint8_t)v;
}

static uint64_t
le_get(const uint8_t *in, int n)
{
	uint64_t	v = 0;

	while (n-- > 0)
		v = v << 8 | in[n];
	return v;
}

int
frame_parse(struct frame *f, const uint8_t *in, size_t n)
{
	size_t	len;

	if (n < 4)
		return 0;
	len = (size_t)le_get(in, 4);
	if (len < WIRE_HEADER - 4 || len > WIRE_MAX)
		return ERR_CORRUPT;
	if (n < 4 + len)
		return 0;
	f->type = (enum wire_type)in[4];
	f->id = le_get(in + 5, 8);
	f->payload = in + WIRE_HEADER;
	f->n = len - (WIRE_HEADER - 4);
	return wire_kind(f->type) == NULL ? ERR_CORRUPT : (int)(4 + len);
}

int
frame_make(enum wire_type type, uint64_t id, const void *record, uint8_t *out, size_t max)
{
	int	n;

	if (max < WIRE_HEADER)
		return ERR_TOO_LARGE;
	if (max > WIRE_MAX)
		max = WIRE_MAX;
	if ((n = record_encode(wire_kind(type), record, NULL, out + WIRE_HEADER, max - WIRE_HEADER)) < 0)
		return n;
	le_put(out, (uint64_t)n + WIRE_HEADER - 4, 4);
	out[4] = (uint8_t)type;
	le_put(out + 5, id, 8);
	return n + WIRE_HEADER;
}

int
frame_decode(const struct frame *f, void *record)
{
	return record_decode(wire_kind(f->type), record, NULL, f->payload, f->n);
}

/* A list: each record behind its length. */
static int
list_append(const struct kind *kind, uint8_t *list, size_t n, size_t max, const void *record)
{
	uint8_t	one[4096];
	int	len = record_encode(kind, record, NULL, one, sizeof one);

	if (len < 0)
		return len;
	if (max - n < (size_t)len + VARINT_MAX)
		return ERR_TOO_LARGE;
	n += varint_put(list + n, (uint64_t)len);
	memcpy(list + n, one, (size_t)len);
	return (int)n + len;
}

static int
list_next(const struct kind *kind, struct span *list, void *record)
{
	const uint8_t	*in = (const uint8_t *)list->s;
	uint64_t	 len;
	size_t		 head;
	int		 rc;

	if (list->n == 0)
		return 0;
	if ((head = varint_get(in, list->n, &len)) == 0 || len > list->n - head)
		return ERR_CORRUPT;
	if ((rc = record_decode(kind, record, NULL, in + head, (size_t)len)) != 0)
		return rc;
	list->s += head + len;
	list->n -= head + (size_t)len;
	return 1;
}

int
contact_append(uint8_t *list, size_t n, size_t max, const struct register_contact *c)
{
	return list_append(&contact_kind, list, n, max, c);
}

int
contact_next(struct span *list, struct register_contact *c)
{
	return list_next(&contact_kind, list, c);
}

int
challenge_append(uint8_t *list, size_t n, size_t max, const struct digest_challenge *c)
{
	return list_append(&challenge_kind, list, n, max, c);
}

int
challenge_next(struct span *list, struct digest_challenge *c)
{
	return list_next(&challenge_kind, list, c);
}

int
target_append(uint8_t *list, size_t n, size_t max, const struct wire_target *t)
{
	return list_append(&target_kind, list, n, max, t);
}

int
target_next(struct span *list, struct wire_target *t)
{
	return list_next(&target_kind, list, t);
}

int
route_append(uint8_t *list, size_t n, size_t max, const struct route_target *t)
{
	return list_append(&route_kind, list, n, max, t);
}

int
route_next(struct span *list, struct route_target *t)
{
	return list_next(&route_kind, list, t);
}

int
web_var_append(uint8_t *list, size_t n, size_t max, const struct web_var *v)
{
	return list_append(&web_var_kind, list, n, max, v);
}

int
web_var_next(struct span *list, struct web_var *v)
{
	return list_next(&web_var_kind, list, v);
}
