/*
 * The text of a SIP message for eyes (product G6): what it is about, and a copy without its body and without what would let somebody who
 * reads it be another: answers to challenges, nonces, passwords in URIs.  Any bytes may come in.
 *
 * A line ends with CR LF, LF or CR alone; one that begins with a blank goes on from the line before.  What is not understood is left out.
 */
#ifndef CORE_SIPTEXT_H
#define CORE_SIPTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/span.h"

/* Borrowed from the text; what is absent is empty. */
struct siptext {
	uint32_t	code;		/* of an answer; 0: a request */
	struct span	first;		/* the first line */
	struct span	method;		/* of the request, or that is answered (CSeq) */
	struct span	uri_user, from_user, to_user;	/* escapes as they were sent */
	struct span	credentials;	/* username of the first Authorization or Proxy-Authorization */
	struct span	call_id, content_type;
	uint32_t	cseq;
	size_t		body;		/* bytes behind the headers */
};

/* false: there is no first line of SIP. */
bool	siptext_scan(const char *text, size_t n, struct siptext *);

/* The first line and the headers, a line feed behind each, cut between lines where room ends: *cut.  Returns the bytes written. */
size_t	siptext_redact(const char *text, size_t n, char *out, size_t size, bool *cut);

/* Whether a user part, which may be escaped (RFC 3261 section 19.1.2), is that name. */
bool	siptext_is_user(struct span user, const char *name);

#endif
