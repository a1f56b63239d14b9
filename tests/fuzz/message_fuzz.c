/* links: sip sipd */
/*
 * A MESSAGE from a stranger, and the body of one as CPIM: each question can be read by the keeper, and what it says, sent on to a phone, has
 * no line that the stranger's words began.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/binding.h"
#include "sipd/sip/client.h"
#include "sipd/sip/cpim.h"
#include "sipd/sip/flows.h"
#include "sipd/sip/headers.h"
#include "sipd/sip/message.h"
#include "sipd/sip/out.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { MAX = 32 * 1024 };

static const struct where	where = { .source = { .family = ADDR_IP4, .port = 5060, .ip = { 127, 0, 0, 1 } },
	.local = { .family = ADDR_IP4, .port = 5060, .ip = { 127, 0, 0, 1 } }, .transport = TRANSPORT_UDP, .fd = -1 };

static void
check_id(struct span id)
{
	for (size_t i = 0; i < id.n; i++)
		if (id.s[i] <= ' ' || id.s[i] >= 0x7f)
			abort();
}

/* "Name: value" and its end, again and again. */
static void
check_headers(struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		bool	starts = i == 0 || s.s[i - 1] == '\n';

		if (s.s[i] == '\0' || (s.s[i] == '\n' && (i == 0 || s.s[i - 1] != '\r')) ||
		    (s.s[i] == '\r' && (i + 1 == s.n || s.s[i + 1] != '\n')) || (starts && (s.s[i] <= ' ' || s.s[i] == ':')))
			abort();
	}
	if (s.n > 0 && s.s[s.n - 1] != '\n')
		abort();
}

static struct front *
front_get(void)
{
	static struct front	f;

	if (f.flows != NULL)
		return &f;
	f.flows = flows_new();
	f.out = out_new(NULL);
	f.client = client_new();
	f.sockets.n = 1;
	f.sockets.bound[0] = (struct socket){ .fd = -1, .addr = where.local, .known = where.local };
	return &f;
}

/* What the keeper sends on of it. */
static void
send_on(const struct message_ask *ask)
{
	struct front		*f = front_get();
	const struct wire_send	 s = { .target = where.source, .transport = TRANSPORT_UDP, .method = span_of("MESSAGE"),
		.uri = span_of("sip:b@h"), .from = span_of("<sip:a@h>"), .to = span_of("<sip:b@h>"), .headers = ask->headers,
		.content_type = ask->content_type, .body = ask->body };

	client_send(f, 1, &s, 0);
	client_forget(f->client);
	out_flush(f->out);
}

static void
ask_and_send(const sip_t *sip)
{
	static struct ask_memory	memory;
	static uint8_t			frame[WIRE_MAX];
	struct message_ask		ask, read;
	struct frame			f;
	const char			*reason = NULL;
	int				 n, rc;

	if ((rc = message_make(&ask, &memory, sip, &where, "example.com", 65536, &reason)) != 0) {
		if (rc < 400 || rc > 499 || reason == NULL)
			abort();
		return;
	}
	if ((n = frame_make(WIRE_MESSAGE, 1, &ask, frame, sizeof frame)) < 0 || frame_parse(&f, frame, (size_t)n) != n ||
	    frame_decode(&f, &read) != 0)
		abort();
	check_id(read.uuid);
	check_headers(read.headers);
	if (memchr(read.content_type.s == NULL ? "" : read.content_type.s, '\n', read.content_type.n) != NULL)
		abort();
	send_on(&read);
}

int
LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	char	*exact;
	msg_t	*msg;
	sip_t	*sip;

	if (n == 0 || n > MAX || (exact = malloc(n)) == NULL)
		return 0;
	memcpy(exact, in, n);
	check_id(cpim_message_id((struct span){ .s = exact, .n = n }));
	free(exact);
	if ((msg = msg_make(headers_class(), MSG_DO_CANONIC | MSG_DO_EXTRACT_COPY, in, (issize_t)n)) == NULL)
		return 0;
	sip = sip_object(msg);
	if (sip != NULL && sip->sip_request != NULL && sip->sip_from != NULL && sip->sip_to != NULL && sip->sip_call_id != NULL &&
	    sip->sip_cseq != NULL && sip->sip_via != NULL && !(sip->sip_flags & MSG_FLG_ERROR))
		ask_and_send(sip);
	(void)client_answered(front_get(), sip, &where, 0);
	msg_destroy(msg);
	return 0;
}
