/*
 * The command line: every command is a row of core/command.c; this module turns its words into a request and the reply into text or JSON.
 */
#ifndef TUI_CLI_H
#define TUI_CLI_H

#include <stdbool.h>

enum { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_UNREACHED = 3 };

int	cli_main(const char *socket, bool json, int argc, char **argv);	/* argv from the noun on; returns the exit status */
int	cli_help(int argc, char **argv);				/* of all, or of the command that the words name */

#endif
