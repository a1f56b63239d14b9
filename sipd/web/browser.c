#include "sipd/web/browser.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "sipd/web/wanted.h"
#include "sipd/web/server.h"

enum { READ_MAX = HTTP_HEAD_MAX + BODY_MAX };

static const int	times_ms[BROWSER_STATES] = {
	[BROWSER_READING] = SERVER_READ_MS, [BROWSER_ASKING] = SERVER_ASK_MS, [BROWSER_WRITING] = SERVER_WRITE_MS,
	[BROWSER_LINGERING] = SERVER_LINGER_MS,
};

void
browser_enter(struct browser *c, enum browser_state state)
{
	c->state = state;
	c->until = clock_boot_ms() + times_ms[state];
}

struct evbuffer *
browser_out(struct browser *c)
{
	return bufferevent_get_output(c->bev);
}

/* Takes the request apart each time that more of it comes: it is a few packets at most. */
static void
read_request(struct browser *c)
{
	struct evbuffer		*in = bufferevent_get_input(c->bev);
	size_t			 n = evbuffer_get_length(in);
	const char		*bytes = n == 0 ? "" : (const char *)evbuffer_pullup(in, -1);
	struct http_head	 head;
	long			 at = http_request_parse(&head, bytes, n), body;

	if (at == 0)
		return;
	body = at < 0 ? at : http_body_length(&head, BODY_MAX);
	if (body < 0)
		c->events->refused(c, (unsigned)-body);
	else if (n - (size_t)at >= (size_t)body)
		c->events->request(c, &head, (struct span){ .s = bytes + at, .n = (size_t)body });
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct browser	*c = arg;

	if (c->state == BROWSER_READING)
		read_request(c);
	else if (c->state == BROWSER_LINGERING)
		(void)evbuffer_drain(bufferevent_get_input(bev), SIZE_MAX);
}

/* What was written is with the kernel.  To close at once could take it away again, if more came from the client meanwhile. */
static void
on_written(struct bufferevent *bev, void *arg)
{
	struct browser	*c = arg;

	if (c->state != BROWSER_WRITING || evbuffer_get_length(bufferevent_get_output(bev)) > 0)
		return;
	browser_enter(c, BROWSER_LINGERING);
	ERR_clear_error();
	(void)SSL_shutdown(bufferevent_openssl_get_ssl(bev));
	ERR_clear_error();
	(void)shutdown(bufferevent_getfd(bev), SHUT_WR);
	(void)evbuffer_drain(bufferevent_get_input(bev), SIZE_MAX);
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct browser	*c = arg;

	(void)bev;
	if (what & BEV_EVENT_CONNECTED)
		c->talked = true;
	if ((what & BEV_EVENT_ERROR) || ((what & BEV_EVENT_EOF) && c->state != BROWSER_WRITING && c->state != BROWSER_ASKING))
		c->events->gone(c);
}

void
browser_send(struct browser *c)
{
	browser_enter(c, BROWSER_WRITING);
	(void)bufferevent_enable(c->bev, EV_WRITE);
}

struct browser *
browser_new(struct event_base *base, int fd, SSL_CTX *ctx, const struct browser_events *events, void *server)
{
	struct browser	*c = calloc(1, sizeof *c);
	SSL		*ssl = c == NULL ? NULL : SSL_new(ctx);

	if (ssl != NULL)
		c->bev = bufferevent_openssl_socket_new(base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	if (c == NULL || c->bev == NULL) {
		SSL_free(ssl);
		close(fd);
		free(c);
		return NULL;
	}
	c->events = events;
	c->server = server;
	browser_enter(c, BROWSER_READING);
	bufferevent_openssl_set_allow_dirty_shutdown(c->bev, 1);
	bufferevent_setcb(c->bev, on_read, on_written, on_event, c);
	bufferevent_setwatermark(c->bev, EV_READ, 0, READ_MAX);
	(void)bufferevent_enable(c->bev, EV_READ | EV_WRITE);
	return c;
}

void
browser_free(struct browser *c)
{
	bufferevent_free(c->bev);
	ERR_clear_error();
	free(c);
}
