#include "sipd/sip/large.h"

#include <stdlib.h>

#include "core/addr.h"
#include "core/binding.h"
#include "sipd/sip/flows.h"

enum { PLACES = 1024, DIAL_MS = 600, WAIT_MS = 1000, REFUSED_MS = 600 * 1000, IDLE_MS = 120 * 1000, TURN_MS = 1000, PORT_STEP = 31 };

enum state { FREE, DIALING, STANDS, REFUSED };

/* The phone at an address; one whose place is taken has none, and is reached by UDP. */
struct large {
	enum state	state;
	struct addr	target;
	uint64_t	flow;
	int64_t		until;		/* DIALING: no longer waited for; REFUSED: forgotten; STANDS: closed */
};

struct larges {
	size_t		n;		/* not FREE */
	int64_t		turn_at;
	struct large	places[PLACES];
};

struct larges *
larges_new(void)
{
	return calloc(1, sizeof(struct larges));
}

void
larges_free(struct larges *ls)
{
	free(ls);
}

static size_t
place_of(const struct addr *a)
{
	size_t	sum = a->port;

	for (size_t i = 0; i < sizeof a->ip; i++)
		sum = sum * PORT_STEP + a->ip[i];
	return sum % PLACES;
}

static void
enter(struct larges *ls, struct large *l, enum state state, int64_t until)
{
	ls->n += (state != FREE) - (size_t)(l->state != FREE);
	l->state = state;
	l->until = until;
}

static enum large_way
dial(struct front *f, struct large *l, const struct addr *target, int64_t now_ms)
{
	const struct wire_dial	w = { .target = *target, .transport = TRANSPORT_TCP, .timeout_ms = DIAL_MS };

	if (f->stream == NULL || channel_send(f->stream, WIRE_DIAL, DIAL_BY_SIP | (uint64_t)(l - f->larges->places), &w) != 0)
		return LARGE_UDP;
	l->target = *target;
	enter(f->larges, l, DIALING, now_ms + WAIT_MS);
	return LARGE_WAIT;
}

enum large_way
large_way(struct front *f, const struct addr *target, int64_t now_ms, uint64_t *flow)
{
	struct large		*l = &f->larges->places[place_of(target)];
	const struct flow	*stands;

	if (l->state == FREE)
		return dial(f, l, target, now_ms);
	if (!addr_eq(&l->target, target))
		return LARGE_UDP;
	switch (l->state) {
	case FREE:
		break;
	case DIALING:
		return now_ms < l->until ? LARGE_WAIT : LARGE_UDP;
	case REFUSED:
		return now_ms < l->until ? LARGE_UDP : dial(f, l, target, now_ms);
	case STANDS:
		if ((stands = flows_find(f->flows, l->flow)) == NULL || stands->tport == NULL)
			return dial(f, l, target, now_ms);
		l->until = now_ms + IDLE_MS;
		*flow = l->flow;
		return LARGE_TCP;
	}
	return LARGE_UDP;
}

static void
hang_up(struct front *f, uint64_t flow)
{
	if (f->stream != NULL)
		(void)channel_send(f->stream, WIRE_FLOW_CLOSE, 0, &(struct wire_flow){ .flow = flow });
}

void
large_dialed(struct front *f, uint64_t id, const struct wire_dialed *w, int64_t now_ms)
{
	uint64_t	 at = id & ~DIAL_BY_SIP;
	struct large	*l = at < PLACES ? &f->larges->places[at] : NULL;

	if (l == NULL || l->state != DIALING) {
		if (w->flow != 0)
			hang_up(f, w->flow);
		return;
	}
	l->flow = w->flow;
	enter(f->larges, l, w->flow == 0 ? REFUSED : STANDS, now_ms + (w->flow == 0 ? REFUSED_MS : IDLE_MS));
}

void
larges_turn(struct front *f, int64_t now_ms)
{
	struct larges	*ls = f->larges;

	if (ls->n == 0 || now_ms < ls->turn_at)
		return;
	ls->turn_at = now_ms + TURN_MS;
	for (size_t i = 0; i < PLACES; i++) {
		struct large	*l = &ls->places[i];

		if (l->state == FREE || now_ms < l->until + (l->state == DIALING ? REFUSED_MS : 0))
			continue;
		if (l->state == STANDS)
			hang_up(f, l->flow);
		enter(ls, l, FREE, 0);
	}
}
