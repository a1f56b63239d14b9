/*
 * The strangers' connections, each relayed as a plain connection over loopback to the sip front, which is told the true source
 * (WIRE_FLOW_OPEN) before it can see a byte.
 *
 *	SHAKING		TLS handshake			at most 10 s
 *	SILENT		waits for its first message	at most 10 s; the front does not know it yet
 *	RELAYED		both connections stand		limits.idle; a message takes at most 60 s from its first byte
 *	ENDING		one of them, or the front, is gone: what is on its way drains, at most 2 s
 */
#ifndef STREAM_CONNS_H
#define STREAM_CONNS_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/addr.h"
#include "sipd/channel.h"

struct event_base;
struct conns;

struct conn_limits {
	uint32_t	per_source;	/* 0: none */
	uint32_t	idle;		/* seconds; 0: none */
	size_t		total;
};

/* Ids of flows begin at epoch << 24 and count up, so that no two runs share one. */
struct conns *conns_new(struct event_base *, uint64_t epoch, const struct conn_limits *);
void	conns_free(struct conns *);
void	conns_set_limits(struct conns *, const struct conn_limits *);

/* A connection was accepted; takes fd.  tls: NULL for TCP.  0; ERR_BUSY: over a limit, or no memory, and closed. */
int	conns_accept(struct conns *, int fd, const struct addr *source, SSL_CTX *tls);

/*
 * A connection of ours to target stands, with its TLS (NULL: none); takes both.  It is a flow at once, and ready is called, once, when
 * the front can send on it, or with false when that will not be.  Returns the flow, or 0: closed, and ready is not called.
 */
typedef void	(*conns_ready_fn)(void *arg, bool is_ready);
uint64_t conns_adopt(struct conns *, int fd, SSL *, const struct addr *target, struct addr *local, conns_ready_fn ready, void *arg);
void	conns_is_ready(struct conns *, uint64_t flow);	/* the front says so */
void	conns_close_ours(struct conns *);		/* nobody uses them any more */

size_t	conns_count(const struct conns *);
bool	conns_take_more(const struct conns *);	/* the front is there, and there is room */

/* The front's channel and its loopback port for a transport.  conns_sip_gone(): its channel died, all that it held ends. */
void	conns_sip_open(struct conns *, struct channel *, uint8_t transport, uint16_t port);
void	conns_sip_gone(struct conns *);

void	conns_close(struct conns *, uint64_t flow);	/* the front wants it closed; unknown ones are gone already */
void	conns_end(struct conns *);		/* we stop: what was not relayed is closed, the rest drains */
void	conns_turn(struct conns *);		/* at the end of each turn of the loop, before the channels are flushed again */
void	conns_tick(struct conns *, int64_t now);	/* twice a second: closes what is overdue */

#endif
