/*
 * The head of an HTTP/1 message, read strictly: what two readers could understand differently is refused (request smuggling, RFC 9112
 * section 11.2).  Nothing is copied: spans are borrowed from the bytes that were given.
 */
#ifndef CORE_HTTP_H
#define CORE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/span.h"

enum { HTTP_FIELDS_MAX = 64, HTTP_LINE_MAX = 2048, HTTP_HEAD_MAX = 8192 };

struct http_field {
	struct span	name, value;		/* without blanks around it */
};

struct http_head {
	struct span		method, target;	/* of a request */
	unsigned		code;		/* of an answer */
	struct span		reason;
	unsigned		minor;		/* HTTP/1.minor */
	struct http_field	fields[HTTP_FIELDS_MAX];
	size_t			n_fields;
};

/* The length of the head, 0 if more bytes are needed, or the status that the request is to be answered with, negative: -400. */
long	http_request_parse(struct http_head *, const char *in, size_t n);
/* The same of an answer, whose lines may end in a bare LF; ERR_CORRUPT where it is no HTTP, ERR_TOO_LARGE. */
long	http_answer_parse(struct http_head *, const char *in, size_t n);

/* The value of the first field of that name, any case; s NULL: there is none. */
struct span	http_field(const struct http_head *, const char *name);
/* Whether a field whose values stand between commas has that one, any case. */
bool		http_field_has(const struct http_head *, const char *name, const char *value);

/* The length of a request's body; or, negative, the status to answer with: it is unclear, or over max. */
long	http_body_length(const struct http_head *, size_t max);

/* Takes the chunks off (RFC 9112 section 7.1), as far as they are there and fit out.  *end: the last one was there, or they make no sense. */
size_t	http_unchunk(const char *in, size_t n, char *out, size_t size, bool *end);

/* A parameter of Authorization: Digest, quotes taken off, from the text behind that word; s NULL: it is not there, or the text is no list. */
struct span	http_digest_param(struct span text, const char *name);

#endif
