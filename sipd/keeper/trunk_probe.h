/*
 * One address of a trunk: its connection, and the OPTIONS that tell whether it answers.
 */
#ifndef SIPD_KEEPER_TRUNK_PROBE_H
#define SIPD_KEEPER_TRUNK_PROBE_H

#include "sipd/keeper/trunk_engine.h"

struct trunk_target *trunk_target_new(struct trunk_state *, const struct addr *, int64_t first_at);	/* NULL: out of memory */
struct trunk_target *trunk_target_find(struct trunk_engine *, uint64_t flow);	/* by its connection; NULL: none has that */
void	trunk_target_free(struct trunk_target *);		/* nothing that was asked is waited for; its connection ends */
bool	trunk_target_usable(const struct trunk_target *);	/* something can be sent to it */
struct trunk_way trunk_target_way(const struct trunk_target *);
void	trunk_probe_work(struct trunk_target *, int64_t now_ms);	/* does what is due */
void	trunk_probe_again(struct trunk_target *, int64_t at_ms);
void	trunk_probe_forget(struct trunk_target *);		/* what its OPTIONS told: there are none any more */
void	trunk_probe_flow_gone(struct trunk_target *);
void	trunk_probe_flow_good(struct trunk_target *);		/* it was answered on its connection */

#endif
