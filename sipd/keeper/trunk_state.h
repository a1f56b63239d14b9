/*
 * What is true of a trunk now: the addresses that it was found at, how each answers, its registration, and what an operator is told of
 * all that.  Decisions and texts; trunk_engine.h acts.
 */
#ifndef SIPD_KEEPER_TRUNK_STATE_H
#define SIPD_KEEPER_TRUNK_STATE_H

#include <sys/queue.h>

#include <jansson.h>

#include "core/device.h"
#include "core/trunk.h"
#include "core/wire.h"
#include "sipd/keeper/digest_client.h"
#include "sipd/keeper/trunk_register.h"

struct trunk_engine;
struct trunk_state;

enum { TARGET_ERROR = 120, TRUNK_CALL_ID = 40, LOOKUP_ERROR = 120 };

/* One of its addresses. */
struct trunk_target {
	struct trunk_state	*of;
	struct addr		 addr;
	bool			 found;			/* by the last lookup */
	struct device		 device;		/* its status, DEVICE_NONE: not probed yet, and when something is to be done */
	int64_t			 probed_at;
	uint32_t		 code;			/* of the last OPTIONS, its own or ours; 0: none */
	char			 error[TARGET_ERROR];	/* why it is not well */
	struct addr		 answers_from;		/* where that is not addr; else no family */
	uint64_t		 ask;			/* a connection or OPTIONS under way; 0: none */
	uint64_t		 flow;			/* TCP, TLS: its connection; 0: none */
	struct addr		 local;			/* our end of that */
	uint32_t		 dial_failures;
	char			 tls[64];
};

struct trunk_state {
	uint64_t		 id;
	struct trunk_engine	*engine;
	struct trunk		 trunk;			/* as it is stored, with its password */
	int64_t			 next_at;		/* when there may be something to do */

	uint64_t		 look_ask;		/* a lookup under way; 0: none */
	int64_t			 lookup_at;
	uint32_t		 lookup_failures;
	char			 lookup_error[LOOKUP_ERROR];
	struct trunk_target	*targets[TARGETS_MAX];
	size_t			 n_targets;

	struct trunk_register	 reg;
	struct digest_client	 digest;
	char			 call_id[TRUNK_CALL_ID];
	uint32_t		 cseq;
	uint64_t		 reg_ask;		/* a REGISTER under way; 0: none */
	uint32_t		 reg_sends;		/* of this try, with its challenges */
	uint32_t		 reg_tried;		/* bit 1 << target: it did not take this try */
	struct trunk_target	*registrar;		/* that is asked, or that we are registered at */
	bool			 leaving;		/* the last REGISTER takes it away */

	uint8_t			 status;		/* enum trunk_status that was told */
	int64_t			 status_at;
	bool			 new_to_us;		/* its first status is told, too: it was made or changed, not loaded */
	TAILQ_ENTRY(trunk_state) link;
};

bool	trunk_answer_counts(uint32_t code, bool ours);		/* of OPTIONS: 408 and 503 do not */

bool	trunk_is_monitored(const struct trunk *);
bool	trunk_is_connected(const struct trunk *);		/* over TCP or TLS: nothing is sent without a connection */
const struct trunk_target *trunk_best_target(const struct trunk_state *);	/* NULL: there is none */
enum trunk_status trunk_state_status(const struct trunk_state *);
/* "403 Forbidden; next try 14:31:40"; "" when there is nothing to complain of. */
void	trunk_state_error(const struct trunk_state *, char *buf, size_t size);
void	trunk_state_fill(const struct trunk_state *, struct trunk *);	/* what is not stored */
/* "probe", "registration" and "targets" of wirechief-protocol(7). */
void	trunk_state_tell(const struct trunk_state *, uint32_t interval_s, json_t *ok);

#endif
