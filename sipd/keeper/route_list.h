/*
 * The places that a request may go to, as they are gathered: struct route_target one behind the other.
 */
#ifndef SIPD_KEEPER_ROUTE_LIST_H
#define SIPD_KEEPER_ROUTE_LIST_H

#include <stdbool.h>

#include "core/wire.h"

enum { ROUTE_LIST_MAX = 64 * 1024 };

struct route_list {
	size_t	n, count;
	uint8_t	bytes[ROUTE_LIST_MAX];
};

bool	route_list_add(struct route_list *, const struct route_target *);	/* copies; false: there are too many */
void	route_list_sort(struct route_list *);				/* by rank; equal ones stay as they came */
struct span route_list_span(const struct route_list *);

#endif
