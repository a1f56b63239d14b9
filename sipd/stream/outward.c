#include "sipd/stream/outward.h"

#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "sipd/stream/dial.h"
#include "sipd/net/dns.h"
#include "sipd/net/hosts.h"
#include "sipd/stream/lookup.h"
#include "sipd/net/tls.h"

enum { RESOLV_TEXT_MAX = 64 * 1024 };

struct outward {
	struct lookups	*lookups;
	struct dials	*dials;
	struct channel	*keeper, *sip;	/* NULL while they are away */
	char		*resolv, *hosts;	/* texts of the files; NULL where there is none */
	struct addr	 servers[CONFIG_SERVERS];	/* configured ones */
	size_t		 n_servers;
};

static void
on_looked_up(void *arg, uint64_t id, const struct wire_resolved *r)
{
	struct outward	*o = arg;

	if (o->keeper != NULL)
		(void)channel_send(o->keeper, WIRE_RESOLVED, id, r);
}

static void
on_dialed(void *arg, uint64_t id, const struct wire_dialed *w)
{
	struct outward	*o = arg;
	struct channel	*who = id & DIAL_BY_SIP ? o->sip : o->keeper;

	if (who != NULL)
		(void)channel_send(who, WIRE_DIALED, id, w);
}

/* From the authorities' text, which may be absent. */
static void
set_authorities(struct outward *o, const char *text)
{
	size_t	n = 0;
	SSL_CTX	*ctx = tls_client_new(text, &n);

	if (ctx == NULL) {
		log_error("TLS of trunks can't be set up");
		return;
	}
	if (text != NULL && n == 0)
		log_error("trunks.ca: no certificate that can be used: no TLS trunk is trusted");
	dials_set_tls(o->dials, ctx);
}

struct outward *
outward_new(struct event_base *base, struct conns *conns)
{
	struct outward	*o = calloc(1, sizeof *o);

	if (o == NULL)
		return NULL;
	if ((o->lookups = lookups_new(base, on_looked_up, o)) == NULL || (o->dials = dials_new(base, conns, on_dialed, o)) == NULL) {
		outward_free(o);
		return NULL;
	}
	set_authorities(o, NULL);
	return o;
}

void
outward_free(struct outward *o)
{
	if (o == NULL)
		return;
	dials_free(o->dials);
	lookups_free(o->lookups);
	free(o->resolv);
	free(o->hosts);
	free(o);
}

static char *
take_text(int *fd, size_t max, const char *name)
{
	char	*text = *fd < 0 ? NULL : boot_text(*fd, max);

	if (*fd >= 0 && text == NULL)
		log_warn("%s is larger than %zu bytes, and is not used", name, max);
	*fd = -1;
	return text;
}

/* Has the lookups ask the servers that are configured, else those of the system. */
static void
apply(struct outward *o)
{
	struct addr	servers[DNS_SERVERS];
	size_t		n = o->n_servers;

	_Static_assert((int)CONFIG_SERVERS <= (int)DNS_SERVERS, "room for all that may be configured");
	memset(servers, 0, sizeof servers);
	memcpy(servers, o->servers, sizeof o->servers);
	if (n == 0)
		n = hosts_servers(o->resolv, servers, DNS_SERVERS);
	lookups_configure(o->lookups, o->hosts, servers, n);
}

void
outward_files(struct outward *o, struct boot_order *order)
{
	char	*old_resolv = o->resolv, *old_hosts = o->hosts, *authorities;

	o->resolv = take_text(&order->fds[FILES_RESOLV], RESOLV_TEXT_MAX, "/etc/resolv.conf");
	o->hosts = take_text(&order->fds[FILES_HOSTS], HOSTS_TEXT_MAX, "/etc/hosts");
	apply(o);
	authorities = take_text(&order->fds[FILES_CA], TLS_PEM_MAX, "trunks.ca");
	set_authorities(o, authorities);
	free(authorities);
	free(old_resolv);
	free(old_hosts);
}

void
outward_configure(struct outward *o, const struct config *conf)
{
	memcpy(o->servers, conf->resolver.servers, sizeof o->servers);
	o->n_servers = conf->resolver.n_servers;
	apply(o);
}

void
outward_keeper(struct outward *o, struct channel *keeper)
{
	if (keeper == NULL) {
		lookups_forget(o->lookups);
		dials_forget(o->dials);
	}
	o->keeper = keeper;
}

void
outward_sip(struct outward *o, struct channel *sip)
{
	o->sip = sip;
}

void
outward_resolve(struct outward *o, const struct frame *frame)
{
	struct wire_resolve	r;

	if (frame_decode(frame, &r) == 0)
		lookups_ask(o->lookups, frame->id, &r);
}

void
outward_dial(struct outward *o, const struct frame *frame)
{
	struct wire_dial	w;

	if (frame_decode(frame, &w) == 0)
		dials_start(o->dials, frame->id, &w);
}
