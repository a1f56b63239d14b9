/*
 * What is known of each device that is probed, and a wheel of when each is due.  Memory only, about 130 bytes a device, in pieces that
 * never move; nothing here takes longer with their number but a walk along a bucket.
 */
#ifndef SIPD_KEEPER_DEVICES_H
#define SIPD_KEEPER_DEVICES_H

#include "core/binding.h"

struct devices;

enum { DEVICES_MAX_KNOWN = 1 << 24, WHEEL_TICK_MS = 16 };

struct probed {
	uint64_t	account_id;
	uint8_t		hash[BINDING_KEY];
	struct device	device;
	int64_t		refreshed_at;		/* its binding's, as it was last heard of */
	int64_t		sent_at;		/* the last probe; 0: none yet */
	int64_t		answered_at;		/* the last answer; 0: none yet */
	int64_t		changes_from;		/* of the hour in which changes are counted */
	uint32_t	qualify;		/* as its account says */
	uint32_t	number;			/* names it as long as it is known */
	uint32_t	chain;			/* of its bucket */
	uint32_t	after, before;		/* of its slot */
	uint32_t	dirty_next;
	uint16_t	slot;
	uint16_t	code;			/* of the last answer */
	uint16_t	changes;
	uint8_t		uses;			/* probes so far: an answer to another one is none */
	bool		asking, dirty;
	bool		foreign;		/* registered at another node */
	bool		elsewhere;		/* not where its account must register: no status is shown (product C3) */
};

struct devices *devices_new(int64_t now_ms);		/* NULL: out of memory */
void	devices_free(struct devices *);
size_t	devices_count(const struct devices *);

struct probed *devices_find(const struct devices *, uint64_t account_id, const uint8_t hash[BINDING_KEY]);	/* NULL */
struct probed *devices_add(struct devices *, uint64_t account_id, const uint8_t hash[BINDING_KEY]);	/* NULL: no memory */
void	devices_remove(struct devices *, struct probed *);
struct probed *devices_at(const struct devices *, uint32_t number);		/* NULL: there is none of that number */
struct probed *devices_of(const struct devices *, uint64_t account_id, const struct probed *after);	/* the next one; NULL */
uint32_t devices_hash(const struct probed *);			/* spreads evenly */

void	devices_arm(struct devices *, struct probed *);		/* at device.next_at; INT64_MAX: never */
struct probed *devices_due(struct devices *, int64_t now_ms);	/* takes the next one off the wheel; NULL: none is due */
int64_t	devices_next_at(const struct devices *);		/* nothing is due before */

void	devices_mark(struct devices *, struct probed *);	/* dirty: it is to be written */
struct probed *devices_unmark(struct devices *);		/* the one that waits longest; NULL */

#endif
