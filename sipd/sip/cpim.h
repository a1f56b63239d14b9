/*
 * The one thing that we read of a message/cpim body (RFC 3862): the IMDN Message-ID among its headers (RFC 5438 section 7.1.1.2).
 */
#ifndef SIPD_SIP_CPIM_H
#define SIPD_SIP_CPIM_H

#include "core/span.h"

/* Borrowed from body; empty when there is none, or when it is not one word of visible ASCII. */
struct span	cpim_message_id(struct span body);

#endif
