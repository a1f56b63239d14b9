/*
 * Calls that were answered: as much of each dialog as it takes to end it from here, with a BYE to both sides (product E4).  Requests inside a
 * dialog find their way without it; a front that was started anew is told by the keeper what the one before knew (dialog_text.h).
 */
#ifndef SIPD_SIP_DIALOG_H
#define SIPD_SIP_DIALOG_H

#include <stdbool.h>
#include <stdint.h>

#include "core/wire.h"
#include "sipd/sip/front.h"
#include "sipd/sip/sofia.h"
#include "sipd/sip/token.h"

struct branch;
struct dialogs;
struct passing;

/* One of the two: what the other one would write to end the call. */
struct dialog_side {
	struct span	uri;		/* its Contact */
	struct span	routes;		/* of proxies between it and us */
	struct span	self, other;	/* its From and the other's, values with their tags */
	struct hop	hop;
	uint32_t	cseq;		/* the highest that it sent */
};

struct dialog_sides {
	struct span		call_id;
	struct dialog_side	asker, answerer;
};

struct dialogs *dialogs_new(void);
void	dialogs_free(struct dialogs *);

/* A 2xx to an INVITE outside a dialog: tells the keeper that it is answered, too. */
void	dialog_add(struct front *, const struct passing *, const struct branch *, const sip_t *);
void	dialog_heard(struct front *, const sip_t *);		/* a request inside one: how far its side has counted */
/* A 2xx to an INVITE or UPDATE inside one: until when its session lasts (RFC 4028). */
void	dialog_refreshed(struct front *, const struct passing *, const sip_t *);
bool	dialog_is_ended_by(struct front *, const sip_t *bye);	/* false: it is to another phone that answered, too */
void	dialog_over(struct front *, struct span call_id);		/* its BYE was answered */
void	dialog_hang_up(struct front *, const struct wire_call *, int64_t now_ms);
void	dialogs_tell(struct front *);				/* the keeper, of each */

#endif
