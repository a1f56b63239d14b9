/*
 * What the command line does as well, from the console: the terminal is left to it meanwhile, so that it shows its progress and faults
 * line by line and Ctrl-C ends it, over a connection of its own.
 */
#ifndef TUI_BARE_H
#define TUI_BARE_H

struct client;
struct console;

/* name: a file, as it was typed; "": nothing is done. */
void	bare_run(struct console *, const char *name, int (*run)(struct client *, const char *file));

#endif
