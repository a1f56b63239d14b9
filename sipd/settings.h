/*
 * What the supervisor reads from files, as its processes get it: the configuration, and in memfds its text, the PEM files of TLS, the
 * system's files of names, the templates of pages, and announcements.
 */
#ifndef SIPD_SETTINGS_H
#define SIPD_SETTINGS_H

#include "sipd/boot.h"

/* What a process gets that meets strangers over TCP, in memfds; -1 where there is none. */
struct settings_files {
	int	pem_fds[BOOT_FDS];	/* of ORDER_TLS: certificate, key, client CA */
	int	names_fds[BOOT_FDS];	/* of ORDER_FILES */
	int	pages_fd;		/* of ORDER_PAGES: all templates, as templates_new() (core/template.h) takes them */
};

struct settings {
	struct config		conf;
	int			text_fd;
	struct settings_files	stream, web;
	int			prompts_fd;	/* of ORDER_PROMPTS; -1: there are none */
};

/*
 * All or nothing: 0, or a negative code with why = "FILE:LINE: what is wrong" or "FILE: tls.key: PEM: what is wrong".  The PEM files
 * are read where a tls: listener, or http.listen, is configured, and checked to be whole and to belong together; so are the templates.
 * Of the system's files one that is not there is no fault, nor are announcements that were not
 * installed, where the configuration names no folder of them.
 */
int	settings_load(struct settings *, const char *file, char *why, size_t size);
void	settings_close(struct settings *);
const struct settings_files *settings_files(const struct settings *, enum process);	/* NULL: it gets none */

#endif
