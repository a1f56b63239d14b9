/* links: stream net sipd */
/*
 * The stream process, shut in as it is, asks a name server of the test's: dnsmasq on a port of loopback.
 */
#include "tests/unit/stream_rig.h"

#include <sys/prctl.h>
#include <sys/stat.h>

#include "sipd/net/hosts.h"
#include "sipd/stream/lookup.h"
#include "sipd/net/srv.h"

enum { ANSWERS = 256, NAMES = 200, TEXT = 4096 };

/* An answer of the process, as text: targets as "192.0.2.1:5060", one blank between two. */
struct got {
	uint64_t	id;
	char		targets[TEXT], error[512];
	unsigned	n;
	uint32_t	ttl, took_ms;
};

static struct rig	r;
static struct got	got[ANSWERS];
static size_t		n_got;
static uint64_t		last_id;
static char		folder[] = "/tmp/wirechief-lookup-XXXXXX";
static pid_t		server;
static uint16_t		server_port;

/* The pure parts. */

static uint32_t
draw_from(void *arg, uint32_t most)
{
	uint32_t	**next = arg, number = *(*next)++;

	return number > most ? most : number;
}

static void
orders_by_priority_and_weight(void **st)
{
	const struct srv	records[] = {
		{ .priority = 20, .weight = 0, .name = "late" }, { .priority = 10, .weight = 60, .name = "heavy" },
		{ .priority = 10, .weight = 40, .name = "light" }, { .priority = 10, .weight = 0, .name = "none" },
	};
	static const struct { uint32_t draws[4]; const char *order[4]; } rows[] = {
		{ { 0, 0, 0 }, { "none", "heavy", "light", "late" } },
		{ { 1, 41, 0 }, { "heavy", "light", "none", "late" } },
		{ { 61, 60, 0 }, { "light", "heavy", "none", "late" } },
		{ { 100, 0, 0 }, { "light", "none", "heavy", "late" } },
	};

	(void)st;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint32_t	draws[4], *next = draws;
		struct srv	s[4];

		memcpy(draws, rows[i].draws, sizeof draws);
		memcpy(s, records, sizeof s);
		srv_order(s, 4, draw_from, &next);
		for (size_t k = 0; k < 4; k++)
			assert_string_equal(s[k].name, rows[i].order[k]);
	}
}

static uint32_t
draw_random(void *arg, uint32_t most)
{
	(void)arg;
	return (uint32_t)random() % (most + 1);
}

/* Of 10,000 draws, each is first as often as its weight says. */
static void
weights_share(void **st)
{
	static const uint32_t	weights[] = { 70, 20, 10 };
	unsigned		first[3] = { 0 };

	(void)st;
	srandom(1);
	for (int i = 0; i < 10000; i++) {
		struct srv	s[3] = { { .weight = 70, .port = 0 }, { .weight = 20, .port = 1 }, { .weight = 10, .port = 2 } };

		srv_order(s, 3, draw_random, NULL);
		first[s[0].port]++;
	}
	for (size_t i = 0; i < 3; i++)
		assert_in_range(first[i], weights[i] * 100 - 200, weights[i] * 100 + 200);
}

static void
naptr_names_services(void **st)
{
	struct naptr	records[] = {
		{ 20, 10, "s", "SIP+D2T", "_sip._tcp.later.test" }, { 10, 30, "S", "sip+d2t", "_sip._tcp.b.test" },
		{ 10, 20, "s", "SIP+D2T", "_sip._tcp.a.test" }, { 10, 10, "s", "SIPS+D2T", "_sips._tcp.a.test" },
		{ 5, 10, "u", "SIP+D2T", "_sip._tcp.no.test" }, { 5, 10, "s", "SIP+D2T", "" },
	};
	char		names[SERVICES_MAX][SRV_NAME];

	(void)st;
	assert_int_equal(srv_services(records, 6, TRANSPORT_TCP, names), 3);
	assert_string_equal(names[0], "_sip._tcp.a.test");
	assert_string_equal(names[1], "_sip._tcp.b.test");
	assert_string_equal(names[2], "_sip._tcp.later.test");
	assert_int_equal(srv_services(records, 6, TRANSPORT_TLS, names), 1);
	assert_int_equal(srv_services(records, 6, TRANSPORT_UDP, names), 0);
}

static void
reads_files(void **st)
{
	static const char	hosts[] = "# a comment\n127.0.0.1\tlocalhost\n  192.0.2.7  pbx.test pbx # pbx.other\nnonsense here\n"
				    "2001:db8::7 PBX.test\r\n192.0.2.8";
	static const char	resolv[] = "search test\nnameserver 192.0.2.53\nnameserver fe80::1%eth0\n#nameserver 192.0.2.1\n"
				    " nameserver 2001:db8::53 \noptions edns0\n";
	struct addr		a[4];
	char			text[ADDR_TEXT];

	(void)st;
	assert_int_equal(hosts_find(hosts, "pbx.test", a, 4), 2);
	assert_string_equal(addr_text(&a[0], text), "192.0.2.7");
	assert_string_equal(addr_text(&a[1], text), "2001:db8::7");
	assert_int_equal(hosts_find(hosts, "pbx.test", a, 1), 1);
	assert_int_equal(hosts_find(hosts, "pbx.other", a, 4), 0);
	assert_int_equal(hosts_find(hosts, "here", a, 4), 0);
	assert_int_equal(hosts_find(hosts, "192.0.2.8", a, 4), 0);
	assert_int_equal(hosts_find(hosts, "localhost", a, 4), 1);
	assert_int_equal(hosts_find(NULL, "localhost", a, 4), 2);
	assert_int_equal(hosts_find("", "sip.localhost", a, 4), 2);
	assert_int_equal(hosts_find("", "notlocalhost", a, 4), 0);
	assert_int_equal(hosts_servers(resolv, a, 4), 2);
	assert_string_equal(addr_text(&a[0], text), "192.0.2.53");
	assert_string_equal(addr_text(&a[1], text), "2001:db8::53");
	assert_int_equal(hosts_servers("", a, 4), 1);
	assert_string_equal(addr_text(&a[0], text), "127.0.0.1");
	assert_int_equal(hosts_servers(NULL, a, 4), 1);
}

/* The name server. */

static void
write_file(const char *name, const char *text)
{
	char	path[64];
	FILE	*f;

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	fclose(f);
}

static const char	zone[] =
	"host-record=one.test,192.0.2.1,30\n"
	"host-record=six.test,2001:db8::6\n"
	"host-record=both.test,192.0.2.2,2001:db8::2\n"
	"cname=alias.test,one.test\n"
	"txt-record=empty.test,nothing here\n"
	"srv-host=_sip._udp.srv.test,b.srv.test,5070,20,10\n"
	"srv-host=_sip._udp.srv.test,a.srv.test,5080,10,10\n"
	"srv-host=_sip._tcp.srv.test,b.srv.test,5090,10,10\n"
	"srv-host=_sips._tcp.srv.test,a.srv.test,5091,10,10\n"
	"host-record=a.srv.test,192.0.2.11\n"
	"host-record=b.srv.test,192.0.2.12,2001:db8::12\n"
	"naptr-record=naptr.test,20,10,s,SIP+D2U,,_sip._udp.far.test\n"
	"naptr-record=naptr.test,10,10,s,SIP+D2U,,_sip._udp.near.test\n"
	"naptr-record=naptr.test,5,10,s,SIPS+D2T,,_sips._tcp.near.test\n"
	"srv-host=_sip._udp.far.test,far.test,5062,1,1\n"
	"srv-host=_sip._udp.near.test,near.test,5061,9,1\n"
	"srv-host=_sips._tcp.near.test,near.test,5063,9,1\n"
	"srv-host=_sip._udp.naptr.test,one.test,5999,1,1\n"
	"host-record=near.test,192.0.2.21\n"
	"host-record=far.test,192.0.2.22\n"
	"srv-host=_sip._udp.closed.test\n"
	"host-record=closed.test,192.0.2.30\n"
	"srv-host=_sip._udp.half.test,gone.half.test,5060,1,1\n"
	"srv-host=_sip._udp.half.test,one.test,5060,2,1\n"
	"srv-host=_sip._udp.broken.test,gone.half.test,5060,1,1\n"
	"srv-host=_sip._udp.here.test,192.0.2.40,5060,1,1\n";

static uint16_t
free_port(void)
{
	struct sockaddr_in	a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	for (int i = 0; i < 1000; i++) {
		int	udp = socket(AF_INET, SOCK_DGRAM, 0), tcp = socket(AF_INET, SOCK_STREAM, 0);
		bool	both;

		a.sin_port = htons((uint16_t)(10000 + (getpid() * 7 + i * 31) % 20000));
		both = bind(udp, (struct sockaddr *)&a, sizeof a) == 0 && bind(tcp, (struct sockaddr *)&a, sizeof a) == 0;
		close(udp);
		close(tcp);
		if (both)
			return ntohs(a.sin_port);
	}
	fail_msg("no port is free");
	return 0;
}

/* It listens with TCP a moment after UDP. */
static bool
server_listens(void)
{
	struct sockaddr_in	a = { .sin_family = AF_INET, .sin_port = htons(server_port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int			fd = socket(AF_INET, SOCK_STREAM, 0), rc = connect(fd, (struct sockaddr *)&a, sizeof a);

	close(fd);
	return rc == 0;
}

static void
server_start(const char *more)
{
	int64_t	until = clock_boot_ms() + RIG_PATIENCE_MS;
	char	text[8 * TEXT], log[64];

	server_port = free_port();
	(void)snprintf(text, sizeof text, "port=%u\nlisten-address=127.0.0.1\nbind-interfaces\nno-resolv\nno-hosts\nno-poll\nlocal=/test/\n"
	    "user=root\nlocal-ttl=20\nedns-packet-max=1232\naddn-hosts=%s/changing\n%s%s", server_port, folder, zone, more);
	write_file("dnsmasq.conf", text);
	(void)snprintf(text, sizeof text, "--conf-file=%s/dnsmasq.conf", folder);
	(void)snprintf(log, sizeof log, "--log-facility=%s/log", folder);
	assert_true((server = fork()) >= 0);
	if (server == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		execlp("dnsmasq", "dnsmasq", "--keep-in-foreground", "--pid-file=", log, text, (char *)NULL);
		/* An ordinary user's path may leave it out. */
		execl("/usr/sbin/dnsmasq", "dnsmasq", "--keep-in-foreground", "--pid-file=", log, text, (char *)NULL);
		_exit(127);
	}
	while (!server_listens() && clock_boot_ms() < until)
		(void)poll(NULL, 0, 10);
	assert_true(server_listens());
}

static void
server_stop(void)
{
	if (server == 0)
		return;
	(void)kill(server, SIGKILL);
	(void)waitpid(server, NULL, 0);
	server = 0;
}

/* Questions. */

static void
on_resolved(struct rig *rig, const struct frame *frame)
{
	struct wire_resolved	w;
	struct wire_target	t;
	struct got		*g = &got[n_got++];
	char			text[ADDR_TEXT];
	size_t			at = 0;

	(void)rig;
	assert_int_equal(frame->type, WIRE_RESOLVED);
	assert_true(n_got <= ANSWERS);
	assert_int_equal(frame_decode(frame, &w), 0);
	*g = (struct got){ .id = frame->id, .ttl = w.ttl, .took_ms = w.took_ms };
	(void)span_get(w.error, g->error, sizeof g->error);
	while (target_next(&w.targets, &t) == 1) {
		at += (size_t)snprintf(g->targets + at, TEXT - at, "%s%s", g->n == 0 ? "" : " ", addr_text(&t.addr, text));
		g->n++;
	}
}

static uint64_t
ask_only(const char *host, uint32_t port, uint8_t transport)
{
	const struct wire_resolve	w = { .host = span_of(host), .port = port, .transport = transport };

	assert_int_equal(channel_send(r.keeper, WIRE_RESOLVE, ++last_id, &w), 0);
	channel_flush(r.keeper);
	return last_id;
}

static const struct got *
ask(const char *host, uint32_t port, uint8_t transport)
{
	uint64_t	id = ask_only(host, port, transport);

	n_got = 0;
	RIG_WAIT(&r, 20000, n_got > 0);
	assert_int_equal(got[0].id, id);
	assert_int_equal(got[0].error[0] == '\0', got[0].n > 0);
	return &got[0];
}

static void
serve(const char *conf)
{
	rig_start(&r, conf, NULL);
	assert_string_equal(r.failed, "");
	r.on_other = on_resolved;
	n_got = 0;
}

static void
serve_with(uint16_t port)
{
	char	conf[256];

	(void)snprintf(conf, sizeof conf, "resolver { servers = { \"127.0.0.1:%u\" } }\n listen = { \"tcp:127.0.0.1:0\" }\n", port);
	serve(conf);
}

static void
finds(void **st)
{
	static const struct {
		const char	*host;
		uint32_t	 port;
		uint8_t		 transport;
		const char	*targets, *error;	/* either */
	} rows[] = {
		{ "192.0.2.9", 0, TRANSPORT_UDP, "192.0.2.9:5060", NULL },
		{ "192.0.2.9", 5066, TRANSPORT_TCP, "192.0.2.9:5066", NULL },
		{ "2001:db8::9", 0, TRANSPORT_TLS, "[2001:db8::9]:5061", NULL },
		{ "[2001:db8::9]", 5070, TRANSPORT_UDP, "[2001:db8::9]:5070", NULL },
		{ "localhost", 0, TRANSPORT_UDP, "127.0.0.1:5060 [::1]:5060", NULL },
		{ "one.test", 0, TRANSPORT_UDP, "192.0.2.1:5060", NULL },
		{ "one.test", 0, TRANSPORT_TLS, "192.0.2.1:5061", NULL },
		{ "one.test", 5065, TRANSPORT_TCP, "192.0.2.1:5065", NULL },
		{ "ONE.test.", 5065, TRANSPORT_TCP, "192.0.2.1:5065", NULL },
		{ "six.test", 0, TRANSPORT_UDP, "[2001:db8::6]:5060", NULL },
		{ "alias.test", 0, TRANSPORT_UDP, "192.0.2.1:5060", NULL },
		{ "srv.test", 0, TRANSPORT_TLS, "192.0.2.11:5091", NULL },
		{ "srv.test", 5060, TRANSPORT_UDP, NULL, "the name srv.test has no address" },
		{ "naptr.test", 0, TRANSPORT_UDP, "192.0.2.21:5061 192.0.2.22:5062", NULL },
		{ "naptr.test", 0, TRANSPORT_TLS, "192.0.2.21:5063", NULL },
		{ "half.test", 0, TRANSPORT_UDP, "192.0.2.1:5060", NULL },
		{ "nowhere.test", 0, TRANSPORT_UDP, NULL, "no such name: nowhere.test" },
		{ "empty.test", 0, TRANSPORT_UDP, NULL, "the name empty.test has no address" },
		{ "broken.test", 0, TRANSPORT_UDP, NULL, "no such name: gone.half.test" },
		{ "closed.test", 0, TRANSPORT_UDP, NULL, "closed.test says that it has no such service (_sip._udp.closed.test)" },
		{ "closed.test", 0, TRANSPORT_TCP, "192.0.2.30:5060", NULL },
		{ "a b", 0, TRANSPORT_UDP, NULL, "that is not a host name" },
		{ "", 0, TRANSPORT_UDP, NULL, "that is not a host name" },
		{ "one.test", 70000, TRANSPORT_UDP, NULL, "that transport or port does not exist" },
		{ "one.test", 0, 9, NULL, "that transport or port does not exist" },
	};

	(void)st;
	server_start("");
	serve_with(server_port);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct got	*g = ask(rows[i].host, rows[i].port, rows[i].transport);

		assert_string_equal(g->targets, rows[i].targets == NULL ? "" : rows[i].targets);
		assert_string_equal(g->error, rows[i].error == NULL ? "" : rows[i].error);
		assert_in_range(g->ttl, LOOKUP_TTL_MIN, LOOKUP_TTL_MAX);
	}
	assert_int_equal(ask("one.test", 5060, TRANSPORT_UDP)->ttl, 30);	/* its own */
	assert_int_equal(ask("srv.test", 0, TRANSPORT_UDP)->ttl, 20);		/* the least of all */
	assert_int_equal(ask("192.0.2.9", 0, TRANSPORT_UDP)->ttl, LOOKUP_TTL_MAX);
}

/* Both families of a server stand together, in the order of the priorities. */
static void
finds_both_families(void **st)
{
	const struct got	*g;

	(void)st;
	server_start("");
	serve_with(server_port);
	g = ask("both.test", 0, TRANSPORT_UDP);
	assert_int_equal(g->n, 2);
	assert_non_null(strstr(g->targets, "192.0.2.2:5060"));
	assert_non_null(strstr(g->targets, "[2001:db8::2]:5060"));
	g = ask("srv.test", 0, TRANSPORT_UDP);
	assert_int_equal(g->n, 3);
	assert_ptr_equal(strstr(g->targets, "192.0.2.11:5080 "), g->targets);
	assert_non_null(strstr(g->targets, "192.0.2.12:5070"));
	assert_non_null(strstr(g->targets, "[2001:db8::12]:5070"));
}

/* Ten addresses, and forty records whose answer only TCP can carry. */
static void
finds_many(void **st)
{
	char			more[16 * 1024];
	size_t			at = 0;
	const struct got	*g;

	(void)st;
	for (int i = 0; i < 10; i++)
		at += (size_t)snprintf(more + at, sizeof more - at, "host-record=ten.test,192.0.2.%d\n", 101 + i);
	for (int i = 0; i < 40; i++)
		at += (size_t)snprintf(more + at, sizeof more - at, "srv-host=_sip._udp.many.test,a-name-that-takes-its-room-in-the-answer-%d.many.test,"
		    "5060,%d,0\nhost-record=a-name-that-takes-its-room-in-the-answer-%d.many.test,198.51.100.%d\n", i, i, i, i);
	server_start(more);
	serve_with(server_port);
	g = ask("ten.test", 0, TRANSPORT_UDP);
	assert_int_equal(g->n, 10);
	for (int i = 0; i < 10; i++) {
		char	text[32];

		(void)snprintf(text, sizeof text, "192.0.2.%d:5060", 101 + i);
		assert_non_null(strstr(g->targets, text));
	}
	assert_int_equal(ask("many.test", 0, TRANSPORT_UDP)->n, TARGETS_MAX);
}

/* An address that changed is told after its time, and an address of a file when that is read again. */
static void
follows_changes(void **st)
{
	static const char	conf[] = "listen = { \"tcp:127.0.0.1:0\" }\nresolver { servers = { \"127.0.0.1:%u\" } }\n";
	char			text[256];

	(void)st;
	write_file("changing", "192.0.2.50 moves.test\n");
	server_start("");
	serve_with(server_port);
	assert_string_equal(ask("moves.test", 0, TRANSPORT_UDP)->targets, "192.0.2.50:5060");
	write_file("changing", "192.0.2.51 moves.test\n");
	assert_int_equal(kill(server, SIGHUP), 0);
	for (int64_t until = clock_boot_ms() + RIG_PATIENCE_MS; clock_boot_ms() < until;)
		if (strcmp(ask("moves.test", 0, TRANSPORT_UDP)->targets, "192.0.2.50:5060") != 0)
			break;
	assert_string_equal(got[0].targets, "192.0.2.51:5060");
	(void)snprintf(text, sizeof text, "192.0.2.60 moves.test\n");
	send_order(&r, ORDER_FILES, PROC_SUPERVISOR, -1, boot_memfd("hosts", text, strlen(text)), -1);
	assert_string_equal(ask("moves.test", 0, TRANSPORT_UDP)->targets, "192.0.2.60:5060");
	server_stop();
	server_start("host-record=new.test,192.0.2.61\n");
	(void)snprintf(text, sizeof text, conf, server_port);
	order_config(&r, text);
	assert_string_equal(ask("new.test", 0, TRANSPORT_UDP)->targets, "192.0.2.61:5060");
}

/* Without servers of its own, those of resolv.conf: none of them has another port than 53, so it is enough to see whom it asks. */
static void
uses_the_system(void **st)
{
	static const char	resolv[] = "nameserver 127.83.0.1\n";

	(void)st;
	serve("listen = { \"tcp:127.0.0.1:0\" }\n");
	send_order(&r, ORDER_FILES, PROC_SUPERVISOR, boot_memfd("resolv", resolv, sizeof resolv - 1), -1, -1);
	assert_string_equal(ask("one.test", 0, TRANSPORT_UDP)->error, "the name server 127.83.0.1 can't be reached or refuses to answer");
}

static void
says_why_not(void **st)
{
	struct sockaddr_in	a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t		n = sizeof a;
	char			text[256];
	int			fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const struct got	*g;

	(void)st;
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	serve_with(ntohs(a.sin_port));
	g = ask("one.test", 5060, TRANSPORT_UDP);
	(void)snprintf(text, sizeof text, "the name server 127.0.0.1:%u does not answer", ntohs(a.sin_port));
	assert_string_equal(g->error, text);
	assert_in_range(g->took_ms, 2000, 60000);
	(void)ask_only("one.test", 5060, TRANSPORT_UDP);	/* servers that change meanwhile */
	server_start("");
	(void)snprintf(text, sizeof text, "listen = { \"tcp:127.0.0.1:0\" }\nresolver { servers = { \"127.0.0.1:%u\" } }\n", server_port);
	n_got = 0;
	order_config(&r, text);
	RIG_WAIT(&r, 20000, n_got > 0);
	assert_string_equal(got[0].targets, "192.0.2.1:5060");
	close(fd);
}

/* Answers one question: NAPTR ones not at all, those for names with f as a failure, A ones with an address, others with nothing. */
static void
answer_rudely(int fd)
{
	static const uint8_t	a_record[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 77 };
	uint8_t			q[512];
	struct sockaddr_in	from;
	socklen_t		len = sizeof from;
	ssize_t			n = recvfrom(fd, q, sizeof q - sizeof a_record, 0, (struct sockaddr *)&from, &len);
	size_t			end = 12;

	while (n > 16 && end < (size_t)n - 5 && q[end] != 0)
		end += q[end] + 1u;
	if (n < 17 || end > (size_t)n - 5 || q[end + 2] == 35)
		return;
	end += 5;
	q[2] |= 0x80;
	q[3] = q[13] == 'f' ? 2 : 0;
	q[7] = q[13] != 'f' && q[end - 3] == 1;
	q[11] = 0;		/* no EDNS */
	if (q[7] == 1)
		memcpy(q + end, a_record, sizeof a_record);
	(void)sendto(fd, q, end + (q[7] == 1 ? sizeof a_record : 0), 0, (struct sockaddr *)&from, len);
}

/* Ones that drop what they do not know, as some boxes on the way do, and ones that fail. */
static void
bears_rude_servers(void **st)
{
	struct sockaddr_in	a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t		n = sizeof a;
	int			fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const struct got	*g;

	(void)st;
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	assert_true((server = fork()) >= 0);
	if (server == 0)
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (server == 0)
		answer_rudely(fd);
	close(fd);
	serve_with(ntohs(a.sin_port));
	assert_string_equal(ask("one.test", 0, TRANSPORT_UDP)->targets, "192.0.2.77:5060");
	g = ask("fails.test", 5060, TRANSPORT_UDP);
	assert_non_null(strstr(g->error, "can't be reached or refuses to answer"));
	assert_in_range(g->took_ms, 0, 20000);
}

/* Many at once, each answered once; and none whose keeper is gone. */
static void
bears_many(void **st)
{
	(void)st;
	server_start("");
	serve_with(server_port);
	n_got = 0;
	for (int i = 0; i < NAMES; i++)
		(void)ask_only(i % 2 == 0 ? "naptr.test" : "nowhere.test", 0, TRANSPORT_UDP);
	RIG_WAIT(&r, 20000, n_got == NAMES);
	for (size_t i = 0; i < NAMES; i++) {
		assert_int_equal(got[i].n, (got[i].id - got[0].id + 2) % 2 == 0 ? got[0].n : 2 - got[0].n);
		for (size_t k = 0; k < i; k++)
			assert_true(got[i].id != got[k].id);
	}
	n_got = 0;
	for (int i = 0; i < NAMES; i++)
		(void)ask_only("naptr.test", 0, TRANSPORT_UDP);
	send_order(&r, ORDER_STOP, PROC_SUPERVISOR, -1, -1, -1);
	RIG_WAIT(&r, 20000, r.exit_status >= 0);
	assert_int_equal(r.exit_status, 0);
}

static int
stop(void **st)
{
	(void)st;
	rig_stop(&r);
	server_stop();
	return 0;
}

static int
set_up(void **st)
{
	(void)st;
	return mkdtemp(folder) == NULL || chmod(folder, 0755) != 0 ? -1 : 0;
}

static int
tear_down(void **st)
{
	static const char *const	files[] = { "dnsmasq.conf", "changing", "log" };
	char				path[64];

	(void)st;
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", folder, files[i]);
		(void)unlink(path);
	}
	return rmdir(folder);
}

#define TEST(f)	cmocka_unit_test_teardown(f, stop)

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(orders_by_priority_and_weight), cmocka_unit_test(weights_share), cmocka_unit_test(naptr_names_services),
		cmocka_unit_test(reads_files), TEST(finds), TEST(finds_both_families), TEST(finds_many), TEST(follows_changes),
		TEST(uses_the_system), TEST(says_why_not), TEST(bears_rude_servers), TEST(bears_many),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
