/*
 * What one who only speaks makes of a session description that was offered (RFC 3264): the first audio stream that can be spoken on in
 * G.711, by RTP or by SRTP whose keys stand in it (RFC 4568), and the answer that takes it and no other.
 */
#ifndef CORE_SDP_H
#define CORE_SDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/addr.h"
#include "core/span.h"

enum sdp_codec { SDP_PCMU, SDP_PCMA };
enum sdp_suite { SDP_PLAIN, SDP_AES_80, SDP_AES_32 };	/* AES_CM_128_HMAC_SHA1_80, _32 */

enum { SDP_KEY = 30 /* key and salt */, SDP_STREAMS = 32, SDP_TAG = 10 };

struct sdp_choice {
	size_t		stream;			/* which m= line it is, from 0 on */
	struct addr	to;			/* where it wants to hear */
	enum sdp_codec	codec;
	uint8_t		payload_type;
	bool		hears_only;		/* one that may also speak is not told to keep still: phones take that for hold */
	enum sdp_suite	suite;
	char		crypto_tag[SDP_TAG];	/* of the a=crypto that was taken */
};

/* NULL, or why nothing of it can be used, for a person.  Nothing in choice is borrowed. */
const char *sdp_choose(struct span offer, struct sdp_choice *);

/*
 * The answer to an offer that was chosen from: all other streams are refused.  from: where we speak from; key: of SRTP.  Returns its
 * length, or ERR_TOO_LARGE.
 */
int	sdp_answer(struct span offer, const struct sdp_choice *, const struct addr *from, const uint8_t key[SDP_KEY], uint64_t session,
	    char *out, size_t size);

#endif
