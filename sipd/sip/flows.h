/*
 * Connections of phones: each is relayed by the stream process from a loopback port of its own, which tells here whose it is.
 */
#ifndef SIPD_SIP_FLOWS_H
#define SIPD_SIP_FLOWS_H

#include "core/wire.h"
#include "sipd/sip/sofia.h"

struct flows;

struct flow {
	uint64_t	 id;
	struct addr	 source, local;
	uint8_t		 transport;
	uint16_t	 relay;
	tport_t		*tport;		/* referenced once a message has come on it, or it is ours and ready; else NULL */
};

struct flows *flows_new(void);
void	flows_free(struct flows *);
void	flows_clear(struct flows *);				/* the stream process is gone, and they with it */
void	flows_open(struct flows *, const struct wire_flow *);	/* its port may have been an older flow's */
void	flows_gone(struct flows *, uint64_t id);
struct flow *flows_at(struct flows *, uint8_t transport, uint16_t relay);	/* borrowed; NULL when nobody told of it */
struct flow *flows_find(struct flows *, uint64_t id);
/* Calls look for each flow of ours that is not ready, until that returns true for it. */
void	flows_ready(struct flows *, bool (*look)(void *arg, struct flow *), void *arg);
void	flow_set_tport(struct flow *, tport_t *);		/* takes a reference of its own */

#endif
