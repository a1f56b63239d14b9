/*
 * The control socket: where operators' programs talk to the daemon, one JSON object a line
 * (wirechief-protocol(7)).  Here is the door: who may come in, how many, and with which rights (product G3).
 * A connection is a peer (peer.h), what it asks a request (request.h).
 */
#ifndef SIPD_KEEPER_CONTROL_H
#define SIPD_KEEPER_CONTROL_H

#include <sys/queue.h>
#include <sys/types.h>

#include <stddef.h>

struct door;
struct imports;
struct jobs;
struct keeper;
struct indexing;
struct live;
struct peer;
struct status;
struct watches;

/* The parts that peers and their requests use. */
struct control {
	struct keeper		*keeper;
	struct jobs		*jobs;		/* job.h */
	struct live		*live;		/* live.h */
	struct watches		*watches;	/* watch.h */
	struct status		*status;	/* status.h */
	struct imports		*imports;	/* imports.h */
	struct indexing		*indexing;	/* indexing.h */
	TAILQ_HEAD(, peer)	 peers;
	size_t			 n_peers;
	struct door		*door;		/* the socket itself; NULL in tests that bring their own */
};

/* Opens conf.control.socket and serves it from keeper->base.  NULL with why: the socket is another daemon's, or can't be made. */
struct control *control_new(struct keeper *, char *why, size_t size);
void	control_free(struct control *);		/* ends every connection, takes the socket away */
void	control_reload(struct control *);	/* keeper->conf has changed: rights of connections to come */

#endif
