#include "sipd/sip/pending.h"

#include <stdlib.h>
#include <string.h>

#include "core/err.h"

enum { PLACES = 65536, INDEX = 131072, NONE = -1, KEPT = 1024 };

struct place {
	uint64_t	 key;
	uint32_t	 round;		/* of its use: part of the id, so that a late answer meets nobody else's request */
	bool		 used;
	int64_t		 at_ms;
	struct where	 where;
	char		*echo;		/* its memory stays with the place when it is of the usual size */
	size_t		 n, room;
	size_t		 bytes;
};

struct pending {
	struct place	places[PLACES];
	int32_t		free_places[PLACES];
	size_t		n_free;
	size_t		bytes;
	uint32_t	sweep;		/* where the search for abandoned ones goes on */
	int32_t		index[INDEX];	/* by key: the place last used for it, or NONE */
};

struct pending *
pending_new(void)
{
	struct pending	*p = calloc(1, sizeof *p);

	if (p == NULL)
		return NULL;
	for (int32_t i = PLACES - 1; i >= 0; i--)
		p->free_places[p->n_free++] = i;
	for (size_t i = 0; i < INDEX; i++)
		p->index[i] = NONE;
	return p;
}

void
pending_free(struct pending *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < PLACES; i++)
		free(p->places[i].echo);
	free(p);
}

static void
release(struct pending *p, struct place *place)
{
	place->used = false;
	place->round++;
	p->bytes -= place->bytes;
	p->free_places[p->n_free++] = (int32_t)(place - p->places);
}

/* Gives up a few places whose time is over. */
static void
sweep(struct pending *p, int64_t now_ms)
{
	for (int i = 0; i < 64; i++) {
		struct place	*place = &p->places[p->sweep++ % PLACES];

		if (place->used && now_ms - place->at_ms > PENDING_LIFE_MS)
			release(p, place);
	}
}

static bool
make_room(struct place *place, size_t n)
{
	char	*room = realloc(place->echo, n);

	if (room == NULL)
		return false;
	place->echo = room;
	place->room = n;
	return true;
}

int
pending_add(struct pending *p, uint64_t key, const struct where *w, struct span echo, size_t bytes, int64_t now_ms, uint64_t *id)
{
	int32_t		*slot = &p->index[key % INDEX];
	struct place	*place;

	/* One key a slot: a second request in the same slot only costs the first one's protection against being asked twice. */
	if (*slot != NONE && p->places[*slot].used && p->places[*slot].key == key &&
	    now_ms - p->places[*slot].at_ms <= PENDING_LIFE_MS)
		return 0;
	sweep(p, now_ms);
	if (p->n_free == 0 || p->bytes + bytes > PENDING_BYTES_MAX)
		return ERR_BUSY;
	place = &p->places[p->free_places[p->n_free - 1]];
	if ((place->room < echo.n || place->room > KEPT) && !make_room(place, echo.n))
		return ERR_BUSY;
	memcpy(place->echo, echo.s, echo.n);
	place->n = echo.n;
	place->bytes = bytes;
	p->bytes += bytes;
	place->key = key;
	place->used = true;
	place->at_ms = now_ms;
	place->where = *w;
	*slot = p->free_places[--p->n_free];
	*id = (uint64_t)place->round << 32 | (uint32_t)*slot;
	return 1;
}

static void
take(struct pending *p, struct place *place, struct pending_request *r)
{
	*r = (struct pending_request){ .key = place->key, .where = place->where, .echo = { .s = place->echo, .n = place->n } };
	release(p, place);
}

bool
pending_take(struct pending *p, uint64_t id, struct pending_request *r)
{
	uint32_t	at = (uint32_t)id;

	if (at >= PLACES || !p->places[at].used || p->places[at].round != (uint32_t)(id >> 32))
		return false;
	take(p, &p->places[at], r);
	return true;
}

bool
pending_take_next(struct pending *p, uint32_t *at, struct pending_request *r)
{
	while (p->n_free < PLACES && *at < PLACES) {
		struct place	*place = &p->places[(*at)++];

		if (place->used) {
			take(p, place, r);
			return true;
		}
	}
	return false;
}

size_t
pending_count(const struct pending *p)
{
	return PLACES - p->n_free;
}
