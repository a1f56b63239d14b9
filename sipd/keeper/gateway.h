/*
 * What an SMS gateway is asked and what its answer means: decisions over texts, without a socket.
 */
#ifndef SIPD_KEEPER_GATEWAY_H
#define SIPD_KEEPER_GATEWAY_H

#include "core/sms.h"
#include "core/wire.h"
#include "sipd/config.h"

enum { GATEWAY_URL = sizeof(((struct config *)NULL)->sms.url) + 3 * SMS_TEXT };

/* sms.url with number and text in their places, percent-encoded.  0, ERR_TOO_LARGE. */
int	gateway_url(const char *pattern, const char *number, const char *text, char *url, size_t size);

enum gateway_end {
	GATEWAY_SENT,
	GATEWAY_FAILED,		/* another time it may do */
	GATEWAY_REFUSED,	/* it said no: hardly ever does it say something else soon */
};

/* answer becomes what a person is to see of it: "403 Authorization failed"; nothing of sms.url's secrets, and no link. */
enum gateway_end gateway_judge(const struct config *, const struct wire_fetched *, char answer[SMS_ANSWER]);
/* The same of a program's: its exit status (below 0: it had no end), and the first line that it wrote to stderr. */
enum gateway_end gateway_judge_program(int status, const char *line, char answer[SMS_ANSWER]);

/* How long it waits after so many tries; a refused one longer. */
int64_t	gateway_delay_ms(const struct config *, uint32_t tries, enum gateway_end);

#endif
