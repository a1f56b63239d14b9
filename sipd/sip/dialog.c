#include "sipd/sip/dialog.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core/call.h"
#include "core/log.h"
#include "sipd/sip/branch.h"
#include "sipd/sip/dialog_text.h"
#include "sipd/sip/passing.h"
#include "sipd/sip/proxy.h"
#include "sipd/sip/token.h"

enum {
	CHAINS = 16384, TAG = 129, TEXT = 8192,
	SKIP = 1000,		/* what a front that knew it before may have heard a side count since its text was made */
	SESSION_MAX = 30 * 86400,
	TOLD_WHOLE = 16384,	/* of so many the keeper is told all, of more only that they are there */
};

struct dialog {
	struct dialog		*next;
	uint64_t		 call;		/* the keeper's */
	uint32_t		 session;	/* seconds, as last agreed (RFC 4028); 0: it lasts */
	char			 asker_tag[TAG], answerer_tag[TAG];
	struct dialog_sides	 sides;
	char			 text[];
};

struct dialogs {
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

	while (*at != NULL && ((*at)->sides.call_id.n != call_id.n || memcmp((*at)->sides.call_id.s, call_id.s, call_id.n) != 0))
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
	size_t	from = b->n;

	buf_url(b, u);
	return rest(b, from);
}

static void
route_take(struct text_buf *b, size_t from, const sip_record_route_t *r)
{
	buf_add(b, b->n > from ? ", " : "");
	buf_value(b, (const msg_header_t *)r);
}

/* Record-Routes of an answer lie about ours: those above are on the way to who answered, the last first; those below to who asked. */
static void
routes_take(const struct front *f, struct text_buf *b, const sip_t *sip, struct dialog_sides *d)
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
take(const struct front *f, struct dialog_sides *d, struct text_buf *t, const struct passing *p, const struct branch *b, const sip_t *sip)
{
	if (sip->sip_from == NULL || sip->sip_to == NULL || sip->sip_to->a_tag == NULL || sip->sip_contact == NULL || sip->sip_call_id == NULL)
		return false;
	d->call_id = bytes_take(t, p->forward->call_id_value);
	d->asker.self = d->answerer.other = value_take(t, sip->sip_from->a_common);
	d->asker.other = d->answerer.self = value_take(t, sip->sip_to->a_common);
	d->answerer.uri = url_take(t, sip->sip_contact->m_url);
	d->asker.uri = bytes_take(t, contact_of(p->forward->lines));
	routes_take(f, t, sip, d);
	d->answerer.hop = b->hop;
	d->asker.hop = (struct hop){ .target = p->where.source, .transport = p->where.transport, .flow = p->where.flow, .account = p->account,
		.trunk = p->trunk };
	d->asker.cseq = p->forward->cseq;
	return !t->overflow && d->asker.uri.n > 0;
}

static struct dialog *
keep(struct front *f, const struct passing *p, const struct branch *b, const sip_t *sip)
{
	char		 text[TEXT];
	struct text_buf	 t = { .s = text, .size = sizeof text };
	struct dialog	 one = { .call = p->call }, *d, **at;
	struct span	*spans[] = { &one.sides.call_id, &one.sides.asker.uri, &one.sides.asker.routes, &one.sides.asker.self,
		&one.sides.asker.other, &one.sides.answerer.uri, &one.sides.answerer.routes, &one.sides.answerer.self,
		&one.sides.answerer.other };

	if (!take(f, &one.sides, &t, p, b, sip) || *(at = find(f->dialogs, one.sides.call_id)) != NULL || (d = malloc(sizeof *d + t.n)) == NULL)
		return NULL;
	for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++)
		spans[i]->s = d->text + (spans[i]->s - text);
	(void)span_get(span_of(sip->sip_from->a_tag == NULL ? "" : sip->sip_from->a_tag), one.asker_tag, sizeof one.asker_tag);
	(void)span_get(span_of(sip->sip_to->a_tag), one.answerer_tag, sizeof one.answerer_tag);
	*d = one;
	memcpy(d->text, text, t.n);
	*at = d;
	return d;
}

static uint32_t
session_of(const sip_t *sip)
{
	const sip_session_expires_t	*x = sip->sip_session_expires;

	return x == NULL || x->x_delta > SESSION_MAX ? 0 : (uint32_t)x->x_delta;
}

static void
tell(struct front *f, const struct dialog *d, bool whole)
{
	char			text[CALL_DIALOG];
	struct text_buf		t = { .s = text, .size = sizeof text - 1 };
	struct wire_call	c = { .call = d->call, .call_id = d->sides.call_id, .state = CALL_ANSWERED, .session = d->session,
		.account = d->sides.answerer.hop.account, .trunk = d->sides.answerer.hop.trunk };

	if (f->keeper == NULL)
		return;
	if (whole)
		dialog_text_make(&t, f->route_key, &d->sides);
	if (!t.overflow)
		c.dialog = (struct span){ .s = text, .n = t.n };
	(void)channel_send(f->keeper, WIRE_CALL, 0, &c);
}

void
dialog_add(struct front *f, const struct passing *p, const struct branch *b, const sip_t *sip)
{
	const struct wire_call	c = { .call = p->call, .call_id = p->forward->call_id_value, .state = CALL_ANSWERED, .account = b->hop.account,
		.trunk = b->trunk, .session = session_of(sip) };
	struct dialog		*d = p->call == 0 ? NULL : keep(f, p, b, sip);

	if (d != NULL) {
		d->session = session_of(sip);
		tell(f, d, true);
	} else if (f->keeper != NULL && p->call != 0)
		(void)channel_send(f->keeper, WIRE_CALL, 0, &c);
}

void
dialog_heard(struct front *f, const sip_t *sip)
{
	struct dialog		*d = *find(f->dialogs, span_of(sip->sip_call_id->i_id));
	struct dialog_side	*s;

	if (d == NULL || sip->sip_from->a_tag == NULL)
		return;
	s = strcmp(sip->sip_from->a_tag, d->asker_tag) == 0 ? &d->sides.asker : &d->sides.answerer;
	if (sip->sip_cseq->cs_seq > s->cseq)
		s->cseq = sip->sip_cseq->cs_seq;
}

bool
dialog_is_ended_by(struct front *f, const sip_t *bye)
{
	const struct dialog	*d = *find(f->dialogs, span_of(bye->sip_call_id->i_id));
	const char		*from = bye->sip_from->a_tag, *to = bye->sip_to->a_tag;

	if (d == NULL || from == NULL || to == NULL)
		return true;
	return (strcmp(from, d->asker_tag) == 0 && strcmp(to, d->answerer_tag) == 0) ||
	    (strcmp(to, d->asker_tag) == 0 && strcmp(from, d->answerer_tag) == 0);
}

void
dialog_refreshed(struct front *f, const struct passing *p, const sip_t *sip)
{
	const struct wire_call	c = { .call_id = p->forward->call_id_value, .state = CALL_ANSWERED, .session = session_of(sip) };
	struct dialog		*d = *find(f->dialogs, c.call_id);

	if (d != NULL && d->session == 0 && c.session == 0)
		return;
	if (d != NULL)
		d->session = c.session;
	if (f->keeper != NULL)
		(void)channel_send(f->keeper, WIRE_CALL, 0, &c);
}

void
dialog_over(struct front *f, struct span call_id)
{
	struct dialog	**at = find(f->dialogs, call_id), *d = *at;

	if (d == NULL)
		return;
	*at = d->next;
	free(d);
}

static void
end_side(struct front *f, uint64_t call, struct span call_id, const struct dialog_side *to, const struct dialog_side *as, uint32_t skip,
    int64_t now_ms)
{
	const struct proxy_own	own = { .method = "BYE", .call = call, .uri = to->uri, .routes = to->routes, .from = as->self, .to = to->self,
		.call_id = call_id, .cseq = as->cseq + 1 + skip, .hop = to->hop };

	if (!proxy_own(f, &own, now_ms))
		log_debug(SUB_SIP, "a BYE can't be sent");
}

static void
end(struct front *f, uint64_t call, const struct dialog_sides *d, uint32_t skip, int64_t now_ms)
{
	end_side(f, call, d->call_id, &d->answerer, &d->asker, skip, now_ms);
	end_side(f, call, d->call_id, &d->asker, &d->answerer, skip, now_ms);
}

void
dialog_hang_up(struct front *f, const struct wire_call *c, int64_t now_ms)
{
	const struct wire_call	 nothing = { .call = c->call, .call_id = c->call_id, .state = CALL_ENDED, .code = 503 };
	struct dialog		*d = *find(f->dialogs, c->call_id);
	struct dialog_sides	 sides;

	if (d != NULL) {
		end(f, d->call, &d->sides, 0, now_ms);
		dialog_over(f, c->call_id);
	} else if (c->dialog.n > 0 && dialog_text_read(c->dialog, f->route_key, c->call_id, &sides))
		end(f, c->call, &sides, SKIP, now_ms);
	else if (!proxy_cancel(f, c->call, now_ms) && f->keeper != NULL)
		(void)channel_send(f->keeper, WIRE_CALL, 0, &nothing);	/* nobody knows it: it is to be off the list */
}

void
dialogs_tell(struct front *f)
{
	size_t	n = 0;

	for (size_t i = 0; i < CHAINS; i++)
		for (const struct dialog *d = f->dialogs->chains[i]; d != NULL; d = d->next)
			tell(f, d, n++ < TOLD_WHOLE);
}
