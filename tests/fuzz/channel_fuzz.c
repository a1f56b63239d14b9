/* links: sipd */
/*
 * Bytes of a front that was taken over: they arrive in two reads, as frames are cut anywhere; each frame that comes out is decoded.
 */
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sipd/channel.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
on_frame(void *arg, const struct frame *f)
{
	union {
		struct wire_hello	hello;
		struct register_ask	ask;
		struct register_answer	answer;
		struct wire_flow	flow;
		struct wire_counts	counts;
		struct wire_debug	debug;
	}			 any;
	struct register_contact	 contact;
	struct span		 list = { NULL, 0 };

	(void)arg;
	memset(&any, 0, sizeof any);
	if (frame_decode(f, &any) != 0)
		return;
	if (f->type == WIRE_REGISTER)
		list = any.ask.contacts;
	if (f->type == WIRE_REGISTER_ANSWER)
		list = any.answer.contacts;
	while (contact_next(&list, &contact) == 1)
		continue;
}

static void
on_gone(void *arg, int why)
{
	(void)why;
	*(bool *)arg = true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	bool		 gone = false;
	struct channel	*ch;
	int		 ends[2];
	size_t		 first = n > 0 ? in[0] % n : 0;

	if (n > 65536 || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
		return 0;
	if ((ch = channel_new(ends[0], on_frame, on_gone, &gone)) != NULL) {
		if (send(ends[1], in, first, 0) == (ssize_t)first)
			channel_read(ch);
		if (!gone && send(ends[1], in + first, n - first, MSG_NOSIGNAL) == (ssize_t)(n - first))
			channel_read(ch);
		channel_free(ch);
	}
	close(ends[1]);
	return 0;
}
