/*
 * `why`: what is told stands in why.c.
 */
#include <sodium.h>

#include "sipd/keeper/accounts.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/reply.h"
#include "sipd/keeper/request.h"
#include "sipd/keeper/why.h"

static void
why(struct request *r)
{
	struct account	a;

	if (reply_account(r, request_text(r, "name"), &a))
		request_ok(r, why_json(r->keeper, &a));
	sodium_memzero(&a, sizeof a);
}

const struct handler	why_handlers[] = {
	{ "why", why },
	{ NULL, NULL },
};
