#include "sipd/sip/flows.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "core/binding.h"

enum { PORTS = 65536, HASH = 65536 };

/* By port in an array for each transport: each has a listener of its own, and so its own ports.  By identity in a chained table. */
struct entry {
	struct flow	 flow;
	struct entry	*next;
	LIST_ENTRY(entry) waiting;
	bool		 waits;		/* for libsofia to accept it */
};

struct flows {
	struct entry	*by_port[TRANSPORT_TLS + 1][PORTS];
	struct entry	*by_id[HASH];
	LIST_HEAD(, entry) waiting;
};

struct flows *
flows_new(void)
{
	return calloc(1, sizeof(struct flows));
}

static struct entry **
chain(struct flows *f, uint64_t id)
{
	return &f->by_id[(id ^ id >> 17) % HASH];
}

static void
entry_drop(struct flows *f, struct entry *e)
{
	struct entry	**at = chain(f, e->flow.id);

	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	f->by_port[e->flow.transport][e->flow.relay] = NULL;
	if (e->waits)
		LIST_REMOVE(e, waiting);
	if (e->flow.tport != NULL)
		tport_unref(e->flow.tport);
	free(e);
}

void
flows_clear(struct flows *f)
{
	for (size_t t = 0; t <= TRANSPORT_TLS; t++)
		for (size_t i = 0; i < PORTS; i++)
			if (f->by_port[t][i] != NULL)
				entry_drop(f, f->by_port[t][i]);
}

void
flows_free(struct flows *f)
{
	if (f == NULL)
		return;
	flows_clear(f);
	free(f);
}

void
flows_open(struct flows *f, const struct wire_flow *w)
{
	struct entry	*e, **at = chain(f, w->flow);

	if (w->relay == 0 || w->relay >= PORTS || w->transport > TRANSPORT_TLS)
		return;
	if (f->by_port[w->transport][w->relay] != NULL)
		entry_drop(f, f->by_port[w->transport][w->relay]);
	if ((e = calloc(1, sizeof *e)) == NULL)
		return;		/* an unknown port is closed when it speaks */
	e->flow = (struct flow){ .id = w->flow, .source = w->source, .local = w->local, .transport = w->transport,
		.relay = (uint16_t)w->relay };
	e->next = *at;
	*at = e;
	f->by_port[w->transport][w->relay] = e;
	if ((e->waits = w->ours))
		LIST_INSERT_HEAD(&f->waiting, e, waiting);
}

void
flows_ready(struct flows *f, bool (*look)(void *, struct flow *), void *arg)
{
	struct entry	*e, *next;

	for (e = LIST_FIRST(&f->waiting); e != NULL; e = next) {
		next = LIST_NEXT(e, waiting);
		if (!look(arg, &e->flow))
			continue;
		LIST_REMOVE(e, waiting);
		e->waits = false;
	}
}

static struct entry *
entry_of(struct flows *f, uint64_t id)
{
	struct entry	*e = *chain(f, id);

	while (e != NULL && e->flow.id != id)
		e = e->next;
	return e;
}

void
flows_gone(struct flows *f, uint64_t id)
{
	struct entry	*e = entry_of(f, id);

	if (e != NULL)
		entry_drop(f, e);
}

struct flow *
flows_find(struct flows *f, uint64_t id)
{
	struct entry	*e = entry_of(f, id);

	return e == NULL ? NULL : &e->flow;
}

struct flow *
flows_at(struct flows *f, uint8_t transport, uint16_t relay)
{
	struct entry	*e = f->by_port[transport][relay];

	return e == NULL ? NULL : &e->flow;
}

void
flow_set_tport(struct flow *flow, tport_t *tp)
{
	if (flow->tport == tp)
		return;
	if (flow->tport != NULL)
		tport_unref(flow->tport);
	flow->tport = tport_ref(tp);
}
