/*
 * The course of a request that is passed on: from the places that the keeper named, rank by rank, to its end, of which who asked, the keeper
 * and the list of calls are told.
 */
#ifndef SIPD_SIP_COURSE_H
#define SIPD_SIP_COURSE_H

#include "core/span.h"
#include "core/wire.h"
#include "sipd/sip/branch.h"
#include "sipd/sip/front.h"
#include "sipd/sip/passing.h"

void	course_go(struct front *, struct passing *, struct span targets, int64_t now_ms);	/* route_append()ed: copied */
void	course_go_on(struct front *, struct passing *, int64_t now_ms);	/* nobody is left who could answer: the next rank, or the end */
void	course_cancel(struct front *, struct passing *, int64_t now_ms);	/* whoever asked wants it no more */
/* All that could answer has: the best of it goes back (RFC 3261 section 16.7). */
void	course_answer(struct front *, struct passing *, int64_t now_ms);
/* Its final answer, which is not a 2xx, goes; text empty: one of ours; reason NULL: that of the best. */
void	course_finish(struct front *, struct passing *, uint32_t code, const char *reason, struct span text, int64_t now_ms);
/* What the keeper is to know of a call; who answered it dialog_add() tells. */
void	course_tell(struct front *, const struct passing *, enum call_state, uint32_t code, struct span reason);

#endif
