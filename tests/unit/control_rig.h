/*
 * A keeper inside the test process: memory store, registrar, control socket in a folder of its own, and
 * clients of that socket.  One thread: a client that waits for a line turns the keeper's loop meanwhile.
 */
#ifndef TESTS_UNIT_CONTROL_RIG_H
#define TESTS_UNIT_CONTROL_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <event2/event.h>
#include <jansson.h>
#include <pwd.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "core/binding.h"
#include "core/err.h"
#include "core/log.h"
#include "core/varint.h"
#include "sipd/keeper/control.h"
#include "sipd/keeper/edit.h"
#include "sipd/keeper/events.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/named.h"
#include "sipd/keeper/names.h"
#include "sipd/keeper/registrar.h"

enum { RIG_PATIENCE_MS = 60000, RIG_BUFFER = 4 * 1024 * 1024 };

struct rig {
	struct boot	boot;
	struct keeper	k;
	char		folder[64];
	int64_t		longest_us;	/* of a turn, on the processor: others may be busy with it too */
};

struct client {
	struct rig	*rig;
	int		 fd;
	char		*in;
	size_t		 n;
	json_int_t	 last_id;
};

/* Who runs the test: the operator of what its clients change. */
static inline const char *
rig_operator(void)
{
	const struct passwd	*pw = getpwuid(geteuid());

	assert_non_null(pw);
	return pw->pw_name;
}
static inline void
rig_open(struct rig *rig)
{
	char	text[512], why[256] = "";

	memset(rig, 0, sizeof *rig);
	log_init("test", LOG_L_ERR);
	(void)signal(SIGPIPE, SIG_IGN);		/* as the daemon does */
	assert_true(sodium_init() >= 0);
	(void)snprintf(rig->folder, sizeof rig->folder, "/tmp/wirechief-test-XXXXXX");
	assert_non_null(mkdtemp(rig->folder));
	(void)snprintf(text, sizeof text,
	    "node = \"a\"\ndomain = \"example.com\"\nstate_dir = \"%s\"\ncontrol { socket = \"%s/control.sock\" }\n",
	    rig->folder, rig->folder);
	if (config_parse(&rig->k.conf, "test.conf", text, why, sizeof why) != 0)
		fail_msg("%s", why);
	rig->k.boot = &rig->boot;
	assert_non_null(rig->k.base = event_base_new());
	clock_init(&rig->k.clock);
	rig->k.started_at = keeper_now(&rig->k);
	assert_int_equal(store_open_memory(&rig->k.db.store), 0);
	(void)snprintf(text, sizeof text, "%s/master.key", rig->folder);
	if (seal_open(&rig->k.db.seal, text, true, why, sizeof why) != 0)
		fail_msg("%s", why);
	assert_non_null(rig->k.names = names_new(&rig->k));
	assert_non_null(rig->k.events = events_new(&rig->k));
	assert_non_null(rig->k.registrar = registrar_new(&rig->k));
	if ((rig->k.control = control_new(&rig->k, why, sizeof why)) == NULL)
		fail_msg("%s", why);
}

static inline void
rig_close(struct rig *rig)
{
	char	key[128];

	(void)snprintf(key, sizeof key, "%s/master.key", rig->folder);
	control_free(rig->k.control);
	(void)store_sync(rig->k.db.store);
	registrar_free(rig->k.registrar);
	events_free(rig->k.events);
	names_free(rig->k.names);
	store_close(rig->k.db.store);
	seal_close(rig->k.db.seal);
	event_base_free(rig->k.base);
	assert_int_equal(unlink(key), 0);
	assert_int_equal(rmdir(rig->folder), 0);	/* the socket has been taken away */
}

static inline int64_t
cpu_us(void)
{
	struct timespec	ts;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* One turn of the keeper. */
static inline void
rig_turn(struct rig *rig)
{
	int64_t	begun = cpu_us(), took;

	(void)event_base_loop(rig->k.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	took = cpu_us() - begun;
	if (took > rig->longest_us)
		rig->longest_us = took;
	store_flush(rig->k.db.store);
	store_on_ready(rig->k.db.store);
}

static inline int
rig_connect(struct rig *rig)
{
	struct sockaddr_un	sun = { .sun_family = AF_UNIX };
	int			fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	(void)snprintf(sun.sun_path, sizeof sun.sun_path, "%s", rig->k.conf.control.socket);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sun, sizeof sun), 0);
	return fd;
}

/* The next line that the daemon sends; NULL when it closed the connection. */
static inline json_t *
client_next(struct client *c)
{
	int64_t	until = clock_boot_ms() + RIG_PATIENCE_MS;

	while (clock_boot_ms() < until) {
		char	*end = memchr(c->in, '\n', c->n);
		ssize_t	 got;

		if (end != NULL) {
			json_error_t	 error;
			json_t		*line = json_loadb(c->in, (size_t)(end - c->in), 0, &error);

			if (line == NULL)
				fail_msg("not JSON: %s: %.200s", error.text, c->in);
			c->n -= (size_t)(end + 1 - c->in);
			memmove(c->in, end + 1, c->n);
			return line;
		}
		if ((got = recv(c->fd, c->in + c->n, RIG_BUFFER - c->n, 0)) > 0) {
			c->n += (size_t)got;
			continue;
		}
		if (got == 0 || errno != EAGAIN)
			return NULL;
		rig_turn(c->rig);
	}
	fail_msg("no line within %d ms", RIG_PATIENCE_MS);
	return NULL;
}

static inline void
client_open(struct client *c, struct rig *rig)
{
	*c = (struct client){ .rig = rig, .fd = rig_connect(rig), .in = malloc(RIG_BUFFER) };
	assert_non_null(c->in);
	json_decref(client_next(c));
}

static inline void
client_close(struct client *c)
{
	close(c->fd);
	free(c->in);
	for (int i = 0; i < 3; i++)
		rig_turn(c->rig);
}

static inline void
client_write(struct client *c, const char *bytes, size_t n)
{
	int64_t	until = clock_boot_ms() + RIG_PATIENCE_MS;

	while (n > 0 && clock_boot_ms() < until) {
		ssize_t	sent = send(c->fd, bytes, n, MSG_NOSIGNAL);

		if (sent < 0 && errno != EAGAIN)
			return;		/* the daemon hung up: what it said is still to be read */
		if (sent < 0) {
			rig_turn(c->rig);
			continue;
		}
		bytes += sent;
		n -= (size_t)sent;
	}
	assert_int_equal(n, 0);
}

/* Sends a request from a JSON format with its id; returns the id. */
static inline json_int_t
client_ask(struct client *c, const char *fmt, ...)
{
	json_t	*o;
	char	*text;
	va_list	 ap;

	va_start(ap, fmt);
	o = json_vpack_ex(NULL, 0, fmt, ap);
	va_end(ap);
	assert_non_null(o);
	json_object_set_new(o, "id", json_integer(++c->last_id));
	text = json_dumps(o, JSON_COMPACT);
	client_write(c, text, strlen(text));
	client_write(c, "\n", 1);
	free(text);
	json_decref(o);
	return c->last_id;
}

/* The answer to the last request: pushes of views and rows of lists in between are passed over. */
static inline json_t *
client_answer(struct client *c)
{
	for (;;) {
		json_t	*line = client_next(c);

		assert_non_null(line);
		if (json_integer_value(json_object_get(line, "id")) == c->last_id && json_object_get(line, "row") == NULL)
			return line;
		json_decref(line);
	}
}

#define CLIENT_CALL(c, ...)	(client_ask((c), __VA_ARGS__), client_answer(c))

static inline const char *
error_code(json_t *reply)
{
	const char	*code = json_string_value(json_object_get(json_object_get(reply, "error"), "code"));

	return code == NULL ? "" : code;
}

static inline const char *
error_field(json_t *reply)
{
	const char	*field = json_string_value(json_object_get(json_object_get(reply, "error"), "field"));

	return field == NULL ? "" : field;
}

/* Asserts that the reply is a refusal like that; frees it. */
static inline void
refused(json_t *reply, const char *code, const char *field)
{
	assert_string_equal(error_code(reply), code);
	assert_string_equal(error_field(reply), field);
	json_decref(reply);
}

/* Asserts that the reply is no refusal; returns its "ok", lent by the reply. */
static inline json_t *
ok_of(json_t *reply)
{
	if (json_object_get(reply, "error") != NULL)
		fail_msg("refused: %s", json_string_value(json_object_get(json_object_get(reply, "error"), "text")));
	return json_object_get(reply, "ok");
}

static inline void
done(json_t *reply)
{
	(void)ok_of(reply);
	json_decref(reply);
}

static inline json_int_t
ok_number(json_t *reply, const char *name)
{
	json_int_t	n = json_integer_value(json_object_get(ok_of(reply), name));

	json_decref(reply);
	return n;
}

/* Commits what a test has built, and takes it through. */
static inline int
rig_commit(struct rig *rig, struct txn *t)
{
	int	rc = store_commit(t, NULL, NULL);

	(void)store_sync(rig->k.db.store);
	return rc;
}

/* An edit of field, text pairs up to NULL. */
static inline struct edit
edit_of(const struct kind *k, ...)
{
	struct edit	e = { .n = 0 };
	struct fault	fault;
	const char	*name;
	va_list		ap;

	va_start(ap, k);
	while ((name = va_arg(ap, const char *)) != NULL)
		if (edit_add(&e, k, name, va_arg(ap, const char *), NULL, &fault) != 0)
			fail_msg("%s", fault.text);
	va_end(ap);
	return e;
}

/* A named record (named.h) is made or changed, and that is taken through; a refusal changes nothing. */
static inline int
rig_add(struct rig *rig, const struct named *n, const char *name, struct edit e, void *record, struct fault *fault)
{
	struct txn	*t = txn_new(rig->k.db.store);
	int		 rc = named_add(&rig->k, n, t, "root", name, &e, record, fault);

	if (rc != 0) {
		txn_drop(t);
		return rc;
	}
	assert_int_equal(rig_commit(rig, t), 0);
	return 0;
}

static inline int
rig_set(struct rig *rig, const struct named *n, void *record, struct edit e, bool *changed, struct fault *fault)
{
	struct txn	*t = txn_new(rig->k.db.store);
	int		 rc = named_set(&rig->k, n, t, "root", &e, record, changed, fault);

	if (rc != 0 || !*changed) {
		txn_drop(t);
		return rc;
	}
	assert_int_equal(rig_commit(rig, t), 0);
	return 0;
}

static inline int
rig_delete(struct rig *rig, const struct named *n, const void *record, struct fault *fault)
{
	struct txn	*t = txn_new(rig->k.db.store);
	int		 rc = named_delete(&rig->k, n, t, "root", record, fault);

	if (rc != 0) {
		txn_drop(t);
		return rc;
	}
	assert_int_equal(rig_commit(rig, t), 0);
	return 0;
}

/* A binding as the registrar writes one, with its counts. */
static inline void
rig_bind(struct rig *rig, uint64_t account_id, uint64_t group_id, uint8_t n, int64_t expires_at, bool fresh)
{
	struct binding	 b = { .account_id = account_id, .hash = { n }, .q = 1000, .transport = TRANSPORT_UDP };
	struct txn	*t = txn_new(rig->k.db.store);
	char		 name[64];

	(void)snprintf(b.contact, sizeof b.contact, "sip:u%u@192.0.2.%u", (unsigned)account_id, n);
	(void)snprintf(b.user_agent, sizeof b.user_agent, "test/%u", n);
	assert_int_equal(addr_parse(&b.source, "192.0.2.17:5070"), 0);
	b.registered_at = b.refreshed_at = keeper_now(&rig->k);
	b.expires_at = expires_at;
	table_put(t, &rig->k.db, &binding_kind, &b);
	if (fresh) {
		count_add(t, &rig->k.db, "bindings", 1);
		count_add(t, &rig->k.db, "registered", 1);
		(void)snprintf(name, sizeof name, "group/%u/registered", (unsigned)group_id);
		count_add(t, &rig->k.db, name, 1);
	}
	assert_int_equal(store_commit(t, NULL, NULL), 0);
	rig_turn(rig);
}

#endif
