/*
 * "Did you mean": of the words that there are the one nearest to what was typed.  Case costs nothing; a letter put in, left out, changed
 * or swapped with its neighbour costs one.
 */
#ifndef CORE_NEAREST_H
#define CORE_NEAREST_H

#include <stdbool.h>
#include <stddef.h>

#include "core/field.h"

enum { NEAREST_WORD = 130 };

struct nearest {
	char	typed[NEAREST_WORD], best[NEAREST_WORD];	/* best: "" as long as none is near enough */
	size_t	far;						/* that far away, or nothing */
};

void	nearest_begin(struct nearest *, const char *typed);
void	nearest_try(struct nearest *, const char *word);

/* Of a kind's fields with one of these flags (0: any) and none of those: "; did you mean 'owner'?", or else "; there are" all of them. */
const char *nearest_field(const struct kind *, const char *typed, unsigned any_of, unsigned none_of, char *buf, size_t size);

#endif
