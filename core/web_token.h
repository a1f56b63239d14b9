/*
 * A token: what the last part of a link stands for.  The link's text is random and is stored as a hash only, so that nobody who reads the
 * store can walk through it (product H3).
 */
#ifndef CORE_WEB_TOKEN_H
#define CORE_WEB_TOKEN_H

#include "core/field.h"

/* What it is good for; the numbers are on disk. */
enum web_token_purpose { TOKEN_INSTALL = 1, TOKEN_ACTIVATE, TOKEN_CONFIGURE };

enum { WEB_TOKEN_HASH = 32 };

struct web_token {
	uint8_t		hash[WEB_TOKEN_HASH];
	uint64_t	account_id;
	uint32_t	purpose;	/* enum web_token_purpose */
	uint32_t	downloads;	/* TOKEN_ACTIVATE: how often its configuration was fetched */
	int64_t		made_at;
	int64_t		expires_at;	/* 0: never, as the link that a client fetches its configuration by again and again */
	int64_t		used_at;	/* 0: not yet */
};

extern const struct kind	web_token_kind;

#endif
