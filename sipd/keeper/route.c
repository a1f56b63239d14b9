#include "sipd/keeper/route.h"

#include <sodium.h>
#include <string.h>

#include "core/binding.h"
#include "core/err.h"
#include "sipd/keeper/accounts.h"
#include "sipd/keeper/admit.h"
#include "sipd/keeper/calls.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/registrar.h"

enum { LIST_MAX = 64 * 1024, Q_MAX = 1000 };

/* One question on its way. */
struct routing {
	struct keeper		*k;
	const struct route_ask	*ask;
	struct route_answer	 answer;
	struct account		 from, to;
	size_t			 n_targets, n_list;
	uint8_t			 list[LIST_MAX];
};

static void
refuse(struct routing *r, uint32_t code, const char *reason)
{
	r->answer.refusal = (struct register_answer){ .code = code, .reason = span_of(reason) };
}

static void
add_device(void *arg, const struct binding *b)
{
	struct routing			*r = arg;
	const struct route_target	 to = { .target = b->source, .local = b->local, .transport = b->transport, .flow = b->flow,
	    .uri = r->ask->account == 0 ? span_of(b->contact) : span_of(""), .route = span_of(b->path), .account = b->account_id,
	    .rank = Q_MAX - (b->q > Q_MAX ? Q_MAX : b->q) };
	int				 n;

	if (r->n_targets == ROUTES_MAX || !binding_is_reachable(b, keeper_now(r->k)) || (r->ask->secure && b->transport != TRANSPORT_TLS) ||
	    (n = route_append(r->list, r->n_list, sizeof r->list, &to)) < 0)
		return;
	r->n_list = (size_t)n;
	r->n_targets++;
}

/* A list in the order of rank: that of most accounts is already, for their devices say no q. */
static void
sort_targets(struct routing *r)
{
	struct route_target	all[ROUTES_MAX];
	struct span		list = { (const char *)r->list, r->n_list };
	uint8_t			sorted[LIST_MAX];
	size_t			n = 0, at = 0;
	int			len;

	while (n < ROUTES_MAX && route_next(&list, &all[n]) == 1)
		n++;
	for (size_t i = 1; i < n; i++)
		for (size_t j = i; j > 0 && all[j].rank < all[j - 1].rank; j--) {
			struct route_target	other = all[j];

			all[j] = all[j - 1];
			all[j - 1] = other;
		}
	for (size_t i = 0; i < n && (len = route_append(sorted, at, sizeof sorted, &all[i])) >= 0; i++)
		at = (size_t)len;
	memcpy(r->list, sorted, at);
	r->n_list = at;
}

static void
to_account(struct routing *r, uint64_t account_id)
{
	(void)accounts_bindings(r->k, account_id, add_device, r);
	if (r->n_targets == 0) {
		refuse(r, 480, "Temporarily Unavailable");
		return;
	}
	sort_targets(r);
	r->answer.targets = (struct span){ (const char *)r->list, r->n_list };
}

static void
begin_call(struct routing *r)
{
	struct call	c = { .from_account = r->from.id, .to_account = r->to.id };

	if (r->answer.refusal.code != 0 || !span_is(r->ask->method, "INVITE"))
		return;
	(void)span_get(r->ask->from_user, c.from, sizeof c.from);
	(void)span_get(r->ask->user, c.to, sizeof c.to);
	(void)span_get(r->ask->from.call_id, c.call_id, sizeof c.call_id);
	r->answer.call = calls_begin(r->k, &c);
}

/* Its sender is known and may. */
static void
decide(struct routing *r)
{
	r->answer.account = r->from.id;
	if (accounts_find_called(r->k, r->ask->user, &r->to) != 0)
		refuse(r, 404, "Not Found");
	else if (!r->to.enabled)
		refuse(r, 403, "Forbidden");
	else
		to_account(r, r->to.id);
	begin_call(r);
}

static void
ask_sender(struct routing *r)
{
	static struct register_set	set;
	char				method[32] = "";
	struct asking			asking = { .ask = &r->ask->from, .method = method, .now = keeper_now(r->k), .set = &set };
	struct admission		*admission = registrar_admission(r->k->registrar);

	(void)span_get(r->ask->method, method, sizeof method);
	if (admit_sender(admission, &asking, &r->answer.refusal) &&
	    admit_request(admission, &asking, r->ask->from_user, r->ask->from_host, &r->answer.refusal)) {
		r->from = asking.account;
		decide(r);
	}
	sodium_memzero(&asking.account, sizeof asking.account);
}

void
route_request(struct keeper *k, struct channel *channel, uint64_t id, const struct route_ask *ask)
{
	struct routing	r;

	memset(&r, 0, offsetof(struct routing, list));
	r.k = k;
	r.ask = ask;
	if (ask->account != 0)
		to_account(&r, ask->account);
	else
		ask_sender(&r);
	(void)channel_send(channel, WIRE_ROUTE_ANSWER, id, &r.answer);
	sodium_memzero(&r.from, sizeof r.from);
}
