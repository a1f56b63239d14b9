/* links: sip sipd */
/*
 * Which messages belong to a watched account, on whose side the other end of each is, and how many of them go to the keeper.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/binding.h"
#include "sipd/sip/front.h"
#include "sipd/sip/traces.h"
#include "sipd/sip/where.h"

enum { TEXT = 1024, FLOOD = 100000 };

struct rig {
	struct front	 f;
	struct channel	*keeper;
	struct traces	*traces;
	struct where	 phone, other;
	/* What the keeper was told last, and how often. */
	size_t		 n;
	uint64_t	 id;
	bool		 with_phone;
	uint32_t	 dropped;
	char		 text[TEXT];
};

static void
on_frame(void *arg, const struct frame *frame)
{
	struct rig		*r = arg;
	struct wire_traced	 w;

	assert_int_equal(frame->type, WIRE_TRACED);
	assert_int_equal(frame_decode(frame, &w), 0);
	r->n++;
	r->id = frame->id;
	r->with_phone = w.phone;
	r->dropped = w.dropped;
	(void)span_get(w.text, r->text, sizeof r->text);
}

static void
on_gone(void *arg, int rc)
{
	(void)arg, (void)rc;
}

static int
setup(void **state)
{
	struct rig	*r = calloc(1, sizeof *r);
	int		 fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	r->f.keeper = channel_new(fds[0], on_frame, on_gone, r);
	r->keeper = channel_new(fds[1], on_frame, on_gone, r);
	assert_non_null(r->traces = traces_new(&r->f));
	r->phone = (struct where){ .transport = TRANSPORT_UDP };
	assert_int_equal(addr_parse(&r->phone.source, "192.0.2.17:5060"), 0);
	r->phone.port = 5060;
	r->other = (struct where){ .transport = TRANSPORT_TLS, .flow = 9 };
	assert_int_equal(addr_parse(&r->other.source, "192.0.2.99:4711"), 0);
	*state = r;
	return 0;
}

static int
teardown(void **state)
{
	struct rig	*r = *state;

	traces_free(r->traces);
	channel_free(r->f.keeper);
	channel_free(r->keeper);
	free(r);
	return 0;
}

static void
watch(struct rig *r, uint64_t id, const char *names, const char *sources)
{
	traces_set(r->traces, id, &(struct wire_trace){ .on = names != NULL, .names = span_of(names == NULL ? "" : names),
	    .sources = span_of(sources) });
}

/* Shows a message to the traces; true: the keeper was told once. */
static bool
told(struct rig *r, bool out, const struct where *w, const char *first, const char *from, const char *to, const char *call)
{
	char	text[TEXT];
	size_t	before = r->n;
	int	n = snprintf(text, sizeof text, "%s\r\nFrom: %s;tag=1\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: 1 INVITE\r\n\r\n", first, from, to, call);

	traces_see(r->traces, out, w, text, (size_t)n);
	channel_flush(r->f.keeper);
	for (int i = 0; i < 3 && r->n == before; i++)
		channel_read(r->keeper);
	return r->n == before + 1;
}

#define ALICE	"<sip:alice@x>"
#define NUMBER	"<sip:+39065550101@x>"
#define BOB	"<sip:bob@x>"
#define CAROL	"<sip:carol@x>"
#define NOBODY	"\"Anonymous\" <sip:anonymous@anonymous.invalid>"
#define INVITE	"INVITE sip:bob@x SIP/2.0"
#define RINGING	"SIP/2.0 180 Ringing"

/* One row a message: alice, with a number, is watched. */
static const struct {
	const char	*name;
	bool		 out, from_phone;	/* the other end is at the phone's address */
	const char	*first, *from, *to, *call;
	bool		 told, phone;
} rows[] = {
	{ "she calls", false, true, INVITE, ALICE, BOB, "1", true, true },
	{ "he is called", true, false, "INVITE sip:bob@192.0.2.99 SIP/2.0", ALICE, BOB, "1", true, false },
	{ "he rings", false, false, RINGING, ALICE, BOB, "1", true, false },
	{ "she hears it", true, true, RINGING, ALICE, BOB, "1", true, true },
	{ "he hangs up", false, false, "BYE sip:x SIP/2.0", BOB, ALICE, "1", true, false },
	{ "she is told", true, true, "BYE sip:x SIP/2.0", BOB, ALICE, "1", true, true },
	{ "her number is called", false, false, "INVITE sip:%2B39065550101@x SIP/2.0", BOB, CAROL, "2", true, false },
	{ "at her phone, in the same call", true, true, "INVITE sip:zzz@192.0.2.17 SIP/2.0", BOB, CAROL, "2", true, true },
	{ "by her number, as it stands in To", true, true, "OPTIONS sip:zzz@192.0.2.17 SIP/2.0", CAROL, NUMBER, "3", true, true },
	{ "two others", false, false, INVITE, CAROL, BOB, "4", false, false },
	{ "another account at her phone", false, true, INVITE, CAROL, BOB, "5", false, false },
	{ "a display name is no name", false, false, INVITE, "\"<sip:alice@x>\" <sip:carol@x>", BOB, "6", false, false },
	{ "hidden, from elsewhere", false, false, INVITE, NOBODY, BOB, "7", false, false },
	{ "hidden, from her phone", false, true, INVITE, NOBODY, BOB, "8", true, true },
	{ "and what goes to him", true, false, "INVITE sip:bob@192.0.2.99 SIP/2.0", NOBODY, BOB, "8", true, false },
	{ "and what he answers", false, false, RINGING, NOBODY, BOB, "8", true, false },
	{ "and what she hears", true, true, RINGING, NOBODY, BOB, "8", true, true },
};

static void
each_message(void **state)
{
	struct rig	*r = *state;

	watch(r, 7, "alice\n+39065550101\n", "192.0.2.17:5060\n");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct where	*w = rows[i].from_phone ? &r->phone : &r->other;

		print_message("%s\n", rows[i].name);
		assert_int_equal(told(r, rows[i].out, w, rows[i].first, rows[i].from, rows[i].to, rows[i].call), rows[i].told);
		if (rows[i].told) {
			assert_int_equal(r->with_phone, rows[i].phone);
			assert_int_equal(r->id, 7);
		}
	}
}

static void
it_begins_and_ends(void **state)
{
	struct rig	*r = *state;

	assert_false(told(r, false, &r->phone, INVITE, ALICE, BOB, "1"));
	watch(r, 1, "alice\n\n", "");
	assert_true(told(r, false, &r->phone, INVITE, ALICE, BOB, "1"));
	assert_false(told(r, false, &r->phone, INVITE, NOBODY, BOB, "2"));	/* where she is, is not known */
	watch(r, 1, "alice\n\n", "#9\n");
	assert_true(told(r, false, &r->other, INVITE, NOBODY, BOB, "2"));
	watch(r, 2, "bob\n\n", "");
	assert_true(told(r, false, &r->phone, INVITE, CAROL, BOB, "3") && r->id == 2);
	watch(r, 2, NULL, "");
	assert_false(told(r, false, &r->phone, INVITE, CAROL, BOB, "3"));
	watch(r, 2, NULL, "");							/* it has ended already */
	assert_true(told(r, false, &r->phone, INVITE, ALICE, BOB, "1"));
	traces_clear(r->traces);
	assert_false(told(r, false, &r->phone, INVITE, ALICE, BOB, "1"));
}

static void
no_more_than_so_many(void **state)
{
	struct rig	*r = *state;
	size_t		 n = 0;

	watch(r, 1, "alice\n\n", "");
	while (n < FLOOD && told(r, false, &r->phone, INVITE, ALICE, BOB, "1"))
		n++;
	assert_in_range(n, TRACE_BURST, FLOOD - 1);
	while (!told(r, false, &r->phone, INVITE, ALICE, BOB, "1"))
		continue;		/* tokens come back with time */
	assert_true(r->dropped > 0);
}

/* Of two watches of the same call both are told. */
static void
several_at_once(void **state)
{
	struct rig	*r = *state;

	for (uint64_t id = 1; id <= TRACES_MAX + 1; id++)
		watch(r, id, id % 2 ? "alice\n" : "bob\n", "");
	(void)told(r, false, &r->phone, INVITE, ALICE, BOB, "1");
	channel_read(r->keeper);
	assert_int_equal(r->n, TRACES_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_message, setup, teardown),
		cmocka_unit_test_setup_teardown(it_begins_and_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(no_more_than_so_many, setup, teardown),
		cmocka_unit_test_setup_teardown(several_at_once, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
