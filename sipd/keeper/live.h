/*
 * What is live on the control socket: the sorted sets that views look through, shared by all views of the
 * same order and filter, and how changes of the store and of the registrar reach them.  A change is noted as
 * a key and worked off in slices, so that a thousand registrations in one turn hold up nobody.
 */
#ifndef SIPD_KEEPER_LIVE_H
#define SIPD_KEEPER_LIVE_H

#include <sys/queue.h>

#include "sipd/keeper/job.h"
#include "sipd/keeper/sorted.h"

struct control;
struct live;
struct view;

/* One sorted set that is looked at. */
struct live_set {
	struct live		*live;
	struct sorted_spec	 spec;
	struct sorted		*sorted;
	TAILQ_HEAD(, view)	 views;
	int64_t			 begun_us;
	int64_t			 left_ms;	/* since when nobody looks; it lingers, should somebody come back */
	uint32_t		 took_ms;	/* to sort, once it is ready */
	size_t			 changed_at;	/* of a walked set: from where on it is to be counted; SIZE_MAX: nowhere */
	bool			 ready;
	/* grows when rows look different without having changed: a group's new name */
	uint64_t		 epoch;
	uint8_t			(*noted)[ROW_KEY_MAX];	/* keys to be looked at again */
	size_t			 n_noted, noted_max, noted_done;
	struct job		 job;
	TAILQ_ENTRY(live_set)	 link;
};

struct live *live_new(struct control *);
void	live_free(struct live *);
void	live_trunk_changed(struct live *, const uint8_t key[8]);	/* what is true of one now, which is not stored */
void	live_undone(struct live *);		/* a commit failed: whatever shows what it put looks again */

/* The set for that order and filter, made if nobody looks at it yet; sorted as far as a slice goes.  NULL: out of memory. */
struct live_set *live_enter(struct live *, const struct sorted_spec *, struct view *);
void	live_leave(struct live_set *, struct view *);

#endif
