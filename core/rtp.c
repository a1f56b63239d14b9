#include "core/rtp.h"

enum { MARKER = 0x80 };

void
rtp_header(struct rtp *r, uint32_t samples, uint8_t out[RTP_HEADER])
{
	out[0] = RTP_VERSION;
	out[1] = (uint8_t)((r->sent == 0 ? MARKER : 0) | (r->payload_type & 0x7f));
	out[2] = (uint8_t)(r->sequence >> 8);
	out[3] = (uint8_t)r->sequence;
	for (int i = 0; i < 4; i++) {
		out[4 + i] = (uint8_t)(r->timestamp >> (24 - 8 * i));
		out[8 + i] = (uint8_t)(r->ssrc >> (24 - 8 * i));
	}
	r->sequence++;
	r->timestamp += samples;
	r->sent++;
}

int64_t
rtp_next_at(const struct rtp_pace *p)
{
	return p->started_ms + (int64_t)p->sent * RTP_PACKET_MS;
}

uint32_t
rtp_due(struct rtp_pace *p, int64_t now_ms)
{
	int64_t	late = now_ms - rtp_next_at(p);

	if (late < 0)
		return 0;
	if (late <= RTP_LATE_MS)
		return (uint32_t)(late / RTP_PACKET_MS) + 1;
	p->started_ms += late;
	return 1;
}
