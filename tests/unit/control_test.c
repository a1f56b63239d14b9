/* links: db sipd keeper */
#include "control_rig.h"

#include <poll.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "core/command.h"
#include "sipd/keeper/peer.h"
#include "sipd/keeper/request.h"
#include "sipd/keeper/role.h"

static void
test_greeting(void **state)
{
	struct rig	 rig;
	struct client	 c = { .rig = &rig };
	json_t		*hello;

	(void)state;
	rig_open(&rig);
	c.fd = rig_connect(&rig);
	c.in = malloc(RIG_BUFFER);
	hello = client_next(&c);
	assert_int_equal(json_integer_value(json_object_get(hello, "protocol")), PROTOCOL_VERSION);
	assert_string_equal(json_string_value(json_object_get(hello, "wirechief")), VERSION);
	assert_string_equal(json_string_value(json_object_get(hello, "domain")), "example.com");
	assert_string_equal(json_string_value(json_object_get(hello, "role")), "operator");
	json_decref(hello);
	client_close(&c);
	rig_close(&rig);
}

static void
test_every_command_has_its_handler(void **state)
{
	char	name[64];

	(void)state;
	for (size_t i = 0; i < n_commands; i++) {
		(void)snprintf(name, sizeof name, "%s%s%s", commands[i].noun == NULL ? "" : commands[i].noun,
		    commands[i].noun == NULL ? "" : " ", commands[i].verb);
		if (handler_find(name) == NULL)
			fail_msg("no handler for %s", name);
	}
}

static void
test_commands(void **state)
{
	struct rig	 rig;
	struct client	 c;
	json_t		*reply, *ok;

	(void)state;
	rig_open(&rig);
	client_open(&c, &rig);
	refused(CLIENT_CALL(&c, "{s:s, s:s}", "do", "account add", "name", "alice"), "invalid", "group");
	done(CLIENT_CALL(&c, "{s:s, s:s, s:{s:s}}", "do", "group add", "name", "sales", "set", "description", "who sell"));
	refused(CLIENT_CALL(&c, "{s:s, s:s}", "do", "group add", "name", "sales"), "exists", "name");
	reply = CLIENT_CALL(&c, "{s:s, s:s, s:{s:s, s:s, s:s}}", "do", "account add", "name", "alice", "set", "group", "sales", "caller_id",
	    "+393401112223", "password", "random");
	ok = ok_of(reply);
	assert_string_equal(json_string_value(json_object_get(ok, "username")), "alice");
	assert_string_equal(json_string_value(json_object_get(ok, "group")), "sales");
	assert_true(json_is_true(json_object_get(ok, "enabled")));
	assert_null(json_object_get(ok, "password"));
	assert_true(json_is_null(json_object_get(ok, "owner")));
	assert_true(strlen(json_string_value(json_object_get(reply, "password"))) >= 16);
	json_decref(reply);
	reply = CLIENT_CALL(&c, "{s:s, s:s}", "do", "account show", "name", "alice");
	assert_int_equal(json_array_size(json_object_get(reply, "registrations")), 0);
	assert_null(json_object_get(reply, "password"));
	json_decref(reply);
	refused(CLIENT_CALL(&c, "{s:s, s:s}", "do", "account show", "name", "bob"), "not-found", "");
	refused(CLIENT_CALL(&c, "{s:s}", "do", "account show"), "usage", "");
	refused(CLIENT_CALL(&c, "{s:s, s:i}", "do", "account show", "name", 5), "usage", "");
	refused(CLIENT_CALL(&c, "{s:s}", "do", "account\033 explode"), "usage", "");
	refused(CLIENT_CALL(&c, "{s:s, s:s, s:i}", "do", "account delete", "name", "alice", "dry", 1), "usage", "");
	refused(CLIENT_CALL(&c, "{s:s, s:s, s:i}", "do", "registration drop", "name", "alice", "contact", 1), "usage", "");
	done(CLIENT_CALL(&c, "{s:s, s:s, s:n}", "do", "account show", "name", "alice", "version"));
	refused(CLIENT_CALL(&c, "{s:s, s:s}", "do", "group delete", "name", "sales"), "in-use", "");
	reply = CLIENT_CALL(&c, "{s:s}", "do", "status");
	ok = ok_of(reply);
	for (size_t i = 0; i < n_status_fields; i++)
		if (json_object_get(ok, status_fields[i].name) == NULL)
			fail_msg("status lacks %s", status_fields[i].name);
	assert_int_equal(json_integer_value(json_object_get(ok, "accounts")), 1);
	assert_true(json_array_size(json_object_get(ok, "warnings")) >= 1);	/* no front runs here */
	json_decref(reply);
	assert_int_equal(ok_number(CLIENT_CALL(&c, "{s:s, s:s, s:b}", "do", "account delete", "name", "alice", "dry", 1), "registrations"), 0);
	done(CLIENT_CALL(&c, "{s:s, s:s}", "do", "account delete", "name", "alice"));
	done(CLIENT_CALL(&c, "{s:s, s:s}", "do", "group delete", "name", "sales"));
	assert_true(ok_number(CLIENT_CALL(&c, "{s:s}", "do", "verify"), "checked") > 0);
	assert_int_equal(ok_number(CLIENT_CALL(&c, "{s:s}", "do", "event verify"), "checked"), 4);
	client_close(&c);
	rig_close(&rig);
}

static void
test_lists(void **state)
{
	enum { N = 500 };
	struct rig	 rig;
	struct client	 c;
	char		 name[16], last[16] = "";
	json_t		*line;
	int		 rows = 0;

	(void)state;
	rig_open(&rig);
	client_open(&c, &rig);
	done(CLIENT_CALL(&c, "{s:s, s:s}", "do", "group add", "name", "g"));
	for (int i = 0; i < N; i++) {
		(void)snprintf(name, sizeof name, "u%04d", (i * 7919) % N);
		done(CLIENT_CALL(&c, "{s:s, s:s, s:{s:s, s:s}}", "do", "account add", "name", name, "set", "group", "g", "owner",
		    i % 2 ? "Odd One" : "Even"));
	}
	client_ask(&c, "{s:s, s:s}", "do", "account list", "sort", "username");
	while (json_object_get(line = client_next(&c), "row") != NULL) {
		const char	*now = json_string_value(json_object_get(json_object_get(line, "row"), "username"));

		assert_true(strcmp(now, last) > 0);
		(void)snprintf(last, sizeof last, "%s", now);
		json_decref(line);
		rows++;
	}
	assert_int_equal(rows, N);
	assert_int_equal(ok_number(line, "rows"), N);
	client_ask(&c, "{s:s, s:s, s:b, s:i}", "do", "account list", "sort", "username", "reverse", 1, "limit", 3);
	line = client_next(&c);
	assert_string_equal(json_string_value(json_object_get(json_object_get(line, "row"), "username")), "u0499");
	json_decref(line);
	assert_int_equal(ok_number(client_answer(&c), "rows"), 3);
	assert_int_equal(ok_number(CLIENT_CALL(&c, "{s:s, s:s}", "do", "account list", "query", "ODD AND u000?"), "rows"), 5);
	assert_int_equal(ok_number(CLIENT_CALL(&c, "{s:s, s:s}", "do", "account list", "query", "owner:even"), "rows"), N / 2);
	assert_int_equal(ok_number(CLIENT_CALL(&c, "{s:s, s:s}", "do", "account list", "group", "g"), "rows"), N);
	refused(CLIENT_CALL(&c, "{s:s, s:s}", "do", "account list", "group", "h"), "not-found", "group");
	refused(CLIENT_CALL(&c, "{s:s, s:s}", "do", "account list", "sort", "password"), "invalid", "sort");
	assert_int_equal(ok_number(CLIENT_CALL(&c, "{s:s}", "do", "registration list"), "rows"), 0);
	client_ask(&c, "{s:s, s:i}", "do", "event list", "limit", 1);
	line = client_next(&c);
	assert_string_equal(json_string_value(json_object_get(json_object_get(line, "row"), "subject")), name);	/* the newest */
	json_decref(line);
	json_decref(client_answer(&c));
	client_close(&c);
	rig_close(&rig);
}

/* An edit is answered only when it is on disk, and refused when it can't get there. */
static void
test_saved_means_durable(void **state)
{
	struct rig	rig;
	struct client	c;

	(void)state;
	rig_open(&rig);
	client_open(&c, &rig);
	done(CLIENT_CALL(&c, "{s:s, s:s}", "do", "group add", "name", "g"));
	store_fault(rig.k.db.store, true);
	refused(CLIENT_CALL(&c, "{s:s, s:s, s:{s:s}}", "do", "account add", "name", "alice", "set", "group", "g"), "unavailable", "");
	store_fault(rig.k.db.store, false);
	refused(CLIENT_CALL(&c, "{s:s, s:s}", "do", "account show", "name", "alice"), "not-found", "");
	assert_int_equal(ok_number(CLIENT_CALL(&c, "{s:s}", "do", "status"), "accounts"), 0);
	done(CLIENT_CALL(&c, "{s:s, s:s, s:{s:s}}", "do", "account add", "name", "alice", "set", "group", "g"));
	/* Nobody waits for this one any more when it becomes durable. */
	client_ask(&c, "{s:s, s:s}", "do", "account disable", "name", "alice");
	client_close(&c);
	client_open(&c, &rig);
	done(CLIENT_CALL(&c, "{s:s}", "do", "status"));
	client_close(&c);
	rig_close(&rig);
}

static void
test_garbage(void **state)
{
	static const char *const	lines[] = {
		"hello\n", "[]\n", "{\"id\":1\n", "\"x\"\n", "{\"id\":1,\"id\":2}\n", "\xff\xfe\n", "{\"id\":1,\"do\":\"\\u0000\"}x\n",
	};
	struct rig			rig;
	struct client			c;
	char				deep[4096];

	(void)state;
	rig_open(&rig);
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		client_open(&c, &rig);
		client_write(&c, lines[i], strlen(lines[i]));
		refused(client_next(&c), "usage", "");
		assert_null(client_next(&c));		/* and closed */
		client_close(&c);
	}
	memset(deep, '[', sizeof deep);
	deep[sizeof deep - 1] = '\n';
	client_open(&c, &rig);
	client_write(&c, deep, sizeof deep);
	refused(client_next(&c), "usage", "");
	client_close(&c);
	/* A request that is JSON and no request is refused; the connection stays. */
	client_open(&c, &rig);
	client_write(&c, "{}\n{\"id\":7}\n", strlen("{}\n{\"id\":7}\n"));
	refused(client_next(&c), "usage", "");
	refused(client_next(&c), "usage", "");
	done(CLIENT_CALL(&c, "{s:s}", "do", "status"));
	client_close(&c);
	rig_close(&rig);
}

/* 100 MB without a newline: one refusal, and no memory for it. */
static void
test_endless_line(void **state)
{
	struct rig	 rig;
	struct client	 c;
	char		*much = malloc(1 << 20);

	(void)state;
	memset(much, 'x', 1 << 20);
	rig_open(&rig);
	client_open(&c, &rig);
	for (int i = 0; i < 100; i++)
		client_write(&c, much, 1 << 20);	/* gives up when the daemon hangs up */
	refused(client_next(&c), "too-large", "");
	assert_null(client_next(&c));
	client_close(&c);
	client_open(&c, &rig);
	done(CLIENT_CALL(&c, "{s:s}", "do", "status"));
	client_close(&c);
	free(much);
	rig_close(&rig);
}

static void
test_connection_limit(void **state)
{
	struct rig	rig;
	struct client	c[PEER_PER_UID], over = { .rig = &rig };

	(void)state;
	rig_open(&rig);
	for (int i = 0; i < PEER_PER_UID; i++)
		client_open(&c[i], &rig);
	over.fd = rig_connect(&rig);
	over.in = malloc(RIG_BUFFER);
	refused(client_next(&over), "busy", "");
	assert_null(client_next(&over));
	client_close(&over);
	client_close(&c[0]);
	client_open(&c[0], &rig);		/* there is room again */
	for (int i = 0; i < PEER_PER_UID; i++)
		client_close(&c[i]);
	rig_close(&rig);
}

/* Connects as another user and prints the first line that the daemon says; asks to make a group if it gets in. */
static void
be_somebody(struct rig *rig, uid_t uid, int out)
{
	static const char	ask[] = "{\"id\":1,\"do\":\"group add\",\"name\":\"x\"}\n{\"id\":2,\"do\":\"status\"}\n";
	struct sockaddr_un	sun = { .sun_family = AF_UNIX };
	int			fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char			buf[4096];
	ssize_t			n;

	(void)snprintf(sun.sun_path, sizeof sun.sun_path, "%s", rig->k.conf.control.socket);
	if (setresuid(uid, uid, uid) != 0 || connect(fd, (struct sockaddr *)&sun, sizeof sun) != 0)
		_exit(1);
	if (send(fd, ask, sizeof ask - 1, MSG_NOSIGNAL) < 0)
		_exit(0);
	(void)shutdown(fd, SHUT_WR);
	while ((n = read(fd, buf, sizeof buf)) > 0)
		if (write(out, buf, (size_t)n) != n)
			_exit(1);
	_exit(0);
}

static void
what_somebody_sees(struct rig *rig, uid_t uid, char *text, size_t size)
{
	int	fds[2], status;
	pid_t	pid;
	size_t	at = 0;
	ssize_t	n = 1;

	assert_int_equal(pipe(fds), 0);
	if ((pid = fork()) == 0) {
		close(fds[0]);
		be_somebody(rig, uid, fds[1]);
	}
	close(fds[1]);
	while (n > 0) {
		struct pollfd	p = { .fd = fds[0], .events = POLLIN };

		rig_turn(rig);
		if (poll(&p, 1, 1) > 0 && (n = read(fds[0], text + at, size - 1 - at)) > 0)
			at += (size_t)n;
	}
	text[at] = '\0';
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void
test_roles(void **state)
{
	struct rig	rig;
	char		text[8192];
	struct stat	st;

	(void)state;
	if (geteuid() != 0)
		skip();		/* only root can be somebody else */
	rig_open(&rig);
	assert_int_equal(chmod(rig.folder, 0755), 0);
	assert_int_equal(stat(rig.k.conf.control.socket, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0666);
	/* "daemon" is user 1 and group 1, "bin" 2 and 2 wherever Debian is. */
	(void)snprintf(rig.k.conf.control.operators, sizeof rig.k.conf.control.operators, "daemon");
	(void)snprintf(rig.k.conf.control.viewers, sizeof rig.k.conf.control.viewers, "bin");
	what_somebody_sees(&rig, 65534, text, sizeof text);
	assert_non_null(strstr(text, "\"denied\""));
	assert_null(strstr(text, "\"wirechief\""));
	assert_null(strstr(text, "\"ok\""));
	what_somebody_sees(&rig, 2, text, sizeof text);
	assert_non_null(strstr(text, "\"role\":\"viewer\""));
	assert_non_null(strstr(text, "{\"error\":{\"code\":\"denied\""));
	assert_non_null(strstr(text, "\"accounts\":0"));
	what_somebody_sees(&rig, 1, text, sizeof text);
	assert_non_null(strstr(text, "\"role\":\"operator\""));
	assert_non_null(strstr(text, "\"user\":\"daemon\""));
	assert_null(strstr(text, "\"denied\""));
	rig_close(&rig);
}

/* A viewer may do exactly what the table says. */
static void
test_viewer_may_change_nothing(void **state)
{
	struct rig	 rig;
	struct client	 c;
	struct peer	*p;
	char		 name[64];

	(void)state;
	rig_open(&rig);
	client_open(&c, &rig);
	done(CLIENT_CALL(&c, "{s:s, s:s}", "do", "group add", "name", "g"));
	TAILQ_FOREACH(p, &rig.k.control->peers, link)
		p->role = ROLE_VIEWER;
	for (size_t i = 0; i < n_commands; i++) {
		json_t	*reply;

		if (commands[i].reply == REPLY_STREAM)
			continue;
		(void)snprintf(name, sizeof name, "%s%s%s", commands[i].noun == NULL ? "" : commands[i].noun,
		    commands[i].noun == NULL ? "" : " ", commands[i].verb);
		reply = CLIENT_CALL(&c, "{s:s, s:s, s:s}", "do", name, "name", "g", "word", "sip");
		if ((strcmp(error_code(reply), "denied") == 0) != (commands[i].role == ROLE_OPERATOR))
			fail_msg("%s: %s", name, error_code(reply));
		json_decref(reply);
	}
	client_close(&c);
	rig_close(&rig);
}

/* Any value under any argument of any request: an answer, never a crash, and what is stored still agrees. */
static void
test_odd_arguments(void **state)
{
	static const char *const	more[] = { "view", "view find", "view close", "status watch", "cancel" };
	static const char *const	keys[] = {
		"name", "query", "sort", "reverse", "limit", "group", "set", "version", "was", "dry", "contact", "word", "of", "kind",
		"filter", "first", "count", "at", "text",
	};
	static const char *const	values[] = {
		"null", "true", "false", "0", "-1", "1", "2", "9223372036854775807", "-9223372036854775808", "1.5", "\"\"", "\"g\"",
		"\"alice\"", "\"account\"", "\"registration\"", "\"event\"", "\"group\"", "\"owner\"", "\"username\"", "\"time\"",
		"\"\xc4\xb0:x \xf0\x9f\x98\x80\"", "\"a0000000000000001\"", "\"azz00000000000001\"", "[]", "{}",
		"{\"owner\":\"x\"}", "{\"owner\":5,\"group\":\"g\"}", "{\"group\":\"g\",\"caller_id\":\"1\"}", "{\"id\":1}",
		"{\"version\":9}", "{\"name\":null}", "{\"password\":\"random\",\"group\":\"g\"}", "{\"enabled\":[]}",
		"{\"max_contacts\":4294967296}", "{\"description\":\"\\u001b[2J\"}",
	};
	struct rig			rig;
	struct client			c;
	char				line[2048];

	(void)state;
	rig_open(&rig);
	client_open(&c, &rig);
	done(CLIENT_CALL(&c, "{s:s, s:s}", "do", "group add", "name", "g"));
	for (int i = 0; i < 6000; i++) {
		size_t		 which = randombytes_uniform((uint32_t)(n_commands + sizeof more / sizeof more[0])), at;
		const struct command	*cmd = which < n_commands ? &commands[which] : NULL;

		at = (size_t)snprintf(line, sizeof line, "{\"id\":%d,\"do\":\"%s%s%s\"", i, cmd == NULL || cmd->noun == NULL ? "" : cmd->noun,
		    cmd == NULL || cmd->noun == NULL ? "" : " ", cmd == NULL ? more[which - n_commands] : cmd->verb);
		for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++)
			if (randombytes_uniform(3) == 0)
				at += (size_t)snprintf(line + at, sizeof line - at, ",\"%s\":%s", keys[k],
				    values[randombytes_uniform(sizeof values / sizeof values[0])]);
		at += (size_t)snprintf(line + at, sizeof line - at, "}\n");
		client_write(&c, line, at);
		while (recv(c.fd, c.in, RIG_BUFFER, 0) > 0)
			continue;
		rig_turn(&rig);
		assert_int_equal(rig.k.control->n_peers, 1);
		if (i % 500 == 499) {		/* its watches and views pile up */
			client_close(&c);
			client_open(&c, &rig);
		}
	}
	client_close(&c);
	client_open(&c, &rig);
	assert_true(ok_number(CLIENT_CALL(&c, "{s:s}", "do", "verify"), "checked") > 0);
	assert_true(ok_number(CLIENT_CALL(&c, "{s:s}", "do", "event verify"), "checked") > 0);
	client_close(&c);
	rig_close(&rig);
}

static void
test_second_daemon(void **state)
{
	struct rig	 rig;
	char		 why[256], path[108];
	struct control	*second;

	(void)state;
	rig_open(&rig);
	assert_null(control_new(&rig.k, why, sizeof why));
	assert_non_null(strstr(why, "another daemon"));
	/* A socket file that nobody answers at is replaced; a file that is none is left alone. */
	(void)snprintf(path, sizeof path, "%s", rig.k.conf.control.socket);
	(void)snprintf(rig.k.conf.control.socket, sizeof rig.k.conf.control.socket, "%s/b.sock", rig.folder);
	assert_non_null(second = control_new(&rig.k, why, sizeof why));
	control_free(second);
	assert_int_equal(access(rig.k.conf.control.socket, F_OK), -1);
	{
		struct sockaddr_un	sun = { .sun_family = AF_UNIX };
		int			fd = socket(AF_UNIX, SOCK_STREAM, 0);

		(void)snprintf(sun.sun_path, sizeof sun.sun_path, "%s", rig.k.conf.control.socket);
		assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof sun), 0);
		close(fd);
	}
	assert_non_null(second = control_new(&rig.k, why, sizeof why));
	control_free(second);
	close(creat(rig.k.conf.control.socket, 0600));
	assert_null(control_new(&rig.k, why, sizeof why));
	assert_non_null(strstr(why, "not a socket"));
	assert_int_equal(unlink(rig.k.conf.control.socket), 0);
	(void)snprintf(rig.k.conf.control.socket, sizeof rig.k.conf.control.socket, "%s", path);
	rig_close(&rig);
}

static void
test_watches(void **state)
{
	struct rig	 rig;
	struct client	 c, op;
	json_t		*line;
	json_int_t	 watch, disabled;

	(void)state;
	rig_open(&rig);
	client_open(&c, &rig);
	client_open(&op, &rig);
	done(CLIENT_CALL(&op, "{s:s, s:s}", "do", "group add", "name", "g"));
	done(CLIENT_CALL(&op, "{s:s, s:s, s:{s:s}}", "do", "account add", "name", "alice", "set", "group", "g"));
	watch = client_ask(&c, "{s:s}", "do", "event watch");
	done(client_answer(&c));
	done(CLIENT_CALL(&op, "{s:s, s:s}", "do", "account disable", "name", "alice"));
	line = client_next(&c);
	assert_int_equal(json_integer_value(json_object_get(line, "id")), watch);
	assert_string_equal(json_string_value(json_object_get(line, "event")), "added");
	assert_string_equal(json_string_value(json_object_get(json_object_get(line, "row"), "event")), "account alice: enabled yes -> no");
	assert_string_equal(json_string_value(json_object_get(json_object_get(line, "row"), "operator")), rig_operator());
	json_decref(line);
	done(CLIENT_CALL(&c, "{s:s, s:I}", "do", "cancel", "of", watch));
	refused(CLIENT_CALL(&c, "{s:s, s:I}", "do", "cancel", "of", watch), "not-found", "");
	client_ask(&c, "{s:s}", "do", "registration watch");
	done(client_answer(&c));
	rig_bind(&rig, 1, 1, 1, keeper_now(&rig.k) + 60000, true);
	line = client_next(&c);
	assert_string_equal(json_string_value(json_object_get(line, "event")), "added");
	assert_string_equal(json_string_value(json_object_get(json_object_get(line, "row"), "username")), "alice");
	assert_string_equal(json_string_value(json_object_get(json_object_get(line, "row"), "ip_addr")), "192.0.2.17");
	json_decref(line);
	assert_int_equal(ok_number(CLIENT_CALL(&op, "{s:s, s:s}", "do", "registration drop", "name", "alice"), "dropped"), 1);
	line = client_next(&c);
	assert_string_equal(json_string_value(json_object_get(line, "event")), "removed");
	json_decref(line);
	client_ask(&c, "{s:s}", "do", "status watch");
	done(client_answer(&c));
	line = client_next(&c);
	assert_non_null(json_object_get(line, "status"));
	json_decref(line);
	done(CLIENT_CALL(&op, "{s:s, s:s}", "do", "account enable", "name", "alice"));
	do {				/* one from before may be under way */
		line = client_next(&c);
		assert_non_null(line);
		disabled = json_integer_value(json_object_get(json_object_get(line, "status"), "disabled"));
		json_decref(line);
	} while (disabled != 0);
	client_close(&op);
	client_close(&c);
	rig_close(&rig);
}

/* Who asks without reading is not read from any more; who watches without reading is dropped with a reason. */
static void
test_slow_reader(void **state)
{
	static const char	 ask[] = "{\"id\":1,\"do\":\"account show\",\"name\":\"alice\"}\n";
	struct rig		 rig;
	struct client		 slow, op;
	struct peer		*p;
	size_t			 most = 0, dropped = 0, at = 0;

	(void)state;
	rig_open(&rig);
	client_open(&op, &rig);
	done(CLIENT_CALL(&op, "{s:s, s:s}", "do", "group add", "name", "g"));
	done(CLIENT_CALL(&op, "{s:s, s:s, s:{s:s}}", "do", "account add", "name", "alice", "set", "group", "g"));
	client_open(&slow, &rig);
	for (int i = 0; i < 20000; i++) {
		ssize_t	n = send(slow.fd, ask + at, sizeof ask - 1 - at, MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN)
			fail_msg("%s", strerror(errno));
		at = n < 0 ? at : (at + (size_t)n) % (sizeof ask - 1);
		rig_turn(&rig);
		TAILQ_FOREACH(p, &rig.k.control->peers, link)
			most = peer_unread(p) > most ? peer_unread(p) : most;
	}
	assert_true(most >= PEER_UNREAD_PAUSE && most < PEER_UNREAD_PAUSE + 16384);
	client_close(&slow);
	client_open(&slow, &rig);
	client_ask(&slow, "{s:s}", "do", "event watch");
	done(client_answer(&slow));
	for (int i = 0; i < 20000 && dropped == 0; i++) {
		struct txn	*t = txn_new(rig.k.db.store);

		for (int j = 0; j < 20; j++)
			events_add(rig.k.events, t, EVENT_INFO, "test", "x", NULL, "%0400d", j);
		assert_int_equal(store_commit(t, NULL, NULL), 0);
		rig_turn(&rig);
		rig_turn(&rig);
		dropped = rig.k.control->n_peers < 2;
		TAILQ_FOREACH(p, &rig.k.control->peers, link) {
			assert_true(peer_unread(p) < PEER_UNREAD_MAX + 65536);
			dropped |= p->closing;
		}
	}
	assert_int_equal(dropped, 1);
	client_close(&slow);
	done(CLIENT_CALL(&op, "{s:s}", "do", "status"));
	client_close(&op);
	rig_close(&rig);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_greeting), cmocka_unit_test(test_every_command_has_its_handler), cmocka_unit_test(test_commands),
		cmocka_unit_test(test_lists), cmocka_unit_test(test_saved_means_durable), cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_endless_line), cmocka_unit_test(test_connection_limit), cmocka_unit_test(test_roles),
		cmocka_unit_test(test_viewer_may_change_nothing), cmocka_unit_test(test_odd_arguments), cmocka_unit_test(test_second_daemon), cmocka_unit_test(test_watches),
		cmocka_unit_test(test_slow_reader),
	};

	return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
