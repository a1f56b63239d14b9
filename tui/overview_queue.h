/*
 * The message queue on Overview: a box of counts, and where the screen is large those that wait longest.
 */
#ifndef TUI_OVERVIEW_QUEUE_H
#define TUI_OVERVIEW_QUEUE_H

#include <stdbool.h>

#include "tui/app.h"

enum { OVERVIEW_SMALL_ROWS = 20 };	/* with fewer, a box is its heading, or little more */

/* Both return the row below.  brief: without deliveries a minute. */
int	overview_queue_paint(struct console *, int row, int col, bool brief);
int	overview_waiting_paint(struct console *, int row, int lines, bool active);

#endif
