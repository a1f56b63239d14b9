#include "sipd/sip/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "core/binding.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/limit.h"
#include "core/log.h"
#include "sipd/sip/answer.h"
#include "sipd/sip/ask.h"
#include "sipd/sip/client.h"
#include "sipd/sip/flows.h"
#include "sipd/sip/heard.h"
#include "sipd/sip/message.h"
#include "sipd/sip/out.h"
#include "sipd/sip/pending.h"
#include "sipd/sip/proxy.h"
#include "sipd/sip/said.h"
#include "sipd/sip/traces.h"

enum { ECHO_MAX = 16 * 1024, RETRY_AFTER_S = 5 };

/* One request on its way through here. */
struct request {
	struct front	*front;
	tport_t		*tport;
	const sip_t	*sip;
	struct where	 where;
	size_t		 size;		/* of the message */
	char		 tag[17];
	uint64_t	 key;		/* the same for a retransmission */
	bool		 last;		/* nothing can be read on this connection after it */
};

#define ALLOW	"Allow: REGISTER, OPTIONS, MESSAGE, INVITE, ACK, BYE, CANCEL, PRACK, UPDATE, INFO, REFER, SUBSCRIBE, NOTIFY, PUBLISH\r\n"
#define AWAY	"Retry-After: 5\r\n"

/* A tag that can't be guessed and that a retransmission meets again; and the key that knows one. */
static void
identify(struct request *r)
{
	static const char	 digits[] = "0123456789abcdef";
	const sip_t		*sip = r->sip;
	const char		*parts[] = { sip->sip_via == NULL ? NULL : sip->sip_via->v_branch, sip->sip_from == NULL ? NULL : sip->sip_from->a_tag,
		sip->sip_call_id == NULL ? NULL : sip->sip_call_id->i_id };
	uint8_t			 text[1024], sum[crypto_shorthash_siphashx24_BYTES];
	uint32_t		 cseq = sip->sip_cseq == NULL ? 0 : sip->sip_cseq->cs_seq;
	size_t			 n = 0;

	memcpy(text, &cseq, sizeof cseq);
	n += sizeof cseq;
	memcpy(text + n, r->where.source.ip, sizeof r->where.source.ip);
	n += sizeof r->where.source.ip;
	memcpy(text + n, &r->where.source.port, sizeof r->where.source.port);
	n += sizeof r->where.source.port;
	text[n++] = r->where.transport;		/* a phone's port may be one over UDP and another over TCP */
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		size_t	part = parts[i] == NULL ? 0 : strnlen(parts[i], 256);

		memcpy(text + n, parts[i] == NULL ? "" : parts[i], part);
		n += part;
		text[n++] = '\0';
	}
	(void)crypto_shorthash_siphashx24(sum, text, n, r->front->tag_key);
	for (size_t i = 0; i < 8; i++) {
		r->tag[2 * i] = digits[sum[i] >> 4];
		r->tag[2 * i + 1] = digits[sum[i] & 15];
	}
	memcpy(&r->key, sum + 8, sizeof r->key);
}

static struct span
echo_make(const struct request *r, char *buf, size_t size)
{
	struct text_buf	b = { .s = buf, .size = size };

	answer_echo(&b, r->sip, &r->where, r->tag);
	return b.overflow ? (struct span){ 0 } : (struct span){ .s = buf, .n = b.n };
}

static void
reply(const struct request *r, int code, const char *reason, const char *extra)
{
	char		echo[ECHO_MAX], text[ANSWER_MAX];
	struct span	e = echo_make(r, echo, sizeof echo);
	struct text_buf	b = { .s = text, .size = sizeof text };

	if (r->sip->sip_request->rq_method == sip_method_ack || e.n == 0)
		return;
	answer_plain(&b, e, code, reason, extra);
	if (!b.overflow)
		(void)out_send(r->front->out, r->front->flows, &r->where, b.s, b.n, r->last);
}

/* Adds the option tags of list that we do not know to Unsupported (RFC 3261 section 8.2.2.3). */
static void
unknown_options(const msg_list_t *list, bool allow_register_ones, struct text_buf *b)
{
	for (size_t i = 0; list != NULL && list->k_items != NULL && list->k_items[i] != NULL; i++) {
		const char	*tag = list->k_items[i];

		if (allow_register_ones && (strcasecmp(tag, "path") == 0 || strcasecmp(tag, "outbound") == 0))
			continue;
		buf_add(b, b->n == 0 ? "Unsupported: " : ", ");
		buf_span(b, span_of(tag));
	}
}

/* Whether we are the one that it is for, and no proxy on its way. */
static bool
is_for_us(const sip_t *sip)
{
	const sip_request_t	*rq = sip->sip_request;

	if (rq->rq_method == sip_method_register)
		return true;
	if (sip->sip_to->a_tag != NULL)
		return false;
	return rq->rq_method == sip_method_message ||
	    (rq->rq_url->url_user == NULL && (rq->rq_method == sip_method_options || rq->rq_method == sip_method_unknown));
}

static bool
refuse_options(const struct request *r)
{
	char		line[1024];
	struct text_buf	b = { .s = line, .size = sizeof line - 1 };

	if (is_for_us(r->sip))
		unknown_options(r->sip->sip_require, r->sip->sip_request->rq_method == sip_method_register, &b);
	unknown_options(r->sip->sip_proxy_require, false, &b);
	if (b.n == 0)
		return false;
	buf_add(&b, "\r\n");
	line[b.overflow ? 0 : b.n] = '\0';
	reply(r, 420, "Bad Extension", line);
	return true;
}

static bool
is_sip_url(const url_t *u)
{
	return u->url_type == url_sip || u->url_type == url_sips;
}

/*
 * Headers that we can't do without, or whose fault would change what is asked.  Others are as good as absent (RFC 3261 section 16.3), a
 * malformed Expires among them (section 10.3).
 */
static const char *const	needed_headers[] = { "Via", "From", "To", "Call-ID", "CSeq", "Contact", "Max-Forwards", "Require",
	"Proxy-Require", "Authorization", "Content-Length", "Path", "Route" };

/* The list holds what could not be parsed, and all but the first of a header that may stand only once. */
static const char *
bad_header(const sip_t *sip)
{
	for (const sip_header_t *h = (const sip_header_t *)sip->sip_error; h != NULL; h = h->sh_next) {
		const char	*name = h->sh_class == sip_error_class ? h->sh_error->er_name : h->sh_class->hc_name;

		if (name == NULL)
			return "Header";
		for (size_t i = 0; i < sizeof needed_headers / sizeof needed_headers[0]; i++)
			if (strcasecmp(name, needed_headers[i]) == 0)
				return needed_headers[i];
	}
	return NULL;
}

static bool
refuse_broken(const struct request *r)
{
	const sip_t	*sip = r->sip;
	const char	*bad;
	char		 reason[64];

	if (sip->sip_flags & MSG_FLG_TOOLARGE) {
		reply(r, 413, "Request Entity Too Large", NULL);
		return true;
	}
	if (strcasecmp(sip->sip_request->rq_version, "SIP/2.0") != 0) {
		reply(r, 505, "Version Not Supported", NULL);
		return true;
	}
	if ((bad = bad_header(sip)) != NULL) {
		(void)snprintf(reason, sizeof reason, "Bad %s", bad);
		reply(r, 400, reason, NULL);
		return true;
	}
	if (sip->sip_flags & MSG_FLG_ERROR) {
		reply(r, 400, "Bad Request", NULL);
		return true;
	}
	if (sip->sip_from == NULL || sip->sip_to == NULL || sip->sip_call_id == NULL || sip->sip_cseq == NULL) {
		reply(r, 400, "Missing Header", NULL);
		return true;
	}
	return false;
}

/* What RFC 4475 and RFC 3261 section 8.2 have us refuse before anything else. */
static bool
refuse_form(const struct request *r)
{
	const sip_t		*sip = r->sip;
	const sip_request_t	*rq = sip->sip_request;

	if (refuse_broken(r))
		return true;
	if (rq->rq_method == sip_method_unknown && is_for_us(sip)) {	/* a proxy passes on what it never heard of (section 16.1) */
		reply(r, 501, "Not Implemented", ALLOW);
		return true;
	}
	if (sip->sip_cseq->cs_method_name == NULL || strcmp(sip->sip_cseq->cs_method_name, rq->rq_method_name) != 0) {
		reply(r, 400, "CSeq Method Does Not Match", NULL);
		return true;
	}
	if (!is_sip_url(rq->rq_url)) {
		reply(r, 416, "Unsupported URI Scheme", NULL);
		return true;
	}
	if (rq->rq_url->url_headers != NULL) {
		reply(r, 400, "Headers in Request-URI", NULL);
		return true;
	}
	return refuse_options(r);
}

static void
refuse_unavailable(const struct request *r)
{
	r->front->counts.unavailable++;
	reply(r, 503, "Service Unavailable", AWAY);
}

/* Has the request wait for the keeper's answer. */
static void
ask_keeper(const struct request *r, enum wire_type type, const void *ask)
{
	struct front		*f = r->front;
	char			 echo[ECHO_MAX];
	struct span		 e = echo_make(r, echo, sizeof echo);
	struct pending_request	 gone;
	uint64_t		 id;
	int			 rc;

	if (e.n == 0)
		return;
	if (f->keeper == NULL || f->stopping ||
	    (rc = pending_add(f->pending, r->key, &r->where, e, r->size, clock_boot_ms(), &id)) < 0) {
		refuse_unavailable(r);
		return;
	}
	if (rc == 0 || (rc = channel_send(f->keeper, type, id, ask)) == 0)
		return;
	(void)pending_take(f->pending, id, &gone);
	if (rc == ERR_TOO_LARGE)
		reply(r, 413, "Request Entity Too Large", NULL);
	else
		refuse_unavailable(r);
}

/*
 * A request that is sent again because its answer was lost is not another one: it gets the same answer.  A message would else be taken twice,
 * and a REGISTER challenged anew, as its nonce count was used.
 */
static bool
repeat_answer(const struct request *r, struct said *to)
{
	struct span	said = r->where.flow != 0 ? (struct span){ 0 } : said_find(to, r->key, clock_boot_ms());

	return said.n > 0 && out_send(r->front->out, r->front->flows, &r->where, said.s, said.n, false);
}

static void
serve_register(const struct request *r)
{
	struct front		*f = r->front;
	struct ask_memory	 memory;
	struct register_ask	 ask;
	const char		*reason = NULL;
	int			 rc;

	if (repeat_answer(r, f->said_registers))
		return;
	if (!is_sip_url(r->sip->sip_to->a_url) || !is_sip_url(r->sip->sip_from->a_url)) {
		reply(r, 400, "To and From Must Be SIP URIs", NULL);
		return;
	}
	if ((rc = ask_make(&ask, &memory, r->sip, &r->where, f->conf.domains[0], &reason)) != 0) {
		reply(r, rc, reason, NULL);
		return;
	}
	ask_keeper(r, WIRE_REGISTER, &ask);
}

static void
serve_message(const struct request *r)
{
	struct front		*f = r->front;
	const sip_max_forwards_t *mf = r->sip->sip_max_forwards;
	struct ask_memory	 memory;
	struct message_ask	 ask;
	const char		*reason = NULL;
	int			 rc;

	if (repeat_answer(r, f->said))
		return;
	if (mf != NULL && mf->mf_count == 0)
		reply(r, 483, "Too Many Hops", NULL);
	else if ((rc = message_make(&ask, &memory, r->sip, &r->where, f->conf.domains[0], f->conf.queue.max_size, &reason)) != 0)
		reply(r, rc, reason, NULL);
	else
		ask_keeper(r, WIRE_MESSAGE, &ask);
}

static void
serve_options(const struct request *r)
{
	reply(r, 200, "OK", ALLOW "Accept: application/sdp\r\nAccept-Encoding: identity\r\nSupported: path, outbound\r\n");
}

/* What is not for us goes on. */
static void
serve_proxy(const struct request *r)
{
	int64_t		now_ms = clock_boot_ms();
	char		echo[ECHO_MAX];
	struct proxied	q = { .sip = r->sip, .where = r->where, .key = r->key, .size = r->size };
	struct refusal	no;

	if ((q.echo = echo_make(r, echo, sizeof echo)).n == 0 || proxy_repeated(r->front, &q, now_ms))
		return;
	if (r->sip->sip_request->rq_method == sip_method_cancel)
		no = (struct refusal){ 481, "Call/Transaction Does Not Exist" };
	else
		no = proxy_request(r->front, &q, now_ms);
	if (no.code == 503)
		refuse_unavailable(r);
	else if (no.code != 0)
		reply(r, no.code, no.reason, NULL);
}

static const struct {
	sip_method_t	method;
	void		(*serve)(const struct request *);
} methods[] = {
	{ sip_method_register, serve_register },
	{ sip_method_message, serve_message },
	{ sip_method_options, serve_options },
};

static void
serve(const struct request *r)
{
	for (size_t i = 0; is_for_us(r->sip) && i < sizeof methods / sizeof methods[0]; i++) {
		if (methods[i].method == r->sip->sip_request->rq_method) {
			methods[i].serve(r);
			return;
		}
	}
	serve_proxy(r);
}

/* The port that a datagram's answer goes to: by rport the one that it came from, else the one that Via names. */
static uint16_t
answer_port(const sip_via_t *v, const struct addr *source)
{
	unsigned long	port;

	if (v == NULL || answer_wants_rport(v))
		return source->port;
	port = v->v_port == NULL ? 5060 : strtoul(v->v_port, NULL, 10);
	return port == 0 || port > 65535 ? 5060 : (uint16_t)port;
}

bool
request_take(struct front *f, tport_t *tp, msg_t *msg, const struct where *w)
{
	sip_t		*sip = sip_object(msg);
	struct request	 r = { .front = f, .tport = tp, .sip = sip, .where = *w, .size = msg_size(msg) };

	if (sip != NULL && sip->sip_status != NULL) {
		if (!heard_answer(f, sip, w, clock_boot_ms()) && !client_answered(f, sip, w, clock_boot_ms()))
			return false;
		msg_destroy(msg);
		return true;
	}
	if (sip == NULL || sip->sip_request == NULL || (sip->sip_via == NULL && answer_bad_via(sip) == NULL)) {
		f->counts.malformed++;		/* there is nobody to be answered */
		if (w->flow != 0)
			(void)tport_shutdown(tp, 2);
		msg_destroy(msg);
		return true;
	}
	r.last = w->flow != 0 && (sip->sip_flags & (MSG_FLG_ERROR | MSG_FLG_TOOLARGE)) != 0;
	r.where.port = answer_port(sip->sip_via, &w->source);
	identify(&r);
	if (refuse_form(&r))
		f->counts.malformed++;
	else
		serve(&r);
	msg_destroy(msg);
	return true;
}

/* Whose connection it is: the stream process told before it sent the first byte. */
static struct flow *
flow_of(struct front *f, tport_t *tp, const struct addr *relay)
{
	uint8_t		 transport = strcasecmp(tport_name(tp)->tpn_proto, "tls") == 0 ? TRANSPORT_TLS : TRANSPORT_TCP;
	struct flow	*flow = addr_is_loopback(relay) ? flows_at(f->flows, transport, relay->port) : NULL;

	if (flow == NULL && f->stream != NULL) {
		channel_read(f->stream);
		flow = flows_at(f->flows, transport, relay->port);
	}
	if (flow == NULL)
		return NULL;
	flow_set_tport(flow, tp);
	return flow;
}

bool
request_receive(struct front *f, tport_t *tp, msg_t *msg)
{
	const struct flow	*flow;
	struct where		 w = { .fd = -1 };

	if (!tport_is_stream(tp))
		return false;		/* udp.c has seen it */
	if (addr_of_sockaddr(&w.source, &msg_addr(msg)->su_sa) != 0 || (flow = flow_of(f, tp, &w.source)) == NULL) {
		log_debug(SUB_SIP, "a connection that the stream process does not know was closed");
		(void)tport_shutdown(tp, 2);
		msg_destroy(msg);
		return true;
	}
	w.source = flow->source;
	w.local = flow->local;
	w.transport = flow->transport;
	w.flow = flow->id;
	if (!client_knows(f->client, sip_object(msg)) && !heard_knows(f, sip_object(msg))) {
		f->counts.requests++;
		if (!limits_take(f->limits, &w.source, clock_boot_ms())) {
			f->counts.limited++;
			msg_destroy(msg);
			return true;
		}
	}
	traces_see_parsed(f->traces, &w, sip_object(msg));
	return request_take(f, tp, msg, &w);
}

static const char *
date_line(struct front *f)
{
	int64_t	now_s = (int64_t)time(NULL);

	if (now_s != f->date_at) {
		answer_date(f->date, now_s);
		f->date_at = now_s;
	}
	return f->date;
}

/* Returns the text that was sent, in buf; empty when none was. */
static struct span
answer_send(struct front *f, const struct pending_request *p, enum wire_type type, const struct register_answer *a, char buf[ANSWER_MAX])
{
	struct text_buf	b = { .s = buf, .size = ANSWER_MAX };

	if (a->code == 0)
		return (struct span){ 0 };
	if (type == WIRE_MESSAGE_ANSWER)
		answer_message(&b, p->echo, a);
	else
		answer_register(&b, p->echo, a, date_line(f));
	if (b.overflow) {
		log_debug(SUB_SIP, "an answer was too long and was not sent");
		return (struct span){ 0 };
	}
	(void)out_send(f->out, f->flows, &p->where, b.s, b.n, false);
	return (struct span){ .s = b.s, .n = b.n };
}

void
request_answered(struct front *f, enum wire_type type, uint64_t id, const struct register_answer *a)
{
	struct pending_request	p;
	struct span		text;
	char			buf[ANSWER_MAX];

	if (!pending_take(f->pending, id, &p))
		return;
	text = answer_send(f, &p, type, a, buf);
	if (p.where.flow == 0 && !a->challenge)
		said_put(type == WIRE_MESSAGE_ANSWER ? f->said : f->said_registers, p.key, text, clock_boot_ms());
}

void
request_keeper_gone(struct front *f)
{
	const struct register_answer	a = { .code = 503, .retry_after = RETRY_AFTER_S };
	struct pending_request		p;
	char				buf[ANSWER_MAX];

	for (uint32_t at = 0; pending_take_next(f->pending, &at, &p);) {
		f->counts.unavailable++;
		(void)answer_send(f, &p, WIRE_MESSAGE_ANSWER, &a, buf);	/* the plainest */
	}
}
