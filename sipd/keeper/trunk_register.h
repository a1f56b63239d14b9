/*
 * When a trunk's registration is asked for, and what its answers make of it: decisions only, without a clock or a socket.
 *
 * It is refreshed when 80 to 85 % of its time are over.  What fails for now (no answer, 5xx) is tried again after 30 s, then twice as
 * long each time, up to 15 minutes, or after what Retry-After says.  What is refused (403, a password that is not taken, another realm) is
 * tried after 15 minutes, then each hour: who refuses us is not to be hammered.
 */
#ifndef SIPD_KEEPER_TRUNK_REGISTER_H
#define SIPD_KEEPER_TRUNK_REGISTER_H

#include <stdbool.h>
#include <stdint.h>

enum {
	REGISTER_EXPIRES = 3600, REGISTER_EXPIRES_MAX = 86400,			/* seconds: that we ask for, and at most if told to */
	REGISTER_RETRY_S = 30, REGISTER_RETRY_MAX_S = 900,
	REGISTER_REFUSED_S = 900, REGISTER_REFUSED_AGAIN_S = 3600,
	REGISTER_RETRY_AFTER_MAX_S = 86400,
	REGISTER_REASON = 200,
};

enum registered { REGISTERED_NOT_YET, REGISTERED_YES, REGISTERED_FAILED, REGISTERED_REFUSED };

struct trunk_register {
	enum registered	state;		/* YES as long as it lasts, whatever became of a refresh */
	uint32_t	expires;	/* seconds to ask for */
	uint32_t	failures, refusals;	/* in a row */
	bool		raised;		/* expires was raised by a 423: a second one is a failure */
	int64_t		next_at;	/* when it is to be asked for */
	int64_t		until;		/* granted; 0: never */
	uint32_t	code;		/* of the last answer; 0: none yet */
	char		reason[REGISTER_REASON];
};

struct register_result {
	uint32_t	code;
	const char	*reason;
	uint32_t	retry_after;	/* seconds; 0: none */
	uint32_t	expires;	/* granted; UINT32_MAX: it did not say */
	uint32_t	min_expires;
	bool		refused;	/* whatever the code: there is nothing to be had without an operator */
};

void	trunk_register_init(struct trunk_register *, int64_t first_at);
/* An answer.  random: any number, that not all come at the same time. */
void	trunk_register_answered(struct trunk_register *, const struct register_result *, int64_t now_ms, uint32_t random);
/* Time has passed: one that was not refreshed in time is none any more.  True: its state is another now. */
bool	trunk_register_passed(struct trunk_register *, int64_t now_ms);
void	trunk_register_again(struct trunk_register *, int64_t now_ms);	/* an operator wants it tried now */

#endif
