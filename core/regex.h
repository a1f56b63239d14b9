/*
 * Lucene's regular expressions, with all its optional operators, as a deterministic automaton over code points:
 *
 *	a|b  a&b  ab  a?  a*  a+  a{n} a{n,} a{n,m}  ~a (anything but a)  [a-z] [^a-z]  .  # (nothing)  @ (any string)
 *	"literal"  ()  <n-m> (a number in that range)  \c
 *
 * A match is of the whole word and takes one step a code point.  What making one may cost is bounded.
 */
#ifndef CORE_REGEX_H
#define CORE_REGEX_H

#include <stdint.h>

#include "core/span.h"

struct regex;

/*
 * 0, -ENOMEM, or ERR_INVALID with why for a person and *at, the byte where the fault is.  *work: what making it may still cost
 * (regex_fa.h).
 */
int	regex_new(struct regex **, struct span text, uint32_t *work, size_t *at, char *why, size_t size);
void	regex_free(struct regex *);
bool	regex_matches(const struct regex *, const char *word, size_t n);
size_t	regex_prefix(const struct regex *, char *buf, size_t size);	/* what every match begins with; its length */

#endif
