/*
 * `account import FILE`: reads the rows and sends them in parts, tells what is wrong with which line, commits, and waits until all
 * is applied (wirechief-protocol(7) "Import").
 */
#ifndef TUI_IMPORT_H
#define TUI_IMPORT_H

#include <stdbool.h>

struct client;
struct console;

/* The exit status.  The greeting has been read. */
int	import_run(struct client *, const char *file, bool json);

/* From the console: which file; then the same, on the bare terminal. */
void	import_ask(struct console *);

#endif
