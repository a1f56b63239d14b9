/*
 * Prefixes of numbers: a list that says which numbers go through a trunk, or may be called by a group.
 */
#ifndef CORE_PREFIX_H
#define CORE_PREFIX_H

#include <stddef.h>

/* "+39, 00, *": digits with an optional leading +, separated by commas; * is every number.  0, or ERR_INVALID with the item. */
int	prefixes_check(const char *list, char *why, size_t size);
/* The longest of them that the number begins with: its length, 0 for *, -1 for none.  A list that is empty has none. */
int	prefixes_match(const char *list, const char *number);

#endif
