/*
 * The search box of a list, in line 2: what matches while it is typed, and where a query is wrong.
 */
#ifndef TUI_SEARCH_H
#define TUI_SEARCH_H

#include <stdbool.h>

struct console;
struct list;

enum { SEARCH_QUIET_MS = 500 };		/* a query that is still being typed is not wrong yet */

void	search_open(struct console *, struct list *);
bool	search_is_open(const struct list *);

#endif
