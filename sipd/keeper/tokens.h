/*
 * Tokens of the activation's links: making, finding, using, and forgetting them.  An account has at most one live token of each purpose;
 * a new round of its activation takes the older ones' power away.
 *
 * The configuration's link stands on the activation page alone and is not random but follows, by a key of ours, from that page's token and
 * from how often the configuration was fetched: so the page can be shown again without anything being written.
 */
#ifndef SIPD_KEEPER_TOKENS_H
#define SIPD_KEEPER_TOKENS_H

#include "core/account.h"
#include "core/span.h"
#include "core/web_token.h"
#include "db/store.h"

struct keeper;

enum { TOKEN_LIFE_MS = 72 * 3600 * 1000, WEB_TOKEN_TEXT = 25 };

/* Adds a random one, and for TOKEN_ACTIVATE the first of its configuration; text is the link's last part. */
void	tokens_make(struct keeper *, struct txn *, uint64_t account_id, enum web_token_purpose, char text[WEB_TOKEN_TEXT]);

/* 0, ERR_NOT_FOUND.  Used and expired ones are found for as long as they are kept, to tell people so. */
int	tokens_find(struct keeper *, struct span text, enum web_token_purpose, struct web_token *);
bool	tokens_is_expired(struct keeper *, const struct web_token *);

/* The configuration's link of an activation page, as it is now.  False: it is not to be shown, having ended with its page. */
bool	tokens_configuration(struct keeper *, const struct web_token *page, char text[WEB_TOKEN_TEXT]);

/* An activation page whose configuration was fetched offers none any more. */
void	tokens_use(struct keeper *, struct txn *, struct web_token *);
/* The configuration was fetched: its token goes on without a secret, and its page offers the next. */
void	tokens_downloaded(struct keeper *, struct txn *, struct web_token *configure);

/* Takes all links of an account out of force, but the one that its client fetches its configuration by again.  Deletes that too: _delete. */
void	tokens_revoke(struct keeper *, struct txn *, uint64_t account_id);
void	tokens_delete(struct keeper *, struct txn *, uint64_t account_id);

/* Deletes a slice of those that expired long ago.  True: there is more to do. */
bool	tokens_tick(struct keeper *);

#endif
