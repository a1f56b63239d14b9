#include "sipd/keeper/why.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "sipd/keeper/accounts.h"
#include "sipd/keeper/admit.h"
#include "sipd/keeper/calls.h"
#include "sipd/keeper/contact.h"
#include "sipd/keeper/failures.h"
#include "sipd/keeper/json.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/licences.h"
#include "sipd/keeper/qualify.h"
#include "sipd/keeper/queue.h"
#include "sipd/keeper/queue_why.h"
#include "sipd/keeper/reach.h"
#include "sipd/keeper/sms.h"

enum { WHAT = 1200, CONTACTS_TOLD = 16 };

/* How a fact is for who wants to reach the account. */
enum state { GOOD, DOUBTFUL, BAD, NEUTRAL };

struct telling {
	struct keeper		*k;
	const struct account	*account;
	int64_t			 now;
	size_t			 contacts;
	json_t			*facts;
};

static void	tell(struct telling *, const char *fact, enum state, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static void
tell(struct telling *t, const char *fact, enum state state, const char *fmt, ...)
{
	static const char *const	words[] = { [GOOD] = "ok", [DOUBTFUL] = "doubtful", [BAD] = "bad", [NEUTRAL] = "none" };
	char				what[WHAT];
	va_list				ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	(void)json_array_append_new(t->facts, json_pack("{s:s, s:s, s:o}", "fact", fact, "state", words[state], "what",
	    json_of_text(what, strlen(what))));
}

static void
tell_enabled(struct telling *t)
{
	if (t->account->enabled)
		tell(t, "Enabled", GOOD, "yes");
	else
		tell(t, "Enabled", BAD, "no: neither calls nor messages");
}

static void
tell_status(struct telling *t)
{
	const struct account	*a = t->account;
	char			 ago[CLOCK_TEXT];

	tell(t, "Status", a->status == STATUS_CONNECTED ? GOOD : NEUTRAL, "%s, for %s%s", account_status_words[a->status],
	    clock_span_text(t->now - a->status_at, ago), a->status == STATUS_CONNECTED ? "" : ": it has never registered since");
}

static const char *
transport_name(uint8_t transport)
{
	return transport == TRANSPORT_TLS ? "TLS" : transport == TRANSPORT_TCP ? "TCP" : "UDP";
}

static void
tell_contact(struct telling *t, const struct binding *b)
{
	char	addr[ADDR_TEXT], left[CLOCK_TEXT], name[32];
	bool	over = b->expires_at <= t->now, gone = !over && !binding_is_reachable(b, t->k->stream_epoch, t->now);

	(void)snprintf(name, sizeof name, "Contact %zu", t->contacts);
	tell(t, name, over || gone ? BAD : GOOD, "%s %s, %s%s%s%s", addr_text(&b->source, addr), transport_name(b->transport),
	    over ? "its time is over" : "expires in ", over ? "" : clock_span_text(b->expires_at - t->now, left),
	    b->user_agent[0] == '\0' ? "" : ", ", b->user_agent);
	if (b->transport != TRANSPORT_UDP)
		tell(t, "  flow", gone ? BAD : GOOD, "%s", gone ? "its connection is gone: it must register again to be reached" :
		    "its connection stands, and it is reached over that");
}

/* Whether the phone knows its own address; where it does not, it is reached at the one that its packets come from. */
static void
tell_source(struct telling *t, const struct binding *b)
{
	struct addr	said;
	char		from[ADDR_TEXT], to[ADDR_TEXT];
	bool		named = contact_address(span_of(b->contact), &said);

	if (named && said.port == 0)
		said.port = b->transport == TRANSPORT_TLS ? 5061 : 5060;
	if (named && addr_same_ip(&said, &b->source) && (said.port == b->source.port || b->transport != TRANSPORT_UDP))
		tell(t, "  source", GOOD, "as its Contact says: %s", b->contact);
	else if (named)
		tell(t, "  source", NEUTRAL, "Contact says %s, its packets come from %s (NAT?): it is reached there", addr_text(&said, from),
		    addr_text(&b->source, to));
	else
		tell(t, "  source", NEUTRAL, "Contact is %s, its packets come from %s: it is reached there", b->contact, addr_text(&b->source, to));
}

/* One that is under way has no next one yet; what is UNKNOWN is left alone. */
static void
probe_words(const struct telling *t, const struct binding *b, const struct qualify_told *q, char *buf, size_t size)
{
	char	last[CLOCK_TEXT], next[CLOCK_TEXT];
	int	n;

	if (q->answered_at == 0)
		n = snprintf(buf, size, "no answer yet");
	else
		n = snprintf(buf, size, "last answer %" PRIu32 " %s ago", q->code, clock_span_text(t->now - q->answered_at, last));
	if (n < 0 || (size_t)n >= size)
		return;
	if (b->device_status == DEVICE_UNKNOWN)
		(void)snprintf(buf + n, size - (size_t)n, ", not asked again before it registers");
	else if (q->next_at > t->now && q->next_at != INT64_MAX)
		(void)snprintf(buf + n, size - (size_t)n, ", asked again in %s", clock_span_text(q->next_at - t->now + 999, next));
	else
		(void)snprintf(buf + n, size - (size_t)n, ", asked now");
}

static void
tell_probe(struct telling *t, const struct binding *b)
{
	struct qualify_told	q;
	char			words[200], latency[32] = "";
	bool			bad = b->device_status == DEVICE_UNREACHABLE || b->device_status == DEVICE_UNKNOWN;

	if (account_is_elsewhere(t->account, b)) {
		tell(t, "  server", DOUBTFUL, "registered at %s, and must be at %s: no probe counts", b->node, t->account->server);
		return;
	}
	qualify_tell(t->k->qualify, b->account_id, b->hash, &q);
	if (!q.known) {
		tell(t, "  probe", NEUTRAL, "not probed%s", t->account->qualify == QUALIFY_NO ? " (qualify is off)" : " yet");
		return;
	}
	if (b->device_status == DEVICE_OK || b->device_status == DEVICE_LAGGED)
		(void)snprintf(latency, sizeof latency, " %" PRIu32 " ms", b->latency_ms);
	probe_words(t, b, &q, words, sizeof words);
	tell(t, "  probe", bad ? BAD : b->device_status == DEVICE_OK ? GOOD : DOUBTFUL, "%s%s, %s", b->device_status == DEVICE_NONE ? "no status yet" :
	    device_status_name(b->device_status), latency, words);
}

/* Its lists hold for what it sends; that is also its next REGISTER. */
static void
tell_refused_source(struct telling *t, const struct binding *b)
{
	char	ip[ADDR_TEXT];

	if (!acl_allows(t->account->permit, t->account->deny, &b->source))
		tell(t, "  lists", BAD, "permit and deny refuse %s: its next REGISTER, and its calls, are answered 403", addr_ip_text(&b->source, ip));
}

static void
tell_binding(void *arg, const struct binding *b)
{
	struct telling	*t = arg;

	if (++t->contacts > CONTACTS_TOLD)
		return;
	tell_contact(t, b);
	tell_source(t, b);
	tell_probe(t, b);
	tell_refused_source(t, b);
}

static void
tell_lists(struct telling *t)
{
	const struct account	*a = t->account;

	if (a->permit[0] == '\0' && a->deny[0] == '\0')
		tell(t, "Permit, deny", GOOD, "empty: it may come from anywhere");
	else
		tell(t, "Permit, deny", NEUTRAL, "permit %s; deny %s", a->permit[0] == '\0' ? "(empty)" : a->permit,
		    a->deny[0] == '\0' ? "(empty)" : a->deny);
}

static void
tell_failure(struct telling *t)
{
	const struct failure	*f = admission_failure(registrar_admission(t->k->registrar), t->account->id);
	static const char *const words[] = { [FAILURE_PASSWORD] = "wrong password", [FAILURE_LISTS] = "refused by permit and deny" };
	char			 ip[ADDR_TEXT], ago[CLOCK_TEXT];

	if (f == NULL)
		tell(t, "Refused last", GOOD, "never since the start, %s ago", clock_span_text(t->now - t->k->started_at, ago));
	else
		tell(t, "Refused last", t->contacts == 0 ? BAD : DOUBTFUL, "%s, %s from %s, %s ago; %" PRIu32 " in all since the start",
		    words[f->kind], f->method, addr_ip_text(&f->source, ip), clock_span_text(t->now - f->at, ago), f->n);
}

static void
tell_licence(struct telling *t)
{
	enum licence_state	s = licences_state(t->k, t->account->id);

	tell(t, "Licence", s == LICENCE_VALID ? GOOD : s == LICENCE_NONE ? NEUTRAL : DOUBTFUL, "%s", s == LICENCE_NONE ? "none" : licence_words[s]);
}

/* Of one that is set up by SMS: how that goes. */
static void
tell_sms(struct telling *t)
{
	struct account	a = { .id = t->account->id };

	sms_live(t->k, &a);
	if (a.sms[0] != '\0')
		tell(t, "SMS", a.sms_state == SMS_FAILED ? BAD : a.sms_state == SMS_SENT ? GOOD : DOUBTFUL, "%s", a.sms);
}

static void
tell_queue(struct telling *t, const struct reach_facts *f)
{
	struct message	m = { .seq = 0 };
	char		why[400] = "";

	if (f->waiting > 0 && queue_first(t->k->queue, t->account->id, &m))
		queue_why(t->k, &m, why, sizeof why);
	tell(t, "Queue", f->waiting == 0 ? GOOD : f->waiting >= f->most ? BAD : DOUBTFUL, "%" PRIu64 " message%s wait%s, of at most %" PRIu64 "%s%s",
	    f->waiting, f->waiting == 1 ? "" : "s", f->waiting == 1 ? "s" : "", f->most, why[0] == '\0' ? "" : "; the first: ", why);
}

/* What it may place itself. */
static void
tell_calls(struct telling *t)
{
	struct group	g = { .id = t->account->group_id };
	uint32_t	most = t->k->conf.calls.per_account;
	uint64_t	n = calls_of_account(t->k, t->account->id);
	char		limit[48] = "no limit";
	bool		known = table_get(&t->k->db, &group_kind, &g) == 0;

	if (most != 0)
		(void)snprintf(limit, sizeof limit, "at most %" PRIu32, most);
	tell(t, "Its own calls", most != 0 && n >= most ? BAD : GOOD, "%" PRIu64 " now, %s; outside: %s", n, limit,
	    !known || g.prefixes[0] == '\0' ? "none (its group has no prefixes)" : g.prefixes);
}

json_t *
why_json(struct keeper *k, const struct account *a)
{
	struct telling		t = { .k = k, .account = a, .now = keeper_now(k), .facts = json_array() };
	struct reach_facts	f;
	char			sentence[REACH_TEXT];

	reach_look(k, a, &f);
	tell_enabled(&t);
	tell_status(&t);
	(void)accounts_bindings(k, a->id, tell_binding, &t);
	if (t.contacts == 0)
		tell(&t, "Contacts", BAD, "none: it is not registered");
	else if (t.contacts > CONTACTS_TOLD)
		tell(&t, "Contacts", NEUTRAL, "and %zu more", t.contacts - CONTACTS_TOLD);
	tell_lists(&t);
	tell_failure(&t);
	tell_licence(&t);
	tell_sms(&t);
	tell_queue(&t, &f);
	tell_calls(&t);
	reach_sentence(&f, a->username, sentence);
	return json_pack("{s:s, s:b, s:b, s:o, s:s}", "username", a->username, "call", reach_call(&f)->reason == REACH_NOW, "message",
	    reach_message(&f)->reason == REACH_NOW, "facts", t.facts, "verdict", sentence);
}
