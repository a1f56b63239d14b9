/*
 * What is true of a device, by what came of probing it (product C1): one table of what happens and what follows, without a clock or a
 * socket.  Phones and trunks are told apart by their rules only; what counts as an answer is for the caller to say.
 */
#ifndef CORE_DEVICE_H
#define CORE_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* DEVICE_NONE is "no status": it was never probed. */
enum device_status { DEVICE_NONE, DEVICE_OK, DEVICE_LAGGED, DEVICE_UNREACHABLE, DEVICE_UNKNOWN, DEVICE_UNMONITORED, DEVICE_STATUSES };

enum device_event {
	DEVICE_REGISTERED,	/* for the first time, or at another place */
	DEVICE_REFRESHED,	/* as before */
	DEVICE_ANSWERED,	/* after took_ms */
	DEVICE_SILENT,		/* no answer within took_ms, which is wait_ms */
	DEVICE_UNSENDABLE,	/* refused by its host, its connection is gone, ... */
	DEVICE_PASSED,		/* nothing but time */
	DEVICE_WATCHED,		/* it is to be probed from now on, or by other rules */
	DEVICE_UNWATCHED,	/* it is not to be probed any more */
	DEVICE_EVENTS,
};

struct device_rules {
	uint32_t	lagged_ms;
	uint32_t	wait_ms;		/* for an answer; device_wait_ms() */
	int64_t		interval_ms;		/* between probes of one that is OK */
	int64_t		retry_ms;		/* of one that is not */
	int64_t		unknown_ms;		/* UNREACHABLE for more than this is UNKNOWN */
	bool		tries_unknown;		/* every interval; else not before it registers again */
};

struct device {
	uint8_t		status;			/* enum device_status */
	uint32_t	latency_ms;		/* of its last answer, at least 1; 0 while there is none */
	int64_t		status_at;		/* since when */
	int64_t		lost_at;		/* since when it does not answer; 0: it does */
	int64_t		next_at;		/* when it is to be probed; INT64_MAX: it is not */
};

/* What follows from an event at now_ms.  took_ms: of the two that have it, else 0.  True: the status is another. */
bool	device_next(struct device *, enum device_event, uint32_t took_ms, const struct device_rules *, int64_t now_ms);

/*
 * How long an answer is waited for: twice lagged_ms (product C1), and no more than most_ms; where lagged_ms is a threshold of its own,
 * nothing else may cut it short: most_ms is UINT32_MAX.
 */
uint32_t device_wait_ms(uint32_t lagged_ms, uint32_t most_ms);

/* How often one of that status is probed; 0: never. */
int64_t	device_period_ms(enum device_status, const struct device_rules *);

/*
 * The latest moment not after at_ms that is the phase of a device within the period, by a hash that spreads evenly: probes that begin
 * together, after a start or a storm of registrations, come apart, and each device keeps its moment.
 */
int64_t	device_phase(int64_t at_ms, int64_t period_ms, uint32_t hash);

enum device_status device_better(enum device_status, enum device_status);	/* the one that an account of both has (product C2) */
const char *device_status_name(enum device_status);		/* "OK"; "" for none */

extern const char *const	device_status_words[];		/* of a field: NULL at its end */
extern const uint8_t		device_status_ranks[DEVICE_STATUSES];	/* of a field: the worst first */

#endif
