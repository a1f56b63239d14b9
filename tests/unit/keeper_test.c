/* links: db keeper sipd */
/*
 * The keeper as a process of its own: how it starts, refuses to start, stops; and that every 200 it ever sent stands in the store after
 * kill -9 at random moments (reliability F1, the keeper's part).
 */
#include "keeper_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sofia-sip/su_md5.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/varint.h"
#include "sipd/keeper/refresh.h"

enum { ACCOUNTS = 300, ROUNDS = 10, WINDOW = 64, CONTACTS = 40, ASKS = ACCOUNTS * CONTACTS };

struct fixture {
	char		 dir[64];
	struct config	 conf;
	pid_t		 pid;
	int		 order_fd;
	struct channel	*channel;
	struct boot_order said;				/* READY or FAIL */
	/* The load: ask i registers contact i of account i % ACCOUNTS. */
	bool		 gone;
	char		 nonce[NONCE_TEXT];
	uint32_t	 nc, cseq;
	unsigned	 next, outstanding;
	bool		 answered[ASKS];
	unsigned	 n_answered;
};

static int
setup(void **state)
{
	struct fixture	*f = calloc(1, sizeof *f);
	char		 text[512], why[256];

	strcpy(f->dir, "/tmp/keeper-test-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	assert_true(sodium_init() >= 0);
	log_init("keeper", LOG_L_ERR);
	(void)snprintf(text, sizeof text, "domain = {\"" FIXTURE_DOMAIN "\"}\nstate_dir = \"%s/state\"\nlisten = {\"udp:127.0.0.1:5060\"}\n"
	    "control { socket = \"%s/control.sock\" }\n", f->dir, f->dir);
	assert_int_equal(config_parse(&f->conf, "test", text, why, sizeof why), 0);
	*state = f;
	return 0;
}

static void
end(struct fixture *f, int signal)
{
	int	status;

	if (f->pid <= 0)
		return;
	(void)kill(f->pid, signal);
	assert_int_equal(waitpid(f->pid, &status, 0), f->pid);
	f->pid = 0;
	channel_free(f->channel);
	f->channel = NULL;
	close(f->order_fd);
}

static int
teardown(void **state)
{
	struct fixture	*f = *state;
	char		 command[128];

	end(f, SIGKILL);
	(void)snprintf(command, sizeof command, "rm -rf %s", f->dir);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static void	on_answer(void *, const struct frame *);

static void
on_gone(void *arg, int rc)
{
	(void)rc;
	((struct fixture *)arg)->gone = true;
}

/* Starts a keeper; f->said is what it answers. */
static void
start(struct fixture *f)
{
	struct boot_order	o = { .type = ORDER_CHANNEL, .peer = PROC_SIP, .fds = { -1, -1, -1 } };
	struct pollfd		p = { .events = POLLIN };
	int			orders[2], frames[2], rc;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, orders), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, frames), 0);
	(void)fflush(NULL);
	if ((f->pid = fork()) == 0) {
		struct boot	boot = { .process = PROC_KEEPER, .conf = f->conf, .conf_name = "test", .order_fd = orders[1] };

		close(orders[0]);
		close(frames[0]);
		close(frames[1]);
		_exit(keeper_main(&boot));
	}
	close(orders[1]);
	f->order_fd = p.fd = orders[0];
	f->gone = false;
	f->outstanding = 0;
	f->channel = channel_new(frames[0], on_answer, on_gone, f);
	o.fds[0] = frames[1];
	rc = boot_send(f->order_fd, &o);
	assert_true(rc == 0 || rc == -EPIPE || rc == -ECONNRESET);	/* it may have refused already: its word waits */
	close(frames[1]);
	assert_int_equal(poll(&p, 1, 60000), 1);
	assert_int_equal(boot_receive(f->order_fd, &f->said), 1);
}

static int
stop(struct fixture *f)
{
	struct boot_order	o = { .type = ORDER_STOP, .fds = { -1, -1, -1 } };
	int			status;

	assert_int_equal(boot_send(f->order_fd, &o), 0);
	assert_int_equal(waitpid(f->pid, &status, 0), f->pid);
	f->pid = 0;
	channel_free(f->channel);
	f->channel = NULL;
	close(f->order_fd);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static mode_t
mode_of(struct fixture *f, const char *name)
{
	char		path[128];
	struct stat	st;

	(void)snprintf(path, sizeof path, "%s/state%s", f->dir, name);
	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static void
test_start_and_stop(void **state)
{
	struct fixture	*f = *state;

	start(f);
	assert_int_equal(f->said.type, ORDER_READY);
	assert_int_equal(mode_of(f, ""), 0700);
	assert_int_equal(mode_of(f, "/store"), 0700);
	assert_int_equal(mode_of(f, "/store/data.mdb") & 077, 0);
	assert_int_equal(mode_of(f, "/master.key"), 0400);
	assert_int_equal(stop(f), 0);
	start(f);
	assert_int_equal(f->said.type, ORDER_READY);
	assert_int_equal(stop(f), 0);
}

static void
test_supervisor_dies(void **state)
{
	struct fixture	*f = *state;
	int		 status;

	start(f);
	close(f->order_fd);
	f->order_fd = -1;
	assert_int_equal(waitpid(f->pid, &status, 0), f->pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	f->pid = 0;
	channel_free(f->channel);
}

/* Starts, expects a refusal that says text, and waits for its end. */
static void
must_refuse(struct fixture *f, const char *text)
{
	int	status;

	start(f);
	if (f->said.type != ORDER_FAIL || strstr(f->said.text, text) == NULL || strchr(f->said.text, '\n') != NULL)
		fail_msg("\"%s\" for \"%s\"", f->said.text, text);
	assert_int_equal(waitpid(f->pid, &status, 0), f->pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 0);
	f->pid = 0;
	channel_free(f->channel);
	f->channel = NULL;
	close(f->order_fd);
}

static struct db
open_db(struct fixture *f)
{
	struct db	db;
	char		path[128], why[256];

	(void)snprintf(path, sizeof path, "%s/state", f->dir);
	(void)mkdir(path, 0700);
	(void)snprintf(path, sizeof path, "%s/state/store", f->dir);
	(void)mkdir(path, 0700);
	assert_int_equal(store_open_lmdb(&db.store, path, 0, why, sizeof why), 0);
	(void)snprintf(path, sizeof path, "%s/state/master.key", f->dir);
	assert_int_equal(seal_open(&db.seal, path, true, why, sizeof why), 0);
	return db;
}

static void
close_db(struct db *db)
{
	store_close(db->store);
	seal_close(db->seal);
}

static void
make_accounts(struct fixture *f)
{
	struct db	 db = open_db(f);
	struct txn	*txn;
	struct account	 a;

	for (unsigned i = 0; i < ACCOUNTS; i++) {
		txn = txn_new(db.store);
		account_defaults(&a);
		a.id = i + 1;
		a.group_id = 1;
		a.max_contacts = CONTACTS;
		(void)snprintf(a.username, sizeof a.username, "u%u", i);
		(void)snprintf(a.password, sizeof a.password, "secret");
		digest_set_password(&a, FIXTURE_DOMAIN);
		table_put(txn, &db, &account_kind, &a);
		count_add(txn, &db, "accounts", 1);
		assert_int_equal(store_commit(txn, NULL, NULL), 0);
	}
	assert_int_equal(store_sync(db.store), 0);
	close_db(&db);
}

static void
test_refusals(void **state)
{
	struct fixture	*f = *state, *second = calloc(1, sizeof *second);
	char		 path[128];
	int		 fd;

	make_accounts(f);
	start(f);
	second->conf = f->conf;
	must_refuse(second, "in use by process");
	free(second);
	assert_int_equal(stop(f), 0);
	(void)snprintf(path, sizeof path, "%s/state/master.key", f->dir);
	assert_int_equal(unlink(path), 0);
	must_refuse(f, "master.key: is gone");
	(void)snprintf(path, sizeof path, "%s/state/store/data.mdb", f->dir);
	assert_true((fd = open(path, O_WRONLY)) >= 0);
	for (int i = 0; i < 64; i++)
		assert_int_equal(write(fd, "this is not what was written here", 32), 32);
	close(fd);
	must_refuse(f, "data.mdb");
	(void)snprintf(f->conf.state_dir, sizeof f->conf.state_dir, "/proc/nowhere/state");
	must_refuse(f, "/proc/nowhere");
}

static void
md5_hex(const char *text, char out[33])
{
	su_md5_t	ctx;

	su_md5_init(&ctx);
	su_md5_update(&ctx, text, (usize_t)strlen(text));
	su_md5_hexdigest(&ctx, out);
}

static void
send_ask(struct fixture *f, unsigned i)
{
	struct register_ask	ask = { .aor_sip = true, .transport = TRANSPORT_UDP, .via_one_hop = true, .expires = 3600 };
	struct register_contact	c = { .q = 1000, .expires = EXPIRES_ABSENT };
	uint8_t			contacts[256];
	char			user[16], uri[64], nc[9], text[512], a1[33], a2[33], response[33];

	(void)snprintf(user, sizeof user, "u%u", i % ACCOUNTS);
	(void)snprintf(uri, sizeof uri, "sip:%s@192.0.2.1:%u", user, 1000 + i / ACCOUNTS);
	c.uri = span_of(uri);
	assert_int_equal(addr_parse(&ask.source, "192.0.2.1:5060"), 0);
	ask.host = ask.aor_host = span_of(FIXTURE_DOMAIN);
	ask.aor_user = span_of(user);
	ask.call_id = span_of("call");
	ask.cseq = ++f->cseq;
	ask.contacts = (struct span){ (char *)contacts, (size_t)contact_append(contacts, 0, sizeof contacts, &c) };
	ask.n_contacts = 1;
	if (f->nonce[0] != '\0') {
		(void)snprintf(text, sizeof text, "%s:" FIXTURE_DOMAIN ":secret", user);
		md5_hex(text, a1);
		md5_hex("REGISTER:sip:" FIXTURE_DOMAIN, a2);
		(void)snprintf(nc, sizeof nc, "%08x", ++f->nc);
		(void)snprintf(text, sizeof text, "%s:%s:%s:cn:auth:%s", a1, f->nonce, nc, a2);
		md5_hex(text, response);
		ask.authorized = true;
		ask.username = span_of(user);
		ask.realm = span_of(FIXTURE_DOMAIN);
		ask.nonce = span_of(f->nonce);
		ask.uri = span_of("sip:" FIXTURE_DOMAIN);
		ask.response = span_of(response);
		ask.cnonce = span_of("cn");
		ask.nc = span_of(nc);
		ask.qop = span_of("auth");
	}
	if (channel_send(f->channel, WIRE_REGISTER, i, &ask) == 0)
		f->outstanding++;
}

static void
on_answer(void *arg, const struct frame *frame)
{
	struct fixture		*f = arg;
	struct register_answer	 a;

	if (frame->type == WIRE_SEND)		/* a probe of what registered */
		return;
	assert_int_equal(frame->type, WIRE_REGISTER_ANSWER);
	assert_int_equal(frame_decode(frame, &a), 0);
	f->outstanding--;
	if (a.code == 401) {
		(void)span_get(a.nonce_md5, f->nonce, sizeof f->nonce);
		f->nc = 0;
		return;
	}
	assert_int_equal(a.code, 200);
	f->n_answered += !f->answered[frame->id];
	f->answered[frame->id] = true;
}

static void
turn(struct fixture *f)
{
	struct pollfd	p = { .fd = channel_fd(f->channel), .events = POLLIN };

	channel_flush(f->channel);
	if (poll(&p, 1, 10) == 1)
		channel_read(f->channel);
}

/* One answered 401, so that there is a nonce of this keeper. */
static void
challenge(struct fixture *f)
{
	f->nonce[0] = '\0';
	send_ask(f, 0);
	while (f->outstanding > 0 && !f->gone)
		turn(f);
}

/* So long, and until something was answered. */
static void
load(struct fixture *f, int64_t until_ms)
{
	unsigned	before = f->n_answered;

	while ((clock_boot_ms() < until_ms || f->n_answered < before + 2) && f->n_answered < ASKS && !f->gone) {
		while (f->outstanding < WINDOW && f->next < ASKS)
			send_ask(f, f->next++);
		turn(f);
	}
}

struct seen {
	bool		there[ASKS];
	unsigned	n;
};

static int
see(void *arg, const void *record)
{
	struct seen		*s = arg;
	const struct binding	*b = record;
	unsigned		 port;

	assert_int_equal(sscanf(strrchr(b->contact, ':'), ":%u", &port), 1);
	s->there[(port - 1000) * ACCOUNTS + b->account_id - 1] = true;
	s->n++;
	return 0;
}

static void
check_store(struct fixture *f)
{
	struct keeper		 k = { .db = open_db(f) };
	struct seen		*s = calloc(1, sizeof *s);
	struct events_check	 chain = { .begun = false };
	int			 rc;

	assert_int_equal(table_each(&k.db, &binding_kind, NULL, 0, see, s), 0);
	for (unsigned i = 0; i < ASKS; i++)
		if (f->answered[i] && !s->there[i])
			fail_msg("registration %u of %u was answered and is gone", i, f->n_answered);
	assert_int_equal(count_get(&k.db, "bindings"), s->n);
	assert_int_equal(table_verify(&k.db, &binding_kind, NULL, NULL), 0);
	assert_int_equal(table_verify(&k.db, &account_kind, NULL, NULL), 0);
	k.events = events_new(&k);
	while ((rc = events_verify(k.events, &chain, 1000)) == 1)
		continue;
	assert_int_equal(rc, 0);
	assert_int_equal(chain.checked, s->n);
	events_free(k.events);
	close_db(&k.db);
	free(s);
}

static void
test_kill(void **state)
{
	struct fixture	*f = *state;
	unsigned	 seed = (unsigned)getpid();

	make_accounts(f);
	for (int i = 0; i < ROUNDS; i++) {
		start(f);
		assert_int_equal(f->said.type, ORDER_READY);
		challenge(f);
		load(f, clock_boot_ms() + 10 + rand_r(&seed) % 80);
		end(f, SIGKILL);
		check_store(f);
	}
	assert_true(f->n_answered > ROUNDS);
}

/* SIGTERM's way: everything that was asked is answered or was never taken, and nothing is lost. */
static void
test_stop_under_load(void **state)
{
	struct fixture	*f = *state;

	make_accounts(f);
	start(f);
	challenge(f);
	load(f, clock_boot_ms() + 100);
	assert_int_equal(stop(f), 0);
	check_store(f);
	assert_true(f->n_answered > 0);
}

#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_start_and_stop), T(test_supervisor_dies), T(test_refusals), T(test_kill), T(test_stop_under_load),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
