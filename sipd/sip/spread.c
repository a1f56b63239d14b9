#include "sipd/sip/spread.h"

#include <string.h>

#include "core/binding.h"
#include "core/log.h"
#include "sipd/sip/best.h"
#include "sipd/sip/buf.h"
#include "sipd/sip/proxy.h"
#include "sipd/sip/token.h"

enum { RECORD_ROUTE = 512, HEADERS_MAX = 16 * 1024 };

void
spread_cancel(struct front *f, const struct passing *p, int64_t now_ms)
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
		.account = p->account, .trunk = p->trunk, .srtp = b->hop.srtp };
	const struct {
		const struct hop	*hop;
		const struct addr	*at;
		uint8_t			 transport;
	} sides[] = { { &b->hop, callee_side, b->hop.transport }, { &asker, &p->where.local, p->where.transport } };
	struct text_buf	t = { .s = out, .size = size };
	bool		sips = p->forward->uri.n > 5 && strncasecmp(p->forward->uri.s, "sips:", 5) == 0;

	for (size_t i = 0; i < sizeof sides / sizeof sides[0]; i++) {
		char	token[TOKEN_TEXT];
		bool	ip6 = sides[i].at->family == ADDR_IP6;

		token_make(f->route_key, sides[i].hop, p->forward->call_id_value, token);
		buf_add(&t, sips ? "Record-Route: <sips:" : "Record-Route: <sip:");
		buf_add(&t, token);
		buf_add(&t, ip6 ? "@[" : "@");
		buf_ip(&t, sides[i].at);
		buf_add(&t, ip6 ? "]:" : ":");
		buf_num(&t, sides[i].at->port);
		if (!sips) {		/* which says it already */
			buf_add(&t, ";transport=");
			buf_add(&t, names[sides[i].transport]);
		}
		buf_add(&t, ";lr>\r\n");
	}
	return t.overflow ? 0 : t.n;
}

/* Of a method that we do not know anything may come. */
static bool
makes_dialog(const struct passing *p)
{
	static const char *const	never[] = { "MESSAGE", "OPTIONS", "PUBLISH", "INFO", "CANCEL" };

	for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
		if (strcmp(p->forward->method, never[i]) == 0)
			return false;
	return !p->in_dialog;
}

static const char *
branch_go(struct front *f, struct passing *p, struct branch *b, const struct way *way, int64_t now_ms)
{
	struct text_buf	t = proxy_text(f);
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
	b->local = to->local;
	b->trunk = to->trunk;
	b->instance = to->instance;
	b->how.breadth = p->share;
	b->wait_ms = p->invite ? to->wait_ms : 0;
	b->hop = (struct hop){ .target = to->target, .transport = to->transport, .flow = to->flow, .account = to->account, .trunk = to->trunk,
		.srtp = to->srtp };
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

/* Max-Breadth is for all branches that are under way at once: each gets its share (RFC 5393 section 5.3.3). */
static uint32_t
share_of(struct span left, uint32_t breadth)
{
	struct route_target	to;
	uint32_t		rank = 0, n = 0;

	for (; n < breadth && route_next(&left, &to) == 1 && (n == 0 || to.rank == rank); n++)
		rank = to.rank;
	return n == 0 ? breadth : breadth / n;
}

static bool
was_tried(const struct front *f, const struct passing *p, const struct route_target *to)
{
	for (int32_t i = p->branches; i != BRANCH_NONE; i = branch_at(f->branches, i)->next) {
		const struct hop	*hop = &branch_at(f->branches, i)->hop;

		if (hop->flow == to->flow && addr_eq(&hop->target, &to->target))
			return true;
	}
	return false;
}

/* Whether a way to the same device is under way already. */
static bool
is_other_way(const struct front *f, const struct passing *p, const struct route_target *to)
{
	for (int32_t i = p->branches; to->instance != 0 && i != BRANCH_NONE; i = branch_at(f->branches, i)->next)
		if (branch_at(f->branches, i)->instance == to->instance)
			return true;
	return false;
}

bool
spread_other(struct front *f, struct passing *p, const struct branch *failed, int64_t now_ms)
{
	struct route_target	to;
	struct span		all = held_span(&p->targets);

	if (failed->instance == 0 || p->cancelled)
		return false;
	while (route_next(&all, &to) == 1)
		if (to.instance == failed->instance && !was_tried(f, p, &to) && try_target(f, p, &to, now_ms))
			return true;
	return false;
}

/* All of the lowest rank at once, as far as Max-Breadth goes (RFC 5393 section 5.3); false: nothing is left. */
bool
spread_next(struct front *f, struct passing *p, int64_t now_ms)
{
	struct route_target	to;
	struct span		after = p->left;
	uint32_t		rank = 0, breadth = p->forward->max_breadth;
	bool			first = true;

	p->share = share_of(p->left, breadth);

	while (route_next(&after, &to) == 1) {
		if (first ? !may_go_on(p, &to) : to.rank != rank || p->open >= breadth)
			break;
		rank = to.rank;
		first = false;
		p->left = after;
		if (is_other_way(f, p, &to))
			continue;
		if (!try_target(f, p, &to, now_ms))
			best_note(f, p, 503, NULL);
	}
	return !first;
}

/* The same again, with the answer to what was asked. */
bool
spread_again(struct front *f, struct passing *p, const struct branch *old, struct span lines, int64_t now_ms)
{
	const struct way	 way = { .target = old->hop.target, .transport = old->hop.transport, .flow = old->hop.flow,
		.local = old->local };
	struct branch		*b = branch_take(f->branches, p->loop);
	char			 headers[HEADERS_MAX];
	struct text_buf		 t = { .s = headers, .size = sizeof headers };

	if (b == NULL)
		return false;
	b->invite = p->invite;
	b->passing = old->passing;
	b->forward = p->forward;
	b->how.uri = old->how.uri;
	b->how.route = old->how.route;
	b->how.breadth = old->how.breadth;
	b->hop = old->hop;
	b->local = old->local;
	b->trunk = old->trunk;
	b->wait_ms = old->wait_ms;
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
