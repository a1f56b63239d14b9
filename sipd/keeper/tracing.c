#include "sipd/keeper/tracing.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "core/binding.h"
#include "sipd/keeper/accounts.h"
#include "sipd/keeper/keeper.h"

enum { NAMES = 3 * ACCOUNT_USERNAME, SOURCES = 16 * ADDR_TEXT };

struct tracing_one {
	uint64_t			 id, account_id;
	int64_t				 until;
	char				 names[NAMES], sources[SOURCES];	/* as the SIP process was told */
	bool				 told;
	tracing_fn			 fn;
	void				*arg;
	TAILQ_ENTRY(tracing_one)	 link;
};

struct tracing {
	struct keeper			*k;
	uint64_t			 last_id;
	size_t				 n;
	TAILQ_HEAD(, tracing_one)	 all;
};

struct tracing *
tracing_new(struct keeper *k)
{
	struct tracing	*t = calloc(1, sizeof *t);

	if (t == NULL)
		return NULL;
	t->k = k;
	TAILQ_INIT(&t->all);
	return t;
}

static void
one_free(struct tracing *t, struct tracing_one *o)
{
	TAILQ_REMOVE(&t->all, o, link);
	t->n--;
	free(o);
}

void
tracing_free(struct tracing *t)
{
	if (t == NULL)
		return;
	while (!TAILQ_EMPTY(&t->all))
		one_free(t, TAILQ_FIRST(&t->all));
	free(t);
}

static void
send(struct tracing *t, struct tracing_one *o, bool on)
{
	const struct wire_trace	w = { .on = on, .names = span_of(o->names), .sources = span_of(o->sources) };

	o->told = t->k->channels[PROC_SIP] != NULL && channel_send(t->k->channels[PROC_SIP], WIRE_TRACE, o->id, &w) == 0;
}

struct gathering {
	char	sources[SOURCES];
	size_t	n;
};

static void
add_source(void *arg, const struct binding *b)
{
	struct gathering	*g = arg;
	char			 text[ADDR_TEXT], line[ADDR_TEXT + 32];
	int			 n;

	if (b->transport == TRANSPORT_UDP)
		n = snprintf(line, sizeof line, "%s\n", addr_text(&b->source, text));
	else
		n = snprintf(line, sizeof line, "#%" PRIu64 "\n", b->flow);
	if (g->n + (size_t)n < sizeof g->sources) {
		memcpy(g->sources + g->n, line, (size_t)n + 1);
		g->n += (size_t)n;
	}
}

/* Tells the SIP process where the account is registered now, if that is news there. */
static void
refresh(struct tracing *t, struct tracing_one *o)
{
	struct gathering	g = { .n = 0 };

	(void)accounts_bindings(t->k, o->account_id, add_source, &g);
	if (o->told && strcmp(g.sources, o->sources) == 0)
		return;
	memcpy(o->sources, g.sources, sizeof o->sources);
	send(t, o, true);
}

struct tracing_one *
tracing_start(struct tracing *t, const struct account *a, tracing_fn fn, void *arg)
{
	struct tracing_one	*o = t->n < TRACING_MAX ? calloc(1, sizeof *o) : NULL;

	if (o == NULL)
		return NULL;
	o->id = ++t->last_id;
	o->account_id = a->id;
	o->until = keeper_now(t->k) + (int64_t)TRACING_LIFE_S * 1000;
	(void)snprintf(o->names, sizeof o->names, "%s\n%s\n%s", a->username, a->caller_id, a->caller_id_2);
	o->fn = fn;
	o->arg = arg;
	TAILQ_INSERT_TAIL(&t->all, o, link);
	t->n++;
	refresh(t, o);
	return o;
}

void
tracing_stop(struct tracing *t, struct tracing_one *o)
{
	send(t, o, false);
	one_free(t, o);
}

void
tracing_seen(struct tracing *t, uint64_t id, const struct wire_traced *w)
{
	struct tracing_one	*o;

	TAILQ_FOREACH(o, &t->all, link)
		if (o->id == id) {
			o->fn(o->arg, w);
			return;
		}
}

void
tracing_tick(struct tracing *t)
{
	int64_t			 now = keeper_now(t->k);
	struct tracing_one	*o, *next;

	for (o = TAILQ_FIRST(&t->all); o != NULL; o = next) {
		next = TAILQ_NEXT(o, link);
		if (now < o->until) {
			refresh(t, o);
			continue;
		}
		o->fn(o->arg, NULL);
		tracing_stop(t, o);
	}
}

void
tracing_front_new(struct tracing *t)
{
	struct tracing_one	*o;

	TAILQ_FOREACH(o, &t->all, link) {
		o->told = false;
		refresh(t, o);
	}
}
