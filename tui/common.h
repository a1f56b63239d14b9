/*
 * Actions that every pane has: screens, menus, the palette, times, export, copy.
 */
#ifndef TUI_COMMON_H
#define TUI_COMMON_H

#include "tui/app.h"

/* Performs an action on the current pane: the pane first, its list next, then what all panes share. */
void	common_perform(struct console *, const struct action_row *);

#endif
