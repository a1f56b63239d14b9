/*
 * What the machine's own files say of names, read from their texts: hosts(5) and the servers of resolv.conf(5).  The files themselves
 * are the supervisor's to read.  Lines that make no sense are passed over, as the system's own resolver does.
 */
#ifndef NET_HOSTS_H
#define NET_HOSTS_H

#include <stddef.h>

#include "core/addr.h"

enum { HOSTS_TEXT_MAX = 256 * 1024 };

/*
 * Addresses of a name in the text of hosts (NULL: there is none), in its order, at most max.  "localhost", and what ends so, is this
 * machine's own also where no line says it (RFC 6761 section 6.3).
 */
size_t	hosts_find(const char *text, const char *name, struct addr *out, size_t max);

/* The name servers in the text of resolv.conf, at most max; without any, this machine's own. */
size_t	hosts_servers(const char *text, struct addr *out, size_t max);

#endif
