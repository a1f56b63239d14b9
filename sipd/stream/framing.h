/*
 * Where messages begin and end on a stream, as far as keep-alives need it: between two messages CRLFs are keep-alives (RFC 5626
 * section 4.4.1), inside of one they belong to it.  Nothing is judged here: a message whose end can't be told (no Content-Length,
 * or one that is not a number) makes the rest of the stream raw, and the front says what is wrong with it.
 */
#ifndef STREAM_FRAMING_H
#define STREAM_FRAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FRAMING_HEADER_MAX = 64 * 1024, FRAMING_NAME = 15 };

enum framing_what {
	FRAMING_PASS,		/* bytes of a message */
	FRAMING_SKIP,		/* a keep-alive or a part of one */
	FRAMING_PING,		/* the same, and now CRLF is to be answered */
	FRAMING_FAIL,		/* a header that does not end within FRAMING_HEADER_MAX */
};

struct framing {
	uint8_t		state;			/* enum state in framing.c */
	uint8_t		ping_n;			/* bytes of CRLFCRLF seen */
	uint8_t		name_n;
	bool		after_cr;		/* an LF now ends the same line */
	bool		in_length;		/* the line, or the one that it continues, is Content-Length */
	bool		has_digits, digits_end;	/* of this Content-Length */
	bool		has_length, nonsense;	/* of the message */
	char		name[FRAMING_NAME];	/* of the header line, lower case */
	uint32_t	header_n;
	uint32_t	digits, length;
	uint32_t	body_left;
	uint64_t	messages;		/* that are complete */
};

void	framing_init(struct framing *);

/* Judges the start of in (n > 0): returns for how many bytes *what stands, at least 1. */
size_t	framing_feed(struct framing *, const uint8_t *in, size_t n, enum framing_what *what);
bool	framing_is_between(const struct framing *);	/* no message has begun */

#endif
