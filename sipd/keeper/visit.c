/*
 * One function a path.  Each begins with the same question, whether the link still stands, and what it does is one transaction: the token's
 * use, the account's step with its event, and the next SMS, or nothing of it.
 */
#include "sipd/keeper/visit.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sipd/keeper/accounts.h"
#include "sipd/keeper/activation.h"
#include "sipd/keeper/admit.h"
#include "sipd/keeper/digest.h"
#include "sipd/keeper/events.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/licence_ask.h"
#include "sipd/keeper/public_check.h"
#include "sipd/keeper/registrar.h"
#include "sipd/keeper/render.h"
#include "sipd/keeper/tokens.h"
#include "sipd/keeper/visit_reply.h"

enum { PATH = 80 };

struct visits {
	struct keeper		*k;
	struct visit_replies	*replies;
	struct licence_asks	*licences;
	struct register_set	 set;			/* room for admit.h */
};

/* A request on its way. */
struct visit {
	struct visits		*visits;
	struct keeper		*k;
	const struct web_ask	*ask;
	struct visit_reply	*reply;
	struct web_token	 token;
	struct account		 account;
	char			 who[16 + ADDR_TEXT];	/* "web 192.0.2.17", for events */
};

struct visits *
visits_new(struct keeper *k)
{
	struct visits	*v = calloc(1, sizeof *v);

	if (v == NULL)
		return NULL;
	v->k = k;
	if ((v->replies = visit_replies_new()) == NULL || (v->licences = licence_asks_new(k, v->replies)) == NULL) {
		visits_free(v);
		return NULL;
	}
	return v;
}

void
visits_free(struct visits *v)
{
	if (v == NULL)
		return;
	licence_asks_free(v->licences);
	visit_replies_free(v->replies);
	free(v);
}

static void
refuse(struct visit *v, uint32_t code, const char *trouble)
{
	visit_reply_show(v->reply, code, trouble);
	visit_reply_send(v->reply);
}

/* Something that the operator is to put right. */
static void
refuse_unready(struct visit *v, const char *why)
{
	events_tell(v->k->events, EVENT_WARN, "activation", v->account.username, "account %s: its phone can't be set up: %s", v->account.username,
	    why);
	refuse(v, 503, "unready");
}

/* Finds whose link it is.  False: an answer was sent. */
static bool
find(struct visit *v, enum web_token_purpose purpose)
{
	v->account.id = 0;
	if (tokens_find(v->k, v->ask->token, purpose, &v->token) == 0) {
		v->account.id = v->token.account_id;
		if (table_get(&v->k->db, &account_kind, &v->account) == 0)
			return true;
	}
	refuse(v, 404, "unknown");
	return false;
}

/* Whether the link still stands; used ones are told so for as long as they are known. */
static bool
stands(struct visit *v)
{
	if (v->token.used_at != 0)
		refuse(v, 410, "used");
	else if (tokens_is_expired(v->k, &v->token))
		refuse(v, 410, "expired");
	else
		return true;
	return false;
}

/* The path that a page of ours has itself: what its button posts to. */
static void
show_action(struct visit *v, char letter)
{
	char	path[PATH];

	(void)snprintf(path, sizeof path, "/%c/%.*s", letter, (int)v->ask->token.n, v->ask->token.s);
	visit_reply_var(v->reply, "action_url", path);
}

static void
install_click(struct visit *v, const struct profile *profile)
{
	struct txn	*t = txn_new(v->k->db.store);

	tokens_use(v->k, t, &v->token);
	(void)accounts_step(v->k, t, v->who, &v->account, STEP_INSTALL_CLICKED, NULL);
	activation_go_on(v->k, t, &v->account);
	if (profile->install_url[0] != '\0') {
		v->reply->answer.code = 303;
		v->reply->answer.location = span_of(profile->install_url);
	} else
		visit_reply_show(v->reply, 200, "thanks");
	(void)visit_reply_commit(v->reply, t);
}

static void
install(struct visit *v)
{
	struct profile	profile;
	struct fault	fault;

	if (!find(v, TOKEN_INSTALL) || !stands(v))
		return;
	if (v->ask->post && activation_ready(v->k, &v->account, &profile, &fault) != 0) {
		refuse_unready(v, fault.text);
	} else if (v->ask->post) {
		install_click(v, &profile);
	} else {
		visit_reply_show(v->reply, 200, "install");
		visit_reply_var(v->reply, "owner", v->account.owner);
		show_action(v, 'i');
		visit_reply_send(v->reply);
	}
}

/* Where the configuration is, as a link and as Linphone's own kind of link. */
static void
show_configuration(struct visit *v, const char *token)
{
	static const char *const	clients[] = {
		[CLIENT_LINPHONE] = "Linphone", [CLIENT_BARESIP] = "baresip", [CLIENT_TEXT] = "",
	};
	struct profile			profile;
	char				link[ACTIVATION_LINK], linphone[ACTIVATION_LINK + 32];

	activation_link(v->k, TOKEN_CONFIGURE, token, link);
	visit_reply_var(v->reply, "config_url", link);
	if (render_profile_of(v->k, &v->account, &profile) != 0)
		return;
	visit_reply_var(v->reply, "client", profile.client == CLIENT_TEXT ? profile.name : clients[profile.client]);
	(void)snprintf(linphone, sizeof linphone, "linphone-config:%s", link);
	if (profile.client == CLIENT_LINPHONE)
		visit_reply_var(v->reply, "linphone_url", linphone);
	sodium_memzero(linphone, sizeof linphone);
	sodium_memzero(link, sizeof link);
}

static void
activation_click(struct visit *v)
{
	struct txn	*t = txn_new(v->k->db.store);
	char		 token[WEB_TOKEN_TEXT];

	tokens_use(v->k, t, &v->token);
	(void)accounts_step(v->k, t, v->who, &v->account, STEP_ACTIVATED, NULL);
	visit_reply_show(v->reply, 200, "activated");
	visit_reply_var(v->reply, "owner", v->account.owner);
	if (v->token.downloads == 0 && tokens_configuration(v->k, &v->token, token))
		show_configuration(v, token);
	(void)visit_reply_commit(v->reply, t);
	sodium_memzero(token, sizeof token);
}

/* Who has activated already and never fetched the configuration still sees where it is. */
static void
activate(struct visit *v)
{
	char	token[WEB_TOKEN_TEXT];
	bool	offered;

	if (!find(v, TOKEN_ACTIVATE))
		return;
	offered = tokens_configuration(v->k, &v->token, token);
	if ((v->ask->post || v->token.used_at == 0 || !offered) && !stands(v))
		return;
	if (v->ask->post) {
		activation_click(v);
	} else {
		visit_reply_show(v->reply, 200, "activate");
		visit_reply_var(v->reply, "owner", v->account.owner);
		if (offered)
			show_configuration(v, token);
		if (v->token.used_at == 0)
			show_action(v, 'a');
		visit_reply_send(v->reply);
	}
	sodium_memzero(token, sizeof token);
}

static void
show_rendered(struct visit *v, const struct rendered *r)
{
	v->reply->answer.code = 200;
	v->reply->answer.type = span_of(r->type);
	v->reply->answer.filename = span_of(r->filename);
	v->reply->answer.body = (struct span){ .s = r->body, .n = v->ask->head ? 0 : r->n };
}

static bool
render(struct visit *v, const char *password, struct rendered *r)
{
	struct profile	profile;
	char		why[256] = "it has no provisioning profile, nor has its group";

	if (render_profile_of(v->k, &v->account, &profile) == 0 &&
	    render_account(v->k, &profile, &v->account, password, r, why, sizeof why) == 0)
		return true;
	refuse_unready(v, why);
	return false;
}

/* The first time: with a password that is made here and known to nobody else. */
static void
download(struct visit *v)
{
	struct rendered	 r;
	struct txn	*t;

	digest_random_password(v->account.password, sizeof v->account.password);
	if (render(v, v->ask->head ? "" : v->account.password, &r)) {
		show_rendered(v, &r);
		if (v->ask->head) {
			visit_reply_send(v->reply);
		} else {
			t = txn_new(v->k->db.store);
			digest_set_password(&v->account, v->k->conf.domains[0]);
			tokens_downloaded(v->k, t, &v->token);
			(void)accounts_step(v->k, t, v->who, &v->account, STEP_INSTALLED, ", configuration downloaded, new password");
			(void)visit_reply_commit(v->reply, t);
		}
	}
	sodium_memzero(&r, sizeof r);
	sodium_memzero(v->account.password, sizeof v->account.password);
}

/* page NULL: whoever asks is a program. */
static void
challenge(struct visit *v, const struct register_answer *no, const char *page)
{
	struct web_answer	*a = &v->reply->answer;
	uint32_t		 code = no->retry_after != 0 ? 429 : no->code;

	visit_reply_show(v->reply, code, page == NULL ? "" : code == 429 ? "too-many" : page);
	if (page == NULL) {
		a->type = span_of("application/json");
		a->body = span_of(code == 429 ? "{\"error\":\"too-many\"}" : code == 401 ? "{\"error\":\"unauthorized\"}" :
		    code == 403 ? "{\"error\":\"forbidden\"}" : "{\"error\":\"bad-request\"}");
	}
	a->challenge = no->challenge;
	a->stale = no->stale;
	a->realm = no->realm;
	a->nonce_sha256 = no->nonce_sha256;
	a->nonce_md5 = no->nonce_md5;
	a->retry_after = no->retry_after;
	visit_reply_send(v->reply);
}

/* Whether it shows the password of an account, then in v->account.  False: an answer was sent. */
static bool
admit(struct visit *v, const char *method, const char *path, const char *page)
{
	struct register_ask	from = v->ask->from;
	struct asking		q = { .ask = &from, .method = method, .path = path, .now = keeper_now(v->k), .set = &v->visits->set };
	struct register_answer	no;
	bool			in;

	from.transport = TRANSPORT_NONE;	/* of SIP: no nonce of one is good for the other */
	if ((in = admit_web(registrar_admission(v->k->registrar), &q, &no)))
		v->account = q.account;
	else
		challenge(v, &no, page);
	sodium_memzero(&q.account, sizeof q.account);
	return in;
}

/* At each of its starts a Linphone fetches it again: it shows the password that it has, and gets all but that. */
static void
download_again(struct visit *v)
{
	struct rendered	r;
	char		path[PATH];

	(void)snprintf(path, sizeof path, "/c/%.*s", (int)v->ask->token.n, v->ask->token.s);
	if (!admit(v, v->ask->head ? "HEAD" : "GET", path, "used"))
		return;
	if (v->account.id != v->token.account_id) {
		refuse(v, 403, "used");
	} else if (render(v, "", &r)) {
		show_rendered(v, &r);
		visit_reply_send(v->reply);
	}
}

static void
configuration(struct visit *v)
{
	if (!find(v, TOKEN_CONFIGURE))
		return;
	if (v->ask->post)
		refuse(v, 405, "method");
	else if (v->token.used_at != 0)
		download_again(v);
	else if (stands(v))
		download(v);
}

static void
licence(struct visit *v)
{
	if (!v->ask->post)
		refuse(v, 405, "method");
	else if (admit(v, "POST", "/licence", NULL))
		licence_ask(v->visits->licences, v->reply, &v->account, v->ask->key, v->who);
}

/* We asked this ourselves, by the public name. */
static void
show_reached(struct visit *v)
{
	v->reply->answer.code = 200;
	v->reply->answer.type = span_of("text/plain");
	v->reply->answer.body = span_of("reached\n");
	visit_reply_send(v->reply);
}

/* One row an enum web_what. */
static void	(*const paths[])(struct visit *) = {
	[WEB_INSTALL] = install, [WEB_CONFIGURATION] = configuration, [WEB_ACTIVATE] = activate, [WEB_LICENCE] = licence,
};

void
visits_ask(struct visits *vs, struct channel *channel, uint64_t id, const struct web_ask *ask)
{
	struct visit_reply	reply;
	struct visit		v = { .visits = vs, .k = vs->k, .ask = ask, .reply = &reply };
	char			ip[ADDR_TEXT];

	visit_replies_channel(vs->replies, channel);
	visit_reply_begin(&reply, vs->replies, id);
	(void)snprintf(v.who, sizeof v.who, "web %s", addr_ip_text(&ask->from.source, ip));
	if (public_check_is_ours(vs->k->public_check, ask->token))
		show_reached(&v);
	else if (ask->what < sizeof paths / sizeof paths[0])
		paths[ask->what](&v);
	else
		refuse(&v, 404, "not-found");
	sodium_memzero(&v.account, sizeof v.account);
}

void
visits_channel_gone(struct visits *vs)
{
	visit_replies_channel(vs->replies, NULL);
}
