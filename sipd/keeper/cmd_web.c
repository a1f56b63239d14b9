/*
 * `web check`: is the HTTPS service reached at its public name, now?
 */
#include "core/err.h"
#include "sipd/keeper/json.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/public_check.h"
#include "sipd/keeper/request.h"

static void
on_checked(void *arg, const struct public_state *s)
{
	struct request	*r = arg;
	const char	*url = r->keeper->conf.http.public_url;

	r->on_gone = NULL;
	if (s->reached)
		request_ok(r, json_pack("{s:s, s:I, s:o}", "public_url", url, "public_ms", (json_int_t)s->took_ms, "certificate_expires",
		    json_of_time(s->certificate_until)));
	else
		request_refuse(r, ERR_UNAVAILABLE, NULL, "%s is not reached: %s", url, s->error);
}

static void
on_gone(struct request *r)
{
	public_check_forget(r->keeper->public_check, r);
}

static void
web_check(struct request *r)
{
	const struct config	*c = &r->keeper->conf;
	int			 rc;

	if (!public_check_configured(r->keeper)) {
		request_refuse(r, ERR_INVALID, NULL, "the configuration has no http { %s }", c->http.listen[0] == '\0' ? "listen" : "public_url");
		return;
	}
	if ((rc = public_check_now(r->keeper->public_check, on_checked, r)) == 0)
		r->on_gone = on_gone;
	else
		request_refuse(r, rc, NULL, rc == ERR_BUSY ? "a check is under way already: wait for it" :
		    "the web process, which would check it, is down");
}

const struct handler	web_handlers[] = {
	{ "web check", web_check },
	{ NULL, NULL },
};
