/*
 * What a proxy must know of a session description (RFC 4566): whether there is one, and whether all that it offers is SRTP.
 */
#ifndef SIPD_SIP_OFFER_H
#define SIPD_SIP_OFFER_H

#include <stdbool.h>
#include <stddef.h>

struct offer {
	bool	any;		/* it describes media */
	bool	secure;		/* and each by RTP/SAVP, RTP/SAVPF or UDP/TLS/RTP/SAVP(F) */
};

struct offer offer_read(const char *body, size_t n);

#endif
