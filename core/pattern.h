/*
 * A pattern: a test of one word, as the query language's wildcards, fuzzy terms, ranges and regular expressions make it.
 * Words come from the analyser (words.h) and are in lower case already; patterns are compared as they are.
 */
#ifndef CORE_PATTERN_H
#define CORE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/span.h"

struct pattern;		/* on the heap; what it is made from is copied */

/* What a word is to a pattern; _PAST: nor does any word after it (in byte order) match. */
enum pattern_is { PATTERN_NO, PATTERN_YES, PATTERN_PAST };

/* Each returns NULL when out of memory, else a pattern to be freed. */
struct pattern *pattern_prefix(struct span);
struct pattern *pattern_wildcard(struct span);		/* * ? and \ before what is to stand for itself */
struct pattern *pattern_fuzzy(struct span, int edits);	/* insertions, deletions, changes, transpositions; 0 to 2 */

/* from.s NULL: open below; to.s NULL: open above. */
struct pattern *pattern_range(struct span from, bool with_from, struct span to, bool with_to);

/* 0, -ENOMEM, or ERR_INVALID with why and *at, the byte of the expression where the fault is; *work as regex_new's. */
int	pattern_regex(struct pattern **, struct span, uint32_t *work, size_t *at, char *why, size_t size);
void	pattern_free(struct pattern *);

enum pattern_is pattern_is(const struct pattern *, const char *word, size_t n);

/* Where a search through sorted words begins; and what every word that matches begins with.  Either may be empty. */
struct span pattern_first(const struct pattern *);
struct span pattern_head(const struct pattern *);

#endif
