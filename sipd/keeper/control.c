#include "sipd/keeper/control.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/err.h"
#include "core/log.h"
#include "core/match.h"
#include "sipd/keeper/imports.h"
#include "sipd/keeper/indexing.h"
#include "sipd/keeper/job.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/live.h"
#include "sipd/keeper/peer.h"
#include "sipd/keeper/role.h"
#include "sipd/keeper/status.h"
#include "sipd/keeper/watch.h"

enum { ACCEPTS_A_TURN = 16, ACCEPT_PAUSE_S = 1 };

struct door {
	int		 fd;
	struct event	*readable;
	struct event	*pause;		/* descriptors ran out: accept again then */
	char		 path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	dev_t		 dev;
	ino_t		 ino;		/* of the socket file, so that nobody else's is removed */
};

static void
refuse(int fd, int code, const char *why)
{
	char	line[256];
	size_t	n = peer_refusal(code, why, line, sizeof line);

	(void)send(fd, line, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)close(fd);
}

static void
let_in(struct control *c, int fd)
{
	const struct config	*conf = &c->keeper->conf;
	struct ucred		 cred;
	socklen_t		 n = sizeof cred;
	struct peer		*p;
	enum role		 role;
	char			 user[65];
	size_t			 same = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) != 0) {
		refuse(fd, ERR_DENIED, "no credentials");
		return;
	}
	TAILQ_FOREACH(p, &c->peers, link)
		same += p->uid == cred.uid;
	if (same >= PEER_PER_UID || c->n_peers >= PEERS_MAX) {
		refuse(fd, ERR_BUSY, "too many connections");
		return;
	}
	role = role_of(cred.uid, conf->control.operators, conf->control.viewers, user, sizeof user);
	if (role == ROLE_STRANGER) {
		log_notice("control: %s (uid %u) refused: in neither %s nor %s", user, (unsigned)cred.uid,
		    conf->control.operators, conf->control.viewers);
		refuse(fd, ERR_DENIED, "only root and members of the operators' and viewers' groups may connect");
		return;
	}
	log_debug(SUB_CONTROL, "control: %s (uid %u) connected as %s", user, (unsigned)cred.uid, role_name(role));
	if (peer_new(c, fd, role, cred.uid, user) == NULL)
		log_error("control: out of memory");
}

static void
door_on_readable(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval	 pause = { ACCEPT_PAUSE_S, 0 };
	struct control			*c = arg;

	(void)what;
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		int	peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (peer >= 0) {
			let_in(c, peer);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			log_warn("control: not accepting for %d s: %s", ACCEPT_PAUSE_S, strerror(errno));
			(void)event_del(c->door->readable);
			(void)evtimer_add(c->door->pause, &pause);
		}
		return;
	}
}

static void
door_on_pause_over(evutil_socket_t fd, short what, void *arg)
{
	struct control	*c = arg;

	(void)fd;
	(void)what;
	(void)event_add(c->door->readable, NULL);
}

static int
address_of(const char *path, struct sockaddr_un *sun)
{
	*sun = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (path[0] == '\0' || strlen(path) >= sizeof sun->sun_path)
		return ERR_INVALID;
	(void)snprintf(sun->sun_path, sizeof sun->sun_path, "%s", path);
	return 0;
}

/* A socket file that a daemon left behind is taken away; one that somebody answers at is not. */
static int
clear_stale(const struct sockaddr_un *sun, char *why, size_t size)
{
	struct stat	st;
	int		fd, rc;

	if (lstat(sun->sun_path, &st) != 0)
		return 0;
	if (!S_ISSOCK(st.st_mode)) {
		(void)snprintf(why, size, "%s: exists and is not a socket", sun->sun_path);
		return -EEXIST;
	}
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) < 0)
		return -errno;
	rc = connect(fd, (const struct sockaddr *)sun, sizeof *sun) == 0 ? 0 : errno;
	(void)close(fd);
	if (rc == ECONNREFUSED) {
		(void)unlink(sun->sun_path);
		return 0;
	}
	(void)snprintf(why, size, "%s: another daemon serves it", sun->sun_path);
	return -EADDRINUSE;
}

/*
 * Everybody may connect, and is told at once if that was in vain: viewers and operators are two groups, a
 * file has one.  What protects is SO_PEERCRED, asked before a byte is read.
 */
static int
door_bind(struct door *d, const char *path, char *why, size_t size)
{
	struct sockaddr_un	sun;
	struct stat		st;
	int			rc;

	if (address_of(path, &sun) != 0) {
		(void)snprintf(why, size, "control socket \"%s\": at most %zu bytes", path, sizeof sun.sun_path - 1);
		return ERR_INVALID;
	}
	if ((rc = clear_stale(&sun, why, size)) != 0)
		return rc;
	if ((d->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) < 0 ||
	    bind(d->fd, (const struct sockaddr *)&sun, sizeof sun) != 0 || chmod(path, 0666) != 0 ||
	    listen(d->fd, 64) != 0 || stat(path, &st) != 0) {
		rc = -errno;
		(void)snprintf(why, size, "%s: %s", path, strerror(errno));
		return rc;
	}
	(void)snprintf(d->path, sizeof d->path, "%s", path);
	d->dev = st.st_dev;
	d->ino = st.st_ino;
	return 0;
}

static void
door_close(struct door *d)
{
	struct stat	st;

	if (d == NULL)
		return;
	if (d->readable != NULL)
		event_free(d->readable);
	if (d->pause != NULL)
		event_free(d->pause);
	if (d->path[0] != '\0' && lstat(d->path, &st) == 0 && st.st_dev == d->dev && st.st_ino == d->ino)
		(void)unlink(d->path);
	if (d->fd >= 0)
		(void)close(d->fd);
	free(d);
}

static int
door_open(struct control *c, char *why, size_t size)
{
	struct door	*d = calloc(1, sizeof *d);
	int		 rc;

	if ((c->door = d) == NULL)
		return -ENOMEM;
	d->fd = -1;
	if ((rc = door_bind(d, c->keeper->conf.control.socket, why, size)) != 0)
		return rc;
	d->readable = event_new(c->keeper->base, d->fd, EV_READ | EV_PERSIST, door_on_readable, c);
	d->pause = evtimer_new(c->keeper->base, door_on_pause_over, c);
	if (d->readable == NULL || d->pause == NULL || event_add(d->readable, NULL) != 0)
		return -ENOMEM;
	return 0;
}

struct control *
control_new(struct keeper *k, char *why, size_t size)
{
	struct control	*c = calloc(1, sizeof *c);

	(void)snprintf(why, size, "control socket: out of memory");
	if (c == NULL)
		return NULL;
	TAILQ_INIT(&c->peers);
	c->keeper = k;
	if ((c->jobs = jobs_new(k->base)) == NULL || (c->watches = watches_new(c)) == NULL ||
	    (c->status = status_new(c)) == NULL || (c->live = live_new(c)) == NULL ||
	    (c->imports = imports_new(c)) == NULL || (c->indexing = indexing_new(c)) == NULL || door_open(c, why, size) != 0) {
		control_free(c);
		return NULL;
	}
	return c;
}

void
control_free(struct control *c)
{
	if (c == NULL)
		return;
	door_close(c->door);
	while (!TAILQ_EMPTY(&c->peers))
		peer_free(TAILQ_FIRST(&c->peers));
	imports_free(c->imports);
	indexing_free(c->indexing);
	live_free(c->live);
	match_free(c->keeper->match);
	c->keeper->match = NULL;
	status_free(c->status);
	watches_free(c->watches);
	jobs_free(c->jobs);
	free(c);
}

void
control_reload(struct control *c)
{
	if (c->door != NULL && strcmp(c->door->path, c->keeper->conf.control.socket) != 0)
		log_warn("control: the socket stays %s until the daemon is started again", c->door->path);
}
