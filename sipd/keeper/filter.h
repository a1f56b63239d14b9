/*
 * A filter: words that must all be found in a record, case folded; "word" in any field that is FF_SEARCH,
 * "field:word" in that one.
 */
#ifndef SIPD_KEEPER_FILTER_H
#define SIPD_KEEPER_FILTER_H

#include <stdbool.h>

#include "core/field.h"

enum { FILTER_WORDS = 16, FILTER_TEXT = 256 };

struct filter {
	const struct kind	*kind;
	size_t			 n;
	struct {
		const struct field	*field;		/* NULL: any that is searched */
		/* ASCII, to be found in fields that are stored as they are written */
		bool			 in_bytes;
		char			 text[FILTER_TEXT];	/* folded */
	} words[FILTER_WORDS];
};

/* 0, or ERR_INVALID and why: a word too long, too many of them. */
int	filter_parse(struct filter *, const struct kind *, const char *text, char *why, size_t size);
bool	filter_matches(const struct filter *, const void *record, const struct refs *);

/* A quick look at an encoded record, not decoded yet: false if it can't match. */
bool	filter_may_match(const struct filter *, const void *bytes, size_t n);
bool	filter_eq(const struct filter *, const struct filter *);

#endif
