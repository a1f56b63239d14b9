/*
 * How the program is called: help for all, a noun or a command, and what to say to words that are no
 * command.  Everything is told from the table of commands and the kinds' fields.
 */
#ifndef TUI_USAGE_H
#define TUI_USAGE_H

#include "core/command.h"

/* The row that the first words name, and how many they are.  NULL: none. */
const struct command *usage_command(int argc, char **argv, int *words);

/* "account list", as a request's "do" has it. */
const char *usage_name(const struct command *, char *buf, size_t size);

/* These return the exit status. */
int	usage_help(int argc, char **argv);		/* on standard output: of all, of a noun, of a command */
/* what is wrong, and the command's form */
int	usage_error(const struct command *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int	usage_unknown(int argc, char **argv);		/* and the nearest that there is */

#endif
