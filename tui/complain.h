/*
 * What a person is told on standard error: one line that begins with the program's name, safe for a
 * terminal.
 */
#ifndef TUI_COMPLAIN_H
#define TUI_COMPLAIN_H

/* Returns status, so that a caller can end with it. */
int	complain(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
