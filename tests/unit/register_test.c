/* links: db keeper sipd */
/*
 * RFC 3261 section 10.3 as a table of requests on an account with bindings; contacts compared as section 19.1.4's examples.
 */
#include "sipd/keeper/register.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "core/err.h"
#include "sipd/keeper/contact.h"

#define NOW INT64_C(1790000000000)

struct fixture {
	struct register_set	set;
	struct register_limits	limits;
	struct register_ask	ask;
	struct register_result	result;
	uint8_t			contacts[8192];
	size_t			n;
};

static struct fixture *
new_fixture(void)
{
	struct fixture	*f = calloc(1, sizeof *f);

	f->limits = (struct register_limits){ .now = NOW, .account_id = 7, .node = "a", .min_expires = 60, .default_expires = 3600,
		.max_expires = 7200, .max_contacts = 3 };
	f->ask.call_id = span_of("call-1");
	f->ask.cseq = 1;
	f->ask.expires = EXPIRES_ABSENT;
	f->ask.via_one_hop = true;
	f->ask.transport = TRANSPORT_UDP;
	f->ask.user_agent = span_of("Phone/1");
	assert_int_equal(addr_parse(&f->ask.source, "192.0.2.17:5060"), 0);
	return f;
}

static void
no_contacts(struct fixture *f)
{
	f->n = 0;
	f->ask.contacts = (struct span){ NULL, 0 };
	f->ask.n_contacts = 0;
}

static void
add(struct fixture *f, const char *uri, uint32_t expires, const char *instance, uint32_t reg_id)
{
	struct register_contact	c = { .uri = span_of(uri), .instance = span_of(instance), .reg_id = reg_id, .q = 1000, .expires = expires };
	int			n = contact_append(f->contacts, f->n, sizeof f->contacts, &c);

	assert_true(n > 0);
	f->n = (size_t)n;
	f->ask.contacts = (struct span){ (char *)f->contacts, f->n };
	f->ask.n_contacts++;
}

static uint32_t
next(struct fixture *f)
{
	register_next(&f->set, &f->ask, &f->limits, &f->result);
	return f->result.code;
}

/* What the registrar does after a 200: the removed are gone, the others are as they are. */
static void
carry_out(struct fixture *f)
{
	uint32_t	n = 0;

	for (uint32_t i = 0; i < f->set.n; i++)
		if (!register_act_removes(f->set.rows[i].act))
			f->set.rows[n++] = f->set.rows[i];
	f->set.n = n;
}

/* One REGISTER with one contact, carried out. */
static uint32_t
reg(struct fixture *f, const char *uri, uint32_t expires)
{
	no_contacts(f);
	add(f, uri, expires, "", 0);
	if (next(f) == 200)
		carry_out(f);
	f->ask.cseq++;
	return f->result.code;
}

static void
test_add_refresh_remove(void **state)
{
	struct fixture	*f = new_fixture();

	(void)state;
	no_contacts(f);
	add(f, "sip:alice@192.0.2.17:5060", EXPIRES_ABSENT, "", 0);
	assert_int_equal(next(f), 200);
	assert_int_equal(f->set.rows[0].act, ACT_ADD);
	assert_true(f->result.writes);
	assert_int_equal(f->set.rows[0].binding.expires_at, NOW + 3600 * 1000);
	assert_int_equal(f->set.rows[0].binding.account_id, 7);
	assert_string_equal(f->set.rows[0].binding.node, "a");

	f->ask.cseq++;
	f->limits.now += 1000;
	assert_int_equal(next(f), 200);
	assert_int_equal(f->set.n, 1);
	assert_int_equal(f->set.rows[0].act, ACT_REFRESH);
	assert_false(f->result.writes);
	assert_true(f->result.refreshes);
	assert_int_equal(f->set.rows[0].binding.registered_at, NOW);
	assert_int_equal(f->set.rows[0].binding.refreshed_at, NOW + 1000);
	free(f);
}

static void
test_unregister(void **state)
{
	struct fixture	*f = new_fixture();

	(void)state;
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	no_contacts(f);
	add(f, "sip:alice@192.0.2.17", 0, "", 0);
	assert_int_equal(next(f), 200);
	assert_int_equal(f->set.rows[0].act, ACT_UNREGISTER);
	carry_out(f);
	f->ask.cseq++;
	assert_int_equal(next(f), 200);			/* once more: nothing to do, no fault */
	assert_int_equal(f->set.n, 0);
	assert_false(f->result.writes);
	free(f);
}

/* Each makes the binding's next REGISTER more than a refresh. */
static void
test_what_is_no_refresh(void **state)
{
	struct fixture	*f = new_fixture();

	(void)state;
	for (int i = 0; i < 8; i++) {
		f->set.n = 0;
		f->ask.cseq = 1;
		f->ask.call_id = span_of("call-1");
		assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
		if (i == 0)
			f->ask.source.port++;
		else if (i == 1)
			f->ask.user_agent = span_of("Phone/2");
		else if (i == 2)
			f->ask.call_id = span_of("call-2");
		else if (i == 3)
			f->ask.path = span_of("<sip:edge.test;lr>");
		else if (i == 4)
			f->ask.flow = 99;
		else if (i == 5)
			f->ask.transport = TRANSPORT_TLS;
		else if (i == 6)
			f->limits.node = "b";
		no_contacts(f);
		add(f, "sip:alice@192.0.2.17", i == 7 ? 120 : 300, "", 0);	/* 7: shorter than what is on disk */
		assert_int_equal(next(f), 200);
		if (f->set.rows[0].act != ACT_CHANGE || !f->result.writes)
			fail_msg("case %d", i);
	}
	free(f);
}

static void
test_expires(void **state)
{
	static const struct { uint32_t param, header, code, seconds; } rows[] = {
		{ EXPIRES_ABSENT, EXPIRES_ABSENT, 200, 3600 }, { 120, 600, 200, 120 }, { EXPIRES_ABSENT, 600, 200, 600 },
		{ 999999, EXPIRES_ABSENT, 200, 7200 }, { EXPIRES_ABSENT, 999999, 200, 7200 }, { 59, EXPIRES_ABSENT, 423, 0 },
		{ 60, EXPIRES_ABSENT, 200, 60 }, { 1, 600, 423, 0 }, { EXPIRES_ABSENT, 5, 423, 0 },
	};
	struct fixture	*f = new_fixture();

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		f->set.n = 0;
		no_contacts(f);
		add(f, "sip:alice@192.0.2.17", rows[i].param, "", 0);
		f->ask.expires = rows[i].header;
		assert_int_equal(next(f), rows[i].code);
		if (rows[i].code == 423)
			assert_int_equal(f->result.min_expires, 60);
		else
			assert_int_equal(f->set.rows[0].binding.expires_at, NOW + (int64_t)rows[i].seconds * 1000);
	}
	free(f);
}

static void
test_stale_cseq(void **state)
{
	struct fixture	*f = new_fixture();

	(void)state;
	f->ask.cseq = 10;
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	f->ask.cseq = 10;
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 500);
	f->ask.cseq = 9;
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 0), 500);
	f->ask.cseq = 1;
	f->ask.call_id = span_of("call-2");
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	assert_int_equal(f->set.n, 1);
	free(f);
}

/* The second contact is refused: the first is not done either, as the caller then drops the set; nothing but the code counts. */
static void
test_all_or_nothing(void **state)
{
	struct fixture	*f = new_fixture();

	(void)state;
	no_contacts(f);
	add(f, "sip:alice@192.0.2.17", 300, "", 0);
	add(f, "sip:alice@192.0.2.18", 30, "", 0);
	assert_int_equal(next(f), 423);
	assert_false(f->result.writes);
	f->set.n = 0;
	no_contacts(f);
	add(f, "sip:alice@192.0.2.17", 300, "", 0);
	add(f, "mailto:alice@example.com", 300, "", 0);
	assert_int_equal(next(f), 400);
	free(f);
}

static void
test_star(void **state)
{
	struct fixture	*f = new_fixture();

	(void)state;
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	assert_int_equal(reg(f, "sip:alice@192.0.2.18", 300), 200);
	no_contacts(f);
	f->ask.star = true;
	assert_int_equal(next(f), 400);			/* no Expires: 0 */
	f->ask.expires = 300;
	assert_int_equal(next(f), 400);
	f->ask.expires = 0;
	f->ask.cseq = 1;
	assert_int_equal(next(f), 500);			/* older than what it would remove */
	f->ask.cseq = 9;
	assert_int_equal(next(f), 200);
	assert_int_equal(f->set.rows[0].act, ACT_UNREGISTER);
	assert_int_equal(f->set.rows[1].act, ACT_UNREGISTER);
	add(f, "sip:alice@192.0.2.19", 0, "", 0);
	assert_int_equal(next(f), 400);			/* not alone */
	free(f);
}

static void
test_query(void **state)
{
	struct fixture		*f = new_fixture();
	struct register_contact	 c;
	uint8_t			 out[4096];
	struct span		 list;
	int			 n;

	(void)state;
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	assert_int_equal(reg(f, "sip:alice@192.0.2.18;transport=tcp", 600), 200);
	no_contacts(f);
	f->limits.now += 100500;
	assert_int_equal(next(f), 200);
	assert_false(f->result.writes || f->result.refreshes);
	n = register_contacts(&f->set, f->limits.now, out, sizeof out);
	assert_true(n > 0);
	list = (struct span){ (char *)out, (size_t)n };
	assert_int_equal(contact_next(&list, &c), 1);
	assert_true(span_is(c.uri, "sip:alice@192.0.2.17"));
	assert_int_equal(c.expires, 200);		/* 199.5 left */
	assert_int_equal(contact_next(&list, &c), 1);
	assert_true(span_is(c.uri, "sip:alice@192.0.2.18;transport=tcp"));
	assert_int_equal(contact_next(&list, &c), 0);

	f->limits.now = NOW + 300 * 1000;		/* the first has expired: not listed, and to be removed */
	assert_int_equal(next(f), 200);
	assert_int_equal(f->set.rows[0].act, ACT_EXPIRE);
	assert_int_equal(f->set.rows[1].act, ACT_KEEP);
	n = register_contacts(&f->set, f->limits.now, out, sizeof out);
	list = (struct span){ (char *)out, (size_t)n };
	assert_int_equal(contact_next(&list, &c), 1);
	assert_true(span_is(c.uri, "sip:alice@192.0.2.18;transport=tcp"));
	assert_int_equal(contact_next(&list, &c), 0);
	assert_int_equal(register_contacts(&f->set, NOW, out, 10), ERR_TOO_LARGE);
	free(f);
}

static void
test_overflow(void **state)
{
	struct fixture	*f = new_fixture();

	(void)state;
	assert_int_equal(reg(f, "sip:a@192.0.2.1", 300), 200);
	f->limits.now += 10;
	assert_int_equal(reg(f, "sip:a@192.0.2.2", 300), 200);
	f->limits.now += 10;
	assert_int_equal(reg(f, "sip:a@192.0.2.3", 300), 200);
	f->limits.now += 10;
	assert_int_equal(reg(f, "sip:a@192.0.2.1", 300), 200);		/* now 2 is the oldest */
	f->limits.now += 10;
	assert_int_equal(reg(f, "sip:a@192.0.2.4", 300), 403);
	assert_int_equal(f->set.n, 3);
	f->limits.replace = true;
	no_contacts(f);
	add(f, "sip:a@192.0.2.4", 300, "", 0);
	assert_int_equal(next(f), 200);
	assert_int_equal(f->set.rows[1].act, ACT_REPLACE);
	assert_string_equal(f->set.rows[1].binding.contact, "sip:a@192.0.2.2");
	assert_int_equal(f->set.rows[3].act, ACT_ADD);
	carry_out(f);
	f->ask.cseq++;
	no_contacts(f);							/* one out, one in, in one request: no overflow */
	f->limits.replace = false;
	add(f, "sip:a@192.0.2.4", 0, "", 0);
	add(f, "sip:a@192.0.2.5", 300, "", 0);
	assert_int_equal(next(f), 200);
	carry_out(f);
	f->ask.cseq++;
	f->limits.replace = true;					/* more at once than there is room for */
	no_contacts(f);
	for (int i = 0; i < 4; i++) {
		char	uri[32];

		(void)snprintf(uri, sizeof uri, "sip:a@192.0.2.%d", 20 + i);
		add(f, uri, 300, "", 0);
	}
	assert_int_equal(next(f), 403);
	free(f);
}

/* Bindings over connections that ended with their process make room, whatever the policy: the phone that reconnects is the same one. */
static void
test_cut_off_makes_room(void **state)
{
	struct fixture	*f = new_fixture();
	uint64_t	 epoch = UINT64_C(0x1a1fce041f8);

	(void)state;
	f->limits.epoch = epoch;
	assert_int_equal(reg(f, "sip:a@192.0.2.1", 300), 200);
	f->ask.flow = epoch << 24 | 1;
	assert_int_equal(reg(f, "sip:a@192.0.2.2;transport=tcp", 300), 200);
	f->ask.flow = epoch << 24 | 2;
	assert_int_equal(reg(f, "sip:a@192.0.2.3;transport=tcp", 300), 200);
	f->ask.flow = epoch << 24 | 3;
	assert_int_equal(reg(f, "sip:a@192.0.2.4;transport=tcp", 300), 403);
	f->limits.epoch = epoch + 1;
	f->ask.flow = f->limits.epoch << 24 | 1;
	no_contacts(f);
	add(f, "sip:a@192.0.2.4;transport=tcp", 300, "", 0);
	assert_int_equal(next(f), 200);
	assert_int_equal(f->set.rows[0].act, ACT_KEEP);
	assert_int_equal(f->set.rows[1].act, ACT_REPLACE);
	assert_int_equal(f->set.rows[2].act, ACT_KEEP);
	free(f);
}

static void
test_added_and_removed_at_once(void **state)
{
	struct fixture	*f = new_fixture();

	(void)state;
	no_contacts(f);
	add(f, "sip:a@192.0.2.1", 300, "", 0);
	add(f, "sip:a@192.0.2.2", 300, "", 0);
	add(f, "sip:A@192.0.2.3", 300, "", 0);
	add(f, "sip:a@192.0.2.1", 0, "", 0);
	assert_int_equal(next(f), 200);
	assert_int_equal(f->set.n, 2);
	assert_string_equal(f->set.rows[0].binding.contact, "sip:a@192.0.2.2");
	assert_string_equal(f->set.rows[1].binding.contact, "sip:A@192.0.2.3");
	assert_int_equal(f->set.rows[1].act, ACT_ADD);
	free(f);
}

static void
test_outbound(void **state)
{
	struct fixture	*f = new_fixture();

	(void)state;
	f->ask.supports_outbound = true;
	no_contacts(f);
	add(f, "sip:alice@192.0.2.17:1111", 300, "<urn:uuid:1>", 1);
	assert_int_equal(next(f), 200);
	assert_true(f->result.outbound);
	carry_out(f);

	f->ask.call_id = span_of("after-a-reboot");			/* another contact and Call-ID: the same flow */
	f->ask.cseq = 1;
	no_contacts(f);
	add(f, "sip:alice@192.0.2.17:2222", 300, "<urn:uuid:1>", 1);
	assert_int_equal(next(f), 200);
	assert_int_equal(f->set.n, 1);
	assert_int_equal(f->set.rows[0].act, ACT_CHANGE);
	assert_string_equal(f->set.rows[0].binding.contact, "sip:alice@192.0.2.17:2222");
	carry_out(f);

	f->ask.cseq = 2;
	no_contacts(f);
	add(f, "sip:alice@192.0.2.17:2222", 300, "<urn:uuid:1>", 2);	/* a second flow of the same phone */
	assert_int_equal(next(f), 200);
	assert_int_equal(f->set.n, 2);
	carry_out(f);

	no_contacts(f);
	f->ask.cseq = 3;
	add(f, "sip:alice@192.0.2.17:2222", 300, "<urn:uuid:1>", 1);
	add(f, "sip:alice@192.0.2.17:2222", 300, "<urn:uuid:1>", 2);
	assert_int_equal(next(f), 400);					/* RFC 5626 section 6 */

	no_contacts(f);
	f->ask.via_one_hop = false;
	add(f, "sip:alice@192.0.2.17:2222", 300, "<urn:uuid:1>", 1);
	assert_int_equal(next(f), 439);
	f->ask.path = span_of("<sip:edge.test;lr;ob>,<sip:core.test;lr>");
	f->ask.cseq = 4;
	assert_int_equal(next(f), 200);
	f->ask.path = span_of("<sip:edge.test;lr>,<sip:core.test;lr;ob>");
	f->ask.cseq = 5;
	assert_int_equal(next(f), 439);

	f->ask.supports_outbound = false;				/* reg-id means nothing then */
	assert_int_equal(next(f), 200);
	assert_false(f->result.outbound);
	assert_int_equal(f->set.n, 3);
	free(f);
}

static void
test_too_long(void **state)
{
	struct fixture	*f = new_fixture();
	char		 text[2000];

	(void)state;
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	f->ask.path = span_of(text);
	assert_int_equal(reg(f, "sip:a@192.0.2.1", 300), 400);
	f->ask.path = span_of("");
	f->ask.call_id = span_of(text);
	f->set.n = 0;
	assert_int_equal(reg(f, "sip:a@192.0.2.1", 300), 400);
	f->ask.call_id = span_of("c");
	f->set.n = 0;
	memcpy(text, "sip:a@", 6);
	assert_int_equal(reg(f, text, 300), 400);
	f->set.n = 0;
	f->ask.user_agent = span_of(text);				/* is cut */
	assert_int_equal(reg(f, "sip:a@192.0.2.1", 300), 200);
	f->set.n = 0;
	f->ask.contacts = (struct span){ "\xff\xff\xff", 3 };
	assert_int_equal(next(f), 400);
	free(f);
}

/* RFC 3261 section 19.1.4's own examples, and ours. */
static void
test_contact_eq(void **state)
{
	static const struct { const char *a, *b; bool eq; } rows[] = {
		{ "sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp", true },
		{ "sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", true },
		{ "sip:carol@chicago.com", "sip:carol@chicago.com;security=on", true },
		{ "sip:biloxi.com;transport=tcp;method=REGISTER", "sip:biloxi.com;method=REGISTER;transport=tcp", true },
		{ "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
		  "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com", true },
		{ "SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP", false },
		{ "sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", false },
		{ "sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", true },
		{ "sip:bob@biloxi.com;transport=udp", "sip:bob@biloxi.com;transport=tcp", false },
		{ "sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp", false },
		{ "sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting", false },
		{ "sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4", false },
		{ "sip:bob@h", "sip:bob@h;user=phone", false }, { "sip:bob@h;maddr=1.2.3.4", "sip:bob@h", false },
		{ "sip:bob@h", "sips:bob@h", false }, { "sip:bob@h", "sip:h", false }, { "sip:bob:pw@h", "sip:bob@h", false },
		{ "sip:b%3Bb@h", "sip:b;b@h", false }, { "sip:b%3bb@h", "sip:b%3Bb@h", true },
		{ "sip:a@[2001:DB8::1]:5060", "sip:a@[2001:db8::1]:5060", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char	x[CONTACT_NORMAL], y[CONTACT_NORMAL];
		int	n = contact_normal(span_of(rows[i].a), x), m = contact_normal(span_of(rows[i].b), y);

		if (contact_eq(span_of(rows[i].a), span_of(rows[i].b)) != rows[i].eq ||
		    contact_eq(span_of(rows[i].b), span_of(rows[i].a)) != rows[i].eq)
			fail_msg("%s and %s", rows[i].a, rows[i].b);
		assert_true(n > 0 && m > 0);
		if (n == m && memcmp(x, y, (size_t)n) == 0 && !rows[i].eq)
			fail_msg("one spelling for %s and %s", rows[i].a, rows[i].b);
	}
}

static void
test_contact_is_usable(void **state)
{
	static const char *const	good[] = {
		"sip:alice@192.0.2.17:5060;line=abc", "sips:h", "sip:a@[::1]", "sip:a%20b@host_name.lan", "sip:+49;ext=5@h;ob",
		"sip:alice@h:65535",
	};
	static const char *const	bad[] = {
		"", "alice@h", "sip:", "sip:@h", "sip:a@", "sip:a@b@c", "tel:+49", "sip:a@h:", "sip:a@h:0", "sip:a@h:65536", "sip:a@h:12x",
		"sip:a@[::1", "sip:a@[zz]", "sip:a b@h", "sip:a@h;=x", "sip:a%2@h", "sip:a%zz@h", "sip:a@h>", "sip:a@-h", "sip:a@h;;",
		"sip:a@h/x", "http://h",
	};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		if (!contact_is_usable(span_of(good[i])))
			fail_msg("%s", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (contact_is_usable(span_of(bad[i])))
			fail_msg("%s", bad[i]);
}

/* Whatever the bytes: no fault, equal to itself, its normal spelling is its own. */
static void
test_contact_random(void **state)
{
	static const char	letters[] = "sip:sips:@@;;==??&%41%3bab.c[]:0951 \"<>\\-_\n";
	unsigned		seed = 42;
	char			text[64], x[CONTACT_NORMAL], y[CONTACT_NORMAL];

	(void)state;
	for (int i = 0; i < 300000; i++) {
		size_t	n = (size_t)rand_r(&seed) % (sizeof text - 4) + 4;
		int	a, b;

		memcpy(text, "sip:", 4);
		for (size_t j = 4; j < n; j++)
			text[j] = letters[(size_t)rand_r(&seed) % (sizeof letters - 1)];
		assert_true(contact_eq((struct span){ text, n }, (struct span){ text, n }));
		if ((a = contact_normal((struct span){ text, n }, x)) < 0)
			continue;
		assert_true(contact_is_usable((struct span){ text, n }));
		b = contact_normal((struct span){ text, n }, y);
		assert_int_equal(a, b);
		assert_memory_equal(x, y, (size_t)a);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add_refresh_remove), cmocka_unit_test(test_unregister), cmocka_unit_test(test_what_is_no_refresh),
		cmocka_unit_test(test_expires), cmocka_unit_test(test_stale_cseq), cmocka_unit_test(test_all_or_nothing),
		cmocka_unit_test(test_star), cmocka_unit_test(test_query), cmocka_unit_test(test_overflow), cmocka_unit_test(test_cut_off_makes_room),
		cmocka_unit_test(test_added_and_removed_at_once), cmocka_unit_test(test_outbound), cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_contact_eq), cmocka_unit_test(test_contact_is_usable), cmocka_unit_test(test_contact_random),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
