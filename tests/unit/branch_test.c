/* links: sip sipd */
/*
 * The timers of an INVITE's branch (RFC 3261 sections 16.6 to 16.8, 17.1.1): A and B until it is heard of, C while it rings.
 */
#include "sipd/sip/branch.h"

#include "tests/unit/front_rig.h"

enum { SECOND = 1000, RINGS_S = 200 };

static struct branch *
invite(struct rig *r, struct forward **forward)
{
	static char			 room[4096], out[8192];
	const struct way		 way = { .target = r->where.source, .transport = TRANSPORT_UDP };
	const struct forward_own	 own = { .method = "INVITE", .uri = span_of("sip:bob@192.0.2.1"), .from = span_of("<sip:a@example.com>;tag=1"),
		.to = span_of("<sip:b@example.com>"), .call_id = span_of("a call"), .cseq = 7 };
	struct text_buf			 scratch = { .s = room, .size = sizeof room }, text = { .s = out, .size = sizeof out };
	struct branch			*b = branch_take(r->f.branches, 1);

	assert_non_null(b);
	assert_non_null(*forward = forward_own(&own, &scratch));
	b->invite = true;
	b->forward = *forward;
	assert_null(branch_start(&r->f, b, &way, &text, 0));
	return b;
}

/* The phone answers at that time. */
static void
says(struct rig *r, struct branch *b, int code, int64_t at)
{
	char	 text[1024];
	int	 n = snprintf(text, sizeof text, "SIP/2.0 %d Says\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=%s\r\nFrom: <sip:a@example.com>;tag=1\r\n"
		    "To: <sip:b@example.com>;tag=2\r\nCall-ID: a call\r\nCSeq: 7 INVITE\r\nContent-Length: 0\r\n\r\n", code, b->name);
	msg_t	*msg = msg_make(headers_class(), MSG_DO_EXTRACT_COPY, text, n);

	assert_non_null(msg);
	assert_ptr_equal(branch_of(r->f.branches, sip_object(msg)), b);
	(void)branch_hear(&r->f, b, sip_object(msg), at);
	msg_destroy(msg);
}

/* What the phone gets when it is that time: its first word; "" for nothing. */
static const char *
gets(struct rig *r, int64_t at, bool *over)
{
	*over = false;
	while (!*over && branch_due(&r->f, at, over) != NULL)
		;
	(void)answer(r);
	r->answer[strcspn(r->answer, " ")] = '\0';
	return r->answer;
}

static void
nobody_answers(void **state)
{
	static const int64_t	 again[] = { 500, 1500, 3500, 7500, 15500, 31500 };
	struct rig		*r = *state;
	struct forward		*forward;
	struct branch		*b = invite(r, &forward);
	bool			 over;

	assert_string_equal(gets(r, 0, &over), "INVITE");
	for (size_t i = 0; i < sizeof again / sizeof again[0]; i++) {
		assert_string_equal(gets(r, again[i] - 1, &over), "");
		assert_string_equal(gets(r, again[i], &over), "INVITE");
	}
	assert_string_equal(gets(r, 32 * SECOND - 1, &over), "");
	assert_false(over);
	assert_string_equal(gets(r, 32 * SECOND, &over), "");
	assert_true(over);
	branch_release(r->f.branches, b);
	free(forward);
}

static void
it_rings_for_too_long(void **state)
{
	struct rig	*r = *state;
	struct forward	*forward;
	struct branch	*b = invite(r, &forward);
	bool		 over;

	assert_string_equal(gets(r, 0, &over), "INVITE");
	says(r, b, 100, 100);
	says(r, b, 180, 1 * SECOND);
	assert_string_equal(gets(r, 2 * SECOND, &over), "");
	says(r, b, 183, 100 * SECOND);				/* C begins anew */
	assert_string_equal(gets(r, (100 + RINGS_S) * SECOND - 1, &over), "");
	assert_string_equal(gets(r, (100 + RINGS_S) * SECOND, &over), "CANCEL");
	assert_false(over);
	assert_true(b->cancel_sent);
	assert_string_equal(gets(r, (100 + RINGS_S) * SECOND + 500, &over), "CANCEL");	/* which is not answered either */
	assert_false(over);
	(void)gets(r, (100 + RINGS_S + 32) * SECOND, &over);
	assert_true(over);
	branch_release(r->f.branches, b);
	free(forward);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test_setup_teardown(nobody_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(it_rings_for_too_long, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
