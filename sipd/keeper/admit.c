/*
 * The order matters: nothing is told of an account, its lists included, before the password was right, and a name that does not exist
 * takes the same way as one that does.
 */
#include "sipd/keeper/admit.h"

#include <ctype.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "sipd/keeper/bindings.h"
#include "sipd/keeper/digest.h"
#include "sipd/keeper/events.h"
#include "sipd/keeper/failures.h"
#include "sipd/keeper/guard.h"
#include "sipd/keeper/keeper.h"

enum {
	ACCOUNT_GUESSES = 10,		/* an account may be guessed at so many times as often as a source may guess */
	NAME_SAFE = 4 * ACCOUNT_USERNAME,
};

struct admission {
	struct keeper	*k;
	struct bindings	*bindings;
	struct recents	*recents;
	struct nonces	*nonces;
	struct guard	*sources, *accounts;
	struct failures	*failures;
	uint64_t	 decoy_id;		/* an account that is read in the place of one that does not exist */
	uint64_t	 wrong;
	char		 nonce_sha256[NONCE_TEXT], nonce_md5[NONCE_TEXT];	/* of the last challenge */
};

struct admission *
admission_new(struct keeper *k, struct bindings *bindings, struct recents *recents)
{
	struct admission	*a = calloc(1, sizeof *a);
	uint8_t			 key[32];

	if (a == NULL)
		return NULL;
	a->k = k;
	a->bindings = bindings;
	a->recents = recents;
	randombytes_buf(key, sizeof key);
	a->nonces = nonces_new(key, k->conf.auth.nonce_life);
	a->sources = guard_new(0, 1);
	a->accounts = guard_new(0, 1);
	a->failures = failures_new();
	sodium_memzero(key, sizeof key);
	if (a->nonces == NULL || a->sources == NULL || a->accounts == NULL || a->failures == NULL) {
		admission_free(a);
		return NULL;
	}
	admission_reload(a);
	return a;
}

void
admission_free(struct admission *a)
{
	if (a == NULL)
		return;
	nonces_free(a->nonces);
	guard_free(a->sources);
	guard_free(a->accounts);
	failures_free(a->failures);
	free(a);
}

void
admission_reload(struct admission *a)
{
	const struct config	*c = &a->k->conf;

	nonces_set_life(a->nonces, c->auth.nonce_life);
	guard_set(a->sources, c->limits.auth_failures, c->limits.auth_window);
	guard_set(a->accounts, c->limits.auth_failures * ACCOUNT_GUESSES, c->limits.auth_window);
}

uint64_t
admission_wrong(const struct admission *a)
{
	return a->wrong;
}

const struct failure *
admission_failure(const struct admission *a, uint64_t account_id)
{
	return failures_find(a->failures, account_id);
}

static bool
refuse(struct register_answer *answer, uint32_t code, const char *reason)
{
	*answer = (struct register_answer){ .code = code, .reason = span_of(reason) };
	return false;
}

static bool
registers(const struct asking *q)
{
	return strcmp(q->method, "REGISTER") == 0;
}

static bool
challenge(struct admission *a, const struct asking *q, bool stale, struct register_answer *answer)
{
	const struct config	*c = &a->k->conf;
	uint32_t		 offers = digest_offers(c->auth.algorithms, q->ask->user_agent);
	bool			 by_server = registers(q) || q->path != NULL;

	a->nonce_sha256[0] = a->nonce_md5[0] = '\0';
	if (offers & AUTH_SHA256)
		nonce_make(a->nonces, AUTH_SHA256, c->domains[0], q->ask->transport, &q->ask->source, q->now, a->nonce_sha256);
	if (offers & AUTH_MD5)
		nonce_make(a->nonces, AUTH_MD5, c->domains[0], q->ask->transport, &q->ask->source, q->now, a->nonce_md5);
	*answer = (struct register_answer){
		.code = by_server ? 401 : 407, .challenge = true,
		.reason = span_of(by_server ? "Unauthorized" : "Proxy Authentication Required"), .stale = stale, .realm = span_of(c->domains[0]),
		.nonce_sha256 = span_of(a->nonce_sha256), .nonce_md5 = span_of(a->nonce_md5),
	};
	return false;
}

static bool
is_wildcard(const struct addr *addr)
{
	static const uint8_t	zero[sizeof addr->ip];

	return memcmp(addr->ip, zero, sizeof zero) == 0;
}

bool
admit_serves(const struct admission *a, const struct asking *q, struct span host)
{
	const struct config	*c = &a->k->conf;
	struct addr		 addr;
	char			 text[ADDR_TEXT];

	for (uint32_t i = 0; i < c->n_domains; i++)
		if (span_is_nocase(host, c->domains[i]))
			return true;
	if (!span_get(host, text, sizeof text) || addr_parse(&addr, text) != 0)
		return false;
	if (addr_same_ip(&addr, &q->ask->local))
		return true;
	for (uint32_t i = 0; i < c->n_listens; i++)
		if (addr_same_ip(&addr, &c->listens[i].addr) || is_wildcard(&c->listens[i].addr))
			return true;
	return false;
}

/*
 * Reads the account of the digest's username.  For one that does not exist another is read, so that the time it takes tells nobody
 * which names there are (reliability A1).
 */
static void
find_account(struct admission *a, struct asking *q)
{
	const struct db	*db = &a->k->db;
	struct account	 decoy;

	memset(&q->account, 0, sizeof q->account);
	if (q->ask->username.n != 0 && span_get(q->ask->username, q->account.username, sizeof q->account.username))
		q->known = table_find(db, &account_kind, TABLE_ACCOUNT_BY_USERNAME, &q->account) == 0;
	if (q->known) {
		a->decoy_id = q->account.id;
	} else if (a->decoy_id != 0) {
		decoy.id = a->decoy_id;
		(void)table_get(db, &account_kind, &decoy);
		sodium_memzero(&decoy, sizeof decoy);
	}
}

/* Whether the request comes from where its account is registered: that phone is heard while its neighbours or its account are guessed at. */
static bool
comes_from_binding(const struct admission *a, const struct asking *q)
{
	if (!q->known && q->recent == NULL)
		return false;
	bindings_load(a->bindings, q->recent != NULL ? q->recent->account_id : q->account.id, q->set);
	for (uint32_t i = 0; i < q->set->n; i++) {
		const struct binding	*b = &q->set->rows[i].binding;

		if (b->expires_at > q->now && b->transport == q->ask->transport && addr_eq(&b->source, &q->ask->source))
			return true;
	}
	return false;
}

/* What one customer has of an address, as the guard's key. */
static size_t
source_key(const struct addr *source, uint8_t key[1 + sizeof source->ip])
{
	struct addr	who = addr_source(source);

	key[0] = who.family;
	memcpy(key + 1, who.ip, sizeof who.ip);
	return 1 + sizeof who.ip;
}

/* Seconds that this source, or the account from elsewhere than its own phones, is not to be listened to. */
static uint32_t
wait_of(const struct admission *a, const struct asking *q)
{
	uint8_t		key[1 + sizeof q->ask->source.ip];
	uint32_t	wait, other;

	wait = guard_wait(a->sources, key, source_key(&q->ask->source, key), q->now);
	other = guard_wait(a->accounts, q->ask->username.s, q->ask->username.n, q->now);
	if (other > wait)
		wait = other;
	return wait > 0 && !comes_from_binding(a, q) ? wait : 0;
}

/* A name from outside for a line that a program reads: nothing that could end it or look like another. */
static const char *
name_safe(struct span name, char out[NAME_SAFE])
{
	size_t	at = 0;

	for (size_t i = 0; i < name.n && at + 5 <= NAME_SAFE; i++) {
		unsigned char	c = (unsigned char)name.s[i];

		if (isgraph(c) && c < 0x80 && c != '"' && c != '\\')
			out[at++] = (char)c;
		else
			at += (size_t)snprintf(out + at, NAME_SAFE - at, "\\x%02x", c);
	}
	out[at] = '\0';
	return out;
}

static void
on_wrong_password(struct admission *a, const struct asking *q)
{
	const struct config	*c = &a->k->conf;
	uint8_t			 key[1 + sizeof q->ask->source.ip];
	char			 name[NAME_SAFE], ip[ADDR_TEXT];

	a->wrong++;
	if (q->known)
		failures_note(a->failures, q->account.id, FAILURE_PASSWORD, q->method, &q->ask->source, q->now);
	(void)name_safe(q->ask->username, name);
	(void)addr_ip_text(&q->ask->source, ip);
	log_warn("auth: wrong password for \"%s\" from %s", name, ip);
	events_tell(a->k->events, EVENT_WARN, "auth", name, "auth: wrong password for \"%s\" from %s", name, ip);
	if (guard_failed(a->sources, key, source_key(&q->ask->source, key), q->now))
		events_tell(a->k->events, EVENT_ALERT, "auth", ip, "%" PRIu32 " wrong passwords from %s: its next are not looked at for %"
		    PRIu32 " s", c->limits.auth_failures, ip, c->limits.auth_window);
	if (guard_failed(a->accounts, q->ask->username.s, q->ask->username.n, q->now))
		events_tell(a->k->events, EVENT_ALERT, "auth", name, "\"%s\" is being guessed at: only its registered devices are heard"
		    " for %" PRIu32 " s", name, c->limits.auth_window);
}

/* Checks the answer against what is known of the user. */
static enum digest_verdict
check(struct admission *a, const struct asking *q)
{
	const struct config	*c = &a->k->conf;
	struct digest_secret	 secret;
	enum digest_verdict	 verdict;

	if (q->recent != NULL)
		secret = q->recent->secret;
	else if (q->known)
		digest_secret_of(&secret, &q->account);
	verdict = digest_check(a->nonces, q->ask, q->method, q->path, c->domains[0], c->auth.algorithms,
	    q->recent != NULL || q->known ? &secret : NULL, q->now);
	sodium_memzero(&secret, sizeof secret);
	return verdict;
}

/* True: it knows the password. */
static bool
authenticate(struct admission *a, struct asking *q, struct register_answer *answer)
{
	enum digest_verdict	verdict;
	uint32_t		wait;

	if (!q->ask->authorized)
		return challenge(a, q, false, answer);
	if ((q->recent = recent_find(a->recents, q->ask->username)) == NULL)
		find_account(a, q);
	if ((wait = wait_of(a, q)) > 0) {
		(void)refuse(answer, 503, "Service Unavailable");
		answer->retry_after = wait;
		return false;
	}
	if ((verdict = check(a, q)) == DIGEST_RIGHT)
		return true;
	if (q->recent != NULL)
		find_account(a, q);	/* as for any other name: see there */
	if (verdict == DIGEST_MALFORMED)
		return refuse(answer, 400, "Bad Authorization");
	if (verdict == DIGEST_WRONG)
		on_wrong_password(a, q);
	return challenge(a, q, verdict == DIGEST_STALE || verdict == DIGEST_FOREIGN, answer);
}

bool
admit_sender(struct admission *a, struct asking *q, struct register_answer *answer)
{
	if (registers(q) && (!q->ask->aor_sip || q->ask->aor_user.n == 0 || !admit_serves(a, q, q->ask->aor_host)))
		return refuse(answer, 404, "Not Found");
	if (!admit_serves(a, q, q->ask->host))
		return refuse(answer, 404, "Not Found");
	return authenticate(a, q, answer);
}

/* As much of a recent account as a REGISTER needs: it has no access lists, and is connected. */
static void
recall_account(struct asking *q)
{
	(void)span_get(q->ask->username, q->account.username, sizeof q->account.username);
	q->account.id = q->recent->account_id;
	q->account.group_id = q->recent->group_id;
	q->account.max_contacts = q->recent->max_contacts;
	q->account.status = STATUS_CONNECTED;
}

static bool
admit_source(struct admission *a, const struct asking *q, struct register_answer *answer)
{
	char	ip[ADDR_TEXT];

	if (acl_allows(q->account.permit, q->account.deny, &q->ask->source))
		return true;
	failures_note(a->failures, q->account.id, FAILURE_LISTS, q->method, &q->ask->source, q->now);
	(void)addr_ip_text(&q->ask->source, ip);
	log_info("auth: %s refused by its permit and deny, from %s", q->account.username, ip);
	events_tell(a->k->events, EVENT_WARN, "auth", q->account.username, "refused by permit and deny, from %s", ip);
	return refuse(answer, 403, "Forbidden");
}

bool
admit_account(struct admission *a, struct asking *q, struct register_answer *answer)
{
	if (q->recent != NULL)
		recall_account(q);
	if (!span_is(q->ask->aor_user, q->account.username))
		return refuse(answer, 403, "Not Your Address");
	return admit_source(a, q, answer);
}

static bool
is_own_name(const struct account *a, struct span user)
{
	return span_is(user, a->username) || (a->caller_id[0] != '\0' && span_is(user, a->caller_id)) ||
	    (a->caller_id_2[0] != '\0' && span_is(user, a->caller_id_2));
}

bool
admit_request(struct admission *a, struct asking *q, struct span from_user, struct span from_host, struct register_answer *answer)
{
	if (q->recent != NULL)
		find_account(a, q);
	if (!q->known || !is_own_name(&q->account, from_user) || !admit_serves(a, q, from_host))
		return refuse(answer, 403, "From Is Not Yours");
	if (!admit_source(a, q, answer))
		return false;
	if (q->account.enabled)
		return true;
	(void)refuse(answer, 403, "Account Disabled");
	answer->announce = span_of("disabled");
	return false;
}

bool
admit_web(struct admission *a, struct asking *q, struct register_answer *answer)
{
	if (!authenticate(a, q, answer))
		return false;
	if (q->recent != NULL)
		find_account(a, q);
	return q->known ? admit_source(a, q, answer) : refuse(answer, 403, "Forbidden");
}
