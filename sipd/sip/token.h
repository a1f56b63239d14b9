/*
 * What our Record-Route says to ourselves: where one side of a dialog is.  A request inside the dialog brings it back as a Route, so nothing
 * has to be remembered for it and a front that was started anew still knows the way.  It is bound to the dialog's Call-ID by a secret:
 * nobody else can write one, and nobody can have us send to a third (product D7).
 */
#ifndef SIPD_SIP_TOKEN_H
#define SIPD_SIP_TOKEN_H

#include <stdbool.h>

#include "core/addr.h"
#include "core/span.h"

enum { TOKEN_KEY = 16, TOKEN_TEXT = 80 };

/* A side of a dialog. */
struct hop {
	struct addr	target;
	uint8_t		transport;	/* enum transport */
	uint64_t	flow;		/* of TCP and TLS */
	uint64_t	account, trunk;	/* whose device it is, or which trunk's; 0: the other */
	bool		srtp;		/* nothing else may be offered in this dialog */
};

void	token_make(const uint8_t key[TOKEN_KEY], const struct hop *, struct span call_id, char out[TOKEN_TEXT]);
/* false: not one that this key made for this Call-ID. */
bool	token_read(const uint8_t key[TOKEN_KEY], const char *text, struct span call_id, struct hop *);

#endif
