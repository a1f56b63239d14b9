/*
 * The text of answers.  What an answer repeats of its request (Via, From, To, Call-ID, CSeq) is written down while the request is
 * there; the rest is put before and behind it when the answer is known.
 */
#ifndef SIPD_SIP_ANSWER_H
#define SIPD_SIP_ANSWER_H

#include <stddef.h>

#include "core/wire.h"
#include "sipd/sip/buf.h"
#include "sipd/sip/sofia.h"
#include "sipd/sip/where.h"

enum { ANSWER_MAX = 32 * 1024 };

/* A Via that could not be parsed: its line can still be repeated.  NULL when there is none. */
const sip_header_t *answer_bad_via(const sip_t *);

/* RFC 3581's rport; libsofia's v_rport misses it where one line holds several Vias. */
bool	answer_wants_rport(const sip_via_t *);

/* The Vias: received= and rport= added to the topmost (RFC 3261 section 18.2.1, RFC 3581). */
void	answer_vias(struct text_buf *, const sip_t *, const struct where *);
/* The repeated headers, the To with our tag where it has none (RFC 3261 section 8.2.6.2). */
void	answer_echo(struct text_buf *, const sip_t *, const struct where *, const char *tag);

/* "Date: Sat, 21 Nov 2026 05:14:02 GMT\r\n". */
enum { ANSWER_DATE = 48 };
void	answer_date(char line[ANSWER_DATE], int64_t now_s);

/* Whole answers from the echo: of the keeper, and of our own with optional extra header lines ("Allow: …\r\n"). */
void	answer_register(struct text_buf *, struct span echo, const struct register_answer *, const char *date);
void	answer_message(struct text_buf *, struct span echo, const struct register_answer *);
void	answer_plain(struct text_buf *, struct span echo, int code, const char *reason, const char *extra);

#endif
