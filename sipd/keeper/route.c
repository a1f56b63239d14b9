#include "sipd/keeper/route.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/binding.h"
#include "core/group.h"
#include "core/prefix.h"
#include "sipd/keeper/accounts.h"
#include "sipd/keeper/admit.h"
#include "sipd/keeper/calls.h"
#include "sipd/keeper/events.h"
#include "sipd/keeper/guard.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/reach.h"
#include "sipd/keeper/registrar.h"
#include "sipd/keeper/route_list.h"
#include "sipd/keeper/route_trunk.h"

enum { Q_MAX = 1000, OUTSIDE_S = 600, LINES = 4096 };

struct routes {
	struct keeper		*k;
	struct guard		*outside;	/* calls through trunks, by account */
	struct guard		*crowded;	/* accounts of which was told that they have too many at once */
	struct register_set	 set;		/* of the request at hand */
	struct route_list	 list;
};

/* One question on its way. */
struct routing {
	struct routes		*routes;
	struct keeper		*k;
	const struct route_ask	*ask;
	struct route_answer	 answer;
	struct account		 from, to;
	uint64_t		 trunk;		/* that it came from, or goes to */
	bool			 invite;
};

struct routes *
routes_new(struct keeper *k)
{
	struct routes	*s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->k = k;
	s->outside = guard_new(k->conf.calls.outside, OUTSIDE_S);
	s->crowded = guard_new(1, OUTSIDE_S);
	if (s->outside == NULL || s->crowded == NULL) {
		routes_free(s);
		return NULL;
	}
	return s;
}

void
routes_free(struct routes *s)
{
	if (s == NULL)
		return;
	guard_free(s->outside);
	guard_free(s->crowded);
	free(s);
}

void
routes_reload(struct routes *s)
{
	guard_set(s->outside, s->k->conf.calls.outside, OUTSIDE_S);
}

static void
refuse(struct routing *r, uint32_t code, const char *reason)
{
	r->answer.refusal = (struct register_answer){ .code = code, .reason = span_of(reason) };
}

/* Registrations of one device over several flows (RFC 5626 section 5.3): only one of them is to ring. */
static uint64_t
instance_of(const struct binding *b)
{
	static const uint8_t	key[crypto_shorthash_siphashx24_KEYBYTES];
	uint8_t			sum[crypto_shorthash_siphashx24_BYTES];
	uint64_t		v;

	if (b->instance[0] == '\0' || b->reg_id == 0)
		return 0;
	(void)crypto_shorthash_siphashx24(sum, (const uint8_t *)b->instance, strlen(b->instance), key);
	memcpy(&v, sum, sizeof v);
	return v;
}

static void
add_device(void *arg, const struct binding *b)
{
	struct routing			*r = arg;
	const struct route_target	 to = { .target = b->source, .local = b->local, .transport = b->transport, .flow = b->flow,
	    .uri = span_of(r->ask->account == 0 ? b->contact : ""), .route = span_of(b->path), .account = b->account_id,
	    .rank = Q_MAX - (b->q > Q_MAX ? Q_MAX : b->q), .instance = instance_of(b),
	    .srtp = r->trunk != 0 && route_trunk_is_secure(r->k, r->trunk) };

	if (binding_is_reachable(b, r->k->stream_epoch, keeper_now(r->k)) && (!r->ask->secure || b->transport == TRANSPORT_TLS))
		(void)route_list_add(&r->routes->list, &to);
}

static void
to_account(struct routing *r, uint64_t account_id, bool enabled)
{
	struct reach_facts	 facts = { .front = true, .enabled = enabled };
	const struct reach_row	*row;

	if (enabled)
		facts.contacts = accounts_bindings(r->k, account_id, add_device, r);
	facts.reachable = r->routes->list.count;
	row = reach_call(&facts);
	if (row->code != 0)
		refuse(r, row->code, row->phrase);
	if (row->reason == REACH_DISABLED)
		r->answer.refusal.announce = span_of("called");
	route_list_sort(&r->routes->list);
}

/* Whether its group lets it call that number through a trunk (product D7). */
static bool
may_call_outside(struct routing *r)
{
	struct group	g = { .id = r->from.group_id };
	char		number[ACCOUNT_USERNAME];

	return table_get(&r->k->db, &group_kind, &g) == 0 && span_get(r->ask->user, number, sizeof number) &&
	    prefixes_match(g.prefixes, number) >= 0;
}

/* A stolen password dials abroad: so many calls within ten minutes, then none, and everybody is told (reliability A8). */
static bool
within_outside(struct routing *r)
{
	struct guard	*g = r->routes->outside;
	int64_t		 now = keeper_now(r->k);

	if (r->k->conf.calls.outside == 0)
		return true;
	if (guard_wait(g, &r->from.id, sizeof r->from.id, now) > 0)
		return false;
	if (guard_failed(g, &r->from.id, sizeof r->from.id, now))
		events_tell(r->k->events, EVENT_ALERT, "call", r->from.username,
		    "%s placed %u calls through trunks within %d minutes: it may place no more for as long; is its password stolen?", r->from.username,
		    (unsigned)r->k->conf.calls.outside, OUTSIDE_S / 60);
	return true;
}

/* So many at once: nobody calls like that, but a thief of passwords may. */
static bool
within_own(struct routing *r, bool outside)
{
	uint32_t	most = r->k->conf.calls.per_account;

	if (!r->invite || most == 0 || calls_of_account(r->k, r->from.id) < most)
		return true;
	refuse(r, 403, "Too Many Calls");
	if (guard_failed(r->routes->crowded, &r->from.id, sizeof r->from.id, keeper_now(r->k)))
		events_tell(r->k->events, outside ? EVENT_ALERT : EVENT_WARN, "call", r->from.username,
		    "%s has %u calls at once and wants more%s: none is let through meanwhile", r->from.username, (unsigned)most,
		    outside ? " through trunks" : "");
	return false;
}

static void
to_trunks(struct routing *r)
{
	struct route_out	out;

	if (!r->invite || !route_is_number(r->ask->user)) {
		refuse(r, 404, "Not Found");
		return;
	}
	route_out(r->k, r->ask, &r->from, &r->routes->list, &out);
	r->trunk = out.trunk;
	if (out.matched == 0)
		refuse(r, 404, "Not Found");
	else if (!may_call_outside(r))
		refuse(r, 403, "Not Allowed To Call There");
	else if (out.trunk == 0 && out.encrypted > 0)
		refuse(r, 488, "Only Encrypted Calls Are Taken");
	else if (out.trunk == 0)
		refuse(r, 503, out.busy > 0 ? "All Lines Busy" : "No Trunk Available");
	else if (!within_outside(r))
		refuse(r, 403, "Too Many Calls");
}

/* Inside a dialog: the connection that it began on is gone. */
static void
back_to_trunk(struct routing *r)
{
	route_to_trunk(r->k, r->ask->trunk, &r->routes->list);
	if (r->routes->list.count == 0)
		refuse(r, 480, "Temporarily Unavailable");
}

/* Who hides its number says so in From (RFC 3323 section 4.1.1.3); its password tells us whose it is. */
static bool
is_anonymous(const struct route_ask *ask)
{
	return span_is(ask->from_user, "anonymous") && span_is_nocase(ask->from_host, "anonymous.invalid");
}

static void
begin_call(struct routing *r, struct span to)
{
	struct call	c = { .from_account = r->from.id, .to_account = r->to.id, .trunk_id = r->trunk };

	if (r->answer.refusal.code != 0 || !r->invite)
		return;
	if (r->from.id != 0 && is_anonymous(r->ask))
		(void)snprintf(c.from, sizeof c.from, "%s", r->from.username);
	else if (!span_get(r->ask->from_user, c.from, sizeof c.from) || c.from[0] == '\0')
		(void)snprintf(c.from, sizeof c.from, "anonymous");
	(void)span_get(to, c.to, sizeof c.to);
	(void)span_get(r->ask->from.call_id, c.call_id, sizeof c.call_id);
	r->answer.call = calls_begin(r->k, &c);
}

static void
to_named(struct routing *r)
{
	to_account(r, r->to.id, r->to.enabled);
}

/* A trunk's: to the account with that number, and nowhere else, or whoever reaches us could call the world (product D7). */
static void
decide_for_trunk(struct routing *r)
{
	struct span	user = route_in(r->k, r->trunk, r->ask);

	r->answer.trunk = r->trunk;
	if (accounts_find_called(r->k, user, &r->to) != 0)
		refuse(r, 404, "Not Found");
	else if (r->invite && route_trunk_is_secure(r->k, r->trunk) && !r->ask->offer_secure)
		refuse(r, 488, "Only Encrypted Calls Are Taken");
	else
		to_named(r);
	begin_call(r, user);
}

/* Its sender is known and may. */
static void
decide_for_account(struct routing *r)
{
	bool	inside = accounts_find_called(r->k, r->ask->user, &r->to) == 0;

	r->answer.account = r->from.id;
	if (!inside)
		r->to.id = 0;
	if (within_own(r, !inside)) {
		if (inside)
			to_named(r);
		else
			to_trunks(r);
	}
	begin_call(r, r->ask->user);
}

/* One who says to be an account of ours must prove it, though its address is a trunk's. */
static bool
is_trunks(struct routing *r, const struct asking *asking)
{
	struct account	claimed;
	bool		is_ours;

	if (r->ask->from.authorized || (r->trunk = route_trunk_of(r->k, &r->ask->from)) == 0)
		return false;
	is_ours = admit_serves(registrar_admission(r->k->registrar), asking, r->ask->from_host) &&
	    accounts_find_called(r->k, r->ask->from_user, &claimed) == 0;
	if (is_ours)
		r->trunk = 0;
	return !is_ours;
}

static void
decide(struct routing *r)
{
	char			 method[32] = "";
	struct asking		 asking = { .ask = &r->ask->from, .method = method, .now = keeper_now(r->k), .set = &r->routes->set };
	struct admission	*admission = registrar_admission(r->k->registrar);
	bool			 anonymous = is_anonymous(r->ask);

	(void)span_get(r->ask->method, method, sizeof method);
	r->invite = strcmp(method, "INVITE") == 0;
	if (is_trunks(r, &asking))
		decide_for_trunk(r);
	else if (admit_sender(admission, &asking, &r->answer.refusal) &&
	    admit_request(admission, &asking, anonymous ? r->ask->from.username : r->ask->from_user,
	    anonymous ? span_of(r->k->conf.domains[0]) : r->ask->from_host, &r->answer.refusal)) {
		r->from = asking.account;
		decide_for_account(r);
	} else if (r->answer.refusal.announce.n > 0)
		r->answer.account = asking.account.id;
	sodium_memzero(&asking.account, sizeof asking.account);
}

void
routes_ask(struct routes *s, struct channel *channel, uint64_t id, const struct route_ask *ask)
{
	struct routing	r = { .routes = s, .k = s->k, .ask = ask };

	s->list.n = s->list.count = 0;
	if (ask->account != 0)
		to_account(&r, ask->account, true);
	else if (ask->trunk != 0)
		back_to_trunk(&r);
	else
		decide(&r);
	if (r.answer.refusal.code == 0)
		r.answer.targets = route_list_span(&s->list);
	(void)channel_send(channel, WIRE_ROUTE_ANSWER, id, &r.answer);
	sodium_memzero(&r.from, sizeof r.from);
}

void
routes_authorize(struct routes *s, struct channel *channel, uint64_t id, const struct wire_authorize *a)
{
	struct wire_authorize	answer = { .trunk = a->trunk, .branch = a->branch };
	char			lines[LINES];

	route_authorize(s->k, a, lines, sizeof lines);
	answer.lines = span_of(lines);
	(void)channel_send(channel, WIRE_AUTHORIZED, id, &answer);
	sodium_memzero(lines, sizeof lines);
}
