/*
 * Calls that were answered: as much of each dialog as it takes to end it from here, with a BYE to both sides (product E4).  Requests inside a
 * dialog find their way without it; a front that was started anew knows of none.
 */
#ifndef SIPD_SIP_DIALOG_H
#define SIPD_SIP_DIALOG_H

#include <stdint.h>

#include "core/wire.h"
#include "sipd/sip/front.h"
#include "sipd/sip/sofia.h"

struct branch;
struct dialogs;
struct passing;

struct dialogs *dialogs_new(void);
void	dialogs_free(struct dialogs *);

/* A 2xx to an INVITE outside a dialog. */
void	dialog_add(struct front *, const struct passing *, const struct branch *, const sip_t *);
void	dialog_heard(struct front *, const sip_t *);		/* a request inside one: how far its side has counted */
void	dialog_over(struct front *, struct span call_id);		/* its BYE was answered */
void	dialog_hang_up(struct front *, const struct wire_call *, int64_t now_ms);
size_t	dialogs_count(const struct dialogs *);

#endif
