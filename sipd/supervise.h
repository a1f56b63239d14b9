/*
 * The supervisor: starts the daemon's processes, gives them their channels and their configuration, starts again what dies, hears
 * signals and tells the service manager.  It serves nobody else and reads nothing from the network.
 */
#ifndef SIPD_SUPERVISE_H
#define SIPD_SUPERVISE_H

#include "sipd/boot.h"

/* A process of the daemon.  The first row is started first and stopped last, after all others are gone. */
struct process_row {
	enum process	process;
	int		(*main)(struct boot *);
	bool		files;		/* gets what settings_files() has for it */
	bool		prompts;	/* gets the announcements */
};

struct supervise {
	const char			*file;	/* of the configuration */
	bool				 debug;
	const struct process_row	*rows;
	size_t				 n_rows;
};

/* Returns the exit status of the daemon. */
int		supervise(const struct supervise *);

/* How long a process that died so many times in a row waits to be started again, in ms. */
unsigned	supervise_delay_ms(unsigned deaths);

#endif
