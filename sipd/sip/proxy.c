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
#include "sipd/sip/branch.h"
#include "sipd/sip/dialog.h"
#include "sipd/sip/forward.h"
#include "sipd/sip/offer.h"
#include "sipd/sip/out.h"
#include "sipd/sip/passing.h"
#include "sipd/sip/token.h"

#define AWAY	"Retry-After: 5\r\n"

enum { RECORD_ROUTE = 512, CHALLENGES_MAX = 16 * 1024 };

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

static struct text_buf
text_room(struct front *f)
{
	return (struct text_buf){ .s = f->proxy->text, .size = sizeof f->proxy->text };
}

static struct span
held(const struct held *h)
{
	return (struct span){ .s = h->s, .n = h->n };
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

/* What the best answer says for itself: the end of its first line. */
static struct span
reason_of(const struct held *best)
{
	enum { BEFORE = sizeof "SIP/2.0 486 " - 1 };
	const char	*end = best->n > BEFORE ? memchr(best->s, '\r', best->n) : NULL;

	return end == NULL || end - best->s < BEFORE ? (struct span){ "", 0 } : (struct span){ best->s + BEFORE, (size_t)(end - best->s - BEFORE) };
}

/* Its final answer, which is not a 2xx, goes; text empty: one of ours; reason NULL: that of the best. */
static void
finish(struct front *f, struct passing *p, uint32_t code, const char *reason, struct span text, int64_t now_ms)
{
	if (p->bye || p->invite)
		tell(f, p, CALL_ENDED, code, reason == NULL ? reason_of(&p->best) : span_of(reason), NULL);
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

/* Text with the challenges of all branches, not only of the one whose answer it is: they go in behind the status line. */
static struct span
with_challenges(struct front *f, const struct passing *p)
{
	const char	*end = memchr(p->best.s, '\n', p->best.n);
	struct text_buf	 t = text_room(f);
	size_t		 n;

	if (p->challenges.n == 0 || end == NULL)
		return held(&p->best);
	n = (size_t)(end + 1 - p->best.s);
	buf_bytes(&t, p->best.s, n);
	buf_bytes(&t, p->challenges.s, p->challenges.n);
	buf_bytes(&t, p->best.s + n, p->best.n - n);
	return t.overflow ? held(&p->best) : (struct span){ .s = t.s, .n = t.n };
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
		finish(f, p, p->best_code, NULL, with_challenges(f, p), now_ms);
}

/* The smaller, the more it says (section 16.7, step 6). */
static uint32_t
worth(uint32_t code, bool ours)
{
	static const uint32_t	telling[] = { 401, 407, 415, 420, 484 };

	if (ours)
		return code == 408 ? 8 : 9;
	if (code / 100 == 6)
		return 0;
	for (size_t i = 0; i < sizeof telling / sizeof telling[0]; i++)
		if (code == telling[i])
			return 3;
	return code / 100 == 3 ? 1 : code == 408 || code == 480 ? 5 : code == 487 ? 6 : code / 100 == 4 ? 4 : code == 503 ? 7 : 6;
}

static void
note_best(struct front *f, struct passing *p, uint32_t code, const sip_t *sip)
{
	struct text_buf	t = text_room(f);

	if (sip != NULL && (code == 401 || code == 407) && p->challenges.n < CHALLENGES_MAX) {
		buf_bytes(&t, p->challenges.s, p->challenges.n);
		if (p->best_code == 401 || p->best_code == 407)		/* the best has its own */
			forward_challenges(&t, sip);
		if (!t.overflow && t.n > 0)
			(void)held_set(&p->challenges, (struct span){ .s = t.s, .n = t.n });
		t = text_room(f);
	}
	if (p->best_code != 0 && worth(code, sip == NULL) >= worth(p->best_code, p->best_ours))
		return;
	p->best_code = code;
	p->best_ours = sip == NULL;
	held_drop(&p->best);
	if (sip == NULL)
		return;
	forward_answer(&t, sip);
	if (t.overflow || !held_set(&p->best, (struct span){ .s = t.s, .n = t.n }))
		p->best_ours = true;
}

static void
cancel_open(struct front *f, const struct passing *p, int64_t now_ms)
{
	for (int32_t i = p->branches, next; i != BRANCH_NONE; i = next) {
		next = branch_at(f->branches, i)->next;
		branch_cancel(f, branch_at(f->branches, i), now_ms);
	}
}

/* The Record-Route of a dialog that may begin: towards who is asked the way to who asks, and the other way round. */
static size_t
record_route(struct front *f, const struct passing *p, const struct branch *b, const struct addr *callee_side, char *out, size_t size)
{
	static const char *const	names[] = { [TRANSPORT_UDP] = "udp", [TRANSPORT_TCP] = "tcp", [TRANSPORT_TLS] = "tls" };
	const struct hop		asker = { .target = p->where.source, .transport = p->where.transport, .flow = p->where.flow,
		.account = p->account };
	const struct {
		const struct hop	*hop;
		const struct addr	*at;
		uint8_t			 transport;
	} sides[] = { { &b->hop, callee_side, b->hop.transport }, { &asker, &p->where.local, p->where.transport } };
	struct text_buf	t = { .s = out, .size = size };

	for (size_t i = 0; i < sizeof sides / sizeof sides[0]; i++) {
		char	token[TOKEN_TEXT];
		bool	ip6 = sides[i].at->family == ADDR_IP6;

		token_make(f->route_key, sides[i].hop, p->forward->call_id_value, token);
		buf_add(&t, "Record-Route: <sip:");
		buf_add(&t, token);
		buf_add(&t, ip6 ? "@[" : "@");
		buf_ip(&t, sides[i].at);
		buf_add(&t, ip6 ? "]:" : ":");
		buf_num(&t, sides[i].at->port);
		buf_add(&t, ";transport=");
		buf_add(&t, names[sides[i].transport]);
		buf_add(&t, ";lr>\r\n");
	}
	return t.overflow ? 0 : t.n;
}

static bool
makes_dialog(const struct passing *p)
{
	static const char *const	methods[] = { "INVITE", "SUBSCRIBE", "REFER", "NOTIFY" };

	for (size_t i = 0; !p->in_dialog && i < sizeof methods / sizeof methods[0]; i++)
		if (strcmp(p->forward->method, methods[i]) == 0)
			return true;
	return false;
}

static const char *
branch_go(struct front *f, struct passing *p, struct branch *b, const struct way *way, int64_t now_ms)
{
	struct text_buf	t = text_room(f);
	char		lines[RECORD_ROUTE];
	struct where	w;
	struct addr	sent_by;
	const char	*why;

	if ((why = where_to(f, way, &w, &sent_by)) != NULL)
		return why;
	if (makes_dialog(p))
		b->how.record_route = (struct span){ .s = lines, .n = record_route(f, p, b, &sent_by, lines, sizeof lines) };
	why = branch_start(f, b, way, &t, now_ms);
	b->how.record_route = (struct span){ NULL, 0 };
	return why;
}

/* false: that place can't be reached. */
static bool
try_target(struct front *f, struct passing *p, const struct route_target *to, int64_t now_ms)
{
	const struct way	 way = { .target = to->target, .local = to->local, .transport = to->transport, .flow = to->flow };
	struct branch		*b = branch_take(f->branches, p->loop);
	const char		*why;

	if (b == NULL)
		return false;
	b->invite = p->invite;
	b->passing = passing_index(f->passings, p);
	b->forward = p->forward;
	b->how.uri = to->uri;
	b->how.route = to->route;
	b->how.headers = to->headers;
	b->trunk = to->trunk;
	b->hop = (struct hop){ .target = to->target, .transport = to->transport, .flow = to->flow, .account = to->account };
	if ((why = branch_go(f, p, b, &way, now_ms)) != NULL) {
		log_debug(SUB_SIP, "%s can't be passed on: %s", p->forward->method, why);
		branch_release(f->branches, b);
		return false;
	}
	b->next = p->branches;
	p->branches = branch_index(f->branches, b);
	p->open++;
	return true;
}

/* Whether the next of the places may be tried, after what the last came to. */
static bool
may_go_on(const struct passing *p, const struct route_target *next)
{
	if (p->cancelled || p->best_code / 100 == 6)
		return false;
	return !next->failover || p->best_code == 0 || p->best_code == 408 || p->best_code == 503;
}

/* All of the lowest rank at once, as far as Max-Breadth goes (RFC 5393 section 5.3); false: nothing is left. */
static bool
try_rank(struct front *f, struct passing *p, int64_t now_ms)
{
	struct route_target	to;
	struct span		after = p->left;
	uint32_t		rank = 0, breadth = p->forward->max_breadth;
	bool			first = true;

	while (route_next(&after, &to) == 1) {
		if (first ? !may_go_on(p, &to) : to.rank != rank || p->open >= breadth)
			break;
		rank = to.rank;
		first = false;
		p->left = after;
		if (!try_target(f, p, &to, now_ms))
			note_best(f, p, 503, NULL);
	}
	return !first;
}

static void
go_on(struct front *f, struct passing *p, int64_t now_ms)
{
	while (p->open == 0 && try_rank(f, p, now_ms))
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
	p->left = held(&p->targets);
	go_on(f, p, now_ms);
}

static bool
names_us(const struct front *f, const url_t *u, const struct where *w)
{
	struct addr	a;
	const char	*host = u->url_host;

	for (uint32_t i = 0; host != NULL && i < f->conf.n_domains; i++)
		if (strcasecmp(host, f->conf.domains[i]) == 0)
			return true;
	if (host == NULL || addr_parse(&a, host) != 0)
		return false;
	if (addr_same_ip(&a, &w->local))
		return true;
	for (int i = 0; i < f->sockets.n; i++)
		if (addr_same_ip(&a, &f->sockets.bound[i].addr) || addr_same_ip(&a, &f->sockets.bound[i].known))
			return true;
	return false;
}

/* Takes our own off the front of its Routes; of those that carry a way, the last is the one to go. */
static bool
take_routes(const struct front *f, const struct proxied *q, struct forward_taken *taken, struct hop *hop)
{
	struct span		 call_id = span_of(q->sip->sip_call_id->i_id);
	const sip_route_t	*r = q->sip->sip_route;
	bool			 found = false;

	taken->strict = r != NULL && token_read(f->route_key, q->sip->sip_request->rq_url->url_user, call_id, hop);
	found = taken->strict;
	for (; r != NULL; r = r->r_next, taken->routes++) {
		if (token_read(f->route_key, r->r_url->url_user, call_id, hop))
			found = true;
		else if (!names_us(f, r->r_url, &q->where))
			break;
	}
	return found;
}

/* What decides where it goes: equal, and it has come round (RFC 5393 section 4.2). */
static uint64_t
loop_of(const struct front *f, const sip_t *sip)
{
	const char	*parts[] = { sip->sip_call_id->i_id, sip->sip_from->a_tag, sip->sip_request->rq_url->url_user,
		sip->sip_request->rq_url->url_host, sip->sip_request->rq_url->url_port, sip->sip_request->rq_method_name };
	uint8_t		text[2048], sum[crypto_shorthash_siphashx24_BYTES];
	uint64_t	v = 0;
	size_t		n = sizeof sip->sip_cseq->cs_seq;

	memcpy(text, &sip->sip_cseq->cs_seq, n);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		size_t	len = parts[i] == NULL ? 0 : strnlen(parts[i], 256);

		if (len > 0)
			memcpy(text + n, parts[i], len);
		n += len;
		text[n++] = '\0';
	}
	(void)crypto_shorthash_siphashx24(sum, text, n, f->route_key);
	for (size_t i = 0; i < 8; i++)
		v = v << 8 | sum[i];
	return v;
}

static bool
has_looped(const sip_t *sip, uint64_t loop)
{
	uint64_t	other;

	for (const sip_via_t *v = sip->sip_via; v != NULL; v = v->v_next)
		if (branch_loop(v->v_branch, &other) && other == loop)
			return true;
	return false;
}

/* false: the keeper can't be asked. */
static bool
ask(struct front *f, const struct passing *p, const struct proxied *q, uint64_t account)
{
	const url_t		*url = q->sip->sip_request->rq_url;
	struct route_ask	 a = { .account = account };
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

/* Inside a dialog: the way is the token's; or, where that connection is gone, the account's newest. */
static void
pass_in_dialog(struct front *f, struct passing *p, const struct proxied *q, const struct hop *hop, int64_t now_ms)
{
	const struct route_target	to = { .target = hop->target, .transport = hop->transport, .flow = hop->flow, .account = hop->account };
	const struct way		way = { .target = hop->target, .transport = hop->transport, .flow = hop->flow };
	struct addr			sent_by;
	struct where			w;
	uint8_t				list[256];
	int				n;

	if (where_to(f, &way, &w, &sent_by) != NULL && hop->account != 0 && f->keeper != NULL && ask(f, p, q, hop->account))
		return;
	n = route_append(list, 0, sizeof list, &to);
	go(f, p, (struct span){ .s = (const char *)list, .n = n < 0 ? 0 : (size_t)n }, now_ms);
}

/* Nobody answers an ACK: it goes on and is forgotten (RFC 3261 section 16.11). */
static void
pass_ack(struct front *f, const struct proxied *q, const struct forward_taken *taken, const struct hop *hop)
{
	const struct way	 way = { .target = hop->target, .transport = hop->transport, .flow = hop->flow };
	struct text_buf		 scratch = { .s = f->proxy->scratch, .size = sizeof f->proxy->scratch }, t = text_room(f);
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
	cancel_open(f, p, now_ms);
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

/* Everything of a request that can be wrong before anybody is asked; hop: where it goes inside a dialog. */
static struct refusal
check(struct front *f, const struct proxied *q, struct forward_taken *taken, struct hop *hop, bool *in_dialog)
{
	const sip_t	*sip = q->sip;
	bool		 has_way = take_routes(f, q, taken, hop);
	size_t		 routes = 0;

	*in_dialog = sip->sip_to->a_tag != NULL;
	for (const sip_route_t *r = sip->sip_route; r != NULL; r = r->r_next)
		routes++;
	if (sip->sip_max_forwards != NULL && sip->sip_max_forwards->mf_count == 0)
		return (struct refusal){ 483, "Too Many Hops" };
	if (*in_dialog && !has_way)
		return (struct refusal){ 481, "Call/Transaction Does Not Exist" };
	if (!*in_dialog && routes > taken->routes)
		return (struct refusal){ 403, "No Route Beyond This Server" };
	if (!*in_dialog && has_looped(sip, loop_of(f, sip)))
		return (struct refusal){ 482, "Loop Detected" };
	return (struct refusal){ 0, NULL };
}

static const struct refusal	away = { 503, "Service Unavailable" };

struct refusal
proxy_request(struct front *f, const struct proxied *q, int64_t now_ms)
{
	struct forward_taken	 taken = { .realm = f->conf.domains[0] };
	struct text_buf		 scratch = { .s = f->proxy->scratch, .size = sizeof f->proxy->scratch };
	struct hop		 hop;
	struct refusal		 no;
	struct passing		*p;
	bool			 in_dialog;

	no = check(f, q, &taken, &hop, &in_dialog);
	if (is(q, "ACK")) {
		if (no.code == 0 && in_dialog)
			pass_ack(f, q, &taken, &hop);
		return (struct refusal){ 0, NULL };
	}
	if (no.code != 0)
		return no;
	if (f->stopping || (!in_dialog && f->keeper == NULL) || (p = passing_take(f->passings, q->key, q->echo)) == NULL)
		return away;
	if ((p->forward = forward_new(q->sip, &q->where, &taken, &scratch)) == NULL) {
		passing_release(f->passings, p);
		return (struct refusal){ 413, "Request Entity Too Large" };
	}
	p->where = q->where;
	p->invite = is(q, "INVITE");
	p->bye = is(q, "BYE");
	p->in_dialog = in_dialog;
	p->loop = loop_of(f, q->sip);
	if (p->invite)
		passing_reply(f, p, 100, "Trying", NULL, now_ms);
	if (in_dialog) {
		dialog_heard(f, q->sip);
		pass_in_dialog(f, p, q, &hop, now_ms);
	} else if (!ask(f, p, q, 0))
		finish(f, p, 503, "Service Unavailable", (struct span){ NULL, 0 }, now_ms);
	return (struct refusal){ 0, NULL };
}

void
proxy_routed(struct front *f, uint64_t id, const struct route_answer *a, int64_t now_ms)
{
	struct passing	*p = passing_of_id(f->passings, id);
	struct text_buf	 t = text_room(f);

	if (p == NULL)
		return;
	p->account = a->account;
	p->call = a->call;
	if (p->state != PASSING_ASKING) {		/* cancelled meanwhile */
		tell(f, p, CALL_ENDED, 487, span_of("Request Terminated"), NULL);
		return;
	}
	if (a->refusal.code == 0) {
		go(f, p, a->targets, now_ms);
		return;
	}
	answer_message(&t, held(&p->echo), &a->refusal);
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
	struct text_buf	t = text_room(f);

	forward_answer(&t, sip);
	if (!t.overflow)
		passing_answer(f, p, sip->sip_status->st_status, (struct span){ .s = t.s, .n = t.n }, now_ms);
}

static void
on_provisional(struct front *f, struct passing *p, const struct branch *b, const sip_t *sip, int64_t now_ms)
{
	int	code = sip->sip_status->st_status;

	if (!p->invite || passing_is_over(p))
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
		cancel_open(f, p, now_ms);
}

static void
on_final(struct front *f, struct passing *p, uint32_t code, const sip_t *sip, int64_t now_ms)
{
	if (passing_is_over(p))
		return;
	note_best(f, p, code, sip);
	if (code / 100 == 6)
		cancel_open(f, p, now_ms);
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

/* The same again, with the answer to what was asked. */
static bool
try_again(struct front *f, struct passing *p, const struct branch *old, struct span lines, int64_t now_ms)
{
	const struct way	 way = { .target = old->hop.target, .transport = old->hop.transport, .flow = old->hop.flow };
	struct branch		*b = branch_take(f->branches, p->loop);
	char			 headers[CHALLENGES_MAX];
	struct text_buf		 t = { .s = headers, .size = sizeof headers };

	if (b == NULL)
		return false;
	b->invite = p->invite;
	b->passing = old->passing;
	b->forward = p->forward;
	b->how.uri = old->how.uri;
	b->how.route = old->how.route;
	b->hop = old->hop;
	b->trunk = old->trunk;
	b->authorized = true;
	buf_bytes(&t, old->how.headers.s, old->how.headers.n);
	buf_bytes(&t, lines.s, lines.n);
	b->how.headers = (struct span){ .s = t.s, .n = t.n };
	if (t.overflow || branch_go(f, p, b, &way, now_ms) != NULL) {
		branch_release(f->branches, b);
		return false;
	}
	b->how.headers = (struct span){ NULL, 0 };
	b->next = p->branches;
	p->branches = branch_index(f->branches, b);
	return true;
}

void
proxy_authorized(struct front *f, uint64_t id, const struct wire_authorize *a, int64_t now_ms)
{
	struct passing	*p = passing_of_id(f->passings, id);
	struct branch	*b = p == NULL || a->branch >= BRANCH_PLACES ? NULL : branch_at(f->branches, (int32_t)a->branch);

	if (b == NULL || !b->used || !b->asking || b->passing != passing_index(f->passings, p))
		return;
	b->asking = false;
	if (!p->cancelled && a->lines.n > 0 && try_again(f, p, b, a->lines, now_ms))
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
	was_open = b->state == BRANCH_CALLING || b->state == BRANCH_PROCEEDING;
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

	if (b->state == BRANCH_CALLING || b->state == BRANCH_PROCEEDING || b->asking) {
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

/* Who was asked over it can't be reached, and is as good as one who never could. */
void
proxy_flow_gone(struct front *f, uint64_t flow, int64_t now_ms)
{
	struct branch	*b;

	for (int32_t at = 0; (b = branch_next(f->branches, &at)) != NULL;) {
		struct passing	*p = passing_at(f->passings, b->passing);

		if (b->where.flow == 0 || (flow != 0 && b->where.flow != flow) || (b->state != BRANCH_CALLING && b->state != BRANCH_PROCEEDING))
			continue;
		b->state = BRANCH_COMPLETED;
		p->open--;
		on_final(f, p, 503, NULL, now_ms);
		drop_branch(f, b);
	}
}

size_t
proxy_count(const struct front *f)
{
	return passing_count(f->passings);
}
