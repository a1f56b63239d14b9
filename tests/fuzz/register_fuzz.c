/* links: sip sipd */
/*
 * A message from a stranger: parsed, checked, asked, and answered.  Each question can be read by the keeper, no answer has a line that the
 * request's words began, and none waits that is not known.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/binding.h"
#include "sipd/sip/answer.h"
#include "sipd/sip/ask.h"
#include "sipd/sip/client.h"
#include "sipd/sip/flows.h"
#include "sipd/sip/headers.h"
#include "core/limit.h"
#include "sipd/sip/out.h"
#include "sipd/sip/pending.h"
#include "sipd/sip/request.h"
#include "sipd/sip/said.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { MAX = 32 * 1024 };

static const struct where	where = { .source = { .family = ADDR_IP4, .port = 5060, .ip = { 127, 0, 0, 1 } },
	.local = { .family = ADDR_IP4, .port = 5060, .ip = { 127, 0, 0, 1 } }, .transport = TRANSPORT_UDP, .fd = -1 };

/* Lines end in CRLF, and none begins with a blank: a folded line would be one that a phone's words began. */
static void
check_text(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\0' || (s[i] == '\n' && (i == 0 || s[i - 1] != '\r')) || (s[i] == '\r' && (i + 1 == n || s[i + 1] != '\n')))
			abort();
		if (s[i] == '\n' && i + 1 < n && (s[i + 1] == ' ' || s[i + 1] == '\t'))
			abort();
	}
	if (n < 4 || memcmp(s + n - 4, "\r\n\r\n", 4) != 0)
		abort();
}

static void
ask_and_answer(const sip_t *sip)
{
	static struct ask_memory	memory;
	static uint8_t			frame[WIRE_MAX];
	struct register_ask		ask, read;
	struct register_contact		c;
	struct register_answer		answer = { .code = 200 };
	struct frame			f;
	char				echo[16 * 1024], text[ANSWER_MAX];
	struct text_buf			e = { .s = echo, .size = sizeof echo }, b = { .s = text, .size = sizeof text };
	const char			*reason = NULL;
	uint32_t			contacts = 0;
	int				n, rc;

	if ((rc = ask_make(&ask, &memory, sip, &where, "example.com", &reason)) != 0) {
		if (rc < 400 || rc > 499 || reason == NULL)
			abort();
		return;
	}
	if ((n = frame_make(WIRE_REGISTER, 1, &ask, frame, sizeof frame)) < 0 || frame_parse(&f, frame, (size_t)n) != n ||
	    frame_decode(&f, &read) != 0)
		abort();
	answer.contacts = read.contacts;
	answer.path = read.path;
	while ((rc = contact_next(&read.contacts, &c)) == 1)
		contacts++;
	if (rc != 0 || contacts != read.n_contacts || contacts > ASK_CONTACTS_MAX)
		abort();
	answer_echo(&e, sip, &where, "tag");
	if (e.overflow)
		return;
	answer_register(&b, (struct span){ .s = echo, .n = e.n }, &answer, "");
	if (!b.overflow)
		check_text(b.s, b.n);
}

static struct front *
front_get(void)
{
	static struct front	f;

	if (f.flows != NULL)
		return &f;
	f.flows = flows_new();
	f.limits = limits_new(0, 0);
	f.out = out_new(NULL);
	f.pending = pending_new();
	f.said = said_new(SAID_BYTES_MAX);
	f.said_registers = said_new(SAID_BYTES_MAX);
	f.client = client_new();
	f.conf.queue.max_size = 65536;
	return &f;
}

static msg_t *
parse(const uint8_t *in, size_t n)
{
	return msg_make(headers_class(), MSG_DO_CANONIC | MSG_DO_EXTRACT_COPY, in, (issize_t)n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	msg_t	*msg;
	sip_t	*sip;

	if (n == 0 || n > MAX || (msg = parse(in, n)) == NULL)
		return 0;
	sip = sip_object(msg);
	if (sip != NULL && sip->sip_request != NULL && sip->sip_from != NULL && sip->sip_to != NULL && sip->sip_call_id != NULL &&
	    sip->sip_cseq != NULL && sip->sip_via != NULL && !(sip->sip_flags & MSG_FLG_ERROR))
		ask_and_answer(sip);
	if (!request_take(front_get(), NULL, msg, &where))
		msg_destroy(msg);
	if (pending_count(front_get()->pending) != 0)
		abort();		/* there is no keeper to wait for */
	return 0;
}
