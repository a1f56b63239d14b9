/*
 * A lookup goes from step to step (go()).  A step asks its questions, and names the step that follows when the last is answered; `asked`
 * counts them.  A lookup is freed when it has answered and no question of its is left: c-ares can't be told to drop one.
 */
#include "sipd/stream/lookup.h"

#include <event2/event.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include "core/binding.h"
#include "core/clock.h"
#include "core/log.h"
#include "sipd/net/dns.h"
#include "sipd/net/hosts.h"
#include "sipd/net/srv.h"

enum {
	RUNNING_MAX = 64,	/* at a time; name servers and our sockets' buffers bear no more at once */
	WAITING_MAX = 8192,
	TIME_MS = 15000,	/* for one, whatever its servers do */
	TTL_FILE = 60,		/* of what hosts(5) says */
	TTL_NONE = 30,		/* of a name that is not there: who mends it does not want to wait */
	TTL_FAILED = 10,
	ERROR = 640,
	TARGETS_BYTES = TARGETS_MAX * (SRV_NAME + 64),
};

struct found {
	struct addr	addrs[DNS_ADDRS];
	size_t		n;
};

/* What a lookup needs while it runs. */
struct work {
	struct event	*timer;
	char		 services[SERVICES_MAX][SRV_NAME];	/* names of SRV records */
	struct srv	 sets[SERVICES_MAX][SRV_MAX];		/* what each has */
	size_t		 n_sets[SERVICES_MAX];
	struct srv	 servers[SRV_MAX];			/* in the order in which they are tried */
	struct found	 found[SRV_MAX];			/* of each */
	char		 named[SERVICES_MAX][SRV_NAME];	/* by NAPTR records */
	size_t		 n_services, n_named, n_servers;
	uint32_t	 ttl;
	enum dns_result	 result;				/* of the step, the last that was not DNS_OK */
	bool		 refuses;				/* SRV says "." */
};

struct lookup {
	TAILQ_ENTRY(lookup)	 all;
	struct lookups		*lookups;
	uint64_t		 id;
	char			 host[SRV_NAME];
	uint16_t		 port;
	uint8_t			 transport;
	int64_t			 asked_at;
	struct work		*work;		/* NULL while it waits for its turn */
	void			(*next)(struct lookup *);	/* the step that follows */
	unsigned		 asked;		/* questions that are not answered yet */
	bool			 going;		/* in go() */
	bool			 answered;
	bool			 again;		/* a question was lost with its servers: from the beginning */
};

TAILQ_HEAD(lookup_list, lookup);

struct lookups {
	struct event_base	*base;
	lookup_fn		 fn;
	void			*arg;
	struct dns		*dns;
	struct addr		 servers[DNS_SERVERS];
	size_t			 n_servers;
	const char		*hosts;		/* borrowed */
	struct lookup_list	 waiting, running;
	size_t			 n_waiting, n_running;
	bool			 starting;	/* in start_waiting() */
};

/* What a question was asked for: which of a step's. */
struct part {
	struct lookup	*lookup;
	size_t		 which;
};

static void	step_first(struct lookup *);
static void	start_waiting(struct lookups *);

static void
lookup_free(struct lookup *l)
{
	struct lookups	*ls = l->lookups;

	TAILQ_REMOVE(l->work == NULL ? &ls->waiting : &ls->running, l, all);
	*(l->work == NULL ? &ls->n_waiting : &ls->n_running) -= 1;
	if (l->work != NULL)
		event_free(l->work->timer);
	free(l->work);
	free(l);
}

static void
tell(struct lookup *l, struct wire_resolved r)
{
	if (l->answered)
		return;
	l->answered = true;
	r.took_ms = (uint32_t)(clock_boot_ms() - l->asked_at);
	r.ttl = r.ttl < LOOKUP_TTL_MIN ? LOOKUP_TTL_MIN : r.ttl > LOOKUP_TTL_MAX ? LOOKUP_TTL_MAX : r.ttl;
	log_debug(SUB_STREAM, "lookup of %s took %u ms, holds for %u s: %.*s", l->host, r.took_ms, r.ttl,
	    r.error.n > 0 ? (int)r.error.n : 5, r.error.n > 0 ? r.error.s : "found");
	l->lookups->fn(l->lookups->arg, l->id, &r);
}

static void
fail(struct lookup *l, uint32_t ttl, const char *why)
{
	tell(l, (struct wire_resolved){ .error = span_of(why), .ttl = ttl });
}

static void
fail_result(struct lookup *l, enum dns_result result, const char *name)
{
	char	why[ERROR];

	dns_text(l->lookups->dns, result, name, why, sizeof why);
	fail(l, result == DNS_NO_NAME || result == DNS_NO_DATA ? TTL_NONE : TTL_FAILED, why);
}

static void
go(struct lookup *l)
{
	struct lookups	*ls = l->lookups;

	l->going = true;
	while (l->asked == 0 && !l->answered) {
		if (l->again)
			l->next = step_first;
		l->again = false;
		l->next(l);
	}
	l->going = false;
	if (l->asked > 0)
		return;
	lookup_free(l);
	start_waiting(ls);
}

/* Asks one of a step's questions, whose answer is for its part `which`. */
static void
ask(struct lookup *l, enum dns_type type, const char *name, size_t which, dns_fn fn)
{
	struct part	*p = malloc(sizeof *p);

	if (p == NULL) {
		l->work->result = DNS_FAILED;
		return;
	}
	*p = (struct part){ .lookup = l, .which = which };
	l->asked++;
	dns_ask(l->lookups->dns, type, name, fn, p);
}

/* Notes what an answer tells of itself.  True if it has records. */
static bool
take(struct lookup *l, const struct dns_answer *a)
{
	struct work	*w = l->work;

	if (a->result == DNS_CANCELLED)
		l->again = true;
	else if (a->result != DNS_OK)
		w->result = a->result;
	else if (a->ttl < w->ttl)
		w->ttl = a->ttl;
	return a->result == DNS_OK;
}

static void
part_done(struct part *p)
{
	struct lookup	*l = p->lookup;

	free(p);
	if (--l->asked == 0 && !l->going)
		go(l);
}

static bool
has_target(const struct wire_target *list, size_t n, const struct addr *a)
{
	for (size_t i = 0; i < n; i++)
		if (addr_eq(&list[i].addr, a))
			return true;
	return false;
}

/* All addresses of all servers, each once. */
static void
step_last(struct lookup *l)
{
	struct work		*w = l->work;
	uint8_t			 bytes[TARGETS_BYTES];
	struct wire_target	 targets[TARGETS_MAX], *t;
	size_t			 n = 0, at = 0;
	int			 rc;

	for (size_t i = 0; i < w->n_servers; i++) {
		for (size_t k = 0; k < w->found[i].n && n < TARGETS_MAX; k++) {
			t = &targets[n];
			*t = (struct wire_target){ .addr = w->found[i].addrs[k], .name = span_of(w->servers[i].name),
				.priority = w->servers[i].priority, .weight = w->servers[i].weight };
			t->addr.port = w->servers[i].port;
			if (!has_target(targets, n, &t->addr) && (rc = target_append(bytes, at, sizeof bytes, t)) >= 0) {
				at = (size_t)rc;
				n++;
			}
		}
	}
	if (n > 0)
		tell(l, (struct wire_resolved){ .targets = { .s = (const char *)bytes, .n = at }, .ttl = w->ttl });
	else
		fail_result(l, w->result == DNS_OK ? DNS_NO_DATA : w->result, w->n_servers == 1 ? w->servers[0].name : l->host);
}

static void
on_addresses(void *arg, const struct dns_answer *a)
{
	struct part	*p = arg;
	struct found	*f = &p->lookup->work->found[p->which];

	if (take(p->lookup, a)) {
		memcpy(f->addrs, a->addrs, a->n * sizeof a->addrs[0]);
		f->n = a->n;
	}
	part_done(p);
}

/* Addresses of a name that need no question: it is one, or the machine's own file has it. */
static bool
find_here(struct lookup *l, const char *name, struct found *f)
{
	if (addr_parse(&f->addrs[0], name) == 0 && f->addrs[0].port == 0) {
		f->n = 1;
	} else if ((f->n = hosts_find(l->lookups->hosts, name, f->addrs, DNS_ADDRS)) > 0) {
		l->work->ttl = l->work->ttl < TTL_FILE ? l->work->ttl : TTL_FILE;
	}
	return f->n > 0;
}

static void
step_addresses(struct lookup *l)
{
	struct work	*w = l->work;

	l->next = step_last;
	w->result = DNS_OK;
	for (size_t i = 0; i < w->n_servers; i++)
		if (!find_here(l, w->servers[i].name, &w->found[i]))
			ask(l, DNS_ADDR, w->servers[i].name, i, on_addresses);
}

/* The name itself is the server. */
static void
use_host(struct lookup *l)
{
	struct work	*w = l->work;

	w->n_servers = 1;
	w->servers[0] = (struct srv){ .port = l->port != 0 ? l->port : srv_default_port(l->transport) };
	memcpy(w->servers[0].name, l->host, sizeof l->host);
	l->next = step_addresses;
}

static uint32_t
draw(void *arg, uint32_t most)
{
	uint32_t	number = 0;

	(void)arg;
	(void)RAND_bytes((unsigned char *)&number, sizeof number);
	return most == UINT32_MAX ? number : number % (most + 1);
}

static bool
is_none(const struct srv *s)
{
	return s->name[0] == '\0' || strcmp(s->name, ".") == 0;
}

/* Of all sets of SRV records, in the order of their names. */
static void
choose_servers(struct work *w)
{
	for (size_t k = 0; k < w->n_services; k++) {
		srv_order(w->sets[k], w->n_sets[k], draw, NULL);
		for (size_t i = 0; i < w->n_sets[k] && w->n_servers < SRV_MAX; i++) {
			if (is_none(&w->sets[k][i]))
				w->refuses = true;
			else
				w->servers[w->n_servers++] = w->sets[k][i];
		}
	}
}

/* Whether it may just have no such records. */
static bool
is_absent(enum dns_result result)
{
	return result == DNS_OK || result == DNS_NO_NAME || result == DNS_NO_DATA;
}

static void
step_servers(struct lookup *l)
{
	struct work	*w = l->work;
	char		 why[ERROR];

	choose_servers(w);
	if (w->n_servers > 0) {
		l->next = step_addresses;
	} else if (w->refuses) {
		(void)snprintf(why, sizeof why, "%s says that it has no such service (%s)", l->host, w->services[0]);
		fail(l, TTL_NONE, why);
	} else if (is_absent(w->result)) {
		use_host(l);
	} else {
		fail_result(l, w->result, l->host);
	}
}

static void
on_srv(void *arg, const struct dns_answer *a)
{
	struct part	*p = arg;
	struct work	*w = p->lookup->work;

	if (take(p->lookup, a)) {
		memcpy(w->sets[p->which], a->srvs, a->n * sizeof a->srvs[0]);
		w->n_sets[p->which] = a->n;
	}
	part_done(p);
}

static void
ask_services(struct lookup *l)
{
	for (size_t k = 0; k < l->work->n_services; k++)
		ask(l, DNS_SRV, l->work->services[k], k, on_srv);
}

/* NAPTR records, where there are some, say which SRV records count; often they are those that are known by now. */
static void
step_services(struct lookup *l)
{
	struct work	*w = l->work;

	l->next = step_servers;
	if (w->n_named == 0 || (w->n_named == 1 && strcasecmp(w->named[0], w->services[0]) == 0))
		return;
	memcpy(w->services, w->named, sizeof w->services);
	memset(w->n_sets, 0, sizeof w->n_sets);
	w->n_services = w->n_named;
	w->result = DNS_OK;
	ask_services(l);
}

/* A name server that can't tell of them, or drops such a question as some do, may still know others. */
static void
on_naptr(void *arg, const struct dns_answer *a)
{
	struct part		*p = arg;
	struct lookup		*l = p->lookup;
	enum dns_result		 result = l->work->result;

	if (take(l, a))
		l->work->n_named = srv_services(a->naptrs, a->n, l->transport, l->work->named);
	l->work->result = result;
	part_done(p);
}

/* Both kinds of questions at once: one after the other they would take twice the time. */
static void
step_first(struct lookup *l)
{
	struct work	*w = l->work;
	struct found	 here;

	*w = (struct work){ .timer = w->timer, .ttl = LOOKUP_TTL_MAX };
	if (l->port != 0 || find_here(l, l->host, &here)) {
		use_host(l);
		return;
	}
	l->next = step_services;
	w->n_services = srv_service(l->host, l->transport, w->services[0]) == 0;
	ask(l, DNS_NAPTR, l->host, 0, on_naptr);
	ask_services(l);
}

static void
on_late(evutil_socket_t fd, short what, void *arg)
{
	struct lookup	*l = arg;

	(void)fd, (void)what;
	fail_result(l, DNS_SILENT, l->host);	/* freed when its last question is answered */
}

static void
start(struct lookup *l)
{
	struct lookups		*ls = l->lookups;
	const struct timeval	 limit = { .tv_sec = TIME_MS / 1000 };
	struct work		*w = calloc(1, sizeof *w);

	if (w == NULL || (w->timer = evtimer_new(ls->base, on_late, l)) == NULL) {
		free(w);
		fail(l, TTL_FAILED, "out of memory");
		lookup_free(l);
		return;
	}
	TAILQ_REMOVE(&ls->waiting, l, all);
	ls->n_waiting--;
	l->work = w;
	TAILQ_INSERT_TAIL(&ls->running, l, all);
	ls->n_running++;
	(void)evtimer_add(w->timer, &limit);
	l->next = step_first;
	go(l);
}

static void
start_waiting(struct lookups *ls)
{
	struct lookup	*l;

	if (ls->starting)
		return;
	ls->starting = true;
	while (ls->dns != NULL && ls->n_running < RUNNING_MAX && (l = TAILQ_FIRST(&ls->waiting)) != NULL)
		start(l);
	ls->starting = false;
}

struct lookups *
lookups_new(struct event_base *base, lookup_fn fn, void *arg)
{
	struct lookups	*ls = calloc(1, sizeof *ls);

	if (ls == NULL)
		return NULL;
	ls->base = base;
	ls->fn = fn;
	ls->arg = arg;
	TAILQ_INIT(&ls->waiting);
	TAILQ_INIT(&ls->running);
	return ls;
}

void
lookups_forget(struct lookups *ls)
{
	struct lookup	*l;

	TAILQ_FOREACH(l, &ls->running, all)
		l->answered = true;
	while ((l = TAILQ_FIRST(&ls->waiting)) != NULL)
		lookup_free(l);
}

void
lookups_free(struct lookups *ls)
{
	struct dns	*dns;

	if (ls == NULL)
		return;
	lookups_forget(ls);
	dns = ls->dns;
	ls->dns = NULL;
	dns_free(dns);		/* ends what runs */
	free(ls);
}

static bool
same_servers(const struct lookups *ls, const struct addr *servers, size_t n)
{
	for (size_t i = 0; i < n && n == ls->n_servers; i++)
		if (!addr_eq(&ls->servers[i], &servers[i]))
			return false;
	return n == ls->n_servers;
}

void
lookups_configure(struct lookups *ls, const char *hosts, const struct addr *servers, size_t n)
{
	struct dns	*old = ls->dns, *fresh;

	ls->hosts = hosts;
	n = n < DNS_SERVERS ? n : DNS_SERVERS;
	if (old != NULL && same_servers(ls, servers, n))
		return;
	if ((fresh = dns_new(ls->base, servers, n)) == NULL) {
		log_error("name servers can't be asked: out of memory");
		return;
	}
	ls->dns = fresh;
	ls->n_servers = n;
	memcpy(ls->servers, servers, n * sizeof servers[0]);
	dns_free(old);
	start_waiting(ls);
}

/* NULL, or what is wrong with the question. */
static const char *
fault(const struct lookups *ls, const struct wire_resolve *ask, char host[SRV_NAME])
{
	size_t	n;

	if (ask->transport < TRANSPORT_UDP || ask->transport > TRANSPORT_TLS || ask->port > UINT16_MAX)
		return "that transport or port does not exist";
	if (!span_get(ask->host, host, SRV_NAME) || (n = strlen(host)) == 0)
		return "that is not a host name";
	if (host[n - 1] == ']' && host[0] == '[') {
		memmove(host, host + 1, n - 2);
		host[n - 2] = '\0';
	}
	if (strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:") != strlen(host))
		return "that is not a host name";
	return ls->n_waiting >= WAITING_MAX ? "too many names are being looked up" : NULL;
}

void
lookups_ask(struct lookups *ls, uint64_t id, const struct wire_resolve *asked)
{
	struct lookup	*l = calloc(1, sizeof *l);
	const char	*why = l == NULL ? "out of memory" : fault(ls, asked, l->host);

	if (why != NULL) {
		free(l);
		ls->fn(ls->arg, id, &(struct wire_resolved){ .error = span_of(why), .ttl = TTL_FAILED });
		return;
	}
	l->lookups = ls;
	l->id = id;
	l->port = (uint16_t)asked->port;
	l->transport = asked->transport;
	l->asked_at = clock_boot_ms();
	TAILQ_INSERT_TAIL(&ls->waiting, l, all);
	ls->n_waiting++;
	start_waiting(ls);
}
