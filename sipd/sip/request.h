/*
 * Requests as the agent delivers them: checked, then answered here or asked of the keeper.
 */
#ifndef SIPD_SIP_REQUEST_H
#define SIPD_SIP_REQUEST_H

#include "sipd/sip/front.h"
#include "sipd/sip/sofia.h"

/* The agent's message callback: takes msg. */
int	request_receive(struct front *, nta_agent_t *, msg_t *, sip_t *);

/* The keeper's answer to a question of ours, and its absence. */
void	request_answered(struct front *, uint64_t id, const struct register_answer *);
void	request_keeper_gone(struct front *);


#endif
