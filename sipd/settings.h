/*
 * What the supervisor reads from files, as its processes get it: the configuration, its text and the PEM files of TLS and the
 * system's files of names in memfds.
 */
#ifndef SIPD_SETTINGS_H
#define SIPD_SETTINGS_H

#include "sipd/boot.h"

struct settings {
	struct config	conf;
	int		text_fd;
	int		pem_fds[BOOT_FDS];	/* certificate, key, client CA; -1 where there is none */
	int		files_fds[BOOT_FDS];	/* of ORDER_FILES; -1 where there is none */
};

/*
 * All or nothing: 0, or a negative code with why = "FILE:LINE: what is wrong" or "FILE: tls.key: PEM: what is wrong".  The PEM files
 * are read where a tls: listener is configured, and checked to be whole and to belong together.  Of the system's files one that is not
 * there is no fault.
 */
int	settings_load(struct settings *, const char *file, char *why, size_t size);
void	settings_close(struct settings *);

#endif
