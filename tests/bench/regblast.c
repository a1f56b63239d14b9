/*
 * SIP REGISTER or MESSAGE load over UDP with digest (MD5 or SHA-256, qop=auth), closed loop (-w) or open loop (-r), and the CPU that the
 * server's processes took meanwhile.  Prints one JSON line.  Users are u000000, u000001, …, all with one password.
 *
 *	regblast -h 127.0.0.1 -p 5060 -d bench.example -n 100000 -w 128 -t 10 -m nonce -a md5 -P 4711,4712
 *	-m nonce: register again with a known nonce; full: a 401 and a 200 each time; once: each user registers once, then stop;
 *	   return: the same, and what they are sent is answered and counted, until all of -c came or nothing did for 10 seconds
 *	-M FIRST,COUNT: MESSAGEs instead, each with its own Message-UUID, to the users from FIRST on in turn; -c: so many
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <sys/socket.h>

#include "tests/bench/lib/cpu.h"
#include "tests/bench/lib/digest.h"
#include "tests/bench/lib/inbox.h"
#include "tests/bench/lib/latency.h"

enum { SOCKETS_MAX = 64, BATCH = 64, PACKET = 1600, OPEN_SLOTS = 16384, URI_MAX = 160 };

struct user {
	struct digest_nonce	nonce;
	uint32_t		cseq;
};

struct slot {
	uint64_t	first_ns, sent_ns;
	uint32_t	user, seq;
	uint16_t	len;
	bool		busy, authorized;
	uint8_t		socket, tries;
	char		packet[PACKET];
	char		to[URI_MAX];	/* request URI */
};

struct blast {
	const char	*host, *domain, *mode, *label;
	int		 port, first_port, expires;	/* first_port: of our sockets, so that contacts stay the same from run to run */
	uint32_t	 first_user, n_users, window, n_sockets;
	uint32_t	 first_to, n_to, next_to;	/* n_to 0: REGISTER */
	uint64_t	 count;			/* 0: until the time is over */
	uint64_t	 run;			/* tells our Uuids from those of other runs */
	double		 rate, seconds;
	struct digest	 digest;
	struct user	*users;
	struct slot	*slots;
	uint32_t	*free_slots, n_slots, n_free;
	int		 fds[SOCKETS_MAX];
	uint16_t	 ports[SOCKETS_MAX];
	uint32_t	 out[SOCKETS_MAX][BATCH], n_out[SOCKETS_MAX];
	struct cpu	 cpu;
	struct inbox	 inbox;
	struct latency	 latency;
	uint32_t	 next_user, seq;
	uint64_t	 started, done, challenged, other, retransmitted, failed;
};

static int
register_build(const struct blast *b, uint32_t at, struct slot *s, const char *auth)
{
	uint32_t	name = b->first_user + s->user;

	return snprintf(s->packet, sizeof s->packet,
	    "REGISTER %s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bK%05x.%06x.%08x;rport\r\nMax-Forwards: 70\r\n"
	    "From: <sip:u%06u@%s>;tag=%08x\r\nTo: <sip:u%06u@%s>\r\nCall-ID: %08x-%06x@bench\r\nCSeq: %u REGISTER\r\n"
	    "Contact: <sip:u%06u@127.0.0.1:%u;line=%08x>\r\nExpires: %d\r\n%s"
	    "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, REFER, NOTIFY, MESSAGE, SUBSCRIBE, INFO, UPDATE\r\n"
	    "Supported: path, gruu\r\nUser-Agent: Yealink SIP-T46S 66.86.0.15\r\nContent-Length: 0\r\n\r\n",
	    s->to, b->ports[s->socket], at, s->user, s->seq, name, b->domain, s->user * 2654435761u, name, b->domain,
	    s->user * 40503u, s->user, b->users[s->user].cseq, name, b->ports[s->socket], s->user * 7919u, b->expires, auth);
}

/* The Uuid is that of the attempt: with credentials it is another one than without, which nobody takes. */
static int
message_build(const struct blast *b, uint32_t at, struct slot *s, const char *auth)
{
	static const char	text[] = "The seven o'clock delivery is at gate 4 instead of 2; please tell the night shift, and thank you.";
	uint32_t		name = b->first_user + s->user;

	return snprintf(s->packet, sizeof s->packet,
	    "MESSAGE %s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bK%05x.%06x.%08x;rport\r\nMax-Forwards: 70\r\n"
	    "From: <sip:u%06u@%s>;tag=%08x\r\nTo: <%s>\r\nCall-ID: %08x-%016lx@bench\r\nCSeq: %u MESSAGE\r\n"
	    "Message-UUID: %016lx-%08x\r\n%sContent-Type: text/plain\r\nUser-Agent: Yealink SIP-T46S 66.86.0.15\r\n"
	    "Content-Length: %zu\r\n\r\n%s",
	    s->to, b->ports[s->socket], at, s->user, s->seq, name, b->domain, s->seq * 2654435761u, s->to, s->seq, b->run,
	    b->users[s->user].cseq, b->run, s->seq, auth, sizeof text - 1, text);
}

static void
slot_build(struct blast *b, uint32_t at)
{
	struct slot	*s = &b->slots[at];
	struct user	*u = &b->users[s->user];
	char		 auth[DIGEST_LINE] = "", name[16];
	int		 n;

	(void)snprintf(name, sizeof name, "u%06u", b->first_user + s->user);
	if (s->authorized)
		digest_line(&b->digest, &u->nonce, name, b->n_to > 0 ? "MESSAGE" : "REGISTER", s->to, auth);
	u->cseq++;
	n = b->n_to > 0 ? message_build(b, at, s, auth) : register_build(b, at, s, auth);
	s->len = (uint16_t)(n < (int)sizeof s->packet ? n : (int)sizeof s->packet);
}

static void
out_flush(struct blast *b, uint32_t k)
{
	struct mmsghdr	m[BATCH];
	struct iovec	v[BATCH];
	unsigned	sent = 0, n = b->n_out[k];

	memset(m, 0, sizeof m);
	for (unsigned i = 0; i < n; i++) {
		struct slot	*s = &b->slots[b->out[k][i]];

		v[i] = (struct iovec){ .iov_base = s->packet, .iov_len = s->len };
		m[i].msg_hdr.msg_iov = &v[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	while (sent < n) {
		int	rc = sendmmsg(b->fds[k], m + sent, n - sent, 0);

		if (rc > 0)
			sent += (unsigned)rc;
		else if (errno == ECONNREFUSED)
			sent++;
		else if (errno != EINTR)
			break;	/* the rest is retransmitted */
	}
	b->n_out[k] = 0;
}

static void
slot_send(struct blast *b, uint32_t at)
{
	uint32_t	k = b->slots[at].socket;

	b->slots[at].sent_ns = now_ns();
	b->out[k][b->n_out[k]++] = at;
	if (b->n_out[k] == BATCH)
		out_flush(b, k);
}

static void
slot_free(struct blast *b, uint32_t at)
{
	b->slots[at].busy = false;
	b->free_slots[b->n_free++] = at;
}

static void
begin(struct blast *b, bool authorized)
{
	uint32_t	 at = b->free_slots[--b->n_free];
	struct slot	*s = &b->slots[at];

	s->busy = true;
	s->user = (uint32_t)((uint64_t)b->next_user * 48271u % b->n_users);	/* scattered, each once a round */
	b->next_user = (b->next_user + 1) % b->n_users;
	s->seq = ++b->seq;
	s->socket = (uint8_t)(s->user % b->n_sockets);
	s->tries = 0;
	s->authorized = authorized && b->users[s->user].nonce.nonce[0] != '\0';
	if (b->n_to == 0)
		(void)snprintf(s->to, sizeof s->to, "sip:%s", b->domain);
	else
		(void)snprintf(s->to, sizeof s->to, "sip:u%06u@%s", b->first_to + b->next_to++ % b->n_to, b->domain);
	slot_build(b, at);
	s->first_ns = now_ns();
	slot_send(b, at);
	b->started++;
}

/* What a phone of ours is sent. */
static void
request(struct blast *b, uint32_t k, const char *text)
{
	char	out[PACKET];
	size_t	n = b->inbox.seen == NULL ? 0 : inbox_take(&b->inbox, text, now_ns(), out, sizeof out);

	if (n > 0)
		(void)send(b->fds[k], out, n, 0);	/* one that is lost is asked for again */
}

static void
answer(struct blast *b, char *text)
{
	unsigned	 at, user, seq;
	char		*branch = strstr(text, "z9hG4bK");
	int		 code = atoi(text + strlen("SIP/2.0 "));
	struct slot	*s;

	if (code < 200 || branch == NULL || sscanf(branch + 7, "%x.%x.%x", &at, &user, &seq) != 3 || at >= b->n_slots)
		return;
	s = &b->slots[at];
	if (!s->busy || s->user != user || s->seq != seq)
		return;
	latency_add(&b->latency, now_ns() - s->first_ns);
	if (code == 401 || code == 407) {
		b->challenged++;
		if (digest_challenged(&b->digest, &b->users[user].nonce, text) && s->tries++ < 3) {
			s->authorized = true;
			s->seq = ++b->seq;
			slot_build(b, at);
			s->first_ns = now_ns();
			slot_send(b, at);
			return;
		}
		b->failed++;
	} else if (code / 100 == 2)
		b->done++;
	else
		b->other++;
	slot_free(b, at);
}

static void
drain(struct blast *b)
{
	static char		bufs[BATCH][2048];
	static struct mmsghdr	m[BATCH];
	static struct iovec	v[BATCH];

	for (uint32_t k = 0; k < b->n_sockets; k++) {
		int	n;

		do {
			for (int i = 0; i < BATCH; i++) {
				v[i] = (struct iovec){ .iov_base = bufs[i], .iov_len = sizeof bufs[i] - 1 };
				m[i].msg_hdr = (struct msghdr){ .msg_iov = &v[i], .msg_iovlen = 1 };
			}
			n = recvmmsg(b->fds[k], m, BATCH, MSG_DONTWAIT, NULL);
			for (int i = 0; i < n; i++) {
				bufs[i][m[i].msg_len] = '\0';
				if (strncmp(bufs[i], "SIP/2.0 ", 8) == 0)
					answer(b, bufs[i]);
				else
					request(b, k, bufs[i]);
			}
		} while (n == BATCH);
	}
}

static void
retransmit(struct blast *b)
{
	uint64_t	t = now_ns();

	for (uint32_t i = 0; i < b->n_slots; i++) {
		struct slot	*s = &b->slots[i];

		if (!s->busy || t - s->sent_ns < 500000000u)
			continue;
		if (t - s->first_ns > 32000000000u) {
			b->failed++;
			slot_free(b, i);
			continue;
		}
		b->retransmitted++;
		slot_send(b, i);
	}
}

static void
fill(struct blast *b, uint64_t began, uint64_t limit, bool authorized, bool open_loop)
{
	uint64_t	due = open_loop ? (uint64_t)((double)(now_ns() - began) / 1e9 * b->rate) : UINT64_MAX;

	while (b->n_free > 0 && (open_loop || b->n_slots - b->n_free < b->window) && b->started < due &&
	    (limit == 0 || b->started < limit))
		begin(b, authorized);
}

/* One phase: seconds long, or until limit registrations were tried. */
static void
phase(struct blast *b, double seconds, uint64_t limit, bool authorized, bool print)
{
	bool		open_loop = b->rate > 0 && print;
	uint64_t	began, cpu, end, last_retransmit, seen = 0, seen_at;
	double		took;
	struct pollfd	pf[SOCKETS_MAX];

	latency_clear(&b->latency);
	b->started = b->done = b->challenged = b->other = b->retransmitted = b->failed = 0;
	cpu = cpu_ns(&b->cpu);
	began = last_retransmit = seen_at = now_ns();
	end = began + (uint64_t)(seconds * 1e9);
	for (uint32_t k = 0; k < b->n_sockets; k++)
		pf[k] = (struct pollfd){ .fd = b->fds[k], .events = POLLIN };
	for (;;) {
		bool	going = now_ns() < end && (limit == 0 || b->started < limit);

		if (!going && (b->n_free == b->n_slots || now_ns() > end + 3000000000u))
			break;
		if (going)
			fill(b, began, limit, authorized, open_loop);
		for (uint32_t k = 0; k < b->n_sockets; k++)
			out_flush(b, k);
		(void)ppoll(pf, b->n_sockets, &(struct timespec){ .tv_nsec = open_loop ? 50000 : 10000000 }, NULL);
		drain(b);
		if (b->latency.n != seen) {
			seen = b->latency.n;
			seen_at = now_ns();
		} else if (now_ns() - seen_at > 10000000000u) {
			fprintf(stderr, "regblast: no answer from %s:%d for 10 s\n", b->host, b->port);
			exit(1);
		}
		if (now_ns() - last_retransmit > 100000000u) {
			last_retransmit = now_ns();
			retransmit(b);
		}
	}
	took = (double)(now_ns() - began) / 1e9;
	cpu = cpu_ns(&b->cpu) - cpu;
	for (uint32_t i = 0; i < b->n_slots; i++) {
		if (b->slots[i].busy) {
			b->failed++;
			slot_free(b, i);
		}
	}
	if (print)
		printf("{\"label\":\"%s\",\"secs\":%.2f,\"reg\":%lu,\"reg_s\":%.0f,\"n401\":%lu,\"other\":%lu,\"retr\":%lu,\"fail\":%lu,"
		    "\"p50us\":%.0f,\"p99us\":%.0f,\"maxus\":%.0f,\"cpu_us_reg\":%.2f,\"cpu_pct\":%.0f}\n", b->label, took, b->done,
		    (double)b->done / took, b->challenged, b->other, b->retransmitted, b->failed, latency_us(&b->latency, 0.5), latency_us(&b->latency, 0.99),
		    (double)b->latency.max_ns / 1e3, b->done == 0 ? 0 : (double)cpu / 1e3 / (double)b->done, (double)cpu / 1e7 / took);
}

static void
sockets_open(struct blast *b)
{
	struct sockaddr_in	to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)b->port) };

	inet_pton(AF_INET, b->host, &to.sin_addr);
	for (uint32_t k = 0; k < b->n_sockets; k++) {
		uint16_t		own = (uint16_t)(b->first_port == 0 ? 0 : b->first_port + (int)k);
		struct sockaddr_in	me = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(own) };
		socklen_t		n = sizeof me;
		int			size = 8 << 20;

		b->fds[k] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		setsockopt(b->fds[k], SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
		if (bind(b->fds[k], (const struct sockaddr *)&me, sizeof me) != 0 ||
		    connect(b->fds[k], (const struct sockaddr *)&to, sizeof to) != 0) {
			perror("regblast: socket");
			exit(1);
		}
		getsockname(b->fds[k], (struct sockaddr *)&me, &n);
		b->ports[k] = ntohs(me.sin_port);
	}
}

static void
options(struct blast *b, int argc, char **argv)
{
	bool	bad = false;
	int	c;

	while ((c = getopt(argc, argv, "h:p:b:d:f:n:w:r:t:m:M:c:a:s:l:e:k:P:")) != -1) {
		switch (c) {
		case 'h': b->host = optarg; break;
		case 'p': b->port = atoi(optarg); break;
		case 'b': b->first_port = atoi(optarg); break;
		case 'd': b->domain = b->digest.domain = optarg; break;
		case 'f': b->first_user = (uint32_t)atoi(optarg); break;
		case 'M': bad |= sscanf(optarg, "%u,%u", &b->first_to, &b->n_to) != 2 || b->n_to == 0; break;
		case 'c': b->count = strtoull(optarg, NULL, 10); break;
		case 'n': b->n_users = (uint32_t)atoi(optarg); break;
		case 'w': b->window = (uint32_t)atoi(optarg); break;
		case 'r': b->rate = atof(optarg); break;
		case 't': b->seconds = atof(optarg); break;
		case 'm': b->mode = optarg; break;
		case 'a': b->digest.sha256 = strcasecmp(optarg, "md5") != 0; break;
		case 's': b->n_sockets = (uint32_t)atoi(optarg); break;
		case 'l': b->label = optarg; break;
		case 'e': b->expires = atoi(optarg); break;
		case 'k': b->digest.password = optarg; break;
		case 'P': cpu_pids(&b->cpu, optarg); break;
		default:
			fprintf(stderr, "usage: regblast -h IP -p PORT -d DOMAIN [-f FIRST_USER] -n USERS [-w WINDOW | -r RATE] -t SECONDS\n"
			    "    -m nonce|full|once|return [-M FIRST_TO,COUNT] [-c MESSAGES] -a md5|sha256 [-s SOCKETS] [-b FIRST_PORT]\n"
			    "    [-k PASSWORD] [-e EXPIRES] [-l LABEL] [-P PID,PID]\n");
			exit(2);
		}
	}
	if (bad || b->n_sockets < 1 || b->n_sockets > SOCKETS_MAX || b->n_users < 1 || b->window < 1) {
		fprintf(stderr, "regblast: -s, -n, -w or -M out of range\n");
		exit(2);
	}
}

/* Registered, they take what is sent to them. */
static void
receive(struct blast *b)
{
	struct pollfd	pf[SOCKETS_MAX];
	uint64_t	began = now_ns(), t = began;

	for (uint32_t k = 0; k < b->n_sockets; k++)
		pf[k] = (struct pollfd){ .fd = b->fds[k], .events = POLLIN };
	while (b->inbox.came < b->count && t - (b->inbox.last_ns > began ? b->inbox.last_ns : began) < 10000000000u) {
		(void)poll(pf, b->n_sockets, 100);
		drain(b);
		t = now_ns();
	}
	inbox_print(&b->inbox, b->label);
}

int
main(int argc, char **argv)
{
	static struct blast	b = { .host = "127.0.0.1", .port = 5060, .domain = "bench.example", .mode = "nonce", .label = "run",
		.digest = { .domain = "bench.example", .password = "secretsecret" }, .expires = 3600, .n_users = 1000, .window = 64, .n_sockets = 8, .seconds = 10 };

	options(&b, argc, argv);
	b.n_slots = b.rate > 0 ? OPEN_SLOTS : b.window;
	b.users = calloc(b.n_users, sizeof *b.users);
	b.slots = calloc(b.n_slots, sizeof *b.slots);
	b.free_slots = calloc(b.n_slots, sizeof *b.free_slots);
	for (uint32_t i = 0; i < b.n_slots; i++)
		b.free_slots[b.n_free++] = b.n_slots - 1 - i;
	for (uint32_t i = 0; i < b.n_users; i++)
		b.users[i].cseq = (uint32_t)((time(NULL) - 1700000000) * 20);
	b.run = now_ns() ^ ((uint64_t)getpid() << 48);
	sockets_open(&b);
	if (strcmp(b.mode, "return") == 0 && inbox_init(&b.inbox, b.count) != 0)
		return 1;
	if (strcmp(b.mode, "once") == 0 || b.inbox.seen != NULL) {
		phase(&b, 600, b.n_users, false, true);
		if (b.inbox.seen != NULL)
			receive(&b);
		return b.done == b.n_users && b.inbox.came == (b.inbox.seen != NULL ? b.count : 0) ? 0 : 1;
	}
	if (strcmp(b.mode, "nonce") == 0)
		phase(&b, 600, b.n_users, false, false);	/* everyone gets a nonce, and a binding or a message sent */
	phase(&b, b.count > 0 ? 600 : b.seconds, b.count, strcmp(b.mode, "nonce") == 0, true);
	return b.failed == 0 && b.other == 0 ? 0 : 1;
}
