#include "sipd/sip/dialog.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core/log.h"
#include "sipd/sip/branch.h"
#include "sipd/sip/passing.h"
#include "sipd/sip/proxy.h"
#include "sipd/sip/token.h"

enum { CHAINS = 16384, TAG = 129, TEXT = 8192 };

/* One of the two: what the other one would write to end the call. */
struct side {
	struct span	uri;		/* its Contact */
	struct span	routes;		/* of proxies between it and us */
	struct span	self, other;	/* its From and the other's, values with their tags */
	struct hop	hop;
	uint32_t	cseq;		/* the highest that it sent */
};

struct dialog {
	struct dialog	*next;
	uint64_t	 call;		/* the keeper's */
	char		 asker_tag[TAG];
	struct span	 call_id;
	struct side	 asker, answerer;
	char		 text[];
};

struct dialogs {
	size_t		 n;
	struct dialog	*chains[CHAINS];
	uint8_t		 key[crypto_shorthash_siphashx24_KEYBYTES];
};

struct dialogs *
dialogs_new(void)
{
	struct dialogs	*ds = calloc(1, sizeof *ds);

	if (ds != NULL)
		randombytes_buf(ds->key, sizeof ds->key);
	return ds;
}

void
dialogs_free(struct dialogs *ds)
{
	for (size_t i = 0; ds != NULL && i < CHAINS; i++)
		for (struct dialog *d = ds->chains[i], *next; d != NULL; d = next) {
			next = d->next;
			free(d);
		}
	free(ds);
}

size_t
dialogs_count(const struct dialogs *ds)
{
	return ds->n;
}

static struct dialog **
chain(struct dialogs *ds, struct span call_id)
{
	uint8_t		sum[crypto_shorthash_siphashx24_BYTES];
	uint64_t	v;

	(void)crypto_shorthash_siphashx24(sum, (const uint8_t *)call_id.s, call_id.n, ds->key);
	memcpy(&v, sum, sizeof v);
	return &ds->chains[v % CHAINS];
}

static struct dialog **
find(struct dialogs *ds, struct span call_id)
{
	struct dialog	**at = chain(ds, call_id);

	while (*at != NULL && ((*at)->call_id.n != call_id.n || memcmp((*at)->call_id.s, call_id.s, call_id.n) != 0))
		at = &(*at)->next;
	return at;
}

static struct span
rest(const struct text_buf *b, size_t from)
{
	return (struct span){ .s = b->s + from, .n = b->n - from };
}

static struct span
value_take(struct text_buf *b, const msg_common_t *h)
{
	size_t	from = b->n;

	buf_header(b, "", h);
	return rest(b, from);
}

static struct span
url_take(struct text_buf *b, const url_t *u)
{
	size_t		from = b->n;
	issize_t	n = url_e(b->s + b->n, (isize_t)(b->size - b->n), u);

	if (n < 0 || (size_t)n >= b->size - b->n)
		b->overflow = true;
	else
		b->n += (size_t)n;
	return rest(b, from);
}

static void
route_take(struct text_buf *b, size_t from, const sip_record_route_t *r)
{
	issize_t	n;

	buf_add(b, b->n > from ? ", " : "");
	if (b->overflow)
		return;
	n = msg_header_field_e(b->s + b->n, (isize_t)(b->size - b->n), (const msg_header_t *)r, 0);
	if (n < 0 || (size_t)n >= b->size - b->n)
		b->overflow = true;
	else
		b->n += (size_t)n;
}

/* Record-Routes of an answer lie about ours: those above are on the way to who answered, the last first; those below to who asked. */
static void
routes_take(const struct front *f, struct text_buf *b, const sip_t *sip, struct dialog *d)
{
	const sip_record_route_t	*all[ROUTES_MAX];
	struct span			 call_id = span_of(sip->sip_call_id->i_id);
	size_t				 n = 0, first = ROUTES_MAX, last = 0, from = b->n;
	struct hop			 hop;

	for (const sip_record_route_t *r = sip->sip_record_route; r != NULL && n < ROUTES_MAX; r = r->r_next, n++) {
		all[n] = r;
		if (!token_read(f->route_key, r->r_url->url_user, call_id, &hop))
			continue;
		first = first < n ? first : n;
		last = n;
	}
	for (size_t i = first < n ? first : 0; i > 0; i--)
		route_take(b, from, all[i - 1]);
	d->answerer.routes = rest(b, from);
	from = b->n;
	for (size_t i = last + 1; first < n && i < n; i++)
		route_take(b, from, all[i]);
	d->asker.routes = rest(b, from);
}

/* The asker's Contact stands in the lines that were passed on. */
static struct span
contact_of(struct span lines)
{
	struct span	uri = { NULL, 0 };

	while (lines.n > 0) {
		const char	*end = memchr(lines.s, '\n', lines.n), *open;
		size_t		 n = end == NULL ? lines.n : (size_t)(end + 1 - lines.s);

		if ((n > 8 && strncasecmp(lines.s, "Contact:", 8) == 0) || (n > 2 && strncasecmp(lines.s, "m:", 2) == 0)) {
			const char	*value = memchr(lines.s, ':', n) + 1, *close;
			size_t		 left = n - (size_t)(value - lines.s);

			if ((open = memchr(value, '<', left)) != NULL && (close = memchr(open, '>', left - (size_t)(open - value))) != NULL)
				return (struct span){ .s = open + 1, .n = (size_t)(close - open - 1) };
			while (left > 0 && *value == ' ') {
				value++;
				left--;
			}
			return (struct span){ .s = value, .n = strcspn(value, ";\r\n") };
		}
		lines.s += n;
		lines.n -= n;
	}
	return uri;
}

static struct span
bytes_take(struct text_buf *b, struct span s)
{
	size_t	from = b->n;

	buf_bytes(b, s.s, s.n);
	return rest(b, from);
}

static bool
take(const struct front *f, struct dialog *d, struct text_buf *t, const struct passing *p, const struct branch *b, const sip_t *sip)
{
	struct span	asker, answerer;

	if (sip->sip_from == NULL || sip->sip_to == NULL || sip->sip_to->a_tag == NULL || sip->sip_contact == NULL || sip->sip_call_id == NULL)
		return false;
	d->call = p->call;
	(void)span_get(span_of(sip->sip_from->a_tag == NULL ? "" : sip->sip_from->a_tag), d->asker_tag, sizeof d->asker_tag);
	d->call_id = bytes_take(t, p->forward->call_id_value);
	asker = value_take(t, sip->sip_from->a_common);
	answerer = value_take(t, sip->sip_to->a_common);
	d->asker.self = d->answerer.other = asker;
	d->asker.other = d->answerer.self = answerer;
	d->answerer.uri = url_take(t, sip->sip_contact->m_url);
	d->asker.uri = bytes_take(t, contact_of(p->forward->lines));
	routes_take(f, t, sip, d);
	d->answerer.hop = b->hop;
	d->asker.hop = (struct hop){ .target = p->where.source, .transport = p->where.transport, .flow = p->where.flow, .account = p->account,
		.trunk = p->trunk };
	d->asker.cseq = p->forward->cseq;
	return !t->overflow && d->asker.uri.n > 0;
}

void
dialog_add(struct front *f, const struct passing *p, const struct branch *b, const sip_t *sip)
{
	char		 text[TEXT];
	struct text_buf	 t = { .s = text, .size = sizeof text };
	struct dialog	 one = { .next = NULL }, *d, **at;
	struct span	*spans[] = { &one.call_id, &one.asker.uri, &one.asker.routes, &one.asker.self, &one.asker.other, &one.answerer.uri,
		&one.answerer.routes, &one.answerer.self, &one.answerer.other };

	if (p->call == 0 || !take(f, &one, &t, p, b, sip) || *(at = find(f->dialogs, one.call_id)) != NULL ||
	    (d = malloc(sizeof *d + t.n)) == NULL)
		return;
	for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++)
		spans[i]->s = d->text + (spans[i]->s - text);
	*d = one;
	memcpy(d->text, text, t.n);
	*at = d;
	f->dialogs->n++;
}

void
dialog_heard(struct front *f, const sip_t *sip)
{
	struct dialog	*d = *find(f->dialogs, span_of(sip->sip_call_id->i_id));
	struct side	*s;

	if (d == NULL || sip->sip_from->a_tag == NULL)
		return;
	s = strcmp(sip->sip_from->a_tag, d->asker_tag) == 0 ? &d->asker : &d->answerer;
	if (sip->sip_cseq->cs_seq > s->cseq)
		s->cseq = sip->sip_cseq->cs_seq;
}

void
dialog_over(struct front *f, struct span call_id)
{
	struct dialog	**at = find(f->dialogs, call_id), *d = *at;

	if (d == NULL)
		return;
	*at = d->next;
	f->dialogs->n--;
	free(d);
}

static void
end_side(struct front *f, const struct dialog *d, const struct side *to, const struct side *as, int64_t now_ms)
{
	const struct proxy_own	own = { .method = "BYE", .call = d->call, .uri = to->uri, .routes = to->routes, .from = as->self, .to = to->self,
		.call_id = d->call_id, .cseq = as->cseq + 1, .hop = to->hop };

	if (!proxy_own(f, &own, now_ms))
		log_debug(SUB_SIP, "a BYE can't be sent");
}

void
dialog_hang_up(struct front *f, const struct wire_call *c, int64_t now_ms)
{
	struct dialog	*d = *find(f->dialogs, c->call_id);

	if (d == NULL) {
		proxy_cancel(f, c->call, now_ms);
		return;
	}
	end_side(f, d, &d->answerer, &d->asker, now_ms);
	end_side(f, d, &d->asker, &d->answerer, now_ms);
	dialog_over(f, c->call_id);
}
