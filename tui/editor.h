/*
 * A line of text under a cursor, or several of them: UTF-8, wide characters, of bounded length.  What a person sees as one character
 * (a letter and its marks, an emoji of several parts) is one step of the cursor and goes as one.
 */
#ifndef TUI_EDITOR_H
#define TUI_EDITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EDITOR_MAX = 2100 };	/* any field's text fits */

struct editor {
	char	text[EDITOR_MAX];
	size_t	n, at;		/* bytes, and the cursor's place among them */
	size_t	max;		/* bytes that it may hold */
	size_t	left;		/* where the part that is shown begins */
	bool	lines;		/* a list: '\n' between its lines */
	bool	text_lines;	/* lines of a text: blank ones and commas are part of it */
};

void	editor_set(struct editor *, const char *text, size_t max);
bool	editor_insert(struct editor *, uint32_t code);	/* false when it is full or code is no text */
/* Editing keys: arrows, Home, End, BSpace, Del, C-a C-e C-u C-w C-k; Up and Down inside a list.  false: not one of them. */
bool	editor_key(struct editor *, int key);
/* What to show of the cursor's line in so many cells: the part around the cursor, and the cursor's cell in it. */
size_t	editor_window(struct editor *, int cells, bool ascii, int *cursor);

/* A list, "10.0.0.0/8, 192.0.2.1": a line an item while it is edited. */
void	editor_set_list(struct editor *, const char *list, size_t max);
size_t	editor_list(const struct editor *, char *buf, size_t size);	/* as it is stored: "10.0.0.0/8,192.0.2.1"; its length */
void	editor_set_text(struct editor *, const char *text, size_t max);	/* of several lines, stored as it is */
int	editor_lines(const struct editor *);				/* how many; at least 1 */
int	editor_line_at(const struct editor *);				/* which has the cursor */
const char *editor_line(const struct editor *, int line, size_t *n);	/* its text, not terminated */
void	editor_line_go(struct editor *, int line);
bool	editor_line_break(struct editor *);				/* begins a line at the cursor, unless an empty one is there */
void	editor_line_remove(struct editor *);
bool	editor_line_move(struct editor *, int step);			/* up (-1) or down (1); false at the end */

#endif
