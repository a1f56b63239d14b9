/*
 * A state for each kind of byte.  Lines end in CRLF, CR or LF, because libsofia, which reads the stream behind us, takes all three.
 */
#include "sipd/stream/framing.h"

#include <string.h>

enum { LENGTH_MAX = 1 << 30 };

enum state {
	BETWEEN,	/* messages */
	LINE,		/* first byte of a header line */
	NAME,
	VALUE,
	BLANK,		/* a CR ended the header; its LF may follow */
	BODY,
	RAW,
};

void
framing_init(struct framing *f)
{
	*f = (struct framing){ .state = BETWEEN };
}

bool
framing_is_between(const struct framing *f)
{
	return f->state == BETWEEN;
}

static size_t
feed_between(struct framing *f, uint8_t c, enum framing_what *what)
{
	static const char	ping[] = "\r\n\r\n";

	if (c != '\r' && c != '\n') {
		*f = (struct framing){ .state = VALUE, .messages = f->messages };	/* the start line, as any value */
		*what = FRAMING_PASS;
		return 0;
	}
	if (c == (uint8_t)ping[f->ping_n])
		f->ping_n++;
	else
		f->ping_n = c == '\r';
	*what = FRAMING_SKIP;
	if (f->ping_n == sizeof ping - 1) {
		f->ping_n = 0;
		*what = FRAMING_PING;
	}
	return 1;
}

/* A header line ended and is not continued. */
static void
line_done(struct framing *f)
{
	if (f->in_length) {
		if (!f->has_digits || (f->has_length && f->length != f->digits))
			f->nonsense = true;
		f->length = f->digits;
		f->has_length = true;
	}
	f->in_length = f->has_digits = f->digits_end = false;
	f->digits = 0;
	f->name_n = 0;
}

static void
message_done(struct framing *f)
{
	f->messages++;
	f->state = BETWEEN;
	f->ping_n = 0;
}

static void
header_done(struct framing *f)
{
	if (f->nonsense || !f->has_length) {
		f->state = RAW;
		return;
	}
	f->body_left = f->length;
	f->state = BODY;
	if (f->body_left == 0)
		message_done(f);
}

static void
name_end(struct framing *f)
{
	static const char	full[] = "content-length";

	f->in_length = (f->name_n == 1 && f->name[0] == 'l') ||
	    (f->name_n == sizeof full - 1 && memcmp(f->name, full, sizeof full - 1) == 0);
	f->state = VALUE;
}

/* Blanks, which may stand before the colon, do not count. */
static void
feed_name(struct framing *f, uint8_t c)
{
	if (c == ':') {
		name_end(f);
	} else if (c != ' ' && c != '\t') {
		if (f->name_n < FRAMING_NAME)
			f->name[f->name_n++] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
	}
}

static void
feed_length(struct framing *f, uint8_t c)
{
	bool	blank = c == ' ' || c == '\t';

	if (blank) {
		f->digits_end = f->has_digits;
	} else if (c < '0' || c > '9' || f->digits_end || f->digits > LENGTH_MAX / 10) {
		f->nonsense = true;
	} else {
		f->digits = f->digits * 10 + (uint32_t)(c - '0');
		f->has_digits = true;
	}
}

/* The first byte of a line: a blank continues the one before, an end of line ends the header. */
static void
feed_line(struct framing *f, uint8_t c)
{
	if (c == ' ' || c == '\t') {
		f->state = VALUE;
		feed_length(f, c);
		return;
	}
	line_done(f);
	if (c == '\r') {
		f->state = BLANK;
	} else if (c == '\n') {
		header_done(f);
	} else {
		f->state = NAME;
		feed_name(f, c);
	}
}

/* A byte of the header.  False: it is not of the header any more. */
static bool
feed_header(struct framing *f, uint8_t c)
{
	bool	lf_of_crlf = f->after_cr && c == '\n';

	f->after_cr = false;
	if (f->state == BLANK) {
		header_done(f);
		return c == '\n';
	}
	if (lf_of_crlf)
		return true;
	if (f->state == LINE) {
		feed_line(f, c);
	} else if (c == '\r' || c == '\n') {
		f->after_cr = c == '\r';
		f->state = LINE;
	} else if (f->state == NAME) {
		feed_name(f, c);
	} else if (f->in_length) {
		feed_length(f, c);
	}
	return true;
}

static bool
is_header(const struct framing *f)
{
	return f->state == LINE || f->state == NAME || f->state == VALUE || f->state == BLANK;
}

static size_t
feed_message(struct framing *f, const uint8_t *in, size_t n, enum framing_what *what)
{
	size_t	at = 0;

	*what = FRAMING_PASS;
	while (at < n && is_header(f)) {
		if (f->header_n == FRAMING_HEADER_MAX) {
			*what = FRAMING_FAIL;
			return n;
		}
		if (feed_header(f, in[at])) {
			f->header_n++;
			at++;
		}
	}
	if (f->state == RAW)
		return n;
	if (f->state == BODY && at < n) {
		size_t	part = n - at < f->body_left ? n - at : f->body_left;

		f->body_left -= (uint32_t)part;
		at += part;
		if (f->body_left == 0)
			message_done(f);
	}
	return at;
}

size_t
framing_feed(struct framing *f, const uint8_t *in, size_t n, enum framing_what *what)
{
	size_t	used = 0;

	while (used == 0) {	/* a byte may end a state without being of it */
		if (f->state == BETWEEN)
			used = feed_between(f, in[0], what);
		if (used == 0)
			used = feed_message(f, in, n, what);
	}
	return used;
}
