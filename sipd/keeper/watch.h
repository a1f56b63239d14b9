/*
 * Watches: every registration change, every event, told to who asked (`registration watch`, `event watch`).
 * Unlike a view nothing is left out, so who does not keep up is dropped with a reason.  Changes are noted as
 * encoded records and turned into JSON in slices.
 */
#ifndef SIPD_KEEPER_WATCH_H
#define SIPD_KEEPER_WATCH_H

#include "core/binding.h"
#include "core/message.h"
#include "db/store.h"
#include "sipd/keeper/registrar.h"

struct control;
struct request;
struct watches;

struct watches *watches_new(struct control *);
void	watches_free(struct watches *);

/* Makes the request a watch of the kind's changes; answers that it stands.  Refused over PEER_STREAMS_MAX. */
void	watch_start(struct watches *, struct request *, const struct kind *);

void	watch_registration(struct watches *, enum registrar_change, const struct binding *);
void	watch_message(struct watches *, const char *what, const struct message *);	/* "added", "changed", "removed" */
void	watch_event(struct watches *, struct store_bytes record);

#endif
