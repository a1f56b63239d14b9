#include "sipd/sip/traces.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core/clock.h"
#include "core/limit.h"
#include "core/siptext.h"
#include "sipd/sip/buf.h"
#include "sipd/sip/front.h"
#include "sipd/sip/where.h"

enum { NAMES = 3, NAME = 65, SOURCES = 16, CALLS = 256, TEXT_MAX = 4096, PARSED_MAX = 64 * 1024 };

struct place {
	struct addr	addr;		/* of datagrams */
	uint64_t	flow;
};

struct watched_call {
	uint64_t	hash;		/* of its Call-ID; 0: none */
	bool		hidden;		/* the account began it under no name */
};

struct trace {
	uint64_t		 id;		/* 0: free */
	char			 names[NAMES][NAME];
	struct place		 places[SOURCES];
	size_t			 n_places;
	struct watched_call	 calls[CALLS];	/* a ring */
	size_t			 next_call;
	int64_t			 filled_ms;	/* tokens are counted up to then */
	uint32_t		 tokens, dropped;
};

struct traces {
	struct front	*front;
	size_t		 n;
	uint8_t		 key[crypto_shorthash_KEYBYTES];
	struct trace	 all[TRACES_MAX];
	char		 text[TEXT_MAX], parsed[PARSED_MAX];
};

/* A message that is looked at. */
struct seen {
	bool			 out;
	const struct where	*where;
	const char		*raw;
	size_t			 n, body;	/* body: bytes of it that are not in raw */
	struct siptext		 text;
	uint64_t		 call;
	struct span		 redacted;	/* once somebody wants it */
	bool			 cut;
};

struct traces *
traces_new(struct front *f)
{
	struct traces	*t = calloc(1, sizeof *t);

	if (t == NULL)
		return NULL;
	t->front = f;
	randombytes_buf(t->key, sizeof t->key);
	return t;
}

void
traces_free(struct traces *t)
{
	free(t);
}

void
traces_clear(struct traces *t)
{
	memset(t->all, 0, sizeof t->all);
	t->n = 0;
}

static struct span
line_take(struct span *lines)
{
	const char	*end = lines->n == 0 ? NULL : memchr(lines->s, '\n', lines->n);
	struct span	 line = { lines->s, end == NULL ? lines->n : (size_t)(end - lines->s) };

	lines->s += line.n + (end != NULL);
	lines->n -= line.n + (end != NULL);
	return line;
}

static void
describe(struct trace *t, const struct wire_trace *w)
{
	struct span	names = w->names, sources = w->sources;
	char		text[ADDR_TEXT];

	memset(t->names, 0, sizeof t->names);
	for (size_t i = 0; i < NAMES && names.n > 0; i++)
		(void)span_get(line_take(&names), t->names[i], NAME);
	for (t->n_places = 0; t->n_places < SOURCES && sources.n > 0;) {
		struct place	*p = &t->places[t->n_places];

		*p = (struct place){ .flow = 0 };
		if (!span_get(line_take(&sources), text, sizeof text))
			continue;
		if (text[0] == '#')
			p->flow = strtoull(text + 1, NULL, 10);
		else if (addr_parse(&p->addr, text) != 0)
			continue;
		t->n_places++;
	}
}

void
traces_set(struct traces *ts, uint64_t id, const struct wire_trace *w)
{
	struct trace	*t = NULL;

	for (size_t i = 0; i < TRACES_MAX; i++)
		if (ts->all[i].id == id || (t == NULL && ts->all[i].id == 0 && w->on))
			t = &ts->all[i];
	if (t == NULL || id == 0)
		return;
	if (!w->on) {
		ts->n -= t->id == id;
		*t = (struct trace){ .id = 0 };
		return;
	}
	if (t->id != id) {
		*t = (struct trace){ .id = id, .tokens = TRACE_BURST, .filled_ms = clock_boot_ms() };
		ts->n++;
	}
	describe(t, w);
}

static bool
is_named(const struct trace *t, struct span user)
{
	for (size_t i = 0; i < NAMES; i++)
		if (t->names[i][0] != '\0' && siptext_is_user(user, t->names[i]))
			return true;
	return false;
}

static bool
is_its_place(const struct trace *t, const struct where *w)
{
	for (size_t i = 0; i < t->n_places; i++)
		if (w->flow != 0 ? t->places[i].flow == w->flow : t->places[i].flow == 0 && addr_eq(&t->places[i].addr, &w->source))
			return true;
	return false;
}

static bool
is_hidden(const struct siptext *s)
{
	return s->from_user.n == 0 || span_is_nocase(s->from_user, "anonymous");
}

static struct watched_call *
call_find(struct trace *t, uint64_t hash)
{
	for (size_t i = 0; i < CALLS; i++)
		if (t->calls[i].hash == hash)
			return &t->calls[i];
	return NULL;
}

/* Whether it belongs to the account; then its call does from now on. */
static bool
belongs(struct trace *t, const struct seen *s, struct watched_call **call)
{
	bool	hidden = s->text.code == 0 && !s->out && is_hidden(&s->text) &&
		    (is_named(t, s->text.credentials) || is_its_place(t, s->where));

	*call = call_find(t, s->call);
	if (*call == NULL && !hidden && !is_named(t, s->text.from_user) && !is_named(t, s->text.to_user) && !is_named(t, s->text.uri_user) &&
	    !is_named(t, s->text.credentials))
		return false;
	if (*call == NULL) {
		*call = &t->calls[t->next_call];
		t->next_call = (t->next_call + 1) % CALLS;
		**call = (struct watched_call){ .hash = s->call };
	}
	(*call)->hidden |= hidden;
	return true;
}

/* Whose side the other end is on: that of who asked, or of who is asked; and whether the account asked. */
static bool
is_phone(const struct trace *t, const struct seen *s, const struct watched_call *call)
{
	bool	asked_by_other_end = s->out == (s->text.code != 0);
	bool	account_asks = is_named(t, s->text.from_user) || (is_hidden(&s->text) && call->hidden);

	return asked_by_other_end == account_asks;
}

/* Tokens come back with time. */
static bool
may_go(struct trace *t, int64_t now_ms)
{
	int64_t	more = (now_ms - t->filled_ms) * TRACE_RATE / 1000;

	if (more > 0) {
		t->tokens = more + t->tokens > TRACE_BURST ? TRACE_BURST : t->tokens + (uint32_t)more;
		t->filled_ms = now_ms;
	}
	if (t->tokens > 0 && t->tokens--)
		return true;
	t->dropped++;
	return false;
}

static void
tell(struct traces *ts, struct trace *t, struct seen *s, bool phone)
{
	struct wire_traced	w = { .at = clock_wall_ms(), .out = s->out, .phone = phone, .transport = s->where->transport, .remote = s->where->source,
		.local = s->where->local, .method = s->text.method, .call_id = s->text.call_id, .content_type = s->text.content_type,
		.code = s->text.code, .cseq = s->text.cseq, .body = (uint32_t)s->text.body, .dropped = t->dropped };

	if (s->redacted.s == NULL)
		s->redacted = (struct span){ ts->text, siptext_redact(s->raw, s->n, ts->text, sizeof ts->text, &s->cut) };
	w.text = s->redacted;
	w.cut = s->cut;
	if (s->out && s->where->flow == 0)
		w.remote.port = s->where->port;
	if (channel_send(ts->front->keeper, WIRE_TRACED, t->id, &w) == 0)
		t->dropped = 0;
	else
		t->dropped++;
}

static void
look(struct traces *ts, struct seen *s)
{
	int64_t			 now_ms = clock_boot_ms();
	struct watched_call	*call;

	if (ts->front->keeper == NULL || !siptext_scan(s->raw, s->n, &s->text))
		return;
	s->text.body += s->body;
	(void)crypto_shorthash((uint8_t *)&s->call, (const uint8_t *)(s->text.call_id.s == NULL ? "" : s->text.call_id.s), s->text.call_id.n, ts->key);
	for (size_t i = 0; i < TRACES_MAX; i++) {
		struct trace	*t = &ts->all[i];

		if (t->id != 0 && belongs(t, s, &call) && may_go(t, now_ms))
			tell(ts, t, s, is_phone(t, s, call));
	}
}

void
traces_see(struct traces *ts, bool out, const struct where *w, const char *text, size_t n)
{
	if (ts != NULL && ts->n > 0)
		look(ts, &(struct seen){ .out = out, .where = w, .raw = text, .n = n });
}

/* A header's text; none of one that shares its line with the one before. */
static void
line_add(struct text_buf *b, const char *line, size_t n)
{
	while (n > 0 && (line[n - 1] == '\r' || line[n - 1] == '\n'))
		n--;
	if (line == NULL || n == 0)
		return;
	buf_bytes(b, line, n);
	buf_add(b, "\r\n");
}

/* Its headers as they were sent: each remembers its text. */
void
traces_see_parsed(struct traces *ts, const struct where *w, const sip_t *sip)
{
	struct text_buf		 b;
	const sip_header_t	*h;

	if (ts == NULL || ts->n == 0 || sip == NULL)
		return;
	b = (struct text_buf){ .s = ts->parsed, .size = sizeof ts->parsed };
	h = sip->sip_request != NULL ? (const sip_header_t *)sip->sip_request : (const sip_header_t *)sip->sip_status;
	for (; h != NULL && h->sh_class != sip_separator_class && h->sh_class != sip_payload_class; h = (const sip_header_t *)h->sh_succ)
		line_add(&b, h->sh_data, h->sh_len);
	look(ts, &(struct seen){ .where = w, .raw = b.s, .n = b.n, .body = sip->sip_payload == NULL ? 0 : sip->sip_payload->pl_len });
}
