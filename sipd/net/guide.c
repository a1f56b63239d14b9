#include "sipd/net/guide.h"

#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "sipd/net/hosts.h"
#include "sipd/net/tls.h"

enum { RESOLV_TEXT_MAX = 64 * 1024 };

void
guide_clear(struct guide *g)
{
	free(g->resolv);
	free(g->hosts);
	*g = (struct guide){ 0 };
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

SSL_CTX *
guide_files(struct guide *g, struct boot_order *order, const char *ca)
{
	char	*authorities;
	SSL_CTX	*ctx;

	free(g->resolv);
	free(g->hosts);
	g->resolv = take_text(&order->fds[FILES_RESOLV], RESOLV_TEXT_MAX, "/etc/resolv.conf");
	g->hosts = take_text(&order->fds[FILES_HOSTS], HOSTS_TEXT_MAX, "/etc/hosts");
	authorities = take_text(&order->fds[FILES_CA], TLS_PEM_MAX, ca);
	ctx = tls_trust(ca, authorities);
	free(authorities);
	return ctx;
}

void
guide_configure(struct guide *g, const struct config *conf)
{
	memcpy(g->servers, conf->resolver.servers, sizeof g->servers);
	g->n_servers = conf->resolver.n_servers;
}

size_t
guide_servers(const struct guide *g, struct addr servers[DNS_SERVERS])
{
	_Static_assert((int)CONFIG_SERVERS <= (int)DNS_SERVERS, "room for all that may be configured");
	if (g->n_servers == 0)
		return hosts_servers(g->resolv, servers, DNS_SERVERS);
	memcpy(servers, g->servers, sizeof g->servers);
	return g->n_servers;
}
