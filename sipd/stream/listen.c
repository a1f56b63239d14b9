#include "sipd/stream/listen.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/binding.h"
#include "core/err.h"
#include "core/log.h"

enum {
	ACCEPTS_MAX = 32,	/* of a listener in one turn: those that are served have theirs */
	BACKLOG = 1024,
};

static const char *const names[] = { [TRANSPORT_TCP] = "tcp", [TRANSPORT_TLS] = "tls" };

struct listener {
	struct listeners	*all;
	int			 fd;
	uint8_t			 transport;
	struct addr		 addr;
	struct event		*readable;
};

struct listeners {
	struct listener		 list[CONFIG_LISTENS];
	size_t			 n;
	bool			 paused;
	listen_accept_fn	 on_accept;
	void			*arg;
};

static bool
is_ours(const struct config_listen *l)
{
	return l->transport == TRANSPORT_TCP || l->transport == TRANSPORT_TLS;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct listener		*l = arg;
	struct sockaddr_storage	 ss;
	struct addr		 source;
	socklen_t		 n;
	int			 got;

	(void)what;
	for (int i = 0; i < ACCEPTS_MAX && !l->all->paused; i++) {
		n = sizeof ss;
		if ((got = accept4((int)fd, (struct sockaddr *)&ss, &n, SOCK_NONBLOCK | SOCK_CLOEXEC)) < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
				log_warn("%s: %s; accepting pauses", names[l->transport], err_text(-errno));
				listeners_pause(l->all, true);
			}
			return;
		}
		if (addr_of_sockaddr(&source, (struct sockaddr *)&ss) != 0)
			close(got);
		else if (!l->all->on_accept(l->all->arg, got, &source, l->transport))
			listeners_pause(l->all, true);
	}
}

static int
set_on(int fd, int level, int option)
{
	const int	on = 1;

	return setsockopt(fd, level, option, &on, sizeof on);
}

static int
bind_to(struct listener *l)
{
	struct sockaddr_storage	ss;
	socklen_t		n = addr_to_sockaddr(&l->addr, &ss);

	if ((l->fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) < 0)
		return -errno;
	if (set_on(l->fd, SOL_SOCKET, SO_REUSEADDR) != 0 ||
	    (ss.ss_family == AF_INET6 && set_on(l->fd, IPPROTO_IPV6, IPV6_V6ONLY) != 0) ||
	    bind(l->fd, (struct sockaddr *)&ss, n) != 0 || listen(l->fd, BACKLOG) != 0)
		return -errno;
	n = sizeof ss;
	if (getsockname(l->fd, (struct sockaddr *)&ss, &n) != 0)
		return -errno;
	return addr_of_sockaddr(&l->addr, (struct sockaddr *)&ss);
}

struct listeners *
listeners_open(struct event_base *base, const struct config *c, listen_accept_fn on_accept, void *arg, char *why, size_t size)
{
	struct listeners	*ls = calloc(1, sizeof *ls);
	char			 text[ADDR_TEXT];
	int			 rc = 0;

	(void)snprintf(why, size, "out of memory");
	if (ls == NULL)
		return NULL;
	*ls = (struct listeners){ .paused = true, .on_accept = on_accept, .arg = arg };
	for (uint32_t i = 0; rc == 0 && i < c->n_listens; i++) {
		struct listener	*l = &ls->list[ls->n];

		if (!is_ours(&c->listens[i]))
			continue;
		*l = (struct listener){ .all = ls, .fd = -1, .transport = c->listens[i].transport, .addr = c->listens[i].addr };
		ls->n++;
		if ((rc = bind_to(l)) == 0 && (l->readable = event_new(base, l->fd, EV_READ | EV_PERSIST, on_readable, l)) == NULL)
			rc = -ENOMEM;
		if (rc != 0)
			(void)snprintf(why, size, "%s:%s: %s", names[l->transport], addr_text(&l->addr, text), err_text(rc));
	}
	if (rc == 0)
		return ls;
	listeners_close(ls);
	return NULL;
}

void
listeners_close(struct listeners *ls)
{
	if (ls == NULL)
		return;
	for (size_t i = 0; i < ls->n; i++) {
		if (ls->list[i].readable != NULL)
			event_free(ls->list[i].readable);
		if (ls->list[i].fd >= 0)
			close(ls->list[i].fd);
	}
	free(ls);
}

void
listeners_text(const struct listeners *ls, char *buf, size_t size)
{
	char	text[ADDR_TEXT];
	size_t	at = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < ls->n && at < size; i++)
		at += (size_t)snprintf(buf + at, size - at, "%s%s:%s", i == 0 ? "" : " ", names[ls->list[i].transport],
		    addr_text(&ls->list[i].addr, text));
}

void
listeners_pause(struct listeners *ls, bool pause)
{
	if (ls->paused == pause)
		return;
	ls->paused = pause;
	for (size_t i = 0; i < ls->n; i++) {
		if (pause)
			(void)event_del(ls->list[i].readable);
		else
			(void)event_add(ls->list[i].readable, NULL);
	}
}

bool
listeners_differ(const struct config *a, const struct config *b)
{
	uint32_t	i = 0, j = 0;

	for (;; i++, j++) {
		while (i < a->n_listens && !is_ours(&a->listens[i]))
			i++;
		while (j < b->n_listens && !is_ours(&b->listens[j]))
			j++;
		if (i == a->n_listens || j == b->n_listens)
			return i != a->n_listens || j != b->n_listens;
		if (a->listens[i].transport != b->listens[j].transport || !addr_eq(&a->listens[i].addr, &b->listens[j].addr))
			return true;
	}
}
