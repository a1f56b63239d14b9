/*
 * The palette: any action of the table by its name, with completion and what was typed before.
 */
#ifndef TUI_PALETTE_H
#define TUI_PALETTE_H

struct console;

void	palette_open(struct console *);

#endif
