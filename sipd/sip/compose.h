/*
 * The text of a request of ours.
 */
#ifndef SIPD_SIP_COMPOSE_H
#define SIPD_SIP_COMPOSE_H

#include "core/wire.h"
#include "sipd/sip/buf.h"
#include "sipd/sip/where.h"

enum { COMPOSE_METHOD = 16, COMPOSE_BRANCH = 64 };

struct compose_ids {
	char	branch[COMPOSE_BRANCH];
	uint8_t	tag[8], call_id[16];		/* call_id: where the request has none of its own */
	struct addr contact;			/* of ours, for a request that has one */
};

void	compose_via(struct text_buf *, uint8_t transport, const struct addr *sent_by, const char *branch);	/* the header's line, with rport */
/* "carol@192.0.2.1:5060": of a Contact of ours. */
void	compose_contact(struct text_buf *, struct span user, const struct addr *);
/* Whether its method, Request-URI and parties can stand in one. */
bool	compose_can(const struct wire_send *);
void	compose_request(struct text_buf *, const struct wire_send *, const struct where *, const struct addr *sent_by,
	    const struct compose_ids *);

#endif
