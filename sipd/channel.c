/*
 * Channels.  What was read lies in one buffer of fixed size, in which frames are handed over where they lie; what is to be written
 * is appended to one buffer that grows up to CHANNEL_QUEUE_MAX and gives its memory back when a burst is over.
 */
#include "sipd/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/err.h"

enum {
	FRAME_MAX = 4 + WIRE_MAX,
	IN_SIZE = 2 * FRAME_MAX,	/* a whole frame always fits behind what is left of the last read */
	OUT_SIZE = 2 * FRAME_MAX,	/* at first, and again after a burst */
	OUT_KEEP = 4 * 1024 * 1024,	/* an empty buffer that is larger is given back */
};

struct channel {
	int			 fd;
	channel_frame_fn	 on_frame;
	channel_gone_fn		 on_gone;
	void			*arg;
	bool			 dead, reported;
	int			 why;		/* it is dead */
	unsigned		 busy;		/* callbacks that we are in */
	bool			 free_later;	/* a callback freed the channel */
	uint8_t			*in;
	size_t			 in_n;
	uint8_t			*out;
	size_t			 out_at, out_n, out_size;	/* bytes from out_at to out_n wait */
};

struct channel *
channel_new(int fd, channel_frame_fn on_frame, channel_gone_fn on_gone, void *arg)
{
	struct channel	*ch = calloc(1, sizeof *ch);
	int		 flags = fcntl(fd, F_GETFL);

	if (ch == NULL || flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		goto fail;
	ch->in = malloc(IN_SIZE);
	ch->out = malloc(OUT_SIZE);
	if (ch->in == NULL || ch->out == NULL)
		goto fail;
	ch->out_size = OUT_SIZE;
	ch->fd = fd;
	ch->on_frame = on_frame;
	ch->on_gone = on_gone;
	ch->arg = arg;
	return ch;
fail:
	if (ch != NULL) {
		free(ch->in);
		free(ch->out);
	}
	free(ch);
	close(fd);
	return NULL;
}

void
channel_free(struct channel *ch)
{
	if (ch == NULL)
		return;
	if (ch->busy > 0) {
		ch->dead = ch->reported = ch->free_later = true;
		return;
	}
	close(ch->fd);
	free(ch->in);
	free(ch->out);
	free(ch);
}

int
channel_fd(const struct channel *ch)
{
	return ch->fd;
}

bool
channel_wants_write(const struct channel *ch)
{
	return !ch->dead && ch->out_n > ch->out_at;
}

static void
die(struct channel *ch, int why)
{
	if (ch->dead)
		return;
	ch->dead = true;
	ch->why = why;
}

/* Last act of channel_read() and channel_flush(): the channel may be gone after it. */
static void
leave(struct channel *ch)
{
	if (ch->dead && !ch->reported) {
		ch->reported = true;
		ch->on_gone(ch->arg, ch->why);
	}
	if (--ch->busy == 0 && ch->free_later)
		channel_free(ch);
}

/* Hands over every whole frame and moves the rest to the front. */
static void
take_frames(struct channel *ch)
{
	struct frame	f;
	size_t		at = 0;
	int		len = 0;

	while (!ch->dead && (len = frame_parse(&f, ch->in + at, ch->in_n - at)) > 0) {
		at += (size_t)len;
		ch->on_frame(ch->arg, &f);
	}
	if (len < 0)
		die(ch, len);
	ch->in_n -= at;
	if (at > 0 && ch->in_n > 0)
		memmove(ch->in, ch->in + at, ch->in_n);
}

/* One read a call: others in the loop get their turn, and a level-triggered poll comes back for the rest. */
void
channel_read(struct channel *ch)
{
	ssize_t	n;

	ch->busy++;
	if (!ch->dead) {
		n = read(ch->fd, ch->in + ch->in_n, IN_SIZE - ch->in_n);
		if (n > 0) {
			ch->in_n += (size_t)n;
			take_frames(ch);
		} else if (n == 0) {
			die(ch, 0);
		} else if (errno != EAGAIN && errno != EINTR) {
			die(ch, errno == ECONNRESET ? 0 : -errno);
		}
	}
	leave(ch);
}

/* An empty buffer starts over, and one that a burst made large is given back. */
static void
out_emptied(struct channel *ch)
{
	uint8_t	*small;

	ch->out_at = ch->out_n = 0;
	if (ch->out_size > OUT_KEEP && (small = malloc(OUT_SIZE)) != NULL) {
		free(ch->out);
		ch->out = small;
		ch->out_size = OUT_SIZE;
	}
}

void
channel_flush(struct channel *ch)
{
	ssize_t	n;

	ch->busy++;
	while (!ch->dead && ch->out_n > ch->out_at) {
		n = send(ch->fd, ch->out + ch->out_at, ch->out_n - ch->out_at, MSG_NOSIGNAL);
		if (n > 0)
			ch->out_at += (size_t)n;
		else if (n < 0 && errno == EAGAIN)
			break;
		else if (n < 0 && errno != EINTR)
			die(ch, errno == EPIPE || errno == ECONNRESET ? 0 : -errno);
	}
	if (ch->out_at == ch->out_n)
		out_emptied(ch);
	leave(ch);
}

/* Makes room for the largest frame behind what waits. */
static int
out_reserve(struct channel *ch)
{
	size_t	 waiting = ch->out_n - ch->out_at;
	uint8_t	*bigger;

	if (ch->out_size - ch->out_n >= FRAME_MAX)
		return 0;
	if (ch->out_at >= waiting && ch->out_size - waiting >= FRAME_MAX) {	/* what moves is less than what was sent */
		memcpy(ch->out, ch->out + ch->out_at, waiting);
		ch->out_n = waiting;
		ch->out_at = 0;
		return 0;
	}
	if (waiting + FRAME_MAX > CHANNEL_QUEUE_MAX)
		return ERR_BUSY;
	if ((bigger = malloc(2 * ch->out_size)) == NULL)
		return ERR_BUSY;
	memcpy(bigger, ch->out + ch->out_at, waiting);
	free(ch->out);
	ch->out = bigger;
	ch->out_size *= 2;
	ch->out_n = waiting;
	ch->out_at = 0;
	return 0;
}

/* A queue that is full kills the channel; the next channel_flush() or channel_read() reports it. */
int
channel_send(struct channel *ch, enum wire_type type, uint64_t id, const void *record)
{
	int	n;

	if (ch->dead)
		return ERR_BUSY;
	if (out_reserve(ch) != 0) {
		die(ch, ERR_BUSY);
		return ERR_BUSY;
	}
	if ((n = frame_make(type, id, record, ch->out + ch->out_n, ch->out_size - ch->out_n)) < 0)
		return n;
	ch->out_n += (size_t)n;
	return 0;
}
