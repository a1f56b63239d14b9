/*
 * Asking the person at the terminal: yes or no, and passwords without echo.
 */
#ifndef TUI_ASK_H
#define TUI_ASK_H

#include <stdbool.h>
#include <stddef.h>

bool	ask_yes(const char *question);		/* only "y" or "yes" is */

/*
 * A password from standard input: typed twice without echo where that is a terminal, else one line.
 * 0, or ERR_INVALID with why.
 */
int	ask_password(char *buf, size_t size, char *why, size_t why_size);

#endif
