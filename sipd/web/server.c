#include "sipd/web/server.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/binding.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/limit.h"
#include "core/log.h"
#include "sipd/net/sources.h"
#include "sipd/web/browser.h"
#include "sipd/web/pages.h"
#include "sipd/web/reply.h"
#include "sipd/web/wanted.h"

enum {
	BACKLOG = 1024,
	HANDSHAKES = 4,		/* for each request that its source may make: more are not worth a handshake */
	RETRY_LATER = 10,	/* seconds */
	RETRY_MANY = 60,
};

struct server {
	struct event_base	*base;
	server_ask_fn		 ask;
	void			*arg;
	SSL_CTX			*tls;
	struct pages		*pages;
	struct evconnlistener	*listener;
	struct addr		 addr;
	bool			 paused;	/* nobody is accepted until the next tick */
	uint32_t		 per_source;
	struct sources		*sources;
	struct limits		*requests, *handshakes;
	TAILQ_HEAD(, browser)	 all;
	size_t			 n;
	uint64_t		 last_id;
	struct wire_counts	 counts;
};

static void
browser_end(struct server *s, struct browser *c)
{
	TAILQ_REMOVE(&s->all, c, all);
	s->n--;
	sources_remove(s->sources, &c->source);
	browser_free(c);
}

static void
on_gone(struct browser *c)
{
	browser_end(c->server, c);
}

static void
send_trouble(struct server *s, struct browser *c, const struct wanted *r, const char *trouble, unsigned retry_after)
{
	reply_trouble(browser_out(c), s->pages, r, trouble, retry_after);
	browser_send(c);
}

static void
on_refused(struct browser *c, unsigned code)
{
	struct server	*s = c->server;

	s->counts.malformed++;
	send_trouble(s, c, &(struct wanted){ .head = false }, wanted_trouble(code), 0);
}

static void
on_request(struct browser *c, const struct http_head *head, struct span body)
{
	struct server	*s = c->server;
	struct wanted	 r;

	s->counts.requests++;
	wanted_take(&r, head, body);
	c->head = r.head;
	c->data = r.data;
	if (!limits_take(s->requests, &c->source, clock_boot_ms())) {
		s->counts.limited++;
		send_trouble(s, c, &r, "too-many", RETRY_MANY);
		return;
	}
	if (r.text != NULL) {
		reply_text(browser_out(c), &r, r.text);
		browser_send(c);
		return;
	}
	if (r.trouble != NULL) {
		send_trouble(s, c, &r, r.trouble, 0);
		return;
	}
	r.ask.from.source = c->source;
	r.ask.from.local = c->local;
	r.ask.from.transport = TRANSPORT_TLS;
	browser_enter(c, BROWSER_ASKING);
	if (!s->ask(s->arg, c->id, &r.ask)) {
		s->counts.unavailable++;
		send_trouble(s, c, &r, "later", RETRY_LATER);
	}
}

static const struct browser_events	events = { .request = on_request, .refused = on_refused, .gone = on_gone };

/* What the answer has to know of its request. */
static struct wanted
wanted_of(const struct browser *c)
{
	return (struct wanted){ .head = c->head, .data = c->data };
}

void
server_answer(struct server *s, uint64_t id, const struct web_answer *a)
{
	struct wanted	 r;
	struct browser	*c;

	TAILQ_FOREACH(c, &s->all, all)
		if (c->id == id && c->state == BROWSER_ASKING)
			break;
	if (c == NULL)
		return;		/* it went away meanwhile */
	r = wanted_of(c);
	reply_answer(browser_out(c), s->pages, &r, a);
	browser_send(c);
}

static void
tell_later(struct server *s, struct browser *c)
{
	struct wanted	r = wanted_of(c);

	s->counts.unavailable++;
	send_trouble(s, c, &r, "later", RETRY_LATER);
}

void
server_keeper_gone(struct server *s)
{
	struct browser	*c;

	TAILQ_FOREACH(c, &s->all, all)
		if (c->state == BROWSER_ASKING)
			tell_later(s, c);
}

/* Whose time is over: it is told, where it can be, or ends. */
static void
on_late(struct server *s, struct browser *c)
{
	struct wanted	r = wanted_of(c);

	if (c->state == BROWSER_ASKING)
		tell_later(s, c);
	else if (c->state == BROWSER_READING && c->talked)
		send_trouble(s, c, &r, "slow", 0);
	else
		browser_end(s, c);
}

void
server_tick(struct server *s, int64_t now)
{
	struct browser	*c, *next;

	for (c = TAILQ_FIRST(&s->all); c != NULL; c = next) {
		next = TAILQ_NEXT(c, all);
		if (now >= c->until)
			on_late(s, c);
	}
	if (s->paused && s->listener != NULL)
		s->paused = evconnlistener_enable(s->listener) != 0;
}

/* The oldest that has not even said what it wants goes, for one that may.  False: all have. */
static bool
make_room(struct server *s)
{
	struct browser	*c;

	TAILQ_FOREACH(c, &s->all, all) {
		if (c->state == BROWSER_READING || c->state == BROWSER_LINGERING) {
			browser_end(s, c);
			return true;
		}
	}
	return false;
}

static int
take(struct server *s, int fd, const struct addr *source)
{
	const int		 on = 1;
	struct sockaddr_storage	 ss;
	socklen_t		 n = sizeof ss;
	struct browser		*c;
	int			 rc;

	if (s->tls == NULL || !limits_take(s->handshakes, source, clock_boot_ms()) || (s->n >= SERVER_CONNS && !make_room(s)) ||
	    (rc = sources_add(s->sources, source, s->per_source)) != 0) {
		close(fd);
		return ERR_BUSY;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if ((c = browser_new(s->base, fd, s->tls, &events, s)) == NULL) {
		sources_remove(s->sources, source);
		return -ENOMEM;
	}
	c->id = ++s->last_id;
	c->source = *source;
	if (getsockname(fd, (struct sockaddr *)&ss, &n) == 0)
		(void)addr_of_sockaddr(&c->local, (struct sockaddr *)&ss);
	TAILQ_INSERT_TAIL(&s->all, c, all);
	s->n++;
	return 0;
}

static void
on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa, int n, void *arg)
{
	struct server	*s = arg;
	struct addr	 source;

	(void)l, (void)n;
	if (addr_of_sockaddr(&source, sa) != 0)
		close((int)fd);
	else if (take(s, (int)fd, &source) != 0)
		s->counts.limited++;
}

/* Out of descriptors, mostly: the slowest goes, and its own is there for the next.  If there is none, accepting waits for a tick. */
static void
on_accept_error(struct evconnlistener *l, void *arg)
{
	struct server	*s = arg;

	if (make_room(s))
		return;
	log_warn("https: %s; accepting pauses", err_text(-errno));
	(void)evconnlistener_disable(l);
	s->paused = true;
}

struct server *
server_new(struct event_base *base, server_ask_fn ask, void *arg)
{
	struct server	*s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	TAILQ_INIT(&s->all);
	s->base = base;
	s->ask = ask;
	s->arg = arg;
	if ((s->pages = pages_new()) == NULL || (s->sources = sources_new()) == NULL || (s->requests = limits_new(0, 1)) == NULL ||
	    (s->handshakes = limits_new(0, 1)) == NULL) {
		server_free(s);
		return NULL;
	}
	return s;
}

void
server_free(struct server *s)
{
	if (s == NULL)
		return;
	server_stop(s);
	while (!TAILQ_EMPTY(&s->all))
		browser_end(s, TAILQ_FIRST(&s->all));
	SSL_CTX_free(s->tls);
	pages_free(s->pages);
	sources_free(s->sources);
	limits_free(s->requests);
	limits_free(s->handshakes);
	free(s);
}

void
server_configure(struct server *s, const struct config *c)
{
	pages_configure(s->pages, c);
	s->per_source = c->limits.connections;
	limits_set(s->requests, c->limits.requests_per_second, c->limits.burst);
	limits_set(s->handshakes, c->limits.requests_per_second * HANDSHAKES, c->limits.burst * HANDSHAKES);
}

void
server_set_pages(struct server *s, struct templates *t)
{
	pages_set(s->pages, t);
}

void
server_set_tls(struct server *s, SSL_CTX *ctx)
{
	SSL_CTX_free(s->tls);
	s->tls = ctx;
}

int
server_open(struct server *s, const char *listen, char *why, size_t size)
{
	struct sockaddr_storage	ss;
	socklen_t		n;

	if (listen[0] == '\0')
		return 0;
	if (s->tls == NULL || !pages_are_set(s->pages) || addr_parse(&s->addr, listen) != 0) {
		(void)snprintf(why, size, "http.listen: its certificate or its templates did not come");
		return ERR_INVALID;
	}
	n = addr_to_sockaddr(&s->addr, &ss);
	s->listener = evconnlistener_new_bind(s->base, on_accept, s, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE, BACKLOG,
	    (struct sockaddr *)&ss, (int)n);
	if (s->listener == NULL) {
		(void)snprintf(why, size, "https:%s: %s", listen, err_text(-errno));
		return ERR_INVALID;
	}
	evconnlistener_set_error_cb(s->listener, on_accept_error);
	n = sizeof ss;
	if (getsockname(evconnlistener_get_fd(s->listener), (struct sockaddr *)&ss, &n) == 0)
		(void)addr_of_sockaddr(&s->addr, (struct sockaddr *)&ss);
	return 0;
}

void
server_stop(struct server *s)
{
	if (s->listener != NULL)
		evconnlistener_free(s->listener);
	s->listener = NULL;
	while (make_room(s))
		continue;
}

void
server_text(const struct server *s, char *buf, size_t size)
{
	char	text[ADDR_TEXT];

	(void)snprintf(buf, size, "%s%s", s->listener == NULL ? "" : "https:", s->listener == NULL ? "" : addr_text(&s->addr, text));
}

size_t
server_count(const struct server *s)
{
	return s->n;
}

void
server_counts(const struct server *s, struct wire_counts *counts)
{
	*counts = s->counts;
	counts->connections = s->n;
}
