/* links: sipd */
/*
 * Bytes of a front that was taken over: they arrive in two reads, as frames are cut anywhere; each frame that comes out is decoded.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sipd/channel.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* The lists that some kinds hold. */
static void
read_lists(enum wire_type type, const void *record)
{
	struct register_contact	 contact;
	struct digest_challenge	 challenge;
	struct wire_target	 target;
	struct span		 list = { NULL, 0 };

	if (type == WIRE_REGISTER)
		list = ((const struct register_ask *)record)->contacts;
	if (type == WIRE_REGISTER_ANSWER)
		list = ((const struct register_answer *)record)->contacts;
	while (contact_next(&list, &contact) == 1)
		continue;
	list = type == WIRE_SENT ? ((const struct wire_sent *)record)->challenges : (struct span){ NULL, 0 };
	while (challenge_next(&list, &challenge) == 1)
		continue;
	list = type == WIRE_RESOLVED ? ((const struct wire_resolved *)record)->targets : (struct span){ NULL, 0 };
	while (target_next(&list, &target) == 1)
		continue;
}

static void
on_frame(void *arg, const struct frame *f)
{
	void	*record = calloc(1, wire_kind(f->type)->size);

	(void)arg;
	if (record != NULL && frame_decode(f, record) == 0)
		read_lists(f->type, record);
	free(record);
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
