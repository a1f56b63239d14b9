/*
 * A borrowed run of bytes: how parsed text travels without being copied.  Who lends it says for how long.
 */
#ifndef CORE_SPAN_H
#define CORE_SPAN_H

#include <stdbool.h>
#include <stddef.h>

struct span {
	const char	*s;	/* not NUL-terminated; NULL when n is 0 and the thing is absent */
	size_t		 n;
};

struct span	span_of(const char *);
bool		span_is(struct span, const char *);	/* equal, byte for byte */
bool		span_is_nocase(struct span, const char *);
bool		span_eq(struct span, struct span);

/* Copies into buf as a C string, cutting to size - 1.  Returns false if it was cut or holds a NUL. */
bool		span_get(struct span, char *buf, size_t size);

#endif
