#include "sipd/sip/forward.h"

#include <stdlib.h>
#include <string.h>

#include "core/binding.h"
#include "sipd/sip/answer.h"
#include "sipd/sip/ask.h"
#include "sipd/sip/compose.h"

enum { MAX_FORWARDS = 70, MAX_BREADTH = 60 };	/* where a request says none: RFC 3261 section 16.6, RFC 5393 section 5.3.3 */

/* What only a trusted network may say of a caller (RFC 3325), and what we write ourselves. */
static const char *const	not_passed[] = {
	"P-Asserted-Identity", "P-Preferred-Identity", "P-Asserted-Service", "P-Preferred-Service", "Remote-Party-ID", "P-Charging-Vector",
	"P-Charging-Function-Addresses", "P-Access-Network-Info", "Max-Breadth",
};

static bool
is_passed(const sip_header_t *h)
{
	const char	*name = h->sh_unknown->un_name;

	if (h->sh_class != sip_unknown_class || name == NULL)
		return true;
	for (size_t i = 0; i < sizeof not_passed / sizeof not_passed[0]; i++)
		if (strcasecmp(name, not_passed[i]) == 0)
			return false;
	return true;
}

/* A header's line as it was sent, unfolded; nothing for one that shares its line with the one before. */
static void
raw_line(struct text_buf *b, const sip_header_t *h)
{
	const char	*line = h->sh_data;
	size_t		 n = h->sh_len;

	if (line == NULL || n == 0)
		return;
	while (n > 0 && strchr("\r\n \t", line[n - 1]) != NULL)
		n--;
	buf_span(b, (struct span){ .s = line, .n = n });
	buf_add(b, "\r\n");
}

static bool
is_ours(const sip_header_t *h, const char *realm)
{
	struct register_ask	ask = { .authorized = false };

	if (h->sh_class != sip_proxy_authorization_class || realm == NULL)
		return false;
	ask_credentials(&ask, h->sh_auth, realm);
	return ask.authorized;
}

/* Whether a line is written from what the request was taken apart to. */
static bool
is_special(const sip_header_t *h)
{
	static const msg_hclass_t *const	classes[] = {
		sip_request_class, sip_status_class, sip_via_class, sip_route_class, sip_record_route_class, sip_from_class, sip_to_class,
		sip_call_id_class, sip_cseq_class, sip_max_forwards_class, sip_content_length_class,
	};

	for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
		if (h->sh_class == classes[i])
			return true;
	return false;
}

static bool
ends(const sip_header_t *h)
{
	return h == NULL || h->sh_class == sip_separator_class || h->sh_class == sip_payload_class;
}

uint32_t
forward_breadth(const sip_t *sip)
{
	for (const sip_unknown_t *u = sip->sip_unknown; u != NULL; u = u->un_next)
		if (u->un_name != NULL && strcasecmp(u->un_name, "Max-Breadth") == 0)
			return ask_seconds(u->un_value);
	return MAX_BREADTH;
}

/* Where a part begins in the text that is being written, and what it came to. */
static struct span
part(const struct text_buf *b, size_t from)
{
	return (struct span){ .s = b->s + from, .n = b->n - from };
}

static struct span
routes_take(struct text_buf *b, const sip_route_t *r, const struct forward_taken *taken)
{
	size_t	from = b->n;

	for (size_t i = 0; r != NULL; r = r->r_next, i++) {
		if (i < taken->routes || (taken->strict && r->r_next == NULL))
			continue;
		if (b->n > from)
			buf_add(b, ", ");
		buf_value(b, (const msg_header_t *)r);
	}
	return part(b, from);
}

static struct span
line_take(struct text_buf *b, const char *name, const msg_common_t *h)
{
	size_t	from = b->n;

	buf_header(b, name, h);
	buf_add(b, "\r\n");
	return part(b, from);
}

static struct span
record_routes_take(struct text_buf *b, const sip_record_route_t *r)
{
	size_t	from = b->n;

	for (; r != NULL; r = r->r_next)
		raw_line(b, (const sip_header_t *)r);
	return part(b, from);
}

static struct span
lines_take(struct text_buf *b, const sip_t *sip, const char *realm)
{
	size_t	from = b->n;

	for (const sip_header_t *h = (const sip_header_t *)sip->sip_request; !ends(h); h = (const sip_header_t *)h->sh_succ)
		if (!is_special(h) && !is_ours(h, realm) && is_passed(h))
			raw_line(b, h);
	return part(b, from);
}

static struct span
uri_take(struct text_buf *b, const sip_t *sip, bool strict)
{
	const sip_route_t	*last = strict ? sip->sip_route : NULL;
	size_t			 from = b->n;

	while (last != NULL && last->r_next != NULL)
		last = last->r_next;
	buf_url(b, last != NULL ? last->r_url : sip->sip_request->rq_url);
	return part(b, from);
}

static void
take_apart(struct forward *f, struct text_buf *b, const sip_t *sip, const struct where *w, const struct forward_taken *taken)
{
	const sip_payload_t	*pl = sip->sip_payload;
	size_t			 from;

	f->uri = uri_take(b, sip, taken->strict);
	from = b->n;
	answer_vias(b, sip, w);
	f->vias = part(b, from);
	f->routes = routes_take(b, sip->sip_route, taken);
	f->record_routes = record_routes_take(b, sip->sip_record_route);
	f->from = line_take(b, "From:", sip->sip_from->a_common);
	f->to = line_take(b, "To:", sip->sip_to->a_common);
	f->call_id = line_take(b, "Call-ID:", sip->sip_call_id->i_common);
	from = b->n;
	buf_add(b, sip->sip_call_id->i_id);
	f->call_id_value = part(b, from);
	f->lines = lines_take(b, sip, taken->realm);
	from = b->n;
	if (pl != NULL)
		buf_bytes(b, pl->pl_data, pl->pl_len);
	f->body = part(b, from);
	f->cseq = sip->sip_cseq->cs_seq;
	f->max_forwards = sip->sip_max_forwards == NULL ? MAX_FORWARDS : (uint32_t)sip->sip_max_forwards->mf_count;
	if (f->max_forwards > 0 && sip->sip_max_forwards != NULL)
		f->max_forwards--;
	f->max_breadth = forward_breadth(sip);
}

/* What was written to scratch, and the spans in it, in memory of their own. */
static struct forward *
settle(struct forward *f, const struct text_buf *scratch)
{
	struct forward	*copy;
	struct span	*spans[] = { &f->uri, &f->vias, &f->routes, &f->record_routes, &f->from, &f->to, &f->call_id, &f->lines, &f->body,
		&f->call_id_value };

	if (scratch->overflow || (copy = malloc(sizeof *copy + scratch->n)) == NULL)
		return NULL;
	for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++)
		spans[i]->s = spans[i]->n == 0 ? "" : (const char *)(copy + 1) + (spans[i]->s - scratch->s);
	memcpy(copy + 1, scratch->s, scratch->n);
	*copy = *f;
	return copy;
}

static bool
set_method(struct forward *f, const char *method)
{
	if (method == NULL || strlen(method) >= sizeof f->method)
		return false;
	memcpy(f->method, method, strlen(method) + 1);
	return true;
}

struct forward *
forward_new(const sip_t *sip, const struct where *w, const struct forward_taken *taken, struct text_buf *scratch)
{
	struct forward	f = { .cseq = 0 };

	if (!set_method(&f, sip->sip_request->rq_method_name))
		return NULL;
	take_apart(&f, scratch, sip, w, taken);
	return settle(&f, scratch);
}

static struct span
own_line(struct text_buf *b, const char *name, struct span s)
{
	size_t	from = b->n;

	buf_add(b, name);
	buf_span(b, s);
	buf_add(b, name[0] == '\0' ? "" : "\r\n");
	return part(b, from);
}

struct forward *
forward_own(const struct forward_own *o, struct text_buf *scratch)
{
	struct forward	f = { .cseq = o->cseq, .max_forwards = MAX_FORWARDS, .max_breadth = MAX_BREADTH };

	if (!set_method(&f, o->method))
		return NULL;
	f.uri = own_line(scratch, "", o->uri);
	f.routes = own_line(scratch, "", o->routes);
	f.from = own_line(scratch, "From: ", o->from);
	f.to = own_line(scratch, "To: ", o->to);
	f.call_id = own_line(scratch, "Call-ID: ", o->call_id);
	f.call_id_value = own_line(scratch, "", o->call_id);
	return settle(&f, scratch);
}

/* The first value of Route, and what is behind it; uri: what stands between its < and >. */
struct first_route {
	struct span	uri, rest;
	bool		strict;		/* it wants to be the Request-URI (RFC 3261 section 16.6, step 6) */
};

static bool
has_lr(struct span uri)
{
	for (const char *at = uri.s, *end = uri.s + uri.n; (at = memmem(at, (size_t)(end - at), ";lr", 3)) != NULL; at += 3)
		if (at + 3 == end || strchr(";=?", at[3]) != NULL)
			return true;
	return false;
}

static struct first_route
first_of(struct span routes)
{
	struct first_route	 first = { .rest = routes };
	const char		*open = routes.n == 0 ? NULL : memchr(routes.s, '<', routes.n), *close, *end = routes.s + routes.n;

	if (open == NULL || (close = memchr(open, '>', (size_t)(end - open))) == NULL)
		return first;
	first.uri = (struct span){ .s = open + 1, .n = (size_t)(close - open - 1) };
	first.strict = !has_lr(first.uri);
	while (close < end && *close != ',')
		close++;
	while (close < end && (*close == ',' || *close == ' '))
		close++;
	first.rest = (struct span){ .s = close, .n = (size_t)(end - close) };
	return first;
}

/* Route: values before, values after, and behind them, where a strict router has taken its place, the Request-URI. */
static void
route_line(struct text_buf *b, struct span before, struct span after, struct span uri)
{
	if (before.n + after.n + uri.n == 0)
		return;
	buf_add(b, "Route: ");
	buf_span(b, before);
	buf_add(b, before.n > 0 && after.n > 0 ? ", " : "");
	buf_span(b, after);
	if (uri.n > 0) {
		buf_add(b, before.n + after.n > 0 ? ", <" : "<");
		buf_span(b, uri);
		buf_add(b, ">");
	}
	buf_add(b, "\r\n");
}

/* What a request, its CANCEL and its ACK have in common: what finds their way. */
static void
head(struct text_buf *b, const struct forward *f, const struct forward_branch *br, const char *method, bool whole)
{
	const struct span		uri = br->uri.n > 0 ? br->uri : f->uri, none = { NULL, 0 };
	const struct first_route	first = first_of(br->route.n > 0 ? br->route : f->routes);
	struct span			before = br->route, after = f->routes;

	if (first.strict)
		*(br->route.n > 0 ? &before : &after) = first.rest;
	buf_add(b, method);
	buf_add(b, " ");
	buf_span(b, first.strict ? first.uri : uri);
	buf_add(b, " SIP/2.0\r\n");
	compose_via(b, br->transport, &br->sent_by, br->branch);
	if (whole)
		buf_bytes(b, f->vias.s, f->vias.n);
	buf_add(b, "Max-Forwards: ");
	buf_num(b, f->max_forwards);
	buf_add(b, "\r\n");
	route_line(b, before, after, first.strict ? uri : none);
}

static void
tail(struct text_buf *b, const struct forward *f, const char *method)
{
	buf_bytes(b, f->call_id.s, f->call_id.n);
	buf_add(b, "CSeq: ");
	buf_num(b, f->cseq);
	buf_add(b, " ");
	buf_add(b, method);
	buf_add(b, "\r\n");
}

static void
body(struct text_buf *b, struct span s)
{
	buf_add(b, "Content-Length: ");
	buf_num(b, (uint32_t)s.n);
	buf_add(b, "\r\n\r\n");
	buf_bytes(b, s.s, s.n);
}

void
forward_request(struct text_buf *b, const struct forward *f, const struct forward_branch *br)
{
	head(b, f, br, f->method, true);
	buf_bytes(b, br->record_route.s, br->record_route.n);
	buf_bytes(b, f->record_routes.s, f->record_routes.n);
	buf_bytes(b, f->from.s, f->from.n);
	buf_bytes(b, f->to.s, f->to.n);
	tail(b, f, f->method);
	buf_add(b, "Max-Breadth: ");
	buf_num(b, br->breadth);
	buf_add(b, "\r\n");
	buf_bytes(b, br->headers.s, br->headers.n);
	buf_bytes(b, f->lines.s, f->lines.n);
	body(b, f->body);
}

void
forward_cancel(struct text_buf *b, const struct forward *f, const struct forward_branch *br)
{
	head(b, f, br, "CANCEL", false);
	buf_bytes(b, f->from.s, f->from.n);
	buf_bytes(b, f->to.s, f->to.n);
	tail(b, f, "CANCEL");
	body(b, (struct span){ .s = "", .n = 0 });
}

void
forward_ack(struct text_buf *b, const struct forward *f, const struct forward_branch *br, const sip_to_t *to)
{
	head(b, f, br, "ACK", false);
	buf_bytes(b, f->from.s, f->from.n);
	buf_header(b, "To:", to->a_common);
	buf_add(b, "\r\n");
	tail(b, f, "ACK");
	body(b, (struct span){ .s = "", .n = 0 });
}

void
forward_answer(struct text_buf *b, const struct forward *f, const sip_t *sip)
{
	const sip_status_t	*st = sip->sip_status;
	const sip_payload_t	*pl = sip->sip_payload;

	buf_add(b, "SIP/2.0 ");
	buf_num(b, (uint32_t)st->st_status);
	buf_add(b, " ");
	buf_span(b, span_of(st->st_phrase == NULL ? "" : st->st_phrase));
	buf_add(b, "\r\n");
	buf_bytes(b, f->vias.s, f->vias.n);
	for (const sip_header_t *h = (const sip_header_t *)st; !ends(h); h = (const sip_header_t *)h->sh_succ)
		if (h->sh_class != sip_status_class && h->sh_class != sip_via_class && h->sh_class != sip_content_length_class && is_passed(h))
			raw_line(b, h);
	body(b, pl == NULL ? (struct span){ .s = "", .n = 0 } : (struct span){ .s = pl->pl_data, .n = pl->pl_len });
}

void
forward_challenges(struct text_buf *b, const sip_t *sip)
{
	for (const sip_www_authenticate_t *a = sip->sip_www_authenticate; a != NULL; a = a->au_next)
		raw_line(b, (const sip_header_t *)a);
	for (const sip_proxy_authenticate_t *a = sip->sip_proxy_authenticate; a != NULL; a = a->au_next)
		raw_line(b, (const sip_header_t *)a);
}
