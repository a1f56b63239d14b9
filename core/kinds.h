/*
 * All kinds of record that an operator can name, in the order of the manual.
 */
#ifndef CORE_KINDS_H
#define CORE_KINDS_H

#include "core/field.h"

extern const struct kind *const	kinds[];	/* ends with NULL */

const struct kind *kind_named(const char *name);	/* borrowed; NULL if absent */

#endif
