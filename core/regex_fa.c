#include "core/regex_fa.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"

enum {
	STATES_MAX	= 40000,	/* of the pool */
	DFA_STATES_MAX	= 10000,	/* as Lucene allows */
	NO_EDGE		= UINT32_MAX,
	EMPTY_STEP	= UINT32_MAX,	/* "from" of an edge that takes no code point */
};

struct edge {
	uint32_t	from, to, state, next;
};

struct fa {
	uint32_t	*first;		/* of each state: its first edge */
	uint32_t	 n_states, max_states;
	struct edge	*edges;
	uint32_t	 n_edges, max_edges;
	uint32_t	*work;		/* what is left */
	int		 rc;
};

struct fa *
fa_new(uint32_t *work)
{
	struct fa	*fa = calloc(1, sizeof *fa);

	if (fa != NULL)
		fa->work = work;
	return fa;
}

void
fa_free(struct fa *fa)
{
	if (fa == NULL)
		return;
	free(fa->first);
	free(fa->edges);
	free(fa);
}

int
fa_error(const struct fa *fa)
{
	return fa->rc;
}

uint32_t
fa_mark(const struct fa *fa)
{
	return fa->n_states;
}

static bool
fa_works(struct fa *fa, size_t steps)
{
	if (fa->rc == 0 && steps > *fa->work)
		fa->rc = ERR_TOO_LARGE;
	if (fa->rc == 0)
		*fa->work -= (uint32_t)steps;
	return fa->rc == 0;
}

/* Room for one more of n things; false, and the error is set, when there is none. */
static bool
grow(struct fa *fa, void *list, uint32_t n, uint32_t *max, size_t size)
{
	void	**p = list, *bigger;

	if (n < *max)
		return true;
	if ((bigger = realloc(*p, (*max == 0 ? 64 : 2 * *max) * size)) == NULL) {
		fa->rc = -ENOMEM;
		return false;
	}
	*p = bigger;
	*max = *max == 0 ? 64 : 2 * *max;
	return true;
}

static uint32_t
state_new(struct fa *fa)
{
	if (fa->rc == 0 && fa->n_states == STATES_MAX)
		fa->rc = ERR_TOO_LARGE;
	if (!fa_works(fa, 1) || !grow(fa, &fa->first, fa->n_states, &fa->max_states, sizeof fa->first[0]))
		return 0;
	fa->first[fa->n_states] = NO_EDGE;
	return fa->n_states++;
}

static void
edge_add(struct fa *fa, uint32_t at, uint32_t from, uint32_t to, uint32_t state)
{
	if (!fa_works(fa, 1) || !grow(fa, &fa->edges, fa->n_edges, &fa->max_edges, sizeof fa->edges[0]))
		return;
	fa->edges[fa->n_edges] = (struct edge){ .from = from, .to = to, .state = state, .next = fa->first[at] };
	fa->first[at] = fa->n_edges++;
}

static void
join(struct fa *fa, uint32_t at, uint32_t state)
{
	edge_add(fa, at, EMPTY_STEP, 0, state);
}

struct fa_part
fa_nothing(struct fa *fa)
{
	uint32_t	start = state_new(fa), end = state_new(fa);

	return (struct fa_part){ start, end };
}

struct fa_part
fa_empty_word(struct fa *fa)
{
	struct fa_part	p = fa_nothing(fa);

	join(fa, p.start, p.end);
	return p;
}

void
fa_widen(struct fa *fa, struct fa_part p, uint32_t from, uint32_t to)
{
	edge_add(fa, p.start, from, to, p.end);
}

struct fa_part
fa_range(struct fa *fa, uint32_t from, uint32_t to)
{
	struct fa_part	p = fa_nothing(fa);

	fa_widen(fa, p, from, to);
	return p;
}

/* Nothing leads back to a start, so a's end can take over what leads on from b's: one state less in every set. */
struct fa_part
fa_concatenation(struct fa *fa, struct fa_part a, struct fa_part b)
{
	uint32_t	last = b.start < fa->n_states ? fa->first[b.start] : NO_EDGE;

	if (fa->rc != 0 || last == NO_EDGE)
		return (struct fa_part){ a.start, b.end };
	while (fa->edges[last].next != NO_EDGE)
		last = fa->edges[last].next;
	fa->edges[last].next = fa->first[a.end];
	fa->first[a.end] = fa->first[b.start];
	fa->first[b.start] = NO_EDGE;
	return (struct fa_part){ a.start, b.end };
}

struct fa_part
fa_union(struct fa *fa, struct fa_part a, struct fa_part b)
{
	struct fa_part	p = fa_nothing(fa);

	join(fa, p.start, a.start);
	join(fa, p.start, b.start);
	join(fa, a.end, p.end);
	join(fa, b.end, p.end);
	return p;
}

struct fa_part
fa_optional(struct fa *fa, struct fa_part a)
{
	return fa_union(fa, a, fa_empty_word(fa));
}

struct fa_part
fa_repeat(struct fa *fa, struct fa_part a)
{
	struct fa_part	p = fa_empty_word(fa);

	join(fa, p.start, a.start);
	join(fa, a.end, a.start);
	join(fa, a.end, p.end);
	return p;
}

struct fa_part
fa_copy(struct fa *fa, struct fa_part p, uint32_t mark, uint32_t until)
{
	uint32_t	offset = fa->n_states - mark;

	for (uint32_t i = mark; i < until; i++)
		(void)state_new(fa);
	for (uint32_t i = mark; i < until && fa->rc == 0; i++)
		for (uint32_t e = fa->first[i]; e != NO_EDGE && fa->rc == 0; e = fa->edges[e].next)
			edge_add(fa, i + offset, fa->edges[e].from, fa->edges[e].to, fa->edges[e].state + offset);
	return (struct fa_part){ p.start + offset, p.end + offset };
}

static void
decimal(uint32_t n, int digits, char out[12])
{
	for (int i = digits; i-- > 0; n /= 10)
		out[i] = (char)('0' + n % 10);
	out[digits] = '\0';
}

/*
 * Adds the numbers of so many digits from low to high.  A path goes through `both` while its digits are those of low and high, then
 * through low_only or high_only, and with the first digit that is inside the bounds to any[k]: k more digits, no matter which.
 */
static void
same_length(struct fa *fa, struct fa_part all, const char *low, const char *high, int digits)
{
	uint32_t	any[12], both = state_new(fa), low_only = state_new(fa), high_only = state_new(fa);

	join(fa, all.start, both);
	any[0] = all.end;
	for (int k = 1; k <= digits; k++) {
		any[k] = state_new(fa);
		edge_add(fa, any[k], '0', '9', any[k - 1]);
	}
	for (int i = 0; i < digits; i++) {
		uint32_t	l = (unsigned char)low[i], h = (unsigned char)high[i], rest = any[digits - i - 1];
		bool		last = i + 1 == digits;
		uint32_t	next_both = last ? all.end : state_new(fa), next_low = last ? all.end : state_new(fa),
				next_high = last ? all.end : state_new(fa);

		if (l == h)
			edge_add(fa, both, l, l, next_both);
		else {
			edge_add(fa, both, l, l, next_low);
			edge_add(fa, both, h, h, next_high);
			if (l + 1 < h)
				edge_add(fa, both, l + 1, h - 1, rest);
		}
		edge_add(fa, low_only, l, l, next_low);
		if (l < '9')
			edge_add(fa, low_only, l + 1, '9', rest);
		edge_add(fa, high_only, h, h, next_high);
		if (h > '0')
			edge_add(fa, high_only, '0', h - 1, rest);
		both = next_both;
		low_only = next_low;
		high_only = next_high;
	}
}

struct fa_part
fa_interval(struct fa *fa, uint32_t from, uint32_t to, int digits)
{
	static const uint32_t	power[] = { 1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000 };
	struct fa_part		all = fa_nothing(fa);
	char			low[12], high[12];

	for (int d = 1; d <= 10; d++) {
		uint32_t	least = d == 1 || digits != 0 ? 0 : power[d - 1], most = d == 10 ? UINT32_MAX : power[d] - 1;

		if ((digits != 0 && d != digits) || to < least || from > most)
			continue;
		decimal(from > least ? from : least, d, low);
		decimal(to < most ? to : most, d, high);
		same_length(fa, all, low, high, d);
	}
	if (digits == 0)
		all = fa_concatenation(fa, fa_repeat(fa, fa_range(fa, '0', '0')), all);
	return all;
}

/* A set of states, in order, closed under empty steps; a state of the deterministic automaton. */
struct set {
	uint32_t	at, n;		/* of members */
	uint32_t	hash, next;	/* in its chain */
	bool		accepts;
};

enum { BUCKETS = 4096 };

/* What making one deterministic takes. */
struct maker {
	struct fa	*fa;
	uint32_t	 end[2];
	bool		 all;		/* both ends are needed, not any */
	bool		 not;		/* accept what the others refuse */
	struct set	*sets;
	uint32_t	 n_sets, max_sets;
	uint32_t	*members;
	uint32_t	 n_members, max_members;
	uint32_t	 buckets[BUCKETS];
	uint8_t		*seen;		/* of each state of the pool */
	uint32_t	*cuts;
	uint32_t	 n_cuts, max_cuts;
	struct dfa	*dfa;
	uint32_t	 max_dfa_edges;
};

static int
by_number(const void *a, const void *b)
{
	uint32_t	x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Members come almost in order, and are few. */
static void
sort(uint32_t *list, uint32_t n)
{
	if (n > 64) {
		qsort(list, n, sizeof list[0], by_number);
		return;
	}
	for (uint32_t i = 1; i < n; i++) {
		uint32_t	moving = list[i], j = i;

		for (; j > 0 && list[j - 1] > moving; j--)
			list[j] = list[j - 1];
		list[j] = moving;
	}
}

static void
member_add(struct maker *m, uint32_t state)
{
	if (m->seen[state] || !fa_works(m->fa, 1) ||
	    !grow(m->fa, &m->members, m->n_members, &m->max_members, sizeof m->members[0]))
		return;
	m->seen[state] = 1;
	m->members[m->n_members++] = state;
}

/* Closes the members from `at` on and finds the set that they are, or makes it; its number. */
static uint32_t
set_of(struct maker *m, uint32_t at)
{
	struct set	s = { .at = at, .hash = 2166136261u };
	bool		ends[2] = { false, false };

	for (uint32_t i = at; i < m->n_members && m->fa->rc == 0; i++)
		for (uint32_t e = m->fa->first[m->members[i]]; e != NO_EDGE; e = m->fa->edges[e].next)
			if (m->fa->edges[e].from == EMPTY_STEP)
				member_add(m, m->fa->edges[e].state);
	s.n = m->n_members - at;
	for (uint32_t i = at; i < m->n_members; i++)
		m->seen[m->members[i]] = 0;
	if (!fa_works(m->fa, s.n))
		return 0;
	sort(m->members + at, s.n);
	for (uint32_t i = at; i < m->n_members; i++) {
		s.hash = (s.hash ^ m->members[i]) * 16777619u;
		for (int j = 0; j < 2; j++)
			ends[j] |= m->members[i] == m->end[j];
	}
	s.hash ^= s.hash >> 15;
	for (uint32_t i = m->buckets[s.hash % BUCKETS]; i != NO_EDGE; i = m->sets[i].next)
		if (m->sets[i].hash == s.hash && m->sets[i].n == s.n &&
		    (s.n == 0 || memcmp(m->members + m->sets[i].at, m->members + at, s.n * sizeof m->members[0]) == 0)) {
			m->n_members = at;
			return i;
		}
	if (m->n_sets == DFA_STATES_MAX)
		m->fa->rc = ERR_TOO_LARGE;
	if (m->fa->rc != 0 || !grow(m->fa, &m->sets, m->n_sets, &m->max_sets, sizeof m->sets[0]))
		return 0;
	s.accepts = (m->all ? ends[0] && ends[1] : ends[0] || ends[1]) != m->not;
	s.next = m->buckets[s.hash % BUCKETS];
	m->buckets[s.hash % BUCKETS] = m->n_sets;
	m->sets[m->n_sets] = s;
	return m->n_sets++;
}

static void
cut_add(struct maker *m, uint32_t code)
{
	if (grow(m->fa, &m->cuts, m->n_cuts, &m->max_cuts, sizeof m->cuts[0]))
		m->cuts[m->n_cuts++] = code;
}

/* The code points at which the set's edges begin or end. */
static void
cuts_of(struct maker *m, const struct set *s)
{
	uint32_t	n = 0;

	m->n_cuts = 0;
	if (m->not) {
		cut_add(m, 0);
		cut_add(m, FA_LAST + 1);
	}
	for (uint32_t i = 0; i < s->n && m->fa->rc == 0; i++)
		for (uint32_t e = m->fa->first[m->members[s->at + i]]; e != NO_EDGE; e = m->fa->edges[e].next)
			if (m->fa->edges[e].from != EMPTY_STEP) {
				cut_add(m, m->fa->edges[e].from);
				cut_add(m, m->fa->edges[e].to + 1);
			}
	if (fa_works(m->fa, m->n_cuts))
		sort(m->cuts, m->n_cuts);
	for (uint32_t i = 0; i < m->n_cuts; i++)
		if (n == 0 || m->cuts[n - 1] != m->cuts[i])
			m->cuts[n++] = m->cuts[i];
	m->n_cuts = n;
}

static void
dfa_edge_add(struct maker *m, uint32_t state, uint32_t from, uint32_t to, uint32_t target)
{
	struct dfa		*d = m->dfa;
	struct dfa_state	*s = &d->states[state];
	struct dfa_edge		*last = s->n > 0 ? &d->edges[d->n_edges - 1] : NULL;

	if (last != NULL && last->state == target && last->to + 1 == from) {
		last->to = to;
		return;
	}
	if (!grow(m->fa, &d->edges, d->n_edges, &m->max_dfa_edges, sizeof d->edges[0]))
		return;
	d->edges[d->n_edges++] = (struct dfa_edge){ .from = from, .to = to, .state = target };
	s->n++;
}

static void
follow(struct maker *m, uint32_t number)
{
	struct set	s = m->sets[number];

	cuts_of(m, &s);
	for (uint32_t c = 0; c + 1 < m->n_cuts && m->fa->rc == 0; c++) {
		uint32_t	at = m->n_members, target;

		for (uint32_t i = 0; i < s.n && m->fa->rc == 0; i++)
			for (uint32_t e = m->fa->first[m->members[s.at + i]]; e != NO_EDGE; e = m->fa->edges[e].next)
				if (fa_works(m->fa, 1) && m->fa->edges[e].from != EMPTY_STEP && m->fa->edges[e].from <= m->cuts[c] &&
				    m->cuts[c] <= m->fa->edges[e].to)
					member_add(m, m->fa->edges[e].state);
		if (m->n_members == at && !m->not)
			continue;
		target = set_of(m, at);
		if (m->fa->rc == 0)
			dfa_edge_add(m, number, m->cuts[c], m->cuts[c + 1] - 1, target);
	}
}

static int
make(struct maker *m, const uint32_t *starts, int n_starts)
{
	uint32_t	max_states = 0;

	memset(m->buckets, 0xff, sizeof m->buckets);
	if (m->fa->rc == 0 && (m->seen = calloc(m->fa->n_states + 1, 1)) == NULL)
		m->fa->rc = -ENOMEM;
	for (int i = 0; i < n_starts && m->fa->rc == 0; i++)
		member_add(m, starts[i]);
	if (m->fa->rc == 0)
		(void)set_of(m, 0);
	for (uint32_t i = 0; m->fa->rc == 0 && i < m->n_sets; i++) {
		if (!grow(m->fa, &m->dfa->states, i, &max_states, sizeof m->dfa->states[0]))
			break;
		m->dfa->states[i] = (struct dfa_state){ .first = m->dfa->n_edges, .accepts = m->sets[i].accepts };
		m->dfa->n_states = i + 1;
		follow(m, i);
	}
	free(m->seen);
	free(m->sets);
	free(m->members);
	free(m->cuts);
	return m->fa->rc;
}

void
dfa_clear(struct dfa *d)
{
	free(d->states);
	free(d->edges);
	memset(d, 0, sizeof *d);
}

int
fa_determinize(struct fa *fa, struct fa_part p, struct dfa *d)
{
	struct maker	m = { .fa = fa, .end = { p.end, p.end }, .dfa = d };

	memset(d, 0, sizeof *d);
	return make(&m, &p.start, 1);
}

/* Makes the pool hold it, and frees it. */
static struct fa_part
part_of(struct fa *fa, struct dfa *d)
{
	uint32_t	start = state_new(fa), base = fa->n_states, end;

	for (uint32_t i = 0; i < d->n_states; i++)
		(void)state_new(fa);
	end = state_new(fa);
	join(fa, start, base);
	for (uint32_t i = 0; i < d->n_states && fa->rc == 0; i++) {
		for (uint32_t e = 0; e < d->states[i].n && fa->rc == 0; e++) {
			const struct dfa_edge	*edge = &d->edges[d->states[i].first + e];

			edge_add(fa, base + i, edge->from, edge->to, base + edge->state);
		}
		if (d->states[i].accepts)
			join(fa, base + i, end);
	}
	dfa_clear(d);
	return (struct fa_part){ start, end };
}

struct fa_part
fa_intersection(struct fa *fa, struct fa_part a, struct fa_part b)
{
	struct dfa	d = { 0 };
	struct maker	m = { .fa = fa, .end = { a.end, b.end }, .all = true, .dfa = &d };
	uint32_t	starts[2] = { a.start, b.start };

	(void)make(&m, starts, 2);
	return part_of(fa, &d);
}

struct fa_part
fa_complement(struct fa *fa, struct fa_part a)
{
	struct dfa	d = { 0 };
	struct maker	m = { .fa = fa, .end = { a.end, a.end }, .not = true, .dfa = &d };

	(void)make(&m, &a.start, 1);
	return part_of(fa, &d);
}
