#include "sipd/keeper/render.h"

#include <stdio.h>
#include <string.h>

#include "core/err.h"
#include "core/group.h"
#include "sipd/keeper/keeper.h"

int
render_profile_of(struct keeper *k, const struct account *a, struct profile *p)
{
	struct group	g = { .id = a->group_id };
	int		rc;

	memset(p, 0, sizeof *p);
	p->id = a->profile_id;
	if (p->id == 0 && (rc = table_get(&k->db, &group_kind, &g)) != 0)
		return rc;
	if (p->id == 0)
		p->id = g.profile_id;
	return p->id == 0 ? ERR_NOT_FOUND : table_get(&k->db, &profile_kind, p);
}

/* The host of the address that phones reach the HTTPS service by, or empty. */
static void
public_host(const struct config *c, char *host, size_t size)
{
	const char	*s = strstr(c->http.public_url, "://");
	bool		 brackets;

	s = s == NULL ? "" : s + 3;
	brackets = s[0] == '[';
	s += brackets;
	(void)span_get((struct span){ s, strcspn(s, brackets ? "]" : ":/?#") }, host, size);
}

static bool
is_everywhere(const char *ip)
{
	const struct addr	none = { .port = 0 };
	struct addr		addr;

	return addr_parse(&addr, ip) == 0 && memcmp(addr.ip, none.ip, sizeof none.ip) == 0;
}

/* The first listener of that transport that is open now. */
static bool
listener_find(const struct keeper *k, const char *transport, struct provision_where *w)
{
	for (int i = 0; i < PROCESSES; i++) {
		const char	*s = k->ready[i];

		for (size_t n; *s != '\0'; s += n + (s[n] == ' ')) {
			n = strcspn(s, " ");
			if (provision_where_parse(w, (struct span){ s, n }) == 0 && strcmp(w->transport, transport) == 0)
				return true;
		}
	}
	return false;
}

/* Where phones are told to find us. */
static void
where_get(const struct keeper *k, struct provision_where *w)
{
	static const char *const	best_first[] = { "tls", "tcp", "udp" };
	const struct config		*c = &k->conf;
	char				 host[sizeof w->server];
	bool				 found = false;

	if (provision_where_parse(w, span_of(c->sip.public)) == 0)
		return;
	for (size_t i = 0; i < sizeof best_first / sizeof best_first[0] && !found; i++)
		found = listener_find(k, best_first[i], w);
	if (!found)
		*w = (struct provision_where){ .transport = "udp" };
	public_host(c, host, sizeof host);
	if (host[0] != '\0')
		(void)snprintf(w->server, sizeof w->server, "%s", host);
	else if (!found || is_everywhere(w->server))
		(void)snprintf(w->server, sizeof w->server, "%s", c->domains[0]);
}

static void
name_file(const struct profile *p, const struct account *a, struct rendered *r)
{
	const char	*suffix = provision_suffix(p);
	size_t		 n;

	n = (size_t)snprintf(r->filename, sizeof r->filename, "%s%s", suffix[0] == '\0' ? "accounts" : a->username, suffix);
	for (size_t i = 0; i < n; i++)
		if (strchr("/?;,*'&=+$!~()", r->filename[i]) != NULL)
			r->filename[i] = '_';
}

int
render_account(struct keeper *k, const struct profile *p, const struct account *a, const char *password, struct rendered *r, char *why,
    size_t size)
{
	struct provision_where	where;
	struct provision	v;
	char			expires[16], text[160];
	int			rc;

	where_get(k, &where);
	(void)snprintf(expires, sizeof expires, "%u", k->conf.reg.default_expires);
	v = (struct provision){
		.username = a->username, .password = password, .domain = k->conf.domains[0], .owner = a->owner, .caller_id = a->caller_id,
		.caller_id_2 = a->caller_id_2, .email = a->email, .server = where.server, .port = where.port, .transport = where.transport,
		.expires = expires,
	};
	rc = provision_make(p, &v, r->body, text, sizeof text);
	if (rc < 0) {
		r->n = 0;
		(void)snprintf(why, size, "profile %s: %s", p->name, text);
		return rc;
	}
	r->n = (size_t)rc;
	r->type = provision_type(p);
	name_file(p, a, r);
	return 0;
}
