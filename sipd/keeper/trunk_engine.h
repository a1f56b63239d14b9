/*
 * The trunk engine (product D3, D4, D5): finds each trunk's addresses, keeps its connections, probes it, registers there, and tells what
 * came of it.  All by questions to the other processes (asks.h); what is due is looked for four times a second.
 *
 * A change of a trunk's record comes by the store's watch.  One that is registered and is to be so no more, or elsewhere, takes its
 * registration away before the new one is asked for.
 */
#ifndef SIPD_KEEPER_TRUNK_ENGINE_H
#define SIPD_KEEPER_TRUNK_ENGINE_H

#include "core/limit.h"
#include "sipd/keeper/asks.h"
#include "sipd/keeper/trunk_request.h"
#include "sipd/keeper/trunk_state.h"

struct config;
struct keeper;

TAILQ_HEAD(trunk_states, trunk_state);

/* Open to its own parts, trunk_probe.c and trunk_enroll.c. */
struct trunk_engine {
	struct keeper		*k;
	struct asks		*asks;
	struct trunk_states	 all, leaving;
	void			*by_id, *by_flow;	/* tsearch: of all; of targets with a connection */
	size_t			 n, n_tests;		/* of all; trunk_test.h */
	struct trunk_room	 room;
	bool			 known_changed;		/* the sip front is to be told whose requests are trunks' */
	char			 known[KNOWN_MAX];	/* what it was told last */
};

struct trunk_engine *trunk_engine_new(struct keeper *);	/* NULL: out of memory */
void	trunk_engine_free(struct trunk_engine *);
bool	trunk_engine_tick(struct trunk_engine *);		/* four times a second; true: there is more to do at once */
void	trunk_engine_answered(struct trunk_engine *, uint64_t id, const void *answer);	/* a WIRE_SENT, _RESOLVED or _DIALED */
void	trunk_engine_flow_gone(struct trunk_engine *, uint64_t flow);
void	trunk_engine_process_gone(struct trunk_engine *, enum process);

void	trunk_engine_front(struct trunk_engine *);		/* a sip front has said hello */

const struct trunk_state *trunk_engine_find(const struct trunk_engine *, uint64_t id);	/* NULL */
void	trunk_engine_retry(struct trunk_engine *, uint64_t id);	/* an operator wants it looked up, probed and registered now */
void	trunk_engine_count(const struct trunk_engine *, uint64_t n[TRUNK_DISABLED + 1]);
/* Whose request this is: the enabled trunk that has this address or permits it, and is one of TLS if it is encrypted; 0: none's. */
uint64_t trunk_of_source(const struct trunk_engine *, const struct addr *, uint8_t transport);

/* For its parts. */
int64_t	trunk_now(const struct trunk_state *);
void	trunk_note(struct trunk_state *);			/* something of it has changed: it is told, and looked at soon */
uint32_t trunk_random(uint32_t below);
struct device_rules trunk_probe_rules(const struct trunk_state *);
uint32_t trunk_wait_ms(const struct config *, const struct trunk *);	/* for its answer to OPTIONS */

#endif
