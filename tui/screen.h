/*
 * The terminal: the only module that includes curses.h.  It draws safe text cut by cells, never a line or a box, and asks the terminal
 * after each frame whether it has arrived.
 */
#ifndef TUI_SCREEN_H
#define TUI_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

enum style { S_PLAIN, S_BOLD, S_DIM, S_REVERSE, S_OK, S_LAGGED, S_BAD, S_QR, S_QR_LIGHT, S_QR_DARK, S_STYLES };

enum { SCREEN_WHY = 160 };

int	screen_open(char why[SCREEN_WHY]);	/* 0, or -1 with why: no terminal */
void	screen_close(void);
void	screen_leave(void);			/* the terminal is as it was before, for lines of text, until */
void	screen_return(void);
void	screen_suspend(void);			/* C-z, and back */
void	screen_resize(void);			/* after SIGWINCH */
int	screen_rows(void);
int	screen_cols(void);
bool	screen_ascii(void);			/* the locale is not UTF-8 */
const char *screen_notice(void);		/* a word about the terminal's description, or NULL */

void	screen_begin(bool dim);			/* an empty frame; dim: what it shows is old */
/* Safe text at row and column in at most so many cells; a longer one ends with '>'.  Returns the cells it took. */
int	screen_put(int row, int col, int cells, enum style, const char *text);
/* Raw text from anywhere: made safe first. */
int	screen_put_raw(int row, int col, int cells, enum style, const char *text);
/* Safe text in so many whole rows at most, cut between words. */
void	screen_put_rows(int row, int rows, enum style, const char *text);
/* How many bytes of safe text fit in a line of so many cells, without cutting a word that fits in one. */
size_t	screen_line(const char *text, int cells);
void	screen_blank(int row);
void	screen_cursor(int row, int col);	/* where the cursor rests: on the row, for braille and speech */
void	screen_end(bool redraw);		/* sends what changed; redraw: everything */
void	screen_answered(void);			/* the terminal said that a frame has arrived */
size_t	screen_copy(const char *text);		/* to the terminal's clipboard (OSC 52); returns the bytes copied */

#endif
