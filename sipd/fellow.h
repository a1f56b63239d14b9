/*
 * Another process of ours, for one whose loop is libevent's: the channel to it while it is there, and a row for each frame that it
 * may send.  Whatever else it sends is told in the log and dropped.
 */
#ifndef SIPD_FELLOW_H
#define SIPD_FELLOW_H

#include "sipd/boot.h"
#include "sipd/channel.h"

struct event;
struct event_base;

typedef void	(*fellow_take_fn)(void *arg, const struct frame *);

struct fellow {
	enum process		 process;
	struct channel		*channel;	/* NULL while it is away */
	const fellow_take_fn	*takers;	/* WIRE_TYPES of them; NULL: not its to send */
	/* It is gone, and channel NULL already; the old one is only good to compare with. */
	void			(*on_gone)(void *arg, struct channel *old);
	void			*arg;		/* of both */
	struct event		*readable, *writable;
};

/* Takes fd, an end of a pair, in place of the one before.  0, or -ENOMEM: logged, and it is away. */
int	fellow_open(struct fellow *, struct event_base *, int fd);
void	fellow_close(struct fellow *);
void	fellow_flush(struct fellow *);		/* at the end of each turn */

/* What any fellow may be told by the keeper: a WIRE_DEBUG. */
void	fellow_take_debug(void *arg, const struct frame *);

#endif
