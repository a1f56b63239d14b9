/*
 * A command's words after its name as the arguments of a request, by the shape that its row gives.
 */
#ifndef TUI_ARGS_H
#define TUI_ARGS_H

#include <jansson.h>
#include <stdbool.h>

#include "core/command.h"

struct args {
	json_t	*request;	/* filled in; the caller's */
	bool	 yes;		/* --yes was given */
	bool	 qr;		/* --qr */
	const char *file;	/* of a backup */
	const char *config;	/* of the daemon, NULL: where it is by itself */
};

/* 0, or the exit status after the fault was told.  A password is asked for here. */
int	args_take(const struct command *, int argc, char **argv, struct args *);

#endif
