/*
 * A view: a window that a peer has on a sorted set.  It is told of what changed in the window at most ten
 * times a second, and only while it takes what it is sent: always how things are now, never a backlog.
 */
#ifndef SIPD_KEEPER_VIEW_H
#define SIPD_KEEPER_VIEW_H

#include <sys/queue.h>

#include <jansson.h>

#include "sipd/keeper/live.h"

struct peer;

enum {
	/* rows of a window: a message stays under PROTOCOL_LINE_MAX, its making under 5 ms */
	VIEW_COUNT_MAX = 160,
	VIEW_INTERVAL_MS = 100,
};

/* What may have changed. */
enum view_what { VIEW_COUNTS = 1, VIEW_ROWS = 2 };

struct view_sent {
	uint8_t		key[ROW_KEY_MAX];
	uint64_t	hash;
};

/* What a view looks at. */
struct view_spec {
	struct sorted_spec	sorted;
	bool			reverse;
	bool			follow;		/* stays at the end */
	size_t			first, count;
};

struct view {
	struct peer		*peer;
	unsigned		 id;		/* in the protocol */
	struct live_set		*set;
	struct view_spec	 spec;
	struct view_sent	 sent[VIEW_COUNT_MAX];	/* the rows that the peer has, in the order that it knows */
	size_t			 n_sent;
	uint64_t		 counts_hash;	/* of the totals that it has */
	unsigned		 dirty;		/* enum view_what */
	bool			 is_known;	/* which rows are in the window */
	struct event		*timer;
	int64_t			 pushed_at_ms;
	TAILQ_ENTRY(view)	 in_set;
};

struct view *view_open(struct peer *, const struct view_spec *);	/* NULL: out of memory or over PEER_VIEWS_MAX */
int	view_change(struct view *, const struct view_spec *);		/* 0, or -ENOMEM: to be closed */
void	view_close(struct view *);
struct view *view_find(const struct peer *, json_int_t id);

size_t	view_position(const struct view *, const uint8_t *key);	/* on screen, from 0; SIZE_MAX if it is not in it */
void	view_show(struct view *, size_t position);			/* moves the window so that it holds it */
json_t *view_whole(struct view *);					/* the answer: everything in the window */

void	view_touch(struct view *, unsigned what);
void	view_hurry(struct view *);		/* all of it, and at once: what was waited for is there */
void	view_on_change(struct view *, enum sorted_change, size_t position);
void	view_on_row(struct view *, const uint8_t *key);		/* it looks different, where it is shown */
void	view_on_drained(struct view *);

#endif
