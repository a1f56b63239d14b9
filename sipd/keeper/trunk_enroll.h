/*
 * Our registration at a trunk: which of its addresses is asked, what is answered to its challenges (reliability A7), and taking it away.
 */
#ifndef SIPD_KEEPER_TRUNK_ENROLL_H
#define SIPD_KEEPER_TRUNK_ENROLL_H

#include "sipd/keeper/trunk_engine.h"

void	trunk_enroll_init(struct trunk_state *, int64_t first_at);
void	trunk_enroll_stop(struct trunk_state *);			/* what was asked is not waited for */
void	trunk_enroll_work(struct trunk_state *, int64_t now_ms);	/* does what is due */
int64_t	trunk_enroll_next_at(const struct trunk_state *, int64_t now_ms);	/* when something may be due; INT64_MAX: nothing */
void	trunk_enroll_target_gone(struct trunk_state *, const struct trunk_target *);
bool	trunk_enroll_leave(struct trunk_state *);	/* takes it away; false: there is nothing to take, or no way to say it */
bool	trunk_enroll_is_leaving(const struct trunk_state *);	/* that is still under way */

/* Takes a 401's or 407's challenge: NULL, it can be answered; else why that is not done, which is in why. */
const char *trunk_challenge(struct digest_client *, const struct trunk *, const struct wire_sent *, char *why, size_t size);

#endif
