#include "sipd/sip/announce.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sodium.h>

#include "core/log.h"
#include "core/rtp.h"
#include "core/sdp.h"
#include "sipd/prompts.h"
#include "sipd/sip/answer.h"
#include "sipd/sip/course.h"
#include "sipd/sip/due.h"
#include "sipd/sip/flows.h"
#include "sipd/sip/media.h"
#include "sipd/sip/out.h"
#include "sipd/sip/proxy.h"

enum { PLACES = 1000 /* as many as announce.most may be */, SDP_TEXT = 8192, LINE = 1024, LEAD_MS = 200 /* a phone makes itself ready to hear */ };

/* One that is being spoken. */
struct announcement {
	struct media		*media;		/* NULL: the place is free */
	uint64_t		 passing;	/* passing_id() of what is refused at its end */
	uint64_t		 account;	/* that calls; 0: a trunk */
	struct prompts		*prompts;	/* held */
	const struct prompt	*prompt;
	struct rtp_pace		 pace;
	struct held		 refusal;
};

struct announcements {
	struct prompts		*prompts;
	struct media_pool	*pool;
	struct due		*due;
	size_t			 n;
	struct announcement	 places[PLACES];
};

struct announcements *
announcements_new(void)
{
	struct announcements	*as = calloc(1, sizeof *as);

	if (as == NULL)
		return NULL;
	as->prompts = prompts_new(-1);
	as->pool = media_pool_new();
	as->due = due_new(PLACES);
	if (as->prompts != NULL && as->pool != NULL && as->due != NULL)
		return as;
	announcements_free(as);
	return NULL;
}

static void
forget(struct announcements *as, struct announcement *a)
{
	due_clear(as->due, (int32_t)(a - as->places));
	media_free(a->media);
	prompts_release(a->prompts);
	held_drop(&a->refusal);
	*a = (struct announcement){ .media = NULL };
	as->n--;
}

void
announcements_free(struct announcements *as)
{
	if (as == NULL)
		return;
	for (size_t i = 0; i < PLACES; i++)
		if (as->places[i].media != NULL)
			forget(as, &as->places[i]);
	prompts_release(as->prompts);
	media_pool_free(as->pool);
	due_free(as->due);
	free(as);
}

void
announcements_load(struct announcements *as, int memfd)
{
	struct prompts	*fresh = prompts_new(memfd);

	if (fresh == NULL) {
		log_error("the announcements can't be had: those from before stay");
		return;
	}
	prompts_release(as->prompts);
	as->prompts = fresh;
}

/* The value of the first header of that name among whole lines; s is NULL where there is none. */
static struct span
header_of(struct span lines, const char *name)
{
	size_t	n = strlen(name);

	while (lines.n > 0) {
		const char	*end = memchr(lines.s, '\n', lines.n);
		size_t		 line = end == NULL ? lines.n : (size_t)(end + 1 - lines.s), blank = n;

		if (line > n && strncasecmp(lines.s, name, n) == 0) {
			while (blank < line && (lines.s[blank] == ' ' || lines.s[blank] == '\t'))
				blank++;
			if (blank < line && lines.s[blank] == ':')
				return (struct span){ .s = lines.s + blank + 1, .n = line - blank - 1 };
		}
		lines.s += line;
		lines.n -= line;
	}
	return (struct span){ NULL, 0 };
}

/* Error-Info: the configured URL with its {language} and {prompt}; an empty line where none is configured. */
static void
error_info(struct text_buf *b, const struct config *c, const struct prompt *p)
{
	const char	*at = c->announce.error_info;

	if (at[0] != '\0') {
		buf_add(b, "Error-Info: <");
		for (size_t n; *at != '\0'; at += n) {
			n = 1 + strcspn(at + 1, "{");
			if (strncmp(at, "{language}", 10) == 0)
				buf_add(b, p->language);
			else if (strncmp(at, "{prompt}", 8) == 0)
				buf_add(b, p->name);
			else {
				buf_bytes(b, at, n);
				continue;
			}
			n = strcspn(at, "}") + 1;
		}
		buf_add(b, ">\r\n");
	}
	buf_bytes(b, "", 1);
}

static void
refusal_make(struct text_buf *b, const struct front *f, const struct passing *p, const struct register_answer *a, const struct prompt *prompt)
{
	char		line[LINE] = "", reason[64];
	struct text_buf	l = { .s = line, .size = sizeof line };

	if (prompt != NULL)
		error_info(&l, &f->conf, prompt);
	(void)span_get(a->reason, reason, sizeof reason);
	answer_plain(b, held_span(&p->echo), (int)a->code, reason, l.overflow ? "" : line);
}

/* Announcements that an account hears now. */
static uint32_t
heard_by(const struct announcements *as, uint64_t account)
{
	uint32_t	n = 0;

	for (size_t i = 0, seen = 0; account != 0 && seen < as->n; i++) {
		seen += as->places[i].media != NULL;
		n += as->places[i].media != NULL && as->places[i].account == account;
	}
	return n;
}

/* The address of ours that its caller sees, or where that does not lead there, the one that does. */
static struct addr
speak_from(const struct passing *p, const struct addr *to)
{
	struct addr	from = p->where.local;

	if (from.family != to->family || sockets_is_any(&from) || addr_is_loopback(&from) != addr_is_loopback(to))
		from = sockets_routed_from(to);
	return from;
}

/* NULL, or why this caller hears nothing, for a person who looks for it. */
static const char *
choose(const struct front *f, const struct passing *p, struct sdp_choice *c)
{
	const struct announcements	*as = f->announcements;
	const struct config		*conf = &f->conf;
	struct span			 type = header_of(p->forward->lines, "Content-Type"), body = p->forward->body;
	const char			*why;

	if (type.s == NULL)
		type = header_of(p->forward->lines, "c");
	while (type.n > 0 && *type.s == ' ') {
		type.s++;
		type.n--;
	}
	if (!p->invite || f->stopping)
		return "there is nobody to hear it";
	if (header_of(p->forward->lines, "Require").s != NULL)
		return "its caller requires what we do not do";
	if (as->n >= conf->announce.most || as->n == PLACES)
		return "too many are heard already (announce.most)";
	if (conf->calls.per_account != 0 && heard_by(as, p->account) >= conf->calls.per_account)
		return "its caller hears too many already (calls.per_account)";
	if (type.n < 15 || strncasecmp(type.s, "application/sdp", 15) != 0)
		return "it offers no media";
	if ((why = sdp_choose(body, c)) != NULL)
		return why;
	if (addr_is_loopback(&c->to) && !addr_is_loopback(&p->where.source))
		return "it would have us speak to ourselves";
	return NULL;
}

/* 183 with our answer; it begins a dialog, so it has a Contact (RFC 3261 section 12.1.1). */
static void
progress_make(struct text_buf *b, const struct passing *p, struct span sdp)
{
	static const char *const	transports[] = { [TRANSPORT_TCP] = ";transport=tcp", [TRANSPORT_TLS] = ";transport=tls" };
	char				text[ADDR_TEXT];

	buf_add(b, "SIP/2.0 183 Session Progress\r\n");
	buf_bytes(b, p->echo.s, p->echo.n);
	buf_bytes(b, p->forward->record_routes.s, p->forward->record_routes.n);
	buf_add(b, "Contact: <sip:");
	buf_add(b, addr_text(&p->where.local, text));
	if (p->where.transport == TRANSPORT_TCP || p->where.transport == TRANSPORT_TLS)
		buf_add(b, transports[p->where.transport]);
	buf_add(b, ">\r\nContent-Type: application/sdp\r\nContent-Length: ");
	buf_num(b, (uint32_t)sdp.n);
	buf_add(b, "\r\n\r\n");
	buf_bytes(b, sdp.s, sdp.n);
}

static bool
answer_offer(struct front *f, struct passing *p, const struct sdp_choice *c, const struct media_how *how, const struct addr *from, int64_t now_ms)
{
	struct text_buf	t = proxy_text(f);
	char		sdp[SDP_TEXT];
	uint32_t	session = randombytes_random();
	int		n = sdp_answer(p->forward->body, c, from, how->key, session, sdp, sizeof sdp);

	if (n < 0)
		return false;
	progress_make(&t, p, (struct span){ .s = sdp, .n = (size_t)n });
	if (!t.overflow)
		passing_answer(f, p, 183, (struct span){ .s = t.s, .n = t.n }, now_ms);
	return !t.overflow;
}

static struct announcement *
free_place(struct announcements *as)
{
	size_t	i = 0;

	while (as->places[i].media != NULL)
		i++;
	return &as->places[i];
}

/* false: it can't be spoken. */
static bool
begin(struct front *f, struct passing *p, const struct prompt *prompt, const struct sdp_choice *c, struct span refusal, int64_t now_ms)
{
	struct announcements	*as = f->announcements;
	struct announcement	*a = free_place(as);
	struct media_how	 how = { .from = speak_from(p, &c->to), .to = c->to, .host = p->where.source, .codec = c->codec,
		.payload_type = c->payload_type, .suite = c->suite, .port_first = f->conf.announce.port_first, .port_last = f->conf.announce.port_last };
	bool			 done = false;

	randombytes_buf(how.key, sizeof how.key);
	if (how.from.family != ADDR_NONE && (a->media = media_new(as->pool, &how)) != NULL) {
		as->n++;
		a->prompts = prompts_hold(as->prompts);
		a->prompt = prompt;
		a->passing = passing_id(f->passings, p);
		a->account = p->account;
		a->pace.started_ms = now_ms + LEAD_MS;
		done = held_set(&a->refusal, refusal) && answer_offer(f, p, c, &how, media_from(a->media), now_ms);
		if (done)
			due_set(as->due, (int32_t)(a - as->places), rtp_next_at(&a->pace));
		else
			forget(as, a);
	}
	sodium_memzero(&how, sizeof how);
	return done;
}

void
announce_refusal(struct front *f, struct passing *p, const struct register_answer *a, int64_t now_ms)
{
	const struct prompt	*prompt = prompts_find(f->announcements->prompts, a->announce, header_of(p->forward->lines, "Accept-Language"),
	    f->conf.announce.language);
	const char		*why = prompt == NULL ? "there are no recordings (announce.directory)" : NULL;
	char			 refusal[ANSWER_MAX];
	struct text_buf		 r = { .s = refusal, .size = sizeof refusal };
	struct sdp_choice	 c;

	refusal_make(&r, f, p, a, prompt);
	if (why == NULL)
		why = r.overflow ? "the refusal is too long" : choose(f, p, &c);
	if (why == NULL && begin(f, p, prompt, &c, (struct span){ .s = r.s, .n = r.n }, now_ms)) {
		p->state = PASSING_GOING;
		return;
	}
	log_debug(SUB_SIP, "no announcement: %s", why == NULL ? "no port of announce.ports is free" : why);
	course_finish(f, p, a->code, "", (struct span){ .s = r.s, .n = r.overflow ? 0 : r.n }, now_ms);
}

/* The call was cancelled, or its connection is gone. */
static bool
is_pointless(const struct front *f, const struct passing *p)
{
	return p == NULL || passing_is_over(p) || (p->where.flow != 0 && flows_find(f->flows, p->where.flow) == NULL);
}

/* false: it is over. */
static bool
speak(struct announcement *a, int64_t now_ms)
{
	size_t	at;

	for (uint32_t left = rtp_due(&a->pace, now_ms); left > 0; left--) {
		if ((at = (size_t)a->pace.sent * RTP_SAMPLES) >= a->prompt->n)
			return false;
		media_say(a->media, a->prompt->samples + at, a->prompt->n - at < RTP_SAMPLES ? a->prompt->n - at : RTP_SAMPLES);
		a->pace.sent++;
	}
	return true;
}

void
announce_turn(struct front *f, int64_t now_ms)
{
	struct announcements	*as = f->announcements;
	int64_t			 at;
	int32_t			 i;

	while ((i = due_first(as->due, &at)) >= 0 && (at <= now_ms || f->stopping)) {
		struct announcement	*a = &as->places[i];
		struct passing		*p = passing_of_id(f->passings, a->passing);

		if (!is_pointless(f, p) && !f->stopping && speak(a, now_ms)) {
			due_set(as->due, i, rtp_next_at(&a->pace));
			continue;
		}
		if (p != NULL && !passing_is_over(p))
			course_finish(f, p, 403, "", held_span(&a->refusal), now_ms);
		forget(as, a);
	}
}

int64_t
announce_next_at(const struct front *f)
{
	int64_t	at = INT64_MAX;

	(void)due_first(f->announcements->due, &at);
	return at;
}
