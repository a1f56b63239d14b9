#include "sipd/sip/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "core/binding.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "sipd/sip/answer.h"
#include "sipd/sip/ask.h"
#include "sipd/sip/flows.h"
#include "sipd/sip/limit.h"
#include "sipd/sip/out.h"
#include "sipd/sip/pending.h"
#include "sipd/sip/sockets.h"

enum { ECHO_MAX = 16 * 1024, RETRY_AFTER_S = 5, ABSORB_KEY = 8 };

/* One request on its way through here. */
struct request {
	struct front	*front;
	msg_t		*msg;
	const sip_t	*sip;
	struct where	 where;
	char		 tag[17];
	uint64_t	 key;		/* the same for a retransmission */
};

#define ALLOW	"Allow: REGISTER, OPTIONS\r\n"

/* A tag that can't be guessed and that a retransmission meets again; and the key that knows one. */
static void
identify(struct request *r)
{
	const sip_t		 *sip = r->sip;
	const char		*parts[] = { sip->sip_via == NULL ? NULL : sip->sip_via->v_branch, sip->sip_from->a_tag,
		sip->sip_call_id == NULL ? NULL : sip->sip_call_id->i_id };
	crypto_generichash_state st;
	uint8_t			 sum[16];
	uint32_t		 cseq = sip->sip_cseq == NULL ? 0 : sip->sip_cseq->cs_seq;

	crypto_generichash_init(&st, r->front->tag_key, sizeof r->front->tag_key, sizeof sum);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		if (parts[i] != NULL)
			crypto_generichash_update(&st, (const uint8_t *)parts[i], strlen(parts[i]) + 1);
	crypto_generichash_update(&st, (const uint8_t *)&cseq, sizeof cseq);
	crypto_generichash_update(&st, (const uint8_t *)&r->where.source, sizeof r->where.source);
	crypto_generichash_final(&st, sum, sizeof sum);
	(void)sodium_bin2hex(r->tag, sizeof r->tag, sum, 8);
	memcpy(&r->key, sum + 8, ABSORB_KEY);
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
		out_send(r->front->out, r->front->flows, &r->where, b.s, b.n);
}

/* Option tags in list that we do not know, for Unsupported (RFC 3261 section 8.2.2.3).  false if there are none. */
static bool
unknown_options(const msg_list_t *list, bool allow_register_ones, struct text_buf *b)
{
	bool	any = false;

	for (size_t i = 0; list != NULL && list->k_items != NULL && list->k_items[i] != NULL; i++) {
		const char	*tag = list->k_items[i];

		if (allow_register_ones && (strcasecmp(tag, "path") == 0 || strcasecmp(tag, "outbound") == 0))
			continue;
		buf_add(b, "%s%s", any ? ", " : "Unsupported: ", tag);
		any = true;
	}
	return any;
}

static bool
refuse_options(const struct request *r)
{
	char		line[1024];
	struct text_buf	b = { .s = line, .size = sizeof line };
	bool		registering = r->sip->sip_request->rq_method == sip_method_register;

	if (!unknown_options(r->sip->sip_require, registering, &b) && !unknown_options(r->sip->sip_proxy_require, false, &b))
		return false;
	buf_add(&b, "\r\n");
	reply(r, 420, "Bad Extension", b.overflow ? NULL : line);
	return true;
}

static bool
is_sip_url(const url_t *u)
{
	return u->url_type == url_sip || u->url_type == url_sips;
}

/* What RFC 4475 and RFC 3261 section 8.2 have us refuse before anything else. */
static bool
refuse_form(const struct request *r)
{
	const sip_t	*sip = r->sip;
	const sip_request_t *rq = sip->sip_request;

	if (sip->sip_from == NULL || sip->sip_to == NULL || sip->sip_call_id == NULL || sip->sip_cseq == NULL || sip->sip_via == NULL) {
		reply(r, 400, "Missing Header", NULL);
		return true;
	}
	if (rq->rq_method == sip_method_unknown) {
		reply(r, 501, "Not Implemented", ALLOW);
		return true;
	}
	if (sip->sip_cseq->cs_method != rq->rq_method) {
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
serve_register(const struct request *r)
{
	struct front		*f = r->front;
	struct ask_memory	 memory;
	struct register_ask	 ask;
	char			 echo[ECHO_MAX];
	struct span		 e;
	const char		*reason = NULL;
	uint64_t		 id;
	int			 rc;

	if (!is_sip_url(r->sip->sip_to->a_url) || !is_sip_url(r->sip->sip_from->a_url)) {
		reply(r, 400, "To and From Must Be SIP URIs", NULL);
		return;
	}
	if ((rc = ask_make(&ask, &memory, r->sip, &r->where, f->conf.domains[0], &reason)) != 0) {
		reply(r, rc, reason, NULL);
		return;
	}
	if ((e = echo_make(r, echo, sizeof echo)).n == 0)
		return;
	if (f->keeper == NULL || f->stopping || (rc = pending_add(f->pending, r->key, &r->where, e, clock_boot_ms(), &id)) < 0) {
		f->counts.unavailable++;
		reply(r, 503, "Service Unavailable", "Retry-After: 5\r\n");
		return;
	}
	if (rc == 1 && channel_send(f->keeper, WIRE_REGISTER, id, &ask) != 0) {
		struct pending_request	gone;

		(void)pending_take(f->pending, id, &gone);
		f->counts.unavailable++;
		reply(r, 503, "Service Unavailable", "Retry-After: 5\r\n");
	}
}

static void
serve_options(const struct request *r)
{
	reply(r, 200, "OK", ALLOW "Accept: application/sdp\r\nAccept-Encoding: identity\r\nSupported: path, outbound\r\n");
}

static void
serve_cancel(const struct request *r)
{
	reply(r, 481, "Call/Transaction Does Not Exist", NULL);
}

static void
serve_ack(const struct request *r)
{
	(void)r;	/* of a call that we do not know: nothing answers an ACK */
}

static void
serve_other(const struct request *r)
{
	const sip_max_forwards_t	*mf = r->sip->sip_max_forwards;

	if (mf != NULL && mf->mf_count == 0)
		reply(r, 483, "Too Many Hops", NULL);
	else
		reply(r, 405, "Method Not Allowed", ALLOW);
}

static const struct {
	sip_method_t	method;
	void		(*serve)(const struct request *);
} methods[] = {
	{ sip_method_register, serve_register },
	{ sip_method_options, serve_options },
	{ sip_method_cancel, serve_cancel },
	{ sip_method_ack, serve_ack },
};

static void
serve(const struct request *r)
{
	for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
		if (methods[i].method == r->sip->sip_request->rq_method) {
			methods[i].serve(r);
			return;
		}
	}
	serve_other(r);
}

/* Where a datagram's answer goes: by rport back to the source's port, else to the one that Via names (RFC 3581 section 4). */
static bool
locate_datagram(struct request *r, tport_t *tp)
{
	const sip_via_t	*v = r->sip->sip_via;
	unsigned long	 port;

	r->where.transport = TRANSPORT_UDP;
	r->where.to = r->where.source;
	if (v != NULL && v->v_rport == NULL) {
		port = v->v_port == NULL ? 5060 : strtoul(v->v_port, NULL, 10);
		r->where.to.port = port == 0 || port > 65535 ? 5060 : (uint16_t)port;
	}
	return sockets_of(&r->front->sockets, tport_name(tp), &r->where.fd, &r->where.local);
}

/* Whose connection it is: the stream process told before it sent the first byte. */
static bool
locate_stream(struct request *r, tport_t *tp)
{
	struct front	*f = r->front;
	uint16_t	 relay = r->where.source.port;
	uint8_t		 transport = strcasecmp(tport_name(tp)->tpn_proto, "tls") == 0 ? TRANSPORT_TLS : TRANSPORT_TCP;
	struct flow	*flow = addr_is_loopback(&r->where.source) ? flows_at(f->flows, transport, relay) : NULL;

	if (flow == NULL && f->stream != NULL) {
		channel_read(f->stream);
		flow = flows_at(f->flows, transport, relay);
	}
	if (flow == NULL) {
		log_warn("a connection that the stream process does not know was closed");
		(void)tport_shutdown(tp, 2);
		return false;
	}
	flow_set_tport(flow, tp);
	r->where.source = flow->source;
	r->where.local = flow->local;
	r->where.transport = flow->transport;
	r->where.flow = flow->id;
	return true;
}

int
request_receive(struct front *f, nta_agent_t *agent, msg_t *msg, sip_t *sip)
{
	struct request	 r = { .front = f, .msg = msg, .sip = sip, .where = { .fd = -1 } };
	tport_t		*tp = tport_delivered_by(nta_agent_tports(agent), msg);
	su_sockaddr_t	*from = msg_addr(msg);

	if (sip->sip_request == NULL || tp == NULL || addr_of_sockaddr(&r.where.source, &from->su_sa) != 0) {
		msg_destroy(msg);	/* an answer to nothing that we asked */
		return 0;
	}
	f->counts.requests++;
	if (!(tport_is_stream(tp) ? locate_stream(&r, tp) : locate_datagram(&r, tp))) {
		msg_destroy(msg);
		return 0;
	}
	if (!limits_take(f->limits, &r.where.source, clock_boot_ms())) {
		f->counts.limited++;
	} else if (sip->sip_from != NULL) {
		identify(&r);
		if (refuse_form(&r))
			f->counts.malformed++;
		else
			serve(&r);
	}
	msg_destroy(msg);
	return 0;
}

static void
answer_send(struct front *f, const struct pending_request *p, const struct register_answer *a)
{
	char		text[ANSWER_MAX];
	struct text_buf	b = { .s = text, .size = sizeof text };

	if (a->code == 0)
		return;
	answer_register(&b, p->echo, a, (int64_t)time(NULL));
	if (b.overflow)
		log_warn("an answer to a REGISTER was too long and was not sent");
	else
		out_send(f->out, f->flows, &p->where, b.s, b.n);
}

void
request_answered(struct front *f, uint64_t id, const struct register_answer *a)
{
	struct pending_request	p;

	if (pending_take(f->pending, id, &p))
		answer_send(f, &p, a);
}

void
request_keeper_gone(struct front *f)
{
	const struct register_answer	a = { .code = 503, .retry_after = RETRY_AFTER_S };
	struct pending_request		p;

	while (pending_take_any(f->pending, &p)) {
		f->counts.unavailable++;
		answer_send(f, &p, &a);
	}
}
