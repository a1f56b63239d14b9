/* links: db keeper sipd */
/*
 * The registrar over the memory store: a phone's requests go in as the front would send them, answers come back over a real channel.
 */
#include "keeper_fixture.h"

#include <openssl/evp.h>
#include <sys/socket.h>

#include "core/err.h"
#include "core/varint.h"
#include "sipd/keeper/refresh.h"

struct fixture {
	struct keeper		*k;
	struct channel		*ours, *fronts;		/* the two ends */
	struct account		 alice;
	struct register_ask	 ask;
	char			 user[65], password[80], nonce[NONCE_TEXT], nc_text[9], response[65];
	unsigned		 nc;
	uint8_t			 contacts[2048];
	uint64_t		 id;
	/* The last answer. */
	unsigned		 answers;
	struct register_answer	 answer;
	char			 given[NONCE_TEXT];	/* its SHA-256 nonce */
	uint32_t		 n_contacts, expires;
};

static void
on_answer(void *arg, const struct frame *frame)
{
	struct fixture		*f = arg;
	struct register_contact	 c;
	struct span		 list;

	assert_int_equal(frame->type, WIRE_REGISTER_ANSWER);
	assert_int_equal(frame->id, f->id);
	assert_int_equal(frame_decode(frame, &f->answer), 0);
	assert_true(span_get(f->answer.nonce_sha256, f->given, sizeof f->given));
	f->n_contacts = f->expires = 0;
	for (list = f->answer.contacts; contact_next(&list, &c) == 1; f->n_contacts++)
		f->expires = c.expires;
	f->answers++;
}

static void
on_gone(void *arg, int rc)
{
	(void)arg;
	(void)rc;
}

static int
setup(void **state)
{
	struct fixture	*f = calloc(1, sizeof *f);
	int		 fds[2];

	f->k = fixture_keeper();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	f->ours = channel_new(fds[0], on_answer, on_gone, f);
	f->fronts = channel_new(fds[1], on_answer, on_gone, f);
	fixture_account(f->k, &f->alice, "alice");
	strcpy(f->user, "alice");
	strcpy(f->password, "pw-alice");
	f->ask.aor_sip = true;
	f->ask.host = f->ask.aor_host = span_of(FIXTURE_DOMAIN);
	f->ask.aor_user = span_of(f->user);
	f->ask.uri = span_of("sip:" FIXTURE_DOMAIN);
	f->ask.call_id = span_of("call-1");
	f->ask.user_agent = span_of("Phone/1");
	f->ask.transport = TRANSPORT_UDP;
	f->ask.via_one_hop = true;
	f->ask.expires = 300;
	assert_int_equal(addr_parse(&f->ask.source, "192.0.2.17:27537"), 0);
	assert_int_equal(addr_parse(&f->ask.local, "192.0.2.1:5060"), 0);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture	*f = *state;

	registrar_channel_gone(f->k->registrar, f->ours);
	fixture_free(f->k);
	channel_free(f->ours);
	channel_free(f->fronts);
	free(f);
	return 0;
}

static void
contact(struct fixture *f, const char *uri, uint32_t expires)
{
	struct register_contact	c = { .uri = span_of(uri), .q = 1000, .expires = expires };
	int			n = uri[0] == '\0' ? 0 : contact_append(f->contacts, 0, sizeof f->contacts, &c);

	f->ask.contacts = (struct span){ (char *)f->contacts, (size_t)n };
	f->ask.n_contacts = n > 0;
}

static void
hash(const char *text, char out[65])
{
	uint8_t		bytes[EVP_MAX_MD_SIZE];
	unsigned	n;

	assert_int_equal(EVP_Digest(text, strlen(text), bytes, &n, EVP_sha256(), NULL), 1);
	(void)sodium_bin2hex(out, 65, bytes, n);
}

static void
credentials(struct fixture *f)
{
	char	text[512], a1[65], a2[65];

	(void)snprintf(text, sizeof text, "%s:" FIXTURE_DOMAIN ":%s", f->user, f->password);
	hash(text, a1);
	hash("REGISTER:sip:" FIXTURE_DOMAIN, a2);
	(void)snprintf(f->nc_text, sizeof f->nc_text, "%08x", ++f->nc);
	(void)snprintf(text, sizeof text, "%s:%s:%s:cnonce:auth:%s", a1, f->nonce, f->nc_text, a2);
	hash(text, f->response);
	f->ask.authorized = true;
	f->ask.username = span_of(f->user);
	f->ask.realm = span_of(FIXTURE_DOMAIN);
	f->ask.nonce = span_of(f->nonce);
	f->ask.nc = span_of(f->nc_text);
	f->ask.cnonce = span_of("cnonce");
	f->ask.qop = span_of("auth");
	f->ask.algorithm = span_of("SHA-256");
	f->ask.response = span_of(f->response);
}

/* Takes what answers are there already. */
static void
collect(struct fixture *f)
{
	channel_flush(f->ours);
	channel_read(f->fronts);
}

static void
ask(struct fixture *f)
{
	f->ask.cseq++;
	f->id++;
	f->answers = 0;
	registrar_ask(f->k->registrar, f->ours, f->id, &f->ask);
	collect(f);
}

static uint32_t
settle(struct fixture *f)
{
	(void)store_sync(f->k->db.store);
	collect(f);
	assert_int_equal(f->answers, 1);
	return f->answer.code;
}

/* A challenge for this source. */
static void
challenged(struct fixture *f)
{
	f->ask.authorized = false;
	ask(f);
	assert_int_equal(settle(f), 401);
	strcpy(f->nonce, f->given);
	f->nc = 0;
}

/* A whole REGISTER with credentials; waits until it is durable. */
static uint32_t
reg(struct fixture *f, const char *uri, uint32_t expires)
{
	contact(f, uri, expires);
	if (f->nonce[0] == '\0')
		challenged(f);
	credentials(f);
	ask(f);
	return settle(f);
}

struct seen {
	struct event	last;
	size_t		n;
	const char	*text;		/* how many hold it */
	size_t		hits;
};

static int
see(void *arg, const void *record)
{
	struct seen	*s = arg;

	s->last = *(const struct event *)record;
	s->n++;
	s->hits += s->text != NULL && strstr(s->last.text, s->text) != NULL;
	return 0;
}

static size_t
events_with(struct fixture *f, const char *text)
{
	struct seen	s = { .text = text };

	(void)table_each(&f->k->db, &event_kind, NULL, 0, see, &s);
	return s.hits;
}

static int
only(void *arg, const void *record)
{
	*(struct binding *)arg = *(const struct binding *)record;
	return 0;
}

/* The one binding there is, as stored. */
static struct binding
stored(struct fixture *f)
{
	struct binding	b = { 0 };

	(void)table_each(&f->k->db, &binding_kind, NULL, 0, only, &b);
	return b;
}

static void
test_registers(void **state)
{
	struct fixture	*f = *state;
	struct account	 a = { .id = f->alice.id };
	struct binding	 b;

	contact(f, "sip:alice@192.0.2.17:27537", 300);
	f->ask.authorized = false;
	ask(f);
	assert_int_equal(settle(f), 401);
	assert_true(f->answer.challenge && !f->answer.stale);
	assert_true(f->answer.nonce_sha256.n > 0 && f->answer.nonce_md5.n > 0);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17:27537", 300), 200);
	assert_int_equal(f->n_contacts, 1);
	assert_int_equal(f->expires, 300);
	b = stored(f);
	assert_int_equal(b.account_id, f->alice.id);
	assert_string_equal(b.contact, "sip:alice@192.0.2.17:27537");
	assert_string_equal(b.user_agent, "Phone/1");
	assert_int_equal(registrar_bindings(f->k->registrar), 1);
	assert_int_equal(registrar_accounts(f->k->registrar), 1);
	assert_int_equal(count_get(&f->k->db, "group/1/registered"), 1);
	assert_int_equal(events_with(f, "registered from 192.0.2.17:27537 UDP, 300 s"), 1);
	assert_int_equal(table_get(&f->k->db, &account_kind, &a), 0);
	assert_int_equal(a.status, STATUS_CONNECTED);
	assert_true(a.status_at > 0);

	assert_int_equal(reg(f, "sip:alice@192.0.2.17:27537", 0), 200);
	assert_int_equal(f->n_contacts, 0);
	assert_int_equal(registrar_bindings(f->k->registrar), 0);
	assert_int_equal(registrar_accounts(f->k->registrar), 0);
	assert_int_equal(count_get(&f->k->db, "group/1/registered"), 0);
	assert_int_equal(events_with(f, "unregistered"), 1);
	assert_int_equal(stored(f).account_id, 0);
}

/* Debian's baresip gives up at the sight of SHA-256: it is offered MD5 alone, but what others are offered stays open to it. */
static void
test_offers(void **state)
{
	struct fixture	*f = *state;

	f->ask.user_agent = span_of("baresip v1.0.0 (x86_64/linux)");
	ask(f);
	assert_int_equal(settle(f), 401);
	assert_true(f->answer.nonce_sha256.n == 0 && f->answer.nonce_md5.n > 0);
	f->ask.user_agent = span_of("baresip v2.0.0 (x86_64/linux)");
	challenged(f);
	assert_true(f->answer.nonce_sha256.n > 0 && f->answer.nonce_md5.n > 0);
	f->ask.user_agent = span_of("baresip v1.0.0 (x86_64/linux)");
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
}

/* Promise 1: no 200 before the commit, and none without it. */
static void
test_answer_waits(void **state)
{
	struct fixture	*f = *state;

	challenged(f);
	contact(f, "sip:alice@192.0.2.17", 300);
	credentials(f);
	ask(f);
	assert_int_equal(f->answers, 0);
	assert_int_equal(settle(f), 200);
}

static void
test_failed_commit_is_503(void **state)
{
	struct fixture	*f = *state;

	challenged(f);
	store_fault(f->k->db.store, true);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 503);
		assert_true(f->answer.retry_after > 0);
		assert_int_equal(f->n_contacts, 0);
	}
	store_fault(f->k->db.store, false);
	assert_int_equal(stored(f).account_id, 0);
	assert_int_equal(registrar_bindings(f->k->registrar), 0);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	assert_int_equal(registrar_bindings(f->k->registrar), 1);
}

/* What a kill -9 leaves, as far as the registrar goes. */
static void
crash(struct fixture *f)
{
	registrar_free(f->k->registrar);
	f->k->registrar = registrar_new(f->k);
}

static int64_t
latest(struct fixture *f)
{
	struct binding	b = stored(f);

	registrar_latest(f->k->registrar, &b);
	return b.expires_at;
}

static int
count_one(void *arg, struct store_bytes key, struct store_bytes value)
{
	(void)value;
	*(int *)arg += key.n == 16 && memcmp(key.p, "refresh/", 8) == 0;
	return 0;
}

static int
journals(struct fixture *f)
{
	int	n = 0;

	(void)store_range(f->k->db.store, TABLE_META, (struct store_bytes){ "", 0 }, NULL, false, 0, count_one, &n);
	return n;
}

static void
test_refresh(void **state)
{
	struct fixture	*f = *state;
	struct binding	 before, b;

	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	before = stored(f);
	fixture_later(f->k, 100000);
	credentials(f);
	ask(f);
	assert_int_equal(f->answers, 1);			/* at once */
	assert_int_equal(f->answer.code, 200);
	assert_int_equal(f->expires, 300);
	b = stored(f);
	assert_int_equal(b.expires_at, before.expires_at);
	registrar_latest(f->k->registrar, &b);
	assert_in_range(b.expires_at - before.expires_at, 100000, 160000);

	assert_false(registrar_turn(f->k->registrar));		/* not yet */
	crash(f);
	assert_int_equal(latest(f), before.expires_at);		/* gone: it only shortens the binding */
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 401);
	strcpy(f->nonce, f->given);
	f->nc = 0;
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	b.expires_at = latest(f);
	assert_true(b.expires_at > before.expires_at);
	fixture_later(f->k, REFRESH_HOLD_MS);
	assert_true(registrar_turn(f->k->registrar));
	assert_int_equal(store_sync(f->k->db.store), 0);
	assert_int_equal(stored(f).expires_at, before.expires_at);
	crash(f);
	assert_int_equal(latest(f), b.expires_at);		/* from the journal */
	fixture_later(f->k, REFRESH_FOLD_MS);
	assert_true(registrar_turn(f->k->registrar));
	assert_int_equal(store_sync(f->k->db.store), 0);
	assert_int_equal(stored(f).expires_at, b.expires_at);
	assert_int_equal(stored(f).registered_at, before.registered_at);
	assert_int_equal(journals(f), 1);			/* until the next write */
	assert_int_equal(events_with(f, "registered"), 1);	/* refreshes are no events */
}

static void
test_refreshes_written_at_stop(void **state)
{
	struct fixture	*f = *state;
	struct binding	 b;

	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	fixture_later(f->k, 100000);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	b = stored(f);
	registrar_latest(f->k->registrar, &b);
	registrar_stop(f->k->registrar);
	crash(f);
	assert_int_equal(latest(f), b.expires_at);
}

/* A refresh that could not be written is kept, and written when the store takes it. */
static void
test_refresh_survives_failed_write(void **state)
{
	struct fixture	*f = *state;
	struct binding	 b;

	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	fixture_later(f->k, 100000);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	b = stored(f);
	registrar_latest(f->k->registrar, &b);
	store_fault(f->k->db.store, true);
	fixture_later(f->k, REFRESH_HOLD_MS);
	assert_true(registrar_turn(f->k->registrar));
	(void)store_sync(f->k->db.store);
	store_fault(f->k->db.store, false);
	assert_int_equal(journals(f), 0);
	assert_false(registrar_turn(f->k->registrar));			/* not again at once */
	fixture_later(f->k, 2000);
	assert_true(registrar_turn(f->k->registrar));
	(void)store_sync(f->k->db.store);
	assert_int_equal(journals(f), 1);
	store_fault(f->k->db.store, true);				/* the same for the binding itself */
	fixture_later(f->k, REFRESH_FOLD_MS);
	assert_true(registrar_turn(f->k->registrar));
	(void)store_sync(f->k->db.store);
	store_fault(f->k->db.store, false);
	assert_int_equal(latest(f), b.expires_at);
	assert_true(stored(f).expires_at < b.expires_at);
	fixture_later(f->k, 2000);
	assert_true(registrar_turn(f->k->registrar));
	(void)store_sync(f->k->db.store);
	assert_int_equal(stored(f).expires_at, b.expires_at);
}

/* A phone that refreshes all the time: each is on disk in time though none is ever the last, and journals do not pile up. */
static void
test_refreshed_all_the_time(void **state)
{
	struct fixture	*f = *state;
	int64_t		 kept;

	for (int i = 0; i < 200; i++) {
		if (i % 200 == 0)
			challenged(f);
		assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
		fixture_later(f->k, 1000);
		while (registrar_turn(f->k->registrar))
			(void)store_sync(f->k->db.store);
		(void)registrar_tick(f->k->registrar);
		(void)store_sync(f->k->db.store);
		assert_true(journals(f) <= 2);
	}
	kept = latest(f);
	crash(f);
	assert_in_range(kept - latest(f), 0, REFRESH_HOLD_MS + 10000);
	assert_int_equal(registrar_bindings(f->k->registrar), 1);
}

/* What a refresh stands on is not on disk yet: its 200 waits for that, and dies with it. */
static void
test_refresh_of_pending(void **state)
{
	struct fixture	*f = *state;
	uint64_t	 first;

	challenged(f);
	contact(f, "sip:alice@192.0.2.17", 300);
	credentials(f);
	ask(f);
	first = f->id;
	credentials(f);
	ask(f);
	assert_int_equal(f->answers, 0);
	store_fault(f->k->db.store, true);
	f->id = first;						/* the first answer, then the second: both 503 */
	store_flush(f->k->db.store);
	registrar_channel_gone(f->k->registrar, f->ours);	/* ids differ, so only look that nothing is stored */
	(void)store_sync(f->k->db.store);
	store_fault(f->k->db.store, false);
	assert_int_equal(stored(f).account_id, 0);
	f->id += 10;
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
}

static void
test_stale_cseq(void **state)
{
	struct fixture	*f = *state;

	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	f->ask.cseq = 0;
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 500);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 30), 423);
	assert_int_equal(f->answer.min_expires, 60);
}

static void
test_wrong_password(void **state)
{
	struct fixture	*f = *state;

	strcpy(f->password, "guess");
	for (int i = 0; i < 10; i++) {
		assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 401);
		assert_true(f->answer.challenge);
	}
	assert_int_equal(events_with(f, "auth: wrong password for \"alice\" from 192.0.2.17"), 10);
	assert_int_equal(events_with(f, "10 wrong passwords from 192.0.2.17"), 1);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 503);
	assert_in_range(f->answer.retry_after, 1, 60);
	strcpy(f->password, "pw-alice");				/* even the right one from there is not looked at */
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 503);

	assert_int_equal(addr_parse(&f->ask.source, "192.0.2.99:5060"), 0);	/* the owner registers from elsewhere */
	f->nonce[0] = '\0';
	assert_int_equal(reg(f, "sip:alice@192.0.2.99", 300), 200);

	assert_int_equal(addr_parse(&f->ask.source, "192.0.2.17:27537"), 0);
	f->nonce[0] = '\0';
	fixture_later(f->k, 61000);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
}

/* A neighbour behind the same address guesses: the phone that is registered from there goes on. */
static void
test_registered_phone_is_heard(void **state)
{
	struct fixture	*f = *state;

	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	f->ask.source.port = 40000;
	strcpy(f->password, "guess");
	for (int i = 0; i < 11; i++)
		(void)reg(f, "sip:alice@192.0.2.18", 300);
	assert_int_equal(f->answer.code, 503);
	f->ask.source.port = 27537;
	strcpy(f->password, "pw-alice");
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
}

/* Reliability A5: who forges a source sees no nonce made for it, and what it sends counts against nobody. */
static void
test_forged_source_bans_nobody(void **state)
{
	struct fixture	*f = *state;

	challenged(f);							/* the attacker's own nonce */
	assert_int_equal(addr_parse(&f->ask.source, "198.51.100.7:5060"), 0);
	strcpy(f->password, "guess");
	for (int i = 0; i < 100; i++) {
		assert_int_equal(reg(f, "sip:alice@198.51.100.7", 300), 401);
		assert_true(f->answer.stale);
	}
	assert_int_equal(events_with(f, "wrong password"), 0);
	strcpy(f->password, "pw-alice");
	f->nonce[0] = '\0';
	assert_int_equal(reg(f, "sip:alice@198.51.100.7", 300), 200);
}

/* One account guessed at from many sources: strangers are held, its registered phone is not. */
static void
test_account_is_guarded(void **state)
{
	struct fixture	*f = *state;
	unsigned	 looked_at = 0;

	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	strcpy(f->password, "guess");
	for (int i = 0; i < 300; i++) {
		char	addr[32];

		(void)snprintf(addr, sizeof addr, "203.0.113.%d:5060", i % 250);
		assert_int_equal(addr_parse(&f->ask.source, addr), 0);
		f->nonce[0] = '\0';
		looked_at += reg(f, "sip:alice@192.0.2.18", 300) == 401;
	}
	assert_int_equal(looked_at, 100);
	assert_int_equal(addr_parse(&f->ask.source, "192.0.2.17:27537"), 0);
	strcpy(f->password, "pw-alice");
	f->nonce[0] = '\0';
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
}

/* Reliability A1. */
static void
test_unknown_user_answers_alike(void **state)
{
	struct fixture	*f = *state;

	strcpy(f->password, "guess");
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 401);
	assert_true(f->answer.challenge && !f->answer.stale);
	strcpy(f->user, "nobody");
	f->ask.aor_user = span_of(f->user);
	assert_int_equal(reg(f, "sip:nobody@192.0.2.17", 300), 401);
	assert_true(f->answer.challenge && !f->answer.stale);
	assert_int_equal(events_with(f, "auth: wrong password for \"nobody\" from 192.0.2.17"), 1);
	strcpy(f->user, "x\" from 1.2.3.4");				/* can't pass for another line */
	assert_int_equal(reg(f, "sip:nobody@192.0.2.17", 300), 401);
	assert_int_equal(events_with(f, "wrong password for \"x\\x22\\x20from\\x201.2.3.4\" from 192.0.2.17"), 1);
}

static void
test_acl(void **state)
{
	struct fixture	*f = *state;

	strcpy(f->alice.deny, "0.0.0.0/0.0.0.0");
	strcpy(f->alice.permit, "198.51.100.0/24");
	fixture_change(f->k, &f->alice);
	strcpy(f->password, "guess");
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 401);	/* who does not know the password learns nothing */
	strcpy(f->password, "pw-alice");
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 403);
	assert_int_equal(events_with(f, "refused by permit and deny, from 192.0.2.17"), 1);
	assert_int_equal(stored(f).account_id, 0);
	f->nonce[0] = '\0';
	assert_int_equal(addr_parse(&f->ask.source, "198.51.100.7:5060"), 0);
	assert_int_equal(reg(f, "sip:alice@198.51.100.7", 300), 200);
	f->nonce[0] = '\0';
	assert_int_equal(addr_parse(&f->ask.source, "[2001:db8::1]:5060"), 0);
	assert_int_equal(reg(f, "sip:alice@198.51.100.7", 300), 403);
}

static void
test_whose_address(void **state)
{
	struct fixture	*f = *state;
	struct account	 bob;

	fixture_account(f->k, &bob, "bob");
	f->ask.aor_user = span_of("bob");				/* alice's password, bob's address */
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 403);
	f->ask.aor_user = span_of("alice");
	f->ask.aor_host = span_of("elsewhere.test");
	ask(f);
	assert_int_equal(settle(f), 404);
	f->ask.aor_host = span_of(FIXTURE_DOMAIN);
	f->ask.host = span_of("elsewhere.test");
	ask(f);
	assert_int_equal(settle(f), 404);
	f->ask.host = f->ask.aor_host = span_of("192.0.2.1");		/* where it reached us */
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	f->ask.host = f->ask.aor_host = span_of("192.0.2.2");
	ask(f);
	assert_int_equal(settle(f), 404);
	f->k->conf.n_listens = 1;
	assert_int_equal(addr_parse(&f->k->conf.listens[0].addr, "0.0.0.0:5060"), 0);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);	/* an address that we may well have */
}

static void
test_expiry(void **state)
{
	struct fixture	*f = *state;

	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	fixture_later(f->k, 200000);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);	/* a refresh, not written yet */
	fixture_later(f->k, 110000);
	assert_false(registrar_tick(f->k->registrar));
	(void)store_sync(f->k->db.store);
	assert_int_equal(registrar_bindings(f->k->registrar), 1);
	fixture_later(f->k, 191000);
	assert_false(registrar_tick(f->k->registrar));
	(void)store_sync(f->k->db.store);
	assert_int_equal(registrar_bindings(f->k->registrar), 0);
	assert_int_equal(registrar_accounts(f->k->registrar), 0);
	assert_int_equal(events_with(f, "expired"), 1);
	assert_int_equal(stored(f).account_id, 0);
}

static void
test_flow_gone(void **state)
{
	struct fixture	*f = *state;

	f->ask.transport = TRANSPORT_TLS;
	f->ask.flow = 77;
	assert_int_equal(reg(f, "sip:alice@192.0.2.17;transport=tls", 300), 200);
	registrar_flow_gone(f->k->registrar, 78);
	registrar_flow_gone(f->k->registrar, 0);
	assert_int_equal(registrar_bindings(f->k->registrar), 1);
	registrar_flow_gone(f->k->registrar, 77);
	(void)store_sync(f->k->db.store);
	assert_int_equal(registrar_bindings(f->k->registrar), 0);
	assert_int_equal(events_with(f, "connection closed"), 1);
}

static int
drop(struct fixture *f, const char *uri)
{
	struct txn	*txn = txn_new(f->k->db.store);
	int		 n = registrar_drop(f->k->registrar, txn, &f->alice, uri, "root", "dropped by root");

	assert_int_equal(store_commit(txn, NULL, NULL), 0);
	assert_int_equal(store_sync(f->k->db.store), 0);
	return n;
}

static void
test_drop(void **state)
{
	struct fixture	*f = *state;

	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	assert_int_equal(reg(f, "sip:alice@192.0.2.18", 300), 200);
	assert_int_equal(reg(f, "sip:alice@192.0.2.19", 300), 200);
	assert_int_equal(f->n_contacts, 3);
	assert_int_equal(registrar_bindings(f->k->registrar), 3);
	assert_int_equal(registrar_accounts(f->k->registrar), 1);
	assert_int_equal(drop(f, "sip:alice@192.0.2.99"), 0);
	assert_int_equal(drop(f, "sip:alice@192.0.2.18"), 1);
	assert_int_equal(registrar_bindings(f->k->registrar), 2);
	assert_int_equal(drop(f, NULL), 2);
	assert_int_equal(registrar_bindings(f->k->registrar), 0);
	assert_int_equal(registrar_accounts(f->k->registrar), 0);
	assert_int_equal(events_with(f, "dropped by root"), 3);
}

struct heard {
	int		added, changed, removed;
	struct binding	last;
};

static void
hear(void *arg, enum registrar_change change, const struct binding *b)
{
	struct heard	*h = arg;

	h->added += change == BINDING_ADDED;
	h->changed += change == BINDING_CHANGED || change == BINDING_REFRESHED;
	h->removed += change == BINDING_REMOVED;
	h->last = *b;
}

static void
test_watch(void **state)
{
	struct fixture	*f = *state;
	struct heard	 h = { .added = 0 };

	registrar_watch(f->k->registrar, hear, &h);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	assert_int_equal(h.added, 1);
	assert_string_equal(h.last.contact, "sip:alice@192.0.2.17");
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	assert_int_equal(h.changed, 1);
	f->ask.user_agent = span_of("Phone/2");
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	assert_int_equal(h.changed, 2);
	assert_string_equal(h.last.user_agent, "Phone/2");
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 0), 200);
	assert_int_equal(h.removed, 1);
	assert_int_equal(h.last.account_id, f->alice.id);
	assert_string_equal(h.last.contact, "sip:alice@192.0.2.17");
	registrar_unwatch(f->k->registrar, hear, &h);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	assert_int_equal(h.added, 1);
}

static void
test_status(void **state)
{
	struct fixture	*f = *state;
	struct account	 a = { .id = f->alice.id };

	f->alice.creation = CREATION_WIZARD;
	f->alice.enabled = false;
	fixture_change(f->k, &f->alice);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);	/* disabled: it registers all the same (A5) */
	assert_int_equal(table_get(&f->k->db, &account_kind, &a), 0);
	assert_int_equal(a.status, STATUS_CREATED);
	assert_int_equal(f->expires, 300);
	f->alice.status = STATUS_INSTALLED;
	fixture_change(f->k, &f->alice);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	assert_int_equal(f->expires, 60);		/* so that it is soon known to be Connected, once it is Activated */
	f->alice.status = STATUS_ACTIVATED;
	fixture_change(f->k, &f->alice);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	assert_int_equal(table_get(&f->k->db, &account_kind, &a), 0);
	assert_int_equal(a.status, STATUS_CONNECTED);
}

static void
test_front_dies_meanwhile(void **state)
{
	struct fixture	*f = *state;

	challenged(f);
	contact(f, "sip:alice@192.0.2.17", 300);
	credentials(f);
	ask(f);
	registrar_channel_gone(f->k->registrar, f->ours);
	(void)store_sync(f->k->db.store);
	collect(f);
	assert_int_equal(f->answers, 0);
	assert_int_equal(registrar_bindings(f->k->registrar), 1);
}

static void
test_restart(void **state)
{
	struct fixture	*f = *state;

	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	registrar_free(f->k->registrar);
	f->k->registrar = registrar_new(f->k);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 401);	/* an old nonce, the count could be a replay */
	assert_true(f->answer.stale);
	f->nonce[0] = '\0';
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	assert_int_equal(f->n_contacts, 1);
}

/* The third REGISTER and later ones go past the store.  Whatever changes is seen by the next one all the same. */
static void
test_recent_accounts(void **state)
{
	struct fixture	*f = *state;
	struct binding	 b;

	for (int i = 0; i < 5; i++) {
		fixture_later(f->k, 10000);
		assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
		assert_int_equal(f->n_contacts, 1);
		assert_int_equal(f->expires, 300);
		b = stored(f);
		registrar_latest(f->k->registrar, &b);
		assert_in_range(b.expires_at - keeper_now(f->k), 240000, 300000);
		assert_int_equal(b.cseq, f->ask.cseq);
	}
	f->ask.cseq -= 3;
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 500);	/* out of order */
	f->ask.cseq += 5;
	strcpy(f->password, "guess");
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 401);
	strcpy(f->password, "pw-alice");
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 30), 423);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);

	strcpy(f->alice.password, "another one");
	digest_set_password(&f->alice, FIXTURE_DOMAIN);
	fixture_change(f->k, &f->alice);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 401);
	strcpy(f->password, "another one");
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);

	strcpy(f->alice.deny, "0.0.0.0/0");
	fixture_change(f->k, &f->alice);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 403);
	f->alice.deny[0] = '\0';
	fixture_change(f->k, &f->alice);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);

	assert_int_equal(drop(f, NULL), 1);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	assert_int_equal(registrar_bindings(f->k->registrar), 1);
	assert_int_equal(events_with(f, "registered from"), 2);
	assert_int_equal(reg(f, "sip:alice@192.0.2.17", 300), 200);
	f->ask.source.port++;						/* a new mapping of its NAT: a change, on disk before the 200 */
	f->answers = 0;
	credentials(f);
	ask(f);
	assert_int_equal(f->answers, 0);
	assert_int_equal(settle(f), 200);
	assert_int_equal(stored(f).source.port, f->ask.source.port);
	assert_int_equal(reg(f, "sip:alice@192.0.2.18", 300), 200);	/* a second device */
	assert_int_equal(f->n_contacts, 2);
	credentials(f);
	ask(f);
	assert_int_equal(f->answers, 1);				/* its refresh needs no disk either */
	assert_int_equal(f->answer.code, 200);
	assert_int_equal(f->n_contacts, 2);
	f->ask.aor_user = span_of("bob");
	assert_int_equal(reg(f, "sip:alice@192.0.2.18", 300), 403);
}

/* Many more accounts than one bucket or slice holds, refreshed and written behind. */
static void
test_many_refreshes(void **state)
{
	enum { MANY = 1500 };
	struct fixture	*f = *state;
	struct account	 a;

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < MANY; i++) {
			(void)snprintf(f->user, sizeof f->user, "user%d", i);
			(void)snprintf(f->password, sizeof f->password, "pw-%s", f->user);
			if (round == 0)
				fixture_account(f->k, &a, f->user);
			f->ask.aor_user = span_of(f->user);
			if (reg(f, "sip:x@192.0.2.17", 300) == 401) {	/* stale */
				f->nonce[0] = '\0';
				assert_int_equal(reg(f, "sip:x@192.0.2.17", 300), 200);
			}
			assert_int_equal(f->answer.code, 200);
			assert_int_equal(f->n_contacts, 1);
		}
		fixture_later(f->k, 100000);
	}
	while (registrar_turn(f->k->registrar))
		assert_int_equal(store_sync(f->k->db.store), 0);
	assert_int_equal(journals(f), 2);
	crash(f);
	fixture_later(f->k, REFRESH_FOLD_MS);
	while (registrar_turn(f->k->registrar))
		assert_int_equal(store_sync(f->k->db.store), 0);
	assert_int_equal(table_verify(&f->k->db, &binding_kind, NULL, NULL), 0);
	fixture_later(f->k, 150000 - REFRESH_FOLD_MS);					/* 250 s after the last refresh: nobody is late */
	assert_false(registrar_tick(f->k->registrar));
	assert_int_equal(registrar_bindings(f->k->registrar), MANY);
	fixture_later(f->k, 60000);
	while (registrar_tick(f->k->registrar))
		assert_int_equal(store_sync(f->k->db.store), 0);
	assert_int_equal(registrar_bindings(f->k->registrar), 0);
	assert_int_equal(count_get(&f->k->db, "group/1/registered"), 0);
}

/* Indexes, counts and the event chain after a few thousand random requests, some of them on a failing store. */
static void
test_all_agrees(void **state)
{
	struct fixture		*f = *state;
	struct events_check	 check = { .begun = false };
	struct account		 accounts[8];
	unsigned		 seed = 7;
	uint64_t		 bindings = 0, registered = 0;

	for (int i = 0; i < 8; i++) {
		char	name[16];

		(void)snprintf(name, sizeof name, "user%d", i);
		fixture_account(f->k, &accounts[i], name);
	}
	f->k->conf.reg.overflow = OVERFLOW_REPLACE;
	for (int i = 0; i < 4000; i++) {
		char		uri[64];
		const char	*user = accounts[rand_r(&seed) % 8].username;

		(void)snprintf(f->user, sizeof f->user, "%s", user);
		(void)snprintf(f->password, sizeof f->password, "pw-%s", user);
		f->ask.aor_user = span_of(f->user);
		(void)snprintf(uri, sizeof uri, "sip:%s@192.0.2.%d", user, rand_r(&seed) % 13);
		store_fault(f->k->db.store, rand_r(&seed) % 20 == 0);
		(void)reg(f, uri, rand_r(&seed) % 4 == 0 ? 0 : 60 + (unsigned)rand_r(&seed) % 300);
		if (f->answer.code == 401)
			f->nonce[0] = '\0';
		store_fault(f->k->db.store, false);
		fixture_later(f->k, rand_r(&seed) % 2000);
		if (rand_r(&seed) % 100 == 0) {
			crash(f);
			f->nonce[0] = '\0';
		}
		(void)registrar_tick(f->k->registrar);
		(void)registrar_turn(f->k->registrar);
	}
	registrar_stop(f->k->registrar);
	assert_int_equal(table_verify(&f->k->db, &binding_kind, NULL, NULL), 0);
	assert_int_equal(table_verify(&f->k->db, &account_kind, NULL, NULL), 0);
	while (events_verify(f->k->events, &check, 1000) == 1)
		continue;
	assert_int_equal(events_verify(f->k->events, &check, 1000), 0);
	for (int i = 0; i < 8; i++) {
		int	n;

		f->alice = accounts[i];
		n = drop(f, NULL);
		bindings += (uint64_t)n;
		registered += n > 0;
		if (i == 0)
			assert_int_equal(registrar_bindings(f->k->registrar) > 0, true);
	}
	assert_true(bindings > 0 && registered > 0);
	assert_int_equal(registrar_bindings(f->k->registrar), 0);
	assert_int_equal(registrar_accounts(f->k->registrar), 0);
	assert_int_equal(count_get(&f->k->db, "group/1/registered"), 0);
}

#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_registers), T(test_offers), T(test_answer_waits), T(test_failed_commit_is_503), T(test_refresh), T(test_refreshes_written_at_stop),
		T(test_refresh_survives_failed_write), T(test_refreshed_all_the_time), T(test_refresh_of_pending), T(test_stale_cseq), T(test_wrong_password),
		T(test_registered_phone_is_heard), T(test_forged_source_bans_nobody), T(test_account_is_guarded),
		T(test_unknown_user_answers_alike), T(test_acl), T(test_whose_address), T(test_expiry), T(test_flow_gone), T(test_drop),
		T(test_watch), T(test_status), T(test_front_dies_meanwhile), T(test_restart),
		T(test_recent_accounts), T(test_many_refreshes), T(test_all_agrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
