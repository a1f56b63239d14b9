#include "sipd/keeper/public_check.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "sipd/keeper/activation.h"
#include "sipd/keeper/asks.h"
#include "sipd/keeper/events.h"
#include "sipd/keeper/keeper.h"

enum { TOKEN_BYTES = 18, TOKEN_TEXT = 25, FIRST_AFTER_MS = 3000 };

struct public_check {
	struct keeper		*k;
	struct asks		*asks;
	uint64_t		 ask;			/* under way; 0: none is */
	char			 token[TOKEN_TEXT];	/* of that one */
	bool			 came_in;		/* it was asked of us */
	int64_t			 next_at;
	char			 url[CONFIG_TEXT];	/* that the state is of */
	struct public_state	 state;
	public_check_fn		 fn;			/* who waits; NULL: nobody does */
	void			*arg;
};

struct public_check *
public_check_new(struct keeper *k)
{
	struct public_check	*c = calloc(1, sizeof *c);

	if (c == NULL || (c->asks = asks_new(SENDER_PUBLIC)) == NULL) {
		free(c);
		return NULL;
	}
	c->k = k;
	c->next_at = keeper_now(k) + FIRST_AFTER_MS;
	return c;
}

void
public_check_free(struct public_check *c)
{
	if (c == NULL)
		return;
	asks_free(c->asks);
	free(c);
}

bool
public_check_configured(const struct keeper *k)
{
	return k->conf.http.listen[0] != '\0' && k->conf.http.public_url[0] != '\0';
}

const struct public_state *
public_check_state(const struct public_check *c)
{
	return &c->state;
}

/* Told when it turns, and once at the beginning if it is bad. */
static void
tell(struct public_check *c, const struct public_state *was)
{
	const struct public_state	*s = &c->state;

	if (s->reached && was->checked && !was->reached)
		events_tell(c->k->events, EVENT_INFO, "web", c->url, "the HTTPS service is reached at its public name again, in %u ms",
		    (unsigned)s->took_ms);
	else if (!s->reached && (!was->checked || was->reached))
		events_tell(c->k->events, EVENT_WARN, "web", c->url, "the HTTPS service is not reached at its public name: %s", s->error);
}

static void
end(struct public_check *c, bool reached, const char *error)
{
	const struct public_state	was = c->state;
	public_check_fn			fn = c->fn;

	c->ask = 0;
	c->token[0] = '\0';
	c->fn = NULL;
	c->next_at = keeper_now(c->k) + PUBLIC_CHECK_EVERY_MS;
	c->state.checked = true;
	c->state.reached = reached;
	c->state.at = keeper_now(c->k);
	(void)snprintf(c->state.error, sizeof c->state.error, "%s", error);
	tell(c, &was);
	if (fn != NULL)
		fn(c->arg, &c->state);
}

static void
on_answer(void *arg, const void *answer)
{
	struct public_check		*c = arg;
	const struct wire_fetched	*f = answer;
	char				 error[PUBLIC_ERROR];

	c->state.took_ms = f == NULL ? 0 : f->took_ms;
	c->state.certificate_until = f == NULL ? 0 : f->certificate_until;
	if (f == NULL) {
		end(c, false, "the web process ended meanwhile");
	} else if (f->code == 0) {
		(void)span_get(f->error, error, sizeof error);
		end(c, false, error);
	} else if (!c->came_in) {
		(void)snprintf(error, sizeof error, "something else answers there, with %u: it does not lead to this daemon", (unsigned)f->code);
		end(c, false, error);
	} else {
		end(c, true, "");
	}
}

static int
start(struct public_check *c)
{
	struct channel		*channel = c->k->channels[PROC_WEB];
	struct wire_fetch	 fetch = { .timeout_ms = PUBLIC_CHECK_MS };
	uint8_t			 bytes[TOKEN_BYTES];
	char			 link[ACTIVATION_LINK];

	if (channel == NULL || (c->ask = asks_take(c->asks, PROC_WEB, on_answer, c)) == 0)
		return ERR_UNAVAILABLE;
	if (strcmp(c->url, c->k->conf.http.public_url) != 0) {	/* of another address nothing is known */
		c->state = (struct public_state){ .checked = false };
		memcpy(c->url, c->k->conf.http.public_url, sizeof c->url);
	}
	randombytes_buf(bytes, sizeof bytes);
	(void)sodium_bin2base64(c->token, sizeof c->token, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	c->came_in = false;
	activation_link(c->k, TOKEN_INSTALL, c->token, link);
	fetch.url = span_of(link);
	if (channel_send(channel, WIRE_FETCH, c->ask, &fetch) == 0)
		return 0;
	asks_drop(c->asks, c->ask);
	c->ask = 0;
	return ERR_UNAVAILABLE;
}

int
public_check_now(struct public_check *c, public_check_fn fn, void *arg)
{
	int	rc;

	if (c->fn != NULL)
		return ERR_BUSY;
	if (c->ask == 0 && (rc = start(c)) != 0)
		return rc;
	c->fn = fn;
	c->arg = arg;
	return 0;
}

void
public_check_forget(struct public_check *c, void *arg)
{
	if (c->arg == arg)
		c->fn = NULL;
}

bool
public_check_is_ours(struct public_check *c, struct span token)
{
	if (c == NULL || c->ask == 0 || token.n != TOKEN_TEXT - 1 || sodium_memcmp(token.s, c->token, token.n) != 0)
		return false;
	c->came_in = true;
	return true;
}

void
public_check_tick(struct public_check *c)
{
	if (c->ask == 0 && keeper_now(c->k) >= c->next_at && public_check_configured(c->k) && start(c) != 0)
		c->next_at = keeper_now(c->k) + FIRST_AFTER_MS;
}

void
public_check_answered(struct public_check *c, uint64_t id, const struct wire_fetched *fetched)
{
	asks_answered(c->asks, id, fetched);
}

void
public_check_process_gone(struct public_check *c, enum process process)
{
	asks_gone(c->asks, process);
}
