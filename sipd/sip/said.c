/*
 * A ring, oldest first, whose entries are also chained by their keys.
 */
#include "sipd/sip/said.h"

#include <stdlib.h>
#include <string.h>

enum { CHAINS = SAID_PLACES, NONE = -1 };

struct entry {
	uint64_t	key;
	int64_t		at_ms;
	char		*text;
	size_t		 n;
	int32_t		 next;
};

struct said {
	uint32_t	first, n;		/* of the ring */
	size_t		bytes, bytes_max;
	int32_t		chains[CHAINS];
	struct entry	ring[SAID_PLACES];
};

struct said *
said_new(size_t bytes_max)
{
	struct said	*s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->bytes_max = bytes_max;
	for (size_t i = 0; i < CHAINS; i++)
		s->chains[i] = NONE;
	return s;
}

static void
drop_first(struct said *s)
{
	int32_t		 i = (int32_t)s->first;
	struct entry	*e = &s->ring[i];
	int32_t		*at = &s->chains[e->key % CHAINS];

	while (*at != i)
		at = &s->ring[*at].next;
	*at = e->next;
	s->bytes -= e->n;
	free(e->text);
	s->first = (s->first + 1) % SAID_PLACES;
	s->n--;
}

void
said_free(struct said *s)
{
	if (s == NULL)
		return;
	while (s->n > 0)
		drop_first(s);
	free(s);
}

static void
drop_old(struct said *s, int64_t now_ms)
{
	while (s->n > 0 && now_ms - s->ring[s->first].at_ms >= SAID_LIFE_MS)
		drop_first(s);
}

void
said_put(struct said *s, uint64_t key, struct span text, int64_t now_ms)
{
	struct entry	*e;
	char		*copy;
	int32_t		 i;

	drop_old(s, now_ms);
	if (text.n == 0 || text.n > s->bytes_max || (copy = malloc(text.n)) == NULL)
		return;
	while (s->n == SAID_PLACES || s->bytes + text.n > s->bytes_max)
		drop_first(s);
	memcpy(copy, text.s, text.n);
	i = (int32_t)((s->first + s->n++) % SAID_PLACES);
	e = &s->ring[i];
	*e = (struct entry){ .key = key, .at_ms = now_ms, .text = copy, .n = text.n, .next = s->chains[key % CHAINS] };
	s->chains[key % CHAINS] = i;
	s->bytes += text.n;
}

struct span
said_find(struct said *s, uint64_t key, int64_t now_ms)
{
	drop_old(s, now_ms);
	for (int32_t i = s->chains[key % CHAINS]; i != NONE; i = s->ring[i].next)
		if (s->ring[i].key == key)
			return (struct span){ .s = s->ring[i].text, .n = s->ring[i].n };
	return (struct span){ 0 };
}
