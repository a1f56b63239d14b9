/*
 * The message queue over the memory store: what a front would ask goes in, what it is told to send and to answer comes out of a real channel.
 * The clock is moved by hand, and the store fails when told to.
 */
#ifndef TESTS_UNIT_QUEUE_RIG_H
#define TESTS_UNIT_QUEUE_RIG_H

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

static inline void
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

static inline void
on_gone(void *arg, int rc)
{
	(void)arg;
	(void)rc;
}

static inline void
on_undone(void *arg, int rc)
{
	struct fixture	*f = arg;

	(void)rc;
	names_forget(f->k->names);
	registrar_undone(f->k->registrar);
	queue_undone(f->k->queue);
}

static inline void
front_open(struct fixture *f)
{
	int	fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	f->ours = channel_new(fds[0], on_frame, on_gone, f);
	f->fronts = channel_new(fds[1], on_frame, on_gone, f);
	f->k->channels[PROC_SIP] = f->ours;
}

static inline void
front_close(struct fixture *f)
{
	f->k->channels[PROC_SIP] = NULL;
	registrar_channel_gone(f->k->registrar, f->ours);
	queue_channel_gone(f->k->queue, f->ours);
	channel_free(f->ours);
	channel_free(f->fronts);
	f->ours = f->fronts = NULL;
}

static inline int
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

static inline int
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

static inline void
hash(const char *text, char out[65])
{
	uint8_t		bytes[EVP_MAX_MD_SIZE];
	unsigned	n;

	assert_int_equal(EVP_Digest(text, strlen(text), bytes, &n, EVP_sha256(), NULL), 1);
	(void)sodium_bin2hex(out, 65, bytes, n);
}

static inline void
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

static inline void
collect(struct fixture *f)
{
	if (f->ours == NULL)
		return;
	channel_flush(f->ours);
	channel_read(f->fronts);
}

/* What the loop does until nothing is left to do now. */
static inline void
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
static inline uint32_t
said(struct fixture *f, const char *from, const char *to, const char *uuid, const char *body)
{
	uint64_t	id = message(f, from, to, uuid, body);

	(void)store_sync(f->k->db.store);
	collect(f);
	return f->codes[id];
}

/* A device of the account registers; each has another contact.  By TCP, it is on no connection. */
static inline void
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

static inline void
registers(struct fixture *f, const struct account *a, unsigned device)
{
	registers_by(f, a, device, TRANSPORT_UDP);
}

/* How the last request that went out ended. */
static inline void
ends(struct fixture *f, uint32_t code, const char *reason)
{
	const struct wire_sent	s = { .code = code, .reason = span_of(reason) };

	assert_true(f->n_sends > 0);
	queue_sent(f->k->queue, f->sends[f->n_sends - 1].id, &s);
}

static inline int
take(void *arg, const void *record)
{
	*(struct message *)arg = *(const struct message *)record;
	return 1;
}

/* The first that waits. */
static inline struct message
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

static inline int
see(void *arg, const void *record)
{
	struct seen		*s = arg;
	const struct event	*ev = record;

	s->hits += strstr(ev->text, s->text) != NULL;
	return 0;
}

static inline size_t
events_with(struct fixture *f, const char *text)
{
	struct seen	s = { .text = text };

	(void)table_each(&f->k->db, &event_kind, NULL, 0, see, &s);
	return s.hits;
}

static inline int
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

#endif
