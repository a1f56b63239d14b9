#include "sipd/sip/passing.h"

#include <stdlib.h>
#include <string.h>

#include "sipd/sip/answer.h"
#include "sipd/sip/branch.h"
#include "sipd/sip/due.h"
#include "sipd/sip/out.h"

enum {
	NONE = -1, CHAINS = 131072, T1_MS = 500, T2_MS = 4000, T4_MS = 5000, LIFE_MS = 64 * T1_MS,
	TRYING_MS = 3500,		/* when whoever asked repeats it each T2 */
	PLACE_BITS = 32,
};

struct passings {
	int32_t		 first_free, touched;
	size_t		 open;			/* without a final answer */
	size_t		 taken;			/* of the places */
	int32_t		 chains[CHAINS];
	struct due	*due;
	struct passing	 places[PASSING_PLACES];
};

struct passings *
passings_new(void)
{
	struct passings	*ps = calloc(1, sizeof *ps);

	if (ps == NULL || (ps->due = due_new(PASSING_PLACES)) == NULL) {
		free(ps);
		return NULL;
	}
	ps->first_free = NONE;
	for (size_t i = 0; i < CHAINS; i++)
		ps->chains[i] = NONE;
	return ps;
}

bool
held_set(struct held *h, struct span s)
{
	char	*copy = malloc(s.n + 1);

	if (copy == NULL)
		return false;
	if (s.n > 0)
		memcpy(copy, s.s, s.n);
	free(h->s);
	*h = (struct held){ .s = copy, .n = s.n };
	return true;
}

void
held_drop(struct held *h)
{
	free(h->s);
	*h = (struct held){ NULL, 0 };
}

struct span
held_span(const struct held *h)
{
	return (struct span){ .s = h->s, .n = h->n };
}

static void
passing_empty(struct passing *p)
{
	free(p->forward);
	held_drop(&p->echo);
	held_drop(&p->last);
	held_drop(&p->best);
	held_drop(&p->challenges);
	held_drop(&p->targets);
}

void
passings_free(struct passings *ps)
{
	if (ps == NULL)
		return;
	for (int32_t i = 0; i < ps->touched; i++)
		if (ps->places[i].used)
			passing_empty(&ps->places[i]);
	due_free(ps->due);
	free(ps);
}

static int32_t *
chain(struct passings *ps, uint64_t key)
{
	return &ps->chains[key % CHAINS];
}

struct passing *
passing_take(struct passings *ps, uint64_t key, struct span echo)
{
	int32_t		 i = ps->first_free, *head = chain(ps, key);
	struct passing	*p;
	struct held	 copy = { NULL, 0 };

	if ((i == NONE && ps->touched == PASSING_PLACES) || !held_set(&copy, echo))
		return NULL;
	if (i != NONE)
		ps->first_free = ps->places[i].next;
	else
		i = ps->touched++;
	p = &ps->places[i];
	*p = (struct passing){ .used = true, .uses = p->uses + 1, .key = key, .next = *head, .echo = copy, .branches = BRANCH_NONE };
	*head = i;
	ps->open++;
	ps->taken++;
	return p;
}

struct passing *
passing_at(struct passings *ps, int32_t i)
{
	return &ps->places[i];
}

struct passing *
passing_find(struct passings *ps, uint64_t key)
{
	for (int32_t i = *chain(ps, key); i != NONE; i = ps->places[i].next)
		if (ps->places[i].key == key)
			return &ps->places[i];
	return NULL;
}

int32_t
passing_index(const struct passings *ps, const struct passing *p)
{
	return (int32_t)(p - ps->places);
}

uint64_t
passing_id(const struct passings *ps, const struct passing *p)
{
	return (uint64_t)p->uses << PLACE_BITS | (uint32_t)passing_index(ps, p);
}

struct passing *
passing_of_id(struct passings *ps, uint64_t id)
{
	uint32_t	i = (uint32_t)id;

	return i < PASSING_PLACES && ps->places[i].used && ps->places[i].uses == id >> PLACE_BITS ? &ps->places[i] : NULL;
}

bool
passing_is_over(const struct passing *p)
{
	return p->state >= PASSING_COMPLETED;
}

void
passing_release(struct passings *ps, struct passing *p)
{
	int32_t	i = passing_index(ps, p), *at = chain(ps, p->key);

	while (*at != i)
		at = &ps->places[*at].next;
	*at = p->next;
	due_clear(ps->due, i);
	if (!passing_is_over(p))
		ps->open--;
	ps->taken--;
	passing_empty(p);
	*p = (struct passing){ .uses = p->uses, .next = ps->first_free };
	ps->first_free = i;
}

static void
arm(struct passings *ps, const struct passing *p)
{
	due_set(ps->due, passing_index(ps, p), p->interval > 0 && p->again_at < p->until ? p->again_at : p->until);
}

static void
enter(struct passings *ps, struct passing *p, enum passing_state state, int64_t life_ms, int64_t now_ms)
{
	if (!passing_is_over(p) && state >= PASSING_COMPLETED)
		ps->open--;
	p->state = state;
	p->interval = 0;
	p->until = now_ms + life_ms;
	arm(ps, p);
}

/* How long one that is over is remembered. */
static int64_t
life(const struct passings *ps)
{
	return ps->taken > PASSING_PLACES / 2 ? T4_MS : LIFE_MS;
}

void
passing_answer(struct front *f, struct passing *p, int code, struct span text, int64_t now_ms)
{
	bool	datagram = p->where.flow == 0;

	if (!p->own)
		(void)out_send(f->out, f->flows, &p->where, text.s, text.n, false);
	if (p->state == PASSING_ACCEPTED)
		return;
	if (p->invite && code >= 200 && code < 300) {	/* the phone itself repeats its 2xx */
		held_drop(&p->last);
		enter(f->passings, p, PASSING_ACCEPTED, life(f->passings), now_ms);
		return;
	}
	if (code < 200 || datagram || p->invite)
		(void)held_set(&p->last, text);
	if (code < 200)
		return;
	enter(f->passings, p, PASSING_COMPLETED, p->invite ? LIFE_MS : datagram ? life(f->passings) : 0, now_ms);
	if (p->invite && datagram) {
		p->interval = T1_MS;
		p->again_at = now_ms + T1_MS;
		arm(f->passings, p);
	}
}

void
passing_reply(struct front *f, struct passing *p, int code, const char *reason, const char *extra, int64_t now_ms)
{
	char		text[ANSWER_MAX];
	struct text_buf	b = { .s = text, .size = sizeof text };

	answer_plain(&b, (struct span){ .s = p->echo.s, .n = p->echo.n }, code, reason, extra);
	if (!b.overflow)
		passing_answer(f, p, code, (struct span){ .s = b.s, .n = b.n }, now_ms);
}

void
passing_await(struct front *f, struct passing *p, int64_t now_ms)
{
	p->interval = T2_MS;
	p->again_at = now_ms + TRYING_MS;
	p->until = INT64_MAX;
	arm(f->passings, p);
}

void
passing_silence(struct front *f, struct passing *p, int64_t now_ms)
{
	enter(f->passings, p, PASSING_COMPLETED, LIFE_MS, now_ms);
}

void
passing_repeated(struct front *f, struct passing *p)
{
	if (p->last.n > 0 && p->state != PASSING_ACCEPTED && p->state != PASSING_CONFIRMED)
		(void)out_send(f->out, f->flows, &p->where, p->last.s, p->last.n, false);
}

void
passing_acknowledged(struct front *f, struct passing *p, int64_t now_ms)
{
	if (p->state == PASSING_COMPLETED)
		enter(f->passings, p, PASSING_CONFIRMED, p->where.flow == 0 ? T4_MS : 0, now_ms);
}

struct passing *
passing_due(struct front *f, int64_t now_ms)
{
	struct passings	*ps = f->passings;
	struct passing	*p;
	int64_t		 at;
	int32_t		 i;

	while ((i = due_first(ps->due, &at)) >= 0 && at <= now_ms) {
		p = &ps->places[i];
		if (p->until <= now_ms) {
			due_clear(ps->due, i);
			return p;
		}
		if (!passing_is_over(p)) {
			due_clear(ps->due, i);
			passing_reply(f, p, 100, "Trying", NULL, now_ms);
			continue;
		}
		(void)out_send(f->out, f->flows, &p->where, p->last.s, p->last.n, false);
		p->interval = 2 * p->interval < T2_MS ? 2 * p->interval : T2_MS;
		p->again_at = now_ms + p->interval;
		arm(ps, p);
	}
	return NULL;
}

struct passing *
passing_next(struct passings *ps, int32_t *at)
{
	while (*at < ps->touched)
		if (ps->places[(*at)++].used)
			return &ps->places[*at - 1];
	return NULL;
}

int64_t
passing_next_at(const struct passings *ps)
{
	int64_t	at = INT64_MAX;

	(void)due_first(ps->due, &at);
	return at;
}

size_t
passing_count(const struct passings *ps)
{
	return ps->open;
}
