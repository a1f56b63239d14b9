/*
 * The listening sockets of tcp: and tls: rows of the configuration.
 */
#ifndef STREAM_LISTEN_H
#define STREAM_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/addr.h"
#include "sipd/config.h"

struct event_base;
struct listeners;

/* Takes fd.  Returns false when no more connections can be taken now; the listeners then pause. */
typedef bool	(*listen_accept_fn)(void *arg, int fd, const struct addr *source, uint8_t transport);

/* Opens all of them, paused.  NULL with why = "tls:127.0.0.1:5061: Address already in use". */
struct listeners *listeners_open(struct event_base *, const struct config *, listen_accept_fn, void *arg, char *why, size_t size);
void	listeners_close(struct listeners *);
void	listeners_text(const struct listeners *, char *buf, size_t size);	/* "tcp:127.0.0.1:5060 tls:…", with the real ports */
void	listeners_pause(struct listeners *, bool);	/* connections wait in the kernel's queue */

/* Whether two configurations differ in what this process listens at. */
bool	listeners_differ(const struct config *, const struct config *);

#endif
