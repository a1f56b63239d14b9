/*
 * The requests that we send to a trunk for its own sake: OPTIONS and REGISTER.
 */
#ifndef SIPD_KEEPER_TRUNK_REQUEST_H
#define SIPD_KEEPER_TRUNK_REQUEST_H

#include "core/trunk.h"
#include "core/wire.h"
#include "sipd/keeper/digest_client.h"

enum { TRUNK_REGISTER_TIMEOUT_MS = 5000 };

struct trunk_way {
	struct addr	target, local;	/* local: of a connection */
	uint64_t	flow;		/* 0: UDP */
};

/* What its spans are in. */
struct trunk_room {
	char	uri[TRUNK_HOST + 16], from[TRUNK_HOST + ACCOUNT_USERNAME + 16], to[TRUNK_HOST + ACCOUNT_USERNAME + 16];
	char	headers[2 * DIGEST_LINE];
};

/* One registration's way to be known. */
struct trunk_registering {
	const char	*call_id;
	uint32_t	 cseq;
	uint32_t	 expires;
	bool		 fetch;		/* only asks what is registered (RFC 3261 section 10.2.3): without a Contact it displaces nothing */
};

/* domain: ours. */
void	trunk_request_options(const struct trunk *, const char *domain, const struct trunk_way *, struct trunk_room *, struct wire_send *);
/* With the answers to what was asked so far.  0 or ERR_TOO_LARGE. */
int	trunk_request_register(const struct trunk *, const struct trunk_registering *, const struct trunk_way *, struct digest_client *,
	    struct trunk_room *, struct wire_send *);

#endif
