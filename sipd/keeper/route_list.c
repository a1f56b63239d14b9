#include "sipd/keeper/route_list.h"

#include <string.h>

bool
route_list_add(struct route_list *l, const struct route_target *to)
{
	int	n = l->count == ROUTES_MAX ? -1 : route_append(l->bytes, l->n, sizeof l->bytes, to);

	if (n < 0)
		return false;
	l->n = (size_t)n;
	l->count++;
	return true;
}

struct span
route_list_span(const struct route_list *l)
{
	return (struct span){ (const char *)l->bytes, l->n };
}

void
route_list_sort(struct route_list *l)
{
	struct route_target	all[ROUTES_MAX];
	struct span		left = route_list_span(l);
	struct route_list	sorted = { .n = 0 };
	size_t			n = 0;

	while (n < ROUTES_MAX && route_next(&left, &all[n]) == 1)
		n++;
	for (size_t i = 1; i < n; i++)
		for (size_t j = i; j > 0 && all[j].rank < all[j - 1].rank; j--) {
			struct route_target	other = all[j];

			all[j] = all[j - 1];
			all[j - 1] = other;
		}
	for (size_t i = 0; i < n; i++)
		(void)route_list_add(&sorted, &all[i]);
	memcpy(l->bytes, sorted.bytes, sorted.n);
	l->n = sorted.n;
}
