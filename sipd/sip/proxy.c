#include "sipd/sip/proxy.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core/binding.h"
#include "core/log.h"
#include "sipd/sip/announce.h"
#include "sipd/sip/answer.h"
#include "sipd/sip/ask.h"
#include "sipd/sip/branch.h"
#include "sipd/sip/course.h"
#include "sipd/sip/dialog.h"
#include "sipd/sip/forward.h"
#include "sipd/sip/large.h"
#include "sipd/sip/offer.h"
#include "sipd/sip/out.h"
#include "sipd/sip/passing.h"
#include "sipd/sip/routing.h"
#include "sipd/sip/token.h"

struct proxy {
	struct ask_memory	memory;
	char			scratch[FORWARD_MAX], text[FORWARD_MAX + 8192];
};

bool
proxy_open(struct front *f)
{
	f->branches = branches_new();
	f->passings = passings_new();
	f->dialogs = dialogs_new();
	f->larges = larges_new();
	f->proxy = calloc(1, sizeof *f->proxy);
	randombytes_buf(f->route_key, sizeof f->route_key);
	return f->branches != NULL && f->passings != NULL && f->dialogs != NULL && f->larges != NULL && f->proxy != NULL;
}

void
proxy_close(struct front *f)
{
	branches_free(f->branches);
	passings_free(f->passings);
	dialogs_free(f->dialogs);
	larges_free(f->larges);
	free(f->proxy);
}

struct text_buf
proxy_text(struct front *f)
{
	return (struct text_buf){ .s = f->proxy->text, .size = sizeof f->proxy->text };
}

/* false: the keeper can't be asked. */
static bool
ask(struct front *f, const struct passing *p, const struct proxied *q, const struct hop *lost)
{
	const url_t		*url = q->sip->sip_request->rq_url;
	struct route_ask	 a = { .account = lost == NULL ? 0 : lost->account, .trunk = lost == NULL ? 0 : lost->trunk };
	const struct offer	 offer = offer_read(p->forward->body.s, p->forward->body.n);

	ask_origin(&a.from, &f->proxy->memory, q->sip, &q->where);
	ask_credentials(&a.from, q->sip->sip_proxy_authorization, f->conf.domains[0]);
	a.method = span_of(p->forward->method);
	a.user = ask_unescape(&f->proxy->memory, url->url_user);
	a.from_user = ask_unescape(&f->proxy->memory, q->sip->sip_from->a_url->url_user);
	a.from_host = span_of(q->sip->sip_from->a_url->url_host);
	a.secure = url->url_type == url_sips;
	a.offer = offer.any;
	a.offer_secure = offer.secure;
	return channel_send(f->keeper, WIRE_ROUTE, passing_id(f->passings, p), &a) == 0;
}

static bool
is(const struct proxied *q, const char *method)
{
	return strcmp(q->sip->sip_request->rq_method_name, method) == 0;
}

/* Its connection is gone, but the keeper may know of another. */
static bool
is_lost(struct front *f, const struct hop *hop)
{
	const struct way	way = { .target = hop->target, .transport = hop->transport, .flow = hop->flow };
	struct addr		sent_by;
	struct where		w;

	return (hop->account != 0 || hop->trunk != 0) && f->keeper != NULL && where_to(f, &way, &w, &sent_by) != NULL;
}

/* The same for a request of our own. */
static bool
ask_lost(struct front *f, const struct passing *p, const struct hop *hop)
{
	const struct route_ask	a = { .account = hop->account, .trunk = hop->trunk, .method = span_of(p->forward->method) };

	return channel_send(f->keeper, WIRE_ROUTE, passing_id(f->passings, p), &a) == 0;
}

/* Inside a dialog: the way is the token's; or, where that connection is gone, the newest of that account, or trunk. */
static void
pass_in_dialog(struct front *f, struct passing *p, const struct proxied *q, const struct hop *hop, int64_t now_ms)
{
	const struct route_target	to = { .target = hop->target, .transport = hop->transport, .flow = hop->flow, .account = hop->account };
	uint8_t				list[256];
	int				n;

	if (is_lost(f, hop) && ask(f, p, q, hop))
		return;
	n = route_append(list, 0, sizeof list, &to);
	course_go(f, p, (struct span){ .s = (const char *)list, .n = n < 0 ? 0 : (size_t)n }, now_ms);
}

static const char *
send_ack(struct front *f, const struct forward *forward, uint64_t key, const struct way *way)
{
	struct forward_branch	 how = { .breadth = forward->max_breadth };
	struct text_buf		 t = proxy_text(f);
	struct where		 w;
	char			 branch[64];
	struct text_buf		 b = { .s = branch, .size = sizeof branch };
	const char		*why = where_to(f, way, &w, &how.sent_by);

	if (why != NULL)
		return why;
	buf_add(&b, "z9hG4bKwa");
	buf_hex(&b, (const uint8_t *)&key, sizeof key);
	buf_bytes(&b, "", 1);
	how.branch = branch;
	how.transport = w.transport;
	forward_request(&t, forward, &how);
	return !t.overflow && out_send(f->out, f->flows, &w, t.s, t.n, false) ? NULL : "Not Sent";
}

/*
 * Nobody answers an ACK: it goes on and is forgotten (RFC 3261 section 16.11).  Where its way is lost, the keeper is asked for the newest, as
 * for the INVITE before it.
 */
static void
pass_ack(struct front *f, const struct proxied *q, const struct forward_taken *taken, const struct hop *hop)
{
	const struct way	 way = { .target = hop->target, .transport = hop->transport, .flow = hop->flow };
	struct text_buf		 scratch = { .s = f->proxy->scratch, .size = sizeof f->proxy->scratch };
	struct forward		*forward = forward_new(q->sip, &q->where, taken, &scratch);
	struct passing		*p;
	uint64_t		 key;

	if (forward == NULL)
		return;
	randombytes_buf(&key, sizeof key);
	if (send_ack(f, forward, q->key, &way) == NULL || (hop->account == 0 && hop->trunk == 0) || f->keeper == NULL ||
	    (p = passing_take(f->passings, key, (struct span){ "", 0 })) == NULL) {
		free(forward);
		return;
	}
	p->forward = forward;
	p->ack = p->own = p->in_dialog = true;
	if (!ask(f, p, q, hop))
		passing_release(f->passings, p);
}

static void
ack_routed(struct front *f, struct passing *p, struct span targets)
{
	struct route_target	to;

	while (route_next(&targets, &to) == 1) {
		const struct way	way = { .target = to.target, .local = to.local, .transport = to.transport, .flow = to.flow };

		(void)send_ack(f, p->forward, p->key, &way);
	}
	passing_release(f->passings, p);
}

/* RFC 3261 section 16.10: the CANCEL is answered at once, what it cancels when its branches have been. */
static void
cancel(struct front *f, struct passing *p, const struct proxied *q, int64_t now_ms)
{
	char		text[ANSWER_MAX];
	struct text_buf	t = { .s = text, .size = sizeof text };

	answer_plain(&t, q->echo, 200, "OK", NULL);
	if (!t.overflow)
		(void)out_send(f->out, f->flows, &q->where, t.s, t.n, false);
	course_cancel(f, p, now_ms);
}

bool
proxy_cancel(struct front *f, uint64_t call, int64_t now_ms)
{
	struct passing	*p;
	bool		 found = false;

	for (int32_t at = 0; (p = passing_next(f->passings, &at)) != NULL;)
		if (p->invite && p->call == call && !p->own && !passing_is_over(p)) {
			found = true;
			course_cancel(f, p, now_ms);
			if (!passing_is_over(p))	/* who asked is told at once: the phones may be dead */
				course_answer(f, p, now_ms);
		}
	return found;
}

void
proxy_tell_calls(struct front *f)
{
	const struct wire_call	 all = { .call = 0 };
	struct passing		*p;

	for (int32_t at = 0; (p = passing_next(f->passings, &at)) != NULL;)
		if (p->invite && p->call != 0 && !passing_is_over(p))
			course_tell(f, p, p->rang ? CALL_RINGING : CALL_TRYING, 0, (struct span){ NULL, 0 });
	dialogs_tell(f);
	(void)channel_send(f->keeper, WIRE_CALLS_TOLD, 0, &all);
}

bool
proxy_own(struct front *f, const struct proxy_own *o, int64_t now_ms)
{
	const struct forward_own	 own = { .method = o->method, .uri = o->uri, .routes = o->routes, .from = o->from, .to = o->to,
		.call_id = o->call_id, .cseq = o->cseq };
	const struct route_target	 to = { .target = o->hop.target, .transport = o->hop.transport, .flow = o->hop.flow,
		.account = o->hop.account };
	struct text_buf			 scratch = { .s = f->proxy->scratch, .size = sizeof f->proxy->scratch };
	struct passing			*p;
	uint64_t			 key;
	uint8_t				 list[256];
	int				 n = route_append(list, 0, sizeof list, &to);

	randombytes_buf(&key, sizeof key);
	if (n < 0 || (p = passing_take(f->passings, key, (struct span){ "", 0 })) == NULL)
		return false;
	p->own = p->in_dialog = true;
	p->bye = strcmp(o->method, "BYE") == 0;
	p->call = o->call;
	if ((p->forward = forward_own(&own, &scratch)) == NULL) {
		passing_release(f->passings, p);
		return false;
	}
	if (is_lost(f, &o->hop) && ask_lost(f, p, &o->hop))
		return true;
	course_go(f, p, (struct span){ .s = (const char *)list, .n = (size_t)n }, now_ms);
	return true;
}

bool
proxy_repeated(struct front *f, const struct proxied *q, int64_t now_ms)
{
	struct passing	*p = passing_find(f->passings, q->key);

	if (p == NULL)
		return false;
	if (is(q, "ACK")) {
		if (!p->invite || p->state == PASSING_ACCEPTED)
			return false;
		passing_acknowledged(f, p, now_ms);
		return true;
	}
	if (is(q, "CANCEL")) {
		if (!p->invite)
			return false;
		cancel(f, p, q, now_ms);
		return true;
	}
	if (!is(q, p->forward->method))
		return false;
	if (p->where.flow != q->where.flow)	/* its connection was lost: it is answered where it comes from now */
		p->where = q->where;
	passing_repeated(f, p);
	return true;
}

static const struct refusal	away = { 503, "Service Unavailable" };

struct refusal
proxy_request(struct front *f, const struct proxied *q, int64_t now_ms)
{
	struct text_buf		 scratch = { .s = f->proxy->scratch, .size = sizeof f->proxy->scratch };
	struct routing		 r;
	struct refusal		 no = routing_read(f, q, &r);
	struct passing		*p;

	if (is(q, "ACK")) {
		if (no.code == 0 && r.in_dialog)
			pass_ack(f, q, &r.taken, &r.hop);
		return (struct refusal){ 0, NULL };
	}
	if (no.code != 0)
		return no;
	if (f->stopping || (!r.in_dialog && f->keeper == NULL) || (p = passing_take(f->passings, q->key, q->echo)) == NULL)
		return away;
	if ((p->forward = forward_new(q->sip, &q->where, &r.taken, &scratch)) == NULL) {
		passing_release(f->passings, p);
		return (struct refusal){ 413, "Request Entity Too Large" };
	}
	p->where = q->where;
	p->invite = is(q, "INVITE");
	p->bye = is(q, "BYE") && dialog_is_ended_by(f, q->sip);
	p->in_dialog = r.in_dialog;
	p->loop = r.loop;
	if (p->invite)
		passing_reply(f, p, 100, "Trying", NULL, now_ms);
	else
		passing_await(f, p, now_ms);
	if (r.in_dialog) {
		dialog_heard(f, q->sip);
		pass_in_dialog(f, p, q, &r.hop, now_ms);
	} else if (!ask(f, p, q, NULL))
		course_finish(f, p, 503, "Service Unavailable", (struct span){ NULL, 0 }, now_ms);
	return (struct refusal){ 0, NULL };
}

void
proxy_routed(struct front *f, uint64_t id, const struct route_answer *a, int64_t now_ms)
{
	struct passing	*p = passing_of_id(f->passings, id);
	struct text_buf	 t = proxy_text(f);

	if (p == NULL)
		return;
	if (p->ack) {
		ack_routed(f, p, a->targets);
		return;
	}
	p->account = a->account;
	p->trunk = a->trunk;
	p->call = a->call;
	if (p->state != PASSING_ASKING) {		/* cancelled meanwhile */
		course_tell(f, p, CALL_ENDED, 487, span_of("Request Terminated"));
		return;
	}
	if (a->refusal.code == 0) {
		course_go(f, p, a->targets, now_ms);
		return;
	}
	if (a->refusal.announce.n > 0) {
		announce_refusal(f, p, &a->refusal, now_ms);
		return;
	}
	if (!p->own)
		answer_message(&t, held_span(&p->echo), &a->refusal);
	course_finish(f, p, a->refusal.code, "", t.overflow ? (struct span){ NULL, 0 } : (struct span){ .s = t.s, .n = t.n }, now_ms);
}

int64_t
proxy_next_at(const struct front *f)
{
	int64_t	a = branch_next_at(f->branches), b = passing_next_at(f->passings);

	return a < b ? a : b;
}

void
proxy_keeper_gone(struct front *f, int64_t now_ms)
{
	struct passing	*p;

	for (int32_t at = 0; (p = passing_next(f->passings, &at)) != NULL;)
		if (p->ack)
			passing_release(f->passings, p);
		else if (p->state == PASSING_ASKING)
			course_finish(f, p, 503, "Service Unavailable", (struct span){ NULL, 0 }, now_ms);
}

size_t
proxy_count(const struct front *f)
{
	return passing_count(f->passings);
}
