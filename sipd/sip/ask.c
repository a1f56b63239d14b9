#include "sipd/sip/ask.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* NULL when the request is over the limit. */
static char *
room(struct ask_memory *m, size_t n)
{
	char	*p = m->text + m->n;

	if (sizeof m->text - m->n < n)
		return NULL;
	m->n += n;
	return p;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

struct span
ask_unescape(struct ask_memory *m, const char *s)
{
	size_t	n = s == NULL ? 0 : strlen(s), at = 0;
	char	*p = n == 0 ? NULL : room(m, n);

	if (p == NULL)
		return (struct span){ 0 };
	for (size_t i = 0; i < n; i++) {
		int	high = s[i] == '%' && i + 2 < n ? hex_digit(s[i + 1]) : -1;
		int	low = high >= 0 ? hex_digit(s[i + 2]) : -1;

		if (low >= 0 && high * 16 + low != 0) {
			p[at++] = (char)(high * 16 + low);
			i += 2;
		} else
			p[at++] = s[i];
	}
	return (struct span){ .s = p, .n = at };
}

static struct span
url_text(struct ask_memory *m, const url_t *url)
{
	char		*start = m->text + m->n;
	issize_t	 n = url_e(start, (isize_t)(sizeof m->text - m->n), url);

	if (n <= 0 || room(m, (size_t)n + 1) == NULL)
		return (struct span){ 0 };
	return (struct span){ .s = start, .n = (size_t)n };
}

static struct span
unquoted(const char *value)
{
	size_t	n = strlen(value);

	if (n >= 2 && value[0] == '"' && value[n - 1] == '"')
		return (struct span){ .s = value + 1, .n = n - 2 };
	return (struct span){ .s = value, .n = n };
}

/* A parameter's value without its quotes; absent is empty. */
static struct span
param(char const *const *params, const char *name)
{
	size_t	n = strlen(name);

	for (size_t i = 0; params != NULL && params[i] != NULL; i++)
		if (strncasecmp(params[i], name, n) == 0 && params[i][n] == '=')
			return unquoted(params[i] + n + 1);
	return (struct span){ 0 };
}

/* reg-id: 1 to 2**31 - 1 (RFC 5626 section 9.1); anything else is as if absent. */
static uint32_t
reg_id_of(char const *const *params)
{
	struct span	s = param(params, "reg-id");
	uint64_t	v = 0;

	if (s.n == 0 || s.n > 10)
		return 0;
	for (size_t i = 0; i < s.n; i++) {
		if (!isdigit((unsigned char)s.s[i]))
			return 0;
		v = v * 10 + (uint64_t)(s.s[i] - '0');
	}
	return v > INT32_MAX ? 0 : (uint32_t)v;
}

uint32_t
ask_seconds(const char *s)
{
	char		*end;
	unsigned long	 v;

	if (s == NULL || !isdigit((unsigned char)s[0]))
		return EXPIRES_ABSENT;
	v = strtoul(s, &end, 10);
	return *end != '\0' ? EXPIRES_ABSENT : v >= EXPIRES_ABSENT ? EXPIRES_ABSENT - 1 : (uint32_t)v;
}

/* "0.5" as 500; absent or wrong is 1000. */
static uint32_t
thousandths(const char *q)
{
	uint32_t	v = 0, scale = 100;

	if (q == NULL || q[0] != '0' || (q[1] != '.' && q[1] != '\0'))
		return 1000;
	for (const char *p = q[1] == '.' ? q + 2 : ""; isdigit((unsigned char)*p) && scale > 0; p++, scale /= 10)
		v += (uint32_t)(*p - '0') * scale;
	return v;
}

static int
contacts_take(struct register_ask *ask, struct ask_memory *m, const sip_contact_t *c, const char **reason)
{
	uint8_t	list[ASK_TEXT];
	char	*p;
	int	n = 0;

	for (; c != NULL; c = c->m_next) {
		struct register_contact	one = { .q = thousandths(c->m_q) };

		if (c->m_url->url_type == url_any) {
			ask->star = true;
			continue;
		}
		if (!ask_is_sip(c->m_url) || c->m_url->url_host == NULL) {
			*reason = "Contact Is Not a SIP URI";
			return 400;
		}
		one.uri = url_text(m, c->m_url);
		one.expires = ask_seconds(c->m_expires);
		one.instance = param(c->m_params, "+sip.instance");
		one.reg_id = reg_id_of(c->m_params);
		if (one.uri.n == 0 || ask->n_contacts++ == ASK_CONTACTS_MAX || (n = contact_append(list, (size_t)n, sizeof list, &one)) < 0) {
			*reason = "Too Many Contacts";
			return 413;
		}
	}
	if (n > 0 && (p = room(m, (size_t)n)) == NULL) {
		*reason = "Too Many Contacts";
		return 413;
	}
	if (n > 0) {
		memcpy(p, list, (size_t)n);
		ask->contacts = (struct span){ .s = p, .n = (size_t)n };
	}
	return 0;
}

/* All Path values in one line, in order. */
static bool
path_take(struct register_ask *ask, struct ask_memory *m, const sip_path_t *path)
{
	char	*start = m->text + m->n;

	for (const sip_path_t *r = path; r != NULL; r = r->r_next) {
		char		*comma = r == path ? NULL : room(m, 2);
		issize_t	 n;

		if (comma != NULL)
			memcpy(comma, ", ", 2);
		n = msg_header_field_e(m->text + m->n, (isize_t)(sizeof m->text - m->n), (const msg_header_t *)r, 0);
		if (n <= 0 || room(m, (size_t)n) == NULL)
			return false;
	}
	ask->path = (struct span){ .s = start, .n = (size_t)(m->text + m->n - start) };
	return true;
}

/* Where each parameter of the credentials goes. */
static const struct {
	const char	*name;
	size_t		 n, offset;
} digest_params[] = {
#define PARAM(member)	{ #member, sizeof #member - 1, offsetof(struct register_ask, member) }
	PARAM(username), PARAM(realm), PARAM(nonce), PARAM(uri), PARAM(response), PARAM(algorithm), PARAM(cnonce), PARAM(nc), PARAM(qop),
#undef PARAM
};

static void
digest_take(struct register_ask *ask, char const *const *params)
{
	for (; params != NULL && *params != NULL; params++) {
		size_t	n = strcspn(*params, "=");

		if ((*params)[n] == '\0')
			continue;
		for (size_t i = 0; i < sizeof digest_params / sizeof digest_params[0]; i++) {
			if (digest_params[i].n == n && strncasecmp(digest_params[i].name, *params, n) == 0) {
				*(struct span *)((char *)ask + digest_params[i].offset) = unquoted(*params + n + 1);
				break;
			}
		}
	}
}

void
ask_credentials(struct register_ask *ask, const msg_auth_t *au, const char *realm)
{
	for (; au != NULL; au = au->au_next) {
		if (strcasecmp(au->au_scheme, "Digest") != 0 || !span_is(param(au->au_params, "realm"), realm))
			continue;
		ask->authorized = true;
		ask->userhash = span_is_nocase(param(au->au_params, "userhash"), "true");
		digest_take(ask, au->au_params);
		return;
	}
}

/* The parameters of a WWW- or Proxy-Authenticate; spans borrowed from them. */
static void
challenge_of(struct digest_challenge *c, char const *const *params)
{
	c->realm = param(params, "realm");
	c->nonce = param(params, "nonce");
	c->opaque = param(params, "opaque");
	c->algorithm = param(params, "algorithm");
	c->qop = param(params, "qop");
	c->stale = span_is_nocase(param(params, "stale"), "true");
}

bool
ask_is_sip(const url_t *url)
{
	return url->url_type == url_sip || url->url_type == url_sips;
}

void
ask_origin(struct register_ask *ask, struct ask_memory *m, const sip_t *sip, const struct where *w)
{
	const url_t	*to = sip->sip_to->a_url;

	memset(ask, 0, sizeof *ask);
	m->n = 0;
	ask->source = w->source;
	ask->local = w->local;
	ask->transport = w->transport;
	ask->flow = w->flow;
	ask->host = span_of(sip->sip_request->rq_url->url_host);
	ask->aor_sip = ask_is_sip(to);
	ask->aor_user = ask_unescape(m, to->url_user);
	ask->aor_host = span_of(to->url_host);
	ask->call_id = span_of(sip->sip_call_id->i_id);
	ask->cseq = sip->sip_cseq->cs_seq;
	if (sip->sip_user_agent != NULL)
		ask->user_agent = span_of(sip->sip_user_agent->g_string);
	ask->expires = sip->sip_expires == NULL ? EXPIRES_ABSENT :
	    sip->sip_expires->ex_delta >= EXPIRES_ABSENT ? EXPIRES_ABSENT - 1 : (uint32_t)sip->sip_expires->ex_delta;
}

int
ask_make(struct register_ask *ask, struct ask_memory *m, const sip_t *sip, const struct where *w, const char *realm,
    const char **reason)
{
	int	rc;

	ask_origin(ask, m, sip, w);
	ask->supports_path = sip_has_feature(sip->sip_supported, "path");
	ask->supports_outbound = sip_has_feature(sip->sip_supported, "outbound");
	ask->via_one_hop = sip->sip_via != NULL && sip->sip_via->v_next == NULL;
	ask_credentials(ask, sip->sip_authorization, realm);
	if ((rc = contacts_take(ask, m, sip->sip_contact, reason)) != 0)
		return rc;
	if (sip->sip_path != NULL && !path_take(ask, m, sip->sip_path)) {
		*reason = "Path Too Long";
		return 413;
	}
	return 0;
}

static size_t
challenges_take(uint8_t *list, size_t n, size_t size, const msg_auth_t *au, bool proxy)
{
	for (; au != NULL; au = au->au_next) {
		struct digest_challenge	one = { .proxy = proxy };
		int			len;

		if (au->au_scheme == NULL || strcasecmp(au->au_scheme, "Digest") != 0)
			continue;
		challenge_of(&one, au->au_params);
		if ((len = challenge_append(list, n, size, &one)) > 0)
			n = (size_t)len;
	}
	return n;
}

size_t
ask_challenges(const sip_t *sip, uint8_t *list, size_t size)
{
	return challenges_take(list, challenges_take(list, 0, size, sip->sip_www_authenticate, false), size, sip->sip_proxy_authenticate, true);
}
