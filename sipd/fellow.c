#include "sipd/fellow.h"

#include <errno.h>
#include <event2/event.h>

#include "core/err.h"
#include "core/log.h"

static void
on_frame(void *arg, const struct frame *frame)
{
	struct fellow	*f = arg;

	if (f->takers[frame->type] != NULL)
		f->takers[frame->type](f->arg, frame);
	else
		log_warn("%s sent a frame of type %d, which is not its to send", process_name(f->process), (int)frame->type);
}

static void
on_gone(void *arg, int rc)
{
	struct fellow	*f = arg;

	if (rc != 0)
		log_error("channel to %s: %s", process_name(f->process), err_text(rc));
	fellow_close(f);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct fellow	*f = arg;

	(void)fd, (void)what;
	channel_read(f->channel);
}

/* It only ends the wait: fellow_flush() comes at the end of the turn. */
static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
}

static void
let_go(struct fellow *f)
{
	if (f->readable != NULL)
		event_free(f->readable);
	if (f->writable != NULL)
		event_free(f->writable);
	f->readable = f->writable = NULL;
	f->channel = NULL;
}

int
fellow_open(struct fellow *f, struct event_base *base, int fd)
{
	struct channel	*ch;

	fellow_close(f);
	if ((ch = channel_new(fd, on_frame, on_gone, f)) != NULL) {
		f->channel = ch;
		f->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, f);
		f->writable = event_new(base, fd, EV_WRITE, on_writable, f);
		if (f->readable != NULL && f->writable != NULL && event_add(f->readable, NULL) == 0)
			return 0;
		let_go(f);
		channel_free(ch);
	}
	log_error("no memory for a channel");
	return -ENOMEM;
}

void
fellow_close(struct fellow *f)
{
	struct channel	*old = f->channel;

	if (old == NULL)
		return;
	let_go(f);
	f->on_gone(f->arg, old);
	channel_free(old);
}

void
fellow_flush(struct fellow *f)
{
	if (f->channel != NULL)
		channel_flush(f->channel);
	if (f->channel != NULL && channel_wants_write(f->channel))
		(void)event_add(f->writable, NULL);
}

void
fellow_take_debug(void *arg, const struct frame *frame)
{
	struct wire_debug	d;
	char			name[32];

	(void)arg;
	if (frame_decode(frame, &d) == 0 && span_get(d.subsystem, name, sizeof name))
		(void)log_debug_set(name, d.on);
}
