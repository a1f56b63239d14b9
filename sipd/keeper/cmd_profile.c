/*
 * `profile render`: what a profile comes to for an account.  What all named records have in common is in cmd_named.c.
 */
#include <string.h>

#include "core/err.h"
#include "sipd/keeper/accounts.h"
#include "sipd/keeper/json.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/profiles.h"
#include "sipd/keeper/render.h"
#include "sipd/keeper/reply.h"
#include "sipd/keeper/request.h"

/* In the password's place: none is made, and none that there is can be known. */
static const char	placeholder[] = "******";

static void
profile_render(struct request *r)
{
	const char	*name = request_text(r, "name"), *username = request_text(r, "username");
	struct rendered	 out;
	struct profile	 p;
	struct account	 a;
	char		 why[256];
	int		 rc;

	if (!reply_account(r, username, &a))
		return;
	if (name != NULL ? named_find(r->keeper, &profiles_named, name, &p) != 0 : render_profile_of(r->keeper, &a, &p) != 0) {
		if (name != NULL)
			reply_not_found(r, "profile", name);
		else
			request_refuse(r, ERR_NOT_FOUND, "profile", "account %s: neither it nor its group has a profile", a.username);
		return;
	}
	if ((rc = render_account(r->keeper, &p, &a, placeholder, &out, why, sizeof why)) != 0) {
		request_refuse(r, rc, "parameters", "%s", why);
		return;
	}
	request_ok(r, json_pack("{s:o,s:o,s:s,s:s,s:o}", "profile", json_of_text(p.name, strlen(p.name)), "username",
	    json_of_text(a.username, strlen(a.username)), "type", out.type, "filename", out.filename, "text", json_of_text(out.body, out.n)));
}

const struct handler	profile_handlers[] = {
	{ "profile render", profile_render },
	{ NULL, NULL },
};
