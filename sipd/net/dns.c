/*
 * c-ares tells which descriptors it waits for (on_socket()), each becomes an event; one timer stands for all of its timeouts.  Its
 * ids and the system's ports are random for each question.
 */
#include "sipd/net/dns.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <event2/event.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "core/log.h"

enum { TIMEOUT_MS = 2000, TRIES = 2, EDNS_SIZE = 1232, PORT = 53 };

/* A descriptor of c-ares. */
struct watch {
	LIST_ENTRY(watch)	 all;
	struct dns		*dns;
	evutil_socket_t		 fd;
	struct event		*event;
};

struct dns {
	struct event_base	*base;
	ares_channel		 channel;
	struct event		*timer;
	LIST_HEAD(, watch)	 watches;
	struct addr		 servers[DNS_SERVERS];
	size_t			 n_servers;
};

struct question {
	dns_fn	 fn;
	void	*arg;
};

/* Whatever it was that it did, its next timeout may be another. */
static void
set_timer(struct dns *d)
{
	struct timeval	tv;

	if (ares_timeout(d->channel, NULL, &tv) != NULL)
		(void)evtimer_add(d->timer, &tv);
	else
		(void)evtimer_del(d->timer);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct dns	*d = arg;

	(void)fd, (void)what;
	ares_process_fd(d->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	set_timer(d);
}

static void
on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct watch	*w = arg;
	struct dns	*d = w->dns;	/* w may go in this call */

	ares_process_fd(d->channel, what & EV_READ ? fd : ARES_SOCKET_BAD, what & EV_WRITE ? fd : ARES_SOCKET_BAD);
	set_timer(d);
}

static struct watch *
watch_find(const struct dns *d, evutil_socket_t fd)
{
	struct watch	*w;

	LIST_FOREACH(w, &d->watches, all)
		if (w->fd == fd)
			break;
	return w;
}

static void
watch_free(struct watch *w)
{
	if (w->event != NULL)
		event_free(w->event);
	LIST_REMOVE(w, all);
	free(w);
}

/* Without memory a descriptor is not watched, and its question ends with its time. */
static void
on_socket(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct dns	*d = arg;
	struct watch	*w = watch_find(d, fd);
	short		 what = (short)((readable ? EV_READ : 0) | (writable ? EV_WRITE : 0) | EV_PERSIST);

	if (w != NULL)
		watch_free(w);
	if ((!readable && !writable) || (w = calloc(1, sizeof *w)) == NULL)
		return;
	w->dns = d;
	w->fd = fd;
	LIST_INSERT_HEAD(&d->watches, w, all);
	if ((w->event = event_new(d->base, fd, what, on_ready, w)) != NULL)
		(void)event_add(w->event, NULL);
}

static enum dns_result
result_of(int status)
{
	switch (status) {
	case ARES_SUCCESS:
		return DNS_OK;
	case ARES_ENOTFOUND:
	case ARES_ENONAME:
		return DNS_NO_NAME;
	case ARES_ENODATA:
		return DNS_NO_DATA;
	case ARES_ETIMEOUT:
		return DNS_SILENT;
	case ARES_ECONNREFUSED:
	case ARES_EREFUSED:
		return DNS_UNREACHABLE;
	case ARES_EBADNAME:
		return DNS_BAD_NAME;
	case ARES_EDESTRUCTION:
	case ARES_ECANCELLED:
		return DNS_CANCELLED;
	default:
		return DNS_FAILED;
	}
}

static void
answer(struct question *q, const struct dns_answer *a)
{
	struct question	own = *q;

	free(q);
	own.fn(own.arg, a);
}

/* c-ares' readers of SRV and NAPTR records pass over their TTL. */
static uint32_t
least_ttl(const unsigned char *bytes, int n)
{
	uint32_t	least = UINT32_MAX;
	ns_msg		m;
	ns_rr		rr;

	if (ns_initparse(bytes, n, &m) != 0)
		return 0;
	for (int i = 0; i < ns_msg_count(m, ns_s_an) && ns_parserr(&m, ns_s_an, i, &rr) == 0; i++)
		if (ns_rr_ttl(rr) < least)
			least = ns_rr_ttl(rr);
	return least == UINT32_MAX ? 0 : least;
}

/* Copies a text that must fit whole. */
static bool
fit(const char *text, char *out, size_t size)
{
	size_t	n = text == NULL ? 0 : strlen(text);

	if (n >= size)
		return false;
	memcpy(out, text == NULL ? "" : text, n);
	memset(out + n, 0, size - n);
	return true;
}

static void
on_srv(void *arg, int status, int timeouts, unsigned char *bytes, int n)
{
	struct ares_srv_reply	*list = NULL;
	struct srv		 found[SRV_MAX];
	struct dns_answer	 a = { .srvs = found };

	(void)timeouts;
	if (status == ARES_SUCCESS && (status = ares_parse_srv_reply(bytes, n, &list)) == ARES_SUCCESS)
		a.ttl = least_ttl(bytes, n);
	for (const struct ares_srv_reply *r = list; r != NULL && a.n < SRV_MAX; r = r->next) {
		found[a.n] = (struct srv){ .priority = r->priority, .weight = r->weight, .port = r->port };
		a.n += fit(r->host, found[a.n].name, sizeof found[a.n].name);
	}
	if (list != NULL)
		ares_free_data(list);
	a.result = status == ARES_SUCCESS && a.n == 0 ? DNS_NO_DATA : result_of(status);
	answer(arg, &a);
}

static void
on_naptr(void *arg, int status, int timeouts, unsigned char *bytes, int n)
{
	struct ares_naptr_reply	*list = NULL;
	struct naptr		 found[NAPTR_MAX];
	struct dns_answer	 a = { .naptrs = found };

	(void)timeouts;
	if (status == ARES_SUCCESS && (status = ares_parse_naptr_reply(bytes, n, &list)) == ARES_SUCCESS)
		a.ttl = least_ttl(bytes, n);
	for (const struct ares_naptr_reply *r = list; r != NULL && a.n < NAPTR_MAX; r = r->next) {
		struct naptr	*to = &found[a.n];

		to->order = r->order;
		to->preference = r->preference;
		a.n += fit((const char *)r->flags, to->flags, sizeof to->flags) &&
		    fit((const char *)r->service, to->service, sizeof to->service) &&
		    fit(r->replacement, to->replacement, sizeof to->replacement);
	}
	if (list != NULL)
		ares_free_data(list);
	a.result = status == ARES_SUCCESS && a.n == 0 ? DNS_NO_DATA : result_of(status);
	answer(arg, &a);
}

static uint32_t
min_ttl(uint32_t ttl, int other)
{
	return other >= 0 && (uint32_t)other < ttl ? (uint32_t)other : ttl;
}

static void
on_addresses(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
	struct addr		 found[DNS_ADDRS];
	struct dns_answer	 a = { .ttl = UINT32_MAX, .addrs = found };

	(void)timeouts;
	for (const struct ares_addrinfo_cname *c = info == NULL ? NULL : info->cnames; c != NULL; c = c->next)
		a.ttl = min_ttl(a.ttl, c->ttl);
	for (const struct ares_addrinfo_node *r = info == NULL ? NULL : info->nodes; r != NULL && a.n < DNS_ADDRS; r = r->ai_next) {
		a.ttl = min_ttl(a.ttl, r->ai_ttl);
		a.n += addr_of_sockaddr(&found[a.n], r->ai_addr) == 0;
	}
	if (info != NULL)
		ares_freeaddrinfo(info);
	a.result = status == ARES_SUCCESS && a.n == 0 ? DNS_NO_DATA : result_of(status);
	answer(arg, &a);
}

void
dns_ask(struct dns *d, enum dns_type type, const char *name, dns_fn fn, void *arg)
{
	static const struct ares_addrinfo_hints	both = { .ai_family = AF_UNSPEC };
	struct question				*q = malloc(sizeof *q);

	if (q == NULL) {
		fn(arg, &(struct dns_answer){ .result = DNS_FAILED });
		return;
	}
	*q = (struct question){ .fn = fn, .arg = arg };
	switch (type) {
	case DNS_SRV:
		ares_query(d->channel, name, ns_c_in, ns_t_srv, on_srv, q);
		break;
	case DNS_NAPTR:
		ares_query(d->channel, name, ns_c_in, ns_t_naptr, on_naptr, q);
		break;
	case DNS_ADDR:
		ares_getaddrinfo(d->channel, name, NULL, &both, on_addresses, q);
		break;
	}
	set_timer(d);
}

/* Everything that it would otherwise look for in files and the environment is given. */
static int
channel_open(struct dns *d)
{
	char			dns_only[] = "b";
	struct ares_options	o = { .flags = ARES_FLAG_EDNS | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES, .timeout = TIMEOUT_MS,
		.tries = TRIES, .ndots = 1, .lookups = dns_only, .ednspsz = EDNS_SIZE, .sock_state_cb = on_socket,
		.sock_state_cb_data = d };

	return ares_init_options(&d->channel, &o, ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
	    ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS | ARES_OPT_SORTLIST | ARES_OPT_EDNSPSZ | ARES_OPT_SOCK_STATE_CB | ARES_OPT_NOROTATE |
	    ARES_OPT_SERVERS);
}

static int
set_servers(struct dns *d)
{
	struct ares_addr_port_node	nodes[DNS_SERVERS] = { { .next = NULL } };

	for (size_t i = 0; i < d->n_servers; i++) {
		const struct addr	*a = &d->servers[i];
		int			 port = a->port == 0 ? PORT : a->port;

		nodes[i] = (struct ares_addr_port_node){ .next = i + 1 < d->n_servers ? &nodes[i + 1] : NULL,
			.family = a->family == ADDR_IP6 ? AF_INET6 : AF_INET, .udp_port = port, .tcp_port = port };
		memcpy(&nodes[i].addr, a->ip, a->family == ADDR_IP6 ? 16 : 4);
	}
	return ares_set_servers_ports(d->channel, nodes);
}

struct dns *
dns_new(struct event_base *base, const struct addr *servers, size_t n)
{
	struct dns	*d = calloc(1, sizeof *d);
	int		 rc;

	if (d == NULL)
		return NULL;
	LIST_INIT(&d->watches);
	d->base = base;
	d->n_servers = n < DNS_SERVERS ? n : DNS_SERVERS;
	memcpy(d->servers, servers, d->n_servers * sizeof d->servers[0]);
	if (n > 0 && (d->timer = evtimer_new(base, on_timer, d)) != NULL && (rc = channel_open(d)) == ARES_SUCCESS) {
		if ((rc = set_servers(d)) == ARES_SUCCESS)
			return d;
		log_error("name servers: %s", ares_strerror(rc));
	}
	dns_free(d);
	return NULL;
}

void
dns_free(struct dns *d)
{
	if (d == NULL)
		return;
	if (d->channel != NULL)
		ares_destroy(d->channel);
	while (!LIST_EMPTY(&d->watches))
		watch_free(LIST_FIRST(&d->watches));
	if (d->timer != NULL)
		event_free(d->timer);
	free(d);
}

/* "the name servers 192.0.2.1 and 192.0.2.2" */
static void
servers_text(const struct dns *d, char *buf, size_t size)
{
	size_t	at = (size_t)snprintf(buf, size, "the name server%s", d->n_servers == 1 ? "" : "s");
	char	text[ADDR_TEXT];

	for (size_t i = 0; i < d->n_servers && at < size; i++)
		at += (size_t)snprintf(buf + at, size - at, "%s%s", i == 0 ? " " : i + 1 == d->n_servers ? " and " : ", ",
		    addr_text(&d->servers[i], text));
}

void
dns_text(const struct dns *d, enum dns_result result, const char *name, char *buf, size_t size)
{
	char		servers[DNS_SERVERS * ADDR_TEXT];
	const char	*s = d->n_servers == 1 ? "s" : "", *es = d->n_servers == 1 ? "es" : "";

	servers_text(d, servers, sizeof servers);
	switch (result) {
	case DNS_NO_NAME:
		(void)snprintf(buf, size, "no such name: %s", name);
		return;
	case DNS_NO_DATA:
		(void)snprintf(buf, size, "the name %s has no address", name);
		return;
	case DNS_SILENT:
		(void)snprintf(buf, size, "%s do%s not answer", servers, es);
		return;
	case DNS_UNREACHABLE:
		(void)snprintf(buf, size, "%s can't be reached or refuse%s to answer", servers, s);
		return;
	case DNS_BAD_NAME:
		(void)snprintf(buf, size, "%s is not a host name", name);
		return;
	case DNS_OK:
	case DNS_FAILED:
	case DNS_CANCELLED:
		(void)snprintf(buf, size, "the answer for %s can't be used", name);
		return;
	}
}
