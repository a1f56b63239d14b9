/*
 * Flows: the strangers' connections, each relayed as a plain connection over loopback to the sip front, which is told the true source
 * (WIRE_FLOW_OPEN) before it can see a byte.
 *
 *	SHAKING		TLS handshake			at most 10 s
 *	SILENT		waits for its first message	at most 10 s; the front does not know it yet
 *	RELAYED		both connections stand		limits.idle; a message takes at most 60 s from its first byte
 *	ENDING		one of them, or the front, is gone: what is on its way drains, at most 2 s
 */
#ifndef STREAM_FLOW_H
#define STREAM_FLOW_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/addr.h"
#include "sipd/channel.h"

struct event_base;
struct flows;

enum flow_state { FLOW_SHAKING, FLOW_SILENT, FLOW_RELAYED, FLOW_ENDING };

enum { FLOW_SHAKE_MS = 10000, FLOW_FIRST_MS = 10000, FLOW_MESSAGE_MS = 60000, FLOW_END_MS = 2000 };

struct flow_limits {
	uint32_t	per_source;	/* 0: none */
	uint32_t	idle;		/* seconds; 0: none */
	size_t		total;
};

/* Times of a flow, in ms of clock_boot_ms(). */
struct flow_times {
	int64_t	state_at;	/* since when it is in its state */
	int64_t	heard_at;	/* the stranger's last byte, keep-alives too */
	int64_t	message_at;	/* a message began that has not ended; 0: none */
};

/* Why it is to be closed now, or NULL.  Pure. */
const char *flow_overdue(enum flow_state, const struct flow_times *, uint32_t idle, int64_t now);

/* Ids of flows begin at epoch << 24 and count up, so that no two runs share one. */
struct flows *flow_set_new(struct event_base *, uint64_t epoch, const struct flow_limits *);
void	flow_set_free(struct flows *);
void	flow_set_limits(struct flows *, const struct flow_limits *);

/* A connection was accepted; takes fd.  tls: NULL for TCP.  0; ERR_BUSY: over a limit, or no memory, and closed. */
int	flow_set_accept(struct flows *, int fd, const struct addr *source, SSL_CTX *tls);
size_t	flow_set_count(const struct flows *);
bool	flow_set_is_full(const struct flows *);

/* The front's channel and the port of its loopback listener.  flow_set_sip_gone(): its channel died, all that it held ends. */
void	flow_set_sip_open(struct flows *, struct channel *, uint16_t port);
void	flow_set_sip_gone(struct flows *);

void	flow_set_close(struct flows *, uint64_t flow);	/* the front wants it closed; unknown ones are gone already */
void	flow_set_end(struct flows *);		/* we stop: what was not relayed is closed, the rest drains */
void	flow_set_turn(struct flows *);		/* at the end of each turn of the loop, before the channels are flushed again */
void	flow_set_tick(struct flows *, int64_t now);	/* twice a second: closes what is overdue */

#endif
