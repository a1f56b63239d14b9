/*
 * Datagrams are read many at a time, and parsed only when their source is within its limit.
 */
#ifndef SIPD_SIP_UDP_H
#define SIPD_SIP_UDP_H

#include "sipd/sip/sofia.h"

struct front;
struct udp;

struct udp *udp_new(void);
void	udp_free(struct udp *);
void	udp_read(struct front *, tport_t *);	/* what one recvmmsg() brings; the rest waits for the next turn */

#endif
