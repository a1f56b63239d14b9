/*
 * SIP REGISTER load over UDP with digest (MD5 or SHA-256, qop=auth), closed loop (-w) or open loop (-r), and the CPU that the server's
 * processes took meanwhile, from schedstat.  Prints one JSON line.  Users are u000000, u000001, …, all with one password.
 *
 *	regblast -h 127.0.0.1 -p 5060 -d bench.example -n 100000 -w 128 -t 10 -m nonce -a md5 -P 4711,4712
 *	-m nonce: register again with a known nonce; full: a 401 and a 200 each time; once: each user registers once, then stop
 */
#include <dirent.h>
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

#include <openssl/evp.h>

enum { SOCKETS_MAX = 64, BATCH = 64, PACKET = 1600, HEX_MAX = 65, BUCKETS = 4096, PIDS_MAX = 64, OPEN_SLOTS = 16384 };

struct user {
	char		nonce[160];
	uint32_t	cseq, nc;
};

struct slot {
	uint64_t	first_ns, sent_ns;
	uint32_t	user, seq;
	uint16_t	len;
	bool		busy, authorized;
	uint8_t		socket, tries;
	char		packet[PACKET];
};

struct blast {
	const char	*host, *domain, *mode, *label, *password;
	int		 port, first_port, expires;	/* first_port: of our sockets, so that contacts stay the same from run to run */
	uint32_t	 n_users, window, n_sockets;
	double		 rate, seconds;
	bool		 sha256;
	struct user	*users;
	struct slot	*slots;
	uint32_t	*free_slots, n_slots, n_free;
	int		 fds[SOCKETS_MAX];
	uint16_t	 ports[SOCKETS_MAX];
	uint32_t	 out[SOCKETS_MAX][BATCH], n_out[SOCKETS_MAX];
	pid_t		 pids[PIDS_MAX];
	int		 n_pids;
	uint32_t	 next_user, seq;
	uint64_t	 started, done, challenged, other, retransmitted, failed;
	uint64_t	 buckets[BUCKETS], n_latencies, max_ns;
	EVP_MD_CTX	*md;
	const EVP_MD	*algorithm;
};

static uint64_t
now_ns(void)
{
	struct timespec	t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* 64 sub-buckets for each power of two. */
static void
latency_add(struct blast *b, uint64_t ns)
{
	unsigned	shift = ns < 64 ? 0 : 58u - (unsigned)__builtin_clzll(ns);
	unsigned	at = shift * 64 + (unsigned)((ns >> shift) & 63);

	b->buckets[at < BUCKETS ? at : BUCKETS - 1]++;
	b->n_latencies++;
	if (ns > b->max_ns)
		b->max_ns = ns;
}

static double
latency_us(const struct blast *b, double quantile)
{
	uint64_t	want = (uint64_t)(quantile * (double)b->n_latencies), seen = 0;

	for (unsigned i = 0; i < BUCKETS; i++) {
		if ((seen += b->buckets[i]) > want) {
			unsigned	shift = i / 64;
			uint64_t	m = i % 64;

			if (shift > 0 && m < 32)
				m += 64;
			return (double)(m << shift) / 1000.0;
		}
	}
	return 0;
}

/* Nanoseconds of CPU of all threads of the server's processes. */
static uint64_t
cpu_ns(const struct blast *b)
{
	uint64_t	total = 0;

	for (int i = 0; i < b->n_pids; i++) {
		char		 path[64], file[512];
		struct dirent	*e;
		DIR		*d;

		(void)snprintf(path, sizeof path, "/proc/%d/task", (int)b->pids[i]);
		if ((d = opendir(path)) == NULL)
			continue;
		while ((e = readdir(d)) != NULL) {
			unsigned long long	ns;
			FILE			*f;

			(void)snprintf(file, sizeof file, "%s/%s/schedstat", path, e->d_name);
			if (e->d_name[0] == '.' || (f = fopen(file, "r")) == NULL)
				continue;
			if (fscanf(f, "%llu", &ns) == 1)
				total += ns;
			fclose(f);
		}
		closedir(d);
	}
	return total;
}

static void
hash_hex(struct blast *b, const char *text, size_t n, char hex[HEX_MAX])
{
	static const char	digits[] = "0123456789abcdef";
	unsigned char		sum[EVP_MAX_MD_SIZE];
	unsigned		len = 0;

	EVP_DigestInit_ex(b->md, b->algorithm, NULL);
	EVP_DigestUpdate(b->md, text, n);
	EVP_DigestFinal_ex(b->md, sum, &len);
	for (unsigned i = 0; i < len; i++) {
		hex[2 * i] = digits[sum[i] >> 4];
		hex[2 * i + 1] = digits[sum[i] & 15];
	}
	hex[2 * len] = '\0';
}

static void
credentials(struct blast *b, struct user *u, uint32_t n, char *out, size_t size)
{
	char	text[512], ha1[HEX_MAX], ha2[HEX_MAX], response[HEX_MAX];
	int	len;

	u->nc++;
	len = snprintf(text, sizeof text, "u%06u:%s:%s", n, b->domain, b->password);
	hash_hex(b, text, (size_t)len, ha1);
	len = snprintf(text, sizeof text, "REGISTER:sip:%s", b->domain);
	hash_hex(b, text, (size_t)len, ha2);
	len = snprintf(text, sizeof text, "%s:%s:%08x:%08x:auth:%s", ha1, u->nonce, u->nc, n, ha2);
	hash_hex(b, text, (size_t)len, response);
	(void)snprintf(out, size, "Authorization: Digest username=\"u%06u\", realm=\"%s\", nonce=\"%s\", uri=\"sip:%s\", "
	    "response=\"%s\", algorithm=%s, cnonce=\"%08x\", qop=auth, nc=%08x\r\n", n, b->domain, u->nonce, b->domain, response,
	    b->sha256 ? "SHA-256" : "MD5", n, u->nc);
}

static void
slot_build(struct blast *b, uint32_t at)
{
	struct slot	*s = &b->slots[at];
	struct user	*u = &b->users[s->user];
	char		 auth[900] = "";
	int		 n;

	if (s->authorized)
		credentials(b, u, s->user, auth, sizeof auth);
	u->cseq++;
	n = snprintf(s->packet, sizeof s->packet,
	    "REGISTER sip:%s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bK%05x.%06x.%08x;rport\r\nMax-Forwards: 70\r\n"
	    "From: <sip:u%06u@%s>;tag=%08x\r\nTo: <sip:u%06u@%s>\r\nCall-ID: %08x-%06x@bench\r\nCSeq: %u REGISTER\r\n"
	    "Contact: <sip:u%06u@127.0.0.1:%u;line=%08x>\r\nExpires: %d\r\n%s"
	    "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, REFER, NOTIFY, MESSAGE, SUBSCRIBE, INFO, UPDATE\r\n"
	    "Supported: path, gruu\r\nUser-Agent: Yealink SIP-T46S 66.86.0.15\r\nContent-Length: 0\r\n\r\n",
	    b->domain, b->ports[s->socket], at, s->user, s->seq, s->user, b->domain, s->user * 2654435761u, s->user, b->domain,
	    s->user * 40503u, s->user, u->cseq, s->user, b->ports[s->socket], s->user * 7919u, b->expires, auth);
	s->len = (uint16_t)n;
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
	s->authorized = authorized && b->users[s->user].nonce[0] != '\0';
	slot_build(b, at);
	s->first_ns = now_ns();
	slot_send(b, at);
	b->started++;
}

/* The nonce of the challenge whose algorithm is ours; one without any is MD5. */
static bool
nonce_take(struct blast *b, const char *answer, struct user *u)
{
	const char	*want = b->sha256 ? "algorithm=SHA-256" : "algorithm=MD5";

	for (const char *p = answer; (p = strstr(p, "WWW-Authenticate:")) != NULL; p++) {
		const char	*end = strstr(p, "\r\n"), *alg = strstr(p, "algorithm="), *nonce = strstr(p, "nonce=\""), *quote;

		if (end == NULL || nonce == NULL || nonce > end)
			continue;
		if (alg == NULL || alg > end ? b->sha256 : strncmp(alg, want, strlen(want)) != 0)
			continue;
		nonce += strlen("nonce=\"");
		if ((quote = strchr(nonce, '"')) == NULL || (size_t)(quote - nonce) >= sizeof u->nonce)
			continue;
		memcpy(u->nonce, nonce, (size_t)(quote - nonce));
		u->nonce[quote - nonce] = '\0';
		u->nc = 0;
		return true;
	}
	return false;
}

static void
answer(struct blast *b, char *text)
{
	unsigned	 at, user, seq;
	char		*branch = strstr(text, "z9hG4bK");
	int		 code = strncmp(text, "SIP/2.0 ", 8) == 0 ? atoi(text + 8) : 0;
	struct slot	*s;

	if (code < 200 || branch == NULL || sscanf(branch + 7, "%x.%x.%x", &at, &user, &seq) != 3 || at >= b->n_slots)
		return;
	s = &b->slots[at];
	if (!s->busy || s->user != user || s->seq != seq)
		return;
	latency_add(b, now_ns() - s->first_ns);
	if (code == 401) {
		b->challenged++;
		if (nonce_take(b, text, &b->users[user]) && s->tries++ < 3) {
			s->authorized = true;
			s->seq = ++b->seq;
			slot_build(b, at);
			s->first_ns = now_ns();
			slot_send(b, at);
			return;
		}
		b->failed++;
	} else if (code == 200)
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
				answer(b, bufs[i]);
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

	memset(b->buckets, 0, sizeof b->buckets);
	b->n_latencies = b->max_ns = b->started = b->done = b->challenged = b->other = b->retransmitted = b->failed = 0;
	cpu = cpu_ns(b);
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
		if (b->n_latencies != seen) {
			seen = b->n_latencies;
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
	cpu = cpu_ns(b) - cpu;
	for (uint32_t i = 0; i < b->n_slots; i++) {
		if (b->slots[i].busy) {
			b->failed++;
			slot_free(b, i);
		}
	}
	if (print)
		printf("{\"label\":\"%s\",\"secs\":%.2f,\"reg\":%lu,\"reg_s\":%.0f,\"n401\":%lu,\"other\":%lu,\"retr\":%lu,\"fail\":%lu,"
		    "\"p50us\":%.0f,\"p99us\":%.0f,\"maxus\":%.0f,\"cpu_us_reg\":%.2f,\"cpu_pct\":%.0f}\n", b->label, took, b->done,
		    (double)b->done / took, b->challenged, b->other, b->retransmitted, b->failed, latency_us(b, 0.5), latency_us(b, 0.99),
		    (double)b->max_ns / 1e3, b->done == 0 ? 0 : (double)cpu / 1e3 / (double)b->done, (double)cpu / 1e7 / took);
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
pids_parse(struct blast *b, char *list)
{
	for (char *p = strtok(list, ","); p != NULL && b->n_pids < PIDS_MAX; p = strtok(NULL, ","))
		b->pids[b->n_pids++] = (pid_t)atoi(p);
}

static void
options(struct blast *b, int argc, char **argv)
{
	int	c;

	while ((c = getopt(argc, argv, "h:p:b:d:n:w:r:t:m:a:s:l:e:k:P:")) != -1) {
		switch (c) {
		case 'h': b->host = optarg; break;
		case 'p': b->port = atoi(optarg); break;
		case 'b': b->first_port = atoi(optarg); break;
		case 'd': b->domain = optarg; break;
		case 'n': b->n_users = (uint32_t)atoi(optarg); break;
		case 'w': b->window = (uint32_t)atoi(optarg); break;
		case 'r': b->rate = atof(optarg); break;
		case 't': b->seconds = atof(optarg); break;
		case 'm': b->mode = optarg; break;
		case 'a': b->sha256 = strcasecmp(optarg, "md5") != 0; break;
		case 's': b->n_sockets = (uint32_t)atoi(optarg); break;
		case 'l': b->label = optarg; break;
		case 'e': b->expires = atoi(optarg); break;
		case 'k': b->password = optarg; break;
		case 'P': pids_parse(b, optarg); break;
		default:
			fprintf(stderr, "usage: regblast -h IP -p PORT -d DOMAIN -n USERS [-w WINDOW | -r RATE] -t SECONDS\n"
			    "    -m nonce|full|once -a md5|sha256 [-s SOCKETS] [-b FIRST_PORT] [-k PASSWORD] [-e EXPIRES] [-l LABEL] [-P PID,PID]\n");
			exit(2);
		}
	}
	if (b->n_sockets < 1 || b->n_sockets > SOCKETS_MAX || b->n_users < 1 || b->window < 1) {
		fprintf(stderr, "regblast: -s, -n or -w out of range\n");
		exit(2);
	}
}

int
main(int argc, char **argv)
{
	static struct blast	b = { .host = "127.0.0.1", .port = 5060, .domain = "bench.example", .mode = "nonce", .label = "run",
		.password = "secretsecret", .expires = 3600, .n_users = 1000, .window = 64, .n_sockets = 8, .seconds = 10 };

	options(&b, argc, argv);
	b.md = EVP_MD_CTX_new();
	b.algorithm = b.sha256 ? EVP_sha256() : EVP_md5();
	b.n_slots = b.rate > 0 ? OPEN_SLOTS : b.window;
	b.users = calloc(b.n_users, sizeof *b.users);
	b.slots = calloc(b.n_slots, sizeof *b.slots);
	b.free_slots = calloc(b.n_slots, sizeof *b.free_slots);
	for (uint32_t i = 0; i < b.n_slots; i++)
		b.free_slots[b.n_free++] = b.n_slots - 1 - i;
	for (uint32_t i = 0; i < b.n_users; i++)
		b.users[i].cseq = (uint32_t)((time(NULL) - 1700000000) * 20);
	sockets_open(&b);
	if (strcmp(b.mode, "once") == 0) {
		phase(&b, 600, b.n_users, false, true);
		return b.done == b.n_users ? 0 : 1;
	}
	if (strcmp(b.mode, "nonce") == 0)
		phase(&b, 600, b.n_users, false, false);	/* everyone gets a nonce and a binding */
	phase(&b, b.seconds, 0, strcmp(b.mode, "nonce") == 0, true);
	return b.failed == 0 && b.other == 0 ? 0 : 1;
}
