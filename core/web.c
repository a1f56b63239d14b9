#include "core/web.h"

#include <ctype.h>
#include <string.h>

#define BRAND	"brand colour ink text "
#define ERROR	"code title advice"

const struct template_page	web_pages[] = {
	{ "install", BRAND "owner action_url", false },
	{ "activate", BRAND "owner client config_url linphone_url action_url", false },
	{ "activated", BRAND "owner client config_url linphone_url", false },
	{ "error", BRAND ERROR, false },
	{ "thanks", BRAND ERROR, true },
	{ "unready", BRAND ERROR, true },
	{ "expired", BRAND ERROR, true },
	{ "used", BRAND ERROR, true },
	{ "unknown", BRAND ERROR, true },
	{ "not-found", BRAND ERROR, true },
	{ "too-many", BRAND ERROR, true },
	{ "later", BRAND ERROR, true },
	{ "bad-request", BRAND ERROR, true },
	{ "method", BRAND ERROR, true },
	{ "too-long", BRAND ERROR, true },
	{ "headers", BRAND ERROR, true },
	{ "too-large", BRAND ERROR, true },
	{ "slow", BRAND ERROR, true },
	{ "not-implemented", BRAND ERROR, true },
	{ "version", BRAND ERROR, true },
};
const size_t			n_web_pages = sizeof web_pages / sizeof web_pages[0];

static const struct web_trouble	troubles[] = {
	{ "thanks", 200, "Thank you", "You get another text message now. Open the link in it." },
	{ "unready", 503, "Your phone can't be set up yet", "Something is missing on our side. Tell whoever sent you the link; it stays good." },
	{ "expired", 410, "This link has expired", "Links work for a short time only. Ask for a new text message, and open its link soon." },
	{ "used", 410, "This link has been used",
	  "Each link works once. If your phone is not set up yet, ask for a new text message and open the link in it." },
	{ "unknown", 404, "This link is not known",
	  "Open the link in the text message again. If you copied or typed it, make sure that no letter is missing at its end." },
	{ "not-found", 404, "There is nothing here", "Open the link in the text message that you got." },
	{ "too-many", 429, "Too many requests", "Wait a minute, then try again." },
	{ "later", 503, "Please try again later", "The service is busy or being looked after. Your link stays good: try again in a minute." },
	{ "bad-request", 400, "That request was not understood", "Open the link in the text message again, in your phone's browser." },
	{ "method", 405, "That request was not understood", "Open the link in the text message again, in your phone's browser." },
	{ "too-long", 414, "That address is too long", "Open the link in the text message again: this one is not ours." },
	{ "headers", 431, "That request was too large", "Open the link in the text message again, in your phone's browser." },
	{ "too-large", 413, "That request was too large", "Open the link in the text message again, in your phone's browser." },
	{ "slow", 408, "That took too long", "Your connection may be weak. Open the link again where it is better." },
	{ "not-implemented", 501, "That request was not understood", "Open the link in the text message again, in your phone's browser." },
	{ "version", 505, "That request was not understood", "Open the link in the text message again, in your phone's browser." },
};

const struct web_trouble *
web_trouble_find(struct span name)
{
	for (size_t i = 0; i < sizeof troubles / sizeof troubles[0]; i++)
		if (span_is(name, troubles[i].name))
			return &troubles[i];
	return NULL;
}

const struct web_path	web_paths[] = {
	{ WEB_INSTALL, "/i/", .token = true },
	{ WEB_CONFIGURATION, "/c/", .token = true, .get_only = true },
	{ WEB_ACTIVATE, "/a/", .token = true },
	{ WEB_LICENCE, "/licence", .post_only = true },
};
const size_t		n_web_paths = sizeof web_paths / sizeof web_paths[0];

static bool
is_token(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!isalnum((unsigned char)s.s[i]) && s.s[i] != '-' && s.s[i] != '_')
			return false;
	return s.n > 0 && s.n <= WEB_TOKEN_MAX;
}

const struct web_path *
web_path_find(struct span path, struct span *token)
{
	for (size_t i = 0; i < n_web_paths; i++) {
		size_t	n = strlen(web_paths[i].prefix);

		if (path.n < n || memcmp(path.s, web_paths[i].prefix, n) != 0)
			continue;
		*token = (struct span){ .s = path.s + n, .n = path.n - n };
		if (web_paths[i].token ? is_token(*token) : token->n == 0)
			return &web_paths[i];
	}
	return NULL;
}
