/*
 * What a request's own headers say of its way: Routes, the tokens in them, and whether it has been here before.
 */
#ifndef SIPD_SIP_ROUTING_H
#define SIPD_SIP_ROUTING_H

#include <stdbool.h>
#include <stdint.h>

#include "sipd/sip/forward.h"
#include "sipd/sip/front.h"
#include "sipd/sip/proxy.h"
#include "sipd/sip/token.h"

struct routing {
	struct forward_taken	taken;		/* what of it was meant for us */
	bool			in_dialog;
	struct hop		hop;		/* inside a dialog: where it goes */
	uint64_t		loop;		/* what decides where it goes: equal, and it has come round (RFC 5393 section 4.2) */
};

/* Everything of a request that can be wrong before anybody is asked; code 0: nothing is. */
struct refusal routing_read(struct front *, const struct proxied *, struct routing *);

#endif
