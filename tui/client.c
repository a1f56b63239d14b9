#include "tui/client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/un.h>

#include "core/command.h"
#include "core/err.h"
#include "core/text.h"

enum { READ_SIZE = 65536, OUT_MAX = 16 * 1024 * 1024 };

struct client {
	int	 fd;
	int	 next_id;
	json_t	*greeting;
	char	*in;		/* what came and is not yet taken: from in_at to in_n */
	size_t	 in_at, in_n, in_size;
	char	*out;
	size_t	 out_n, out_size;
	char	 why[CLIENT_WHY];
};

const char *
client_path(const char *option)
{
	const char	*env = getenv("WIRECHIEF_SOCKET");

	return option != NULL ? option : env != NULL && env[0] != '\0' ? env : CONTROL_SOCKET;
}

static const char *
remedy(int error)
{
	if (error == EACCES || error == EPERM)
		return "be root, or in the group of its operators or viewers";
	return "is wirechiefd running? -s SOCKET or WIRECHIEF_SOCKET names its socket";
}

struct client *
client_open(const char *path, char why[CLIENT_WHY])
{
	struct sockaddr_un	 sun = { .sun_family = AF_UNIX };
	struct client		*c = calloc(1, sizeof *c);

	if (c == NULL || strlen(path) >= sizeof sun.sun_path) {
		(void)snprintf(why, CLIENT_WHY, "%.100s: %s", path,
		    c == NULL ? "out of memory" : "the path is too long for a socket");
		free(c);
		return NULL;
	}
	memcpy(sun.sun_path, path, strlen(path) + 1);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (const struct sockaddr *)&sun, sizeof sun) != 0 ||
	    fcntl(c->fd, F_SETFL, O_NONBLOCK) != 0) {
		(void)snprintf(why, CLIENT_WHY, "can't reach the daemon at %.100s: %s; %s", path, strerror(errno), remedy(errno));
		if (c->fd >= 0)
			close(c->fd);
		free(c);
		return NULL;
	}
	return c;
}

void
client_close(struct client *c)
{
	if (c == NULL)
		return;
	close(c->fd);
	json_decref(c->greeting);
	free(c->in);
	free(c->out);
	free(c);
}

int
client_fd(const struct client *c)
{
	return c->fd;
}

bool
client_wants_write(const struct client *c)
{
	return c->out_n > 0;
}

const char *
client_why(const struct client *c)
{
	return c->why;
}

static int
fail(struct client *c, int rc, const char *text)
{
	(void)snprintf(c->why, sizeof c->why, "%s", text);
	return rc;
}

int
client_flush(struct client *c)
{
	while (c->out_n > 0) {
		ssize_t	n = send(c->fd, c->out, c->out_n, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		if (n < 0)
			return fail(c, -errno, strerror(errno));
		memmove(c->out, c->out + n, c->out_n - (size_t)n);
		c->out_n -= (size_t)n;
	}
	return 0;
}

static int
out_append(struct client *c, const char *s, size_t n)
{
	if (c->out_size - c->out_n < n) {
		size_t	 size = c->out_size + n + 4096;
		char	*p = size > OUT_MAX ? NULL : realloc(c->out, size);

		if (p == NULL)
			return fail(c, ERR_TOO_LARGE, "too much waits to be sent");
		c->out = p;
		c->out_size = size;
	}
	memcpy(c->out + c->out_n, s, n);
	c->out_n += n;
	return 0;
}

int
client_send(struct client *c, json_t *request)
{
	int	 id = ++c->next_id, rc;
	char	*line;

	(void)json_object_set_new(request, "id", json_integer(id));
	line = json_dumps(request, JSON_COMPACT);
	json_decref(request);
	if (line == NULL)
		return fail(c, ERR_INVALID, "the request is not text");
	if ((rc = out_append(c, line, strlen(line))) == 0)
		rc = out_append(c, "\n", 1);
	free(line);
	if (rc != 0 || (rc = client_flush(c)) != 0)
		return rc;
	return id;
}

/* Reads what is there.  1 something came, 0 nothing yet, negative the end. */
static int
fill(struct client *c)
{
	ssize_t	n;

	if (c->in_at > 0) {
		memmove(c->in, c->in + c->in_at, c->in_n - c->in_at);
		c->in_n -= c->in_at;
		c->in_at = 0;
	}
	if (c->in_size - c->in_n < READ_SIZE) {
		size_t	 size = c->in_n + 2 * (size_t)READ_SIZE;
		char	*p = c->in_n > PROTOCOL_LINE_MAX ? NULL : realloc(c->in, size);

		if (p == NULL)
			return fail(c, ERR_TOO_LARGE, "the daemon sent too long a line");
		c->in = p;
		c->in_size = size;
	}
	do
		n = recv(c->fd, c->in + c->in_n, c->in_size - c->in_n, 0);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return fail(c, -EPIPE, "the daemon closed the connection");
	if (n < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : fail(c, -errno, strerror(errno));
	c->in_n += (size_t)n;
	return 1;
}

/* The first whole line that is there, and its end; NULL. */
static const char *
whole_line(const struct client *c, const char **end)
{
	const char	*start = c->in + c->in_at;

	return c->in == NULL || (*end = memchr(start, '\n', c->in_n - c->in_at)) == NULL ? NULL : start;
}

/* The first whole line as JSON: 1, 0 no whole line yet, negative. */
static int
take_line(struct client *c, json_t **message)
{
	const char	*end, *start = whole_line(c, &end);

	if (start == NULL)
		return 0;
	*message = json_loadb(start, (size_t)(end - start), JSON_REJECT_DUPLICATES, NULL);
	c->in_at += (size_t)(end - start) + 1;
	if (!json_is_object(*message)) {
		json_decref(*message);
		return fail(c, -EPROTO, "what answers there is not wirechiefd");
	}
	return 1;
}

static int
next_line(struct client *c, json_t **message)
{
	int	rc;

	while ((rc = take_line(c, message)) == 0)
		if ((rc = fill(c)) <= 0)
			return rc;
	return rc;
}

int
client_greeting(struct client *c, json_t **greeting)
{
	const char	*text;
	json_int_t	 protocol;
	char		 safe[160];
	json_t		*m;
	int		 rc;

	*greeting = c->greeting;
	if (c->greeting != NULL)
		return 1;
	if ((rc = next_line(c, &m)) <= 0)
		return rc;
	if ((text = json_string_value(json_object_get(json_object_get(m, "error"), "text"))) != NULL) {
		text_safe(text, strlen(text), safe, sizeof safe, true);
		json_decref(m);
		return fail(c, ERR_DENIED, safe);
	}
	protocol = json_integer_value(json_object_get(m, "protocol"));
	if (protocol != PROTOCOL_VERSION) {
		(void)snprintf(c->why, sizeof c->why,
		    "the daemon speaks protocol %d, this program %d: install the same version of both",
		    (int)protocol, PROTOCOL_VERSION);
		json_decref(m);
		return -EPROTO;
	}
	c->greeting = *greeting = m;
	return 1;
}

int
client_next(struct client *c, json_t **message)
{
	json_t	*greeting;
	int	 rc;

	if (c->greeting == NULL && (rc = client_greeting(c, &greeting)) <= 0)
		return rc;
	return next_line(c, message);
}

int
client_next_data(struct client *c, int id, json_t **message, const char **data, size_t *n)
{
	char		 head[64];
	const char	*line, *end;
	size_t		 head_n = (size_t)snprintf(head, sizeof head, "{\"id\":%d,\"data\":\"", id);
	int		 rc;

	*data = NULL;
	while (c->greeting != NULL && (line = whole_line(c, &end)) == NULL)
		if ((rc = fill(c)) <= 0)
			return rc;
	if (c->greeting == NULL || (size_t)(end - line) < head_n + 2 || memcmp(line, head, head_n) != 0)
		return client_next(c, message);
	*message = NULL;
	*data = line + head_n;
	*n = (size_t)(end - line) - head_n - 2;	/* the quote and the brace */
	c->in_at = (size_t)(end - c->in) + 1;
	return 1;
}

/* Until something can be read.  0, or negative; reader as of client_wait(). */
static int
wait_ready(struct client *c, int reader)
{
	struct pollfd	p[2] = { { .fd = c->fd, .events = POLLIN }, { .fd = reader } };
	int		rc;

	if (client_wants_write(c))
		p[0].events |= POLLOUT;
	if (poll(p, 2, -1) < 0)
		return errno == EINTR ? 0 : fail(c, -errno, strerror(errno));
	if (p[1].revents & POLLERR)
		return fail(c, -ECANCELED, "nobody reads the answer");
	if ((p[0].revents & POLLOUT) && (rc = client_flush(c)) != 0)
		return rc;
	return 0;
}

int
client_wait_greeting(struct client *c, json_t **greeting)
{
	int	rc;

	while ((rc = client_greeting(c, greeting)) == 0)
		if ((rc = wait_ready(c, -1)) != 0)
			break;
	return rc;
}

int
client_wait(struct client *c, int reader, json_t **message)
{
	int	rc;

	while ((rc = client_next(c, message)) == 0)
		if ((rc = wait_ready(c, reader)) != 0)
			break;
	return rc;
}
