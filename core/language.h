/*
 * Which of the languages that there are somebody wants: Accept-Language (RFC 3261 section 20.3, RFC 4647 by prefixes).
 */
#ifndef CORE_LANGUAGE_H
#define CORE_LANGUAGE_H

#include <stdbool.h>

#include "core/span.h"

enum { LANGUAGE = 16 };		/* room for a tag, "en", "it-CH", "zh-Hant-TW" */

bool	language_is_tag(const char *);		/* letters, digits and hyphens that begin with a letter, short enough */

/*
 * How much that header's value wants the language: its q in thousandths times 2, and 1 more where it was named as it is rather than by its first
 * part ("it" and "it-CH" serve each other).  0: it is not wanted.
 */
int	language_wanted(struct span accept, const char *language);

#endif
