#include "sipd/sip/message.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sofia-sip/bnf.h>

#include "core/message.h"
#include "sipd/sip/buf.h"
#include "sipd/sip/cpim.h"

enum { ID_MAX = MESSAGE_UUID - 1 };

/*
 * What goes from phone to phone is each header that headers.c leaves unparsed, but these: what has a field of its own, what belongs to one
 * hop or to the sender's capabilities, and what only a trusted network may say of a sender (RFC 3325).
 */
static const char *const	not_passed[] = {
	"Message-UUID", "Message-Version", "Date", "Allow", "Allow-Events", "u", "Timestamp", "Server", "Session-Expires", "Min-SE",
	"Security-Client", "Security-Server", "Security-Verify", "P-Asserted-Identity", "P-Preferred-Identity", "P-Asserted-Service",
	"P-Preferred-Service", "P-Access-Network-Info", "P-Charging-Vector", "P-Charging-Function-Addresses", "Remote-Party-ID",
	"Service-Route", "Authentication-Info", "Proxy-Authentication-Info", "Flow-Timer",
};

static bool
passes(const char *name)
{
	for (size_t i = 0; i < sizeof not_passed / sizeof not_passed[0]; i++)
		if (strcasecmp(name, not_passed[i]) == 0)
			return false;
	return name[0] != '\0' && name[span_token(name)] == '\0';
}

/* "Name: value" lines of what passes.  false when that is too much. */
static bool
headers_take(struct message_ask *ask, struct ask_memory *m, const sip_t *sip)
{
	struct text_buf	b = { .s = m->text + m->n, .size = sizeof m->text - m->n };

	for (const sip_unknown_t *u = sip->sip_unknown; u != NULL; u = u->un_next) {
		if (u->un_name == NULL || u->un_value == NULL || !passes(u->un_name))
			continue;
		buf_add(&b, u->un_name);
		buf_add(&b, ": ");
		buf_span(&b, span_of(u->un_value));
		buf_add(&b, "\r\n");
	}
	if (b.overflow)
		return false;
	m->n += b.n;
	ask->headers = (struct span){ .s = b.s, .n = b.n };
	return true;
}

/* The value of a header that headers.c leaves unparsed; NULL when it is absent. */
static const char *
unparsed(const sip_t *sip, const char *name)
{
	for (const sip_unknown_t *u = sip->sip_unknown; u != NULL; u = u->un_next)
		if (u->un_name != NULL && strcasecmp(u->un_name, name) == 0)
			return u->un_value;
	return NULL;
}

/* RFC 3261 section 20.17's only form; anything else is as if absent.  In ms. */
static int64_t
date_of(const char *s)
{
	struct tm	 tm = { 0 };
	const char	*end = s == NULL ? NULL : strptime(s, "%a, %d %b %Y %H:%M:%S GMT", &tm);

	return end == NULL || *end != '\0' || tm.tm_year < 70 || tm.tm_year > 1000 ? 0 : (int64_t)timegm(&tm) * 1000;
}

/* 1 where it is absent or no number. */
static uint32_t
version_of(const char *s)
{
	uint32_t	v = ask_seconds(s);

	return v == EXPIRES_ABSENT || v > INT32_MAX ? 1 : v;
}

/* One word of visible ASCII: it is kept, shown and sought. */
static bool
is_id(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.s[i] <= ' ' || s.s[i] >= 0x7f)
			return false;
	return s.n > 0 && s.n <= ID_MAX;
}

static bool
uuid_take(struct message_ask *ask, const sip_t *sip)
{
	const char	*said = unparsed(sip, "Message-UUID");
	struct span	 id;

	if (said != NULL) {
		ask->uuid = span_of(said);
		return is_id(ask->uuid);
	}
	if (sip->sip_content_type == NULL || strcasecmp(sip->sip_content_type->c_type, "message/cpim") != 0)
		return true;
	id = cpim_message_id(ask->body);
	if (is_id(id))
		ask->uuid = id;
	return true;
}

/* As it was sent, with its parameters. */
static bool
type_take(struct message_ask *ask, struct ask_memory *m, const sip_content_type_t *c)
{
	struct text_buf	b = { .s = m->text + m->n, .size = sizeof m->text - m->n };

	if (c == NULL)
		return true;
	buf_header(&b, "", c->c_common);
	if (b.overflow)
		return false;
	m->n += b.n;
	ask->content_type = (struct span){ .s = b.s, .n = b.n };
	for (; ask->content_type.n > 0 && (*ask->content_type.s == ' ' || *ask->content_type.s == '\t'); ask->content_type.s++)
		ask->content_type.n--;
	return true;
}

static int
body_take(struct message_ask *ask, const sip_t *sip, size_t body_max, const char **reason)
{
	const sip_payload_t	*pl = sip->sip_payload;

	if (pl != NULL)
		ask->body = (struct span){ .s = pl->pl_data, .n = pl->pl_len };
	if (sip->sip_content_length != NULL && sip->sip_content_length->l_length > ask->body.n) {
		*reason = "Body Shorter Than Content-Length";
		return 400;
	}
	ask->size = ask->body.n > UINT32_MAX ? UINT32_MAX : (uint32_t)ask->body.n;
	if (ask->body.n > body_max)
		ask->body.n = 0;	/* refused by the keeper, who first asks whose it is */
	return 0;
}

static bool
is_broken(const sip_t *sip, const char *name)
{
	for (const sip_header_t *h = (const sip_header_t *)sip->sip_error; h != NULL; h = h->sh_next)
		if (h->sh_class == sip_error_class && h->sh_error->er_name != NULL && strcasecmp(h->sh_error->er_name, name) == 0)
			return true;
	return false;
}

static void
parties_take(struct message_ask *ask, struct ask_memory *m, const sip_t *sip)
{
	ask->user = ask_unescape(m, sip->sip_request->rq_url->url_user);
	ask->from_user = ask_unescape(m, sip->sip_from->a_url->url_user);
	ask->from_host = span_of(sip->sip_from->a_url->url_host);
	ask->expires = ask->from.expires;
	ask->version = version_of(unparsed(sip, "Message-Version"));
	ask->date = date_of(unparsed(sip, "Date"));
}

int
message_make(struct message_ask *ask, struct ask_memory *m, const sip_t *sip, const struct where *w, const char *realm, size_t body_max,
    const char **reason)
{
	int	rc;

	memset(ask, 0, sizeof *ask);
	if (!ask_is_sip(sip->sip_from->a_url)) {
		*reason = "From Must Be a SIP URI";
		return 400;
	}
	if (is_broken(sip, "Content-Type") || is_broken(sip, "Proxy-Authorization")) {
		*reason = is_broken(sip, "Content-Type") ? "Bad Content-Type" : "Bad Proxy-Authorization";
		return 400;
	}
	ask_origin(&ask->from, m, sip, w);
	ask_credentials(&ask->from, sip->sip_proxy_authorization, realm);
	if (!ask->from.authorized)
		ask_credentials(&ask->from, sip->sip_authorization, realm);
	parties_take(ask, m, sip);
	if ((rc = body_take(ask, sip, body_max, reason)) != 0)
		return rc;
	if (!uuid_take(ask, sip)) {
		*reason = "Bad Message-UUID";
		return 400;
	}
	if (!type_take(ask, m, sip->sip_content_type) || !headers_take(ask, m, sip)) {
		*reason = "Headers Too Long";
		return 413;
	}
	return 0;
}
