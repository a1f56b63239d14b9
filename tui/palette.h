/*
 * The palette: any action of the table by its name, with completion and what was typed before.
 */
#ifndef TUI_PALETTE_H
#define TUI_PALETTE_H

struct console;

enum { PALETTE_LINES = 16, PALETTE_LINE = 40 };

struct palette {
	char	lines[PALETTE_LINES][PALETTE_LINE];	/* the newest first */
	int	n, at;					/* at: the line that Up has fetched, -1 none */
};

void	palette_open(struct console *);

#endif
