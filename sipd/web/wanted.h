/*
 * What a request comes to: a question to the keeper, or an answer at once.  Neither its Host nor anything else that a stranger may choose
 * finds its way into an address of ours.
 */
#ifndef WEB_WANTED_H
#define WEB_WANTED_H

#include "core/http.h"
#include "core/wire.h"

enum { BODY_MAX = 8192, WEB_KEY_MAX = 256 };

struct wanted {
	bool		head;		/* HEAD: the answer has no body */
	bool		data;		/* a program asks, not a browser: troubles are JSON, not pages */
	const char	*allow;		/* with "method": what may be done there */
	const char	*text;		/* not NULL: a few words that are the whole answer */
	const char	*trouble;	/* not NULL: the answer, of core/web.h */
	struct web_ask	ask;		/* else: for the keeper */
	char		key[WEB_KEY_MAX];
};

/* The head is whole, and so is body.  What it borrows is theirs. */
void	wanted_take(struct wanted *, const struct http_head *, struct span body);

/* The trouble's name for a status of http_request_parse() and http_body_length(). */
const char *wanted_trouble(unsigned code);

#endif
