/*
 * A fetch looks its host up, tries the addresses one after the other until one is reached, sends its request and reads the answer until its
 * status and enough of its body are there.  One timer covers all of that.
 */
#include "sipd/web/fetch.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "core/base64.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/http.h"
#include "core/log.h"
#include "core/url.h"
#include "sipd/net/dns.h"
#include "sipd/net/guide.h"
#include "sipd/net/hosts.h"
#include "sipd/net/reach.h"
#include "sipd/net/tls.h"

enum {
	READ_MAX = HTTP_HEAD_MAX + 4096,	/* of an answer that are kept */
	ADDRESS_MS = 5000,			/* for one of several addresses */
	WHY_MAX = 256,
};

static const char	ca[] = "http.ca";

struct fetch {
	TAILQ_ENTRY(fetch)	 all;
	struct fetches		*fetches;
	uint64_t		 id;
	struct url		 url;
	uint32_t		 timeout_ms;
	int64_t			 began_at;
	struct event		*timer;
	bool			 asking;	/* a name server, who will answer */
	bool			 told;		/* and only waits for that */
	struct addr		 addrs[DNS_ADDRS];
	size_t			 n_addrs, next;
	struct reach		*reach;
	struct bufferevent	*bev;
	int64_t			 until;		/* the certificate's notAfter */
};

struct fetches {
	struct event_base	*base;
	struct dns		*dns;
	SSL_CTX			*tls;
	struct guide		 guide;
	fetch_fn		 fn;
	void			*arg;
	TAILQ_HEAD(, fetch)	 all;
	size_t			 n;
};

static void
fetch_free(struct fetch *f)
{
	TAILQ_REMOVE(&f->fetches->all, f, all);
	f->fetches->n--;
	free(f);
}

/* Lets everything go but what a name server holds. */
static void
fetch_end(struct fetch *f)
{
	f->told = true;
	if (f->timer != NULL)
		event_free(f->timer);
	f->timer = NULL;
	reach_free(f->reach);
	f->reach = NULL;
	if (f->bev != NULL)
		bufferevent_free(f->bev);
	f->bev = NULL;
	explicit_bzero(f->url.user, sizeof f->url.user);
	if (!f->asking)
		fetch_free(f);
}

static void
tell(struct fetch *f, unsigned code, struct span body, const char *error)
{
	struct wire_fetched	w = { .code = code, .body = body, .error = span_of(error), .took_ms = (uint32_t)(clock_boot_ms() - f->began_at),
		.certificate_until = f->until };

	log_debug(SUB_WEB, "request to %s: %u %s", f->url.host, code, error);
	f->fetches->fn(f->fetches->arg, f->id, &w);
	fetch_end(f);
}

static void
fail(struct fetch *f, const char *error)
{
	tell(f, 0, (struct span){ .s = NULL }, error);
}

static void
on_late(evutil_socket_t fd, short what, void *arg)
{
	struct fetch	*f = arg;
	char		 why[WHY_MAX];

	(void)fd, (void)what;
	(void)snprintf(why, sizeof why, "%s in %u.%u s", f->bev != NULL ? "no answer to the request" : f->reach != NULL ? "no connection" :
	    "the name was not found", f->timeout_ms / 1000, f->timeout_ms % 1000 / 100);
	fail(f, why);
}

/* The answer, as far as it is there; all: nothing more comes. */
static void
read_answer(struct fetch *f, bool all)
{
	struct evbuffer		*in = bufferevent_get_input(f->bev);
	size_t			 n = evbuffer_get_length(in);
	const char		*bytes = n == 0 ? "" : (const char *)evbuffer_pullup(in, -1);
	struct http_head	 head;
	char			 body[FETCH_BODY];
	struct span		 length;
	size_t			 got, whole = SIZE_MAX;
	long			 at;
	bool			 end = false;

	while ((at = http_answer_parse(&head, bytes, n)) > 0 && head.code < 200) {	/* goes before the answer */
		bytes += at;
		n -= (size_t)at;
	}
	if (at <= 0) {
		if (at < 0 || all)
			fail(f, at == ERR_TOO_LARGE ? "the answer's head is too long" : n == 0 ? "it closed the connection without an answer"
			    : "what answers there does not speak HTTP");
		return;
	}
	bytes += at;
	n -= (size_t)at;
	length = http_field(&head, "content-length");
	if (http_field_has(&head, "transfer-encoding", "chunked")) {
		got = http_unchunk(bytes, n, body, sizeof body, &end);
	} else {
		if (length.s != NULL && length.n < 9) {
			whole = 0;
			for (size_t i = 0; i < length.n && length.s[i] >= '0' && length.s[i] <= '9'; i++)
				whole = whole * 10 + (size_t)(length.s[i] - '0');
		}
		end = n >= whole || head.code == 204 || head.code == 304;
		got = n < sizeof body ? n : sizeof body;
		got = got < whole ? got : whole;
		memcpy(body, bytes, got);
	}
	if (end || all || got == sizeof body || evbuffer_get_length(in) >= READ_MAX)
		tell(f, head.code, (struct span){ .s = body, .n = got }, "");
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	(void)bev;
	read_answer(arg, false);
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	(void)bev;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		read_answer(arg, true);
}

static void
send_request(struct fetch *f)
{
	struct evbuffer	*out = bufferevent_get_output(f->bev);
	const char	*open = strchr(f->url.host, ':') != NULL ? "[" : "", *shut = open[0] != '\0' ? "]" : "";
	char		 basic[BASE64_TEXT(URL_USER)];

	evbuffer_add_printf(out, "GET %s HTTP/1.1\r\nHost: %s%s%s", f->url.path, open, f->url.host, shut);
	if (f->url.port_given)
		evbuffer_add_printf(out, ":%u", f->url.port);
	if (f->url.user[0] != '\0')
		evbuffer_add_printf(out, "\r\nAuthorization: Basic %.*s",
		    (int)base64_encode((const uint8_t *)f->url.user, strlen(f->url.user), basic), basic);
	evbuffer_add_printf(out, "\r\nUser-Agent: Wirechief/" VERSION "\r\nAccept: */*\r\nConnection: close\r\n\r\n");
	explicit_bzero(basic, sizeof basic);
}

static void	try_next(struct fetch *, const char *why);

static void
on_reached(void *arg, const struct reached *r)
{
	struct fetch	*f = arg;

	f->reach = NULL;
	f->until = r->peer->until;
	if (r->error != NULL) {
		try_next(f, r->error);
		return;
	}
	f->bev = r->ssl == NULL ? bufferevent_socket_new(f->fetches->base, r->fd, BEV_OPT_CLOSE_ON_FREE)
	    : bufferevent_openssl_socket_new(f->fetches->base, r->fd, r->ssl, BUFFEREVENT_SSL_OPEN, BEV_OPT_CLOSE_ON_FREE);
	if (f->bev == NULL) {
		SSL_free(r->ssl);
		close(r->fd);
		fail(f, "out of memory");
		return;
	}
	if (r->ssl != NULL)
		bufferevent_openssl_set_allow_dirty_shutdown(f->bev, 1);
	bufferevent_setcb(f->bev, on_read, NULL, on_event, f);
	bufferevent_setwatermark(f->bev, EV_READ, 0, READ_MAX);
	send_request(f);
	(void)bufferevent_enable(f->bev, EV_READ | EV_WRITE);
}

/* why: what the address before said; it is told when it was the last. */
static void
try_next(struct fetch *f, const char *why)
{
	int64_t			left = f->began_at + f->timeout_ms - clock_boot_ms();
	struct reach_wish	wish = { .tls = f->url.https ? f->fetches->tls : NULL, .name = f->url.host, .web = true };

	if (f->next == f->n_addrs) {
		fail(f, why);
		return;
	}
	wish.target = f->addrs[f->next++];
	wish.target.port = f->url.port;
	wish.timeout_ms = f->next < f->n_addrs && left > ADDRESS_MS ? ADDRESS_MS : left < 1 ? 1 : (uint32_t)left;
	if (f->url.https && wish.tls == NULL)
		fail(f, "TLS can't be set up");
	else if ((f->reach = reach_start(f->fetches->base, &wish, on_reached, f)) == NULL)
		fail(f, "out of memory");
}

static void	look_up(struct fetch *);

static void
on_answer(void *arg, const struct dns_answer *a)
{
	struct fetch	*f = arg;
	char		 why[WHY_MAX];

	f->asking = false;
	if (f->told) {
		fetch_free(f);
	} else if (a->result == DNS_CANCELLED) {	/* there are other servers now */
		look_up(f);
	} else if (a->result != DNS_OK) {
		dns_text(f->fetches->dns, a->result, f->url.host, why, sizeof why);
		fail(f, why);
	} else {
		f->n_addrs = a->n < DNS_ADDRS ? a->n : DNS_ADDRS;
		memcpy(f->addrs, a->addrs, f->n_addrs * sizeof f->addrs[0]);
		try_next(f, "");
	}
}

static void
look_up(struct fetch *f)
{
	if (addr_parse(&f->addrs[0], f->url.host) == 0)
		f->n_addrs = 1;
	else
		f->n_addrs = hosts_find(f->fetches->guide.hosts, f->url.host, f->addrs, DNS_ADDRS);
	if (f->n_addrs > 0) {
		try_next(f, "");
	} else if (f->fetches->dns == NULL) {
		fail(f, "there is no name server to ask");
	} else {
		f->asking = true;
		dns_ask(f->fetches->dns, DNS_ADDR, f->url.host, on_answer, f);
	}
}

/* The URL itself may hold a password: it is not repeated. */
static bool
take_url(struct fetch *f, struct span text, char *why, size_t size)
{
	char	url[URL_PATH + URL_HOST + URL_USER * 3], what[WHY_MAX] = "is too long";
	bool	good = span_get(text, url, sizeof url) && url_parse(&f->url, url, what, sizeof what) == 0;

	explicit_bzero(url, sizeof url);
	if (!good)
		(void)snprintf(why, size, "the URL %s", what);
	return good;
}

void
fetches_start(struct fetches *fs, uint64_t id, const struct wire_fetch *w)
{
	struct fetch	*f = fs->n >= FETCHES_MAX ? NULL : calloc(1, sizeof *f);
	struct timeval	 tv;
	char		 why[WHY_MAX];

	if (f == NULL) {
		fs->fn(fs->arg, id, &(struct wire_fetched){ .error = span_of("too many requests are under way") });
		return;
	}
	f->fetches = fs;
	f->id = id;
	f->began_at = clock_boot_ms();
	f->timeout_ms = w->timeout_ms == 0 ? FETCH_MS : w->timeout_ms > 4 * FETCH_MS ? 4 * FETCH_MS : w->timeout_ms;
	TAILQ_INSERT_TAIL(&fs->all, f, all);
	fs->n++;
	if (!take_url(f, w->url, why, sizeof why)) {
		fail(f, why);
		return;
	}
	tv = (struct timeval){ .tv_sec = f->timeout_ms / 1000, .tv_usec = f->timeout_ms % 1000 * 1000 };
	f->timer = event_new(fs->base, -1, 0, on_late, f);
	if (f->timer == NULL || event_add(f->timer, &tv) != 0)
		fail(f, "out of memory");
	else
		look_up(f);
}

void
fetches_forget(struct fetches *fs)
{
	struct fetch	*f, *next;

	for (f = TAILQ_FIRST(&fs->all); f != NULL; f = next) {
		next = TAILQ_NEXT(f, all);
		if (!f->told)
			fetch_end(f);
	}
}

/* ctx NULL: the one that there is stays. */
static void
set_tls(struct fetches *fs, SSL_CTX *ctx)
{
	if (ctx == NULL)
		return;
	SSL_CTX_free(fs->tls);
	fs->tls = ctx;
}

struct fetches *
fetches_new(struct event_base *base, fetch_fn fn, void *arg)
{
	struct fetches	*fs = calloc(1, sizeof *fs);

	if (fs == NULL)
		return NULL;
	fs->base = base;
	fs->fn = fn;
	fs->arg = arg;
	TAILQ_INIT(&fs->all);
	set_tls(fs, tls_trust(ca, NULL));
	return fs;
}

void
fetches_free(struct fetches *fs)
{
	struct dns	*dns;

	if (fs == NULL)
		return;
	fetches_forget(fs);
	dns = fs->dns;
	fs->dns = NULL;
	dns_free(dns);
	SSL_CTX_free(fs->tls);
	guide_clear(&fs->guide);
	free(fs);
}

/* What is asked still begins again. */
static void
apply(struct fetches *fs)
{
	struct addr	servers[DNS_SERVERS];
	struct dns	*old = fs->dns;
	size_t		n = guide_servers(&fs->guide, servers);

	fs->dns = dns_new(fs->base, servers, n);
	dns_free(old);
}

void
fetches_files(struct fetches *fs, struct boot_order *order)
{
	set_tls(fs, guide_files(&fs->guide, order, ca));
	apply(fs);
}

void
fetches_configure(struct fetches *fs, const struct config *conf)
{
	guide_configure(&fs->guide, conf);
	apply(fs);
}
