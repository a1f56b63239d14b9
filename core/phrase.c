/*
 * Sloppy phrases: each word of the phrase is a runner over the places where it stands in the text; its `at` is where the phrase would
 * begin if this word were in its place.  The runner that is furthest behind moves on until it passes the next one; a match is a
 * moment at which they are all within slop of each other.  Lucene does not look at every combination, and as our answers are to be
 * its own, runners move, and those of equal words make way for each other, in just its order.
 */
#include "core/phrase.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct runner {
	size_t	offset;		/* in the phrase */
	long	at;
	size_t	next;		/* in the text: where to look on */
	size_t	same;		/* the first runner of an equal word; itself if there is none before it */
	size_t	ordinal;	/* among those of equal words */
	bool	repeats;	/* there are such */
};

struct race {
	const struct span	*words, *text;
	size_t			 n, n_text;
	struct runner		*runners;
	struct runner		**queue;	/* a heap from 1, the hindmost first */
	struct runner		**stack;
	bool			*moved;		/* by ordinal */
	size_t			 queued;
	long			 end;		/* the foremost */
	bool			 repeats;
};

static bool
same(struct span a, struct span b)
{
	return a.n == b.n && memcmp(a.s, b.s, a.n) == 0;
}

static bool
exact(const struct span *words, size_t n, const struct span *text, size_t n_text)
{
	for (size_t i = 0; i + n <= n_text; i++) {
		size_t	j = 0;

		while (j < n && same(words[j], text[i + j]))
			j++;
		if (j == n)
			return true;
	}
	return false;
}

static bool
behind(const struct runner *a, const struct runner *b)
{
	return a->at != b->at ? a->at < b->at : a->offset < b->offset;
}

static void
sift_down(struct race *r, size_t i)
{
	struct runner	*moving = r->queue[i];
	size_t		 child = 2 * i;

	while (child <= r->queued) {
		if (child + 1 <= r->queued && behind(r->queue[child + 1], r->queue[child]))
			child++;
		if (!behind(r->queue[child], moving))
			break;
		r->queue[i] = r->queue[child];
		i = child;
		child = 2 * i;
	}
	r->queue[i] = moving;
}

static void
push(struct race *r, struct runner *runner)
{
	size_t	i = ++r->queued;

	for (; i > 1 && behind(runner, r->queue[i / 2]); i /= 2)
		r->queue[i] = r->queue[i / 2];
	r->queue[i] = runner;
}

static struct runner *
pop(struct race *r)
{
	struct runner	*first = r->queue[1];

	r->queue[1] = r->queue[r->queued--];
	if (r->queued > 0)
		sift_down(r, 1);
	return first;
}

static bool
advance(struct race *r, struct runner *runner)
{
	while (runner->next < r->n_text && !same(r->text[runner->next], r->words[runner->offset]))
		runner->next++;
	if (runner->next == r->n_text)
		return false;
	runner->at = (long)runner->next++ - (long)runner->offset;
	return true;
}

static bool
advance_end(struct race *r, struct runner *runner)
{
	if (!advance(r, runner))
		return false;
	if (runner->at > r->end)
		r->end = runner->at;
	return true;
}

/* Another runner that stands on the same word of the text; NULL if there is none. */
static struct runner *
collision(struct race *r, const struct runner *runner)
{
	for (size_t i = runner->same; i < r->n; i++)
		if (&r->runners[i] != runner && r->runners[i].same == runner->same &&
		    r->runners[i].at + (long)i == runner->at + (long)runner->offset)
			return &r->runners[i];
	return NULL;
}

/* Moves runners on until no two stand on the same word, and puts those that moved where they belong in the queue. */
static bool
make_way(struct race *r, struct runner *first)
{
	struct runner	*runner = first, *other;
	size_t		 pending = 0, n = 0;

	if (!first->repeats)
		return true;
	while ((other = collision(r, runner)) != NULL) {
		struct runner	*hit = other;

		if (behind(runner, other))
			other = runner;
		runner = other;
		if (!advance_end(r, runner))
			return false;
		if (hit->ordinal != first->ordinal && !r->moved[hit->ordinal]) {
			r->moved[hit->ordinal] = true;
			pending++;
		}
	}
	while (pending > 0 && r->queued > 0) {
		r->stack[n] = pop(r);
		if (r->stack[n]->repeats && r->moved[r->stack[n]->ordinal]) {
			r->moved[r->stack[n]->ordinal] = false;
			pending--;
		}
		n++;
	}
	while (n-- > 0)
		push(r, r->stack[n]);
	return true;
}

static bool
line_up(struct race *r)
{
	for (size_t i = 0; i < r->n; i++) {
		r->runners[i] = (struct runner){ .offset = i, .same = i };
		for (size_t j = 0; j < i; j++)
			if (same(r->words[j], r->words[i])) {
				r->runners[i].same = r->runners[j].same;
				r->runners[i].ordinal = r->runners[j].ordinal + 1;
				r->runners[i].repeats = r->runners[j].repeats = r->repeats = true;
			}
		if (!advance(r, &r->runners[i]))
			return false;
	}
	/* the second of equal words begins one further, the third two */
	for (size_t i = 0; i < r->n; i++)
		for (size_t j = r->runners[i].same; j < i; j++)
			if (r->runners[j].same == r->runners[i].same && !advance(r, &r->runners[i]))
				return false;
	r->end = LONG_MIN;
	for (size_t i = 0; i < r->n; i++) {
		if (r->runners[i].at > r->end)
			r->end = r->runners[i].at;
		push(r, &r->runners[i]);
	}
	return true;
}

static bool
race(struct race *r, long slop)
{
	struct runner	*runner;
	long		 length, next;

	if (!line_up(r))
		return false;
	runner = pop(r);
	length = r->end - runner->at;
	next = r->queue[1]->at;
	while (advance_end(r, runner)) {
		if (r->repeats && !make_way(r, runner))
			break;
		if (runner->at > next) {
			push(r, runner);
			if (length <= slop)
				return true;
			runner = pop(r);
			next = r->queue[1]->at;
			length = r->end - runner->at;
		} else if (r->end - runner->at < length)
			length = r->end - runner->at;
	}
	return length <= slop;
}

bool
phrase_matches(const struct span *words, size_t n, uint32_t slop, const struct span *text, size_t n_text)
{
	struct race	r = { .words = words, .text = text, .n = n, .n_text = n_text };
	bool		found;

	if (n < 2 || n > n_text)	/* each word of the phrase has its own place */
		return n == 1 && n_text > 0 && exact(words, n, text, n_text);
	if (slop == 0)
		return exact(words, n, text, n_text);
	r.runners = calloc(n, sizeof *r.runners);
	r.queue = calloc(n + 2, sizeof(struct runner *));
	r.stack = calloc(n + 1, sizeof(struct runner *));
	r.moved = calloc(n, sizeof *r.moved);
	found = r.runners != NULL && r.queue != NULL && r.stack != NULL && r.moved != NULL && race(&r, (long)slop);
	free(r.runners);
	free(r.queue);
	free(r.stack);
	free(r.moved);
	return found;
}
