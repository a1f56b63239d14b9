/*
 * A keeper's side of the web service for unit tests: a group with a Linphone profile and a wizard's account in it, and questions as the web
 * process asks them.
 */
#ifndef TESTS_UNIT_VISIT_RIG_H
#define TESTS_UNIT_VISIT_RIG_H

#include "control_rig.h"

#include <sys/socket.h>

#include "core/group.h"
#include "core/profile.h"
#include "core/sms.h"
#include "core/web_token.h"
#include "sipd/channel.h"
#include "sipd/keeper/accounts.h"
#include "sipd/keeper/activation.h"
#include "sipd/keeper/digest.h"
#include "sipd/keeper/groups.h"
#include "sipd/keeper/profiles.h"
#include "sipd/keeper/visit.h"

enum { HOUR_MS = 3600 * 1000, TEXT = 600 };

/* An answer as the web process got it. */
struct got {
	struct web_answer	a;
	bool			come;
	char			page[64], body[20000], location[TEXT], type[128], filename[128];
	char			owner[TEXT], client[TEXT], action[TEXT], config[TEXT], linphone[TEXT];
	char			sha256[128], md5[128];
};

struct web {
	struct rig		rig;
	struct channel		*ours, *theirs;
	uint64_t		next_id;
	struct got		got;
	struct register_ask	from;		/* of the next question */
	bool			head;
};

static inline void
copy(struct span from, char *to, size_t size)
{
	assert_true(span_get(from, to, size));
}

static inline void
on_answer(void *arg, const struct frame *frame)
{
	struct web	*w = arg;
	struct got	*g = &w->got;
	struct web_var	 var;
	struct span	 vars;

	assert_int_equal(frame->type, WIRE_WEB_ANSWER);
	assert_int_equal(frame->id, w->next_id);
	assert_false(g->come);			/* one answer each */
	assert_int_equal(frame_decode(frame, &g->a), 0);
	g->come = true;
	copy(g->a.page, g->page, sizeof g->page);
	copy(g->a.body, g->body, sizeof g->body);
	copy(g->a.location, g->location, sizeof g->location);
	copy(g->a.type, g->type, sizeof g->type);
	copy(g->a.filename, g->filename, sizeof g->filename);
	copy(g->a.nonce_sha256, g->sha256, sizeof g->sha256);
	copy(g->a.nonce_md5, g->md5, sizeof g->md5);
	for (vars = g->a.vars; web_var_next(&vars, &var) == 1;) {
		static const struct { const char *name; size_t at; } names[] = {
			{ "owner", offsetof(struct got, owner) }, { "client", offsetof(struct got, client) },
			{ "action_url", offsetof(struct got, action) }, { "config_url", offsetof(struct got, config) },
			{ "linphone_url", offsetof(struct got, linphone) },
		};

		for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
			if (span_is(var.name, names[i].name))
				copy(var.value, (char *)g + names[i].at, TEXT);
	}
}

static inline void
on_gone(void *arg, int rc)
{
	(void)arg;
	(void)rc;
}

static inline void
commit(struct web *w, struct txn *t)
{
	assert_int_equal(rig_commit(&w->rig, t), 0);
	assert_int_equal(table_verify(&w->rig.k.db, &web_token_kind, NULL, NULL), 0);
}

static inline void
get(struct web *w, const char *name, struct account *a)
{
	assert_int_equal(accounts_find(&w->rig.k, name, a), 0);
}

static inline void
make_account(struct web *w, const char *name, struct edit e)
{
	struct txn		*t = txn_new(w->rig.k.db.store);
	struct account_change	 c;
	struct fault		 f;

	if (accounts_add(&w->rig.k, t, "root", name, &e, &c, &f) != 0)
		fail_msg("%s", f.text);
	commit(w, t);
}

static inline void
set(struct web *w, const char *name, struct edit e)
{
	struct txn		*t = txn_new(w->rig.k.db.store);
	struct account_change	 c;
	struct account		 a;
	struct fault		 f;

	get(w, name, &a);
	if (accounts_set(&w->rig.k, t, "root", &a, &e, &c, &f) != 0)
		fail_msg("%s", f.text);
	commit(w, t);
}

static inline void
set_profile(struct web *w, struct edit e)
{
	struct txn	*t = txn_new(w->rig.k.db.store);
	struct profile	 p;
	struct fault	 f;
	bool		 changed;

	assert_int_equal(named_find(&w->rig.k, &profiles_named, "p", &p), 0);
	if (named_set(&w->rig.k, &profiles_named, t, "root", &e, &p, &changed, &f) != 0)
		fail_msg("%s", f.text);
	commit(w, t);
}

/* A group g with a Linphone profile, and a wizard's account alice in it. */
static inline void
begin(struct web *w)
{
	struct edit	 e = edit_of(&profile_kind, "kind", "linphone", "install_url", "https://example.com/get?a=1&b=2", NULL);
	struct group	 g;
	struct profile	 p;
	struct fault	 f;
	struct txn	*t;
	int		 ends[2];

	memset(w, 0, sizeof *w);
	rig_open(&w->rig);
	(void)strcpy(w->rig.k.conf.http.listen, "127.0.0.1:8443");
	(void)strcpy(w->rig.k.conf.http.public_url, "https://pbx.example.com:8443/");
	(void)strcpy(w->rig.k.conf.sms.url, "http://127.0.0.1:1/?to={number}&text={text}");
	assert_non_null(w->rig.k.visits = visits_new(&w->rig.k));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	w->ours = channel_new(ends[0], on_answer, on_gone, w);
	w->theirs = channel_new(ends[1], on_answer, on_gone, w);
	assert_int_equal(addr_parse(&w->from.source, "192.0.2.17:4711"), 0);
	t = txn_new(w->rig.k.db.store);
	assert_int_equal(named_add(&w->rig.k, &profiles_named, t, "root", "p", &e, &p, &f), 0);
	commit(w, t);
	t = txn_new(w->rig.k.db.store);
	e = edit_of(&group_kind, "profile", "p", NULL);
	assert_int_equal(named_add(&w->rig.k, &groups_named, t, "root", "g", &e, &g, &f), 0);
	commit(w, t);
	make_account(w, "alice", edit_of(&account_kind, "group", "g", "creation", "wizard", "owner", "Alice <Rossi>", "caller_id",
	    "+393401112223", NULL));
}

static inline void
end(struct web *w)
{
	visits_channel_gone(w->rig.k.visits);
	channel_free(w->ours);
	channel_free(w->theirs);
	(void)store_sync(w->rig.k.db.store);
	visits_free(w->rig.k.visits);
	rig_close(&w->rig);
}

/* What came of the last question so far. */
static inline void
collect(struct web *w)
{
	for (int i = 0; i < 3; i++)
		assert_int_equal(store_sync(w->rig.k.db.store), 0);
	channel_flush(w->theirs);
	channel_read(w->ours);
}

static inline uint32_t
ask_with(struct web *w, enum web_what what, bool post, const char *token, const char *key)
{
	const struct web_ask	ask = {
		.from = w->from, .what = what, .post = post, .head = w->head, .token = span_of(token), .key = span_of(key),
	};

	memset(&w->got, 0, sizeof w->got);
	visits_ask(w->rig.k.visits, w->theirs, ++w->next_id, &ask);
	collect(w);
	assert_true(w->got.come);
	return w->got.a.code;
}

static inline uint32_t
ask(struct web *w, enum web_what what, bool post, const char *token)
{
	return ask_with(w, what, post, token, "");
}

/* With an answer to the last challenge. */
static inline uint32_t
ask_as(struct web *w, enum web_what what, bool post, const char *token, const char *key, const char *user, const char *password,
    const char *uri)
{
	char			nonce[128], hex[DIGEST_HEX];
	struct digest_said	said = {
		.realm = span_of("example.com"), .uri = span_of(uri), .nc = span_of("00000001"),
		.cnonce = span_of("c"), .qop = span_of("auth"),
	};
	uint32_t		code;

	(void)strcpy(nonce, w->got.sha256);
	said.nonce = span_of(nonce);
	digest_response(AUTH_SHA256, post ? "POST" : "GET", &said, span_of(user), span_of(password), hex);
	w->from.authorized = true;
	w->from.username = span_of(user);
	w->from.realm = said.realm;
	w->from.nonce = said.nonce;
	w->from.uri = said.uri;
	w->from.nc = said.nc;
	w->from.cnonce = said.cnonce;
	w->from.qop = said.qop;
	w->from.algorithm = span_of("SHA-256");
	w->from.response = span_of(hex);
	code = ask_with(w, what, post, token, key);
	w->from = (struct register_ask){ .source = w->from.source };
	return code;
}

/* The last part of a link that stands in a text. */
static inline const char *
token_in(const char *text, char letter, char token[64])
{
	char		 before[] = { '/', letter, '/', '\0' };
	const char	*p = strstr(text, before);

	assert_non_null(p);
	(void)snprintf(token, 64, "%.*s", (int)strspn(p + 3, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"), p + 3);
	return token;
}

static inline void
sms_of(struct web *w, const char *name, enum sms_what what, struct sms *s)
{
	struct account	a;

	get(w, name, &a);
	memset(s, 0, sizeof *s);
	s->account_id = a.id;
	assert_int_equal(table_get(&w->rig.k.db, &sms_kind, s), 0);
	assert_int_equal(s->what, what);
}

/* The first SMS, and its link's token. */
static inline void
activate(struct web *w, const char *name, char token[64])
{
	struct txn	*t = txn_new(w->rig.k.db.store);
	struct account	 a;
	struct fault	 f;
	struct sms	 s;

	get(w, name, &a);
	if (activation_begin(&w->rig.k, t, "root", &a, &f) != 0)
		fail_msg("%s", f.text);
	commit(w, t);
	sms_of(w, name, SMS_INSTALLATION, &s);
	assert_string_equal(s.number, "+393401112223");
	assert_non_null(strstr(s.text, "https://pbx.example.com:8443/i/"));
	(void)token_in(s.text, 'i', token);
}

static inline void
make_link(struct web *w, const char *name, char token[64])
{
	struct txn	*t = txn_new(w->rig.k.db.store);
	struct account	 a;
	struct fault	 f;
	char		 link[ACTIVATION_LINK];
	int64_t		 until;

	get(w, name, &a);
	if (activation_make_link(&w->rig.k, t, "root", &a, link, &until, &f) != 0)
		fail_msg("%s", f.text);
	commit(w, t);
	assert_in_range(until, keeper_now(&w->rig.k) + 71 * HOUR_MS, keeper_now(&w->rig.k) + 72 * HOUR_MS);
	(void)token_in(link, 'a', token);
}

static inline void
expect(struct web *w, const char *name, enum account_status status, bool enabled)
{
	struct account	a;

	get(w, name, &a);
	assert_int_equal(a.status, status);
	assert_int_equal(a.enabled, enabled);
}

struct said {
	const char	*text, *operator;
	int		 n;
};

static inline int
count_said(void *arg, const void *record)
{
	struct said		*s = arg;
	const struct event	*ev = record;

	s->n += strstr(ev->text, s->text) != NULL && strcmp(ev->operator, s->operator) == 0;
	return 0;
}

/* How many events hold that text, of that operator. */
static inline int
events(struct web *w, const char *operator, const char *text)
{
	struct said	s = { .text = text, .operator = operator };

	(void)table_each(&w->rig.k.db, &event_kind, NULL, 0, count_said, &s);
	return s.n;
}

/* The password in a Linphone's configuration. */
static inline void
password_in(const char *body, char password[64])
{
	const char	*p = strstr(body, "name=\"passwd\"");

	assert_non_null(p);
	assert_non_null(p = strchr(p, '>'));
	(void)snprintf(password, 64, "%.*s", (int)strcspn(p + 1, "<"), p + 1);
	assert_int_equal(strlen(password), 16);
}

#endif
