/*
 * What the pages of the HTTPS service do (product H3): a phone's browser opens the links of an activation, fetches the configuration and
 * presses the buttons.  The web process speaks HTTP and writes the pages; here is decided what is on them and what becomes of the account.
 * A GET changes nothing, but for the configuration's, whose link stands on the activation page alone; each link is good once.
 */
#ifndef SIPD_KEEPER_VISIT_H
#define SIPD_KEEPER_VISIT_H

#include "core/wire.h"

struct channel;
struct keeper;
struct visits;

struct visits *visits_new(struct keeper *);
void	visits_free(struct visits *);

/* The web process asks; the answer goes to the same channel with the same id, once what it says is on disk. */
void	visits_ask(struct visits *, struct channel *, uint64_t id, const struct web_ask *);
void	visits_channel_gone(struct visits *);		/* no answers to it any more */

#endif
