/* links: db keeper sipd */
/*
 * The message queue over the memory store: what a front would ask goes in, what it is told to send and to answer comes out of a real channel.
 * The clock is moved by hand, and the store fails when told to.
 */
#include "keeper_fixture.h"

#include <openssl/evp.h>
#include <sys/socket.h>

#include "core/binding.h"
#include "core/err.h"
#include "core/message.h"
#include "db/payload.h"
#include "sipd/keeper/queue.h"
#include "sipd/keeper/queue_why.h"

enum { SENDS = 64, RETRY_S = 30, TRIES = 3, QUOTA = 4, LIFE_S = 3600, SOON = 1100 };

/* A request that the front was told to send. */
struct sent {
	uint64_t	id;
	char		body[64], headers[512], uri[128];
};

struct fixture {
	struct keeper		*k;
	struct channel		*ours, *fronts;		/* the two ends */
	struct account		 alice, bob, carol;
	struct message_ask	 ask;
	char			 user[65], password[80], nonce[256], nc_text[9], response[65];
	unsigned		 nc;
	uint64_t		 id;
	/* What came out. */
	struct sent		 sends[SENDS];
	size_t			 n_sends;
	uint32_t		 codes[SENDS], retry_after;	/* answers by id */
	size_t			 n_answers;
};

static void
on_frame(void *arg, const struct frame *frame)
{
	struct fixture		*f = arg;
	struct register_answer	 a;
	struct wire_send	 s;
	struct sent		*sent = &f->sends[f->n_sends];

	if (frame->type == WIRE_MESSAGE_ANSWER) {
		assert_int_equal(frame_decode(frame, &a), 0);
		assert_true(frame->id < SENDS && f->codes[frame->id] == 0);
		f->codes[frame->id] = a.code;
		f->retry_after = a.retry_after;
		f->n_answers++;
		if (a.challenge)
			assert_true(span_get(a.nonce_sha256, f->nonce, sizeof f->nonce));
		return;
	}
	assert_int_equal(frame->type, WIRE_SEND);
	assert_int_equal(frame_decode(frame, &s), 0);
	assert_true(f->n_sends < SENDS);
	f->n_sends++;
	sent->id = frame->id;
	assert_true(span_get(s.body, sent->body, sizeof sent->body));
	assert_true(span_get(s.headers, sent->headers, sizeof sent->headers));
	assert_true(span_get(s.uri, sent->uri, sizeof sent->uri));
}

static void
on_gone(void *arg, int rc)
{
	(void)arg;
	(void)rc;
}

static void
on_undone(void *arg, int rc)
{
	struct fixture	*f = arg;

	(void)rc;
	names_forget(f->k->names);
	registrar_undone(f->k->registrar);
	queue_undone(f->k->queue);
}

static void
front_open(struct fixture *f)
{
	int	fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	f->ours = channel_new(fds[0], on_frame, on_gone, f);
	f->fronts = channel_new(fds[1], on_frame, on_gone, f);
	f->k->channels[PROC_SIP] = f->ours;
}

static void
front_close(struct fixture *f)
{
	f->k->channels[PROC_SIP] = NULL;
	registrar_channel_gone(f->k->registrar, f->ours);
	queue_channel_gone(f->k->queue, f->ours);
	channel_free(f->ours);
	channel_free(f->fronts);
	f->ours = f->fronts = NULL;
}

static int
setup(void **state)
{
	struct fixture	*f = calloc(1, sizeof *f);

	f->k = fixture_keeper();
	f->k->conf.queue.tries = TRIES;
	f->k->conf.queue.retry = RETRY_S;
	f->k->conf.queue.per_account = QUOTA;
	f->k->conf.queue.max_size = 65536;
	f->k->conf.queue.expires = LIFE_S;
	f->k->queue = queue_new(f->k);
	assert_non_null(f->k->queue);
	store_on_undone(f->k->db.store, on_undone, f);
	front_open(f);
	fixture_account(f->k, &f->alice, "alice");
	fixture_account(f->k, &f->bob, "bob");
	fixture_account(f->k, &f->carol, "carol");
	f->ask.from.aor_sip = true;
	f->ask.from.host = f->ask.from.aor_host = f->ask.from_host = span_of(FIXTURE_DOMAIN);
	f->ask.from.uri = span_of("sip:" FIXTURE_DOMAIN);
	f->ask.from.call_id = span_of("call-1");
	f->ask.from.transport = TRANSPORT_UDP;
	f->ask.from.via_one_hop = true;
	f->ask.version = 1;
	f->ask.expires = EXPIRES_ABSENT;
	f->ask.content_type = span_of("text/plain");
	assert_int_equal(addr_parse(&f->ask.from.source, "192.0.2.17:27537"), 0);
	assert_int_equal(addr_parse(&f->ask.from.local, "192.0.2.1:5060"), 0);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture	*f = *state;

	if (f->ours != NULL)
		front_close(f);
	(void)store_sync(f->k->db.store);
	queue_free(f->k->queue);
	fixture_free(f->k);
	free(f);
	return 0;
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
	hash("MESSAGE:sip:" FIXTURE_DOMAIN, a2);
	(void)snprintf(f->nc_text, sizeof f->nc_text, "%08x", ++f->nc);
	(void)snprintf(text, sizeof text, "%s:%s:%s:cnonce:auth:%s", a1, f->nonce, f->nc_text, a2);
	hash(text, f->response);
	f->ask.from.authorized = true;
	f->ask.from.username = span_of(f->user);
	f->ask.from.realm = span_of(FIXTURE_DOMAIN);
	f->ask.from.nonce = span_of(f->nonce);
	f->ask.from.nc = span_of(f->nc_text);
	f->ask.from.cnonce = span_of("cnonce");
	f->ask.from.qop = span_of("auth");
	f->ask.from.algorithm = span_of("SHA-256");
	f->ask.from.response = span_of(f->response);
}

static void
collect(struct fixture *f)
{
	if (f->ours == NULL)
		return;
	channel_flush(f->ours);
	channel_read(f->fronts);
}

/* What the loop does until nothing is left to do now. */
static void
turns(struct fixture *f)
{
	for (int i = 0; i < 8; i++) {
		(void)queue_tick(f->k->queue);
		while (queue_turn(f->k->queue))
			continue;
		(void)store_sync(f->k->db.store);
		collect(f);
	}
}

static uint64_t
ask(struct fixture *f)
{
	queue_ask(f->k->queue, f->ours, ++f->id, &f->ask);
	collect(f);
	return f->id;
}

/* A MESSAGE with right credentials; what it is answered may not be there yet.  Its id. */
static uint64_t
message(struct fixture *f, const char *from, const char *to, const char *uuid, const char *body)
{
	if (strcmp(f->user, from) != 0 || f->nonce[0] == '\0') {
		(void)snprintf(f->user, sizeof f->user, "%s", from);
		(void)snprintf(f->password, sizeof f->password, "pw-%s", from);
		f->ask.from.authorized = false;
		assert_int_equal(f->codes[ask(f)], 407);
		f->nc = 0;
	}
	f->ask.from_user = f->ask.from.aor_user = span_of(f->user);
	f->ask.user = span_of(to);
	f->ask.uuid = span_of(uuid);
	f->ask.body = span_of(body);
	f->ask.size = (uint32_t)strlen(body);
	credentials(f);
	return ask(f);
}

/* The same; its answer. */
static uint32_t
said(struct fixture *f, const char *from, const char *to, const char *uuid, const char *body)
{
	uint64_t	id = message(f, from, to, uuid, body);

	(void)store_sync(f->k->db.store);
	collect(f);
	return f->codes[id];
}

/* A device of the account registers; each has another contact.  By TCP, it is on no connection. */
static void
registers_by(struct fixture *f, const struct account *a, unsigned device, uint8_t transport)
{
	struct binding	 b = { .account_id = a->id, .transport = transport, .q = 1000 };
	struct txn	*t = txn_new(f->k->db.store);

	b.hash[0] = (uint8_t)device;
	(void)snprintf(b.contact, sizeof b.contact, "sip:%s@192.0.2.%u:5070", a->username, device);
	assert_int_equal(addr_parse(&b.source, "192.0.2.9:5070"), 0);
	assert_int_equal(addr_parse(&b.local, "192.0.2.1:5060"), 0);
	b.registered_at = b.refreshed_at = keeper_now(f->k);
	b.expires_at = b.registered_at + 24 * 3600 * (int64_t)1000;
	table_put(t, &f->k->db, &binding_kind, &b);
	assert_int_equal(store_commit(t, NULL, NULL), 0);
	assert_int_equal(store_sync(f->k->db.store), 0);
}

static void
registers(struct fixture *f, const struct account *a, unsigned device)
{
	registers_by(f, a, device, TRANSPORT_UDP);
}

/* How the last request that went out ended. */
static void
ends(struct fixture *f, uint32_t code, const char *reason)
{
	const struct wire_sent	s = { .code = code, .reason = span_of(reason) };

	assert_true(f->n_sends > 0);
	queue_sent(f->k->queue, f->sends[f->n_sends - 1].id, &s);
}

static int
take(void *arg, const void *record)
{
	*(struct message *)arg = *(const struct message *)record;
	return 1;
}

/* The first that waits. */
static struct message
first(struct fixture *f)
{
	struct message	m = { .seq = 0 };

	(void)table_each(&f->k->db, &message_kind, NULL, 0, take, &m);
	return m;
}

static uint64_t
queued(struct fixture *f)
{
	struct queue_stat	s;
	char			name[64];

	queue_stat(f->k->queue, &s);
	assert_int_equal(s.queued, count_get(&f->k->db, queue_counter(f->bob.id, name)) + count_get(&f->k->db, queue_counter(f->carol.id, name)));
	assert_int_equal(s.queued > 0, s.recipients > 0);
	return s.queued;
}

static uint64_t
delivered(struct fixture *f)
{
	struct queue_stat	s;

	queue_stat(f->k->queue, &s);
	return s.delivered;
}

struct seen {
	const char	*text;
	size_t		 hits;
};

static int
see(void *arg, const void *record)
{
	struct seen		*s = arg;
	const struct event	*ev = record;

	s->hits += strstr(ev->text, s->text) != NULL;
	return 0;
}

static size_t
events_with(struct fixture *f, const char *text)
{
	struct seen	s = { .text = text };

	(void)table_each(&f->k->db, &event_kind, NULL, 0, see, &s);
	return s.hits;
}

static void
test_accepts_when_durable(void **state)
{
	struct fixture	*f = *state;
	uint64_t	 id = message(f, "alice", "bob", "u1", "one");
	struct message	 m;

	assert_int_equal(f->codes[id], 0);		/* not on disk yet */
	(void)store_sync(f->k->db.store);
	collect(f);
	assert_int_equal(f->codes[id], 202);
	m = first(f);
	assert_string_equal(m.uuid, "u1");
	assert_string_equal(m.from, "alice");
	assert_int_equal(m.to_account, f->bob.id);
	assert_int_equal(m.from_seq, 1);
	assert_int_equal(m.to_seq, 0);
	assert_int_equal(m.size, 3);
	assert_int_equal(m.expires, m.received + LIFE_S * 1000);
	assert_int_equal(queued(f), 1);
	assert_int_equal(said(f, "alice", "nobody", "u2", "x"), 404);
	assert_int_equal(said(f, "alice", "bob", "u3", ""), 400);
	f->k->conf.queue.max_size = 2;
	assert_int_equal(said(f, "alice", "bob", "u4", "xxx"), 413);
	assert_int_equal(queued(f), 1);
}

static void
test_same_uuid(void **state)
{
	struct fixture	*f = *state;
	uint64_t	 a = message(f, "alice", "bob", "u1", "one"), b = message(f, "alice", "bob", "u1", "one");

	assert_int_equal(f->codes[a], 0);
	assert_int_equal(f->codes[b], 0);
	(void)store_sync(f->k->db.store);
	collect(f);
	assert_int_equal(f->codes[a], 202);
	assert_int_equal(f->codes[b], 202);
	assert_int_equal(said(f, "alice", "bob", "u1", "one"), 202);
	assert_int_equal(queued(f), 1);
	assert_int_equal(said(f, "carol", "bob", "u1", "of another"), 202);
	assert_int_equal(queued(f), 2);
	registers(f, &f->bob, 1);
	turns(f);
	ends(f, 200, "OK");
	turns(f);
	ends(f, 200, "OK");
	turns(f);
	assert_int_equal(queued(f), 0);
	assert_int_equal(said(f, "alice", "bob", "u1", "one"), 202);	/* delivered, and still the same */
	turns(f);
	assert_int_equal(queued(f), 0);
	assert_int_equal(f->n_sends, 2);
}

static void
test_quota(void **state)
{
	struct fixture	*f = *state;
	char		 uuid[16];

	for (int i = 0; i < QUOTA; i++) {
		(void)snprintf(uuid, sizeof uuid, "u%d", i);
		assert_int_equal(said(f, "alice", "bob", uuid, "x"), 202);
	}
	assert_int_equal(said(f, "alice", "bob", "over", "x"), 480);
	assert_true(f->retry_after > 0);
	assert_int_equal(said(f, "alice", "carol", "other", "x"), 202);
	assert_int_equal(queued(f), QUOTA + 1);
	registers(f, &f->bob, 1);
	turns(f);
	ends(f, 200, "OK");
	turns(f);
	assert_int_equal(said(f, "alice", "bob", "over", "x"), 202);	/* the refused one is not taken for a copy */
}

static void
test_order(void **state)
{
	struct fixture	*f = *state;
	struct message	 m;

	assert_int_equal(said(f, "alice", "bob", "u1", "one"), 202);
	assert_int_equal(said(f, "carol", "bob", "u2", "two"), 202);
	assert_int_equal(said(f, "alice", "bob", "u3", "three"), 202);
	turns(f);
	assert_int_equal(f->n_sends, 0);
	registers(f, &f->bob, 1);
	turns(f);
	assert_int_equal(f->n_sends, 1);		/* one at a time */
	assert_string_equal(f->sends[0].body, "one");
	assert_non_null(strstr(f->sends[0].headers, "Message-UUID: u1\r\n"));
	assert_non_null(strstr(f->sends[0].headers, "Date: "));
	ends(f, 486, "Busy Here");
	turns(f);
	assert_int_equal(f->n_sends, 1);		/* two does not overtake it */
	fixture_later(f->k, RETRY_S * 1000);
	turns(f);
	assert_string_equal(f->sends[1].body, "one");
	ends(f, 200, "OK");
	turns(f);
	assert_string_equal(f->sends[2].body, "two");
	assert_int_equal(said(f, "alice", "bob", "u4", "four"), 202);	/* on line, but others wait before it */
	ends(f, 200, "OK");
	turns(f);
	assert_string_equal(f->sends[3].body, "three");
	ends(f, 200, "OK");
	turns(f);
	m = first(f);
	assert_string_equal(m.uuid, "u4");
	assert_string_equal(f->sends[4].body, "four");
	ends(f, 202, "Accepted");
	turns(f);
	assert_int_equal(queued(f), 0);
	assert_int_equal(delivered(f), 4);
	assert_int_equal(events_with(f, "DELIVERED after"), 4);
}

static void
test_next_waits_for_the_disk(void **state)
{
	struct fixture	*f = *state;

	assert_int_equal(said(f, "alice", "bob", "u1", "one"), 202);
	assert_int_equal(said(f, "alice", "bob", "u2", "two"), 202);
	registers(f, &f->bob, 1);
	turns(f);
	ends(f, 200, "OK");
	while (queue_turn(f->k->queue))
		continue;
	collect(f);
	assert_int_equal(f->n_sends, 1);	/* two would make it two that come twice after a crash */
	turns(f);
	assert_string_equal(f->sends[1].body, "two");
}

static void
test_expires(void **state)
{
	struct fixture	*f = *state;

	assert_int_equal(said(f, "alice", "bob", "u1", "one"), 202);
	f->ask.expires = 60;
	assert_int_equal(said(f, "alice", "carol", "u2", "two"), 202);
	f->ask.expires = EXPIRES_ABSENT;
	fixture_later(f->k, 59 * 1000);
	turns(f);
	assert_int_equal(queued(f), 2);
	fixture_later(f->k, 2 * 1000);
	turns(f);
	assert_int_equal(queued(f), 1);
	assert_int_equal(events_with(f, "EXPIRED after 0 transmissions"), 1);
	registers(f, &f->bob, 1);
	fixture_later(f->k, LIFE_S * 1000);
	while (queue_turn(f->k->queue))
		continue;
	collect(f);
	assert_int_equal(f->n_sends, 0);	/* not even where nobody has looked since */
	turns(f);
	assert_int_equal(queued(f), 0);
	assert_int_equal(events_with(f, "EXPIRED"), 2);
	assert_int_equal(delivered(f), 0);
}

static void
test_expires_while_it_is_sent(void **state)
{
	struct fixture	*f = *state;

	assert_int_equal(said(f, "alice", "bob", "u1", "one"), 202);
	registers(f, &f->bob, 1);
	turns(f);
	fixture_later(f->k, (LIFE_S + 1) * 1000);
	turns(f);
	assert_int_equal(queued(f), 1);
	ends(f, 200, "OK");
	turns(f);
	assert_int_equal(queued(f), 0);
	assert_int_equal(events_with(f, "EXPIRED"), 0);
	assert_int_equal(events_with(f, "DELIVERED"), 1);
}

static void
test_retries(void **state)
{
	struct fixture	*f = *state;
	struct message	 m;

	assert_int_equal(said(f, "alice", "bob", "u1", "one"), 202);
	registers(f, &f->bob, 1);
	for (int i = 1; i <= TRIES; i++) {
		turns(f);
		assert_int_equal(f->n_sends, i);
		ends(f, 486, "Busy Here");
		turns(f);
		m = first(f);
		assert_int_equal(m.tries, i);
		assert_int_equal(m.sent, i);
		assert_string_equal(m.last_error, "486 Busy Here");
		if (i < TRIES)
			assert_in_range(m.next_try, keeper_now(f->k) + (RETRY_S - 5) * 1000, keeper_now(f->k) + RETRY_S * 1000);
		else
			assert_int_equal(m.next_try, 0);
		fixture_later(f->k, (RETRY_S - 5) * 1000);
		turns(f);
		assert_int_equal(f->n_sends, i);
		fixture_later(f->k, 5 * 1000);
	}
	turns(f);
	assert_int_equal(f->n_sends, TRIES);
	registers(f, &f->bob, 1);
	turns(f);
	assert_int_equal(f->n_sends, TRIES + 1);	/* anew */
	ends(f, 408, "No Answer");
	turns(f);
	assert_int_equal(first(f).tries, 1);
	assert_int_equal(queue_retry(f->k->queue, first(f).seq), 0);
	turns(f);
	assert_int_equal(f->n_sends, TRIES + 2);
	ends(f, 486, "Busy Here");
	turns(f);
	assert_int_equal(queue_retry_account(f->k->queue, f->bob.id), 1);
	turns(f);
	assert_int_equal(f->n_sends, TRIES + 3);
	ends(f, 486, "Busy Here");
	queue_retry_all(f->k->queue);
	turns(f);
	assert_int_equal(f->n_sends, TRIES + 4);
	assert_int_equal(queue_retry(f->k->queue, 4711), ERR_NOT_FOUND);
}

static void
test_ends(void **state)
{
	struct fixture	*f = *state;
	struct txn	*t;
	struct message	 m;

	assert_int_equal(said(f, "alice", "bob", "u1", "one"), 202);
	assert_int_equal(said(f, "alice", "bob", "u2", "two"), 202);
	assert_int_equal(said(f, "alice", "carol", "u3", "three"), 202);
	m = first(f);
	registers(f, &f->bob, 1);
	turns(f);
	ends(f, 415, "Unsupported Media Type");
	turns(f);
	assert_int_equal(events_with(f, "INVALID_DEVICE after 1 transmission, 415"), 1);
	assert_string_equal(f->sends[1].body, "two");
	ends(f, 486, "Busy Here");
	turns(f);
	t = txn_new(f->k->db.store);
	payload_delete(t, m.seq + 1);
	assert_int_equal(store_commit(t, NULL, NULL), 0);
	fixture_later(f->k, RETRY_S * 1000);
	turns(f);
	assert_int_equal(events_with(f, "INVALID_PAYLOAD"), 1);
	t = txn_new(f->k->db.store);
	table_delete(t, &f->k->db, &account_kind, &f->carol);
	assert_int_equal(store_commit(t, NULL, NULL), 0);
	turns(f);
	assert_int_equal(events_with(f, "INVALID_RECIPIENT"), 1);
	assert_int_equal(queued(f), 0);
	assert_int_equal(f->n_sends, 2);
}

static void
test_disabled(void **state)
{
	struct fixture	*f = *state;

	f->bob.enabled = false;
	fixture_change(f->k, &f->bob);
	registers(f, &f->bob, 1);
	assert_int_equal(said(f, "alice", "bob", "u1", "one"), 202);
	turns(f);
	assert_int_equal(f->n_sends, 0);
	f->bob.enabled = true;
	fixture_change(f->k, &f->bob);
	turns(f);
	assert_int_equal(f->n_sends, 1);
}

static int
delete(struct fixture *f, const struct message *m)
{
	struct txn	*t = txn_new(f->k->db.store);
	int		 rc = queue_delete(f->k->queue, t, m, "root");

	if (rc == 0)
		rc = store_commit(t, NULL, NULL);
	else
		txn_drop(t);
	return rc;
}

static void
test_delete(void **state)
{
	struct fixture	*f = *state;
	struct message	 m, found;

	assert_int_equal(said(f, "alice", "bob", "u1", "one"), 202);
	assert_int_equal(said(f, "alice", "bob", "u2", "two"), 202);
	registers(f, &f->bob, 1);
	turns(f);
	m = first(f);
	assert_int_equal(delete(f, &m), ERR_BUSY);	/* it is being sent */
	ends(f, 486, "Busy Here");
	turns(f);
	assert_int_equal(queue_find(f->k->queue, m.id, &found), 0);
	assert_int_equal(delete(f, &found), 0);
	turns(f);
	assert_int_equal(queue_find(f->k->queue, m.id, &found), ERR_NOT_FOUND);
	assert_int_equal(queued(f), 1);
	assert_int_equal(f->n_sends, 2);		/* what was behind it does not wait for its next try */
	assert_string_equal(f->sends[1].body, "two");
	assert_int_equal(events_with(f, "deleted after 1 transmission"), 1);
}

/* One that failed so often that it waits for the phone to register again holds up those behind it no longer than it is there itself. */
static void
test_behind_one_that_failed(void **state)
{
	struct fixture	*f = *state;
	struct message	 m;
	char		 why[400];

	f->ask.expires = LIFE_S / 2;
	assert_int_equal(said(f, "alice", "bob", "u1", "one"), 202);
	assert_int_equal(said(f, "alice", "bob", "u2", "two"), 202);
	f->ask.expires = EXPIRES_ABSENT;
	assert_int_equal(said(f, "alice", "bob", "u3", "three"), 202);
	registers(f, &f->bob, 1);
	for (int i = 0; i < TRIES; i++) {
		turns(f);
		ends(f, 486, "Busy Here");
		turns(f);
		fixture_later(f->k, RETRY_S * 1000);
	}
	turns(f);
	assert_int_equal(f->n_sends, TRIES);
	m = first(f);
	queue_why(f->k, &m, why, sizeof why);
	assert_non_null(strstr(why, "when To registers again; last answer 486 Busy Here"));
	assert_int_equal(delete(f, &m), 0);
	turns(f);
	assert_int_equal(f->n_sends, TRIES + 1);
	assert_string_equal(f->sends[TRIES].body, "two");
	for (int i = 0; i < TRIES; i++) {
		ends(f, 486, "Busy Here");
		fixture_later(f->k, RETRY_S * 1000);
		turns(f);
	}
	assert_int_equal(f->n_sends, 2 * TRIES);
	assert_int_equal(first(f).next_try, 0);
	fixture_later(f->k, LIFE_S / 2 * 1000);
	turns(f);
	assert_int_equal(events_with(f, "EXPIRED"), 1);
	assert_int_equal(f->n_sends, 2 * TRIES + 1);
	assert_string_equal(f->sends[2 * TRIES].body, "three");
}

/* Its connection went with the process that had it; what it waits for is told as it is. */
static void
test_no_way(void **state)
{
	struct fixture	*f = *state;
	struct message	 m;
	char		 why[400];

	registers_by(f, &f->bob, 1, TRANSPORT_TCP);
	assert_int_equal(said(f, "alice", "bob", "u1", "one"), 202);
	turns(f);
	assert_int_equal(f->n_sends, 0);
	m = first(f);
	queue_why(f->k, &m, why, sizeof why);
	assert_string_equal(why, "no contact of To can be reached, as its connection is gone; try 1 when it registers again");
}

static void
test_on_line(void **state)
{
	struct fixture	*f = *state;
	uint64_t	 a, b;

	registers(f, &f->bob, 1);
	registers(f, &f->bob, 2);
	a = message(f, "alice", "bob", "u1", "one");
	b = message(f, "alice", "bob", "u1", "one");
	assert_int_equal(f->n_sends, 2);		/* to each device; a copy waits for the answer of the first */
	ends(f, 486, "Busy Here");
	f->n_sends--;
	ends(f, 200, "Fine");
	turns(f);
	assert_int_equal(f->codes[a], 200);
	assert_int_equal(f->codes[b], 200);
	assert_int_equal(said(f, "alice", "bob", "u1", "one"), 200);
	assert_int_equal(queued(f), 0);
	assert_int_equal(delivered(f), 1);
	f->n_sends = 0;
	a = message(f, "alice", "bob", "u2", "two");
	ends(f, 408, "No Answer");
	f->n_sends--;
	assert_int_equal(f->codes[a], 0);
	ends(f, 408, "No Answer");
	(void)store_sync(f->k->db.store);
	collect(f);
	assert_int_equal(f->codes[a], 202);
	assert_string_equal(first(f).last_error, "408 No Answer");
}

/* A commit that fails: the sender is told, and nothing of the message is left. */
static void
test_accept_undone(void **state)
{
	struct fixture	*f = *state;
	uint64_t	 a = message(f, "alice", "bob", "u1", "one"), b = message(f, "alice", "bob", "u1", "one");

	store_fault(f->k->db.store, true);
	(void)store_sync(f->k->db.store);
	collect(f);
	assert_int_equal(f->codes[a], 503);
	assert_int_equal(f->codes[b], 503);
	assert_true(f->retry_after > 0);
	assert_int_equal(queued(f), 0);
	assert_int_equal(said(f, "alice", "bob", "u1", "one"), 503);	/* at once: the store takes nothing */
	assert_true(f->retry_after > 0);
	store_fault(f->k->db.store, false);
	assert_int_equal(said(f, "alice", "bob", "u1", "one"), 202);	/* no copy of the one that is not there */
	assert_int_equal(queued(f), 1);
	assert_int_equal(first(f).from_seq, 1);
	for (int i = 0; i < QUOTA - 1; i++) {
		char	uuid[16];

		(void)snprintf(uuid, sizeof uuid, "v%d", i);
		assert_int_equal(said(f, "alice", "bob", uuid, "x"), 202);
	}
	assert_int_equal(said(f, "alice", "bob", "over", "x"), 480);	/* the undone ones do not count */
}

/* The phone has it, but that can't be written: it is not sent again, and the next one waits. */
static void
test_delivery_undone(void **state)
{
	struct fixture	*f = *state;
	struct message	 m;

	assert_int_equal(said(f, "alice", "bob", "u1", "one"), 202);
	assert_int_equal(said(f, "alice", "bob", "u2", "two"), 202);
	registers(f, &f->bob, 1);
	turns(f);
	store_fault(f->k->db.store, true);
	ends(f, 200, "OK");
	for (int i = 0; i < 5; i++) {
		turns(f);
		fixture_later(f->k, SOON);
	}
	assert_int_equal(f->n_sends, 1);
	assert_int_equal(queued(f), 2);
	assert_int_equal(delivered(f), 0);
	m = first(f);
	assert_int_equal(delete(f, &m), ERR_BUSY);
	store_fault(f->k->db.store, false);
	fixture_later(f->k, SOON);
	turns(f);
	assert_int_equal(queued(f), 1);
	assert_int_equal(delivered(f), 1);
	assert_int_equal(f->n_sends, 2);
	assert_string_equal(f->sends[1].body, "two");
	ends(f, 200, "OK");
	turns(f);
	assert_int_equal(queued(f), 0);
	assert_int_equal(delivered(f), 2);
	assert_int_equal(events_with(f, "DELIVERED after 1 transmission"), 2);
}

/* A message that is back after its deletion was undone is not forgotten. */
static void
test_delete_undone(void **state)
{
	struct fixture	*f = *state;
	struct message	 m;

	registers(f, &f->bob, 1);
	(void)message(f, "alice", "bob", "u1", "one");
	ends(f, 486, "Busy Here");
	(void)store_sync(f->k->db.store);
	m = first(f);
	assert_int_equal(delete(f, &m), 0);
	(void)queue_turn(f->k->queue);			/* sees nothing that waits */
	store_fault(f->k->db.store, true);
	(void)store_sync(f->k->db.store);
	store_fault(f->k->db.store, false);
	assert_int_equal(queued(f), 1);
	f->n_sends = 0;
	turns(f);
	assert_int_equal(f->n_sends, 1);
	assert_string_equal(f->sends[0].body, "one");
}

/* The front dies, or says that it stops: no fault of the phone's, and not one of its tries. */
static void
test_front_goes(void **state)
{
	struct fixture	*f = *state;

	assert_int_equal(said(f, "alice", "bob", "u1", "one"), 202);
	registers(f, &f->bob, 1);
	turns(f);
	for (int i = 0; i < TRIES + 1; i++) {
		front_close(f);
		turns(f);
		assert_int_equal(first(f).tries, 0);
		front_open(f);
		fixture_later(f->k, SOON);
		turns(f);
		assert_int_equal(f->n_sends, i + 2);
	}
	for (int i = 0; i < TRIES + 1; i++) {
		ends(f, 0, "Stopping");
		turns(f);
		assert_int_equal(first(f).tries, 0);
		assert_int_equal(first(f).status, MESSAGE_ENQUEUED);
		fixture_later(f->k, SOON);
		turns(f);
		assert_int_equal(f->n_sends, TRIES + i + 3);
	}
	ends(f, 200, "OK");
	turns(f);
	assert_int_equal(queued(f), 0);
}

/* What was being forwarded when the front died is kept: the sender, who got no answer, asks again and is answered. */
static void
test_front_goes_with_a_flight(void **state)
{
	struct fixture	*f = *state;

	registers(f, &f->bob, 1);
	(void)message(f, "alice", "bob", "u1", "one");
	assert_int_equal(f->n_sends, 1);
	front_close(f);
	front_open(f);
	assert_int_equal(said(f, "alice", "bob", "u1", "one"), 202);
	turns(f);
	assert_int_equal(f->n_sends, 2);
	ends(f, 200, "OK");
	turns(f);
	assert_int_equal(queued(f), 0);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test_setup_teardown(test_accepts_when_durable, setup, teardown),
		cmocka_unit_test_setup_teardown(test_same_uuid, setup, teardown),
		cmocka_unit_test_setup_teardown(test_quota, setup, teardown),
		cmocka_unit_test_setup_teardown(test_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_next_waits_for_the_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_expires, setup, teardown),
		cmocka_unit_test_setup_teardown(test_expires_while_it_is_sent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_retries, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(test_disabled, setup, teardown),
		cmocka_unit_test_setup_teardown(test_delete, setup, teardown),
		cmocka_unit_test_setup_teardown(test_behind_one_that_failed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_way, setup, teardown),
		cmocka_unit_test_setup_teardown(test_on_line, setup, teardown),
		cmocka_unit_test_setup_teardown(test_accept_undone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_delivery_undone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_delete_undone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_front_goes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_front_goes_with_a_flight, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
