#include "sipd/keeper/activation.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "core/err.h"
#include "sipd/keeper/accounts.h"
#include "sipd/keeper/events.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/render.h"
#include "sipd/keeper/sms.h"
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

/* A message's text from the configuration's, with what it names in braces. */
static void
fill(const char *template, const struct account *a, const char *link, char *out, size_t size)
{
	const struct {
		const char	*name, *value;
	} names[] = { { "{link}", link }, { "{number}", a->caller_id }, { "{username}", a->username }, { "{owner}", a->owner } };
	size_t	at = 0, i;

	while (*template != '\0' && at + 1 < size) {
		for (i = 0; i < sizeof names / sizeof names[0]; i++)
			if (strncmp(template, names[i].name, strlen(names[i].name)) == 0)
				break;
		if (i == sizeof names / sizeof names[0]) {
			out[at++] = *template++;
			continue;
		}
		at += (size_t)snprintf(out + at, size - at, "%s", names[i].value);
		template += strlen(names[i].name);
	}
	out[at < size ? at : size - 1] = '\0';
}

/* Makes the link and sends it.  0, or what is missing; the transaction then has a link that nobody was told. */
static int
send_link(struct keeper *k, struct txn *t, const struct account *a, enum sms_what what, struct fault *fault)
{
	bool			first = what == SMS_INSTALLATION;
	enum web_token_purpose	purpose = first ? TOKEN_INSTALL : TOKEN_ACTIVATE;
	char			token[WEB_TOKEN_TEXT], link[ACTIVATION_LINK], text[SMS_TEXT + 1];
	int			rc;

	tokens_make(k, t, a->id, purpose, token);
	activation_link(k, purpose, token, link);
	fill(first ? k->conf.sms.install_text : k->conf.sms.activate_text, a, link, text, sizeof text);
	rc = sms_send(k, t, a, what, text, fault);
	sodium_memzero(token, sizeof token);
	sodium_memzero(link, sizeof link);
	sodium_memzero(text, sizeof text);
	return rc;
}

int
activation_begin(struct keeper *k, struct txn *t, const char *operator, const struct account *a, struct fault *fault)
{
	int	rc;

	if ((rc = activation_ready(k, a, NULL, fault)) != 0 || (rc = sms_ready(k, a, fault)) != 0)
		return rc;
	tokens_revoke(k, t, a->id);
	if ((rc = send_link(k, t, a, SMS_INSTALLATION, fault)) != 0)
		return rc;
	events_add(k->events, t, EVENT_INFO, "activation", a->username, operator, "account %s: installation SMS to %s; older links end",
	    a->username, a->caller_id);
	return 0;
}

void
activation_go_on(struct keeper *k, struct txn *t, const struct account *a)
{
	struct fault	fault;

	if (send_link(k, t, a, SMS_ACTIVATION, &fault) != 0)
		events_add(k->events, t, EVENT_WARN, "activation", a->username, NULL, "account %s: no activation SMS: %s", a->username, fault.text);
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
