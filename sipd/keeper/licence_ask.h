/*
 * Licences as clients ask for them (product H6): POST /licence with the account's credentials, and the key where the client knows it, is
 * answered {"state":"VALID","valid_until":"2027-12-31T23:59:59+00:00"}.  Another key than the account's is answered as no licence at all.
 */
#ifndef SIPD_KEEPER_LICENCE_ASK_H
#define SIPD_KEEPER_LICENCE_ASK_H

#include "core/account.h"
#include "core/span.h"

struct keeper;
struct licence_asks;
struct visit_replies;
struct visit_reply;

enum { LICENCE_ASKS = 30, LICENCE_ASKS_S = 60 };	/* an account may ask so often */

struct licence_asks *licence_asks_new(struct keeper *, struct visit_replies *);
void	licence_asks_free(struct licence_asks *);

/* Answers, at once or when it is on disk.  who: "web 192.0.2.17". */
void	licence_ask(struct licence_asks *, struct visit_reply *, const struct account *, struct span key, const char *who);

#endif
