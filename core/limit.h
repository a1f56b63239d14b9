/*
 * Requests per second and source, counted before anything is parsed deeply: token buckets in a table of fixed size.
 */
#ifndef CORE_LIMIT_H
#define CORE_LIMIT_H

#include <stdbool.h>

#include "core/addr.h"
#include "core/span.h"

struct limits;

enum { KNOWN_TIMES = 100, KNOWN_MAX = 8192 };

struct limits *limits_new(uint32_t per_second, uint32_t burst);	/* per_second 0: no limit */
void	limits_free(struct limits *);
void	limits_set(struct limits *, uint32_t per_second, uint32_t burst);
/* Sources that may send KNOWN_TIMES as much: an access list (addr.h). */
void	limits_know(struct limits *, struct span sources);
bool	limits_take(struct limits *, const struct addr *, int64_t now_ms);	/* false: over the limit */

#endif
