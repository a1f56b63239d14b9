/*
 * What was typed before, the newest first: Up fetches an older line, Down a newer one and at last what was being typed.
 */
#ifndef TUI_RECALL_H
#define TUI_RECALL_H

#include <stdbool.h>

#include "tui/editor.h"

enum { RECALL_LINES = 16, RECALL_LINE = 600 };

struct recall {
	char	lines[RECALL_LINES][RECALL_LINE];
	char	typed[RECALL_LINE];	/* before the first Up */
	int	n, at;			/* at: the line that was fetched, -1 none */
};

void	recall_begin(struct recall *);			/* a new line is being typed */
void	recall_add(struct recall *, const char *line);	/* it was used; "" is not kept, nor what is kept already */
bool	recall_key(struct recall *, struct editor *, int key);	/* Up and Down; false: another key */

#endif
