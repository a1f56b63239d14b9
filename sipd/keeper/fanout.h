/*
 * One request to every device of an account at once, and what they made of it.
 */
#ifndef SIPD_KEEPER_FANOUT_H
#define SIPD_KEEPER_FANOUT_H

#include "core/wire.h"

struct fanout;
struct fanouts;
struct keeper;

enum { FANOUT_MAX = 16384, FANOUT_TIMEOUT_MS = 5000 };	/* requests under way; how long a device may take */

struct fanout_result {
	size_t		devices;	/* that it was sent to */
	bool		taken;		/* one answered 2xx: the result does not wait for the others */
	bool		unfit;		/* each answered that it can't take such a thing at all: 405, 415, 501 */
	bool		cut;		/* no device is at fault: the front was not there, or about to go, for any of them */
	uint32_t	code;		/* of the one that took it; else the answer that says most */
	char		reason[64];
	uint32_t	retry_after;	/* the least that was asked for; 0: none */
};

typedef void	(*fanout_fn)(void *arg, const struct fanout_result *);

struct fanouts *fanouts_new(struct keeper *);
void	fanouts_free(struct fanouts *);			/* nobody is told any more */

/*
 * request: all but target, local, transport, flow and uri.  Returns how many devices it goes to and calls fn once, later.  fn is not called
 * if that is 0, no device can be reached, or ERR_BUSY: there are some, but too much is under way.
 */
int	fanout_start(struct fanouts *, uint64_t account_id, const struct wire_send *request, fanout_fn, void *arg, struct fanout **);
/* The same request to those of the account's devices that it has not gone to yet.  Only before fn was called. */
void	fanout_extend(struct fanouts *, struct fanout *, uint64_t account_id, const struct wire_send *request);
void	fanouts_sent(struct fanouts *, uint64_t id, const struct wire_sent *);
void	fanouts_front_gone(struct fanouts *);		/* all that is under way is cut off */

#endif
