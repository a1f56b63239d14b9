#include "sipd/sip/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "sipd/sip/ask.h"
#include "sipd/sip/compose.h"
#include "sipd/sip/due.h"
#include "sipd/sip/flows.h"
#include "sipd/sip/out.h"

enum { NONE = -1, FLOWS = 8192, WORD = 8, TEXT = WIRE_MAX + 4096, LOOK_AT = 2048, REASON = 128, CONTACT = 320, CHALLENGES = 16 * 1024 };

#define BRANCH	"z9hG4bKwc"		/* then 8 digits of the place and 16 of the word, in hex */
enum { BRANCH_N = sizeof BRANCH - 1, BRANCH_WHOLE = BRANCH_N + 2 * (sizeof(uint32_t) + WORD) };
_Static_assert((int)BRANCH_WHOLE < (int)COMPOSE_BRANCH, "a branch fits");

struct place {
	bool		 used;
	uint64_t	 id;			/* the keeper's */
	uint8_t		 word[WORD];
	char		 method[COMPOSE_METHOD];
	struct where	 where;
	int64_t		 sent_at, again_at, until;
	int64_t		 interval;		/* timer E; 0 where nothing is sent again */
	char		*text;			/* to be sent again; NULL for connections */
	size_t		 n;
	char		*contact;		/* of ours in a REGISTER, as "user@host:port"; NULL without */
	int32_t		 next, prev;		/* of its flow; next also of the free ones */
};

struct client {
	uint8_t		 key[crypto_shorthash_siphashx24_KEYBYTES];
	uint64_t	 made;			/* requests so far: each word is another */
	int32_t		 first_free, touched;	/* places from touched on were never used */
	size_t		 count, bytes;
	int32_t		 by_flow[FLOWS];
	struct due	*due;
	struct place	 places[CLIENT_PLACES];
	char		 scratch[TEXT];
};

struct client *
client_new(void)
{
	struct client	*c = calloc(1, sizeof *c);

	if (c == NULL || (c->due = due_new(CLIENT_PLACES)) == NULL) {
		free(c);
		return NULL;
	}
	randombytes_buf(c->key, sizeof c->key);
	c->first_free = NONE;
	for (size_t i = 0; i < FLOWS; i++)
		c->by_flow[i] = NONE;
	return c;
}

void
client_free(struct client *c)
{
	if (c == NULL)
		return;
	client_forget(c);
	due_free(c->due);
	free(c);
}

static int32_t *
chain(struct client *c, uint64_t flow)
{
	return &c->by_flow[(flow ^ flow >> 17) % FLOWS];
}

static struct place *
place_take(struct client *c, const struct where *w)
{
	struct place	*p;
	int32_t		 i = c->first_free, *head = chain(c, w->flow);

	if (i != NONE)
		c->first_free = c->places[i].next;
	else if (c->touched < CLIENT_PLACES)
		i = c->touched++;
	else
		return NULL;
	p = &c->places[i];
	*p = (struct place){ .used = true, .where = *w, .next = NONE, .prev = NONE };
	c->count++;
	if (w->flow == 0)
		return p;
	p->next = *head;
	if (*head != NONE)
		c->places[*head].prev = i;
	*head = i;
	return p;
}

static void
place_release(struct client *c, struct place *p)
{
	int32_t	i = (int32_t)(p - c->places);

	if (p->where.flow != 0) {
		*(p->prev == NONE ? chain(c, p->where.flow) : &c->places[p->prev].next) = p->next;
		if (p->next != NONE)
			c->places[p->next].prev = p->prev;
	}
	due_clear(c->due, i);
	free(p->text);
	free(p->contact);
	c->bytes -= p->n;
	c->count--;
	*p = (struct place){ .next = c->first_free };
	c->first_free = i;
}

static void
tell(struct front *f, uint64_t id, const struct wire_sent *sent)
{
	if (f->keeper != NULL)
		(void)channel_send(f->keeper, WIRE_SENT, id, sent);
}

static void
finish(struct front *f, struct place *p, struct wire_sent sent, int64_t now_ms)
{
	uint64_t	id = p->id;

	sent.took_ms = now_ms > p->sent_at ? (uint32_t)(now_ms - p->sent_at) : 0;
	place_release(f->client, p);
	tell(f, id, &sent);
}

static struct wire_sent
own(uint32_t code, const char *reason)
{
	return (struct wire_sent){ .code = code, .reason = span_of(reason), .ours = true, .expires = EXPIRES_ABSENT };
}

/* What a request is known by: its branch by its place and word, tag and Call-ID. */
static void
ids_make(struct client *c, struct place *p, struct compose_ids *ids)
{
	uint32_t		place = (uint32_t)(p - c->places);
	const uint8_t		at[] = { (uint8_t)(place >> 24), (uint8_t)(place >> 16), (uint8_t)(place >> 8), (uint8_t)place };
	uint8_t			sums[2][crypto_shorthash_siphashx24_BYTES];
	struct text_buf		b = { .s = ids->branch, .size = sizeof ids->branch };

	for (int i = 0; i < 2; i++) {
		c->made++;
		(void)crypto_shorthash_siphashx24(sums[i], (const uint8_t *)&c->made, sizeof c->made, c->key);
	}
	memcpy(p->word, sums[0], WORD);
	memcpy(ids->tag, sums[0] + WORD, sizeof ids->tag);
	memcpy(ids->call_id, sums[1], sizeof ids->call_id);
	buf_add(&b, BRANCH);
	buf_hex(&b, at, sizeof at);
	buf_hex(&b, p->word, sizeof p->word);
	buf_bytes(&b, "", 1);
}

/* When it is sent again or given up, whichever comes first. */
static void
arm(struct client *c, const struct place *p)
{
	due_set(c->due, (int32_t)(p - c->places), p->interval > 0 && p->again_at < p->until ? p->again_at : p->until);
}

static const char *
keep(struct client *c, struct place *p, struct span text)
{
	if (c->bytes + text.n > CLIENT_BYTES_MAX || (p->text = malloc(text.n)) == NULL)
		return "Too Many Requests Outstanding";
	memcpy(p->text, text.s, text.n);
	p->n = text.n;
	c->bytes += text.n;
	p->interval = CLIENT_T1_MS;
	p->again_at = p->sent_at + p->interval;
	return NULL;
}

/* Where requests for us are heard on that transport; a connection's own end, whose port nobody listens at, only if there is none. */
static struct addr
contact_addr(const struct front *f, const struct where *w, const struct addr *sent_by)
{
	struct addr	a = *sent_by;

	for (uint32_t i = 0; w->flow != 0 && i < f->conf.n_listens; i++) {
		const struct config_listen	*l = &f->conf.listens[i];

		if (l->transport == w->transport && l->addr.family == a.family && l->addr.port != 0) {
			a.port = l->addr.port;
			break;
		}
	}
	return a;
}

static bool
keep_contact(struct place *p, struct span user, const struct addr *a)
{
	char		text[CONTACT];
	struct text_buf	b = { .s = text, .size = sizeof text };

	if (user.n == 0)
		return true;
	compose_contact(&b, user, a);
	return !b.overflow && (p->contact = strndup(b.s, b.n)) != NULL;
}

static const char *
start(struct front *f, struct place *p, const struct wire_send *s, const struct addr *sent_by)
{
	struct client	*c = f->client;
	struct text_buf	 b = { .s = c->scratch, .size = sizeof c->scratch };
	struct compose_ids ids;
	const char	*why = NULL;

	ids_make(c, p, &ids);
	ids.contact = contact_addr(f, &p->where, sent_by);
	if (!keep_contact(p, s->contact, &ids.contact))
		return "Request Too Large";
	memcpy(p->method, s->method.s, s->method.n);
	compose_request(&b, s, &p->where, sent_by, &ids);
	if (b.overflow)
		return "Request Too Large";
	if (p->where.flow == 0 && (why = keep(c, p, (struct span){ .s = b.s, .n = b.n })) != NULL)
		return why;
	if (!out_send(f->out, f->flows, &p->where, b.s, b.n, false))
		return p->where.flow == 0 ? "Request Too Large" : "Connection Gone";
	arm(c, p);
	return NULL;
}

void
client_send(struct front *f, uint64_t id, const struct wire_send *s, int64_t now_ms)
{
	struct client		*c = f->client;
	uint32_t		 timeout = s->timeout_ms == 0 || s->timeout_ms > CLIENT_TIMEOUT_MAX_MS ? CLIENT_TIMEOUT_MAX_MS : s->timeout_ms;
	struct where		 w;
	struct addr		 sent_by;
	struct place		*p = NULL;
	struct wire_sent	 refused;
	const char		*why;

	if (f->stopping)
		why = "Stopping";
	else if (!compose_can(s))
		why = "No Request";
	else if ((why = where_to(f, &(struct way){ .target = s->target, .local = s->local, .transport = s->transport, .flow = s->flow }, &w,
	    &sent_by)) == NULL && (p = place_take(c, &w)) == NULL)
		why = "Too Many Requests Outstanding";
	if (p != NULL) {
		p->id = id;
		p->sent_at = now_ms;
		p->until = now_ms + timeout;
		why = start(f, p, s, &sent_by);
	}
	if (why == NULL)
		return;
	if (p != NULL)
		place_release(c, p);
	refused = own(f->stopping ? 0 : 503, why);
	tell(f, id, &refused);
}

static int
hex_digit(char ch)
{
	return ch >= '0' && ch <= '9' ? ch - '0' : ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}

/* The place whose branch this is, or NONE. */
static int32_t
place_of(const struct client *c, const char *branch)
{
	uint8_t		bytes[sizeof(uint32_t) + WORD];
	uint32_t	place;

	for (size_t i = 0; i < sizeof bytes; i++) {
		int	high = hex_digit(branch[BRANCH_N + 2 * i]), low = high < 0 ? -1 : hex_digit(branch[BRANCH_N + 2 * i + 1]);

		if (low < 0)
			return NONE;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	place = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
	if (place >= CLIENT_PLACES || !c->places[place].used || memcmp(c->places[place].word, bytes + sizeof place, WORD) != 0)
		return NONE;
	return (int32_t)place;
}

static const char *
own_branch(const sip_t *sip)
{
	const char	*branch = sip == NULL || sip->sip_status == NULL || sip->sip_via == NULL ? NULL : sip->sip_via->v_branch;

	return branch != NULL && strncmp(branch, BRANCH, BRANCH_N) == 0 ? branch : NULL;
}

bool
client_knows(const struct client *c, const sip_t *sip)
{
	const char	*branch = own_branch(sip);

	return branch != NULL && place_of(c, branch) != NONE;
}

/* The place whose branch stands in the beginning of a datagram, or NONE. */
static int32_t
place_in(const struct client *c, const char *text, size_t n)
{
	const char	*branch;

	n = n < LOOK_AT ? n : LOOK_AT;
	branch = c->count == 0 ? NULL : memmem(text, n, BRANCH, BRANCH_N);
	return branch != NULL && (size_t)(text + n - branch) >= BRANCH_WHOLE ? place_of(c, branch) : NONE;
}

bool
client_expects(const struct client *c, const char *text, size_t n)
{
	return n >= 8 && memcmp(text, "SIP/2.0 ", 8) == 0 && place_in(c, text, n) != NONE;
}

/* To this method, with no hop between that we do not know, on the connection or the kind of transport that it was asked on. */
static bool
fits(const struct place *p, const sip_t *sip, const struct where *w)
{
	if (sip->sip_via->v_next != NULL || sip->sip_cseq == NULL || sip->sip_cseq->cs_method_name == NULL ||
	    strcmp(sip->sip_cseq->cs_method_name, p->method) != 0)
		return false;
	return w->flow == p->where.flow;
}

static uint32_t
seconds(unsigned long s)
{
	return s >= EXPIRES_ABSENT ? EXPIRES_ABSENT - 1 : (uint32_t)s;
}

static bool
is_ours(const struct place *p, const sip_contact_t *m)
{
	char		text[CONTACT];
	const url_t	*u = m->m_url;
	int		n;

	if (u->url_user == NULL || u->url_host == NULL)
		return false;
	n = snprintf(text, sizeof text, "%s@%s:%s", u->url_user, u->url_host, u->url_port == NULL || u->url_port[0] == '\0' ? "5060" : u->url_port);
	return n > 0 && (size_t)n < sizeof text && strcasecmp(text, p->contact) == 0;
}

/* What a registrar grants us: our Contact's; where it wrote that in its own way, its only Contact's; what none has, Expires has. */
static uint32_t
granted(const struct place *p, const sip_t *sip)
{
	const sip_contact_t	*ours = NULL;
	uint32_t		 expires;

	for (const sip_contact_t *m = sip->sip_contact; m != NULL && ours == NULL; m = m->m_next)
		if (is_ours(p, m))
			ours = m;
	if (ours == NULL && sip->sip_contact != NULL && sip->sip_contact->m_next == NULL)
		ours = sip->sip_contact;
	if (ours == NULL && sip->sip_contact != NULL)
		return EXPIRES_ABSENT;
	expires = ours == NULL ? EXPIRES_ABSENT : ask_seconds(ours->m_expires);
	return expires == EXPIRES_ABSENT && sip->sip_expires != NULL ? seconds(sip->sip_expires->ex_delta) : expires;
}

static struct wire_sent
answer_of(struct client *c, const struct place *p, const sip_t *sip, const struct where *w)
{
	struct wire_sent	sent = { .code = (uint32_t)sip->sip_status->st_status, .source = w->source, .expires = EXPIRES_ABSENT };

	sent.reason = span_of(sip->sip_status->st_phrase == NULL ? "" : sip->sip_status->st_phrase);
	if (sent.reason.n > REASON)
		sent.reason.n = REASON;
	if (sip->sip_retry_after != NULL)
		sent.retry_after = seconds(sip->sip_retry_after->af_delta);
	if ((sent.code == 401 || sent.code == 407) && (w->flow != 0 || addr_same_ip(&w->source, &p->where.source))) {
		sent.challenges.n = ask_challenges(sip, (uint8_t *)c->scratch, CHALLENGES);
		sent.challenges.s = c->scratch;
	}
	if (sent.code / 100 == 2 && p->contact != NULL)
		sent.expires = granted(p, sip);
	if (sent.code == 423 && sip->sip_min_expires != NULL)
		sent.min_expires = seconds(sip->sip_min_expires->me_delta);
	return sent;
}

bool
client_answered(struct front *f, const sip_t *sip, const struct where *w, int64_t now_ms)
{
	struct client		*c = f->client;
	const char		*branch = own_branch(sip);
	int32_t			 at;
	struct place		*p;

	if (branch == NULL)
		return false;
	if ((at = place_of(c, branch)) == NONE || !fits(&c->places[at], sip, w))
		return true;
	p = &c->places[at];
	if (sip->sip_status->st_status < 200) {		/* it was heard: timer E goes on at T2 */
		p->interval = p->interval > 0 ? CLIENT_T2_MS : 0;
		return true;
	}
	finish(f, p, answer_of(c, p, sip, w), now_ms);
	return true;
}

void
client_turn(struct front *f, int64_t now_ms)
{
	struct client	*c = f->client;
	int64_t		 at;
	int32_t		 i;

	while ((i = due_first(c->due, &at)) != NONE && at <= now_ms) {
		struct place	*p = &c->places[i];

		if (p->until <= now_ms) {
			finish(f, p, own(408, "No Answer"), now_ms);
			continue;
		}
		(void)out_send(f->out, f->flows, &p->where, p->text, p->n, false);
		p->interval = 2 * p->interval < CLIENT_T2_MS ? 2 * p->interval : CLIENT_T2_MS;
		p->again_at = now_ms + p->interval;
		arm(c, p);
	}
}

int64_t
client_next_at(const struct client *c)
{
	int64_t	at;

	return due_first(c->due, &at) == NONE ? INT64_MAX : at;
}

bool
client_refused(struct front *f, const char *text, size_t n, const char *reason, int64_t now_ms)
{
	struct client	*c = f->client;
	int32_t		 at = place_in(c, text, n);

	if (at == NONE || c->places[at].where.flow != 0)
		return false;
	finish(f, &c->places[at], own(503, reason), now_ms);
	return true;
}

void
client_flow_gone(struct front *f, uint64_t flow, int64_t now_ms)
{
	struct client	*c = f->client;

	for (int32_t i = *chain(c, flow), next; i != NONE; i = next) {
		next = c->places[i].next;
		if (c->places[i].where.flow == flow)
			finish(f, &c->places[i], own(503, "Connection Gone"), now_ms);
	}
}

void
client_flows_gone(struct front *f, int64_t now_ms)
{
	struct client	*c = f->client;

	for (int32_t i = 0; i < c->touched; i++)
		if (c->places[i].used && c->places[i].where.flow != 0)
			finish(f, &c->places[i], own(503, "Connection Gone"), now_ms);
}

void
client_forget(struct client *c)
{
	for (int32_t i = 0; c->count > 0 && i < c->touched; i++)
		if (c->places[i].used)
			place_release(c, &c->places[i]);
}

size_t
client_count(const struct client *c)
{
	return c->count;
}
