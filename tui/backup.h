/*
 * `backup FILE`: the daemon's copy of its store, written under a temporary name beside FILE and renamed when it is whole and on disk.
 * Whatever ends it before leaves nothing (wirechief-protocol(7) "Backup").
 */
#ifndef TUI_BACKUP_H
#define TUI_BACKUP_H

#include <stdbool.h>

struct client;
struct console;

/* The exit status.  The greeting has been read.  file "-": standard output.  over: an existing file is replaced. */
int	backup_run(struct client *, const char *file, bool over, bool json);

/* From the console: which file; then the same, on the bare terminal. */
void	backup_ask(struct console *);

#endif
