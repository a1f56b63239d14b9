/*
 * A backup put in the store's place while no daemon serves: what `wirechief restore` runs, as the console's program knows neither store
 * nor configuration.
 */
#ifndef SIPD_RESTORE_H
#define SIPD_RESTORE_H

#include <stdbool.h>

struct restore {
	const char	*conf_name;	/* of the daemon's configuration: where the store is */
	const char	*file;		/* of the backup; "-": standard input */
	bool		 over;		/* there may be a store: it is kept under another name */
};

/* Says on standard error what was done, or why nothing was.  The exit status (sipd/keeper/restore.c). */
int	restore_main(const struct restore *);

#endif
