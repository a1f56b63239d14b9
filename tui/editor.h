/*
 * A line of text under a cursor: UTF-8, wide characters, of bounded length.
 */
#ifndef TUI_EDITOR_H
#define TUI_EDITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EDITOR_MAX = 600 };

struct editor {
	char	text[EDITOR_MAX];
	size_t	n, at;		/* bytes, and the cursor's place among them */
	size_t	max;		/* bytes that it may hold */
};

void	editor_set(struct editor *, const char *text, size_t max);
bool	editor_insert(struct editor *, uint32_t code);	/* false when it is full or code is no text */
/* Editing keys: arrows, Home, End, BSpace, Del, C-a C-e C-u C-w.  false: not one of them. */
bool	editor_key(struct editor *, int key);
/* What to show in so many cells: start of the part around the cursor, and the cursor's cell in it. */
size_t	editor_window(const struct editor *, int cells, int *cursor);

#endif
