#include "sipd/keeper/peer.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base64.h"
#include "core/err.h"
#include "core/log.h"
#include "sipd/keeper/control.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/request.h"
#include "sipd/keeper/view.h"

static struct peer *
peer_of_input(struct job *j)
{
	return (struct peer *)(void *)((char *)j - offsetof(struct peer, input));
}

static struct peer *
peer_of_end(struct job *j)
{
	return (struct peer *)(void *)((char *)j - offsetof(struct peer, end));
}

static bool
peer_is_full(const struct peer *p)
{
	return p->n_requests >= PEER_REQUESTS_MAX || peer_unread(p) >= PEER_UNREAD_PAUSE;
}

/* It has said all, and all that ends by itself has been answered and taken. */
static bool
peer_is_done(const struct peer *p)
{
	return p->finished && !p->closing && p->n_requests == p->n_streams && peer_unread(p) == 0;
}

/*
 * Lines that are here, until the slice is used up or the peer has to take answers first.  Nothing more is
 * read meanwhile: what waits is never more than a line and what libevent reads at once.
 */
static enum job_next
peer_input(struct job *j, int64_t until_us)
{
	struct peer	*p = peer_of_input(j);
	struct evbuffer	*in = bufferevent_get_input(p->bev);

	while (!p->closing && !peer_is_full(p)) {
		size_t	 n;
		char	*line = evbuffer_readln(in, &n, EVBUFFER_EOL_LF);

		if (line == NULL && evbuffer_get_length(in) <= PEER_LINE_MAX)
			break;
		if (line == NULL || n > PEER_LINE_MAX) {
			peer_drop(p, ERR_TOO_LARGE, "a request longer than 65536 bytes");
		} else if (n > 0) {
			request_line(p, line, n);
		}
		free(line);
		if (job_is_late(until_us))
			return JOB_MORE;
	}
	if (peer_is_done(p))
		job_start(p->control->jobs, &p->end);
	else if (!p->closing && !p->finished && !peer_is_full(p))
		(void)bufferevent_enable(p->bev, EV_READ);
	return JOB_IDLE;	/* peer_on_request_end() or the drained output goes on */
}

static void
peer_on_read(struct bufferevent *bev, void *arg)
{
	struct peer	*p = arg;

	(void)bufferevent_disable(bev, EV_READ);
	if (!p->closing)
		job_start(p->control->jobs, &p->input);
}

/* Its output is below the mark again: whatever waited for that goes on. */
static void
peer_on_write(struct bufferevent *bev, void *arg)
{
	struct peer	*p = arg;
	struct request	*r;

	(void)bev;
	if (p->closing) {
		if (peer_unread(p) == 0)
			job_start(p->control->jobs, &p->end);
		return;
	}
	job_start(p->control->jobs, &p->input);
	TAILQ_FOREACH(r, &p->requests, link)
		if (r->on_drained != NULL)
			r->on_drained(r);
	for (size_t i = 0; i < PEER_VIEWS_MAX; i++)
		if (p->views[i] != NULL)
			view_on_drained(p->views[i]);
}

/* `echo REQUEST | nc -U SOCKET` ends its side and waits for the answer; a program that has died is wholly gone. */
static bool
peer_only_finished(const struct peer *p, short what)
{
	struct pollfd	fd = { .fd = bufferevent_getfd(p->bev), .events = 0 };

	return (what & BEV_EVENT_EOF) && !p->closing && poll(&fd, 1, 0) == 0;
}

static void
peer_on_event(struct bufferevent *bev, short what, void *arg)
{
	struct peer	*p = arg;

	(void)bev;
	if (peer_only_finished(p, what)) {
		p->finished = true;
		job_start(p->control->jobs, &p->input);
		return;
	}
	if ((what & BEV_EVENT_TIMEOUT) && !p->closing)
		log_info("control: %s (uid %u) took nothing for %d s, dropped", p->user, (unsigned)p->uid, PEER_STALL_S);
	p->closing = true;
	job_start(p->control->jobs, &p->end);
}

/* What it asked for and watches is let go at once; the connection itself a turn later, out of its own callbacks. */
static void
peer_let_go(struct peer *p)
{
	p->closing = true;
	for (size_t i = 0; i < PEER_VIEWS_MAX; i++)
		if (p->views[i] != NULL)
			view_close(p->views[i]);
	while (!TAILQ_EMPTY(&p->requests))
		request_gone(TAILQ_FIRST(&p->requests));
}

static enum job_next
peer_end(struct job *j, int64_t until_us)
{
	(void)until_us;
	peer_free(peer_of_end(j));
	return JOB_IDLE;
}

static void
peer_greet(struct peer *p)
{
	const struct config	*conf = &p->control->keeper->conf;

	peer_send(p, json_pack("{s:s, s:i, s:s, s:s, s:s, s:s}", "wirechief", VERSION,
	    "protocol", PROTOCOL_VERSION, "node", conf->node, "domain", conf->domains[0],
	    "role", role_name(p->role), "user", p->user));
}

struct peer *
peer_new(struct control *c, int fd, enum role role, uid_t uid, const char *user)
{
	static const struct timeval	 stall = { PEER_STALL_S, 0 };
	struct peer			*p = calloc(1, sizeof *p);

	if (p == NULL || (p->bev = bufferevent_socket_new(c->keeper->base, fd, BEV_OPT_CLOSE_ON_FREE)) == NULL) {
		(void)close(fd);
		free(p);
		return NULL;
	}
	p->control = c;
	p->role = role;
	p->uid = uid;
	(void)snprintf(p->user, sizeof p->user, "%s", user);
	TAILQ_INIT(&p->requests);
	p->input.step = peer_input;
	p->end.step = peer_end;
	TAILQ_INSERT_TAIL(&c->peers, p, link);
	c->n_peers++;
	bufferevent_setcb(p->bev, peer_on_read, peer_on_write, peer_on_event, p);
	bufferevent_setwatermark(p->bev, EV_WRITE, PEER_UNREAD_VIEW, 0);
	bufferevent_set_timeouts(p->bev, NULL, &stall);
	peer_greet(p);
	(void)bufferevent_enable(p->bev, EV_READ | EV_WRITE);
	return p;
}

void
peer_free(struct peer *p)
{
	peer_let_go(p);
	job_stop(p->control->jobs, &p->input);
	job_stop(p->control->jobs, &p->end);
	TAILQ_REMOVE(&p->control->peers, p, link);
	p->control->n_peers--;
	bufferevent_free(p->bev);
	free(p);
}

static int
append_to(const char *bytes, size_t n, void *out)
{
	return evbuffer_add(out, bytes, n);
}

void
peer_send(struct peer *p, json_t *line)
{
	struct evbuffer	*out = bufferevent_get_output(p->bev);

	if (line != NULL && !p->closing && json_dump_callback(line, append_to, out, JSON_COMPACT) == 0)
		(void)evbuffer_add(out, "\n", 1);
	json_decref(line);
}

void
peer_send_data(struct peer *p, json_int_t id, const uint8_t *bytes, size_t n)
{
	struct evbuffer	*out = bufferevent_get_output(p->bev);
	char		 text[BASE64_TEXT(PEER_DATA_MAX)];

	if (p->closing || n > PEER_DATA_MAX)
		return;
	(void)evbuffer_add_printf(out, "{\"id\":%" JSON_INTEGER_FORMAT ",\"data\":\"", id);
	(void)evbuffer_add(out, text, base64_encode(bytes, n, text));
	(void)evbuffer_add(out, "\"}\n", 3);
}

size_t
peer_unread(const struct peer *p)
{
	return evbuffer_get_length(bufferevent_get_output(p->bev));
}

size_t
peer_refusal(int code, const char *why, char *line, size_t size)
{
	json_t	*o = json_pack("{s:{s:s, s:s}}", "error", "code", err_name(code), "text", why);
	size_t	 n = json_dumpb(o, line, size - 1, JSON_COMPACT);

	json_decref(o);
	if (n >= size - 1)
		return 0;
	line[n++] = '\n';
	return n;
}

void
peer_drop(struct peer *p, int code, const char *why)
{
	static const struct timeval	 patience = { 2, 0 };
	char				 line[512];

	if (p->closing)
		return;
	log_info("control: %s (uid %u) dropped: %s", p->user, (unsigned)p->uid, why);
	(void)bufferevent_write(p->bev, line, peer_refusal(code, why, line, sizeof line));
	peer_let_go(p);
	(void)bufferevent_disable(p->bev, EV_READ);
	bufferevent_setwatermark(p->bev, EV_WRITE, 0, 0);
	bufferevent_set_timeouts(p->bev, NULL, &patience);
}

void
peer_on_request_end(struct peer *p)
{
	if (!p->closing)
		job_start(p->control->jobs, &p->input);
}
