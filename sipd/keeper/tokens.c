#include "sipd/keeper/tokens.h"

#include <sodium.h>
#include <string.h>

#include "core/err.h"
#include "core/varint.h"
#include "sipd/keeper/keeper.h"

enum {
	TOKEN_BYTES = 18,			/* 144 bits, 24 characters */
	ACCOUNT_TOKENS = 8,			/* more than an account ever has */
	SLICE = 64,
};

_Static_assert(TOKEN_BYTES / 3 * 4 + 1 == WEB_TOKEN_TEXT, "a token's text");

/* So long a link that has expired is told from one that never was. */
static const int64_t	kept_ms = (int64_t)7 * 24 * 3600 * 1000;

static void
text_of(const uint8_t bytes[TOKEN_BYTES], char text[WEB_TOKEN_TEXT])
{
	(void)sodium_bin2base64(text, WEB_TOKEN_TEXT, bytes, TOKEN_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static void
hash_text(struct span text, uint8_t hash[WEB_TOKEN_HASH])
{
	(void)crypto_generichash(hash, WEB_TOKEN_HASH, (const uint8_t *)text.s, text.n, NULL, 0);
}

/* The text of a page's configuration link after so many downloads. */
static void
derive(struct keeper *k, const struct web_token *page, char text[WEB_TOKEN_TEXT])
{
	uint8_t	key[32], in[WEB_TOKEN_HASH + 8], bytes[TOKEN_BYTES];

	seal_subkey(k->db.seal, 1, "wc-token", key);
	memcpy(in, page->hash, WEB_TOKEN_HASH);
	be64_put(in + WEB_TOKEN_HASH, page->downloads);
	(void)crypto_generichash(bytes, sizeof bytes, in, sizeof in, key, sizeof key);
	text_of(bytes, text);
	sodium_memzero(key, sizeof key);
	sodium_memzero(bytes, sizeof bytes);
}

static void
put_configuration(struct keeper *k, struct txn *t, const struct web_token *page)
{
	struct web_token	c = {
		.account_id = page->account_id, .purpose = TOKEN_CONFIGURE, .made_at = keeper_now(k), .expires_at = page->expires_at,
	};
	char			text[WEB_TOKEN_TEXT];

	derive(k, page, text);
	hash_text(span_of(text), c.hash);
	sodium_memzero(text, sizeof text);
	table_put(t, &k->db, &web_token_kind, &c);
}

void
tokens_make(struct keeper *k, struct txn *t, uint64_t account_id, enum web_token_purpose purpose, char text[WEB_TOKEN_TEXT])
{
	int64_t			now = keeper_now(k);
	struct web_token	token = { .account_id = account_id, .purpose = purpose, .made_at = now, .expires_at = now + TOKEN_LIFE_MS };
	uint8_t			bytes[TOKEN_BYTES];

	randombytes_buf(bytes, sizeof bytes);
	text_of(bytes, text);
	sodium_memzero(bytes, sizeof bytes);
	hash_text(span_of(text), token.hash);
	table_put(t, &k->db, &web_token_kind, &token);
	if (purpose == TOKEN_ACTIVATE)
		put_configuration(k, t, &token);
}

int
tokens_find(struct keeper *k, struct span text, enum web_token_purpose purpose, struct web_token *token)
{
	int	rc;

	memset(token, 0, sizeof *token);
	if (text.n != WEB_TOKEN_TEXT - 1)
		return ERR_NOT_FOUND;
	hash_text(text, token->hash);
	rc = table_get(&k->db, &web_token_kind, token);
	return rc == 0 && token->purpose != purpose ? ERR_NOT_FOUND : rc;
}

bool
tokens_is_expired(struct keeper *k, const struct web_token *token)
{
	return token->expires_at != 0 && token->expires_at <= keeper_now(k);
}

struct found {
	struct web_token	tokens[ACCOUNT_TOKENS];
	size_t			n;
};

static int
collect(void *arg, const void *record)
{
	struct found	*f = arg;

	f->tokens[f->n++] = *(const struct web_token *)record;
	return 0;
}

static void
find_all(struct keeper *k, uint64_t account_id, struct found *f)
{
	const struct web_token	of = { .account_id = account_id };

	f->n = 0;
	(void)table_each_of(&k->db, &web_token_kind, TABLE_TOKEN_BY_ACCOUNT, 1, &of, ACCOUNT_TOKENS, collect, f);
}

/* The account's newest of that purpose.  False: it has none. */
static bool
newest_of(struct keeper *k, uint64_t account_id, enum web_token_purpose purpose, struct web_token *token)
{
	struct found	f;
	bool		found = false;

	find_all(k, account_id, &f);
	for (size_t i = 0; i < f.n; i++) {
		if (f.tokens[i].purpose != purpose || (found && f.tokens[i].made_at < token->made_at))
			continue;
		*token = f.tokens[i];
		found = true;
	}
	return found;
}

bool
tokens_configuration(struct keeper *k, const struct web_token *page, char text[WEB_TOKEN_TEXT])
{
	struct web_token	c;

	derive(k, page, text);
	return tokens_find(k, span_of(text), TOKEN_CONFIGURE, &c) == 0 && c.used_at == 0 && !tokens_is_expired(k, &c);
}

void
tokens_use(struct keeper *k, struct txn *t, struct web_token *token)
{
	struct found	f;

	token->used_at = keeper_now(k);
	table_put(t, &k->db, &web_token_kind, token);
	if (token->purpose != TOKEN_ACTIVATE || token->downloads == 0)
		return;
	find_all(k, token->account_id, &f);
	for (size_t i = 0; i < f.n; i++)
		if (f.tokens[i].purpose == TOKEN_CONFIGURE && f.tokens[i].used_at == 0)
			table_delete(t, &k->db, &web_token_kind, &f.tokens[i]);
}

void
tokens_downloaded(struct keeper *k, struct txn *t, struct web_token *configure)
{
	struct web_token	page;
	struct found		f;

	find_all(k, configure->account_id, &f);
	for (size_t i = 0; i < f.n; i++)
		if (f.tokens[i].purpose == TOKEN_CONFIGURE && memcmp(f.tokens[i].hash, configure->hash, WEB_TOKEN_HASH) != 0)
			table_delete(t, &k->db, &web_token_kind, &f.tokens[i]);
	configure->used_at = keeper_now(k);
	configure->expires_at = 0;
	table_put(t, &k->db, &web_token_kind, configure);
	if (!newest_of(k, configure->account_id, TOKEN_ACTIVATE, &page) || tokens_is_expired(k, &page))
		return;
	page.downloads++;
	table_put(t, &k->db, &web_token_kind, &page);
	if (page.used_at == 0)
		put_configuration(k, t, &page);
}

static void
forget(struct keeper *k, struct txn *t, uint64_t account_id, bool all)
{
	struct found	f;

	find_all(k, account_id, &f);
	for (size_t i = 0; i < f.n; i++)
		if (all || f.tokens[i].purpose != TOKEN_CONFIGURE || f.tokens[i].used_at == 0)
			table_delete(t, &k->db, &web_token_kind, &f.tokens[i]);
}

void
tokens_revoke(struct keeper *k, struct txn *t, uint64_t account_id)
{
	forget(k, t, account_id, false);
}

void
tokens_delete(struct keeper *k, struct txn *t, uint64_t account_id)
{
	forget(k, t, account_id, true);
}

struct expired {
	uint8_t	hashes[SLICE][WEB_TOKEN_HASH];
	size_t	n;
};

static int
collect_expired(void *arg, struct store_bytes key, struct store_bytes value)
{
	struct expired	*e = arg;

	(void)value;
	if (key.n == 8 + WEB_TOKEN_HASH)
		memcpy(e->hashes[e->n++], (const uint8_t *)key.p + 8, WEB_TOKEN_HASH);
	return 0;
}

bool
tokens_tick(struct keeper *k)
{
	int64_t			before = keeper_now(k) - kept_ms;
	struct web_token	token;
	struct expired		e = { .n = 0 };
	struct txn		*t;
	uint8_t			to[8];
	struct store_bytes	end = { to, sizeof to };

	be64_put(to, before > 0 ? (uint64_t)before : 0);
	(void)store_range(k->db.store, TABLE_TOKEN_EXPIRY, (struct store_bytes){ 0 }, &end, false, SLICE, collect_expired, &e);
	if (e.n == 0 || (t = txn_new(k->db.store)) == NULL)
		return false;
	for (size_t i = 0; i < e.n; i++) {
		memset(&token, 0, sizeof token);
		memcpy(token.hash, e.hashes[i], WEB_TOKEN_HASH);
		table_delete(t, &k->db, &web_token_kind, &token);
	}
	return store_commit(t, NULL, NULL) == 0 && e.n == SLICE;
}
