/*
 * Speech to one hearer: G.711 in RTP, or in SRTP by libsrtp2, from a port of the range that is configured for it.  When a packet is due is
 * the caller's to know.  Where the hearer's own packets come from another port of its host than it said, there is a NAT between, and that
 * is where it hears.
 */
#ifndef SIPD_SIP_MEDIA_H
#define SIPD_SIP_MEDIA_H

#include <stddef.h>
#include <stdint.h>

#include "core/rtp.h"
#include "core/sdp.h"

struct media;
struct media_pool;	/* what all have in common */

/* Before the sandbox is entered: libsrtp2 loads its ciphers.  NULL: they can't be had, or no memory. */
struct media_pool *media_pool_new(void);
void	media_pool_free(struct media_pool *);

struct media_how {
	struct addr		 from, to;		/* from: its port is chosen */
	struct addr		 host;			/* whose packets may tell where to */
	uint32_t		 port_first, port_last;
	enum sdp_codec		 codec;
	uint8_t			 payload_type;
	enum sdp_suite		 suite;
	uint8_t			 key[SDP_KEY];		/* of SRTP */
};

/* NULL: no port is free, from is no address of ours, or no memory. */
struct media *media_new(struct media_pool *, const struct media_how *);
void	media_free(struct media *);
const struct addr *media_from(const struct media *);
/* One packet; n at most RTP_SAMPLES, silence follows them.  Never waits: what the network does not take is lost. */
void	media_say(struct media *, const int16_t *samples, size_t n);

#endif
