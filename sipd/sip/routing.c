#include "sipd/sip/routing.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core/binding.h"
#include "sipd/sip/branch.h"
#include "sipd/sip/offer.h"

static bool
is_our_port(const struct front *f, const char *text, const struct where *w)
{
	unsigned long	port = text == NULL ? 0 : strtoul(text, NULL, 10);

	if (text == NULL || port == w->local.port)
		return true;
	for (int i = 0; i < f->sockets.n; i++)
		if (port == f->sockets.bound[i].addr.port || port == f->sockets.bound[i].known.port)
			return true;
	for (uint32_t i = 0; i < f->conf.n_listens; i++)
		if (port == f->conf.listens[i].addr.port)
			return true;
	return false;
}

/* Another proxy may be at our own address, at a port of its own. */
static bool
names_us(const struct front *f, const url_t *u, const struct where *w)
{
	struct addr	a;
	const char	*host = u->url_host;

	for (uint32_t i = 0; host != NULL && i < f->conf.n_domains; i++)
		if (strcasecmp(host, f->conf.domains[i]) == 0)
			return true;
	if (host == NULL || addr_parse(&a, host) != 0 || !is_our_port(f, u->url_port, w))
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

/* A sips: URI goes by TLS, at every hop (RFC 3261 section 26.2.2). */
static bool
is_unsafe(const struct proxied *q, const struct routing *r)
{
	if (q->sip->sip_request->rq_url->url_type != url_sips)
		return false;
	return q->where.transport != TRANSPORT_TLS || (r->in_dialog && r->hop.transport != TRANSPORT_TLS);
}

/* A call that encryption was asked for (product D5) stays encrypted, whatever is offered inside it. */
static bool
is_plain_offer(const sip_t *sip, const struct hop *hop)
{
	const sip_payload_t	*pl = sip->sip_payload;
	struct offer		 offer;

	if (!hop->srtp || pl == NULL || sip->sip_request->rq_method == sip_method_ack)
		return false;
	offer = offer_read(pl->pl_data, pl->pl_len);
	return offer.any && !offer.secure;
}

struct refusal
routing_read(struct front *f, const struct proxied *q, struct routing *r)
{
	const sip_t	*sip = q->sip;
	bool		 has_way;
	size_t		 routes = 0;

	*r = (struct routing){ .taken = { .realm = f->conf.domains[0] }, .in_dialog = sip->sip_to->a_tag != NULL, .loop = loop_of(f, sip) };
	has_way = take_routes(f, q, &r->taken, &r->hop);
	for (const sip_route_t *at = sip->sip_route; at != NULL; at = at->r_next)
		routes++;
	if (sip->sip_max_forwards != NULL && sip->sip_max_forwards->mf_count == 0)
		return (struct refusal){ 483, "Too Many Hops" };
	if (r->in_dialog && !has_way)
		return (struct refusal){ 481, "Call/Transaction Does Not Exist" };
	if (!r->in_dialog && routes > r->taken.routes)
		return (struct refusal){ 403, "No Route Beyond This Server" };
	if (!r->in_dialog && has_looped(sip, r->loop))
		return (struct refusal){ 482, "Loop Detected" };
	if (is_unsafe(q, r))
		return (struct refusal){ 416, "SIPS Goes by TLS Only" };
	if (r->in_dialog && is_plain_offer(sip, &r->hop))
		return (struct refusal){ 488, "Only Encrypted Calls Are Taken" };
	if (forward_breadth(sip) == 0)
		return (struct refusal){ 440, "Max-Breadth Exceeded" };
	return (struct refusal){ 0, NULL };
}
