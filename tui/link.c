#include "tui/link.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void
link_init(struct link *l, const char *path, void (*on_up)(void *), void *arg)
{
	memset(l, 0, sizeof *l);
	l->path = path;
	l->on_up = on_up;
	l->on_up_arg = arg;
	l->retry_ms = LINK_RETRY_MIN_MS;
}

void
link_clear(struct link *l)
{
	client_close(l->client);
	l->client = NULL;
}

int
link_fd(const struct link *l)
{
	return l->client == NULL ? -1 : client_fd(l->client);
}

bool
link_wants_write(const struct link *l)
{
	return l->client != NULL && client_wants_write(l->client);
}

static void
lost(struct link *l, int64_t now_ms, int rc)
{
	if (l->client != NULL && client_why(l->client)[0] != '\0')
		(void)snprintf(l->why, sizeof l->why, "%s", client_why(l->client));
	l->wrong_protocol = rc == -EPROTO;
	client_close(l->client);
	l->client = NULL;
	if (l->state == LINK_UP || l->lost_at == 0)
		l->lost_at = now_ms;
	l->state = LINK_DOWN;
	l->retry_at = now_ms + l->retry_ms;
	l->retry_ms = l->retry_ms * 2 > LINK_RETRY_MAX_MS ? LINK_RETRY_MAX_MS : l->retry_ms * 2;
	l->asked_at = 0;
	memset(l->views, 0, sizeof l->views);
	for (int i = 0; i < LINK_REQUESTS; i++) {
		link_fn	fn = l->requests[i].fn;

		l->requests[i].id = 0;
		l->requests[i].fn = NULL;
		if (fn != NULL)
			fn(l->requests[i].arg, NULL);
	}
}

static void
asked_update(struct link *l)
{
	l->asked_at = 0;
	for (int i = 0; i < LINK_REQUESTS; i++)
		if (l->requests[i].id != 0 && l->requests[i].at != 0 && (l->asked_at == 0 || l->requests[i].at < l->asked_at))
			l->asked_at = l->requests[i].at;
}

int
link_ask(struct link *l, json_t *request, enum link_replies replies, link_fn fn, void *arg, int64_t now_ms)
{
	int	id, at = 0;

	while (at < LINK_REQUESTS && l->requests[at].id != 0)
		at++;
	if (l->state != LINK_UP || at == LINK_REQUESTS) {
		json_decref(request);
		return -1;
	}
	if ((id = client_send(l->client, request)) < 0) {
		lost(l, now_ms, id);
		return -1;
	}
	l->requests[at].id = id;
	l->requests[at].replies = replies;
	l->requests[at].fn = fn;
	l->requests[at].arg = arg;
	l->requests[at].at = replies == LINK_STEPS ? 0 : now_ms;
	asked_update(l);
	return id;
}

void
link_forget(struct link *l, void *arg)
{
	for (int i = 0; i < LINK_REQUESTS; i++)
		if (l->requests[i].arg == arg)
			l->requests[i].fn = NULL;
	for (int i = 0; i < LINK_VIEWS; i++)
		if (l->views[i].arg == arg)
			memset(&l->views[i], 0, sizeof l->views[i]);
}

void
link_drop(struct link *l, int id)
{
	for (int i = 0; i < LINK_REQUESTS; i++)
		if (l->requests[i].id == id)
			l->requests[i].id = 0;
	asked_update(l);
}

void
link_view(struct link *l, json_int_t view, link_fn fn, void *arg)
{
	int	at = 0;

	while (at < LINK_VIEWS - 1 && l->views[at].fn != NULL && l->views[at].view != view)
		at++;
	l->views[at].view = view;
	l->views[at].fn = fn;
	l->views[at].arg = arg;
}

static bool
is_last(enum link_replies replies, const json_t *m)
{
	switch (replies) {
	case LINK_ONE:
		return true;
	case LINK_ROWS:
	case LINK_STEPS:
		return json_object_get(m, "ok") != NULL || json_object_get(m, "error") != NULL;
	case LINK_STREAM:
		return json_object_get(m, "error") != NULL;
	}
	return true;
}

static void
deliver(struct link *l, const json_t *m)
{
	json_t		*id = json_object_get(m, "id"), *view = json_object_get(m, "view");
	link_fn		 fn;

	for (int i = 0; json_is_integer(id) && i < LINK_REQUESTS; i++) {
		if (l->requests[i].id == 0 || l->requests[i].id != json_integer_value(id))
			continue;
		fn = l->requests[i].fn;
		l->requests[i].at = 0;
		if (is_last(l->requests[i].replies, m))
			l->requests[i].id = 0;
		asked_update(l);
		if (fn != NULL)
			fn(l->requests[i].arg, m);
		return;
	}
	for (int i = 0; id == NULL && json_is_integer(view) && i < LINK_VIEWS; i++) {
		if (l->views[i].fn != NULL && l->views[i].view == json_integer_value(view)) {
			l->views[i].fn(l->views[i].arg, m);
			return;
		}
	}
}

static void
greet(struct link *l, const json_t *g, int64_t now_ms)
{
	const char	*domain = json_string_value(json_object_get(g, "domain"));
	const char	*user = json_string_value(json_object_get(g, "user"));
	const char	*role = json_string_value(json_object_get(g, "role"));

	(void)snprintf(l->domain, sizeof l->domain, "%s", domain == NULL ? "" : domain);
	(void)snprintf(l->user, sizeof l->user, "%s", user == NULL ? "" : user);
	l->may_write = role != NULL && strcmp(role, "operator") == 0;
	l->state = LINK_UP;
	l->retry_ms = LINK_RETRY_MIN_MS;
	l->lost_at = 0;
	l->heard_at = now_ms;
	l->why[0] = '\0';
	l->on_up(l->on_up_arg);
}

static void
receive(struct link *l, int64_t now_ms)
{
	json_t	*m;
	int	 rc = 0;

	if (l->state == LINK_GREETING && (rc = client_greeting(l->client, &m)) == 1)
		greet(l, m, now_ms);
	while (l->state == LINK_UP && (rc = client_next(l->client, &m)) == 1) {
		deliver(l, m);
		json_decref(m);
		l->heard_at = now_ms;
	}
	if (rc < 0 && l->client != NULL)
		lost(l, now_ms, rc);
}

void
link_serve(struct link *l, int64_t now_ms)
{
	int	rc;

	if (l->client == NULL) {
		if (now_ms < l->retry_at)
			return;
		if ((l->client = client_open(l->path, l->why)) == NULL) {
			lost(l, now_ms, 0);
			return;
		}
		l->state = LINK_GREETING;
	}
	if ((rc = client_flush(l->client)) != 0) {
		lost(l, now_ms, rc);
		return;
	}
	receive(l, now_ms);
	if (l->state == LINK_UP && l->asked_at == 0 && now_ms - l->heard_at >= LINK_QUIET_MS)
		(void)link_ask(l, json_pack("{s:s}", "do", "status"), LINK_ONE, NULL, NULL, now_ms);	/* is it still there? */
}

int
link_next_ms(const struct link *l, int64_t now_ms)
{
	if (l->client != NULL)
		return -1;
	return l->retry_at <= now_ms ? 0 : (int)(l->retry_at - now_ms);
}
