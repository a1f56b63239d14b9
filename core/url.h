/*
 * An http or https URL, taken apart for a request to it.
 */
#ifndef CORE_URL_H
#define CORE_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { URL_HOST = 254, URL_PATH = 2049, URL_USER = 257 };

struct url {
	bool		https;
	char		host[URL_HOST];		/* a name or an address, without [] */
	uint16_t	port;			/* the scheme's where none is given */
	bool		port_given;
	char		user[URL_USER];		/* "name:password" before the @, escapes undone; "" without */
	char		path[URL_PATH];		/* with the query; "/" where there is none */
};

/* 0, or ERR_INVALID with why: what is wrong, as "is not …" or "holds …". */
int	url_parse(struct url *, const char *text, char *why, size_t size);

#endif
