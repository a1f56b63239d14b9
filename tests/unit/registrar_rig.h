/*
 * The registrar over the memory store: a phone's requests go in as the front would send them, answers come back over a real channel.
 */
#ifndef TESTS_UNIT_REGISTRAR_RIG_H
#define TESTS_UNIT_REGISTRAR_RIG_H

#include "keeper_fixture.h"

#include <openssl/evp.h>
#include <sys/socket.h>

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

static inline void
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

static inline void
on_gone(void *arg, int rc)
{
	(void)arg;
	(void)rc;
}

static inline int
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

static inline int
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

static inline void
contact(struct fixture *f, const char *uri, uint32_t expires)
{
	struct register_contact	c = { .uri = span_of(uri), .q = 1000, .expires = expires };
	int			n = uri[0] == '\0' ? 0 : contact_append(f->contacts, 0, sizeof f->contacts, &c);

	f->ask.contacts = (struct span){ (char *)f->contacts, (size_t)n };
	f->ask.n_contacts = n > 0;
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
static inline void
collect(struct fixture *f)
{
	channel_flush(f->ours);
	channel_read(f->fronts);
}

static inline void
ask(struct fixture *f)
{
	f->ask.cseq++;
	f->id++;
	f->answers = 0;
	registrar_ask(f->k->registrar, f->ours, f->id, &f->ask);
	collect(f);
}

static inline uint32_t
settle(struct fixture *f)
{
	(void)store_sync(f->k->db.store);
	collect(f);
	assert_int_equal(f->answers, 1);
	return f->answer.code;
}

/* A challenge for this source. */
static inline void
challenged(struct fixture *f)
{
	f->ask.authorized = false;
	ask(f);
	assert_int_equal(settle(f), 401);
	strcpy(f->nonce, f->given);
	f->nc = 0;
}

/* A whole REGISTER with credentials; waits until it is durable. */
static inline uint32_t
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

static inline int
see(void *arg, const void *record)
{
	struct seen	*s = arg;

	s->last = *(const struct event *)record;
	s->n++;
	s->hits += s->text != NULL && strstr(s->last.text, s->text) != NULL;
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
only(void *arg, const void *record)
{
	*(struct binding *)arg = *(const struct binding *)record;
	return 0;
}

/* The one binding there is, as stored. */
static inline struct binding
stored(struct fixture *f)
{
	struct binding	b = { 0 };

	(void)table_each(&f->k->db, &binding_kind, NULL, 0, only, &b);
	return b;
}

/* What a kill -9 leaves, as far as the registrar goes. */
static inline void
crash(struct fixture *f)
{
	registrar_free(f->k->registrar);
	f->k->registrar = registrar_new(f->k);
}

static inline int
drop(struct fixture *f, const char *uri)
{
	struct txn	*txn = txn_new(f->k->db.store);
	int		 n = registrar_drop(f->k->registrar, txn, &f->alice, uri, "root", "dropped by root");

	assert_int_equal(store_commit(txn, NULL, NULL), 0);
	assert_int_equal(store_sync(f->k->db.store), 0);
	return n;
}

#endif
