/*
 * A channel: frames (core/wire.h) over a socketpair between two processes of ours.  It belongs to no loop: whoever has one polls
 * channel_fd(), calls channel_read() when readable, channel_flush() at the end of each turn and when writable.  Many frames go out in
 * one write.  A channel that ends or breaks the format reports once and is then dead.
 */
#ifndef SIPD_CHANNEL_H
#define SIPD_CHANNEL_H

#include <stdbool.h>

#include "core/wire.h"

struct channel;

enum { CHANNEL_QUEUE_MAX = 64 * 1024 * 1024 };	/* bytes that wait to be written; more kills the channel */

/* The frame is borrowed until the function returns. */
typedef void	(*channel_frame_fn)(void *arg, const struct frame *);
/* rc: 0 the other end closed, -errno, ERR_CORRUPT, ERR_BUSY (the queue was full). */
typedef void	(*channel_gone_fn)(void *arg, int rc);

struct channel *channel_new(int fd, channel_frame_fn, channel_gone_fn, void *arg);	/* takes fd, makes it non-blocking */
void	channel_free(struct channel *);
int	channel_fd(const struct channel *);
bool	channel_wants_write(const struct channel *);
void	channel_read(struct channel *);
void	channel_flush(struct channel *);
/* Queues a frame.  0; ERR_TOO_LARGE; ERR_BUSY when dead or full. */
int	channel_send(struct channel *, enum wire_type, uint64_t id, const void *record);

#endif
