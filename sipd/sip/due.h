/*
 * What is due when: items 0 to n - 1, each with at most one time.  A heap, so that the next is known at once and nothing wakes for none.
 */
#ifndef SIPD_SIP_DUE_H
#define SIPD_SIP_DUE_H

#include <stdint.h>

struct due;

struct due *due_new(int32_t n);
void	due_free(struct due *);
void	due_set(struct due *, int32_t item, int64_t at_ms);	/* its time, or its new time */
void	due_clear(struct due *, int32_t item);			/* it may have none */
int32_t	due_first(const struct due *, int64_t *at_ms);		/* the item with the earliest time, or -1 */

#endif
