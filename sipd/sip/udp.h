/*
 * Datagrams are read many at a time, and parsed only when their source is within its limit.
 *
 * What became of ours is told by ICMP, which anybody can forge: it counts only with the beginning of the request that it tells of, whose
 * branch can't be guessed (RFC 3261 section 18.4).
 */
#ifndef SIPD_SIP_UDP_H
#define SIPD_SIP_UDP_H

#include "sipd/sip/sofia.h"

struct front;
struct udp;

struct udp *udp_new(void);
void	udp_free(struct udp *);
void	udp_read(struct front *, tport_t *);	/* what one recvmmsg() brings; the rest waits for the next turn */
void	udp_errors(struct front *, tport_t *);	/* requests that were refused on their way end */

#endif
