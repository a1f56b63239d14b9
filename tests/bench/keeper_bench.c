/* links: db keeper sipd */
/*
 * What a registration costs the keeper alone: a real keeper process on a store in a temporary folder, and here a front that sends it the
 * REGISTERs of many phones, so many at a time.  Prints one JSON line a phase.
 *
 *	keeper_bench [-n accounts] [-w outstanding] [-t seconds a phase] [-m]		-m: MD5 for SHA-256
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <sofia-sip/su_md5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "db/table.h"
#include "sipd/boot.h"
#include "sipd/channel.h"
#include "sipd/keeper/digest.h"

#define DOMAIN "wirechief.test"

enum { OUTSTANDING_MAX = 4096 };

struct user {
	char		nonce[NONCE_TEXT];
	uint32_t	nc, cseq;
	int64_t		sent_us;
};

struct bench {
	unsigned	 n, window, seconds;
	bool		 md5;
	char		 dir[64];
	struct config	 conf;
	pid_t		 keeper;
	int		 order_fd;
	struct channel	*channel;
	struct user	*users;
	/* The phase at hand. */
	bool		 full;			/* a 401 round first, always */
	uint64_t	 next, done, refused, challenged;
	unsigned	 outstanding;
	bool		 stopped;
	int64_t		*latency_us;
	size_t		 n_latency;
};

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static void
hex_hash(bool md5, const char *text, char out[65])
{
	uint8_t		bytes[32];
	su_md5_t	ctx;

	if (md5) {
		su_md5_init(&ctx);
		su_md5_update(&ctx, text, (usize_t)strlen(text));
		su_md5_digest(&ctx, bytes);
	} else
		(void)crypto_hash_sha256(bytes, (const uint8_t *)text, strlen(text));
	(void)sodium_bin2hex(out, 65, bytes, md5 ? 16 : 32);
}

/* Accounts are written straight into the store before the keeper opens it. */
static void
make_accounts(struct bench *b)
{
	char		path[128], key[128], why[256];
	struct db	db;
	struct account	a;

	(void)snprintf(path, sizeof path, "%s/store", b->dir);
	(void)snprintf(key, sizeof key, "%s/master.key", b->dir);
	if (mkdir(path, 0700) != 0 || store_open_lmdb(&db.store, path, 0, why, sizeof why) != 0 ||
	    seal_open(&db.seal, key, true, why, sizeof why) != 0)
		die(why);
	for (unsigned i = 0; i < b->n;) {
		struct txn	*txn = txn_new(db.store);

		for (unsigned j = 0; j < 200 && i < b->n; i++, j++) {
			account_defaults(&a);
			a.id = i + 1;
			a.group_id = 1;
			a.status = STATUS_CONNECTED;
			(void)snprintf(a.username, sizeof a.username, "u%06u", i);
			(void)snprintf(a.password, sizeof a.password, "secret%u", i);
			digest_set_password(&a, DOMAIN);
			table_put(txn, &db, &account_kind, &a);
		}
		count_add(txn, &db, "accounts", 200);
		if (store_commit(txn, NULL, NULL) != 0 || store_sync(db.store) != 0)
			die("accounts");
	}
	store_close(db.store);
	seal_close(db.seal);
}

static void
send_register(struct bench *b, unsigned i, bool authorized)
{
	struct user		*u = &b->users[i];
	struct register_ask	 ask = { .aor_sip = true, .transport = TRANSPORT_UDP, .via_one_hop = true, .supports_path = true,
		.supports_outbound = true };
	struct register_contact	 c = { .q = 1000, .expires = EXPIRES_ABSENT };
	uint8_t			 contacts[512];
	char			 user[16], uri[96], call_id[64], nc[9], text[512], a1[65], a2[65], response[65];

	(void)snprintf(user, sizeof user, "u%06u", i);
	(void)snprintf(uri, sizeof uri, "sip:%s@127.0.0.1:%u;line=%08x", user, 20000 + i % 8, i * 2654435761u);
	(void)snprintf(call_id, sizeof call_id, "%08x-%06x@bench", i * 40503u, i);
	c.uri = span_of(uri);
	(void)addr_parse(&ask.source, "127.0.0.1:20000");
	ask.source.port = (uint16_t)(20000 + i % 8);
	(void)addr_parse(&ask.local, "127.0.0.1:5060");
	ask.host = ask.aor_host = span_of(DOMAIN);
	ask.aor_user = span_of(user);
	ask.call_id = span_of(call_id);
	ask.cseq = ++u->cseq;
	ask.user_agent = span_of("Yealink SIP-T46S 66.86.0.15");
	ask.expires = 3600;
	ask.contacts = (struct span){ (char *)contacts, (size_t)contact_append(contacts, 0, sizeof contacts, &c) };
	ask.n_contacts = 1;
	if (authorized) {
		(void)snprintf(text, sizeof text, "%s:" DOMAIN ":secret%u", user, i);
		hex_hash(b->md5, text, a1);
		hex_hash(b->md5, "REGISTER:sip:" DOMAIN, a2);
		(void)snprintf(nc, sizeof nc, "%08x", ++u->nc);
		(void)snprintf(text, sizeof text, "%s:%s:%s:0a4f113b:auth:%s", a1, u->nonce, nc, a2);
		hex_hash(b->md5, text, response);
		ask.authorized = true;
		ask.username = span_of(user);
		ask.realm = span_of(DOMAIN);
		ask.nonce = span_of(u->nonce);
		ask.uri = span_of("sip:" DOMAIN);
		ask.response = span_of(response);
		ask.algorithm = span_of(b->md5 ? "MD5" : "SHA-256");
		ask.cnonce = span_of("0a4f113b");
		ask.nc = span_of(nc);
		ask.qop = span_of("auth");
	}
	if (channel_send(b->channel, WIRE_REGISTER, i, &ask) != 0)
		die("send");
}

/* The next phone, in scattered order. */
static void
begin_one(struct bench *b)
{
	unsigned	i = (unsigned)(b->next++ * 7919 % b->n);

	b->users[i].sent_us = clock_boot_us();
	b->outstanding++;
	send_register(b, i, !b->full && b->users[i].nonce[0] != '\0');
}

static void
on_answer(void *arg, const struct frame *frame)
{
	struct bench		*b = arg;
	struct user		*u = &b->users[frame->id];
	struct register_answer	 a;

	if (frame->type != WIRE_REGISTER_ANSWER || frame_decode(frame, &a) != 0)
		die("answer");
	if (a.code == 401) {
		b->challenged++;
		(void)span_get(b->md5 ? a.nonce_md5 : a.nonce_sha256, u->nonce, sizeof u->nonce);
		u->nc = 0;
		send_register(b, (unsigned)frame->id, true);
		return;
	}
	b->done += a.code == 200;
	b->refused += a.code != 200;
	b->outstanding--;
	b->latency_us[b->n_latency++ % 1000000] = clock_boot_us() - u->sent_us;
	if (!b->stopped)
		begin_one(b);
}

static void
on_gone(void *arg, int rc)
{
	(void)arg;
	errno = -rc;
	die("the keeper is gone");
}

/* CPU nanoseconds of one thread of a process, from its schedstat. */
static uint64_t
thread_ns(pid_t pid, const char *tid)
{
	char			path[320];
	unsigned long long	ns = 0;
	FILE			*f;

	(void)snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", (int)pid, tid);
	if ((f = fopen(path, "r")) == NULL)
		return 0;
	if (fscanf(f, "%llu", &ns) != 1)
		ns = 0;
	(void)fclose(f);
	return ns;
}

struct cpu {
	uint64_t	loop_ns, writer_ns;
};

static struct cpu
cpu_of(pid_t pid)
{
	struct cpu	 cpu = { 0, 0 };
	char		 path[64];
	DIR		*d;
	struct dirent	*e;

	(void)snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	if ((d = opendir(path)) == NULL)
		die(path);
	while ((e = readdir(d)) != NULL) {
		if (atoi(e->d_name) == pid)
			cpu.loop_ns += thread_ns(pid, e->d_name);
		else if (e->d_name[0] != '.')
			cpu.writer_ns += thread_ns(pid, e->d_name);
	}
	(void)closedir(d);
	return cpu;
}

static long
rss_kb(pid_t pid)
{
	char	path[64];
	long	size, resident = 0;
	FILE	*f;

	(void)snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
	if ((f = fopen(path, "r")) == NULL || fscanf(f, "%ld %ld", &size, &resident) != 2)
		die(path);
	(void)fclose(f);
	return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static int
by_value(const void *a, const void *b)
{
	int64_t	x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void
turn(struct bench *b)
{
	struct pollfd	p = { .fd = channel_fd(b->channel), .events = POLLIN };

	channel_flush(b->channel);
	if (channel_wants_write(b->channel))
		p.events |= POLLOUT;
	(void)poll(&p, 1, 100);
	if (p.revents & POLLIN)
		channel_read(b->channel);
}

/* Until each phone had its turn (seconds 0), or for so long. */
static void
phase(struct bench *b, const char *name, bool full, unsigned seconds)
{
	int64_t		began = clock_boot_us(), took;
	struct cpu	before = cpu_of(b->keeper), after;
	double		done;
	size_t		n;

	b->full = full;
	b->next = b->done = b->refused = b->challenged = b->n_latency = 0;
	b->stopped = false;
	while (b->outstanding < b->window)
		begin_one(b);
	while (seconds > 0 ? clock_boot_us() - began < (int64_t)seconds * 1000000 : b->next < b->n)
		turn(b);
	b->stopped = true;
	while (b->outstanding > 0)
		turn(b);
	took = clock_boot_us() - began;
	after = cpu_of(b->keeper);
	done = (double)(b->done > 0 ? b->done : 1);
	n = b->n_latency < 1000000 ? b->n_latency : 1000000;
	qsort(b->latency_us, n, sizeof b->latency_us[0], by_value);
	printf("{\"phase\":\"%s\",\"done\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"challenged\":%" PRIu64 ",\"per_s\":%.0f,\"loop_us\":%.2f,"
	    "\"writer_us\":%.2f,\"p50_us\":%" PRId64 ",\"p99_us\":%" PRId64 ",\"rss_kb\":%ld}\n", name, b->done, b->refused,
	    b->challenged, done * 1e6 / (double)took, (double)(after.loop_ns - before.loop_ns) / 1000.0 / done,
	    (double)(after.writer_ns - before.writer_ns) / 1000.0 / done, b->latency_us[n / 2], b->latency_us[n * 99 / 100],
	    rss_kb(b->keeper));
	(void)fflush(stdout);
}

static void
start_keeper(struct bench *b)
{
	int			 orders[2], frames[2];
	struct boot_order	 o = { .type = ORDER_CHANNEL, .peer = PROC_SIP, .fds = { -1, -1, -1 } };
	struct boot		 boot = { .process = PROC_KEEPER, .conf = b->conf, .conf_name = "bench" };
	struct pollfd		 p;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, orders) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, frames) != 0)
		die("socketpair");
	if ((b->keeper = fork()) == 0) {
		close(orders[0]);
		close(frames[0]);
		close(frames[1]);
		boot.order_fd = orders[1];
		log_init("keeper", LOG_L_WARN);
		_exit(keeper_main(&boot));
	}
	close(orders[1]);
	b->order_fd = orders[0];
	o.fds[0] = frames[1];
	if (boot_send(b->order_fd, &o) != 0)
		die("order");
	close(frames[1]);
	p = (struct pollfd){ .fd = b->order_fd, .events = POLLIN };
	if (poll(&p, 1, 10000) != 1 || boot_receive(b->order_fd, &o) != 1 || o.type != ORDER_READY) {
		fprintf(stderr, "keeper: %s\n", o.text);
		exit(1);
	}
	b->channel = channel_new(frames[0], on_answer, on_gone, b);
}

static void
configure(struct bench *b)
{
	char	text[512], why[256];

	(void)snprintf(text, sizeof text, "domain = {\"" DOMAIN "\"}\nstate_dir = \"%s\"\nlisten = {\"udp:127.0.0.1:5060\"}\n"
	    "control { socket = \"%s/control.sock\" }\n", b->dir, b->dir);
	if (config_parse(&b->conf, "bench", text, why, sizeof why) != 0) {
		fprintf(stderr, "%s\n", why);
		exit(1);
	}
}

int
main(int argc, char **argv)
{
	struct bench		b = { .n = 100000, .window = 128, .seconds = 5, .dir = "/tmp/keeper-bench-XXXXXX" };
	struct boot_order	o = { .type = ORDER_STOP, .fds = { -1, -1, -1 } };
	char			command[128];
	int			c, status;

	while ((c = getopt(argc, argv, "n:w:t:m")) != -1) {
		if (c == 'n')
			b.n = (unsigned)atoi(optarg);
		else if (c == 'w')
			b.window = (unsigned)atoi(optarg);
		else if (c == 't')
			b.seconds = (unsigned)atoi(optarg);
		else if (c == 'm')
			b.md5 = true;
		else
			return 2;
	}
	log_init("bench", LOG_L_WARN);
	if (sodium_init() < 0 || b.n == 0 || b.window == 0 || b.window > OUTSTANDING_MAX || mkdtemp(b.dir) == NULL)
		return 2;
	b.users = calloc(b.n, sizeof b.users[0]);
	b.latency_us = calloc(1000000, sizeof b.latency_us[0]);
	configure(&b);
	make_accounts(&b);
	start_keeper(&b);
	phase(&b, "first", true, 0);
	phase(&b, "known nonce", false, b.seconds);
	phase(&b, "full", true, b.seconds);
	(void)boot_send(b.order_fd, &o);
	(void)waitpid(b.keeper, &status, 0);
	(void)snprintf(command, sizeof command, "rm -rf %s", b.dir);
	if (system(command) != 0)
		perror(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
