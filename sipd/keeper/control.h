/*
 * The control socket: where operators' programs talk to the daemon, one JSON object a line (wirechief-protocol(7)).  Here is the door:
 * who may come in, how many, and with which rights (product G3).  A connection is a peer (peer.h), what it asks a request (request.h).
 */
#ifndef SIPD_KEEPER_CONTROL_H
#define SIPD_KEEPER_CONTROL_H

#include <stddef.h>

struct control;
struct keeper;

/* Opens conf.control.socket and serves it from keeper->base.  NULL with why: the socket is another daemon's, or can't be made. */
struct control *control_new(struct keeper *, char *why, size_t size);
void	control_free(struct control *);		/* ends every connection, takes the socket away */
void	control_reload(struct control *);	/* keeper->conf has changed: rights of connections to come */

#endif
