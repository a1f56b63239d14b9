#include "sipd/keeper/route_trunk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/prefix.h"
#include "sipd/keeper/calls.h"
#include "sipd/keeper/events.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/trunk_engine.h"
#include "sipd/keeper/trunk_probe.h"

enum { CANDIDATES_MAX = 64, NUMBER_MAX = 64, PATIENCE_MS = 5000 };

bool
route_is_number(struct span user)
{
	size_t	plus = user.n > 0 && user.s[0] == '+';

	for (size_t i = plus; i < user.n; i++)
		if (user.s[i] < '0' || user.s[i] > '9')
			return false;
	return user.n > plus && user.n < NUMBER_MAX / 2;
}

struct candidate {
	const struct trunk_state	*state;
	int				 prefix;
};

/* The longest prefix first, then the lowest priority, then by name, so that it is always the same. */
static int
compare(const void *a, const void *b)
{
	const struct candidate	*x = a, *y = b;
	const struct trunk	*t = &x->state->trunk, *u = &y->state->trunk;

	if (x->prefix != y->prefix)
		return x->prefix > y->prefix ? -1 : 1;
	if (t->priority != u->priority)
		return t->priority < u->priority ? -1 : 1;
	return strcmp(t->name, u->name);
}

static size_t
candidates_find(const struct keeper *k, const char *number, struct candidate all[CANDIDATES_MAX])
{
	const struct trunk_state	*s;
	size_t				 n = 0;

	TAILQ_FOREACH(s, &k->trunks->all, link) {
		int	prefix = s->trunk.enabled ? prefixes_match(s->trunk.prefixes, number) : -1;

		if (prefix >= 0 && n < CANDIDATES_MAX)
			all[n++] = (struct candidate){ s, prefix };
	}
	qsort(all, n, sizeof *all, compare);
	return n;
}

/* The number as the trunk wants it: strip, then prepend. */
static void
number_for(const struct trunk *t, const char *number, char out[NUMBER_MAX])
{
	size_t	n = strlen(number);

	(void)snprintf(out, NUMBER_MAX, "%s%s", t->prepend, number + (t->strip < n ? t->strip : n));
}

/* Who calls, as the trunk is told (RFC 3325): the number of its own that the account chose for From, else its first, else the trunk's. */
static void
identity(const struct keeper *k, const struct trunk *t, const struct account *caller, struct span from, char *out, size_t size)
{
	const char	*number = caller->caller_id_2[0] != '\0' && span_is(from, caller->caller_id_2) ? caller->caller_id_2 :
	    caller->caller_id[0] != '\0' ? caller->caller_id : t->number;

	out[0] = '\0';
	if (number[0] != '\0')
		(void)snprintf(out, size, "P-Asserted-Identity: <sip:%s@%s>\r\n", number, k->conf.domains[0]);
}

/* An address of a trunk that a call may go to. */
struct way_out {
	const struct trunk_state	*state;
	const struct trunk_target	*at;
};

struct ways_out {
	struct way_out	well[ROUTES_MAX], silent[ROUTES_MAX];	/* silent: when probed; they are tried last */
	size_t		n_well, n_silent;
};

static void
add_ways(struct ways_out *ways, const struct trunk_state *s)
{
	for (size_t i = 0; i < s->n_targets; i++) {
		const struct trunk_target	*at = s->targets[i];
		const struct way_out		 way = { s, at };

		if (!trunk_target_usable(at))
			continue;
		if (at->device.status == DEVICE_UNREACHABLE || at->device.status == DEVICE_UNKNOWN) {
			if (ways->n_silent < ROUTES_MAX)
				ways->silent[ways->n_silent++] = way;
		} else if (ways->n_well < ROUTES_MAX)
			ways->well[ways->n_well++] = way;
	}
}

/* One after the other.  Only the last is given the time that RFC 3261 gives it, and only if there is hope. */
static bool
add_target(const struct keeper *k, const struct way_out *w, const struct route_ask *ask, const char *number, const struct account *caller,
    uint32_t wait_ms, struct route_list *list)
{
	const struct trunk	*t = &w->state->trunk;
	const struct trunk_way	 way = trunk_target_way(w->at);
	bool			 bare = strchr(t->host, ':') != NULL && t->host[0] != '[';
	char			 uri[TRUNK_HOST + NUMBER_MAX + 32], headers[512], digits[NUMBER_MAX], port[8] = "";
	struct route_target	 to = { .target = way.target, .local = way.local, .flow = way.flow, .transport = (uint8_t)trunk_transport(t),
	    .trunk = w->state->id, .rank = (uint32_t)list->count, .failover = list->count > 0, .wait_ms = wait_ms, .srtp = t->encryption };

	number_for(t, number, digits);
	if (t->port != 0)
		(void)snprintf(port, sizeof port, ":%u", (unsigned)(uint16_t)t->port);
	(void)snprintf(uri, sizeof uri, "sip:%s@%s%s%s%s", digits, bare ? "[" : "", t->host, bare ? "]" : "", port);
	identity(k, t, caller, ask->from_user, headers, sizeof headers);
	to.uri = span_of(uri);
	to.headers = span_of(headers);
	return route_list_add(list, &to);
}

static void
add_targets(const struct keeper *k, const struct ways_out *ways, const struct route_ask *ask, const char *number,
    const struct account *caller, struct route_list *list, struct route_out *out)
{
	size_t	n = ways->n_well + ways->n_silent;

	for (size_t i = 0; i < n; i++) {
		bool			 well = i < ways->n_well;
		const struct way_out	*w = well ? &ways->well[i] : &ways->silent[i - ways->n_well];

		if (add_target(k, w, ask, number, caller, i + 1 < n || !well ? PATIENCE_MS : 0, list) && out->trunk == 0)
			out->trunk = w->state->id;
	}
}

void
route_out(struct keeper *k, const struct route_ask *ask, const struct account *caller, struct route_list *list, struct route_out *out)
{
	struct candidate	all[CANDIDATES_MAX];
	struct ways_out		ways = { .n_well = 0 };
	char			number[NUMBER_MAX];
	uint32_t		most = k->conf.calls.per_trunk;

	memset(out, 0, sizeof *out);
	if (!span_get(ask->user, number, sizeof number))
		return;
	out->matched = candidates_find(k, number, all);
	for (size_t i = 0; i < out->matched; i++) {
		const struct trunk_state	*s = all[i].state;

		if (s->trunk.encryption && !ask->offer_secure)
			out->encrypted++;
		else if (most != 0 && calls_of_trunk(k, s->id) >= most)
			out->busy++;
		else
			add_ways(&ways, s);
	}
	add_targets(k, &ways, ask, number, caller, list, out);
}

void
route_to_trunk(struct keeper *k, uint64_t trunk, struct route_list *list)
{
	const struct trunk_state	*s = trunk_engine_find(k->trunks, trunk);

	for (size_t i = 0; s != NULL && i < s->n_targets; i++) {
		const struct trunk_way		 way = trunk_target_way(s->targets[i]);
		const struct route_target	 to = { .target = way.target, .local = way.local, .flow = way.flow,
		    .transport = (uint8_t)trunk_transport(&s->trunk), .rank = (uint32_t)i, .failover = i > 0 };

		if (trunk_target_usable(s->targets[i]))
			(void)route_list_add(list, &to);
	}
}

uint64_t
route_trunk_of(struct keeper *k, const struct register_ask *from)
{
	return trunk_of_source(k->trunks, &from->source, from->transport);
}

bool
route_trunk_is_secure(struct keeper *k, uint64_t trunk)
{
	const struct trunk_state	*s = trunk_engine_find(k->trunks, trunk);

	return s != NULL && s->trunk.encryption;
}

struct span
route_in(struct keeper *k, uint64_t trunk, const struct route_ask *ask)
{
	const struct trunk_state	*s = trunk_engine_find(k->trunks, trunk);

	return s != NULL && s->trunk.username[0] != '\0' && span_is(ask->user, s->trunk.username) ? ask->from.aor_user : ask->user;
}

void
route_authorize(struct keeper *k, const struct wire_authorize *a, char *lines, size_t size)
{
	const struct trunk_state	*s = trunk_engine_find(k->trunks, a->trunk);
	struct digest_client		 digest = { .server = { .known = false } };
	char				 method[32], uri[FIELD_TEXT], other[DIGEST_REALM] = "";

	lines[0] = '\0';
	if (s == NULL || !s->trunk.enabled || s->trunk.password[0] == '\0' || !span_get(a->method, method, sizeof method) ||
	    !span_get(a->uri, uri, sizeof uri))
		return;
	switch (digest_client_take(&digest, a->challenges, s->trunk.realm, other)) {
	case DIGEST_ASK_ANSWER:
		if (digest_client_lines(&digest, method, uri, s->trunk.username, s->trunk.password, lines, size) != 0)
			lines[0] = '\0';
		break;
	case DIGEST_ASK_REALM:
		events_tell(k->events, EVENT_WARN, "trunk", s->trunk.name,
		    "realm \"%.60s\" asks for the password of \"%.60s\" when it is called: none was sent", other, s->trunk.realm);
		break;
	case DIGEST_ASK_WRONG:
	case DIGEST_ASK_UNKNOWN:
		break;
	}
}
