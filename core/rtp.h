/*
 * RTP (RFC 3550) as a sender of speech has it: the header of each packet, and when the next is due.  The schedule is absolute: packet n is
 * due at the start and n times the packet's time, however late those before it left; only a sender that stood still for long begins anew,
 * so that it does not send all that it missed at once.
 */
#ifndef CORE_RTP_H
#define CORE_RTP_H

#include <stddef.h>
#include <stdint.h>

enum {
	RTP_HEADER = 12,
	RTP_VERSION = 2 << 6,		/* in its first byte */
	RTP_PACKET_MS = 20,
	RTP_SAMPLES = 160,		/* of a packet, at 8 kHz */
	RTP_LATE_MS = 100,		/* longer is a stand-still */
};

struct rtp {
	uint8_t		payload_type;
	uint16_t	sequence;
	uint32_t	timestamp, ssrc;	/* begin at random (RFC 3550 section 5.1) */
	uint32_t	sent;			/* packets */
};

/* Writes the header of a packet with so many samples, and counts it.  The first carries the marker (RFC 3551 section 4.1). */
void	rtp_header(struct rtp *, uint32_t samples, uint8_t out[RTP_HEADER]);

struct rtp_pace {
	int64_t		started_ms;
	uint32_t	sent;
};

int64_t	rtp_next_at(const struct rtp_pace *);
/* How many packets are due by now; the caller sends and counts them.  After a stand-still, one, and the schedule begins anew. */
uint32_t rtp_due(struct rtp_pace *, int64_t now_ms);

#endif
