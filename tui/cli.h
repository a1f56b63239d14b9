/*
 * The command line: every command is a row of core/command.c; args.c makes a request of its words,
 * printer.c text or JSON of the answer.
 */
#ifndef TUI_CLI_H
#define TUI_CLI_H

#include <stdbool.h>

enum { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_UNREACHED = 3 };

/* argv from the noun on; returns the exit status. */
int	cli_main(const char *socket, bool json, int argc, char **argv);

#endif
