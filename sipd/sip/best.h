/*
 * The best of the answers that are not 2xx, kept until nobody is left who could give a better one (RFC 3261 section 16.7).
 */
#ifndef SIPD_SIP_BEST_H
#define SIPD_SIP_BEST_H

#include "sipd/sip/front.h"
#include "sipd/sip/passing.h"
#include "sipd/sip/sofia.h"

/* One more; sip NULL: there was none, and the code is our own word for that (408, 503). */
void	best_note(struct front *, struct passing *, uint32_t code, const sip_t *sip);
struct span best_text(struct front *, const struct passing *);	/* to be passed on, with the challenges of all; until the next text is made */
struct span best_reason(const struct passing *);		/* what it says for itself */

#endif
