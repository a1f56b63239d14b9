/* links: db sipd keeper */
/* The pages of an activation and the licence endpoint, asked as the web process does: what each answers, and what becomes of the account. */
#include "control_rig.h"

#include <sys/socket.h>

#include "core/group.h"
#include "core/licence.h"
#include "core/profile.h"
#include "core/sms.h"
#include "core/web_token.h"
#include "sipd/channel.h"
#include "sipd/keeper/accounts.h"
#include "sipd/keeper/activation.h"
#include "sipd/keeper/digest.h"
#include "sipd/keeper/groups.h"
#include "sipd/keeper/licence_ask.h"
#include "sipd/keeper/licences.h"
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

static void
copy(struct span from, char *to, size_t size)
{
	assert_true(span_get(from, to, size));
}

static void
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

static void
on_gone(void *arg, int rc)
{
	(void)arg;
	(void)rc;
}

static void
commit(struct web *w, struct txn *t)
{
	assert_int_equal(rig_commit(&w->rig, t), 0);
	assert_int_equal(table_verify(&w->rig.k.db, &web_token_kind, NULL, NULL), 0);
}

static void
get(struct web *w, const char *name, struct account *a)
{
	assert_int_equal(accounts_find(&w->rig.k, name, a), 0);
}

static void
make_account(struct web *w, const char *name, struct edit e)
{
	struct txn		*t = txn_new(w->rig.k.db.store);
	struct account_change	 c;
	struct fault		 f;

	if (accounts_add(&w->rig.k, t, "root", name, &e, &c, &f) != 0)
		fail_msg("%s", f.text);
	commit(w, t);
}

static void
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

static void
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
static void
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

static void
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
static void
collect(struct web *w)
{
	for (int i = 0; i < 3; i++)
		assert_int_equal(store_sync(w->rig.k.db.store), 0);
	channel_flush(w->theirs);
	channel_read(w->ours);
}

static uint32_t
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

static uint32_t
ask(struct web *w, enum web_what what, bool post, const char *token)
{
	return ask_with(w, what, post, token, "");
}

/* With an answer to the last challenge. */
static uint32_t
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
static const char *
token_in(const char *text, char letter, char token[64])
{
	char		 before[] = { '/', letter, '/', '\0' };
	const char	*p = strstr(text, before);

	assert_non_null(p);
	(void)snprintf(token, 64, "%.*s", (int)strspn(p + 3, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"), p + 3);
	return token;
}

static void
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
static void
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

static void
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

static void
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

static int
count_said(void *arg, const void *record)
{
	struct said		*s = arg;
	const struct event	*ev = record;

	s->n += strstr(ev->text, s->text) != NULL && strcmp(ev->operator, s->operator) == 0;
	return 0;
}

/* How many events hold that text, of that operator. */
static int
events(struct web *w, const char *operator, const char *text)
{
	struct said	s = { .text = text, .operator = operator };

	(void)table_each(&w->rig.k.db, &event_kind, NULL, 0, count_said, &s);
	return s.n;
}

/* The password in a Linphone's configuration. */
static void
password_in(const char *body, char password[64])
{
	const char	*p = strstr(body, "name=\"passwd\"");

	assert_non_null(p);
	assert_non_null(p = strchr(p, '>'));
	(void)snprintf(password, 64, "%.*s", (int)strcspn(p + 1, "<"), p + 1);
	assert_int_equal(strlen(password), 16);
}

static void
test_road(void **state)
{
	struct web	w;
	struct sms	s;
	char		install[64], token[64], configure[64], password[64];

	(void)state;
	begin(&w);
	expect(&w, "alice", STATUS_CREATED, false);
	activate(&w, "alice", install);

	assert_int_equal(ask(&w, WEB_INSTALL, false, install), 200);
	assert_string_equal(w.got.page, "install");
	assert_string_equal(w.got.owner, "Alice <Rossi>");
	assert_string_equal(w.got.action + 3, install);
	expect(&w, "alice", STATUS_CREATED, false);		/* a robot looked at it */
	assert_int_equal(ask(&w, WEB_INSTALL, true, install), 303);
	assert_string_equal(w.got.location, "https://example.com/get?a=1&b=2");
	expect(&w, "alice", STATUS_INSTALL_CLICKED, false);
	assert_int_equal(events(&w, "web 192.0.2.17", "account alice: Created -> Installation clicked"), 1);
	sms_of(&w, "alice", SMS_ACTIVATION, &s);
	(void)token_in(s.text, 'a', token);

	assert_int_equal(ask(&w, WEB_ACTIVATE, false, token), 200);
	assert_string_equal(w.got.page, "activate");
	assert_string_equal(w.got.client, "Linphone");
	assert_string_equal(w.got.action + 3, token);
	assert_memory_equal(w.got.config, "https://pbx.example.com:8443/c/", 31);
	assert_memory_equal(w.got.linphone, "linphone-config:https://", 24);
	(void)token_in(w.got.config, 'c', configure);
	expect(&w, "alice", STATUS_INSTALL_CLICKED, false);

	assert_int_equal(ask(&w, WEB_CONFIGURATION, false, configure), 200);
	assert_non_null(strstr(w.got.type, "xml"));
	assert_int_not_equal(w.got.filename[0], '\0');
	password_in(w.got.body, password);
	expect(&w, "alice", STATUS_INSTALLED, false);
	assert_int_equal(events(&w, "web 192.0.2.17", "new password"), 1);
	assert_int_equal(events(&w, "web 192.0.2.17", password), 0);

	assert_int_equal(ask(&w, WEB_ACTIVATE, true, token), 200);
	assert_string_equal(w.got.page, "activated");
	expect(&w, "alice", STATUS_ACTIVATED, true);
	assert_int_equal(events(&w, "web 192.0.2.17", "Installed -> Activated, enabled no -> yes"), 1);
	assert_int_equal(count_get(&w.rig.k.db, "disabled"), 0);
	assert_int_equal(ask(&w, WEB_ACTIVATE, false, token), 410);
	assert_string_equal(w.got.page, "used");
	end(&w);
}

/* Whatever is done with a link that has been used, has expired, was altered or is another's: a page, and nothing changes. */
static void
test_links(void **state)
{
	static const enum web_what	all[] = { WEB_INSTALL, WEB_CONFIGURATION, WEB_ACTIVATE };
	struct web			w;
	struct account			before, after;
	char				install[64], second[64], token[64], configure[64];

	(void)state;
	begin(&w);
	activate(&w, "alice", install);
	get(&w, "alice", &before);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(ask(&w, all[i], true, "nonsense"), 404);
		assert_string_equal(w.got.page, "unknown");
		assert_int_equal(ask(&w, all[i], false, ""), 404);
	}
	assert_int_equal(ask(&w, WEB_ACTIVATE, true, install), 404);	/* of another purpose */
	assert_int_equal(ask(&w, WEB_CONFIGURATION, false, install), 404);
	install[3] = (char)(install[3] == 'a' ? 'b' : 'a');
	assert_int_equal(ask(&w, WEB_INSTALL, true, install), 404);
	get(&w, "alice", &after);
	assert_memory_equal(&before, &after, sizeof before);

	activate(&w, "alice", install);
	activate(&w, "alice", second);					/* the older one ends */
	assert_int_equal(ask(&w, WEB_INSTALL, true, install), 404);
	assert_int_equal(ask(&w, WEB_INSTALL, true, second), 303);
	get(&w, "alice", &before);
	assert_int_equal(ask(&w, WEB_INSTALL, true, second), 410);
	assert_string_equal(w.got.page, "used");
	assert_int_equal(ask(&w, WEB_INSTALL, false, second), 410);
	get(&w, "alice", &after);
	assert_memory_equal(&before, &after, sizeof before);

	make_link(&w, "alice", token);
	assert_int_equal(ask(&w, WEB_ACTIVATE, false, token), 200);
	(void)token_in(w.got.config, 'c', configure);
	w.rig.k.clock.offset_ms += 73 * HOUR_MS;
	get(&w, "alice", &before);
	assert_int_equal(ask(&w, WEB_ACTIVATE, true, token), 410);
	assert_string_equal(w.got.page, "expired");
	assert_int_equal(ask(&w, WEB_ACTIVATE, false, token), 410);
	assert_int_equal(ask(&w, WEB_CONFIGURATION, false, configure), 410);
	get(&w, "alice", &after);
	assert_memory_equal(&before, &after, sizeof before);
	end(&w);
}

static void
test_disabled_again(void **state)
{
	struct web	w;
	char		token[64], second[64];

	(void)state;
	begin(&w);
	make_link(&w, "alice", token);
	assert_int_equal(ask(&w, WEB_ACTIVATE, true, token), 200);
	expect(&w, "alice", STATUS_ACTIVATED, true);
	make_link(&w, "alice", second);
	set(&w, "alice", edit_of(&account_kind, "enabled", "no", NULL));
	assert_int_equal(ask(&w, WEB_ACTIVATE, true, token), 404);
	assert_int_equal(ask(&w, WEB_ACTIVATE, true, second), 404);	/* made before it was disabled */
	expect(&w, "alice", STATUS_ACTIVATED, false);
	make_link(&w, "alice", token);
	assert_int_equal(ask(&w, WEB_ACTIVATE, true, token), 200);
	expect(&w, "alice", STATUS_ACTIVATED, true);
	end(&w);
}

static void
test_configuration_again(void **state)
{
	struct web	w;
	struct account	before, after;
	char		token[64], configure[64], second[64], password[64], other[64], uri[128];

	(void)state;
	begin(&w);
	make_account(&w, "bob", edit_of(&account_kind, "group", "g", "password", "bob's secret", NULL));
	make_link(&w, "alice", token);
	assert_int_equal(ask(&w, WEB_ACTIVATE, false, token), 200);
	(void)token_in(w.got.config, 'c', configure);
	get(&w, "alice", &before);
	w.head = true;
	assert_int_equal(ask(&w, WEB_CONFIGURATION, false, configure), 200);
	assert_int_equal(w.got.a.body.n, 0);
	w.head = false;
	assert_int_equal(ask(&w, WEB_CONFIGURATION, true, configure), 405);
	get(&w, "alice", &after);
	assert_memory_equal(&before, &after, sizeof before);

	assert_int_equal(ask(&w, WEB_CONFIGURATION, false, configure), 200);
	password_in(w.got.body, password);
	get(&w, "alice", &before);
	assert_int_equal(ask(&w, WEB_CONFIGURATION, false, configure), 401);
	assert_string_equal(w.got.page, "used");
	assert_true(w.got.a.challenge);
	(void)snprintf(uri, sizeof uri, "/c/%s", configure);
	assert_int_equal(ask_as(&w, WEB_CONFIGURATION, false, configure, "", "alice", "wrong", uri), 401);
	assert_int_equal(ask_as(&w, WEB_CONFIGURATION, false, configure, "", "alice", password, "/c/another"), 400);
	assert_int_equal(ask(&w, WEB_CONFIGURATION, false, configure), 401);
	assert_int_equal(ask_as(&w, WEB_CONFIGURATION, false, configure, "", "bob", "bob's secret", uri), 403);
	assert_int_equal(ask(&w, WEB_CONFIGURATION, false, configure), 401);
	assert_int_equal(ask_as(&w, WEB_CONFIGURATION, false, configure, "", "alice", password, uri), 200);
	assert_non_null(strstr(w.got.body, "alice"));
	assert_null(strstr(w.got.body, "passwd"));
	assert_null(strstr(w.got.body, password));
	get(&w, "alice", &after);
	assert_memory_equal(&before, &after, sizeof before);

	/* The page offers it anew: a download may have been lost on the way. */
	assert_int_equal(ask(&w, WEB_ACTIVATE, false, token), 200);
	(void)token_in(w.got.config, 'c', second);
	assert_string_not_equal(second, configure);
	assert_int_equal(ask(&w, WEB_CONFIGURATION, false, second), 200);
	password_in(w.got.body, other);
	assert_string_not_equal(other, password);
	assert_int_equal(ask(&w, WEB_CONFIGURATION, false, configure), 404);
	expect(&w, "alice", STATUS_INSTALLED, false);

	/* Its phone's link outlives another round, until that one is fetched. */
	make_link(&w, "alice", token);
	assert_int_equal(ask(&w, WEB_CONFIGURATION, false, second), 401);
	end(&w);
}

/* Activated first, set up afterwards. */
static void
test_other_order(void **state)
{
	struct web	w;
	char		token[64], configure[64], password[64];

	(void)state;
	begin(&w);
	make_link(&w, "alice", token);
	assert_int_equal(ask(&w, WEB_ACTIVATE, true, token), 200);
	assert_int_equal(ask(&w, WEB_ACTIVATE, false, token), 200);
	assert_string_equal(w.got.page, "activate");
	assert_string_equal(w.got.action, "");
	(void)token_in(w.got.config, 'c', configure);
	assert_int_equal(ask(&w, WEB_ACTIVATE, true, token), 410);
	assert_int_equal(ask(&w, WEB_CONFIGURATION, false, configure), 200);
	password_in(w.got.body, password);
	expect(&w, "alice", STATUS_ACTIVATED, true);
	assert_int_equal(ask(&w, WEB_ACTIVATE, false, token), 410);
	end(&w);
}

/* What is missing is said to the operator, by its name, and to the phone that it is not its fault. */
static void
test_missing(void **state)
{
	struct web	 w;
	struct account	 a;
	struct fault	 f;
	struct txn	*t;
	char		 token[64], install[64], configure[64], link[ACTIVATION_LINK];
	int64_t		 until;

	(void)state;
	begin(&w);
	make_link(&w, "alice", token);
	assert_int_equal(ask(&w, WEB_ACTIVATE, false, token), 200);
	(void)token_in(w.got.config, 'c', configure);
	activate(&w, "alice", install);
	make_link(&w, "alice", token);
	assert_int_equal(ask(&w, WEB_ACTIVATE, false, token), 200);
	(void)token_in(w.got.config, 'c', configure);
	get(&w, "alice", &a);
	t = txn_new(w.rig.k.db.store);
	{
		struct edit	e = edit_of(&group_kind, "profile", "", NULL);
		struct group	g;
		bool		changed;

		assert_int_equal(named_find(&w.rig.k, &groups_named, "g", &g), 0);
		assert_int_equal(named_set(&w.rig.k, &groups_named, t, "root", &e, &g, &changed, &f), 0);
	}
	commit(&w, t);
	assert_int_equal(ask(&w, WEB_CONFIGURATION, false, configure), 503);
	assert_string_equal(w.got.page, "unready");
	expect(&w, "alice", STATUS_CREATED, false);

	t = txn_new(w.rig.k.db.store);
	assert_int_equal(activation_begin(&w.rig.k, t, "root", &a, &f), ERR_INVALID);
	assert_string_equal(f.field, "profile");
	assert_int_equal(activation_make_link(&w.rig.k, t, "root", &a, link, &until, &f), ERR_INVALID);
	w.rig.k.conf.http.public_url[0] = '\0';
	assert_int_equal(activation_make_link(&w.rig.k, t, "root", &a, link, &until, &f), ERR_INVALID);
	assert_non_null(strstr(f.text, "public_url"));
	w.rig.k.conf.http.listen[0] = '\0';
	assert_int_equal(activation_make_link(&w.rig.k, t, "root", &a, link, &until, &f), ERR_INVALID);
	assert_non_null(strstr(f.text, "listen"));
	txn_drop(t);
	end(&w);
}

static void
test_missing_for_sms(void **state)
{
	struct web	 w;
	struct account	 a;
	struct fault	 f;
	struct txn	*t;

	(void)state;
	begin(&w);
	make_account(&w, "bob", edit_of(&account_kind, "group", "g", NULL));
	get(&w, "bob", &a);
	t = txn_new(w.rig.k.db.store);
	assert_int_equal(activation_begin(&w.rig.k, t, "root", &a, &f), ERR_INVALID);
	assert_string_equal(f.field, "caller_id");
	w.rig.k.conf.sms.url[0] = '\0';
	get(&w, "alice", &a);
	assert_int_equal(activation_begin(&w.rig.k, t, "root", &a, &f), ERR_INVALID);
	assert_non_null(strstr(f.text, "gateway"));
	txn_drop(t);
	end(&w);
}

/* Without an address to send the phone to it is told that the next message comes. */
static void
test_no_install_url(void **state)
{
	struct web	w;
	char		install[64];

	(void)state;
	begin(&w);
	set_profile(&w, edit_of(&profile_kind, "install_url", "", NULL));
	activate(&w, "alice", install);
	assert_int_equal(ask(&w, WEB_INSTALL, true, install), 200);
	assert_string_equal(w.got.page, "thanks");
	expect(&w, "alice", STATUS_INSTALL_CLICKED, false);
	end(&w);
}

/* Two in one turn, before the first is on disk: one of them counts. */
static void
test_pressed_twice(void **state)
{
	struct web	w;
	char		token[64];
	struct web_ask	twice;

	(void)state;
	begin(&w);
	make_link(&w, "alice", token);
	twice = (struct web_ask){ .from = w.from, .what = WEB_ACTIVATE, .post = true, .token = span_of(token) };
	visits_ask(w.rig.k.visits, w.theirs, 1, &twice);
	w.next_id = 2;
	visits_ask(w.rig.k.visits, w.theirs, 2, &twice);	/* answered at once */
	channel_flush(w.theirs);
	channel_read(w.ours);
	assert_int_equal(w.got.a.code, 410);
	w.next_id = 1;
	w.got.come = false;
	collect(&w);
	assert_int_equal(w.got.a.code, 200);
	assert_int_equal(events(&w, "web 192.0.2.17", "-> Activated"), 1);
	end(&w);
}

/* The store fails under it: the answer says later, and nothing is changed. */
static void
test_store_fails(void **state)
{
	struct web	w;
	char		token[64];

	(void)state;
	begin(&w);
	make_link(&w, "alice", token);
	store_fault(w.rig.k.db.store, true);
	memset(&w.got, 0, sizeof w.got);
	visits_ask(w.rig.k.visits, w.theirs, ++w.next_id,
	    &(struct web_ask){ .from = w.from, .what = WEB_ACTIVATE, .post = true, .token = span_of(token) });
	(void)store_sync(w.rig.k.db.store);
	store_fault(w.rig.k.db.store, false);
	collect(&w);
	assert_int_equal(w.got.a.code, 503);
	assert_int_not_equal(w.got.a.retry_after, 0);
	expect(&w, "alice", STATUS_CREATED, false);
	assert_int_equal(ask(&w, WEB_ACTIVATE, true, token), 200);	/* the link stays good */
	end(&w);
}

/* The web process dies before its answer is on disk: the next one, which counts anew, does not get it. */
static void
test_web_dies(void **state)
{
	struct web	w;
	char		token[64];

	(void)state;
	begin(&w);
	make_link(&w, "alice", token);
	visits_ask(w.rig.k.visits, w.theirs, ++w.next_id,
	    &(struct web_ask){ .from = w.from, .what = WEB_ACTIVATE, .post = true, .token = span_of(token) });
	visits_channel_gone(w.rig.k.visits);
	collect(&w);
	assert_false(w.got.come);
	expect(&w, "alice", STATUS_ACTIVATED, true);
	end(&w);
}

static void
set_licence(struct web *w, const char *name, struct edit e)
{
	struct txn	*t = txn_new(w->rig.k.db.store);
	struct account	 a;
	struct licence	 l;
	struct fault	 f;
	bool		 changed;

	get(w, name, &a);
	licences_get(&w->rig.k, &a, &l);
	if (licences_set(&w->rig.k, t, "root", &e, &l, &changed, &f) != 0)
		fail_msg("%s", f.text);
	commit(w, t);
}

static void
licence_of(struct web *w, const char *name, struct licence *l)
{
	struct account	a;

	get(w, name, &a);
	licences_get(&w->rig.k, &a, l);
}

/* Asks as a client does: challenged, then with its password. */
static uint32_t
validate(struct web *w, const char *key)
{
	assert_int_equal(ask(w, WEB_LICENCE, true, ""), 401);
	assert_true(w->got.a.challenge);
	return ask_as(w, WEB_LICENCE, true, "", key, "bob", "bob's secret", "/licence");
}

static void
test_licence(void **state)
{
	struct web	w;
	struct licence	l;
	int64_t		first;

	(void)state;
	begin(&w);
	make_account(&w, "bob", edit_of(&account_kind, "group", "g", "password", "bob's secret", NULL));
	assert_int_equal(ask(&w, WEB_LICENCE, false, ""), 405);
	assert_int_equal(validate(&w, ""), 200);
	assert_string_equal(w.got.body, "{\"state\":\"NONE\",\"valid_until\":null}");
	assert_string_equal(w.got.type, "application/json");
	set_licence(&w, "bob", edit_of(&licence_kind, "key", "K-1", "valid_until", "2099-12-31T23:59:59Z", NULL));

	assert_int_equal(validate(&w, "K-2"), 403);
	assert_non_null(strstr(w.got.body, "\"state\":\"NONE\",\"valid_until\":null"));
	licence_of(&w, "bob", &l);
	assert_int_equal(l.checked_at, 0);
	assert_int_equal(l.state, LICENCE_VALID);

	assert_int_equal(validate(&w, "K-1"), 200);
	assert_non_null(strstr(w.got.body, "\"state\":\"VALID\",\"valid_until\":\"2099-12-31T2"));
	licence_of(&w, "bob", &l);
	assert_int_equal(l.state, LICENCE_VALID);
	first = l.checked_at;
	assert_int_not_equal(first, 0);
	assert_int_equal(events(&w, "web 192.0.2.17", "licence bob: VALID -> CHECKING"), 1);
	assert_int_equal(events(&w, "web 192.0.2.17", "licence bob: CHECKING -> VALID"), 1);

	w.rig.k.clock.offset_ms += 61000;
	assert_int_equal(validate(&w, ""), 200);		/* its password will do; and it is no first time */
	licence_of(&w, "bob", &l);
	assert_true(l.checked_at > first);
	assert_int_equal(events(&w, "web 192.0.2.17", "licence bob: VALID -> CHECKING"), 1);

	set_licence(&w, "bob", edit_of(&licence_kind, "state", "REVOKED", NULL));
	assert_int_equal(validate(&w, "K-1"), 200);
	assert_non_null(strstr(w.got.body, "\"state\":\"REVOKED\""));
	set_licence(&w, "bob", edit_of(&licence_kind, "state", "VALID", "valid_until", "2100-01-01T00:00:00Z", NULL));
	w.rig.k.clock.offset_ms += (int64_t)100 * 366 * 24 * HOUR_MS;
	assert_int_equal(validate(&w, "K-1"), 200);
	assert_non_null(strstr(w.got.body, "\"state\":\"EXPIRED\""));
	assert_int_equal(table_verify(&w.rig.k.db, &licence_kind, NULL, NULL), 0);

	assert_int_equal(ask(&w, WEB_LICENCE, true, ""), 401);
	assert_int_equal(ask_as(&w, WEB_LICENCE, true, "", "K-1", "bob", "wrong", "/licence"), 401);
	end(&w);
}

/* Seen between the question and its answer; the daemon dies there, and the client asks again. */
static void
test_licence_checking(void **state)
{
	struct web	w;
	struct licence	l;

	(void)state;
	begin(&w);
	make_account(&w, "bob", edit_of(&account_kind, "group", "g", "password", "bob's secret", NULL));
	set_licence(&w, "bob", edit_of(&licence_kind, "key", "K-1", NULL));
	licence_of(&w, "bob", &l);
	{
		struct txn	*t = txn_new(w.rig.k.db.store);

		assert_true(licences_check_begin(&w.rig.k, t, "web 192.0.2.17", &l));
		commit(&w, t);
	}
	licence_of(&w, "bob", &l);
	assert_int_equal(l.state, LICENCE_CHECKING);
	assert_int_equal(validate(&w, "K-1"), 200);
	assert_non_null(strstr(w.got.body, "\"state\":\"VALID\""));
	licence_of(&w, "bob", &l);
	assert_int_equal(l.state, LICENCE_VALID);
	end(&w);
}

static void
test_licence_rate(void **state)
{
	struct web	w;

	(void)state;
	begin(&w);
	make_account(&w, "bob", edit_of(&account_kind, "group", "g", "password", "bob's secret", NULL));
	for (int i = 0; i < LICENCE_ASKS; i++)
		assert_int_equal(validate(&w, ""), 200);
	assert_int_equal(validate(&w, ""), 429);
	assert_int_not_equal(w.got.a.retry_after, 0);
	w.rig.k.clock.offset_ms += LICENCE_ASKS_S * 1000 + 1;
	assert_int_equal(validate(&w, ""), 200);
	end(&w);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_road), cmocka_unit_test(test_links), cmocka_unit_test(test_disabled_again),
		cmocka_unit_test(test_configuration_again), cmocka_unit_test(test_other_order), cmocka_unit_test(test_missing),
		cmocka_unit_test(test_missing_for_sms), cmocka_unit_test(test_no_install_url), cmocka_unit_test(test_pressed_twice),
		cmocka_unit_test(test_store_fails), cmocka_unit_test(test_web_dies), cmocka_unit_test(test_licence),
		cmocka_unit_test(test_licence_checking), cmocka_unit_test(test_licence_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
