#include "sipd/keeper/activation.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "core/err.h"
#include "sipd/keeper/accounts.h"
#include "sipd/keeper/events.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/render.h"
#include "sipd/keeper/tokens.h"

int
activation_ready(struct keeper *k, const struct account *a, struct profile *profile, struct fault *fault)
{
	struct profile	p;

	if (k->conf.http.listen[0] == '\0')
		return fault_set(fault, ERR_INVALID, NULL, "no link can be made: the configuration has no http { listen }");
	if (k->conf.http.public_url[0] == '\0')
		return fault_set(fault, ERR_INVALID, NULL, "no link can be made: the configuration has no http { public_url }");
	if (render_profile_of(k, a, profile == NULL ? &p : profile) != 0)
		return fault_set(fault, ERR_INVALID, "profile", "account %s has no provisioning profile, nor has its group: set one", a->username);
	return 0;
}

void
activation_link(struct keeper *k, enum web_token_purpose purpose, const char *token, char link[ACTIVATION_LINK])
{
	static const char	paths[] = { [TOKEN_INSTALL] = 'i', [TOKEN_ACTIVATE] = 'a', [TOKEN_CONFIGURE] = 'c' };
	const char		*url = k->conf.http.public_url;
	size_t			 n = strlen(url);

	while (n > 0 && url[n - 1] == '/')
		n--;
	(void)snprintf(link, ACTIVATION_LINK, "%.*s/%c/%s", (int)n, url, paths[purpose], token);
}

int
activation_make_link(struct keeper *k, struct txn *t, const char *operator, const struct account *a, char link[ACTIVATION_LINK],
    int64_t *until, struct fault *fault)
{
	char	token[WEB_TOKEN_TEXT];
	int	rc;

	if ((rc = activation_ready(k, a, NULL, fault)) != 0)
		return rc;
	tokens_revoke(k, t, a->id);
	tokens_make(k, t, a->id, TOKEN_ACTIVATE, token);
	activation_link(k, TOKEN_ACTIVATE, token, link);
	sodium_memzero(token, sizeof token);
	*until = keeper_now(k) + TOKEN_LIFE_MS;
	events_add(k->events, t, EVENT_INFO, "activation", a->username, operator, "account %s: activation link made; older ones end",
	    a->username);
	return 0;
}

void
activation_registers(struct keeper *k, struct txn *t, struct account *a)
{
	uint8_t	was = a->status;

	if (!activation_next(activation_registered(a), keeper_now(k), a))
		return;
	table_put(t, &k->db, &account_kind, a);
	if (was != STATUS_CREATED)
		events_add(k->events, t, EVENT_INFO, "activation", a->username, NULL, "account %s: %s -> %s", a->username,
		    account_status_words[was], account_status_words[a->status]);
}
