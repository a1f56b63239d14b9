/* links: sipd */
/*
 * Two channels over a socketpair, and raw bytes where one end is to misbehave.
 */
#include "sipd/channel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/err.h"

struct end {
	struct channel	*ch;
	unsigned	 frames, gone;
	uint64_t	 last_id, last_epoch;
	char		 text[256];
	int		 why;
	bool		 free_in_frame, free_in_gone;
};

static void
on_frame(void *arg, const struct frame *f)
{
	struct end		*e = arg;
	struct wire_hello	 hello;

	e->frames++;
	e->last_id = f->id;
	assert_int_equal(f->type, WIRE_HELLO);
	assert_int_equal(frame_decode(f, &hello), 0);
	e->last_epoch = hello.epoch;
	span_get(hello.process, e->text, sizeof e->text);
	if (e->free_in_frame) {
		channel_free(e->ch);
		e->ch = NULL;
		assert_true(span_is(hello.process, e->text));	/* the frame outlives it until we return */
	}
}

static void
on_gone(void *arg, int why)
{
	struct end	*e = arg;

	e->gone++;
	e->why = why;
	if (e->free_in_gone) {
		channel_free(e->ch);
		e->ch = NULL;
	}
}

static int
hello_send(struct channel *ch, uint64_t id, const char *text)
{
	struct wire_hello	h = { .epoch = id * 3, .process = span_of(text) };

	return channel_send(ch, WIRE_HELLO, id, &h);
}

static void
end_open(struct end *e, int fd)
{
	memset(e, 0, sizeof *e);
	e->ch = channel_new(fd, on_frame, on_gone, e);
	assert_non_null(e->ch);
}

static void
pair_open(struct end *a, struct end *b)
{
	int	fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	end_open(a, fds[0]);
	end_open(b, fds[1]);
}

static void
frames_arrive(void **st)
{
	struct end	a, b;

	(void)st;
	pair_open(&a, &b);
	for (uint64_t i = 1; i <= 100; i++)
		assert_int_equal(hello_send(a.ch, i, "sip"), 0);
	assert_true(channel_wants_write(a.ch));
	channel_read(b.ch);
	assert_int_equal(b.frames, 0);	/* nothing goes out before the turn's end */
	channel_flush(a.ch);
	assert_false(channel_wants_write(a.ch));
	channel_read(b.ch);
	assert_int_equal(b.frames, 100);
	assert_int_equal(b.last_id, 100);
	assert_int_equal(b.last_epoch, 300);
	assert_string_equal(b.text, "sip");
	channel_free(a.ch);
	channel_read(b.ch);
	channel_read(b.ch);
	channel_flush(b.ch);
	assert_int_equal(b.gone, 1);
	assert_int_equal(b.why, 0);
	assert_int_equal(hello_send(b.ch, 1, "x"), ERR_BUSY);
	channel_free(b.ch);
}

/* Frames cut at every byte. */
static void
split_frames(void **st)
{
	struct wire_hello	h = { .epoch = 7, .process = span_of("stream") };
	uint8_t			bytes[512];
	struct end		b;
	int			fds[2], n = 0;

	(void)st;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	end_open(&b, fds[1]);
	for (int i = 0; i < 3; i++)
		n += frame_make(WIRE_HELLO, (uint64_t)i, &h, bytes + n, sizeof bytes - (size_t)n);
	for (int i = 0; i < n; i++) {
		assert_int_equal(write(fds[0], bytes + i, 1), 1);
		channel_read(b.ch);
	}
	assert_int_equal(b.frames, 3);
	assert_int_equal(b.gone, 0);
	close(fds[0]);
	channel_free(b.ch);
}

/* More than the socket holds: what doesn't fit waits, in order. */
static void
slow_reader(void **st)
{
	struct end	a, b;
	uint64_t	sent = 200000;

	(void)st;
	pair_open(&a, &b);
	for (uint64_t i = 1; i <= sent; i++)
		assert_int_equal(hello_send(a.ch, i, "a front that has much to say"), 0);
	channel_flush(a.ch);
	assert_true(channel_wants_write(a.ch));
	while (b.last_id < sent) {
		unsigned	before = b.frames;

		channel_read(b.ch);
		assert_true(b.frames > before);
		assert_int_equal(b.frames, b.last_id);
		channel_flush(a.ch);
	}
	assert_false(channel_wants_write(a.ch));
	assert_int_equal(hello_send(a.ch, sent + 1, "more"), 0);	/* after the buffer was given back */
	channel_flush(a.ch);
	channel_read(b.ch);
	assert_int_equal(b.last_id, sent + 1);
	channel_free(a.ch);
	channel_free(b.ch);
}

static void
full_queue(void **st)
{
	struct end	a, b;
	char		text[256];
	size_t		n = 0;

	(void)st;
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	pair_open(&a, &b);
	while (hello_send(a.ch, 1, text) == 0)
		assert_true((n += sizeof text) < 2 * (size_t)CHANNEL_QUEUE_MAX);
	assert_true(n > CHANNEL_QUEUE_MAX / 2);
	assert_int_equal(a.gone, 0);	/* not from within a send */
	channel_flush(a.ch);
	channel_flush(a.ch);
	assert_int_equal(a.gone, 1);
	assert_int_equal(a.why, ERR_BUSY);
	channel_free(a.ch);
	channel_free(b.ch);
}

static void
garbage(void **st)
{
	static const char *const	bytes[] = {
		"GET / HTTP/1.0\r\n\r\n",		/* a length far over the limit */
		"\x09\0\0\0\xff""12345678",		/* no such type */
		"\x01\0\0\0\x01""12345678",		/* shorter than a header */
	};
	static const size_t		sizes[] = { 18, 13, 13 };

	(void)st;
	for (size_t i = 0; i < 3; i++) {
		struct end	b;
		int		fds[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
		end_open(&b, fds[1]);
		assert_int_equal(write(fds[0], bytes[i], sizes[i]), sizes[i]);
		channel_read(b.ch);
		channel_read(b.ch);
		assert_int_equal(b.frames, 0);
		assert_int_equal(b.gone, 1);
		assert_int_equal(b.why, ERR_CORRUPT);
		close(fds[0]);
		channel_free(b.ch);
	}
}

/* A callback may free the channel that calls it; frames behind the one it got are dropped. */
static void
freed_inside(void **st)
{
	struct end	a, b;

	(void)st;
	pair_open(&a, &b);
	b.free_in_frame = true;
	for (uint64_t i = 1; i <= 3; i++)
		hello_send(a.ch, i, "keeper");
	channel_flush(a.ch);
	channel_read(b.ch);
	assert_null(b.ch);
	assert_int_equal(b.frames, 1);
	assert_int_equal(b.gone, 0);
	a.free_in_gone = true;
	hello_send(a.ch, 4, "nobody is there");
	channel_flush(a.ch);
	assert_int_equal(a.gone, 1);
	assert_null(a.ch);
}

static void
too_large(void **st)
{
	static char		big[WIRE_MAX];
	struct wire_hello	h = { .process = { big, sizeof big } };
	struct end		a, b;

	(void)st;
	pair_open(&a, &b);
	assert_int_equal(channel_send(a.ch, WIRE_HELLO, 1, &h), ERR_TOO_LARGE);
	assert_int_equal(hello_send(a.ch, 2, "small"), 0);
	channel_flush(a.ch);
	channel_read(b.ch);
	assert_int_equal(b.last_id, 2);
	assert_int_equal(b.gone, 0);
	channel_free(a.ch);
	channel_free(b.ch);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(frames_arrive),
		cmocka_unit_test(split_frames),
		cmocka_unit_test(slow_reader),
		cmocka_unit_test(full_queue),
		cmocka_unit_test(garbage),
		cmocka_unit_test(freed_inside),
		cmocka_unit_test(too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
