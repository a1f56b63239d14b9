/*
 * A filter: which rows of a list are wanted, in the query language (core/query.h).  A value: copied freely, but each lasting copy holds
 * the query (filter_hold) and lets go of it (filter_clear).
 */
#ifndef SIPD_KEEPER_FILTER_H
#define SIPD_KEEPER_FILTER_H

#include <stdbool.h>

#include "core/field.h"
#include "sipd/keeper/edit.h"

struct match;
struct query;

struct filter {
	struct query	*query;		/* NULL: every row */
};

/* 0, or a fault at `field` with the column of the query where it is.  Text that is empty or blank lets everything through. */
int	filter_parse(struct filter *, const struct kind *, const char *text, const char *field, struct fault *);
/* What a person should know of a filter that is right, and still not what he meant: it names a field that there is not.  Or "". */
const char *filter_note(const struct filter *, char *buf, size_t size);
void	filter_hold(struct filter *);
void	filter_clear(struct filter *);

/* room: for the words of the row, made when first needed and used again (core/match.h). */
bool	filter_matches(const struct filter *, struct match **room, const void *record, const struct refs *);

/* A quick look at an encoded record, not decoded yet: false if it can't match. */
bool	filter_may_match(const struct filter *, const void *bytes, size_t n);
bool	filter_eq(const struct filter *, const struct filter *);

#endif
