#include "sipd/sip/proxy.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core/binding.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "sipd/sip/answer.h"
#include "sipd/sip/ask.h"
#include "sipd/sip/best.h"
#include "sipd/sip/branch.h"
#include "sipd/sip/dialog.h"
#include "sipd/sip/forward.h"
#include "sipd/sip/offer.h"
#include "sipd/sip/out.h"
#include "sipd/sip/passing.h"
#include "sipd/sip/routing.h"
#include "sipd/sip/spread.h"
#include "sipd/sip/token.h"

#define AWAY	"Retry-After: 5\r\n"

enum { CHALLENGES_MAX = 16 * 1024 };

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
	f->proxy = calloc(1, sizeof *f->proxy);
	randombytes_buf(f->route_key, sizeof f->route_key);
	return f->branches != NULL && f->passings != NULL && f->dialogs != NULL && f->proxy != NULL;
}

void
proxy_close(struct front *f)
{
	branches_free(f->branches);
	passings_free(f->passings);
	dialogs_free(f->dialogs);
	free(f->proxy);
}

struct text_buf
proxy_text(struct front *f)
{
	return (struct text_buf){ .s = f->proxy->text, .size = sizeof f->proxy->text };
}

static void
tell(struct front *f, const struct passing *p, enum call_state state, uint32_t code, struct span reason, const struct branch *by)
{
	const struct wire_call	c = { .call = p->call, .call_id = p->forward->call_id_value, .state = (uint8_t)state, .code = code,
		.reason = reason, .account = by == NULL ? 0 : by->hop.account, .trunk = by == NULL ? 0 : by->trunk };

	if (f->keeper != NULL && (p->call != 0 || p->bye))
		(void)channel_send(f->keeper, WIRE_CALL, 0, &c);
	if (state == CALL_ENDED && p->bye)
		dialog_over(f, p->forward->call_id_value);
}

/* A BYE that is to come again with a password ended nothing yet; ours does not come again. */
static bool
is_asked_again(const struct passing *p, uint32_t code)
{
	return !p->own && (code == 401 || code == 407);
}

/* Its final answer, which is not a 2xx, goes; text empty: one of ours; reason NULL: that of the best. */
static void
finish(struct front *f, struct passing *p, uint32_t code, const char *reason, struct span text, int64_t now_ms)
{
	if (p->invite || (p->bye && !is_asked_again(p, code)))
		tell(f, p, CALL_ENDED, code, reason == NULL ? best_reason(p) : span_of(reason), NULL);
	if (text.n > 0)
		passing_answer(f, p, (int)code, text, now_ms);
	else
		passing_reply(f, p, (int)code, reason, code == 503 ? AWAY : NULL, now_ms);
	p->left = (struct span){ NULL, 0 };
}

/* Nothing is told of a request but an INVITE that nobody answered: RFC 4320 section 4.2. */
static void
finish_silently(struct front *f, struct passing *p, int64_t now_ms)
{
	if (p->bye)
		tell(f, p, CALL_ENDED, 408, span_of("Request Timeout"), NULL);
	p->left = (struct span){ NULL, 0 };
	passing_silence(f, p, now_ms);
}

/* All that could answer has: the best of it goes back (RFC 3261 section 16.7). */
static void
answer_best(struct front *f, struct passing *p, int64_t now_ms)
{
	const struct span	none = { NULL, 0 };

	if (p->cancelled)
		finish(f, p, 487, "Request Terminated", none, now_ms);
	else if (p->best_code == 0)
		finish(f, p, 480, "Temporarily Unavailable", none, now_ms);
	else if (p->best_code == 408 && p->best_ours && !p->invite)
		finish_silently(f, p, now_ms);
	else if (p->best_ours)
		finish(f, p, p->best_code == 503 ? 480 : p->best_code, p->best_code == 503 ? "Temporarily Unavailable" : "Request Timeout",
		    none, now_ms);
	else if (p->best_code == 503)	/* it is not we who are unavailable (section 16.7, step 6) */
		finish(f, p, 500, "Server Failure", none, now_ms);
	else
		finish(f, p, p->best_code, NULL, best_text(f, p), now_ms);
}

static void
go_on(struct front *f, struct passing *p, int64_t now_ms)
{
	while (p->open == 0 && spread_next(f, p, now_ms))
		;
	if (p->open == 0)
		answer_best(f, p, now_ms);
}

static void
go(struct front *f, struct passing *p, struct span targets, int64_t now_ms)
{
	p->state = PASSING_GOING;
	if (!held_set(&p->targets, targets)) {
		finish(f, p, 503, "Service Unavailable", (struct span){ NULL, 0 }, now_ms);
		return;
	}
	p->left = held_span(&p->targets);
	go_on(f, p, now_ms);
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

/* Inside a dialog: the way is the token's; or, where that connection is gone, the newest of that account, or trunk. */
static void
pass_in_dialog(struct front *f, struct passing *p, const struct proxied *q, const struct hop *hop, int64_t now_ms)
{
	const struct route_target	to = { .target = hop->target, .transport = hop->transport, .flow = hop->flow, .account = hop->account };
	const struct way		way = { .target = hop->target, .transport = hop->transport, .flow = hop->flow };
	struct addr			sent_by;
	struct where			w;
	uint8_t				list[256];
	int				n;

	if (where_to(f, &way, &w, &sent_by) != NULL && (hop->account != 0 || hop->trunk != 0) && f->keeper != NULL && ask(f, p, q, hop))
		return;
	n = route_append(list, 0, sizeof list, &to);
	go(f, p, (struct span){ .s = (const char *)list, .n = n < 0 ? 0 : (size_t)n }, now_ms);
}

/* Nobody answers an ACK: it goes on and is forgotten (RFC 3261 section 16.11). */
static void
pass_ack(struct front *f, const struct proxied *q, const struct forward_taken *taken, const struct hop *hop)
{
	const struct way	 way = { .target = hop->target, .transport = hop->transport, .flow = hop->flow };
	struct text_buf		 scratch = { .s = f->proxy->scratch, .size = sizeof f->proxy->scratch }, t = proxy_text(f);
	struct forward_branch	 how = { .branch = "z9hG4bKwa" };
	struct forward		*forward;
	struct where		 w;
	char			 branch[64];
	struct text_buf		 b = { .s = branch, .size = sizeof branch };

	if (where_to(f, &way, &w, &how.sent_by) != NULL || (forward = forward_new(q->sip, &q->where, taken, &scratch)) == NULL)
		return;
	buf_add(&b, "z9hG4bKwa");
	buf_hex(&b, (const uint8_t *)&q->key, sizeof q->key);
	buf_bytes(&b, "", 1);
	how.branch = branch;
	how.transport = w.transport;
	forward_request(&t, forward, &how);
	if (!t.overflow)
		(void)out_send(f->out, f->flows, &w, t.s, t.n, false);
	free(forward);
}

static void
terminate(struct front *f, struct passing *p, int64_t now_ms)
{
	if (passing_is_over(p) || p->cancelled)
		return;
	p->cancelled = true;
	p->left = (struct span){ NULL, 0 };
	spread_cancel(f, p, now_ms);
	if (p->open == 0)
		answer_best(f, p, now_ms);
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
	terminate(f, p, now_ms);
}

void
proxy_cancel(struct front *f, uint64_t call, int64_t now_ms)
{
	struct passing	*p;

	for (int32_t at = 0; (p = passing_next(f->passings, &at)) != NULL;)
		if (p->invite && p->call == call && !p->own && !passing_is_over(p)) {
			terminate(f, p, now_ms);
			if (!passing_is_over(p))	/* who asked is told at once: the phones may be dead */
				answer_best(f, p, now_ms);
		}
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
	go(f, p, (struct span){ .s = (const char *)list, .n = (size_t)n }, now_ms);
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
	p->bye = is(q, "BYE");
	p->in_dialog = r.in_dialog;
	p->loop = r.loop;
	if (p->invite)
		passing_reply(f, p, 100, "Trying", NULL, now_ms);
	if (r.in_dialog) {
		dialog_heard(f, q->sip);
		pass_in_dialog(f, p, q, &r.hop, now_ms);
	} else if (!ask(f, p, q, NULL))
		finish(f, p, 503, "Service Unavailable", (struct span){ NULL, 0 }, now_ms);
	return (struct refusal){ 0, NULL };
}

void
proxy_routed(struct front *f, uint64_t id, const struct route_answer *a, int64_t now_ms)
{
	struct passing	*p = passing_of_id(f->passings, id);
	struct text_buf	 t = proxy_text(f);

	if (p == NULL)
		return;
	p->account = a->account;
	p->trunk = a->trunk;
	p->call = a->call;
	if (p->state != PASSING_ASKING) {		/* cancelled meanwhile */
		tell(f, p, CALL_ENDED, 487, span_of("Request Terminated"), NULL);
		return;
	}
	if (a->refusal.code == 0) {
		go(f, p, a->targets, now_ms);
		return;
	}
	answer_message(&t, held_span(&p->echo), &a->refusal);
	finish(f, p, a->refusal.code, "", t.overflow ? (struct span){ NULL, 0 } : (struct span){ .s = t.s, .n = t.n }, now_ms);
}

bool
proxy_expects(struct front *f, const char *text, size_t n)
{
	return branch_expects(f->branches, text, n);
}

bool
proxy_knows(struct front *f, const sip_t *sip)
{
	return branch_of(f->branches, sip) != NULL;
}

/* Sends an answer of a branch back as it is. */
static void
pass_back(struct front *f, struct passing *p, const sip_t *sip, int64_t now_ms)
{
	struct text_buf	t = proxy_text(f);

	forward_answer(&t, sip);
	if (!t.overflow)
		passing_answer(f, p, sip->sip_status->st_status, (struct span){ .s = t.s, .n = t.n }, now_ms);
}

static void
on_provisional(struct front *f, struct passing *p, const struct branch *b, const sip_t *sip, int64_t now_ms)
{
	int	code = sip->sip_status->st_status;

	if (!p->invite || b->given_up || passing_is_over(p))
		return;
	pass_back(f, p, sip, now_ms);
	if (!p->rang && code >= 180 && code != 181 && code != 182) {
		p->rang = true;
		tell(f, p, CALL_RINGING, 0, (struct span){ NULL, 0 }, b);
	}
}

static void
on_success(struct front *f, struct passing *p, struct branch *b, const sip_t *sip, int64_t now_ms)
{
	bool	first = !passing_is_over(p);

	p->left = (struct span){ NULL, 0 };
	if (first && p->bye)
		tell(f, p, CALL_ENDED, 0, (struct span){ NULL, 0 }, NULL);
	if (first && p->invite && !p->in_dialog) {
		tell(f, p, CALL_ANSWERED, 0, (struct span){ NULL, 0 }, b);
		dialog_add(f, p, b, sip);
	}
	if (first || p->invite)
		pass_back(f, p, sip, now_ms);
	if (p->invite)
		spread_cancel(f, p, now_ms);
}

static void
on_final(struct front *f, struct passing *p, uint32_t code, const sip_t *sip, int64_t now_ms)
{
	if (passing_is_over(p))
		return;
	best_note(f, p, code, sip);
	if (code / 100 == 6)
		spread_cancel(f, p, now_ms);
	if (p->open == 0)
		go_on(f, p, now_ms);
}

/*
 * A trunk that we called asks for a password: ours, which no phone knows.  Only one that we asked, from where we asked it, once, and never
 * inside a dialog (reliability A7).  True: its answer waits for what the keeper says.
 */
static bool
ask_password(struct front *f, const struct passing *p, struct branch *b, const sip_t *sip, const struct where *w, int64_t now_ms)
{
	uint8_t			list[CHALLENGES_MAX];
	struct wire_authorize	a = { .trunk = b->trunk, .branch = (uint32_t)branch_index(f->branches, b), .method = span_of(p->forward->method),
		.uri = b->how.uri };
	bool			from_it = b->where.flow != 0 ? w->flow == b->where.flow : w->flow == 0 && addr_same_ip(&w->source, &b->where.source);

	if (b->authorized || p->in_dialog || p->cancelled || !from_it || f->keeper == NULL)
		return false;
	a.challenges = (struct span){ .s = (const char *)list, .n = ask_challenges(sip, list, sizeof list) };
	b->asking = a.challenges.n > 0 && channel_send(f->keeper, WIRE_AUTHORIZE, passing_id(f->passings, p), &a) == 0;
	if (b->asking)
		branch_keep(f, b, now_ms);
	return b->asking;
}

void
proxy_authorized(struct front *f, uint64_t id, const struct wire_authorize *a, int64_t now_ms)
{
	struct passing	*p = passing_of_id(f->passings, id);
	struct branch	*b = p == NULL || a->branch >= BRANCH_PLACES ? NULL : branch_at(f->branches, (int32_t)a->branch);

	if (b == NULL || !b->used || !b->asking || b->passing != passing_index(f->passings, p))
		return;
	b->asking = false;
	if (!p->cancelled && a->lines.n > 0 && spread_again(f, p, b, a->lines, now_ms))
		return;
	p->open--;
	on_final(f, p, 503, NULL, now_ms);	/* the phone can do nothing about it */
}

bool
proxy_answered(struct front *f, const sip_t *sip, const struct where *w, int64_t now_ms)
{
	struct branch	*b = branch_of(f->branches, sip);
	struct passing	*p;
	int		 code;
	bool		 was_open;

	if (b == NULL)
		return false;
	code = sip->sip_status->st_status;
	p = passing_at(f->passings, b->passing);
	was_open = branch_is_open(b);
	if (!branch_hear(f, b, sip, now_ms))
		return true;
	if (code < 200) {
		on_provisional(f, p, b, sip, now_ms);
		return true;
	}
	if (b->trunk != 0 && (code == 401 || code == 407)) {
		if (was_open && ask_password(f, p, b, sip, w, now_ms))
			return true;
		p->open -= was_open;
		on_final(f, p, 503, NULL, now_ms);
		return true;
	}
	p->open -= was_open;
	if (code < 300)
		on_success(f, p, b, sip, now_ms);
	else
		on_final(f, p, (uint32_t)code, sip, now_ms);
	return true;
}

/* Takes a branch out of its request's list, and forgets it. */
static void
drop_branch(struct front *f, struct branch *b)
{
	struct passing	*p = passing_at(f->passings, b->passing);
	int32_t		 i = branch_index(f->branches, b), *at = &p->branches;

	while (*at != i)
		at = &branch_at(f->branches, *at)->next;
	*at = b->next;
	branch_release(f->branches, b);
	if (p->ended && p->branches == BRANCH_NONE)
		passing_release(f->passings, p);
}

static void
branch_over(struct front *f, struct branch *b, int64_t now_ms)
{
	struct passing	*p = passing_at(f->passings, b->passing);

	if (b->state == BRANCH_CALLING && b->wait_ms > 0 && !b->given_up) {
		branch_give_up(f, b, now_ms);
		p->open--;
		on_final(f, p, 408, NULL, now_ms);
		return;
	}
	if (branch_is_open(b) || b->asking) {
		b->state = BRANCH_COMPLETED;
		p->open--;
		on_final(f, p, 408, NULL, now_ms);
	}
	drop_branch(f, b);
}

void
proxy_turn(struct front *f, int64_t now_ms)
{
	struct passing	*p;
	struct branch	*b;
	bool		 over;

	while ((b = branch_due(f, now_ms, &over)) != NULL)
		if (over)
			branch_over(f, b, now_ms);
	while ((p = passing_due(f, now_ms)) != NULL) {
		p->ended = true;
		if (p->branches == BRANCH_NONE)
			passing_release(f->passings, p);
	}
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
		if (p->state == PASSING_ASKING)
			finish(f, p, 503, "Service Unavailable", (struct span){ NULL, 0 }, now_ms);
}

/* Who was asked can't be reached, and is as good as one who never could. */
static void
branch_lost(struct front *f, struct branch *b, int64_t now_ms)
{
	struct passing	*p = passing_at(f->passings, b->passing);

	if (!branch_is_open(b))
		return;
	b->state = BRANCH_COMPLETED;
	p->open--;
	on_final(f, p, 503, NULL, now_ms);
	drop_branch(f, b);
}

void
proxy_flow_gone(struct front *f, uint64_t flow, int64_t now_ms)
{
	struct branch	*b;

	for (int32_t at = 0; (b = branch_next(f->branches, &at)) != NULL;)
		if (b->where.flow != 0 && (flow == 0 || b->where.flow == flow))
			branch_lost(f, b, now_ms);
}

bool
proxy_refused(struct front *f, const char *text, size_t n, int64_t now_ms)
{
	struct branch	*b = branch_in(f->branches, text, n);

	if (b == NULL || b->where.flow != 0)
		return false;
	branch_lost(f, b, now_ms);
	return true;
}

size_t
proxy_count(const struct front *f)
{
	return passing_count(f->passings);
}
