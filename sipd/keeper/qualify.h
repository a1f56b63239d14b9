/*
 * Device status (product C): each device that registered here is sent OPTIONS when it is due, and what comes of it is its status
 * (core/device.h).  Probes are spread over the interval by the device's own phase, also after a start; no more than qualify.rate go out in a
 * second.  The status is kept in memory; a change is written to the binding a moment later, so that a restart knows it.
 */
#ifndef SIPD_KEEPER_QUALIFY_H
#define SIPD_KEEPER_QUALIFY_H

#include <jansson.h>

#include "core/binding.h"
#include "core/wire.h"
#include "sipd/keeper/registrar.h"

struct keeper;
struct qualify;

struct qualify *qualify_new(struct keeper *);		/* NULL: out of memory */
void	qualify_free(struct qualify *);
bool	qualify_tick(struct qualify *);			/* four times a second; true: there is more to do at once */
void	qualify_sent(struct qualify *, uint64_t id, const struct wire_sent *);
void	qualify_channel_gone(struct qualify *);		/* the front is away: what it was asked has no answer */
int64_t	qualify_work(struct qualify *);			/* sends what is due; when to call again, INT64_MAX: when something happens */

/* A stored binding: whether its REGISTER is news, or what came here was only its status or a refresh that is known. */
bool	qualify_is_news(const struct qualify *, const struct binding *);

void	qualify_latest(const struct qualify *, struct binding *);	/* its device_status and latency_ms as they are now */
/* Of an account: the best of its devices (product C2) and that one's latency. */
enum device_status qualify_best(const struct qualify *, uint64_t account_id, uint32_t *latency_ms);
void	qualify_count(const struct qualify *, uint64_t n[DEVICE_STATUSES]);

/* Why a device is what it is. */
struct qualify_told {
	int64_t		sent_at, answered_at, next_at, since;	/* 0: not (yet); next_at INT64_MAX: not before it registers */
	uint32_t	code;					/* of the last answer; 0: there was none */
	uint32_t	changes;				/* of its status within an hour */
	bool		known;					/* it is probed */
};
void	qualify_tell(const struct qualify *, uint64_t account_id, const uint8_t hash[BINDING_KEY], struct qualify_told *);
json_t *qualify_json(const struct qualify_told *);		/* "_probe" of wirechief-protocol(7) */

#endif
