/*
 * Phrases: words in a row, or near each other ("a b"~3), decided as Lucene's sloppy phrases are.
 */
#ifndef CORE_PHRASE_H
#define CORE_PHRASE_H

#include <stdint.h>

#include "core/span.h"

/*
 * Whether the words stand in text in their order, or, with slop, by so many places off it in all: how far the places that the
 * first word would have, judged from where each word stands, are from each other.  A word that is asked for twice must stand there
 * twice.
 */
bool	phrase_matches(const struct span *words, size_t n, uint32_t slop, const struct span *text, size_t n_text);

#endif
