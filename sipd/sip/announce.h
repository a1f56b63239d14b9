/*
 * Spoken announcements (product E3): before its call is refused, who calls from a disabled account, or calls one, hears that it is so, in
 * early media: 183 with an answer to what it offered, a prompt (sipd/prompts.h), and only then the 403.  Whoever offers nothing that could be
 * spoken on, or comes when too many hear already, gets the 403 at once.  Error-Info in it names the same prompt, where there is a URL of it.
 */
#ifndef SIPD_SIP_ANNOUNCE_H
#define SIPD_SIP_ANNOUNCE_H

#include <stddef.h>
#include <stdint.h>

#include "core/wire.h"
#include "sipd/sip/front.h"
#include "sipd/sip/passing.h"

struct announcements;

struct announcements *announcements_new(void);	/* NULL: no memory, or libsrtp2 does not work; before the sandbox is entered */
void	announcements_free(struct announcements *);
void	announcements_load(struct announcements *, int memfd);	/* ORDER_PROMPTS: takes it */

/* Refuses a request as the keeper says; its announcement, if it has one, goes before. */
void	announce_refusal(struct front *, struct passing *, const struct register_answer *, int64_t now_ms);

void	announce_turn(struct front *, int64_t now_ms);		/* speaks what is due */
int64_t	announce_next_at(const struct front *);

#endif
